//! Placing calls: from `POST /call`, from `POST /call/web`, and from the control door for those that come in.
//! Decides who answers and how the call goes, then hands it to its driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::{Value, json};

use super::call::{Call, Facts, Kind, NewCall, Status};
use super::dice::Dice;
use super::life;
use super::refusal::Refusal;
use super::script::{self, Creation, Language, Outcome, Scenario};
use super::validate;
use super::webhook::Delivery;
use super::world::{Object, World, new_id};

/// How long number 17 waits for its answer, on the wall.
const LATE_ANSWER: Duration = Duration::from_secs(30);
/// What `Retry-After` says to number 18.
const THROTTLE_S: u64 = 2;
/// How many calls may be live at once unless a fault says otherwise.
const CONCURRENCY: usize = 1000;

/// `POST /call` for one customer or none.
pub(super) async fn outbound(world: &World, body: &Object) -> Result<Value, Refusal> {
    let customer = body.get("customer").cloned();
    let number = customer.as_ref().and_then(|customer| customer.get("number")).and_then(Value::as_str).map(str::to_owned);
    refuse_by_number(world, number.as_deref())?;
    let call = place(world, body, customer)?;
    answer_by_number(number.as_deref()).await?;
    Ok(created(world, &call))
}

/// `POST /call` for a list of customers: what can be placed is, the rest is told.
pub(super) fn batch(world: &World, body: &Object, customers: &[Value]) -> Value {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for customer in customers {
        match place(world, body, Some(customer.clone())) {
            Ok(call) => results.push(call.to_json(world)),
            Err(_) => errors.push(json!({"customer": customer, "error": "The call could not be created."})),
        }
    }
    json!({"results": results, "errors": errors, "subscriptionLimits": limits(world, false)})
}

/// `POST /call/web`.
pub(super) fn web(world: &World, body: &Object) -> Result<Value, Refusal> {
    let (assistant_id, assistant) = target(world, body)?;
    let overrides = body.get("assistantOverrides").cloned();
    let facts = Facts {
        has_assistant: true,
        transient: assistant_id.is_none(),
        assistant: with_overrides(assistant, overrides.as_ref()),
        assistant_id,
        overrides,
        transport: object(json!({"provider": "daily", "assistantVideoEnabled": false})),
        ..Facts::default()
    };
    let call = start(world, Kind::Web, facts, None, None, Status::Queued);
    Ok(created(world, &call))
}

/// A call that comes in, as the control door asks for it.
pub(super) struct Ringing {
    pub(super) assistant_id: Option<String>,
    pub(super) phone_number_id: Option<String>,
    pub(super) from: String,
    pub(super) name: Option<String>,
    pub(super) script: Option<String>,
    pub(super) language: Option<String>,
}

/// Lets a call come in.
pub(super) async fn inbound(world: &World, ringing: Ringing) -> Result<Value, Refusal> {
    refuse_by_number(world, Some(&ringing.from))?;
    let number = match &ringing.phone_number_id {
        Some(id) => Some(world.numbers().get(id).cloned().ok_or_else(|| missing("Phone Number", id))?),
        None => None,
    };
    let assigned = number.as_ref().and_then(|number| number.get("assistantId")).and_then(Value::as_str).map(str::to_owned);
    let assistant_id = ringing.assistant_id.or(assigned);
    let assistant = match &assistant_id {
        Some(id) => Some(world.assistants().get(id).cloned().ok_or_else(|| missing("Assistant", id))?),
        None => None,
    };
    let mut customer = json!({"number": ringing.from});
    if let Some(name) = &ringing.name {
        customer["name"] = json!(name.chars().take(40).collect::<String>());
    }
    let facts = Facts {
        has_assistant: assistant.is_some(),
        assistant: assistant.unwrap_or_default(),
        assistant_id,
        customer: Some(customer),
        phone_number_id: ringing.phone_number_id,
        phone_number: number,
        transport: phone_transport(),
        ..Facts::default()
    };
    let language = ringing.language.as_deref().map(Language::of_tag);
    let call = start(world, Kind::Inbound, facts, language, ringing.script.as_deref(), Status::Ringing);
    answer_by_number(Some(&ringing.from)).await?;
    Ok(call.to_json(world))
}

