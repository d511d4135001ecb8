//! What differs between two settings, for people to read.

use super::{
    diff::{self, Change, How, Line, Part},
    model::{Catalogue, Settings},
    parts::{language_name, model_words, recording_words, voice_words},
};
use crate::{
    i18n::{Key, t, t_count, words as w},
    reception::tool_words,
};
use leptos::prelude::*;

/// The words of a field, as its label in the editor has them.
fn part_name(part: Part) -> Key {
    match part {
        Part::Name => w::ASSISTANTS_NAME,
        Part::FirstMessage => w::ASSISTANTS_FIRST_MESSAGE,
        Part::Prompt => w::ASSISTANTS_PROMPT,
        Part::Language => w::ASSISTANTS_LANGUAGE,
        Part::Voice => w::ASSISTANTS_VOICE,
        Part::Model => w::CATALOGUE_MODEL,
        Part::MaxDuration => w::ASSISTANTS_MAX_DURATION,
        Part::EndPhrases => w::ASSISTANTS_END_PHRASES,
        Part::Transfers => w::ASSISTANTS_TRANSFERS,
        Part::Tools => w::ASSISTANTS_TOOLS,
        Part::Recording => w::RECORDING_TITLE,
    }
}

/// Every field that differs, with what was and what will be.
#[component]
pub fn Changes(before: Settings, after: Settings, catalogue: Catalogue) -> impl IntoView {
    let found = diff::changes(&before, &after);
    if found.is_empty() {
        return view! { <p class="muted">{t(w::ASSISTANTS_CHANGES_NONE)}</p> }.into_any();
    }
    view! { <dl class="changes">{found.into_iter().map(|change| one_change(change, &catalogue)).collect_view()}</dl> }.into_any()
}

fn one_change(change: Change, catalogue: &Catalogue) -> AnyView {
    let said = |value: String| match change.part {
        Part::Language => language_name(&value).to_owned(),
        Part::Voice => voice_words(catalogue, &value),
        Part::Model => model_words(catalogue, &value),
        Part::Recording => recording_words(&value),
        _ => value,
    };
    let how = match change.how {
        How::Value { before, after } => view! {
            <dd class="diff">
                <Row sign="−" word=t(w::ASSISTANTS_CHANGES_REMOVED) text=said(before) kind="del"/>
                <Row sign="+" word=t(w::ASSISTANTS_CHANGES_ADDED) text=said(after) kind="ins"/>
            </dd>
        }
        .into_any(),
        How::Lines(lines) => {
            let told = |text: String| if change.part == Part::Tools { tool_words(&text).0 } else { text };
            view! { <dd class="diff">{lines.into_iter().map(|one| line(one, &told)).collect_view()}</dd> }.into_any()
        }
    };
    view! {
        <div>
            <dt>{t(part_name(change.part))}</dt>
            {how}
        </div>
    }
    .into_any()
}

fn line(line: Line, told: &dyn Fn(String) -> String) -> AnyView {
    match line {
        Line::Same(text) => view! { <Row sign=" " word="" text=told(text) kind="same"/> }.into_any(),
        Line::Removed(text) => view! { <Row sign="−" word=t(w::ASSISTANTS_CHANGES_REMOVED) text=told(text) kind="del"/> }.into_any(),
        Line::Added(text) => view! { <Row sign="+" word=t(w::ASSISTANTS_CHANGES_ADDED) text=told(text) kind="ins"/> }.into_any(),
        Line::Skipped(count) => {
            view! { <p class="skip small faint">{t_count(w::ASSISTANTS_CHANGES_SKIPPED, i64::try_from(count).unwrap_or(i64::MAX))}</p> }
                .into_any()
        }
    }
}

/// A line with its sign; who hears the page hears the word.
#[component]
fn Row(sign: &'static str, word: &'static str, text: String, kind: &'static str) -> impl IntoView {
    view! {
        <p class=kind>
            <span class="sign" aria-hidden="true">{sign}</span>
            {(!word.is_empty()).then(|| view! { <span class="sr">{format!("{word} ")}</span> })}
            <span class="text">{text}</span>
        </p>
    }
    .into_any()
}
