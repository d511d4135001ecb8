//! A call is a fold of its events: pure, commutative, idempotent, monotone.
//!
//! [`read`] turns one provider message into what it proves: [`Facts`] (a small lattice: joining two is taking, field by field, the one
//! that outranks) and lines and happenings, each under a key that makes redeliveries the same element. A call is the join of all of
//! them, so order, repeats and gaps do not matter; what never came is asked for and read by the same function.
//! Source: protocols sheet "voice", 2.3, 2.4, 3.2–3.6.

use super::super::{
    model::{CallStatus, Direction, Outcome, Speaker},
    reason,
};
use crate::shared::ids::CallId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// How long after a call's end the provider may still be writing its analysis: each part has 5 s, and there may be several.
const ANALYSIS_TAKES_MS: i64 = 30_000;

/// The joinable state of a call. `Default` is "nothing known".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The highest rank reported: see `CallStatus::rank`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rang_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
    /// Why it ended, from `status-update`; the report's word outranks it, and a word of ours (`zencall-…`) outranks none of the provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub our_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_ref: Option<String>,
    /// Where the call was handed to, by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<(i64, String)>,
    /// The last words, by time, for the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<(i64, Speaker, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// What the end-of-call report adds. Of two different ones the later, then the greater, is kept.
#[derive(Clone, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub at_ms: i64,
    /// 1 when it came as a webhook, 0 when it was put together by asking: the webhook outranks at the same time.
    pub told: u8,
    pub reason: Option<String>,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub summary: Option<String>,
    pub success: Option<String>,
    pub cost_micro_usd: Option<i64>,
    /// Part and cost in micro-dollars.
    pub costs: Vec<(String, i64)>,
    pub has_recording: bool,
    /// The report carries the transcript, which then replaces the live lines.
    pub has_lines: bool,
}

/// A line of the transcript, before it has a place in the call's sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewLine {
    pub key: String,
    pub speaker: Speaker,
    pub text: String,
    pub at_ms: i64,
    pub end_ms: Option<i64>,
    pub settled: bool,
}

/// Something that happened, before it has a place in the call's sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    pub key: String,
    pub kind: Cow<'static, str>,
    pub detail: Value,
    pub at_ms: i64,
}

/// One message, understood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// The provider's message type, cut to 60 characters.
    pub kind: String,
    pub call_ref: Option<String>,
    /// The id we gave the call when we started it ourselves.
    pub our_call: Option<CallId>,
    /// When the provider made the call.
    pub created_ms: Option<i64>,
    pub facts: Facts,
    pub lines: Vec<NewLine>,
    pub events: Vec<NewEvent>,
    /// Words still being spoken: shown, never kept.
    #[serde(skip)]
    pub partial: Option<(Speaker, String)>,
    /// Addresses that steer and hear the live call: kept sealed, with the call, and nowhere else.
    #[serde(skip)]
    pub control_url: Option<String>,
    #[serde(skip)]
    pub listen_url: Option<String>,
}

impl Reading {
    /// What it proves besides what was said: for a call whose words are erased.
    pub fn without_words(&self) -> Self {
        let mut rest = Self { lines: Vec::new(), events: Vec::new(), partial: None, ..self.clone() };
        rest.facts.last_words = None;
        if let Some(report) = &mut rest.facts.report {
            report.summary = None;
        }
        rest
    }
}

impl Facts {
    /// Joins what another message proves.
    pub fn join(&mut self, other: Facts) {
        take_max(&mut self.rank, other.rank);
        take_min(&mut self.rang_ms, other.rang_ms);
        take_min(&mut self.answered_ms, other.answered_ms);
        take_min(&mut self.ended_ms, other.ended_ms);
        take_reason(&mut self.reason, other.reason);
        take_max(&mut self.direction, other.direction);
        take_max(&mut self.customer_number, other.customer_number);
        take_max(&mut self.customer_name, other.customer_name);
        take_max(&mut self.our_number, other.our_number);
        take_max(&mut self.assistant_ref, other.assistant_ref);
        take_max(&mut self.number_ref, other.number_ref);
        take_max(&mut self.handed_to, other.handed_to);
        take_max(&mut self.last_words, other.last_words);
        take_max(&mut self.report, other.report);
    }

