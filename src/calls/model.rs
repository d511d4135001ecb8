//! Calls as both targets see them: states, rows, filters, lines, and what travels over the live socket.

use crate::assistants::model::TransferEntry;
use crate::shared::{
    ids::{AccountId, AssistantId, CallId, NumberId, TagId},
    money::MicroUsd,
    phone::PhoneNumber,
};
use crate::work::model::{Assignee, WorkStatus};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// Where a call stands. Providers report out of order, so the rank only grows.
    CallStatus {
        Queued = "queued",
        Ringing = "ringing",
        Live = "live",
        Forwarding = "forwarding",
        Ended = "ended",
    }
}

impl CallStatus {
    /// 0 to 4; a move to a lower rank is ignored, not an error.
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// Whether somebody may still speak.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::Forwarding)
    }

    /// Whether nothing more will be said.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ended)
    }
}

text_enum! {
    /// Who called whom.
    Direction { Inbound = "inbound", Outbound = "outbound", Web = "web" }
}

text_enum! {
    /// How a call ended, for people: the ring and the word of design/README "Call status".
    Outcome {
        /// A conversation took place.
        Done = "done",
        /// Handed to a person or another number.
        Moved = "moved",
        /// A machine answered.
        Voicemail = "voicemail",
        /// Nobody, busy, or gone at once.
        Missed = "missed",
        /// Provider, configuration or line.
        Failed = "failed",
        /// Called off before it rang.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// Who speaks a line.
    Speaker {
        Assistant = "assistant",
        Caller = "caller",
        /// One of the team: what they had the assistant say, or instructed.
        Person = "person",
        Tool = "tool",
        System = "system",
    }
}

text_enum! {
    /// Whether there is something to listen to.
    RecordingState { None = "none", Awaited = "awaited", Stored = "stored", Failed = "failed" }
}

/// One call in a list or on the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallCard {
    pub id: CallId,
    pub direction: Direction,
    pub status: CallStatus,
    /// Present once it ended.
    pub outcome: Option<Outcome>,
    /// The other party.
    pub customer_number: Option<String>,
    pub customer_name: Option<String>,
    pub our_number: Option<String>,
    pub assistant_id: Option<AssistantId>,
    pub assistant_name: Option<String>,
    /// First seen.
    pub created_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Answer to end, in seconds.
    pub duration_s: Option<i32>,
    /// The last line said, for the board.
    pub last_line: Option<String>,
    pub last_speaker: Option<Speaker>,
    /// One or two sentences, once the report came.
    pub summary: Option<String>,
    pub cost: Option<MicroUsd>,
    pub recording: RecordingState,
    pub assistant_muted: bool,
    /// Grows with every line and event of the call.
    pub seq: i64,
    pub is_demo: bool,
}

/// A line of the transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Position in the call's stream of lines and events; a viewer resumes after the last one it saw.
    pub seq: i64,
    pub speaker: Speaker,
    pub text: String,
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// When the last word ended, if the provider said.
    pub end_ms: Option<i64>,
    /// From the final report: these replace the live lines.
    pub settled: bool,
}

/// Something that happened besides words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    pub seq: i64,
    /// `status`, `tool`, `tool_result`, `transfer`, `interrupted`, `message`, `answer`, `recording`, `action`, `unknown`.
    pub kind: String,
    /// Plain data of the kind; never a secret.
    pub detail: serde_json::Value,
    pub at_ms: i64,
}

/// One part of what a call cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostPart {
    /// `transport`, `stt`, `llm`, `tts`, `vapi`, `analysis`, …
    pub part: String,
    pub cost: MicroUsd,
}

/// One delivery of the provider about a call, from the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrailEntry {
    pub at: DateTime<Utc>,
    pub kind: Option<String>,
    /// `accepted`, `duplicate`, `rejected`, `dead`.
    pub outcome: String,
    pub reason: Option<String>,
    pub bytes: i32,
}

text_enum! {
    /// What somebody did with a recording.
    UseKind { Play = "play", Download = "download" }
}

/// Somebody heard a recording, or took it away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingUse {
    pub kind: UseKind,
    pub at: DateTime<Utc>,
    /// Absent when they are gone.
    pub by_name: Option<String>,
}

