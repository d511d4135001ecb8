//! The simulator of a language model: `POST /v1/chat/completions` as an OpenAI-compatible server has it, for strict JSON schemas.
//! It understands nothing. Told nothing, it fills the schema it is given: the first word of each list, resting on the first line of the data.
//! `POST /_sim/model` says what it answers instead, and how it fails; `GET /_sim/model` shows the last question.
//! Source: protocols sheet "notify-ai-ops", 5.2, 5.4, 5.5.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::refusal::Refusal;
use super::world::World;

/// How the model is, and what it was asked last.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    manners: Manners,
    asked: u64,
    last: Option<Value>,
}

/// What the next answers are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Manners {
    /// The text of the answer.
    reply: Option<String>,
    /// Declines, in these words.
    refusal: Option<String>,
    /// Stops in mid-answer.
    cut: bool,
    /// Answers with this status.
    status: Option<u16>,
    slow_ms: u64,
}

/// `POST /_sim/model`: replaces what was said before; `{}` for a model that behaves.
pub(super) async fn set_manners(State(world): State<World>, body: Bytes) -> Result<StatusCode, Refusal> {
    let manners = serde_json::from_slice(&body).map_err(|error| Refusal::bad_request(error.to_string()))?;
    *world.desk() = Desk { manners, ..Desk::default() };
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_sim/model`: how often it was asked since, and the last question.
pub(super) async fn last(State(world): State<World>) -> Json<Value> {
    let desk = world.desk().clone();
    Json(json!({ "asked": desk.asked, "last": desk.last }))
}

/// `POST /v1/chat/completions`.
pub(super) async fn complete(State(world): State<World>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if key != Some(world.options().api_key.as_str()) {
        return wrong(StatusCode::UNAUTHORIZED, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
    }
    let question: Value = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) => return wrong(StatusCode::BAD_REQUEST, &error.to_string(), "invalid_request_error", "invalid_json"),
    };
    let manners = {
        let mut desk = world.desk();
        desk.asked += 1;
        desk.last = Some(question.clone());
        desk.manners.clone()
    };
    if manners.slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(manners.slow_ms)).await;
    }
    if let Some(status) = manners.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        return wrong(status, "The server had an error while processing your request.", "server_error", "server_error");
    }
    match answer(&question, &manners) {
        Ok(completion) => Json(completion).into_response(),
        Err(problem) => wrong(StatusCode::BAD_REQUEST, &problem, "invalid_request_error", "invalid_schema"),
    }
}

fn wrong(status: StatusCode, message: &str, kind: &str, code: &str) -> Response {
    (status, Json(json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }))).into_response()
}

fn answer(question: &Value, manners: &Manners) -> Result<Value, String> {
    let messages = question["messages"].as_array().filter(|messages| !messages.is_empty()).ok_or("messages is required")?;
    let model = question["model"].as_str().ok_or("you must provide a model parameter")?;
    let format = &question["response_format"];
    let strict = &format["json_schema"];
    if format["type"] != "json_schema" || strict["strict"] != true || strict["name"].as_str().is_none_or(str::is_empty) {
        return Err("this simulator answers in strict JSON schemas only".to_owned());
    }
    check(&strict["schema"], "schema")?;
    let data = messages.iter().rev().find(|message| message["role"] == "user").and_then(|message| message["content"].as_str());
    let data: Value = serde_json::from_str(data.unwrap_or_default()).unwrap_or_default();
    let mut content = manners.reply.clone().unwrap_or_else(|| fill(&strict["schema"], &data).to_string());
    if manners.cut {
        content = content.chars().take(content.chars().count() / 2).collect();
    }
    let tokens = |text: &str| text.len().div_ceil(4);
    let asked: usize = messages.iter().filter_map(|message| message["content"].as_str()).map(tokens).sum();
    let message = match &manners.refusal {
        Some(refusal) => json!({ "role": "assistant", "content": null, "refusal": refusal }),
        None => json!({ "role": "assistant", "content": content, "refusal": null }),
    };
    let answered = tokens(&content);
    Ok(json!({
        "id": format!("chatcmpl-{}", uuid::Uuid::new_v4().simple()), "object": "chat.completion", "model": model,
        "choices": [{ "index": 0, "message": message, "finish_reason": if manners.cut { "length" } else { "stop" } }],
        "usage": { "prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered },
    }))
}

/// The rules of the strict form: every object is closed and asks for all its fields, and nothing outside the subset is used.
fn check(schema: &Value, at: &str) -> Result<(), String> {
    for forbidden in ["allOf", "not", "if", "then", "else", "default", "minLength", "maxLength"] {
        if schema.get(forbidden).is_some() {
            return Err(format!("In {at}: '{forbidden}' is not permitted."));
        }
    }
    match schema["type"].as_str() {
        Some("object") => {
            let empty = Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&empty);
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if schema["additionalProperties"] != false {
                return Err(format!("In {at}: 'additionalProperties' is required to be supplied and to be false."));
            }
            if let Some(missing) = properties.keys().find(|name| !required.contains(&name.as_str())) {
                return Err(format!("In {at}: 'required' is required to include every key in properties. Missing '{missing}'."));
            }
            properties.iter().try_for_each(|(name, schema)| check(schema, &format!("{at}.{name}")))
        }
        Some("array") => check(&schema["items"], &format!("{at}[]")),
        Some("string" | "integer" | "number" | "boolean" | "null") => Ok(()),
        _ => Err(format!("In {at}: 'type' is required.")),
    }
}

/// Something of the schema: words of lists as they stand, texts and numbers of the first turn of the data.
fn fill(schema: &Value, data: &Value) -> Value {
    let turn = &data["turns"][0];
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(properties.map(|(name, schema)| (name.clone(), fill(schema, data))).collect())
        }
        Some("array") => json!([fill(&schema["items"], data)]),
        Some("string") => schema["enum"].get(0).cloned().unwrap_or_else(|| turn["text"].as_str().unwrap_or_default().into()),
        Some("integer" | "number") => turn["line"].as_i64().unwrap_or_default().into(),
        Some("boolean") => false.into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(schema: Value) -> Value {
        json!({ "model": "m", "messages": [{ "role": "user", "content": "{\"turns\":[{\"line\":7,\"text\":\"Oui\"}]}" }],
            "response_format": { "type": "json_schema", "json_schema": { "name": "n", "strict": true, "schema": schema } } })
    }

    #[test]
    fn loose_schemas_are_refused_as_the_real_one_does() {
        let closed =
            json!({ "type": "object", "additionalProperties": false, "required": ["a"], "properties": { "a": { "type": "string" } } });
        assert!(answer(&question(closed.clone()), &Manners::default()).is_ok());
        for (field, value) in [("additionalProperties", json!(true)), ("required", json!([])), ("default", json!({}))] {
            let mut loose = closed.clone();
            loose[field] = value;
            assert!(answer(&question(loose), &Manners::default()).is_err(), "{field}");
        }
    }

    #[test]
    fn the_answer_is_of_the_schema() {
        let schema = json!({ "type": "object", "additionalProperties": false, "required": ["code", "line", "quote"], "properties": {
            "code": { "type": "string", "enum": ["x", "y"] }, "line": { "type": "integer" }, "quote": { "type": "string" } } });
        let answer = answer(&question(schema), &Manners::default()).expect("an answer");
        let content: Value = serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().expect("text")).expect("JSON");
        assert_eq!(content, json!({ "code": "x", "line": 7, "quote": "Oui" }));
    }
}
