//! Assistants: who answers, in which voice, with which words. Each save is pushed to the provider by a job.
//! Owns `assistants`, `phone_numbers`. Uses `integrations::server::actions` (where the provider sends its webhooks) and
//! `answers::server::actions` (whether there is a book to look into); reads the view
//! `calls_in_progress` of calls. The one invariant: the provider is called only by jobs, which re-read the row they push.

pub mod model;
pub mod rpc;

mod edit_page;
mod list_page;
mod new_page;
mod parts;

#[cfg(feature = "ssr")]
pub mod server;

pub use {edit_page::AssistantPage, list_page::AssistantsPage, new_page::NewAssistantPage};
