//! `/home`: today in figures, what is live, and the way to the first call.

use super::{
    chart::{HourChart, HourLegend},
    checklist::ChecklistCard,
    demo::DemoNote,
    model::Home,
    rpc::read_home_page,
};
use crate::{
    calls::{
        dialogs::{CallButton, SimulateButton},
        model::{CallCard, CallStatus, HomeFigures},
    },
    i18n::{
        format::{self, use_clock},
        t, t_count, t_with, use_locale, words as w,
    },
    kit::*,
    shared::permission::Permission,
    team::OffersCard,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::time::Duration;

/// How often the figures are read again while the page is open.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// Where a day begins.
#[component]
pub fn HomePage() -> impl IntoView {
    let home = Resource::new(|| (), |()| read_home_page());
    Effect::new(move || {
        if let Ok(timer) = set_interval_with_handle(move || home.refetch(), READ_AGAIN) {
            on_cleanup(move || timer.clear());
        }
    });
    let again = Callback::new(move |()| home.refetch());
    let session = use_session();
    let name = session.account_name.split_whitespace().next().unwrap_or_default().to_owned();
    view! {
        <PageFrame title=t(w::HOME_TITLE)>
            <div class="page-head">
                <div>
                    <h2 class="lede">{t_with(w::HOME_HELLO, &[("name", &name)])}</h2>
                    <Loaded resource=home skeleton=one_line() let:home><p>{today_words(&home)}</p></Loaded>
                </div>
                <div class="row wrap">{start_buttons(true)}</div>
            </div>
            <OffersCard/>
            <Loaded resource=home skeleton=rows_skeleton(10) let:home>
                <HomeBody home again/>
            </Loaded>
            {may(Permission::OrgManage).then(|| view! { <DemoNote again/> })}
            {session.sandbox.then(|| view! { <SandboxHints/> })}
        </PageFrame>
    }
    .into_any()
}

/// What starts a call.
pub(super) fn start_buttons(primary: bool) -> AnyView {
    view! {
        <CallButton small=!primary/>
        <SimulateButton primary small=!primary/>
    }
    .into_any()
}

fn one_line() -> ViewFn {
    (|| view! { <Skeleton lines=1/> }).into()
}

/// The date, and the day so far in one sentence.
fn today_words(home: &Home) -> String {
    let (locale, clock) = (use_locale(), use_clock());
    let date = format::weekday_date(locale, clock.local(home.now).date());
    // A sentence begins with the date.
    let mut letters = date.chars();
    let date: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    match &home.figures {
        Some(figures) if figures.today > 0 => t_count_with_date(&date, figures.today),
        Some(_) => t_with(w::HOME_TODAY_NONE, &[("date", &date)]),
        None => t_with(w::HOME_TODAY_DATE, &[("date", &date)]),
    }
}

fn t_count_with_date(date: &str, calls: i64) -> String {
    crate::i18n::t_count_with(w::HOME_TODAY, calls, &[("date", date)])
}

#[component]
fn HomeBody(home: Home, again: Callback<()>) -> impl IntoView {
    let now = home.now;
    let checklist = home.checklist.filter(|list| list.is_shown());
    view! {
        {checklist.map(|list| view! { <ChecklistCard list again/> })}
        {home.figures.map(|figures| view! { <Figures figures=figures.clone()/><Today figures board=home.board now/> })}
    }
    .into_any()
}

#[component]
fn Figures(figures: HomeFigures) -> impl IntoView {
    let locale = use_locale();
    #[expect(clippy::cast_precision_loss, reason = "counts of one day")]
    let ratio = |part: i64| if figures.today > 0 { part as f64 / figures.today as f64 } else { 0.0 };
    let difference = figures.today - figures.yesterday_same_time;
    let versus = if difference == 0 {
        t(w::HOME_SAME).to_owned()
    } else {
        t_with(w::HOME_VERSUS, &[("n", &format!("{}{}", if difference > 0 { "+" } else { "−" }, format::number(locale, difference.abs())))])
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of one day")]
    let days: Vec<f64> = figures.by_day.iter().map(|calls| *calls as f64).collect();
    let percent = |part: i64| {
        if figures.today > 0 { t_with(w::HOME_OF_ALL, &[("share", &format::percent(locale, ratio(part), 0))]) } else { String::new() }
    };
    view! {
        <div class="cols stretch home-stats">
            <Stat name=t(w::HOME_CALLS) value=format::number(locale, figures.today) detail=versus>
                <Sparkline values=days series=1/>
            </Stat>
            <Stat name=t(w::HOME_ANSWERED) value=format::number(locale, figures.answered_today) detail=percent(figures.answered_today)/>
            <Stat name=t(w::HOME_TRANSFERRED) value=format::number(locale, figures.transferred_today) detail=percent(figures.transferred_today)/>
            <Stat name=t(w::HOME_MISSED) value=format::number(locale, figures.missed_today) detail=percent(figures.missed_today)/>
            <Stat
                name=t(w::HOME_AVERAGE)
                value=format::duration(locale, i64::from(figures.average_s_today))
                detail=t_with(w::HOME_COST, &[("cost", &format::cost(locale, figures.cost_today))])
            />
        </div>
    }
    .into_any()
}

#[component]
fn Stat(name: &'static str, value: String, detail: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <article class="card">
            <div class="stat">
                <span class="k">{name}</span>
                <span class="v num">{value}</span>
                <span class="d">{detail}</span>
                {children.map(|children| children())}
            </div>
        </article>
    }
    .into_any()
}

#[component]
fn Today(figures: HomeFigures, board: Vec<CallCard>, now: DateTime<Utc>) -> impl IntoView {
    let live = figures.live;
    view! {
        <div class="duo home-today">
            <section class="card" aria-labelledby="h-hours">
                <header class="wrap"><h2 id="h-hours">{t(w::HOME_HOURS)}</h2><HourLegend/></header>
                <div class="body"><HourChart hours=figures.by_hour/></div>
            </section>
            <section class="card" aria-labelledby="h-live">
                <header>
                    <h2 id="h-live">{t(w::HOME_LIVE)}</h2>
                    {(live > 0).then(|| view! { <Ring state=RingState::Live word=t_count(w::HOME_LIVE_COUNT, live)/> })}
                    <a class="end small muted" href="/live">{t(w::HOME_SUPERVISE)}</a>
                </header>
                {if board.is_empty() {
                    view! {
                        <Empty kind=EmptyKind::Unused title=t(w::HOME_LIVE_EMPTY) text=t(w::HOME_LIVE_EMPTY_TEXT)/>
                    }
                        .into_any()
                } else {
                    board.into_iter().take(6).map(|card| view! { <LiveItem card now/> }).collect_view().into_any()
                }}
            </section>
        </div>
    }
    .into_any()
}

#[component]
fn LiveItem(card: CallCard, now: DateTime<Utc>) -> impl IntoView {
    let number = card.customer_number.as_ref().and_then(|number| number.parse().ok()).map(|number| format::tel(&number));
    let who = card.customer_name.clone().or(number).unwrap_or_else(|| t(w::HOME_UNKNOWN_CALLER).to_owned());
    let said = card.last_line.clone().or_else(|| card.assistant_name.clone()).unwrap_or_default();
    let waiting = match card.status {
        CallStatus::Live | CallStatus::Forwarding => None,
        _ => Some(t(w::HOME_RINGING)),
    };
    view! {
        <a class="item" href=format!("/calls/{}", card.id)>
            <Avatar name=who.clone()/>
            <span>
                <b class="clip">{who}</b>
                <span class="muted small clip">{said}</span>
            </span>
            {match (waiting, card.answered_at) {
                (None, Some(since)) => view! { <Timer since now/> }.into_any(),
                (word, _) => view! { <Ring state=RingState::Ringing word=word.unwrap_or_default()/> }.into_any(),
            }}
        </a>
    }
    .into_any()
}

/// What the last digits of a number do in the simulator.
#[component]
fn SandboxHints() -> impl IntoView {
    let rows = [
        ("00", w::HOME_SIM_00),
        ("01", w::HOME_SIM_01),
        ("02", w::HOME_SIM_02),
        ("03", w::HOME_SIM_03),
        ("04", w::HOME_SIM_04),
        ("05", w::HOME_SIM_05),
        ("06", w::HOME_SIM_06),
        ("07", w::HOME_SIM_07),
        ("08", w::HOME_SIM_08),
        ("09", w::HOME_SIM_09),
        ("10", w::HOME_SIM_10),
        ("21", w::HOME_SIM_21),
    ]
    .map(|(digits, words)| view! { <dt><code class="ltr">{format!("…{digits}")}</code></dt><dd>{t(words)}</dd> });
    view! {
        <details class="card fold">
            <summary><Icon icon=icondata::LuFlaskConical small=true/>{t(w::HOME_SANDBOX)}</summary>
            <div class="body stack g3">
                <p class="muted">{t(w::HOME_SANDBOX_TEXT)}</p>
                <dl class="kv small">{rows.collect_view()}</dl>
            </div>
        </details>
    }
    .into_any()
}
