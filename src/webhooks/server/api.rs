//! Door 3: outgoing webhooks over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::{actions, catalogue};
use crate::{
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    server::AppState,
    shared::{
        event::EventKind,
        ids::{DeliveryId, EndpointId, EventId},
        permission::Permission,
    },
    webhooks::model::*,
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(
    paths(
        list_webhook_events,
        list_endpoints,
        create_endpoint,
        read_endpoint,
        edit_endpoint,
        remove_endpoint,
        set_webhook_state,
        roll_secret,
        recover_webhook,
        replay_webhook,
        send_sample,
        list_webhook_deliveries,
        read_delivery,
        resend_delivery
    ),
    components(schemas(DeliveryState))
)]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/webhook-events", get(list_webhook_events))
        .route("/api/v1/webhooks", get(list_endpoints).post(create_endpoint))
        .route("/api/v1/webhooks/{id}", get(read_endpoint).put(edit_endpoint).delete(remove_endpoint))
        .route("/api/v1/webhooks/{id}/state", put(set_webhook_state))
        .route("/api/v1/webhooks/{id}/roll", post(roll_secret))
        .route("/api/v1/webhooks/{id}/recover", post(recover_webhook))
        .route("/api/v1/webhooks/{id}/replay", post(replay_webhook))
        .route("/api/v1/webhooks/{id}/sample", post(send_sample))
        .route("/api/v1/webhooks/{id}/deliveries", get(list_webhook_deliveries))
        .route("/api/v1/webhook-deliveries/{id}", get(read_delivery))
        .route("/api/v1/webhook-deliveries/{id}/resend", post(resend_delivery))
}

/// What can be told.
#[derive(Serialize, ToSchema)]
struct KindList {
    items: Vec<KindBody>,
}

/// Something that can be told. One name is one shape for ever; fields are added.
#[derive(Serialize, ToSchema)]
struct KindBody {
    #[serde(rename = "type")]
    kind: EventKind,
    /// JSON Schema of the whole body.
    schema: Value,
    sample: Value,
}

/// Every endpoint.
#[derive(Serialize, ToSchema)]
struct EndpointList {
    items: Vec<EndpointBody>,
}

/// An endpoint, without its secret.
#[derive(Serialize, ToSchema)]
struct EndpointBody {
    id: EndpointId,
    url: String,
    description: String,
    /// Empty: every one, later ones, too.
    event_types: Vec<EventKind>,
    state: EndpointState,
    disabled_why: Option<DisabledWhy>,
    /// Names of its own headers; their values are never shown.
    header_names: Vec<String>,
    /// How many deliveries it is sent in a second at most.
    per_second: Option<i32>,
    /// Failures in a row.
    failures: i32,
    failing_since: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    /// Until when the secret before the last roll signs, too.
    previous_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// Attempts in each of the last 24 hours, oldest first.
    hours: Vec<i64>,
    /// How many of them failed.
    failed: i64,
}

impl From<Endpoint> for EndpointBody {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            event_types: endpoint.kinds,
            state: endpoint.state,
            disabled_why: endpoint.disabled_why,
            header_names: endpoint.header_names,
            per_second: endpoint.per_second,
            failures: endpoint.failures,
            failing_since: endpoint.failing_since,
            last_success_at: endpoint.last_success_at,
            last_failure_at: endpoint.last_failure_at,
            previous_until: endpoint.previous_until,
            created_at: endpoint.created_at,
            hours: endpoint.hours,
            failed: endpoint.failed,
        }
    }
}

/// What an endpoint is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedBody {
    /// https, on port 443 or 8443, on the public network.
    url: String,
    /// At most 200 characters.
    #[serde(default)]
    description: String,
    /// Every one, unless set.
    #[serde(default)]
    event_types: Vec<EventKind>,
    /// 1 to 1,000; as fast as they come, unless set.
    per_second: Option<i32>,
    /// At most ten headers to send along. In a change: absent, those that are kept stay.
    headers: Option<BTreeMap<String, String>>,
}

impl WantedBody {
    fn check(self) -> Result<Wanted, Problem> {
        let Self { url, description, event_types: kinds, per_second, headers } = self;
        let headers = headers.map(|headers| headers.into_iter().collect());
        Ok(Wanted { url, description, kinds, per_second, headers }.check()?)
    }
}

/// An endpoint's new secret.
#[derive(Serialize, ToSchema)]
struct FreshSecretBody {
    id: EndpointId,
    /// `whsec_…`, shown in this answer and never again.
    secret: String,
}

/// Whether an endpoint is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookStateBody {
    /// `active` or `paused`.
    state: EndpointState,
}

/// How to roll a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretRollBody {
    /// How long the former secret signs, too: 0 to 604,800 seconds; a day, unless set.
    grace_s: Option<i64>,
}