    /// Where the call stands.
    pub fn status(&self) -> CallStatus {
        let rank = usize::from(self.rank.unwrap_or(0));
        CallStatus::ALL.get(rank).copied().unwrap_or(CallStatus::Ended)
    }

    /// Who called whom.
    pub fn direction(&self) -> Direction {
        match self.direction.as_deref() {
            Some("outboundPhoneCall") => Direction::Outbound,
            Some("webCall" | "vapi.websocketCall") => Direction::Web,
            _ => Direction::Inbound,
        }
    }

    /// Epoch milliseconds of the answer; the report's word outranks ours.
    pub fn answered(&self) -> Option<i64> {
        self.report.as_ref().and_then(|report| report.started_ms).or(self.answered_ms)
    }

    /// Epoch milliseconds of the end.
    pub fn ended(&self) -> Option<i64> {
        self.report.as_ref().and_then(|report| report.ended_ms).or(self.ended_ms)
    }

    /// Seconds from answer to end, once both are known.
    pub fn duration_s(&self) -> Option<i32> {
        let ms = (self.ended()? - self.answered()?).max(0);
        i32::try_from((ms + 500) / 1000).ok()
    }

    /// The provider's word for why it ended.
    pub fn ended_reason(&self) -> Option<&str> {
        self.report.as_ref().and_then(|report| report.reason.as_deref()).or(self.reason.as_deref())
    }

    /// How it ended, for people; nothing while it lasts.
    pub fn outcome(&self) -> Option<Outcome> {
        if !self.status().is_over() {
            return None;
        }
        let outcome = self.ended_reason().map_or(Outcome::Done, |word| reason::classify(word).outcome());
        // Called off after the answer is a conversation that one of us ended.
        Some(if outcome == Outcome::Cancelled && self.answered().is_some() { Outcome::Done } else { outcome })
    }
}

fn take_max<T: PartialOrd>(mine: &mut Option<T>, theirs: Option<T>) {
    if theirs.is_some() && (mine.is_none() || theirs > *mine) {
        *mine = theirs;
    }
}

/// What we made up for want of a word yields to any that the provider says; "lost" yields to all.
fn take_reason(mine: &mut Option<String>, theirs: Option<String>) {
    let rank = |reason: &Option<String>| reason.as_ref().map(|word| (!word.starts_with("zencall-"), word != LOST, word.clone()));
    if rank(&theirs) > rank(mine) {
        *mine = theirs;
    }
}

fn take_min<T: PartialOrd>(mine: &mut Option<T>, theirs: Option<T>) {
    if theirs.is_some() && (mine.is_none() || theirs < *mine) {
        *mine = theirs;
    }
}

/// Reads one message (the inside of the envelope). `received_ms` stands in for a missing timestamp. Never fails: what is not
/// understood proves nothing and stays in the journal.
pub fn read(message: &Value, received_ms: i64) -> Reading {
    let kind: String = text(message, "/type").unwrap_or_default().chars().take(60).collect();
    let said_ms = message.get("timestamp").and_then(time_ms);
    let at_ms = said_ms.unwrap_or(received_ms);
    // A message that does not say when it was written has to be the same one when it is delivered again: no clock of ours in its key.
    let moment = said_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    let mut reading = Reading { kind, ..common(message) };
    match reading.kind.as_str() {
        "status-update" => status_update(message, at_ms, &mut reading),
        kind if kind.starts_with("transcript") => transcript(message, at_ms, &moment, &mut reading),
        "end-of-call-report" => report(message, at_ms, 1, &mut reading),
        "tool-calls" => {
            for call in tool_calls(message) {
                reading.events.push(call.as_event(at_ms));
            }
        }
        "transfer-update" => {
            if let Some(to) = destination(message.get("destination")) {
                reading.facts.handed_to = Some((at_ms, to.clone()));
                reading.events.push(NewEvent {
                    key: format!("transfer:{moment}"),
                    kind: "transfer".into(),
                    detail: json!({ "to": to }),
                    at_ms,
                });
            }
        }
        "user-interrupted" => {
            reading.events.push(NewEvent { key: format!("interrupted:{moment}"), kind: "interrupted".into(), detail: json!({}), at_ms })
        }
        "hang" => reading.events.push(NewEvent { key: format!("slow:{moment}"), kind: "slow".into(), detail: json!({}), at_ms }),
        "assistant.started" | "assistant-request" => {}
        // Repeats of what finals and the report say, or pure rhythm: kept nowhere but in the journal.
        "speech-update" | "conversation-update" | "model-output" | "voice-input" | "assistant.speechStarted" | "" => {}
        "transfer-destination-request" | "handoff-destination-request" | "knowledge-base-request" => {}
        other => {
            let event =
                NewEvent { key: format!("unknown:{other}:{moment}"), kind: "unknown".into(), detail: json!({ "type": other }), at_ms };
            reading.events.push(event);
        }
    }
    reading.facts.last_words = reading.lines.iter().map(|line| (line.at_ms, line.speaker, short(&line.text))).max_by(cmp);
    reading
}

