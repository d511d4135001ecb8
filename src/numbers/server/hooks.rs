//! Door 4: `/hooks/twilio/{token}/…`. Prove, keep once, answer: the answer leaves after the commit.

use super::{
    account, send,
    store::{self, NewMessage},
};
use crate::{
    numbers::{
        model::Direction,
        stop_words::{self, Order},
    },
    platform::{Core, OrgScope},
    providers::twilio,
    server::AppState,
    shared::{
        error::AppError,
        ids::{MessageId, OrgId},
        permission::Permission,
    },
};
use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use std::{collections::HashMap, time::Duration};

/// A message and what comes with it.
const BODY_LIMIT: usize = 128 * 1024;
/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Nothing to say in return.
const NO_REPLY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;

type Form = HashMap<String, String>;

/// The doors, for Twilio alone.
pub fn routes() -> Router<AppState> {
    Router::new().route("/hooks/twilio/{token}/sms", post(sms)).route("/hooks/twilio/{token}/status", post(status))
}

/// A message came in. 401 for an address nobody has, 403 for a signature that is wrong, 503 when it could not be kept; else 200.
async fn sms(State(state): State<AppState>, Path(token): Path<String>, query: RawQuery, headers: HeaderMap, body: Body) -> Response {
    let (org, form) = match prove(&state.core, &token, "sms", query, &headers, body).await {
        Ok(proven) => proven,
        Err(refused) => return refused.into_response(),
    };
    match keep_message(&state.core, org, &form).await {
        Ok(()) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], NO_REPLY).into_response(),
        Err(error) => unkept(&error).into_response(),
    }
}

/// Twilio tells what became of a message of ours.
async fn status(State(state): State<AppState>, Path(token): Path<String>, query: RawQuery, headers: HeaderMap, body: Body) -> Response {
    let (org, form) = match prove(&state.core, &token, "status", query, &headers, body).await {
        Ok(proven) => proven,
        Err(refused) => return refused.into_response(),
    };
    match keep_report(&state.core, org, &form).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => unkept(&error).into_response(),
    }
}

fn unkept(error: &AppError) -> StatusCode {
    tracing::error!(%error, "what Twilio told could not be kept");
    StatusCode::SERVICE_UNAVAILABLE
}

/// Whose address it is, and the fields, when the request is Twilio's. The address is looked up before the body is read.
async fn prove(
    core: &Core,
    token: &str,
    at: &str,
    RawQuery(query): RawQuery,
    headers: &HeaderMap,
    body: Body,
) -> Result<(OrgId, Form), StatusCode> {
    let known = account::of_hook(core, token).await.map_err(|error| unkept(&error))?;
    let (org, auth_token) = known.ok_or(StatusCode::UNAUTHORIZED)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(body, BODY_LIMIT)).await;
    let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    // The address as Twilio was given it: ours, whatever the proxy in front of us calls it.
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let address = format!("{}{query}", account::address(core, token, at));
    let address = address.parse().map_err(|_| StatusCode::FORBIDDEN)?;
    if !twilio::proves(auth_token.expose(), &address, text("content-type"), &body, text("x-twilio-signature")) {
        metrics::counter!("zencall_webhook_rejected_total", "reason" => "twilio_signature").increment(1);
        return Err(StatusCode::FORBIDDEN);
    }
    Ok((org, twilio::read_form(&body).into_iter().map(|(name, value)| (name, value.replace('\0', ""))).collect()))
}

fn field<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// Keeps a message once. One that is an order counts at once, in the same transaction.
async fn keep_message(core: &Core, org: OrgId, form: &Form) -> Result<(), AppError> {
    let (Some(sid), Some(from), Some(to)) = (field(form, "MessageSid"), field(form, "From"), field(form, "To")) else { return Ok(()) };
    let body = field(form, "Body").unwrap_or_default();
    let now = core.clock.now();
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let new = NewMessage { direction: Direction::In, ours: to, theirs: from, body, status: "received", sid: Some(sid), call: None };
    if store::insert(&mut tx, MessageId::at(now), &new, now).await?
        && let Some(order) = order(form, body)
    {
        let word: String = body.trim().chars().take(40).collect();
        store::obey(&mut tx, from, order, &word, now).await?;
    }
    tx.commit().await
}

/// What a message orders: as Twilio has understood it, else as we do.
fn order(form: &Form, body: &str) -> Option<Order> {
    match field(form, "OptOutType") {
        Some("STOP") => Some(Order::Stop),
        Some("START") => Some(Order::Start),
        _ => stop_words::order(body),
    }
}

/// Keeps a report once for its message and status, and moves the message on.
async fn keep_report(core: &Core, org: OrgId, form: &Form) -> Result<(), AppError> {
    let (Some(sid), Some(status)) = (field(form, "MessageSid"), field(form, "MessageStatus")) else { return Ok(()) };
    let error = field(form, "ErrorCode");
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    store::take_turn(&mut tx, sid).await?;
    if store::note_report(&mut tx, sid, status, error).await? {
        send::advance(&mut tx, sid, status, error).await?;
    }
    tx.commit().await
}