/// Everything the call page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallDetail {
    pub card: CallCard,
    /// The provider's word; `Outcome` and the page say it for people.
    pub ended_reason: Option<String>,
    pub transferred_to: Option<String>,
    /// The provider's words when it refused to place the call, or a `Trouble` of ours.
    pub dial_error: Option<String>,
    pub success: Option<String>,
    pub costs: Vec<CostPart>,
    /// Seconds of audio, when stored.
    pub recording_s: Option<f32>,
    /// The bars of its waveform, digits of base 36; the other party's and the assistant's between `|`, or both in one.
    pub recording_peaks: Option<String>,
    pub has_report: bool,
    pub lines: Vec<Line>,
    pub events: Vec<CallEvent>,
    pub actions: Vec<ActionTaken>,
    pub trail: Vec<TrailEntry>,
    /// Who heard the recording, newest first.
    #[serde(default)]
    pub uses: Vec<RecordingUse>,
    /// By a person or a rule.
    #[serde(default)]
    pub recording_erased_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub words_erased_at: Option<DateTime<Utc>>,
    /// Other calls with the same number, newest first, at most 10.
    pub related: Vec<CallCard>,
    /// Live control is possible now, for this reader.
    pub controllable: bool,
    /// The call can be heard now, by this reader.
    pub listenable: bool,
    /// Numbers of the assistant a call may be transferred to.
    pub transfer_numbers: Vec<TransferEntry>,
}

/// What a person did to a live call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionTaken {
    pub by: Option<AccountId>,
    pub by_name: Option<String>,
    pub action: LiveAction,
    pub at: DateTime<Utc>,
    /// `sent`, `done`, `failed`.
    pub outcome: String,
    /// The provider's words when it failed, or a `Trouble` of ours.
    pub error: Option<String>,
}

/// A step into a live call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "FlatAction")]
pub enum LiveAction {
    /// The assistant says these words.
    Say { text: String },
    /// The assistant is told something the caller does not hear.
    Instruct { text: String },
    /// The assistant falls silent.
    Mute,
    /// The assistant may speak again.
    Unmute,
    /// The caller is handed over.
    Transfer { to: PhoneNumber },
    /// The call ends.
    End,
}

/// How a [`LiveAction`] is read; why not by serde's own reader: see [`crate::shared::error::AppError`].
#[derive(Deserialize)]
struct FlatAction {
    kind: String,
    text: Option<String>,
    to: Option<PhoneNumber>,
}

impl TryFrom<FlatAction> for LiveAction {
    type Error = &'static str;

    fn try_from(flat: FlatAction) -> Result<Self, Self::Error> {
        let action = match flat.kind.as_str() {
            "say" => flat.text.map(|text| Self::Say { text }),
            "instruct" => flat.text.map(|text| Self::Instruct { text }),
            "mute" => Some(Self::Mute),
            "unmute" => Some(Self::Unmute),
            "transfer" => flat.to.map(|to| Self::Transfer { to }),
            "end" => Some(Self::End),
            _ => None,
        };
        action.ok_or("not an action on a call")
    }
}

impl LiveAction {
    /// The stable name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Say { .. } => "say",
            Self::Instruct { .. } => "instruct",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Transfer { .. } => "transfer",
            Self::End => "end",
        }
    }
}

/// An assistant as the call dialogs and the filter name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssistantChoice {
    pub id: AssistantId,
    pub name: String,
    /// Active, and known to the provider: it can take and make calls.
    pub is_ready: bool,
}

text_enum! {
    /// Whether somebody picked up.
    Answered {
        Yes = "yes",
        No = "no",
        /// A call to us, within five seconds.
        Quick = "quick",
    }
}

text_enum! {
    /// Whether the reader has opened a call.
    Seen { No = "no" }
}

/// The mark of a call in which a question found no answer in the book.
pub const OPEN_QUESTION: &str = "question:unanswered";

/// Which calls a list shows. Lives in the address: every field is text as it stands there, empty means any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    /// Words of the transcript, or part of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The nil id: nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant: Option<AssistantId>,
    /// Our number; the nil id: none that we know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagId>,
    /// A finding of the analysis, as `intent:price`, or [`OPEN_QUESTION`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// How that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkStatus>,
    /// First day, in the organisation's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Last day, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

/// Live figures and the last days, for Home.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HomeFigures {
    pub live: i64,
    pub ringing: i64,
    pub today: i64,
    pub yesterday_same_time: i64,
    pub answered_today: i64,
    pub transferred_today: i64,
    pub missed_today: i64,
    pub average_s_today: i32,
    pub cost_today: MicroUsd,
    /// Calls per local hour of today, 24 values: done, moved, others.
    pub by_hour: Vec<[i64; 3]>,
    /// Calls per day of the last 14 days, oldest first.
    pub by_day: Vec<i64>,
}

