//! What of a webhook the journal keeps: nothing secret, nothing that repeats what other rows hold.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Parts of a key that make its value a secret or a capability.
const SECRET: &[&str] = &[
    "token",
    "secret",
    "apikey",
    "api_key",
    "authorization",
    "password",
    "credential",
    "controlurl",
    "listenurl",
    "presigned",
    "signature",
];

/// The message without secrets, and without what repeats: the assistant's settings in every message, the whole conversation in most.
/// Nothing at all for kinds that only repeat; so stored bytes grow with the turns of a call, not with their square.
pub fn to_keep(message: &Value) -> Option<String> {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_partial = kind.starts_with("transcript") && message.get("transcriptType").and_then(Value::as_str) == Some("partial");
    if is_partial || matches!(kind, "conversation-update" | "speech-update" | "model-output" | "voice-input" | "assistant.speechStarted") {
        return None;
    }
    let is_report = kind == "end-of-call-report";
    let repeats = |key: &str| match key {
        "assistant" | "messagesOpenAIFormatted" => true,
        "artifact" | "messages" | "transcript" if kind == "status-update" => true,
        "artifact" => !is_report,
        "messages" | "transcript" | "recordingUrl" | "stereoRecordingUrl" if is_report => message.get("artifact").is_some(),
        _ => false,
    };
    let kept = message.as_object()?.iter().filter(|(key, _)| !repeats(key));
    let mut text = Vec::with_capacity(4096);
    serde_json::Serializer::new(&mut text).collect_map(kept.map(|(key, value)| (key, Masked { key, value, depth: 0 }))).ok()?;
    String::from_utf8(text).ok()
}

/// A value as the journal may hold it, written without a copy of the whole.
struct Masked<'a> {
    key: &'a str,
    value: &'a Value,
    depth: usize,
}

impl Serialize for Masked<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (key, depth) = (self.key, self.depth + 1);
        match self.value {
            Value::String(_) if is_secret(key) => to.serialize_str("[redacted]"),
            Value::Object(_) if self.depth > 60 => to.serialize_unit(),
            // `server` names our own address, token included, and headers of any name.
            Value::Object(fields) => {
                let kept = fields
                    .iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "messagesOpenAIFormatted" | "assistant" | "server" | "serverUrl"));
                to.collect_map(kept.map(|(name, value)| (name, Masked { key: name, value, depth })))
            }
            Value::Array(items) => to.collect_seq(items.iter().map(|value| Masked { key, value, depth })),
            other => other.serialize(to),
        }
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.as_bytes();
    SECRET.iter().any(|part| key.windows(part.len()).any(|place| place.eq_ignore_ascii_case(part.as_bytes())))
}

/// The beginning of a body that proves nothing: enough to see what it was, without what looks like a secret.
pub fn head(body: &[u8]) -> String {
    masked(&String::from_utf8_lossy(&body[..body.len().min(HEAD)]).replace('\0', "\u{fffd}"))
}

const HEAD: usize = 512;
/// What is read of a body that was turned away, to say what it claimed to be, and what is kept of it.
const READ: usize = 256 * 1024;
const KEPT: usize = 4096;

/// What a body that was turned away claims to be: nothing in it is proven.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claim {
    pub kind: Option<String>,
    pub call_ref: Option<String>,
    pub text: String,
}

/// Reads such a body.
pub fn claim(body: &[u8]) -> Claim {
    let read = Some(body).filter(|body| body.len() <= READ).and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let message = read.as_ref().and_then(|envelope| envelope.get("message")).filter(|message| message.is_object());
    let Some(message) = message else { return Claim { text: head(body), ..Claim::default() } };
    let word = |path: &str, most: usize| {
        let word = message.pointer(path).and_then(Value::as_str).filter(|word| !word.is_empty() && !word.contains('\0'))?;
        (word.chars().count() <= most).then(|| word.to_owned())
    };
    let text = to_keep(message).unwrap_or_else(|| head(body));
    Claim { kind: word("/type", 60), call_ref: word("/call/id", 100), text: text.chars().take(KEPT).collect() }
}

/// A text that may be JSON, or the beginning of some, without the values of keys that name a secret.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut hides = false;
    while let Some(open) = rest.find('"') {
        let (before, from) = rest.split_at(open);
        let close = end_of_string(from);
        let (quoted, after) = from.split_at(close);
        let is_key = after.trim_start().starts_with(':');
        out.push_str(before);
        out.push_str(if hides && !is_key { "\"[redacted]\"" } else { quoted });
        hides = is_key && is_secret(quoted);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where a JSON string that begins here ends, its quotation mark included; the end of the text when it has none.
fn end_of_string(from: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in from.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    from.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let message = json!({ "type": "status-update", "status": "ringing", "assistant": { "model": { "messages": ["prompt"] } },
            "phoneNumber": { "twilioAuthToken": "canary-1", "number": "+33", "server": { "url": "https://z/hooks/vapi/canary-6", "headers": { "x-own": "canary-7" } } }, "call": { "monitor": { "controlUrl": "canary-2", "listenUrl": "canary-3" },
            "assistant": { "server": { "secret": "canary-4" } } }, "list": [{ "apiKey": "canary-5" }] });
        let kept = to_keep(&message).expect("kept");
        assert!(!kept.contains("canary") && !kept.contains("prompt"), "{kept}");
        assert!(kept.contains("ringing") && kept.contains("+33"));
    }

    #[test]
    fn a_body_that_was_turned_away_says_what_it_claims_and_hides_its_secrets() {
        let body =
            json!({ "message": { "type": "status-update", "call": { "id": "c1", "monitor": { "controlUrl": "canary" } } } }).to_string();
        let claim = claim(body.as_bytes());
        assert_eq!((claim.kind.as_deref(), claim.call_ref.as_deref()), (Some("status-update"), Some("c1")));
        assert!(!claim.text.contains("canary") && claim.text.contains("redacted"), "{}", claim.text);
        let cut = head(br#"{"apiKey": "can\"ary", "x": 1, "token":"canary"#);
        assert_eq!(cut, r#"{"apiKey": "[redacted]", "x": 1, "token":"[redacted]""#);
        assert_eq!(head(b"not json \"at all"), "not json \"at all");
        assert_eq!(super::claim(b"hello"), Claim { text: "hello".into(), ..Claim::default() });
    }

    #[test]
    fn what_only_repeats_is_not_kept() {
        assert_eq!(to_keep(&json!({ "type": "conversation-update", "messages": ["long"] })), None);
        assert_eq!(to_keep(&json!({ "type": "transcript", "transcriptType": "partial", "transcript": "x" })), None);
        assert!(to_keep(&json!({ "type": "transcript", "transcriptType": "final", "transcript": "x" })).is_some());
        let report = to_keep(
            &json!({ "type": "end-of-call-report", "artifact": { "messages": [{ "role": "bot", "message": "Bonjour" }] }, "messages": ["again"] }),
        );
        assert!(report.is_some_and(|kept| kept.contains("Bonjour") && !kept.contains("again")));
    }
}
