//! The team: who belongs to an organisation, as what, and who is invited. Owns `invitations`; `members` is shared with accounts, which make the
//! first one of each organisation. What a role may do is `shared::permission`; accepting an invitation is a page before sign-in, so it is accounts'.
//! The one invariant: an organisation has an owner at every moment, and nobody gives or takes a role above their own.

pub mod model;
pub mod rpc;

mod invitations;
mod matrix;
mod page;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::TeamPage;
