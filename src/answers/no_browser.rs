//! The server's side of `browser.rs`: nobody chooses a file.

use leptos::ev;

/// There is no file.
pub fn read_file(_event: &ev::Event, _done: impl Fn(Result<Vec<u8>, &'static str>) + 'static) {}
