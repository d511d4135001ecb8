//! Shortcuts of the whole page, and the dialog that lists them. Those of a single letter can be turned off (WCAG 2.1.4).

use super::{
    browser,
    dialog::Dialog,
    field::Switch,
    loaded::{late, rows_skeleton},
    shell::NavEntry,
};
use crate::i18n::{t, t_with, words as w};
use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;
use std::{sync::Arc, time::Duration};

/// Where a browser remembers that single letters do nothing.
const STORE: &str = "zc_keys";
/// How long `g` waits for its letter.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Whether shortcuts of a single letter are on. Pages with letters of their own (the live board, the player) ask this first.
pub fn single_keys_on() -> bool {
    browser::stored(STORE).as_deref() != Some("off")
}

/// Listens to `Ctrl+K`, `/`, `?` and `g` with a letter, for as long as the shell is there.
pub fn listen_to_keys(entries: Arc<[NavEntry]>, palette: RwSignal<bool>, help: RwSignal<bool>) {
    let navigate = use_navigate();
    Effect::new(move || {
        let waiting = StoredValue::new(false);
        let (entries, navigate) = (entries.clone(), navigate.clone());
        let listener = window_event_listener(ev::keydown, move |event| {
            let key = event.key();
            if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
                event.prevent_default();
                palette.update(|open| *open = !*open);
                return;
            }
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
            if !plain || event.default_prevented() || browser::is_typing() || browser::has_open_dialog() || !single_keys_on() {
                return;
            }
            let follows_g = waiting.try_update_value(|w| std::mem::replace(w, false)).unwrap_or(false);
            if follows_g {
                if let Some(entry) = entries.iter().find(|e| key.chars().eq([e.letter])) {
                    event.prevent_default();
                    navigate(entry.href, Default::default());
                }
                return;
            }
            match key.as_str() {
                "?" => help.set(true),
                "/" => {
                    event.prevent_default();
                    palette.set(true);
                }
                "g" => {
                    waiting.set_value(true);
                    set_timeout(
                        move || {
                            waiting.try_set_value(false);
                        },
                        PATIENCE,
                    );
                }
                _ => {}
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// What the keys do, and the switch for single letters.
#[component]
pub fn KeyHelp(open: RwSignal<bool>, entries: Arc<[NavEntry]>) -> impl IntoView {
    view! { <Dialog open title=t(w::SHELL_KEYS)>{late(draw_key_list(entries.clone()), rows_skeleton(8))}</Dialog> }.into_any()
}

lazy! { opened, load_key_list, draw_key_list(entries: Arc<[NavEntry]>) => view! { <KeyList entries/> } }

#[component]
fn KeyList(entries: Arc<[NavEntry]>) -> impl IntoView {
    let row = |keys: AnyView, words: String| {
        view! { <li class="row"><span class="grow">{words}</span><span class="row g1">{keys}</span></li> }.into_any()
    };
    let on = RwSignal::new(single_keys_on());
    let change = move |wanted: bool| {
        browser::store(STORE, if wanted { "on" } else { "off" });
        on.set(wanted);
    };
    view! {
        <div class="body stack">
            <ul class="list keys">
                {row(view! { <kbd>"Ctrl"</kbd><kbd>"K"</kbd> }.into_any(), t(w::SHELL_KEYS_PALETTE).to_owned())}
                {row(view! { <kbd>"/"</kbd> }.into_any(), t(w::SHELL_KEYS_SEARCH).to_owned())}
                {row(view! { <kbd>"?"</kbd> }.into_any(), t(w::SHELL_KEYS_HELP).to_owned())}
                {row(view! { <kbd>"Esc"</kbd> }.into_any(), t(w::SHELL_KEYS_CLOSE).to_owned())}
                {entries
                    .iter()
                    .map(|e| {
                        let letter = e.letter.to_string();
                        let keys = view! { <kbd>"g"</kbd><span class="faint small">{t(w::SHELL_KEYS_THEN)}</span><kbd>{letter}</kbd> }.into_any();
                        row(keys, t_with(w::SHELL_KEYS_GO, &[("page", t(e.label))]))
                    })
                    .collect_view()}
            </ul>
            <Switch name="single-keys" label=t(w::SHELL_KEYS_SINGLE) hint=t(w::SHELL_KEYS_SINGLE_HINT) checked=on on_change=change/>
        </div>
    }
    .into_any()
}
