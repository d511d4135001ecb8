//! What the provider waits for while the caller is on the line. Answered from the database alone, well under its 7.5 seconds.

use super::{
    fold,
    ingest::{Journalled, Kept},
    store, tools,
};
use crate::{
    answers::{
        model::{Match, Strength},
        server::actions as answers,
    },
    assistants::model::TransferEntry,
    platform::{
        Core, OrgScope, SystemTx,
        bus::{self, Note},
        events::{self, Happened},
    },
    reception::{
        directory::Wanted,
        server::{
            route::{self, Asked, Reached, Route},
            tools as reception,
        },
    },
    shared::{error::AppError, event::EventKind, ids::OrgId, permission::Permission},
};
use serde_json::{Value, json};
use sqlx::types::Json;

/// The message that asks who answers.
pub const ASSISTANT_REQUEST: &str = "assistant-request";

/// The answer's body. `{}` for everything that only informs.
/// `route`: what was decided of a call that rings.
pub async fn reply(core: &Core, org: OrgId, journalled: Journalled, route: Option<Route>, message: &Value) -> Result<Value, AppError> {
    match message.get("type").and_then(Value::as_str).unwrap_or_default() {
        ASSISTANT_REQUEST => {
            let route = route.ok_or_else(|| AppError::internal("who answers could not be decided"))?;
            Ok(assistant_request(org, &route))
        }
        "tool-calls" => tool_calls(core, org, journalled.applied().await?, message).await,
        "transfer-destination-request" => transfer_destination(core, org, journalled.applied().await?, message).await,
        "handoff-destination-request" => Ok(json!({ "error": "no other assistant takes over" })),
        "knowledge-base-request" => knowledge(core, org, message).await,
        _ => {
            journalled.shown().await;
            Ok(json!({}))
        }
    }
}

/// Who shall answer. Errors: the database's, and then nobody does.
pub async fn route(core: &Core, org: OrgId, message: &Value) -> Result<Route, AppError> {
    let text = |paths: [&str; 2]| paths.iter().find_map(|path| message.pointer(path)?.as_str());
    let asked = Asked {
        number_ref: text(["/phoneNumber/id", "/call/phoneNumberId"]),
        number: text(["/phoneNumber/number", "/call/phoneNumber/number"]),
        caller: tools::caller_number(message),
        calls: None,
    };
    route::of_call(core, org, &asked).await
}

/// What was decided, and why, for the call's timeline.
pub fn routed(route: &Route, at_ms: i64) -> fold::NewEvent {
    let (name, number, words) = match &route.reached {
        Reached::Assistant { name, .. } => (name.as_str(), None, ""),
        Reached::Forward { number, name } => (name.as_str(), Some(number), ""),
        Reached::Refusal { words } => ("", None, words.as_str()),
        Reached::Nobody => ("", None, route::refusal(&route.locale)),
    };
    let facts = &route.facts;
    let detail = json!({
        "rule": route.rule, "way": route.way, "name": name, "number": number, "words": words, "opening": facts.opening, "calls": facts.calls,
        "known": facts.is_known, "vip": facts.is_vip, "blocked": facts.is_blocked, "passed_over": route.passed_over,
    });
    fold::NewEvent { key: "routed".into(), kind: "routed".into(), detail, at_ms }
}

/// The decision in the provider's terms. Source: sheet "voice", 3.3.
fn assistant_request(org: OrgId, route: &Route) -> Value {
    match &route.reached {
        Reached::Assistant { provider_id, .. } => {
            json!({ "assistantId": provider_id, "assistantOverrides": { "metadata": { "zencall_org": org.to_string() } } })
        }
        Reached::Forward { number, .. } => json!({ "destination": { "type": "number", "number": number, "message": "" } }),
        Reached::Refusal { words } => json!({ "error": one_line(words) }),
        Reached::Nobody => json!({ "error": route::refusal(&route.locale) }),
    }
}

