//! The tools an assistant uses in a call: functions on the customer's server, and passing the call on.
//! Only what the assistant is configured with is used; the script says when one would be, and what for.

use std::time::Duration;

use chrono::{Days, Utc};
use serde_json::{Map, Value, json};

use super::call::Role;
use super::life::{Driver, Ending, Flow, Given};
use super::script::{Outcome, ToolStep};
use super::speech::rounded;
use super::webhook::{Reply, Target};
use super::world::{Object, new_id};

/// How long the assistant waits for a tool, unless the tool says otherwise. Source: voice.md 3.4.
const TOOL_TIMEOUT: f64 = 20.0;
/// How many ways there are to write a tool call. Source: voice.md 3.4.
const SHAPES: usize = 6;

impl Driver {
    /// Uses the tool that fits this moment, if there is one. False when it failed.
    pub(super) async fn tool_turn(&mut self, step: &ToolStep) -> Result<bool, Ending> {
        let everything = self.outcome() == Outcome::Everything;
        let Some(tool) = self.fitting_tool(&step.like, everything) else {
            if everything {
                self.every_shape(&stand_in(), step).await?;
            }
            return Ok(true);
        };
        let words = spoken_before(&tool).unwrap_or_else(|| step.wait.clone());
        self.assistant_turn(&words, false).await?;
        if everything {
            self.every_shape(&tool, step).await?;
            return Ok(true);
        }
        let shape = self.dice.below(2);
        self.use_tool(&tool, step, shape).await
    }

    /// All shapes one after the other, and messages that no list has.
    async fn every_shape(&mut self, tool: &Value, step: &ToolStep) -> Flow {
        for shape in 0..SHAPES {
            self.use_tool(tool, step, shape).await?;
            match shape {
                0 => self.emit_unasked("assistant.mood-changed", json!({"mood": "cheerful", "since": null})),
                1 => self.emit_unasked("workflow.node.started", json!({"node": {"id": "n1", "kind": "greeting"}})),
                2 => self.emit_unasked("function-call", json!({"functionCall": {"name": name_of(tool), "parameters": {"legacy": true}}})),
                3 => self.emit_unasked("debug.dump", json!({"dump": "zencall ".repeat(150_000)})),
                4 => {
                    // Nothing but the type, not even the call.
                    if let Some(target) = self.target() {
                        self.post.send(target.clone(), json!({"type": "hang"}));
                        self.post.send(target, json!({"type": "speech-update", "status": "paused", "role": "narrator"}));
                    }
                }
                _ => self.emit_unasked("transcript", json!({"role": "narrator", "transcriptType": "guess", "transcript": 7})),
            }
        }
        Ok(())
    }

    /// One round trip. False when it failed.
    async fn use_tool(&mut self, tool: &Value, step: &ToolStep, shape: usize) -> Result<bool, Ending> {
        let arguments = self.arguments(tool, &step.arguments);
        let id = format!("call_{}", new_id().replace('-', "").split_at(8).1);
        let name = name_of(tool);
        self.remember_call(&id, &name, &arguments);
        let own = Target::of(tool.get("server"));
        let subscribed = own.is_some() || self.wants("tool-calls", &Value::Null);
        let Some(target) = own.or_else(|| self.target()).filter(|_| subscribed) else {
            self.remember_result(&id, &name, "No result returned.");
            return Ok(false);
        };
        let seconds = tool.pointer("/server/timeoutSeconds").and_then(Value::as_f64).unwrap_or(TOOL_TIMEOUT);
        let target = target.once_within(Duration::from_secs_f64(seconds.clamp(1.0, 300.0)));
        let message = self.envelope("tool-calls", shaped(shape, tool, &id, &name, &arguments));
        if tool.get("async") == Some(&Value::Bool(true)) {
            self.post.send(target, message);
            self.remember_result(&id, &name, "Success.");
            return Ok(true);
        }
        let reply = self.ask(target, message).await?;
        let outcome = result_of(&reply, &id);
        let text = match &outcome {
            Ok(result) | Err(result) => result.clone(),
        };
        self.remember_result(&id, &name, &text);
        self.given = outcome.as_ref().ok().and_then(|result| given_by(result));
        let spoken = spoken_after(tool, outcome.is_ok());
        if let Some(words) = spoken {
            self.speak(Role::Assistant, &words).await?;
        }
        Ok(outcome.is_ok())
    }