/// An assistant with overrides laid over it: whole properties, as PATCH does.
pub(super) fn with_overrides(mut assistant: Object, overrides: Option<&Value>) -> Object {
    let Some(overrides) = overrides.and_then(Value::as_object) else { return assistant };
    for (key, value) in overrides {
        assistant.insert(key.clone(), value.clone());
    }
    assistant
}

fn place(world: &World, body: &Object, customer: Option<Value>) -> Result<Arc<Call>, Refusal> {
    let (assistant_id, assistant) = target(world, body)?;
    let phone_number_id = body.get("phoneNumberId").and_then(Value::as_str).map(str::to_owned);
    let phone_number = match (&phone_number_id, body.get("phoneNumber")) {
        (Some(id), _) => Some(world.numbers().get(id).cloned().ok_or_else(|| missing("Phone Number", id))?),
        (None, inline) => inline.and_then(Value::as_object).cloned(),
    };
    let socket = body.get("transport").and_then(|transport| transport.get("provider")).and_then(Value::as_str) == Some("vapi.websocket");
    let kind = match (socket, phone_number.is_some()) {
        (true, _) => Kind::Socket,
        (false, true) => Kind::Outbound,
        (false, false) => Kind::Web,
    };
    let schedule = body.get("schedulePlan").filter(|plan| plan.is_object()).cloned();
    let earliest = schedule.as_ref().and_then(|plan| validate::moment(plan.get("earliestAt")?.as_str()?));
    if earliest.is_some_and(|at| at <= Utc::now()) {
        return Err(Refusal::invalid(vec!["schedulePlan.earliestAt must be in the future".into()]));
    }
    let own = customer.as_ref().and_then(|customer| customer.get("assistantOverrides")).cloned();
    let mut overrides = body.get("assistantOverrides").cloned();
    if let Some(own) = own.filter(Value::is_object) {
        overrides = Some(Value::Object(with_overrides(object(overrides.unwrap_or_default()), Some(&own))));
    }
    let facts = Facts {
        name: body.get("name").and_then(Value::as_str).map(str::to_owned),
        has_assistant: true,
        transient: assistant_id.is_none(),
        assistant: with_overrides(assistant, overrides.as_ref()),
        assistant_id,
        overrides,
        customer,
        phone_number_id,
        phone_number,
        transport: match kind {
            Kind::Socket => object(body.get("transport").cloned().unwrap_or_default()),
            Kind::Web => object(json!({"provider": "daily", "assistantVideoEnabled": false})),
            _ => phone_transport(),
        },
        schedule: schedule.clone(),
        ..Facts::default()
    };
    let status = if schedule.is_some() { Status::Scheduled } else { Status::Queued };
    Ok(start(world, kind, facts, None, None, status))
}

/// The assistant a body names or carries.
fn target(world: &World, body: &Object) -> Result<(Option<String>, Object), Refusal> {
    if let Some(id) = body.get("assistantId").and_then(Value::as_str) {
        let assistant = world.assistants().get(id).cloned().ok_or_else(|| missing("Assistant", id))?;
        return Ok((Some(id.to_owned()), assistant));
    }
    match body.get("assistant").and_then(Value::as_object) {
        Some(inline) => Ok((None, inline.clone())),
        None => Err(Refusal::bad_request("Squads and workflows are not simulated; use `assistantId` or `assistant`.")),
    }
}

