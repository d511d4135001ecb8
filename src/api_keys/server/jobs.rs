//! What is forgotten: requests after seven days, answers to repeated requests after one. And keys that nobody uses are reported.

use super::idle::{self, ReportIdle};
use crate::platform::{
    Core, api,
    queue::{Fail, Job, Worker, lane},
};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Removes what is too old.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetRequests;

impl Job for ForgetRequests {
    const KIND: &'static str = "api_keys.forget_requests";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(300);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (core, looking) = (core.clone(), core.clone());
    worker
        .on(move |_: ForgetRequests, _| {
            let core = core.clone();
            async move { forget(&core).await }
        })
        .on(move |_: ReportIdle, _| {
            let core = looking.clone();
            async move { idle::report(&core).await }
        })
        .cron("api_keys.forget_requests", "0 23 * * * *", &ForgetRequests)
        .cron("api_keys.report_idle", "0 17 6 * * *", &ReportIdle)
}

async fn forget(core: &Core) -> Result<(), Fail> {
    let requests = api::forget_requests(core).await.context("forgetting requests")?;
    let answers = api::forget_old(core).await.context("forgetting answers")?;
    tracing::debug!(requests, answers, "forgotten");
    Ok(())
}