/// One result per tool call, idempotent by its id: told twice, it answers twice the same and acts once.
async fn tool_calls(core: &Core, org: OrgId, kept: Kept, message: &Value) -> Result<Value, AppError> {
    let mut results = Vec::new();
    for tool in fold::tool_calls(message) {
        let outcome = tools::answer(core, org, kept, message, &tool).await?;
        let mut result = json!({ "toolCallId": tool.id, "name": tool.name });
        match outcome {
            Ok(text) => result["result"] = one_line(&text).into(),
            Err(text) => result["error"] = one_line(&text).into(),
        }
        results.push(result);
    }
    Ok(json!({ "results": results }))
}

/// Keeps the caller's message in the call's own timeline.
pub async fn take_message(core: &Core, org: OrgId, kept: Kept, tool: &fold::ToolCall) -> Result<Result<String, String>, AppError> {
    let said = |name: &str, longest: usize| argument(tool, name, longest);
    let (Some(call), Some(message)) = (kept.call, said("message", 2000)) else { return Ok(Err("the message is empty".into())) };
    let is_urgent = tool.arguments.get("urgent").is_some_and(|urgent| urgent == &json!(true) || urgent == "true");
    let detail = json!({ "message": message, "caller_name": said("caller_name", 80), "phone": said("phone", 40), "urgent": is_urgent });
    let event =
        fold::NewEvent { key: format!("message:{}", tool.id), kind: "message".into(), detail, at_ms: core.clock.now().timestamp_millis() };
    let mut tx = SystemTx::begin(core, "a message left with the assistant").await?;
    if let Some((from, to)) = store::append_event(tx.conn(), call, &event).await? {
        let taken = Happened::new(org, EventKind::MessageTaken, format!("{call}:{}", tool.id), core.clock.now(), json!({ "call": call }));
        events::emit(tx.conn(), &[taken]).await?;
        bus::publish(tx.conn(), &[Note::Call { org, call, from, to }]).await?;
    }
    tx.commit().await?;
    Ok(Ok("message taken".into()))
}

/// A text among a tool's arguments, when there is one.
pub(super) fn argument(tool: &fold::ToolCall, name: &str, longest: usize) -> Option<String> {
    let text = tool.arguments.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())?;
    Some(text.chars().filter(|c| *c != '\0').take(longest).collect())
}

/// The assistant's id at the provider, as a message names it.
fn assistant_ref(message: &Value) -> Option<&str> {
    ["/call/assistantId", "/assistant/id"].iter().find_map(|path| message.pointer(path)?.as_str())
}

/// Looks a caller's question up in the answer book. What was found, or that nothing was, stands in the call's timeline under the id of the
/// tool call: asked again, the same is answered, and an open question counts once.
pub async fn search_answers(
    core: &Core,
    org: OrgId,
    kept: Kept,
    message: &Value,
    tool: &fold::ToolCall,
) -> Result<Result<String, String>, AppError> {
    let Some(question) = argument(tool, "question", 500) else { return Ok(Err("the question is empty".into())) };
    let key = format!("answer:{}", tool.id);
    if let Some(call) = kept.call.filter(|_| kept.is_repeat) {
        let mut tx = SystemTx::begin(core, "what a tool call was answered before").await?;
        let before = store::event_detail(tx.conn(), call, &key).await?;
        if let Some(told) = before.and_then(|detail| Some(detail.get("told")?.as_str()?.to_owned())) {
            return Ok(Ok(told));
        }
    }
    let language = argument(tool, "language", 10);
    let asked = answers::Asked { question: &question, language: language.as_deref(), assistant: assistant_ref(message) };
    let (language, found) = answers::for_caller(core, org, &asked).await?;
    let told = told(&found);
    let Some(call) = kept.call else { return Ok(Ok(told)) }; // no call to keep it in: answered all the same
    let entry = found.first();
    let detail =
        json!({ "question": question, "entry": entry.map(|entry| entry.id), "matched": entry.map(|entry| &entry.question), "told": told });
    let now = core.clock.now();
    let event = fold::NewEvent { key, kind: "answer".into(), detail, at_ms: now.timestamp_millis() };
    let mut tx = SystemTx::begin(core, "a question put to the answer book").await?;
    if let Some((from, to)) = store::append_event(tx.conn(), call, &event).await? {
        if found.is_empty() {
            answers::note_question(tx.conn(), org, &language, &question, Some(call), now).await?;
            store::recount(tx.conn(), &[call]).await?;
        }
        bus::publish(tx.conn(), &[Note::Call { org, call, from, to }]).await?;
    }
    tx.commit().await?;
    Ok(Ok(told))
}

