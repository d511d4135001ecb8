//! What applying deliveries once more changes, in fields that people know. Pure.

use crate::{
    calls::{
        journal::model::{CallChange, FieldChange, Replayed},
        server::{
            fold::{Facts, NewLine},
            ingest::{Change, Outcome},
        },
    },
    shared::ids::HookId,
};
use chrono::{DateTime, SecondsFormat};

/// Lines and happenings that are told of one call.
const TOLD: usize = 20;
/// Letters of a value.
const LETTERS: usize = 300;

/// Adds what came of the deliveries of one call.
pub fn tell(replayed: &mut Replayed, call_ref: String, hooks: &[HookId], outcomes: Vec<Outcome>, is_dry: bool) {
    let mut changes: Vec<Change> = Vec::new();
    let mut is_gone = false;
    for (hook, outcome) in hooks.iter().zip(outcomes) {
        match outcome {
            Outcome::Changed(change) => changes.push(*change),
            Outcome::Gone => is_gone = true,
            Outcome::Refused => replayed.refused.push(*hook),
        }
    }
    replayed.gone += i64::from(is_gone);
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let mut fields = differences(&first.before, &last.after);
    fields.truncate(TOLD);
    let lines: Vec<&NewLine> = changes.iter().flat_map(|change| &change.lines).collect();
    let events: Vec<_> = changes.iter().flat_map(|change| &change.events).collect();
    if fields.is_empty() && lines.is_empty() && events.is_empty() && !first.is_new {
        replayed.unchanged += 1;
        return;
    }
    replayed.calls.push(CallChange {
        call: Some(first.call).filter(|_| !(is_dry && first.is_new)),
        call_ref,
        deliveries: hooks.len() as i64,
        fields,
        lines: lines.iter().take(TOLD).map(|line| format!("{}: {}", line.speaker.name(), cut(&line.text))).collect(),
        lines_added: lines.len() as i64,
        events: events.iter().take(TOLD).map(|event| event.kind.to_string()).collect(),
        events_added: events.len() as i64,
    });
}

fn differences(before: &Facts, after: &Facts) -> Vec<FieldChange> {
    let pairs = fields(before).into_iter().zip(fields(after));
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange { field: field.to_owned(), before, after })
        .collect()
}

/// A call as people know it, always in the same order.
fn fields(facts: &Facts) -> Vec<(&'static str, Option<String>)> {
    let is_known = *facts != Facts::default();
    let time = |ms: Option<i64>| ms.and_then(DateTime::from_timestamp_millis).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let text = |text: Option<&str>| text.map(cut);
    let report = facts.report.as_ref();
    vec![
        ("status", is_known.then(|| facts.status().to_string())),
        ("direction", is_known.then(|| facts.direction().to_string())),
        ("customer_number", text(facts.customer_number.as_deref())),
        ("customer_name", text(facts.customer_name.as_deref())),
        ("our_number", text(facts.our_number.as_deref())),
        ("assistant", text(facts.assistant_ref.as_deref())),
        ("rang_at", time(facts.rang_ms)),
        ("answered_at", time(facts.answered())),
        ("ended_at", time(facts.ended())),
        ("ended_reason", text(facts.ended_reason())),
        ("outcome", facts.outcome().map(|outcome| outcome.to_string())),
        ("duration_s", facts.duration_s().map(|seconds| seconds.to_string())),
        ("handed_to", text(facts.handed_to.as_ref().map(|(_, to)| to.as_str()))),
        ("last_words", text(facts.last_words.as_ref().map(|(.., words)| words.as_str()))),
        ("summary", text(report.and_then(|report| report.summary.as_deref()))),
        ("success", text(report.and_then(|report| report.success.as_deref()))),
        ("cost_micro_usd", report.and_then(|report| report.cost_micro_usd).map(|cost| cost.to_string())),
        ("report_at", time(report.map(|report| report.at_ms))),
    ]
}

fn cut(text: &str) -> String {
    text.chars().take(LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = Facts { rank: Some(3), answered_ms: Some(1_790_000_000_000), ..Facts::default() };
        let after = Facts { ended_ms: Some(1_790_000_060_000), rank: Some(5), ..before.clone() };
        let told = differences(&before, &after);
        let names: Vec<&str> = told.iter().map(|change| change.field.as_str()).collect();
        assert!(names.contains(&"ended_at") && names.contains(&"duration_s") && !names.contains(&"answered_at"), "{names:?}");
        assert!(differences(&after, &after).is_empty());
        assert_eq!(differences(&Facts::default(), &before)[0].before, None, "a call that is yet to be made has no status");
    }
}
