//! A live call from close by: who, how long, what is said, what the team can do.

use super::{
    beside::{Beside, Onlookers},
    browser,
    live::{Live, call::CallState, call::Entry},
    live_actions::{Audience, COMPOSER, CallBar, Composer, END, LISTEN, MUTE, TRANSFER, TransferDialog},
    live_call::{Ear, Watched},
    model::CallDetail,
    parts::{CallRing, CallTimer, ContactAvatar, Script, Wave},
    words,
};
use crate::{
    i18n::{
        format::{self, use_clock},
        t, t_count, t_with, use_locale, words as w,
    },
    kit::{Banner, ButtonSize, Icon, LinkButton, Tone, may, single_keys_on},
    shared::permission::Permission,
};
use chrono::{DateTime, Utc};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_navigate;
use std::time::Duration;

/// How long `e` is held to end a call.
const HOLD: Duration = Duration::from_millis(800);

/// The conversation and the context of one call: two panes.
#[component]
pub fn LivePanel(
    detail: CallDetail,
    live: Live,
    /// The server's time when the data was read.
    now: DateTime<Utc>,
    /// Where the way back leads, on a phone and with Escape.
    back: &'static str,
) -> impl IntoView {
    let call = Watched::new(detail, live, live.server_now(now));
    let transfer_open = RwSignal::new(false);
    let audience = RwSignal::new(Audience::Caller);
    listen_to_keys(call, audience, back);
    let name = Memo::new(move |_| call.card.with(words::contact));
    view! {
        <section class="pane show" id="call" aria-label=move || t_with(w::LIVE_CALL_OF, &[("name", &name.get())])>
            <PanelHead call back/>
            <CallBar call transfer_open/>
            <PanelBanners call/>
            <Conversation call/>
            <Composer call audience/>
            <TransferDialog call open=transfer_open/>
        </section>
        <aside class="pane plain aside" aria-label=t(w::LIVE_CONTEXT)>
            <div class="scroll" tabindex="0" role="region" aria-label=t(w::LIVE_CONTEXT)>
                <Context call/>
            </div>
        </aside>
    }
    .into_any()
}

#[component]
fn PanelHead(call: Watched, back: &'static str) -> impl IntoView {
    let card = call.card;
    let name = Memo::new(move |_| card.with(words::contact));
    let under = Memo::new(move |_| {
        card.with(|card| {
            let with = t_with(w::LIVE_WITH, &[("name", &words::assistant(card))]);
            words::contact_number(card).map_or_else(|| with.clone(), |number| format!("{number}, {with}"))
        })
    });
    let speaks = Memo::new(move |_| card.with(|card| card.status.is_live() && !card.assistant_muted));
    view! {
        <div class="pane-head call-head">
            <a class="btn ghost sq only-narrow" href=back aria-label=t(w::LIVE_BACK)><Icon icon=icondata::LuChevronLeft flip=true/></a>
            <span class="only-wide"><ContactAvatar card/></span>
            <div class="grow">
                <h2 class="clip">{move || name.get()}</h2>
                <p class="small muted clip">{move || under.get()}</p>
            </div>
            <span class="small only-wide"><CallRing card/></span>
            <Show when=move || speaks.get()><Wave tone="info"/></Show>
            <span class="call-clock"><CallTimer card now=call.now label=true/></span>
        </div>
    }
    .into_any()
}

