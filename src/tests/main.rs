//! The integration tests: one binary, mirrored by room (STYLE §6).
mod app;
mod calls;
mod private_pg;
mod mail;
mod queue;
mod vapi;
mod sim;
