//! Deliveries that were turned away. The first few of a reason in an hour have rows of their own; the others are counted on the last of these,
//! so a flood of nonsense costs an organisation a few rows and one statement a second, and says how large it was.

use crate::{
    calls::{
        journal::model::Particulars,
        server::{redact, verify::Rejection},
    },
    platform::{Core, SystemTx},
    shared::ids::{HookId, OrgId},
};
use chrono::{DateTime, Duration, Utc};
use sqlx::types::Json;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration as StdDuration,
};

/// Rows of one reason in an hour, of one organisation, by one process.
const ROWS: u32 = 5;
/// Between two looks at what is counted.
const EVERY: StdDuration = StdDuration::from_secs(1);

fn an_hour() -> Duration {
    Duration::hours(1)
}

/// One that is turned away.
pub struct Turned<'a> {
    /// Absent when the address is nobody's.
    pub org: Option<OrgId>,
    pub why: Rejection,
    pub body: &'a [u8],
    pub ip: IpAddr,
    pub particulars: Option<Particulars>,
}

/// What is remembered of this hour. Cheap to clone.
#[derive(Clone, Default)]
pub struct Rejected(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    hours: HashMap<(Option<OrgId>, Rejection), Hour>,
    /// What is to be added to rows.
    due: HashMap<HookId, Due>,
}

/// An hour of one reason.
struct Hour {
    since: DateTime<Utc>,
    rows: u32,
    last: HookId,
}

#[derive(Clone, Copy)]
struct Due {
    times: i32,
    at: DateTime<Utc>,
}

impl Rejected {
    /// Starts what writes the counts down.
    pub fn start(core: &Core) -> Self {
        let rejected = Self::default();
        tokio::spawn(count(core.clone(), rejected.clone()));
        rejected
    }

    /// Keeps one, or counts it. Errors: the database's.
    pub async fn keep(&self, core: &Core, turned: &Turned<'_>) -> sqlx::Result<()> {
        let now = core.clock.now();
        let Some(id) = self.place(turned.org, turned.why, now) else { return Ok(()) };
        let claim = redact::claim(turned.body);
        let mut tx = SystemTx::begin(core, "a webhook that was turned away").await?;
        sqlx::query!(
            "insert into hook_journal (id, org_id, outcome, reason, kind, provider_call_id, body, body_bytes, ip, detail, created_at)
             values ($1, $2, 'rejected', $3, $4, $5, $6, $7, $8::text::inet, $9, $10)",
            id.0,
            turned.org.map(|org| org.0),
            turned.why.name(),
            claim.kind,
            claim.call_ref,
            claim.text,
            i32::try_from(turned.body.len()).unwrap_or(i32::MAX),
            turned.ip.to_string(),
            turned.particulars.as_ref().map(Json) as _,
            now
        )
        .execute(tx.conn())
        .await?;
        tx.commit().await
    }

    /// The id of the row it is to have; nothing when it is counted on one.
    fn place(&self, org: Option<OrgId>, why: Rejection, now: DateTime<Utc>) -> Option<HookId> {
        let mut counts = self.lock();
        let hour = counts.hours.entry((org, why)).or_insert_with(|| Hour { since: now, rows: 0, last: HookId::at(now) });
        if now - hour.since >= an_hour() {
            (hour.since, hour.rows) = (now, 0);
        }
        if hour.rows < ROWS {
            (hour.rows, hour.last) = (hour.rows + 1, HookId::at(now));
            return Some(hour.last);
        }
        let last = hour.last;
        let due = counts.due.entry(last).or_insert(Due { times: 0, at: now });
        *due = Due { times: due.times.saturating_add(1), at: now };
        None
    }

    /// Adds what was counted to its rows.
    async fn write(&self, core: &Core) -> sqlx::Result<()> {
        let now = core.clock.now();
        let due = {
            let mut counts = self.lock();
            counts.hours.retain(|_, hour| now - hour.since < an_hour());
            std::mem::take(&mut counts.due)
        };
        if due.is_empty() {
            return Ok(());
        }
        let written = add(core, &due).await;
        if written.is_err() {
            let mut counts = self.lock();
            for (hook, was) in due {
                let due = counts.due.entry(hook).or_insert(Due { times: 0, at: was.at });
                due.times = due.times.saturating_add(was.times);
            }
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn add(core: &Core, due: &HashMap<HookId, Due>) -> sqlx::Result<()> {
    let (hooks, times): (Vec<_>, Vec<_>) = due.iter().map(|(hook, due)| (hook.0, due.times)).unzip();
    let ats: Vec<_> = due.values().map(|due| due.at).collect();
    let mut tx = SystemTx::begin(core, "counting webhooks that were turned away").await?;
    sqlx::query!(
        "update hook_journal j set times = least(coalesce(j.times, 1)::bigint + due.times, 2000000000)::int, last_at = due.at, updated_at = now()
         from unnest($1::uuid[], $2::int[], $3::timestamptz[]) as due (id, times, at) where j.id = due.id and j.created_at = uuid_time(due.id)",
        &hooks,
        &times,
        &ats
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Writes counts down until the process drains, and once more then.
async fn count(core: Core, rejected: Rejected) {
    let each_second = async {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = rejected.write(&core).await {
                tracing::warn!(%error, "webhooks that were turned away could not be counted yet");
            }
        }
    };
    core.draining.run_until_cancelled::<_>(async { each_second.await as () }).await;
    let _ = rejected.write(&core).await; // what is lost is a count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_reason_has_a_few_rows_an_hour_and_is_counted() {
        let (rejected, org) = (Rejected::default(), Some(OrgId(uuid::Uuid::from_u128(1))));
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
        let rows = |why, at, n: usize| (0..n).filter_map(|_| rejected.place(org, why, at)).collect::<Vec<_>>();
        let kept = rows(Rejection::BadSignature, now, 1000);
        assert_eq!(kept.len(), ROWS as usize);
        let due = rejected.lock().due.get(&kept[4]).map(|due| due.times);
        assert_eq!(due, Some(995), "counted on the last of them");
        assert_eq!(rows(Rejection::MissingHeader, now, 1000).len(), ROWS as usize, "each reason is seen");
        assert_eq!(rows(Rejection::BadSignature, now + Duration::minutes(59), 3).len(), 0);
        assert_eq!(rows(Rejection::BadSignature, now + Duration::minutes(60), 3).len(), 3);
    }
}
