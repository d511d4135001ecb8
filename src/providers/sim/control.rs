//! The control address of a live call: every body of voice.md 2.5, checked and handed to the driver.
//! `end-call` ends with `manually-canceled` ("manually canceled via the API or dashboard", Vapi's list of ended reasons).
//! Answers are our choice, the real ones being undocumented: 200 with `{}`, 400 for a body that says nothing, 401, 404 after the end.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::call::{Call, Role, Status};
use super::place;
use super::refusal::Refusal;
use super::rest::parsed;
use super::world::{Object, World};

/// What a driver can be told to do.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// The assistant says this.
    Say {
        content: String,
        end_call_after: bool,
        interrupt: bool,
    },
    /// A message enters the conversation.
    AddMessage {
        role: String,
        content: String,
        respond: bool,
    },
    Mute {
        role: Role,
        muted: bool,
    },
    SayFirstMessage,
    EndCall,
    Transfer {
        destination: Value,
        content: Option<String>,
    },
    Handoff {
        assistant_id: Option<String>,
        assistant: Object,
        destination: Value,
        content: Option<String>,
    },
    TransportMessage(Value),
    /// The WebSocket transport was joined.
    Connected,
    /// The customer spoke for so many seconds on the WebSocket transport.
    Heard(f64),
    /// The customer left.
    HungUp,
    /// The call was deleted.
    Deleted,
}

/// `POST {controlUrl}`.
pub(super) async fn control(
    State(world): State<World>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let call = live_call(&world, &id)?;
    if call.facts().switch("/monitorPlan/controlAuthenticationEnabled", false) {
        require_public_key(&world, &headers)?;
    }
    if !call.facts().switch("/monitorPlan/controlEnabled", true) {
        return Err(Refusal::not_found("Control is not enabled for this call."));
    }
    let command = command(&world, &parsed(&body)?)?;
    call.commands.send(command).map_err(|_| Refusal::not_found("Call has ended."))?;
    Ok(Json(json!({})))
}

/// The call, if it has not ended.
pub(super) fn live_call(world: &World, id: &str) -> Result<std::sync::Arc<Call>, Refusal> {
    let call = world.calls().get(id).ok_or_else(|| Refusal::not_found(format!("Call {id} not found.")))?;
    if call.status() == Status::Ended { Err(Refusal::not_found("Call has ended.")) } else { Ok(call) }
}

/// Monitor addresses that are locked open with the public key. Source: voice.md 2.5.
pub(super) fn require_public_key(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let expected = format!("Bearer {}", world.options().public_key);
    if given == Some(expected.as_str()) { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// What a body asks for.
pub(super) fn command(world: &World, body: &Object) -> Result<Command, Refusal> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let switch = |key: &str| body.get(key).and_then(Value::as_bool).unwrap_or(false);
    let missing = |what: &str| Refusal::invalid(vec![format!("{what} should not be empty")]);
    match body.get("type").and_then(Value::as_str) {
        Some("say") => Ok(Command::Say {
            content: text("content").or_else(|| text("message")).ok_or_else(|| missing("content"))?,
            end_call_after: switch("endCallAfterSpoken"),
            interrupt: switch("interruptAssistantEnabled"),
        }),
        Some("add-message") => {
            let message = body.get("message").ok_or_else(|| missing("message"))?;
            let part = |key: &str| message.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
            Ok(Command::AddMessage {
                role: part("role").unwrap_or_else(|| "system".to_owned()),
                content: part("content").or_else(|| part("message")).ok_or_else(|| missing("message.content"))?,
                // Source: Vapi's schema; the answer is triggered unless it is declined.
                respond: body.get("triggerResponseEnabled").and_then(Value::as_bool).unwrap_or(true),
            })
        }
        Some("control") => match body.get("control").and_then(Value::as_str) {
            Some("mute-assistant") => Ok(Command::Mute { role: Role::Assistant, muted: true }),
            Some("unmute-assistant") => Ok(Command::Mute { role: Role::Assistant, muted: false }),
            Some("mute-customer") => Ok(Command::Mute { role: Role::User, muted: true }),
            Some("unmute-customer") => Ok(Command::Mute { role: Role::User, muted: false }),
            Some("say-first-message") => Ok(Command::SayFirstMessage),
            _ => Err(Refusal::invalid(vec![
                "control must be one of the following values: mute-assistant, unmute-assistant, mute-customer, unmute-customer, say-first-message".into(),
            ])),
        },
        Some("end-call" | "hangup") => Ok(Command::EndCall),
        Some("transfer") => {
            let destination = body.get("destination").filter(|destination| {
                destination.get("number").or_else(|| destination.get("sipUri")).is_some_and(Value::is_string)
            });
            Ok(Command::Transfer { destination: destination.cloned().ok_or_else(|| missing("destination"))?, content: text("content") })
        }
        Some("handoff") => {
            let destination = body.get("destination").filter(|destination| destination.is_object()).ok_or_else(|| missing("destination"))?;
            let (assistant_id, assistant) = handed_to(world, destination)?;
            Ok(Command::Handoff { assistant_id, assistant, destination: destination.clone(), content: text("content") })
        }
        Some("send-transport-message") => {
            let message = body.get("message").filter(|message| message.is_object()).ok_or_else(|| missing("message"))?;
            Ok(Command::TransportMessage(message.clone()))
        }
        _ => Err(Refusal::invalid(vec![
            "type must be one of the following values: say, add-message, control, end-call, transfer, handoff, send-transport-message".into(),
        ])),
    }
}

fn handed_to(world: &World, destination: &Value) -> Result<(Option<String>, Object), Refusal> {
    let overrides = destination.get("assistantOverrides");
    if let Some(inline) = destination.get("assistant").and_then(Value::as_object) {
        return Ok((None, place::with_overrides(inline.clone(), overrides)));
    }
    let assistants = world.assistants();
    let id = destination.get("assistantId").and_then(Value::as_str);
    let name = destination.get("assistantName").and_then(Value::as_str);
    let found = match (id, name) {
        (Some(id), _) => assistants.get(id),
        (None, Some(name)) => assistants.newest_first().find(|assistant| assistant.get("name").and_then(Value::as_str) == Some(name)),
        (None, None) => None,
    };
    let assistant = found.cloned().ok_or_else(|| Refusal::bad_request("Couldn't find the assistant to hand the call to."))?;
    let id = assistant.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok((id, place::with_overrides(assistant, overrides)))
}
