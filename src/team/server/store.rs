//! Every statement on `members`, but for the first of an organisation, and on `invitations`.

use crate::{
    platform::{OrgTx, SystemTx},
    shared::{
        ids::{AccountId, InvitationId, OrgId},
        permission::Role,
    },
    team::model::{Invitation, Member},
};
use chrono::{DateTime, Utc};
use sqlx::Result;

/// Everybody, by name.
pub async fn members(tx: &mut OrgTx<'_>) -> Result<Vec<Member>> {
    sqlx::query_as!(
        Member,
        r#"
        select m.account_id as "account: AccountId", a.name, a.email, m.role as "role: Role", m.created_at as joined_at
        from members m join accounts a on a.id = m.account_id
        order by lower(a.name), m.account_id
        "#
    )
    .fetch_all(tx.conn())
    .await
}

/// Everybody's role, locked in one order: of two who change the team one waits.
pub async fn lock(tx: &mut OrgTx<'_>) -> Result<Vec<(AccountId, Role)>> {
    let rows =
        sqlx::query!(r#"select account_id as "account: AccountId", role as "role: Role" from members order by account_id for update"#)
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|row| (row.account, row.role)).collect())
}

pub async fn set_role(tx: &mut OrgTx<'_>, account: AccountId, role: Role) -> Result<()> {
    sqlx::query!("update members set role = $2, updated_at = now() where account_id = $1", account as AccountId, role as Role)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// Takes somebody out; their browsers go on in another organisation of theirs, or in none.
pub async fn remove(tx: &mut OrgTx<'_>, account: AccountId) -> Result<()> {
    let org = tx.scope().org();
    sqlx::query!("delete from members where account_id = $1", account as AccountId).execute(tx.conn()).await?;
    sqlx::query!("select zencall_leave($1, $2)", account as AccountId, org as OrgId).execute(tx.conn()).await.map(|_| ())
}

/// Those who have not answered, newest first.
pub async fn invitations(tx: &mut OrgTx<'_>) -> Result<Vec<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"
        select i.id as "id: InvitationId", i.email, i.role as "role: Role", a.name as "invited_by?", i.sent_at, i.expires_at
        from invitations i left join accounts a on a.id = i.invited_by
        where i.accepted_at is null order by i.sent_at desc, i.id desc
        "#
    )
    .fetch_all(tx.conn())
    .await
}

/// Whether somebody with this address belongs to the organisation.
pub async fn is_member(tx: &mut OrgTx<'_>, email: &str) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from members m join accounts a on a.id = m.account_id where lower(a.email) = lower($1)) as "is!""#,
        email
    )
    .fetch_one(tx.conn())
    .await
}

/// The organisation's name and language.
pub async fn house(tx: &mut OrgTx<'_>) -> Result<(String, String)> {
    let row = sqlx::query!("select name, locale from orgs").fetch_one(tx.conn()).await?;
    Ok((row.name, row.locale))
}

/// Somebody's name, of this organisation.
pub async fn name_of(tx: &mut OrgTx<'_>, account: AccountId) -> Result<Option<String>> {
    sqlx::query_scalar!("select name from accounts where id = $1", account as AccountId).fetch_optional(tx.conn()).await
}

/// An invitation to write.
pub struct NewInvitation<'a> {
    pub id: InvitationId,
    pub email: &'a str,
    pub role: Role,
    pub token_hash: &'a [u8],
    pub sent_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Writes an invitation. An open one for the address is written over: there is one link for each person, the last.
pub async fn insert(tx: &mut OrgTx<'_>, new: &NewInvitation<'_>) -> Result<InvitationId> {
    let by = tx.scope().account().map(|account| account.0);
    sqlx::query_scalar!(
        r#"
        insert into invitations (id, email, role, token_hash, invited_by, sent_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (org_id, lower(email)) where accepted_at is null do update
          set role = excluded.role, token_hash = excluded.token_hash, invited_by = excluded.invited_by, sent_at = excluded.sent_at,
            expires_at = excluded.expires_at, updated_at = now()
        returning id as "id: InvitationId"
        "#,
        new.id as InvitationId,
        new.email,
        new.role as Role,
        new.token_hash,
        by,
        new.sent_at,
        new.expires_at,
    )
    .fetch_one(tx.conn())
    .await
}

/// An open invitation's address and role.
pub async fn open(tx: &mut OrgTx<'_>, id: InvitationId) -> Result<Option<(String, Role)>> {
    let row = sqlx::query!(
        r#"select email, role as "role: Role" from invitations where id = $1 and accepted_at is null for update"#,
        id as InvitationId
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.email, row.role)))
}

/// The role of the open invitation for an address.
pub async fn open_role(tx: &mut OrgTx<'_>, email: &str) -> Result<Option<Role>> {
    sqlx::query_scalar!(
        r#"select role as "role: Role" from invitations where lower(email) = lower($1) and accepted_at is null for update"#,
        email
    )
    .fetch_optional(tx.conn())
    .await
}

pub async fn delete(tx: &mut OrgTx<'_>, id: InvitationId) -> Result<()> {
    sqlx::query!("delete from invitations where id = $1 and accepted_at is null", id as InvitationId).execute(tx.conn()).await.map(|_| ())
}

/// How many are open.
pub async fn count_open(tx: &mut OrgTx<'_>) -> Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from invitations where accepted_at is null"#).fetch_one(tx.conn()).await
}

/// An invitation as its link finds it.
pub struct ByLink {
    pub id: InvitationId,
    pub org: OrgId,
    pub organisation: String,
    pub email: String,
    pub role: Role,
    /// An account has the address.
    pub account: Option<AccountId>,
}

/// The invitation of a link that is still good; with `lock`, whoever comes second waits and finds it used.
pub async fn by_link(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<ByLink>> {
    sqlx::query_as!(
        ByLink,
        r#"
        select i.id as "id: InvitationId", i.org_id as "org: OrgId", o.name as organisation, i.email, i.role as "role: Role",
          (select a.id from accounts a where lower(a.email) = lower(i.email)) as "account: AccountId"
        from invitations i join orgs o on o.id = i.org_id
        where i.token_hash = $1 and i.accepted_at is null and i.expires_at > $2
        for update of i
        "#,
        token_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await
}

/// Makes the invited person a member and uses the invitation up; who belongs to the organisation already stays what they are.
pub async fn accept(tx: &mut SystemTx, invitation: &ByLink, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update invitations set accepted_at = $2, updated_at = now() where id = $1", invitation.id as InvitationId, now)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into members (org_id, account_id, role) values ($1, $2, $3) on conflict do nothing",
        invitation.org as OrgId,
        account as AccountId,
        invitation.role as Role
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}
