//! Accounts: who a person is, how they prove it, and the organisation they own.
//! Owns `orgs`, `sign_in_rules`, `accounts`, `members`, `sessions`, `acceptances`, `mail_tokens`, `recovery_codes`, `pending_sign_ins`; `platform::session`
//! reads sessions for every door. Uses `integrations::server::actions` (a new
//! organisation gets its webhook address). Invariant: nothing but a session opens the product, and a session is
//! made in two places only, after the password and after the second factor (`server::actions`).
//!
//! Every form here is a plain HTML form posted to the address of its own page; a refusal answers 4xx with the same page, what was
//! typed (never a password) and the reason beside the field. Not server functions: the pages before sign-in ship no wasm, so the
//! plain path is the only one there, and a server function can answer it with a redirect and the error in the address, nothing
//! more. The pages before sign-in are server answers outside the app (`server::pages`); the settings are pages of the app.

pub mod form;
pub mod model;
pub mod rpc;
pub mod rules;
pub mod session;
mod settings_pages;

#[cfg(feature = "ssr")]
pub mod server;

pub use settings_pages::{AccountPage, OrganisationPage, SecurityPage, SessionsPage, settings_tabs, webhook_tabs};
