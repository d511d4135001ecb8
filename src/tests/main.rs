//! The integration tests: one binary, mirrored by room (STYLE §6).
mod app;
mod calls;
mod mail;
mod private_pg;
mod queue;
mod sim;
mod vapi;
