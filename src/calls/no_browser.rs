//! The server's side of `browser/`: nothing is opened, heard, stored, focused or scrolled.

use leptos::web_sys;

/// What the socket says.
#[expect(dead_code, reason = "made in the browser only")]
pub enum SocketEvent {
    Opened,
    Text(String),
    /// With the code of the close frame; 1006 when there was none.
    Closed(u16),
}

/// What listening in comes to.
#[expect(dead_code, reason = "made in the browser only")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarEvent {
    /// Sound is there.
    Heard,
    /// The provider or the line ended it.
    Ended,
    /// It never began.
    Refused,
}

/// Nothing scrolls.
pub fn show(_id: &str) {}

/// There is no socket.
pub fn open_socket(_path: &str, _on_event: impl Fn(SocketEvent) + 'static) {}

/// There is no socket.
pub fn send_to_socket(_text: &str) {}

/// There is no socket.
pub fn close_socket() {}

/// Nobody listens.
pub fn open_ear(_path: &str, _on_event: impl Fn(EarEvent) + 'static) {}

/// Nobody listens.
pub fn close_ear() {}

/// Not asked here.
pub fn now_ms() -> f64 {
    0.0
}

/// Not asked here.
pub fn random() -> f64 {
    0.5
}

/// Nobody looks.
pub fn is_visible() -> bool {
    false
}

/// Nothing is kept here.
pub fn stored(_key: &str) -> Option<String> {
    None
}

/// Not kept.
pub fn store(_key: &str, _value: &str) {}

/// Nobody types.
pub fn keys_are_taken() -> bool {
    true
}

/// Nothing has the focus.
pub fn focus_is_on_control() -> bool {
    false
}

/// Nothing has the focus.
pub fn has_key_focus(_scope: &str) -> bool {
    false
}

/// Nothing is pressed.
pub fn press(_id: &str) {}

/// Nothing is pressed.
pub fn press_within(_id: &str) {}

/// Nothing has the focus.
pub fn focus(_id: &str) {}

/// Nothing has the focus.
pub fn focus_step(_selector: &str, _forward: bool) {}

/// There is no page.
pub fn exists(_selector: &str) -> bool {
    false
}

/// Nothing scrolls.
pub fn distance_to_end(_element: &web_sys::Element) -> i32 {
    0
}

/// Nothing scrolls.
pub fn scroll_to_end(_element: web_sys::Element) {}

/// Nothing plays.
pub fn media_time(_element: &web_sys::HtmlAudioElement) -> f64 {
    0.0
}

/// Nothing plays.
pub fn media_length(_element: &web_sys::HtmlAudioElement) -> Option<f64> {
    None
}

/// Nothing plays.
pub fn media_seek(_element: &web_sys::HtmlAudioElement, _seconds: f64) {}

/// Nothing plays.
pub fn media_play(_element: &web_sys::HtmlAudioElement, _wanted: bool) {}

/// Nothing plays.
pub fn media_is_playing(_element: &web_sys::HtmlAudioElement) -> bool {
    false
}

/// Nothing plays.
pub fn media_speed(_element: &web_sys::HtmlAudioElement, _speed: f64) {}
