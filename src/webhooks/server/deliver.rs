//! Telling one endpoint of one event: one POST, signed, and what came of it in rows before anything else is tried.

use super::{
    record::{self, Outcome, Tried},
    secret,
    slots::Slots,
};
use crate::{
    platform::{
        Core, failpoint,
        outbound::{
            WEBHOOKS,
            guard::{Guarded, Incoming, NoAnswer, Outgoing},
            retry_after,
        },
        queue::{Fail, Job, lane},
    },
    shared::ids::{DeliveryId, EndpointId, EventId, OrgId},
    webhooks::model::{DeliveryState, EndpointState},
};
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};

/// Who is early by less goes on.
const CLOSE: Duration = Duration::milliseconds(50);
/// What is kept of an answer.
const KEPT_OF_ANSWER: usize = 4096;
/// Who asks for more patience gets this much.
const LONGEST_RETRY_AFTER: Duration = Duration::hours(24);

/// Tells one endpoint of one event.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver {
    pub delivery: DeliveryUuid,
}

/// The job is written by SQL, which knows ids as UUIDs.
pub type DeliveryUuid = uuid::Uuid;

impl Job for Deliver {
    const KIND: &'static str = "webhooks.deliver";
    const QUEUE: &'static str = lane::WEBHOOK;
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(40);
    /// What failed is counted in the delivery's own row.
    const MAX_ATTEMPTS: i32 = 1_000_000;
    const BACKOFF_S: &'static [i32] = &[5, 30, 60, 300];
}

/// A delivery with all that is needed to make it.
pub(super) struct Owed {
    pub id: DeliveryId,
    pub org: OrgId,
    pub event: EventId,
    pub endpoint: EndpointId,
    pub state: DeliveryState,
    pub attempts: i32,
    pub tries: i32,
    pub is_manual: bool,
    pub next_at: DateTime<Utc>,
    pub slot_at: Option<DateTime<Utc>>,
    pub body: String,
    pub url: String,
    pub endpoint_state: EndpointState,
    pub secret: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    pub headers: Option<Vec<u8>>,
    pub per_second: Option<i32>,
    pub failures: i32,
    pub resting_until: Option<DateTime<Utc>>,
}

/// Makes the next attempt, when it is time for it and there is room.
pub async fn deliver(core: &Core, slots: &Slots, job: &Deliver) -> Result<(), Fail> {
    let now = core.clock.now();
    let Some(owed) = record::owed(core, job.delivery, now).await? else { return Ok(()) };
    // What waits for an endpoint that is paused is put at the door again when it goes on.
    if owed.state != DeliveryState::Pending || owed.endpoint_state != EndpointState::Active {
        return Ok(());
    }
    if owed.next_at > now + CLOSE {
        return Err(Fail::Snooze(owed.next_at));
    }
    if let Some(until) = owed.resting_until.filter(|until| *until > now && !owed.is_manual) {
        return Err(Fail::Snooze(until + some_of(Duration::seconds(5))));
    }
    let Some(_slot) = slots.take(owed.org, owed.endpoint, owed.failures > 0) else {
        return Err(Fail::Snooze(slots.turned_away(owed.endpoint, now)));
    };
    if let Some(at) = record::slot(core, &owed, now).await?.filter(|at| *at > now + CLOSE) {
        return Err(Fail::Snooze(at));
    }
    let tried = attempt(core, &owed).await?;
    failpoint::reach("webhooks::sent");
    let next = record::keep(core, &owed, &tried).await?;
    failpoint::reach("webhooks::recorded");
    metrics::counter!("zencall_webhook_attempts_total", "outcome" => tried.outcome.label()).increment(1);
    next.map_or(Ok(()), |at| Err(Fail::Snooze(at)))
}

fn some_of(most: Duration) -> Duration {
    most * i32::from(rand::random::<u8>()) / 255
}

async fn attempt(core: &Core, owed: &Owed) -> Result<Tried, Fail> {
    let at = core.clock.now();
    let headers = headers(core, owed, at).context("the headers of a webhook")?;
    let request_head = shown(&headers);
    let guard = Guarded::of(core);
    let began = std::time::Instant::now();
    let answer = match guard.check(&owed.url) {
        Ok(address) => {
            let body = Some(owed.body.clone().into());
            guard.ask(&address, Outgoing { method: Method::POST, headers, body, deadline: WEBHOOKS.total }).await
        }
        Err(refused) => Err(NoAnswer::Refused(refused)),
    };
    let took_ms = i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX);
    let tried = Tried {
        at,
        took_ms,
        request_head,
        status: None,
        error: None,
        response_head: String::new(),
        response_body: String::new(),
        outcome: Outcome::FAILED,
    };
    Ok(match answer {
        Ok(incoming) => Tried {
            status: Some(i32::from(incoming.status)),
            outcome: judge(&incoming, at),
            response_head: clip(&shown(&incoming.headers)),
            response_body: clip(&String::from_utf8_lossy(&incoming.body)),
            ..tried
        },
        Err(error) => Tried { error: Some(clip(&error.to_string())), ..tried },
    })
}

