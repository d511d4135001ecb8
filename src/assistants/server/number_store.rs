//! Every statement on `phone_numbers`.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::{
        ids::{AssistantId, NumberId},
        phone::PhoneNumber,
    },
};

/// A number, with what only the server knows of it.
pub struct NumberRow {
    pub number: PhoneNumber,
    pub label: String,
    pub provider_id: Option<String>,
    pub sync_error: Option<String>,
    pub source: NumberSource,
    /// Twilio's id of it, or the credential of its SIP trunk.
    pub carrier_id: Option<String>,
    pub sends_sms: bool,
    pub fallback: Option<PhoneNumber>,
}

/// A number that is not at the provider yet, and from where it is brought there.
pub struct BroughtNumber<'a> {
    pub number: &'a PhoneNumber,
    pub label: &'a str,
    pub source: NumberSource,
    pub carrier_id: &'a str,
    pub sends_sms: bool,
    pub assistant: Option<AssistantId>,
}

/// Every number of the organisation.
pub async fn numbers(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<NumberLine>> {
    sqlx::query_as!(
        NumberLine,
        r#"
        select n.id as "id: NumberId", n.number, n.label, n.assistant_id as "assistant_id: AssistantId", a.name as "assistant_name?",
          n.sync_state as "sync: SyncState", n.sync_error, n.source as "source: NumberSource", n.sends_sms, n.fallback, n.is_demo
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
        r#"select number as "number: PhoneNumber", label, provider_id, sync_error, source as "source: NumberSource", carrier_id, sends_sms,
             fallback as "fallback: PhoneNumber"
           from phone_numbers where id = $1"#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await
}

/// The numbers one assistant answers.
pub async fn numbers_of(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select number from phone_numbers where assistant_id = $1 order by number", id.0).fetch_all(tx.conn()).await
}

/// How many there are.
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

/// A number that a job takes to the provider.
pub async fn insert_brought(tx: &mut OrgTx<'_>, id: NumberId, new: &BroughtNumber<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into phone_numbers (id, number, label, source, carrier_id, sends_sms, assistant_id) values ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        new.number.as_str(),
        new.label,
        new.source.name(),
        new.carrier_id,
        new.sends_sms,
        new.assistant.map(|id| id.0),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Name and way out of a number, which the provider is to be told; false when there is no such number.
pub async fn edit_number(tx: &mut OrgTx<'_>, id: NumberId, label: &str, fallback: Option<&PhoneNumber>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update phone_numbers set label = $2, fallback = $3, sync_state = 'pending', updated_at = now() where id = $1",
        id.0,
        label,
        fallback.map(PhoneNumber::as_str),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A number from which text messages are sent: this one if it does, else the first that does.
pub async fn sms_sender(tx: &mut OrgTx<'_>, wanted: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select number from phone_numbers where sends_sms order by (number = $1) desc, number limit 1", wanted)
        .fetch_optional(tx.conn())
        .await
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

/// Removes a number; its id at the provider, if it had one, and how it came there. Nothing when there is no such number.
pub async fn delete_number(tx: &mut OrgTx<'_>, id: NumberId) -> sqlx::Result<Option<(Option<String>, NumberSource)>> {
    let gone = sqlx::query!(r#"delete from phone_numbers where id = $1 returning provider_id, source as "source: NumberSource""#, id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(gone.map(|row| (row.provider_id, row.source)))
}

/// Whether any organisation has the number with this id at the provider.
pub async fn is_connected(conn: &mut sqlx::PgConnection, provider_id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from phone_numbers where provider_id = $1) as "is!""#, provider_id).fetch_one(conn).await
}
