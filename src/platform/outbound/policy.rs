//! Every outgoing dependency with its deadlines and rules; `zencall deps` prints this table.

use std::time::Duration;

use serde::Serialize;

use super::BreakerRules;

/// How one dependency is asked.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Name in metrics, errors and `zencall deps`.
    pub name: &'static str,
    /// What it is for.
    pub used_for: &'static str,
    /// To a connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// The whole exchange with its retries.
    pub total: Duration,
    /// Requests per exchange, the first included.
    pub attempts: u32,
    /// When it is asked again, in words.
    pub retry: &'static str,
    /// When it is left alone.
    pub breaker: BreakerRules,
}

const USUAL_BREAKER: BreakerRules = BreakerRules {
    failures: 5,
    lasting: Duration::from_millis(1500),
    first_open: Duration::from_secs(1),
    longest_open: Duration::from_secs(60),
};

/// Vapi's REST API.
pub const VAPI: Policy = Policy {
    name: "vapi",
    used_for: "assistants, calls and phone numbers",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(10),
    total: Duration::from_secs(20),
    attempts: 3,
    retry: "GET, PATCH, DELETE: 408, 429, 5xx and lost connections; POST: only 429 and refused connections, because Vapi has no \
            idempotency key. Retry-After up to 5 s is honoured, else 250 ms doubling with jitter; at most one retry in ten requests",
    breaker: USUAL_BREAKER,
};

/// Vapi's chats: an answer takes as long as a model and its tools do.
pub const VAPI_CHAT: Policy = Policy {
    name: "vapi-chat",
    used_for: "talking to drafts of assistants by text, and rehearsals",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(40),
    total: Duration::from_secs(45),
    attempts: 2,
    retry: "only 429 and refused connections, since each answer is paid for; a rehearsal begins anew by its job, at most twice",
    breaker: USUAL_BREAKER,
};

/// The control address of a live call: a person is waiting.
pub const VAPI_CONTROL: Policy = Policy {
    name: "vapi-control",
    used_for: "say, instruct, mute, transfer and end in a live call",
    connect: Duration::from_secs(2),
    read: Duration::from_secs(5),
    total: Duration::from_secs(8),
    attempts: 2,
    retry: "mute and end: as reading; say, instruct and transfer: only 429 and refused connections",
    breaker: USUAL_BREAKER,
};

/// Recordings: large, and never urgent.
pub const VAPI_RECORDINGS: Policy = Policy {
    name: "vapi-recordings",
    used_for: "fetching recordings after a call",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(15),
    total: Duration::from_secs(300),
    attempts: 3,
    retry: "408, 429, 5xx and lost connections up to the first byte; later by the job",
    breaker: USUAL_BREAKER,
};

/// Twilio's REST API, with the account of an organisation.
pub const TWILIO: Policy = Policy {
    name: "twilio",
    used_for: "text messages, and numbers that are imported",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(10),
    total: Duration::from_secs(20),
    attempts: 3,
    retry: "reading, and the address of a number: 408, 429, 5xx and lost connections; a message: only 429 and refused connections, because \
            Twilio has no idempotency key. Retry-After up to 5 s is honoured, else 250 ms doubling with jitter; later by the job, which \
            looks first whether it was taken",
    breaker: USUAL_BREAKER,
};

/// Google, while a person waits to be signed in.
pub const GOOGLE: Policy = Policy {
    name: "google",
    used_for: "signing in with Google: codes and public keys",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(5),
    total: Duration::from_secs(8),
    attempts: 2,
    retry: "public keys: 408, 429, 5xx and lost connections; a code: only 429 and refused connections, because it is good once",
    breaker: USUAL_BREAKER,
};

/// A language model: slow, paid for, and never waited for by a person.
pub const MODEL: Policy = Policy {
    name: "model",
    used_for: "analysing finished calls; rules do it when there is no answer",
    connect: Duration::from_secs(3),
    read: Duration::from_secs(45),
    total: Duration::from_secs(45),
    attempts: 2,
    retry: "only 429 and refused connections, since each answer is paid for; the whole of it may be set with ZENCALL_MODEL_DEADLINE_S. \
            Later by the job, at most twice",
    breaker: USUAL_BREAKER,
};

/// The mail server.
pub const SMTP: Policy = Policy {
    name: "smtp",
    used_for: "outgoing mail",
    connect: Duration::from_secs(10),
    read: Duration::from_secs(10),
    total: Duration::from_secs(25),
    attempts: 1,
    retry: "by the job: 4xx and lost connections after 5 s, 30 s, 2 min, 10 min, 30 min, then hourly, 12 times; 5xx never",
    breaker: USUAL_BREAKER,
};

/// Addresses of customers' own tools: a caller waits for the answer.
pub const CUSTOMER_HTTP: Policy = Policy {
    name: "customer-http",
    used_for: "tools of an organisation's own, asked during a call; private networks are refused",
    connect: Duration::from_secs(5), // one client for every customer's address
    read: Duration::from_secs(10),
    total: Duration::from_secs(10),
    attempts: 1,
    retry: "never: the tool may have been used; the model may ask again under another id",
    breaker: USUAL_BREAKER,
};

/// Customers' endpoints for outgoing webhooks.
pub const WEBHOOKS: Policy = Policy {
    name: "webhooks",
    used_for: "outgoing webhooks to customers' endpoints; private networks are refused",
    connect: Duration::from_secs(5),
    read: Duration::from_secs(15),
    total: Duration::from_secs(15),
    attempts: 1,
    retry: "by the row of the delivery: after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, each give or take a tenth, and not \
            before a Retry-After; an endpoint that fails five times in a row rests up to five minutes, and is disabled after five days",
    breaker: USUAL_BREAKER,
};

/// One line of `zencall deps --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Dependency {
    pub name: &'static str,
    pub used_for: &'static str,
    pub connect_s: f64,
    pub read_s: f64,
    pub total_s: f64,
    pub attempts: u32,
    pub retry: &'static str,
    pub breaker: String,
}

/// Every dependency that is called over the network.
pub fn deps() -> Vec<Dependency> {
    [VAPI, VAPI_CHAT, VAPI_CONTROL, VAPI_RECORDINGS, TWILIO, GOOGLE, MODEL, SMTP, CUSTOMER_HTTP, WEBHOOKS]
        .iter()
        .map(Dependency::from)
        .collect()
}

impl From<&Policy> for Dependency {
    fn from(policy: &Policy) -> Self {
        let rules = policy.breaker;
        Self {
            name: policy.name,
            used_for: policy.used_for,
            connect_s: policy.connect.as_secs_f64(),
            read_s: policy.read.as_secs_f64(),
            total_s: policy.total.as_secs_f64(),
            attempts: policy.attempts,
            retry: policy.retry,
            breaker: format!(
                "per address and key: opens after {} failures in a row, or 3 within a run of {} s; then one probe after {} s, doubling to {} s, ±20 %",
                rules.failures,
                rules.lasting.as_secs_f64(),
                rules.first_open.as_secs_f64(),
                rules.longest_open.as_secs_f64(),
            ),
        }
    }
}
