//! The command palette: go somewhere, begin something, or search the calls for what was typed.

use super::{
    browser,
    dialog::{Dialog, DialogShape},
    icon::Icon,
    loaded::{late, rows_skeleton},
    shell::{NavEntry, PaletteAction},
};
use crate::i18n::{t, t_with, words as w};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_navigate;
use std::sync::Arc;

/// Whether the palette is open; a context of the shell.
#[derive(Clone, Copy)]
pub struct PaletteOpen(pub RwSignal<bool>);

#[derive(Clone, PartialEq)]
struct Hit {
    href: String,
    words: String,
    kind: &'static str,
    icon: icondata::Icon,
}

/// The palette itself; once, by the shell.
#[component]
pub fn Palette(entries: Arc<[NavEntry]>, actions: Arc<[PaletteAction]>) -> impl IntoView {
    let PaletteOpen(open) = expect_context();
    view! {
        <Dialog open title=t(w::SHELL_PALETTE) shape=DialogShape::Palette>
            {late(draw_search(open, entries.clone(), actions.clone()), rows_skeleton(6))}
        </Dialog>
    }
    .into_any()
}

lazy! { opened, load_search, draw_search(open: RwSignal<bool>, entries: Arc<[NavEntry]>, actions: Arc<[PaletteAction]>) => {
    view! { <Search open entries actions/> }
} }

/// What stands in the palette while it is open.
#[component]
fn Search(open: RwSignal<bool>, entries: Arc<[NavEntry]>, actions: Arc<[PaletteAction]>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let active = RwSignal::new(0_usize);
    let can_search = entries.iter().any(|e| e.href == "/calls");
    let hits = Memo::new(move |_| query.with(|query| find(query, &entries, &actions, can_search)));
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        // `autofocus` is for a field that is there when the dialog opens.
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let navigate = StoredValue::new(use_navigate());
    let go = move |hit: Hit| {
        open.set(false);
        navigate.with_value(|navigate| navigate(&hit.href, Default::default()));
    };
    let key = move |event: ev::KeyboardEvent| {
        let count = hits.with_untracked(Vec::len);
        let step: usize = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => count.saturating_sub(1),
            "Enter" => {
                event.prevent_default();
                if let Some(hit) = hits.with_untracked(|hits| hits.get(active.get_untracked()).cloned()) {
                    go(hit);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        if count > 0 {
            active.update(|at| *at = (*at + step) % count);
            browser::reveal(&format!("palette-{}", active.get_untracked()));
        }
    };
    view! {
        <div class="group">
            <Icon icon=icondata::LuSearch/>
            <input
                node_ref=input
                class="input"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-autocomplete="list"
                aria-activedescendant=move || (!hits.with(Vec::is_empty)).then(|| format!("palette-{}", active.get()))
                aria-label=t(w::SHELL_SEARCH)
                placeholder=t(w::SHELL_PALETTE_PLACEHOLDER)
                autocomplete="off"
                autofocus
                prop:value=move || query.get()
                on:input=move |event| {
                    query.set(event_target_value(&event));
                    active.set(0);
                }
                on:keydown=key
            />
        </div>
        <div class="menu" id="palette-list" role="listbox" aria-label=t(w::SHELL_PALETTE_RESULTS)>
            {move || {
                hits.get()
                    .into_iter()
                    .enumerate()
                    .map(|(i, hit)| {
                        let chosen = hit.clone();
                        view! {
                            <div
                                id=format!("palette-{i}")
                                role="option"
                                aria-selected=move || if active.get() == i { "true" } else { "false" }
                                data-active=move || (active.get() == i).then_some("")
                                on:click=move |_| go(chosen.clone())
                                on:pointermove=move |_| active.set(i)
                            >
                                <Icon icon=hit.icon/>
                                {hit.words}
                                <span class="hint">{hit.kind}</span>
                            </div>
                        }
                    })
                    .collect_view()
            }}
        </div>
        <p class="palette-none muted" role="status">
            {move || hits.with(Vec::is_empty).then(|| t(w::SHELL_PALETTE_NONE))}
        </p>
        <footer aria-hidden="true">
            <span class="row g1"><kbd>"↑"</kbd><kbd>"↓"</kbd>{t(w::SHELL_PALETTE_MOVE)}</span>
            <span class="row g1"><kbd>"↵"</kbd>{t(w::SHELL_PALETTE_OPEN)}</span>
            <span class="row g1"><kbd>"Esc"</kbd>{t(w::SHELL_PALETTE_CLOSE)}</span>
        </footer>
    }
    .into_any()
}

fn find(query: &str, entries: &[NavEntry], actions: &[PaletteAction], can_search: bool) -> Vec<Hit> {
    let wanted = fold(query);
    let pages =
        entries.iter().map(|e| Hit { href: e.href.to_owned(), words: t(e.label).to_owned(), kind: t(w::SHELL_PALETTE_PAGE), icon: e.icon });
    let actions = actions.iter().map(|a| Hit {
        href: a.href.to_owned(),
        words: t(a.label).to_owned(),
        kind: t(w::SHELL_PALETTE_ACTION),
        icon: a.icon,
    });
    let mut hits: Vec<Hit> = pages.chain(actions).filter(|hit| fold(&hit.words).contains(&wanted)).collect();
    let typed = query.trim();
    if can_search && !typed.is_empty() {
        hits.push(Hit {
            href: format!("/calls?q={}", encode(typed)),
            words: t_with(w::SHELL_PALETTE_CALLS, &[("query", typed)]),
            kind: t(w::SHELL_PALETTE_ACTION),
            icon: icondata::LuSearch,
        });
    }
    hits
}

/// Small letters without accents, so that `equipe` finds `Équipe`.
fn fold(text: &str) -> String {
    text.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

/// A text as the value of a query parameter.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let hex = |n: u8| char::from(b"0123456789ABCDEF"[usize::from(n)]);
            encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_survives_the_address() {
        assert_eq!(encode("+33 6&é"), "%2B33%206%26%C3%A9");
    }

    #[test]
    fn accents_and_capitals_do_not_matter() {
        assert_eq!(fold(" Équipe"), "equipe");
    }
}
