//! What every slice stands on: settings, database and tenancy, sessions, queue, mail, secrets, clock, telemetry.
//! Knows nothing of calls or assistants; may be used by providers, slices' `server/` and `server.rs`.

pub mod api;
pub mod audit;
pub mod bus;
pub mod clock;
pub mod config;
pub mod core;
pub mod crypto;
pub mod db;
pub mod events;
pub mod failpoint;
pub mod keys;
pub mod mail;
pub mod outbound;
pub mod private_pg;
pub mod problem;
pub mod queue;
pub mod request;
pub mod rights;
pub mod session;
pub mod spreadsheet;
pub mod tenancy;
pub mod throttle;

pub use self::{
    core::Core,
    tenancy::{Actor, OrgScope, OrgTx, SystemTx},
};
