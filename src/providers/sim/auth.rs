//! How a webhook proves where it comes from: every mode of voice.md section 4.
//! Headers of the server come last, so an `Authorization` there beats the credential.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::webhook::Target;
use super::world::{World, new_id};

/// An access token of the OAuth2 mode and until when it serves.
pub(super) struct Token {
    value: String,
    until: Instant,
}

/// The headers that authenticate this body to this receiver; with `wrong` they are believable but do not verify.
pub(super) async fn headers(world: &World, target: &Target, body: &[u8], wrong: bool) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(secret) = &target.secret {
        put(&mut headers, "X-Vapi-Secret", &spoil(secret, wrong))?;
    }
    if let Some(id) = &target.credential_id {
        let plan = world.credentials().get(id).cloned().with_context(|| format!("no credential {id}"))?;
        credential(world, id, &plan, target, body, wrong, &mut headers).await?;
    }
    for (name, value) in &target.headers {
        let Some(value) = value.as_str() else { continue };
        let secret = ["auth", "secret", "token", "signature", "key"].iter().any(|part| name.to_lowercase().contains(part));
        put(&mut headers, name, &spoil(value, wrong && secret))?;
    }
    if wrong && target.secret.is_none() && target.credential_id.is_none() && headers.is_empty() {
        put(&mut headers, "x-signature", &"0".repeat(64))?;
    }
    Ok(headers)
}

async fn credential(
    world: &World,
    id: &str,
    plan: &Value,
    target: &Target,
    body: &[u8],
    wrong: bool,
    headers: &mut HeaderMap,
) -> anyhow::Result<()> {
    match mode(plan) {
        "bearer" => {
            let token = spoil(text(plan, "token").unwrap_or_default(), wrong);
            let name = text(plan, "headerName").unwrap_or("Authorization");
            let prefixed = plan.get("bearerPrefixEnabled").and_then(Value::as_bool).unwrap_or(true);
            put(headers, name, &if prefixed { format!("Bearer {token}") } else { token })
        }
        "hmac" => {
            let hmac = HmacPlan::of(plan)?;
            let timestamp = Utc::now().timestamp().to_string();
            let message_id = format!("msg_{}", new_id().replace('-', ""));
            let signed = hmac.sign(&Signed { body, timestamp: &timestamp, url: &target.url, message_id: &message_id }, wrong)?;
            put(headers, &hmac.signature_header, &signed)?;
            if hmac.include_timestamp {
                put(headers, &hmac.timestamp_header, &timestamp)?;
            }
            if let Some(name) = hmac.message_id_header() {
                put(headers, name, &message_id)?;
            }
            Ok(())
        }
        "oauth2" => {
            let token = access_token(world, id, plan).await?;
            put(headers, "Authorization", &format!("Bearer {}", spoil(&token, wrong)))
        }
        "header" => {
            for (name, value) in plan.get("headers").and_then(Value::as_object).into_iter().flatten() {
                put(headers, name, &spoil(value.as_str().unwrap_or_default(), wrong))?;
            }
            Ok(())
        }
        other => bail!("unknown authentication plan {other:?}"),
    }
}

/// The mode of a plan: its `type`, or what its fields tell.
pub(super) fn mode(plan: &Value) -> &str {
    match text(plan, "type") {
        Some("custom-header" | "headers") => "header",
        Some(mode) => mode,
        None if plan.get("secretKey").is_some() => "hmac",
        None if plan.get("clientId").is_some() => "oauth2",
        None if plan.get("headers").is_some() => "header",
        None => "bearer",
    }
}

/// What a signature covers.
pub(super) struct Signed<'a> {
    pub(super) body: &'a [u8],
    pub(super) timestamp: &'a str,
    pub(super) url: &'a str,
    pub(super) message_id: &'a str,
}

/// An HMAC plan with its defaults filled in.
pub(super) struct HmacPlan {
    key: Vec<u8>,
    algorithm: String,
    signature_header: String,
    timestamp_header: String,
    include_timestamp: bool,
    payload_format: String,
    prefix: String,
    base64: bool,
    message_id_header: Option<String>,
}

