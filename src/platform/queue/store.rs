//! Every statement that moves a job, each alone and each guarded by (id, fence): sending one twice, or after its answer
//! was lost, changes nothing. Claims are in `claim.rs`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection, PgPool};

use super::{Fail, Opts, Waiting, trace};

/// The table is for operators, not for dumps.
const LONGEST_ERROR: usize = 2_000;

pub(super) async fn insert(conn: &mut PgConnection, job: &Waiting, opts: Opts) -> sqlx::Result<i64> {
    let ladder = opts.backoff_s.unwrap_or_else(|| job.backoff_s.to_vec());
    sqlx::query_scalar("select jobs.enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(job.queue)
        .bind(job.kind)
        .bind(job.version)
        .bind(&job.payload)
        .bind(opts.tenant)
        .bind(opts.key)
        .bind(opts.run_at)
        .bind(opts.max_attempts.unwrap_or(job.max_attempts))
        .bind(ladder)
        .bind(opts.trace.or_else(trace::current_trace))
        .fetch_one(conn)
        .await
}

/// One lease: whose answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lease {
    pub id: i64,
    pub fence: i64,
}

fn columns(leases: &[Lease]) -> (Vec<i64>, Vec<i64>) {
    leases.iter().map(|lease| (lease.id, lease.fence)).unzip()
}

/// Deletes what is done; returns the lanes in which a job is to run once more, because its key was enqueued meanwhile.
pub(super) async fn finish(pool: &PgPool, leases: &[Lease]) -> sqlx::Result<Vec<String>> {
    let (ids, fences) = columns(leases);
    let gone = sqlx::query(
        "
        delete from jobs.job as j
        using unnest($1::bigint[], $2::bigint[]) as done (id, fence)
        where j.id = done.id and j.fence = done.fence and j.state = 1 and j.again_at is null
        ",
    )
    .bind(&ids)
    .bind(&fences)
    .execute(pool)
    .await?
    .rows_affected();
    if gone == leases.len() as u64 {
        return Ok(vec![]);
    }
    // A second statement with its own snapshot: a keyed enqueue may have slipped in while the first one ran.
    sqlx::query_scalar(
        "
        update jobs.job as j
        set state = 0, attempts = 0, run_at = again_at, again_at = null, lease_until = null, worker = null, last_error = null
        from unnest($1::bigint[], $2::bigint[]) as done (id, fence)
        where j.id = done.id and j.fence = done.fence and j.state = 1 and j.again_at is not null
        returning j.queue
        ",
    )
    .bind(&ids)
    .bind(&fences)
    .fetch_all(pool)
    .await
}

/// The same within the handler's own transaction; false when the lease was lost, and the handler must roll back.
pub(super) async fn finish_in(conn: &mut PgConnection, lease: Lease) -> sqlx::Result<bool> {
    sqlx::query_scalar("select jobs.finish($1, $2)").bind(lease.id).bind(lease.fence).fetch_one(conn).await
}

/// A job that has just been set aside for a person.
#[derive(Debug, FromRow)]
pub(super) struct Failed {
    pub id: i64,
    pub queue: String,
    pub kind: String,
    pub attempts: i32,
    pub dead: bool,
    pub last_error: Option<String>,
}

/// Writes down failures. A key that was enqueued meanwhile starts afresh, whatever became of this run.
pub(super) async fn fail(pool: &PgPool, failures: &[(Lease, Fail)]) -> sqlx::Result<Vec<Failed>> {
    const RETRY: i16 = 0;
    const SNOOZE: i16 = 1;
    const DEAD: i16 = 2;
    let leases: Vec<Lease> = failures.iter().map(|(lease, _)| *lease).collect();
    let (ids, fences) = columns(&leases);
    let (mut outcomes, mut errors, mut times) = (vec![], vec![], vec![]);
    for (_, fail) in failures {
        let (outcome, error, at) = match fail {
            Fail::Retry(words) => (RETRY, Some(printable(words)), None),
            Fail::RetryAt(at, words) => (RETRY, Some(printable(words)), Some(within_reason(*at))),
            Fail::Snooze(at) => (SNOOZE, None, Some(within_reason(*at))),
            Fail::Dead(words) => (DEAD, Some(printable(words)), None),
        };
        outcomes.push(outcome);
        errors.push(error);
        times.push(at);
    }
    sqlx::query_as(
        "
        update jobs.job as j
        set state = case when j.again_at is null and (run.outcome = 2 or run.outcome = 0 and j.attempts >= j.max_attempts) then 2 else 0 end,
            died_at = case when j.again_at is null and (run.outcome = 2 or run.outcome = 0 and j.attempts >= j.max_attempts) then now() end,
            attempts = case when j.again_at is not null then 0 when run.outcome = 1 then j.attempts - 1 else j.attempts end,
            run_at = case when j.again_at is not null then least(j.again_at, run.at) else coalesce(
                run.at,
                now() + interval '1 second' * (0.9 + 0.2 * random()) * coalesce(
                    j.backoff[least(j.attempts, cardinality(j.backoff))],
                    least(5 * 2 ^ least(j.attempts - 1, 16), 86400)
                )
            ) end,
            last_error = coalesce(run.error, j.last_error),
            again_at = null, lease_until = null, worker = null
        from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::timestamptz[])
            as run (id, fence, outcome, error, at)
        where j.id = run.id and j.fence = run.fence and j.state = 1
        returning j.id, j.queue, j.kind, j.attempts, j.state = 2 as dead, j.last_error
        ",
    )
    .bind(ids)
    .bind(fences)
    .bind(outcomes)
    .bind(errors)
    .bind(times)
    .fetch_all(pool)
    .await
}

