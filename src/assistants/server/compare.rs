//! Compares the provider's copy with what was published. Pure.
//!
//! Only fields that we wrote are looked at, each whole: a PATCH replaces nested objects whole, so what somebody added within `model` would be gone
//! with our next push. What the provider itself fills in is no difference: compared is with what it gave back when we wrote.

use super::provider_copy::{self, Offer};
use crate::{
    assistants::model::*,
    providers::vapi::Assistant as Held,
    shared::ids::{AssistantId, OrgId},
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// More differences than anybody reads.
const MOST_OTHERS: usize = 30;
/// A value longer than this is cut when it is shown.
const LONGEST_SHOWN: usize = 200;
/// Where the provider sends our webhooks. It holds the organisation's address, so it is neither kept nor shown.
const SERVER: &str = "server";

/// What is kept of the provider's answer to a push: the fields we wrote, as it gave them back, without `server`.
pub fn kept(copy: &Value, held: &Held) -> Value {
    let answered = serde_json::to_value(held).unwrap_or_default();
    let fields = copy.as_object().into_iter().flatten().filter(|(field, _)| *field != SERVER);
    fields.map(|(field, ours)| (field.clone(), answered.get(field).unwrap_or(ours).clone())).collect::<Map<_, _>>().into()
}

/// Which assistant is compared, and what was published.
pub struct Subject<'a> {
    pub org: OrgId,
    pub id: AssistantId,
    pub settings: &'a Settings,
    pub server: &'a Value,
    /// What there is to offer besides.
    pub offer: &'a Offer,
    /// See [`kept`]; empty when nothing was pushed since copies are kept.
    pub kept: &'a Value,
}

/// How the copy differs; nothing when it does not.
pub fn drift(subject: &Subject<'_>, held: &Held, now: DateTime<Utc>) -> Option<Drift> {
    let copy = provider_copy::assistant(subject.id, subject.org, subject.settings, subject.server, subject.offer);
    let held = serde_json::to_value(held).unwrap_or_default();
    let mut ours = BTreeMap::new();
    let mut theirs = BTreeMap::new();
    for (field, sent) in copy.as_object().into_iter().flatten().filter(|(field, _)| *field != SERVER) {
        leaves(field, subject.kept.get(field).unwrap_or(sent), &mut ours);
        leaves(field, held.get(field).unwrap_or(&Value::Null), &mut theirs);
    }
    let settings = read(&held, subject.settings, &subject.offer.catalogue);
    let mut sayable = BTreeMap::new();
    if let Value::Object(fields) = provider_copy::assistant(subject.id, subject.org, &settings, subject.server, subject.offer) {
        fields.iter().for_each(|(field, value)| leaves(field, value, &mut sayable));
    }
    let fields: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differing = fields.into_iter().filter(|field| ours.get(*field) != theirs.get(*field));
    // What our own settings can say is told in their words, not in the provider's.
    let unsayable = differing.filter(|field| theirs.get(*field) != sayable.get(*field));
    let shown = |side: &BTreeMap<String, Value>, field: &String| side.get(field).map(short);
    let mut others: Vec<Difference> = unsayable
        .map(|field| Difference { field: field.clone(), ours: shown(&ours, field), theirs: shown(&theirs, field) })
        .take(MOST_OTHERS)
        .collect();
    others.extend(server_differences(subject.server, held.get(SERVER).unwrap_or(&Value::Null)));
    let theirs = (settings != *subject.settings).then_some(settings);
    (theirs.is_some() || !others.is_empty()).then_some(Drift { found_at: now, is_gone: false, is_ignored: false, theirs, others })
}

/// Of `server` only what we set is compared, without the headers, which a provider may hide. Values are not for eyes.
fn server_differences(ours: &Value, theirs: &Value) -> Vec<Difference> {
    let fields = ours.as_object().into_iter().flatten().filter(|(field, _)| *field != "headers");
    let differing = fields.filter(|(field, value)| !holds(theirs.get(field).unwrap_or(&Value::Null), value));
    differing.map(|(field, _)| Difference { field: format!("{SERVER}.{field}"), ours: None, theirs: None }).collect()
}