/// What the model reads. It sees the entry's own question, so that it can tell when a likely one does not answer.
pub(super) fn told(found: &[Match]) -> String {
    if found.is_empty() {
        return json!({ "found": false, "advice": "Not in the answer book. Say that you do not know, and offer to take a message." })
            .to_string();
    }
    let answers: Vec<Value> = found
        .iter()
        .map(|entry| json!({ "question": entry.question, "answer": entry.answer, "match": Strength::of(entry.score).name() }))
        .collect();
    json!({ "found": true, "answers": answers }).to_string()
}

/// Vapi's own door to a knowledge base, for assistants that name ours as one: what the caller said last is looked up. It is asked at every
/// turn, so what it does not find is no question that lacks an answer.
async fn knowledge(core: &Core, org: OrgId, message: &Value) -> Result<Value, AppError> {
    let said = ["messagesOpenAIFormatted", "messages"].iter().filter_map(|list| message.get(list)?.as_array()).find_map(|list| {
        let last = list.iter().rev().find(|turn| turn.get("role").and_then(Value::as_str) == Some("user"))?;
        ["content", "message"].iter().find_map(|field| last.get(field)?.as_str())
    });
    let said: String = said.unwrap_or_default().chars().take(500).collect();
    let asked = answers::Asked { question: &said, language: None, assistant: assistant_ref(message) };
    let (_, found) = answers::for_caller(core, org, &asked).await?;
    let documents: Vec<Value> = found
        .iter()
        .map(|entry| json!({ "content": format!("{}\n{}", entry.question, entry.answer), "similarity": entry.score, "uuid": entry.id }))
        .collect();
    Ok(json!({ "documents": documents }))
}

/// Somebody of the directory who is on duty and was not named in this call before; else the first number of the assistant's own list.
async fn transfer_destination(core: &Core, org: OrgId, kept: Kept, message: &Value) -> Result<Value, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let tried = match kept.call {
        Some(call) => tools::tried(&mut tx, call).await?,
        None => vec![],
    };
    let person = reception::on_duty(&mut tx, &Wanted::default(), &tried).await?.into_iter().next();
    let numbers = sqlx::query!(
        r#"select transfer_numbers as "numbers: Json<Vec<TransferEntry>>", language from assistants where provider_id = $1"#,
        assistant_ref(message)
    )
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    let is_english = numbers.as_ref().is_some_and(|row| row.language == "en");
    if let (Some(person), Some(call)) = (&person, kept.call) {
        let detail = json!({ "person": person.id, "to": person.name, "number": person.number, "outcome": "asked" });
        tools::keep(core, org, call, format!("{}:destination:{}", tools::TRY, person.id), tools::TRY, detail).await?;
    }
    let number = person.map(|person| person.number).or_else(|| Some(numbers?.numbers.0.into_iter().next()?.number));
    let said = if is_english { "I am putting you through, please hold." } else { "Je vous transfère, ne quittez pas." };
    Ok(match number {
        Some(number) => {
            json!({ "destination": { "type": "number", "number": number }, "message": { "type": "request-start", "content": said } })
        }
        None => json!({ "error": "nobody can take the call now: offer to take a message" }),
    })
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