/// Prolongs the leases; returns those that are still ours.
pub(super) async fn renew(pool: &PgPool, leases: &[Lease], lease: Duration) -> sqlx::Result<Vec<Lease>> {
    let (ids, fences) = columns(leases);
    let kept: Vec<(i64, i64)> = sqlx::query_as(
        "
        update jobs.job as j
        set lease_until = now() + $3::float8 * interval '1 second'
        from unnest($1::bigint[], $2::bigint[]) as held (id, fence)
        where j.id = held.id and j.fence = held.fence and j.state = 1
        returning j.id, j.fence
        ",
    )
    .bind(ids)
    .bind(fences)
    .bind(lease.as_secs_f64())
    .fetch_all(pool)
    .await?;
    Ok(kept.into_iter().map(|(id, fence)| Lease { id, fence }).collect())
}

/// Gives back what a draining worker could not finish, as if it had never been taken.
pub(super) async fn hand_back(pool: &PgPool, leases: &[Lease]) -> sqlx::Result<u64> {
    let (ids, fences) = columns(leases);
    let done = sqlx::query(
        "
        with back as (
            update jobs.job as j
            set state = 0, attempts = attempts - 1, again_at = null, lease_until = null, worker = null
            from unnest($1::bigint[], $2::bigint[]) as held (id, fence)
            where j.id = held.id and j.fence = held.fence and j.state = 1
            returning j.queue
        )
        select pg_notify('jobs', queue) from back group by queue
        ",
    )
    .bind(ids)
    .bind(fences)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// A job whose worker stopped renewing.
#[derive(Debug, FromRow)]
pub(super) struct Orphan {
    pub id: i64,
    pub queue: String,
    pub kind: String,
    pub attempts: i32,
    pub dead: bool,
}

/// Frees the jobs of killed and frozen workers. The first time at once; a job that keeps losing its worker waits longer
/// each time, and is set aside when its attempts are used up, because it may be what kills them.
pub(super) async fn sweep(pool: &PgPool) -> sqlx::Result<Vec<Orphan>> {
    sqlx::query_as(
        "
        update jobs.job
        set state = case when attempts >= max_attempts then 2 else 0 end,
            died_at = case when attempts >= max_attempts then now() end,
            run_at = case when attempts <= 1 then run_at else now() + interval '1 second' * least(2 ^ (attempts - 1), 300) end,
            last_error = 'lease expired: its worker was killed or frozen (' || coalesce(worker, '?') || ')',
            again_at = null, lease_until = null, worker = null
        where id in (
            select id from jobs.job
            where state = 1 and lease_until < now()
            order by lease_until
            limit 1000
            for update skip locked
        )
        returning id, queue, kind, attempts, state = 2 as dead
        ",
    )
    .fetch_all(pool)
    .await
}

/// Which of these lanes have something due.
pub(super) async fn lanes_due(pool: &PgPool, lanes: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "
        select lane.queue
        from unnest($1::text[]) as lane (queue)
        where exists (select 1 from jobs.job as j where j.queue = lane.queue and j.state = 0 and j.run_at <= now())
        ",
    )
    .bind(lanes)
    .fetch_all(pool)
    .await
}

/// PostgreSQL refuses NUL in text, and one refused failure must not hold up the others.
fn printable(words: &str) -> String {
    words.chars().filter(|c| *c != '\0').take(LONGEST_ERROR).collect()
}

fn within_reason(at: DateTime<Utc>) -> DateTime<Utc> {
    let now = Utc::now();
    at.clamp(now - TimeDelta::days(1), now + TimeDelta::days(3650))
}
