//! Every statement on `assistant_drafts`.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::ids::{AccountId, AssistantId},
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;

/// What is being prepared, if anything.
pub async fn find(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<Draft>> {
    let row = sqlx::query!(
        r#"
        select d.settings as "settings!: Json<Settings>", d.updated_at, who.name as "saved_by?", d.based_on -- settings are filtered
        from assistant_drafts d left join accounts who on who.id = d.saved_by
        where d.assistant_id = $1 and d.settings is not null
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Draft { settings: row.settings.0, saved_at: row.updated_at, saved_by: row.saved_by, based_on: row.based_on }))
}

/// The version a draft brings back, if it does.
pub async fn restored_from(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<i32>> {
    let found = sqlx::query_scalar!("select restored_from from assistant_drafts where assistant_id = $1", id.0);
    Ok(found.fetch_optional(tx.conn()).await?.flatten())
}

/// A draft to write.
pub struct NewDraft<'a> {
    /// Absent: nothing is being prepared any longer.
    pub settings: Option<&'a Settings>,
    /// The version that is published.
    pub based_on: i32,
    pub restored_from: Option<i32>,
    pub by: Option<AccountId>,
}

/// Writes it over what was being prepared; the draft's new revision. What a draft is based on stays until it is gone.
pub async fn write(tx: &mut OrgTx<'_>, id: AssistantId, draft: NewDraft<'_>, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "
        insert into assistant_drafts as d (assistant_id, revision, settings, based_on, restored_from, saved_by, updated_at)
        values ($1, 1, $2, $3, $4, $5, $6)
        on conflict (assistant_id) do update
        set revision = d.revision + 1, settings = excluded.settings, restored_from = excluded.restored_from, saved_by = excluded.saved_by,
          based_on = case when d.settings is null then excluded.based_on else d.based_on end, updated_at = excluded.updated_at
        returning revision
        ",
        id.0,
        draft.settings.map(Json) as _,
        draft.based_on,
        draft.restored_from,
        draft.by.map(|account| account.0),
        now,
    )
    .fetch_one(tx.conn())
    .await
}
