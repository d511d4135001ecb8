//! Every statement on `members`, but for the first of an organisation, on `roles` and on `invitations`.

use crate::{
    platform::{OrgTx, SystemTx},
    shared::{
        ids::{AccountId, AssistantId, InvitationId, OrgId, RoleId},
        permission::{Permissions, Role, RoleChoice},
    },
    team::model::{Invitation, Member, NewRole, OwnRole},
};
use chrono::{DateTime, Utc};
use sqlx::Result;

/// Everybody, by name.
pub async fn members(tx: &mut OrgTx<'_>) -> Result<Vec<Member>> {
    let rows = sqlx::query!(
        r#"
        select m.account_id as "account: AccountId", a.name, a.email, m.role as "role: Role", m.own_role as "own_role: RoleId", m.assistants,
          m.created_at as joined_at
        from members m join accounts a on a.id = m.account_id
        order by lower(a.name), m.account_id
        "#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Member {
            account: row.account,
            name: row.name,
            email: row.email,
            role: row.role,
            own_role: row.own_role,
            assistants: row.assistants.map(|ids| ids.into_iter().map(AssistantId).collect()),
            joined_at: row.joined_at,
        })
        .collect())
}

/// Somebody's role, and what it permits.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub account: AccountId,
    pub role: RoleChoice,
    pub permissions: Permissions,
}

/// What everybody is, locked in one order: of two who change the team one waits.
pub async fn lock(tx: &mut OrgTx<'_>) -> Result<Vec<Held>> {
    let rows = sqlx::query!(
        r#"
        select m.account_id as "account: AccountId", m.role as "role: Role", m.own_role as "own_role: RoleId",
          (select r.permissions from roles r where r.id = m.own_role) as permissions
        from members m order by m.account_id for update of m
        "#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Held {
            account: row.account,
            role: row.own_role.map_or(RoleChoice::Given(row.role), RoleChoice::Own),
            permissions: row.permissions.map_or(row.role.into(), Permissions::of_names),
        })
        .collect())
}

