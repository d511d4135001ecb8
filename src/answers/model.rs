//! Entries of the answer book, as pages and doors see them, and what may be written.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{AnswerId, AssistantId, CallId, QuestionId},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The languages a book can be in.
pub const LANGUAGES: &[&str] = &["fr", "en"];
/// How long a question may be, in characters.
pub const QUESTION_LENGTH: usize = 300;
/// How long an answer may be: what is said aloud in a minute and a half.
pub const ANSWER_LENGTH: usize = 1_500;
/// How many other ways to ask one entry may have.
pub const MOST_VARIANTS: usize = 20;

text_enum! {
    /// Whether an entry is used today.
    AnswerState {
        /// It is.
        Current = "current",
        /// From a later day on.
        Upcoming = "upcoming",
        /// Its last day is over.
        Expired = "expired",
        /// Set aside.
        Paused = "paused",
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub id: AnswerId,
    pub language: String,
    pub question: String,
    /// Other ways to ask it.
    pub variants: Vec<String>,
    pub answer: String,
    /// The first and the last day it is used, in the organisation's own days.
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub is_active: bool,
    /// The only assistant that says it, and its name.
    pub assistant: Option<AssistantId>,
    pub assistant_name: Option<String>,
    pub revision: i64,
    pub updated_at: DateTime<Utc>,
}

impl Answer {
    /// Whether it is used on this day.
    pub fn state(&self, today: NaiveDate) -> AnswerState {
        if !self.is_active {
            AnswerState::Paused
        } else if self.valid_until.is_some_and(|last| last < today) {
            AnswerState::Expired
        } else if self.valid_from.is_some_and(|first| first > today) {
            AnswerState::Upcoming
        } else {
            AnswerState::Current
        }
    }
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AnswerState>,
}

/// A page of the book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerPage {
    pub items: Vec<Answer>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// How many entries the filter lets through, and how many there are.
    pub found: i64,
    pub all: i64,
    /// The organisation's day.
    pub today: NaiveDate,
    /// Who an entry may be limited to.
    pub assistants: Vec<(AssistantId, String)>,
}

/// A question that callers asked and nothing answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    pub id: QuestionId,
    pub language: String,
    pub question: String,
    pub asked: i64,
    pub last_asked_at: DateTime<Utc>,
    /// The last call it was asked in.
    pub call: Option<CallId>,
}

/// The questions that are open, most asked first, and the server's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestions {
    pub items: Vec<OpenQuestion>,
    /// How many there are, shown or not.
    pub all: i64,
    pub now: DateTime<Utc>,
}

text_enum! {
    /// How near an entry comes to what was asked.
    Strength {
        /// As good as the same question.
        Sure = "sure",
        /// Most of it is the same: said, with the entry's question beside it.
        Likely = "likely",
        /// Not near enough to be said.
        Weak = "weak",
    }
}

/// From this score on an entry answers; under it the assistant says that it does not know.
pub const ANSWERS_FROM: f32 = 0.6;
/// From this score on it is as good as the same question.
pub const SURE_FROM: f32 = 0.85;

impl Strength {
    /// Of a score between 0 and 1.
    pub fn of(score: f32) -> Self {
        if score >= SURE_FROM {
            Self::Sure
        } else if score >= ANSWERS_FROM {
            Self::Likely
        } else {
            Self::Weak
        }
    }
}

/// An entry that comes near a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    pub id: AnswerId,
    pub question: String,
    pub answer: String,
    /// 0 to 1.
    pub score: f32,
}

/// What an assistant would say to a question: the nearest entries, best first. The first one is said when it is not weak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub question: String,
    pub matches: Vec<Match>,
}

/// An entry as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerForm {
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub question: String,
    /// One to a line.
    #[serde(default)]
    pub variants: String,
    #[serde(default)]
    pub answer: String,
    #[serde(default)]
    pub valid_from: String,
    #[serde(default)]
    pub valid_until: String,
    /// Empty for every assistant.
    #[serde(default)]
    pub assistant: String,
    /// Present when it is set aside.
    #[serde(default)]
    pub paused: Option<String>,
}

/// An entry that may be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAnswer {
    pub language: String,
    pub question: String,
    pub variants: Vec<String>,
    pub answer: String,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub assistant: Option<AssistantId>,
    pub is_active: bool,
}

