//! The journal of incoming webhooks as a place to look into and mend from: what came, why it was turned away, and what applying it once more
//! would change. Reads `hook_journal`, which the ingest writes; owns nothing of its own.

pub mod model;
pub mod rpc;

mod dialogs;
mod page;
mod words;

pub use page::JournalPage;
