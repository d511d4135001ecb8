//! The life of a call from queue to report: one driver task per call, the only writer of its state.
//! It waits in call seconds, obeys the control address while it waits, and says each thing once, to the post room.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::call::{Call, Kind, Role, Status};
use super::control::Command;
use super::dice::Dice;
use super::report;
use super::script::{Ends, Language, Outcome, Turn};
use super::webhook::{PostRoom, Target};
use super::world::{Object, World, iso};

/// What a provider's failure in mid-call looks like. Source: Vapi's list of ended reasons.
const PROVIDER_ERROR: &str = "call.in-progress.error-providerfault-openai-500-server-error";
/// A reason that no list has, for number 22.
const UNHEARD_OF: &str = "call.in-progress.assistant-reached-goal";
/// The types that a server gets which subscribes to nothing in particular. Source: voice.md 1.3.
const DEFAULT_MESSAGES: &[&str] = &[
    "conversation-update",
    "end-of-call-report",
    "function-call",
    "hang",
    "speech-update",
    "status-update",
    "tool-calls",
    "transfer-destination-request",
    "handoff-destination-request",
    "user-interrupted",
    "assistant.started",
];

/// Why a call is over.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// For this `endedReason`.
    Because(&'static str),
    /// It is passed on to this destination.
    Transfer(Value),
    /// It is over, and nobody is told.
    Unheard,
    /// The simulator stopped.
    Stopped,
}

/// Goes on, or is over.
pub(super) type Flow = Result<(), Ending>;

/// Who drives a call.
pub(super) struct Driver {
    pub(super) world: World,
    pub(super) call: Arc<Call>,
    pub(super) orders: mpsc::UnboundedReceiver<Command>,
    pub(super) dice: Dice,
    pub(super) post: PostRoom,
    /// Call seconds; before the answer, seconds since the call was made.
    pub(super) now: f64,
    /// Commands that need a moment in which nobody speaks.
    pub(super) pending: VecDeque<Command>,
    pub(super) assistant_muted: bool,
    pub(super) customer_muted: bool,
    /// The assistant is to fall silent in the middle of its line.
    pub(super) cut: bool,
    /// What the last tool gave the assistant to say in place of its own next line: an answer, or that it does not know.
    pub(super) given: Option<Given>,
    /// Seconds of speech heard on the WebSocket transport and not yet taken for a line.
    pub(super) heard: Option<f64>,
    pub(super) language: Language,
    pub(super) speech_turn: u32,
    /// The conversation came to its end; otherwise it was broken off.
    pub(super) completed: bool,
    connected: bool,
    speed_changes: watch::Receiver<f64>,
    deadlines: Vec<(f64, Ending)>,
    silent: bool,
    emitted: u64,
}

/// What a tool that answers questions found.
pub(super) enum Given {
    Answer(String),
    Nothing,
}

/// Starts driving a call.
pub(super) fn start(world: &World, call: Arc<Call>, orders: mpsc::UnboundedReceiver<Command>) {
    let mut dice = call.dice.clone();
    let post = PostRoom::open(world.clone(), call.id.clone(), call.scenario.delivery, Dice::of(dice.next(), &["post"]));
    let driver = Driver {
        speed_changes: world.speed_changes(),
        language: call.scenario.script.language,
        world: world.clone(),
        call,
        orders,
        dice,
        post,
        now: 0.0,
        pending: VecDeque::new(),
        assistant_muted: false,
        customer_muted: false,
        cut: false,
        given: None,
        heard: None,
        speech_turn: 0,
        completed: false,
        connected: false,
        deadlines: Vec::new(),
        silent: false,
        emitted: 0,
    };
    tokio::spawn(driver.run());
}

impl Driver {
    async fn run(mut self) {
        let ending = match self.live().await {
            Ok(()) => Ending::Because("customer-ended-call"),
            Err(ending) => ending,
        };
        self.finish(ending).await;
    }

    async fn live(&mut self) -> Flow {
        self.until_scheduled().await?;
        if self.call.kind != Kind::Inbound {
            self.status(Status::Queued, json!({}));
        }
        if self.outcome() == Outcome::Blocked {
            return Err(Ending::Because("call.start.error-subscription-concurrency-limit-reached"));
        }
        if self.call.kind == Kind::Socket {
            self.until_connected().await?;
        } else {
            self.ring().await?;
        }
        self.answer();
        match self.outcome() {
            Outcome::Voicemail => self.voicemail().await,
            _ => self.converse().await,
        }
    }

    async fn until_scheduled(&mut self) -> Flow {
        if self.call.status() != Status::Scheduled {
            return Ok(());
        }
        let earliest = self.call.facts().schedule.as_ref().and_then(|plan| super::validate::moment(plan.get("earliestAt")?.as_str()?));
        let ahead = earliest.map_or(0.0, |at| (at - Utc::now()).num_milliseconds() as f64 / 1000.0);
        self.wait(ahead.max(0.0)).await
    }