/// Whether everything of `wanted` is in `held`.
fn holds(held: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(fields) => fields.iter().all(|(field, value)| held.get(field).is_some_and(|held| holds(held, value))),
        Value::Number(number) => held.as_f64() == number.as_f64(),
        other => held == other,
    }
}

/// Every value that is not made of others, by its path. What is null or empty is as good as absent.
fn leaves(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.iter().for_each(|(field, value)| leaves(&format!("{path}.{field}"), value, into)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| leaves(&format!("{path}.{at}"), value, into)),
        // 10 and 10.0 are one number, whoever writes it.
        Value::Number(number) => drop(into.insert(path.to_owned(), number.as_f64().map_or_else(|| value.clone(), Value::from))),
        _ => drop(into.insert(path.to_owned(), value.clone())),
    }
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= LONGEST_SHOWN {
        return text;
    }
    text.chars().take(LONGEST_SHOWN).chain(['…']).collect()
}

/// What the copy says in our own terms; where it cannot be said, what was published.
fn read(held: &Value, published: &Settings, catalogue: &Catalogue) -> Settings {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let language = text(&held["transcriber"]["language"]).filter(|language| LANGUAGES.contains(&language.as_str()));
    let voice_id = text(&held["voice"]["voiceId"]).filter(|id| catalogue.voice(id).is_some());
    let model = text(&held["model"]["model"]).filter(|id| catalogue.model(id).is_some());
    let phrases = held["endCallPhrases"].as_array().map(|phrases| phrases.iter().filter_map(text).collect());
    let first_words = held["firstMessage"].as_str().map(provider_copy::without_notice);
    let seconds = held["maxDurationSeconds"].as_f64().filter(|seconds| (10.0..=43_200.0).contains(seconds));
    Settings {
        // The provider cuts a long name.
        name: text(&held["name"])
            .filter(|name| *name != crate::providers::vapi::short_name(&published.name))
            .unwrap_or_else(|| published.name.clone()),
        language: language.unwrap_or_else(|| published.language.clone()),
        voice: voice_id.unwrap_or_else(|| published.voice.clone()),
        model: model.map_or_else(|| published.model.clone(), |id| Some(id).filter(|id| id != USUAL_MODEL)),
        first_message: first_words.map_or_else(|| published.first_message.clone(), |(words, _)| words.to_owned()),
        prompt: prompt(&held["model"]).unwrap_or_else(|| published.prompt.clone()),
        end_phrases: phrases.unwrap_or_default(),
        max_duration_s: seconds.map_or(published.max_duration_s, |seconds| seconds as i32),
        transfer_numbers: transfers(&held["model"]),
        tools: published.tools.clone(),
        recording: match held["artifactPlan"]["recordingEnabled"].as_bool() {
            None => published.recording,
            Some(false) => Recording::Off,
            Some(true) if first_words.is_some_and(|(_, is_told)| is_told) => Recording::Notice,
            Some(true) => Recording::On,
        },
    }
}

fn prompt(model: &Value) -> Option<String> {
    let system = model["messages"].as_array()?.iter().find(|message| message["role"] == "system")?;
    system["content"].as_str().map(|content| provider_copy::without_book(content).to_owned())
}

