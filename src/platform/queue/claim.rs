//! Which jobs a worker takes next: due ones, organisations in turn, the oldest of each first.
//!
//! While little waits, the due jobs are few enough to be ranked exactly (`FROM_HEAD`). When more wait than that, one
//! organisation's flood could fill the whole window, so the organisations themselves are walked from a cursor
//! (`FROM_TENANTS`). Both read only index entries of what they return: jobs of the future cost nothing.

use std::time::Duration;

use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Due jobs ranked exactly; more than this many waiting is a backlog.
const HEAD: i64 = 200;
/// Organisations looked at by one statement during a backlog.
const STEP: i32 = 128;
/// Statements one claim may spend on organisations that have only future jobs.
const MAX_STATEMENTS: usize = 32;

/// `$1` queue, `$2` organisation served last, `$3` jobs wanted, `$4` worker, `$5` lease in seconds, `$6` window.
pub const FROM_HEAD: &str = "
    with head as materialized (
        select id, tenant, run_at
        from jobs.job
        where queue = $1 and state = 0 and run_at <= now()
        order by run_at
        limit $6
    ),
    turn as materialized (
        select id, tenant, row_number() over (partition by tenant order by run_at, id) as nth
        from head
    ),
    due as materialized (
        select waiting.id
        from turn join jobs.job waiting on waiting.id = turn.id
        where waiting.state = 0
        order by turn.nth, turn.tenant <= $2, turn.tenant
        limit $3
        for update of waiting skip locked
    )
    update jobs.job as j
    set state = 1, attempts = attempts + 1, fence = fence + 1, worker = $4,
        lease_until = now() + $5::float8 * interval '1 second'
    from due
    where j.id = due.id
    returning j.id, j.kind, j.version, j.payload, j.attempts, j.max_attempts, j.tenant, j.trace, j.fence,
        j.key, j.created_at, (select count(*) from head) >= $6 as backlog
";

/// `$1` queue, `$2` first organisation to look at, `$3` jobs wanted, `$4` worker, `$5` lease in seconds, `$6` organisations.
pub const FROM_TENANTS: &str = "
    with recursive walk (tenant, run_at, step) as (
        (
            select tenant, run_at, 1
            from jobs.job
            where queue = $1 and state = 0 and tenant >= $2
            order by tenant, run_at
            limit 1
        )
        union all
        select next.tenant, next.run_at, walk.step + 1
        from walk
        cross join lateral (
            select tenant, run_at
            from jobs.job
            where queue = $1 and state = 0 and tenant > walk.tenant
            order by tenant, run_at
            limit 1
        ) as next
        where walk.step < $6
    ),
    due as materialized (
        select ranked.id
        from (select tenant, step from walk where run_at <= now()) as stop
        cross join lateral (
            select oldest.id, row_number() over (order by oldest.run_at) as nth
            from (
                select waiting.id, waiting.run_at
                from jobs.job as waiting
                where waiting.queue = $1 and waiting.state = 0 and waiting.tenant = stop.tenant and waiting.run_at <= now()
                order by waiting.run_at
                limit $3
                for update skip locked
            ) as oldest
        ) as ranked
        order by ranked.nth, stop.step
        limit $3
    ),
    taken as (
        update jobs.job as j
        set state = 1, attempts = attempts + 1, fence = fence + 1, worker = $4,
            lease_until = now() + $5::float8 * interval '1 second'
        from due
        where j.id = due.id
        returning j.id, j.kind, j.version, j.payload, j.attempts, j.max_attempts, j.tenant, j.trace, j.fence,
            j.key, j.created_at
    )
    select taken.*, walked.last, walked.seen
    from (
        select (array_agg(tenant order by step desc))[1] as last, count(*)::int as seen
        from walk
    ) as walked
    left join taken on true
";

