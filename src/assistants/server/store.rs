//! Every statement on `assistants` and `phone_numbers`.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::{
        ids::{AssistantId, NumberId, OrgId},
        phone::PhoneNumber,
    },
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;

/// An assistant with what only the server knows of it.
pub struct Row {
    pub assistant: Assistant,
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
          (select count(*) from calls_in_progress c where c.assistant_id = a.id) as "live_calls!"
        from assistants a
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
        select id as "id: AssistantId", name, template as "template: Template", language, voice, first_message, prompt, end_phrases,
          max_duration_s, transfer_numbers as "transfer_numbers: Json<Vec<TransferEntry>>", state as "state: AssistantState", revision,
          provider_id, sync_state as "sync: SyncState", sync_error, deleted_at, is_demo, updated_at
        from assistants
        where id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Row {
        assistant: Assistant {
            id: row.id,
            name: row.name,
            template: row.template,
            language: row.language,
            voice: row.voice,
            first_message: row.first_message,
            prompt: row.prompt,
            end_phrases: row.end_phrases,
            max_duration_s: row.max_duration_s,
            transfer_numbers: row.transfer_numbers.0,
            state: row.state,
            sync: row.sync,
            sync_error: row.sync_error,
            updated_at: row.updated_at,
            revision: row.revision,
            is_demo: row.is_demo,
        },
        provider_id: row.provider_id,
        is_deleted: row.deleted_at.is_some(),
    }))
}

/// How many assistants the organisation has.
pub async fn count(tx: &mut OrgTx<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from assistants where deleted_at is null"#).fetch_one(tx.conn()).await
}

/// A new assistant answers at once: whoever makes one wants to hear it.
pub async fn insert(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    template: Template,
    draft: &AssistantDraft,
    is_demo: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into assistants (id, name, template, language, voice, first_message, prompt, end_phrases, max_duration_s, transfer_numbers,
          state, is_demo, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, $12, $12)
        ",
        id.0,
        draft.name,
        template.name(),
        draft.language,
        draft.voice,
        draft.first_message,
        draft.prompt,
        &draft.end_phrases,
        draft.max_duration_s,
        Json(&draft.transfer_numbers) as _,
        is_demo,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes a draft over this revision; the new revision, or nothing when it is another one by now.
pub async fn update(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    revision: i64,
    draft: &AssistantDraft,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "
        update assistants
        set name = $3, language = $4, voice = $5, first_message = $6, prompt = $7, end_phrases = $8, max_duration_s = $9,
          transfer_numbers = $10, revision = revision + 1, sync_state = 'pending', sync_error = null, updated_at = $11
        where id = $1 and revision = $2 and deleted_at is null
        returning revision
        ",
        id.0,
        revision,
        draft.name,
        draft.language,
        draft.voice,
        draft.first_message,
        draft.prompt,
        &draft.end_phrases,
        draft.max_duration_s,
        Json(&draft.transfer_numbers) as _,
        now,
    )
    .fetch_optional(tx.conn())
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
    Ok(())
}

