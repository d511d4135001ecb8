//! Sound over WebSockets: listening in to a live call, and the `vapi.websocket` transport that speaks and hears.
//! Frames are 20 ms of call time; a slow client loses sound rather than holding the call up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::audio::{self, Lanes, RATE};
use super::call::{Call, Kind, Role, Status};
use super::control::{self, Command};
use super::refusal::Refusal;
use super::world::World;

/// Seconds of sound per frame.
const FRAME_S: f64 = 0.02;
/// Samples per frame before resampling.
const FRAME: usize = RATE / 50;
/// Louder than this, as the root of the mean square, is speech.
const SPEECH: f64 = 500.0;
/// So much quiet ends a customer's line, in seconds.
const PAUSE_S: f64 = 0.7;
/// Less than this is a click, in seconds.
const WORD_S: f64 = 0.25;

/// How a listener wants the sound; the defaults are those of voice.md 2.5.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Format {
    #[serde(default = "default_rate")]
    rate: usize,
    #[serde(default = "default_channels")]
    channels: usize,
}

fn default_rate() -> usize {
    RATE
}

fn default_channels() -> usize {
    2
}

/// `GET {listenUrl}`.
pub(super) async fn listen(
    State(world): State<World>,
    Path(id): Path<String>,
    Query(format): Query<Format>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let call = control::live_call(&world, &id)?;
    if call.facts().switch("/monitorPlan/listenAuthenticationEnabled", false) {
        control::require_public_key(&world, &headers)?;
    }
    if !call.facts().switch("/monitorPlan/listenEnabled", true) {
        return Err(Refusal::not_found("Listening is not enabled for this call."));
    }
    if !(8_000..=48_000).contains(&format.rate) || !(1..=2).contains(&format.channels) {
        return Err(Refusal::bad_request("rate must be 8000 to 48000, channels 1 or 2"));
    }
    Ok(upgrade.on_upgrade(move |socket| stream(world, call, format, socket)))
}

async fn stream(world: World, call: Arc<Call>, format: Format, mut socket: WebSocket) {
    let start = json!({
        "type": "start", "callId": call.id, "format": "pcm_s16le", "sampleRate": format.rate, "channels": format.channels,
    });
    if socket.send(Message::text(start.to_string())).await.is_err() {
        return;
    }
    let lanes = if format.channels == 2 { Lanes::Stereo } else { Lanes::Mono };
    let mut sound = Sound::new(world.clone(), call.clone(), lanes);
    let stopped = world.stopped();
    loop {
        tokio::select! {
            () = stopped.cancelled() => break,
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            () = sound.tick() => {
                let over = call.status() == Status::Ended;
                for frame in sound.due() {
                    let frame = audio::resampled(&frame, lanes.bytes(), format.rate);
                    if socket.send(Message::binary(frame)).await.is_err() {
                        return;
                    }
                }
                if over {
                    break;
                }
            }
        }
    }
    // The other side may be gone already.
    let _ = socket.send(Message::Close(None)).await;
}

/// Frames of a call as they come due.
struct Sound {
    world: World,
    call: Arc<Call>,
    lanes: Lanes,
    /// The next frame to be given, counted from the answer; unknown before it.
    next: Option<usize>,
}

impl Sound {
    fn new(world: World, call: Arc<Call>, lanes: Lanes) -> Sound {
        Sound { world, call, lanes, next: None }
    }

    async fn tick(&self) {
        let frame = Duration::from_secs_f64(FRAME_S / self.world.speed());
        tokio::time::sleep(frame.clamp(Duration::from_millis(2), Duration::from_millis(500))).await;
    }

    fn due(&mut self) -> Vec<Vec<u8>> {
        if self.call.facts().started_at.is_none() {
            return Vec::new();
        }
        let now = (self.call.clock.seconds() / FRAME_S) as usize;
        let next = self.next.unwrap_or(now);
        // More than two seconds on the wall behind: the client is too slow, go on with what is said now.
        let most = (100.0 * self.world.speed()).max(100.0) as usize;
        let next = next.max(now.saturating_sub(most));
        self.next = Some(now.max(next));
        let segments = self.call.facts().segments.clone();
        let first = segments.iter().rposition(|segment| segment.end < next as f64 * FRAME_S).unwrap_or(0);
        (next..now)
            .map(|frame| {
                let mut pcm = vec![0; FRAME * self.lanes.bytes()];
                audio::render(&segments[first..], frame * FRAME, self.lanes, &mut pcm);
                pcm
            })
            .collect()
    }
}

