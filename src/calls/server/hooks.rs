//! Door 4: `/hooks/vapi/{token}`. Judge, keep, answer: what is accepted is one journal row, and the answer leaves after its commit; what is turned
//! away is kept or counted (`journal::Rejected`).

use super::{
    Calls, fold,
    ingest::{Accepted, Delivery},
    journal::Turned,
    redact, replies,
    store::JournalRow,
    verify::{self, Rejection, Signed},
};
use crate::{
    integrations::{
        model::{AuthMode, WebhookAuth},
        server::secret,
    },
    platform::{Core, crypto, failpoint, request::RequestInfo},
    reception::server::route::Route,
    server::AppState,
    shared::{
        error::AppError,
        ids::{HookId, OrgId},
    },
};
use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Bodies repeat the whole conversation and the assistant; the provider's own limit is unknown.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// What is read of a body that was sent to an address nobody has.
const STRANGERS_LIMIT: usize = 64 * 1024;
/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How long a change of secret may take to be seen by every process.
const ENDPOINT_TTL: Duration = Duration::from_secs(1);
/// Addresses looked up that are remembered; of guesses no more.
const REMEMBERED: usize = 10_000;

/// What an address and its signatures are checked against.
#[derive(Clone)]
struct Endpoint {
    org: OrgId,
    auth: WebhookAuth,
    secrets: Vec<String>,
}

/// Endpoints looked up within the last second.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<Mutex<Known>>);

/// By the hash of the token: when it was looked up, and what was found.
type Known = HashMap<Vec<u8>, (Instant, Option<Endpoint>)>;

