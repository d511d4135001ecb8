//! The audit log as people read it: who changed what, with the values before and after, from where, and who was refused. Entries are written
//! by triggers in the transaction that changes the row and by `platform::audit`; this slice reads them, hands them out and checks their chain.
//! The one invariant: an entry is never changed, and each carries the hash of the one before it.

pub mod model;
pub mod rpc;

mod page;
mod words;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::AuditPage;
