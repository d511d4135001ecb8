//! Assistants: who answers, in which voice, with which words. A save is a draft; what is published is a version, pushed to the provider by a job,
//! and a duty looks whether the provider still holds it. Owns `assistants`, which is what is published, `assistant_versions`, `assistant_drafts`,
//! `assistant_copies`, `phone_numbers`; reads `voices` and `models`, which are the operator's. Uses `integrations::server::actions` (where the provider sends its webhooks) and
//! `answers::server::actions` (whether there is a book to look into), `reception::server::actions` (which tools there are); reads the views
//! `calls_in_progress` and `calls_by_assistant` of calls, and those of `rehearsals` that say whether a draft may be published.
//! The one invariant: the provider is called only by jobs, which re-read the row they push.

pub mod catalogue;
pub mod diff;
pub mod model;
pub mod rpc;
pub mod versions;

mod changes;
mod drift_card;
mod edit_page;
mod editor_parts;
mod history_page;
mod import_form;
mod limit;
mod list_page;
mod new_page;
mod parts;
mod publish;
mod standing;
mod tool_ticks;
mod version_page;

#[cfg(feature = "ssr")]
pub mod server;

pub use {
    edit_page::AssistantPage,
    history_page::AssistantHistoryPage,
    limit::{LimitFields, LimitForm},
    list_page::AssistantsPage,
    new_page::NewAssistantPage,
    parts::{AssistantTab, AssistantTabs, SyncRing, look_again_while},
    version_page::AssistantVersionPage,
};
