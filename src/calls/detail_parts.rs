//! The parts of a call's record: what the team did, what it cost, what the provider delivered, other calls with the same number.

use super::{
    model::{ActionTaken, CallCard, CostPart, TrailEntry},
    parts::{CallRing, length_s},
    words,
};
use crate::{
    i18n::{
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    integrations::parts::delivery_reason,
    kit::{Badge, Icon, Tone, trouble_words},
    shared::money::MicroUsd,
};
use leptos::prelude::*;

/// What the team did to the call while it was live.
#[component]
pub fn Actions(#[prop(into)] actions: Signal<Vec<ActionTaken>>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let row = move |taken: ActionTaken| {
        let who = taken.by_name.clone().unwrap_or_else(|| t(w::CALLS_TEAM).to_owned());
        let told = words::action_words(&taken.action, &who);
        let (at, _) = (format::time(clock.local(taken.at)), locale);
        let failed = || taken.error.as_deref().map_or_else(|| t(w::CALLS_ACTION_FAILED).to_owned(), trouble_words);
        let refusal = (taken.outcome == "failed").then(failed);
        view! {
            <li class="deed">
                <Icon icon=told.icon small=true/>
                <div>
                    <p>{told.text}</p>
                    {told.quote.map(|quote| view! { <p class="muted"><q dir="auto">{quote}</q></p> })}
                    {refusal.map(|refusal| view! { <p class="bad-ink">{refusal}</p> })}
                </div>
                <time class="faint">{at}</time>
            </li>
        }
    };
    view! { <ul class="deeds small">{move || actions.get().into_iter().map(&row).collect_view()}</ul> }.into_any()
}

/// Other calls with the same number.
#[component]
pub fn Related(calls: Vec<CallCard>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let rows = calls
        .into_iter()
        .map(|card| {
            let at = format::date_time(locale, &clock, card.created_at);
            let href = if card.status.is_over() { format!("/calls/{}", card.id) } else { format!("/live/{}", card.id) };
            let said = card.summary.clone().filter(|summary| !summary.is_empty());
            let length = length_s(&card).filter(|seconds| *seconds > 0).map(format::timer);
            let card = Signal::stored(card);
            view! {
                <li class="kin">
                    <a href=href class="row between"><CallRing card/><time class="faint">{at}</time></a>
                    {said.map(|said| view! { <p class="muted clip-2" dir="auto">{said}</p> })}
                    {length.map(|length| view! { <span class="sr">{length}</span> })}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="kins small">{rows}</ul> }.into_any()
}

/// What the call cost, by part.
#[component]
pub fn Costs(total: Option<MicroUsd>, parts: Vec<CostPart>) -> impl IntoView {
    let locale = use_locale();
    let Some(total) = total else { return view! { <p class="small muted">{t(w::CALLS_COST_UNKNOWN)}</p> }.into_any() };
    let mut parts = parts;
    parts.sort_by_key(|part| (std::cmp::Reverse(part.cost), part.part.clone()));
    let rows = parts
        .into_iter()
        .filter(|part| part.cost.0 != 0)
        .map(|part| view! { <dt>{words::cost_part(&part.part)}</dt><dd class="num">{format::cost(locale, part.cost)}</dd> })
        .collect_view();
    view! {
        <dl class="kv small costs">
            {rows}
            <dt class="strong">{t(w::CALLS_COST_TOTAL)}</dt><dd class="num strong">{format::cost(locale, total)}</dd>
        </dl>
    }
    .into_any()
}

/// What the provider delivered about the call, and what became of each delivery.
#[component]
pub fn Trail(trail: Vec<TrailEntry>) -> impl IntoView {
    let clock = use_clock();
    if trail.is_empty() {
        return view! { <p class="small muted pad">{t(w::CALLS_TRAIL_NONE)}</p> }.into_any();
    }
    let rows = trail
        .into_iter()
        .map(|entry| {
            let (tone, word) = match entry.outcome.as_str() {
                "accepted" => (Tone::Ok, t(w::CALLS_TRAIL_ACCEPTED).to_owned()),
                "duplicate" => (Tone::Neutral, t(w::CALLS_TRAIL_DUPLICATE).to_owned()),
                "rejected" => (Tone::Warn, t(w::CALLS_TRAIL_REJECTED).to_owned()),
                "dead" => (Tone::Bad, t(w::CALLS_TRAIL_DEAD).to_owned()),
                other => (Tone::Neutral, other.to_owned()),
            };
            let kind = entry.kind.clone().unwrap_or_else(|| t(w::CALLS_TRAIL_NO_KIND).to_owned());
            let size = t_with(w::CALLS_TRAIL_BYTES, &[("n", &format::n(i64::from(entry.bytes)))]);
            view! {
                <tr>
                    <td class="fit num">{clock.local(entry.at).format("%H:%M:%S").to_string()}</td>
                    <td><code>{kind}</code></td>
                    <td class="fit"><Badge tone>{word}</Badge></td>
                    <td class="muted small">{entry.reason.as_deref().map(delivery_reason)}</td>
                    <td class="r fit num muted">{size}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=t(w::CALLS_TRAIL)>
            <table class="table trail" aria-label=t(w::CALLS_TRAIL)>
                <thead>
                    <tr>
                        <th scope="col">{t(w::CALLS_TIME)}</th>
                        <th scope="col">{t(w::CALLS_TRAIL_KIND)}</th>
                        <th scope="col">{t(w::CALLS_TRAIL_OUTCOME)}</th>
                        <th scope="col">{t(w::CALLS_TRAIL_REASON)}</th>
                        <th scope="col" class="r">{t(w::CALLS_TRAIL_SIZE)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
