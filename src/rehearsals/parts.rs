//! What the pages of rehearsals share: the lines of a conversation.

use super::model::*;
use crate::{
    i18n::{format, t, t_with, use_locale, words as w},
    kit::*,
};
use leptos::prelude::*;

/// What was said and done, first to last.
#[component]
pub fn Lines(
    lines: Vec<Line>,
    /// Ids of the lines begin with this, so that a verdict can lead to its line.
    #[prop(optional, into)]
    prefix: String,
) -> impl IntoView {
    lines.into_iter().enumerate().map(|(at, line)| view! { <LineRow line id=format!("{prefix}{at}")/> }).collect_view().into_any()
}

#[component]
fn LineRow(line: Line, id: String) -> impl IntoView {
    let by = line.by;
    let who = t(match by {
        Speaker::Caller => w::REHEARSALS_CALLER,
        Speaker::Assistant => w::REHEARSALS_ASSISTANT,
        Speaker::Tool => w::REHEARSALS_TOOL,
    });
    let took = line.took_ms.map(|ms| t_with(w::REHEARSALS_TOOK, &[("s", &format::decimal(use_locale(), f64::from(ms) / 1000.0, 1))]));
    view! {
        <li class="said" id=id data-by=by.name() tabindex="-1">
            <span class="small faint">{who} {took.map(|took| format!(" · {took}"))}</span>
            {if by == Speaker::Tool {
                view! { <ToolUse line/> }.into_any()
            } else {
                view! { <p class="words">{line.text}</p> }.into_any()
            }}
        </li>
    }
    .into_any()
}

/// A tool with what it was given and what it answered.
#[component]
fn ToolUse(line: Line) -> impl IntoView {
    let arguments =
        line.arguments.into_iter().map(|(name, value)| view! { <dt><code class="ltr">{name}</code></dt><dd>{value}</dd> }).collect_view();
    let result = (!line.result.is_empty()).then(|| view! { <dt>{t(w::REHEARSALS_TOOL_ANSWER)}</dt><dd>{line.result}</dd> });
    view! {
        <details class="tool">
            <summary><Icon icon=icondata::LuWrench small=true/><code class="ltr">{line.text}</code></summary>
            <dl class="kv small">{arguments}{result}</dl>
        </details>
    }
    .into_any()
}
