//! Calls: every conversation an assistant has, from first ring to summary.
//! Owns `calls`, `call_refs`, `call_lines`, `call_events`, `call_actions`, `hook_journal`, `hook_endpoints`. Reads `assistants` through their actions.
//! The one invariant: a call is a fold of its events, whatever order they come in (`server::fold`).

pub mod analysis;
mod beside;
mod detail_page;
mod detail_parts;
pub mod dialogs;
pub mod figures;
mod filter;
mod filter_bar;
pub mod journal;
mod latency;
mod list_page;
pub mod live;
mod live_actions;
mod live_call;
mod live_list;
mod live_page;
mod live_panel;
mod live_pill;
pub mod log;
pub mod model;
pub mod parts;
mod player;
pub mod reason;
pub mod retention;
pub mod rpc;
mod waveform;
pub mod words;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "no_browser.rs"]
mod browser;

/// Shortcuts of pages with rows, for other slices.
pub mod keys {
    pub use super::browser::{focus_step as step, keys_are_taken as are_taken};
}

pub use detail_page::CallPage;
pub use list_page::CallsPage;
pub use live_page::{LivePage, load_call_pane};

#[cfg(feature = "ssr")]
pub mod server;
