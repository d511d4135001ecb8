//! Integrations on the server.

pub mod actions;
pub mod api;
pub mod jobs;
pub mod secret;
mod store;
pub mod token;

pub use {jobs::jobs, token::routes};
