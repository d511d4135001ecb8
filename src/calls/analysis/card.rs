//! The analysis on the page of a call. Each finding is a link to the words it rests on: they are heard where there is a recording one may
//! hear, and shown in any case. Before wasm the link leads to the line.

use super::{
    model::{AfterCall, Analysis, Claim, Estimate, Part, Source},
    rpc::AnalyseAgain,
    words,
};
use crate::{
    calls::{browser, player::Playing},
    i18n::{format, t, t_with, use_locale, words as w},
    kit::{Badge, Button, ButtonSize, FormErrors, Icon, Loaded, Tone, action_error, may, rows_skeleton},
    shared::{error::AppError, ids::CallId, permission::Permission},
};
use leptos::{ev, prelude::*};
use std::time::Duration;

/// How long between two looks for an analysis that is being made.
const LOOK_AGAIN: Duration = Duration::from_millis(1500);
/// So many looks, then the reader may look for themselves.
const MOST_LOOKS: u32 = 80;

/// What came of the call. `plays` says that the recording may be heard here.
#[component]
pub fn AnalysisCard(id: CallId, after: Resource<Result<AfterCall, AppError>>, playing: Playing, plays: bool) -> impl IntoView {
    let again = ServerAction::<AnalyseAgain>::new();
    Effect::new(move || {
        if again.version().get() > 0 {
            after.refetch();
        }
    });
    look_again(after);
    view! {
        <section class="card" aria-labelledby="analysis-title">
            <Loaded resource=after skeleton=rows_skeleton(5) let:found>
                <header>
                    <h2 id="analysis-title">{t(w::ANALYSIS_TITLE)}</h2>
                    {found.analysis.as_ref().map(|analysis| view! { <span class="end"><Maker analysis=analysis.clone()/></span> })}
                </header>
                <Findings found=found.clone() playing plays/>
                <Foot id found again/>
            </Loaded>
        </section>
    }
    .into_any()
}

/// Looks again while one is being made.
fn look_again(after: Resource<Result<AfterCall, AppError>>) {
    let looks = StoredValue::new(0_u32);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    Effect::new(move || {
        let is_pending = after.with(|found| matches!(found, Some(Ok(found)) if found.is_pending));
        stop();
        if is_pending && looks.get_value() < MOST_LOOKS {
            looks.update_value(|looks| *looks += 1);
            timer.set_value(set_timeout_with_handle(move || after.refetch(), LOOK_AGAIN).ok());
        }
    });
    on_cleanup(stop);
}

/// Who made it.
#[component]
fn Maker(analysis: Analysis) -> impl IntoView {
    match (analysis.source, analysis.model) {
        (Source::Model, Some(model)) => {
            view! { <Badge tone=Tone::Ai icon=icondata::LuAudioLines>{t_with(w::ANALYSIS_BY_MODEL, &[("model", &model)])}</Badge> }
                .into_any()
        }
        _ => view! { <Badge icon=icondata::LuListChecks>{t(w::ANALYSIS_BY_RULES)}</Badge> }.into_any(),
    }
}

#[component]
fn Findings(found: AfterCall, playing: Playing, plays: bool) -> impl IntoView {
    let Some(analysis) = found.analysis else {
        let key = if found.is_pending { w::ANALYSIS_PENDING } else { w::ANALYSIS_NONE };
        return view! { <div class="body"><p class="muted" role="status">{t(key)}</p></div> }.into_any();
    };
    if analysis.claims.is_empty() {
        return view! { <div class="body"><p class="muted">{t(w::ANALYSIS_NOTHING)}</p></div> }.into_any();
    }
    let of = |part: Part| analysis.of(part).cloned().collect::<Vec<_>>();
    let sentences = of(Part::Summary).into_iter().map(|claim| {
        let text = claim.text.clone().unwrap_or_default();
        view! { <li><p dir="auto">{text}</p><Evidence claim playing plays/></li> }
    });
    let has_sentences = sentences.len() > 0;
    let has_mood = analysis.of(Part::Sentiment).next().is_some();
    let single = |part: Part, label: &'static str| {
        of(part).into_iter().map(move |claim| {
            let word = words::claimed(part, &claim.code);
            let tone = tone_of(part, &claim.code);
            view! { <dt>{label}</dt><dd><Badge tone>{word}</Badge><Evidence claim playing plays/></dd> }
        })
    };
    let listed = |part: Part, label: &'static str| {
        let claims = of(part);
        (!claims.is_empty()).then(|| {
            let items = claims.into_iter().map(|claim| {
                let word = words::claimed(part, &claim.code);
                let tone = tone_of(part, &claim.code);
                view! { <li><Badge tone>{word}</Badge><Evidence claim playing plays/></li> }
            });
            view! { <dt>{label}</dt><dd><ul class="finds">{items.collect_view()}</ul></dd> }
        })
    };
    view! {
        <div class="body stack g3">
            {has_sentences.then(|| view! { <ul class="finds">{sentences.collect_view()}</ul> })}
            <dl class="kv findings">
                {single(Part::Outcome, t(w::ANALYSIS_OUTCOME)).collect_view()}
                {single(Part::Intent, t(w::ANALYSIS_INTENT)).collect_view()}
                {single(Part::Sentiment, t(w::ANALYSIS_SENTIMENT)).collect_view()}
                {(!has_mood).then(|| view! { <dt>{t(w::ANALYSIS_SENTIMENT)}</dt><dd class="muted small">{t(w::ANALYSIS_SENTIMENT_UNKNOWN)}</dd> })}
                {listed(Part::Flag, t(w::ANALYSIS_FLAGS))}
                {listed(Part::Action, t(w::ANALYSIS_ACTIONS))}
                {listed(Part::Topic, t(w::ANALYSIS_TOPICS))}
            </dl>
        </div>
    }
    .into_any()
}

