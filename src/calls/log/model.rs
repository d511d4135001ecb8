//! The log as both targets see it.

use crate::{
    calls::model::{CallCard, CallFilter},
    shared::{
        ids::{AccountId, CallId, NoteId, NumberId, TagId, ViewId},
        money::MicroUsd,
    },
    work::model::{Hands, Work},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Calls that are worked on at once, at most.
pub const MOST_AT_ONCE: usize = 200;

/// A word people put on calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: TagId,
    pub name: String,
}

/// A filter of the log under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub id: ViewId,
    pub name: String,
    pub filter: CallFilter,
    /// Everybody in the organisation has it.
    pub is_shared: bool,
    /// The reader made it, or may remove it all the same.
    pub is_removable: bool,
}

/// A piece of what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub text: String,
    /// It is what was searched for.
    pub is_hit: bool,
}

/// Where the words that were searched for were said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// The line of the transcript; absent when they stand in the summary.
    pub seq: Option<i64>,
    pub pieces: Vec<Piece>,
}

/// One call in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    pub card: CallCard,
    pub tags: Vec<Tag>,
    /// The reader has not opened it.
    pub is_unread: bool,
    /// Who looks after it.
    #[serde(default)]
    pub work: Option<Work>,
    pub found: Option<Snippet>,
}

/// What stands beside the log: what it can be filtered by, and the views.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    pub tags: Vec<Tag>,
    pub views: Vec<View>,
    /// Our numbers, as they are called.
    pub numbers: Vec<(NumberId, String)>,
    /// Whom calls can be given to.
    #[serde(default)]
    pub hands: Hands,
}

/// What analysing some calls again would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Calls that are over.
    pub calls: i64,
    /// The model that would be asked; rules do it otherwise, for nothing.
    pub model: Option<String>,
    /// At most, for all.
    pub cost: MicroUsd,
    /// What this month's analyses have cost, and may cost.
    pub spent: MicroUsd,
    pub cap: MicroUsd,
}

/// What somebody wrote beside a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub id: NoteId,
    pub call: CallId,
    pub by: Option<AccountId>,
    pub by_name: Option<String>,
    /// Of the recording.
    pub second: Option<f32>,
    pub text: String,
    pub at: DateTime<Utc>,
    pub is_mine: bool,
}

/// The state of a call after one delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: DateTime<Utc>,
    /// The provider's message type.
    pub kind: String,
    /// It changed something.
    pub is_new: bool,
    pub status: crate::calls::model::CallStatus,
    pub outcome: Option<crate::calls::model::Outcome>,
    pub duration_s: Option<i32>,
    pub cost: Option<MicroUsd>,
    /// Lines of the transcript so far.
    pub lines: i64,
    /// What happened besides words, so far.
    pub events: i64,
    pub last_line: Option<String>,
    pub has_report: bool,
}

/// The deliveries of a call folded again, one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    pub steps: Vec<Step>,
    /// What they come to is the call as it is stored.
    pub is_same: bool,
    /// Deliveries whose words are not kept any more.
    pub erased: i64,
    /// How often the provider was asked instead: what it said then was no delivery, and is not folded again.
    pub asked: i64,
}
