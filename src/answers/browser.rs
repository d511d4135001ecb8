//! What only a browser can do: reading the file somebody chose.

use leptos::{ev, prelude::*, task::spawn_local, web_sys::HtmlInputElement};
use wasm_bindgen_futures::JsFuture;

/// The longest file that is read, in bytes; the server's own limit.
const LONGEST: f64 = 4.0 * 1024.0 * 1024.0;

/// Reads the file that an input was given, then says what is in it, or the key of what is wrong with it.
pub fn read_file(event: &ev::Event, done: impl Fn(Result<Vec<u8>, &'static str>) + 'static) {
    let input: HtmlInputElement = event_target(event);
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    if file.size() > LONGEST {
        return done(Err("answer.text_too_long"));
    }
    spawn_local(async move {
        let read = JsFuture::from(file.array_buffer()).await;
        done(read.map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec()).map_err(|_| "answer.not_text"));
    });
}
