//! The team: who belongs to an organisation, as what, and who is invited. Owns `roles`, `invitations`, `mail_domains` and `mail_domain_refusals`; `members` is shared with accounts, which
//! make the first one of each organisation. What a given role may do is `shared::permission`; what a member may do in the end is
//! `platform::rights`; accepting an invitation is a page before sign-in, so it is accounts'. Uses `assistants::server::actions` (their names).
//! The one invariant: an organisation has an owner at every moment, and nobody gives or takes a role above their own.

pub mod domains;
pub mod model;
pub mod rpc;

mod import_dialog;
mod invitations;
mod limits;
mod page;
mod parts;
mod roles;
mod why;

#[cfg(feature = "ssr")]
pub mod server;

pub use domains::OffersCard;
pub use page::TeamPage;
