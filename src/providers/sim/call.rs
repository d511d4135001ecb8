//! One call: what it is, where it stands, what was said. The driver (`life`) writes it, REST and sockets read it.

use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, watch};

use super::clock::CallClock;
use super::control::Command;
use super::dice::Dice;
use super::script::Scenario;
use super::world::{Object, World, iso, lock};

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Scheduled,
    Queued,
    Ringing,
    InProgress,
    Forwarding,
    Ended,
}

impl Status {
    /// As the API spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Scheduled => "scheduled",
            Status::Queued => "queued",
            Status::Ringing => "ringing",
            Status::InProgress => "in-progress",
            Status::Forwarding => "forwarding",
            Status::Ended => "ended",
        }
    }
}

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Inbound,
    Outbound,
    Web,
    /// Audio over a WebSocket of ours, both ways.
    Socket,
}

impl Kind {
    /// As the API spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Inbound => "inboundPhoneCall",
            Kind::Outbound => "outboundPhoneCall",
            Kind::Web => "webCall",
            Kind::Socket => "vapi.websocketCall",
        }
    }

    /// True when a phone number and a telephone are involved.
    pub(super) fn is_phone(self) -> bool {
        matches!(self, Kind::Inbound | Kind::Outbound)
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
}

impl Role {
    /// As webhooks spell it; the history says `bot` instead of `assistant`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// A stretch of speech, in call seconds; the recording is made from these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) role: Role,
    pub(super) start: f64,
    pub(super) end: f64,
    /// Decides the sound.
    pub(super) seed: u64,
}

/// A call.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) created_at: DateTime<Utc>,
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) clock: CallClock,
    pub(super) status: watch::Sender<Status>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    /// What the WebSocket transport passes on as text frames.
    pub(super) client_messages: broadcast::Sender<Value>,
    facts: Mutex<Facts>,
}

/// What changes about a call.
#[derive(Clone, Default)]
pub(super) struct Facts {
    pub(super) name: Option<String>,
    pub(super) assistant_id: Option<String>,
    /// The configuration in force: the assistant with its overrides.
    pub(super) assistant: Object,
    /// True once there is an assistant at all.
    pub(super) has_assistant: bool,
    /// The assistant was given with the call, not saved before.
    pub(super) transient: bool,
    pub(super) overrides: Option<Value>,
    pub(super) customer: Option<Value>,
    pub(super) phone_number_id: Option<String>,
    pub(super) phone_number: Option<Object>,
    pub(super) transport: Object,
    pub(super) schedule: Option<Value>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) ended_reason: Option<String>,
    pub(super) destination: Option<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) segments: Vec<Segment>,
    pub(super) transfers: Vec<Value>,
    pub(super) latencies: Vec<Value>,
    pub(super) interruptions: u32,
    /// `artifact`, `analysis`, `costs`, …: what post-processing adds to the call.
    pub(super) outcome: Object,
}

impl Facts {
    /// A setting of the assistant in force, by JSON pointer.
    pub(super) fn setting(&self, pointer: &str) -> Option<&Value> {
        let rest = pointer.strip_prefix('/')?;
        let (key, deeper) = rest.split_once('/').map_or((rest, None), |(key, deeper)| (key, Some(deeper)));
        let value = self.assistant.get(key)?;
        let value = match deeper {
            Some(deeper) => value.pointer(&format!("/{deeper}"))?,
            None => value,
        };
        Some(value).filter(|value| !value.is_null())
    }

    /// A text setting that is not empty.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.setting(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A switch with its default.
    pub(super) fn switch(&self, pointer: &str, default: bool) -> bool {
        self.setting(pointer).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Call seconds from answer to end; zero when it was never answered.
    pub(super) fn duration_s(&self) -> f64 {
        match (self.started_at, self.ended_at) {
            (Some(started), Some(ended)) => (ended - started).num_milliseconds() as f64 / 1000.0,
            _ => 0.0,
        }
    }

    /// The moment of this call second.
    pub(super) fn moment(&self, seconds: f64) -> DateTime<Utc> {
        self.started_at.unwrap_or(self.updated_at) + Duration::milliseconds((seconds * 1000.0).round() as i64)
    }
}

/// What is known of a call when it is made.
pub(super) struct NewCall {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) status: Status,
    pub(super) facts: Facts,
}

