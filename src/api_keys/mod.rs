//! Keys of the public API: made, limited, rolled and revoked by people and by keys that may. Owns `api_keys` and reads `api_requests` and
//! `api_usage`, which the API itself writes (`platform::api`); how a key is known again is `platform::keys`.
//! The one invariant: nobody makes or gets hold of a key that may more than they.

pub mod model;
pub mod rpc;

mod dialogs;
mod log;
mod page;
mod parts;

#[cfg(feature = "ssr")]
pub mod server;

pub use {page::ApiKeysPage, parts::scope_word};
