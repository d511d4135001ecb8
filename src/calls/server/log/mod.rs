//! The log on the server: what people work with, and the deliveries of a call folded again.

pub mod actions;
pub mod replay;
mod snippet;
pub mod store;
