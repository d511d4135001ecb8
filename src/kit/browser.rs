//! What only a browser can do, in the browser. `no_browser.rs` is the same list for the server, where nothing of it happens.

use leptos::{prelude::*, web_sys};
use wasm_bindgen::JsCast;

/// Asks the server for a page, in the place of this one.
pub fn open_page(address: &str) {
    let _ = location().set_href(address);
}

/// A value kept in this browser.
pub fn stored(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps a value in this browser; silently not, where storage is refused.
pub fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Sets an attribute of `<html>`, or removes it.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// An attribute of `<html>`.
pub fn root_attribute(name: &str) -> Option<String> {
    document().document_element()?.get_attribute(name)
}

/// Keeps a preference for a year, as `/prefs` does.
pub fn set_cookie(name: &str, value: &str) {
    let secure = if location().protocol().is_ok_and(|p| p == "https:") { "; secure" } else { "" };
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={value}; path=/; max-age=31536000; samesite=lax{secure}"));
    }
}

/// Whether the page is dark now, whatever made it so.
pub fn is_dark() -> bool {
    match root_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    }
}

/// Copies a text, then says whether it worked.
pub fn copy_text(text: String, done: impl Fn(bool) + 'static) {
    leptos::task::spawn_local(async move {
        let promise = window().navigator().clipboard().write_text(&text);
        done(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok());
    });
}

/// Closes the popover with this id.
pub fn hide_popover(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        call(&element, "hidePopover");
    }
}

/// Whether keys typed at the focus belong to a field, so that they are no shortcuts.
pub fn is_typing() -> bool {
    let Some(element) = document().active_element() else { return false };
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || element.closest("[contenteditable],dialog[open]").ok().flatten().is_some()
}

/// Whether a dialog is open above the page.
pub fn has_open_dialog() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Puts the focus on the `step`-th neighbour among the elements of `scope` that match; wraps around.
pub fn move_focus(scope: &web_sys::Element, selector: &str, step: FocusStep) {
    let Ok(list) = scope.query_selector_all(selector) else { return };
    let items: Vec<web_sys::HtmlElement> = (0..list.length())
        .filter_map(|i| list.get(i)?.dyn_into().ok())
        .filter(|e: &web_sys::HtmlElement| e.offset_parent().is_some())
        .collect();
    if items.is_empty() {
        return;
    }
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|a| a == item.unchecked_ref::<web_sys::Element>()));
    let last = items.len() - 1;
    let next = match (step, at) {
        (FocusStep::First, _) => 0,
        (FocusStep::Last, _) => last,
        (FocusStep::Next, Some(i)) if i < last => i + 1,
        (FocusStep::Next, _) => 0,
        (FocusStep::Previous, Some(i)) if i > 0 => i - 1,
        (FocusStep::Previous, _) => last,
    };
    let _ = items[next].focus();
}

/// Which neighbour gets the focus.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FocusStep {
    First,
    Last,
    Next,
    Previous,
}

/// Scrolls just so far that the element with this id is seen.
pub fn reveal(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn call(element: &web_sys::Element, method: &str) {
    if let Ok(function) = js_sys::Reflect::get(element, &method.into())
        && let Some(function) = function.dyn_ref::<js_sys::Function>()
    {
        let _ = function.call0(element);
    }
}

/// The text of the file that a file field was just given; nothing happens when it cannot be read.
pub fn chosen_text(event: &web_sys::Event, done: impl FnOnce(String) + 'static) {
    let get = |of: &wasm_bindgen::JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).ok();
    let file = event.target().and_then(|field| get(&field, "files")).and_then(|files| get(&files, "0")).filter(|file| file.is_object());
    let Some(file) = file else { return };
    // `text` of a Blob; by name, so that no binding of files is compiled in.
    let promise = get(&file, "text").and_then(|text| text.dyn_ref::<js_sys::Function>()?.call0(&file).ok());
    let Some(promise) = promise.and_then(|promise| promise.dyn_into::<js_sys::Promise>().ok()) else { return };
    leptos::task::spawn_local(async move {
        if let Some(text) = wasm_bindgen_futures::JsFuture::from(promise).await.ok().and_then(|text| text.as_string()) {
            done(text);
        }
    });
}
