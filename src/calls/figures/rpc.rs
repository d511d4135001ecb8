//! Door 1 of figures.

use super::model::{Asked, Figures};
use crate::{error_glue::Json, shared::error::AppError};
use leptos::prelude::*;

/// The figures of a period, and of the one before.
#[server(output = Json)]
pub async fn read_figures(#[server(default)] asked: Asked) -> Result<Figures, AppError> {
    use {crate::calls::server::figures::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?, asked).await
}
