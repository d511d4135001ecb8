//! Stepping into a live call: listen, silence, transfer, end, and the words the team has the assistant say or know.

use super::{
    live_call::{Ear, Watched},
    model::LiveAction,
    words,
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::{Button, ButtonKind, ConfirmButton, Dialog, Icon, TextInput, may, trouble},
    shared::{error::FieldErrors, permission::Permission, phone::PhoneNumber},
};
use leptos::{ev, prelude::*};

/// The ids the page's keys press.
pub const LISTEN: &str = "act-listen";
pub const TRANSFER: &str = "act-transfer";
pub const MUTE: &str = "act-mute";
pub const COMPOSER: &str = "act-words";
pub const END: &str = "act-end";

/// The actions on a call, in a row; on a phone the bar of buttons. Absent is what the role may not do.
#[component]
pub fn CallBar(call: Watched, transfer_open: RwSignal<bool>) -> impl IntoView {
    let blocked = Signal::derive(move || call.hindrance().is_some());
    let silent = Signal::derive(move || call.hindrance_to_listen().is_some());
    let (controls, listens) = (may(Permission::CallsControl), may(Permission::CallsListen));
    if !controls && !listens {
        return ().into_any();
    }
    view! {
        <div class="callbar" role="toolbar" aria-label=t(w::LIVE_ACTIONS)>
            {listens.then(|| view! { <ListenButton call blocked=silent/> })}
            {controls
                .then(|| {
                    view! {
                        <MuteButton call blocked/>
                        <Button
                            icon=icondata::LuPhoneForwarded
                            disabled=blocked
                            pending=Signal::derive(move || call.is_busy("transfer"))
                            attr:id=TRANSFER
                            attr:aria-haspopup="dialog"
                            attr:aria-keyshortcuts="t"
                            on:click=move |_| transfer_open.set(true)
                        >
                            {t(w::LIVE_TRANSFER)}
                        </Button>
                        <span class="end" id=END>
                            <ConfirmButton
                                icon=icondata::LuPhoneOff
                                disabled=blocked
                                pending=Signal::derive(move || call.is_busy("end"))
                                on_confirm=Callback::new(move |()| call.act(LiveAction::End, |_| ()))
                            >
                                {t(w::LIVE_END)}
                            </ConfirmButton>
                        </span>
                    }
                })}
        </div>
        <Hindrance call controls/>
    }
    .into_any()
}

/// Why the buttons rest.
#[component]
fn Hindrance(call: Watched, controls: bool) -> impl IntoView {
    let why = Memo::new(move |_| if controls { call.hindrance() } else { call.hindrance_to_listen() });
    view! {
        <Show when=move || why.get().is_some()>
            <p class="call-why small muted">{move || why.get().map(t)}</p>
        </Show>
    }
    .into_any()
}

#[component]
fn ListenButton(call: Watched, blocked: Signal<bool>) -> impl IntoView {
    let words = move || match call.ear.get() {
        Ear::On | Ear::Opening => t(w::LIVE_LISTENING),
        Ear::Off | Ear::Refused => t(w::LIVE_LISTEN),
    };
    view! {
        <button
            type="button"
            class="btn"
            id=LISTEN
            aria-keyshortcuts="l"
            aria-pressed=move || if matches!(call.ear.get(), Ear::On | Ear::Opening) { "true" } else { "false" }
            aria-busy=move || (call.ear.get() == Ear::Opening).then_some("true")
            disabled=move || blocked.get()
            on:click=move |_| call.toggle_listening()
        >
            <Icon icon=icondata::LuHeadphones small=true/>
            {words}
        </button>
    }
    .into_any()
}

#[component]
fn MuteButton(call: Watched, blocked: Signal<bool>) -> impl IntoView {
    let is_muted = Memo::new(move |_| call.card.with(|card| card.assistant_muted));
    let press = move |_| call.act(if is_muted.get_untracked() { LiveAction::Unmute } else { LiveAction::Mute }, |_| ());
    view! {
        <button
            type="button"
            class="btn"
            id=MUTE
            aria-keyshortcuts="m"
            aria-pressed=move || if is_muted.get() { "true" } else { "false" }
            aria-busy=move || (call.is_busy("mute") || call.is_busy("unmute")).then_some("true")
            disabled=move || blocked.get()
            on:click=press
        >
            {move || view! { <Icon icon=if is_muted.get() { icondata::LuMic } else { icondata::LuMicOff } small=true/> }}
            {move || t(if is_muted.get() { w::LIVE_UNMUTE } else { w::LIVE_MUTE })}
        </button>
    }
    .into_any()
}

