//! Outgoing webhooks: where other systems want to hear what happens, and what became of each attempt to tell them. Owns `webhook_endpoints`,
//! `webhook_deliveries` and `webhook_attempts`, and reads `webhook_events`, which `platform::events` writes for whoever changes a row.
//! The one invariant: an event is kept with the change it tells of, and each endpoint that wants it hears it at least once, under one id.

pub mod model;
pub mod rpc;

mod deliveries;
mod dialogs;
mod page;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::WebhooksPage;
