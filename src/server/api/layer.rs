//! What stands around every door of the API, in this order: whose key, how often, may it, was it asked before, which fields; then the
//! request is noted.

use super::fields;
use crate::{
    platform::{
        Core, OrgScope,
        api::{self, Entry, Problem, Repeat, Standing},
        keys::KeyTrouble,
        queue,
        request::{RequestInfo, loggable_path},
        tenancy::Caller,
    },
    server::door_list::{self, Kind, Who},
    shared::error::AppError,
};
use axum::{
    body::{Body, to_bytes},
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, header, request::Parts};
use std::time::Instant;
use tracing::Instrument;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// See the module.
pub async fn around(State(core): State<Core>, request: Request, next: Next) -> Response {
    let Some(info) = request.extensions().get::<RequestInfo>().cloned() else {
        return AppError::internal("no request info").into_response();
    };
    let key = match info.caller {
        Caller::Key(key) => key,
        Caller::NoKey(trouble) => return refused(trouble),
        _ => return refused(KeyTrouble::Missing),
    };
    let started = Instant::now();
    let (method, path) = (request.method().to_string(), loggable_path(request.uri().path()));
    let standing = core.api.rates.take(&key);
    let mut response = if standing.is_over { too_many(standing) } else { answer(&core, request, next).await };
    standing.tell(&mut response);
    let status = response.status().as_u16();
    metrics::counter!("zencall_api_requests_total", "status" => status.to_string()).increment(1);
    let (ms, at) = (started.elapsed().as_millis() as u64, core.clock.now());
    core.api.log.note(&core, Entry { org: key.org, key: key.id, request_id: info.id, method, path, status, ms, at });
    response
}

/// 401, and why in a word; from a wrong address 403, since another key would not help.
fn refused(trouble: KeyTrouble) -> Response {
    if trouble == KeyTrouble::Address {
        return Problem::new(403, "address_not_allowed", "this key is not good from your address").into_response();
    }
    let problem = Problem::new(401, "unauthenticated", "a key is needed: Authorization: Bearer zc_…").with("reason", trouble.name());
    let mut response = problem.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"zencall\""));
    response
}

fn too_many(standing: Standing) -> Response {
    AppError::RateLimited { retry_after_s: standing.reset_s }.into_response()
}

async fn answer(core: &Core, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let scope = match permitted(core, &parts) {
        Ok(scope) => scope,
        Err(error) => return error.into_response(),
    };
    let name = match name_of(&parts) {
        Ok(name) => name,
        Err(problem) => return problem.into_response(),
    };
    if let Some(name) = name {
        return once(scope, name, parts, body, next).await.unwrap_or_else(IntoResponse::into_response);
    }
    let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    match fields::take(&mut parts, &path) {
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Ok(Some(wanted)) => fields::cut(&wanted, next.run(Request::from_parts(parts, body)).await).await,
        Err(problem) => problem.into_response(),
    }
}

/// Before a word is read of what was sent: whether the key may come through this door at all. The action asks again.
fn permitted(core: &Core, parts: &Parts) -> Result<OrgScope, AppError> {
    let scope = OrgScope::of_parts(core, parts)?;
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    // HEAD comes in by the door of GET.
    let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
    let door = door_list::DOORS.iter().find(|door| door.kind == Kind::Api && door.path == path && door.method == method);
    // No such door: another method of this address, which is answered further in.
    if let Some(Who::Needs(permission)) = door.map(|door| door.who) {
        scope.require(permission)?;
    }
    Ok(scope)
}

/// The request's `Idempotency-Key`; only a POST has one. Errors: 400 when it is no name.
fn name_of(parts: &Parts) -> Result<Option<String>, Problem> {
    let Some(name) = parts.headers.get(&IDEMPOTENCY_KEY).filter(|_| parts.method == Method::POST) else { return Ok(None) };
    let name = name.to_str().unwrap_or_default().trim();
    if (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(name.to_owned()));
    }
    Err(Problem::new(400, "bad_idempotency_key", "Idempotency-Key is 1 to 255 visible ASCII characters"))
}

/// Does the request unless it was done. In a task of its own: a client that goes away leaves no name taken without an answer.
async fn once(scope: OrgScope, name: String, parts: Parts, body: Body, next: Next) -> Result<Response, Problem> {
    let body = to_bytes(body, super::BODY_LIMIT).await.map_err(|_| Problem::new(413, "body_too_large", "the body is larger than 1 MiB"))?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let print = api::fingerprint(parts.method.as_str(), target, &body);
    if let Repeat::Again(response) = api::reserve(&scope, &name, &print).await? {
        return Ok(response);
    }
    let trace = parts.extensions.get::<RequestInfo>().map(|info| info.id.clone());
    let doing = queue::with_trace(trace, async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        settle(&scope, &name, response).await
    });
    tokio::spawn(doing.in_current_span()).await.map_err(|error| Problem::from(AppError::internal(error)))
}

/// Keeps the answer. A failure of ours gives the name back, so that the request may be tried again.
async fn settle(scope: &OrgScope, name: &str, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return AppError::internal(error).into_response(),
    };
    let kept = if parts.status.is_server_error() {
        api::release(scope, name).await
    } else {
        api::keep(scope, name, parts.status, &parts.headers, &body).await
    };
    if let Err(error) = kept {
        tracing::warn!(?error, "the answer to a request could not be kept");
    }
    Response::from_parts(parts, Body::from(body))
}
