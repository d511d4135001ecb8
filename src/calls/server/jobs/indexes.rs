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

/// An index of a partitioned table that each month is to have: the table, the index, the end of a month's own name, what is indexed.
type Wanted = (&'static str, &'static str, &'static str, &'static str);

const WANTED: [Wanted; 2] = [
    ("calls", "calls_customer_idx", "customer_idx", "(org_id, customer_number, created_at desc)"),
    ("hook_journal", "hook_journal_trouble_idx", "trouble_idx", "(org_id, created_at desc) where outcome in ('rejected', 'dead')"),
];

/// Makes the indexes of each month that lacks one, while calls go on, and joins them to the parent's.
pub async fn index_months(core: Core, _job: IndexMonths, _cx: JobCx) -> Result<(), Fail> {
    for wanted in WANTED {
        index(&core, wanted).await?;
    }
    Ok(())
}

async fn index(core: &Core, (parent, parents_index, suffix, indexed): Wanted) -> Result<(), Fail> {
    let missing: Vec<String> = sqlx::query_scalar(
        "select m.inhrelid::regclass::text from pg_inherits m
         where m.inhparent = $1::text::regclass and not exists (
           select from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid
           where i.inhparent = $2::text::regclass and x.indrelid = m.inhrelid) order by 1",
    )
    .bind(parent)
    .bind(parents_index)
    .fetch_all(&core.pool)
    .await
    .context("looking for months without an index")?;
    for month in missing {
        let index = format!("{month}_{suffix}");
        // One that was broken off is there and of no use.
        let steps = [
            format!("drop index concurrently if exists {index}"),
            format!("create index concurrently {index} on {month} {indexed}"),
            format!("alter index {parents_index} attach partition {index}"),
        ];
        let mut conn = core.pool.acquire().await.context("a connection")?;
        conn.close_on_drop(); // it has no limit any more
        sqlx::query("set statement_timeout = 0").execute(&mut *conn).await.context("without a limit")?;
        for step in steps {
            // Names are PostgreSQL's own, as it writes them, and ours.
            sqlx::raw_sql(AssertSqlSafe(step)).execute(&mut *conn).await.with_context(|| format!("indexing {month}"))?;
        }
        tracing::info!(month, parents_index, "indexed");
    }
    Ok(())
}
