//! The request id travels from the request into its jobs, and from a job into the jobs it enqueues.

use std::future::Future;

tokio::task_local! {
    static TRACE: Option<String>;
}

/// Runs `work` so that every job it enqueues carries this request id.
pub async fn with_trace<F: Future>(trace: Option<String>, work: F) -> F::Output {
    TRACE.scope(trace, work).await
}

/// The request id of the running task, if it has one.
pub fn current_trace() -> Option<String> {
    TRACE.try_with(Clone::clone).ok().flatten()
}