/// Where the caller is handed over: one of the assistant's numbers, or one that is typed.
#[component]
pub fn TransferDialog(call: Watched, open: RwSignal<bool>) -> impl IntoView {
    view! { <Dialog open title=t(w::LIVE_TRANSFER_TITLE)><TransferForm call open/></Dialog> }.into_any()
}

#[component]
fn TransferForm(call: Watched, open: RwSignal<bool>) -> impl IntoView {
    let numbers = call.detail.with_value(|detail| detail.transfer_numbers.clone());
    let first = numbers.first().map(|entry| entry.number.to_string()).unwrap_or_default();
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(first);
    let errors = RwSignal::new(FieldErrors::default());
    let has_numbers = !numbers.is_empty();
    let check = move |text: String| {
        errors.set(match text.trim().is_empty() || text.parse::<PhoneNumber>().is_ok() {
            true => FieldErrors::default(),
            false => FieldErrors::one("to", "phone.not_e164"),
        });
    };
    let send = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = Some(typed.get_untracked()).filter(|text| !text.trim().is_empty()).unwrap_or_else(|| chosen.get_untracked());
        match wanted.parse::<PhoneNumber>() {
            Ok(to) => call.act(LiveAction::Transfer { to }, move |went_out| {
                if went_out {
                    open.set(false);
                }
            }),
            Err(_) => errors.set(FieldErrors::one("to", "phone.not_e164")),
        }
    };
    let choices = numbers
        .into_iter()
        .map(|entry| {
            let (value, mine) = (entry.number.to_string(), entry.number.to_string());
            let label = if entry.label.is_empty() { t(w::LIVE_TRANSFER_UNNAMED).to_owned() } else { entry.label.clone() };
            let first = chosen.with_untracked(|chosen| *chosen == value);
            view! {
                <label class="choice">
                    <span class="row">
                        <input type="radio" name="number" value=value checked=first on:change=move |_| { chosen.set(mine.clone()); typed.set(String::new()) }/>
                        <b class="grow">{label}</b>
                        <span class="ltr num muted">{words::dialled(entry.number.as_str())}</span>
                    </span>
                </label>
            }
        })
        .collect_view();
    let name = words::contact(&call.card.get_untracked());
    view! {
        <form class="contents" on:submit=send>
            <div class="body stack">
                <p class="muted">{t_with(w::LIVE_TRANSFER_TEXT, &[("name", &name)])}</p>
                {has_numbers.then(|| view! { <fieldset class="stack g2"><legend class="sr">{t(w::LIVE_TRANSFER_NUMBERS)}</legend>{choices}</fieldset> })}
                <TextInput
                    name="to"
                    label=t(if has_numbers { w::LIVE_TRANSFER_OTHER } else { w::LIVE_TRANSFER_NUMBER })
                    kind="tel"
                    autocomplete="off"
                    placeholder="+33 1 99 00 47 18"
                    value=typed
                    errors
                    on_input=Callback::new(move |text| {
                        typed.set(text);
                        // Not only when the field is left: the sentence would go under the finger that presses the button below it.
                        if !errors.with_untracked(FieldErrors::is_empty) {
                            errors.set(FieldErrors::default());
                        }
                    })
                    on_blur=Callback::new(check)
                />
            </div>
            <footer>
                <Button on:click=move |_| open.set(false)>{t(w::KIT_CANCEL)}</Button>
                <Button kind=ButtonKind::Primary submit=true pending=Signal::derive(move || call.is_busy("transfer"))>{t(w::LIVE_TRANSFER)}</Button>
            </footer>
        </form>
    }
    .into_any()
}

/// Whether the words are for the caller or for the assistant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Caller,
    Assistant,
}