/// What the sender makes of an answer. Source: protocols sheet "notify", 1.5.
fn judge(answer: &Incoming, now: DateTime<Utc>) -> Outcome {
    let patience =
        || retry_after(&answer.headers, now).and_then(|wait| Duration::from_std(wait).ok()).map(|wait| wait.min(LONGEST_RETRY_AFTER));
    let is_aborted = answer.headers.get("webhook-delivery").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"abort-message"));
    match answer.status {
        200..=299 => Outcome::Delivered,
        410 => Outcome::Gone,
        _ if is_aborted => Outcome::Aborted,
        429 | 503 => Outcome::Failed { not_before: patience().map(|wait| now + wait), slow_down: answer.status == 429 },
        502 | 504 => Outcome::Failed { not_before: None, slow_down: true },
        _ => Outcome::FAILED,
    }
}

/// The headers of an attempt; its own ones are signed with every secret that is good now, the newest first.
fn headers(core: &Core, owed: &Owed, at: DateTime<Utc>) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in owed.headers.as_deref().map(|sealed| secret::open_headers(core, owed.org, sealed)).transpose()?.unwrap_or_default()
    {
        let mut value = HeaderValue::from_str(&value)?;
        value.set_sensitive(true);
        headers.append(HeaderName::try_from(name)?, value);
    }
    let (id, timestamp) = (owed.event.to_string(), at.timestamp());
    let mut signatures = Vec::new();
    for sealed in std::iter::once(&owed.secret).chain(&owed.previous) {
        signatures.push(secret::signature(&secret::open(core, owed.org, sealed)?, &id, timestamp, &owed.body)?);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", id.try_into()?);
    headers.insert("webhook-timestamp", timestamp.into());
    headers.insert("webhook-signature", signatures.join(" ").try_into()?);
    Ok(headers)
}

/// A head for the log of attempts, with dots for secrets.
fn shown(headers: &HeaderMap) -> String {
    let value =
        |value: &HeaderValue| if value.is_sensitive() { "…".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
    headers.iter().map(|(name, held)| format!("{name}: {}\n", value(held))).collect()
}

/// What PostgreSQL takes as text, and no more than is kept.
fn clip(text: &str) -> String {
    let mut text: String = text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect();
    text.truncate(text.floor_char_boundary(KEPT_OF_ANSWER));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Incoming {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value")));
        Incoming { status, headers: headers.collect(), body: bytes::Bytes::new(), took: std::time::Duration::ZERO }
    }

    #[test]
    fn each_answer_means_what_the_standard_says() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let judged = |status, headers: &[(&'static str, &str)]| judge(&answer(status, headers), now);
        let later = |s: i64, slow_down| Outcome::Failed { not_before: Some(now + Duration::seconds(s)), slow_down };
        assert_eq!(judged(204, &[]), Outcome::Delivered);
        for status in [301, 302, 307, 400, 404, 500] {
            assert_eq!(judged(status, &[("location", "https://elsewhere.example")]), Outcome::FAILED, "{status}");
        }
        assert_eq!(judged(410, &[]), Outcome::Gone);
        assert_eq!(judged(429, &[("retry-after", "7")]), later(7, true));
        assert_eq!(judged(503, &[("retry-after", "600")]), later(600, false));
        assert_eq!(judged(429, &[("retry-after", "999999999")]), later(86_400, true), "a day at most");
        assert_eq!(judged(502, &[]), Outcome::Failed { not_before: None, slow_down: true });
        assert_eq!(judged(500, &[("webhook-delivery", "abort-message")]), Outcome::Aborted);
    }

    #[test]
    fn what_is_kept_is_short_and_has_no_secret() {
        let mut headers = HeaderMap::new();
        let mut value = HeaderValue::from_static("s3cret");
        value.set_sensitive(true);
        headers.insert("x-key", value);
        assert_eq!(shown(&headers), "x-key: …\n");
        assert!(clip(&"é\0".repeat(4000)).len() <= KEPT_OF_ANSWER);
    }
}
