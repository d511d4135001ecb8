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
        let url = self.monitor_address(control_url, "http")?;
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

    /// A monitor address arrives in webhooks. One that leads elsewhere than to Vapi would let a forger send us, and our key, anywhere.
    /// `scheme` is `http` or `ws`; plain only towards a base address that is plain itself.
    pub(super) fn monitor_address(&self, told: &str, scheme: &str) -> Result<Url, OutboundError> {
        let trimmed = told.trim().trim_start_matches('<').trim_end_matches('>').trim();
        let base = &self.settings.base_url;
        let is_ours = |url: &Url| {
            let is_secure = url.scheme() == format!("{scheme}s");
            let is_vapi = is_secure && url.host_str().is_some_and(|host| host == "vapi.ai" || host.ends_with(".vapi.ai"));
            let is_base = (is_secure || url.scheme() == scheme)
                && is_secure == (base.scheme() == "https")
                && url.host() == base.host()
                && url.port_or_known_default() == base.port_or_known_default();
            (is_vapi || is_base) && url.username().is_empty() && url.password().is_none()
        };
        Url::parse(trimmed).ok().filter(is_ours).ok_or_else(|| OutboundError::Refused {
            provider: self.live.policy().name,
            status: 421,
            words: vec!["the address is not one of Vapi's".into()],
            code: Some(super::trouble::FOREIGN_ADDRESS.into()),
            retry_after: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::VapiSettings;
    use super::*;
    use crate::platform::config::Secret;

    #[test]
    fn only_addresses_of_vapi_are_listened_at() {
        let of = |base: &str| {
            let base_url = base.parse().expect("an address");
            Vapi::new(VapiSettings { base_url, api_key: Secret::from("k".to_owned()), public_key: None })
        };
        let (real, sim) = (of("https://api.vapi.ai"), of("http://127.0.0.1:4010"));
        let opens = |vapi: &Vapi, url: &str| vapi.monitor_address(url, "ws").is_ok();
        assert!(opens(&real, "<wss://phone-call-websocket.aws-us-west-2-b.vapi.ai/c1/listen>"));
        assert!(opens(&sim, "ws://127.0.0.1:4010/live/c1/listen"));
        for forged in [
            "ws://x.vapi.ai/listen",
            "https://x.vapi.ai/listen",
            "wss://vapi.ai.evil.example/listen",
            "wss://evil.example/x.vapi.ai",
            "wss://vapi.ai@evil.example/listen",
            "wss://key@x.vapi.ai/listen",
            "ws://127.0.0.1:4010/listen",
            "ws://169.254.169.254/latest",
            "",
        ] {
            assert!(!opens(&real, forged), "{forged}");
        }
        for forged in ["ws://127.0.0.1:4011/listen", "wss://127.0.0.1:4010/listen", "http://127.0.0.1:4010/listen", "ws://10.0.0.1:4010/"] {
            assert!(!opens(&sim, forged), "{forged}");
        }
    }
}
