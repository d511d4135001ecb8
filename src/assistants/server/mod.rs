//! Assistants on the server.

pub mod actions;
pub mod drift;
pub mod drift_jobs;
pub mod history;
pub mod jobs;
mod compare;
mod copy_store;
mod draft_store;
mod file_door;
mod number_store;
pub mod portable;
mod provider_copy;
mod store;
mod templates;
mod version_store;

pub use {file_door::routes, jobs::jobs};
