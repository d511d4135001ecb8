//! Every statement of this slice. Accounts belong to people, not to one organisation, so these run in system transactions;
//! only [`read_org`] and [`save_org`] run behind the wall.

use crate::{
    account::model::{Country, Email, NewAccount, OrgKind, Organisation},
    platform::{OrgTx, SystemTx, request::RequestInfo},
    shared::{
        ids::{AccountId, OrgId, RoleId, SessionId},
        permission::{Role, RoleChoice},
    },
};
use chrono::{DateTime, Utc};
use sqlx::Result;
use uuid::Uuid;

/// What sign-in needs of an account.
pub struct Credentials {
    pub id: AccountId,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub has_password: bool,
    pub locale: String,
    pub email_confirmed_at: Option<DateTime<Utc>>,
    pub totp_secret: Option<Vec<u8>>,
    pub totp_confirmed_at: Option<DateTime<Utc>>,
}

/// By address, whatever its case.
pub async fn find_by_email(tx: &mut SystemTx, email: &str) -> Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"
        select id as "id: AccountId", email, name, password_hash, has_password, locale, email_confirmed_at, totp_secret, totp_confirmed_at
        from accounts
        where lower(email) = lower($1)
        "#,
        email
    )
    .fetch_optional(tx.conn())
    .await
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &mut SystemTx, id: AccountId) -> Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"
        select id as "id: AccountId", email, name, password_hash, has_password, locale, email_confirmed_at, totp_secret, totp_confirmed_at
        from accounts
        where id = $1
        for update
        "#,
        id as AccountId
    )
    .fetch_optional(tx.conn())
    .await
}

