//! The one place through which Zencall calls out: deadlines, retries only where they are safe, a budget for them, a breaker.
//!
//! Knows how to ask, not what is asked: the clients in `providers` build requests and read answers. No request follows a
//! redirect by itself, so credentials never travel to another host.

mod breaker;
mod error;
pub mod guard;
mod policy;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

pub use breaker::{Breaker, BreakerRules, Pass};
pub use error::{OutboundError, retry_after};
pub use policy::{
    CUSTOMER_HTTP, Dependency, GOOGLE, MODEL, Policy, SMTP, TWILIO, VAPI, VAPI_CHAT, VAPI_CONTROL, VAPI_RECORDINGS, WEBHOOKS, deps,
};

/// Answers larger than this are not read into memory.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;
/// A provider that asks for more patience than this gets it from the queue, not from a waiting task.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// One retry in ten requests, with a little credit for quiet times.
const BUDGET_PER_REQUEST: f64 = 0.1;
const BUDGET_AT_MOST: f64 = 10.0;

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reading, replacing, deleting: after 408, 429, 5xx and lost connections.
    Safe,
    /// Creating without an idempotency key: only when it surely was not taken, which is 429 or no connection.
    OnlyUnsent,
}

/// Whose breaker a request counts for: one provider seen with one set of credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    /// From what tells accounts apart (an organisation, an address and its key); only a fingerprint is kept.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex::encode(&hash.finalize()[..6]))
    }
}

/// An answer that was read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 2xx or 3xx; anything else is an error.
    pub status: StatusCode,
    /// As received.
    pub headers: HeaderMap,
    /// As received.
    pub body: Bytes,
    provider: &'static str,
}

impl Answer {
    /// The body as JSON. Errors: `Garbled`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, OutboundError> {
        let garbled = |error: serde_json::Error| OutboundError::Garbled { provider: self.provider, cause: error.to_string() };
        serde_json::from_slice(&self.body).map_err(garbled)
    }
}

/// One dependency with its connections, retry budget and breakers. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(Arc<Parts>);

struct Parts {
    policy: Policy,
    http: Client,
    budget: Mutex<f64>,
    breakers: Mutex<HashMap<Account, Arc<Breaker>>>,
}

impl Outbound {
    /// Connections under this policy. Panics only when the system offers no TLS at all.
    pub fn new(policy: Policy) -> Self {
        let http = Client::builder()
            .user_agent(concat!("Zencall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(policy.connect)
            .read_timeout(policy.read)
            .redirect(redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .expect("TLS is compiled in");
        Self(Arc::new(Parts { policy, http, budget: Mutex::new(BUDGET_AT_MOST), breakers: Mutex::default() }))
    }

    /// Its deadlines and rules.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Sends what `build` makes, until it is answered or the policy says enough, and reads the answer whole.
    pub async fn send(
        &self,
        account: &Account,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, OutboundError> {
        self.with_retries(account, repeat, || async {
            let response = self.ask(build(&self.0.http)).await?;
            self.read(response).await
        })
        .await
    }

    /// The same up to the head of the answer; the caller reads the body, each piece within the read deadline.
    pub async fn open(
        &self,
        account: &Account,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, OutboundError> {
        self.with_retries(account, repeat, || async { self.ask(build(&self.0.http)).await }).await
    }

    /// The breaker of this account.
    pub fn breaker(&self, account: &Account) -> Arc<Breaker> {
        let mut breakers = self.0.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Breaker::new(self.0.policy.name, account, self.0.policy.breaker));
        Arc::clone(breakers.entry(account.clone()).or_insert_with(new))
    }

    async fn with_retries<T, F>(&self, account: &Account, repeat: Repeat, attempt: impl Fn() -> F) -> Result<T, OutboundError>
    where
        F: Future<Output = Result<T, OutboundError>>,
    {
        let policy = &self.0.policy;
        let breaker = self.breaker(account);
        let begun = Instant::now();
        self.earn();
        let mut tries = 0;
        let outcome = loop {
            let pass = match breaker.enter() {
                Ok(pass) => pass,
                Err(retry_in) => break Err(OutboundError::Open { provider: policy.name, retry_in }),
            };
            tries += 1;
            let left = policy.total.saturating_sub(begun.elapsed());
            let late =
                || OutboundError::NoAnswer { provider: policy.name, cause: format!("no answer within {} s", policy.total.as_secs_f32()) };
            let result = tokio::time::timeout(left, attempt()).await.unwrap_or_else(|_| Err(late()));
            match &result {
                Err(error) if error.is_their_trouble() => pass.failed(),
                _ => pass.succeeded(),
            }
            let Err(error) = result else { break result };
            let wait = error.retry_after().unwrap_or_else(|| backoff(tries));
            let in_time = wait <= LONGEST_WAIT && begun.elapsed() + wait < policy.total;
            if !error.may_repeat(repeat) || tries >= policy.attempts || !in_time || !self.spend() {
                break Err(error);
            }
            metrics::counter!("zencall_outbound_retries_total", "provider" => policy.name).increment(1);
            tokio::time::sleep(wait).await;
        };
        let label = outcome.as_ref().map_or_else(OutboundError::label, |_| "answered");
        metrics::counter!("zencall_outbound_requests_total", "provider" => policy.name, "outcome" => label).increment(1);
        metrics::histogram!("zencall_outbound_seconds", "provider" => policy.name).record(begun.elapsed().as_secs_f64());
        outcome
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, OutboundError> {
        let response = request.send().await.map_err(|error| self.transport(error))?;
        if response.status().is_client_error() || response.status().is_server_error() {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = self.read(response).await.map(|answer| answer.body).unwrap_or_default();
            return Err(OutboundError::refused(self.0.policy.name, status, &headers, &body));
        }
        Ok(response)
    }

    async fn read(&self, mut response: Response) -> Result<Answer, OutboundError> {
        let provider = self.0.policy.name;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.transport(error))? {
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(OutboundError::Garbled { provider, cause: format!("answer larger than {LARGEST_ANSWER} bytes") });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body: body.freeze(), provider })
    }

    /// What a failed connection means: whether the request can have arrived. Addresses are left out, they may be secrets.
    pub fn transport(&self, error: reqwest::Error) -> OutboundError {
        let (is_unsent, error) = (error.is_connect() || error.is_builder(), error.without_url());
        let mut cause = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            cause = format!("{cause}: {inner}");
            source = inner.source();
        }
        let provider = self.0.policy.name;
        if is_unsent { OutboundError::Unsent { provider, cause } } else { OutboundError::NoAnswer { provider, cause } }
    }

    fn earn(&self) {
        let mut budget = self.0.budget.lock().unwrap_or_else(PoisonError::into_inner);
        *budget = (*budget + BUDGET_PER_REQUEST).min(BUDGET_AT_MOST);
    }

    fn spend(&self) -> bool {
        let mut budget = self.0.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let is_enough = *budget >= 1.0;
        if is_enough {
            *budget -= 1.0;
        }
        is_enough
    }
}

/// 250 ms doubling, each between half and the whole of it.
fn backoff(tries: u32) -> Duration {
    let whole = Duration::from_millis(250) * 2_u32.pow(tries.min(6) - 1);
    whole.mul_f64(0.5 + 0.5 * rand::random::<f64>())
}
