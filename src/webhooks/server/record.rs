//! What became of an attempt, in one transaction: the attempt, the delivery's place on the ladder, and how the endpoint is.

use super::deliver::Owed;
use crate::{
    platform::{
        Core, SystemTx,
        mail::{Letter, Mail},
        queue::{self, Opts},
    },
    shared::{
        error::AppError,
        ids::{DeliveryId, EndpointId, EventId, OrgId},
    },
    webhooks::model::{DeliveryState, DisabledWhy, EndpointState},
};
use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Seconds to the next attempt after the first, second … failure. Source: protocols sheet "notify", 1.6.
pub const LADDER_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Failures in a row after which an endpoint rests between attempts.
const RESTS_AFTER: i32 = 5;
/// The longest rest.
const LONGEST_REST: Duration = Duration::seconds(300);
/// The rest of who asks us to slow down.
const SLOW_DOWN: Duration = Duration::seconds(5);

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// 410: nothing is wanted any more.
    Gone,
    /// This message is not wanted.
    Aborted,
    Failed {
        not_before: Option<DateTime<Utc>>,
        slow_down: bool,
    },
}

impl Outcome {
    /// To be tried again when the ladder says.
    pub const FAILED: Self = Self::Failed { not_before: None, slow_down: false };

    /// For metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Gone => "gone",
            Self::Aborted => "aborted",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An attempt that was made.
pub struct Tried {
    pub at: DateTime<Utc>,
    pub took_ms: i32,
    pub status: Option<i32>,
    pub error: Option<String>,
    pub request_head: String,
    pub response_head: String,
    pub response_body: String,
    pub outcome: Outcome,
}

/// A delivery with all that is needed to make it.
pub async fn owed(core: &Core, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<Option<Owed>> {
    sqlx::query_as!(
        Owed,
        r#"
        select d.id as "id: DeliveryId", d.org_id as "org: OrgId", d.event_id as "event: EventId", d.endpoint_id as "endpoint: EndpointId",
          d.state as "state: DeliveryState", d.attempts, d.tries, d.is_manual, d.next_at, d.slot_at, v.body, e.url,
          e.state as "endpoint_state: EndpointState", e.secret_sealed as secret,
          case when e.previous_until > $2 then e.previous_sealed end as previous, e.headers_sealed as headers, e.per_second, e.failures,
          e.resting_until
        from webhook_deliveries d join webhook_events v on v.id = d.event_id join webhook_endpoints e on e.id = d.endpoint_id
        where d.id = $1
        "#,
        id,
        now
    )
    .fetch_optional(&core.pool)
    .await
}

/// When the throttle lets a delivery go: each is given a moment of its own, once.
pub async fn slot(core: &Core, owed: &Owed, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    let Some(per_second) = owed.per_second else { return Ok(None) };
    if owed.slot_at.is_some() {
        return Ok(owed.slot_at);
    }
    let mut tx = SystemTx::begin(core, "the throttle of an endpoint").await?;
    let apart = f64::from(1000) / f64::from(per_second);
    let at: Option<DateTime<Utc>> = sqlx::query_scalar!(
        r#"update webhook_endpoints set slot_at = greatest(coalesce(slot_at, $2), $2) + $3 * interval '1 millisecond' where id = $1
           returning slot_at - $3 * interval '1 millisecond' as "at""#,
        owed.endpoint.0,
        now,
        apart
    )
    .fetch_optional(tx.conn())
    .await?
    .flatten();
    sqlx::query!("update webhook_deliveries set slot_at = $2 where id = $1", owed.id.0, at).execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(at)
}

/// Records an attempt, once; says when the next one is.
pub async fn keep(core: &Core, owed: &Owed, tried: &Tried) -> sqlx::Result<Option<DateTime<Utc>>> {
    let now = core.clock.now();
    let next = next_at(owed.tries, tried, now);
    let state = match (tried.outcome, next) {
        (Outcome::Delivered, _) => DeliveryState::Delivered,
        (_, Some(_)) => DeliveryState::Pending,
        (_, None) => DeliveryState::Failed,
    };
    let mut tx = SystemTx::begin(core, "an attempt to deliver a webhook").await?;
    // Somebody else made this attempt meanwhile, or it was asked for once more: theirs stands, and the row says what is next.
    if !move_on(tx.conn(), owed, tried, state, next).await? {
        return Ok(Some(now + Duration::seconds(1)));
    }
    write_attempt(tx.conn(), owed, tried).await?;
    match tried.outcome {
        Outcome::Delivered => well(tx.conn(), owed.endpoint, now).await?,
        Outcome::Gone => disable(tx.conn(), core, owed.org, owed.endpoint, DisabledWhy::Gone).await?,
        Outcome::Aborted => {}
        Outcome::Failed { not_before, slow_down } => ill(tx.conn(), owed, now, not_before, slow_down).await?,
    }
    tx.commit().await?;
    Ok(next)
}

/// When the ladder leads on; nothing at its end, or when nothing is to be tried again.
fn next_at(tries: i32, tried: &Tried, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Outcome::Failed { not_before, .. } = tried.outcome else { return None };
    let step = *LADDER_S.get(usize::try_from(tries).ok()?)?;
    let jitter = 0.9 + 0.2 * rand::random::<f64>();
    let at = now + Duration::milliseconds((step as f64 * 1000.0 * jitter) as i64);
    Some(not_before.map_or(at, |not_before| at.max(not_before)))
}

async fn move_on(
    conn: &mut PgConnection,
    owed: &Owed,
    tried: &Tried,
    state: DeliveryState,
    next: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "update webhook_deliveries set state = $3, attempts = attempts + 1, tries = tries + 1, is_manual = false, next_at = coalesce($4, next_at),
           slot_at = null, last_status = $5, last_at = $6, updated_at = now()
         where id = $1 and attempts = $2 and state = 'pending'",
        owed.id.0,
        owed.attempts,
        state.name(),
        next,
        tried.status,
        tried.at
    )
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == 1)
}

