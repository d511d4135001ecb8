//! Every statement on `callbacks`.

use crate::{
    platform::OrgTx,
    reception::model::*,
    shared::ids::{AccountId, CallId, CallbackId},
};
use chrono::{DateTime, Utc};

/// A call that is wanted.
pub struct NewCallback<'a> {
    pub call: Option<CallId>,
    pub number: &'a str,
    pub caller_name: &'a str,
    pub wanted: &'a str,
    pub why: &'a str,
}

/// Keeps it.
pub async fn insert(tx: &mut OrgTx<'_>, id: CallbackId, new: &NewCallback<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into callbacks (id, call_id, number, caller_name, wanted, why, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        new.call.map(|call| call.0),
        new.number,
        new.caller_name,
        new.wanted,
        new.why,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Those to make, oldest first; or those made, newest first.
pub async fn list(tx: &mut OrgTx<'_>, is_done: bool, limit: i64) -> sqlx::Result<Vec<Callback>> {
    sqlx::query_as!(
        Callback,
        r#"
        select c.id as "id: CallbackId", c.call_id as "call: CallId", c.number, c.caller_name, c.wanted, c.why, c.created_at as asked_at, c.done_at,
          who.name as "done_by?"
        from callbacks c left join accounts who on who.id = c.done_by
        where (c.done_at is not null) = $1
        order by c.done_at desc nulls last, c.id
        limit $2
        "#,
        is_done,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// How many are to be made.
pub async fn count_open(tx: &mut OrgTx<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from callbacks where done_at is null"#).fetch_one(tx.conn()).await
}

/// Made, or not yet; false when there is none of this id.
pub async fn set_done(tx: &mut OrgTx<'_>, id: CallbackId, at: Option<DateTime<Utc>>, by: Option<AccountId>) -> sqlx::Result<bool> {
    let by = by.filter(|_| at.is_some()).map(|account| account.0);
    let done = sqlx::query!("update callbacks set done_at = $2, done_by = $3, updated_at = now() where id = $1", id.0, at, by);
    Ok(done.execute(tx.conn()).await?.rows_affected() > 0)
}
