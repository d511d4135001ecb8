//! Whether a webhook is the provider's: every authentication mode, two secrets during a rotation, in constant time.
//! Source: protocols sheet "voice", section 4.

use crate::{
    calls::journal::model::Particulars,
    integrations::{
        model::{Algorithm, AuthMode, Encoding, WebhookAuth},
        server::{secret, token},
    },
    shared::ids::OrgId,
};
use base64::prelude::*;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;

/// Why a webhook was turned away; stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    UnknownAddress,
    MissingHeader,
    BadSignature,
    StaleTimestamp,
    SecretNotSet,
    TooLarge,
    TooSlow,
    /// Proven, and nothing that we can read.
    NotUnderstood,
}

impl Rejection {
    /// How the sender is answered; the body stays empty.
    pub fn status(self) -> StatusCode {
        match self {
            Self::SecretNotSet => StatusCode::SERVICE_UNAVAILABLE, // worth sending again, once it is
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotUnderstood => StatusCode::OK, // sent again it would be no better
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The stable word of the journal and the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownAddress => "unknown_address",
            Self::MissingHeader => "missing_header",
            Self::BadSignature => "bad_signature",
            Self::StaleTimestamp => "stale_timestamp",
            Self::SecretNotSet => "secret_not_set",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::NotUnderstood => "not_understood",
        }
    }
}

/// The parts of a request that a signature may cover.
pub struct Signed<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub now: DateTime<Utc>,
}

/// Accepts when any of `secrets` (current, then previous) proves the request.
pub fn verify(auth: &WebhookAuth, org: OrgId, secrets: &[String], request: &Signed<'_>) -> Result<(), Rejection> {
    if auth.mode == AuthMode::None {
        return Ok(());
    }
    if secrets.iter().all(String::is_empty) {
        return Err(Rejection::SecretNotSet);
    }
    let given = header(request.headers, &auth.header).ok_or(Rejection::MissingHeader)?;
    match auth.mode {
        AuthMode::None => Ok(()),
        AuthMode::Bearer | AuthMode::Header => {
            let token = strip_prefix(given, &auth.prefix).ok_or(Rejection::BadSignature)?;
            any(secrets, |secret| secret.as_bytes().ct_eq(token.as_bytes()).into())
        }
        AuthMode::Oauth2 => {
            let given = strip_prefix(given, &auth.prefix).ok_or(Rejection::BadSignature)?;
            any(secrets, |secret| token::is_good(org, secret, given, request.now))
        }
        AuthMode::Hmac => hmac(auth, secrets, request, given),
    }
}

/// Names of headers that are told of a request that was turned away.
const NAMES: usize = 40;

/// What says why a request was turned away: names and times, no value of a header but the time it was signed at.
pub fn particulars(auth: &WebhookAuth, request: &Signed<'_>, why: Rejection) -> Particulars {
    let expected: Vec<&String> =
        [&auth.header, &auth.timestamp_header, &auth.message_id_header].into_iter().filter(|name| !name.is_empty()).collect();
    let missing = expected.into_iter().find(|name| header(request.headers, name).is_none());
    let mut given: Vec<String> = request.headers.keys().map(|name| name.as_str().chars().take(60).collect()).collect();
    given.sort();
    given.truncate(NAMES);
    let signed_at = header(request.headers, &auth.timestamp_header).and_then(seconds).and_then(|at| DateTime::from_timestamp(at, 0));
    let is_of_time = why == Rejection::StaleTimestamp;
    Particulars {
        mode: Some(auth.mode.name().to_owned()),
        header: if why == Rejection::MissingHeader { missing.cloned() } else { Some(auth.header.clone()).filter(|name| !name.is_empty()) },
        given,
        signed_at: signed_at.filter(|_| is_of_time),
        tolerance_s: is_of_time.then_some(auth.tolerance_s),
    }
}

