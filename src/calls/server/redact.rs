//! What of a webhook the journal keeps: nothing secret, nothing that repeats what other rows hold.

use serde_json::Value;

/// Parts of a key that make its value a secret or a capability.
const SECRET: &[&str] = &["token", "secret", "apikey", "api_key", "authorization", "password", "credential", "controlurl", "listenurl", "presigned", "signature"];

/// The message without secrets, and without what repeats: the assistant's settings in every message, the whole conversation in most.
/// Nothing at all for kinds that only repeat; so stored bytes grow with the turns of a call, not with their square.
pub fn to_keep(message: &Value) -> Option<String> {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_partial = kind.starts_with("transcript") && message.get("transcriptType").and_then(Value::as_str) == Some("partial");
    if is_partial || matches!(kind, "conversation-update" | "speech-update" | "model-output" | "voice-input" | "assistant.speechStarted") {
        return None;
    }
    let is_report = kind == "end-of-call-report";
    let mut kept = serde_json::Map::new();
    for (key, value) in message.as_object()? {
        let repeats = match key.as_str() {
            "assistant" | "messagesOpenAIFormatted" => true,
            "artifact" | "messages" | "transcript" if kind == "status-update" => true,
            "artifact" => !is_report,
            "messages" | "transcript" | "recordingUrl" | "stereoRecordingUrl" if is_report => message.get("artifact").is_some(),
            _ => false,
        };
        if !repeats {
            kept.insert(key.clone(), masked(key, value, 0));
        }
    }
    Some(Value::Object(kept).to_string())
}

fn masked(key: &str, value: &Value, depth: usize) -> Value {
    let lower = key.to_ascii_lowercase();
    match value {
        Value::String(_) if SECRET.iter().any(|part| lower.contains(part)) => Value::String("[redacted]".into()),
        Value::Object(_) if depth > 60 => Value::Null,
        Value::Object(fields) => {
            let skip = |name: &String| matches!(name.as_str(), "messagesOpenAIFormatted" | "assistant");
            fields.iter().filter(|(name, _)| !skip(name)).map(|(name, inner)| (name.clone(), masked(name, inner, depth + 1))).collect()
        }
        Value::Array(items) => items.iter().map(|inner| masked(key, inner, depth + 1)).collect(),
        other => other.clone(),
    }
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
            "phoneNumber": { "twilioAuthToken": "canary-1", "number": "+33" }, "call": { "monitor": { "controlUrl": "canary-2", "listenUrl": "canary-3" },
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
        let report = to_keep(&json!({ "type": "end-of-call-report", "artifact": { "messages": [{ "role": "bot", "message": "Bonjour" }] }, "messages": ["again"] }));
        assert!(report.is_some_and(|kept| kept.contains("Bonjour") && !kept.contains("again")));
    }
}
