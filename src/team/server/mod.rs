//! The team on the server.

pub mod actions;
pub mod api;
mod domains;
mod import;
pub mod jobs;
mod joining;
mod letters;
mod public_mail;
mod roles;
mod store;
