//! One place for what awaits somebody: calls given to them, notes that mean them, what nobody of their teams has, calls to make, questions
//! without an answer, assistants that were changed elsewhere. Owns `inbox_marks` alone; every list is the slice's whose it is.
//! The one invariant: what is counted is what is listed.

pub mod model;
pub mod rpc;

mod page;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::{InboxPage, use_inbox_count};