/// Reads a call object as `GET /call/{id}` gives it: what the webhooks would have said. `None` while it proves nothing new.
pub fn read_polled(call: &Value, now_ms: i64) -> Reading {
    let mut message = json!({ "type": "polled", "call": call });
    for field in ["status", "endedReason", "artifact", "analysis", "cost", "costs", "costBreakdown", "startedAt", "endedAt", "destination"]
    {
        if let Some(value) = call.get(field) {
            message[field] = value.clone();
        }
    }
    let mut reading = Reading { kind: "polled".into(), ..common(&message) };
    let changed_ms = call.get("updatedAt").and_then(time_ms).unwrap_or(now_ms);
    let at_ms = call.get("endedAt").and_then(time_ms).unwrap_or(changed_ms);
    status_update(&message, at_ms, &mut reading);
    let is_over = reading.facts.status().is_over();
    if is_over && is_worked_up(&message, at_ms, now_ms) {
        report(&message, at_ms, 0, &mut reading);
    } else if is_over {
        // The summary is still being written: asked again a little later, the call is whole.
    } else if let Some(started) = call.get("startedAt").and_then(time_ms) {
        reading.facts.answered_ms = Some(started);
    }
    reading.facts.last_words = reading.lines.iter().map(|line| (line.at_ms, line.speaker, short(&line.text))).max_by(cmp);
    reading
}

/// The provider works a call up after its end; a call without analysis is whole only when there has been time enough for one.
fn is_worked_up(call: &Value, ended_ms: i64, now_ms: i64) -> bool {
    let has_analysis = call["analysis"].as_object().is_some_and(|analysis| !analysis.is_empty());
    has_analysis || now_ms - ended_ms > ANALYSIS_TAKES_MS
}

/// The reason of a call that nobody can tell us about any more.
const LOST: &str = "zencall-lost";

/// A reading that ends such a call.
pub fn lost(now_ms: i64) -> Reading {
    let facts = Facts { rank: Some(CallStatus::Ended.rank()), ended_ms: Some(now_ms), reason: Some(LOST.into()), ..Facts::default() };
    Reading { kind: "lost".into(), facts, ..Reading::default() }
}

fn common(message: &Value) -> Reading {
    let call = &message["call"];
    let customer = |field: &str| text(message, &format!("/customer/{field}")).or_else(|| text(message, &format!("/call/customer/{field}")));
    let our_call = [
        "/call/assistantOverrides/metadata/zencall_call",
        "/call/metadata/zencall_call",
        "/assistant/metadata/zencall_call",
        "/call/customer/externalId",
    ]
    .iter()
    .find_map(|path| text(message, path)?.parse().ok());
    Reading {
        call_ref: text(call, "/id").filter(|id| !id.is_empty() && id.len() <= 100),
        our_call,
        created_ms: call.get("createdAt").and_then(time_ms),
        control_url: text(call, "/monitor/controlUrl").map(|url| url.trim_matches(['<', '>']).to_owned()),
        listen_url: text(call, "/monitor/listenUrl").map(|url| url.trim_matches(['<', '>']).to_owned()),
        facts: Facts {
            direction: text(call, "/type"),
            customer_number: customer("number").map(|number| number.chars().take(40).collect()),
            customer_name: customer("name").filter(|name| !name.is_empty()).map(|name| name.chars().take(80).collect()),
            our_number: text(message, "/phoneNumber/number").or_else(|| text(call, "/phoneNumber/number")),
            assistant_ref: text(call, "/assistantId").or_else(|| text(message, "/assistant/id")),
            number_ref: text(call, "/phoneNumberId").or_else(|| text(message, "/phoneNumber/id")),
            ..Facts::default()
        },
        ..Reading::default()
    }
}

