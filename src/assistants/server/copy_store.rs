//! Every statement on `assistant_copies`: what the provider holds of each assistant, as far as it told.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::ids::{AssistantId, OrgId},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;

/// How the copy stands.
#[derive(Default)]
pub struct Standing {
    pub drift: Option<Drift>,
    pub checked_at: Option<DateTime<Utc>>,
    pub is_checking: bool,
    /// The fields we wrote, as the provider gave them back.
    pub held: Value,
}

/// See [`Standing`].
pub async fn standing(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Standing> {
    let row = sqlx::query!(
        r#"
        select held, drift as "drift: Json<Drift>", checked_at, check_wanted, found_at, coalesce(ignored = fingerprint, false) as "is_ignored!"
        from assistant_copies
        where assistant_id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(Standing::default()) };
    let drift = row.drift.map(|drift| Drift { is_ignored: row.is_ignored, found_at: row.found_at.unwrap_or(drift.0.found_at), ..drift.0 });
    Ok(Standing { drift, checked_at: row.checked_at, is_checking: row.check_wanted, held: row.held })
}

/// A push was taken: the copy is what we wrote, and nothing differs.
pub async fn keep(tx: &mut OrgTx<'_>, id: AssistantId, held: &Value, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into assistant_copies (assistant_id, held, checked_at) values ($1, $2, $3)
        on conflict (assistant_id) do update
        set held = $2, checked_at = $3, check_wanted = false, drift = null, fingerprint = null, found_at = null, ignored = null, updated_at = $3
        ",
        id.0,
        held,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a look found. The time of the first finding stays while the finding is the same.
pub async fn found(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    drift: Option<&Drift>,
    fingerprint: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into assistant_copies as c (assistant_id, checked_at, drift, fingerprint, found_at)
        values ($1, $2::timestamptz, $3, $4, case when $4::text is not null then $2::timestamptz end)
        on conflict (assistant_id) do update
        set checked_at = $2::timestamptz, check_wanted = false, drift = $3, fingerprint = $4, updated_at = $2::timestamptz,
          found_at = case when $4 is null then null when c.fingerprint = $4 then c.found_at else $2::timestamptz end
        ",
        id.0,
        now,
        drift.map(Json) as _,
        fingerprint,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Nothing to look at, or nothing to say of it: whoever waits for a look waits no longer.
pub async fn looked(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<()> {
    sqlx::query!("update assistant_copies set check_wanted = false where assistant_id = $1", id.0).execute(tx.conn()).await?;
    Ok(())
}

/// Somebody wants a look now.
pub async fn want(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into assistant_copies (assistant_id, check_wanted) values ($1, true) on conflict (assistant_id) do update set check_wanted = true",
        id.0
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What differs now may stay so; false when nothing does.
pub async fn ignore(tx: &mut OrgTx<'_>, id: AssistantId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update assistant_copies set ignored = fingerprint, updated_at = $2 where assistant_id = $1 and drift is not null",
        id.0,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Copies that were not looked at since, the longest ago first. Of all organisations: for the duty.
pub async fn due(conn: &mut sqlx::PgConnection, since: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<(OrgId, AssistantId)>> {
    let rows = sqlx::query!(
        r#"
        select a.org_id as "org: OrgId", a.id as "id: AssistantId"
        from assistants a left join assistant_copies c on c.assistant_id = a.id
        where a.provider_id is not null and a.deleted_at is null and a.sync_state = 'in_step' and coalesce(c.checked_at, '-infinity') < $1
        order by c.checked_at nulls first, a.id
        limit $2
        "#,
        since,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.org, row.id)).collect())
}
