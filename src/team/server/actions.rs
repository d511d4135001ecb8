//! Use cases of the team. Every change of a role locks the whole team first, so what is decided is still so when it is written.

pub use super::{
    domains::{check_domain, claim_domain, domains, join_by_domain, offers, release_domain},
    import::{import, preview},
    joining::{Joined, Link, join, read_link},
    roles::{create_role, delete_role, own_roles, update_role},
};

use super::{
    letters::{Addressed, Sender},
    store::{self, Held},
};
use crate::{
    assistants::server::actions as assistants,
    platform::{
        Actor, OrgScope, OrgTx,
        bus::{self, Note},
        events::{self, Happened},
        throttle,
    },
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AccountId, AssistantId, InvitationId},
        permission::{Permission, Permissions, Role, RoleChoice},
    },
    team::model::*,
};
use serde_json::json;

/// Open invitations of one organisation: a bound on how many strangers it can have us write to.
pub(super) const MOST_OPEN: i64 = 500;
/// Letters of an organisation in an hour.
const LETTERS_AN_HOUR: i32 = 100;

/// Everybody, and those who are invited.
pub async fn read(scope: &OrgScope) -> Result<Team, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    let (members, own_roles) = (store::members(&mut tx).await?, store::roles(&mut tx).await?);
    let mut team = Team {
        members,
        invitations: vec![],
        me: scope.account(),
        own_roles,
        may_give: vec![],
        may_grant: vec![],
        assistants: vec![],
        now: scope.core().clock.now(),
    };
    if !scope.may(Permission::TeamManage) {
        return Ok(team);
    }
    let is_owner = team.members.iter().any(|member| Some(member.account) == team.me && member.role == Role::Owner);
    let own = own_permissions(scope);
    let given = Role::ALL.iter().map(|role| (RoleChoice::Given(*role), Permissions::from(*role)));
    let ours = team.own_roles.iter().map(|role| (RoleChoice::Own(role.id), role.permissions.iter().copied().collect()));
    team.may_give =
        given.chain(ours).filter(|(role, permissions)| may_give(*role, *permissions, is_owner, own)).map(|(role, _)| role).collect();
    team.may_grant = Permission::ALL.iter().copied().filter(|permission| scope.may(*permission)).collect();
    team.invitations = store::invitations(&mut tx).await?;
    team.assistants = assistants::names(&mut tx).await?;
    Ok(team)
}

/// What somebody may do, and why. Errors: `NotFound`.
pub async fn why(scope: &OrgScope, account: AccountId) -> Result<Why, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    let member = store::members(&mut tx).await?.into_iter().find(|member| member.account == account);
    let member = member.ok_or_else(|| AppError::not_found("member"))?;
    let own_role = store::roles(&mut tx).await?.into_iter().find(|role| Some(role.id) == member.own_role);
    let names = assistants::names(&mut tx).await?;
    let permissions = own_role.as_ref().map_or(member.role.into(), |role| role.permissions.iter().copied().collect());
    let is_limited = member.assistants.is_some();
    Ok(Why {
        own_role: own_role.map(|role| role.name),
        assistants: member
            .assistants
            .as_ref()
            .map(|ids| names.into_iter().filter(|(id, _)| ids.contains(id)).map(|(_, name)| name).collect()),
        verdicts: Permission::ALL.iter().map(|permission| (*permission, verdict(*permission, permissions, is_limited))).collect(),
        member,
    })
}

/// What a person may give away at most; nothing for a program, which stands for the organisation.
pub(super) fn own_permissions(scope: &OrgScope) -> Option<Permissions> {
    match scope.actor() {
        Actor::Person { .. } => scope.permissions(),
        Actor::Key(_) | Actor::System => None,
    }
}

/// Those who have not answered, newest first.
pub async fn open_invitations(scope: &OrgScope) -> Result<Vec<Invitation>, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    Ok(store::invitations(&mut tx).await?)
}

/// The team, locked, as one change needs it.
pub(super) struct Locked {
    team: Vec<Held>,
    is_owner: bool,
    own: Option<Permissions>,
}

impl Locked {
    pub(super) async fn of(tx: &mut OrgTx<'_>) -> Result<Self, AppError> {
        let team = store::lock(tx).await?;
        let me = tx.scope().account();
        let is_owner = team.iter().any(|held| Some(held.account) == me && held.role == RoleChoice::Given(Role::Owner));
        Ok(Self { team, is_owner, own: own_permissions(tx.scope()) })
    }

