//! An organisation's account at Twilio: its token sealed, and the address that Twilio posts to.

use crate::{
    numbers::model::TwilioLink,
    platform::{Core, OrgTx, SystemTx, config::Secret, crypto},
    providers::twilio::Credentials,
    shared::{error::AppError, ids::OrgId},
};
use chrono::{DateTime, Utc};

/// What the vault authenticates beside the organisation.
const TOKEN: &str = "twilio_token";
/// See [`TOKEN`].
const HOOK: &str = "twilio_hook";

/// An account that can be used.
pub struct Account {
    pub who: Credentials,
    hook: String,
}

impl Account {
    /// Where Twilio tells us of something: `sms`, `status`.
    pub fn address(&self, core: &Core, at: &str) -> String {
        address(core, &self.hook, at)
    }
}

/// The address of a token.
pub fn address(core: &Core, hook: &str, at: &str) -> String {
    format!("{}/hooks/twilio/{hook}/{at}", core.config.public_url.as_str().trim_end_matches('/'))
}

/// What may be shown of it.
pub async fn link(tx: &mut OrgTx<'_>) -> sqlx::Result<Option<TwilioLink>> {
    sqlx::query_as!(TwilioLink, "select account_sid, name, refused from twilio_accounts").fetch_optional(tx.conn()).await
}

/// The account of the transaction's organisation, opened.
pub async fn open(tx: &mut OrgTx<'_>) -> Result<Option<Account>, AppError> {
    let row = sqlx::query!("select account_sid, token_sealed, hook_sealed from twilio_accounts").fetch_optional(tx.conn()).await?;
    let (core, org) = (tx.scope().core(), tx.scope().org());
    let Some(row) = row else { return Ok(None) };
    let auth_token = Secret::from(text(core, org, TOKEN, &row.token_sealed)?);
    Ok(Some(Account { who: Credentials { account_sid: row.account_sid, auth_token }, hook: text(core, org, HOOK, &row.hook_sealed)? }))
}

/// Keeps an account that Twilio has confirmed. The address stays the same when there was one.
pub async fn save(tx: &mut OrgTx<'_>, who: &Credentials, name: &str, now: DateTime<Utc>) -> Result<(), AppError> {
    let (core, org) = (tx.scope().core(), tx.scope().org());
    let hook = crypto::token();
    let token_sealed = core.vault.seal(org.0, TOKEN, who.auth_token.expose().as_bytes())?;
    let hook_sealed = core.vault.seal(org.0, HOOK, hook.as_bytes())?;
    sqlx::query!(
        "insert into twilio_accounts (account_sid, name, token_sealed, hook_hash, hook_sealed) values ($1, $2, $3, $4, $5)
         on conflict (org_id) do update set account_sid = $1, name = $2, token_sealed = $3, refused = null, updated_at = $6",
        who.account_sid,
        name,
        token_sealed,
        crypto::token_hash(&hook),
        hook_sealed,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Twilio takes the token no longer.
pub async fn mark_refused(tx: &mut OrgTx<'_>, words: &str) -> sqlx::Result<()> {
    sqlx::query!("update twilio_accounts set refused = $1, updated_at = now()", words).execute(tx.conn()).await?;
    Ok(())
}

/// Forgets it.
pub async fn delete(tx: &mut OrgTx<'_>) -> sqlx::Result<()> {
    sqlx::query!("delete from twilio_accounts").execute(tx.conn()).await?;
    Ok(())
}

/// Whose address this is, and the token its requests are signed with.
pub async fn of_hook(core: &Core, hook: &str) -> Result<Option<(OrgId, Secret)>, AppError> {
    let row =
        sqlx::query!(r#"select org_id as "org: OrgId", token_sealed from twilio_accounts where hook_hash = $1"#, crypto::token_hash(hook))
            .fetch_optional(&core.pool)
            .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((row.org, Secret::from(text(core, row.org, TOKEN, &row.token_sealed)?))))
}

fn text(core: &Core, org: OrgId, purpose: &str, sealed: &[u8]) -> Result<String, AppError> {
    String::from_utf8(core.vault.open(org.0, purpose, sealed)?).map_err(AppError::internal)
}

/// Seals under the master key in front what an older one sealed. Returns how many accounts that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let rows = sqlx::query!(r#"select org_id as "org: OrgId", token_sealed, hook_sealed from twilio_accounts for update"#)
        .fetch_all(tx.conn())
        .await?;
    let mut count = 0;
    for row in rows {
        let token = core.vault.reseal(row.org.0, TOKEN, &row.token_sealed)?;
        let hook = core.vault.reseal(row.org.0, HOOK, &row.hook_sealed)?;
        if token.is_none() && hook.is_none() {
            continue;
        }
        sqlx::query!(
            "update twilio_accounts set token_sealed = coalesce($2, token_sealed), hook_sealed = coalesce($3, hook_sealed) where org_id = $1",
            row.org.0,
            token,
            hook
        )
        .execute(tx.conn())
        .await?;
        count += 1;
    }
    tx.commit().await?;
    Ok(count)
}
