//! The answer book: what assistants say when they are asked, and the questions nobody has answered yet.
//! Owns `answers`, `answer_phrases`, `unanswered_questions`. Publishes `BookChanged` when the book gets its first entry or loses its last; who
//! tells the provider of assistants subscribes. Knows nothing of calls: what a caller asks comes in as words. The one invariant: an entry
//! that counts has a phrase for each way its question is put, and no other row of `answer_phrases` exists.

pub mod model;
pub mod rpc;

mod edit;
mod import_dialog;
mod page;
mod parts;
mod unanswered;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "no_browser.rs"]
mod browser;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::AnswersPage;