    /// Sends a message and waits for the reply, obeying what comes in meanwhile. The clock of the call stands; the time
    /// the receiver took on the wall is added to it if it was noticeable, and the wait for earlier webhooks is not.
    pub(super) async fn ask(&mut self, target: Target, message: Value) -> Result<Reply, Ending> {
        self.call.clock.stand_at(self.now);
        let post = self.post.clone();
        let mut asking = std::pin::pin!(post.ask(target, message));
        let stopped = self.world.stopped();
        let reply = loop {
            tokio::select! {
                reply = &mut asking => break reply,
                () = stopped.cancelled() => return Err(Ending::Stopped),
                command = self.orders.recv() => match command {
                    Some(command) => self.obey(command)?,
                    None => return Err(Ending::Stopped),
                },
            }
        };
        let waited = reply.took.as_secs_f64();
        if waited > 1.0 {
            self.now += waited;
            self.call.clock.stand_at(self.now);
        }
        self.wait(1.0).await?;
        Ok(reply)
    }

    /// The assistant tries to pass the call on. Returns when it cannot.
    pub(super) async fn transfer_turn(&mut self, words: &str) -> Flow {
        if let Some(tool) = self.tools().into_iter().find(|tool| tool["type"] == "transferCall") {
            let first = tool.get("destinations").and_then(Value::as_array).and_then(|all| all.first()).cloned();
            if let Some(destination) = first {
                let id = format!("call_{}", new_id().replace('-', "").split_at(8).1);
                self.remember_call(&id, "transferCall", &json!({"destination": destination["number"]}));
                self.announce(&destination, words).await?;
                self.remember_result(&id, "transferCall", "Transfer initiated.");
                return Err(Ending::Transfer(destination));
            }
        } else {
            let like: Vec<String> = ["transf", "human", "humain", "handoff", "escalat"].map(str::to_owned).to_vec();
            if let Some(tool) = self.fitting_tool(&like, false) {
                let step = ToolStep { like, arguments: Map::new(), wait: String::new(), failed: String::new() };
                self.assistant_turn(words, false).await?;
                self.use_tool(&tool, &step, 0).await?;
                // A server may answer with words and transfer through the control address a moment later.
                return self.gap(4.0).await;
            }
        }
        let Some(target) = self.target().filter(|_| self.wants("transfer-destination-request", &Value::Null)) else { return Ok(()) };
        let target = target.once_within(Duration::from_secs_f64(TOOL_TIMEOUT));
        let message = self.envelope("transfer-destination-request", json!({}));
        let reply = self.ask(target, message).await?;
        let Some(answer) = reply.accepted() else { return Ok(()) };
        let Some(destination) = answer.get("destination").filter(|destination| destination.is_object()) else { return Ok(()) };
        let said = ["/message/content", "/message/message", "/message"].iter().find_map(|path| answer.pointer(path)?.as_str());
        self.announce(destination, said.unwrap_or(words)).await?;
        Err(Ending::Transfer(destination.clone()))
    }

    async fn announce(&mut self, destination: &Value, words: &str) -> Flow {
        // An empty message asks for a silent transfer.
        let words = destination.get("message").and_then(Value::as_str).unwrap_or(words).to_owned();
        if words.trim().is_empty() { Ok(()) } else { self.assistant_turn(&words, false).await }
    }

    fn tools(&self) -> Vec<Value> {
        let facts = self.call.facts();
        let own = facts.setting("/model/tools").and_then(Value::as_array);
        let added = facts.setting("/tools:append").and_then(Value::as_array);
        own.into_iter().chain(added).flatten().cloned().collect()
    }

    fn fitting_tool(&self, like: &[String], any: bool) -> Option<Value> {
        let functions: Vec<Value> = self.tools().into_iter().filter(|tool| tool["type"] == "function").collect();
        let fits = |tool: &&Value| {
            let name = name_of(tool).to_lowercase();
            like.iter().any(|part| name.contains(part.as_str()))
        };
        let found = functions.iter().find(fits).cloned();
        if any { found.or_else(|| functions.first().cloned()) } else { found }
    }

