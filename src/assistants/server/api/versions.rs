//! Drafts and versions.

use super::{assistant, revision, types::*};
use crate::{
    assistants::server::{actions, history, portable},
    platform::{
        OrgScope,
        api::{Body, IfMatch, Params, Problem, continued, page, tagged},
    },
    shared::{error::AppError, ids::AssistantId},
};
use axum::{Json, extract::Path, response::Response};
use http::StatusCode;

/// Save the draft
///
/// Beside what is published: no call hears of it until it is published. The whole of it is sent, but for what is said to stay as it is when absent.
#[utoipa::path(put, path = "/api/v1/assistants/{id}/draft", tag = "assistants", params(("id" = AssistantId, Path), ("If-Match" = Option<String>, Header, description = "The state it is made from")),
    request_body = SettingsBody, responses((status = 200, body = SavedBody)))]
pub async fn save_draft(
    scope: OrgScope,
    Path(text): Path<String>,
    if_match: IfMatch,
    Body(body): Body<SettingsBody>,
) -> Result<Response, Problem> {
    let id = assistant(&text)?;
    let revision = revision(&scope, id, if_match).await?;
    let sheet = actions::read(&scope, id).await?;
    let now = sheet.draft.map_or(sheet.assistant.settings, |draft| draft.settings);
    let fields = serde_json::to_value(body.or(&now)).map_err(AppError::internal)?;
    let settings = portable::check(&fields)?;
    let saved = history::save_draft(&scope, id, revision, &settings).await.map_err(|error| if_match.lost(error))?;
    Ok(tagged(saved.revision, SavedBody { revision: saved.revision, changes: saved.changes }))
}

/// Put the draft away
#[utoipa::path(delete, path = "/api/v1/assistants/{id}/draft", tag = "assistants", params(("id" = AssistantId, Path), ("If-Match" = Option<String>, Header, description = "The state that was seen")),
    responses((status = 204)))]
pub async fn discard_draft(scope: OrgScope, Path(text): Path<String>, if_match: IfMatch) -> Result<StatusCode, Problem> {
    let id = assistant(&text)?;
    let revision = revision(&scope, id, if_match).await?;
    history::discard_draft(&scope, id, revision).await.map_err(|error| if_match.lost(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publish the draft as the next version
#[utoipa::path(post, path = "/api/v1/assistants/{id}/publish", tag = "assistants", params(("id" = AssistantId, Path), ("If-Match" = Option<String>, Header, description = "The state that is to be published")),
    request_body = PublishBody, responses((status = 200, body = PublishedBody)))]
pub async fn publish(
    scope: OrgScope,
    Path(text): Path<String>,
    if_match: IfMatch,
    Body(body): Body<PublishBody>,
) -> Result<Response, Problem> {
    let id = assistant(&text)?;
    let revision = revision(&scope, id, if_match).await?;
    let why = body.why.as_deref().unwrap_or_default();
    let published = history::publish(&scope, id, revision, why).await.map_err(|error| if_match.lost(error))?;
    Ok(tagged(published.revision, PublishedBody { version: published.n, revision: published.revision }))
}

/// Versions, newest first
#[utoipa::path(get, path = "/api/v1/assistants/{id}/versions", tag = "assistants", params(("id" = AssistantId, Path), VersionsQuery), responses((status = 200, body = VersionList)))]
pub async fn list_versions(
    scope: OrgScope,
    Path(text): Path<String>,
    Params(query): Params<VersionsQuery>,
) -> Result<Json<VersionList>, Problem> {
    let id = assistant(&text)?;
    let list = format!("versions {id}");
    let before = page(&scope, &list, query.after.as_deref(), None)?.after.and_then(|n| n.parse().ok());
    let found = history::history(&scope, id, before).await?;
    let next = continued(&scope, &list, found.next)?;
    Ok(Json(VersionList { items: found.versions.into_iter().map(VersionBody::from).collect(), next }))
}

/// One version, whole
#[utoipa::path(get, path = "/api/v1/assistants/{id}/versions/{n}", tag = "assistants", params(("id" = AssistantId, Path), ("n" = i32, Path)), responses((status = 200, body = VersionDetail)))]
pub async fn read_version(scope: OrgScope, Path((text, n)): Path<(String, String)>) -> Result<Json<VersionDetail>, Problem> {
    let id = assistant(&text)?;
    Ok(Json(history::version(&scope, id, number(&n)?).await?.into()))
}

/// Make a version the draft
///
/// Publishing it is another step.
#[utoipa::path(post, path = "/api/v1/assistants/{id}/versions/{n}/restore", tag = "assistants", params(("id" = AssistantId, Path), ("n" = i32, Path), ("If-Match" = Option<String>, Header, description = "The state that was seen")),
    responses((status = 204)))]
pub async fn restore_version(scope: OrgScope, Path((text, n)): Path<(String, String)>, if_match: IfMatch) -> Result<StatusCode, Problem> {
    let id = assistant(&text)?;
    let revision = revision(&scope, id, if_match).await?;
    history::restore(&scope, id, number(&n)?, revision).await.map_err(|error| if_match.lost(error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn number(text: &str) -> Result<i32, Problem> {
    crate::platform::api::id(text, "version")
}
