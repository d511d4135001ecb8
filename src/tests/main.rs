//! The integration tests: one binary, mirrored by room (STYLE §6).
mod app;
mod assistants;
mod calls;
mod integrations;
mod private_pg;
mod mail;
mod queue;
mod vapi;
mod seed;
mod sim;
