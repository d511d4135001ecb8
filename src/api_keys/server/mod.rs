//! Keys on the server.

pub mod actions;
pub mod api;
pub mod idle;
pub mod jobs;
mod store;

pub use jobs::jobs;
