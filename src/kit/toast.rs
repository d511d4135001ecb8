//! Toasts: what was just done, with a way back. One region for the page, read politely.

use super::{
    button::{Button, ButtonKind, ButtonSize, IconButton},
    each::Each,
    errors::error_title,
    icon::Icon,
};
use crate::{
    i18n::{t, words as w},
    shared::error::AppError,
};
use leptos::prelude::*;
use std::time::Duration;

/// How long a toast stays, unless the pointer or the focus rests on the region.
const STAY: Duration = Duration::from_secs(8);

#[derive(Clone)]
struct Toast {
    id: u32,
    text: String,
    failed: bool,
    undo: Option<Callback<()>>,
}

/// Says what was just done. Taken with [`use_toasts`].
#[derive(Clone, Copy)]
pub struct Toaster {
    shown: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
    held: RwSignal<bool>,
}

impl Toaster {
    /// `Invitation envoyée`.
    pub fn say(self, text: impl Into<String>) {
        self.push(text.into(), false, None);
    }

    /// The same, and for eight seconds a button that takes it back.
    pub fn say_with_undo(self, text: impl Into<String>, undo: impl Into<Callback<()>>) {
        self.push(text.into(), false, Some(undo.into()));
    }

    /// What did not work.
    pub fn fail(self, error: &AppError) {
        self.push(error_title(error), true, None);
    }

    fn push(self, text: String, failed: bool, undo: Option<Callback<()>>) {
        let id = self.last.with_value(|last| last + 1);
        self.last.set_value(id);
        self.shown.update(|shown| shown.push(Toast { id, text, failed, undo }));
        self.expire_later(id);
    }

    fn expire_later(self, id: u32) {
        set_timeout(
            move || {
                if self.held.try_get_untracked().unwrap_or(false) {
                    self.expire_later(id);
                } else {
                    self.drop(id);
                }
            },
            STAY,
        );
    }

    fn drop(self, id: u32) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Gives the page its toasts; once, above everything that uses them.
pub fn provide_toasts() -> Toaster {
    let toaster = Toaster { shown: RwSignal::new(Vec::new()), last: StoredValue::new(0), held: RwSignal::new(false) };
    provide_context(toaster);
    toaster
}

/// The page's toasts.
pub fn use_toasts() -> Toaster {
    expect_context()
}

/// The region they appear in; once a page.
#[component]
pub fn Toasts() -> impl IntoView {
    let toaster = use_toasts();
    let ids = move || toaster.shown.with(|shown| shown.iter().map(|toast| toast.id.into()).collect::<Vec<u128>>());
    let row = move |id: u128| {
        let toast = toaster.shown.with_untracked(|shown| shown.iter().find(|toast| u128::from(toast.id) == id).cloned())?;
        let id = toast.id;
        let icon = if toast.failed { icondata::LuCircleAlert } else { icondata::LuCheck };
        let row = view! {
            <li class="toast">
                <Icon icon small=true/>
                <span class="grow">{toast.text}</span>
                {toast
                    .undo
                    .map(|undo| {
                        let back = move |_| {
                            undo.run(());
                            toaster.drop(id);
                        };
                        view! { <Button size=ButtonSize::Small on:click=back>{t(w::KIT_UNDO)}</Button> }
                    })}
                <IconButton icon=icondata::LuX label=t(w::KIT_DISMISS) kind=ButtonKind::Ghost size=ButtonSize::Small on:click=move |_| toaster.drop(id)/>
            </li>
        };
        Some(row)
    };
    view! {
        <section class="toasts" role="status" aria-live="polite" aria-label=t(w::KIT_MESSAGES)>
            <ul
                class="stack g2"
                on:pointerenter=move |_| toaster.held.set(true)
                on:pointerleave=move |_| toaster.held.set(false)
                on:focusin=move |_| toaster.held.set(true)
                on:focusout=move |_| toaster.held.set(false)
            >
                <Each keys=Signal::derive(ids) row=Callback::new(move |id| row(id).into_any())/>
            </ul>
        </section>
    }
    .into_any()
}
