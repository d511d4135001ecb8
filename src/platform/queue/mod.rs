//! Background jobs on PostgreSQL: a doorbell with retries, never the record of truth.
//!
//! A job is written in the transaction that causes it and runs at least once; a handler therefore re-reads its rows and
//! decides. Workers take jobs under a lease with a fence number, so a worker that was killed or frozen loses its job to
//! another one and its late answer changes nothing. Owns the schema `jobs`; knows nothing of what the jobs do.
//! Any slice may enqueue; `server.rs` alone builds a [`Worker`].

mod claim;
mod cron;
mod dead;
mod drain;
mod duties;
mod figures;
mod store;
mod trace;
mod worker;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub use claim::{FROM_HEAD, FROM_TENANTS};
pub use dead::{JobDetail, JobFilter, JobLine, JobState, discard, list, redrive, redrive_all, show};
pub use drain::drain;
pub use figures::{QueueFigures, figures, publish};
pub use trace::{current_trace, with_trace};
pub use worker::{JobCx, Worker, WorkerOptions};

/// The lanes jobs wait in. Lanes instead of priorities: a flood in one cannot hold up another.
pub mod lane {
    /// Dialer wake-ups and what a live call needs at once.
    pub const URGENT: &str = "urgent";
    /// Outgoing mail.
    pub const MAIL: &str = "mail";
    /// Deliveries to customers' endpoints, and events waiting to be applied.
    pub const WEBHOOK: &str = "webhook";
    /// Keeping providers and other systems in step.
    pub const SYNC: &str = "sync";
    /// Work of language models.
    pub const AI: &str = "ai";
    /// Documents; may be killed for memory, so a process may serve this lane alone.
    pub const PDF: &str = "pdf";
    /// Duties of the clock.
    pub const CRON: &str = "cron";
    /// Every lane with its slots per process.
    pub const ALL: [(&str, usize); 7] = [(URGENT, 8), (MAIL, 8), (WEBHOOK, 16), (SYNC, 4), (AI, 4), (PDF, 2), (CRON, 1)];
}

/// One kind of background work; the value is its payload, so it holds ids rather than rows.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stable name in the table, `slice.verb`.
    const KIND: &'static str;
    /// The lane it waits in, one of [`lane`].
    const QUEUE: &'static str;
    /// A run that takes longer is stopped and tried again.
    const TIMEOUT: Duration;
    /// Shape of the payload; raise it when an older payload no longer decodes, and write `upgrade`.
    const VERSION: u16 = 1;
    /// Runs before it is set aside as dead.
    const MAX_ATTEMPTS: i32 = 20;
    /// Seconds to wait after the first, second … failure; empty means 5 s doubling up to a day.
    const BACKOFF_S: &'static [i32] = &[];

    /// Turns a payload written by an older release into today's shape.
    /// Errors: words for the operator; the job is set aside as dead.
    fn upgrade(from: u16, payload: Value) -> Result<Value, String> {
        let _ = from;
        Ok(payload)
    }
}

/// How a job is to wait. `Opts::default()` means: now, for the house, as often as wanted.
#[derive(Clone, Debug, Default)]
pub struct Opts {
    tenant: Option<Uuid>,
    key: Option<String>,
    run_at: Option<DateTime<Utc>>,
    max_attempts: Option<i32>,
    backoff_s: Option<Vec<i32>>,
    trace: Option<String>,
}

impl Opts {
    /// Takes turns with other organisations under this id.
    pub fn tenant(mut self, tenant: Uuid) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// At most one waiting or running job of the lane has this key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Not before this instant.
    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Overrides `Job::MAX_ATTEMPTS`.
    pub fn max_attempts(mut self, max_attempts: i32) -> Self {
        self.max_attempts = Some(max_attempts.max(1));
        self
    }

    /// Overrides `Job::BACKOFF_S`.
    pub fn backoff_s(mut self, ladder: &[i32]) -> Self {
        self.backoff_s = Some(ladder.to_vec());
        self
    }

    /// Overrides the request id taken from the task that enqueues.
    pub fn trace(mut self, trace: impl Into<String>) -> Self {
        self.trace = Some(trace.into());
        self
    }
}

/// Writes the job in the caller's transaction and returns its id.
///
/// With a key: while such a job waits, the newer payload and the earlier time win; while it runs, it runs once more after.
pub async fn enqueue<J: Job>(conn: &mut PgConnection, job: &J, opts: Opts) -> sqlx::Result<i64> {
    let waiting = Waiting::of(job).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    store::insert(conn, &waiting, opts).await
}

/// Why a run did not finish the job.
#[derive(Clone, Debug, PartialEq)]
pub enum Fail {
    /// Try again after the back-off.
    Retry(String),
    /// Try again at this time: the provider named it.
    RetryAt(DateTime<Utc>, String),
    /// Nothing went wrong, come back then; does not count as an attempt.
    Snooze(DateTime<Utc>),
    /// Trying again cannot help: set aside for a person.
    Dead(String),
}

/// The first line of the error and of each of its causes.
impl From<anyhow::Error> for Fail {
    fn from(error: anyhow::Error) -> Self {
        let words: Vec<String> = error.chain().map(|cause| cause.to_string().lines().next().unwrap_or_default().to_owned()).collect();
        Fail::Retry(words.join(": "))
    }
}

impl From<sqlx::Error> for Fail {
    fn from(error: sqlx::Error) -> Self {
        Fail::from(anyhow::Error::from(error))
    }
}

/// A job as it goes into the table, its type forgotten.
#[derive(Clone, Debug)]
struct Waiting {
    queue: &'static str,
    kind: &'static str,
    version: i16,
    payload: Value,
    max_attempts: i32,
    backoff_s: &'static [i32],
}

impl Waiting {
    fn of<J: Job>(job: &J) -> serde_json::Result<Self> {
        Ok(Self {
            queue: J::QUEUE,
            kind: J::KIND,
            version: J::VERSION.cast_signed(),
            payload: serde_json::to_value(job)?,
            max_attempts: J::MAX_ATTEMPTS,
            backoff_s: J::BACKOFF_S,
        })
    }
}
