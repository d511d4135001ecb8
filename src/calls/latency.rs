//! How long the other party waited for each answer, from the times of the report: what was said to what was said next, and the part of it that
//! tools took. Only measured times: a line whose end the provider did not tell makes no turn.

use super::{
    live::call::Entry,
    model::{CallEvent, Line, Speaker},
    player::Playing,
};
use crate::i18n::{format, t, t_with, use_locale, words as w};
use leptos::prelude::*;

/// One wait for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// When the answer begins, in epoch milliseconds.
    pub at_ms: i64,
    pub wait_ms: i64,
    /// Of it, while a tool ran.
    pub tool_ms: i64,
}

/// The waits of a conversation, in order.
pub fn turns(entries: &[Entry]) -> Vec<Turn> {
    let said: Vec<&Line> = entries.iter().filter_map(|entry| if let Entry::Said(line) = entry { Some(line) } else { None }).collect();
    let events: Vec<&CallEvent> =
        entries.iter().filter_map(|entry| if let Entry::Happened(event) = entry { Some(event) } else { None }).collect();
    let turn = |pair: &[&Line]| {
        let [asked, answered] = pair else { return None };
        let ended = asked.end_ms.filter(|_| asked.speaker == Speaker::Caller && answered.speaker == Speaker::Assistant)?;
        let within = |kind: &str| {
            let mut found = events.iter().filter(|event| event.kind == kind && (ended..=answered.at_ms).contains(&event.at_ms));
            found.next().map(|first| (first.at_ms, found.next_back().unwrap_or(first).at_ms))
        };
        let tool_ms = within("tool").zip(within("tool_result")).map_or(0, |((from, _), (_, to))| (to - from).max(0));
        Some(Turn { at_ms: answered.at_ms, wait_ms: (answered.at_ms - ended).max(0), tool_ms })
    };
    said.windows(2).filter_map(turn).collect()
}

/// The one in the middle, and the longest.
fn figures(turns: &[Turn]) -> Option<(i64, &Turn)> {
    let mut waits: Vec<i64> = turns.iter().map(|turn| turn.wait_ms).collect();
    waits.sort_unstable();
    Some((*waits.get(waits.len() / 2)?, turns.iter().max_by_key(|turn| turn.wait_ms)?))
}

/// The waits as bars, each leading to its second. `plays` says that the recording may be heard here.
#[component]
pub fn Latency(turns: Vec<Turn>, start_ms: i64, playing: Playing, plays: bool) -> impl IntoView {
    let locale = use_locale();
    let seconds = move |ms: i64| format!("{}\u{a0}s", format::decimal(locale, ms as f64 / 1000.0, 1));
    let clock = move |at_ms: i64| format::timer((at_ms - start_ms).max(0) / 1000);
    let Some((median, longest)) = figures(&turns) else { return ().into_any() };
    let told = t_with(
        w::ANALYSIS_WAITS_TEXT,
        &[("median", &seconds(median)), ("longest", &seconds(longest.wait_ms)), ("at", &clock(longest.at_ms))],
    );
    let most = longest.wait_ms.max(1) as f64;
    let count = format::n(turns.len() as i64);
    let rows = turns
        .into_iter()
        .map(|turn| {
            let share = |part: i64, whole: f64| format!("{:.1}%", part as f64 / whole.max(1.0) * 100.0);
            let tool = (turn.tool_ms > 0).then(|| t_with(w::ANALYSIS_WAITS_TOOL, &[("time", &seconds(turn.tool_ms))]));
            let at = clock(turn.at_ms);
            let stamp = if plays {
                let label = t_with(w::CALLS_PLAY_FROM, &[("time", &at)]);
                view! { <button type="button" class="stamp num" aria-label=label on:click=move |_| playing.play_from(turn.at_ms)>{at}</button> }.into_any()
            } else {
                view! { <span class="num faint">{at}</span> }.into_any()
            };
            view! {
                <li>
                    {stamp}
                    <span class="wait" aria-hidden="true" style:--v=share(turn.wait_ms, most) style:--w=share(turn.tool_ms.min(turn.wait_ms), turn.wait_ms as f64)></span>
                    <span class="num">{seconds(turn.wait_ms)}{tool.map(|tool| view! { <span class="muted">" · "{tool}</span> })}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="waits-title">
            <details class="fold">
                <summary><h2 id="waits-title">{t(w::ANALYSIS_WAITS)}</h2><span class="count">{count}</span></summary>
                <p class="pad small muted">{told}</p>
                <ol class="waits small">{rows}</ol>
            </details>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples::{event, line};

    fn said(seq: i64, speaker: Speaker, end_ms: Option<i64>) -> Entry {
        Entry::Said(Line { end_ms, ..line(seq, speaker, "x") })
    }

    #[test]
    fn a_wait_is_from_the_end_of_the_question_to_the_answer() {
        let entries = [
            said(1, Speaker::Assistant, Some(1800)),
            said(3, Speaker::Caller, Some(4200)),
            Entry::Happened(event(5, "tool", serde_json::json!({}))),
            Entry::Happened(event(6, "tool_result", serde_json::json!({}))),
            said(7, Speaker::Assistant, Some(8000)),
            said(9, Speaker::Caller, None),
            said(10, Speaker::Assistant, None),
            said(12, Speaker::Caller, Some(14_500)),
            said(14, Speaker::Assistant, None),
        ];
        let turns = turns(&entries);
        let told: Vec<_> = turns.iter().map(|turn| (turn.at_ms, turn.wait_ms, turn.tool_ms)).collect();
        assert_eq!(told, [(7000, 2800, 1000), (14_000, 0, 0)], "one without an end makes none, and nobody waits for less than nothing");
        assert_eq!(figures(&turns).map(|(median, longest)| (median, longest.at_ms)), Some((2800, 7000)));
        assert_eq!(figures(&[]), None);
    }
}
