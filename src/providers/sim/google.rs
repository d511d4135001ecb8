//! The twin of Google's sign-in: a page to choose an account on, codes that are good once, tokens signed with a key of its own.
//! Anybody may be chosen. What Google would say of them follows from the address:
//! `…@gmail.com` an account of their own; `private.…` another's mailbox behind a Google account; `unverified.…` an address nobody
//! checked; all others belong to the organisation of their domain.
//! Source: protocols sheet "calendar-crm", 1.1 and 2.

use super::world::World;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::prelude::*;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use url::{Url, form_urlencoded};

/// The client that the twin knows.
pub const CLIENT: &str = "sandbox.apps.googleusercontent.com";
/// Its secret.
pub const SECRET: &str = "GOCSPX-sandbox";

/// Offered on the page, beside a field for any other.
const OFFERED: [(&str, &str); 3] =
    [("Camille Renard", "demo@zencall.example"), ("Inès Durand", "ines@durand.example"), ("Léo Martin", "leo.martin@gmail.com")];
const CODE_FOR: Duration = Duration::from_secs(600);

/// What the twin remembers.
#[derive(Default)]
pub(super) struct Visits(HashMap<String, Visit>);

/// Somebody chose an account; the code has not been exchanged yet.
struct Visit {
    asked: Asked,
    email: String,
    name: String,
    begun: Instant,
}

struct SigningKey {
    pair: RsaKeyPair,
    id: String,
}

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("the library makes keys of this size");
    let id = hex::encode(&Sha256::digest(pair.public_key().as_ref())[..8]);
    SigningKey { pair, id }
});

/// The query of the page; nothing else is known.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
    #[serde(default)]
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_hint: Option<String>,
}

impl Asked {
    /// Errors: what Google shows instead of the page.
    fn check(&self) -> Result<Url, &'static str> {
        let back = Url::parse(&self.redirect_uri).map_err(|_| "redirect_uri_mismatch")?;
        let is_local = matches!(back.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if self.client_id != CLIENT {
            return Err("invalid_client");
        }
        if back.query().is_some() || back.fragment().is_some() || !(back.scheme() == "https" || is_local) {
            return Err("redirect_uri_mismatch");
        }
        let is_openid = self.scope.split(' ').any(|scope| scope == "openid");
        if self.response_type != "code" || !is_openid || self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err("invalid_request");
        }
        Ok(back)
    }
}

/// A page that Google would show.
fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Google (simulator)</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}}a,button{{display:block;width:100%;text-align:left;\
         padding:.75rem;margin:.5rem 0;border:1px solid #888;border-radius:.5rem;background:none;color:inherit;font:inherit;text-decoration:none}}\
         input{{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}}:root{{color-scheme:light dark}}</style>{body}"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    (status, [(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

fn refused(why: &str) -> Response {
    page(StatusCode::BAD_REQUEST, &format!("<h1>Error 400: {why}</h1>"))
}

/// `GET /o/oauth2/v2/auth`: choose an account.
pub(super) async fn choose(asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>) -> Response {
    let Ok(Query(asked)) = asked else { return refused("invalid_request") };
    if let Err(why) = asked.check() {
        return refused(why);
    }
    let Ok(query) = query_of(&asked) else { return refused("invalid_request") };
    let choice = |name: &str, email: &str| {
        let chosen: String = form_urlencoded::Serializer::new(query.clone()).append_pair("as", email).append_pair("called", name).finish();
        format!("<a href='/o/oauth2/v2/chosen?{}'>{name}<br><small>{email}</small></a>", chosen.replace('&', "&amp;"))
    };
    let offered: String = OFFERED.iter().map(|(name, email)| choice(name, email)).collect();
    let kept: String = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| format!("<input type=hidden name='{name}' value='{}'>", value.replace('&', "&amp;").replace('\'', "&#39;")))
        .collect();
    let body = format!(
        "<h1>Choose an account</h1><p>The sandbox stands in for Google.</p>{offered}\
         <form action=/o/oauth2/v2/chosen>{kept}<label>Another address<input name=as type=email required></label><button>Go on</button></form>\
         {}",
        choice("Cancel", "")
    );
    page(StatusCode::OK, &body)
}

/// The query again, as it came.
fn query_of(asked: &Asked) -> Result<String, serde_json::Error> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Value::Object(fields) = serde_json::to_value(asked)? {
        for (name, value) in &fields {
            query.append_pair(name, value.as_str().unwrap_or_default());
        }
    }
    Ok(query.finish())
}

