//! Rehearsals on the server.

pub mod actions;
pub mod conversation;
pub mod jobs;
pub mod judge;
pub mod making;
mod store;

pub use jobs::jobs;
