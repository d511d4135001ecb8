//! What reception tells others, and its duty of the clock.

use super::store;
use crate::{
    platform::{
        Core, SystemTx,
        queue::{Fail, Job, Worker, lane},
    },
    shared::ids::OrgId,
};
use chrono::Duration as Days;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a tool call that is told again is answered the same. The provider tells one again within minutes.
const RUNS_KEPT: Days = Days::days(3);

/// There are other tools to offer: assistants are to be told so. `assistants` subscribes.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeskChanged {
    pub org: OrgId,
}

impl Job for DeskChanged {
    const KIND: &'static str = "reception.desk_changed";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// Forgets what tool calls of days ago were answered.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetRuns;

impl Job for ForgetRuns {
    const KIND: &'static str = "reception.forget_runs";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let core = core.clone();
    worker.on(move |_: ForgetRuns, _| forget_runs(core.clone())).cron("reception.forget_runs", "0 41 4 * * *", &ForgetRuns)
}

async fn forget_runs(core: Core) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(&core, "tool calls of days ago").await?;
    store::forget_runs(tx.conn(), core.clock.now() - RUNS_KEPT).await?;
    Ok(tx.commit().await?)
}
