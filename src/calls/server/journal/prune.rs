//! What is old is forgotten: applied deliveries after some days (`ZENCALL_JOURNAL_DAYS`), what was turned away or set aside after ninety, and a
//! month of which nothing is left to keep as a whole.

use crate::platform::{
    Core, SystemTx,
    queue::{Fail, Job, JobCx, Opts, enqueue, lane},
};
use anyhow::Context;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use std::time::Duration as StdDuration;

/// How long trouble is kept.
const TROUBLE: Duration = Duration::days(90);
/// Pages of a month that are looked through in one transaction: 4 MB, some thousands of rows.
const PAGES: i64 = 512;
/// And so many transactions in one run; the next goes on from there.
const ROUNDS: usize = 400;

/// Forgets what is old, from a place on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct PruneJournal {
    /// Where the run before ended: the month's own table, and a page of it.
    #[serde(default)]
    from: Option<(String, i64)>,
}

impl Job for PruneJournal {
    const KIND: &'static str = "calls.prune_journal";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(300);
}

/// Until when rows are forgotten.
struct Old {
    applied: DateTime<Utc>,
    trouble: DateTime<Utc>,
}

/// See [`PruneJournal`].
pub async fn prune(core: Core, job: PruneJournal, _cx: JobCx) -> Result<(), Fail> {
    let now = core.clock.now();
    let kept = Duration::days(i64::from(core.config.journal_days));
    let old = Old { applied: now - kept, trouble: now - TROUBLE.max(kept) };
    let (mut rounds, mut forgotten) = (0, 0);
    for month in months(&core).await? {
        // Of a run that goes on: what came before is done.
        let mut page = match &job.from {
            Some((table, _)) if month.table < *table => continue,
            Some((table, page)) if month.table == *table => *page,
            _ => 0,
        };
        if month.ends()? <= old.trouble {
            drop_month(&core, &month.table).await?;
            continue;
        }
        if month.begins()? >= old.applied {
            break;
        }
        let pages = pages(&core, &month.table).await?;
        while page < pages {
            if rounds == ROUNDS {
                return go_on(&core, month.table, page).await;
            }
            forgotten += forget(&core, &month.table, page, &old).await?;
            (page, rounds) = (page + PAGES, rounds + 1);
        }
    }
    if forgotten > 0 {
        tracing::info!(forgotten, "deliveries of the journal were forgotten");
    }
    Ok(())
}

async fn go_on(core: &Core, table: String, page: i64) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "going on forgetting webhooks").await.context("opening a transaction")?;
    let next = PruneJournal { from: Some((table, page)) };
    enqueue(tx.conn(), &next, Opts::default().key("prune_journal:on")).await.context("enqueueing")?;
    tx.commit().await.context("committing")?;
    Ok(())
}

/// A month of the journal.
struct Month {
    /// As PostgreSQL writes it.
    table: String,
}

impl Month {
    fn begins(&self) -> anyhow::Result<DateTime<Utc>> {
        self.first_day(0)
    }

    fn ends(&self) -> anyhow::Result<DateTime<Utc>> {
        self.first_day(1)
    }

    fn first_day(&self, months_later: u32) -> anyhow::Result<DateTime<Utc>> {
        let (year, month) = self.table.rsplit_once("_y").and_then(|(_, of)| of.split_once('m')).context("a month's name")?;
        let first = NaiveDate::from_ymd_opt(year.parse()?, month.parse()?, 1).context("a month")?;
        let first = first.checked_add_months(chrono::Months::new(months_later)).context("a month")?;
        Ok(first.and_time(chrono::NaiveTime::MIN).and_utc())
    }
}

/// Oldest first.
async fn months(core: &Core) -> Result<Vec<Month>, Fail> {
    let tables: Vec<String> =
        sqlx::query_scalar("select inhrelid::regclass::text from pg_inherits where inhparent = 'hook_journal'::regclass order by 1")
            .fetch_all(&core.pool)
            .await
            .context("looking for months")?;
    Ok(tables.into_iter().map(|table| Month { table }).collect())
}

async fn pages(core: &Core, table: &str) -> Result<i64, Fail> {
    let pages = sqlx::query_scalar("select pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint");
    Ok(pages.bind(table).fetch_one(&core.pool).await.context("measuring a month")?)
}

/// A whole month, if it can be had without keeping anybody waiting; tomorrow otherwise.
async fn drop_month(core: &Core, table: &str) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "dropping a month of the journal").await.context("opening a transaction")?;
    sqlx::query("set local lock_timeout = '1s'").execute(tx.conn()).await.context("a limit")?;
    match sqlx::query(AssertSqlSafe(format!("drop table {table}"))).execute(tx.conn()).await {
        Ok(_) => {
            tx.commit().await.context("committing")?;
            tracing::info!(table, "a month of the journal was dropped");
        }
        Err(error) => tracing::warn!(%error, table, "a month of the journal could not be dropped now"),
    }
    Ok(())
}

/// Looks through some pages: each is read once a night, however many of its rows are old.
async fn forget(core: &Core, table: &str, page: i64, old: &Old) -> Result<u64, Fail> {
    let mut tx = SystemTx::begin(core, "forgetting old webhooks").await.context("opening a transaction")?;
    let statement = format!(
        "delete from {table} where ctid >= $1::text::tid and ctid < $2::text::tid
           and created_at < case when outcome in ('accepted', 'duplicate') then $3::timestamptz else $4 end"
    );
    let gone = sqlx::query(AssertSqlSafe(statement))
        .bind(format!("({page},0)"))
        .bind(format!("({},0)", page + PAGES))
        .bind(old.applied)
        .bind(old.trouble)
        .execute(tx.conn())
        .await
        .context("forgetting")?;
    tx.commit().await.context("committing")?;
    Ok(gone.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_by_its_name() {
        let month = Month { table: "hook_journal_y2026m12".into() };
        assert_eq!(month.begins().expect("a time").to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(month.ends().expect("a time").to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert!(Month { table: "hook_journal_default".into() }.begins().is_err());
    }
}
