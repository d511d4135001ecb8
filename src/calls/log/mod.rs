//! The call log as a place to work: what was said with the words that were searched, tags, saved views, what is unread, and what is done with many
//! calls at once. Owns `tags`, `call_marks`, `call_views`, `call_readers`, `call_reads`, `call_notes`.

pub mod model;
pub mod notes;
pub mod rpc;
mod select;
mod views;

pub use select::{Chosen, Pick, PickAll, SelectBar};
pub use views::SavedViews;
