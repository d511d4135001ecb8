//! What the book tells others.

use crate::{
    platform::queue::{Job, lane},
    shared::ids::OrgId,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The book got its first entry, or lost its last: assistants that can look into it are to be told so. `assistants` subscribes.
#[derive(Debug, Serialize, Deserialize)]
pub struct BookChanged {
    pub org: OrgId,
}

impl Job for BookChanged {
    const KIND: &'static str = "answers.book_changed";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(60);
}