fn status_update(message: &Value, at_ms: i64, reading: &mut Reading) {
    let Some(status) = text(message, "/status") else { return };
    let facts = &mut reading.facts;
    let (rank, name) = match status.as_str() {
        "scheduled" | "queued" => (CallStatus::Queued, "queued"),
        "ringing" => {
            facts.rang_ms = Some(at_ms);
            (CallStatus::Ringing, "ringing")
        }
        "in-progress" => {
            facts.answered_ms = Some(at_ms);
            (CallStatus::Live, "live")
        }
        "forwarding" => {
            facts.handed_to = destination(message.get("destination")).map(|to| (at_ms, to));
            (CallStatus::Forwarding, "forwarding")
        }
        "ended" => {
            facts.ended_ms = Some(at_ms);
            facts.reason = text(message, "/endedReason");
            (CallStatus::Ended, "ended")
        }
        other => {
            let event =
                NewEvent { key: format!("unknown:status:{other}"), kind: "unknown".into(), detail: json!({ "status": other }), at_ms };
            reading.events.push(event);
            return;
        }
    };
    facts.rank = Some(rank.rank());
    let detail = json!({ "status": name });
    reading.events.push(NewEvent { key: format!("status:{name}"), kind: "status".into(), detail, at_ms });
}

fn transcript(message: &Value, at_ms: i64, moment: &str, reading: &mut Reading) {
    let Some(words) = text(message, "/transcript").filter(|words| !words.trim().is_empty()) else { return };
    let speaker = speaker(&text(message, "/role").unwrap_or_default()).unwrap_or(Speaker::Caller);
    let is_final = text(message, "/transcriptType").is_none_or(|kind| kind == "final");
    if !is_final {
        reading.partial = Some((speaker, words));
        return;
    }
    reading.facts.rank = Some(CallStatus::Live.rank()); // words prove the call was answered, whatever was lost before
    reading.lines.push(NewLine { key: line_key("t", speaker, moment, &words), speaker, text: words, at_ms, end_ms: None, settled: false });
}

fn report(message: &Value, at_ms: i64, told: u8, reading: &mut Reading) {
    let first = |paths: &[&str]| paths.iter().find_map(|path| text(message, path).filter(|found| !found.trim().is_empty()));
    let started_ms = message.get("startedAt").and_then(time_ms);
    let ended_ms = message.get("endedAt").and_then(time_ms);
    let messages = [message.pointer("/artifact/messages"), message.get("messages")].into_iter().flatten().find_map(Value::as_array);
    for (index, said) in messages.into_iter().flatten().enumerate() {
        said_in_report(said, index, started_ms.unwrap_or(at_ms), reading);
    }
    for transfer in message.pointer("/artifact/transfers").and_then(Value::as_array).into_iter().flatten() {
        let Some(to) = destination(transfer.get("destination").or(Some(transfer))) else { continue };
        let at = transfer.get("transferTime").or(transfer.get("time")).and_then(time_ms).unwrap_or(at_ms);
        reading.facts.handed_to = Some((at, to.clone()));
        let detail = json!({ "to": to, "status": text(transfer, "/status") });
        reading.events.push(NewEvent { key: format!("transferred:{to}"), kind: "transfer".into(), detail, at_ms: at });
    }
    if reading.facts.handed_to.is_none() {
        reading.facts.handed_to = destination(message.get("destination")).map(|to| (at_ms, to));
    }
    let has_recording =
        ["/artifact/recording", "/artifact/recordingUrl", "/artifact/stereoRecordingUrl", "/recordingUrl", "/stereoRecordingUrl"]
            .iter()
            .any(|path| message.pointer(path).is_some_and(|found| !found.is_null() && found != &json!({})));
    reading.facts.rank = Some(CallStatus::Ended.rank());
    reading.facts.report = Some(Report {
        at_ms,
        told,
        reason: first(&["/endedReason"]),
        started_ms,
        ended_ms,
        summary: first(&["/analysis/summary", "/summary"]),
        success: message.pointer("/analysis/successEvaluation").and_then(|found| match found {
            Value::String(word) => Some(clean(word)),
            Value::Null => None,
            other => Some(other.to_string()),
        }),
        cost_micro_usd: message.get("cost").and_then(micro).or_else(|| message.pointer("/costBreakdown/total").and_then(micro)),
        costs: costs(message),
        has_recording,
        has_lines: reading.lines.iter().any(|line| line.settled),
    });
}

