//! Background work: which handlers run which jobs, and the duties of the clock.

use crate::platform::{Core, queue::{Worker, WorkerOptions}};

/// A worker that knows every kind of job. `server` wires; slices write the handlers.
pub fn worker(core: &Core) -> Worker {
    Worker::new(core.pool.clone(), WorkerOptions::default()).all_queues()
}
