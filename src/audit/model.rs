//! The audit log as both targets see it.

use crate::shared::audit::{Act, Object};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// Who did it.
    ActorKind {
        Person = "person",
        Key = "key",
        /// A job, a provider, or somebody with the database in hand.
        System = "system",
    }
}

/// One line of the log. Words of a later version are shown as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// 1, 2, 3 … in the organisation.
    pub n: i64,
    pub at: DateTime<Utc>,
    pub actor: ActorKind,
    /// `acc_…` or `key_…`.
    pub actor_id: Option<String>,
    /// As it was then.
    pub actor_name: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub act: String,
    pub object: String,
    pub subject: Option<String>,
    /// The object's name, as it was then.
    pub label: Option<String>,
    pub changes: Vec<Change>,
    /// In hexadecimal.
    pub hash: String,
}

/// A field and its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What is looked for. Days are the organisation's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// `acc_…` or `key_…`.
    pub actor: Option<String>,
    pub act: Option<Act>,
    pub object: Option<Object>,
    /// The object's id.
    pub subject: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// A page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    pub items: Vec<Entry>,
    /// The page after begins below this number.
    pub next: Option<i64>,
    /// Who may be looked for: id and name.
    pub actors: Vec<(String, String)>,
    pub now: DateTime<Utc>,
}

/// What somebody was refused within an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub actor: ActorKind,
    pub actor_id: String,
    pub actor_name: Option<String>,
    /// The permission that was missing; `sign_in`: the password was wrong.
    pub needs: String,
    pub times: i64,
    pub ip: Option<String>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// The newest refusals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    pub items: Vec<Refusal>,
    pub now: DateTime<Utc>,
}

/// What came of following the chain from its first entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// How many entries follow from one another.
    pub entries: i64,
    /// The hash of the last of them, in hexadecimal; empty when there is none.
    pub head: String,
    /// The first entry that does not follow from those before it.
    pub broken_at: Option<i64>,
}
