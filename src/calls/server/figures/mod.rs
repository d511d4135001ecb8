//! Figures on the server. The sums are kept by PostgreSQL (`zencall_count_calls`): what a call contributed is taken away and what it
//! contributes now is added, in one statement; here is who asks for it, and who reads.

pub mod actions;
mod job;
mod store;

pub use job::{CountCalls, compare_recent, count_all, count_calls};