fn said_in_report(said: &Value, index: usize, started_ms: i64, reading: &mut Reading) {
    let role = text(said, "/role").unwrap_or_default();
    let since_start = said.get("secondsFromStart").and_then(Value::as_f64).map(|s| started_ms + (s * 1000.0) as i64);
    let at_ms = said.get("time").and_then(time_ms).or(since_start).unwrap_or(started_ms + index as i64);
    match role.as_str() {
        "system" => {}
        "tool_calls" => reading.events.extend(tool_calls(said).into_iter().map(|call| call.as_event(at_ms))),
        "tool_call_result" | "tool" => {
            let id = text(said, "/toolCallId").or_else(|| text(said, "/tool_call_id")).unwrap_or_else(|| index.to_string());
            let detail = json!({ "name": text(said, "/name"), "result": text(said, "/result").or_else(|| text(said, "/content")).map(|result| short(&result)) });
            reading.events.push(NewEvent { key: format!("result:{id}"), kind: "tool_result".into(), detail, at_ms });
        }
        _ => {
            let Some(words) = text(said, "/message").or_else(|| text(said, "/content")).filter(|words| !words.trim().is_empty()) else {
                return;
            };
            let speaker = speaker(&role).unwrap_or(Speaker::System);
            let end_ms = said.get("endTime").and_then(time_ms);
            reading.lines.push(NewLine {
                key: line_key("r", speaker, &at_ms.to_string(), &words),
                speaker,
                text: words,
                at_ms,
                end_ms,
                settled: true,
            });
        }
    }
}

/// A tool the assistant wants run.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: Value,
}

impl ToolCall {
    fn as_event(&self, at_ms: i64) -> NewEvent {
        let detail = json!({ "name": self.name, "arguments": self.arguments });
        NewEvent { key: format!("tool:{}", self.id), kind: "tool".into(), detail, at_ms }
    }
}

/// Every shape in which tool calls have been seen (sheet 3.4), each call once.
pub fn tool_calls(message: &Value) -> Vec<ToolCall> {
    let list = |field: &str| message.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let wrapped = list("toolWithToolCallList").into_iter().map(|outer| {
        let mut inner = outer.get("toolCall").cloned().unwrap_or(Value::Null);
        let outer_name = text(&outer, "/name").or_else(|| text(&outer, "/function/name"));
        if let (Some(object), Some(name)) = (inner.as_object_mut(), outer_name) {
            object.entry("outerName").or_insert(name.into());
        }
        inner
    });
    let mut calls: Vec<ToolCall> = Vec::new();
    for item in list("toolCallList").into_iter().chain(list("toolCalls")).chain(wrapped) {
        let Some(id) = text(&item, "/id") else { continue };
        if calls.iter().any(|known| known.id == id) {
            continue;
        }
        let name = ["/function/name", "/name", "/outerName"].iter().find_map(|path| text(&item, path)).unwrap_or_default();
        let arguments = ["/function/arguments", "/function/parameters", "/arguments", "/parameters"]
            .iter()
            .find_map(|path| item.pointer(path))
            .map_or_else(|| json!({}), arguments);
        calls.push(ToolCall { id, name, arguments });
    }
    calls
}

fn arguments(found: &Value) -> Value {
    match found {
        Value::String(inner) => serde_json::from_str(inner).unwrap_or_else(|_| json!({})),
        other => other.clone(),
    }
}

