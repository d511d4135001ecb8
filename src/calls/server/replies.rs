//! What the provider waits for while the caller is on the line. Answered from the database alone, well under its 7.5 seconds.

use super::{
    fold,
    ingest::{Journalled, Kept},
    read, store,
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
    },
    shared::{error::AppError, ids::OrgId, permission::Permission},
};
use serde_json::{Value, json};
use sqlx::types::Json;

/// The answer's body. `{}` for everything that only informs.
pub async fn reply(core: &Core, org: OrgId, journalled: Journalled, message: &Value) -> Result<Value, AppError> {
    match message.get("type").and_then(Value::as_str).unwrap_or_default() {
        "assistant-request" => assistant_request(core, org, message).await,
        "tool-calls" => tool_calls(core, org, journalled.applied().await?, message).await,
        "transfer-destination-request" => transfer_destination(core, org, message).await,
        "handoff-destination-request" => Ok(json!({ "error": "no other assistant takes over" })),
        "knowledge-base-request" => knowledge(core, org, message).await,
        _ => {
            journalled.shown().await;
            Ok(json!({}))
        }
    }
}

/// Which assistant answers: the number's own, else the organisation's active one; else words the caller hears.
async fn assistant_request(core: &Core, org: OrgId, message: &Value) -> Result<Value, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let number_ref = ["/phoneNumber/id", "/call/phoneNumberId"].iter().find_map(|path| message.pointer(path)?.as_str());
    let number = ["/phoneNumber/number", "/call/phoneNumber/number"].iter().find_map(|path| message.pointer(path)?.as_str());
    let assigned = sqlx::query_scalar!(
        "select a.provider_id from phone_numbers n join assistants a on a.id = n.assistant_id
         where (n.provider_id = $1 or n.number = $2) and a.deleted_at is null and a.state = 'active' and a.provider_id is not null limit 1",
        number_ref,
        number
    )
    .fetch_optional(tx.conn())
    .await?
    .flatten();
    let provider_id = match assigned {
        Some(found) => Some(found),
        None => read::ready_assistant(tx.conn(), None).await?.and_then(|assistant| assistant.provider_id),
    };
    let locale = sqlx::query_scalar!("select locale from orgs").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(match provider_id {
        Some(id) => json!({ "assistantId": id, "assistantOverrides": { "metadata": { "zencall_org": org.to_string() } } }),
        None => json!({ "error": refusal(&locale) }),
    })
}

fn refusal(locale: &str) -> &'static str {
    match locale {
        "en" => "Nobody can take your call right now. Please try again later.",
        _ => "Personne ne peut prendre votre appel pour le moment. Merci de rappeler plus tard.",
    }
}

/// One result per tool call, idempotent by its id: told twice, it answers twice the same and acts once.
async fn tool_calls(core: &Core, org: OrgId, kept: Kept, message: &Value) -> Result<Value, AppError> {
    let mut results = Vec::new();
    for tool in fold::tool_calls(message) {
        let outcome = match tool.name.as_str() {
            "take_message" => take_message(core, org, kept, &tool).await?,
            "search_answers" => search_answers(core, org, kept, message, &tool).await?,
            _ => Err(format!("unknown tool {}", tool.name.chars().take(64).collect::<String>())),
        };
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
async fn take_message(core: &Core, org: OrgId, kept: Kept, tool: &fold::ToolCall) -> Result<Result<String, String>, AppError> {
    let said = |name: &str, longest: usize| argument(tool, name, longest);
    let (Some(call), Some(message)) = (kept.call, said("message", 2000)) else { return Ok(Err("the message is empty".into())) };
    let is_urgent = tool.arguments.get("urgent").is_some_and(|urgent| urgent == &json!(true) || urgent == "true");
    let detail = json!({ "message": message, "caller_name": said("caller_name", 80), "phone": said("phone", 40), "urgent": is_urgent });
    let event =
        fold::NewEvent { key: format!("message:{}", tool.id), kind: "message".into(), detail, at_ms: core.clock.now().timestamp_millis() };
    let mut tx = SystemTx::begin(core, "a message left with the assistant").await?;
    if let Some((from, to)) = store::append_event(tx.conn(), call, &event).await? {
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
async fn search_answers(
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

/// The first number of the assistant's list; a rule by hours and skill comes with the tools.
async fn transfer_destination(core: &Core, org: OrgId, message: &Value) -> Result<Value, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let assistant = assistant_ref(message);
    let numbers = sqlx::query_scalar!(
        r#"select transfer_numbers as "numbers: Json<Vec<TransferEntry>>" from assistants where provider_id = $1"#,
        assistant
    )
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(match numbers.and_then(|numbers| numbers.0.into_iter().next()) {
        Some(entry) => json!({ "destination": { "type": "number", "number": entry.number.as_str() } }),
        None => json!({ "error": "no transfer number is set" }),
    })
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
