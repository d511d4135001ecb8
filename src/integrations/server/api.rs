//! Door 3: how providers reach us, over the public API. The secret of the webhooks is not told here: a program that is given a key is not
//! given what proves a provider.

use super::actions;
use crate::{
    integrations::model::*,
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, page},
    },
    server::AppState,
    shared::{
        error::AppError,
        ids::{CallId, HookId},
    },
};
use axum::{
    Json, Router,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(
    paths(read_connection, save_connection, rotate_hook_secret, list_deliveries),
    components(schemas(DeliveryOutcome)) // of the query: those are not found by themselves
)]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/integrations/vapi", get(read_connection).put(save_connection))
        .route("/api/v1/integrations/vapi/rotate-secret", post(rotate_hook_secret))
        .route("/api/v1/integrations/vapi/deliveries", get(list_deliveries))
}

/// How the provider reaches us.
#[derive(Serialize, ToSchema)]
struct Connection {
    /// Where it sends to; the token in it only for a key that may manage integrations.
    url: String,
    auth: ConnectionAuth,
    /// Until when the secret before this one is still accepted.
    previous_until: Option<DateTime<Utc>>,
    /// The provider is the simulator.
    simulated: bool,
    /// The provider cannot authenticate yet.
    incomplete: bool,
    updated_at: DateTime<Utc>,
}

/// How its webhooks prove where they come from. What a mode does not use may be left out.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionAuth {
    mode: AuthMode,
    header: Option<String>,
    timestamp_header: Option<String>,
    message_id_header: Option<String>,
    algorithm: Option<Algorithm>,
    encoding: Option<Encoding>,
    prefix: Option<String>,
    payload_format: Option<String>,
    secret_is_base64: Option<bool>,
    tolerance_s: Option<u32>,
    credential_id: Option<String>,
}

impl From<WebhookAuth> for ConnectionAuth {
    fn from(auth: WebhookAuth) -> Self {
        Self {
            mode: auth.mode,
            header: Some(auth.header),
            timestamp_header: Some(auth.timestamp_header),
            message_id_header: Some(auth.message_id_header),
            algorithm: Some(auth.algorithm),
            encoding: Some(auth.encoding),
            prefix: Some(auth.prefix),
            payload_format: Some(auth.payload_format),
            secret_is_base64: Some(auth.secret_is_base64),
            tolerance_s: Some(auth.tolerance_s),
            credential_id: auth.credential_id,
        }
    }
}

impl From<ConnectionAuth> for AuthForm {
    fn from(auth: ConnectionAuth) -> Self {
        let usual = WebhookAuth::default();
        Self {
            mode: auth.mode.to_string(),
            header: auth.header.unwrap_or_default(),
            timestamp_header: auth.timestamp_header.unwrap_or_default(),
            message_id_header: auth.message_id_header.unwrap_or_default(),
            algorithm: auth.algorithm.unwrap_or(usual.algorithm).to_string(),
            encoding: auth.encoding.unwrap_or(usual.encoding).to_string(),
            prefix: auth.prefix.unwrap_or_default(),
            payload_format: auth.payload_format.unwrap_or(usual.payload_format),
            secret_is_base64: auth.secret_is_base64.unwrap_or(false).then(|| "true".to_owned()),
            tolerance_s: auth.tolerance_s.unwrap_or(usual.tolerance_s).to_string(),
            credential_id: auth.credential_id.unwrap_or_default(),
        }
    }
}

/// How the provider reaches us
#[utoipa::path(get, path = "/api/v1/integrations/vapi", tag = "integrations", responses((status = 200, body = Connection)))]
async fn read_connection(scope: OrgScope) -> Result<Json<Connection>, AppError> {
    let endpoint = actions::endpoint(&scope).await?;
    Ok(Json(Connection {
        url: endpoint.url,
        auth: endpoint.auth.into(),
        previous_until: endpoint.previous_until,
        simulated: endpoint.simulated,
        incomplete: endpoint.incomplete,
        updated_at: endpoint.updated_at,
    }))
}

/// Change how its webhooks are authenticated
///
/// Every assistant is sent to the provider again.
#[utoipa::path(put, path = "/api/v1/integrations/vapi", tag = "integrations", request_body = ConnectionAuth, responses((status = 204)))]
async fn save_connection(scope: OrgScope, Body(body): Body<ConnectionAuth>) -> Result<StatusCode, Problem> {
    actions::save_auth(&scope, AuthForm::from(body).parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Draw a new secret
///
/// The one before it stays good for a day. The new one is shown in the browser, to who may manage integrations.
#[utoipa::path(post, path = "/api/v1/integrations/vapi/rotate-secret", tag = "integrations", responses((status = 204)))]
async fn rotate_hook_secret(scope: OrgScope) -> Result<StatusCode, Problem> {
    actions::rotate_secret(&scope).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which deliveries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    outcome: Option<DeliveryOutcome>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
struct DeliveryList {
    items: Vec<DeliveryBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// What came to our address.
#[derive(Serialize, ToSchema)]
struct DeliveryBody {
    id: HookId,
    at: DateTime<Utc>,
    /// `accepted`, `duplicate`, `rejected`, `dead`.
    outcome: String,
    reason: Option<String>,
    kind: Option<String>,
    call: Option<CallId>,
    bytes: i32,
}

const LIST: &str = "deliveries";

/// What came to our address, newest first
#[utoipa::path(get, path = "/api/v1/integrations/vapi/deliveries", tag = "integrations", params(DeliveriesQuery), responses((status = 200, body = DeliveryList)))]
async fn list_deliveries(scope: OrgScope, Params(query): Params<DeliveriesQuery>) -> Result<Json<DeliveryList>, Problem> {
    let before = page(&scope, LIST, query.after.as_deref(), None)?.after.and_then(|id| id.parse().ok());
    let journal = actions::journal(&scope, query.outcome, before).await?;
    let body = |delivery: Delivery| DeliveryBody {
        id: delivery.id,
        at: delivery.at,
        outcome: delivery.outcome,
        reason: delivery.reason,
        kind: delivery.kind,
        call: delivery.call_id,
        bytes: delivery.bytes,
    };
    Ok(Json(DeliveryList { items: journal.deliveries.into_iter().map(body).collect(), next: continued(&scope, LIST, journal.next)? }))
}
