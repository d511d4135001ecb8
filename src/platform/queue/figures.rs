//! What an operator watches: how much is due, since when, how much runs, how much is dead.

use sqlx::{FromRow, PgConnection};

/// Beyond this many, due jobs are not counted: the age says enough.
const COUNTED: i64 = 10_000;

/// One lane at one moment.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct QueueFigures {
    /// The lane.
    pub queue: String,
    /// Jobs that could run now, counted up to 10 000.
    pub due: i64,
    /// Seconds the oldest of them has waited; 0 when there is none.
    pub oldest_due_s: f64,
    /// Jobs under a lease.
    pub running: i64,
    /// Jobs set aside for a person.
    pub dead: i64,
}

/// Measures these lanes.
pub async fn figures(conn: &mut PgConnection, lanes: &[&str]) -> sqlx::Result<Vec<QueueFigures>> {
    sqlx::query_as(
        "
        select lane.queue,
            (select count(*) from (
                select from jobs.job as j where j.queue = lane.queue and j.state = 0 and j.run_at <= now() limit $2
            ) as counted) as due,
            coalesce((
                select extract(epoch from now() - min(j.run_at))::float8
                from jobs.job as j
                where j.queue = lane.queue and j.state = 0 and j.run_at <= now()
            ), 0) as oldest_due_s,
            (select count(*) from jobs.job as j where j.queue = lane.queue and j.state = 1) as running,
            (select count(*) from jobs.job as j where j.queue = lane.queue and j.state = 2) as dead
        from unnest($1::text[]) as lane (queue)
        ",
    )
    .bind(lanes)
    .bind(COUNTED)
    .fetch_all(conn)
    .await
}

/// Shows the figures as gauges.
pub fn publish(figures: &[QueueFigures]) {
    for lane in figures {
        metrics::gauge!("zencall_jobs_due", "queue" => lane.queue.clone()).set(lane.due as f64);
        metrics::gauge!("zencall_jobs_oldest_due_seconds", "queue" => lane.queue.clone()).set(lane.oldest_due_s);
        metrics::gauge!("zencall_jobs_running", "queue" => lane.queue.clone()).set(lane.running as f64);
        metrics::gauge!("zencall_jobs_dead", "queue" => lane.queue.clone()).set(lane.dead as f64);
    }
}
