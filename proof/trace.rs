//! Calls as the provider tells them, and what each amounts to. The model is written from the provider's description, not from our fold: what the
//! two say has to be the same.

use crate::dice::Dice;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

/// A call, message by message in the order in which they were written.
#[derive(Clone)]
pub struct Trace {
    /// The provider's id.
    pub id: String,
    /// The caller's number, by which the call is found again: of each call another one.
    pub number: String,
    /// The insides of the envelopes.
    pub messages: Vec<Value>,
    /// What each message says that has to be seen afterwards.
    says: Vec<Says>,
    /// The same call as `GET /call/{id}` gives it after its end.
    pub polled: Value,
}

/// What a message adds to the record.
#[derive(Clone)]
enum Says {
    /// Nothing that is kept.
    Nothing,
    Status {
        name: &'static str,
        rank: u8,
        at_ms: i64,
    },
    Line(Value),
    Event(Value),
    Ended {
        at_ms: i64,
    },
    /// The report: everything that was said, once more and for good.
    Report {
        lines: Vec<Value>,
        summary: String,
        cost_micro_usd: i64,
    },
}

/// What a trace is to hold.
#[derive(Clone, Copy)]
pub struct Shape {
    pub turns: usize,
    /// Words as they are spoken, rhythm, and the conversation so far with each turn.
    pub has_noise: bool,
    pub has_report: bool,
}

const WORDS: [&str; 12] =
    ["rendez-vous", "matin", "bonjour", "merci", "ordonnance", "mardi", "docteur", "horaires", "adresse", "rappel", "dossier", "semaine"];

