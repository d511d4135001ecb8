//! Working together on the server.

pub mod actions;
pub mod api;
pub mod give;
pub mod jobs;
pub mod mentions;
pub mod store;
pub mod teams;
