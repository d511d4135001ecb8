//! The calls of the demonstration, and whether there are others.

use crate::{platform::OrgTx, shared::error::AppError};

/// How many calls came with the demonstration.
pub async fn count_demo(tx: &mut OrgTx<'_>) -> Result<i64, AppError> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "n!" from calls where is_demo"#).fetch_one(tx.conn()).await?)
}

/// Removes them with everything that hangs on them; returns how many.
pub async fn remove_demo(tx: &mut OrgTx<'_>) -> Result<i64, AppError> {
    sqlx::query!("delete from call_lines l using calls c where c.id = l.call_id and c.created_at = l.created_at and c.is_demo")
        .execute(tx.conn())
        .await?;
    sqlx::query!("delete from call_events e using calls c where c.id = e.call_id and c.created_at = e.created_at and c.is_demo")
        .execute(tx.conn())
        .await?;
    sqlx::query!("delete from call_refs r using calls c where c.id = r.call_id and c.is_demo").execute(tx.conn()).await?;
    sqlx::query!("delete from call_actions a using calls c where c.id = a.call_id and c.is_demo").execute(tx.conn()).await?;
    sqlx::query!("delete from call_analyses a using calls c where c.id = a.call_id and c.is_demo").execute(tx.conn()).await?;
    for table in ["call_assignments", "call_marks", "call_reads", "call_notes"] {
        // Names are our own.
        let hanging = format!("delete from {table} h using calls c where c.id = h.call_id and c.is_demo");
        sqlx::query(sqlx::AssertSqlSafe(hanging)).execute(tx.conn()).await?;
    }
    let gone = sqlx::query!("delete from calls where is_demo").execute(tx.conn()).await?.rows_affected();
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// Whether the organisation has had a call of its own.
pub async fn has_own_calls(tx: &mut OrgTx<'_>) -> Result<bool, AppError> {
    Ok(sqlx::query_scalar!(r#"select exists (select from calls where not is_demo) as "has!""#).fetch_one(tx.conn()).await?)
}
