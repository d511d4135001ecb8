//! The team on the server.

pub mod actions;
pub mod api;
mod import;
pub mod jobs;
mod joining;
mod letters;
mod roles;
mod store;
