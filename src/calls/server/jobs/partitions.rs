//! Next months' partitions.

use super::{Fail, IndexMonths};
use crate::calls::server::figures::compare_recent;
use crate::platform::{
    Core, SystemTx,
    queue::{Job, JobCx, Opts, enqueue, lane},
};
use anyhow::Context;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::time::Duration as StdDuration;

/// Makes next months' partitions.
#[derive(Debug, Serialize, Deserialize)]
pub struct MakePartitions;

impl Job for MakePartitions {
    const KIND: &'static str = "calls.make_partitions";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
}

/// Three months ahead; alarms when the next one is missing all the same.
pub async fn make_partitions(core: Core, _job: MakePartitions, _cx: JobCx) -> Result<(), Fail> {
    let today = core.clock.now().date_naive();
    let mut tx = SystemTx::begin(&core, "making partitions").await.context("opening a transaction")?;
    let made: i32 =
        sqlx::query_scalar("select zencall_make_partitions($1, 4)").bind(today).fetch_one(tx.conn()).await.context("making partitions")?;
    enqueue(tx.conn(), &IndexMonths, Opts::default().key(IndexMonths::KIND)).await.context("enqueueing")?;
    compare_recent(tx.conn(), core.clock.now()).await.context("noting months to compare")?;
    tx.commit().await.context("committing")?;
    if made > 0 {
        tracing::info!(made, "partitions made ahead");
    }
    watch_partitions(&core).await
}

/// The gauge operators alarm on: whether next month has a place.
pub async fn watch_partitions(core: &Core) -> Result<(), Fail> {
    let next = (core.clock.now() + Duration::days(31)).format("calls_y%Ym%m").to_string();
    let is_there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(&next)
        .fetch_one(&core.pool)
        .await
        .context("looking for next month")?;
    metrics::gauge!("zencall_next_partition_missing").set(if is_there { 0.0 } else { 1.0 });
    if !is_there {
        tracing::error!(partition = next, "next month's partition is missing");
    }
    Ok(())
}