    /// Without the lock, for what is only read: by who sees Zencall as another role, too.
    pub(super) async fn seen(tx: &mut OrgTx<'_>) -> Result<Self, AppError> {
        let me = tx.scope().account();
        let is_owner = store::members(tx).await?.iter().any(|member| Some(member.account) == me && member.role == Role::Owner);
        Ok(Self { team: vec![], is_owner, own: own_permissions(tx.scope()) })
    }

    /// Errors: `NotFound`; `Conflict("above_you")` for who is more than the one who asks.
    fn role_of(&self, account: AccountId) -> Result<RoleChoice, AppError> {
        let held = self.team.iter().find(|held| held.account == account).ok_or_else(|| AppError::not_found("member"))?;
        self.may_give(held.role, held.permissions)?;
        Ok(held.role)
    }

    /// Errors: `Conflict("above_you")`.
    pub(super) fn may_give(&self, role: RoleChoice, permissions: Permissions) -> Result<(), AppError> {
        if may_give(role, permissions, self.is_owner, self.own) { Ok(()) } else { Err(AppError::conflict("above_you")) }
    }

    /// The same for a role whose permissions are still to be read. Errors: `Invalid(role)` for one that is not there; `Conflict("above_you")`.
    async fn may_give_choice(&self, tx: &mut OrgTx<'_>, role: RoleChoice) -> Result<(), AppError> {
        let permissions = match role {
            RoleChoice::Given(role) => role.into(),
            RoleChoice::Own(id) => store::permissions_of(tx, id).await?.ok_or_else(|| AppError::invalid("role", "team.role"))?,
        };
        self.may_give(role, permissions)
    }

    /// Errors: `Conflict("last_owner")` when this one is, and would be no longer.
    fn can_spare(&self, account: AccountId) -> Result<(), AppError> {
        let owner = RoleChoice::Given(Role::Owner);
        let is_owner = |wanted: &dyn Fn(AccountId) -> bool| self.team.iter().any(|held| held.role == owner && wanted(held.account));
        if is_owner(&|known| known == account) && !is_owner(&|known| known != account) {
            return Err(AppError::conflict("last_owner"));
        }
        Ok(())
    }
}

/// Gives somebody another role, from this moment on: pages, functions and open streams go by it. What they invited meanwhile is taken back:
/// it was theirs to give. Errors: `NotFound`; `Invalid(role)`; `Conflict("last_owner")`; `Conflict("above_you")` for a role above one's own.
pub async fn set_role(scope: &OrgScope, account: AccountId, role: RoleChoice) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let before = team.role_of(account)?;
    team.may_give_choice(&mut tx, role).await?;
    if before == role {
        return Ok(());
    }
    if role != RoleChoice::Given(Role::Owner) {
        team.can_spare(account)?;
    }
    store::set_role(&mut tx, account, role).await?;
    store::forget_invitations_of(&mut tx, account).await?;
    changed(&mut tx, account).await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), %account, %before, after = %role, "role changed");
    tx.commit().await
}

/// Limits somebody to some assistants and the calls of these, or no more, from this moment on. What concerns everything they may not do then.
/// Errors: `NotFound`; `Invalid(assistants)`; `Conflict("above_you")`; `Conflict("owner_unlimited")`.
pub async fn set_limit(scope: &OrgScope, account: AccountId, assistants: Option<Vec<AssistantId>>) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    if team.role_of(account)? == RoleChoice::Given(Role::Owner) {
        return Err(AppError::conflict("owner_unlimited"));
    }
    if let Some(wanted) = &assistants {
        let known = assistants::names(&mut tx).await?;
        if wanted.is_empty() || !wanted.iter().all(|id| known.iter().any(|(known, _)| known == id)) {
            return Err(AppError::invalid("assistants", "team.assistants"));
        }
    }
    store::set_limit(&mut tx, account, assistants.as_deref()).await?;
    changed(&mut tx, account).await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), %account, ?assistants, "limit changed");
    tx.commit().await
}

/// Takes somebody out, from this moment on. Errors: as [`set_role`].
pub async fn remove(scope: &OrgScope, account: AccountId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    team.role_of(account)?;
    take_out(&mut tx, &team, account).await?;
    super::domains::refuse(&mut tx, account).await?;
    tx.commit().await
}

/// Takes oneself out, which needs no permission. Errors: `Conflict("last_owner")`; `NotFound` for a program.
pub async fn leave(scope: &OrgScope) -> Result<(), AppError> {
    let account = scope.account().ok_or_else(|| AppError::not_found("member"))?;
    let mut tx = scope.begin_own().await?;
    let team = Locked::of(&mut tx).await?;
    take_out(&mut tx, &team, account).await?;
    tx.commit().await
}

