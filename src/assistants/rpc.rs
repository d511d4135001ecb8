//! Door 1: server functions of the assistants' pages.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{error::AppError, ids::AssistantId},
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
    use crate::{platform::OrgScope, rehearsals::server::making};
    let id = making::from_trade(&OrgScope::of_request().await?, &form).await?;
    leptos_axum::redirect(&format!("/assistants/{id}"));
    Ok(id)
}

/// What a trade brings to a business, in a language: for the gallery. Errors: `Invalid`.
#[server(output = Json)]
pub async fn preview_trade(form: NewAssistantForm) -> Result<TradePreview, AppError> {
    use {
        super::server::templates,
        crate::{platform::OrgScope, shared::permission::Permission},
    };
    OrgScope::of_request().await?.require_for_all(Permission::AssistantsEdit)?;
    let trade = templates::trade(&form.parse()?, form.hours()?.as_deref()).map_err(AppError::internal)?;
    Ok(TradePreview {
        first_message: trade.settings.first_message,
        prompt: trade.settings.prompt,
        answers: trade.answers.into_iter().map(|entry| (entry.question, entry.answer)).collect(),
        rehearsals: trade.rehearsals.into_iter().map(|script| script.name).collect(),
    })
}

/// Makes an assistant from a file and goes to its page. Errors: `Invalid`, each problem by the place in the file; `Conflict("assistant_limit")`.
#[server(output = Json)]
pub async fn import_assistant(file: String) -> Result<AssistantId, AppError> {
    use crate::{platform::OrgScope, rehearsals::server::making};
    let id = making::from_file(&OrgScope::of_request().await?, &file).await?;
    leptos_axum::redirect(&format!("/assistants/{id}"));
    Ok(id)
}

/// Saves what was typed as the draft, over revision `revision`. Errors: `Invalid`; `NotFound`; `Conflict("assistant_changed")`.
#[server(output = Json)]
pub async fn save_assistant(id: AssistantId, revision: i64, form: AssistantForm) -> Result<SavedDraft, AppError> {
    use {super::server::history, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?;
    history::save_draft(&scope, id, revision, &form.parse()?).await
}

/// Puts the draft away. Errors: `NotFound`; `Conflict("assistant_changed")`.
#[server(output = Json)]
pub async fn discard_draft(id: AssistantId, revision: i64) -> Result<i64, AppError> {
    use {super::server::history, crate::platform::OrgScope};
    history::discard_draft(&OrgScope::of_request().await?, id, revision).await
}

/// Makes the draft the next version. Errors: `Invalid`; `NotFound`; `Conflict("assistant_changed")`, `Conflict("nothing_to_publish")`.
#[server(output = Json)]
pub async fn publish_assistant(id: AssistantId, revision: i64, #[server(default)] why: String) -> Result<Published, AppError> {
    use {super::server::history, crate::platform::OrgScope};
    history::publish(&OrgScope::of_request().await?, id, revision, &why).await
}

/// Versions below `before`, newest first. Errors: `NotFound`.
#[server(output = Json)]
pub async fn list_versions(id: AssistantId, before: Option<i32>) -> Result<History, AppError> {
    use {super::server::history, crate::platform::OrgScope};
    history::history(&OrgScope::of_request().await?, id, before).await
}

/// One version, what it changed and how calls went. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_version(id: AssistantId, n: i32) -> Result<VersionSheet, AppError> {
    use {super::server::history, crate::platform::OrgScope};
    history::version(&OrgScope::of_request().await?, id, n).await
}

/// Makes a version the draft and goes to the editor. Errors: `NotFound`; `Conflict("assistant_changed")`, `Conflict("nothing_to_publish")`.
#[server(output = Json)]
pub async fn restore_version(id: AssistantId, n: i32, revision: i64) -> Result<(), AppError> {
    use {super::server::history, crate::platform::OrgScope};
    history::restore(&OrgScope::of_request().await?, id, n, revision).await?;
    leptos_axum::redirect(&format!("/assistants/{id}"));
    Ok(())
}

/// Has a job compare the provider's copy with what was published. Errors: `NotFound`.
#[server(output = Json)]
pub async fn look_at_copy(id: AssistantId) -> Result<(), AppError> {
    use {super::server::drift, crate::platform::OrgScope};
    drift::look_now(&OrgScope::of_request().await?, id).await
}

/// Makes the provider's copy the draft and goes to the history, where it can be published.
/// Errors: `NotFound`; `Conflict("assistant_changed")`, `Conflict("nothing_to_pull")`.
#[server(output = Json)]
pub async fn pull_copy(id: AssistantId, revision: i64) -> Result<(), AppError> {
    use {super::server::drift, crate::platform::OrgScope};
    drift::pull(&OrgScope::of_request().await?, id, revision).await?;
    leptos_axum::redirect(&format!("/assistants/{id}/versions"));
    Ok(())
}

/// Lets the provider's copy differ as it does now. Errors: `NotFound`; `Conflict("nothing_to_ignore")`.
#[server(output = Json)]
pub async fn ignore_copy(id: AssistantId) -> Result<(), AppError> {
    use {super::server::drift, crate::platform::OrgScope};
    drift::ignore(&OrgScope::of_request().await?, id).await
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