    async fn until_connected(&mut self) -> Flow {
        self.wait_unless(15.0, |driver| driver.connected).await?;
        if self.connected { Ok(()) } else { Err(Ending::Because("call.in-progress.error-assistant-did-not-receive-customer-audio")) }
    }

    async fn ring(&mut self) -> Flow {
        let before = self.dice.between(0.5, 2.0);
        self.wait(if self.call.kind == Kind::Inbound { 0.1 } else { before }).await?;
        if !self.call.facts().has_assistant {
            self.request_assistant().await?;
        }
        self.status(Status::Ringing, json!({}));
        let rings = self.dice.between(2.0, 8.0);
        match self.outcome() {
            Outcome::Busy => {
                self.wait(rings / 2.0).await?;
                Err(Ending::Because("customer-busy"))
            }
            Outcome::NoAnswer => {
                self.wait(25.0).await?;
                Err(Ending::Because("customer-did-not-answer"))
            }
            _ if self.call.kind == Kind::Inbound => self.wait(rings / 3.0).await,
            _ => self.wait(rings).await,
        }
    }

    fn answer(&mut self) {
        self.now = 0.0;
        self.call.clock.stand_at(0.0);
        let most = {
            let mut facts = self.call.facts();
            facts.started_at = Some(Utc::now());
            if let Some(prompt) = facts.setting("/model/messages/0/content").and_then(Value::as_str) {
                let time = facts.moment(0.0).timestamp_millis();
                let system = json!({"role": "system", "message": prompt, "time": time, "endTime": time, "secondsFromStart": 0});
                facts.messages.push(system);
            }
            facts.setting("/maxDurationSeconds").and_then(Value::as_f64).unwrap_or(600.0)
        };
        self.deadlines.push((most, Ending::Because("exceeded-max-duration")));
        match self.outcome() {
            Outcome::HangsUp(at) => self.deadlines.push((at, Ending::Because("customer-ended-call"))),
            Outcome::ProviderError(at) => self.deadlines.push((at, Ending::Because(PROVIDER_ERROR))),
            Outcome::GoesSilent(at) => self.deadlines.push((at, Ending::Unheard)),
            _ => {}
        }
        self.status(Status::InProgress, json!({}));
        let assistant = self.shown_assistant();
        self.emit("assistant.started", json!({"newAssistant": assistant}));
    }

    async fn voicemail(&mut self) -> Flow {
        for turn in &self.call.scenario.script.turns {
            if let Turn::User(text) = turn {
                self.wait(0.6).await?;
                self.speak(Role::User, text).await?;
            }
        }
        self.wait(1.2).await?;
        let words = self.call.facts().text("/voicemailMessage").map(str::to_owned);
        if let Some(words) = words {
            let words = self.fill_in(&words);
            self.speak(Role::Assistant, &words).await?;
        }
        self.completed = true;
        Err(Ending::Because("voicemail"))
    }

    async fn converse(&mut self) -> Flow {
        let script = self.call.scenario.script;
        self.first_message().await?;
        let mut turns: VecDeque<&Turn> = script.turns.iter().collect();
        let mut fillers = script.filler.iter().cycle().enumerate();
        let mut answered = true;
        while let Some(turn) = turns.pop_front() {
            let next_is_user = matches!(turns.front(), Some(Turn::User(_)));
            match turn {
                Turn::User(text) => self.user_turn(text).await?,
                Turn::Assistant(text) => self.assistant_turn(text, next_is_user).await?,
                Turn::Language(tag) => {
                    self.language = Language::of_tag(tag);
                    self.emit("language-change-detected", json!({"language": tag}));
                }
                Turn::Transfer(words) => self.transfer_turn(words).await?,
                Turn::Tool(step) => {
                    if !self.tool_turn(step).await? {
                        return self.close_after_failure(step).await;
                    }
                    if let Some(given) = self.given.take() {
                        let words = match given {
                            Given::Answer(words) => words,
                            Given::Nothing => step.failed.clone(),
                        };
                        // The script's own line would say something else.
                        if matches!(turns.front(), Some(Turn::Assistant(_))) {
                            turns.pop_front();
                        }
                        let next_is_user = matches!(turns.front(), Some(Turn::User(_)));
                        self.assistant_turn(&words, next_is_user).await?;
                    }
                }
                Turn::Filler(until) => {
                    // A question is followed by its answer even when the time is up.
                    if (self.now < *until || !answered)
                        && let Some((place, filler)) = fillers.next()
                    {
                        answered = place % 2 == 1;
                        turns.push_front(turn);
                        turns.push_front(filler);
                    }
                }
            }
        }
        self.gap(0.8).await?;
        self.completed = true;
        match script.ends {
            Ends::Customer => Err(Ending::Because("customer-ended-call")),
            Ends::Assistant => self.assistant_ends().await,
        }
    }

