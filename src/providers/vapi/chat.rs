//! Talking to an assistant by text: `POST /chat`. Source: api.vapi.ai OpenAPI, schema `CreateChatDTO`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Vapi;
use crate::platform::outbound::OutboundError;

/// One turn: an assistant that need not be stored there, what is said, and the chat it goes on from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewChat {
    pub assistant: Value,
    /// A text, or messages of which the last is the caller's.
    pub input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_chat_id: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Chat {
    pub id: String,
    /// Words, tool calls and their results, in the order they came.
    #[serde(default)]
    pub output: Vec<Value>,
    /// In US dollars; not every answer has it.
    #[serde(default)]
    pub cost: Option<f64>,
    /// Whatever else Vapi sends.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Vapi {
    /// Says something to an assistant. It may take as long as its model and its tools do. Sent again only after 429 or when no connection
    /// was made: each answer is paid for.
    pub async fn chat(&self, chat: &NewChat) -> Result<Chat, OutboundError> {
        self.ask(&self.talk, &["chat"], &serde_json::to_value(chat).unwrap_or_default()).await
    }
}
