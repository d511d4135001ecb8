//! Drafts, versions and drift as both targets see them.

use super::model::{Catalogue, Settings, SyncState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a person prepares beside what is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub settings: Settings,
    pub saved_at: DateTime<Utc>,
    /// Absent when they have left.
    pub saved_by: Option<String>,
    /// The version that was published when it was begun.
    pub based_on: i32,
}

/// One version in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionLine {
    /// 1, 2, 3 …
    pub n: i32,
    pub published_at: DateTime<Utc>,
    /// Absent when the program did it, or they have left.
    pub published_by: Option<String>,
    /// In the publisher's words; may be empty.
    pub why: String,
    /// The version it brought back.
    pub restored_from: Option<i32>,
    pub answer: SyncState,
    /// The provider's words when it refused, or a `Trouble` of ours.
    pub answer_words: Option<String>,
    /// When the provider first held it; absent: never, as far as is known.
    pub live_from: Option<DateTime<Utc>>,
}

/// The history of one assistant, newest first, and the draft that may become the next version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The name that is published.
    pub name: String,
    pub versions: Vec<VersionLine>,
    /// Where older ones begin, when there are more.
    pub next: Option<i32>,
    pub has_draft: bool,
    /// The server's time.
    pub now: DateTime<Utc>,
}

/// One version, what it changed and how calls went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionSheet {
    /// The name that is published.
    pub name: String,
    pub version: VersionLine,
    pub settings: Settings,
    /// The version before; absent for the first.
    pub before: Option<Settings>,
    /// What is published now is this.
    pub is_current: bool,
    /// A draft is there, and restoring would replace it.
    pub has_draft: bool,
    /// Names the state a restoring is made from: see `Assistant::revision`.
    pub revision: i64,
    /// Calls of this version; absent when it was never live.
    pub after: Option<CallFigures>,
    /// Calls of the version that was live before.
    pub earlier: Option<CallFigures>,
    /// What voices and models are called.
    pub catalogue: Catalogue,
    /// The server's time.
    pub now: DateTime<Utc>,
}

/// How the calls of a stretch of time went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallFigures {
    /// The version.
    pub n: i32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub calls: i64,
    pub answered: i64,
    /// Of those that were answered and are over, in seconds.
    pub average_s: Option<i32>,
    pub transferred: i64,
}

/// How the provider's copy differs from what was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// When it was first seen so.
    pub found_at: DateTime<Utc>,
    /// The copy is gone; nothing else is known then.
    pub is_gone: bool,
    /// Somebody has said that it may be.
    pub is_ignored: bool,
    /// What the copy says, as far as we can say it too; absent when that is what was published.
    pub theirs: Option<Settings>,
    /// What differs besides: fields that are not in our editor.
    pub others: Vec<Difference>,
}

/// One field of the provider's that is not in our editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// As the provider names it: `model.temperature`.
    pub field: String,
    /// As JSON; absent when there is none, or it is not for eyes.
    pub ours: Option<String>,
    pub theirs: Option<String>,
}

/// What came of saving a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDraft {
    /// See `Assistant::revision`.
    pub revision: i64,
    /// How many fields now differ from what is published.
    pub changes: i64,
}

/// What came of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub n: i32,
    /// See `Assistant::revision`.
    pub revision: i64,
}

/// The longest reason for a version, in characters.
pub const MOST_WHY: usize = 500;
