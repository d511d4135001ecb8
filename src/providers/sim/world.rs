//! Everything the simulator remembers: resources, calls, faults, the log of webhooks. One value, shared by all tasks.
//! Locks are held for a lookup or a copy, never across an await.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::SimOptions;
use super::auth::Token;
use super::call::Call;
use super::chat::Desk;
use super::dns::Zone;
use super::google::Visits;
use super::mail::Mailbox;
use super::talk::Chats;
use super::twilio::Exchange;

/// A JSON object, as resources are kept.
pub(super) type Object = Map<String, Value>;

/// How many calls that have ended are remembered.
const CALLS_KEPT: usize = 20_000;
/// How many webhooks the log remembers.
const WEBHOOKS_KEPT: usize = 100_000;

/// The shared state; a clone is a handle.
#[derive(Clone)]
pub(super) struct World(Arc<Shared>);

struct Shared {
    options: SimOptions,
    base_url: String,
    org_id: String,
    signing_key: [u8; 32],
    http: reqwest::Client,
    speed: watch::Sender<f64>,
    changes: watch::Sender<u64>,
    stopped: CancellationToken,
    mailbox: Mailbox,
    zone: Zone,
    assistants: Mutex<Shelf>,
    numbers: Mutex<Shelf>,
    credentials: Mutex<HashMap<String, Value>>,
    tokens: Mutex<HashMap<String, Token>>,
    calls: Mutex<Calls>,
    chats: Mutex<Chats>,
    faults: Mutex<Faults>,
    desk: Mutex<Desk>,
    exchange: Mutex<Exchange>,
    visits: Mutex<Visits>,
    throttled: Mutex<HashMap<String, Instant>>,
    log: Mutex<VecDeque<Sent>>,
}

impl World {
    /// An empty world served at this address.
    pub(super) fn new(options: SimOptions, addr: SocketAddr) -> anyhow::Result<World> {
        let ip = match addr.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent("Vapi/1.0 (simulator)")
            .build()
            .context("building the client that sends webhooks")?;
        let (speed, _) = watch::channel(options.speed);
        Ok(World(Arc::new(Shared {
            base_url: format!("http://{}", SocketAddr::new(ip, addr.port())),
            org_id: Uuid::from_u64_pair(options.seed, 0x7a65_6e63_616c_6c00).to_string(),
            signing_key: rand::random(),
            http,
            speed,
            changes: watch::channel(0).0,
            stopped: CancellationToken::new(),
            mailbox: Mailbox::default(),
            zone: Zone::default(),
            assistants: Mutex::default(),
            numbers: Mutex::default(),
            credentials: Mutex::default(),
            tokens: Mutex::default(),
            calls: Mutex::default(),
            chats: Mutex::default(),
            faults: Mutex::default(),
            desk: Mutex::default(),
            exchange: Mutex::default(),
            visits: Mutex::default(),
            throttled: Mutex::default(),
            log: Mutex::default(),
            options,
        })))
    }

    /// How the simulator was started.
    pub(super) fn options(&self) -> &SimOptions {
        &self.0.options
    }

    /// `http://host:port`.
    pub(super) fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// `ws://host:port`.
    pub(super) fn socket_url(&self) -> String {
        self.0.base_url.replacen("http", "ws", 1)
    }

    /// The one organisation of Vapi that all resources belong to.
    pub(super) fn org_id(&self) -> &str {
        &self.0.org_id
    }

    /// The key presigned addresses are signed with; new at each start.
    pub(super) fn signing_key(&self) -> &[u8] {
        &self.0.signing_key
    }

    /// The client that sends webhooks.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Cancelled when the simulator stops.
    pub(super) fn stopped(&self) -> CancellationToken {
        self.0.stopped.clone()
    }

    /// The letters received.
    pub(super) fn mailbox(&self) -> Mailbox {
        self.0.mailbox.clone()
    }

    /// What DNS says.
    pub(super) fn zone(&self) -> Zone {
        self.0.zone.clone()
    }

    /// Call seconds per second on the wall, now.
    pub(super) fn speed(&self) -> f64 {
        *self.0.speed.borrow()
    }

    /// Follows changes of the speed.
    pub(super) fn speed_changes(&self) -> watch::Receiver<f64> {
        self.0.speed.subscribe()
    }

    /// Changes the speed for calls in progress too.
    pub(super) fn set_speed(&self, speed: f64) {
        self.0.speed.send_replace(speed);
    }

    /// Follows changes of assistants, numbers and credentials.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Says that assistants, numbers or credentials changed.
    pub(super) fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Sleeps for so many call seconds at the speed of the moment it begins.
    pub(super) async fn pause(&self, call_seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(call_seconds.max(0.0) / self.speed())).await;
    }

    /// The saved assistants.
    pub(super) fn assistants(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.0.assistants)
    }

    /// The phone numbers.
    pub(super) fn numbers(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.0.numbers)
    }

    /// The custom credentials by id.
    pub(super) fn credentials(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        lock(&self.0.credentials)
    }

    /// The OAuth tokens by credential id.
    pub(super) fn tokens(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        lock(&self.0.tokens)
    }

    /// The calls.
    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        lock(&self.0.calls)
    }

    /// What was said in chats.
    pub(super) fn chats(&self) -> MutexGuard<'_, Chats> {
        lock(&self.0.chats)
    }

    /// The faults that are switched on.
    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
    }

    /// How the language model is, and what it was asked.
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.0.desk)
    }

    /// What the twin of Twilio remembers.
    pub(super) fn exchange(&self) -> MutexGuard<'_, Exchange> {
        lock(&self.0.exchange)
    }

    /// Who is on the way back from the twin of Google's sign-in.
    pub(super) fn visits(&self) -> MutexGuard<'_, Visits> {
        lock(&self.0.visits)
    }

    /// Numbers that were answered 429, and when.
    pub(super) fn throttled(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        lock(&self.0.throttled)
    }

    /// Notes one attempt to deliver a webhook.
    pub(super) fn note(&self, sent: Sent) {
        let mut log = lock(&self.0.log);
        if log.len() >= WEBHOOKS_KEPT {
            log.pop_front();
        }
        log.push_back(sent);
    }

    /// The attempts so far, oldest first, of one call or of all.
    pub(super) fn sent(&self, call_id: Option<&str>) -> Vec<Sent> {
        let log = lock(&self.0.log);
        log.iter().filter(|sent| call_id.is_none_or(|id| sent.call_id == id)).cloned().collect()
    }
}

