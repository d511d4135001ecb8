//! Google, as far as it tells who somebody is: where a browser is sent, the exchange of the code it brings back, and the check of the
//! signed token that names the person. Its simulator speaks the same wire format.
//!
//! Knows Google's addresses, forms and errors; knows nothing of our slices. Source: protocols sheet "calendar-crm", sections 1 and 2.

mod token;

use crate::platform::{
    Core,
    config::GoogleConfig,
    outbound::{Account, GOOGLE, Outbound, OutboundError, Repeat},
};
use chrono::{DateTime, Utc};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

use token::Claims;

/// Whom a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Google's own id of the account: never given to another, whatever becomes of the address.
    pub subject: String,
    /// In lower case; empty when Google told none.
    pub email: String,
    pub name: String,
    /// The organisation whose administrators manage the account; empty for an account of somebody's own.
    pub hosted_domain: String,
    /// Google answers for the address: it checked it, and runs the mailbox or its domain.
    pub is_vouched_for: bool,
}

/// Why nobody is named.
#[derive(Debug, thiserror::Error)]
pub enum GoogleError {
    #[error(transparent)]
    Asking(#[from] OutboundError),
    /// The code was not taken: used, too old, of another browser.
    #[error("Google did not take the code: {0}")]
    Code(String),
    /// The token does not prove what it says.
    #[error("Google's token proves nothing: {0}")]
    Token(String),
}

/// What a code is exchanged for; of it all only the token that names the person matters here.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct WithIdToken {
    #[serde(default)]
    id_token: Option<String>,
}
impl ExtraTokenFields for WithIdToken {}

type Tokens = oauth2::StandardTokenResponse<WithIdToken, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Google(Arc<Parts>);

struct Parts {
    client: Client,
    client_id: String,
    keys_url: Url,
    account: Account,
    http: Outbound,
    keys: Mutex<Option<Keys>>,
}

/// Google's public keys, until they want to be asked for again.
#[derive(Clone)]
struct Keys {
    set: Arc<jsonwebtoken::jwk::JwkSet>,
    read_at: Instant,
    good_for: Duration,
}

/// An unknown key is asked for again, but not for every nonsense.
const KEYS_AT_LEAST: Duration = Duration::from_secs(30);
const KEYS_AT_MOST: Duration = Duration::from_secs(24 * 3600);

