//! Door 1 of analyses.

use super::model::AfterCall;
use crate::{
    error_glue::Json,
    shared::{error::AppError, ids::CallId},
};
use leptos::prelude::*;

/// What a call amounts to, and what looking again would cost. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_analysis(id: CallId) -> Result<AfterCall, AppError> {
    use {crate::calls::server::analysis::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?, id).await
}

/// Has a finished call looked at again. Errors: `NotFound`, also while it lasts.
#[server(output = Json)]
pub async fn analyse_again(id: CallId) -> Result<(), AppError> {
    use {crate::calls::server::analysis::actions, crate::platform::OrgScope};
    actions::ask(&OrgScope::of_request().await?, id).await
}
