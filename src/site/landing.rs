//! The landing page. It promises what the product does today, and no figure that nobody measured.

use super::{
    document::{SiteFoot, SiteHead},
    pricing::{Country, Plan},
};
use crate::{
    i18n::{Key, format, t, t_count, t_with, use_locale, words as w},
    kit::{AssistantAvatar, ButtonKind, ButtonSize, Icon, LinkButton, Ring, RingState},
};
use leptos::prelude::*;

/// `/`, with the prices of one country.
pub fn landing(country: Country) -> AnyView {
    let links = vec![
        ("#live", t(w::SITE_NAV_LIVE)),
        ("#try", t(w::SITE_NAV_TRY)),
        ("#prices", t(w::SITE_NAV_PRICES)),
        ("#questions", t(w::SITE_NAV_QUESTIONS)),
    ];
    view! {
        <SiteHead links/>
        <main id="main">
            <Hero/>
            <Steps/>
            <Features/>
            <Prices country/>
            <Questions/>
        </main>
        <SiteFoot/>
    }
    .into_any()
}

#[component]
fn Hero() -> impl IntoView {
    view! {
        <section class="section first">
            <div class="hero">
                <div class="stack g5">
                    <h1 class="display">{t(w::SITE_HERO_TITLE)}</h1>
                    <p class="lead">{t(w::SITE_HERO_LEAD)}</p>
                    <div class="row wrap g3">
                        <LinkButton href="/sign-up" kind=ButtonKind::Primary size=ButtonSize::Large>{t(w::SITE_HERO_START)}</LinkButton>
                        <LinkButton href="#live" size=ButtonSize::Large>{t(w::SITE_HERO_SEE)}</LinkButton>
                    </div>
                    <p class="small muted">{t(w::SITE_HERO_SMALL)}</p>
                </div>
                <div class="hero-art">
                    <img class="hero-enso" src="/enso.svg" alt="" width="400" height="400"/>
                    <figure class="card hero-card" aria-label=t(w::SITE_EXAMPLE)>
                        <header>
                            <Ring state=RingState::Live word=t(w::SITE_EXAMPLE_LIVE)/>
                            <span class="end badge">{t(w::SITE_EXAMPLE)}</span>
                        </header>
                        <div class="body">
                            <Lines/>
                            <div class="callout ok">
                                <Icon icon=icondata::LuPhoneForwarded/>
                                <b>{t(w::SITE_EXAMPLE_DONE)}</b>
                                <p class="small">{t(w::SITE_EXAMPLE_DONE_TEXT)}</p>
                            </div>
                        </div>
                    </figure>
                </div>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Lines() -> impl IntoView {
    view! {
        <ol class="script bare-script">
            <li class="line">
                <span class="who">{t(w::SITE_EXAMPLE_CALLER)}</span>
                <p class="say voice">{t(w::SITE_EXAMPLE_1)}<mark>{t(w::SITE_EXAMPLE_1M)}</mark>"."</p>
            </li>
            <li class="line ai">
                <span class="who">{t(w::SITE_EXAMPLE_ASSISTANT)}</span>
                <p class="say voice">{t(w::SITE_EXAMPLE_2)}</p>
            </li>
            <li class="line">
                <span class="who">{t(w::SITE_EXAMPLE_CALLER)}</span>
                <p class="say voice">{t(w::SITE_EXAMPLE_3)}</p>
            </li>
        </ol>
    }
    .into_any()
}

#[component]
fn Steps() -> impl IntoView {
    let step = |title: Key, text: Key| view! { <li class="stack g2"><h3>{t(title)}</h3><p class="muted">{t(text)}</p></li> };
    view! {
        <section class="section tint" id="try">
            <div class="stack g5">
                <h2 class="display small-display">{t(w::SITE_STEPS)}</h2>
                <ol class="cols site-steps">
                    {step(w::SITE_STEPS_1, w::SITE_STEPS_1_TEXT)}
                    {step(w::SITE_STEPS_2, w::SITE_STEPS_2_TEXT)}
                    {step(w::SITE_STEPS_3, w::SITE_STEPS_3_TEXT)}
                </ol>
            </div>
        </section>
    }
    .into_any()
}

fn ticks(items: &[String]) -> AnyView {
    let items = items.iter().map(|words| view! { <li><Icon icon=icondata::LuCheck/>{words.clone()}</li> }).collect_view();
    view! { <ul class="ticks">{items}</ul> }.into_any()
}

fn feature(title: Key, lead: Key, points: [Key; 3], picture: AnyView) -> AnyView {
    view! {
        <article class="feature">
            <div class="stack g4">
                <h2 class="display small-display">{t(title)}</h2>
                <p class="lead">{t(lead)}</p>
                {ticks(&points.map(|key| t(key).to_owned()))}
            </div>
            {picture}
        </article>
    }
    .into_any()
}

#[component]
fn Features() -> impl IntoView {
    let locale = use_locale();
    let live = view! {
        <figure class="card" aria-label=t(w::SITE_EXAMPLE)>
            <ol class="script">
                <li class="line ai">
                    <span class="who">{t(w::SITE_EXAMPLE_ASSISTANT)}</span>
                    <p class="say voice">{t(w::SITE_EXAMPLE_2)}</p>
                </li>
                <li class="line event brand">
                    <span class="who"></span>
                    <p class="say"><Icon icon=icondata::LuMessageSquareLock small=true/><span><b>{t(w::SITE_LIVE_WHISPER)}</b>" "{t(w::SITE_LIVE_WHISPER_TEXT)}</span></p>
                </li>
                <li class="line">
                    <span class="who">{t(w::SITE_EXAMPLE_CALLER)}</span>
                    <p class="say voice">{t(w::SITE_EXAMPLE_3)}</p>
                </li>
            </ol>
        </figure>
    };
    let cost = crate::shared::money::MicroUsd(184_000);
    let call = view! {
        <figure class="card" aria-label=t(w::SITE_EXAMPLE)>
            <header><AssistantAvatar/><b>{t(w::SITE_EXAMPLE_ASSISTANT)}</b><span class="end badge">{t(w::SITE_EXAMPLE)}</span></header>
            <div class="body">
                <dl class="kv">
                    <dt>{t(w::SITE_CALL_OUTCOME)}</dt>
                    <dd><Ring state=RingState::Moved word=t(w::SITE_CALL_OUTCOME_VALUE)/></dd>
                    <dt>{t(w::SITE_CALL_WHY)}</dt>
                    <dd>{t(w::SITE_CALL_WHY_VALUE)}</dd>
                    <dt>{t(w::SITE_CALL_LENGTH)}</dt>
                    <dd class="num">{format::timer(222)}</dd>
                    <dt>{t(w::SITE_CALL_COST)}</dt>
                    <dd class="num">{format::cost(locale, cost)}</dd>
                </dl>
            </div>
        </figure>
    };
    let own = view! { <img class="own-art" src="/enso.svg" alt="" width="400" height="400" loading="lazy"/> };
    view! {
        <section class="section" id="live">
            <div class="features">
                {feature(w::SITE_LIVE_TITLE, w::SITE_LIVE_LEAD, [w::SITE_LIVE_1, w::SITE_LIVE_2, w::SITE_LIVE_3], live.into_any())}
                {feature(w::SITE_CALL_TITLE, w::SITE_CALL_LEAD, [w::SITE_CALL_1, w::SITE_CALL_2, w::SITE_CALL_3], call.into_any())}
                {feature(w::SITE_OWN_TITLE, w::SITE_OWN_LEAD, [w::SITE_OWN_1, w::SITE_OWN_2, w::SITE_OWN_3], own.into_any())}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Prices(country: Country) -> impl IntoView {
    let locale = use_locale();
    let countries = Country::ALL
        .map(|other| view! { <a href=format!("/?lang={}&country={}#prices", locale.code(), other.code()) aria-current=(other == country).then_some("true")>{t(other.name())}</a> })
        .into_iter()
        .collect_view();
    let plans = Plan::ALL.map(|plan| view! { <PlanCard plan country/> }).into_iter().collect_view();
    let extra = format::money(locale, country.extra_minute());
    view! {
        <section class="section tint" id="prices">
            <div class="stack g6">
                <div class="stack g4">
                    <h2 class="display small-display">{t(w::SITE_PRICES_TITLE)}</h2>
                    <p class="lead">{t(w::SITE_PRICES_LEAD)}</p>
                    <nav class="seg countries" aria-label=t(w::SITE_PRICES_COUNTRY)>{countries}</nav>
                </div>
                <div class="cols stretch plans">{plans}</div>
                <p class="muted small">{t_with(w::SITE_PRICES_EXTRA, &[("price", &extra)])}" "{t(w::SITE_PRICES_NOTE)}</p>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn PlanCard(plan: Plan, country: Country) -> impl IntoView {
    let locale = use_locale();
    let (name, text, choose) = match plan {
        Plan::Solo => (w::SITE_PLAN_SOLO, w::SITE_PLAN_SOLO_TEXT, w::SITE_PLAN_SOLO_CHOOSE),
        Plan::Pro => (w::SITE_PLAN_PRO, w::SITE_PLAN_PRO_TEXT, w::SITE_PLAN_PRO_CHOOSE),
        Plan::Agency => (w::SITE_PLAN_AGENCY, w::SITE_PLAN_AGENCY_TEXT, w::SITE_PLAN_AGENCY_CHOOSE),
    };
    let best = plan == Plan::Pro;
    let kind = if best { ButtonKind::Primary } else { ButtonKind::Plain };
    let points = [
        t_with(w::SITE_PLAN_MINUTES, &[("n", &format::number(locale, plan.minutes()))]),
        t_count(w::SITE_PLAN_ASSISTANTS, plan.assistants()),
        t(w::SITE_PLAN_LIVE).to_owned(),
        t(w::SITE_PLAN_LOG).to_owned(),
    ];
    view! {
        <article class=if best { "plan best" } else { "plan" }>
            <h3>{t(name)}</h3>
            <p>
                <span class="price">{format::price(locale, plan.monthly(country))}</span>
                " "
                <span class="muted small">{t(w::SITE_PRICES_MONTH)}</span>
            </p>
            <p class="muted">{t(text)}</p>
            {ticks(&points)}
            <LinkButton href="/sign-up" kind size=ButtonSize::Large>{t(choose)}</LinkButton>
        </article>
    }
    .into_any()
}

#[component]
fn Questions() -> impl IntoView {
    let question = |asked: Key, answer: Key| {
        view! {
            <details>
                <summary class="row"><span class="grow">{t(asked)}</span><Icon icon=icondata::LuPlus/></summary>
                <p class="muted">{t(answer)}</p>
            </details>
        }
    };
    view! {
        <section class="section" id="questions">
            <div class="questions">
                <h2 class="display small-display">{t(w::SITE_FAQ_TITLE)}</h2>
                <div>
                    {question(w::SITE_FAQ_1, w::SITE_FAQ_1A)}
                    {question(w::SITE_FAQ_2, w::SITE_FAQ_2A)}
                    {question(w::SITE_FAQ_3, w::SITE_FAQ_3A)}
                    {question(w::SITE_FAQ_4, w::SITE_FAQ_4A)}
                </div>
            </div>
        </section>
    }
    .into_any()
}
