//! The shapes of the answer book on the wire.

use crate::{
    answers::model::*,
    shared::{
        error::{AppError, FieldErrors},
        ids::{AnswerId, AssistantId, CallId, QuestionId},
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which entries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnswersQuery {
    /// Words of question, variants and answer.
    q: Option<String>,
    /// `fr`, `en`.
    language: Option<String>,
    state: Option<AnswerState>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// 1 to 30.
    #[param(minimum = 1, maximum = 30)]
    pub limit: Option<u16>,
}

impl AnswersQuery {
    /// The filter of the interface.
    pub fn filter(&self) -> AnswerFilter {
        AnswerFilter { q: self.q.clone(), language: self.language.clone(), state: self.state }
    }
}

/// A page of the book.
#[derive(Serialize, ToSchema)]
pub struct AnswerList {
    pub items: Vec<AnswerBody>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
    /// How many entries the filter lets through.
    pub found: i64,
}

/// An entry.
#[derive(Serialize, ToSchema)]
pub struct AnswerBody {
    id: AnswerId,
    language: String,
    question: String,
    variants: Vec<String>,
    answer: String,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
    is_active: bool,
    /// Today.
    state: AnswerState,
    /// The only assistant that says it.
    assistant: Option<AssistantId>,
    /// The `ETag`.
    revision: i64,
    updated_at: DateTime<Utc>,
}

impl AnswerBody {
    /// An entry on a day.
    pub fn of(answer: Answer, today: NaiveDate) -> Self {
        Self {
            state: answer.state(today),
            id: answer.id,
            language: answer.language,
            question: answer.question,
            variants: answer.variants,
            answer: answer.answer,
            valid_from: answer.valid_from,
            valid_until: answer.valid_until,
            is_active: answer.is_active,
            assistant: answer.assistant,
            revision: answer.revision,
            updated_at: answer.updated_at,
        }
    }
}

/// An entry to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswerBody {
    /// `fr`, `en`.
    language: String,
    /// 2 to 300 characters.
    question: String,
    /// At most 1,500 characters.
    answer: String,
    /// Other ways to ask it, at most 20.
    #[serde(default)]
    variants: Vec<String>,
    /// The first day it is used, in the organisation's own days.
    valid_from: Option<NaiveDate>,
    /// The last one.
    valid_until: Option<NaiveDate>,
    /// The only assistant that says it.
    assistant: Option<AssistantId>,
    /// True unless set.
    is_active: Option<bool>,
    /// The open question it came from. Only when it is made.
    pub from_question: Option<QuestionId>,
}

impl NewAnswerBody {
    /// Errors: `Invalid`, by field.
    pub fn entry(self) -> Result<NewAnswer, AppError> {
        if self.variants.iter().any(|variant| variant.contains(['\n', '\r'])) {
            return Err(FieldErrors::one("variants", "answer.variants_length").into());
        }
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let form = AnswerForm {
            language: self.language,
            question: self.question,
            variants: self.variants.join("\n"),
            answer: self.answer,
            valid_from: day(self.valid_from),
            valid_until: day(self.valid_until),
            assistant: self.assistant.map(|id| id.to_string()).unwrap_or_default(),
            paused: (self.is_active == Some(false)).then(|| "on".to_owned()),
        };
        form.parse()
    }
}

/// An entry that was written.
#[derive(Serialize, ToSchema)]
pub struct MadeAnswer {
    pub id: AnswerId,
}

/// A text with many entries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    pub text: String,
    /// Of entries that do not say theirs.
    pub language: String,
}

/// What an import did.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    pub added: u32,
}

/// A question to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchBody {
    /// 1 to 300 characters.
    pub question: String,
    /// `fr`, `en`.
    pub language: String,
}

/// The entries that come nearest, best first.
#[derive(Serialize, ToSchema)]
pub struct SearchResult {
    pub matches: Vec<MatchBody>,
}

/// An entry that comes near.
#[derive(Serialize, ToSchema)]
pub struct MatchBody {
    id: AnswerId,
    question: String,
    answer: String,
    /// 0 to 1.
    score: f32,
    /// `weak`: an assistant would say that it does not know.
    strength: Strength,
}

impl From<Match> for MatchBody {
    fn from(found: Match) -> Self {
        Self { id: found.id, question: found.question, answer: found.answer, score: found.score, strength: Strength::of(found.score) }
    }
}

/// Open questions, most asked first.
#[derive(Serialize, ToSchema)]
pub struct QuestionList {
    pub items: Vec<QuestionBody>,
    /// How many there are.
    pub all: i64,
}

/// A question that nothing answered.
#[derive(Serialize, ToSchema)]
pub struct QuestionBody {
    id: QuestionId,
    language: String,
    question: String,
    asked: i64,
    last_asked_at: DateTime<Utc>,
    /// The last call it was asked in.
    call: Option<CallId>,
}

impl From<OpenQuestion> for QuestionBody {
    fn from(open: OpenQuestion) -> Self {
        Self {
            id: open.id,
            language: open.language,
            question: open.question,
            asked: open.asked,
            last_asked_at: open.last_asked_at,
            call: open.call,
        }
    }
}

/// Whether a question is off the list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissBody {
    pub dismissed: bool,
}
