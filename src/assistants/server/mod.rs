//! Assistants on the server.

pub mod actions;
pub mod jobs;
mod provider_copy;
mod store;
mod templates;

pub use jobs::jobs;