/// What the browser asks of the live socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ask {
    /// Follow a topic, from after this sequence number.
    Sub {
        sub: String,
        #[serde(default)]
        after: i64,
    },
    /// No longer.
    Unsub { unsub: String },
}

/// The topic of the board.
pub const BOARD: &str = "board";

/// The topic of one call.
pub fn call_topic(id: CallId) -> String {
    format!("call:{id}")
}

/// The topic of what awaits people.
pub const INBOX: &str = "inbox";

/// The topic of what stands beside a call: its notes, who looks after it, who looks at it. Who follows it is there.
pub fn beside_topic(id: CallId) -> String {
    format!("beside:{id}")
}

/// What the live socket tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    pub topic: String,
    /// The cursor to resume after; for the board always 0, since it starts with a snapshot.
    pub seq: i64,
    pub news: News,
}

/// One piece of live news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "FlatNews")]
pub enum News {
    /// The whole board: every call that is not over, and those that ended in the last two minutes.
    Board { calls: Vec<CallCard>, server_now: DateTime<Utc> },
    /// A call is new or changed.
    Card { card: Box<CallCard> },
    /// New lines and events of a call, in order of `seq`.
    More { lines: Vec<Line>, events: Vec<CallEvent> },
    /// Words that are being spoken.
    Partial { speaker: Speaker, text: String },
    /// The topic cannot be followed: gone, or not allowed.
    Closed { reason: String },
    /// What stands beside a call changed, or what awaits somebody: to be read anew.
    Work,
    /// Who looks at a call now, the reader among them.
    Here { accounts: Vec<AccountId> },
}

/// How [`News`] are read; why not by serde's own reader: see [`crate::shared::error::AppError`].
#[derive(Deserialize)]
struct FlatNews {
    kind: String,
    calls: Option<Vec<CallCard>>,
    server_now: Option<DateTime<Utc>>,
    card: Option<Box<CallCard>>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    events: Vec<CallEvent>,
    speaker: Option<Speaker>,
    text: Option<String>,
    reason: Option<String>,
    accounts: Option<Vec<String>>, // as text: another list of ids weighs a kilobyte
}

impl TryFrom<FlatNews> for News {
    type Error = &'static str;

    fn try_from(flat: FlatNews) -> Result<Self, Self::Error> {
        let news = match flat.kind.as_str() {
            "board" => flat.calls.zip(flat.server_now).map(|(calls, server_now)| Self::Board { calls, server_now }),
            "card" => flat.card.map(|card| Self::Card { card }),
            "more" => Some(Self::More { lines: flat.lines, events: flat.events }),
            "partial" => flat.speaker.zip(flat.text).map(|(speaker, text)| Self::Partial { speaker, text }),
            "work" => Some(Self::Work),
            "here" => flat.accounts.map(|ids| Self::Here { accounts: ids.iter().filter_map(|id| id.parse().ok()).collect() }),
            "closed" => flat.reason.map(|reason| Self::Closed { reason }),
            _ => None,
        };
        news.ok_or("no news of ours")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples;
    use serde::de::DeserializeOwned;

    fn returns<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
        let text = serde_json::to_string(&value).unwrap_or_default();
        assert_eq!(serde_json::from_str::<T>(&text).ok(), Some(value), "{text}");
    }

    #[test]
    fn actions_and_news_are_read_as_they_were_written() {
        let to = "+33199004718".parse().unwrap_or_else(|_| panic!("a number"));
        [LiveAction::Say { text: "Oui".into() }, LiveAction::Instruct { text: "Bref".into() }].into_iter().for_each(returns);
        [LiveAction::Mute, LiveAction::Unmute, LiveAction::Transfer { to }, LiveAction::End].into_iter().for_each(returns);
        let card = samples::card(1);
        returns(News::Board { calls: vec![card.clone()], server_now: card.created_at });
        returns(News::Card { card: Box::new(card) });
        returns(News::More { lines: vec![samples::line(1, Speaker::Caller, "Oui")], events: vec![] });
        returns(News::Partial { speaker: Speaker::Assistant, text: "Je".into() });
        returns(News::Closed { reason: "gone".into() });
        returns(News::Work);
        returns(News::Here { accounts: vec![AccountId(uuid::Uuid::from_u128(1))] });
    }
}
