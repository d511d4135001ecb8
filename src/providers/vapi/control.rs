//! Stepping into a live call: one POST to the call's own control address.

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::Vapi;
use crate::platform::outbound::{OutboundError, Repeat};

/// What a supervisor may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// The assistant says this to the caller.
    Say {
        content: String,
        then_hang_up: bool,
    },
    /// A word to the assistant that the caller does not hear; it may answer at once.
    Instruct {
        content: String,
        respond_now: bool,
    },
    MuteAssistant,
    UnmuteAssistant,
    MuteCustomer,
    UnmuteCustomer,
    /// Says the first message again, after `MuteAssistant` at the start.
    SayFirstMessage,
    /// Hands the call to a person; the assistant may announce it.
    Transfer {
        to: Destination,
        announcement: Option<String>,
    },
    EndCall,
}

/// Where a call is transferred to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Destination {
    /// E.164.
    Number { number: String },
    #[serde(rename_all = "camelCase")]
    Sip { sip_uri: String },
}

impl Control {
    fn body(&self) -> Value {
        let simple = |word: &str| json!({ "type": "control", "control": word });
        match self {
            Control::Say { content, then_hang_up } => json!({ "type": "say", "content": content, "endCallAfterSpoken": then_hang_up }),
            Control::Instruct { content, respond_now } => {
                json!({ "type": "add-message", "message": { "role": "system", "content": content }, "triggerResponseEnabled": respond_now })
            }
            Control::MuteAssistant => simple("mute-assistant"),
            Control::UnmuteAssistant => simple("unmute-assistant"),
            Control::MuteCustomer => simple("mute-customer"),
            Control::UnmuteCustomer => simple("unmute-customer"),
            Control::SayFirstMessage => simple("say-first-message"),
            Control::Transfer { to, announcement: Some(words) } => json!({ "type": "transfer", "destination": to, "content": words }),
            Control::Transfer { to, announcement: None } => json!({ "type": "transfer", "destination": to }),
            Control::EndCall => json!({ "type": "end-call" }),
        }
    }

    /// Words said twice are heard twice; muted twice is muted.
    fn repeat(&self) -> Repeat {
        match self {
            Control::Say { .. } | Control::Instruct { .. } | Control::SayFirstMessage | Control::Transfer { .. } => Repeat::OnlyUnsent,
            _ => Repeat::Safe,
        }
    }
}

impl Vapi {
    /// Does it. `control_url` is what Vapi gave with the call. Errors: `Refused` 404 after the call has ended; 421 when the
    /// address is not one of Vapi's.
    pub async fn control(&self, control_url: &str, control: &Control) -> Result<(), OutboundError> {
        let url = self.control_address(control_url)?;
        let body = control.body();
        let build = |http: &reqwest::Client| {
            let request = http.post(url.clone()).json(&body);
            match &self.settings.public_key {
                Some(key) => request.bearer_auth(key),
                None => request,
            }
        };
        self.live.send(&self.account, control.repeat(), build).await.map(drop)
    }

    /// The address arrives in webhooks. One that leads elsewhere than to Vapi would let a forger send us anywhere.
    fn control_address(&self, control_url: &str) -> Result<Url, OutboundError> {
        let trimmed = control_url.trim().trim_start_matches('<').trim_end_matches('>').trim();
        let base = &self.settings.base_url;
        let is_ours = |url: &Url| {
            let is_vapi = url.scheme() == "https" && url.host_str().is_some_and(|host| host == "vapi.ai" || host.ends_with(".vapi.ai"));
            let is_base =
                url.scheme() == base.scheme() && url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default();
            is_vapi || is_base
        };
        Url::parse(trimmed).ok().filter(is_ours).ok_or_else(|| OutboundError::Refused {
            provider: self.live.policy().name,
            status: 421,
            words: vec!["the control address is not one of Vapi's".into()],
            code: Some("foreign_control_url".into()),
            retry_after: None,
        })
    }
}
