//! The inbox on the server.

pub mod actions;
mod store;