    /// Tells the end, does the paperwork, sends the report.
    async fn finish(mut self, ending: Ending) {
        let reason = match ending {
            Ending::Stopped => return,
            Ending::Unheard => {
                self.silent = true;
                "customer-ended-call"
            }
            Ending::Because(_) if self.outcome() == Outcome::Everything => UNHEARD_OF,
            Ending::Because(reason) => reason,
            Ending::Transfer(destination) => self.forward(destination).await,
        };
        self.call.clock.stand_at(self.now);
        {
            let mut facts = self.call.facts();
            facts.ended_at = Some(if facts.started_at.is_some() { facts.moment(self.now) } else { Utc::now() });
            facts.ended_reason = Some(reason.to_owned());
        }
        self.world.calls().mark_ended(&self.call.id);
        self.status(Status::Ended, json!({"endedReason": reason}));

        let paperwork = self.dice.between(1.0, 6.0);
        tokio::select! {
            () = self.world.pause(paperwork) => {}
            () = self.world.stopped().cancelled_owned() => return,
        }
        let outcome = report::outcome(&self.world, &self.call, self.language, self.completed);
        {
            let mut facts = self.call.facts();
            facts.outcome = outcome;
            facts.updated_at = Utc::now();
        }
        // Sources disagree whether a call that nobody answered gets a report, so both happen here.
        if self.outcome() != Outcome::NoAnswer {
            let report = report::message(&self.world, &self.call);
            self.emit("end-of-call-report", Value::Object(report));
        }
    }

