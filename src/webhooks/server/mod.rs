//! Outgoing webhooks on the server.

pub mod actions;
pub mod api;
mod catalogue;
mod deliver;
pub mod jobs;
mod record;
mod secret;
mod slots;
mod store;

pub use {
    jobs::jobs,
    secret::{reseal, signature},
};
