//! The answer book on the server.

pub mod actions;
pub mod api;
mod export;
mod import;
pub mod jobs;
mod store;
mod words;

use crate::server::AppState;
use axum::{Router, routing::get};

/// The slice's own door; server functions are mounted with the pages.
pub fn routes() -> Router<AppState> {
    Router::new().route("/answers/export.csv", get(export::export))
}
