//! Door 1: server functions of the integrations page.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{error::AppError, ids::HookId},
};
use leptos::prelude::*;

/// The webhook address, how it is authenticated, and the secret for who may see it.
#[server(output = Json)]
pub async fn read_endpoint() -> Result<Endpoint, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::endpoint(&OrgScope::of_request().await?).await
}

/// Changes how webhooks are authenticated. Errors: `Invalid`.
#[server(output = Json)]
pub async fn save_auth(form: AuthForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?; // before a word is said about the form
    actions::save_auth(&scope, form.parse()?).await
}

/// Draws a new secret; the one before it stays good for a day.
#[server(output = Json)]
pub async fn rotate_secret() -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::rotate_secret(&OrgScope::of_request().await?).await
}

/// A page of the journal of deliveries, newest first.
#[server(output = Json)]
pub async fn read_journal(
    #[server(default)] outcome: Option<DeliveryOutcome>,
    #[server(default)] before: Option<HookId>,
) -> Result<Journal, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::journal(&OrgScope::of_request().await?, outcome, before).await
}
