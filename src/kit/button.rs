//! Buttons. Anything further (`on:click`, `attr:name`, `attr:value`, `attr:aria-label`) is spread onto the element.

use super::{browser, icon::Icon};
use crate::i18n::{t, words as w};
use leptos::{ev, prelude::*};
use std::time::Duration;

/// How loud a button is. One `Primary` a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    #[default]
    Plain,
    Primary,
    Dark,
    Ghost,
    /// Destructive, before its confirmation.
    Danger,
    /// Destructive, the confirmation itself.
    DangerSolid,
}

/// How big a button is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonSize {
    Small,
    #[default]
    Normal,
    Large,
}

fn class_of(kind: ButtonKind, size: ButtonSize, wide: bool, square: bool) -> String {
    let kind = match kind {
        ButtonKind::Plain => "",
        ButtonKind::Primary => " primary",
        ButtonKind::Dark => " dark",
        ButtonKind::Ghost => " ghost",
        ButtonKind::Danger => " danger",
        ButtonKind::DangerSolid => " danger solid",
    };
    let size = match size {
        ButtonSize::Small => " sm",
        ButtonSize::Normal => "",
        ButtonSize::Large => " lg",
    };
    format!("btn{kind}{size}{}{}", if wide { " wide" } else { "" }, if square { " sq" } else { "" })
}

/// A button with words.
#[component]
pub fn Button(
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    /// Before the words.
    #[prop(optional, into)]
    icon: Option<icondata::Icon>,
    /// Sends the form it stands in.
    #[prop(optional)]
    submit: bool,
    /// As wide as its place.
    #[prop(optional)]
    wide: bool,
    /// Work is under way: a spinner, and no second press.
    #[prop(optional, into)]
    pending: Signal<bool>,
    /// With the reason in text nearby.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=class_of(kind, size, wide, false)
            aria-busy=move || pending.get().then_some("true")
            disabled=move || disabled.get()
        >
            {icon.map(|icon| view! { <Icon icon small=true/> })}
            {children()}
        </button>
    }
    .into_any()
}

/// A button that is only an icon; its name is read and shown on hover.
#[component]
pub fn IconButton(
    icon: icondata::Icon,
    /// What it does, in words.
    #[prop(into)]
    label: Signal<String>,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional)] submit: bool,
    #[prop(optional, into)] pending: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=class_of(kind, size, false, true)
            aria-label=move || label.get()
            title=move || label.get()
            aria-busy=move || pending.get().then_some("true")
            disabled=move || disabled.get()
        >
            <Icon icon/>
        </button>
    }
    .into_any()
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] icon: Option<icondata::Icon>,
    #[prop(optional)] wide: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <a class=class_of(kind, size, wide, false) href=href>
            {icon.map(|icon| view! { <Icon icon small=true/> })}
            {children()}
        </a>
    }
    .into_any()
}

/// How long a finger or the mouse rests on a [`ConfirmButton`].
const HOLD: Duration = Duration::from_millis(800);
/// How long a first press by key waits for the second.
const ARMED: Duration = Duration::from_secs(3);

/// A destructive action: held for a moment by pointer, pressed twice by key. Says which is wanted.
#[component]
pub fn ConfirmButton(
    /// What is done, once it is confirmed.
    #[prop(into)]
    on_confirm: Callback<()>,
    #[prop(optional, into)] icon: Option<icondata::Icon>,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] pending: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let holding = RwSignal::new(false);
    let armed = RwSignal::new(false);
    let hint = RwSignal::new(None);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    let confirm = move || {
        stop();
        holding.set(false);
        armed.set(false);
        hint.set(None);
        on_confirm.run(());
    };
    let press = move |event: ev::PointerEvent| {
        if event.button() != 0 || disabled.get_untracked() || pending.get_untracked() {
            return;
        }
        stop();
        holding.set(true);
        hint.set(Some(w::KIT_HOLD));
        timer.set_value(set_timeout_with_handle(confirm, HOLD).ok());
    };
    let release = move |_| {
        if holding.get_untracked() {
            stop();
            holding.set(false);
        }
    };
    // Keys and assistive software send a click that no pointer made (`detail` is 0).
    let click = move |event: ev::MouseEvent| {
        if event.detail() != 0 || disabled.get_untracked() || pending.get_untracked() {
            return;
        }
        if armed.get_untracked() {
            confirm();
        } else {
            armed.set(true);
            hint.set(Some(w::KIT_PRESS_AGAIN));
            stop();
            let disarm = move || {
                armed.set(false);
                hint.set(None);
            };
            timer.set_value(set_timeout_with_handle(disarm, ARMED).ok());
        }
    };
    on_cleanup(stop);
    view! {
        <span class="confirm">
            <button
                type="button"
                class=class_of(ButtonKind::Danger, size, false, false)
                data-holding=move || holding.get().then_some("")
                data-armed=move || armed.get().then_some("")
                aria-busy=move || pending.get().then_some("true")
                disabled=move || disabled.get()
                on:pointerdown=press
                on:pointerup=release
                on:pointerleave=release
                on:pointercancel=release
                on:contextmenu=move |event| event.prevent_default()
                on:click=click
            >
                {icon.map(|icon| view! { <Icon icon small=true/> })}
                {children()}
            </button>
            <span class="confirm-hint" role="status">{move || hint.get().map(t)}</span>
        </span>
    }
    .into_any()
}

/// Copies a text and says so.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    #[prop(optional)] size: ButtonSize,
) -> impl IntoView {
    let said = RwSignal::new(w::KIT_COPY);
    let copy = move |_| {
        browser::copy_text(text.get_untracked(), move |done| {
            said.set(if done { w::KIT_COPIED } else { w::KIT_COPY_FAILED });
            set_timeout(
                move || {
                    said.try_set(w::KIT_COPY);
                },
                Duration::from_secs(2),
            );
        });
    };
    view! {
        <button type="button" class=class_of(ButtonKind::Plain, size, false, false) on:click=copy>
            <Icon icon=icondata::LuCopy small=true/>
            <span role="status">{move || t(said.get())}</span>
        </button>
    }
    .into_any()
}
