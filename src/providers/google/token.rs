//! The token that names a person: signed by Google, made for us, for this visit, and not too old.

use super::GoogleError;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::Deserialize;

/// Clocks differ a little.
const LEEWAY_S: i64 = 60;
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// What is read of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    pub sub: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub hd: Option<String>,
}

/// What it is held to beside its signature, its issuer and whom it is for.
#[derive(Deserialize)]
struct Bounds {
    exp: i64,
    iat: i64,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
    #[serde(flatten)]
    claims: Claims,
}

fn nothing(why: impl ToString) -> GoogleError {
    GoogleError::Token(why.to_string())
}

/// The key it says it is signed with.
pub(super) fn key_id(token: &str) -> Result<String, GoogleError> {
    let header = jsonwebtoken::decode_header(token).map_err(nothing)?;
    header.kid.ok_or_else(|| nothing("it names no key"))
}

/// What the token says, if it may be believed.
pub(super) fn read(
    token: &str,
    keys: &JwkSet,
    key_id: &str,
    client_id: &str,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Claims, GoogleError> {
    let key = keys.find(key_id).ok_or_else(|| nothing("its key is unknown"))?;
    let key = DecodingKey::from_jwk(key).map_err(nothing)?;
    let mut rules = Validation::new(Algorithm::RS256); // whatever algorithm the token would like
    rules.set_issuer(&ISSUERS);
    rules.set_audience(&[client_id]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.validate_exp = false; // by our clock, below
    let bounds = jsonwebtoken::decode::<Bounds>(token, &key, &rules).map_err(nothing)?.claims;
    let now = now.timestamp();
    if bounds.exp + LEEWAY_S < now || bounds.iat - LEEWAY_S > now {
        return Err(nothing("it is not of now"));
    }
    if bounds.nonce != nonce {
        return Err(nothing("it is of another visit"));
    }
    if bounds.azp.is_some_and(|azp| azp != client_id) {
        return Err(nothing("it was made for another program"));
    }
    Ok(bounds.claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::KeySize,
        signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
    };
    use base64::prelude::*;
    use serde_json::{Value, json};
    use std::sync::LazyLock;

    static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
    const NOW: i64 = 1_795_478_400;

    fn keys() -> JwkSet {
        let key = KEY.public_key();
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let n = text(key.modulus().big_endian_without_leading_zero());
        let e = text(key.exponent().big_endian_without_leading_zero());
        serde_json::from_value(json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1", "n": n, "e": e }] }))
            .expect("keys")
    }

    fn good() -> Value {
        json!({ "iss": "https://accounts.google.com", "aud": "us", "azp": "us", "sub": "42", "email": "ines@gmail.com",
            "email_verified": true, "name": "Inès", "iat": NOW - 1, "exp": NOW + 3599, "nonce": "n" })
    }

    fn token(header: &Value, claims: &Value) -> String {
        let text = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", text(header), text(claims));
        let mut signature = vec![0; KEY.public_modulus_len()];
        KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("signed");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn believed(token: &str) -> Result<Claims, GoogleError> {
        let now = DateTime::from_timestamp(NOW, 0).expect("a time");
        read(token, &keys(), &key_id(token)?, "us", "n", now)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_token_is_believed_when_everything_about_it_is_right_and_only_then() {
        let header = json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" });
        let claims = believed(&token(&header, &good())).expect("believed");
        assert_eq!((claims.sub.as_str(), claims.email.as_deref(), claims.email_verified), ("42", Some("ines@gmail.com"), true));
        assert!(believed(&token(&header, &with("iss", json!("accounts.google.com")))).is_ok(), "the older spelling");
        for (name, value) in [
            ("iss", json!("https://accounts.google.com.evil.example")),
            ("aud", json!("somebody-else")),
            ("azp", json!("somebody-else")),
            ("exp", json!(NOW - 61)),
            ("iat", json!(NOW + 61)),
            ("nonce", json!("of-another-visit")),
            ("nonce", Value::Null),
            ("sub", Value::Null),
        ] {
            assert!(believed(&token(&header, &with(name, value.clone()))).is_err(), "{name}: {value}");
        }
    }

    #[test]
    fn a_signature_that_is_not_googles_proves_nothing() {
        let header = json!({ "alg": "RS256", "kid": "k1" });
        let good_one = token(&header, &good());
        let (signed, _) = good_one.rsplit_once('.').expect("three parts");
        let admin = BASE64_URL_SAFE_NO_PAD.encode(with("sub", json!("1")).to_string());
        let (head, _) = signed.split_once('.').expect("two parts");
        let signature = good_one.rsplit('.').next().expect("three parts");
        let unsigned = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": "k1" }).to_string());
        let with_mac = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "kid": "k1" }).to_string());
        let body = signed.split_once('.').expect("two parts").1;
        for forged in [
            format!("{head}.{admin}.{signature}"),
            format!("{signed}."),
            format!("{unsigned}.{body}."),
            format!("{with_mac}.{body}.{signature}"),
            token(&json!({ "alg": "RS256", "kid": "k2" }), &good()),
            token(&json!({ "alg": "RS256" }), &good()),
            String::new(),
            "a.b.c".into(),
        ] {
            assert!(believed(&forged).is_err(), "{forged}");
        }
    }
}
