//! The duty that counts what is noted.

use crate::platform::{
    Core, SystemTx,
    queue::{Fail, Job, JobCx, lane},
};
use anyhow::Context;
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Notes counted in one transaction: some tens of milliseconds.
const AT_ONCE: i32 = 1_000;
/// And so many transactions in one run.
const ROUNDS: usize = 20;

/// Counts finished calls into the figures.
#[derive(Debug, Serialize, Deserialize)]
pub struct CountCalls;

impl Job for CountCalls {
    const KIND: &'static str = "calls.count";
    const QUEUE: &'static str = lane::CRON;
    /// A month of a large house is compared in seconds.
    const TIMEOUT: Duration = Duration::from_secs(300);
}

/// Counts what is noted, as much as leaves other duties their turn; when nothing is left, compares a month that is to be compared. What that
/// finds is noted, for the next run.
pub async fn count_calls(core: Core, _job: CountCalls, _cx: JobCx) -> Result<(), Fail> {
    for _ in 0..ROUNDS {
        if count_some(&core).await? < AT_ONCE {
            return compare_a_month(&core).await;
        }
    }
    Ok(())
}

async fn compare_a_month(core: &Core) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "comparing a month's figures").await.context("opening a transaction")?;
    let month: Option<NaiveDate> = sqlx::query_scalar!(
        "delete from months_to_count where month = (select month from months_to_count order by month desc limit 1 for update skip locked) returning month"
    )
    .fetch_optional(tx.conn())
    .await
    .context("taking a month")?;
    let Some(month) = month else { return Ok(()) };
    sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await.context("without a limit")?;
    let noted: i32 =
        sqlx::query_scalar("select zencall_compare_month($1)").bind(month).fetch_one(tx.conn()).await.context("comparing a month")?;
    tx.commit().await.context("committing")?;
    if noted > 0 {
        tracing::info!(%month, noted, "calls were not counted as they are");
    }
    Ok(())
}

/// Counts what is noted, a piece at a time.
pub async fn count_all(core: &Core) -> anyhow::Result<()> {
    while count_some(core).await? == AT_ONCE {}
    Ok(())
}

async fn count_some(core: &Core) -> anyhow::Result<i32> {
    let mut tx = SystemTx::begin(core, "counting finished calls").await?;
    let counted = sqlx::query_scalar("select zencall_count_calls($1)").bind(AT_ONCE).fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(counted)
}

/// Has this month and the last compared: what a process of another version finished was not noted.
pub async fn compare_recent(conn: &mut sqlx::PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    let today = now.date_naive();
    for month in [Some(today), today.checked_sub_months(Months::new(1))].into_iter().flatten() {
        sqlx::query!("insert into months_to_count (month) values (date_trunc('month', $1::date)::date) on conflict do nothing", month)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
