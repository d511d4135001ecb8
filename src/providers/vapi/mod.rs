//! Vapi, the telephony and speech platform: the real client. Its simulator speaks the same wire format.
//!
//! Knows Vapi's addresses, limits and errors; knows nothing of our slices. What Vapi adds tomorrow is kept, not dropped.
//! Sources: api.vapi.ai OpenAPI; docs.vapi.ai/api-reference, /calls/call-features, /assistants/retrieve-call-artifacts.

mod chat;
mod control;
mod listen;
mod names;
mod recording;
mod trouble;
mod types;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::platform::Core;
use crate::platform::config::Secret;
use crate::platform::outbound::{Account, Outbound, OutboundError, Repeat, VAPI, VAPI_CHAT, VAPI_CONTROL, VAPI_RECORDINGS};

pub use chat::{Chat, NewChat};
pub use control::{Control, Destination};
pub use listen::Sound;
pub use names::{LONGEST_NAME, short_name};
pub use recording::Recording;
pub use trouble::words_of;
pub use types::{Assistant, Call, CallFilter, Customer, Monitor, NewCall, PhoneNumber, SubscriptionLimits};

/// Where Vapi answers, and with which keys.
#[derive(Clone, Debug)]
pub struct VapiSettings {
    /// `https://api.vapi.ai`, or the simulator.
    pub base_url: Url,
    /// The private key.
    pub api_key: Secret,
    /// Sent to control addresses, which may ask for it.
    pub public_key: Option<String>,
}

/// The client of one Vapi account. Cheap to clone.
#[derive(Clone)]
pub struct Vapi {
    settings: VapiSettings,
    account: Account,
    api: Outbound,
    live: Outbound,
    files: Outbound,
    talk: Outbound,
}

impl Vapi {
    /// A client with connections of its own; build one per process and derive others by [`Vapi::with_settings`].
    pub fn new(settings: VapiSettings) -> Self {
        let account = account_of(&settings);
        let (api, live, files) = (Outbound::new(VAPI), Outbound::new(VAPI_CONTROL), Outbound::new(VAPI_RECORDINGS));
        Self { settings, account, api, live, files, talk: Outbound::new(VAPI_CHAT) }
    }

    /// The process' client, put into the core at start.
    pub fn of(core: &Core) -> Self {
        match core.providers.get::<Self>() {
            Some(vapi) => vapi.clone(),
            None => unreachable!("the core is built with a Vapi client"),
        }
    }

    /// Sandbox: has the simulator ring one of our numbers or assistants. Not a door of the real one.
    pub async fn simulate_inbound(&self, simulator: &Url, body: &Value) -> Result<(), OutboundError> {
        let mut url = simulator.clone();
        url.set_path("/_sim/inbound");
        let build = |http: &reqwest::Client| http.post(url.clone()).json(body);
        self.api.send(&self.account, Repeat::OnlyUnsent, build).await.map(drop)
    }

    /// Another account over the same connections; it has breakers of its own.
    pub fn with_settings(&self, settings: VapiSettings) -> Self {
        Self { account: account_of(&settings), settings, ..self.clone() }
    }

    /// Creates an assistant from Vapi's own fields; its name is cut to what Vapi takes.
    pub async fn create_assistant(&self, assistant: &Value) -> Result<Assistant, OutboundError> {
        self.post(&["assistant"], assistant).await
    }

    /// Replaces the given top-level fields; nested objects are replaced whole.
    pub async fn update_assistant(&self, id: &str, fields: &Value) -> Result<Assistant, OutboundError> {
        self.patch(&["assistant", id], fields).await
    }

    /// One assistant.
    pub async fn assistant(&self, id: &str) -> Result<Assistant, OutboundError> {
        self.get(&["assistant", id], &[]).await
    }

    /// The newest assistants, at most `limit` (1 to 1000).
    pub async fn assistants(&self, limit: u16) -> Result<Vec<Assistant>, OutboundError> {
        self.get(&["assistant"], &[("limit", limit.clamp(1, 1000).to_string())]).await
    }

    /// Deletes it; one that is already gone counts as deleted. Errors: `Refused` 409, code `assistant_pinned`.
    pub async fn delete_assistant(&self, id: &str) -> Result<(), OutboundError> {
        self.delete(&["assistant", id]).await
    }

    /// Places a call. Sent again only after 429 or when no connection was made: Vapi has no idempotency key. When the error
    /// [`OutboundError::may_have_happened`], look for the attempt with [`Vapi::find_call`] before placing another.
    pub async fn create_call(&self, call: &NewCall) -> Result<Call, OutboundError> {
        self.post(&["call"], &serde_json::to_value(call).unwrap_or_default()).await
    }

