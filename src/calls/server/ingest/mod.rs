//! From a verified webhook to rows, in two steps.
//!
//! 1. `journal`: whatever waits is written as one group, journal rows and what they prove (`hook_pending`). The answer leaves after this commit.
//! 2. `apply`: what was told is folded into its calls, many deliveries at a time (`group`). The transaction that folds takes it off
//!    `hook_pending`, so everything acknowledged is applied once, whoever does it and however often a process dies (`leftover`).
//!
//! In a quiet moment the answer waits for the second step, too: who asks right after it sees the call as it was told. Under load it does not:
//! a burst is taken as fast as it can be written, and folded while it comes and after it. Memory holds [`BACKLOG`] deliveries of it.

mod again;
mod apply;
mod group;
mod journal;
mod leftover;

pub use {
    again::{Again, Outcome, again},
    group::Change,
    leftover::waiting,
};

use super::{fold::Reading, store::JournalRow};
use crate::{
    platform::Core,
    shared::{
        error::AppError,
        ids::{CallId, HookId, OrgId},
    },
};
use apply::Apply;
use chrono::{DateTime, Utc};
use journal::Waiting;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Deliveries held to be applied. What comes above that is as durable, and is read again when there is room.
const BACKLOG: usize = 2048;
/// How long an answer waits in a quiet moment for the call to show what it says.
const SHOWN_WITHIN: Duration = Duration::from_millis(250);
/// Between a try that met a broken connection or a lost lock and the next.
const BREATH: Duration = Duration::from_millis(50);

/// One attempt to deliver, judged.
pub struct Delivery {
    pub journal: JournalRow,
    /// Present when it was accepted.
    pub accepted: Option<Accepted>,
}

/// What an accepted delivery says.
pub struct Accepted {
    pub org: OrgId,
    pub reading: Reading,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The call it speaks of.
    pub call: Option<CallId>,
    /// Everything it says was known.
    pub is_repeat: bool,
}

/// What a delivery proves, until it is folded into its call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    hook: HookId,
    at: DateTime<Utc>,
    org: OrgId,
    call_ref: String,
    /// The journal calls it a duplicate when it says nothing new.
    may_repeat: bool,
    reading: Reading,
}

impl Told {
    /// The answer depends on what is folded.
    fn is_a_question(&self) -> bool {
        self.reading.kind == "tool-calls"
    }
}

/// A delivery that is durable.
pub struct Journalled {
    applied: Option<oneshot::Receiver<Kept>>,
    is_quiet: bool,
}

impl Journalled {
    /// Waits until the call shows what was told. Errors: it could not be applied now; that is done later.
    pub async fn applied(self) -> Result<Kept, AppError> {
        match self.applied {
            Some(applied) => applied.await.map_err(|_| AppError::internal("a webhook waits to be applied")),
            None => Ok(Kept::default()),
        }
    }

    /// The same, where that is a matter of moments.
    pub async fn shown(self) {
        if let Some(applied) = self.applied.filter(|_| self.is_quiet) {
            let _ = tokio::time::timeout(SHOWN_WITHIN, applied).await;
        }
    }
}

/// Both steps. Cheap to clone; they end when the last handle is dropped.
#[derive(Clone)]
pub struct Ingest {
    journal: mpsc::Sender<Waiting>,
    apply: Apply,
}

impl Ingest {
    /// Starts both.
    pub fn start(core: &Core) -> Self {
        let apply = Apply::start(core);
        tokio::spawn(leftover::watch(core.clone(), apply.clone()));
        let (journal, waiting) = mpsc::channel(1024);
        journal::start(core, &apply, waiting);
        Self { journal, apply }
    }

    /// Returns once it is durable. Errors: the database's.
    pub async fn keep(&self, delivery: Delivery) -> Result<Journalled, AppError> {
        let Delivery { journal, accepted } = delivery;
        let told = accepted.and_then(|Accepted { org, reading }| {
            Some(Told {
                hook: journal.id,
                at: journal.at,
                org,
                call_ref: reading.call_ref.clone()?,
                may_repeat: journal.may_repeat(),
                reading,
            })
        });
        let (answer, journalled) = oneshot::channel();
        let gone = |_| AppError::internal("the journal has ended");
        self.journal.send(Waiting { row: journal, told, answer }).await.map_err(|_| gone(()))?;
        journalled.await.map_err(|_| gone(()))?
    }

    /// True while webhooks come by the thousand a second.
    pub fn flood(&self) -> watch::Receiver<bool> {
        self.apply.flood()
    }

    /// Waits until everything acknowledged is applied, or set aside for the next process.
    pub async fn finish(&self) {
        self.apply.finish().await;
    }
}

/// Whether trying again is no use: the values themselves are refused (SQLSTATE classes 22 and 23), or cannot be written at all.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(told) => told.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23")),
        sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

/// A connection that broke, a lock that was lost, is worth a second try before anybody is troubled: takes a breath and says so.
async fn is_worth_another<T>(done: &sqlx::Result<T>) -> bool {
    let Err(error) = done else { return false };
    if is_of_the_data(error) {
        return false;
    }
    tracing::warn!(%error, "webhooks could not be kept, trying again");
    tokio::time::sleep(BREATH).await;
    true
}

fn count(outcome: &'static str, deliveries: usize) {
    metrics::counter!("zencall_webhook_events_total", "outcome" => outcome).increment(deliveries as u64);
}
