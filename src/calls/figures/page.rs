//! `/figures`: what the calls of a period amount to, beside the period before. Works before wasm: periods are addresses, the two days are a form.

use super::{
    model::{Asked, Figure, Figures, Period, Scope, Slot, Sums},
    parts::{Column, Columns, Rows},
    rpc::read_figures,
};
use crate::{
    calls::words,
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::*,
    shared::permission::Permission,
};
use chrono::NaiveDate;
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_query_map};

/// Figures of a period.
#[component]
pub fn FiguresPage() -> impl IntoView {
    if !may(Permission::CallsRead) {
        return view! {
            <PageFrame title=t(w::FIGURES_TITLE)>
                <Empty kind=EmptyKind::NotAllowed title=t(w::FIGURES_NOT_ALLOWED) text=t(w::FIGURES_NOT_ALLOWED_TEXT)/>
            </PageFrame>
        }
        .into_any();
    }
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(Asked::of_address));
    let figures = Resource::new(move || asked.get(), read_figures);
    view! {
        <PageFrame title=t(w::FIGURES_TITLE)>
            <Loaded resource=figures skeleton=rows_skeleton(12) let:figures>
                <Body figures named=asked.get_untracked().named()/>
            </Loaded>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Body(figures: Figures, named: Option<Period>) -> impl IntoView {
    let scope = Scope::of(figures.days);
    let has_calls = figures.now.calls > 0;
    let rest = if has_calls {
        view! {
            <Stats now=figures.now before=figures.before scope/>
            <div class="duo">
                <section class="card" aria-labelledby="h-slots">
                    <header><h2 id="h-slots">{t(w::FIGURES_VOLUME)}</h2></header>
                    <div class="body"><Volume slots=figures.slots scope/></div>
                </section>
                <section class="card" aria-labelledby="h-outcomes">
                    <header><h2 id="h-outcomes">{t(w::FIGURES_OUTCOMES)}</h2></header>
                    <Outcomes now=figures.now before=figures.before scope/>
                </section>
            </div>
            <section class="card">
                <header><h2>{t(w::FIGURES_BY_ASSISTANT)}</h2></header>
                <Rows
                    label=t(w::FIGURES_BY_ASSISTANT)
                    lines=figures.assistants.into_iter().map(|line| (name_of(line.name, line.id.0.is_nil(), w::CALLS_ASSISTANT_GONE), line.now, line.before, Scope { assistant: Some(line.id), ..scope })).collect()
                />
            </section>
            <section class="card">
                <header><h2>{t(w::FIGURES_BY_NUMBER)}</h2></header>
                <Rows
                    label=t(w::FIGURES_BY_NUMBER)
                    lines=figures.numbers.into_iter().map(|line| (name_of(line.name, line.id.0.is_nil(), w::FIGURES_NUMBER_GONE), line.now, line.before, Scope { number: Some(line.id), ..scope })).collect()
                />
            </section>
            <section class="card" aria-labelledby="h-hours">
                <header><h2 id="h-hours">{t(w::FIGURES_HOURS)}</h2></header>
                <div class="body"><Hours hours=figures.hours/></div>
            </section>
        }
        .into_any()
    } else {
        view! { <Empty kind=EmptyKind::NoMatch title=t(w::FIGURES_NONE) text=t(w::FIGURES_NONE_TEXT)/> }.into_any()
    };
    view! {
        <div class="page-head">
            <div>
                <h2 class="lede">{t_count(w::FIGURES_LEDE, figures.now.calls)}</h2>
                <p>{t_with(w::FIGURES_DAYS, &[("days", &days_words(figures.days)), ("before", &days_words(figures.days_before))])}</p>
            </div>
            <PeriodPicker named days=figures.days/>
        </div>
        {rest}
    }
    .into_any()
}

fn name_of(name: Option<String>, is_nobody: bool, gone: crate::i18n::Key) -> String {
    name.unwrap_or_else(|| t(if is_nobody { w::FIGURES_NOBODY } else { gone }).to_owned())
}

/// `12 mars 2026`, or `6 mars 2026 – 12 mars 2026`.
fn days_words((from, to): (NaiveDate, NaiveDate)) -> String {
    let locale = use_locale();
    if from == to { format::date(locale, from) } else { format!("{} – {}", format::date(locale, from), format::date(locale, to)) }
}

/// The ready-made periods as links, and two days as a form.
#[component]
fn PeriodPicker(named: Option<Period>, days: (NaiveDate, NaiveDate)) -> impl IntoView {
    let links = Period::ALL
        .iter()
        .map(|period| {
            let words = match period {
                Period::Today => w::FIGURES_TODAY,
                Period::Week => w::FIGURES_WEEK,
                Period::Month => w::FIGURES_MONTH,
                Period::Quarter => w::FIGURES_QUARTER,
                Period::Year => w::FIGURES_YEAR,
            };
            let here = (named == Some(*period)).then_some("page");
            view! { <a class="btn sm" href=format!("/figures?period={period}") aria-current=here>{t(words)}</a> }
        })
        .collect_view();
    view! {
        <div class="figures-when">
            <nav class="row wrap g1" aria-label=t(w::FIGURES_PERIOD)>{links}</nav>
            <Form method="get" action="/figures" attr:class="row wrap g2">
                <label class="row g1"><span class="small muted">{t(w::CALLS_FROM)}</span><input class="input" type="date" name="from" value=days.0.to_string() required/></label>
                <label class="row g1"><span class="small muted">{t(w::CALLS_TO)}</span><input class="input" type="date" name="to" value=days.1.to_string() required/></label>
                <Button size=ButtonSize::Small submit=true>{t(w::FIGURES_SHOW)}</Button>
            </Form>
        </div>
    }
    .into_any()
}

/// The figures of the whole period, each with the one before.
#[component]
fn Stats(now: Sums, before: Sums, scope: Scope) -> impl IntoView {
    let locale = use_locale();
    let stat = |figure: Figure, name: crate::i18n::Key, value: String, detail: String| {
        view! {
            <a class="card figure-link" href=scope.href(figure) data-figure=figure.name()>
                <span class="stat"><span class="k">{t(name)}</span><span class="v num">{value}</span><span class="d">{detail}</span></span>
            </a>
        }
    };
    let counted = |figure: Figure, name| {
        let (n, was) = (figure.of(&now), figure.of(&before));
        stat(figure, name, format::number(locale, n), versus(n, was))
    };
    let share = |sums: &Sums| sums.quick_share().map_or_else(|| t(w::FIGURES_DASH).to_owned(), |share| format::percent(locale, share, 1));
    let average = |sums: &Sums| sums.average_s().map_or_else(|| t(w::FIGURES_DASH).to_owned(), |seconds| format::duration(locale, seconds));
    let was = |text: String| t_with(w::FIGURES_WAS, &[("value", &text)]);
    view! {
        <div class="cols stretch figure-stats">
            {counted(Figure::Calls, w::FIGURES_CALLS)}
            {stat(Figure::Quick, w::FIGURES_QUICK, share(&now), was(share(&before)))}
            {stat(Figure::Answered, w::FIGURES_LENGTH, average(&now), was(average(&before)))}
            {counted(Figure::Moved, w::FIGURES_MOVED)}
            {counted(Figure::Unanswered, w::FIGURES_UNANSWERED)}
            {stat(Figure::Calls, w::FIGURES_COST, format::cost(locale, now.cost), was(format::cost(locale, before.cost)))}
        </div>
    }
    .into_any()
}

/// `+12 par rapport à avant`, in words.
pub(super) fn versus(now: i64, before: i64) -> String {
    let locale = use_locale();
    match now - before {
        0 => t(w::FIGURES_SAME).to_owned(),
        more if more > 0 => t_with(w::FIGURES_VERSUS, &[("n", &format!("+{}", format::number(locale, more)))]),
        less => t_with(w::FIGURES_VERSUS, &[("n", &format::number(locale, less))]),
    }
}

/// Calls by day, hour or month.
#[component]
fn Volume(slots: Vec<Slot>, scope: Scope) -> impl IntoView {
    let locale = use_locale();
    let most = slots.iter().max_by_key(|slot| slot.calls).copied();
    let label = move |slot: &Slot| match slot.hour {
        Some(hour) => t_with(w::HOME_HOUR_AT, &[("h", &hour.to_string())]),
        None => days_words((slot.from, slot.to)),
    };
    let finding = most.map_or_else(String::new, |slot| {
        t_with(w::FIGURES_VOLUME_FINDING, &[("when", &label(&slot)), ("n", &format::number(locale, slot.calls))])
    });
    let every = slots.len().div_ceil(7).max(1);
    let columns = slots
        .iter()
        .enumerate()
        .map(|(at, slot)| Column {
            label: label(slot),
            tick: (at % every == 0).then(|| match slot.hour {
                Some(hour) => hour.to_string(),
                None => slot.from.format("%d/%m").to_string(),
            }),
            value: slot.calls,
            href: slot.hour.is_none().then(|| Scope { days: (slot.from, slot.to), ..scope }.href(Figure::Calls)),
        })
        .collect();
    view! { <Columns columns finding/> }.into_any()
}

/// Calls by hour of the day.
#[component]
fn Hours(hours: Vec<i64>) -> impl IntoView {
    let locale = use_locale();
    let label = |hour: usize| t_with(w::HOME_HOUR_AT, &[("h", &hour.to_string())]);
    let most = hours.iter().enumerate().max_by_key(|(_, calls)| **calls);
    let finding = most.map_or_else(String::new, |(hour, calls)| {
        t_with(w::FIGURES_HOURS_FINDING, &[("when", &label(hour)), ("n", &format::number(locale, *calls))])
    });
    let columns = hours
        .iter()
        .enumerate()
        .map(|(hour, calls)| Column { label: label(hour), tick: (hour % 3 == 0).then(|| hour.to_string()), value: *calls, href: None })
        .collect();
    view! { <Columns columns finding/> }.into_any()
}

/// How calls ended, each a link to those that did.
#[component]
fn Outcomes(now: Sums, before: Sums, scope: Scope) -> impl IntoView {
    let locale = use_locale();
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    let share = move |n: i64| if now.calls > 0 { n as f64 / now.calls as f64 } else { 0.0 };
    let rows = Figure::ALL
        .iter()
        .filter_map(|figure| Some((*figure, figure.outcome()?)))
        .map(|(figure, outcome)| {
            let (n, was) = (figure.of(&now), figure.of(&before));
            let name = t(words::outcome_word(outcome));
            let words = format!("{} · {}", format::percent(locale, share(n), 0), versus(n, was));
            view! {
                <li>
                    <a class="row between" href=scope.href(figure) data-figure=figure.name()>
                        <span>{name}</span><b class="num">{format::number(locale, n)}</b>
                    </a>
                    <Meter label=name ratio=Signal::stored(share(n)) words=Signal::stored(words.clone()) tone=Tone::Ai/>
                    <span class="small muted">{words}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="list outcome-list">{rows}</ul> }.into_any()
}
