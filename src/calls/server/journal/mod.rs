//! The journal of incoming webhooks as people and programs look into it: search, why one was turned away, what would change if some were
//! applied once more, and doing so. What is accepted is written by `ingest`, and costs no more for all this.

pub mod actions;
pub mod api;
mod changes;
mod prune;
mod rejected;
mod store;
mod strangers;

pub use {
    prune::{PruneJournal, prune},
    rejected::{Rejected, Turned},
    strangers::Strangers,
};