async fn write_attempt(conn: &mut PgConnection, owed: &Owed, tried: &Tried) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into webhook_attempts (org_id, delivery_id, n, endpoint_id, at, took_ms, status, error, is_manual, url, request_head, response_head, response_body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        owed.org.0,
        owed.id.0,
        owed.attempts + 1,
        owed.endpoint.0,
        tried.at,
        tried.took_ms,
        tried.status,
        tried.error,
        owed.is_manual,
        owed.url,
        tried.request_head,
        tried.response_head,
        tried.response_body
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// It answered. Its row is written when that is news: all deliveries of an endpoint would wait for it.
async fn well(conn: &mut PgConnection, endpoint: EndpointId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_endpoints set failures = 0, failing_since = null, resting_until = null, told_days = 0, last_success_at = $2, updated_at = now()
         where id = $1 and (failures > 0 or failing_since is not null or resting_until is not null
                            or last_success_at is null or last_success_at < $2::timestamptz - interval '1 minute')",
        endpoint.0,
        now
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// It failed: after some failures in a row it rests between attempts, longer each time.
async fn ill(
    conn: &mut PgConnection,
    owed: &Owed,
    now: DateTime<Utc>,
    not_before: Option<DateTime<Utc>>,
    slow_down: bool,
) -> sqlx::Result<()> {
    let failures = owed.failures + 1;
    let rest = if failures >= RESTS_AFTER {
        let seconds = 1_i64 << (failures - RESTS_AFTER).min(9);
        Duration::seconds(seconds).min(LONGEST_REST)
    } else {
        Duration::zero()
    };
    let rest = if slow_down { rest.max(SLOW_DOWN) } else { rest };
    let until = (rest > Duration::zero()).then_some(now + rest).max(not_before);
    sqlx::query!(
        "update webhook_endpoints set failures = failures + 1, failing_since = coalesce(failing_since, $2), last_failure_at = $2,
           resting_until = greatest(resting_until, $3), updated_at = now()
         where id = $1",
        owed.endpoint.0,
        now,
        until
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// Tells an endpoint nothing more, gives up what waits for it, and writes to the owners.
pub async fn disable(conn: &mut PgConnection, core: &Core, org: OrgId, endpoint: EndpointId, why: DisabledWhy) -> sqlx::Result<()> {
    let done = sqlx::query_scalar!(
        "update webhook_endpoints set state = 'disabled', disabled_why = $2, updated_at = now() where id = $1 and state = 'active' returning url",
        endpoint.0,
        why.name()
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(url) = done else { return Ok(()) };
    sqlx::query!(
        "update webhook_deliveries set state = 'cancelled', updated_at = now() where endpoint_id = $1 and state = 'pending'",
        endpoint.0
    )
    .execute(&mut *conn)
    .await?;
    let days = if why == DisabledWhy::Failing { 5 } else { 0 };
    tracing::info!(%org, %endpoint, why = why.name(), "an endpoint was disabled");
    tell_owners(conn, core, org, &url, days, true).await
}

/// A letter to every owner. `days`: for how long it fails; none: it said that it is gone.
pub async fn tell_owners(conn: &mut PgConnection, core: &Core, org: OrgId, url: &str, days: u32, is_disabled: bool) -> sqlx::Result<()> {
    let owners = sqlx::query!(
        "select a.email, a.name, a.locale from members m join accounts a on a.id = m.account_id where m.org_id = $1 and m.role = 'owner' order by a.id",
        org.0
    )
    .fetch_all(&mut *conn)
    .await?;
    let page =
        core.config.public_url.join("settings/webhooks").map_err(|error| sqlx::Error::Encode(Box::new(AppError::internal(error))))?;
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    for owner in owners {
        let letter = Letter::WebhookFailing { name: owner.name, host: host.clone(), days, is_disabled, url: page.to_string() };
        queue::enqueue(conn, &Mail { to: owner.email, locale: owner.locale, letter }, Opts::default().tenant(org.0)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(outcome: Outcome) -> Tried {
        let at = DateTime::UNIX_EPOCH;
        let none = String::new;
        Tried { at, took_ms: 0, status: None, error: None, request_head: none(), response_head: none(), response_body: none(), outcome }
    }

    #[test]
    fn the_ladder_has_ten_attempts_each_give_or_take_a_tenth() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        for (tries, step) in (0..).zip(LADDER_S) {
            for _ in 0..50 {
                let wait = (next_at(tries, &tried(Outcome::FAILED), now).expect("a next one") - now).as_seconds_f64();
                assert!((step as f64 * 0.9 - 0.01..=step as f64 * 1.1).contains(&wait), "{wait} for {step}");
            }
        }
        assert_eq!(next_at(9, &tried(Outcome::FAILED), now), None);
        assert_eq!(LADDER_S.iter().sum::<i64>(), 272_105, "75 h 35 min 5 s after the first");
        let patient = Outcome::Failed { not_before: Some(now + Duration::hours(1)), slow_down: false };
        assert_eq!(next_at(0, &tried(patient), now), Some(now + Duration::hours(1)));
        assert_eq!(next_at(0, &tried(Outcome::Gone), now), None);
    }
}