/// Writes a person; false when somebody has the address.
pub async fn insert_account(
    tx: &mut SystemTx,
    id: AccountId,
    new: &NewAccount,
    password_hash: &str,
    locale: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let written = sqlx::query!(
        "insert into accounts (id, email, name, password_hash, locale, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (lower(email)) do nothing",
        id as AccountId,
        new.email.as_str(),
        new.name,
        password_hash,
        locale,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Writes a person whose address is proven; false when somebody has it.
pub async fn insert_person(
    tx: &mut SystemTx,
    id: AccountId,
    email: &Email,
    name: &str,
    password_hash: &str,
    locale: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let written = sqlx::query!(
        "insert into accounts (id, email, name, password_hash, locale, email_confirmed_at, created_at) values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (lower(email)) do nothing",
        id as AccountId,
        email.as_str(),
        name,
        password_hash,
        locale,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// This browser goes on in an organisation; false when its person does not belong to it.
pub async fn go_on_in(tx: &mut SystemTx, session: SessionId, org: OrgId) -> Result<bool> {
    let gone_on = sqlx::query!(
        "update sessions s set active_org = $2, view_as = null, updated_at = now()
         where id = $1 and exists (select from members m where m.org_id = $2 and m.account_id = s.account_id)",
        session as SessionId,
        org as OrgId
    )
    .execute(tx.conn())
    .await?;
    Ok(gone_on.rows_affected() == 1)
}

/// Until when a second factor has to be there, for a session that has shown none.
pub async fn second_factor_by(tx: &mut SystemTx, session: SessionId, org: OrgId) -> Result<Option<DateTime<Utc>>> {
    let by = sqlx::query_scalar!(
        "select r.second_factor_from from sign_in_rules r join sessions s on s.id = $1 where r.org_id = $2 and s.second_factor_at is null",
        session as SessionId,
        org as OrgId
    );
    Ok(by.fetch_optional(tx.conn()).await?.flatten())
}

/// A session has shown a second factor.
pub async fn set_proven(tx: &mut SystemTx, session: SessionId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update sessions set second_factor_at = $2, updated_at = now() where id = $1", session as SessionId, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The account has none any more, so no session has shown one.
pub async fn set_unproven(tx: &mut SystemTx, account: AccountId) -> Result<()> {
    sqlx::query!("update sessions set second_factor_at = null, updated_at = now() where account_id = $1", account as AccountId)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// From now on this browser sees Zencall as another role; as its own again with none.
pub async fn view_as(tx: &mut SystemTx, session: SessionId, role: Option<RoleChoice>) -> Result<()> {
    let role = role.map(|role| match role {
        RoleChoice::Given(role) => role.name().to_owned(),
        RoleChoice::Own(id) => id.0.to_string(),
    });
    sqlx::query!("update sessions set view_as = $2, updated_at = now() where id = $1", session as SessionId, role)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// The name of a role of an organisation's own.
pub async fn role_name(tx: &mut SystemTx, org: OrgId, role: RoleId) -> Result<Option<String>> {
    sqlx::query_scalar!("select name from roles where org_id = $1 and id = $2", org as OrgId, role as RoleId)
        .fetch_optional(tx.conn())
        .await
}

/// The organisations of a person but for one, by name.
pub async fn others(tx: &mut SystemTx, account: AccountId, but: OrgId) -> Result<Vec<(OrgId, String)>> {
    let rows = sqlx::query!(
        r#"select o.id as "id: OrgId", o.name from members m join orgs o on o.id = m.org_id where m.account_id = $1 and o.id <> $2 order by lower(o.name), o.id"#,
        account as AccountId,
        but as OrgId
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Writes an organisation.
pub async fn insert_org(tx: &mut SystemTx, id: OrgId, new: &NewAccount, locale: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into orgs (id, name, kind, siren, vat_number, country, timezone, locale, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id as OrgId,
        new.org_name,
        new.kind as OrgKind,
        new.siren.as_ref().map(|siren| siren.as_str()),
        new.vat_number.as_ref().map(|vat| vat.as_str()),
        new.country as Country,
        new.country.timezone(),
        locale,
        now,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Makes somebody something in an organisation.
pub async fn insert_member(tx: &mut SystemTx, org: OrgId, account: AccountId, role: Role) -> Result<()> {
    sqlx::query!("insert into members (org_id, account_id, role) values ($1, $2, $3)", org as OrgId, account as AccountId, role as Role)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// Keeps the proof that a document was accepted.
pub async fn insert_acceptance(
    tx: &mut SystemTx,
    account: AccountId,
    email: &Email,
    document: &str,
    version: &str,
    request: &RequestInfo,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into acceptances (id, account_id, email, document, version, ip, user_agent, created_at) values ($1, $2, $3, $4, $5, $6::text::inet, $7, $8)",
        Uuid::now_v7(),
        account as AccountId,
        email.as_str(),
        document,
        version,
        request.ip.to_string(),
        request.user_agent,
        now,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// The organisation a new session opens: the one this person joined first.
pub async fn first_membership(tx: &mut SystemTx, account: AccountId) -> Result<Option<OrgId>> {
    sqlx::query_scalar!(
        r#"select org_id as "org_id: OrgId" from members where account_id = $1 order by created_at, org_id limit 1"#,
        account as AccountId
    )
    .fetch_optional(tx.conn())
    .await
}

/// A link for a mail; its older sisters of the same purpose are good no more.
pub async fn insert_link(
    tx: &mut SystemTx,
    token_hash: &[u8],
    account: AccountId,
    purpose: &str,
    new_email: Option<&str>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("delete from mail_tokens where account_id = $1 and purpose = $2 and used_at is null", account as AccountId, purpose)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into mail_tokens (token_hash, account_id, purpose, new_email, expires_at) values ($1, $2, $3, $4, $5)",
        token_hash,
        account as AccountId,
        purpose,
        new_email,
        expires_at,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// A link that is still good.
pub struct LinkRow {
    pub account: AccountId,
    pub purpose: String,
    pub email: String,
    pub new_email: Option<String>,
}

/// Looks a link up and leaves it good.
pub async fn find_link(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<LinkRow>> {
    sqlx::query_as!(
        LinkRow,
        r#"
        select t.account_id as "account: AccountId", t.purpose, a.email, t.new_email
        from mail_tokens t
        join accounts a on a.id = t.account_id
        where t.token_hash = $1 and t.used_at is null and t.expires_at > $2
        "#,
        token_hash,
        now,
    )
    .fetch_optional(tx.conn())
    .await
}

/// Uses a link up; false when it was not good any more.
pub async fn use_link(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let used = sqlx::query!(
        "update mail_tokens set used_at = $2, updated_at = now() where token_hash = $1 and used_at is null and expires_at > $2",
        token_hash,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Ends every link of a person: a new password makes old mails harmless.
pub async fn delete_links(tx: &mut SystemTx, account: AccountId) -> Result<()> {
    sqlx::query!("delete from mail_tokens where account_id = $1 and used_at is null", account as AccountId)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// The address is this person's.
pub async fn confirm_email(tx: &mut SystemTx, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update accounts set email_confirmed_at = coalesce(email_confirmed_at, $2), updated_at = now() where id = $1",
        account as AccountId,
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Moves a person to another, proven address. Fails on `accounts_email_key`.
pub async fn set_email(tx: &mut SystemTx, account: AccountId, email: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update accounts set email = $2, email_confirmed_at = $3, updated_at = now() where id = $1",
        account as AccountId,
        email,
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Keeps a new password.
pub async fn set_password(tx: &mut SystemTx, account: AccountId, password_hash: &str) -> Result<()> {
    sqlx::query!(
        "update accounts set password_hash = $2, has_password = true, updated_at = now() where id = $1",
        account as AccountId,
        password_hash
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Keeps name and language.
pub async fn set_profile(tx: &mut SystemTx, account: AccountId, name: &str, locale: &str) -> Result<()> {
    sqlx::query!("update accounts set name = $2, locale = $3, updated_at = now() where id = $1", account as AccountId, name, locale)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

pub async fn set_language(tx: &mut SystemTx, account: AccountId, language: &str) -> Result<()> {
    sqlx::query!("update accounts set locale = $2, updated_at = now() where id = $1", account as AccountId, language)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// Keeps a sealed secret; `confirmed_at` says that its first code was right.
pub async fn set_totp(tx: &mut SystemTx, account: AccountId, secret: Option<&[u8]>, confirmed_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!(
        "update accounts set totp_secret = $2, totp_confirmed_at = $3, updated_at = now() where id = $1",
        account as AccountId,
        secret,
        confirmed_at,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Every sealed second factor, locked until the end of the transaction.
pub async fn lock_totp_secrets(tx: &mut SystemTx) -> Result<Vec<(AccountId, Vec<u8>)>> {
    let rows = sqlx::query!(
        r#"select id as "id: AccountId", totp_secret as "secret!" from accounts where totp_secret is not null order by id for update"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.secret)).collect())
}

/// The same secret, sealed otherwise.
pub async fn reseal_totp(tx: &mut SystemTx, account: AccountId, secret: &[u8]) -> Result<()> {
    sqlx::query!("update accounts set totp_secret = $2, updated_at = now() where id = $1", account as AccountId, secret)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// Uses up a step and all before it; false when it was used already.
pub async fn use_totp_step(tx: &mut SystemTx, account: AccountId, step: i64) -> Result<bool> {
    let used = sqlx::query!(
        "update accounts set totp_last_step = $2, updated_at = now() where id = $1 and (totp_last_step is null or totp_last_step < $2)",
        account as AccountId,
        step,
    )
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Puts new codes in the place of all old ones.
pub async fn replace_recovery_codes(tx: &mut SystemTx, account: AccountId, hashes: &[Vec<u8>]) -> Result<()> {
    sqlx::query!("delete from recovery_codes where account_id = $1", account as AccountId).execute(tx.conn()).await?;
    sqlx::query!("insert into recovery_codes (account_id, code_hash) select $1, unnest($2::bytea[])", account as AccountId, hashes)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// Uses a code up; false when it is unknown or was used.
pub async fn use_recovery_code(tx: &mut SystemTx, account: AccountId, hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let used = sqlx::query!(
        "update recovery_codes set used_at = $3, updated_at = now() where account_id = $1 and code_hash = $2 and used_at is null",
        account as AccountId,
        hash,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

/// How many codes are still good.
pub async fn recovery_codes_left(tx: &mut SystemTx, account: AccountId) -> Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from recovery_codes where account_id = $1 and used_at is null"#, account as AccountId) // count is never null
        .fetch_one(tx.conn())
        .await
}

/// A sign-in that still owes its second factor.
pub struct Pending {
    pub account: AccountId,
    pub next: String,
    pub tries: i32,
    pub google_domain: Option<String>,
}

/// Notes that the password was right, or that Google named the account.
pub async fn insert_pending(
    tx: &mut SystemTx,
    token_hash: &[u8],
    account: AccountId,
    next: &str,
    google_domain: Option<&str>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("delete from pending_sign_ins where account_id = $1 and expires_at <= $2", account as AccountId, now)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into pending_sign_ins (token_hash, account_id, next, expires_at, google_domain) values ($1, $2, $3, $4, $5)",
        token_hash,
        account as AccountId,
        next,
        expires_at,
        google_domain,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Counts a try of the second step; nothing when it is over.
pub async fn try_pending(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"
        update pending_sign_ins set tries = tries + 1, updated_at = now()
        where token_hash = $1 and expires_at > $2
        returning account_id as "account: AccountId", next, tries, google_domain
        "#,
        token_hash,
        now,
    )
    .fetch_optional(tx.conn())
    .await
}

/// Whether a second step waits under this token.
pub async fn has_pending(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from pending_sign_ins where token_hash = $1 and expires_at > $2) as "exists!""#, // exists is never null
        token_hash,
        now
    )
    .fetch_one(tx.conn())
    .await
}

/// The second step is over; false when it was already.
pub async fn delete_pending(tx: &mut SystemTx, token_hash: &[u8]) -> Result<bool> {
    let gone = sqlx::query!("delete from pending_sign_ins where token_hash = $1", token_hash).execute(tx.conn()).await?;
    Ok(gone.rows_affected() == 1)
}

/// Every second step of a person is over.
pub async fn delete_all_pending(tx: &mut SystemTx, account: AccountId) -> Result<()> {
    sqlx::query!("delete from pending_sign_ins where account_id = $1", account as AccountId).execute(tx.conn()).await.map(|_| ())
}

/// A session as its owner may see it.
pub struct SeenSession {
    pub id: SessionId,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// A person's sessions that are still good, the latest first.
pub async fn sessions(tx: &mut SystemTx, account: AccountId, now: DateTime<Utc>, idle_since: DateTime<Utc>) -> Result<Vec<SeenSession>> {
    sqlx::query_as!(
        SeenSession,
        r#"
        select id as "id: SessionId", host(ip) as address, user_agent, created_at, last_seen_at
        from sessions
        where account_id = $1 and expires_at > $2 and last_seen_at > $3
        order by last_seen_at desc, id desc
        limit 200
        "#,
        account as AccountId,
        now,
        idle_since,
    )
    .fetch_all(tx.conn())
    .await
}

/// Ends one session of this person; false when there is none.
pub async fn delete_session(tx: &mut SystemTx, account: AccountId, session: SessionId) -> Result<bool> {
    let gone = sqlx::query!("delete from sessions where id = $1 and account_id = $2", session as SessionId, account as AccountId)
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// Whether a person who is signed in somewhere is not so in a browser that calls itself this.
pub async fn is_new_device(tx: &mut SystemTx, account: AccountId, user_agent: &str) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select count(*) > 0 and not coalesce(bool_or(user_agent = $2), false) as "is_new!" from sessions where account_id = $1"#,
        account as AccountId,
        user_agent
    )
    .fetch_one(tx.conn())
    .await
}

/// Ends a person's sessions, but for one if told; returns how many.
pub async fn delete_sessions(tx: &mut SystemTx, account: AccountId, except: Option<SessionId>) -> Result<u64> {
    let gone =
        sqlx::query!("delete from sessions where account_id = $1 and id is distinct from $2", account as AccountId, except.map(|id| id.0))
            .execute(tx.conn())
            .await?;
    Ok(gone.rows_affected())
}

/// What a page shows of who reads it.
pub struct Who {
    pub name: String,
    pub email: String,
    pub email_confirmed: bool,
    pub locale: String,
    pub org_name: String,
    pub timezone: String,
    pub has_demo_data: bool,
}

/// The reader and the organisation they work in.
pub async fn who(tx: &mut SystemTx, account: AccountId, org: OrgId) -> Result<Option<Who>> {
    sqlx::query_as!(
        Who,
        r#"
        select a.name, a.email, a.email_confirmed_at is not null as "email_confirmed!", a.locale, o.name as org_name, o.timezone, o.is_demo as has_demo_data
        from accounts a, orgs o
        where a.id = $1 and o.id = $2
        "#, // a comparison with null is never null here: `is not null`
        account as AccountId,
        org as OrgId,
    )
    .fetch_optional(tx.conn())
    .await
}

/// The organisation's own row.
pub async fn read_org(tx: &mut OrgTx<'_>) -> Result<Organisation> {
    let org = tx.scope().org();
    sqlx::query_as!(
        Organisation,
        r#"select name, kind as "kind: OrgKind", country, siren, vat_number, timezone, locale from orgs where id = $1"#,
        org as OrgId
    )
    .fetch_one(tx.conn())
    .await
}

/// Keeps the organisation's settings.
pub async fn save_org(tx: &mut OrgTx<'_>, name: &str, timezone: &str, locale: &str) -> Result<()> {
    let org = tx.scope().org();
    sqlx::query!(
        "update orgs set name = $1, timezone = $2, locale = $3, updated_at = now() where id = $4",
        name,
        timezone,
        locale,
        org as OrgId
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Removes sessions, second steps and links that are over; returns how many rows.
pub async fn sweep(tx: &mut SystemTx, now: DateTime<Utc>, idle_since: DateTime<Utc>, links_before: DateTime<Utc>) -> Result<u64> {
    let sessions =
        sqlx::query!("delete from sessions where expires_at <= $1 or last_seen_at <= $2", now, idle_since).execute(tx.conn()).await?;
    let pending = sqlx::query!("delete from pending_sign_ins where expires_at <= $1", now).execute(tx.conn()).await?;
    let links = sqlx::query!("delete from mail_tokens where expires_at <= $1", links_before).execute(tx.conn()).await?;
    let trips = sqlx::query!("delete from sign_in_trips where expires_at <= $1", now).execute(tx.conn()).await?;
    Ok(sessions.rows_affected() + pending.rows_affected() + links.rows_affected() + trips.rows_affected())
}
