//! Door 3: keys over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::actions::{self, NewKey};
use crate::{
    api_keys::model::{FreshKey, KeyLine, KeyState, PER_MINUTE, RequestLine},
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    server::AppState,
    shared::{
        error::{AppError, FieldErrors},
        ids::{ApiKeyId, AssistantId, OrgId},
        permission::Permission,
    },
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
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(paths(read_me, list_keys, create_key, read_key, revoke_key, roll_key, limit_key, list_requests))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/me", get(read_me))
        .route("/api/v1/keys", get(list_keys).post(create_key))
        .route("/api/v1/keys/{id}", get(read_key).delete(revoke_key))
        .route("/api/v1/keys/{id}/roll", post(roll_key))
        .route("/api/v1/keys/{id}/limit", put(limit_key))
        .route("/api/v1/requests", get(list_requests))
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct Me {
    key: KeyBody,
    organisation: OrganisationBody,
}

/// The organisation of a key.
#[derive(Serialize, ToSchema)]
struct OrganisationBody {
    id: OrgId,
    name: String,
    /// Two letters.
    country: String,
    /// IANA name; days of filters are in it.
    timezone: String,
    locale: String,
}

/// Every key.
#[derive(Serialize, ToSchema)]
struct KeyList {
    items: Vec<KeyBody>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
struct KeyBody {
    id: ApiKeyId,
    name: String,
    /// The last characters of the secret.
    hint: String,
    state: KeyState,
    scopes: Vec<Permission>,
    expires_at: Option<DateTime<Utc>>,
    /// Where it may come from; empty: from anywhere.
    networks: Vec<String>,
    /// Requests that each process takes of it in a minute.
    per_minute: i32,
    /// What it is limited to, and the calls of these; null: every assistant.
    assistants: Option<Vec<AssistantId>>,
    /// To the minute.
    last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret before the last roll is good.
    previous_until: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// Requests of the last 14 days (UTC), oldest first.
    usage: Vec<i64>,
}

impl KeyBody {
    fn of(key: KeyLine, now: DateTime<Utc>) -> Self {
        Self {
            state: key.state(now),
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            expires_at: key.expires_at,
            networks: key.networks,
            per_minute: key.per_minute,
            assistants: key.assistants,
            last_used_at: key.last_used_at,
            previous_until: key.previous_until,
            revoked_at: key.revoked_at,
            created_at: key.created_at,
            usage: key.usage,
        }
    }
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKeyBody {
    /// 1 to 80 characters.
    name: String,
    /// What it may do; no more than the key that makes it.
    scopes: Vec<Permission>,
    /// Never, unless set; at most ten years.
    expires_at: Option<DateTime<Utc>>,
    /// Addresses or networks, at most 50; from anywhere, unless set.
    #[serde(default)]
    networks: Vec<String>,
    /// 1 to 6,000; 600 unless set.
    per_minute: Option<i32>,
    /// Limits it to these assistants and the calls of these; scopes that concern everything do nothing then.
    assistants: Option<Vec<AssistantId>>,
}

/// A key that was made or rolled.
#[derive(Serialize, ToSchema)]
struct FreshKeyBody {
    id: ApiKeyId,
    /// Shown in this answer and never again.
    secret: String,
}

impl From<FreshKey> for FreshKeyBody {
    fn from(key: FreshKey) -> Self {
        Self { id: key.id, secret: key.secret }
    }
}

/// How to roll a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RollBody {
    /// How long the former secret stays good: 0 to 604,800 seconds; a day, unless set.
    grace_s: Option<i64>,
}

/// What a key is limited to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyLimitBody {
    /// At least one; null: no limit.
    #[serde(deserialize_with = "Option::deserialize")] // left out is not null: a limit is lifted on purpose only
    #[schema(required)]
    assistants: Option<Vec<AssistantId>>,
}

/// Which requests, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RequestsQuery {
    key: Option<ApiKeyId>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of requests.
#[derive(Serialize, ToSchema)]
struct RequestList {
    items: Vec<RequestBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// A request that came with a key.
#[derive(Serialize, ToSchema)]
struct RequestBody {
    /// `req_…`, as in `X-Request-Id`.
    id: String,
    at: DateTime<Utc>,
    key: ApiKeyId,
    method: String,
    path: String,
    status: i32,
    ms: i32,
}

impl From<RequestLine> for RequestBody {
    fn from(line: RequestLine) -> Self {
        Self { id: line.request_id, at: line.at, key: line.key, method: line.method, path: line.path, status: line.status, ms: line.ms }
    }
}

/// The key that asks, and its organisation
#[utoipa::path(get, path = "/api/v1/me", tag = "keys", responses((status = 200, body = Me)))]
async fn read_me(scope: OrgScope) -> Result<Json<Me>, AppError> {
    let (key, org) = actions::me(&scope).await?;
    let organisation =
        OrganisationBody { id: scope.org(), name: org.name, country: org.country, timezone: org.timezone, locale: org.locale };
    Ok(Json(Me { key: KeyBody::of(key, scope.core().clock.now()), organisation }))
}

/// Every key, newest first
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, body = KeyList)))]
async fn list_keys(scope: OrgScope) -> Result<Json<KeyList>, AppError> {
    let found = actions::list(&scope).await?;
    let now = found.now;
    Ok(Json(KeyList { items: found.keys.into_iter().map(|key| KeyBody::of(key, now)).collect() }))
}