fn iso(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Trace {
    /// A call that began at `t0_ms`, a whole second.
    pub fn new(id: &str, number: &str, t0_ms: i64, shape: Shape, dice: &mut Dice) -> Self {
        let call =
            json!({ "id": id, "orgId": "proof", "type": "inboundPhoneCall", "createdAt": iso(t0_ms), "customer": { "number": number } });
        let mut trace = Self { id: id.to_owned(), number: number.to_owned(), messages: Vec::new(), says: Vec::new(), polled: Value::Null };
        let mut tell = |mut message: Value, at_ms: i64, says: Says| {
            message["timestamp"] = json!(at_ms);
            message["call"] = call.clone();
            message["step"] = json!(trace.messages.len()); // for the control, which understands nothing else
            trace.messages.push(message);
            trace.says.push(says);
        };
        let status = |name: &'static str, rank, at_ms| Says::Status { name, rank, at_ms };
        tell(json!({ "type": "status-update", "status": "ringing" }), t0_ms, status("ringing", 1, t0_ms));
        let answered = t0_ms + 2000;
        tell(json!({ "type": "status-update", "status": "in-progress" }), answered, status("live", 2, answered));
        let (mut said, mut lines) = (Vec::new(), Vec::new());
        for turn in 0..shape.turns {
            let at_ms = answered + 1000 + turn as i64 * 1500;
            let is_caller = turn % 2 == 1;
            let words =
                format!("{turn} {}", (0..dice.between(4, 12)).map(|_| WORDS[dice.below(WORDS.len())]).collect::<Vec<_>>().join(" "));
            let (role, speaker) = if is_caller { ("user", "caller") } else { ("assistant", "assistant") };
            if shape.has_noise {
                for part in 1..=dice.below(3) {
                    let partial: String = words.chars().take(part * 6).collect();
                    tell(
                        json!({ "type": "transcript", "role": role, "transcriptType": "partial", "transcript": partial }),
                        at_ms - 300 + part as i64,
                        Says::Nothing,
                    );
                }
                if dice.once_in(4) {
                    tell(json!({ "type": "speech-update", "role": role, "status": "started" }), at_ms - 400, Says::Nothing);
                }
            }
            let line = |end_ms: Option<i64>, settled| json!({ "speaker": speaker, "text": words, "at_ms": at_ms, "end_ms": end_ms, "settled": settled });
            tell(
                json!({ "type": "transcript", "role": role, "transcriptType": "final", "transcript": words }),
                at_ms,
                Says::Line(line(None, false)),
            );
            lines.push(line(Some(at_ms + 1200), true));
            let in_report = if is_caller { "user" } else { "bot" };
            said.push(json!({ "role": in_report, "message": words, "time": at_ms, "endTime": at_ms + 1200, "secondsFromStart": (at_ms - answered) as f64 / 1000.0 }));
            if shape.has_noise {
                tell(json!({ "type": "conversation-update", "messages": said }), at_ms + 10, Says::Nothing);
                if dice.once_in(6) {
                    let at_ms = at_ms + 200;
                    tell(
                        json!({ "type": "user-interrupted" }),
                        at_ms,
                        Says::Event(json!({ "kind": "interrupted", "detail": {}, "at_ms": at_ms })),
                    );
                }
            }
        }
        let ended = answered + 1000 + shape.turns as i64 * 1500;
        let reason = "customer-ended-call";
        tell(json!({ "type": "status-update", "status": "ended", "endedReason": reason }), ended, Says::Ended { at_ms: ended });
        let cents = i64::try_from(dice.between(2, 90)).unwrap_or(1);
        let summary = format!("Appel de {} tours au sujet de {}.", shape.turns, WORDS[dice.below(WORDS.len())]);
        let after = json!({
            "endedReason": reason, "startedAt": iso(answered), "endedAt": iso(ended), "cost": cents as f64 / 100.0,
            "costs": [{ "type": "model", "cost": cents as f64 / 100.0 }], "analysis": { "summary": summary, "successEvaluation": "true" },
            "artifact": { "messages": said }
        });
        if shape.has_report {
            let mut report = after.clone();
            report["type"] = json!("end-of-call-report");
            tell(report, ended + 1500, Says::Report { lines, summary, cost_micro_usd: cents * 10_000 });
        }
        trace.polled = call.clone();
        trace.polled["status"] = json!("ended");
        trace.polled["updatedAt"] = json!(iso(ended + 1500));
        for (name, value) in after.as_object().into_iter().flatten() {
            trace.polled[name] = value.clone();
        }
        trace
    }

    /// A message as it is posted.
    pub fn body(&self, step: usize) -> String {
        json!({ "message": self.messages[step] }).to_string()
    }

    /// What the record has to be after these messages, each counted as often as it is listed: once, where nothing is wrong.
    pub fn record(&self, steps: impl Iterator<Item = usize>) -> Value {
        let mut record = json!({ "status": "queued", "answered_ms": null, "ended_ms": null, "duration_s": null, "summary": null,
            "cost_micro_usd": null, "ended_reason": null, "outcome": null, "has_report": false });
        let (mut rank, mut lines, mut events, mut settled) = (0, Vec::new(), Vec::new(), None);
        let mut take = |name: &'static str, to: u8, record: &mut Value| {
            if to > rank {
                rank = to;
                record["status"] = json!(name);
            }
        };
        for step in steps {
            match &self.says[step] {
                Says::Nothing => {}
                Says::Status { name, rank, at_ms } => {
                    take(name, *rank, &mut record);
                    if *name == "live" {
                        record["answered_ms"] = json!(at_ms);
                    }
                    events.push(json!({ "kind": "status", "detail": { "status": name }, "at_ms": at_ms }));
                }
                Says::Line(line) => {
                    take("live", 2, &mut record);
                    lines.push(line.clone());
                }
                Says::Event(event) => events.push(event.clone()),
                Says::Ended { at_ms } => {
                    take("ended", 9, &mut record);
                    record["ended_ms"] = json!(at_ms);
                    record["ended_reason"] = json!("customer-ended-call");
                    events.push(json!({ "kind": "status", "detail": { "status": "ended" }, "at_ms": at_ms }));
                }
                Says::Report { lines, summary, cost_micro_usd } => {
                    take("ended", 9, &mut record);
                    settled = Some(lines.clone());
                    record["summary"] = json!(summary);
                    record["cost_micro_usd"] = json!(cost_micro_usd);
                    record["has_report"] = json!(true);
                    let last = self.messages.len() - 1;
                    for (name, field) in [("answered_ms", "startedAt"), ("ended_ms", "endedAt")] {
                        let at = self.messages[last][field].as_str().and_then(|iso| DateTime::parse_from_rfc3339(iso).ok());
                        record[name] = json!(at.map(|at| at.timestamp_millis()));
                    }
                    record["ended_reason"] = json!("customer-ended-call");
                }
            }
        }
        if record["status"] == "ended" {
            record["outcome"] = json!("done");
        }
        if let (Some(answered), Some(ended)) = (record["answered_ms"].as_i64(), record["ended_ms"].as_i64()) {
            record["duration_s"] = json!(((ended - answered).max(0) + 500) / 1000);
        }
        with(record, settled.unwrap_or(lines), events)
    }

    /// The record of the whole call.
    pub fn whole(&self) -> Value {
        self.record(0..self.messages.len())
    }
}

/// Lines and events in an order that depends on nothing but themselves.
pub fn with(mut record: Value, mut lines: Vec<Value>, mut events: Vec<Value>) -> Value {
    let key = |item: &Value| (item["at_ms"].as_i64(), item.to_string());
    lines.sort_by_key(key);
    events.sort_by_key(key);
    record["lines"] = Value::Array(lines);
    record["events"] = Value::Array(events);
    record
}
