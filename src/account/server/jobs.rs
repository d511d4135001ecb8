//! The nightly duty: what is over is forgotten.

use super::store;
use crate::platform::{
    Core, SystemTx,
    queue::{Fail, Job, Worker, lane},
    session, throttle,
};
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

/// What workers run for this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let core = core.clone();
    worker.cron("account.sweep", "0 23 3 * * *", &Sweep).on(move |_: Sweep, _| {
        let core = core.clone();
        async move { sweep(&core).await }
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
