//! What an assistant does during a call, each tool once for its id: told twice, it is answered twice the same.

use super::{
    fold::{NewEvent, ToolCall},
    ingest::Kept,
    jobs::Transfer,
    read, replies, store,
};
use crate::{
    numbers::server::{jobs::MessageMoved, tool as sms},
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        bus::{self, Note},
        queue::{Fail, Opts},
    },
    reception::server::tools::{self, Told, Use},
    shared::{
        error::AppError,
        ids::{CallId, OrgId, PersonId},
        permission::Permission,
    },
};
use serde_json::{Value, json};

/// The kind of event that says somebody of the directory was tried.
pub const TRY: &str = "transfer_try";

/// Answers one.
pub async fn answer(core: &Core, org: OrgId, kept: Kept, message: &Value, tool: &ToolCall) -> Result<Told, AppError> {
    let caller = caller_number(message);
    let asked = Use { call: kept.call, id: &tool.id, name: &tool.name, arguments: &tool.arguments, caller };
    match tool.name.as_str() {
        "take_message" => replies::take_message(core, org, kept, tool).await,
        "search_answers" => replies::search_answers(core, org, kept, message, tool).await,
        "request_callback" => request_callback(core, org, &asked).await,
        "transfer_to" => transfer_to(core, org, &asked).await,
        "look_up_caller" => look_up_caller(core, org, caller).await,
        "send_sms" => send_sms(core, org, &asked, message).await,
        name => {
            let told = tools::own(core, org, &asked).await?;
            Ok(told
                .unwrap_or_else(|| Err(format!("there is no tool named {}: go on without it", name.chars().take(64).collect::<String>()))))
        }
    }
}

/// The number of whoever speaks with the assistant.
pub fn caller_number(message: &Value) -> Option<&str> {
    ["/customer/number", "/call/customer/number"]
        .iter()
        .find_map(|path| message.pointer(path)?.as_str())
        .filter(|number| !number.is_empty())
}

async fn request_callback(core: &Core, org: OrgId, asked: &Use<'_>) -> Result<Told, AppError> {
    let (told, noted) = tools::request_callback(core, org, asked).await?;
    if let (Some(call), Some(detail)) = (asked.call, noted) {
        keep(core, org, call, format!("callback:{}", asked.id), "callback", detail).await?;
    }
    Ok(told)
}

async fn send_sms(core: &Core, org: OrgId, asked: &Use<'_>, message: &Value) -> Result<Told, AppError> {
    let called = ["/phoneNumber/number", "/call/phoneNumber/number"].iter().find_map(|path| message.pointer(path)?.as_str());
    let (told, noted) = sms::send_sms(core, org, asked, called.unwrap_or_default()).await?;
    if let (Some(call), Some(detail)) = (asked.call, noted) {
        keep(core, org, call, format!("sms:{}", asked.id), "sms", detail).await?;
    }
    Ok(told)
}

/// What became of a message that was sent in a call, for its timeline.
pub async fn message_moved(core: Core, moved: MessageMoved) -> Result<(), Fail> {
    let detail = json!({ "number": moved.number, "outcome": moved.status, "error": moved.error });
    let key = format!("sms:{}:{}", moved.message, moved.status);
    keep(&core, moved.org, moved.call, key, "sms", detail).await.map_err(|error| Fail::Retry(error.to_string()))
}

async fn transfer_to(core: &Core, org: OrgId, asked: &Use<'_>) -> Result<Told, AppError> {
    let Some(call) = asked.call else { return Ok(Err("there is no call to put through".into())) };
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let tried = tried(&mut tx, call).await?;
    let chosen = tools::choose_person(&mut tx, asked, &tried).await?;
    if !chosen.people.is_empty() {
        let job = Transfer { org, call, tool_call: asked.id.to_owned(), people: chosen.people };
        tx.enqueue(&job, Opts::default().key(format!("transfer:{call}:{}", asked.id))).await?;
    }
    tx.commit().await?;
    if chosen.is_nobody {
        keep(core, org, call, format!("{TRY}:{}", asked.id), TRY, json!({ "outcome": "nobody" })).await?;
    }
    Ok(chosen.told)
}

/// Who of the directory was tried in a call.
pub async fn tried(tx: &mut OrgTx<'_>, call: CallId) -> Result<Vec<PersonId>, AppError> {
    let found = sqlx::query_scalar!(
        r#"select detail ->> 'person' as "person!" from call_events
           where call_id = $1 and created_at = uuid_time($1) and kind = 'transfer_try' and detail ? 'person'"#, // filtered
        call as CallId
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
}

async fn look_up_caller(core: &Core, org: OrgId, caller: Option<&str>) -> Result<Told, AppError> {
    let Some(number) = caller else { return Ok(Ok(json!({ "known": false, "advice": "The number is withheld." }).to_string())) };
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let known = tools::caller(&mut tx, number).await?;
    let earlier = read::ended_calls_of(tx.conn(), number).await?;
    tx.commit().await?;
    let told = match known {
        Some(known) => {
            json!({ "known": true, "name": known.name, "language": known.language, "vip": known.is_vip, "earlier_calls": earlier })
        }
        None => json!({ "known": false, "earlier_calls": earlier }),
    };
    Ok(Ok(told.to_string()))
}

/// Writes into the call's timeline, and tells everybody who watches.
pub async fn keep(core: &Core, org: OrgId, call: CallId, key: String, kind: &'static str, detail: Value) -> Result<(), AppError> {
    let event = NewEvent { key, kind: kind.into(), detail, at_ms: core.clock.now().timestamp_millis() };
    let mut tx = SystemTx::begin(core, "what a tool did in a call").await?;
    if let Some((from, to)) = store::append_event(tx.conn(), call, &event).await? {
        bus::publish(tx.conn(), &[Note::Call { org, call, from, to }]).await?;
    }
    Ok(tx.commit().await?)
}
