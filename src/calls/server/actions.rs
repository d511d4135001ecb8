//! Use cases of calls.
pub use super::demo::{count_demo, has_own_calls, remove_demo};
use crate::{
    calls::model::*,
    platform::OrgScope,
    shared::{error::AppError, ids::{AssistantId, CallId}, page::{Page, PageRequest}},
};

/// One page of the log, newest first.
pub async fn list(_scope: &OrgScope, _filter: &CallFilter, _page: &PageRequest) -> Result<Page<CallCard>, AppError> { todo!() }
pub async fn detail(_scope: &OrgScope, _id: CallId) -> Result<CallDetail, AppError> { todo!() }
pub async fn board(_scope: &OrgScope) -> Result<Vec<CallCard>, AppError> { todo!() }
pub async fn act(_scope: &OrgScope, _id: CallId, _action: LiveAction) -> Result<ActionTaken, AppError> { todo!() }
pub async fn start(_scope: &OrgScope, _assistant: AssistantId, _number: &str, _name: &str) -> Result<CallId, AppError> { todo!() }
pub async fn simulate(_scope: &OrgScope, _assistant: Option<AssistantId>, _ending: &str) -> Result<(), AppError> { todo!() }
pub async fn home_figures(_scope: &OrgScope) -> Result<HomeFigures, AppError> { todo!() }
