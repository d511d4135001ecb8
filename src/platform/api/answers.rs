//! Requests that come twice under one `Idempotency-Key` are done once: the answer is kept for a day and given again.
//!
//! The name is taken before the request is done. One whose process died stays taken without an answer: nobody knows whether it was done, so
//! it is not done again. An answer may hold a key that is shown once, so it is sealed; what no master key opens any longer has no answer.

use super::Problem;
use crate::{
    platform::{Core, OrgScope, tenancy::Actor},
    shared::{error::AppError, ids::ApiKeyId},
};
use axum::response::Response;
use chrono::Duration;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a name is remembered.
const KEPT: Duration = Duration::hours(24);
/// A request that has run for so long is not running any more.
const RUNS: Duration = Duration::minutes(2);
/// What the answer is sealed for.
const PURPOSE: &str = "api answer";

/// What comes of taking a name.
pub enum Repeat {
    /// It was free: the request is to be done.
    First,
    /// It was done: the answer of that time.
    Again(Response),
}

#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What makes two requests the same.
pub fn fingerprint(method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), target.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// Takes a name. Errors: 422 `idempotency_key_reused`, 409 `idempotency_in_progress`, 409 `idempotency_outcome_unknown`.
pub async fn reserve(scope: &OrgScope, name: &str, fingerprint: &[u8]) -> Result<Repeat, Problem> {
    let (core, key, now) = (scope.core(), key_of(scope)?, scope.core().clock.now());
    let taken = sqlx::query!(
        "insert into api_answers as a (org_id, key_id, name, fingerprint, created_at) values ($1, $2, $3, $4, $5)
         on conflict (key_id, name) do update set fingerprint = excluded.fingerprint, answer = null, created_at = excluded.created_at, updated_at = now()
         where a.created_at < $6",
        scope.org().0,
        key.0,
        name,
        fingerprint,
        now,
        now - KEPT
    )
    .execute(&core.pool)
    .await
    .map_err(AppError::from)?;
    if taken.rows_affected() == 1 {
        return Ok(Repeat::First);
    }
    let row = sqlx::query!("select fingerprint, answer, created_at from api_answers where key_id = $1 and name = $2", key.0, name)
        .fetch_optional(&core.pool)
        .await
        .map_err(AppError::from)?;
    let Some(row) = row else { return Err(running()) }; // given back this moment
    if row.fingerprint != fingerprint {
        return Err(Problem::new(422, "idempotency_key_reused", "this Idempotency-Key came with another request before"));
    }
    match row.answer {
        None if row.created_at > now - RUNS => Err(running()),
        None => Err(unknown()),
        Some(sealed) => Ok(Repeat::Again(again(scope, &sealed)?)),
    }
}

fn running() -> Problem {
    Problem::new(409, "idempotency_in_progress", "the first request with this Idempotency-Key is being answered")
}

fn unknown() -> Problem {
    Problem::new(409, "idempotency_outcome_unknown", "the first request with this Idempotency-Key was never answered; look what came of it")
}

fn again(scope: &OrgScope, sealed: &[u8]) -> Result<Response, Problem> {
    let opened = scope.core().vault.open(scope.org().0, PURPOSE, sealed).map_err(|_| unknown())?;
    let kept: Kept = serde_json::from_slice(&opened).map_err(AppError::internal)?;
    let mut response = Response::new(kept.body.into());
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps the answer of a request that was done.
pub async fn keep(scope: &OrgScope, name: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), AppError> {
    let told = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
    let headers = told.iter().filter_map(|name| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()))).collect();
    let kept = Kept { status: status.as_u16(), headers, body: body.to_vec() };
    let text = serde_json::to_vec(&kept).map_err(AppError::internal)?;
    let sealed = scope.core().vault.seal(scope.org().0, PURPOSE, &text)?;
    sqlx::query!("update api_answers set answer = $3, updated_at = now() where key_id = $1 and name = $2", key_of(scope)?.0, name, sealed)
        .execute(&scope.core().pool)
        .await?;
    Ok(())
}

/// Gives the name back: nothing was done.
pub async fn release(scope: &OrgScope, name: &str) -> Result<(), AppError> {
    sqlx::query!("delete from api_answers where key_id = $1 and name = $2", key_of(scope)?.0, name).execute(&scope.core().pool).await?;
    Ok(())
}

/// Removes names of the day before; returns how many.
pub async fn forget_old(core: &Core) -> sqlx::Result<u64> {
    let before = core.clock.now() - KEPT;
    let gone = sqlx::query!("delete from api_answers where created_at < $1", before).execute(&core.pool).await?;
    Ok(gone.rows_affected())
}

fn key_of(scope: &OrgScope) -> Result<ApiKeyId, AppError> {
    match scope.actor() {
        Actor::Key(key) => Ok(key),
        _ => Err(AppError::Unauthenticated),
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn two_requests_are_the_same_only_when_all_of_them_is() {
        let one = fingerprint("POST", "/api/v1/calls", b"{}");
        assert_eq!(one, fingerprint("POST", "/api/v1/calls", b"{}"));
        assert_ne!(one, fingerprint("POST", "/api/v1/calls", b"{ }"));
        assert_ne!(one, fingerprint("POST", "/api/v1/calls?", b"{}"));
        assert_ne!(fingerprint("POST", "/a", b"bc"), fingerprint("POST", "/ab", b"c"), "parts do not run into each other");
    }
}
