//! Door 1: server functions of rehearsals, and of trying a draft by text.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AssistantId, RehearsalId, TalkId},
    },
};
use leptos::prelude::*;

/// What the page for trying shows first. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_try(assistant: AssistantId) -> Result<TrySheet, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::try_sheet(&OrgScope::of_request().await?, assistant).await
}

/// Says something to the draft; without `talk` a new conversation begins. Errors: `Invalid`; `NotFound`; `Conflict("talk_over")`; `Upstream`.
#[server(output = Json)]
pub async fn say_to_draft(assistant: AssistantId, #[server(default)] talk: Option<TalkId>, words: String) -> Result<Said, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::say(&OrgScope::of_request().await?, assistant, talk, &words).await
}

/// Rehearsals of an assistant and their newest runs. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_rehearsals(assistant: AssistantId) -> Result<RehearsalSheet, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::sheet(&OrgScope::of_request().await?, assistant).await
}

/// Writes a rehearsal; without `rehearsal` a new one. Errors: `Invalid`; `NotFound`; `Conflict("rehearsal_limit")`.
#[server(output = Json)]
pub async fn save_rehearsal(
    assistant: AssistantId,
    #[server(default)] rehearsal: Option<RehearsalId>,
    form: RehearsalForm,
) -> Result<RehearsalId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?; // before a word is said about the form
    actions::save(&scope, assistant, rehearsal, &form.parse()?).await
}

/// Removes a rehearsal and its runs. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_rehearsal(assistant: AssistantId, rehearsal: RehearsalId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delete(&OrgScope::of_request().await?, assistant, rehearsal).await
}

/// Has one or all held against the draft; how many have begun. Errors: `NotFound`.
#[server(output = Json)]
pub async fn run_rehearsals(assistant: AssistantId, #[server(default)] rehearsal: Option<RehearsalId>) -> Result<u32, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::start(&OrgScope::of_request().await?, assistant, rehearsal).await
}

/// Whether the organisation publishes only what passes.
#[server(output = Json)]
pub async fn require_rehearsals(#[server(default)] required: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_required(&OrgScope::of_request().await?, required).await
}
