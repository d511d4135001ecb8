//! Hearing a live call: a WebSocket to the call's own listening address.

use http::{HeaderValue, header};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, client::IntoClientRequest, handshake::client::Request, protocol::WebSocketConfig},
};

use super::Vapi;
use crate::platform::outbound::OutboundError;

/// The sound of a call as it comes.
pub type Sound = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A frame of sound is 20 ms, some kilobytes; more than this is no sound.
const LONGEST_MESSAGE: usize = 256 * 1024;

impl Vapi {
    /// Opens it. `listen_url` is what Vapi gave with the call. Errors: `Refused` 404 after the call has ended; 421 when the address is
    /// not one of Vapi's.
    pub async fn listen(&self, listen_url: &str) -> Result<Sound, OutboundError> {
        let request = self.listen_request(listen_url)?;
        let policy = self.live.policy();
        let pass = self.live.breaker(&self.account).enter().map_err(|retry_in| OutboundError::Open { provider: policy.name, retry_in })?;
        let config = WebSocketConfig::default().max_message_size(Some(LONGEST_MESSAGE)).max_frame_size(Some(LONGEST_MESSAGE));
        let opening = connect_async_with_config(request, Some(config), true);
        let opened = match tokio::time::timeout(policy.connect + policy.read, opening).await {
            Ok(opened) => opened.map(|(sound, _)| sound).map_err(|error| self.unopened(error)),
            Err(_) => Err(OutboundError::NoAnswer { provider: policy.name, cause: "listening was not answered in time".into() }),
        };
        match &opened {
            Err(error) if error.status().is_none_or(|status| status >= 500) => pass.failed(),
            _ => pass.succeeded(),
        }
        opened
    }

    fn listen_request(&self, listen_url: &str) -> Result<Request, OutboundError> {
        let url = self.monitor_address(listen_url, "ws")?;
        let garbled = |cause: String| OutboundError::Garbled { provider: self.live.policy().name, cause };
        let mut request = url.as_str().into_client_request().map_err(|error| garbled(error.to_string()))?;
        if let Some(key) = &self.settings.public_key {
            let bearer = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|error| garbled(error.to_string()))?;
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        Ok(request)
    }

    fn unopened(&self, error: tungstenite::Error) -> OutboundError {
        let provider = self.live.policy().name;
        match error {
            tungstenite::Error::Http(answer) => {
                let status = answer.status();
                let words = vec![status.canonical_reason().unwrap_or("no reason given").to_owned()];
                OutboundError::Refused { provider, status: status.as_u16(), words, code: None, retry_after: None }
            }
            other => OutboundError::Unsent { provider, cause: other.to_string() },
        }
    }
}