    /// One call as Vapi knows it.
    pub async fn call(&self, id: &str) -> Result<Call, OutboundError> {
        self.get(&["call", id], &[]).await
    }

    /// Calls by filter, newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<Call>, OutboundError> {
        // One call of an unheard-of shape must not hide the others from whoever looks for lost ones.
        let items: Vec<Value> = self.get(&["call"], &filter.query()).await?;
        let mut calls: Vec<Call> = items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect();
        calls.sort_by(|a, b| b.created_at.cmp(&a.created_at));
        Ok(calls)
    }

    /// The call that carries our id of the attempt (`customer.externalId`), if Vapi took it.
    pub async fn find_call(&self, external_id: &str, filter: &CallFilter) -> Result<Option<Call>, OutboundError> {
        let calls = self.calls(filter).await?;
        Ok(calls.into_iter().find(|call| call.customer.as_ref().and_then(|customer| customer.external_id.as_deref()) == Some(external_id)))
    }

    /// Renames a call, the only thing Vapi lets one change.
    pub async fn rename_call(&self, id: &str, name: &str) -> Result<Call, OutboundError> {
        self.patch(&["call", id], &json!({ "name": name })).await
    }

    /// Erases a call's data at Vapi, or cancels it while it is scheduled. It does not hang up.
    pub async fn erase_call(&self, id: &str) -> Result<(), OutboundError> {
        self.delete(&["call", id]).await
    }

    /// Imports or rents a number; `number` holds Vapi's own fields, `provider` among them.
    pub async fn create_phone_number(&self, number: &Value) -> Result<PhoneNumber, OutboundError> {
        self.post(&["phone-number"], number).await
    }

    /// Replaces the given fields; must name the same `provider`.
    pub async fn update_phone_number(&self, id: &str, fields: &Value) -> Result<PhoneNumber, OutboundError> {
        self.patch(&["phone-number", id], fields).await
    }

    /// One number.
    pub async fn phone_number(&self, id: &str) -> Result<PhoneNumber, OutboundError> {
        self.get(&["phone-number", id], &[]).await
    }

    /// The newest numbers, at most `limit` (1 to 1000).
    pub async fn phone_numbers(&self, limit: u16) -> Result<Vec<PhoneNumber>, OutboundError> {
        self.get(&["phone-number"], &[("limit", limit.clamp(1, 1000).to_string())]).await
    }

    /// Gives the number up; one that is already gone counts as given up.
    pub async fn delete_phone_number(&self, id: &str) -> Result<(), OutboundError> {
        self.delete(&["phone-number", id]).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, OutboundError> {
        let url = self.address(path);
        let key = self.settings.api_key.expose();
        let build = |http: &reqwest::Client| http.get(url.clone()).query(query).bearer_auth(key);
        self.api.send(&self.account, Repeat::Safe, build).await?.json()
    }

    async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, OutboundError> {
        self.ask(&self.api, path, body).await
    }

    /// A POST with the patience of this policy.
    async fn ask<T: DeserializeOwned>(&self, policy: &Outbound, path: &[&str], body: &Value) -> Result<T, OutboundError> {
        let (url, body) = (self.address(path), names::fitted(body));
        let key = self.settings.api_key.expose();
        let build = |http: &reqwest::Client| http.post(url.clone()).json(&body).bearer_auth(key);
        policy.send(&self.account, Repeat::OnlyUnsent, build).await?.json()
    }

    async fn patch<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, OutboundError> {
        let (url, body) = (self.address(path), names::fitted(body));
        let key = self.settings.api_key.expose();
        let build = |http: &reqwest::Client| http.patch(url.clone()).json(&body).bearer_auth(key);
        self.api.send(&self.account, Repeat::Safe, build).await?.json()
    }

    async fn delete(&self, path: &[&str]) -> Result<(), OutboundError> {
        let url = self.address(path);
        let key = self.settings.api_key.expose();
        let build = |http: &reqwest::Client| http.delete(url.clone()).bearer_auth(key);
        match self.api.send(&self.account, Repeat::Safe, build).await {
            Ok(_) => Ok(()),
            Err(error) if error.status() == Some(404) => Ok(()), // gone, perhaps by our own first try
            Err(error) => Err(error),
        }
    }

    /// Ids come from outside: each is one segment of the path, whatever is in it.
    fn address(&self, path: &[&str]) -> Url {
        let mut url = self.settings.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for part in path {
                segments.push(if matches!(*part, "." | ".." | "") { "-" } else { part });
            }
        }
        url
    }
}

fn account_of(settings: &VapiSettings) -> Account {
    Account::of(&[settings.base_url.as_str(), settings.api_key.expose()])
}
