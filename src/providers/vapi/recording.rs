//! Fetching a recording: Vapi answers with a redirect to an address that expires in half an hour.

use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use url::Url;

use super::Vapi;
use crate::platform::outbound::{OutboundError, Repeat};

const MOST_REDIRECTS: usize = 3;

/// A recording on its way.
pub struct Recording {
    /// Such as `audio/wav`.
    pub content_type: Option<String>,
    /// Bytes, when the store says so.
    pub length: Option<u64>,
    /// The audio, piece by piece. Errors: the connection broke, or the whole took too long.
    pub body: Pin<Box<dyn Stream<Item = Result<Bytes, OutboundError>> + Send>>,
}

impl Vapi {
    /// The call's recording: one lane a side when Vapi kept it so, else both mixed.
    /// Errors: `Refused` 404 when there is none, or none yet.
    pub async fn recording(&self, call_id: &str) -> Result<Recording, OutboundError> {
        match self.recording_of(call_id, "stereo-recording").await {
            Err(error) if error.status() == Some(404) => self.mono_recording(call_id).await,
            found => found,
        }
    }

    /// The call's recording, both sides mixed. Errors: as [`Vapi::recording`].
    pub async fn mono_recording(&self, call_id: &str) -> Result<Recording, OutboundError> {
        self.recording_of(call_id, "mono-recording").await
    }

    /// Our key goes to Vapi alone: redirects are followed by hand, without it.
    async fn recording_of(&self, call_id: &str, which: &str) -> Result<Recording, OutboundError> {
        let begun = Instant::now();
        let mut url = self.address(&["call", call_id, which]);
        let mut key = Some(self.settings.api_key.expose());
        for _ in 0..=MOST_REDIRECTS {
            let build = |http: &reqwest::Client| {
                let request = http.get(url.clone());
                match key {
                    Some(key) => request.bearer_auth(key),
                    None => request,
                }
            };
            let response = self.files.open(&self.account, Repeat::Safe, build).await?;
            if !response.status().is_redirection() {
                return Ok(self.received(response, begun));
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok()).filter(|next| is_fetchable(next, &self.settings.base_url));
            url = next.ok_or_else(|| self.garbled("a redirect to nowhere"))?;
            key = None;
        }
        Err(self.garbled("too many redirects"))
    }

    fn received(&self, response: reqwest::Response, begun: Instant) -> Recording {
        let text = |name| response.headers().get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).map(str::to_owned);
        let (content_type, length) = (text(CONTENT_TYPE), text(CONTENT_LENGTH).and_then(|length| length.parse().ok()));
        let files = self.files.clone();
        let body = try_unfold(response, move |mut response| {
            let files = files.clone();
            async move {
                let policy = files.policy();
                let left = policy.total.saturating_sub(begun.elapsed());
                let late =
                    |_| OutboundError::NoAnswer { provider: policy.name, cause: format!("not whole within {} s", policy.total.as_secs()) };
                let piece = tokio::time::timeout(left, response.chunk()).await.map_err(late)?;
                Ok(piece.map_err(|error| files.transport(error))?.map(|piece| (piece, response)))
            }
        });
        Recording { content_type, length, body: Box::pin(body) }
    }

    fn garbled(&self, cause: &str) -> OutboundError {
        OutboundError::Garbled { provider: self.files.policy().name, cause: cause.into() }
    }
}

/// Never from https down to http, except towards a simulator that itself speaks http.
fn is_fetchable(next: &Url, base: &Url) -> bool {
    next.scheme() == "https" || (next.scheme() == "http" && base.scheme() == "http")
}