/// Gives somebody a role. Who becomes an owner is limited no more.
pub async fn set_role(tx: &mut OrgTx<'_>, account: AccountId, role: RoleChoice) -> Result<()> {
    let (given, own) = columns_of(role);
    sqlx::query!(
        "update members set role = $2, own_role = $3, assistants = case when $2 = 'owner' then null else assistants end, updated_at = now()
         where account_id = $1",
        account as AccountId,
        given as Role,
        own.map(|own| own.0)
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// A role as rows have it: beside one of the organisation's own stands the least, for a process of the version before.
fn columns_of(role: RoleChoice) -> (Role, Option<RoleId>) {
    match role {
        RoleChoice::Given(role) => (role, None),
        RoleChoice::Own(id) => (Role::ReadOnly, Some(id)),
    }
}

/// Limits somebody to some assistants, or no more.
pub async fn set_limit(tx: &mut OrgTx<'_>, account: AccountId, assistants: Option<&[AssistantId]>) -> Result<()> {
    let ids: Option<Vec<uuid::Uuid>> = assistants.map(|ids| ids.iter().map(|id| id.0).collect());
    sqlx::query!("update members set assistants = $2, updated_at = now() where account_id = $1", account as AccountId, ids.as_deref())
        .execute(tx.conn())
        .await
        .map(|_| ())
}

/// The organisation's own roles, by name.
pub async fn roles(tx: &mut OrgTx<'_>) -> Result<Vec<OwnRole>> {
    let rows = sqlx::query!(
        r#"
        select r.id as "id: RoleId", r.name, r.permissions, (select count(*) from members m where m.own_role = r.id) as "members!"
        from roles r order by lower(r.name)
        "# // a count is never null
    )
    .fetch_all(tx.conn())
    .await?;
    let read = |names: Vec<String>| Permissions::of_names(names).iter().collect();
    Ok(rows
        .into_iter()
        .map(|row| OwnRole { id: row.id, name: row.name, permissions: read(row.permissions), members: row.members })
        .collect())
}

/// What one of the organisation's own roles permits.
pub async fn permissions_of(tx: &mut OrgTx<'_>, id: RoleId) -> Result<Option<Permissions>> {
    let names =
        sqlx::query_scalar!("select permissions from roles where id = $1 for update", id as RoleId).fetch_optional(tx.conn()).await?;
    Ok(names.map(Permissions::of_names))
}

pub async fn insert_role(tx: &mut OrgTx<'_>, id: RoleId, new: &NewRole) -> Result<()> {
    let names = names_of(new.permissions);
    sqlx::query!("insert into roles (id, name, permissions) values ($1, $2, $3)", id as RoleId, new.name, &names)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

pub async fn update_role(tx: &mut OrgTx<'_>, id: RoleId, new: &NewRole) -> Result<()> {
    let names = names_of(new.permissions);
    sqlx::query!("update roles set name = $2, permissions = $3, updated_at = now() where id = $1", id as RoleId, new.name, &names)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

fn names_of(permissions: Permissions) -> Vec<String> {
    permissions.iter().map(|permission| permission.name().to_owned()).collect()
}

pub async fn delete_role(tx: &mut OrgTx<'_>, id: RoleId) -> Result<()> {
    sqlx::query!("delete from roles where id = $1", id as RoleId).execute(tx.conn()).await.map(|_| ())
}

/// Who has one of the organisation's own roles.
pub async fn holders(tx: &mut OrgTx<'_>, id: RoleId) -> Result<Vec<AccountId>> {
    sqlx::query_scalar!(r#"select account_id as "account: AccountId" from members where own_role = $1"#, id as RoleId)
        .fetch_all(tx.conn())
        .await
}

/// Takes back what somebody has sent and nobody has answered.
pub async fn forget_invitations_of(tx: &mut OrgTx<'_>, account: AccountId) -> Result<()> {
    sqlx::query!("delete from invitations where invited_by = $1 and accepted_at is null", account as AccountId)
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
    let rows = sqlx::query!(
        r#"
        select i.id as "id: InvitationId", i.email, i.role as "role: Role", i.own_role as "own_role: RoleId", a.name as "invited_by?", i.sent_at,
          i.expires_at
        from invitations i left join accounts a on a.id = i.invited_by
        where i.accepted_at is null order by i.sent_at desc, i.id desc
        "#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Invitation {
            id: row.id,
            email: row.email,
            role: row.own_role.map_or(RoleChoice::Given(row.role), RoleChoice::Own),
            invited_by: row.invited_by,
            sent_at: row.sent_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// The addresses of everybody who belongs to the organisation, in lower case.
pub async fn member_addresses(tx: &mut OrgTx<'_>) -> Result<Vec<String>> {
    sqlx::query_scalar!(r#"select lower(a.email) as "email!" from members m join accounts a on a.id = m.account_id"#)
        .fetch_all(tx.conn())
        .await
}

/// Those of the open invitations, and when the last of their letters leaves.
pub async fn open_addresses(tx: &mut OrgTx<'_>) -> Result<Vec<(String, DateTime<Utc>)>> {
    let rows =
        sqlx::query!(r#"select lower(email) as "email!", sent_at from invitations where accepted_at is null"#).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| (row.email, row.sent_at)).collect())
}

/// Whether an invitation still waits for an answer, by this very link.
pub async fn waits(tx: &mut OrgTx<'_>, id: InvitationId, token_hash: &[u8]) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from invitations where id = $1 and token_hash = $2 and accepted_at is null) as "is!""#,
        id as InvitationId,
        token_hash
    )
    .fetch_one(tx.conn())
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
    pub role: RoleChoice,
    pub token_hash: &'a [u8],
    pub sent_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Writes an invitation. An open one for the address is written over: there is one link for each person, the last.
pub async fn insert(tx: &mut OrgTx<'_>, new: &NewInvitation<'_>) -> Result<InvitationId> {
    let by = tx.scope().account().map(|account| account.0);
    let (role, own_role) = columns_of(new.role);
    sqlx::query_scalar!(
        r#"
        insert into invitations (id, email, role, own_role, token_hash, invited_by, sent_at, expires_at) values ($1, $2, $3, $8, $4, $5, $6, $7)
        on conflict (org_id, lower(email)) where accepted_at is null do update
          set role = excluded.role, own_role = excluded.own_role, token_hash = excluded.token_hash, invited_by = excluded.invited_by, sent_at = excluded.sent_at,
            expires_at = excluded.expires_at, updated_at = now()
        returning id as "id: InvitationId"
        "#,
        new.id as InvitationId,
        new.email,
        role as Role,
        new.token_hash,
        by,
        new.sent_at,
        new.expires_at,
        own_role.map(|own| own.0),
    )
    .fetch_one(tx.conn())
    .await
}

/// An open invitation's address and role.
pub async fn open(tx: &mut OrgTx<'_>, id: InvitationId) -> Result<Option<(String, RoleChoice)>> {
    let row = sqlx::query!(
        r#"select email, role as "role: Role", own_role as "own_role: RoleId" from invitations where id = $1 and accepted_at is null for update"#,
        id as InvitationId
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.email, row.own_role.map_or(RoleChoice::Given(row.role), RoleChoice::Own))))
}

/// The role of the open invitation for an address.
pub async fn open_role(tx: &mut OrgTx<'_>, email: &str) -> Result<Option<RoleChoice>> {
    let row = sqlx::query!(
        r#"select role as "role: Role", own_role as "own_role: RoleId" from invitations where lower(email) = lower($1) and accepted_at is null for update"#,
        email
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.own_role.map_or(RoleChoice::Given(row.role), RoleChoice::Own)))
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
    pub own_role: Option<RoleId>,
    /// Its name.
    pub own_role_name: Option<String>,
    /// An account has the address.
    pub account: Option<AccountId>,
}

/// The invitation of a link that is still good; with `lock`, whoever comes second waits and finds it used.
pub async fn by_link(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<ByLink>> {
    sqlx::query_as!(
        ByLink,
        r#"
        select i.id as "id: InvitationId", i.org_id as "org: OrgId", o.name as organisation, i.email, i.role as "role: Role",
          i.own_role as "own_role: RoleId", (select r.name from roles r where r.id = i.own_role) as own_role_name,
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
        "insert into members (org_id, account_id, role, own_role) values ($1, $2, $3, $4) on conflict do nothing",
        invitation.org as OrgId,
        account as AccountId,
        invitation.role as Role,
        invitation.own_role.map(|own| own.0)
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}
