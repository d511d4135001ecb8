//! What every door of the public API shares: how bodies and queries are read, failures told, pages continued, repeats answered, limits kept,
//! requests noted. Slices write the doors (`server/api.rs`), `server/api` mounts them and stands around them.

mod answers;
pub mod cache;
mod cursor;
mod log;
mod rate;
mod read;
mod tag;

pub use self::{
    answers::{Repeat, fingerprint, forget_old, keep, release, reserve},
    cursor::{continued, page},
    log::{Entry, forget_requests},
    rate::Standing,
    read::{Body, Params, id},
    tag::{IfMatch, tagged},
};
pub use super::problem::Problem;

/// What a process remembers of keys from one request to the next.
#[derive(Default)]
pub struct Doorkeeper {
    pub keys: cache::Keys,
    pub rates: rate::Rates,
    pub log: log::Log,
}
