//! Door 1 of the journal of incoming webhooks.

use super::model::{HookForm, HookPage, HookSheet, Replayed};
use crate::{
    error_glue::Json,
    shared::{error::AppError, ids::HookId},
};
use leptos::prelude::*;

/// A page of deliveries, newest first. Errors: `Invalid`.
#[server(output = Json)]
pub async fn list_hooks(#[server(default)] form: HookForm, #[server(default)] before: Option<HookId>) -> Result<HookPage, AppError> {
    use {crate::calls::server::journal::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::WebhooksManage)?; // before a word is said about the form
    actions::list(&scope, &form.parse()?, before, None).await
}

/// One delivery with all that is kept of it. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_hook(hook: HookId) -> Result<HookSheet, AppError> {
    use {crate::calls::server::journal::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?, hook).await
}

/// What would change if one delivery (`hook`), or those of the filter, were applied once more; with `confirmed` it is done.
/// Errors: `Invalid`; `NotFound`; `Conflict("hook_rejected")`.
#[server(output = Json)]
pub async fn replay_hooks(
    #[server(default)] hook: Option<HookId>,
    #[server(default)] form: HookForm,
    #[server(default)] after: Option<HookId>,
    #[server(default)] confirmed: Option<String>,
) -> Result<Replayed, AppError> {
    use {super::model::Which, crate::calls::server::journal::actions, crate::platform::OrgScope};
    let which = hook.map_or(Which::Range(form, after), Which::One);
    actions::replay(&OrgScope::of_request().await?, &which, confirmed.is_none()).await
}
