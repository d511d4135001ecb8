//! One turn with a draft: what is sent to the provider's chat, and what its answer says as lines. Knows no table.

use super::judge::{TRANSFER, plain};
use crate::{
    platform::outbound::OutboundError,
    providers::vapi::{Chat, NewChat, Vapi},
    rehearsals::model::{Line, Speaker},
    shared::money::MicroUsd,
};
use serde_json::{Value, json};
use std::time::Instant;

/// The longest text of a line that is kept.
const LONGEST: usize = 4_000;

/// What came of a turn.
pub struct Turn {
    /// The provider's id of the chat, which the next turn goes on from.
    pub chat_ref: String,
    /// What the assistant did and said; the caller's words are not among them.
    pub lines: Vec<Line>,
    pub cost: Option<MicroUsd>,
    /// In a call the assistant would be gone: it put the caller through, or said goodbye.
    pub is_over: bool,
}

/// What is said, and after what.
pub struct Saying<'a> {
    /// The draft, as [`crate::assistants::server::actions::rehearsable`] gives it.
    pub copy: &'a Value,
    /// Absent at the first turn, when the assistant has said its greeting and nothing else.
    pub previous: Option<&'a str>,
    pub words: &'a str,
    /// From 1.
    pub turn: u32,
}

/// Says it and waits for the answer.
pub async fn say(vapi: &Vapi, saying: &Saying<'_>) -> Result<Turn, OutboundError> {
    let user = json!({ "role": "user", "content": saying.words });
    let input = match saying.previous {
        Some(_) => json!(saying.words),
        None => json!([{ "role": "assistant", "content": saying.copy["firstMessage"] }, user]),
    };
    let new = NewChat { assistant: saying.copy.clone(), input, previous_chat_id: saying.previous.map(str::to_owned) };
    let began = Instant::now();
    let chat = vapi.chat(&new).await?;
    let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok(read(&chat, saying, took_ms))
}

/// The greeting, as the first line of a report.
pub fn greeting(copy: &Value) -> Line {
    line(Speaker::Assistant, 0, copy["firstMessage"].as_str().unwrap_or_default())
}

/// What the caller said, as a line.
pub fn callers(words: &str, turn: u32) -> Line {
    line(Speaker::Caller, turn, words)
}

/// What a cost in US dollars is in millionths. Sources differ in their digits; less than a millionth is nothing.
pub fn micro_usd(dollars: f64) -> Option<MicroUsd> {
    (dollars.is_finite() && (0.0..1_000.0).contains(&dollars)).then(|| MicroUsd((dollars * 1e6).round() as i64))
}

fn read(chat: &Chat, saying: &Saying<'_>, took_ms: u32) -> Turn {
    let mut lines: Vec<Line> = Vec::new();
    let mut ids: Vec<(String, usize)> = Vec::new();
    for message in &chat.output {
        let role = message["role"].as_str().unwrap_or_default();
        let words = content(message);
        let uses = ["tool_calls", "toolCalls"].iter().find_map(|list| message[*list].as_array());
        if matches!(role, "assistant" | "bot") && !words.trim().is_empty() {
            lines.push(line(Speaker::Assistant, saying.turn, words.trim()));
        }
        for used in uses.into_iter().flatten() {
            ids.push((used["id"].as_str().unwrap_or_default().to_owned(), lines.len()));
            lines.push(tool(used, saying));
        }
        if matches!(role, "tool" | "tool_call_result") {
            let id = ["tool_call_id", "toolCallId"].iter().find_map(|name| message[*name].as_str()).unwrap_or_default();
            let told = message["result"].as_str().map_or(words, str::to_owned);
            if let Some(used) = ids.iter().find(|(known, _)| known == id).and_then(|(_, at)| lines.get_mut(*at)) {
                used.result = short(&told);
            }
        }
    }
    if let Some(last) = lines.iter_mut().rev().find(|line| line.by == Speaker::Assistant) {
        last.took_ms = Some(took_ms);
    }
    let is_over = lines.iter().any(|line| ends(line, saying.copy));
    Turn { chat_ref: chat.id.clone(), lines, cost: chat.cost.and_then(micro_usd), is_over }
}

