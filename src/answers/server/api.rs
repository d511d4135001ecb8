//! Door 3: the answer book over the public API. Its types are frozen: fields are added, never renamed or taken away. `ETag` is the entry's
//! revision.

pub mod types;

use self::types::*;
use super::{actions, export};
use crate::{
    platform::{
        OrgScope,
        api::{Body, IfMatch, Params, Problem, continued, id, page, tagged},
    },
    server::AppState,
    shared::{
        error::AppError,
        ids::{AnswerId, QuestionId},
    },
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{StatusCode, header};
use utoipa::OpenApi;

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(paths(
    list_answers,
    create_answer,
    export_answers,
    import_answers,
    search_answers,
    read_answer,
    update_answer,
    delete_answer,
    restore_answer,
    list_questions,
    dismiss_question
))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/answers", get(list_answers).post(create_answer))
        .route("/api/v1/answers/export.csv", get(export_answers))
        .route("/api/v1/answers/import", post(import_answers))
        .route("/api/v1/answers/search", post(search_answers))
        .route("/api/v1/answers/{id}", get(read_answer).put(update_answer).delete(delete_answer))
        .route("/api/v1/answers/{id}/restore", post(restore_answer))
        .route("/api/v1/questions", get(list_questions))
        .route("/api/v1/questions/{id}", put(dismiss_question))
}

const LIST: &str = "answers";

fn answer(text: &str) -> Result<AnswerId, Problem> {
    id(text, "answer")
}

/// The answer book, newest entries first
#[utoipa::path(get, path = "/api/v1/answers", tag = "answers", params(AnswersQuery), responses((status = 200, body = AnswerList)))]
async fn list_answers(scope: OrgScope, Params(query): Params<AnswersQuery>) -> Result<Json<AnswerList>, Problem> {
    let wanted = page(&scope, LIST, query.after.as_deref(), query.limit)?;
    let found = actions::list(&scope, &query.filter(), &wanted).await?;
    let today = found.today;
    let items = found.items.into_iter().map(|entry| AnswerBody::of(entry, today)).collect();
    Ok(Json(AnswerList { items, next: continued(&scope, LIST, found.next)?, found: found.found }))
}

/// Write an entry
///
/// `question`: the open question it answers, which leaves the list.
#[utoipa::path(post, path = "/api/v1/answers", tag = "answers", request_body = NewAnswerBody, responses((status = 201, body = MadeAnswer)))]
async fn create_answer(scope: OrgScope, Body(body): Body<NewAnswerBody>) -> Result<Response, Problem> {
    let from = body.from_question;
    let id = actions::create(&scope, body.entry()?, from).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/answers/{id}"))], Json(MadeAnswer { id })).into_response())
}

/// The whole book as CSV
#[utoipa::path(get, path = "/api/v1/answers/export.csv", tag = "answers", responses((status = 200, content_type = "text/csv", body = String)))]
async fn export_answers(scope: OrgScope) -> Result<Response, AppError> {
    export::export(scope).await
}

/// Write many entries from a text
///
/// A table as the export gives it, or pairs of question and answer. Questions that are in the book are left out; lines that are not
/// understood are, too. All or none of the rest is written.
#[utoipa::path(post, path = "/api/v1/answers/import", tag = "answers", request_body = ImportBody, responses((status = 200, body = Imported)))]
async fn import_answers(scope: OrgScope, Body(body): Body<ImportBody>) -> Result<Json<Imported>, Problem> {
    Ok(Json(Imported { added: actions::import(&scope, &body.text, &body.language).await? }))
}

/// What an assistant would say to a question
#[utoipa::path(post, path = "/api/v1/answers/search", tag = "answers", request_body = SearchBody, responses((status = 200, body = SearchResult)))]
async fn search_answers(scope: OrgScope, Body(body): Body<SearchBody>) -> Result<Json<SearchResult>, Problem> {
    let trial = actions::try_question(&scope, &body.question, &body.language).await?;
    Ok(Json(SearchResult { matches: trial.matches.into_iter().map(MatchBody::from).collect() }))
}

/// One entry
#[utoipa::path(get, path = "/api/v1/answers/{id}", tag = "answers", params(("id" = AnswerId, Path)), responses((status = 200, body = AnswerBody)))]
async fn read_answer(scope: OrgScope, Path(text): Path<String>) -> Result<Response, Problem> {
    let (entry, today) = actions::read(&scope, answer(&text)?).await?;
    Ok(tagged(entry.revision, AnswerBody::of(entry, today)))
}

/// Write over an entry
///
/// The whole of it is sent.
#[utoipa::path(put, path = "/api/v1/answers/{id}", tag = "answers", params(("id" = AnswerId, Path), ("If-Match" = Option<String>, Header, description = "The state it is made from")),
    request_body = NewAnswerBody, responses((status = 204)))]
async fn update_answer(
    scope: OrgScope,
    Path(text): Path<String>,
    if_match: IfMatch,
    Body(body): Body<NewAnswerBody>,
) -> Result<StatusCode, Problem> {
    let id = answer(&text)?;
    let new = body.entry()?;
    let revision = match if_match.revision()? {
        Some(revision) => revision,
        None => actions::revision(&scope, id).await?,
    };
    actions::update(&scope, id, revision, new).await.map_err(|error| if_match.lost(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an entry out of the book
///
/// For a day it can be put back.
#[utoipa::path(delete, path = "/api/v1/answers/{id}", tag = "answers", params(("id" = AnswerId, Path)), responses((status = 204)))]
async fn delete_answer(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::delete(&scope, answer(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a deleted entry back
#[utoipa::path(post, path = "/api/v1/answers/{id}/restore", tag = "answers", params(("id" = AnswerId, Path)), responses((status = 204)))]
async fn restore_answer(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::restore(&scope, answer(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What callers asked and nothing answered
///
/// The 50 that were asked most.
#[utoipa::path(get, path = "/api/v1/questions", tag = "answers", responses((status = 200, body = QuestionList)))]
async fn list_questions(scope: OrgScope) -> Result<Json<QuestionList>, AppError> {
    let open = actions::open_questions(&scope).await?;
    Ok(Json(QuestionList { items: open.items.into_iter().map(QuestionBody::from).collect(), all: open.all }))
}

/// Take a question off the list, or put it back
#[utoipa::path(put, path = "/api/v1/questions/{id}", tag = "answers", params(("id" = QuestionId, Path)), request_body = DismissBody, responses((status = 204)))]
async fn dismiss_question(scope: OrgScope, Path(text): Path<String>, Body(body): Body<DismissBody>) -> Result<StatusCode, Problem> {
    actions::dismiss(&scope, id(&text, "question")?, body.dismissed).await?;
    Ok(StatusCode::NO_CONTENT)
}
