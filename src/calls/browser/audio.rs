//! Listening in: the provider's sound, relayed by the server as 16-bit samples, played a tenth of a second behind.

use super::{EarEvent, socket_url};
use leptos::web_sys::{AudioContext, BinaryType, Event, MessageEvent, WebSocket};
use serde::Deserialize;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Sound is begun so long after it came, so that late pieces still fit.
const CUSHION_S: f64 = 0.12;
/// Further behind than this, pieces are left out until the present is reached.
const MOST_BEHIND_S: f64 = 1.0;

#[derive(Clone, Copy, Deserialize)]
struct Format {
    rate: f32,
    channels: u32,
}

struct Ear {
    socket: WebSocket,
    context: AudioContext,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(Event)>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
        let _ = self.context.close();
    }
}

thread_local! {
    static EAR: RefCell<Option<Ear>> = const { RefCell::new(None) };
}

/// Begins to listen; must be called from a click, or the browser stays silent.
pub fn open_ear(path: &str, on_event: impl Fn(EarEvent) + 'static) {
    close_ear();
    let parts = socket_url(path).and_then(|url| Some((WebSocket::new(&url).ok()?, AudioContext::new().ok()?)));
    let Some((socket, context)) = parts else { return on_event(EarEvent::Refused) };
    socket.set_binary_type(BinaryType::Arraybuffer);
    let on_event = Rc::new(on_event);
    let has_sound = Rc::new(Cell::new(false));
    let heard = {
        let (context, on_event, has_sound) = (context.clone(), on_event.clone(), has_sound.clone());
        let (mut format, mut next_s) = (Format { rate: 16_000.0, channels: 2 }, 0.0);
        Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                if let Ok(told) = serde_json::from_str(&text) {
                    format = told;
                }
            } else if let Some(started) = play(&context, format, &event.data(), next_s) {
                next_s = started;
                if !has_sound.replace(true) {
                    on_event(EarEvent::Heard);
                }
            }
        })
    };
    let closed = Closure::<dyn FnMut(_)>::new(move |_: Event| on_event(if has_sound.get() { EarEvent::Ended } else { EarEvent::Refused }));
    socket.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    EAR.with_borrow_mut(|ear| *ear = Some(Ear { socket, context, _heard: heard, _closed: closed }));
}

/// Stops listening.
pub fn close_ear() {
    let ear = EAR.with_borrow_mut(Option::take);
    drop(ear);
}

/// Lines one piece up after the one before; the moment it ends, or the same as before when it was left out.
fn play(context: &AudioContext, format: Format, data: &JsValue, next_s: f64) -> Option<f64> {
    let samples = js_sys::Int16Array::new(data).to_vec();
    let channels = format.channels.clamp(1, 2) as usize;
    let frames = samples.len() / channels;
    let now = context.current_time();
    if frames == 0 || next_s > now + MOST_BEHIND_S {
        return Some(next_s);
    }
    let buffer = context.create_buffer(channels as u32, frames as u32, format.rate).ok()?;
    for channel in 0..channels {
        let mut wave: Vec<f32> = samples.iter().skip(channel).step_by(channels).map(|sample| f32::from(*sample) / 32_768.0).collect();
        wave.truncate(frames);
        buffer.copy_to_channel(&wave, channel as i32).ok()?;
    }
    let source = context.create_buffer_source().ok()?;
    source.set_buffer(Some(&buffer));
    source.connect_with_audio_node(&context.destination()).ok()?;
    let at = if next_s < now { now + CUSHION_S } else { next_s };
    source.start_with_when(at).ok()?;
    Some(at + frames as f64 / f64::from(format.rate))
}