/// The provider refused this revision, or could not be asked yet (`sync` stays pending).
pub async fn mark_trouble(tx: &mut OrgTx<'_>, id: AssistantId, revision: i64, sync: SyncState, words: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update assistants set sync_state = $3, sync_error = $4 where id = $1 and revision = $2",
        id.0,
        revision,
        sync.name(),
        words
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

/// A number, with what only the server knows of it.
pub struct NumberRow {
    pub number: PhoneNumber,
    pub label: String,
    pub provider_id: Option<String>,
    pub sync_error: Option<String>,
}

/// Every number of the organisation.
pub async fn numbers(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<NumberLine>> {
    sqlx::query_as!(
        NumberLine,
        r#"
        select n.id as "id: NumberId", n.number, n.label, n.assistant_id as "assistant_id: AssistantId", a.name as "assistant_name?",
          n.sync_state as "sync: SyncState", n.sync_error, n.is_demo
        from phone_numbers n left join assistants a on a.id = n.assistant_id
        order by n.number
        "#
    )
    .fetch_all(tx.conn())
    .await
}

pub async fn number(tx: &mut OrgTx<'_>, id: NumberId) -> sqlx::Result<Option<NumberRow>> {
    sqlx::query_as!(
        NumberRow,
        r#"select number as "number: PhoneNumber", label, provider_id, sync_error from phone_numbers where id = $1"#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await
}

/// The numbers one assistant answers.
pub async fn numbers_of(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select number from phone_numbers where assistant_id = $1 order by number", id.0).fetch_all(tx.conn()).await
}

/// Calls it is having now.
pub async fn live_calls(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from calls_in_progress where assistant_id = $1"#, id.0).fetch_one(tx.conn()).await
}

pub async fn count_numbers(tx: &mut OrgTx<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from phone_numbers"#).fetch_one(tx.conn()).await
}

/// A number; `provider_id` is known when it was connected by it.
pub async fn insert_number(
    tx: &mut OrgTx<'_>,
    id: NumberId,
    number: &PhoneNumber,
    label: &str,
    provider_id: Option<&str>,
    assistant: Option<AssistantId>,
    is_demo: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into phone_numbers (id, number, label, provider_id, assistant_id, is_demo) values ($1, $2, $3, $4, $5, $6)",
        id.0,
        number.as_str(),
        label,
        provider_id,
        assistant.map(|id| id.0),
        is_demo,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Numbers that came with the demonstration.
pub async fn delete_demo_numbers(tx: &mut OrgTx<'_>) -> sqlx::Result<()> {
    sqlx::query!("delete from phone_numbers where is_demo").execute(tx.conn()).await?;
    Ok(())
}

/// Who answers a number; false when there is no such number.
pub async fn assign_number(tx: &mut OrgTx<'_>, id: NumberId, assistant: Option<AssistantId>) -> sqlx::Result<bool> {
    let done = sqlx::query!("update phone_numbers set assistant_id = $2, updated_at = now() where id = $1", id.0, assistant.map(|id| id.0))
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// What came of telling the provider about a number.
pub async fn mark_number(
    tx: &mut OrgTx<'_>,
    id: NumberId,
    provider_id: Option<&str>,
    sync: SyncState,
    words: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update phone_numbers set provider_id = coalesce($2, provider_id), sync_state = $3, sync_error = $4, updated_at = now() where id = $1",
        id.0,
        provider_id,
        sync.name(),
        words
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The id at the provider is that of another number: it is given free, so that it can be connected as what it is.
pub async fn mark_foreign_number(tx: &mut OrgTx<'_>, id: NumberId, words: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update phone_numbers set provider_id = null, sync_state = 'refused', sync_error = $2, updated_at = now() where id = $1",
        id.0,
        words
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a number; its id at the provider, if it had one, or nothing when there is no such number.
pub async fn delete_number(tx: &mut OrgTx<'_>, id: NumberId) -> sqlx::Result<Option<Option<String>>> {
    sqlx::query_scalar!("delete from phone_numbers where id = $1 returning provider_id", id.0).fetch_optional(tx.conn()).await
}

/// Whether any organisation has the number with this id at the provider.
pub async fn is_connected(conn: &mut sqlx::PgConnection, provider_id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from phone_numbers where provider_id = $1) as "is!""#, provider_id).fetch_one(conn).await
}

/// The organisations that have anything at the provider, for a simulator that starts empty.
pub async fn orgs_with_copies(conn: &mut sqlx::PgConnection) -> sqlx::Result<Vec<OrgId>> {
    sqlx::query_scalar!(
        r#"select distinct org_id as "org_id!: OrgId" from (select org_id from assistants where deleted_at is null union all select org_id from phone_numbers) as held"#
    )
    .fetch_all(conn)
    .await
}
