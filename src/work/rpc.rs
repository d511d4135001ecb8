//! Door 1: server functions of working together.

use super::{
    forms::{RuleForm, TeamForm},
    model::*,
};
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AccountId, CallId, NoteId, TeamId},
    },
};
use leptos::prelude::*;

/// Who looks after a call, and who could. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_work(id: CallId) -> Result<Place, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::place(&OrgScope::of_request().await?, id).await
}

/// Whom calls can be given to.
#[server(output = Json)]
pub async fn list_hands() -> Result<Hands, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::hands(&OrgScope::of_request().await?).await
}

/// Gives calls to somebody; says how many. Errors: `Invalid(calls)`, `Invalid(assignee)`; `NotFound`.
#[server(output = Json)]
pub async fn assign_calls(#[server(default)] calls: Vec<CallId>, assignee: Assignee) -> Result<i64, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::assign(&OrgScope::of_request().await?, &calls, assignee, None).await
}

/// Takes a call for oneself. Errors: `NotFound`; `Conflict("taken")`.
#[server(output = Json)]
pub async fn take_call(id: CallId) -> Result<Work, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::take(&OrgScope::of_request().await?, id).await
}

/// Says how a call stands. Errors: `NotFound`.
#[server(output = Json)]
pub async fn set_work_status(id: CallId, status: WorkStatus) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_status(&OrgScope::of_request().await?, id, status).await
}

/// Says until when, as `2026-11-23T17:00:00Z`; empty: whenever. Errors: `NotFound`; `Invalid(due)`.
#[server(output = Json)]
pub async fn set_work_due(id: CallId, #[server(default)] due: String) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::CallsAssign)?;
    let due_at = match due.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| AppError::invalid("due", "work.due"))?),
    };
    actions::set_due(&scope, id, due_at).await
}

/// Nobody needs to look after the call. Errors: `NotFound`.
#[server(output = Json)]
pub async fn let_call_go(id: CallId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::let_go(&OrgScope::of_request().await?, id).await
}

/// The reader knows of a note that means them, or does not yet after all. Errors: `NotFound`.
#[server(output = Json)]
pub async fn set_mention_done(note: NoteId, done: bool) -> Result<(), AppError> {
    use {super::server::mentions, crate::platform::OrgScope};
    mentions::done(&OrgScope::of_request().await?, note, done).await
}

/// Teams, people and rules.
#[server(output = Json)]
pub async fn read_teams() -> Result<TeamSheet, AppError> {
    use {super::server::teams, crate::platform::OrgScope};
    teams::sheet(&OrgScope::of_request().await?).await
}

/// Makes a team, or changes one. Errors: `Invalid`; `NotFound`; `Conflict("team_name")`, `Conflict("team_limit")`.
#[server(output = Json)]
pub async fn save_team(#[server(default)] team: Option<TeamId>, #[server(default)] form: TeamForm) -> Result<TeamId, AppError> {
    use {super::server::teams, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?; // before a word is said about the form
    teams::save(&scope, team, form.parse()?).await
}

/// Dissolves a team. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_team(team: TeamId) -> Result<(), AppError> {
    use {super::server::teams, crate::platform::OrgScope};
    teams::delete(&OrgScope::of_request().await?, team).await
}

/// Sets what becomes of calls of one kind. Errors: `Invalid`; `NotFound`.
#[server(output = Json)]
pub async fn save_work_rule(#[server(default)] form: RuleForm) -> Result<(), AppError> {
    use {super::server::teams, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?;
    let (cause, rule) = form.parse()?;
    teams::set_rule(&scope, cause, rule).await
}

/// What somebody speaks and knows, between commas. Errors: `Invalid(languages)`; `NotFound`.
#[server(output = Json)]
pub async fn save_colleague(
    account: AccountId,
    #[server(default)] languages: String,
    #[server(default)] skills: String,
) -> Result<(), AppError> {
    use {
        super::forms, super::server::teams, crate::platform::OrgScope, crate::shared::error::FieldErrors,
        crate::shared::permission::Permission,
    };
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?;
    let mut wrong = FieldErrors::default();
    let languages = forms::languages(&languages, &mut wrong);
    wrong.into_result()?;
    teams::set_person(&scope, account, &languages, &forms::skills(&skills)).await
}

/// Whether the reader wants letters about work.
#[server(output = Json)]
pub async fn set_work_mail(on: bool) -> Result<(), AppError> {
    use {super::server::teams, crate::platform::OrgScope};
    teams::set_wants_mail(&OrgScope::of_request().await?, on).await
}