/// A job under this worker's lease.
#[derive(Debug, FromRow)]
pub(super) struct Claimed {
    pub id: i64,
    pub kind: String,
    pub version: i16,
    pub payload: Value,
    pub attempts: i32,
    pub max_attempts: i32,
    pub tenant: Uuid,
    pub trace: Option<String>,
    pub fence: i64,
    pub key: Option<String>,
    pub created_at: chrono::DateTime<chrono::Utc>,
}

#[derive(FromRow)]
struct FromHead {
    #[sqlx(flatten)]
    job: Claimed,
    backlog: bool,
}

/// Where a lane stands between two claims.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The organisation served last; the next turn begins after it.
    after: Uuid,
    backlog: bool,
}

/// Who claims, for which lane, and for how long.
pub(super) struct Claim<'a> {
    pub pool: &'a PgPool,
    pub queue: &'a str,
    pub worker: &'a str,
    pub lease: Duration,
}

impl Claim<'_> {
    /// Takes up to `wanted` due jobs.
    pub(super) async fn take(&self, cursor: &mut Cursor, wanted: usize) -> sqlx::Result<Vec<Claimed>> {
        if cursor.backlog {
            let jobs = self.take_from_tenants(cursor, wanted).await?;
            cursor.backlog = jobs.len() == wanted;
            if !jobs.is_empty() {
                return Ok(jobs);
            }
        }
        self.take_from_head(cursor, wanted).await
    }

    async fn take_from_head(&self, cursor: &mut Cursor, wanted: usize) -> sqlx::Result<Vec<Claimed>> {
        let rows: Vec<FromHead> = sqlx::query_as(FROM_HEAD)
            .bind(self.queue)
            .bind(cursor.after)
            .bind(wanted as i64)
            .bind(self.worker)
            .bind(self.lease.as_secs_f64())
            .bind(HEAD)
            .fetch_all(self.pool)
            .await?;
        cursor.backlog = rows.first().is_some_and(|row| row.backlog);
        let tenants = || rows.iter().map(|row| row.job.tenant);
        let wrapped = tenants().filter(|tenant| *tenant <= cursor.after).max();
        if let Some(last) = wrapped.or_else(|| tenants().max()) {
            cursor.after = last;
        }
        Ok(rows.into_iter().map(|row| row.job).collect())
    }

    async fn take_from_tenants(&self, cursor: &mut Cursor, wanted: usize) -> sqlx::Result<Vec<Claimed>> {
        let mut start = after(cursor.after);
        let mut wrapped = start.is_nil();
        for _ in 0..MAX_STATEMENTS {
            let rows = sqlx::query(FROM_TENANTS)
                .bind(self.queue)
                .bind(start)
                .bind(wanted as i64)
                .bind(self.worker)
                .bind(self.lease.as_secs_f64())
                .bind(STEP)
                .fetch_all(self.pool)
                .await?;
            let mut jobs = Vec::with_capacity(rows.len());
            let (mut last, mut seen) = (None, 0);
            for row in &rows {
                use sqlx::Row as _;
                last = row.try_get::<Option<Uuid>, _>("last")?;
                seen = row.try_get::<i32, _>("seen")?;
                if row.try_get::<Option<i64>, _>("id")?.is_some() {
                    jobs.push(Claimed::from_row(row)?);
                }
            }
            if let Some(served) = jobs.iter().map(|job| job.tenant).max() {
                cursor.after = served;
                return Ok(jobs);
            }
            match last.map(after) {
                Some(next) if seen == STEP && !next.is_nil() => {
                    start = next;
                    cursor.after = last.unwrap_or_default();
                }
                _ if wrapped => break,
                _ => {
                    start = Uuid::nil();
                    wrapped = true;
                }
            }
        }
        Ok(vec![])
    }
}

/// The smallest id greater than this one; the greatest wraps to nil.
fn after(tenant: Uuid) -> Uuid {
    Uuid::from_u128(tenant.as_u128().wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_after_the_last_one_is_the_first() {
        assert_eq!(after(Uuid::nil()), Uuid::from_u128(1));
        assert_eq!(after(Uuid::max()), Uuid::nil());
    }
}