fn hmac(auth: &WebhookAuth, secrets: &[String], request: &Signed<'_>, given: &str) -> Result<(), Rejection> {
    let timestamp = match auth.timestamp_header.as_str() {
        "" => None,
        name => Some(header(request.headers, name).ok_or(Rejection::MissingHeader)?),
    };
    let message_id = match auth.message_id_header.as_str() {
        "" => "",
        name => header(request.headers, name).ok_or(Rejection::MissingHeader)?,
    };
    let payload = payload(auth, request, timestamp.unwrap_or_default(), message_id);
    // Several signatures, separated by spaces, are one each of the secrets of a rotation (Standard Webhooks).
    let signatures: Vec<Vec<u8>> = given
        .split(' ')
        .filter_map(|part| strip_prefix(part.trim(), &auth.prefix))
        .filter_map(|text| match auth.encoding {
            Encoding::Hex => hex::decode(text.to_ascii_lowercase()).ok(),
            Encoding::Base64 => BASE64_STANDARD.decode(text).ok(),
        })
        .collect();
    any(secrets, |secret| {
        secret::key_bytes(auth, secret)
            .is_ok_and(|key| signatures.iter().any(|signature| mac_is(auth.algorithm, &key, &payload, signature)))
    })?;
    // The time is judged after the signature: an unsigned claim about time is worth nothing.
    match timestamp {
        Some(text) if auth.payload_format.contains("{timestamp}") => fresh(text, request.now.timestamp(), auth.tolerance_s),
        _ => Ok(()),
    }
}

fn payload(auth: &WebhookAuth, request: &Signed<'_>, timestamp: &str, message_id: &str) -> Vec<u8> {
    let mut payload = Vec::with_capacity(request.body.len() + 64);
    let mut rest = auth.payload_format.as_str();
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        payload.extend_from_slice(before.as_bytes());
        let Some(close) = from.find('}') else { break };
        match &from[..=close] {
            "{body}" => payload.extend_from_slice(request.body),
            "{timestamp}" => payload.extend_from_slice(timestamp.as_bytes()),
            "{method}" => payload.extend_from_slice(request.method.as_bytes()),
            "{url}" => payload.extend_from_slice(request.url.as_bytes()),
            "{svix-id}" => payload.extend_from_slice(message_id.as_bytes()),
            other => payload.extend_from_slice(other.as_bytes()),
        }
        rest = &from[close + 1..];
    }
    payload.extend_from_slice(rest.as_bytes());
    payload
}

/// Given in seconds or, above 10^11, in milliseconds.
fn seconds(text: &str) -> Option<i64> {
    let number: i64 = text.trim().parse().ok()?;
    Some(if number > 100_000_000_000 { number / 1000 } else { number })
}

fn fresh(text: &str, now_s: i64, tolerance_s: u32) -> Result<(), Rejection> {
    let seconds = seconds(text).ok_or(Rejection::StaleTimestamp)?;
    if now_s.abs_diff(seconds) <= u64::from(tolerance_s) { Ok(()) } else { Err(Rejection::StaleTimestamp) }
}

fn mac_is(algorithm: Algorithm, key: &[u8], payload: &[u8], signature: &[u8]) -> bool {
    match algorithm {
        Algorithm::Sha256 => {
            Hmac::<sha2::Sha256>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(payload).verify_slice(signature).is_ok())
        }
        Algorithm::Sha512 => {
            Hmac::<sha2::Sha512>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(payload).verify_slice(signature).is_ok())
        }
        Algorithm::Sha1 => {
            Hmac::<sha1::Sha1>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(payload).verify_slice(signature).is_ok())
        }
    }
}

