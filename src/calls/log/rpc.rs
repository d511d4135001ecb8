//! Door 1 of the log.

use super::model::{Desk, LogRow, Note, Price, Replay};
use crate::{
    calls::model::CallFilter,
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{CallId, NoteId, TagId, ViewId},
        page::{Page, PageRequest},
    },
};
use leptos::prelude::*;

/// One page of the log, newest first, with tags, what is unread, and where the searched words were said.
#[server(output = Json)]
pub async fn read_log(#[server(default)] filter: CallFilter, #[server(default)] page: PageRequest) -> Result<Page<LogRow>, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::read(&OrgScope::of_request().await?, &filter, &page).await
}

/// Tags, views and numbers.
#[server(output = Json)]
pub async fn read_desk() -> Result<Desk, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::desk(&OrgScope::of_request().await?).await
}

/// Keeps a filter under a name. Errors: `Invalid(name)`, `Conflict("too_many_views")`.
#[server(output = Json)]
pub async fn save_view(
    name: String,
    #[server(default)] is_shared: String,
    #[server(default)] filter: CallFilter,
) -> Result<ViewId, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::save_view(&OrgScope::of_request().await?, &name, !is_shared.is_empty(), &filter).await
}

/// Removes a view. Errors: `NotFound`, also when it is somebody else's.
#[server(output = Json)]
pub async fn delete_view(view: ViewId) -> Result<(), AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::delete_view(&OrgScope::of_request().await?, view).await
}

/// Everything in the log counts as read.
#[server(output = Json)]
pub async fn mark_all_read() -> Result<(), AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::mark_all_read(&OrgScope::of_request().await?).await
}

/// Puts a tag on calls, made when there is none of that name. Errors: `Invalid(name)`, `Invalid(calls)`.
#[server(output = Json)]
pub async fn tag_calls(#[server(default)] calls: Vec<CallId>, name: String) -> Result<i64, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::tag(&OrgScope::of_request().await?, &calls, &name).await
}

/// Takes a tag off calls; it goes when no call has it.
#[server(output = Json)]
pub async fn untag_calls(#[server(default)] calls: Vec<CallId>, tag: TagId) -> Result<i64, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::untag(&OrgScope::of_request().await?, &calls, tag).await
}

/// What analysing these calls again would cost.
#[server(output = Json)]
pub async fn price_analyses(#[server(default)] calls: Vec<CallId>) -> Result<Price, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::price(&OrgScope::of_request().await?, &calls).await
}

/// Has these calls analysed again; says how many.
#[server(output = Json)]
pub async fn analyse_calls(#[server(default)] calls: Vec<CallId>) -> Result<i64, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::analyse(&OrgScope::of_request().await?, &calls).await
}

/// Deletes calls that are over, with everything that hangs on them; says how many.
#[server(output = Json)]
pub async fn delete_calls(#[server(default)] calls: Vec<CallId>) -> Result<i64, AppError> {
    use {crate::calls::server::erase, crate::platform::OrgScope};
    erase::delete_calls(&OrgScope::of_request().await?, &calls).await
}

/// Erases the recording of a call. Errors: `NotFound`, also when there is none.
#[server(output = Json)]
pub async fn erase_recording(id: CallId) -> Result<(), AppError> {
    use {crate::calls::server::erase, crate::platform::OrgScope};
    erase::erase_recording(&OrgScope::of_request().await?, id).await
}

/// What was written beside a call.
#[server(output = Json)]
pub async fn list_notes(id: CallId) -> Result<Vec<Note>, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::notes(&OrgScope::of_request().await?, id).await
}

/// Writes beside a call, at a second of its recording or of the whole. Errors: `Invalid(text)`, `NotFound`.
#[server(output = Json)]
pub async fn add_note(id: CallId, #[server(default)] text: String, #[server(default)] second: String) -> Result<NoteId, AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::add_note(&OrgScope::of_request().await?, id, &text, second.parse().ok()).await
}

/// Removes a note of one's own. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_note(note: NoteId) -> Result<(), AppError> {
    use {crate::calls::server::log::actions, crate::platform::OrgScope};
    actions::delete_note(&OrgScope::of_request().await?, note).await
}

/// The deliveries of a call folded again, one by one. Errors: `NotFound`.
#[server(output = Json)]
pub async fn replay_call(id: CallId) -> Result<Replay, AppError> {
    use {crate::calls::server::log::replay, crate::platform::OrgScope};
    replay::replay(&OrgScope::of_request().await?, id).await
}
