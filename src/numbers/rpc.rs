//! Door 1: server functions of the page of numbers.

use super::model::*;
use crate::{
    assistants::model::NumberForm,
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AssistantId, MessageId, NumberId},
    },
};
use leptos::prelude::*;

/// The organisation's numbers, and its account at Twilio.
#[server(output = Json)]
pub async fn read_numbers() -> Result<NumbersSheet, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::sheet(&OrgScope::of_request().await?).await
}

/// A page of text messages, newest first.
#[server(output = Json)]
pub async fn list_messages(#[server(default)] before: Option<MessageId>) -> Result<MessagePage, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::messages(&OrgScope::of_request().await?, before).await
}

/// Connects the organisation's account at Twilio, which is asked at once. Errors: `Invalid`; `Upstream`.
#[server(output = Json)]
pub async fn connect_twilio(form: TwilioForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    actions::connect_twilio(&scope, form.parse()?).await
}

/// Forgets the account at Twilio. Errors: `Conflict("twilio_in_use")` while a number comes from it.
#[server(output = Json)]
pub async fn disconnect_twilio() -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::disconnect_twilio(&OrgScope::of_request().await?).await
}

/// The numbers of the account at Twilio. Errors: `NotFound`; `Upstream`.
#[server(output = Json)]
pub async fn list_twilio_numbers() -> Result<Vec<TwilioNumber>, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::twilio_numbers(&OrgScope::of_request().await?).await
}

/// Brings a number of the account at Twilio. Errors: `NotFound`; `Upstream`; `Conflict("number_taken")`, `Conflict("number_limit")`.
#[server(output = Json)]
pub async fn import_number(sid: String, #[server(default)] assistant: Option<AssistantId>) -> Result<NumberId, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::import_number(&OrgScope::of_request().await?, &sid, assistant).await
}

/// Brings a number of the organisation's own SIP trunk. Errors: `Invalid`; `Conflict("number_taken")`, `Conflict("number_limit")`.
#[server(output = Json)]
pub async fn add_trunk_number(form: TrunkForm) -> Result<NumberId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    actions::add_trunk_number(&scope, form.parse()?).await
}

/// Connects a number by its id at the provider. Errors: `Invalid`; `Conflict("number_taken")`, `Conflict("number_limit")`.
#[server(output = Json)]
pub async fn connect_number(form: NumberForm) -> Result<NumberId, AppError> {
    use {crate::assistants::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::IntegrationsManage)?;
    actions::connect_number(&scope, form.parse()?).await
}

/// Changes name, assistant and way out of a number. Errors: `NotFound`; `Invalid`.
#[server(output = Json)]
pub async fn edit_number(id: NumberId, form: EditForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?;
    actions::edit_number(&scope, id, &form.parse()?).await
}

/// Takes it to the provider once more: after a refusal was seen to. Errors: `NotFound`.
#[server(output = Json)]
pub async fn retry_number(id: NumberId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::retry_number(&OrgScope::of_request().await?, id).await
}

/// Removes a number from here, and from the provider if we brought it there. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_number(id: NumberId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove_number(&OrgScope::of_request().await?, id).await
}
