//! Door 1: server functions of the audit log.

use super::model::*;
use crate::{error_glue::Json, shared::error::AppError};
use leptos::prelude::*;

/// A page of the log, newest first; `before` is `next` of the page before. Errors: `Invalid(actor)`.
#[server(output = Json)]
pub async fn read_audit(#[server(default)] filter: AuditFilter, #[server(default)] before: Option<i64>) -> Result<Entries, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list(&OrgScope::of_request().await?, &filter, before).await
}

/// Who was refused what, newest first.
#[server(output = Json)]
pub async fn read_refusals() -> Result<Refusals, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::refusals(&OrgScope::of_request().await?).await
}

/// Follows the chain from its first entry to its last.
#[server(output = Json)]
pub async fn check_audit() -> Result<Checked, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::check(&OrgScope::of_request().await?).await
}
