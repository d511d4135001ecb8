//! Calls: every conversation an assistant has, from first ring to summary.
//! Owns `calls`, `call_refs`, `call_lines`, `call_events`, `call_actions`, `hook_journal`, `hook_endpoints`. Reads `assistants` through their actions.
//! The one invariant: a call is a fold of its events, whatever order they come in (`server::fold`).

pub mod model;
pub mod reason;
pub mod rpc;

#[cfg(feature = "ssr")]
pub mod server;