/// `GET {websocketCallUrl}`: the call itself. The address is the permission.
pub(super) async fn transport(State(world): State<World>, Path(id): Path<String>, upgrade: WebSocketUpgrade) -> Result<Response, Refusal> {
    let call = control::live_call(&world, &id)?;
    if call.kind != Kind::Socket {
        return Err(Refusal::not_found("This call has no WebSocket transport."));
    }
    Ok(upgrade.on_upgrade(move |socket| converse(world, call, socket)))
}

async fn converse(world: World, call: Arc<Call>, mut socket: WebSocket) {
    let wire = Wire::of(&call);
    let mut messages = call.client_messages.subscribe();
    let mut sound = Sound::new(world.clone(), call.clone(), Lanes::Only(Role::Assistant));
    let mut ear = Ear::default();
    let stopped = world.stopped();
    let _ = call.commands.send(Command::Connected);
    let over = loop {
        tokio::select! {
            () = stopped.cancelled() => break true,
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(sound))) => {
                    if let Some(seconds) = ear.hear(&wire.samples(&sound), wire.rate) {
                        let _ = call.commands.send(Command::Heard(seconds));
                    }
                }
                Some(Ok(Message::Text(text))) => obey(&world, &call, &text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break false,
                Some(Ok(_)) => {}
            },
            message = messages.recv() => match message {
                Ok(message) => {
                    let ended = message["type"] == "status-update" && message["status"] == "ended";
                    if socket.send(Message::text(message.to_string())).await.is_err() {
                        break false;
                    }
                    if ended {
                        break true;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break true,
            },
            () = sound.tick() => {
                if let Some(seconds) = ear.quiet() {
                    let _ = call.commands.send(Command::Heard(seconds));
                }
                for frame in sound.due() {
                    if socket.send(Message::binary(wire.encoded(&frame))).await.is_err() {
                        return hung_up(&call);
                    }
                }
                if call.status() == Status::Ended && messages.is_empty() {
                    break true;
                }
            }
        }
    };
    if over {
        let _ = socket.send(Message::Close(None)).await;
    } else {
        hung_up(&call);
    }
}

fn hung_up(call: &Call) {
    let _ = call.commands.send(Command::HungUp);
}

/// A text frame of the client: a control body, with `end-call` meaning that the customer hangs up.
fn obey(world: &World, call: &Call, text: &str) {
    let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) else { return };
    if let Ok(command) = control::command(world, &body) {
        let command = if matches!(command, Command::EndCall) { Command::HungUp } else { command };
        let _ = call.commands.send(command);
    }
}

/// How sound is written on the transport.
struct Wire {
    rate: usize,
    mulaw: bool,
}

impl Wire {
    fn of(call: &Call) -> Wire {
        let facts = call.facts();
        let format = facts.transport.get("audioFormat").cloned().unwrap_or_default();
        let mulaw = format["format"] == "mulaw";
        let rate = format["sampleRate"].as_u64().map_or(if mulaw { 8_000 } else { RATE }, |rate| rate as usize);
        Wire { rate: rate.clamp(8_000, 48_000), mulaw }
    }

    fn encoded(&self, pcm: &[u8]) -> Vec<u8> {
        let pcm = audio::resampled(pcm, 2, self.rate);
        if self.mulaw { audio::to_mulaw(&pcm) } else { pcm }
    }

    fn samples(&self, sound: &[u8]) -> Vec<i16> {
        if self.mulaw {
            sound.iter().map(|byte| audio::from_mulaw(*byte)).collect()
        } else {
            sound.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
        }
    }
}

/// Tells speech from quiet in what the client sends.
#[derive(Default)]
struct Ear {
    speech_s: f64,
    quiet_s: f64,
    last: Option<Instant>,
}

impl Ear {
    /// Takes a frame; returns the seconds of speech of a line that has just ended.
    fn hear(&mut self, samples: &[i16], rate: usize) -> Option<f64> {
        self.last = Some(Instant::now());
        let seconds = samples.len() as f64 / rate as f64;
        let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        if power / samples.len().max(1) as f64 > SPEECH * SPEECH {
            self.speech_s += seconds;
            self.quiet_s = 0.0;
        } else {
            self.quiet_s += seconds;
        }
        if self.quiet_s >= PAUSE_S { self.line() } else { None }
    }

    /// The line that ended because nothing comes any more.
    fn quiet(&mut self) -> Option<f64> {
        self.last.filter(|last| last.elapsed().as_secs_f64() >= PAUSE_S).and_then(|_| self.line())
    }

    fn line(&mut self) -> Option<f64> {
        let speech = std::mem::take(&mut self.speech_s);
        self.quiet_s = 0.0;
        (speech >= WORD_S).then_some(speech)
    }
}