/// Make a key
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = NewKeyBody, responses((status = 201, body = FreshKeyBody)))]
async fn create_key(scope: OrgScope, Body(body): Body<NewKeyBody>) -> Result<Response, Problem> {
    let NewKeyBody { name, scopes, expires_at, networks, per_minute, assistants } = body;
    let new = NewKey { name, scopes, expires_at, networks, per_minute: per_minute.unwrap_or(PER_MINUTE), assistants };
    let new = actions::check(new, scope.core().clock.now(), FieldErrors::default())?;
    let fresh = actions::create(&scope, new).await?;
    let location = format!("/api/v1/keys/{}", fresh.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(FreshKeyBody::from(fresh))).into_response())
}

/// One key
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = ApiKeyId, Path)), responses((status = 200, body = KeyBody)))]
async fn read_key(scope: OrgScope, Path(text): Path<String>) -> Result<Json<KeyBody>, Problem> {
    let key = actions::read(&scope, id(&text, "key")?).await?;
    Ok(Json(KeyBody::of(key, scope.core().clock.now())))
}

/// Revoke a key
///
/// It ends at once; what it did stays to be read.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = ApiKeyId, Path)), responses((status = 204)))]
async fn revoke_key(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::revoke(&scope, id(&text, "key")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a key a new secret
///
/// Its id, name, scopes and limits stay.
#[utoipa::path(post, path = "/api/v1/keys/{id}/roll", tag = "keys", params(("id" = ApiKeyId, Path)), request_body = RollBody, responses((status = 200, body = FreshKeyBody)))]
async fn roll_key(scope: OrgScope, Path(text): Path<String>, Body(body): Body<RollBody>) -> Result<Json<FreshKeyBody>, Problem> {
    let key = id(&text, "key")?;
    Ok(Json(actions::roll(&scope, key, body.grace_s.unwrap_or(86_400)).await?.into()))
}

/// Limit a key to some assistants
///
/// And to the calls of these, from this moment on; scopes that concern everything do nothing then.
#[utoipa::path(put, path = "/api/v1/keys/{id}/limit", tag = "keys", params(("id" = ApiKeyId, Path)), request_body = KeyLimitBody, responses((status = 204)))]
async fn limit_key(scope: OrgScope, Path(text): Path<String>, Body(body): Body<KeyLimitBody>) -> Result<StatusCode, Problem> {
    actions::set_limit(&scope, id(&text, "key")?, body.assistants).await?;
    Ok(StatusCode::NO_CONTENT)
}

const LIST: &str = "requests";

/// What came with keys in the last seven days, newest first
#[utoipa::path(get, path = "/api/v1/requests", tag = "keys", params(RequestsQuery), responses((status = 200, body = RequestList)))]
async fn list_requests(scope: OrgScope, Params(query): Params<RequestsQuery>) -> Result<Json<RequestList>, Problem> {
    let before = page(&scope, LIST, query.after.as_deref(), None)?.after.and_then(|id| id.parse().ok());
    let found = actions::requests(&scope, query.key, before).await?;
    let next = continued(&scope, LIST, found.next)?;
    Ok(Json(RequestList { items: found.items.into_iter().map(RequestBody::from).collect(), next }))
}