impl Call {
    /// A call, and the commands its driver will obey.
    pub(super) fn new(new: NewCall) -> (Call, mpsc::UnboundedReceiver<Command>) {
        let (commands, orders) = mpsc::unbounded_channel();
        let now = Utc::now();
        let call = Call {
            id: new.id,
            kind: new.kind,
            created_at: now,
            scenario: new.scenario,
            dice: new.dice,
            clock: CallClock::default(),
            status: watch::channel(new.status).0,
            commands,
            client_messages: broadcast::channel(256).0,
            facts: Mutex::new(Facts { updated_at: now, ..new.facts }),
        };
        (call, orders)
    }

    /// What changes about the call; hold it briefly.
    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        lock(&self.facts)
    }

    /// Where it stands.
    pub(super) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// The number whose last digits decide what happens.
    pub(super) fn customer_number(&self) -> Option<String> {
        let facts = self.facts();
        Some(facts.customer.as_ref()?.get("number")?.as_str()?.to_owned())
    }

    /// The whole call, as `GET /call/{id}` shows it.
    pub(super) fn to_json(&self, world: &World) -> Value {
        let mut call = self.snapshot(world);
        let facts = self.facts();
        let mut add = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                call.insert(key.to_owned(), value);
            }
        };
        add("startedAt", facts.started_at.map(|time| json!(iso(time))));
        add("endedAt", facts.ended_at.map(|time| json!(iso(time))));
        add("endedReason", facts.ended_reason.as_ref().map(|reason| json!(reason)));
        add("destination", facts.destination.clone());
        add("assistant", (facts.transient).then(|| Value::Object(facts.assistant.clone())));
        add("messages", (!facts.messages.is_empty()).then(|| json!(facts.messages)));
        let presigned = facts.outcome.contains_key("artifact");
        call.extend(facts.outcome.clone());
        drop(facts);
        if presigned && let Some(artifact) = call.get_mut("artifact").and_then(Value::as_object_mut) {
            artifact.extend(super::artifact::presigned(world, self));
        }
        Value::Object(call)
    }

    /// The call as webhooks carry it: what was known when it was made, and where it stands.
    pub(super) fn snapshot(&self, world: &World) -> Object {
        let facts = self.facts();
        let status = self.status();
        let (http, ws) = (world.base_url(), world.socket_url());
        let mut call = Object::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                call.insert(key.to_owned(), value);
            }
        };
        put("id", json!(self.id));
        put("orgId", json!(world.org_id()));
        put("type", json!(self.kind.name()));
        put("status", json!(status.name()));
        put("createdAt", json!(iso(self.created_at)));
        put("updatedAt", json!(iso(facts.updated_at)));
        put("cost", json!(0));
        put("name", json!(facts.name));
        put("assistantId", json!(facts.assistant_id));
        put("assistantOverrides", json!(facts.overrides));
        put("customer", json!(facts.customer));
        put("phoneNumberId", json!(facts.phone_number_id));
        put("schedulePlan", json!(facts.schedule));
        put("transport", Value::Object(facts.transport.clone()));
        if self.kind.is_phone() {
            put("phoneCallProvider", json!("twilio"));
            put("phoneCallTransport", json!("pstn"));
            if status != Status::Scheduled && status != Status::Queued {
                put("phoneCallProviderId", json!(format!("CA{}", self.id.replace('-', ""))));
            }
        }
        if self.kind == Kind::Web {
            let room: String = self.id.replace('-', "").chars().rev().take(20).collect();
            put("webCallUrl", json!(format!("https://vapi.daily.co/{room}")));
        }
        let mut monitor = Object::new();
        if facts.switch("/monitorPlan/listenEnabled", true) {
            monitor.insert("listenUrl".into(), json!(format!("{ws}/live/{}/listen", self.id)));
        }
        if facts.switch("/monitorPlan/controlEnabled", true) {
            monitor.insert("controlUrl".into(), json!(format!("{http}/live/{}/control", self.id)));
        }
        put("monitor", Value::Object(monitor));
        call
    }
}