/// `GET /o/oauth2/v2/chosen`: back to who asked, with a code; without an address, with a refusal.
pub(super) async fn chosen(State(world): State<World>, Query(mut fields): Query<HashMap<String, String>>) -> Response {
    let email = fields.remove("as").unwrap_or_default().trim().to_lowercase();
    let name = fields.remove("called").unwrap_or_default();
    let asked = serde_json::to_value(fields).and_then(serde_json::from_value::<Asked>);
    let Ok(asked) = asked else { return refused("invalid_request") };
    let mut back = match asked.check() {
        Ok(back) => back,
        Err(why) => return refused(why),
    };
    if email.is_empty() {
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", &asked.state);
        return Redirect::to(back.as_str()).into_response();
    }
    let code = format!("4/{}", BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>()));
    back.query_pairs_mut().append_pair("state", &asked.state).append_pair("code", &code).append_pair("scope", &asked.scope);
    let name = if name.is_empty() { email.split('@').next().unwrap_or_default().to_owned() } else { name };
    let mut visits = world.visits();
    visits.0.retain(|_, visit| visit.begun.elapsed() < CODE_FOR);
    visits.0.insert(code, Visit { asked, email, name, begun: Instant::now() });
    Redirect::to(back.as_str()).into_response()
}

fn no(status: StatusCode, error: &str, why: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": why }))).into_response()
}

/// `POST /token`.
pub(super) async fn token(State(world): State<World>, body: Bytes) -> Response {
    let fields: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != CLIENT || field("client_secret") != SECRET {
        return no(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized");
    }
    if field("grant_type") != "authorization_code" {
        return no(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Invalid grant_type");
    }
    let visit = world.visits().0.remove(field("code")).filter(|visit| visit.begun.elapsed() < CODE_FOR);
    let Some(visit) = visit else { return no(StatusCode::BAD_REQUEST, "invalid_grant", "Malformed auth code.") };
    if field("redirect_uri") != visit.asked.redirect_uri {
        return no(StatusCode::BAD_REQUEST, "redirect_uri_mismatch", "Bad Request");
    }
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    if challenge != visit.asked.code_challenge {
        return no(StatusCode::BAD_REQUEST, "invalid_grant", "Invalid code verifier.");
    }
    let Some(id_token) = signed(&claims(&visit)) else {
        return no(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no signature");
    };
    let access_token = format!("ya29.{}", hex::encode(rand::random::<[u8; 16]>()));
    Json(json!({ "access_token": access_token, "expires_in": 3599, "scope": visit.asked.scope, "token_type": "Bearer", "id_token": id_token }))
        .into_response()
}

fn claims(visit: &Visit) -> Value {
    let Visit { asked, email, name, .. } = visit;
    let now = Utc::now().timestamp();
    // The same account for the same address, without its habits above.
    let subject: u64 = Sha256::digest(email).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    let domain = email.split('@').nth(1).unwrap_or_default();
    let mut claims = json!({ "iss": "https://accounts.google.com", "azp": CLIENT, "aud": CLIENT, "sub": format!("1{subject:020}"),
        "email": email, "email_verified": !email.starts_with("unverified."), "nonce": asked.nonce, "name": name,
        "given_name": name.split(' ').next(), "iat": now, "exp": now + 3600 });
    if domain != "gmail.com" && !email.starts_with("private.") {
        claims["hd"] = domain.into();
    }
    claims
}

fn signed(claims: &Value) -> Option<String> {
    let text = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let content = format!("{}.{}", text(&json!({ "alg": "RS256", "kid": KEY.id, "typ": "JWT" })), text(claims));
    let mut signature = vec![0; KEY.pair.public_modulus_len()];
    KEY.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature).ok()?;
    Some(format!("{content}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// `GET /oauth2/v3/certs`.
pub(super) async fn keys() -> impl IntoResponse {
    let key = KEY.pair.public_key();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (key.modulus().big_endian_without_leading_zero().to_vec(), key.exponent().big_endian_without_leading_zero().to_vec());
    let keys = json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY.id, "n": text(&n), "e": text(&e) }] });
    ([(header::CACHE_CONTROL, "public, max-age=21600, must-revalidate, no-transform")], Json(keys))
}
