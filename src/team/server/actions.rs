//! Use cases of the team. Every change of a role locks the whole team first, so what is decided is still so when it is written.

pub use super::joining::{Joined, Link, join, read_link};

use super::store::{self, NewInvitation};
use crate::{
    platform::{
        OrgScope, OrgTx,
        bus::{self, Note},
        crypto,
        events::{self, Happened},
        mail::{Letter, Mail},
        queue::Opts,
        throttle,
    },
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AccountId, InvitationId},
        permission::{Permission, Role},
    },
    team::model::*,
};
use chrono::Duration;
use serde_json::json;

/// How long a link is good.
const GOOD_FOR: Duration = Duration::days(7);
/// Open invitations of one organisation: a bound on how many strangers it can have us write to.
const MOST_OPEN: i64 = 200;
/// Letters of an organisation in an hour.
const LETTERS_AN_HOUR: i32 = 100;

/// Everybody, and those who are invited.
pub async fn read(scope: &OrgScope) -> Result<Team, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    let members = store::members(&mut tx).await?;
    let invitations = if scope.may(Permission::TeamManage) { store::invitations(&mut tx).await? } else { vec![] };
    let own = scope.account().and_then(|me| members.iter().find(|member| member.account == me)).map(|member| member.role);
    let may_give = if scope.may(Permission::TeamManage) { may_give(own) } else { vec![] };
    Ok(Team { members, invitations, me: scope.account(), may_give, now: scope.core().clock.now() })
}

/// Those who have not answered, newest first.
pub async fn open_invitations(scope: &OrgScope) -> Result<Vec<Invitation>, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    Ok(store::invitations(&mut tx).await?)
}

/// The team, locked, as one change needs it.
struct Locked {
    roles: Vec<(AccountId, Role)>,
    own: Option<Role>,
}

impl Locked {
    async fn of(tx: &mut OrgTx<'_>) -> Result<Self, AppError> {
        let roles = store::lock(tx).await?;
        let me = tx.scope().account();
        let own = roles.iter().find(|(account, _)| Some(*account) == me).map(|(_, role)| *role);
        Ok(Self { roles, own })
    }

    /// Errors: `NotFound`; `Conflict("above_you")` for an owner, unless an owner asks.
    fn role_of(&self, account: AccountId) -> Result<Role, AppError> {
        let role = self.roles.iter().find(|(known, _)| *known == account).map(|(_, role)| *role);
        let role = role.ok_or_else(|| AppError::not_found("member"))?;
        self.may_give(role)?;
        Ok(role)
    }

    fn may_give(&self, role: Role) -> Result<(), AppError> {
        if may_give(self.own).contains(&role) { Ok(()) } else { Err(AppError::conflict("above_you")) }
    }

    /// Errors: `Conflict("last_owner")` when this one is, and would be no longer.
    fn can_spare(&self, account: AccountId) -> Result<(), AppError> {
        let is_owner = |wanted: &dyn Fn(AccountId) -> bool| self.roles.iter().any(|(known, role)| *role == Role::Owner && wanted(*known));
        if is_owner(&|known| known == account) && !is_owner(&|known| known != account) {
            return Err(AppError::conflict("last_owner"));
        }
        Ok(())
    }
}

/// Gives somebody another role, from this moment on: pages, functions and open streams go by it.
/// Errors: `NotFound`; `Conflict("last_owner")`; `Conflict("above_you")` for an owner's role, unless an owner gives or takes it.
pub async fn set_role(scope: &OrgScope, account: AccountId, role: Role) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let before = team.role_of(account)?;
    team.may_give(role)?;
    if before == role {
        return Ok(());
    }
    if role != Role::Owner {
        team.can_spare(account)?;
    }
    store::set_role(&mut tx, account, role).await?;
    changed(&mut tx, account).await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), %account, %before, after = %role, "role changed");
    tx.commit().await
}

/// Takes somebody out, from this moment on. Errors: as [`set_role`].
pub async fn remove(scope: &OrgScope, account: AccountId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    team.role_of(account)?;
    take_out(&mut tx, &team, account).await?;
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
    team.may_give(Role::Owner)?;
    team.role_of(account)?;
    let me = scope.account().filter(|me| *me != account).ok_or_else(|| AppError::not_found("member"))?;
    store::set_role(&mut tx, account, Role::Owner).await?;
    store::set_role(&mut tx, me, Role::Admin).await?;
    changed(&mut tx, account).await?;
    changed(&mut tx, me).await?;
    tracing::info!(org = %scope.org(), from = %me, to = %account, "handed over");
    tx.commit().await
}

/// Open streams look again what this person may do.
async fn changed(tx: &mut OrgTx<'_>, account: AccountId) -> Result<(), AppError> {
    Ok(bus::publish(tx.conn(), &[Note::Revoked { account }]).await?)
}

/// Writes to these addresses. Who belongs to the organisation already, or is invited already, is no error: the one is left out, the other gets
/// another link. Errors: `Conflict("above_you")`; `Conflict("invitation_limit")`; `RateLimited`.
pub async fn invite(scope: &OrgScope, emails: &[String], role: Role) -> Result<Vec<FreshInvitation>, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    team.may_give(role)?;
    if store::count_open(&mut tx).await? + i64::try_from(emails.len()).unwrap_or(i64::MAX) > MOST_OPEN {
        return Err(AppError::conflict("invitation_limit"));
    }
    let mut fresh = Vec::new();
    for email in emails {
        if let Some(open) = store::open_role(&mut tx, email).await? {
            team.may_give(open)?; // it would be written over
        }
        if !store::is_member(&mut tx, email).await? {
            fresh.push(write_to(&mut tx, InvitationId::at(scope.core().clock.now()), email, role).await?);
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
    team.may_give(role)?;
    let fresh = write_to(&mut tx, id, &email, role).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// Takes an invitation back: its link is good no more. Errors: `NotFound`; `Conflict("above_you")`.
pub async fn revoke(scope: &OrgScope, id: InvitationId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let (_, role) = store::open(&mut tx, id).await?.ok_or_else(|| AppError::not_found("invitation"))?;
    team.may_give(role)?;
    store::delete(&mut tx, id).await?;
    tx.commit().await
}

/// The invitation and its letter, in one transaction.
async fn write_to(tx: &mut OrgTx<'_>, id: InvitationId, email: &str, role: Role) -> Result<FreshInvitation, AppError> {
    let core = tx.scope().core().clone();
    throttle::take(&core, &format!("invitations of {}", tx.scope().org()), LETTERS_AN_HOUR, 3600).await?;
    let (now, token) = (core.clock.now(), crypto::token());
    let hash = crypto::token_hash(&token);
    let new = NewInvitation { id, email, role, token_hash: &hash, sent_at: now, expires_at: now + GOOD_FOR };
    let id = store::insert(tx, &new).await?;
    let url = core.config.public_url.join(&format!("join/{token}")).map_err(AppError::internal)?.to_string();
    let (organisation, locale) = store::house(tx).await?;
    let inviter = match tx.scope().account() {
        Some(account) => store::name_of(tx, account).await?.unwrap_or_default(),
        None => organisation.clone(),
    };
    let days = u32::try_from(GOOD_FOR.num_days()).unwrap_or(7);
    let letter = Letter::Invitation { inviter, organisation, url: url.clone(), valid_days: days };
    tx.enqueue(&Mail { to: email.to_owned(), locale, letter }, Opts::default()).await?;
    Ok(FreshInvitation { id, email: email.to_owned(), url })
}