    /// Passes the call on and returns the reason it ended for. What follows on the other line is not told by webhooks.
    async fn forward(&mut self, destination: Value) -> &'static str {
        self.deadlines.clear();
        self.emit("transfer-update", json!({"destination": destination}));
        let (messages, transcript) = {
            let mut facts = self.call.facts();
            facts.destination = Some(destination.clone());
            (json!(facts.messages), report::transcript(&facts))
        };
        let summary = report::summary(&self.call, self.language, false);
        let status = json!({"destination": destination, "messages": messages, "transcript": transcript, "summary": summary});
        self.status(Status::Forwarding, status);
        let seconds = self.dice.between(2.0, 4.0);
        let outcome = match self.wait(seconds).await {
            Ok(()) => "connected",
            Err(_) => "cancelled",
        };
        let transfer = json!({"destination": destination, "status": outcome, "timestamp": Utc::now().timestamp_millis()});
        self.call.facts().transfers.push(transfer);
        if self.call.facts().has_assistant { "assistant-forwarded-call" } else { "assistant-request-returned-forwarding-phone-number" }
    }

    /// Moves the call on and says so.
    pub(super) fn status(&mut self, status: Status, extra: Value) {
        self.call.facts().updated_at = Utc::now();
        self.call.status.send_replace(status);
        let mut message = Object::new();
        message.insert("status".into(), json!(status.name()));
        if let Value::Object(extra) = extra {
            message.extend(extra);
        }
        self.emit("status-update", Value::Object(message));
    }

    /// Sends a message to the server of the call, if it subscribed to its type.
    pub(super) fn emit(&mut self, kind: &str, extra: Value) {
        if self.call.client_messages.receiver_count() > 0 {
            let _ = self.call.client_messages.send(merged(json!({"type": kind}), &extra));
        }
        if self.silent || !self.wants(kind, &extra) {
            return;
        }
        if let Some(target) = self.target() {
            let message = self.envelope(kind, extra);
            self.post.send(target, message);
        }
    }

    /// Sends a message whatever was subscribed to.
    pub(super) fn emit_unasked(&mut self, kind: &str, extra: Value) {
        if let Some(target) = self.target() {
            let message = self.envelope(kind, extra);
            self.post.send(target, message);
        }
    }

    /// A message with everything that surrounds it.
    pub(super) fn envelope(&mut self, kind: &str, extra: Value) -> Value {
        self.emitted += 1;
        let strange = self.outcome() == Outcome::Everything;
        let mut call = self.call.snapshot(&self.world);
        if strange && extra["status"] == "ended" {
            call.insert("status".into(), json!("queued"));
        }
        let now = Utc::now();
        let timestamp = if strange && self.emitted.is_multiple_of(2) { json!(iso(now)) } else { json!(now.timestamp_millis()) };
        let assistant = self.shown_assistant();
        let (customer, mut phone_number, has_assistant) = {
            let facts = self.call.facts();
            (facts.customer.clone(), facts.phone_number.clone(), facts.has_assistant)
        };
        if strange && let Some(number) = &mut phone_number {
            number.entry("twilioAuthToken").or_insert_with(|| json!("sim-twilio-auth-token"));
        }
        let mut message = json!({"type": kind, "timestamp": timestamp, "call": call});
        if has_assistant {
            message["assistant"] = assistant;
        }
        if let Some(customer) = customer {
            message["customer"] = customer;
        }
        if let Some(number) = phone_number {
            message["phoneNumber"] = Value::Object(number);
        }
        merged(message, &extra)
    }

    /// Who receives the messages of this call: the assistant's server, or else that of the number.
    pub(super) fn target(&self) -> Option<Target> {
        let facts = self.call.facts();
        let number = facts.phone_number.as_ref().and_then(|number| number.get("server"));
        Target::of(facts.setting("/server")).or_else(|| Target::of(number))
    }

    /// True if the server subscribed to messages of this type.
    pub(super) fn wants(&self, kind: &str, extra: &Value) -> bool {
        let facts = self.call.facts();
        let Some(list) = facts.setting("/serverMessages").and_then(Value::as_array) else {
            return DEFAULT_MESSAGES.contains(&kind);
        };
        list.iter().filter_map(Value::as_str).any(|wanted| {
            wanted == kind
                || (wanted.starts_with("transcript[") && kind == "transcript" && extra["transcriptType"] == "final")
                || (wanted == "language-changed" && kind == "language-change-detected")
        })
    }

    fn shown_assistant(&self) -> Value {
        let facts = self.call.facts();
        let mut assistant = facts.assistant.clone();
        assistant.remove("credentials");
        Value::Object(assistant)
    }

    /// How this call goes.
    pub(super) fn outcome(&self) -> Outcome {
        self.call.scenario.outcome
    }

    /// Lets call time pass, obeying what comes in.
    pub(super) async fn wait(&mut self, seconds: f64) -> Flow {
        self.wait_unless(seconds, |_| false).await
    }

    /// A moment in which nobody speaks; commands that need one are carried out in it.
    pub(super) async fn gap(&mut self, seconds: f64) -> Flow {
        self.wait_unless(seconds, |driver| !driver.pending.is_empty()).await?;
        self.serve_pending().await
    }

    /// Lets call time pass until something is the case.
    pub(super) async fn wait_unless(&mut self, seconds: f64, enough: fn(&Driver) -> bool) -> Flow {
        let goal = self.now + seconds;
        let deadline = self.deadlines.iter().min_by(|a, b| a.0.total_cmp(&b.0)).cloned();
        let until = deadline.as_ref().map_or(goal, |(at, _)| at.min(goal));
        let stopped = self.world.stopped();
        loop {
            if enough(self) {
                return Ok(());
            }
            let due = self.call.clock.run_until(until, self.world.speed());
            tokio::select! {
                () = stopped.cancelled() => return Err(Ending::Stopped),
                () = tokio::time::sleep_until(due.into()) => {
                    self.now = until;
                    return match deadline {
                        Some((at, ending)) if at <= goal => Err(ending),
                        _ => Ok(()),
                    };
                }
                _ = self.speed_changes.changed() => {}
                command = self.orders.recv() => {
                    self.now = self.call.clock.seconds();
                    match command {
                        Some(command) => self.obey(command)?,
                        None => return Err(Ending::Stopped),
                    }
                }
            }
        }
    }

    /// Carries out a command, or keeps it for a moment in which nobody speaks.
    pub(super) fn obey(&mut self, command: Command) -> Flow {
        match command {
            Command::EndCall => return Err(Ending::Because("manually-canceled")),
            Command::HungUp => return Err(Ending::Because("customer-ended-call")),
            Command::Deleted if self.call.status() == Status::Scheduled => return Err(Ending::Because("scheduled-call-deleted")),
            Command::Deleted => return Err(Ending::Because("call-deleted")),
            Command::Transfer { destination, content: None } if self.call.status() == Status::InProgress => {
                return Err(Ending::Transfer(destination));
            }
            Command::Mute { role: Role::Assistant, muted } => self.assistant_muted = muted,
            Command::Mute { role: Role::User, muted } => self.customer_muted = muted,
            Command::Connected => self.connected = true,
            Command::Heard(seconds) => self.heard = Some(self.heard.unwrap_or(0.0) + seconds),
            Command::TransportMessage(message) => {
                self.call.facts().messages.push(json!({"role": "transport", "message": message}));
            }
            Command::Say { interrupt, .. } => {
                self.cut |= interrupt;
                self.pending.push_back(command);
            }
            command => self.pending.push_back(command),
        }
        Ok(())
    }
}

/// The first with everything of the second.
fn merged(mut base: Value, extra: &Value) -> Value {
    if let (Value::Object(base), Value::Object(extra)) = (&mut base, extra) {
        base.extend(extra.clone());
    }
    base
}
