//! Every statement on `assistants`.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::ids::{AssistantId, OrgId},
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;

/// An assistant with what only the server knows of it.
pub struct Row {
    pub assistant: Assistant,
    /// Of what is published: a push names it.
    pub published_revision: i64,
    pub provider_id: Option<String>,
    pub is_deleted: bool,
}

/// Every assistant that is not deleted, by name.
pub async fn list(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<AssistantCard>> {
    sqlx::query_as!(
        AssistantCard,
        r#"
        select a.id as "id: AssistantId", a.name, a.template as "template: Template", a.language, a.voice,
          a.state as "state: AssistantState", a.sync_state as "sync: SyncState", a.sync_error, a.updated_at, a.is_demo,
          array(select n.number from phone_numbers n where n.assistant_id = a.id order by n.number) as "numbers!",
          (select count(*) from calls_in_progress c where c.assistant_id = a.id) as "live_calls!",
          d.settings is not null as "has_draft!", k.drift is not null and k.ignored is distinct from k.fingerprint as "has_drifted!"
        from assistants a left join assistant_drafts d on d.assistant_id = a.id left join assistant_copies k on k.assistant_id = a.id
        where a.deleted_at is null
        order by a.name, a.id
        "#
    )
    .fetch_all(tx.conn())
    .await
}

/// One assistant, deleted or not.
pub async fn find(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<Row>> {
    let row = sqlx::query!(
        r#"
        select a.id as "id: AssistantId", a.name, a.template as "template: Template", a.language, a.voice, a.model, a.first_message, a.prompt, a.end_phrases,
          a.max_duration_s, a.tools, a.transfer_numbers as "transfer_numbers: Json<Vec<TransferEntry>>", a.recording as "recording: Recording", a.state as "state: AssistantState", a.revision,
          a.revision + coalesce(d.revision, 0) as "both_revisions!", -- of a not-null column
          a.provider_id, a.sync_state as "sync: SyncState", a.sync_error, a.deleted_at, a.is_demo, a.updated_at
        from assistants a left join assistant_drafts d on d.assistant_id = a.id
        where a.id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Row {
        assistant: Assistant {
            id: row.id,
            template: row.template,
            settings: Settings {
                name: row.name,
                language: row.language,
                voice: row.voice,
                model: Some(row.model).filter(|model| model != USUAL_MODEL),
                first_message: row.first_message,
                prompt: row.prompt,
                end_phrases: row.end_phrases,
                max_duration_s: row.max_duration_s,
                transfer_numbers: row.transfer_numbers.0,
                tools: row.tools,
                recording: row.recording,
            },
            state: row.state,
            sync: row.sync,
            sync_error: row.sync_error,
            updated_at: row.updated_at,
            revision: row.both_revisions,
            is_demo: row.is_demo,
        },
        published_revision: row.revision,
        provider_id: row.provider_id,
        is_deleted: row.deleted_at.is_some(),
    }))
}

/// The same, with the row locked: whoever changes what is published or being prepared waits for the other.
pub async fn lock(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<Row>> {
    sqlx::query!("select id from assistants where id = $1 for update", id.0).fetch_optional(tx.conn()).await?;
    find(tx, id).await
}

/// How many assistants the organisation has.
pub async fn names(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<(AssistantId, String)>> {
    let rows = sqlx::query!(r#"select id as "id: AssistantId", name from assistants where deleted_at is null order by lower(name), id"#)
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

pub async fn count(tx: &mut OrgTx<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from assistants where deleted_at is null"#).fetch_one(tx.conn()).await
}

/// A new assistant answers at once: whoever makes one wants to hear it.
pub async fn insert(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    template: Template,
    settings: &Settings,
    is_demo: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into assistants (id, name, template, language, voice, first_message, prompt, end_phrases, max_duration_s, transfer_numbers,
          tools, state, is_demo, created_at, updated_at, recording, model)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, 'active', $11, $12, $12, $14, $15)
        ",
        id.0,
        settings.name,
        template.name(),
        settings.language,
        settings.voice,
        settings.first_message,
        settings.prompt,
        &settings.end_phrases,
        settings.max_duration_s,
        Json(&settings.transfer_numbers) as _,
        is_demo,
        now,
        settings.tools.as_deref(),
        settings.recording.name(),
        settings.model(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes what is published; the new revision.
pub async fn publish(tx: &mut OrgTx<'_>, id: AssistantId, settings: &Settings, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "
        update assistants
        set name = $2, language = $3, voice = $4, first_message = $5, prompt = $6, end_phrases = $7, max_duration_s = $8,
          transfer_numbers = $9, tools = $11, recording = $12, model = $13, revision = revision + 1, sync_state = 'pending', sync_error = null, updated_at = $10
        where id = $1
        returning revision
        ",
        id.0,
        settings.name,
        settings.language,
        settings.voice,
        settings.first_message,
        settings.prompt,
        &settings.end_phrases,
        settings.max_duration_s,
        Json(&settings.transfer_numbers) as _,
        now,
        settings.tools.as_deref(),
        settings.recording.name(),
        settings.model(),
    )
    .fetch_one(tx.conn())
    .await
}

/// False when there is no such assistant.
pub async fn set_state(tx: &mut OrgTx<'_>, id: AssistantId, state: AssistantState, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update assistants set state = $2, updated_at = $3 where id = $1 and deleted_at is null", id.0, state.name(), now)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Marks a push as under way again; false when there is no such assistant.
pub async fn mark_pending(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<bool> {
    let done = sqlx::query!("update assistants set sync_state = 'pending', sync_error = null where id = $1 and deleted_at is null", id.0)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Marks all of them; returns their ids.
pub async fn mark_all_pending(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<AssistantId>> {
    sqlx::query_scalar!(
        r#"update assistants set sync_state = 'pending', sync_error = null where deleted_at is null returning id as "id: AssistantId""#
    )
    .fetch_all(tx.conn())
    .await
}

/// Locks the row and says whether a call uses it now; nothing when there is no such assistant.
pub async fn lock_use(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"
        select exists (select from calls_in_progress c where c.assistant_id = a.id) as "in_use!"
        from assistants a
        where a.id = $1 and a.deleted_at is null
        for update of a
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await
}

/// Takes it out of sight and off its numbers. Calls keep pointing at it.
pub async fn mark_deleted(tx: &mut OrgTx<'_>, id: AssistantId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update phone_numbers set assistant_id = null, updated_at = $2 where assistant_id = $1", id.0, now)
        .execute(tx.conn())
        .await?;
    sqlx::query!("update assistants set deleted_at = $2, state = 'draft', updated_at = $2 where id = $1", id.0, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Calls it is having now.
pub async fn live_calls(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from calls_in_progress where assistant_id = $1"#, id.0).fetch_one(tx.conn()).await
}

/// The assistants that came with the demonstration.
pub async fn demo_ids(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<AssistantId>> {
    sqlx::query_scalar!(r#"select id as "id: AssistantId" from assistants where is_demo and deleted_at is null"#).fetch_all(tx.conn()).await
}

/// What the provider holds now: revision `revision` under this id. A save that came meanwhile stays pending, its own push follows.
pub async fn mark_pushed(tx: &mut OrgTx<'_>, id: AssistantId, revision: i64, provider_id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update assistants
        set provider_id = $3, pushed_revision = $2, pushed_at = $4, sync_error = null,
          sync_state = case when revision = $2 then 'in_step' else sync_state end
        where id = $1
        ",
        id.0,
        revision,
        provider_id,
        now,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "
        update assistant_versions
        set provider_state = 'in_step', provider_words = null, answered_at = $3, live_from = coalesce(live_from, $3), updated_at = $3
        where assistant_id = $1 and revision = $2
        ",
        id.0,
        revision,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The provider refused this revision, or could not be asked yet (`sync` stays pending).
pub async fn mark_trouble(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    revision: i64,
    sync: SyncState,
    words: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update assistants set sync_state = $3, sync_error = $4 where id = $1 and revision = $2",
        id.0,
        revision,
        sync.name(),
        words
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "
        update assistant_versions set provider_state = $3, provider_words = $4, answered_at = $5, updated_at = $5
        where assistant_id = $1 and revision = $2
        ",
        id.0,
        revision,
        sync.name(),
        words,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets the provider's copy: it is gone.
pub async fn forget_copy(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<()> {
    sqlx::query!("update assistants set provider_id = null where id = $1", id.0).execute(tx.conn()).await?;
    Ok(())
}

/// The organisations that have anything at the provider, for a simulator that starts empty.
pub async fn orgs_with_copies(conn: &mut sqlx::PgConnection) -> sqlx::Result<Vec<OrgId>> {
    sqlx::query_scalar!(
        r#"select distinct org_id as "org_id!: OrgId" from (select org_id from assistants where deleted_at is null union all select org_id from phone_numbers) as held"#
    )
    .fetch_all(conn)
    .await
}
