//! The audit log on the server.

pub mod actions;
pub mod api;
pub mod chain;
mod export;
pub mod heads;
mod store;

use crate::server::AppState;
use axum::{Router, routing::get};

/// The file of it.
pub fn routes() -> Router<AppState> {
    Router::new().route("/settings/audit/export.csv", get(export::export))
}
