//! Home on the server.

pub mod actions;
mod store;