fn transfers(model: &Value) -> Vec<TransferEntry> {
    let tools = model["tools"].as_array().into_iter().flatten().filter(|tool| tool["type"] == "transferCall");
    let destinations = tools.flat_map(|tool| tool["destinations"].as_array().into_iter().flatten());
    let entry = |to: &Value| {
        let number = to["number"].as_str()?.parse().ok()?;
        Some(TransferEntry { label: to["description"].as_str().unwrap_or_default().to_owned(), number })
    };
    destinations.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn offer() -> Offer {
        Offer { has_answers: true, ..Offer::default() }
    }

    fn settings() -> Settings {
        Settings {
            name: "Léa".into(),
            language: "fr".into(),
            voice: "fr-FR-DeniseNeural".into(),
            model: None,
            first_message: "Bonjour".into(),
            prompt: "Tu réponds.".into(),
            end_phrases: vec![],
            max_duration_s: 600,
            transfer_numbers: vec![TransferEntry { label: "Garde".into(), number: "+33639981247".parse().expect("a number") }],
            tools: None,
            recording: Recording::On,
        }
    }

    fn server() -> Value {
        json!({ "url": "https://zencall.example/hooks/vapi/secret", "timeoutSeconds": 20, "headers": { "x": "y" } })
    }

    /// What is found when the provider's copy is changed so, after an answer that filled in a default of its own.
    fn found(change: impl FnOnce(&mut Value)) -> Option<Drift> {
        let (org, id) = (OrgId(uuid::Uuid::from_u128(1)), AssistantId(uuid::Uuid::from_u128(7)));
        let copy = provider_copy::assistant(id, org, &settings(), &server(), &offer());
        let mut held = copy.clone();
        held["id"] = json!("a-1");
        held["voice"]["cachingEnabled"] = json!(true);
        let kept = kept(&copy, &serde_json::from_value(held.clone()).expect("an assistant"));
        change(&mut held);
        let held = serde_json::from_value(held).expect("an assistant");
        drift(&Subject { org, id, settings: &settings(), server: &server(), offer: &offer(), kept: &kept }, &held, DateTime::default())
    }

    #[test]
    fn nothing_differs_when_nobody_changed_anything() {
        assert_eq!(found(|_| {}), None);
    }

    #[test]
    fn fields_that_we_never_wrote_are_not_ours_to_compare() {
        assert_eq!(found(|held| held["silenceTimeoutSeconds"] = json!(45)), None);
    }

    #[test]
    fn what_our_editor_has_is_told_as_settings() {
        let drift = found(|held| {
            held["firstMessage"] = json!("Allô");
            let prompt = held["model"]["messages"][0]["content"].as_str().expect("a prompt").replacen("réponds", "te tais", 1);
            held["model"]["messages"][0]["content"] = json!(prompt);
            held["model"]["tools"].as_array_mut().expect("tools").pop();
            held["maxDurationSeconds"] = json!(300);
            held["endCallPhrases"] = json!(["Salut"]);
        });
        let drift = drift.expect("a drift");
        let theirs = Settings {
            first_message: "Allô".into(),
            prompt: "Tu te tais.".into(),
            transfer_numbers: vec![],
            max_duration_s: 300,
            end_phrases: vec!["Salut".into()],
            ..settings()
        };
        assert_eq!((drift.theirs, drift.others), (Some(theirs), vec![]));
    }

    #[test]
    fn what_it_has_not_is_told_by_the_provider_s_name_and_nested_objects_count_whole() {
        let drift = found(|held| {
            held["model"]["temperature"] = json!(0.9);
            held["model"]["knowledgeBaseId"] = json!("kb");
            held["voice"]["voiceId"] = json!("somebody-else");
        });
        let drift = drift.expect("a drift");
        let one = |field: &str, ours: Option<&str>, theirs: &str| Difference {
            field: field.into(),
            ours: ours.map(str::to_owned),
            theirs: Some(theirs.into()),
        };
        let others = [
            one("model.knowledgeBaseId", None, "kb"),
            one("model.temperature", Some("0.3"), "0.9"),
            one("voice.voiceId", Some("fr-FR-DeniseNeural"), "somebody-else"),
        ];
        assert_eq!((drift.theirs, drift.others), (None, others.to_vec()));
    }

    #[test]
    fn where_webhooks_go_is_compared_and_never_shown() {
        let drift = found(|held| {
            held["server"] = json!({ "url": "https://elsewhere.example/secret", "timeoutSeconds": 20.0, "headers": { "x": "***" } });
        });
        let drift = drift.expect("a drift");
        assert_eq!(drift.others, [Difference { field: "server.url".into(), ours: None, theirs: None }]);
        assert_eq!(found(|held| held["server"]["headers"] = json!(null)), None);
    }
}