/// What the whole panel should know: it ended, the line is closed, one listens.
#[component]
fn PanelBanners(call: Watched) -> impl IntoView {
    let href = format!("/calls/{}", call.id);
    let closed = Memo::new(move |_| call.state.with(|state| state.closed.clone()));
    let is_muted = Memo::new(move |_| call.card.with(|card| card.assistant_muted && card.status.is_live()));
    view! {
        <Show when=move || call.is_over()>
            <div class="banner call-over" role="status">
                <span class="grow row wrap"><CallRing card=call.card/><span>{t(w::LIVE_OVER)}</span></span>
                <LinkButton href=href.clone() size=ButtonSize::Small>{t(w::LIVE_OPEN_RECORD)}</LinkButton>
            </div>
        </Show>
        <Show when=move || is_muted.get()>
            <Banner tone=Tone::Warn icon=icondata::LuMicOff>{move || t_with(w::LIVE_MUTED, &[("name", &call.card.with(words::assistant))])}</Banner>
        </Show>
        {move || match call.ear.get() {
            Ear::On => view! { <Banner tone=Tone::Info icon=icondata::LuHeadphones>{t(w::LIVE_LISTEN_EXPLAINED)}</Banner> }.into_any(),
            Ear::Refused => view! { <Banner tone=Tone::Warn icon=icondata::LuHeadphoneOff>{t(w::LIVE_LISTEN_REFUSED)}</Banner> }.into_any(),
            Ear::Off | Ear::Opening => ().into_any(),
        }}
        <Show when=move || closed.get().is_some()>
            <Banner tone=Tone::Bad icon=icondata::LuLock>{t(w::LIVE_CLOSED)}</Banner>
        </Show>
    }
    .into_any()
}

/// The transcript, kept at its end until the reader scrolls up.
#[component]
fn Conversation(call: Watched) -> impl IntoView {
    let entries = Memo::new(move |_| call.state.with(CallState::entries));
    let partials = Memo::new(move |_| call.state.with(|state| state.partials().to_vec()));
    let said = Memo::new(move |_| entries.with(|entries| entries.iter().filter(|entry| matches!(entry, Entry::Said(_))).count()));
    let node = NodeRef::<html::Div>::new();
    let is_at_end = RwSignal::new(true);
    let seen = RwSignal::new(0_usize);
    let last_top = StoredValue::new(0_i32);
    // Only a move upwards is the reader's: what is added below, or a banner that takes room, is not.
    let scrolled = move |_| {
        let Some(node) = node.get_untracked() else { return };
        let (top, is_near) = (node.scroll_top(), browser::distance_to_end(&node) < 48);
        let moved_up = top < last_top.get_value() - 2;
        last_top.set_value(top);
        let at_end = is_near || (is_at_end.get_untracked() && !moved_up);
        if is_at_end.get_untracked() != at_end {
            is_at_end.set(at_end);
        }
    };
    Effect::new(move || {
        entries.track();
        partials.track();
        // These take room from the conversation.
        let _ = (call.is_over(), call.ear.get(), call.last.with(Option::is_some), call.card.with(|card| card.assistant_muted));
        let Some(node) = node.get() else { return };
        if is_at_end.get() {
            seen.set(said.get_untracked());
            browser::scroll_to_end(node.into());
        }
    });
    let unseen = Memo::new(move |_| if is_at_end.get() { 0 } else { said.get().saturating_sub(seen.get()) });
    let go_to_end = move |_| {
        is_at_end.set(true);
    };
    let words = move || match unseen.get() {
        0 => t(w::LIVE_TO_END).to_owned(),
        n => t_count(w::LIVE_NEW_LINES, n as i64),
    };
    view! {
        <div class="talk">
            <div class="scroll" tabindex="0" role="log" aria-live="polite" aria-relevant="additions" aria-label=t(w::LIVE_TRANSCRIPT) node_ref=node on:scroll=scrolled>
                <Show when=move || entries.with(Vec::is_empty) && partials.with(Vec::is_empty)>
                    <p class="talk-empty muted">{move || t(if call.is_over() { w::LIVE_NOTHING_SAID } else { w::LIVE_NOTHING_SAID_YET })}</p>
                </Show>
                <Script entries card=call.card partials/>
            </div>
            <Show when=move || !is_at_end.get()>
                <button type="button" class="btn sm talk-end" on:click=go_to_end>
                    {words}
                    <Icon icon=icondata::LuArrowDown small=true/>
                </button>
            </Show>
        </div>
    }
    .into_any()
}

