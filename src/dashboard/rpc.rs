//! Door 1: server functions of Home.

use super::model::*;
use crate::{error_glue::Json, shared::error::AppError};
use leptos::prelude::*;

/// Figures, live calls and the checklist.
#[server(output = Json)]
pub async fn read_home_page() -> Result<Home, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::home(&OrgScope::of_request().await?).await
}

/// A live call was watched.
#[server(output = Json)]
pub async fn mark_watched() -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::mark_watched(&OrgScope::of_request().await?).await
}

/// Puts the checklist away, or brings it back.
#[server(output = Json)]
pub async fn hide_checklist(hidden: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::hide_checklist(&OrgScope::of_request().await?, hidden).await
}

/// How much came with the demonstration.
#[server(output = Json)]
pub async fn count_demo_data() -> Result<DemoData, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::count_demo(&OrgScope::of_request().await?).await
}

/// Removes what came with the demonstration and says how much it was.
#[server(output = Json)]
pub async fn remove_demo_data() -> Result<DemoData, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove_demo(&OrgScope::of_request().await?).await
}
