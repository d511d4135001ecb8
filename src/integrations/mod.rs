//! Integrations: how providers reach us, and how they prove who they are.
//! Owns `hook_endpoints` (one address with its secret per organisation). Reads `hook_journal`, which calls write.
//! The one invariant: a secret is sealed at rest and is shown only to who may manage integrations.

pub mod model;
pub mod parts;
pub mod rpc;

mod page;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::IntegrationsPage;
