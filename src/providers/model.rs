//! A language model behind an OpenAI-compatible door: one question, one answer in the shape of a strict JSON schema, no tools.
//! Source: protocols sheet "notify-ai-ops", 5.2, 5.4, 5.7. Knows nothing of what is asked.

use crate::platform::{
    Core,
    config::{ModelConfig, Secret},
    outbound::{Account, MODEL, Outbound, OutboundError, Policy, Repeat},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// The client of one model. Cheap to clone.
#[derive(Clone)]
pub struct Model {
    url: Url,
    key: Option<Secret>,
    name: String,
    /// Micro-dollars a token, in and out.
    prices: (f64, f64),
    is_openai: bool,
    account: Account,
    http: Outbound,
}

/// What is asked.
pub struct Question<'a> {
    /// Our instructions.
    pub system: &'a str,
    /// Data, never instructions.
    pub user: &'a str,
    /// Letters, digits, `_` and `-`.
    pub schema_name: &'a str,
    /// In the strict form.
    pub schema: &'a Value,
    /// Of the answer.
    pub most_tokens: u32,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Absent when the model declined.
    pub content: Option<String>,
    /// Ended before its end.
    pub is_cut: bool,
    /// Tokens in and out, where they were told.
    pub usage: Option<(u64, u64)>,
}

impl Model {
    /// Under these settings, with connections of its own.
    pub fn new(config: &ModelConfig) -> Self {
        let mut url = config.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["chat", "completions"]);
        }
        let key = config.api_key.as_ref().map_or("", Secret::expose);
        Self {
            is_openai: url.host_str() == Some("api.openai.com"),
            account: Account::of(&[url.as_str(), key]),
            url,
            key: config.api_key.clone(),
            name: config.name.clone(),
            prices: config.prices,
            http: Outbound::new(Policy { read: config.deadline, total: config.deadline, ..MODEL }),
        }
    }

    /// The process' client; nothing when no model is set.
    pub fn of(core: &Core) -> Option<Self> {
        core.providers.get::<Self>().cloned()
    }

    /// As it was set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What so many tokens cost, in micro-dollars, rounded up.
    pub fn price(&self, tokens_in: u64, tokens_out: u64) -> i64 {
        (tokens_in as f64 * self.prices.0 + tokens_out as f64 * self.prices.1).ceil() as i64
    }

    /// Asks once; sent again only when it surely was not taken, since each answer is paid for. Errors: `Garbled` for an answer that is none.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Reply, OutboundError> {
        let body = self.body(question);
        let build = |http: &reqwest::Client| {
            let request = http.post(self.url.clone()).json(&body);
            match &self.key {
                Some(key) => request.bearer_auth(key.expose()),
                None => request,
            }
        };
        let completion: Completion = self.http.send(&self.account, Repeat::OnlyUnsent, build).await?.json()?;
        let usage = completion.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens));
        let Some(choice) = completion.choices.into_iter().next() else {
            return Err(OutboundError::Garbled { provider: MODEL.name, cause: "no choice in the answer".into() });
        };
        let content = choice.message.content.filter(|_| choice.message.refusal.is_none());
        Ok(Reply { content, is_cut: choice.finish_reason.as_deref() == Some("length"), usage })
    }

    fn body(&self, question: &Question<'_>) -> Value {
        let mut body = json!({
            "model": self.name,
            "messages": [{ "role": "system", "content": question.system }, { "role": "user", "content": question.user }],
            "response_format": { "type": "json_schema",
                "json_schema": { "name": question.schema_name, "strict": true, "schema": question.schema } },
        });
        // What one side wants the other refuses (sheet 5.7).
        if self.is_openai {
            body["max_completion_tokens"] = question.most_tokens.into();
            body["reasoning_effort"] = "none".into();
            body["store"] = false.into();
        } else {
            body["max_tokens"] = question.most_tokens.into();
            body["temperature"] = 0.into();
        }
        body
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}
