//! Tabs: within a page after the ARIA practice, between pages as links.

use super::browser::{self, FocusStep};
use leptos::{ev, html, prelude::*};

/// Tabs of one page. The panel is the caller's: `<TabPanel id="summary" selected>…`.
#[component]
pub fn Tabs(
    #[prop(into)] label: String,
    /// Pairs of id and words.
    tabs: Vec<(&'static str, String)>,
    /// The id of the one that is open.
    selected: RwSignal<&'static str>,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let key = move |event: ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" => FocusStep::Next,
            "ArrowLeft" => FocusStep::Previous,
            "Home" => FocusStep::First,
            "End" => FocusStep::Last,
            _ => return,
        };
        event.prevent_default();
        if let Some(list) = list.get() {
            browser::move_focus(&list, "[role=tab]", step);
        }
    };
    let items = tabs
        .into_iter()
        .map(|(id, words)| {
            let is_open = move || selected.get() == id;
            view! {
                <button
                    type="button"
                    role="tab"
                    id=format!("tab-{id}")
                    aria-controls=format!("panel-{id}")
                    aria-selected=move || if is_open() { "true" } else { "false" }
                    tabindex=move || if is_open() { "0" } else { "-1" }
                    on:click=move |_| selected.set(id)
                    on:focus=move |_| selected.set(id)
                >
                    {words}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label=label node_ref=list on:keydown=key>{items}</div> }.into_any()
}

/// What a tab shows; hidden, not removed, while another is open.
#[component]
pub fn TabPanel(id: &'static str, selected: RwSignal<&'static str>, children: Children) -> impl IntoView {
    view! {
        <div role="tabpanel" id=format!("panel-{id}") aria-labelledby=format!("tab-{id}") hidden=move || selected.get() != id>
            {children()}
        </div>
    }
    .into_any()
}

/// Tabs that are pages: triples of address, words and whether it is this page.
#[component]
pub fn LinkTabs(#[prop(into)] label: String, tabs: Vec<(String, String, bool)>) -> impl IntoView {
    let items =
        tabs.into_iter().map(|(href, words, here)| view! { <a href=href aria-current=here.then_some("page")>{words}</a> }).collect_view();
    view! { <nav class="tabs" aria-label=label>{items}</nav> }.into_any()
}