/// Receives one webhook. 401 with an empty body when it is not proven; 200 with what the provider waits for otherwise; 503 when it could not
/// be kept, so that it is sent again. The address is looked up before the body is read: strangers are not listened to for long.
pub async fn receive(
    State(state): State<AppState>,
    Extension(request): Extension<RequestInfo>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    metrics::counter!("zencall_webhook_received_total").increment(1);
    let (core, calls) = (&state.core, &state.calls);
    let endpoint = match calls.endpoints.find(core, calls, &token, request.ip).await {
        Ok(endpoint) => endpoint,
        Err(error) => {
            tracing::error!(%error, "the webhook address could not be looked up");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let Some(endpoint) = endpoint else { return stranger(core, calls, &request, body).await };
    let turned = |why, body, particulars| Turned { org: Some(endpoint.org), why, body, ip: request.ip, particulars };
    let body = match read_body(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(why) => return reject(core, calls, turned(why, &[], None)).await,
    };
    match verdict(core, &endpoint, &token, "", &headers, &body) {
        Ok(()) => accept(core, calls, endpoint.org, &request, &body).await,
        Err(why) => {
            let signed = Signed { method: "POST", url: "", headers: &headers, body: &body, now: core.clock.now() };
            reject(core, calls, turned(why, &body, Some(verify::particulars(&endpoint.auth, &signed, why)))).await
        }
    }
}

/// Nobody has this address: whoever tries many is not listened to.
async fn stranger(core: &Core, calls: &Calls, request: &RequestInfo, body: Body) -> Response {
    if !calls.strangers.may_try(request.ip) {
        return enough();
    }
    let body = read_body(body, STRANGERS_LIMIT).await.unwrap_or_default();
    reject(core, calls, Turned { org: None, why: Rejection::UnknownAddress, body: &body, ip: request.ip, particulars: None }).await
}

/// The answer to a source that has had its tries.
fn enough() -> Response {
    metrics::counter!("zencall_webhook_rejected_total", "reason" => "too_many_guesses").increment(1);
    (StatusCode::TOO_MANY_REQUESTS, [(http::header::RETRY_AFTER, "60")]).into_response()
}

/// Whose webhook it is and its body, when it is the provider's; for a door below the address (`at`) that keeps nothing, not even what it refuses.
pub(super) async fn prove(
    state: &AppState,
    ip: IpAddr,
    token: &str,
    at: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<(OrgId, Bytes), StatusCode> {
    let (core, calls) = (&state.core, &state.calls);
    let found = calls.endpoints.find(core, calls, token, ip).await.map_err(|error| {
        tracing::error!(%error, "the webhook address could not be looked up");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    let Some(endpoint) = found else {
        let may_try = calls.strangers.may_try(ip);
        return Err(if may_try { StatusCode::UNAUTHORIZED } else { StatusCode::TOO_MANY_REQUESTS });
    };
    let body = read_body(body, BODY_LIMIT).await.map_err(Rejection::status)?;
    verdict(core, &endpoint, token, at, headers, &body).map_err(|why| {
        metrics::counter!("zencall_webhook_rejected_total", "reason" => why.name()).increment(1);
        why.status()
    })?;
    Ok((endpoint.org, body))
}

fn verdict(core: &Core, endpoint: &Endpoint, token: &str, at: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
    let is_open = endpoint.auth.mode == AuthMode::None && core.config.is_production(); // set while this was a sandbox
    if is_open {
        return Err(Rejection::SecretNotSet);
    }
    let url = format!("{}hooks/vapi/{token}{at}", core.config.public_url);
    let signed = Signed { method: "POST", url: &url, headers, body, now: core.clock.now() };
    verify::verify(&endpoint.auth, endpoint.org, &endpoint.secrets, &signed)
}

/// The whole body, unless it is too long or too long in coming.
async fn read_body(body: Body, limit: usize) -> Result<Bytes, Rejection> {
    match tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Rejection::TooLarge),
        Err(_) => Err(Rejection::TooSlow),
    }
}

async fn accept(core: &Core, calls: &Calls, org: OrgId, request: &RequestInfo, body: &[u8]) -> Response {
    let now = core.clock.now();
    let mut envelope: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if body.windows(NUL.len()).any(|six| six == NUL) {
        without_nul(&mut envelope);
    }
    let message = envelope.get_mut("message").map(Value::take).unwrap_or(Value::Null);
    if message.get("type").is_none() {
        let turned = Turned { org: Some(org), why: Rejection::NotUnderstood, body, ip: request.ip, particulars: None };
        return not_understood(core, calls, turned).await;
    }
    let mut reading = fold::read(&message, now.timestamp_millis());
    let route = route(core, org, &message, &mut reading).await;
    let journal = JournalRow {
        id: HookId::at(now),
        org: Some(org),
        outcome: "accepted",
        reason: reading.events.iter().any(|event| event.kind == "unknown").then(|| "unknown_type".to_owned()),
        kind: Some(reading.kind.clone()).filter(|kind| !kind.is_empty()),
        call_ref: reading.call_ref.clone(),
        body: redact::to_keep(&message),
        body_bytes: i32::try_from(body.len()).unwrap_or(i32::MAX),
        ip: request.ip.to_string(),
        at: now,
    };
    let journalled = calls.ingest.keep(Delivery { journal, accepted: Some(Accepted { org, reading }) }).await;
    let answer = match journalled {
        Ok(journalled) => replies::reply(core, org, journalled, route, &message).await,
        Err(error) => {
            tracing::error!(%error, "a webhook could not be kept");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    failpoint::reach("calls::replied");
    metrics::counter!("zencall_webhook_acknowledged_total").increment(1);
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            // Kept, but the caller waits for words: say so in the provider's terms rather than fail the call.
            tracing::error!(%error, "a webhook was kept but could not be answered");
            Json(json!({ "error": "unavailable" })).into_response()
        }
    }
}

/// Sent again it would be no better: it is kept for a person to look at, and the provider is content.
async fn not_understood(core: &Core, calls: &Calls, turned: Turned<'_>) -> Response {
    match calls.rejected.keep(core, &turned).await {
        Ok(()) => {
            metrics::counter!("zencall_webhook_acknowledged_total").increment(1);
            Json(json!({})).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a webhook could not be kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Who shall answer, when that is asked: decided before it is kept, so that the decision is as durable as the question.
async fn route(core: &Core, org: OrgId, message: &Value, reading: &mut fold::Reading) -> Option<Route> {
    if reading.kind != replies::ASSISTANT_REQUEST {
        return None;
    }
    let route = replies::route(core, org, message).await.inspect_err(|error| tracing::error!(%error, "who answers could not be decided"));
    let route = route.ok()?;
    reading.events.push(replies::routed(&route, core.clock.now().timestamp_millis()));
    Some(route)
}

/// PostgreSQL stores every character but this one.
const NUL: &[u8] = b"\\u0000";

fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|letter| letter != '\0'),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(fields) => {
            *fields = std::mem::take(fields).into_iter().map(|(name, value)| (name.replace('\0', ""), value)).collect();
            fields.values_mut().for_each(without_nul);
        }
        _ => {}
    }
}

async fn reject(core: &Core, calls: &Calls, turned: Turned<'_>) -> Response {
    metrics::counter!("zencall_webhook_rejected_total", "reason" => turned.why.name()).increment(1);
    if let Err(error) = calls.rejected.keep(core, &turned).await {
        tracing::error!(%error, "a rejected webhook could not be journalled");
    }
    turned.why.status().into_response()
}

impl Endpoints {
    async fn find(&self, core: &Core, calls: &Calls, token: &str, from: IpAddr) -> Result<Option<Endpoint>, AppError> {
        let hash = crypto::token_hash(token);
        if let Some((at, found)) = self.lock().get(&hash)
            && at.elapsed() < ENDPOINT_TTL
        {
            return Ok(found.clone());
        }
        if calls.strangers.is_refused(from) && !calls.strangers.is_an_address(core, &hash).await? {
            return Ok(None);
        }
        let found = load(core, &hash).await?;
        let mut known = self.lock();
        if found.is_none() && known.len() > REMEMBERED {
            known.retain(|_, (_, found)| found.is_some()); // guesses fill it, too
        }
        known.insert(hash, (Instant::now(), found.clone()));
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(core: &Core, hash: &[u8]) -> Result<Option<Endpoint>, AppError> {
    let now = core.clock.now();
    let row = sqlx::query!(
        r#"select org_id as "org: OrgId", auth as "auth: sqlx::types::Json<WebhookAuth>", secret_sealed, previous_secret_sealed, previous_until
           from hook_endpoints where token_hash = $1"#,
        hash
    )
    .fetch_optional(&core.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let previous = row.previous_secret_sealed.filter(|_| row.previous_until.is_some_and(|until| until > now));
    let secrets = std::iter::once(row.secret_sealed)
        .chain(previous)
        .map(|sealed| secret::open(core, row.org, secret::SECRET, &sealed))
        .collect::<anyhow::Result<_>>()?;
    Ok(Some(Endpoint { org: row.org, auth: row.auth.0, secrets }))
}
