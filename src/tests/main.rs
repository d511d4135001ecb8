//! The integration tests: one binary, mirrored by room (STYLE §6).
mod account;
mod app;
mod calls;
mod mail;
mod private_pg;
mod queue;
mod vapi;
mod visitor;
mod sim;
mod vapi;
