//! What the parts of the page share: words for states, the address of the filter, and what is open.

use super::model::*;
use crate::{
    i18n::{Key, t, words as w},
    kit::{Badge, Tone, field_message},
    shared::{error::AppError, ids::QuestionId, page::PageRequest},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

/// What is open on the page, and how often something was written: lists read again when it changes.
#[derive(Clone, Copy)]
pub struct Desk {
    pub draft: RwSignal<Draft>,
    pub is_editing: RwSignal<bool>,
    pub is_importing: RwSignal<bool>,
    pub changes: RwSignal<u32>,
    /// See [`crate::kit::drawn_anew`].
    pub draws: StoredValue<u128>,
}

impl Desk {
    /// Nothing is open.
    pub fn new() -> Self {
        Self {
            draft: RwSignal::new(Draft::default()),
            is_editing: RwSignal::new(false),
            is_importing: RwSignal::new(false),
            changes: RwSignal::new(0),
            draws: StoredValue::new(0),
        }
    }

    /// Opens the form with this in it.
    pub fn edit(self, draft: Draft) {
        self.draft.set(draft);
        self.is_editing.set(true);
    }

    /// Something was written.
    pub fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }
}

/// What the form begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The entry that is changed; absent for a new one.
    pub answer: Option<Answer>,
    /// The open question that it answers.
    pub question: Option<QuestionId>,
    pub form: AnswerForm,
}

impl Draft {
    /// A new entry for a question.
    pub fn of_question(question: Option<QuestionId>, words: &str, language: &str) -> Self {
        Self { answer: None, question, form: AnswerForm { language: language.into(), question: words.into(), ..Default::default() } }
    }

    /// An entry as it is.
    pub fn of_answer(answer: Answer) -> Self {
        Self { form: AnswerForm::of(&answer), question: None, answer: Some(answer) }
    }
}

/// The language's name in the reader's language.
pub fn language_name(language: &str) -> &'static str {
    t(if language == "en" { w::ANSWERS_LANGUAGE_EN } else { w::ANSWERS_LANGUAGE_FR })
}

/// Pairs of value and words for a choice of language.
pub fn language_options() -> Vec<(String, String)> {
    LANGUAGES.iter().map(|language| ((*language).to_owned(), language_name(language).to_owned())).collect()
}

/// The reader's own language, when books are written in it.
pub fn own_language() -> &'static str {
    let code = crate::i18n::use_locale().code();
    LANGUAGES.iter().find(|known| **known == code).unwrap_or(&"fr")
}

/// The state's word.
pub fn state_word(state: AnswerState) -> Key {
    match state {
        AnswerState::Current => w::ANSWERS_STATE_CURRENT,
        AnswerState::Upcoming => w::ANSWERS_STATE_UPCOMING,
        AnswerState::Expired => w::ANSWERS_STATE_EXPIRED,
        AnswerState::Paused => w::ANSWERS_STATE_PAUSED,
    }
}

/// Whether an entry is used today.
#[component]
pub fn StateBadge(state: AnswerState) -> impl IntoView {
    let tone = match state {
        AnswerState::Current => Tone::Ok,
        AnswerState::Upcoming => Tone::Info,
        AnswerState::Expired => Tone::Warn,
        AnswerState::Paused => Tone::Neutral,
    };
    view! { <Badge tone=tone>{t(state_word(state))}</Badge> }.into_any()
}

/// How near an entry comes, in words.
pub fn strength_words(strength: Strength) -> (Tone, &'static str) {
    match strength {
        Strength::Sure => (Tone::Ok, t(w::ANSWERS_STRENGTH_SURE)),
        Strength::Likely => (Tone::Info, t(w::ANSWERS_STRENGTH_LIKELY)),
        Strength::Weak => (Tone::Neutral, t(w::ANSWERS_STRENGTH_WEAK)),
    }
}

/// What is wrong, in one sentence: the first field's, where the fields are not beside it.
pub fn first_words(error: &AppError) -> String {
    let fields = error.fields();
    fields.0.values().next().map_or_else(|| crate::kit::error_title(error), |code| field_message(code))
}

/// What the address asks for. What cannot be read asks for nothing.
pub fn of_address(query: &ParamsMap) -> (AnswerFilter, PageRequest) {
    let given = |name: &str| query.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let filter = AnswerFilter {
        q: given("q").map(|q| q.chars().take(200).collect()),
        language: given("language").filter(|language| LANGUAGES.contains(&language.as_str())),
        state: given("state").and_then(|state| state.parse().ok()),
    };
    (filter, PageRequest { after: given("after"), limit: None })
}

/// The address of the page behind this one, under the same filter.
pub fn address(filter: &AnswerFilter, after: Option<&str>) -> String {
    let mut query = ParamsMap::new();
    let pairs = [
        ("q", filter.q.clone()),
        ("language", filter.language.clone()),
        ("state", filter.state.map(|state| state.to_string())),
        ("after", after.map(str::to_owned)),
    ];
    for (name, value) in pairs {
        if let Some(value) = value {
            query.insert(name, value);
        }
    }
    format!("/answers{}", query.to_query_string())
}
