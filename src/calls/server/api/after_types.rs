//! The shapes of what is known after calls: analyses and figures.

use crate::{
    calls::{
        analysis::model::{AfterCall, Claim, Part, Source},
        log::model::Note,
        model::HomeFigures,
    },
    shared::ids::{AccountId, NoteId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the analysis of a call stands.
#[derive(Serialize, ToSchema)]
pub struct AnalysisState {
    /// One is on its way.
    is_pending: bool,
    /// Absent before the first, and when nothing was said.
    analysis: Option<CallAnalysis>,
}

/// What a call amounts to.
#[derive(Serialize, ToSchema)]
pub struct CallAnalysis {
    source: Source,
    model: Option<String>,
    /// Why rules although a model is set.
    reason: Option<String>,
    language: Option<String>,
    claims: Vec<CallClaim>,
    cost_micro_usd: i64,
    made_at: DateTime<Utc>,
}

/// One thing that is said of a call, and what it rests on.
#[derive(Serialize, ToSchema)]
pub struct CallClaim {
    part: Part,
    code: String,
    text: Option<String>,
    /// As it stands in the transcript, letter for letter.
    quote: String,
    seq: i64,
    second: f64,
}

impl From<Claim> for CallClaim {
    fn from(claim: Claim) -> Self {
        Self { part: claim.part, code: claim.code, text: claim.text, quote: claim.quote, seq: claim.seq, second: claim.second }
    }
}

impl From<AfterCall> for AnalysisState {
    fn from(after: AfterCall) -> Self {
        let analysis = after.analysis.map(|analysis| CallAnalysis {
            source: analysis.source,
            model: analysis.model,
            reason: analysis.reason,
            language: analysis.language,
            claims: analysis.claims.into_iter().map(CallClaim::from).collect(),
            cost_micro_usd: analysis.cost.0,
            made_at: analysis.made_at,
        });
        Self { is_pending: after.is_pending, analysis }
    }
}

/// Figures of today, in the organisation's zone.
#[derive(Serialize, ToSchema)]
pub struct Figures {
    live: i64,
    ringing: i64,
    today: i64,
    yesterday_same_time: i64,
    answered_today: i64,
    transferred_today: i64,
    missed_today: i64,
    average_s_today: i32,
    cost_micro_usd_today: i64,
    /// Calls of the last 14 days, oldest first.
    by_day: Vec<i64>,
}

impl From<HomeFigures> for Figures {
    fn from(figures: HomeFigures) -> Self {
        Self {
            live: figures.live,
            ringing: figures.ringing,
            today: figures.today,
            yesterday_same_time: figures.yesterday_same_time,
            answered_today: figures.answered_today,
            transferred_today: figures.transferred_today,
            missed_today: figures.missed_today,
            average_s_today: figures.average_s_today,
            cost_micro_usd_today: figures.cost_today.0,
            by_day: figures.by_day,
        }
    }
}

/// What people wrote beside a call, by second, then by time.
#[derive(Serialize, ToSchema)]
pub struct NoteList {
    pub items: Vec<NoteBody>,
}

/// What somebody wrote beside a call.
#[derive(Serialize, ToSchema)]
pub struct NoteBody {
    id: NoteId,
    /// Null when they have left, or a program wrote it.
    by: Option<AccountId>,
    /// Of the recording; null: of the whole call.
    second: Option<f32>,
    text: String,
    created_at: DateTime<Utc>,
}

impl From<Note> for NoteBody {
    fn from(note: Note) -> Self {
        Self { id: note.id, by: note.by, second: note.second, text: note.text, created_at: note.at }
    }
}

/// A note to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// Up to 2,000 characters.
    pub text: String,
    /// Of the recording.
    pub second: Option<f32>,
}

/// A note that was written.
#[derive(Serialize, ToSchema)]
pub struct NoteRef {
    pub id: NoteId,
}