impl Google {
    /// `redirect` is the address Google sends the browser back to, as it is registered there.
    pub fn new(config: &GoogleConfig, redirect: &Url) -> Self {
        let GoogleConfig { client_id, client_secret, authorize_url, token_url, keys_url } = config;
        let client = oauth2::Client::new(ClientId::new(client_id.clone()))
            .set_client_secret(ClientSecret::new(client_secret.expose().to_owned()))
            .set_auth_uri(AuthUrl::from_url(authorize_url.clone()))
            .set_token_uri(TokenUrl::from_url(token_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
            .set_auth_type(oauth2::AuthType::RequestBody);
        Self(Arc::new(Parts {
            client,
            client_id: client_id.clone(),
            keys_url: keys_url.clone(),
            account: Account::of(&[client_id]),
            http: Outbound::new(GOOGLE),
            keys: Mutex::default(),
        }))
    }

    /// The process' client; nothing where no client id is set.
    pub fn of(core: &Core) -> Option<Self> {
        core.providers.get::<Self>().cloned()
    }

    /// Where the browser goes. `verifier` stays here: it proves later that who comes back is who left; `nonce` comes back in the token.
    pub fn address(&self, state: &str, verifier: &str, nonce: &str) -> Url {
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
        let asked = self
            .0
            .client
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            .add_scopes(["openid", "email", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce)
            .add_extra_param("prompt", "select_account");
        asked.url().0
    }

    /// Whom the code names. Errors: `Code`, `Token`, and what can go wrong when asking.
    pub async fn person(&self, code: &str, verifier: &str, nonce: &str, now: DateTime<Utc>) -> Result<Person, GoogleError> {
        let google = self.clone();
        let ask = move |request: HttpRequest| {
            let google = google.clone();
            async move { google.ask(request).await }
        };
        let tokens = self
            .0
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&ask)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) if error.status().is_some_and(|status| status == 400) => {
                    GoogleError::Code(error.code().unwrap_or("invalid_request").to_owned())
                }
                RequestTokenError::Request(error) => GoogleError::Asking(error),
                RequestTokenError::ServerResponse(said) => GoogleError::Code(said.to_string()),
                error => GoogleError::Token(error.to_string()),
            })?;
        let token = tokens.extra_fields().id_token.as_deref().ok_or_else(|| GoogleError::Token("there is none".into()))?;
        let key_id = token::key_id(token)?;
        let keys = self.keys(&key_id).await?;
        let claims = token::read(token, &keys, &key_id, &self.0.client_id, nonce, now)?;
        Ok(claims.into())
    }

    /// Asks as everything is asked here: with deadlines, never after a redirect, and once, because a code is good once.
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string();
        let answer = self
            .0
            .http
            .send(&self.0.account, Repeat::OnlyUnsent, |http| {
                http.request(head.method.clone(), &url).headers(head.headers.clone()).body(body.clone())
            })
            .await?;
        let mut response = HttpResponse::new(answer.body.to_vec());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    /// The keys, asked for again when they are old or do not have this one.
    async fn keys(&self, key_id: &str) -> Result<Arc<jsonwebtoken::jwk::JwkSet>, GoogleError> {
        let kept = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = kept.filter(|keys| {
            let age = keys.read_at.elapsed();
            age < KEYS_AT_LEAST || (age < keys.good_for && keys.set.find(key_id).is_some())
        }) {
            return Ok(keys.set);
        }
        let answer = self.0.http.send(&self.0.account, Repeat::Safe, |http| http.get(self.0.keys_url.clone())).await?;
        let said = answer.headers.get(http::header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let set = Arc::new(answer.json()?);
        let keys = Keys { set: Arc::clone(&set), read_at: Instant::now(), good_for: max_age(said) };
        *self.0.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys);
        Ok(set)
    }
}

fn max_age(cache_control: &str) -> Duration {
    let seconds = cache_control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3600)).clamp(KEYS_AT_LEAST, KEYS_AT_MOST)
}

impl From<Claims> for Person {
    fn from(claims: Claims) -> Self {
        let email = claims.email.unwrap_or_default().trim().to_lowercase();
        let hosted_domain = claims.hd.unwrap_or_default().trim().to_lowercase();
        // Another's mailbox with a Google account on top proves nothing once its owner changes.
        let runs_the_mailbox = !hosted_domain.is_empty() || email.ends_with("@gmail.com");
        let is_vouched_for = claims.email_verified && runs_the_mailbox && !email.is_empty();
        Self { subject: claims.sub, name: claims.name.unwrap_or_default(), is_vouched_for, email, hosted_domain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_as_long_as_google_says_within_reason() {
        assert_eq!(max_age("public, max-age=19800, must-revalidate"), Duration::from_secs(19800));
        assert_eq!(max_age(""), Duration::from_secs(3600));
        assert_eq!(max_age("max-age=0"), KEYS_AT_LEAST);
        assert_eq!(max_age("max-age=99999999"), KEYS_AT_MOST);
    }

    #[test]
    fn an_address_is_vouched_for_by_who_runs_its_mailbox() {
        let person = |email: &str, email_verified, hd: Option<&str>| {
            let claims = Claims { sub: "1".into(), email: Some(email.into()), email_verified, name: None, hd: hd.map(str::to_owned) };
            Person::from(claims).is_vouched_for
        };
        assert!(person("Ines@gmail.com", true, None));
        assert!(person("ines@durand.example", true, Some("durand.example")));
        assert!(!person("ines@durand.example", true, None), "somebody else runs that mailbox");
        assert!(!person("ines@durand.example", false, Some("durand.example")));
        assert!(!person("ines@evilgmail.com", true, None));
        assert!(!person("", true, Some("durand.example")));
    }
}
