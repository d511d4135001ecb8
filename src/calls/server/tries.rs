//! `/hooks/vapi/{token}/try`: the tools of a draft that somebody tries or rehearses. Proven as every webhook is; nothing is journalled, folded
//! or kept, since a try is no call. The answer book answers as it does in a call; what a tool would do, it says it has done, and does not.

use super::{fold, hooks, replies};
use crate::{
    answers::server::actions as answers,
    platform::{Core, request::RequestInfo},
    server::AppState,
    shared::{error::AppError, ids::OrgId},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// Receives one message of a try. 401 when it is not proven.
pub async fn receive(
    State(state): State<AppState>,
    Extension(request): Extension<RequestInfo>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (org, body) = match hooks::prove(&state, request.ip, &token, "/try", &headers, body).await {
        Ok(proven) => proven,
        Err(status) => return status.into_response(),
    };
    let envelope: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = envelope.get("message").cloned().unwrap_or_default();
    if message["type"] != "tool-calls" {
        return Json(json!({})).into_response();
    }
    match results(&state.core, org, &message).await {
        Ok(results) => Json(json!({ "results": results })).into_response(),
        Err(error) => {
            tracing::error!(%error, "a tool of a try could not be answered");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn results(core: &Core, org: OrgId, message: &Value) -> Result<Vec<Value>, AppError> {
    let mut results = Vec::new();
    let speaker = message.pointer("/assistant/metadata/provider_id").and_then(Value::as_str);
    for tool in fold::tool_calls(message) {
        let result = match tool.name.as_str() {
            "search_answers" => search(core, org, speaker, &tool).await?,
            "take_message" if replies::argument(&tool, "message", 2000).is_none() => Err("the message is empty".to_owned()),
            "take_message" => Ok("message taken".to_owned()),
            _ => Ok("done".to_owned()),
        };
        let mut answer = json!({ "toolCallId": tool.id, "name": tool.name });
        match result {
            Ok(text) => answer["result"] = replies::one_line(&text).into(),
            Err(text) => answer["error"] = replies::one_line(&text).into(),
        }
        results.push(answer);
    }
    Ok(results)
}

/// As in a call, but for the list of open questions: who tries is no caller.
async fn search(core: &Core, org: OrgId, speaker: Option<&str>, tool: &fold::ToolCall) -> Result<Result<String, String>, AppError> {
    let Some(question) = replies::argument(tool, "question", 500) else { return Ok(Err("the question is empty".into())) };
    let language = replies::argument(tool, "language", 10);
    let asked = answers::Asked { question: &question, language: language.as_deref(), assistant: speaker };
    let (_, found) = answers::for_caller(core, org, &asked).await?;
    Ok(Ok(replies::told(&found)))
}