    fn remember_call(&mut self, id: &str, name: &str, arguments: &Value) {
        let mut facts = self.call.facts();
        let time = facts.moment(self.now).timestamp_millis();
        facts.messages.push(json!({
            "role": "tool_calls", "message": "", "time": time, "secondsFromStart": rounded(self.now),
            "toolCalls": [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}],
        }));
    }

    fn remember_result(&mut self, id: &str, name: &str, result: &str) {
        {
            let mut facts = self.call.facts();
            let time = facts.moment(self.now).timestamp_millis();
            facts.messages.push(json!({
                "role": "tool_call_result", "time": time, "secondsFromStart": rounded(self.now),
                "toolCallId": id, "name": name, "result": result,
            }));
        }
        self.tell_history();
    }

    /// Values for the arguments the tool declares; what the script gives when it declares none.
    fn arguments(&self, tool: &Value, given: &Map<String, Value>) -> Value {
        let schema = tool.pointer("/function/parameters").cloned().unwrap_or_default();
        self.conforming(&schema, given)
    }

    fn conforming(&self, schema: &Value, given: &Map<String, Value>) -> Value {
        let given: Map<String, Value> = given.iter().map(|(key, value)| (key.clone(), self.dated(value))).collect();
        let facts = self.call.facts();
        let number = facts.customer.as_ref().and_then(|customer| customer.get("number")).and_then(Value::as_str).map(str::to_owned);
        drop(facts);
        let known = Known { given, caller: self.caller(), number, topic: self.call.scenario.script.topic.clone() };
        if schema.get("properties").is_some_and(Value::is_object) { conform(schema, &known) } else { Value::Object(known.given) }
    }

    /// A value whose `{date+3}` became a date.
    fn dated(&self, value: &Value) -> Value {
        let Some(text) = value.as_str() else { return value.clone() };
        let Some((before, rest)) = text.split_once("{date+") else { return json!(self.fill_in(text)) };
        let Some((days, after)) = rest.split_once('}') else { return value.clone() };
        let days = days.parse().unwrap_or(0);
        let date = Utc::now().date_naive().checked_add_days(Days::new(days)).unwrap_or_default();
        json!(self.fill_in(&format!("{before}{date}{after}")))
    }
}

/// What is known about a call when a schema is to be filled.
pub(super) struct Known {
    pub(super) given: Map<String, Value>,
    pub(super) caller: String,
    pub(super) number: Option<String>,
    pub(super) topic: String,
}

/// An object as a JSON Schema asks for, from what is known: by name of the property first, by its meaning and type else.
pub(super) fn conform(schema: &Value, known: &Known) -> Value {
    let mut object = Object::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        object.insert(name.clone(), known.given.get(name).cloned().unwrap_or_else(|| guess(name, property, known)));
    }
    Value::Object(object)
}

fn guess(name: &str, property: &Value, known: &Known) -> Value {
    if let Some(choice) = property.get("enum").and_then(Value::as_array).and_then(|choices| choices.first()) {
        return choice.clone();
    }
    let name = name.to_lowercase();
    let means = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let tomorrow = || Utc::now().date_naive().checked_add_days(Days::new(3)).unwrap_or_default();
    match property.get("type").and_then(Value::as_str) {
        Some("boolean") => json!(true),
        Some("integer") => json!(1),
        Some("number") => json!(1.0),
        Some("array") => json!([]),
        Some("object") => conform(property, known),
        _ if property.get("format").and_then(Value::as_str) == Some("date-time") => json!(format!("{}T10:30:00", tomorrow())),
        _ if means(&["phone", "tel", "number", "numero", "numéro", "mobile"]) => json!(known.number.clone().unwrap_or_default()),
        _ if means(&["mail"]) => json!(format!("{}@example.com", known.caller.to_lowercase().replace(' ', "."))),
        _ if means(&["name", "nom", "client", "patient"]) => json!(known.caller),
        _ if means(&["datetime", "start", "slot", "creneau", "créneau"]) => json!(format!("{}T10:30:00", tomorrow())),
        _ if means(&["date", "day", "jour"]) => json!(tomorrow().to_string()),
        _ if means(&["time", "hour", "heure"]) => json!("10:30"),
        _ => json!(known.topic),
    }
}

/// A result that says whether it found an answer, as a model would use it: the first one is read out.
pub(super) fn given_by(result: &str) -> Option<Given> {
    let result: Value = serde_json::from_str(result).ok()?;
    match (result.get("found")?.as_bool()?, result.pointer("/answers/0/answer").and_then(Value::as_str)) {
        (true, Some(answer)) => Some(Given::Answer(answer.to_owned())),
        (true, None) => None,
        (false, _) => Some(Given::Nothing),
    }
}

/// A function to be called when the assistant has none and every shape is asked for.
fn stand_in() -> Value {
    json!({"type": "function", "function": {"name": "lookup_customer", "parameters": {"type": "object", "properties": {"phone": {"type": "string"}}}}})
}

