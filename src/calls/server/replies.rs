//! What the provider waits for while the caller is on the line. Answered from the database alone, well under its 7.5 seconds.

use super::{
    fold,
    ingest::{Journalled, Kept},
    read, store,
};
use crate::{
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
        "knowledge-base-request" => Ok(json!({ "documents": [] })),
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
    let said = |name: &str, longest: usize| {
        let text = tool.arguments.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())?;
        Some(text.chars().filter(|c| *c != '\0').take(longest).collect::<String>())
    };
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

/// The first number of the assistant's list; a rule by hours and skill comes with the tools.
async fn transfer_destination(core: &Core, org: OrgId, message: &Value) -> Result<Value, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let assistant = ["/call/assistantId", "/assistant/id"].iter().find_map(|path| message.pointer(path)?.as_str());
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
