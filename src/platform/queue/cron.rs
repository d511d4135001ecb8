//! Duties of the clock, without a leader: whoever moves `next_at` wins, and enqueues in the same transaction.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::worker::Worker;
use super::{Opts, Waiting, store};

/// One pattern and the job it enqueues.
pub(super) struct Entry {
    name: &'static str,
    pattern: Cron,
    job: Waiting,
}

impl Entry {
    pub(super) fn new(name: &'static str, pattern: &str, job: Waiting) -> Self {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let pattern = parser.parse(pattern).unwrap_or_else(|error| panic!("cron pattern of {name}: {error}"));
        Self { name, pattern, job }
    }

    fn after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.pattern.find_next_occurrence(&now, false).unwrap_or_else(|error| panic!("cron pattern of {}: {error}", self.name))
    }

    /// Enqueues when the time has come and nobody was faster; returns when to look again. A pattern changed by a new
    /// release takes effect at once.
    async fn tick(&self, pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<DateTime<Utc>> {
        let next = self.after(now);
        // In a task of its own: a transaction whose BEGIN is cancelled would spoil its connection.
        let begin = tokio::spawn({
            let pool = pool.clone();
            async move { pool.begin().await }
        });
        let mut tx = begin.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        sqlx::query(
            "
            insert into jobs.cron as c (name, pattern, next_at) values ($1, $2, $3)
            on conflict (name) do update
            set pattern = excluded.pattern, next_at = excluded.next_at, updated_at = now()
            where c.pattern <> excluded.pattern
            ",
        )
        .bind(self.name)
        .bind(self.pattern.as_str())
        .bind(next)
        .execute(&mut *tx)
        .await?;
        let due: Option<DateTime<Utc>> =
            sqlx::query_scalar("select next_at from jobs.cron where name = $1 and next_at <= $2 for update skip locked")
                .bind(self.name)
                .bind(now)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(at) = due {
            sqlx::query("update jobs.cron set next_at = $2, updated_at = now() where name = $1")
                .bind(self.name)
                .bind(next)
                .execute(&mut *tx)
                .await?;
            let key = format!("cron:{}:{}", self.name, at.timestamp());
            store::insert(&mut tx, &self.job, Opts::default().key(key)).await?;
        }
        tx.commit().await?;
        Ok(next)
    }
}

impl Worker {
    /// Looks at the clock once a second, at the database only when a pattern fires.
    pub(super) async fn tick(self: Arc<Self>, stop: CancellationToken) {
        let mut next_look: Vec<DateTime<Utc>> = vec![DateTime::<Utc>::MIN_UTC; self.entries.len()];
        while !self.entries.is_empty() && !stop.is_cancelled() {
            for (entry, look) in self.entries.iter().zip(&mut next_look) {
                let now = Utc::now();
                if *look > now {
                    continue;
                }
                match entry.tick(&self.pool, now).await {
                    Ok(next) => *look = next,
                    Err(error) => tracing::warn!(name = entry.name, %error, "cron not looked at"),
                }
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(Duration::from_secs(1)) => {} }
        }
    }
}
