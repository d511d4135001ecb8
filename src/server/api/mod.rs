//! The public API as a whole: every slice's doors under `/api/v1`, what stands around them, and their description.

mod describe;
mod fields;
mod layer;
mod page;

pub use describe::document;

use super::AppState;
use crate::platform::api::Problem;
use axum::{Router, extract::DefaultBodyLimit, middleware, response::Json, routing::get};

/// Bodies of the API.
const BODY_LIMIT: usize = 1024 * 1024;
/// What is under `/api/` and is no door.
const ELSEWHERE: &str = "/api/{*elsewhere}";

/// Everything under `/api/`. Stands inside the layer that finds out who asks.
pub fn routes(state: &AppState) -> Router<AppState> {
    let doors = Router::new()
        .merge(crate::calls::server::api::routes())
        .merge(crate::assistants::server::api::routes())
        .merge(crate::numbers::server::api::routes())
        .merge(crate::answers::server::api::routes())
        .merge(crate::integrations::server::api::routes())
        .merge(crate::api_keys::server::api::routes())
        .merge(crate::team::server::api::routes())
        .merge(crate::audit::server::api::routes())
        .merge(crate::work::server::api::routes())
        .merge(crate::webhooks::server::api::routes())
        .merge(crate::calls::server::journal::api::routes())
        .method_not_allowed_fallback(|| async { Problem::new(405, "method_not_allowed", "this door does not take that method") })
        .layer(middleware::from_fn_with_state(state.core.clone(), layer::around))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new()
        .merge(doors)
        .route("/api/openapi.json", get(|| async { Json(document()) }))
        .route("/api/docs", get(page::show))
        .route(ELSEWHERE, axum::routing::any(|| async { Problem::new(404, "no_such_door", "there is no such door") }))
}
