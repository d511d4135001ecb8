//! Door 1: server functions of the page of the team.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AccountId, InvitationId, RoleId},
        permission::RoleChoice,
    },
};
use leptos::prelude::*;

/// Everybody, and those who are invited.
#[server(output = Json)]
pub async fn read_team() -> Result<Team, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?).await
}

/// Gives somebody another role. Errors: `NotFound`; `Conflict("last_owner")`, `Conflict("above_you")`.
#[server(output = Json)]
pub async fn set_role(account: AccountId, role: RoleChoice) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_role(&OrgScope::of_request().await?, account, role).await
}

/// Limits somebody to some assistants, or no more. Errors: `NotFound`; `Invalid`; `Conflict("above_you")`, `Conflict("owner_unlimited")`.
#[server(output = Json)]
pub async fn set_limit(account: AccountId, #[server(default)] form: LimitForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?; // before a word is said about the form
    actions::set_limit(&scope, account, form.parse()?).await
}

/// What somebody may do, and why. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_why(account: AccountId) -> Result<Why, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::why(&OrgScope::of_request().await?, account).await
}

/// Makes a role, or changes the one that is named. Errors: `Invalid`; `NotFound`; `Conflict("above_you")`, `Conflict("role_limit")`.
#[server(output = Json)]
pub async fn save_role(#[server(default)] id: Option<RoleId>, #[server(default)] form: RoleForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?; // before a word is said about the form
    let new = form.parse()?;
    match id {
        Some(id) => actions::update_role(&scope, id, &new).await,
        None => actions::create_role(&scope, &new).await.map(|_| ()),
    }
}

/// Takes a role away that nobody has. Errors: `NotFound`; `Conflict("role_in_use")`, `Conflict("above_you")`.
#[server(output = Json)]
pub async fn delete_role(id: RoleId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delete_role(&OrgScope::of_request().await?, id).await
}

/// Takes somebody out of the organisation. Errors: `NotFound`; `Conflict("last_owner")`, `Conflict("above_you")`.
#[server(output = Json)]
pub async fn remove_member(account: AccountId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove(&OrgScope::of_request().await?, account).await
}

/// Leaves the organisation. Errors: `Conflict("last_owner")`.
#[server(output = Json)]
pub async fn leave_team() -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::leave(&OrgScope::of_request().await?).await
}

/// Makes somebody the owner and the reader an admin. Errors: `NotFound`; `Conflict("above_you")`.
#[server(output = Json)]
pub async fn hand_over(account: AccountId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::hand_over(&OrgScope::of_request().await?, account).await
}

/// Invites people by mail; this answer alone has the links. Errors: `Invalid`; `Conflict("above_you")`, `Conflict("invitation_limit")`; `RateLimited`.
#[server(output = Json)]
pub async fn invite(#[server(default)] form: InviteForm) -> Result<Vec<FreshInvitation>, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?; // before a word is said about the form
    let (emails, role) = form.parse()?;
    actions::invite(&scope, &emails, role).await
}

/// Sends an invitation again, with another link. Errors: `NotFound`; `RateLimited`.
#[server(output = Json)]
pub async fn resend_invitation(id: InvitationId) -> Result<FreshInvitation, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::resend(&OrgScope::of_request().await?, id).await
}

/// Takes an invitation back. Errors: `NotFound`; `Conflict("above_you")`.
#[server(output = Json)]
pub async fn revoke_invitation(id: InvitationId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::revoke(&OrgScope::of_request().await?, id).await
}

/// What inviting everybody of a list would do; writes nothing. Errors: `Invalid`.
#[server(output = Json)]
pub async fn preview_list(#[server(default)] form: ListForm) -> Result<ListReport, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::preview(&OrgScope::of_request().await?, &form).await
}

/// Invites those of a list who can be, and says what became of each line. Errors: `Invalid`; `RateLimited`: then nobody was invited.
#[server(output = Json)]
pub async fn import_list(#[server(default)] form: ListForm) -> Result<ListReport, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::import(&OrgScope::of_request().await?, &form).await
}
