//! The shapes of calls on the wire.

use crate::{
    calls::model::{
        ActionTaken, Answered, CallCard, CallDetail as Detail, CallEvent, CallFilter, CallStatus, Direction, Line as ModelLine, LiveAction,
        Outcome, RecordingState, Speaker,
    },
    shared::{
        error::AppError,
        ids::{AccountId, AssistantId, CallId, NumberId, TagId},
    },
    work::model::{Assignee, WorkStatus},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which calls, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallsQuery {
    /// Words of the transcript, or part of a number.
    q: Option<String>,
    status: Option<CallStatus>,
    outcome: Option<Outcome>,
    direction: Option<Direction>,
    assistant: Option<AssistantId>,
    /// One of our numbers.
    number: Option<NumberId>,
    answered: Option<Answered>,
    tag: Option<TagId>,
    /// A finding of the analysis: `intent:price`, `question:unanswered`.
    found: Option<String>,
    /// Who looks after it: `nobody`, a member, a team.
    assignee: Option<Assignee>,
    /// How that stands.
    work: Option<WorkStatus>,
    /// First day, in the organisation's zone.
    from: Option<NaiveDate>,
    /// Last day, included.
    to: Option<NaiveDate>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// 1 to 200; 50 unless set.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
}

impl CallsQuery {
    /// The filter of the interface.
    pub fn filter(&self) -> CallFilter {
        CallFilter {
            q: self.q.clone().map(|q| q.chars().take(200).collect()),
            status: self.status,
            outcome: self.outcome,
            direction: self.direction,
            assistant: self.assistant,
            number: self.number,
            answered: self.answered,
            tag: self.tag,
            found: self.found.clone(),
            assignee: self.assignee,
            work: self.work,
            seen: None, // what a person has opened is no program's
            from: self.from,
            to: self.to,
        }
    }
}

/// Which calls a file holds.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    q: Option<String>,
    status: Option<CallStatus>,
    outcome: Option<Outcome>,
    direction: Option<Direction>,
    assistant: Option<AssistantId>,
    number: Option<NumberId>,
    answered: Option<Answered>,
    tag: Option<TagId>,
    found: Option<String>,
    assignee: Option<Assignee>,
    work: Option<WorkStatus>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl From<ExportQuery> for CallFilter {
    fn from(query: ExportQuery) -> Self {
        let ExportQuery { q, status, outcome, direction, assistant, number, answered, tag, found, assignee, work, from, to } = query;
        let q = q.map(|q| q.chars().take(200).collect());
        Self { q, status, outcome, direction, assistant, number, answered, tag, found, assignee, work, seen: None, from, to }
    }
}

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AfterQuery {
    /// Only what came after this `seq`.
    pub after: Option<i64>,
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
pub struct CallList {
    pub items: Vec<Call>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

/// A call.
#[derive(Serialize, ToSchema)]
pub struct Call {
    id: CallId,
    direction: Direction,
    status: CallStatus,
    /// Once it ended.
    outcome: Option<Outcome>,
    /// The other party.
    customer_number: Option<String>,
    customer_name: Option<String>,
    our_number: Option<String>,
    assistant_id: Option<AssistantId>,
    assistant_name: Option<String>,
    created_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Answer to end, in seconds.
    duration_s: Option<i32>,
    summary: Option<String>,
    /// In millionths of a US dollar.
    cost_micro_usd: Option<i64>,
    recording: RecordingState,
    assistant_muted: bool,
    /// Grows with every line and event.
    seq: i64,
    is_demo: bool,
}

impl From<CallCard> for Call {
    fn from(card: CallCard) -> Self {
        Self {
            id: card.id,
            direction: card.direction,
            status: card.status,
            outcome: card.outcome,
            customer_number: card.customer_number,
            customer_name: card.customer_name,
            our_number: card.our_number,
            assistant_id: card.assistant_id,
            assistant_name: card.assistant_name,
            created_at: card.created_at,
            answered_at: card.answered_at,
            ended_at: card.ended_at,
            duration_s: card.duration_s,
            summary: card.summary,
            cost_micro_usd: card.cost.map(|cost| cost.0),
            recording: card.recording,
            assistant_muted: card.assistant_muted,
            seq: card.seq,
            is_demo: card.is_demo,
        }
    }
}

/// A call with what is not in the list.
#[derive(Serialize, ToSchema)]
pub struct CallDetail {
    call: Call,
    /// The provider's word.
    ended_reason: Option<String>,
    transferred_to: Option<String>,
    /// Why it could not be placed.
    dial_error: Option<String>,
    /// The provider's own judgement.
    success: Option<String>,
    costs: Vec<Cost>,
    /// Seconds of audio, when stored.
    recording_s: Option<f32>,
    has_report: bool,
    actions: Vec<ActionDone>,
    /// It can be stepped into now, with this key.
    controllable: bool,
    /// Where the assistant may hand a caller over to.
    transfer_numbers: Vec<CallTransferNumber>,
}

impl From<Detail> for CallDetail {
    fn from(detail: Detail) -> Self {
        Self {
            call: detail.card.into(),
            ended_reason: detail.ended_reason,
            transferred_to: detail.transferred_to,
            dial_error: detail.dial_error,
            success: detail.success,
            costs: detail.costs.into_iter().map(|cost| Cost { part: cost.part, cost_micro_usd: cost.cost.0 }).collect(),
            recording_s: detail.recording_s,
            has_report: detail.has_report,
            actions: detail.actions.into_iter().map(ActionDone::from).collect(),
            controllable: detail.controllable,
            transfer_numbers: detail
                .transfer_numbers
                .into_iter()
                .map(|entry| CallTransferNumber { label: entry.label, number: entry.number.to_string() })
                .collect(),
        }
    }
}

/// One part of what a call cost.
#[derive(Serialize, ToSchema)]
pub struct Cost {
    part: String,
    cost_micro_usd: i64,
}

/// A number a caller may be handed over to.
#[derive(Serialize, ToSchema)]
pub struct CallTransferNumber {
    label: String,
    number: String,
}

/// The lines of a call.
#[derive(Serialize, ToSchema)]
pub struct Transcript {
    /// Where the call stands; ask for what comes after it next time.
    pub seq: i64,
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Serialize, ToSchema)]
pub struct Line {
    seq: i64,
    speaker: Speaker,
    text: String,
    /// Epoch milliseconds.
    at_ms: i64,
    end_ms: Option<i64>,
    /// From the final report.
    settled: bool,
}

impl From<ModelLine> for Line {
    fn from(line: ModelLine) -> Self {
        Self { seq: line.seq, speaker: line.speaker, text: line.text, at_ms: line.at_ms, end_ms: line.end_ms, settled: line.settled }
    }
}

/// The events of a call.
#[derive(Serialize, ToSchema)]
pub struct Timeline {
    /// Where the call stands; ask for what comes after it next time.
    pub seq: i64,
    pub events: Vec<Event>,
}

/// An event.
#[derive(Serialize, ToSchema)]
pub struct Event {
    seq: i64,
    /// `status`, `tool`, `tool_result`, `transfer`, `interrupted`, `message`, `answer`, `recording`, `action`, `unknown`; more may come.
    kind: String,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Epoch milliseconds.
    at_ms: i64,
}

impl From<CallEvent> for Event {
    fn from(event: CallEvent) -> Self {
        Self { seq: event.seq, kind: event.kind, detail: event.detail, at_ms: event.at_ms }
    }
}

/// A call to place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartCall {
    pub assistant: AssistantId,
    /// As people of the organisation's country type it, or in E.164.
    pub number: String,
    /// Who is called.
    pub name: Option<String>,
}

/// A call that is about to be placed.
#[derive(Serialize, ToSchema)]
pub struct StartedCall {
    pub id: CallId,
}

/// A call the simulator is to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateCall {
    /// Any that is active, unless named.
    pub assistant: Option<AssistantId>,
    /// Two digits.
    pub ending: Option<String>,
}

