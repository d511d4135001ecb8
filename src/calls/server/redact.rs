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

/// The beginning of a body that proves nothing: enough to see what it was.
pub fn head(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(512)]).replace('\0', "\u{fffd}")
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