async fn take_out(tx: &mut OrgTx<'_>, team: &Locked, account: AccountId) -> Result<(), AppError> {
    team.can_spare(account)?;
    store::forget_invitations_of(tx, account).await?;
    store::remove(tx, account).await?;
    let (org, now) = (tx.scope().org(), tx.scope().core().clock.now());
    let removed =
        Happened::new(org, EventKind::MemberRemoved, format!("{account}:{}", now.timestamp_millis()), now, json!({ "member": account }));
    events::emit(tx.conn(), &[removed]).await?;
    changed(tx, account).await?;
    tracing::info!(org = %tx.scope().org(), actor = ?tx.scope().actor(), %account, "member removed");
    Ok(())
}

/// Makes somebody the owner, and the owner who does it an admin. Errors: `NotFound`; `Conflict("above_you")` for who is no owner.
pub async fn hand_over(scope: &OrgScope, account: AccountId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    team.may_give(RoleChoice::Given(Role::Owner), Role::Owner.into())?;
    team.role_of(account)?;
    let me = scope.account().filter(|me| *me != account).ok_or_else(|| AppError::not_found("member"))?;
    store::set_role(&mut tx, account, RoleChoice::Given(Role::Owner)).await?;
    store::set_role(&mut tx, me, RoleChoice::Given(Role::Admin)).await?;
    changed(&mut tx, account).await?;
    changed(&mut tx, me).await?;
    tracing::info!(org = %scope.org(), from = %me, to = %account, "handed over");
    tx.commit().await
}

/// Open streams look again what this person may do.
pub(super) async fn changed(tx: &mut OrgTx<'_>, account: AccountId) -> Result<(), AppError> {
    Ok(bus::publish(tx.conn(), &[Note::Revoked { account }]).await?)
}

/// Writes to these addresses. Who belongs to the organisation already, or is invited already, is no error: the one is left out, the other gets
/// another link. Errors: `Conflict("above_you")`; `Conflict("invitation_limit")`; `RateLimited`.
pub async fn invite(scope: &OrgScope, emails: &[String], role: RoleChoice) -> Result<Vec<FreshInvitation>, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    team.may_give_choice(&mut tx, role).await?;
    if store::count_open(&mut tx).await? + i64::try_from(emails.len()).unwrap_or(i64::MAX) > MOST_OPEN {
        return Err(AppError::conflict("invitation_limit"));
    }
    let sender = Sender::of(&mut tx).await?;
    let mut fresh = Vec::new();
    for email in emails {
        if let Some(open) = store::open_role(&mut tx, email).await? {
            team.may_give_choice(&mut tx, open).await?; // it would be written over
        }
        if !store::is_member(&mut tx, email).await? {
            fresh.push(write_to(&mut tx, &sender, InvitationId::at(scope.core().clock.now()), email, role).await?);
        }
    }
    tx.commit().await?;
    Ok(fresh)
}

/// Another link to the same address; the one before it is good no more. Errors: `NotFound`; `Conflict("above_you")`; `RateLimited`.
pub async fn resend(scope: &OrgScope, id: InvitationId) -> Result<FreshInvitation, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let (email, role) = store::open(&mut tx, id).await?.ok_or_else(|| AppError::not_found("invitation"))?;
    team.may_give_choice(&mut tx, role).await?;
    let sender = Sender::of(&mut tx).await?;
    let fresh = write_to(&mut tx, &sender, id, &email, role).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// Takes an invitation back: its link is good no more. Errors: `NotFound`; `Conflict("above_you")`.
pub async fn revoke(scope: &OrgScope, id: InvitationId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let (_, role) = store::open(&mut tx, id).await?.ok_or_else(|| AppError::not_found("invitation"))?;
    team.may_give_choice(&mut tx, role).await?;
    store::delete(&mut tx, id).await?;
    tx.commit().await
}

/// The invitation and its letter, in one transaction.
async fn write_to(
    tx: &mut OrgTx<'_>,
    sender: &Sender,
    id: InvitationId,
    email: &str,
    role: RoleChoice,
) -> Result<FreshInvitation, AppError> {
    let core = tx.scope().core().clone();
    throttle::take(&core, &format!("invitations of {}", tx.scope().org()), LETTERS_AN_HOUR, 3600).await?;
    sender.write(tx, id, &Addressed { email, role, locale: None, at: None }).await
}