/// Since when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecoverBody {
    since: DateTime<Utc>,
}

/// Which time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayBody {
    from: DateTime<Utc>,
    /// Not included.
    until: DateTime<Utc>,
}

/// Which kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SampleBody {
    #[serde(rename = "type")]
    kind: EventKind,
}

/// How many are delivered once more.
#[derive(Serialize, ToSchema)]
struct AgainBody {
    deliveries: i64,
}

/// Which deliveries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    state: Option<DeliveryState>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
struct WebhookDeliveryList {
    items: Vec<WebhookDeliveryBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// What is owed to an endpoint for an event, and what became of it.
#[derive(Serialize, ToSchema)]
struct WebhookDeliveryBody {
    id: DeliveryId,
    webhook: EndpointId,
    /// The `webhook-id` of every attempt.
    event: EventId,
    #[serde(rename = "type")]
    kind: String,
    occurred_at: DateTime<Utc>,
    state: DeliveryState,
    attempts: i32,
    /// While it is pending.
    next_at: Option<DateTime<Utc>>,
    last_status: Option<i32>,
    last_at: Option<DateTime<Utc>>,
}

impl From<Delivery> for WebhookDeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            webhook: delivery.endpoint,
            event: delivery.event,
            kind: delivery.kind,
            occurred_at: delivery.occurred_at,
            state: delivery.state,
            attempts: delivery.attempts,
            next_at: delivery.next_at,
            last_status: delivery.last_status,
            last_at: delivery.last_at,
        }
    }
}

/// A delivery with its attempts.
#[derive(Serialize, ToSchema)]
struct DeliverySheetBody {
    delivery: WebhookDeliveryBody,
    /// What is signed and sent, word for word.
    body: String,
    /// Newest first.
    attempts: Vec<AttemptBody>,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
struct AttemptBody {
    n: i32,
    at: DateTime<Utc>,
    took_ms: i32,
    status: Option<i32>,
    /// Why there was no answer.
    error: Option<String>,
    /// Somebody asked for it.
    manual: bool,
    url: String,
    request_head: String,
    response_head: String,
    /// The first 4 KiB.
    response_body: String,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        Self {
            n: attempt.n,
            at: attempt.at,
            took_ms: attempt.took_ms,
            status: attempt.status,
            error: attempt.error,
            manual: attempt.is_manual,
            url: attempt.url,
            request_head: attempt.request_head,
            response_head: attempt.response_head,
            response_body: attempt.response_body,
        }
    }
}

/// What can be told, with schemas and samples
#[utoipa::path(get, path = "/api/v1/webhook-events", tag = "webhooks", responses((status = 200, body = KindList)))]
async fn list_webhook_events(scope: OrgScope) -> Result<Json<KindList>, Problem> {
    scope.require(Permission::WebhooksManage)?;
    let body = |kind: &EventKind| KindBody { kind: *kind, schema: catalogue::schema(*kind), sample: catalogue::sample(*kind) };
    Ok(Json(KindList { items: EventKind::ALL.iter().map(body).collect() }))
}

/// Every endpoint, oldest first
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", responses((status = 200, body = EndpointList)))]
async fn list_endpoints(scope: OrgScope) -> Result<Json<EndpointList>, Problem> {
    let found = actions::list(&scope).await?;
    Ok(Json(EndpointList { items: found.items.into_iter().map(EndpointBody::from).collect() }))
}