impl AnswerForm {
    /// What the form shows of an entry.
    pub fn of(answer: &Answer) -> Self {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            language: answer.language.clone(),
            question: answer.question.clone(),
            variants: answer.variants.join("\n"),
            answer: answer.answer.clone(),
            valid_from: day(answer.valid_from),
            valid_until: day(answer.valid_until),
            assistant: answer.assistant.map(|id| id.to_string()).unwrap_or_default(),
            paused: (!answer.is_active).then(|| "on".into()),
        }
    }

    /// Errors: `Invalid`, with every field that is wrong.
    pub fn parse(self) -> Result<NewAnswer, AppError> {
        let mut errors = FieldErrors::default();
        let (question, answer) = (one_line(&self.question), tidy(&self.answer));
        if !LANGUAGES.contains(&self.language.as_str()) {
            errors.add("language", "unknown");
        }
        if !(2..=QUESTION_LENGTH).contains(&question.chars().count()) {
            errors.add("question", "answer.question_length");
        }
        if answer.is_empty() || answer.chars().count() > ANSWER_LENGTH {
            errors.add("answer", "answer.answer_length");
        }
        let mut variants: Vec<String> = Vec::new();
        for variant in self.variants.lines().map(one_line).filter(|line| !line.is_empty() && *line != question) {
            if !variants.contains(&variant) {
                variants.push(variant);
            }
        }
        if variants.len() > MOST_VARIANTS || variants.iter().any(|variant| variant.chars().count() > QUESTION_LENGTH) {
            errors.add("variants", "answer.variants_length");
        }
        let mut day = |field: &str, text: &str| match text.trim() {
            "" => None,
            text => text.parse::<NaiveDate>().map_err(|_| errors.add(field, "answer.day")).ok(),
        };
        let (valid_from, valid_until) = (day("valid_from", &self.valid_from), day("valid_until", &self.valid_until));
        if valid_from.zip(valid_until).is_some_and(|(first, last)| last < first) {
            errors.add("valid_until", "answer.days_in_order");
        }
        let assistant = match self.assistant.trim() {
            "" => None,
            id => id.parse().map_err(|_| errors.add("assistant", "unknown")).ok(),
        };
        errors.into_result()?;
        Ok(NewAnswer {
            language: self.language,
            question,
            variants,
            answer,
            valid_from,
            valid_until,
            assistant,
            is_active: self.paused.is_none(),
        })
    }
}

/// The words of a text with one space between them; what PostgreSQL cannot store left out.
pub fn one_line(text: &str) -> String {
    text.replace('\0', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text whose lines have no space at their ends.
fn tidy(text: &str) -> String {
    text.replace('\0', "").trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A line of an import that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// As an editor counts.
    pub line: u32,
    /// The message key.
    pub code: String,
    /// The line's beginning.
    pub text: String,
}

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// How many entries it adds.
    pub good: u32,
    /// How many questions are in the book already, or twice in the text: these are left out.
    pub known: u32,
    /// How many lines are not understood.
    pub bad: u32,
    /// The first of each.
    pub sample: Vec<(String, String)>,
    pub bad_lines: Vec<BadLine>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> AnswerForm {
        AnswerForm { language: "fr".into(), question: " Êtes-vous  ouverts ? ".into(), answer: "Oui.".into(), ..Default::default() }
    }

    fn wrong(change: impl FnOnce(&mut AnswerForm)) -> Vec<(String, String)> {
        let mut form = form();
        change(&mut form);
        form.parse().expect_err("refused").fields().0.into_iter().collect()
    }

    #[test]
    fn a_form_becomes_an_entry_without_what_nobody_meant() {
        let variants = "Ouvert ?\n\n ouvert le samedi \nOuvert ?\nÊtes-vous ouverts ?".to_owned();
        let new =
            AnswerForm { variants, valid_from: "2026-12-01".into(), valid_until: "2026-12-01".into(), ..form() }.parse().expect("good");
        assert_eq!(new.question, "Êtes-vous ouverts ?");
        assert_eq!(new.variants, ["Ouvert ?", "ouvert le samedi"]);
        assert_eq!(new.valid_from, new.valid_until);
        assert!(new.is_active);
    }

    #[test]
    fn every_field_has_its_limits() {
        let one = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
        assert_eq!(wrong(|f| f.language = "de".into()), one("language", "unknown"));
        assert_eq!(wrong(|f| f.question = "?".into()), one("question", "answer.question_length"));
        assert_eq!(wrong(|f| f.answer = "x".repeat(ANSWER_LENGTH + 1)), one("answer", "answer.answer_length"));
        assert_eq!(
            wrong(|f| f.variants = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu".into()),
            one("variants", "answer.variants_length")
        );
        assert_eq!(wrong(|f| f.valid_from = "hier".into()), one("valid_from", "answer.day"));
        assert_eq!(
            wrong(|f| (f.valid_from, f.valid_until) = ("2026-02-02".into(), "2026-02-01".into())),
            one("valid_until", "answer.days_in_order")
        );
        assert_eq!(wrong(|f| f.assistant = "call_1".into()), one("assistant", "unknown"));
    }

    #[test]
    fn an_entry_is_used_from_its_first_day_to_the_end_of_its_last() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let mut answer = Answer {
            id: AnswerId(uuid::Uuid::nil()),
            language: "fr".into(),
            question: "q".into(),
            variants: vec![],
            answer: "a".into(),
            valid_from: Some(day("2026-12-01")),
            valid_until: Some(day("2026-12-24")),
            is_active: true,
            assistant: None,
            assistant_name: None,
            revision: 1,
            updated_at: Default::default(),
        };
        let states = ["2026-11-30", "2026-12-01", "2026-12-24", "2026-12-25"].map(|text| answer.state(day(text)));
        assert_eq!(states, [AnswerState::Upcoming, AnswerState::Current, AnswerState::Current, AnswerState::Expired]);
        answer.is_active = false;
        assert_eq!(answer.state(day("2026-12-01")), AnswerState::Paused);
    }
}
