//! Outgoing webhooks as both targets see them.

use crate::shared::{
    error::{AppError, FieldErrors},
    event::EventKind,
    ids::{DeliveryId, EndpointId, EventId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How many endpoints an organisation has.
pub const MOST_ENDPOINTS: i64 = 25;
/// How long the secret before the current one still signs, unless said otherwise.
pub const GRACE_S: i64 = 86_400;
/// The longest it may.
pub const MOST_GRACE_S: i64 = 7 * 86_400;
/// Headers of an endpoint's own.
const MOST_HEADERS: usize = 10;

text_enum! {
    /// Whether an endpoint is told.
    EndpointState { Active = "active", Paused = "paused", Disabled = "disabled" }
}

text_enum! {
    /// Why an endpoint is disabled: it answered that it is gone for good, or failed for five days.
    DisabledWhy { Gone = "gone", Failing = "failing" }
}

text_enum! {
    /// What became of a delivery.
    DeliveryState { Pending = "pending", Delivered = "delivered", Failed = "failed", Cancelled = "cancelled" }
}

/// An endpoint, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: EndpointId,
    pub url: String,
    pub description: String,
    /// Empty: every kind.
    pub kinds: Vec<EventKind>,
    pub state: EndpointState,
    pub disabled_why: Option<DisabledWhy>,
    /// Names of its own headers; their values are never shown.
    pub header_names: Vec<String>,
    pub per_second: Option<i32>,
    /// Failures in a row.
    pub failures: i32,
    pub failing_since: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Until when the secret before the last roll signs, too.
    pub previous_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Attempts of the last 24 hours, by the hour, oldest first; and how many of them failed.
    pub hours: Vec<i64>,
    pub failed: i64,
}

/// Every endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Oldest first.
    pub items: Vec<Endpoint>,
    pub now: DateTime<Utc>,
}

/// An endpoint's new secret: shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshSecret {
    pub id: EndpointId,
    pub url: String,
    pub secret: String,
}

/// What is owed to an endpoint for an event, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: EndpointId,
    pub event: EventId,
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    pub state: DeliveryState,
    pub attempts: i32,
    /// When it is tried next, while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    pub last_status: Option<i32>,
    pub last_at: Option<DateTime<Utc>>,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    pub items: Vec<Delivery>,
    pub next: Option<DeliveryId>,
    pub now: DateTime<Utc>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub n: i32,
    pub at: DateTime<Utc>,
    pub took_ms: i32,
    pub status: Option<i32>,
    /// Why there was no answer.
    pub error: Option<String>,
    pub is_manual: bool,
    pub url: String,
    pub request_head: String,
    pub response_head: String,
    /// The first 4 KiB.
    pub response_body: String,
}

/// A delivery with what was sent and every attempt, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySheet {
    pub delivery: Delivery,
    pub body: String,
    pub attempts: Vec<Attempt>,
    pub now: DateTime<Utc>,
}

/// What an endpoint is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub url: String,
    pub description: String,
    pub kinds: Vec<EventKind>,
    pub per_second: Option<i32>,
    /// None: those that are kept stay.
    pub headers: Option<Vec<(String, String)>>,
}

impl Wanted {
    /// Errors: `Invalid`. The address itself is judged by the server.
    pub fn check(mut self) -> Result<Self, AppError> {
        let mut wrong = FieldErrors::default();
        self.url = self.url.trim().to_owned();
        if self.url.is_empty() || self.url.len() > 2000 {
            wrong.add("url", "address.unreadable");
        }
        self.description = self.description.trim().to_owned();
        if self.description.chars().count() > 200 || self.description.contains('\0') {
            wrong.add("description", "webhooks.description_length");
        }
        self.kinds.sort();
        self.kinds.dedup();
        if self.per_second.is_some_and(|n| !(1..=1000).contains(&n)) {
            wrong.add("per_second", "webhooks.per_second");
        }
        let headers = self.headers.as_deref().unwrap_or_default();
        if headers.len() > MOST_HEADERS || !headers.iter().all(|(name, value)| is_header(name, value)) {
            wrong.add("headers", "webhooks.headers");
        }
        wrong.into_result()?;
        Ok(self)
    }
}

/// Headers that we set, or that say how a message is framed.
fn is_header(name: &str, value: &str) -> bool {
    const OURS: [&str; 10] = [
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "transfer-encoding",
        "connection",
        "te",
        "trailer",
        "upgrade",
        "user-agent",
    ];
    let lower = name.to_ascii_lowercase();
    (1..=60).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !OURS.contains(&lower.as_str())
        && !lower.starts_with("webhook-")
        && value.len() <= 2000
        && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// What the form of an endpoint sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointForm {
    pub url: String,
    pub description: String,
    /// None ticked: every kind.
    pub kinds: Vec<String>,
    pub per_second: String,
    /// `Name: value`, one a line. Empty: what is kept stays; `-`: none any more.
    pub headers: String,
}

impl EndpointForm {
    /// Errors: `Invalid`.
    pub fn parse(&self) -> Result<Wanted, AppError> {
        let mut wrong = FieldErrors::default();
        let mut kinds = Vec::new();
        for kind in &self.kinds {
            match kind.parse() {
                Ok(kind) => kinds.push(kind),
                Err(_) => wrong.add("kinds", "webhooks.kinds"),
            }
        }
        let per_second = match self.per_second.trim() {
            "" => None,
            text => text.parse().ok().or_else(|| {
                wrong.add("per_second", "webhooks.per_second");
                None
            }),
        };
        let headers = match self.headers.trim() {
            "" => None,
            "-" => Some(vec![]),
            text => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                let pairs: Option<Vec<_>> =
                    lines.map(|line| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))).collect();
                if pairs.is_none() {
                    wrong.add("headers", "webhooks.headers");
                }
                pairs
            }
        };
        wrong.into_result()?;
        Wanted { url: self.url.clone(), description: self.description.clone(), kinds, per_second, headers }.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_an_endpoint() {
        let form = EndpointForm {
            url: " https://example.com/hooks ".into(),
            kinds: vec!["call.ended".into(), "call.started".into(), "call.ended".into()],
            per_second: "5".into(),
            headers: "X-Key: a:b\n\nX-Other:c".into(),
            ..EndpointForm::default()
        };
        let wanted = form.parse().expect("good");
        assert_eq!(wanted.url, "https://example.com/hooks");
        assert_eq!(wanted.kinds, [EventKind::CallStarted, EventKind::CallEnded]);
        assert_eq!(wanted.headers, Some(vec![("X-Key".into(), "a:b".into()), ("X-Other".into(), "c".into())]));
        assert_eq!(EndpointForm { headers: "-".into(), ..form }.parse().expect("good").headers, Some(vec![]));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let fields = |form: EndpointForm| -> Vec<String> { form.parse().expect_err("refused").fields().0.into_keys().collect() };
        let good = EndpointForm { url: "https://example.com".into(), ..EndpointForm::default() };
        assert_eq!(fields(EndpointForm::default()), ["url"]);
        assert_eq!(
            fields(EndpointForm { kinds: vec!["call.rang".into()], per_second: "x".into(), ..good.clone() }),
            ["kinds", "per_second"]
        );
        for headers in ["no colon", "Host: x", "webhook-id: x", "Content-Length: 1", "X: a\u{7f}b", "é: x"] {
            assert_eq!(fields(EndpointForm { headers: headers.into(), ..good.clone() }), ["headers"], "{headers}");
        }
        assert_eq!(fields(EndpointForm { per_second: "0".into(), description: "x".repeat(201), ..good }), ["description", "per_second"]);
    }
}
