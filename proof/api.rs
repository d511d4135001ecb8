//! What a program reads through the public API, in the shape of the model.

use crate::trace;
use anyhow::{Context, ensure};
use chrono::DateTime;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

/// Records by the caller's number; more than one where a call is there more than once.
pub type Records = BTreeMap<String, Vec<Value>>;

/// A key of an organisation.
#[derive(Clone)]
pub struct Api {
    base: String,
    key: String,
    http: Client,
}

impl Api {
    pub fn new(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { base: format!("http://{address}"), key: key.to_owned(), http })
    }

    /// Reads a door. Errors: any answer but 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut tried = 0;
        loop {
            let answer = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key).send().await?;
            let status = answer.status();
            if status.is_success() {
                return answer.json().await.with_context(|| path.to_owned());
            }
            tried += 1;
            ensure!(status == StatusCode::TOO_MANY_REQUESTS && tried < 90, "{path} answered {status}: {}", answer.text().await?);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Every call whose caller's number begins so.
    pub async fn records(&self, numbers: &str) -> anyhow::Result<Records> {
        let (mut wanted, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/api/v1/calls?limit=200{next}")).await?;
            for call in page["items"].as_array().context("items")? {
                let number = call["customer_number"].as_str().unwrap_or_default();
                if number.starts_with(numbers) {
                    wanted.push((number.to_owned(), call["id"].as_str().context("id")?.to_owned()));
                }
            }
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&after={cursor}");
        }
        let (room, mut reading) = (Arc::new(Semaphore::new(12)), JoinSet::new());
        for (number, id) in wanted {
            let (api, room) = (self.clone(), room.clone());
            reading.spawn(async move {
                let _place = room.acquire().await?;
                anyhow::Ok((number, api.record(&id).await?))
            });
        }
        let mut records = Records::new();
        while let Some(read) = reading.join_next().await {
            let (number, record) = read??;
            records.entry(number).or_default().push(record);
        }
        Ok(records)
    }

    async fn record(&self, id: &str) -> anyhow::Result<Value> {
        let detail = self.get(&format!("/api/v1/calls/{id}")).await?;
        let lines = self.get(&format!("/api/v1/calls/{id}/transcript")).await?;
        let events = self.get(&format!("/api/v1/calls/{id}/events")).await?;
        let call = &detail["call"];
        let ms = |name: &str| call[name].as_str().and_then(|iso| DateTime::parse_from_rfc3339(iso).ok()).map(|at| at.timestamp_millis());
        let record = json!({ "status": call["status"], "answered_ms": ms("answered_at"), "ended_ms": ms("ended_at"), "duration_s": call["duration_s"],
            "summary": call["summary"], "cost_micro_usd": call["cost_micro_usd"], "ended_reason": detail["ended_reason"], "outcome": call["outcome"],
            "has_report": detail["has_report"] });
        let without_place = |items: &Value| {
            let items = items.as_array().cloned().unwrap_or_default();
            items.into_iter().map(|mut item| {
                if let Some(fields) = item.as_object_mut() {
                    fields.remove("seq");
                }
                item
            })
        };
        let lines = without_place(&lines["lines"]).collect();
        Ok(trace::with(record, lines, without_place(&events["events"]).collect()))
    }
}

/// What differs between what should be there and what is.
#[derive(Debug, Default)]
pub struct Differences {
    pub missing: usize,
    pub repeated: usize,
    pub other: usize,
    /// One of each, to look into.
    pub examples: Vec<String>,
}

impl Differences {
    /// Compares by number, byte for byte.
    pub fn between(should: &BTreeMap<String, Value>, is: &Records) -> Self {
        let mut found = Self::default();
        for (number, record) in should {
            let what = match is.get(number).map(Vec::as_slice) {
                None | Some([]) => {
                    found.missing += 1;
                    (found.missing == 1).then(|| format!("{number} is missing"))
                }
                Some([one]) if one == record => None,
                Some([one]) => {
                    found.other += 1;
                    (found.other == 1).then(|| format!("{number} is {}", first_difference(record, one)))
                }
                Some(several) => {
                    found.repeated += 1;
                    (found.repeated == 1).then(|| format!("{number} is there {} times", several.len()))
                }
            };
            found.examples.extend(what);
        }
        let strangers = is.keys().filter(|number| !should.contains_key(*number)).count();
        if strangers > 0 {
            found.other += strangers;
            found.examples.push(format!("{strangers} calls nobody told of"));
        }
        found
    }

    /// All of them.
    pub fn count(&self) -> usize {
        self.missing + self.repeated + self.other
    }
}

fn first_difference(should: &Value, is: &Value) -> String {
    for (name, value) in should.as_object().into_iter().flatten() {
        if is[name] == *value {
            continue;
        }
        if let (Some(wanted), Some(found)) = (value.as_array(), is[name].as_array()) {
            let at = wanted.iter().zip(found).position(|(wanted, found)| wanted != found).unwrap_or(wanted.len().min(found.len()));
            return format!(
                "different: {name} has {} of {}; at {at}: {} instead of {}",
                found.len(),
                wanted.len(),
                found.get(at).unwrap_or(&Value::Null),
                wanted.get(at).unwrap_or(&Value::Null)
            );
        }
        return format!("different: {name} is {} instead of {value}", is[name]);
    }
    "different in a field the model has not".to_owned()
}
