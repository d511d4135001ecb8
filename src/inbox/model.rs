//! The inbox as both targets see it.

use crate::{
    calls::model::CallCard,
    work::model::{Cause, WorkStatus},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What an item is about.
    Kind {
        /// A call the reader looks after.
        Call = "call",
        /// A note that means the reader.
        Mention = "mention",
        /// A call that nobody of the reader's teams has yet.
        Team = "team",
        /// A call somebody asked for.
        Callback = "callback",
        /// A question without an answer.
        Question = "question",
        /// An assistant that was changed at the provider.
        Drift = "drift",
    }
}

impl Kind {
    /// Whether the reader can say that it is done.
    pub fn is_settled_here(self) -> bool {
        self != Self::Drift
    }
}

text_enum! {
    /// How long something is put off.
    Until {
        Hour = "hour",
        /// Tomorrow at nine.
        Tomorrow = "tomorrow",
        /// Monday at nine.
        Monday = "monday",
    }
}

/// Something that awaits the reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Kind and id: `call:call_01…`.
    pub key: String,
    pub kind: Kind,
    /// The call it is about.
    pub card: Option<Box<CallCard>>,
    /// What it is called, when it is not a call.
    pub title: String,
    /// The note, the question's words, what the call is wanted for.
    pub text: String,
    pub href: String,
    pub at: DateTime<Utc>,
    pub due_at: Option<DateTime<Utc>>,
    pub status: Option<WorkStatus>,
    /// Why the call was given to somebody.
    pub cause: Option<Cause>,
    /// Who gave it, or wrote it.
    pub by: Option<String>,
    pub team: Option<String>,
    /// Somebody let it lie.
    pub was_returned: bool,
    pub is_unread: bool,
    /// The reader may say that it is done.
    pub is_settleable: bool,
}

/// Everything that awaits the reader now, group by group, each the most pressing first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    pub items: Vec<Item>,
    /// Put off.
    pub snoozed: i64,
    pub now: DateTime<Utc>,
}