fn costs(message: &Value) -> Vec<(String, i64)> {
    if let Some(list) = message.get("costs").and_then(Value::as_array).filter(|list| !list.is_empty()) {
        let mut parts: Vec<(String, i64)> = Vec::new();
        for entry in list {
            let (Some(part), Some(cost)) = (text(entry, "/type"), entry.get("cost").and_then(micro)) else { continue };
            match parts.iter_mut().find(|(known, _)| *known == part) {
                Some((_, sum)) => *sum += cost,
                None => parts.push((part, cost)),
            }
        }
        parts.sort();
        return parts;
    }
    let named = ["transport", "stt", "llm", "tts", "vapi", "chat"];
    let breakdown = &message["costBreakdown"];
    named.iter().filter_map(|part| Some(((*part).to_owned(), breakdown.get(part).and_then(micro)?))).collect()
}

fn destination(found: Option<&Value>) -> Option<String> {
    let found = found?;
    ["/number", "/sipUri", "/assistantName", "/toNumber"].iter().find_map(|path| text(found, path))
}

fn speaker(role: &str) -> Option<Speaker> {
    match role {
        "assistant" | "bot" => Some(Speaker::Assistant),
        "user" | "customer" => Some(Speaker::Caller),
        _ => None,
    }
}

fn line_key(family: &str, speaker: Speaker, moment: &str, words: &str) -> String {
    format!("{family}:{speaker}:{moment}:{}", hex::encode(&Sha256::digest(words.as_bytes())[..6]))
}

/// Milliseconds from a number (epoch ms) or an ISO text: both have been seen.
fn time_ms(found: &Value) -> Option<i64> {
    let ms = match found {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64))?,
        Value::String(iso) => chrono::DateTime::parse_from_rfc3339(iso).ok()?.timestamp_millis(),
        _ => return None,
    };
    // 2001 to 2286: outside of it the value is no time, and no partition or column is made for it.
    (1_000_000_000_000..10_000_000_000_000).contains(&ms).then_some(ms)
}

fn micro(found: &Value) -> Option<i64> {
    let dollars = found.as_f64().filter(|dollars| dollars.is_finite() && dollars.abs() < 1e6)?;
    Some((dollars * 1e6).round() as i64)
}

/// `Value::pointer` for plain names; that one copies every name to look for escapes.
fn at<'a>(found: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(found, |found, name| found.get(name))
}

fn text(found: &Value, path: &str) -> Option<String> {
    at(found, path)?.as_str().map(clean)
}

/// PostgreSQL stores no NUL in a text.
fn clean(found: &str) -> String {
    if found.contains('\0') { found.replace('\0', "\u{fffd}") } else { found.to_owned() }
}

fn short(words: &str) -> String {
    words.chars().take(240).collect()
}

