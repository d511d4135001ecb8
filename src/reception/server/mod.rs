//! Reception on the server.

pub mod actions;
pub mod callers;
pub mod jobs;
pub mod route;
pub mod tools;

mod callbacks;
mod http;
pub mod local;
mod store;

pub use http::reseal;
