//! Use cases of teams, rules, and what people speak and know.

use super::store;
use crate::{
    platform::{OrgScope, OrgTx},
    shared::{
        error::AppError,
        ids::{AccountId, TeamId},
        permission::Permission,
    },
    work::model::*,
};

/// Teams of one organisation.
const MOST: usize = 100;

/// Teams, people and rules.
pub async fn sheet(scope: &OrgScope) -> Result<TeamSheet, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    let wants_mail = match scope.account() {
        Some(account) => store::wants_mail(&mut tx, account).await?,
        None => false,
    };
    Ok(TeamSheet {
        teams: store::teams(&mut tx).await?,
        people: store::people(&mut tx).await?,
        rules: store::rules(&mut tx).await?,
        me: scope.account(),
        wants_mail,
    })
}

/// One team. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: TeamId) -> Result<Team, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    find(&mut tx, id).await
}

async fn find(tx: &mut OrgTx<'_>, id: TeamId) -> Result<Team, AppError> {
    store::teams(tx).await?.into_iter().find(|team| team.id == id).ok_or_else(|| AppError::not_found("team"))
}

/// Makes a team, or changes one. Errors: `NotFound`; `Invalid(members)` for who is not here; `Conflict("team_name")`, `Conflict("team_limit")`.
pub async fn save(scope: &OrgScope, id: Option<TeamId>, team: Team) -> Result<TeamId, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let known = store::teams(&mut tx).await?;
    let id = match id {
        Some(id) if known.iter().any(|one| one.id == id) => id,
        Some(_) => return Err(AppError::not_found("team")),
        None if known.len() >= MOST => return Err(AppError::conflict("team_limit")),
        None => TeamId::at(scope.core().clock.now()),
    };
    if known.iter().any(|one| one.id != id && one.name.to_lowercase() == team.name.to_lowercase()) {
        return Err(AppError::conflict("team_name"));
    }
    let people = store::people(&mut tx).await?;
    if !team.members.iter().all(|member| people.iter().any(|one| one.account == *member)) {
        return Err(AppError::invalid("members", "work.members"));
    }
    store::save_team(&mut tx, &Team { id, ..team }).await?;
    tx.commit().await?;
    Ok(id)
}

/// Dissolves a team: its calls wait in the queue of all, its rules are gone. Errors: `NotFound`.
pub async fn delete(scope: &OrgScope, id: TeamId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    if !store::delete_team(&mut tx, id).await? {
        return Err(AppError::not_found("team"));
    }
    tx.commit().await
}

/// Sets what becomes of calls of one kind; no rule: nothing. Errors: `NotFound` of the team.
pub async fn set_rule(scope: &OrgScope, cause: Cause, rule: Option<WorkRule>) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    match rule {
        Some(rule) => {
            find(&mut tx, rule.team).await?;
            store::save_rule(&mut tx, &rule).await?;
        }
        None => store::delete_rule(&mut tx, cause).await?,
    }
    tx.commit().await
}

/// What somebody speaks and knows. Errors: `NotFound`.
pub async fn set_person(scope: &OrgScope, account: AccountId, languages: &[String], skills: &[String]) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    if !store::save_person(&mut tx, account, languages, skills).await? {
        return Err(AppError::not_found("member"));
    }
    tx.commit().await
}

/// Whether the reader wants letters about work; needs no permission, being about themselves.
pub async fn set_wants_mail(scope: &OrgScope, wants: bool) -> Result<(), AppError> {
    let account = scope.account().ok_or_else(|| AppError::not_found("member"))?;
    let mut tx = scope.begin_own().await?;
    store::set_wants_mail(&mut tx, account, wants).await?;
    tx.commit().await
}