/// A mutex whose holder panicked still guards usable data here: every write is one assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time as the API writes it: ISO 8601 with milliseconds and `Z`.
pub(super) fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A new id; time-ordered, as those of the real service look today.
pub(super) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// Resources of one kind, by id, in the order they were made.
#[derive(Default)]
pub(super) struct Shelf {
    rows: HashMap<String, Object>,
    order: Vec<String>,
}

impl Shelf {
    /// Keeps a new resource under its `id`.
    pub(super) fn put(&mut self, id: &str, row: Object) {
        if self.rows.insert(id.to_owned(), row).is_none() {
            self.order.push(id.to_owned());
        }
    }

    /// One resource.
    pub(super) fn get(&self, id: &str) -> Option<&Object> {
        self.rows.get(id)
    }

    /// One resource, to be changed.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Object> {
        self.rows.get_mut(id)
    }

    /// Forgets one resource and returns it.
    pub(super) fn remove(&mut self, id: &str) -> Option<Object> {
        let row = self.rows.remove(id)?;
        self.order.retain(|kept| kept != id);
        Some(row)
    }

    /// All resources, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Object> {
        self.order.iter().rev().filter_map(|id| self.rows.get(id))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The calls, in the order they were made.
#[derive(Default)]
pub(super) struct Calls {
    rows: HashMap<String, Arc<Call>>,
    order: VecDeque<String>,
    live: HashSet<String>,
    made: u64,
}

impl Calls {
    /// Remembers a new call; the oldest that have ended make room.
    pub(super) fn put(&mut self, call: Arc<Call>) {
        self.made += 1;
        self.live.insert(call.id.clone());
        self.order.push_back(call.id.clone());
        self.rows.insert(call.id.clone(), call);
        while self.order.len() > CALLS_KEPT {
            let Some(oldest) = self.order.pop_front() else { break };
            if self.live.contains(&oldest) {
                self.order.push_back(oldest);
                break;
            }
            self.rows.remove(&oldest);
        }
    }

    /// One call.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Call>> {
        self.rows.get(id).cloned()
    }

    /// Forgets one call.
    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Call>> {
        self.live.remove(id);
        self.order.retain(|kept| kept != id);
        self.rows.remove(id)
    }

    /// A call that ended takes no slot any more.
    pub(super) fn mark_ended(&mut self, id: &str) {
        self.live.remove(id);
    }

    /// How many have not ended.
    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    /// How many were ever made; the next one's turn in a deterministic choice.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All calls, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Call>> {
        self.order.iter().rev().filter_map(|id| self.rows.get(id))
    }
}

/// Faults that tests and rehearsals switch on; they last until `DELETE /_sim/faults`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Faults {
    /// Every REST answer is 503.
    pub(super) api_down: bool,
    /// Every REST answer is 429 with this `Retry-After`, in seconds.
    pub(super) rate_limited_s: Option<u64>,
    /// Every REST answer is late by so many milliseconds on the wall.
    pub(super) slow_ms: u64,
    /// Only the next so many REST requests meet the faults above; absent means all.
    pub(super) times: Option<u32>,
    /// How many calls may be live at once.
    pub(super) concurrency_limit: Option<usize>,
    /// How long presigned addresses live, in seconds.
    pub(super) presigned_ttl_s: Option<i64>,
    /// The next so many requests for a recording find none yet, although the report has named it.
    pub(super) late_recordings: u32,
    /// What happens to webhooks.
    pub(super) webhooks: WebhookFaults,
}

/// What happens to all webhooks on top of what the number of the call asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct WebhookFaults {
    /// Each is delivered twice.
    pub(super) duplicate: bool,
    /// They come out of order.
    pub(super) reorder: bool,
    /// Each is late by so many milliseconds on the wall.
    pub(super) delay_ms: u64,
    /// Each is first delivered with a wrong signature.
    pub(super) bad_signature_first: bool,
    /// These types are never sent.
    pub(super) drop: Vec<String>,
}

/// One attempt to deliver a webhook, as `GET /_sim/webhooks` lists it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) call_id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// `status`, `role` and `transcriptType` of the message, where it has them.
    #[serde(flatten)]
    pub(super) label: Object,
    pub(super) url: String,
    /// Counts from 1; above 1 only with a backoff plan.
    pub(super) attempt: u32,
    /// Sent with a wrong signature on purpose.
    pub(super) bad_signature: bool,
    /// What the receiver answered; absent when it did not.
    pub(super) status_code: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) bytes: usize,
    pub(super) sent_at: String,
    pub(super) took_ms: u64,
}
