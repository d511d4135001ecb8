//! What only a browser can do for calls, in the browser. `no_browser.rs` is the same list for the server, where nothing of it happens.

mod audio;
mod socket;

pub use audio::{close_ear, open_ear};
pub use socket::{close_socket, open_socket, send_to_socket};

use leptos::{prelude::*, web_sys};
use wasm_bindgen::JsCast;

/// What the socket says.
pub enum SocketEvent {
    Opened,
    Text(String),
    /// With the code of the close frame; 1006 when there was none.
    Closed(u16),
}

/// What listening in comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarEvent {
    /// Sound is there.
    Heard,
    /// The provider or the line ended it.
    Ended,
    /// It never began.
    Refused,
}

/// Milliseconds of this device's clock.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// 0 to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// Whether somebody can see the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
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

/// Whether keys typed now belong to a field, a dialog or a menu, so that they are no shortcuts.
pub fn keys_are_taken() -> bool {
    let taken = |element: &web_sys::Element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.closest("[contenteditable],[popover]").ok().flatten().is_some()
    };
    document().active_element().is_some_and(|element| taken(&element)) || document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Whether the space bar would press what has the focus.
pub fn focus_is_on_control() -> bool {
    document().active_element().is_some_and(|element| matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY" | "AUDIO"))
}

/// Whether the keyboard's focus is inside the element that matches.
pub fn has_key_focus(scope: &str) -> bool {
    document().query_selector(&format!("{scope} :focus-visible")).ok().flatten().is_some()
}

/// Presses the element with this id, as a key would.
pub fn press(id: &str) {
    if let Some(element) = html_by_id(id) {
        element.click();
    }
}

/// Presses the button inside the element with this id, as a key would: what wants a confirmation still asks for it.
pub fn press_within(id: &str) {
    let button = document().query_selector(&format!("#{id} button")).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = button.focus();
        button.click();
    }
}

/// Scrolls just so far that the element with this id is seen.
pub fn show(id: &str) {
    if let Some(element) = html_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Puts the focus on the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = html_by_id(id) {
        let _ = element.focus();
    }
}

/// Moves the focus among the elements that match, by one; to the first when none has it.
pub fn focus_step(selector: &str, forward: bool) {
    let Ok(list) = document().query_selector_all(selector) else { return };
    let items: Vec<web_sys::HtmlElement> = (0..list.length()).filter_map(|at| list.get(at)?.dyn_into().ok()).collect();
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|a| a == item.unchecked_ref::<web_sys::Element>()));
    let next = match (at, forward) {
        (None, _) => 0,
        (Some(at), true) => at + 1,
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(item) = items.get(next) {
        let _ = item.focus();
    }
}

/// Whether an element that matches is on the page.
pub fn exists(selector: &str) -> bool {
    document().query_selector(selector).ok().flatten().is_some()
}

/// How far the end of a scrolling element is below what is seen, in pixels.
pub fn distance_to_end(element: &web_sys::Element) -> i32 {
    element.scroll_height() - element.scroll_top() - element.client_height()
}

/// Scrolls an element to its end, once the page is drawn.
pub fn scroll_to_end(element: web_sys::Element) {
    request_animation_frame(move || element.set_scroll_top(element.scroll_height()));
}

/// The recording's player: where it stands, in seconds.
pub fn media_time(element: &web_sys::HtmlAudioElement) -> f64 {
    element.current_time()
}

/// How long the recording is, once known.
pub fn media_length(element: &web_sys::HtmlAudioElement) -> Option<f64> {
    Some(element.duration()).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

/// Goes to a second.
pub fn media_seek(element: &web_sys::HtmlAudioElement, seconds: f64) {
    element.set_current_time(seconds.max(0.0));
}

/// Plays, or pauses.
pub fn media_play(element: &web_sys::HtmlAudioElement, wanted: bool) {
    if wanted {
        // Refused by the browser, or paused before it began: its `pause` event tells.
        if let Ok(began) = element.play() {
            leptos::task::spawn_local(async move { drop(wasm_bindgen_futures::JsFuture::from(began).await) });
        }
    } else {
        let _ = element.pause();
    }
}

/// Whether it is playing.
pub fn media_is_playing(element: &web_sys::HtmlAudioElement) -> bool {
    !element.paused() && !element.ended()
}

/// How fast it plays.
pub fn media_speed(element: &web_sys::HtmlAudioElement, speed: f64) {
    element.set_playback_rate(speed);
}

fn html_by_id(id: &str) -> Option<web_sys::HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn socket_url(path: &str) -> Option<String> {
    let place = window().location();
    let scheme = if place.protocol().ok()? == "https:" { "wss" } else { "ws" };
    Some(format!("{scheme}://{}{path}", place.host().ok()?))
}
