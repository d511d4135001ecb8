//! Keys as both targets see them.

use crate::shared::{
    ids::{ApiKeyId, AssistantId},
    permission::Permission,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How many requests a process takes of a key in a minute, unless the key says otherwise.
pub const PER_MINUTE: i32 = 600;
/// The most it may say.
pub const MOST_PER_MINUTE: i32 = 6_000;
/// How long the former secret may stay good after a roll.
pub const MOST_GRACE_S: i64 = 7 * 86_400;
/// How many days of use a key shows.
pub const USAGE_DAYS: i64 = 14;

text_enum! {
    /// Whether a key is good.
    KeyState { Active = "active", Expired = "expired", Revoked = "revoked" }
}

/// One key; its secret was shown when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyLine {
    pub id: ApiKeyId,
    pub name: String,
    /// The last characters of the secret.
    pub hint: String,
    pub scopes: Vec<Permission>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Where it may come from; empty: from anywhere.
    pub networks: Vec<String>,
    pub per_minute: i32,
    /// What it is limited to; absent: every assistant.
    pub assistants: Option<Vec<AssistantId>>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret before the last roll is good.
    pub previous_until: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Absent when a program made it, or they have left.
    pub created_by: Option<String>,
    /// Requests of the last [`USAGE_DAYS`] days (UTC), oldest first, and how many of them were refused.
    pub usage: Vec<i64>,
    pub refused: i64,
}

impl KeyLine {
    /// Whether it is good now.
    pub fn state(&self, now: DateTime<Utc>) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            KeyState::Expired
        } else {
            KeyState::Active
        }
    }
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    pub keys: Vec<KeyLine>,
    /// Keys made here are for the simulator.
    pub is_test: bool,
    /// What the reader may give to a key.
    pub may_give: Vec<Permission>,
    /// Those that a key may be limited to, by name.
    pub assistants: Vec<(AssistantId, String)>,
    pub now: DateTime<Utc>,
}

/// What the form of a new key sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyForm {
    pub name: String,
    pub scopes: Vec<String>,
    /// In days; empty: never.
    pub expires_days: String,
    /// Addresses or networks, one a line.
    pub networks: String,
    /// `all`, or `some`; a page of the version before sends nothing, and means all.
    pub reach: String,
    pub assistants: Vec<String>,
}

/// A key that was made or rolled: shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshKey {
    pub id: ApiKeyId,
    pub name: String,
    pub secret: String,
}

/// One request that came with a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestLine {
    pub id: uuid::Uuid,
    pub at: DateTime<Utc>,
    pub key: ApiKeyId,
    pub key_name: String,
    pub method: String,
    pub path: String,
    pub status: i32,
    pub ms: i32,
    /// `req_…`, as in the answer and the log of the server.
    pub request_id: String,
}

/// A page of requests, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    pub items: Vec<RequestLine>,
    pub next: Option<uuid::Uuid>,
    pub now: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_until_it_ends() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let key = KeyLine {
            id: ApiKeyId(uuid::Uuid::nil()),
            name: "k".into(),
            hint: "abcd".into(),
            scopes: vec![],
            expires_at: None,
            networks: vec![],
            assistants: None,
            per_minute: PER_MINUTE,
            last_used_at: None,
            previous_until: None,
            revoked_at: None,
            created_at: now,
            created_by: None,
            usage: vec![],
            refused: 0,
        };
        assert_eq!(key.state(now), KeyState::Active);
        assert_eq!(KeyLine { expires_at: Some(now), ..key.clone() }.state(now), KeyState::Expired);
        assert_eq!(KeyLine { expires_at: Some(now), revoked_at: Some(now), ..key }.state(now), KeyState::Revoked);
    }
}
