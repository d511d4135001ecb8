//! The team on the server.

pub mod actions;
pub mod api;
mod joining;
mod roles;
mod store;
