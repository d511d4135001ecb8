//! What we read of Vapi's objects, and everything else as it came (`rest`). Only `id` is guaranteed by Vapi.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A stored assistant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assistant {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Model, voice, plans and whatever else Vapi sends.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A call as `GET /call` shows it; a snapshot. Serialised, it is what Vapi sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub id: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `scheduled`, `queued`, `ringing`, `in-progress`, `forwarding`, `ended`, or something new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// One of some six hundred; an open list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<Monitor>,
    /// In the answer to `POST /call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_limits: Option<SubscriptionLimits>,
    /// Artifact, analysis, costs, overrides and whatever else Vapi sends.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Call {
    /// Whether Vapi says it is over.
    pub fn has_ended(&self) -> bool {
        self.status.as_deref() == Some("ended")
    }

    /// Whether Vapi took the call but has no line for it now.
    pub fn is_blocked(&self) -> bool {
        self.subscription_limits.as_ref().is_some_and(|limits| limits.concurrency_blocked)
    }

    /// Everything as one JSON object, for the record of what was received.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The other party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Our id of the attempt; at most 40 characters, so a UUID fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Email, extension, SIP address and whatever else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Where a live call is heard and steered: capabilities, so never logged and never sent to a browser.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Monitor {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_url: Option<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Monitor { *** }")
    }
}

/// What the account may do at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionLimits {
    #[serde(default)]
    pub concurrency_blocked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_limit: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_concurrent_calls: Option<i64>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A call to place: exactly one of `assistant_id` and `assistant`. Tenant and attempt ids travel in
/// `assistant_overrides.metadata` and `customer.external_id`; a top-level `metadata` is refused by Vapi.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_overrides: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// Cut to 40 characters when sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_plan: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Value>,
}

/// A number calls come in on or go out from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumber {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `active`, `activating`, `blocked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    /// Whatever else Vapi sends, credentials of the carrier among it: redact before keeping.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Which calls to list. Vapi filters by nothing else and has no cursor: the next page is `created_before` the oldest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    pub assistant_id: Option<String>,
    pub phone_number_id: Option<String>,
    /// At or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Before.
    pub created_before: Option<DateTime<Utc>>,
    /// At or after.
    pub updated_from: Option<DateTime<Utc>>,
    /// 1 to 1000; Vapi's own default is 100.
    pub limit: Option<u16>,
}

impl CallFilter {
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        [
            ("assistantId", self.assistant_id.clone()),
            ("phoneNumberId", self.phone_number_id.clone()),
            ("createdAtGe", self.created_from.map(time)),
            ("createdAtLt", self.created_before.map(time)),
            ("updatedAtGe", self.updated_from.map(time)),
            ("limit", self.limit.map(|limit| limit.clamp(1, 1000).to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}