/// Words for the assistant: to say aloud, or to know.
#[component]
pub fn Composer(call: Watched, audience: RwSignal<Audience>) -> impl IntoView {
    if !may(Permission::CallsControl) {
        return ().into_any();
    }
    let text = RwSignal::new(String::new());
    let blocked = Signal::derive(move || call.hindrance().is_some());
    let busy = Signal::derive(move || call.is_busy("say") || call.is_busy("instruct"));
    let name = Memo::new(move |_| call.card.with(words::assistant));
    let send = move || {
        let said = text.get_untracked().trim().to_owned();
        if said.is_empty() || blocked.get_untracked() || busy.get_untracked() {
            return;
        }
        let action = match audience.get_untracked() {
            Audience::Caller => LiveAction::Say { text: said },
            Audience::Assistant => LiveAction::Instruct { text: said },
        };
        call.act(action, move |went_out| {
            if went_out {
                text.try_set(String::new());
            }
        });
    };
    let key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send();
        }
    };
    let placeholder = move || {
        if let Some(why) = call.hindrance() {
            return t(why).to_owned();
        }
        let key = if audience.get() == Audience::Caller { w::LIVE_SAY_PLACEHOLDER } else { w::LIVE_INSTRUCT_PLACEHOLDER };
        t_with(key, &[("name", &name.get())])
    };
    let choice = move |mine: Audience, icon, words: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="audience"
                    checked=mine == Audience::Caller
                    prop:checked=move || audience.get() == mine
                    on:change=move |_| audience.set(mine)
                />
                <Icon icon small=true/>
                {words}
            </label>
        }
    };
    view! {
        <form class="composer" on:submit=move |event| { event.prevent_default(); send() }>
            <LastAction call/>
            <div class="box">
                <textarea
                    class="input"
                    rows="1"
                    id=COMPOSER
                    maxlength="1000"
                    aria-label=placeholder
                    placeholder=placeholder
                    prop:value=move || text.get()
                    disabled=move || blocked.get()
                    on:input=move |event| text.set(event_target_value(&event))
                    on:keydown=key
                ></textarea>
                <div class="row">
                    <div class="seg sm" role="radiogroup" aria-label=t(w::LIVE_AUDIENCE)>
                        {choice(Audience::Caller, icondata::LuVolume2, t(w::LIVE_SAY))}
                        {choice(Audience::Assistant, icondata::LuMessageSquareLock, t(w::LIVE_INSTRUCT))}
                    </div>
                    <span class="end small faint only-wide" aria-hidden="true"><kbd>"Ctrl"</kbd>" "<kbd>"↵"</kbd></span>
                    <button class="btn dark sm" type="submit" aria-busy=move || busy.get().then_some("true") disabled=move || blocked.get() || text.with(|text| text.trim().is_empty())>
                        {move || t(if audience.get() == Audience::Caller { w::LIVE_SAY } else { w::LIVE_INSTRUCT_SEND })}
                    </button>
                </div>
            </div>
        </form>
    }
    .into_any()
}

/// What the last step came to, in words.
#[component]
fn LastAction(call: Watched) -> impl IntoView {
    let told = move || {
        let taken = call.last.get()?.ok()?;
        let name = call.card.with_untracked(words::assistant);
        Some(match (taken.outcome.as_str(), &taken.error) {
            ("failed", Some(error)) => trouble(error).map_or_else(|| t_with(w::LIVE_OUTCOME_REFUSED, &[("error", error)]), str::to_owned),
            ("failed", None) => t(w::LIVE_OUTCOME_FAILED).to_owned(),
            _ => match taken.action {
                LiveAction::Say { .. } => t_with(w::LIVE_OUTCOME_SAY, &[("name", &name)]),
                LiveAction::Instruct { .. } => t_with(w::LIVE_OUTCOME_INSTRUCT, &[("name", &name)]),
                LiveAction::Mute => t_with(w::LIVE_OUTCOME_MUTE, &[("name", &name)]),
                LiveAction::Unmute => t_with(w::LIVE_OUTCOME_UNMUTE, &[("name", &name)]),
                LiveAction::Transfer { .. } => t(w::LIVE_OUTCOME_TRANSFER).to_owned(),
                LiveAction::End => t(w::LIVE_OUTCOME_END).to_owned(),
            },
        })
    };
    view! { <p class="call-outcome small muted" role="status">{told}</p> }.into_any()
}
