//! Every statement on `checklist_marks`.

use crate::platform::OrgTx;

/// The steps a person has set.
pub async fn marks(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select step from checklist_marks").fetch_all(tx.conn()).await
}

pub async fn set(tx: &mut OrgTx<'_>, step: &str) -> sqlx::Result<()> {
    let account = tx.scope().account().map(|account| account.0);
    sqlx::query!("insert into checklist_marks (step, account_id) values ($1, $2) on conflict (org_id, step) do nothing", step, account)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub async fn unset(tx: &mut OrgTx<'_>, step: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from checklist_marks where step = $1", step).execute(tx.conn()).await?;
    Ok(())
}

/// The organisation is no longer a demonstration.
pub async fn clear_demo_flag(tx: &mut OrgTx<'_>) -> sqlx::Result<()> {
    let org = tx.scope().org();
    sqlx::query!("update orgs set is_demo = false where id = $1", org.0).execute(tx.conn()).await?;
    Ok(())
}