fn any(secrets: &[String], proves: impl Fn(&str) -> bool) -> Result<(), Rejection> {
    if secrets.iter().any(|secret| !secret.is_empty() && proves(secret)) { Ok(()) } else { Err(Rejection::BadSignature) }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

fn strip_prefix<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let head = value.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &value[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::model::Preset;
    use http::{HeaderName, HeaderValue};

    const SECRET: &str = "whsec_zencall_test";
    const BODY: &[u8] = br#"{"message":{"type":"hang","call":{"id":"c1"}}}"#;
    const ORG: OrgId = OrgId(uuid::Uuid::from_u128(1));
    const NOW: i64 = 1_790_000_000;

    fn check(auth: &WebhookAuth, secrets: &[&str], headers: &[(&'static str, &str)], now_s: i64) -> Result<(), Rejection> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))).collect();
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let now = DateTime::from_timestamp(now_s, 0).unwrap_or_default();
        verify(auth, ORG, &secrets, &Signed { method: "POST", url: "/hooks/vapi/t", headers: &headers, body: BODY, now })
    }

    /// The vectors of the protocol sheet.
    #[test]
    fn the_published_vectors_verify() {
        let of = |algorithm, encoding, payload: &str| WebhookAuth {
            algorithm,
            encoding,
            payload_format: payload.into(),
            ..WebhookAuth::default()
        };
        for (auth, signature) in [
            (
                of(Algorithm::Sha256, Encoding::Hex, "{timestamp}.{body}"),
                "2fc62429a8843742cf77c339c7be111c6f7de8e6bd9f82885f1ff82736373603",
            ),
            (of(Algorithm::Sha256, Encoding::Base64, "{timestamp}.{body}"), "L8YkKaiEN0LPd8M5x74RHG996Oa9n4KIXx/4JzY3NgM="),
            (of(Algorithm::Sha1, Encoding::Hex, "{timestamp}.{body}"), "8f1950eba07eecf2cf121e6b8a7de44f3cc38b18"),
            (of(Algorithm::Sha256, Encoding::Hex, "{body}"), "7CBD80262086A87B07E7C655BBA9DA2C60BA3904D0FF23001AB542F1D49FD331"),
            (
                of(Algorithm::Sha512, Encoding::Hex, "{body}"),
                "82a9428e178099663e96cd526938a155533590c981b54e48d82c9e2a3237e466fd7dc267af87737f049c9962cc717d60c104f16aa081b1b076f662409329c840",
            ),
        ] {
            assert_eq!(check(&auth, &[SECRET], &[("x-signature", signature), ("x-timestamp", "1790000000")], NOW), Ok(()), "{auth:?}");
            assert_eq!(
                check(&auth, &["another"], &[("x-signature", signature), ("x-timestamp", "1790000000")], NOW),
                Err(Rejection::BadSignature)
            );
        }
    }

    #[test]
    fn both_secrets_of_a_rotation_count_and_old_signatures_do_not() {
        let signature = "2fc62429a8843742cf77c339c7be111c6f7de8e6bd9f82885f1ff82736373603";
        let headers = [("x-signature", signature), ("x-timestamp", "1790000000")];
        let auth = WebhookAuth::default();
        assert_eq!(check(&auth, &["the new one", SECRET], &headers, NOW + 300), Ok(()));
        assert_eq!(check(&auth, &[SECRET], &headers, NOW + 301), Err(Rejection::StaleTimestamp));
        assert_eq!(check(&auth, &[SECRET], &headers, NOW - 301), Err(Rejection::StaleTimestamp));
        assert_eq!(check(&auth, &[SECRET], &headers[..1], NOW), Err(Rejection::MissingHeader));
        assert_eq!(check(&auth, &[""], &headers, NOW), Err(Rejection::SecretNotSet));
    }

    #[test]
    fn tokens_and_headers_are_compared_whole() {
        assert_eq!(check(&WebhookAuth::preset(Preset::Bearer), &[SECRET], &[("authorization", "bearer whsec_zencall_test")], NOW), Ok(()));
        assert_eq!(
            check(&WebhookAuth::preset(Preset::Bearer), &[SECRET], &[("authorization", "Bearer whsec_zencall_tes")], NOW),
            Err(Rejection::BadSignature)
        );
        assert_eq!(check(&WebhookAuth::preset(Preset::XVapiSecret), &[SECRET], &[("x-vapi-secret", "whsec_zencall_test")], NOW), Ok(()));
        assert_eq!(check(&WebhookAuth::preset(Preset::XVapiSecret), &[SECRET], &[], NOW), Err(Rejection::MissingHeader));
    }

    #[test]
    fn tokens_of_our_own_door_count_for_their_organisation() {
        let now = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
        let of = |org: OrgId| format!("Bearer {}", token::access_token(org, SECRET, now).expect("a token"));
        let auth = WebhookAuth::preset(Preset::Oauth2);
        assert_eq!(check(&auth, &[SECRET], &[("authorization", &of(ORG))], NOW), Ok(()));
        assert_eq!(check(&auth, &[SECRET], &[("authorization", &of(OrgId(uuid::Uuid::from_u128(2))))], NOW), Err(Rejection::BadSignature));
    }

    #[test]
    fn svix_signatures_verify_with_several_on_the_line() {
        let secret = BASE64_STANDARD.encode(b"0123456789abcdef01234567");
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"0123456789abcdef01234567")
            .expect("a key")
            .chain_update("msg_1.1790000000.")
            .chain_update(BODY);
        let signature = format!("v1,AAAA v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        let headers = [("svix-signature", signature.as_str()), ("svix-timestamp", "1790000000"), ("svix-id", "msg_1")];
        assert_eq!(check(&WebhookAuth::preset(Preset::Svix), &[&format!("whsec_{secret}")], &headers, NOW), Ok(()));
    }
}