fn name_of(tool: &Value) -> String {
    tool.pointer("/function/name").and_then(Value::as_str).unwrap_or("tool").to_owned()
}

/// What the tool has the assistant say before it is used.
fn spoken_before(tool: &Value) -> Option<String> {
    spoken(tool, "request-start")
}

fn spoken_after(tool: &Value, succeeded: bool) -> Option<String> {
    spoken(tool, if succeeded { "request-complete" } else { "request-failed" })
}

fn spoken(tool: &Value, kind: &str) -> Option<String> {
    let messages = tool.get("messages").and_then(Value::as_array)?;
    let message = messages.iter().find(|message| message["type"] == kind && message["role"] != "system")?;
    message.get("content").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A tool call as one of the six shapes that are seen on the wire.
fn shaped(shape: usize, tool: &Value, id: &str, name: &str, arguments: &Value) -> Value {
    let text = arguments.to_string();
    let by_schema = json!({"id": id, "type": "function", "function": {"name": name, "arguments": text}});
    let by_object = json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let paired = |call: &Value| json!({"type": "function", "function": tool["function"], "server": tool["server"], "toolCall": call});
    match shape {
        0 => json!({"toolCallList": [by_schema], "toolWithToolCallList": [paired(&by_schema)]}),
        1 => json!({"toolCallList": [by_object], "toolCalls": [by_object], "toolWithToolCallList": [paired(&by_object)]}),
        2 => json!({"toolCallList": [{"id": id, "name": name, "arguments": arguments}]}),
        3 => json!({"toolCallList": [{"id": id, "name": name, "parameters": arguments}]}),
        4 => {
            json!({"toolWithToolCallList": [{"type": "function", "name": name, "toolCall": {"id": id, "type": "function", "function": {"parameters": arguments}}}]})
        }
        _ => json!({"toolCalls": [by_schema]}),
    }
}

/// The result in a reply, or why there is none. Only HTTP 200 counts, only strings, only one line.
pub(super) fn result_of(reply: &Reply, id: &str) -> Result<String, String> {
    let nothing = || Err("No result returned.".to_owned());
    let Some(body) = reply.accepted() else { return nothing() };
    if let Some(error) = body.get("error").and_then(Value::as_str) {
        return Err(error.to_owned());
    }
    let results = body.get("results").and_then(Value::as_array);
    let Some(entry) = results.into_iter().flatten().find(|entry| entry["toolCallId"] == id) else { return nothing() };
    let one_line = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.contains(['\n', '\r']));
    match (one_line("result"), one_line("error")) {
        (Some(result), _) => Ok(result.to_owned()),
        (None, Some(error)) => Err(error.to_owned()),
        (None, None) => nothing(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Known, conform, result_of};
    use crate::providers::sim::webhook::Reply;

    fn reply(status: u16, body: Value) -> Reply {
        Reply { status: Some(status), body: Some(body), ..Reply::default() }
    }

    #[test]
    fn only_a_one_line_string_in_a_200_is_a_result() {
        let results = |result: Value| json!({"results": [{"toolCallId": "c1", "result": result}]});
        assert_eq!(result_of(&reply(200, results(json!("ok"))), "c1"), Ok("ok".to_owned()));
        assert!(result_of(&reply(201, results(json!("ok"))), "c1").is_err());
        assert!(result_of(&reply(200, results(json!("two\nlines"))), "c1").is_err());
        assert!(result_of(&reply(200, results(json!({"ok": true}))), "c1").is_err());
        assert!(result_of(&reply(200, results(json!("ok"))), "c2").is_err());
        assert!(result_of(&Reply::default(), "c1").is_err());
    }

    #[test]
    fn a_schema_is_filled_by_name_then_by_meaning() {
        let schema = json!({"properties": {
            "service": {"type": "string"}, "customer_name": {"type": "string"}, "phone": {"type": "string"},
            "urgent": {"type": "boolean"}, "kind": {"type": "string", "enum": ["a", "b"]},
        }});
        let given: Map<String, Value> = [("service".to_owned(), json!("détartrage"))].into_iter().collect();
        let known = Known { given, caller: "Awa".into(), number: Some("+33612345600".into()), topic: "t".into() };
        let filled = conform(&schema, &known);
        assert_eq!(filled, json!({"service": "détartrage", "customer_name": "Awa", "phone": "+33612345600", "urgent": true, "kind": "a"}));
    }
}