fn cmp<T: PartialOrd>(a: &T, b: &T) -> std::cmp::Ordering {
    a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A call as a set: what the store keeps, in the shape that laws are easily said of.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Record {
        facts: Facts,
        lines: BTreeMap<String, NewLine>,
        events: BTreeMap<String, NewEvent>,
    }

    fn fold<'a>(messages: impl IntoIterator<Item = &'a Value>) -> Record {
        messages.into_iter().fold(Record::default(), |mut record, message| {
            let reading = read(message, 1_790_000_000_000);
            record.facts.join(reading.facts);
            for line in reading.lines {
                record.lines.entry(line.key.clone()).or_insert(line);
            }
            for event in reading.events {
                // As `store::keep_earlier` has it.
                let order = |event: &NewEvent| (event.at_ms, event.detail.to_string());
                match record.events.get(&event.key) {
                    Some(known) if order(known) <= order(&event) => {}
                    _ => drop(record.events.insert(event.key.clone(), event)),
                }
            }
            record
        })
    }

    fn message(kind: &str, at: i64, rest: Value) -> Value {
        let mut message = json!({ "type": kind, "timestamp": at, "call": { "id": "c1", "type": "inboundPhoneCall", "status": "queued" } });
        for (key, value) in rest.as_object().into_iter().flatten() {
            message[key] = value.clone();
        }
        message
    }

    const T0: i64 = 1_790_000_000_000;

    fn trace() -> Vec<Value> {
        let said = |role: &str, at: i64, words: &str| {
            message("transcript", T0 + at, json!({ "role": role, "transcriptType": "final", "transcript": words }))
        };
        vec![
            message("status-update", T0, json!({ "status": "queued" })),
            message("status-update", T0 + 500, json!({ "status": "ringing" })),
            message("status-update", T0 + 2000, json!({ "status": "in-progress" })),
            said("assistant", 2500, "Bonjour, cabinet Nord."),
            said("user", 5000, "Je voudrais un rendez-vous."),
            message(
                "tool-calls",
                T0 + 6000,
                json!({ "toolCallList": [{ "id": "t1", "function": { "name": "slots", "arguments": "{\"day\":\"mardi\"}" } }] }),
            ),
            message("conversation-update", T0 + 6100, json!({ "messages": [{ "role": "user", "message": "x" }] })),
            said("assistant", 8000, "Mardi à dix heures ?"),
            message("user-interrupted", T0 + 9000, json!({})),
            message("transfer-update", T0 + 9500, json!({ "destination": { "type": "number", "number": "+33145000000" } })),
            message("status-update", T0 + 10_000, json!({ "status": "ended", "endedReason": "customer-ended-call" })),
            message(
                "end-of-call-report",
                T0 + 12_000,
                json!({
                    "endedReason": "customer-ended-call", "startedAt": "2026-09-21T14:13:22.000Z", "endedAt": "2026-09-21T14:13:30.000Z", "cost": 0.1234,
                    "costs": [{ "type": "model", "cost": 0.02 }, { "type": "vapi", "cost": 0.1 }, { "type": "model", "cost": 0.0034 }],
                    "analysis": { "summary": "Un rendez-vous.", "successEvaluation": "true" },
                    "artifact": { "recordingUrl": "https://x", "messages": [
                        { "role": "system", "message": "secret prompt" },
                        { "role": "bot", "message": "Bonjour, cabinet Nord.", "time": T0 + 2500, "endTime": T0 + 4000 },
                        { "role": "user", "message": "Je voudrais un rendez-vous.", "time": T0 + 5000 },
                        { "role": "tool_calls", "time": T0 + 6000, "toolCalls": [{ "id": "t1", "function": { "name": "slots", "arguments": "{}" } }] },
                        { "role": "tool_call_result", "time": T0 + 6500, "toolCallId": "t1", "name": "slots", "result": "10:00" },
                    ] },
                }),
            ),
        ]
    }

    proptest! {
        #[test]
        fn order_and_repeats_do_not_matter(order in Just((0..trace().len()).collect::<Vec<_>>()).prop_shuffle(), again in prop::collection::vec(0..trace().len(), 0..20)) {
            let trace = trace();
            let shuffled = order.iter().chain(&again).map(|at| &trace[*at]);
            prop_assert_eq!(fold(shuffled), fold(&trace));
        }

        #[test]
        fn a_longer_prefix_never_takes_anything_back(cut in 0..trace().len()) {
            let trace = trace();
            let (before, after) = (fold(&trace[..cut]), fold(&trace));
            prop_assert!(before.facts.rank <= after.facts.rank);
            prop_assert!(before.lines.keys().all(|key| after.lines.contains_key(key)));
            prop_assert!(before.events.keys().all(|key| after.events.contains_key(key)));
        }

        #[test]
        fn joining_is_associative(a in 0..trace().len(), b in 0..trace().len(), c in 0..trace().len()) {
            let trace = trace();
            let of = |at: usize| read(&trace[at], 0).facts;
            let join = |mut left: Facts, right: Facts| { left.join(right); left };
            prop_assert_eq!(join(join(of(a), of(b)), of(c)), join(of(a), join(of(b), of(c))));
        }

        #[test]
        fn lost_outranks_no_reason_in_whatever_order_they_come(order in Just(vec!["zencall-lost", "zencall-refused", "customer-busy", "assistant-ended-call"]).prop_shuffle(), known in 1..=4_usize) {
            let said = &order[..known];
            let joined = said.iter().chain(said).fold(Facts::default(), |mut facts, reason| {
                facts.join(Facts { reason: Some((*reason).to_owned()), ..Facts::default() });
                facts
            });
            let best = ["customer-busy", "assistant-ended-call", "zencall-refused", "zencall-lost"].into_iter().find(|reason| said.contains(reason));
            prop_assert_eq!(joined.reason.as_deref(), best);
        }

        #[test]
        fn any_json_is_read_without_panic(text in "\\PC{0,200}", number: i64) {
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            read(&json!({ "type": "end-of-call-report", "timestamp": number, "artifact": value, "messages": [value], "call": value, "cost": value }), 0);
            read(&value, number);
        }
    }

    #[test]
    fn the_trace_reads_as_the_call_it_was() {
        let record = fold(&trace());
        assert_eq!(record.facts.status(), CallStatus::Ended);
        assert_eq!(record.facts.outcome(), Some(Outcome::Done));
        assert_eq!(record.facts.duration_s(), Some(8));
        let report = record.facts.report.expect("a report");
        assert_eq!(report.cost_micro_usd, Some(123_400));
        assert_eq!(report.costs, [("model".to_owned(), 23_400), ("vapi".to_owned(), 100_000)]);
        assert!(report.has_recording && report.has_lines);
        assert!(record.lines.values().all(|line| !line.text.contains("secret prompt")));
        assert_eq!(record.facts.handed_to.map(|handed| handed.1).as_deref(), Some("+33145000000"));
    }

    #[test]
    fn asking_the_provider_heals_what_never_came() {
        let ended = "2026-09-21T14:13:30.000Z";
        let mut polled = json!({ "id": "c1", "type": "inboundPhoneCall", "status": "ended", "endedReason": "customer-ended-call",
            "startedAt": "2026-09-21T14:13:22.000Z", "endedAt": ended, "updatedAt": "2026-09-21T14:13:31.000Z",
            "artifact": { "messages": [{ "role": "bot", "message": "Bonjour", "secondsFromStart": 0.5 }] } });
        let ended_ms = time_ms(&json!(ended)).expect("a time");
        let early = read_polled(&polled, ended_ms + 1_000);
        assert_eq!(early.facts.status(), CallStatus::Ended);
        assert!(early.facts.report.is_none(), "the analysis may still come");
        let late = read_polled(&polled, ended_ms + ANALYSIS_TAKES_MS + 1);
        assert_eq!(late.lines.len(), 1);
        assert_eq!(late.facts.duration_s(), Some(8));
        polled["analysis"] = json!({ "summary": "A booking." });
        let whole = read_polled(&polled, ended_ms + 1_000);
        assert_eq!(whole.facts.report.and_then(|report| report.summary).as_deref(), Some("A booking."));
    }

    #[test]
    fn all_shapes_of_tool_calls_are_the_same_call() {
        let shapes = [
            json!({ "toolCallList": [{ "id": "a", "type": "function", "function": { "name": "book", "arguments": "{\"x\":1}" } }] }),
            json!({ "toolCallList": [{ "id": "a", "type": "function", "function": { "name": "book", "arguments": { "x": 1 } } }] }),
            json!({ "toolCallList": [{ "id": "a", "name": "book", "arguments": { "x": 1 } }] }),
            json!({ "toolCallList": [{ "id": "a", "name": "book", "parameters": { "x": 1 } }] }),
            json!({ "toolWithToolCallList": [{ "type": "function", "function": { "name": "book" }, "toolCall": { "id": "a", "function": { "parameters": { "x": 1 } } } }] }),
            json!({ "toolCalls": [{ "id": "a", "function": { "name": "book", "arguments": "{\"x\":1}" } }] }),
        ];
        let expected = vec![ToolCall { id: "a".into(), name: "book".into(), arguments: json!({ "x": 1 }) }];
        for shape in shapes {
            assert_eq!(tool_calls(&shape), expected, "{shape}");
        }
        let broken = tool_calls(&json!({ "toolCalls": [{ "id": "a", "function": { "name": "book", "arguments": "{oops" } }] }));
        assert_eq!(broken[0].arguments, json!({}));
    }

    #[test]
    fn words_while_they_are_spoken_are_shown_and_not_kept() {
        let reading = read(&message("transcript", T0, json!({ "role": "user", "transcriptType": "partial", "transcript": "Je vou" })), T0);
        assert_eq!(reading.partial, Some((Speaker::Caller, "Je vou".into())));
        assert!(reading.lines.is_empty());
    }
}
