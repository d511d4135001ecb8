//! The control door of the simulator, `/_sim/*`: calls that come in, speed, faults, credentials, the logs, the mailbox.
//! It has no counterpart at Vapi and exists only at the simulator's own address.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth::{self, HmacPlan};
use super::mail::Letter;
use super::place::{self, Ringing};
use super::refusal::Refusal;
use super::rest::parsed;
use super::script;
use super::validate;
use super::world::{Faults, Sent, World};

/// The body of `POST /_sim/inbound`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Inbound {
    assistant_id: Option<String>,
    phone_number_id: Option<String>,
    from: String,
    name: Option<String>,
    script: Option<String>,
    language: Option<String>,
}

/// `POST /_sim/inbound`: somebody calls.
pub(super) async fn inbound(State(world): State<World>, body: Bytes) -> Result<impl IntoResponse, Refusal> {
    let asked: Inbound = read(&body)?;
    if asked.assistant_id.is_none() && asked.phone_number_id.is_none() {
        return Err(Refusal::bad_request("Need either `assistantId` or `phoneNumberId`."));
    }
    if !validate::is_e164(&asked.from) {
        return Err(Refusal::invalid(vec!["from must be a valid phone number in the E.164 format".into()]));
    }
    let ringing = Ringing {
        assistant_id: asked.assistant_id,
        phone_number_id: asked.phone_number_id,
        from: asked.from,
        name: asked.name,
        script: asked.script,
        language: asked.language,
    };
    Ok((StatusCode::CREATED, Json(place::inbound(&world, ringing).await?)))
}

/// `PUT /_sim/credentials/{id}`: what Vapi's dashboard does. Takes a credential with `authenticationPlan`, or the plan alone.
pub(super) async fn put_credential(State(world): State<World>, Path(id): Path<String>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let body = parsed(&body)?;
    let plan = body.get("authenticationPlan").cloned().unwrap_or(Value::Object(body));
    match auth::mode(&plan) {
        "hmac" => {
            HmacPlan::of(&plan).map_err(|error| Refusal::bad_request(format!("{error:#}")))?;
        }
        "bearer" | "oauth2" | "header" => {}
        other => return Err(Refusal::bad_request(format!("unknown authentication plan {other:?}"))),
    }
    world.tokens().remove(&id);
    world.credentials().insert(id.clone(), plan);
    world.changed();
    Ok(Json(json!({"id": id})))
}

/// `DELETE /_sim/credentials/{id}`.
pub(super) async fn delete_credential(State(world): State<World>, Path(id): Path<String>) -> StatusCode {
    world.tokens().remove(&id);
    let removed = world.credentials().remove(&id);
    world.changed();
    if removed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// The body of `POST /_sim/speed`.
#[derive(Deserialize)]
pub(super) struct Speed {
    speed: f64,
}

/// `POST /_sim/speed`.
pub(super) async fn set_speed(State(world): State<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Speed { speed } = read(&body)?;
    if !(speed.is_finite() && (0.01..=10_000.0).contains(&speed)) {
        return Err(Refusal::bad_request("speed must be from 0.01 to 10000"));
    }
    world.set_speed(speed);
    Ok(Json(json!({"speed": speed})))
}

/// `GET /_sim/faults`.
pub(super) async fn faults(State(world): State<World>) -> Json<Faults> {
    Json(world.faults().clone())
}

/// `POST /_sim/faults`: replaces what is switched on.
pub(super) async fn set_faults(State(world): State<World>, body: Bytes) -> Result<Json<Faults>, Refusal> {
    let faults: Faults = read(&body)?;
    *world.faults() = faults.clone();
    Ok(Json(faults))
}

/// `DELETE /_sim/faults`.
pub(super) async fn clear_faults(State(world): State<World>) -> StatusCode {
    *world.faults() = Faults::default();
    StatusCode::NO_CONTENT
}

/// `GET /_sim/state`: counts.
pub(super) async fn state(State(world): State<World>) -> Json<Value> {
    let (live, kept, made) = {
        let calls = world.calls();
        (calls.live(), calls.len(), calls.made())
    };
    Json(json!({
        "speed": world.speed(),
        "seed": world.options().seed,
        "assistants": world.assistants().len(),
        "phoneNumbers": world.numbers().len(),
        "credentials": world.credentials().len(),
        "calls": {"live": live, "kept": kept, "made": made},
        "webhooks": world.sent(None).len(),
        "letters": world.mailbox().list().len(),
        "scripts": script::names(),
    }))
}

/// The query of `GET /_sim/webhooks`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookQuery {
    call_id: Option<String>,
    r#type: Option<String>,
}

/// `GET /_sim/webhooks`: every attempt to deliver, oldest first.
pub(super) async fn webhooks(State(world): State<World>, Query(query): Query<WebhookQuery>) -> Json<Vec<Sent>> {
    let mut sent = world.sent(query.call_id.as_deref());
    if let Some(kind) = query.r#type {
        sent.retain(|sent| sent.kind == kind);
    }
    Json(sent)
}

/// The query of `GET /_sim/mail`.
#[derive(Deserialize)]
pub(super) struct MailQuery {
    to: Option<String>,
}

/// `GET /_sim/mail`: newest first.
pub(super) async fn mail(State(world): State<World>, Query(query): Query<MailQuery>) -> Json<Vec<Letter>> {
    let mailbox = world.mailbox();
    Json(match query.to {
        Some(to) => mailbox.find(&to),
        None => mailbox.list(),
    })
}

/// `DELETE /_sim/mail`.
pub(super) async fn clear_mail(State(world): State<World>) -> StatusCode {
    world.mailbox().clear();
    StatusCode::NO_CONTENT
}

/// `GET /_sim/mail/{id}`.
pub(super) async fn letter(State(world): State<World>, Path(id): Path<String>) -> Result<Json<Letter>, Refusal> {
    Ok(Json(found(&world, &id)?))
}

/// `GET /_sim/mail/{id}/html`: the HTML part as a page that can run and load nothing.
pub(super) async fn letter_html(State(world): State<World>, Path(id): Path<String>) -> Result<impl IntoResponse, Refusal> {
    let html = found(&world, &id)?.html.ok_or_else(|| Refusal::not_found("This letter has no HTML part."))?;
    let policy = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)))
}

fn found(world: &World, id: &str) -> Result<Letter, Refusal> {
    world.mailbox().get(id).ok_or_else(|| Refusal::not_found(format!("Letter {id} not found.")))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(error.to_string()))
}
