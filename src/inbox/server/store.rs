//! Every statement on what people put off and have seen.

use crate::{platform::OrgTx, shared::ids::AccountId};
use chrono::{DateTime, Utc};
use sqlx::Result;
use std::collections::HashMap;

/// What a person did about an item.
pub struct Mark {
    pub is_read: bool,
    pub snoozed_until: Option<DateTime<Utc>>,
}

pub async fn marks(tx: &mut OrgTx<'_>, account: AccountId) -> Result<HashMap<String, Mark>> {
    let rows = sqlx::query!("select item, read_at, snoozed_until from inbox_marks where account_id = $1", account as AccountId)
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.item, Mark { is_read: row.read_at.is_some(), snoozed_until: row.snoozed_until })).collect())
}

/// Keeps that an item was seen; and until when it is put off, when that is said. Marks of what is long gone go with it.
pub async fn mark(
    tx: &mut OrgTx<'_>,
    account: AccountId,
    item: &str,
    now: DateTime<Utc>,
    snoozed: Option<Option<DateTime<Utc>>>,
) -> Result<()> {
    sqlx::query!(
        "delete from inbox_marks where account_id = $1 and updated_at < $2",
        account as AccountId,
        now - chrono::Duration::days(120)
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into inbox_marks (account_id, item, read_at, snoozed_until, updated_at) values ($1, $2, $3, $4, $3)
         on conflict (org_id, account_id, item) do update set read_at = $3, updated_at = $3,
           snoozed_until = case when $5 then excluded.snoozed_until else inbox_marks.snoozed_until end",
        account as AccountId,
        item,
        now,
        snoozed.flatten(),
        snoozed.is_some()
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}
