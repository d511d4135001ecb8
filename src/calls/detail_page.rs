//! The record of a call: what came of it and why, the recording with its words, the cost, and everything that was delivered about it.
//! While the call lasts the page is its live panel.

use super::{
    analysis::{AnalysisCard, model::AfterCall, rpc::read_analysis},
    beside::{Beside, Onlookers},
    detail_parts::{Actions, Costs, Related, Trail},
    latency::{Latency, turns},
    live::{call::CallState, use_live},
    live_panel::LivePanel,
    live_pill::{ConnectionPill, StaleBanner},
    log::notes::{DeleteCall, EraseRecording, Notes, ReplayPanel, Uses},
    model::{CallDetail, Direction, RecordingState},
    parts::{CallRing, ContactAvatar, Script, length_s, start_ms},
    player::{Player, Playing},
    reason::{EndClass, classify, is_the_provider_s},
    rpc::read_call,
    words,
};
use crate::{
    i18n::{
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    kit::{Badge, Callout, CopyButton, ErrorBlock, PageFrame, PageShape, Skeleton, Tone, may, trouble},
    shared::{error::AppError, ids::CallId, permission::Permission},
    work::WorkCard,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// `/calls/:id`.
#[component]
pub fn CallPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<CallId>().ok())));
    let live = use_live();
    let detail = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => read_call(id).await.map(|detail| (detail, Utc::now())),
                None => Err(AppError::not_found("call")),
            }
        },
    );
    let after = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => read_analysis(id).await,
                None => Err(AppError::not_found("call")),
            }
        },
    );
    // What arrives after the end (the report, the recording) is worth a second look.
    let seen = StoredValue::new(0_i64);
    Effect::new(move || {
        live.heard.track();
        let Some(id) = id.get_untracked() else { return };
        if let Some(card) = live.card(id).filter(|card| card.status.is_over() && card.seq != seen.get_value()) {
            let is_first = seen.get_value() == 0;
            seen.set_value(card.seq);
            if !is_first {
                detail.refetch();
                after.refetch();
            }
        }
    });
    let retry = Callback::new(move |()| detail.refetch());
    let waiting = || {
        view! {
            <PageFrame title=t(w::CALLS_CALL_ONE) back=back()>
                <Skeleton lines=8/>
            </PageFrame>
        }
        .into_any()
    };
    view! {
        <Transition fallback=waiting>
            {move || Suspend::new(async move {
                match detail.await {
                    Ok((detail, now)) if detail.card.status.is_over() => view! { <Record detail after now again=retry/> }.into_any(),
                    Ok((detail, now)) => view! { <StillLive detail now/> }.into_any(),
                    Err(error) => view! {
                        <PageFrame title=t(w::CALLS_CALL_ONE) back=back()>
                            <ErrorBlock error retry/>
                        </PageFrame>
                    }
                    .into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn back() -> (String, String) {
    ("/calls".to_owned(), t(w::CALLS_TITLE).to_owned())
}

#[component]
fn StillLive(detail: CallDetail, now: DateTime<Utc>) -> impl IntoView {
    let live = use_live();
    let title = words::contact(&detail.card);
    view! {
        <PageFrame title shape=PageShape::Flush back=back() beside=view! { <ConnectionPill live/> }.into_any()>
            <div class="live-frame">
                <StaleBanner live/>
                <div class="panes live alone" data-open=""><LivePanel detail live now back="/calls"/></div>
            </div>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Record(detail: CallDetail, after: Resource<Result<AfterCall, AppError>>, now: DateTime<Utc>, again: Callback<()>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let card = detail.card.clone();
    let name = words::contact(&card);
    let state = CallState::from_detail(&detail);
    let entries = state.entries();
    let has_lines = state.lines().next().is_some();
    let copied = state.lines().map(|line| words::line_of(&card, line.speaker, &line.text)).collect::<Vec<_>>().join("\n");
    let beside = Beside::new(card.id);
    let playing = Playing::new(&card, &entries, detail.recording_s, detail.recording_peaks.as_deref());
    let waits = turns(&entries);
    let plays = card.recording == RecordingState::Stored && may(Permission::CallsListen);
    let on_play = plays.then(|| Callback::new(move |at_ms| playing.play_from(at_ms)));
    let when = format::date_time(locale, &clock, card.created_at);
    let held = Signal::stored(card.clone());
    let erased = detail.words_erased_at.map(|at| t_with(w::LOG_WORDS_ERASED, &[("when", &format::date_time(locale, &clock, at))]));
    let (has_erased_words, erased_note) = (erased.is_some() && !has_lines && !entries.is_empty(), erased.clone());
    view! {
        <PageFrame title=name.clone() back=back()>
            <div class="record-head">
                <ContactAvatar card=held/>
                <div class="grow">
                    <h2 class="lede">{name}</h2>
                    <p class="muted">{headline(&detail, &when)}</p>
                    <Onlookers beside/>
                </div>
                <Figures detail=detail.clone()/>
            </div>
            <Ending detail=detail.clone()/>
            <div class="duo">
                <div class="stack g4">
                    <section class="card" aria-labelledby="recording-title">
                        <header><h2 id="recording-title">{t(w::CALLS_RECORDING)}</h2></header>
                        <div class="body"><Recording detail=detail.clone() playing plays now/></div>
                        {(card.recording == RecordingState::Stored)
                            .then(|| view! {
                                <footer class="row wrap between g2">
                                    <Uses uses=detail.uses.clone()/>
                                    {may(Permission::CallsDelete).then(|| view! { <EraseRecording id=card.id again/> })}
                                </footer>
                            })}
                    </section>
                    <section class="card" aria-labelledby="transcript-title">
                        <header>
                            <h2 id="transcript-title">{t(w::CALLS_TRANSCRIPT)}</h2>
                            {has_lines.then(|| view! { <span class="end"><CopyButton text=Signal::stored(copied) size=crate::kit::ButtonSize::Small/></span> })}
                        </header>
                        {has_erased_words.then(|| view! { <p class="muted small pad">{erased_note}</p> })}
                        {if entries.is_empty() {
                            view! { <p class="muted small pad">{erased.unwrap_or_else(|| t(w::CALLS_TRANSCRIPT_NONE).to_owned())}</p> }.into_any()
                        } else {
                            view! { <Script entries=Signal::stored(entries) card=held current=playing.current() on_play=on_play/> }.into_any()
                        }}
                    </section>
                    <Latency turns=waits start_ms=start_ms(&card) playing plays/>
                    <section class="card" aria-labelledby="trail-title">
                        <details class="fold">
                            <summary><h2 id="trail-title">{t(w::CALLS_TRAIL)}</h2><span class="count">{format::n(detail.trail.len() as i64)}</span></summary>
                            <Trail trail=detail.trail.clone()/>
                            <ReplayPanel id=card.id/>
                        </details>
                    </section>
                </div>
                <div class="stack g4">
                    <WorkCard id=card.id changes=beside.changes/>
                    <Summary detail=detail.clone()/>
                    <AnalysisCard id=card.id after playing plays/>
                    <Notes id=card.id playing plays beside/>
                    {(!detail.actions.is_empty())
                        .then(|| view! {
                            <section class="card"><header><h2>{t(w::CALLS_ACTIONS)}</h2></header><div class="body"><Actions actions=Signal::stored(detail.actions.clone())/></div></section>
                        })}
                    <section class="card">
                        <header><h2>{t(w::CALLS_COST)}</h2></header>
                        <div class="body"><Costs total=card.cost parts=detail.costs.clone()/></div>
                    </section>
                    {(!detail.related.is_empty())
                        .then(|| view! {
                            <section class="card"><header><h2>{t(w::CALLS_RELATED)}</h2></header><div class="body"><Related calls=detail.related.clone()/></div></section>
                        })}
                    {may(Permission::CallsDelete).then(|| view! { <DeleteCall id=card.id/> })}
                </div>
            </div>
        </PageFrame>
    }
    .into_any()
}

/// `06 39 98 12 47, appel entrant avec Léa, 12 mars 2026, 17:12`.
fn headline(detail: &CallDetail, when: &str) -> String {
    let card = &detail.card;
    let key = match card.direction {
        Direction::Inbound => w::CALLS_HEAD_INBOUND,
        Direction::Outbound => w::CALLS_HEAD_OUTBOUND,
        Direction::Web => w::CALLS_HEAD_WEB,
    };
    let told = t_with(key, &[("name", &words::assistant(card)), ("when", when)]);
    words::contact_number(card).map_or_else(|| told.clone(), |number| format!("{number} · {told}"))
}

/// The outcome and the length, side by side.
#[component]
fn Figures(detail: CallDetail) -> impl IntoView {
    let locale = use_locale();
    let length = length_s(&detail.card).filter(|seconds| *seconds > 0).map(|seconds| format::duration(locale, seconds));
    let card = Signal::stored(detail.card);
    view! {
        <p class="record-figures">
            <CallRing card/>
            {length.map(|length| view! { <span class="num strong">{length}</span> })}
        </p>
    }
    .into_any()
}

/// Why it ended, in words; what stood in the way when it never began.
#[component]
fn Ending(detail: CallDetail) -> impl IntoView {
    let reason = detail.ended_reason.clone().unwrap_or_default();
    let class = if reason.is_empty() { None } else { Some(classify(&reason)) };
    let tone = match detail.card.outcome {
        Some(super::model::Outcome::Failed) => Tone::Bad,
        Some(super::model::Outcome::Missed) => Tone::Warn,
        _ => Tone::Neutral,
    };
    let title = match class {
        Some(EndClass::Transferred) => match &detail.transferred_to {
            Some(to) => t_with(w::CALLS_END_TRANSFERRED_TO, &[("to", &words::dialled(to))]),
            None => t(w::CALLS_END_TRANSFERRED).to_owned(),
        },
        Some(class) => t(words::ending(class, detail.card.answered_at.is_some())).to_owned(),
        None if detail.dial_error.is_some() => t(w::CALLS_END_REFUSED).to_owned(),
        None => t(w::CALLS_END_NOT_TOLD).to_owned(),
    };
    // A try that failed on the way to an answered call is of no interest any more.
    let dial_error = detail.dial_error.clone().filter(|_| detail.card.answered_at.is_none());
    let waits = !detail.has_report && dial_error.is_none() && class != Some(EndClass::Cancelled);
    view! {
        <Callout tone title>
            {dial_error.map(|error| view! { <p>{dial_words(&error)}</p> })}
            {waits.then(|| view! { <p>{t(w::CALLS_REPORT_AWAITED)}</p> })}
            {is_the_provider_s(&reason).then(|| view! { <p class="small muted">{t(w::CALLS_REASON_RAW)}" "<code>{reason}</code></p> })}
        </Callout>
    }
    .into_any()
}

/// The provider's answer as a quotation, or what stood in the way.
fn dial_words(error: &str) -> String {
    trouble(error).map_or_else(|| t_with(w::CALLS_DIAL_ERROR, &[("error", error)]), str::to_owned)
}

/// The player, or why there is nothing to hear.
#[component]
fn Recording(detail: CallDetail, playing: Playing, plays: bool, now: DateTime<Utc>) -> impl IntoView {
    let card = detail.card;
    if plays {
        return view! { <Player playing card/> }.into_any();
    }
    if let Some(at) = detail.recording_erased_at {
        let when = format::date_time(use_locale(), &use_clock(), at);
        return view! { <p class="muted">{t_with(w::LOG_RECORDING_ERASED, &[("when", &when)])}</p> }.into_any();
    }
    let waited = card.ended_at.map_or(0, |ended| (now - ended).num_minutes());
    let key = match card.recording {
        RecordingState::Stored => w::CALLS_RECORDING_NOT_ALLOWED,
        RecordingState::Awaited if waited < 60 => w::CALLS_RECORDING_AWAITED,
        RecordingState::Awaited => w::CALLS_RECORDING_LATE,
        RecordingState::Failed => w::CALLS_RECORDING_FAILED,
        RecordingState::None if detail.has_report => w::CALLS_RECORDING_NONE,
        RecordingState::None => w::CALLS_RECORDING_NOT_YET,
    };
    view! { <p class="muted">{t(key)}</p> }.into_any()
}

/// The summary, marked as the assistant's work; or that the report has not come.
#[component]
fn Summary(detail: CallDetail) -> impl IntoView {
    let name = words::assistant(&detail.card);
    let summary = detail.card.summary.clone().filter(|summary| !summary.is_empty());
    let is_written = summary.is_some();
    let text = summary.unwrap_or_else(|| t(if detail.has_report { w::CALLS_SUMMARY_NONE } else { w::CALLS_SUMMARY_AWAITED }).to_owned());
    let verdict = detail.success.as_deref().map(|said| match said {
        "true" => t(w::CALLS_SUCCESS_YES).to_owned(),
        "false" => t(w::CALLS_SUCCESS_NO).to_owned(),
        other => other.to_owned(),
    });
    view! {
        <section class="card">
            <header>
                <h2>{t(w::CALLS_SUMMARY)}</h2>
                {is_written.then(|| view! { <span class="end"><Badge tone=Tone::Ai icon=icondata::LuAudioLines>{t_with(w::CALLS_WRITTEN_BY, &[("name", &name)])}</Badge></span> })}
            </header>
            <div class="body stack g2">
                <p class=(!is_written).then_some("muted") dir="auto">{text}</p>
                {verdict.map(|verdict| view! { <p class="small"><span class="muted">{t(w::CALLS_SUCCESS)}" "</span><b>{verdict}</b></p> })}
            </div>
        </section>
    }
    .into_any()
}
