//! Door 3: assistants and their versions over the public API. Its types are frozen: fields are added, never renamed or taken
//! away. `ETag` is the assistant's revision: it grows with each save of a draft and each version.

pub mod types;
mod versions;

use self::types::*;
use super::{actions, file_door};
use crate::{
    assistants::model::{AssistantState, NewAssistantForm},
    platform::{
        OrgScope,
        api::{Body, IfMatch, Problem, id, tagged},
    },
    rehearsals::server::making,
    server::AppState,
    shared::{error::AppError, ids::AssistantId},
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{StatusCode, header};
use utoipa::OpenApi;

/// What these files add to the description.
#[derive(OpenApi)]
#[openapi(paths(
    list_assistants,
    create_assistant,
    import_assistant,
    read_assistant,
    delete_assistant,
    export_assistant,
    set_state,
    push,
    copy,
    versions::save_draft,
    versions::discard_draft,
    versions::publish,
    versions::list_versions,
    versions::read_version,
    versions::restore_version
))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/assistants", get(list_assistants).post(create_assistant))
        .route("/api/v1/assistants/import", post(import_assistant))
        .route("/api/v1/assistants/{id}", get(read_assistant).delete(delete_assistant))
        .route("/api/v1/assistants/{id}/export", get(export_assistant))
        .route("/api/v1/assistants/{id}/state", put(set_state))
        .route("/api/v1/assistants/{id}/push", post(push))
        .route("/api/v1/assistants/{id}/copy", post(copy))
        .route("/api/v1/assistants/{id}/draft", put(versions::save_draft).delete(versions::discard_draft))
        .route("/api/v1/assistants/{id}/publish", post(versions::publish))
        .route("/api/v1/assistants/{id}/versions", get(versions::list_versions))
        .route("/api/v1/assistants/{id}/versions/{n}", get(versions::read_version))
        .route("/api/v1/assistants/{id}/versions/{n}/restore", post(versions::restore_version))
}

fn assistant(text: &str) -> Result<AssistantId, Problem> {
    id(text, "assistant")
}

fn created(id: AssistantId) -> Response {
    (StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/assistants/{id}"))], Json(MadeAssistant { id })).into_response()
}

/// The revision a change is made from: the one the client names, or whatever stands.
async fn revision(scope: &OrgScope, id: AssistantId, if_match: IfMatch) -> Result<i64, Problem> {
    match if_match.revision()? {
        Some(revision) => Ok(revision),
        None => Ok(actions::revision(scope, id).await?),
    }
}

/// Every assistant, by name
#[utoipa::path(get, path = "/api/v1/assistants", tag = "assistants", responses((status = 200, body = AssistantList)))]
async fn list_assistants(scope: OrgScope) -> Result<Json<AssistantList>, AppError> {
    Ok(Json(AssistantList { items: actions::list(&scope).await?.into_iter().map(AssistantLine::from).collect() }))
}

/// Make an assistant from its trade's template
///
/// It is published at once, as version 1.
#[utoipa::path(post, path = "/api/v1/assistants", tag = "assistants", request_body = NewAssistantBody, responses((status = 201, body = MadeAssistant)))]
async fn create_assistant(scope: OrgScope, Body(body): Body<NewAssistantBody>) -> Result<Response, Problem> {
    let form = NewAssistantForm {
        template: body.template,
        name: body.name,
        language: body.language,
        business: body.business,
        hours: body.hours,
        with_answers: body.with_answers.then(|| "on".to_owned()),
    };
    Ok(created(making::from_trade(&scope, &form).await?))
}

/// Make an assistant from a file
///
/// The body is what the export gave. Each problem is named by its place in the file.
#[utoipa::path(post, path = "/api/v1/assistants/import", tag = "assistants", request_body(content = Object, content_type = "application/json"), responses((status = 201, body = MadeAssistant)))]
async fn import_assistant(scope: OrgScope, Body(file): Body<serde_json::Value>) -> Result<Response, Problem> {
    Ok(created(making::from_file(&scope, &file.to_string()).await?))
}

/// One assistant: what is published, what is being prepared
#[utoipa::path(get, path = "/api/v1/assistants/{id}", tag = "assistants", params(("id" = AssistantId, Path)), responses((status = 200, body = AssistantBody)))]
async fn read_assistant(scope: OrgScope, Path(text): Path<String>) -> Result<Response, Problem> {
    let sheet = actions::read(&scope, assistant(&text)?).await?;
    Ok(tagged(sheet.assistant.revision, AssistantBody::from(sheet)))
}

/// Delete it here and at the provider
#[utoipa::path(delete, path = "/api/v1/assistants/{id}", tag = "assistants", params(("id" = AssistantId, Path)), responses((status = 204)))]
async fn delete_assistant(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::delete(&scope, assistant(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is published, as a file
#[utoipa::path(get, path = "/api/v1/assistants/{id}/export", tag = "assistants", params(("id" = AssistantId, Path)), responses((status = 200, body = Object)))]
async fn export_assistant(scope: OrgScope, Path(text): Path<String>) -> Result<Response, Problem> {
    let (_, file) = file_door::file(&scope, assistant(&text)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], file).into_response())
}

/// Let it answer, or no longer
#[utoipa::path(put, path = "/api/v1/assistants/{id}/state", tag = "assistants", params(("id" = AssistantId, Path)), request_body = StateBody, responses((status = 204)))]
async fn set_state(scope: OrgScope, Path(text): Path<String>, Body(body): Body<StateBody>) -> Result<StatusCode, Problem> {
    let state: AssistantState = body.state;
    actions::set_state(&scope, assistant(&text)?, state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send it to the provider once more
#[utoipa::path(post, path = "/api/v1/assistants/{id}/push", tag = "assistants", params(("id" = AssistantId, Path)), responses((status = 202, description = "A job sends it")))]
async fn push(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::push_again(&scope, assistant(&text)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Deal with the provider's copy
///
/// `look` has a job compare it with what was published, `pull` makes it the draft, `ignore` lets it differ as it does now.
#[utoipa::path(post, path = "/api/v1/assistants/{id}/copy", tag = "assistants", params(("id" = AssistantId, Path), ("If-Match" = Option<String>, Header, description = "With `pull`: the state it is made from")),
    request_body = CopyBody, responses((status = 204)))]
async fn copy(scope: OrgScope, Path(text): Path<String>, if_match: IfMatch, Body(body): Body<CopyBody>) -> Result<StatusCode, Problem> {
    use super::drift;
    let id = assistant(&text)?;
    match body.step {
        CopyStep::Look => drift::look_now(&scope, id).await?,
        CopyStep::Ignore => drift::ignore(&scope, id).await?,
        CopyStep::Pull => {
            let revision = revision(&scope, id, if_match).await?;
            drift::pull(&scope, id, revision).await.map_err(|error| if_match.lost(error))?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
