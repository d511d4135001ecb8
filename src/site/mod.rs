//! What a stranger sees: the landing page with prices by country, the legal texts, and the pages for what went wrong.
//! The public pages are plain server answers: no script, no wasm (`server.rs`). Uses no slice.

mod fault;
pub mod pricing;

#[cfg(feature = "ssr")]
mod document;
#[cfg(feature = "ssr")]
mod landing;
#[cfg(feature = "ssr")]
mod legal;
#[cfg(feature = "ssr")]
mod mailbox;
#[cfg(feature = "ssr")]
pub mod server;

pub use fault::{ErrorPage, NotFoundPage};
