//! The statements of signing in with Google: browsers that left and came back, and whose Google account is whose.

use crate::{account::model::GoogleAccount, platform::SystemTx, providers::google::Person, shared::ids::AccountId};
use chrono::{DateTime, Utc};
use sqlx::Result;

/// Somebody Google named, who has no account here yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub subject: String,
    pub email: String,
    pub name: String,
    pub hosted_domain: String,
    /// Where they wanted to go.
    pub next: String,
}

/// A browser leaves for Google: for whom, and where they go on afterwards.
pub async fn insert_trip(
    tx: &mut SystemTx,
    token_hash: &[u8],
    state_hash: &[u8],
    next: &str,
    account: Option<AccountId>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into sign_in_trips (token_hash, state_hash, next, account_id, expires_at) values ($1, $2, $3, $4, $5)",
        token_hash,
        state_hash,
        next,
        account.map(|account| account.0),
        expires_at,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// A browser is back: its state is used up. Nothing when it never left, was back already or took too long.
pub async fn end_trip(
    tx: &mut SystemTx,
    token_hash: &[u8],
    state_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(String, Option<AccountId>)>> {
    let row = sqlx::query!(
        r#"update sign_in_trips set state_hash = null, updated_at = now() where token_hash = $1 and state_hash = $2 and expires_at > $3
         returning next, account_id as "account: AccountId""#,
        token_hash,
        state_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.next, row.account)))
}

/// Keeps who came back and has no account, while they sign up.
pub async fn keep_arrival(tx: &mut SystemTx, token_hash: &[u8], person: &Person, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update sign_in_trips set subject = $2, email = $3, name = $4, hosted_domain = $5, expires_at = $6, updated_at = now() where token_hash = $1",
        token_hash,
        person.subject,
        person.email,
        person.name,
        person.hosted_domain,
        until,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Who came back with this cookie and has no account yet.
pub async fn find_arrival(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Arrival>> {
    sqlx::query_as!(
        Arrival,
        r#"select subject as "subject!", email as "email!", name as "name!", hosted_domain as "hosted_domain!", next
         from sign_in_trips where token_hash = $1 and subject is not null and expires_at > $2"#, // written together
        token_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await
}

/// The trip is over; false when it was already.
pub async fn delete_trip(tx: &mut SystemTx, token_hash: &[u8]) -> Result<bool> {
    let gone = sqlx::query!("delete from sign_in_trips where token_hash = $1", token_hash).execute(tx.conn()).await?;
    Ok(gone.rows_affected() == 1)
}

/// Whose Google account this is; noted as used now, with the address it has today.
pub async fn use_identity(tx: &mut SystemTx, person: &Person, now: DateTime<Utc>) -> Result<Option<AccountId>> {
    sqlx::query_scalar!(
        r#"update account_identities set email = $2, last_used_at = $3, updated_at = now() where provider = 'google' and subject = $1
         returning account_id as "account: AccountId""#,
        person.subject,
        person.email,
        now
    )
    .fetch_optional(tx.conn())
    .await
}

/// Connects a Google account; false when it is somebody's, or this person has one.
pub async fn insert_identity(tx: &mut SystemTx, account: AccountId, subject: &str, email: &str, now: DateTime<Utc>) -> Result<bool> {
    let written = sqlx::query!(
        "insert into account_identities (provider, subject, account_id, email, last_used_at) values ('google', $1, $2, $3, $4) on conflict do nothing",
        subject,
        account as AccountId,
        email,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// The Google account of a person: its address, since when, and when it was last used.
pub async fn read_identity(tx: &mut SystemTx, account: AccountId) -> Result<Option<GoogleAccount>> {
    sqlx::query_as!(
        GoogleAccount,
        "select email, created_at as since, last_used_at from account_identities where provider = 'google' and account_id = $1",
        account as AccountId
    )
    .fetch_optional(tx.conn())
    .await
}

/// Disconnects it; false when there is none.
pub async fn delete_identity(tx: &mut SystemTx, account: AccountId) -> Result<bool> {
    let gone = sqlx::query!("delete from account_identities where provider = 'google' and account_id = $1", account as AccountId)
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// A new account whose address Google answers for, and that has no password yet.
pub async fn set_from_google(tx: &mut SystemTx, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update accounts set has_password = false, email_confirmed_at = $2, updated_at = now() where id = $1",
        account as AccountId,
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}
