//! Assistants on the server.

pub mod actions;
pub mod api;
mod catalogue;
mod compare;
mod copy_store;
mod draft_store;
pub mod drift;
pub mod drift_jobs;
mod file_door;
mod gate;
pub mod history;
pub mod jobs;
mod number_store;
pub mod portable;
mod provider_copy;
mod store;
pub mod templates;
mod tool_texts;
mod version_store;

pub use {file_door::routes, jobs::jobs};
