//! Mounts every door, starts workers, shuts down in order. The only room that knows all others.

pub mod api;
pub mod backup;
pub mod boot;
pub mod cli;
pub mod door_list;
pub mod doors;
mod headers;
pub mod health;
mod operator;
pub mod seed;
mod serve;
pub mod workers;

pub use serve::serve;

use crate::platform::Core;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;

/// State of the axum router; every layer of every request clones it.
#[derive(Clone)]
pub struct AppState {
    pub core: Core,
    pub leptos: Arc<LeptosOptions>,
    pub assets: Arc<crate::app::Assets>,
    pub calls: crate::calls::server::Calls,
}

impl FromRef<AppState> for Core {
    fn from_ref(state: &AppState) -> Self {
        state.core.clone()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        LeptosOptions::clone(&state.leptos)
    }
}