/// A text, or the texts of its parts.
fn content(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn tool(used: &Value, saying: &Saying<'_>) -> Line {
    let function = if used["function"].is_object() { &used["function"] } else { used };
    let name = function["name"].as_str().unwrap_or("tool");
    let given = match &function["arguments"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut arguments: Vec<(String, String)> =
        given.as_object().into_iter().flatten().take(30).map(|(name, value)| (short(name), short(&text(value)))).collect();
    if name == TRANSFER {
        arguments.extend(destination_label(&arguments, saying.copy).map(|label| ("label".to_owned(), label)));
    }
    Line { arguments, ..line(Speaker::Tool, saying.turn, name) }
}

/// The name of a destination in the assistant's own list.
fn destination_label(arguments: &[(String, String)], copy: &Value) -> Option<String> {
    let tools = copy["model"]["tools"].as_array()?;
    let mut destinations = tools.iter().filter_map(|tool| tool["destinations"].as_array()).flatten();
    let named = |number: &str| arguments.iter().any(|(_, value)| value.contains(number));
    let found = destinations.find(|destination| destination["number"].as_str().is_some_and(named))?;
    found["description"].as_str().filter(|label| !label.is_empty()).map(str::to_owned)
}

fn ends(line: &Line, copy: &Value) -> bool {
    if line.by == Speaker::Tool {
        return matches!(line.text.as_str(), TRANSFER | "endCall" | "end_call");
    }
    let said = plain(&line.text);
    let phrases = copy["endCallPhrases"].as_array().into_iter().flatten().filter_map(Value::as_str);
    phrases.map(plain).any(|phrase| !phrase.is_empty() && said.contains(&phrase))
}

fn line(by: Speaker, turn: u32, text: &str) -> Line {
    Line { by, text: short(text), arguments: vec![], result: String::new(), turn, took_ms: None }
}

/// As PostgreSQL keeps it: no NUL, not without end.
fn short(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> Value {
        json!({
            "firstMessage": "Bonjour", "endCallPhrases": ["Au revoir"],
            "model": { "tools": [{ "type": "transferCall", "destinations": [{ "number": "+33639981247", "description": "Garde" }] }] },
        })
    }

    fn turn(output: Value) -> Turn {
        let chat =
            Chat { id: "c1".into(), output: serde_json::from_value(output).expect("a list"), cost: Some(0.0012), rest: Default::default() };
        let copy = copy();
        read(&chat, &Saying { copy: &copy, previous: None, words: "Allô", turn: 1 }, 700)
    }

    #[test]
    fn words_tools_and_results_become_lines_in_either_spelling() {
        let told = turn(json!([
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "t1", "function": { "name": "take_message", "arguments": "{\"urgent\":true,\"message\":\"Fuite\"}" } }] },
            { "role": "tool", "tool_call_id": "t1", "content": "message taken" },
            { "role": "assistant", "content": [{ "type": "text", "text": "C'est noté." }] },
        ]));
        let [tool, words] = told.lines.as_slice() else { panic!("{:?}", told.lines) };
        assert_eq!((tool.by, tool.text.as_str(), tool.result.as_str()), (Speaker::Tool, "take_message", "message taken"));
        assert_eq!(tool.arguments, [("message".into(), "Fuite".into()), ("urgent".into(), "true".into())]);
        assert_eq!((words.text.as_str(), words.took_ms), ("C'est noté.", Some(700)));
        assert_eq!((told.cost, told.is_over), (Some(MicroUsd(1200)), false));
        let other = turn(json!([{ "role": "bot", "content": "Oui", "toolCalls": [{ "id": "t2", "name": "x", "arguments": { "a": 1 } }] }]));
        assert_eq!((other.lines.len(), other.lines[1].arguments.clone()), (2, vec![("a".into(), "1".into())]));
    }

    #[test]
    fn a_transfer_names_the_label_of_its_number_and_ends_the_conversation() {
        let told = turn(json!([{ "role": "assistant", "content": "Je vous transfère.",
            "tool_calls": [{ "id": "t1", "function": { "name": "transferCall", "arguments": { "destination": "+33639981247" } } }] }]));
        assert!(told.lines[1].arguments.contains(&("label".into(), "Garde".into())) && told.is_over);
        assert!(turn(json!([{ "role": "assistant", "content": "Merci, au revoir !" }])).is_over);
    }

    #[test]
    fn nonsense_is_no_line_and_no_cost() {
        assert!(turn(json!([7, { "role": "assistant" }, { "role": "system", "content": "x" }])).lines.is_empty());
        assert_eq!((micro_usd(f64::NAN), micro_usd(-1.0), micro_usd(0.5)), (None, None, Some(MicroUsd(500_000))));
    }
}
