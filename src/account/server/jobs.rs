//! What workers do: write to who forgot a password; at night, forget what is over.

use super::{actions, store};
use crate::platform::{
    Core, SystemTx,
    queue::{Fail, Job, Worker, lane},
    session, throttle,
};
use anyhow::Context;
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// How long a used or dead link stays, for questions from people who pressed it.
const LINKS_FOR: Duration = Duration::days(7);

/// Forgets sessions, links, second steps and counted tries that are over.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "account.sweep";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(120);
}

/// Somebody says that they forgot the password of this address.
#[derive(Debug, Serialize, Deserialize)]
pub struct Forgotten {
    pub email: String,
}

impl Job for Forgotten {
    const KIND: &'static str = "account.forgotten";
    const QUEUE: &'static str = lane::MAIL;
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
    const MAX_ATTEMPTS: i32 = 5;
}

/// What workers run for this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (sweeping, writing) = (core.clone(), core.clone());
    worker
        .cron("account.sweep", "0 23 3 * * *", &Sweep)
        .on(move |_: Sweep, _| {
            let core = sweeping.clone();
            async move { sweep(&core).await }
        })
        .on(move |job: Forgotten, _| {
            let core = writing.clone();
            async move { Ok(actions::send_reset_link(&core, &job.email).await.context("sending a reset link")?) }
        })
}

/// Twice is as good as once.
pub async fn sweep(core: &Core) -> Result<(), Fail> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "forgetting what is over").await?;
    let gone = store::sweep(&mut tx, now, now - session::IDLE, now - LINKS_FOR).await?;
    tx.commit().await?;
    throttle::forget_old(core).await?;
    tracing::info!(gone, "sessions, links and second steps that were over are gone");
    Ok(())
}
