//! What can go wrong when asking, told by what it means: was it taken, may it be sent again, what does the provider say.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::Repeat;
use crate::platform::queue::Fail;

/// The longest text of a provider that is kept.
const LONGEST_WORDS: usize = 600;

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OutboundError {
    /// The breaker is open; nothing was sent.
    #[error("{provider} has stopped answering; next try in {} s", .retry_in.as_secs_f32().ceil())]
    Open { provider: &'static str, retry_in: Duration },
    /// No connection; nothing was sent.
    #[error("{provider} cannot be reached: {cause}")]
    Unsent { provider: &'static str, cause: String },
    /// Sent, and no answer: it may have been done.
    #[error("{provider} did not answer: {cause}")]
    NoAnswer { provider: &'static str, cause: String },
    /// An answer that says no.
    #[error("{provider} answered {status}: {}", .words.join("; "))]
    Refused {
        provider: &'static str,
        status: u16,
        /// What the provider says, one or several sentences.
        words: Vec<String>,
        /// The provider's short code, such as `assistant_pinned`.
        code: Option<String>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// A good answer that cannot be understood.
    #[error("{provider} gave an answer that is not understood: {cause}")]
    Garbled { provider: &'static str, cause: String },
}

impl OutboundError {
    /// Reads status, `message` (a text or several), `error` and the waiting time.
    pub(super) fn refused(provider: &'static str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        let field = |name: &str| parsed.as_ref().and_then(|value| value.get(name)).cloned();
        let text = |value: Value| match value {
            Value::String(words) => Some(vec![words]),
            Value::Array(items) => {
                Some(items.into_iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect())
            }
            _ => None,
        };
        let raw = || match parsed {
            Some(_) => None,
            None => Some(String::from_utf8_lossy(body).trim().to_owned()).filter(|words| !words.is_empty()).map(|words| vec![words]),
        };
        let words: Vec<String> = field("message")
            .and_then(text)
            .or_else(|| field("error").and_then(text))
            .or_else(raw)
            .unwrap_or_else(|| vec![status.canonical_reason().unwrap_or("no reason given").to_owned()]);
        Self::Refused {
            provider,
            status: status.as_u16(),
            words: words.into_iter().map(|words| words.chars().take(LONGEST_WORDS).collect()).collect(),
            code: field("error").or_else(|| field("code")).and_then(|code| match code {
                Value::String(code) => Some(code),
                Value::Number(code) => Some(code.to_string()),
                _ => None,
            }),
            retry_after: retry_after(headers, Utc::now()),
        }
    }

    /// The answer's status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The provider's short code, when it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// What the provider says, in one line; our own words when it said nothing.
    pub fn words(&self) -> String {
        match self {
            Self::Refused { words, .. } => words.join("; "),
            other => other.to_string(),
        }
    }

    /// Whether the request may have been carried out although it failed: ask before sending it again.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Garbled { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::Open { .. } | Self::Unsent { .. } => false,
        }
    }

    /// Whether sending the same again cannot help.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if (400..500).contains(status) && !matches!(status, 408 | 425 | 429))
    }

    /// How long the provider, or the breaker, asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Open { retry_in, .. } => Some(*retry_in),
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn is_their_trouble(&self) -> bool {
        match self {
            Self::Unsent { .. } | Self::NoAnswer { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::Open { .. } | Self::Garbled { .. } => false,
        }
    }

    pub(super) fn may_repeat(&self, repeat: Repeat) -> bool {
        match (self, repeat) {
            (Self::Unsent { .. } | Self::Refused { status: 429, .. }, _) => true,
            (Self::NoAnswer { .. }, Repeat::Safe) => true,
            (Self::Refused { status, .. }, Repeat::Safe) => *status >= 500 || *status == 408,
            _ => false,
        }
    }

    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Open { .. } => "breaker_open",
            Self::Unsent { .. } => "unreachable",
            Self::NoAnswer { .. } => "no_answer",
            Self::Refused { status, .. } if *status >= 500 => "broken",
            Self::Refused { .. } => "refused",
            Self::Garbled { .. } => "garbled",
        }
    }
}

/// What it means for a job that may be repeated: wait as asked, give up on a refusal, else the usual back-off.
impl From<OutboundError> for Fail {
    fn from(error: OutboundError) -> Self {
        if error.is_final() { Fail::Dead(error.to_string()) } else { error.again() }
    }
}

impl OutboundError {
    /// What it means for a job that goes on trying although this was a refusal: wait as asked, else the usual back-off.
    pub fn again(&self) -> Fail {
        match self.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok()) {
            Some(wait) => Fail::RetryAt(Utc::now() + wait, self.to_string()),
            None => Fail::Retry(self.to_string()),
        }
    }
}

/// `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` in epoch seconds.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |at: DateTime<Utc>| (at.with_timezone(&Utc) - now).to_std().unwrap_or_default();
    let asked = text("retry-after").and_then(|value| {
        let seconds = value.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        seconds.or_else(|| Some(until(DateTime::parse_from_rfc2822(value).ok()?.with_timezone(&Utc))))
    });
    asked.or_else(|| Some(until(DateTime::from_timestamp(text("x-ratelimit-reset")?.parse().ok()?, 0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn waiting_times_are_read_in_every_form() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(retry_after(&headers("retry-after", "7"), now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"), now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers("retry-after", "Sun, 22 Nov 2020 10:00:30 GMT"), now), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("x-ratelimit-reset", &(now.timestamp() + 4).to_string()), now), Some(Duration::from_secs(4)));
        assert_eq!(retry_after(&headers("retry-after", "soon"), now), None);
    }

    #[test]
    fn the_words_of_a_refusal_are_kept_whatever_their_shape() {
        let words = |body: &str| OutboundError::refused("p", StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes()).words();
        assert_eq!(words(r#"{"message":"limit reached"}"#), "limit reached");
        assert_eq!(words(r#"{"message":["a should not exist","b is too long"]}"#), "a should not exist; b is too long");
        assert_eq!(words(r#"{"error":"Bad Request"}"#), "Bad Request");
        assert_eq!(words("<h1>proxy</h1>"), "<h1>proxy</h1>");
        assert_eq!(words(""), "Bad Request");
        let numbered = br#"{"code":21211,"message":"no such number","status":400}"#;
        assert_eq!(OutboundError::refused("p", StatusCode::BAD_REQUEST, &HeaderMap::new(), numbered).code(), Some("21211"));
    }

    #[test]
    fn a_job_waits_as_long_as_asked_and_gives_up_on_refusals() {
        let refused =
            |status, retry_after| OutboundError::Refused { provider: "p", status, words: vec!["w".into()], code: None, retry_after };
        assert!(matches!(Fail::from(refused(400, None)), Fail::Dead(_)));
        assert!(matches!(Fail::from(refused(429, Some(Duration::from_secs(9)))), Fail::RetryAt(..)));
        assert!(matches!(Fail::from(refused(503, None)), Fail::Retry(_)));
    }
}
