//! Integrations: how outside services reach us and prove who they are.
//! Owns `hook_endpoints`. Read by `calls` when a webhook comes in.

pub mod model;
