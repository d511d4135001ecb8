//! The one websocket of this tab. Plain `WebSocket`: opening and closing must be known at once, and can be forced.

use super::{SocketEvent, socket_url};
use leptos::web_sys::{Event, MessageEvent, WebSocket};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure};

struct Wire {
    socket: WebSocket,
    // Kept alive with the socket.
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _opened: Closure<dyn FnMut(Event)>,
    _closed: Closure<dyn FnMut(Event)>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

thread_local! {
    static WIRE: RefCell<Option<Wire>> = const { RefCell::new(None) };
}

/// Opens the socket; one that is still there is dropped without a word.
pub fn open_socket(path: &str, on_event: impl Fn(SocketEvent) + 'static) {
    close_socket();
    let on_event = Rc::new(on_event);
    let Some(socket) = socket_url(path).and_then(|url| WebSocket::new(&url).ok()) else { return on_event(SocketEvent::Closed(0)) };
    let heard = {
        let on_event = on_event.clone();
        Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                on_event(SocketEvent::Text(text));
            }
        })
    };
    let opened = {
        let on_event = on_event.clone();
        Closure::<dyn FnMut(_)>::new(move |_: Event| on_event(SocketEvent::Opened))
    };
    let closed = Closure::<dyn FnMut(_)>::new(move |event: Event| {
        let code = js_sys::Reflect::get(&event, &"code".into()).ok().and_then(|code| code.as_f64());
        on_event(SocketEvent::Closed(code.unwrap_or_default() as u16));
    });
    socket.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    WIRE.with_borrow_mut(|wire| *wire = Some(Wire { socket, _heard: heard, _opened: opened, _closed: closed }));
}

/// Says something. What cannot be sent is asked for again on the next connection.
pub fn send_to_socket(text: &str) {
    WIRE.with_borrow(|wire| {
        if let Some(wire) = wire {
            let _ = wire.socket.send_with_str(text);
        }
    });
}

/// Closes the socket without a word.
pub fn close_socket() {
    // Taken out first: dropping it may call back.
    let wire = WIRE.with_borrow_mut(Option::take);
    drop(wire);
}
