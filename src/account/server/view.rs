//! Seeing Zencall as another role does: what it shows, and nothing that is written. It ends with a click, and with the browser's session.

use super::{
    actions, store,
    visit::{Visit, see_other},
};
use crate::{
    platform::{OrgScope, SystemTx},
    shared::{
        audit::Act,
        error::AppError,
        permission::{Permission, RoleChoice},
    },
};
use axum::{
    Form,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ViewForm {
    /// Empty: as oneself again.
    role: String,
}

/// Begins or ends it.
pub async fn view_as(visit: Visit, scope: Result<OrgScope, AppError>, Form(form): Form<ViewForm>) -> Response {
    match change(&visit, scope, &form.role).await {
        Ok(()) if form.role.is_empty() => see_other("/settings/team"),
        Ok(()) => see_other("/home"),
        Err(AppError::Unauthenticated) => see_other("/sign-in"),
        Err(error) => error.into_response(),
    }
}

/// Who manages the team may see it as each of its roles; whoever does so already may end it.
async fn change(visit: &Visit, scope: Result<OrgScope, AppError>, role: &str) -> Result<(), AppError> {
    let (person, scope) = (visit.person()?, scope?);
    let role = if role.is_empty() {
        None
    } else {
        scope.require(Permission::TeamManage)?;
        Some(role.parse::<RoleChoice>().map_err(|_| AppError::not_found("role"))?)
    };
    let mut tx = SystemTx::begin(&visit.core, "a person's own session").await?;
    if let Some(RoleChoice::Own(id)) = role {
        store::role_name(&mut tx, scope.org(), id).await?.ok_or_else(|| AppError::not_found("role"))?;
    }
    store::view_as(&mut tx, person.session, role).await?;
    actions::tell_revoked(&mut tx, person.account).await?; // open streams look again what they may show
    let act = if role.is_some() { Act::ViewedAs } else { Act::ViewEnded };
    tx.note_account(person.account, act, role.map(|role| json!({ "role": role }))).await?;
    tx.commit().await?;
    let seen_as = role.map(|role| role.to_string()).unwrap_or_default();
    tracing::info!(org = %scope.org(), account = %person.account, seen_as, "view changed");
    Ok(())
}
