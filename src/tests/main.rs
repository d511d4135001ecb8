//! The integration tests: one binary, mirrored by room (STYLE §6).
mod account;
mod app;
mod assistants;
mod calls;
mod cancellation;
mod doors;
mod integrations;
mod mail;
mod operator;
mod private_pg;
mod queue;
mod seed;
mod sim;
mod tenancy;
mod vapi;
mod visitor;
mod walls;