impl HmacPlan {
    /// Reads a plan. Errors: no secret, a secret that is not base64 although it says so, an unknown algorithm.
    pub(super) fn of(plan: &Value) -> anyhow::Result<HmacPlan> {
        let secret = text(plan, "secretKey").context("secretKey is missing")?;
        let key = if plan.get("secretIsBase64") == Some(&Value::Bool(true)) {
            // Svix writes the secret with a prefix that is not part of it.
            BASE64.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).context("secretKey is not base64")?
        } else {
            secret.as_bytes().to_vec()
        };
        let include_timestamp = plan.get("includeTimestamp").and_then(Value::as_bool).unwrap_or(true);
        let default_format = if include_timestamp { "{timestamp}.{body}" } else { "{body}" };
        let algorithm = text(plan, "algorithm").unwrap_or("sha256").to_owned();
        if !matches!(algorithm.as_str(), "sha256" | "sha512" | "sha1") {
            bail!("algorithm must be one of the following values: sha256, sha512, sha1");
        }
        Ok(HmacPlan {
            key,
            algorithm,
            signature_header: text(plan, "signatureHeader").unwrap_or("x-signature").to_owned(),
            timestamp_header: text(plan, "timestampHeader").unwrap_or("x-timestamp").to_owned(),
            include_timestamp,
            payload_format: text(plan, "payloadFormat").unwrap_or(default_format).to_owned(),
            prefix: text(plan, "signaturePrefix").unwrap_or_default().to_owned(),
            base64: text(plan, "signatureEncoding") == Some("base64"),
            message_id_header: text(plan, "messageIdHeader").map(str::to_owned),
        })
    }

    /// The value of the signature header.
    pub(super) fn sign(&self, signed: &Signed<'_>, wrong: bool) -> anyhow::Result<String> {
        let mut key = self.key.clone();
        if wrong {
            key.push(b'!');
        }
        let payload = self.payload(signed);
        let digest = match self.algorithm.as_str() {
            "sha1" => digest::<Hmac<sha1::Sha1>>(&key, &payload)?,
            "sha512" => digest::<Hmac<sha2::Sha512>>(&key, &payload)?,
            _ => digest::<Hmac<sha2::Sha256>>(&key, &payload)?,
        };
        let encoded = if self.base64 { BASE64.encode(digest) } else { hex::encode(digest) };
        Ok(format!("{}{encoded}", self.prefix))
    }

    /// The name of the message id header; `svix-id` when only the format asks for an id.
    fn message_id_header(&self) -> Option<&str> {
        match &self.message_id_header {
            Some(name) => Some(name),
            None if self.payload_format.contains("{svix-id}") => Some("svix-id"),
            None => None,
        }
    }

    /// The template with its tokens replaced in one pass, so that a body containing `{timestamp}` stays what it is.
    fn payload(&self, signed: &Signed<'_>) -> Vec<u8> {
        let tokens: [(&str, &[u8]); 5] = [
            ("{body}", signed.body),
            ("{timestamp}", signed.timestamp.as_bytes()),
            ("{method}", b"POST"),
            ("{url}", signed.url.as_bytes()),
            ("{svix-id}", signed.message_id.as_bytes()),
        ];
        let mut payload = Vec::with_capacity(signed.body.len() + 64);
        let mut rest = self.payload_format.as_str();
        while let Some(brace) = rest.find('{') {
            payload.extend_from_slice(&rest.as_bytes()[..brace]);
            rest = &rest[brace..];
            match tokens.iter().find(|(token, _)| rest.starts_with(token)) {
                Some((token, value)) => {
                    payload.extend_from_slice(value);
                    rest = &rest[token.len()..];
                }
                None => {
                    payload.push(b'{');
                    rest = &rest[1..];
                }
            }
        }
        payload.extend_from_slice(rest.as_bytes());
        payload
    }
}

/// HMAC of one message with any of the hash functions.
pub(super) fn digest<M: Mac + KeyInit>(key: &[u8], payload: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| anyhow!("a key HMAC cannot use"))?;
    mac.update(payload);
    Ok(mac.finalize().into_bytes().to_vec())
}

