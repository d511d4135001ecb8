//! `POST /chat`: an assistant talked to by text. What it says is thought by `mind`; its tools are asked of the customer's server as in a call.
//! Nothing of it is a call: no call is made, counted or reported. Source: voice.md 1.11; streaming and sending by SMS are refused.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};

use super::dice::Dice;
use super::life::Given;
use super::mind::{self, Thought};
use super::refusal::Refusal;
use super::rest::parsed;
use super::tools::{given_by, result_of};
use super::validate;
use super::webhook::{Delivery, PostRoom, Target};
use super::world::{World, iso, new_id};

/// How many chats are remembered.
const KEPT: usize = 2_000;
/// US dollars for a thousand tokens, in and out: about what gpt-4.1 costs there.
const PRICE_IN: f64 = 0.002;
const PRICE_OUT: f64 = 0.008;

/// What was said in chats, newest last.
#[derive(Default)]
pub(super) struct Chats {
    said: HashMap<String, Vec<Value>>,
    order: VecDeque<String>,
}

impl Chats {
    fn put(&mut self, id: &str, said: Vec<Value>) {
        self.said.insert(id.to_owned(), said);
        self.order.push_back(id.to_owned());
        while self.order.len() > KEPT {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.said.remove(&oldest);
        }
    }
}

/// `POST /chat`.
pub(super) async fn create(State(world): State<World>, body: Bytes) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body = parsed(&body)?;
    validate::chat(&body)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let assistant = match (body.get("assistant"), text("assistantId")) {
        (Some(assistant), _) => assistant.clone(),
        (None, Some(id)) => world
            .assistants()
            .get(id)
            .cloned()
            .map(Value::Object)
            .ok_or_else(|| Refusal::not_found(format!("Assistant with ID {id} not found.")))?,
        (None, None) => Value::Null,
    };
    let mut messages = match text("previousChatId") {
        Some(id) => world.chats().said.get(id).cloned().ok_or_else(|| Refusal::bad_request(format!("Chat with ID {id} not found.")))?,
        None => Vec::new(),
    };
    let input = match body.get("input") {
        Some(Value::Array(messages)) => messages.clone(),
        Some(words) => vec![json!({ "role": "user", "content": words })],
        None => Vec::new(),
    };
    messages.extend(input.iter().cloned());
    let id = new_id();
    let output = answer(&world, &id, &assistant, &messages).await;
    let (asked, told) =
        (tokens(&assistant["model"]) + messages.iter().map(tokens).sum::<usize>(), output.iter().map(tokens).sum::<usize>());
    let cost = (asked as f64 * PRICE_IN + told as f64 * PRICE_OUT) / 1000.0;
    let now = iso(Utc::now());
    let chat = json!({
        "id": id, "orgId": world.org_id(), "createdAt": now, "updatedAt": now, "input": input, "messages": messages, "output": output,
        "assistantId": text("assistantId"), "previousChatId": text("previousChatId"), "cost": cost,
        "costs": [{ "type": "model", "promptTokens": asked, "completionTokens": told, "cost": cost }],
    });
    messages.extend(output);
    world.chats().put(&id, messages);
    Ok((StatusCode::CREATED, Json(chat)))
}

/// About four letters each.
fn tokens(value: &Value) -> usize {
    value.to_string().len().div_ceil(4)
}

/// What the assistant does and says, in the spelling of the model it speaks through.
async fn answer(world: &World, chat: &str, assistant: &Value, messages: &[Value]) -> Vec<Value> {
    let mind = mind::Mind::of(assistant, messages);
    match mind.think() {
        Thought::Say(words) => vec![said(&words)],
        Thought::Transfer { destination, words } => {
            let id = tool_id();
            let arguments = json!({ "destination": destination["number"] });
            vec![used(&id, "transferCall", &arguments, Some(&words)), result(&id, "Transfer initiated.")]
        }
        Thought::Look { question } => {
            let arguments = json!({ "question": question, "language": mind.language_code() });
            let (id, told) = (tool_id(), use_tool(world, chat, assistant, "search_answers", &arguments).await);
            let words = match told.as_ref().ok().and_then(|told| given_by(told)) {
                Some(Given::Answer(answer)) => answer,
                Some(Given::Nothing) | None => mind.told_nothing(),
            };
            vec![used(&id, "search_answers", &arguments, None), result(&id, &one(told)), said(&words)]
        }
        Thought::Note { arguments } => {
            let (id, told) = (tool_id(), use_tool(world, chat, assistant, "take_message", &arguments).await);
            let words = mind.noted(told.is_ok());
            vec![used(&id, "take_message", &arguments, None), result(&id, &one(told)), said(&words)]
        }
    }
}

fn said(words: &str) -> Value {
    json!({ "role": "assistant", "content": words })
}

fn used(id: &str, name: &str, arguments: &Value, words: Option<&str>) -> Value {
    let call = json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } });
    json!({ "role": "assistant", "content": words, "tool_calls": [call] })
}

fn result(id: &str, text: &str) -> Value {
    json!({ "role": "tool", "tool_call_id": id, "content": text })
}

fn one(told: Result<String, String>) -> String {
    told.unwrap_or_else(|error| error)
}

fn tool_id() -> String {
    format!("call_{}", new_id().replace('-', "").split_at(8).1)
}

/// Asks the assistant's server, as in a call; the message names the chat in the place of the call.
async fn use_tool(world: &World, chat: &str, assistant: &Value, name: &str, arguments: &Value) -> Result<String, String> {
    let wants = assistant["serverMessages"].as_array().is_none_or(|wanted| wanted.iter().any(|kind| kind == "tool-calls"));
    let Some(target) = Target::of(assistant.get("server")).filter(|_| wants) else { return Err("No result returned.".to_owned()) };
    let id = tool_id();
    let call = json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    let now = Utc::now();
    let message = json!({
        "type": "tool-calls", "timestamp": now.timestamp_millis(), "toolCallList": [call], "toolCalls": [call], "assistant": assistant,
        "chat": { "id": chat, "orgId": world.org_id(), "createdAt": iso(now) },
    });
    let post = PostRoom::open(world.clone(), chat.to_owned(), Delivery::Ordered, Dice::of(world.options().seed, &[chat]));
    result_of(&post.ask(target.once_within(std::time::Duration::from_secs(20)), message).await, &id)
}
