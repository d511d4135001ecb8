//! Door 1: server functions of reception's pages.

use super::{http_tool::*, model::*};
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{CallbackId, PersonId, RuleId, ToolId},
    },
};
use chrono::NaiveDate;
use leptos::prelude::*;

/// Hours, rules and people, with what their forms choose from.
#[server(output = Json)]
pub async fn read_reception() -> Result<ReceptionSheet, AppError> {
    use {super::server::route, crate::platform::OrgScope};
    route::sheet(&OrgScope::of_request().await?).await
}

/// Writes the opening hours. Errors: `Invalid`.
#[server(output = Json)]
pub async fn save_week(#[server(default)] form: WeekForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require_for_all(Permission::AssistantsEdit)?; // before a word is said about the form
    actions::save_week(&scope, form.parse()?).await
}

/// Gives a day hours of its own. Errors: `Invalid`; `Conflict("day_limit")`.
#[server(output = Json)]
pub async fn save_day(#[server(default)] form: DayForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require_for_all(Permission::AssistantsEdit)?;
    actions::save_day(&scope, form.parse()?).await
}

/// The day is like others of its weekday again. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_day(day: NaiveDate) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove_day(&OrgScope::of_request().await?, day).await
}

/// Closes the public holidays of France that are to come. Errors: `Conflict("day_limit")`.
#[server(output = Json)]
pub async fn add_public_holidays() -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::add_public_holidays(&OrgScope::of_request().await?).await
}

/// Writes a rule; without an id a new one, which comes last. Errors: `Invalid`; `NotFound`; `Conflict("rule_limit")`.
#[server(output = Json)]
pub async fn save_rule(#[server(default)] rule: Option<RuleId>, #[server(default)] form: RuleForm) -> Result<RuleId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require_for_all(Permission::AssistantsEdit)?;
    actions::save_rule(&scope, rule, form.parse()?).await
}

/// Moves a rule one place. Errors: `NotFound`.
#[server(output = Json)]
pub async fn move_rule(rule: RuleId, up: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::move_rule(&OrgScope::of_request().await?, rule, up).await
}

/// Lets a rule count, or no longer. Errors: `NotFound`.
#[server(output = Json)]
pub async fn switch_rule(rule: RuleId, on: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::switch_rule(&OrgScope::of_request().await?, rule, on).await
}

/// Takes a rule out. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_rule(rule: RuleId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove_rule(&OrgScope::of_request().await?, rule).await
}

/// What would become of a call. Errors: `Invalid`.
#[server(output = Json)]
pub async fn try_route(#[server(default)] form: TryForm) -> Result<Trial, AppError> {
    use {super::server::route, crate::platform::OrgScope};
    route::trial(&OrgScope::of_request().await?, &form).await
}

/// Writes somebody into the directory; without an id somebody new. Errors: `Invalid`; `NotFound`; `Conflict("person_limit")`.
#[server(output = Json)]
pub async fn save_person(#[server(default)] person: Option<PersonId>, #[server(default)] form: PersonForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require_for_all(Permission::AssistantsEdit)?;
    let id = person.unwrap_or_else(|| PersonId::at(scope.core().clock.now()));
    actions::save_person(&scope, &form.parse(id)?, person.is_none()).await
}

/// Takes somebody out of the directory. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_person(person: PersonId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove_person(&OrgScope::of_request().await?, person).await
}

/// Known callers whose name or number has these words.
#[server(output = Json)]
pub async fn list_callers(#[server(default)] q: String) -> Result<CallerList, AppError> {
    use {super::server::callers, crate::platform::OrgScope};
    callers::list(&OrgScope::of_request().await?, &q).await
}

/// Writes what is known of a number. Errors: `Invalid`; `Conflict("caller_limit")`.
#[server(output = Json)]
pub async fn save_caller(#[server(default)] form: CallerForm) -> Result<(), AppError> {
    use {super::server::callers, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require_for_all(Permission::AssistantsEdit)?;
    callers::save(&scope, &form.parse()?).await
}

/// Forgets a number. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_caller(number: String) -> Result<(), AppError> {
    use {super::server::callers, crate::platform::OrgScope};
    callers::remove(&OrgScope::of_request().await?, &number).await
}

/// Calls to make, and those made last.
#[server(output = Json)]
pub async fn list_callbacks() -> Result<CallbackList, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list_callbacks(&OrgScope::of_request().await?).await
}

/// Made, or to be made after all. Errors: `NotFound`.
#[server(output = Json)]
pub async fn set_callback_done(callback: CallbackId, done: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_callback_done(&OrgScope::of_request().await?, callback, done).await
}

/// The organisation's own tools, by name.
#[server(output = Json)]
pub async fn list_http_tools() -> Result<Vec<HttpTool>, AppError> {
    use {super::server::tools, crate::platform::OrgScope};
    tools::list(&OrgScope::of_request().await?).await
}

/// Writes a tool; without an id a new one. Errors: `Invalid`; `NotFound`; `Conflict("tool_taken")`, `Conflict("tool_limit")`.
#[server(output = Json)]
pub async fn save_http_tool(#[server(default)] tool: Option<ToolId>, #[server(default)] form: HttpToolForm) -> Result<ToolId, AppError> {
    use {super::server::tools, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    let id = tool.unwrap_or_else(|| ToolId::at(scope.core().clock.now()));
    let (new, secret) = form.parse(id)?;
    tools::save(&scope, new, secret.as_deref(), tool.is_none()).await
}

/// Removes a tool. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_http_tool(tool: ToolId) -> Result<(), AppError> {
    use {super::server::tools, crate::platform::OrgScope};
    tools::remove(&OrgScope::of_request().await?, tool).await
}

/// Asks a tool as it stands in the form, with these arguments as JSON, and shows both sides. Errors: `Invalid`.
#[server(output = Json)]
pub async fn try_http_tool(
    #[server(default)] tool: Option<ToolId>,
    #[server(default)] form: HttpToolForm,
    #[server(default)] arguments: String,
) -> Result<DryRun, AppError> {
    use {super::server::tools, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    let id = tool.unwrap_or_else(|| ToolId::at(scope.core().clock.now()));
    let (new, secret) = form.parse(id)?;
    tools::dry_run(&scope, new, secret, &arguments).await
}
