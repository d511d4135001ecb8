//! Indexes that a migration could not make on large months without stopping writers.

use super::Fail;
use crate::platform::{
    Core,
    queue::{Job, JobCx, lane},
};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// Makes the indexes that are missing; asked for by the nightly duty.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexMonths;

impl Job for IndexMonths {
    const KIND: &'static str = "calls.index_months";
    const QUEUE: &'static str = lane::SYNC;
    /// Of a large month.
    const TIMEOUT: Duration = Duration::from_secs(3600);
}

/// Makes the index of the customer's number for each month that has none, while calls go on, and joins it to the parent's.
pub async fn index_months(core: Core, _job: IndexMonths, _cx: JobCx) -> Result<(), Fail> {
    let missing: Vec<String> = sqlx::query_scalar(
        "select m.inhrelid::regclass::text from pg_inherits m
         where m.inhparent = 'calls'::regclass and not exists (
           select from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid
           where i.inhparent = 'calls_customer_idx'::regclass and x.indrelid = m.inhrelid) order by 1",
    )
    .fetch_all(&core.pool)
    .await
    .context("looking for months without an index")?;
    for month in missing {
        let index = format!("{month}_customer_idx");
        // One that was broken off is there and of no use.
        let steps = [
            format!("drop index concurrently if exists {index}"),
            format!("create index concurrently {index} on {month} (org_id, customer_number, created_at desc)"),
            format!("alter index calls_customer_idx attach partition {index}"),
        ];
        let mut conn = core.pool.acquire().await.context("a connection")?;
        conn.close_on_drop(); // it has no limit any more
        sqlx::query("set statement_timeout = 0").execute(&mut *conn).await.context("without a limit")?;
        for step in steps {
            // Names are PostgreSQL's own, as it writes them.
            sqlx::raw_sql(AssertSqlSafe(step)).execute(&mut *conn).await.with_context(|| format!("indexing {month}"))?;
        }
        tracing::info!(month, "indexed by customer");
    }
    Ok(())
}
