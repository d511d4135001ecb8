//! Our token door for the OAuth2 mode: `POST /hooks/oauth/token` (RFC 6749, 4.4, client credentials).
//!
//! An access token is the organisation and a time, with an HMAC under the webhook secret: nothing is stored, and a secret
//! that is no longer accepted takes its tokens with it.

use super::{secret, store};
use crate::{
    integrations::model::AuthMode,
    platform::{Core, SystemTx, request::RequestInfo, throttle},
    shared::{error::AppError, ids::OrgId},
};
use axum::{
    Extension, Form, Json, Router,
    extract::{FromRef, State},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::prelude::*;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long an access token lasts.
const LASTS_S: i64 = 3600;

/// The token door.
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Core: FromRef<S>,
{
    Router::new().route("/hooks/oauth/token", post(issue))
}

#[derive(Deserialize)]
struct Asked {
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

async fn issue(
    State(core): State<Core>,
    request: Extension<RequestInfo>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Response, AppError> {
    // By address, not by client: nobody shall be able to use up another's tries.
    throttle::take(&core, &format!("hook token {}", request.ip), 120, 60).await?;
    if asked.grant_type != "client_credentials" {
        return Ok(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"));
    }
    let (id, given) = basic(&headers).unwrap_or((asked.client_id, asked.client_secret));
    let Ok(org) = id.parse::<OrgId>() else { return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client")) };
    let now = core.clock.now();
    let mut tx = SystemTx::begin(&core, "a provider asks for a webhook access token").await?;
    let found = store::secrets_of(tx.conn(), org, now).await?;
    drop(tx);
    let Some((_, sealed)) = found.filter(|(auth, _)| auth.mode == AuthMode::Oauth2) else {
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client"));
    };
    for sealed in sealed {
        let secret = secret::open(&core, org, secret::SECRET, &sealed)?;
        if bool::from(secret.as_bytes().ct_eq(given.as_bytes())) {
            let token = access_token(org, &secret, now)?;
            let body = Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LASTS_S }));
            return Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response());
        }
    }
    Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client"))
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "error": code }))).into_response()
}

/// `Authorization: Basic …` beats the form, as RFC 6749 2.3.1 prefers.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// A token for this organisation, good for an hour.
pub fn access_token(org: OrgId, secret: &str, now: DateTime<Utc>) -> Result<String, AppError> {
    let claim = format!("{org}.{}", now.timestamp() + LASTS_S);
    Ok(format!("{claim}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac_of(secret, &claim)?)))
}

/// Whether a token is ours, for this organisation, under this secret, and not over. Constant time in the tag.
pub fn is_good(org: OrgId, secret: &str, token: &str, now: DateTime<Utc>) -> bool {
    let Some((claim, tag)) = token.rsplit_once('.') else { return false };
    let Some((owner, until)) = claim.split_once('.') else { return false };
    let Ok(tag) = BASE64_URL_SAFE_NO_PAD.decode(tag) else { return false };
    let is_ours = mac_of(secret, claim).is_ok_and(|expected| bool::from(expected.ct_eq(&tag)));
    is_ours && owner.parse() == Ok(org) && until.parse::<i64>().is_ok_and(|until| until > now.timestamp())
}

fn mac_of(secret: &str, claim: &str) -> Result<Vec<u8>, AppError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::internal)?;
    mac.update(b"zencall hook token:");
    mac.update(claim.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_organisation_its_secret_and_its_hour() {
        let (acme, globex) = (OrgId(uuid::Uuid::from_u128(1)), OrgId(uuid::Uuid::from_u128(2)));
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
        let token = access_token(acme, "s1", now).expect("a token");
        assert!(is_good(acme, "s1", &token, now));
        assert!(!is_good(globex, "s1", &token, now));
        assert!(!is_good(acme, "s2", &token, now));
        assert!(!is_good(acme, "s1", &token, now + chrono::Duration::seconds(LASTS_S)));
        let longer = token.replacen(".1790003600.", ".1890003600.", 1);
        assert_ne!(longer, token);
        assert!(!is_good(acme, "s1", &longer, now));
        for garbage in ["", ".", "..", "a.b.c", &token[..token.len() - 2]] {
            assert!(!is_good(acme, "s1", garbage, now), "{garbage}");
        }
    }
}
