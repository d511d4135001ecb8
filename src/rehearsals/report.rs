//! What came of a run: each expectation with the line it rests on, and the conversation.

use super::{model::*, parts::Lines};
use crate::{
    i18n::{Key, format, t, t_with, use_locale, words as w},
    kit::*,
};
use leptos::prelude::*;

/// How far a run is, as ring and word.
#[component]
pub fn RunRing(run: Run) -> impl IntoView {
    let (state, word) = match run.state {
        RunState::Waiting => (RingState::Queued, w::REHEARSALS_STATE_WAITING),
        RunState::Running => (RingState::Ringing, w::REHEARSALS_STATE_RUNNING),
        RunState::Passed => (RingState::Done, w::REHEARSALS_STATE_PASSED),
        RunState::Failed => (RingState::Failed, w::REHEARSALS_STATE_FAILED),
        RunState::Broken => (RingState::Missed, w::REHEARSALS_STATE_BROKEN),
    };
    view! { <Ring state=state word=t(word)/> }.into_any()
}

/// The whole of a run.
#[component]
pub fn RunReport(run: Run, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let prefix = format!("{}-", run.id);
    let report = run.report.clone();
    let count = i64::try_from(report.lines.len()).unwrap_or_default();
    let verdicts =
        report.verdicts.iter().map(|verdict| view! { <VerdictRow verdict=verdict.clone() prefix=prefix.clone()/> }).collect_view();
    let is_stale = !run.is_current && !run.state.is_open();
    let trouble = run
        .trouble
        .clone()
        .map(|words| view! { <Callout tone=Tone::Bad title=t(w::REHEARSALS_BROKEN_TITLE)><p><Told words/></p></Callout> });
    let cost = run.cost.map(|cost| t_with(w::REHEARSALS_COST, &[("cost", &format::cost(use_locale(), cost))]));
    let by = run.asked_by.clone().map(|name| t_with(w::REHEARSALS_BY, &[("name", &name)]));
    view! {
        <div class="stack g3 run" data-state=run.state.name()>
            <p class="small muted row g2 wrap">
                <RelativeTime at=run.created_at now/>
                {by.map(|by| view! { <span>{by}</span> })}
                {cost.map(|cost| view! { <span class="num">{cost}</span> })}
                {is_stale.then(|| view! { <Badge tone=Tone::Neutral>{t(w::REHEARSALS_STALE)}</Badge> })}
            </p>
            {trouble}
            {(!report.verdicts.is_empty()).then(|| view! { <ul class="verdicts">{verdicts}</ul> })}
            {(count > 0)
                .then(|| {
                    view! {
                        <details class="fold bare" open=run.state == RunState::Failed>
                            <summary>{t(w::REHEARSALS_CONVERSATION)}</summary>
                            <ol class="try-talk"><Lines lines=report.lines prefix=prefix/></ol>
                        </details>
                    }
                })}
        </div>
    }
    .into_any()
}

#[component]
fn VerdictRow(verdict: Verdict, prefix: String) -> impl IntoView {
    let is_met = verdict.finding.is_met();
    let expected = match verdict.expected {
        Expected::MustSay => w::REHEARSALS_WANTED_SAY,
        Expected::MustNotSay => w::REHEARSALS_WANTED_NOT_SAY,
        Expected::Tool => w::REHEARSALS_WANTED_TOOL,
        Expected::Transfer => w::REHEARSALS_WANTED_TRANSFER,
        Expected::Seconds => w::REHEARSALS_WANTED_SECONDS,
        Expected::Turns => w::REHEARSALS_WANTED_TURNS,
    };
    let sign = if is_met { icondata::LuCircleCheck } else { icondata::LuCircleX };
    let link = verdict.line.map(|line| {
        view! { <a class="small" href=format!("#{prefix}{line}")>{t_with(w::REHEARSALS_LINE, &[("n", &(line + 1).to_string())])}</a> }
    });
    view! {
        <li class="row g2 wrap verdict" data-met=is_met.to_string()>
            <span class=if is_met { "t ok" } else { "t bad" }><Icon icon=sign small=true/></span>
            <span class="sr">{t(if is_met { w::REHEARSALS_STATE_PASSED } else { w::REHEARSALS_STATE_FAILED })}</span>
            <span>{t_with(expected, &[("wanted", &verdict.wanted)])}</span>
            {finding_words(verdict.finding).map(|key| view! { <span class="small muted">{t(key)}</span> })}
            {link}
        </li>
    }
    .into_any()
}

/// Why it is not as expected.
fn finding_words(finding: Finding) -> Option<Key> {
    Some(match finding {
        Finding::Met => return None,
        Finding::NeverSaid => w::REHEARSALS_NEVER_SAID,
        Finding::Said => w::REHEARSALS_SAID,
        Finding::NeverUsed => w::REHEARSALS_NEVER_USED,
        Finding::OtherArguments => w::REHEARSALS_OTHER_ARGUMENTS,
        Finding::NotTransferred => w::REHEARSALS_NOT_TRANSFERRED,
        Finding::OtherDestination => w::REHEARSALS_OTHER_DESTINATION,
        Finding::TooSlow => w::REHEARSALS_TOO_SLOW,
        Finding::TooLate => w::REHEARSALS_TOO_LATE,
    })
}