text_enum! {
    /// What to do in a live call.
    ActionKind {
        Say = "say",
        Instruct = "instruct",
        Mute = "mute",
        Unmute = "unmute",
        Transfer = "transfer",
        End = "end",
    }
}

/// A step into a live call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAction {
    kind: ActionKind,
    /// With `say` and `instruct`: 1 to 1,000 characters.
    text: Option<String>,
    /// With `transfer`: E.164.
    to: Option<String>,
}

impl TryFrom<NewAction> for LiveAction {
    type Error = AppError;

    fn try_from(new: NewAction) -> Result<Self, AppError> {
        let text = || new.text.clone().ok_or_else(|| AppError::invalid("text", "required"));
        Ok(match new.kind {
            ActionKind::Say => Self::Say { text: text()? },
            ActionKind::Instruct => Self::Instruct { text: text()? },
            ActionKind::Mute => Self::Mute,
            ActionKind::Unmute => Self::Unmute,
            ActionKind::Transfer => {
                let to = new.to.as_deref().ok_or_else(|| AppError::invalid("to", "required"))?;
                Self::Transfer { to: to.parse().map_err(|_| AppError::invalid("to", "phone.not_e164"))? }
            }
            ActionKind::End => Self::End,
        })
    }
}

/// What came of a step.
#[derive(Serialize, ToSchema)]
pub struct ActionDone {
    /// `say`, `instruct`, `mute`, `unmute`, `transfer`, `end`.
    kind: String,
    text: Option<String>,
    to: Option<String>,
    at: DateTime<Utc>,
    /// The person; absent for a key.
    by: Option<AccountId>,
    by_name: Option<String>,
    /// `sent`, `done`, `failed`.
    outcome: String,
    error: Option<String>,
}

impl From<ActionTaken> for ActionDone {
    fn from(taken: ActionTaken) -> Self {
        let kind = taken.action.name().to_owned();
        let (text, to) = match taken.action {
            LiveAction::Say { text } | LiveAction::Instruct { text } => (Some(text), None),
            LiveAction::Transfer { to } => (None, Some(to.to_string())),
            _ => (None, None),
        };
        Self { kind, text, to, at: taken.at, by: taken.by, by_name: taken.by_name, outcome: taken.outcome, error: taken.error }
    }
}
