//! Door 1: server functions of the dashboard. Bodies exist only in the server build.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AssistantId, CallId},
    },
};
use leptos::prelude::*;

/// Everything about one call. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_call(id: CallId) -> Result<CallDetail, AppError> {
    use {
        super::server::{actions, log::actions as log},
        crate::platform::OrgScope,
    };
    let scope = OrgScope::of_request().await?;
    let detail = actions::detail(&scope, id).await?;
    log::opened(&scope, id).await?;
    Ok(detail)
}

/// Every call that is not over, for the first paint of the board.
#[server(output = Json)]
pub async fn read_board() -> Result<Vec<CallCard>, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::board(&OrgScope::of_request().await?).await
}

/// Steps into a live call and says what came of it. Errors: `NotFound`; `Conflict("call_not_live")`; `Upstream`.
#[server(output = Json)]
pub async fn act_on_call(id: CallId, action: LiveAction) -> Result<ActionTaken, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::act(&OrgScope::of_request().await?, id, action).await
}

/// Starts an outbound call; `number` as typed. Errors: `Invalid(number)`; `Conflict("assistant_not_ready")`.
#[server(output = Json)]
pub async fn start_call(assistant: AssistantId, number: String, #[server(default)] name: String) -> Result<CallId, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::start(&OrgScope::of_request().await?, assistant, &number, &name).await
}

/// Sandbox: has the simulator ring one of our assistants. `ending` is two digits of CONTRACT section 5, or empty for a believable mix.
#[server(output = Json)]
pub async fn simulate_call(#[server(default)] assistant: Option<AssistantId>, #[server(default)] ending: String) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::simulate(&OrgScope::of_request().await?, assistant, &ending).await
}

/// Figures for Home.
#[server(output = Json)]
pub async fn read_home() -> Result<HomeFigures, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::home_figures(&OrgScope::of_request().await?).await
}

/// The assistants of the call dialogs and the filter, by name.
#[server(output = Json)]
pub async fn list_assistant_choices() -> Result<Vec<AssistantChoice>, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::assistant_choices(&OrgScope::of_request().await?).await
}
