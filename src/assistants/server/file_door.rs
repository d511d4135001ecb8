//! `GET /assistants/{id}/export.json`: what is published, as a file.

use super::{actions::existing, portable};
use crate::{
    platform::OrgScope,
    rehearsals::server::actions as rehearsals,
    server::AppState,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// The slice's own doors; server functions are mounted with the pages.
pub fn routes() -> Router<AppState> {
    Router::new().route("/assistants/{id}/export.json", get(export))
}

async fn export(scope: OrgScope, Path(id): Path<String>) -> Result<Response, AppError> {
    let id: AssistantId = id.parse().map_err(|_| AppError::not_found("assistant"))?;
    let (name, file) = file(&scope, id).await?;
    let disposition = format!("attachment; filename=\"{}.zencall.json\"", plain(&name));
    let disposition = HeaderValue::from_str(&disposition).map_err(AppError::internal)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (header::CONTENT_DISPOSITION, disposition)], file)
        .into_response())
}

/// An assistant's name and its file. Errors: `NotFound`.
pub(super) async fn file(scope: &OrgScope, id: AssistantId) -> Result<(String, String), AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let assistant = existing(&mut tx, id).await?.assistant;
    let scripts = rehearsals::scripts(&mut tx, id).await?;
    let file = portable::write(assistant.template, &assistant.settings, &scripts).map_err(AppError::internal)?;
    Ok((assistant.settings.name, file))
}

/// A name as every file system takes it.
fn plain(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let letters = name.nfd().filter(char::is_ascii).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let parts: String = letters.collect();
    let short = parts.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if short.is_empty() { "assistant".to_owned() } else { short }
}
