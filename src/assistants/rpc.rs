//! Door 1: server functions of the assistants' pages.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AssistantId, NumberId},
    },
};
use leptos::prelude::*;

/// Every assistant, by name.
#[server(output = Json)]
pub async fn list_assistants() -> Result<Vec<AssistantCard>, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list(&OrgScope::of_request().await?).await
}

/// One assistant for the editor. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_assistant(id: AssistantId) -> Result<AssistantSheet, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?, id).await
}

/// Makes an assistant from its trade's template and goes to its page. Errors: `Invalid`; `Conflict("assistant_limit")`.
#[server(output = Json)]
pub async fn create_assistant(form: NewAssistantForm) -> Result<AssistantId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?; // before a word is said about the form
    let id = actions::create(&scope, form.parse()?).await?;
    leptos_axum::redirect(&format!("/assistants/{id}"));
    Ok(id)
}

/// Saves what was typed over revision `revision` and returns the new one. Errors: `Invalid`; `NotFound`; `Conflict("assistant_changed")`.
#[server(output = Json)]
pub async fn save_assistant(id: AssistantId, revision: i64, form: AssistantForm) -> Result<i64, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?;
    actions::save(&scope, id, revision, form.parse()?).await
}

/// Lets it answer, or no longer.
#[server(output = Json)]
pub async fn set_assistant_state(id: AssistantId, state: AssistantState) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_state(&OrgScope::of_request().await?, id, state).await
}

/// Removes it here and at the provider. Errors: `NotFound`; `Conflict("assistant_in_use")`.
#[server(output = Json)]
pub async fn delete_assistant(id: AssistantId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delete(&OrgScope::of_request().await?, id).await?;
    leptos_axum::redirect("/assistants");
    Ok(())
}

/// Sends it to the provider once more: after a refusal was seen to.
#[server(output = Json)]
pub async fn push_assistant(id: AssistantId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::push_again(&OrgScope::of_request().await?, id).await
}

/// The organisation's phone numbers.
#[server(output = Json)]
pub async fn list_numbers() -> Result<Vec<NumberLine>, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::numbers(&OrgScope::of_request().await?).await
}

/// Connects a number by its id at the provider. Errors: `Invalid`; `Conflict("number_taken")`, `Conflict("number_limit")`.
#[server(output = Json)]
pub async fn connect_number(form: NumberForm) -> Result<NumberId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    actions::connect_number(&scope, form.parse()?).await
}

/// Says who answers a number; nobody when `assistant` is absent. Errors: `NotFound`.
#[server(output = Json)]
pub async fn assign_number(id: NumberId, #[server(default)] assistant: Option<AssistantId>) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::assign_number(&OrgScope::of_request().await?, id, assistant).await
}

/// Removes a number from here; at the provider it stays. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_number(id: NumberId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delete_number(&OrgScope::of_request().await?, id).await
}
