//! Door 1: server functions of the inbox.

use super::model::*;
use crate::{error_glue::Json, shared::error::AppError};
use leptos::prelude::*;

/// Everything that awaits the reader.
#[server(output = Json)]
pub async fn read_inbox() -> Result<Inbox, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?).await
}

/// How much awaits the reader.
#[server(output = Json)]
pub async fn count_inbox() -> Result<u32, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::count(&OrgScope::of_request().await?).await
}

/// Says that something is done, or is not after all. Errors: `NotFound`; `Forbidden` where that takes more than reading.
#[server(output = Json)]
pub async fn settle_item(item: String, done: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::settle(&OrgScope::of_request().await?, &item, done).await
}

/// Puts something off; without a time, no longer. Errors: `NotFound`.
#[server(output = Json)]
pub async fn snooze_item(item: String, until: Option<Until>) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::snooze(&OrgScope::of_request().await?, &item, until).await
}

/// The reader has seen something. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_item(item: String) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::seen(&OrgScope::of_request().await?, &item).await
}
