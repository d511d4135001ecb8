//! What every slice stands on: settings, database and tenancy, sessions, queue, mail, secrets, clock, telemetry.
//! Knows nothing of calls or assistants.
pub mod failpoint;
pub mod private_pg;
pub mod queue;