/// Add an endpoint
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WantedBody, responses((status = 201, body = FreshSecretBody)))]
async fn create_endpoint(scope: OrgScope, Body(body): Body<WantedBody>) -> Result<Response, Problem> {
    scope.require(Permission::WebhooksManage)?;
    let fresh = actions::create(&scope, body.check()?).await?;
    let location = format!("/api/v1/webhooks/{}", fresh.id);
    let body = FreshSecretBody { id: fresh.id, secret: fresh.secret };
    Ok((StatusCode::CREATED, [(header::LOCATION, location.as_str()), (header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// One endpoint
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = EndpointId, Path)), responses((status = 200, body = EndpointBody)))]
async fn read_endpoint(scope: OrgScope, Path(text): Path<String>) -> Result<Json<EndpointBody>, Problem> {
    Ok(Json(actions::read(&scope, id(&text, "endpoint")?).await?.into()))
}

/// Change an endpoint
#[utoipa::path(put, path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = WantedBody, responses((status = 200, body = EndpointBody)))]
async fn edit_endpoint(scope: OrgScope, Path(text): Path<String>, Body(body): Body<WantedBody>) -> Result<Json<EndpointBody>, Problem> {
    scope.require(Permission::WebhooksManage)?;
    Ok(Json(actions::edit(&scope, id(&text, "endpoint")?, body.check()?).await?.into()))
}

/// Remove an endpoint
///
/// With all that was delivered to it.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = EndpointId, Path)), responses((status = 204)))]
async fn remove_endpoint(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::remove(&scope, id(&text, "endpoint")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pause an endpoint, or let it go on
///
/// What waited meanwhile is delivered; a disabled one begins anew.
#[utoipa::path(put, path = "/api/v1/webhooks/{id}/state", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = WebhookStateBody, responses((status = 204)))]
async fn set_webhook_state(scope: OrgScope, Path(text): Path<String>, Body(body): Body<WebhookStateBody>) -> Result<StatusCode, Problem> {
    actions::set_state(&scope, id(&text, "endpoint")?, body.state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an endpoint a new secret
///
/// The former one signs, too, until the grace ends: `webhook-signature` then has both.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/roll", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = SecretRollBody, responses((status = 200, body = FreshSecretBody)))]
async fn roll_secret(scope: OrgScope, Path(text): Path<String>, Body(body): Body<SecretRollBody>) -> Result<Response, Problem> {
    let fresh = actions::roll(&scope, id(&text, "endpoint")?, body.grace_s.unwrap_or(GRACE_S)).await?;
    let body = FreshSecretBody { id: fresh.id, secret: fresh.secret };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Deliver once more what failed
///
/// Everything since a time that failed or was given up, at most 10,000.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/recover", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = RecoverBody, responses((status = 200, body = AgainBody)))]
async fn recover_webhook(scope: OrgScope, Path(text): Path<String>, Body(body): Body<RecoverBody>) -> Result<Json<AgainBody>, Problem> {
    let deliveries = actions::recover(&scope, id(&text, "endpoint")?, body.since).await?;
    Ok(Json(AgainBody { deliveries }))
}

/// Deliver a time once more
///
/// With what this endpoint was never told, at most 10,000. Events are kept for 30 days.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = ReplayBody, responses((status = 200, body = AgainBody)))]
async fn replay_webhook(scope: OrgScope, Path(text): Path<String>, Body(body): Body<ReplayBody>) -> Result<Json<AgainBody>, Problem> {
    let deliveries = actions::replay(&scope, id(&text, "endpoint")?, body.from, body.until).await?;
    Ok(Json(AgainBody { deliveries }))
}

/// Send a sample
///
/// Signed like any other; its ids are of nothing that exists.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/sample", tag = "webhooks", params(("id" = EndpointId, Path)), request_body = SampleBody, responses((status = 201, body = WebhookDeliveryBody)))]
async fn send_sample(
    scope: OrgScope,
    Path(text): Path<String>,
    Body(body): Body<SampleBody>,
) -> Result<(StatusCode, Json<WebhookDeliveryBody>), Problem> {
    let sent = actions::send_sample(&scope, id(&text, "endpoint")?, body.kind).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

const LIST: &str = "webhook deliveries";

/// What was delivered to an endpoint, newest first
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks", params(("id" = EndpointId, Path), DeliveriesQuery), responses((status = 200, body = WebhookDeliveryList)))]
async fn list_webhook_deliveries(
    scope: OrgScope,
    Path(text): Path<String>,
    Params(query): Params<DeliveriesQuery>,
) -> Result<Json<WebhookDeliveryList>, Problem> {
    let before = page(&scope, LIST, query.after.as_deref(), None)?.after.and_then(|id| id.parse().ok());
    let found = actions::deliveries(&scope, id(&text, "endpoint")?, query.state, before).await?;
    let next = continued(&scope, LIST, found.next)?;
    Ok(Json(WebhookDeliveryList { items: found.items.into_iter().map(WebhookDeliveryBody::from).collect(), next }))
}

/// A delivery with its attempts
#[utoipa::path(get, path = "/api/v1/webhook-deliveries/{id}", tag = "webhooks", params(("id" = DeliveryId, Path)), responses((status = 200, body = DeliverySheetBody)))]
async fn read_delivery(scope: OrgScope, Path(text): Path<String>) -> Result<Json<DeliverySheetBody>, Problem> {
    let sheet = actions::delivery(&scope, id(&text, "delivery")?).await?;
    let attempts = sheet.attempts.into_iter().map(AttemptBody::from).collect();
    Ok(Json(DeliverySheetBody { delivery: sheet.delivery.into(), body: sheet.body, attempts }))
}

/// Deliver once more
///
/// Under the same `webhook-id`, from the foot of the ladder.
#[utoipa::path(post, path = "/api/v1/webhook-deliveries/{id}/resend", tag = "webhooks", params(("id" = DeliveryId, Path)), responses((status = 200, body = WebhookDeliveryBody)))]
async fn resend_delivery(scope: OrgScope, Path(text): Path<String>) -> Result<Json<WebhookDeliveryBody>, Problem> {
    Ok(Json(actions::resend(&scope, id(&text, "delivery")?).await?.into()))
}
