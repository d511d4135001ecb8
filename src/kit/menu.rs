//! Menus: native popovers, so they open before wasm has arrived; arrows and Home/End move once it has.

use super::browser::{self, FocusStep};
use leptos::{ev, html, prelude::*};

/// What the focus moves over.
const ITEMS: &str = "[role^=menuitem]";

/// A menu. Opened by `<button popovertarget=id aria-haspopup="menu">`; children carry `role="menuitem"`.
#[component]
pub fn Menu(
    /// Of the popover; one a page.
    id: &'static str,
    #[prop(into)] label: String,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let key = move |event: ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => FocusStep::Next,
            "ArrowUp" => FocusStep::Previous,
            "Home" => FocusStep::First,
            "End" => FocusStep::Last,
            _ => return,
        };
        event.prevent_default();
        if let Some(menu) = node.get() {
            browser::move_focus(&menu, ITEMS, step);
        }
    };
    let opened = move |_| {
        if let Some(menu) = node.get().filter(|menu| menu.matches(":popover-open").unwrap_or(false)) {
            browser::move_focus(&menu, ITEMS, FocusStep::First);
        }
    };
    view! {
        <div id=id popover class="menu" role="menu" aria-label=label node_ref=node on:keydown=key on:toggle=opened on:click=move |_| browser::hide_popover(id)>
            {children()}
        </div>
    }
    .into_any()
}
