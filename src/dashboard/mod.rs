//! Home: what happens today, and what is left to do before the first call.
//! Owns `checklist_marks`. Uses the actions of `calls`, `assistants`, `integrations`; nobody uses it.

pub mod model;
pub mod rpc;

mod chart;
mod checklist;
mod demo;
mod home_page;

#[cfg(feature = "ssr")]
pub mod server;

pub use home_page::HomePage;
