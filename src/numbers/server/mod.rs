//! Numbers on the server.

mod account;
pub mod actions;
pub mod api;
mod attach;
mod hooks;
pub mod jobs;
mod send;
mod store;
pub mod tool;

pub use {account::reseal, hooks::routes as hook_routes, jobs::jobs};
