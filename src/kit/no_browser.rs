//! The server's side of `browser.rs`: nothing is stored, nothing has the focus, nothing is copied.

use leptos::web_sys;

/// A page is being drawn already.
pub fn open_page(_address: &str) {}

/// Nothing is kept here.
pub fn stored(_key: &str) -> Option<String> {
    None
}

/// Not kept.
pub fn store(_key: &str, _value: &str) {}

/// There is no document.
pub fn set_root_attribute(_name: &str, _value: Option<&str>) {}

/// There is no document.
pub fn root_attribute(_name: &str) -> Option<String> {
    None
}

/// Cookies of the server go with the answer.
pub fn set_cookie(_name: &str, _value: &str) {}

/// Unknown here.
pub fn is_dark() -> bool {
    false
}

/// There is no clipboard.
pub fn copy_text(_text: String, _done: impl Fn(bool) + 'static) {}

/// There is no popover.
pub fn hide_popover(_id: &str) {}

/// Nobody types.
pub fn is_typing() -> bool {
    false
}

/// No dialog is open.
pub fn has_open_dialog() -> bool {
    false
}

/// Nothing has the focus.
pub fn move_focus(_scope: &web_sys::Element, _selector: &str, _step: FocusStep) {}

/// Which neighbour gets the focus.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FocusStep {
    First,
    Last,
    Next,
    Previous,
}

/// Nothing scrolls.
pub fn reveal(_id: &str) {}

/// Nobody chooses a file.
pub fn chosen_text(_event: &web_sys::Event, _done: impl FnOnce(String) + 'static) {}