/// What is known of the call besides the words, as far as there is something.
#[component]
fn Context(call: Watched) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let detail = call.detail.get_value();
    let card = call.card.get_untracked();
    let number = card.customer_number.as_deref().map(words::dialled).unwrap_or_else(|| t(w::CALLS_NUMBER_WITHHELD).to_owned());
    let started = format::date_time(locale, &clock, card.created_at);
    let related = detail.related;
    let summary = Memo::new(move |_| call.card.with(|card| card.summary.clone().filter(|summary| !summary.is_empty())));
    view! {
        <div class="pane-sec stack">
            <Onlookers beside=Beside::new(call.id)/>
            <h3>{t(w::LIVE_ABOUT)}</h3>
            <dl class="kv small">
                <dt>{t(w::CALLS_NUMBER)}</dt><dd class="ltr">{number}</dd>
                <dt>{t(w::CALLS_DIRECTION)}</dt><dd>{t(words::direction_word(card.direction))}</dd>
                <dt>{t(w::CALLS_ASSISTANT)}</dt><dd>{words::assistant(&card)}</dd>
                {card.our_number.as_deref().map(|ours| view! { <dt>{t(w::CALLS_OUR_NUMBER)}</dt><dd class="ltr">{words::dialled(ours)}</dd> })}
                <dt>{t(w::CALLS_STARTED)}</dt><dd>{started}</dd>
            </dl>
        </div>
        <Show when=move || summary.get().is_some()>
            <div class="pane-sec stack"><h3>{t(w::CALLS_SUMMARY)}</h3><p>{move || summary.get()}</p></div>
        </Show>
        <Show when=move || !call.actions.with(Vec::is_empty)>
            <div class="pane-sec stack"><h3>{t(w::CALLS_ACTIONS)}</h3><super::detail_parts::Actions actions=call.actions/></div>
        </Show>
        {(!related.is_empty()).then(|| view! {
            <div class="pane-sec stack"><h3>{t(w::CALLS_RELATED)}</h3><super::detail_parts::Related calls=related/></div>
        })}
    }
    .into_any()
}

/// `l` listen, `m` mute, `t` transfer, `i` instruct, `s` say; `e` held, or shift and `H` twice, ends; Escape goes back.
fn listen_to_keys(call: Watched, audience: RwSignal<Audience>, back: &'static str) {
    let navigate = use_navigate();
    let controls = may(Permission::CallsControl);
    Effect::new(move || {
        let holding = StoredValue::new(None::<TimeoutHandle>);
        let navigate = navigate.clone();
        let let_go = move || {
            if let Some(timer) = holding.try_update_value(Option::take).flatten() {
                timer.clear();
            }
        };
        let down = window_event_listener(ev::keydown, move |event| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() || browser::keys_are_taken() {
                return;
            }
            if event.key() == "Escape" {
                return navigate(back, Default::default());
            }
            if !single_keys_on() || event.repeat() {
                return;
            }
            let compose = |mine| {
                event.prevent_default();
                audience.set(mine);
                browser::focus(COMPOSER);
            };
            match event.key().as_str() {
                "l" => browser::press(LISTEN),
                "m" => browser::press(MUTE),
                "t" => browser::press(TRANSFER),
                "i" if controls => compose(Audience::Assistant),
                "s" if controls => compose(Audience::Caller),
                "H" => browser::press_within(END),
                "e" if controls && call.hindrance_untracked().is_none() => {
                    let end = move || call.act(super::model::LiveAction::End, |_| ());
                    holding.set_value(set_timeout_with_handle(end, HOLD).ok());
                }
                _ => {}
            }
        });
        let up = window_event_listener(ev::keyup, move |event| {
            if event.key().eq_ignore_ascii_case("e") {
                let_go();
            }
        });
        on_cleanup(move || {
            let_go();
            down.remove();
            up.remove();
        });
    });
}