fn tone_of(part: Part, code: &str) -> Tone {
    match (part, code) {
        (Part::Outcome, "unresolved") | (Part::Sentiment, "negative") => Tone::Warn,
        (Part::Flag, "complaint" | "do_not_call" | "reputation") | (Part::Intent, "complaint" | "emergency") => Tone::Bad,
        (Part::Flag, _) => Tone::Warn,
        (Part::Outcome, "wrong_number" | "voicemail") | (Part::Topic, _) => Tone::Neutral,
        (Part::Outcome, _) | (Part::Sentiment, "positive") => Tone::Ok,
        (Part::Action, _) => Tone::Info,
        _ => Tone::Neutral,
    }
}

/// The words a finding rests on.
#[component]
fn Evidence(claim: Claim, playing: Playing, plays: bool) -> impl IntoView {
    let line = format!("line-{}", claim.seq);
    let at = format::timer(claim.second as i64);
    let deed = t(if plays { w::ANALYSIS_HEAR } else { w::ANALYSIS_SEE });
    let (seq, second, target) = (claim.seq, claim.second, line.clone());
    let follow = move |event: ev::MouseEvent| {
        event.prevent_default();
        playing.point_at(seq);
        if plays {
            playing.play_at(second);
        }
        browser::show(&target);
    };
    view! {
        <a class="evidence" href=format!("#{line}") on:click=follow>
            <Icon icon=if plays { icondata::LuPlay } else { icondata::LuQuote } small=true/>
            <span class="sr">{deed}" "</span>
            <q dir="auto">{claim.quote}</q>
            <span class="num faint">{at}</span>
        </a>
    }
    .into_any()
}

/// What the findings are worth, and another look at what it costs.
#[component]
fn Foot(id: CallId, found: AfterCall, again: ServerAction<AnalyseAgain>) -> impl IntoView {
    let locale = use_locale();
    let told = found.analysis.as_ref().map(|analysis| {
        let of_source = if analysis.source == Source::Model { w::ANALYSIS_MODEL_TEXT } else { w::ANALYSIS_RULES_TEXT };
        let cost = (analysis.cost.0 > 0).then(|| t_with(w::ANALYSIS_COST, &[("cost", &format::cost(locale, analysis.cost))]));
        let reason = analysis.reason.as_deref().and_then(words::reason);
        view! {
            {reason.map(|reason| view! { <p class="strong">{reason}</p> })}
            <p>{t(of_source)}</p>
            {cost.map(|cost| view! { <p>{cost}</p> })}
        }
    });
    let may_ask = may(Permission::CallsAnalyse);
    if told.is_none() && !may_ask {
        return ().into_any();
    }
    let is_pending = found.is_pending;
    view! {
        <footer class="stack g2 small muted">
            {told}
            {may_ask
                .then(|| view! {
                    <ActionForm action=again attr:class="row wrap between g2">
                        <input type="hidden" name="id" value=id.to_string()/>
                        <span>{price(&found.estimate)}</span>
                        <Button size=ButtonSize::Small submit=true icon=icondata::LuRefreshCw pending=Signal::derive(move || again.pending().get() || is_pending)>
                            {t(w::ANALYSIS_AGAIN)}
                        </Button>
                        <FormErrors error=action_error(again)/>
                    </ActionForm>
                })}
        </footer>
    }
    .into_any()
}

/// What another look costs, before it is taken.
fn price(estimate: &Estimate) -> String {
    let locale = use_locale();
    let cost = |amount| format::cost(locale, amount);
    match &estimate.model {
        None => t(w::ANALYSIS_AGAIN_RULES).to_owned(),
        Some(model) => t_with(
            w::ANALYSIS_AGAIN_MODEL,
            &[("model", model), ("cost", &cost(estimate.cost)), ("spent", &cost(estimate.spent)), ("cap", &cost(estimate.cap))],
        ),
    }
}
