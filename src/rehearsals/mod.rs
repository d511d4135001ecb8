//! Rehearsals: talking to a draft by text, and scripted callers that say before a version is published whether it holds what it promises.
//! Owns `rehearsals`, `rehearsal_runs`, `rehearsal_talks`, `rehearsal_rules`, and the view `rehearsals_standing`, which is all that
//! `assistants` reads of them when it publishes. Uses `assistants::server::actions` (the draft, as the provider would be told) and
//! `answers::server::actions` (entries that come with a trade). The one invariant: nothing here is a call, and none of it is counted as one.

pub mod model;
pub mod rpc;

mod form;
mod list_page;
mod parts;
mod report;
mod try_page;

#[cfg(feature = "ssr")]
pub mod server;

pub use {list_page::RehearsalsPage, try_page::TryPage};
