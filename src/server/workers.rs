//! Background work: which handlers run which jobs, and the duties of the clock.

use crate::{
    calls::server::Calls,
    platform::{
        Core,
        queue::{Worker, WorkerOptions},
    },
};

/// A worker that knows every kind of job. `server` wires; slices write the handlers.
pub fn worker(core: &Core, calls: &Calls) -> Worker {
    let worker = Worker::new(core.pool.clone(), WorkerOptions::default()).all_queues();
    crate::calls::server::jobs(worker, core, calls)
}