async fn access_token(world: &World, id: &str, plan: &Value) -> anyhow::Result<String> {
    if let Some(token) = world.tokens().get(id).filter(|token| token.until > Instant::now()) {
        return Ok(token.value.clone());
    }
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", text(plan, "clientId").unwrap_or_default()),
        ("client_secret", text(plan, "clientSecret").unwrap_or_default()),
    ];
    if let Some(scope) = text(plan, "scope") {
        form.push(("scope", scope));
    }
    let url = text(plan, "url").context("the url of the token endpoint is missing")?;
    let answer: Value =
        world.client().post(url).form(&form).timeout(Duration::from_secs(10)).send().await?.error_for_status()?.json().await?;
    let value = text(&answer, "access_token").context("no access_token in the answer")?.to_owned();
    let lasts = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(3600);
    let until = Instant::now() + Duration::from_secs(lasts.saturating_sub(lasts.min(60) / 2));
    world.tokens().insert(id.to_owned(), Token { value: value.clone(), until });
    Ok(value)
}

fn spoil(secret: &str, wrong: bool) -> String {
    if wrong { secret.chars().rev().chain(['x']).collect() } else { secret.to_owned() }
}

fn text<'a>(plan: &'a Value, key: &str) -> Option<&'a str> {
    plan.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> anyhow::Result<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).with_context(|| format!("{name:?} is no header name"))?;
    headers.insert(name, HeaderValue::from_str(value).context("a header value with control characters")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{HmacPlan, Signed};

    const BODY: &[u8] = br#"{"message":{"type":"hang","call":{"id":"c1"}}}"#;

    fn sign(plan: Value) -> String {
        let mut plan = plan;
        plan["secretKey"] = json!("whsec_zencall_test");
        let signed = Signed { body: BODY, timestamp: "1790000000", url: "https://x.example/h", message_id: "msg_1" };
        HmacPlan::of(&plan).and_then(|plan| plan.sign(&signed, false)).expect("a valid plan")
    }

    #[test]
    fn the_vectors_of_the_protocol_notes_hold() {
        assert_eq!(sign(json!({})), "2fc62429a8843742cf77c339c7be111c6f7de8e6bd9f82885f1ff82736373603");
        assert_eq!(sign(json!({"algorithm": "sha256", "signatureEncoding": "base64"})), "L8YkKaiEN0LPd8M5x74RHG996Oa9n4KIXx/4JzY3NgM=");
        assert_eq!(sign(json!({"algorithm": "sha1"})), "8f1950eba07eecf2cf121e6b8a7de44f3cc38b18");
        assert_eq!(sign(json!({"payloadFormat": "{body}"})), "7cbd80262086a87b07e7c655bba9da2c60ba3904d0ff23001ab542f1d49fd331");
        assert_eq!(
            sign(json!({"payloadFormat": "{body}", "algorithm": "sha512"})),
            "82a9428e178099663e96cd526938a155533590c981b54e48d82c9e2a3237e466fd7dc267af87737f049c9962cc717d60c104f16aa081b1b076f662409329c840"
        );
    }

    #[test]
    fn the_prefix_precedes_and_a_base64_secret_is_decoded() {
        assert!(sign(json!({"signaturePrefix": "sha256="})).starts_with("sha256=2fc62429"));
        let plan = json!({"secretKey": "d2hzZWNfemVuY2FsbF90ZXN0", "secretIsBase64": true});
        let signed = Signed { body: BODY, timestamp: "1790000000", url: "", message_id: "" };
        let signature = HmacPlan::of(&plan).and_then(|plan| plan.sign(&signed, false)).expect("a valid plan");
        assert_eq!(signature, "2fc62429a8843742cf77c339c7be111c6f7de8e6bd9f82885f1ff82736373603");
    }

    #[test]
    fn tokens_inside_the_body_are_not_replaced() {
        let plan = HmacPlan::of(&json!({"secretKey": "k", "payloadFormat": "{svix-id}.{timestamp}.{body}.{method}.{url}.{x}"}));
        let signed = Signed { body: b"{timestamp}", timestamp: "5", url: "http://u", message_id: "m" };
        let payload = plan.expect("a valid plan").payload(&signed);
        assert_eq!(String::from_utf8_lossy(&payload), "m.5.{timestamp}.POST.http://u.{x}");
    }

    #[test]
    fn a_wrong_signature_differs() {
        let plan = HmacPlan::of(&json!({"secretKey": "k"})).expect("a valid plan");
        let signed = Signed { body: BODY, timestamp: "5", url: "", message_id: "" };
        assert_ne!(plan.sign(&signed, true).ok(), plan.sign(&signed, false).ok());
    }
}