fn start(world: &World, kind: Kind, mut facts: Facts, language: Option<Language>, asked: Option<&str>, status: Status) -> Arc<Call> {
    let id = new_id();
    let number = facts.customer.as_ref().and_then(|customer| customer.get("number")).and_then(Value::as_str).map(str::to_owned);
    let turn = world.calls().made().to_string();
    // A number always meets the same fate; calls without one take turns.
    let mut dice = Dice::of(world.options().seed, &[kind.name(), number.as_deref().unwrap_or(&turn)]);
    let language = language.unwrap_or_else(|| spoken(&facts, number.as_deref()));
    let mut scenario: Scenario = script::decide(&mut dice, kind, number.as_deref(), language, asked);
    if world.calls().live() >= concurrency(world) {
        scenario = Scenario { outcome: Outcome::Blocked, delivery: Delivery::Ordered, ..scenario };
    }
    if kind == Kind::Socket {
        facts.transport.insert("websocketCallUrl".into(), json!(format!("{}/live/{id}/transport", world.socket_url())));
    }
    let (call, orders) = Call::new(NewCall { id, kind, scenario, dice, status, facts });
    let call = Arc::new(call);
    world.calls().put(call.clone());
    life::start(world, call.clone(), orders);
    call
}

/// The language of a call: that of the assistant, or else of the country.
fn spoken(facts: &Facts, number: Option<&str>) -> Language {
    let tag = facts.text("/transcriber/language").filter(|tag| *tag != "multi");
    let voice = facts.text("/voice/voiceId").filter(|voice| voice.as_bytes().get(2) == Some(&b'-'));
    match tag.or(voice) {
        Some(tag) => Language::of_tag(tag),
        None => {
            let french = ["+33", "+32", "+41", "+352", "+212", "+221", "+225", "+262", "+590", "+596"];
            if number.is_none_or(|number| french.iter().any(|prefix| number.starts_with(prefix))) { Language::Fr } else { Language::En }
        }
    }
}

/// Refusals that the number asks for, before anything happens.
fn refuse_by_number(world: &World, number: Option<&str>) -> Result<(), Refusal> {
    match (script::creation(number), number) {
        (Creation::Invalid, _) => Err(Refusal::invalid(vec!["customer.number must be a valid phone number in the E.164 format".into()])),
        (Creation::Throttled, Some(number)) => {
            let mut throttled = world.throttled();
            let wait = Duration::from_secs(THROTTLE_S);
            match throttled.get(number) {
                // Who waits as told is served, once.
                Some(since) if since.elapsed() >= wait => {
                    throttled.remove(number);
                    Ok(())
                }
                Some(_) => Err(Refusal::too_many(THROTTLE_S)),
                None => {
                    throttled.insert(number.to_owned(), Instant::now());
                    Err(Refusal::too_many(THROTTLE_S))
                }
            }
        }
        _ => Ok(()),
    }
}

/// Answers that the number asks for, after the call was placed.
async fn answer_by_number(number: Option<&str>) -> Result<(), Refusal> {
    match script::creation(number) {
        Creation::FailsAfterAccepting => Err(Refusal::internal()),
        Creation::AnswersLate => {
            tokio::time::sleep(LATE_ANSWER).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn created(world: &World, call: &Call) -> Value {
    let mut body = call.to_json(world);
    body["subscriptionLimits"] = limits(world, call.scenario.outcome == Outcome::Blocked);
    body
}

fn limits(world: &World, blocked: bool) -> Value {
    let limit = concurrency(world);
    let live = world.calls().live();
    let remaining = if blocked { 0 } else { limit.saturating_sub(live) };
    json!({"concurrencyBlocked": blocked, "concurrencyLimit": limit, "remainingConcurrentCalls": remaining})
}

fn concurrency(world: &World) -> usize {
    world.faults().concurrency_limit.unwrap_or(CONCURRENCY)
}

fn phone_transport() -> Object {
    object(json!({"conversationType": "voice", "provider": "twilio", "accountSid": "AC00000000000000000000000000000000"}))
}

fn missing(what: &str, id: &str) -> Refusal {
    Refusal::bad_request(format!("Couldn't Find {what}. `{id}` Does Not Exist."))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
