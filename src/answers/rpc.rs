//! Door 1: server functions of the answer book's page.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        ids::{AnswerId, QuestionId},
        page::PageRequest,
    },
};
use leptos::prelude::*;

/// A page of the book, newest entries first.
#[server(output = Json)]
pub async fn list_answers(#[server(default)] filter: AnswerFilter, #[server(default)] page: PageRequest) -> Result<AnswerPage, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list(&OrgScope::of_request().await?, &filter, &page).await
}

/// Writes a new entry; the question it came from leaves the list of open ones. Errors: `Invalid`; `Conflict("answer_limit")`.
#[server(output = Json)]
pub async fn create_answer(#[server(default)] from: Option<QuestionId>, form: AnswerForm) -> Result<AnswerId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?; // before a word is said about the form
    actions::create(&scope, form.parse()?, from).await
}

/// Writes over revision `revision`. Errors: `Invalid`; `NotFound`; `Conflict("answer_changed")`.
#[server(output = Json)]
pub async fn update_answer(answer: AnswerId, revision: i64, form: AnswerForm) -> Result<AnswerId, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::AssistantsEdit)?;
    actions::update(&scope, answer, revision, form.parse()?).await
}

/// Takes an entry out of the book. Errors: `NotFound`.
#[server(output = Json)]
pub async fn delete_answer(answer: AnswerId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delete(&OrgScope::of_request().await?, answer).await
}

/// Puts a deleted entry back. Errors: `NotFound`.
#[server(output = Json)]
pub async fn restore_answer(answer: AnswerId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::restore(&OrgScope::of_request().await?, answer).await
}

/// What an assistant would say. Errors: `Invalid`.
#[server(output = Json)]
pub async fn try_question(#[server(default)] question: String, #[server(default)] language: String) -> Result<Trial, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::try_question(&OrgScope::of_request().await?, &question, &language).await
}

/// What callers asked and nothing answered.
#[server(output = Json)]
pub async fn list_open_questions() -> Result<OpenQuestions, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::open_questions(&OrgScope::of_request().await?).await
}

/// Takes a question off the list, or puts it back. Errors: `NotFound`.
#[server(output = Json)]
pub async fn dismiss_question(question: QuestionId, dismissed: bool) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::dismiss(&OrgScope::of_request().await?, question, dismissed).await
}

/// Reads a text as an import would, and writes nothing. Errors: `Invalid`.
#[server(output = Json)]
pub async fn preview_import(#[server(default)] text: String, #[server(default)] language: String) -> Result<ImportPreview, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::preview_import(&OrgScope::of_request().await?, &text, &language).await
}

/// Writes the good entries of a text; returns how many. Errors: `Invalid`; `Conflict("answer_limit")`.
#[server(output = Json)]
pub async fn import_answers(#[server(default)] text: String, #[server(default)] language: String) -> Result<u32, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::import(&OrgScope::of_request().await?, &text, &language).await
}
