//! The filter of the log and the address it lives in: reading one gives the other back.

use super::{
    analysis::model::Part,
    model::{CallFilter, CallStatus, Direction, OPEN_QUESTION, Outcome},
};
use crate::shared::page::PageRequest;
use leptos_router::params::ParamsMap;

/// What the address asks for. What cannot be read asks for nothing.
pub fn of_address(query: &ParamsMap) -> (CallFilter, PageRequest) {
    let given = |name: &str| query.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let filter = CallFilter {
        q: given("q").map(|q| q.chars().take(200).collect()),
        status: given("status").and_then(|name| name.parse().ok()),
        outcome: given("outcome").and_then(|name| name.parse().ok()),
        direction: given("direction").and_then(|name| name.parse().ok()),
        assistant: given("assistant").and_then(|id| id.parse().ok()),
        number: given("number").and_then(|id| id.parse().ok()),
        answered: given("answered").and_then(|name| name.parse().ok()),
        tag: given("tag").and_then(|id| id.parse().ok()),
        found: given("found").filter(|mark| is_mark(mark)),
        seen: given("seen").and_then(|name| name.parse().ok()),
        assignee: given("assignee").and_then(|name| name.parse().ok()),
        work: given("work").and_then(|name| name.parse().ok()),
        from: given("from").and_then(|day| day.parse().ok()),
        to: given("to").and_then(|day| day.parse().ok()),
    };
    (filter, PageRequest { after: given("after"), limit: None })
}

/// The pairs of the address, in a fixed order, without what is not set.
pub fn pairs(filter: &CallFilter) -> Vec<(&'static str, String)> {
    let pairs = [
        ("q", filter.q.clone()),
        ("status", filter.status.map(|status| status.to_string())),
        ("outcome", filter.outcome.map(|outcome| outcome.to_string())),
        ("direction", filter.direction.map(|direction| direction.to_string())),
        ("assistant", filter.assistant.map(|id| id.to_string())),
        ("number", filter.number.map(|id| id.to_string())),
        ("answered", filter.answered.map(|answered| answered.to_string())),
        ("tag", filter.tag.map(|id| id.to_string())),
        ("found", filter.found.clone()),
        ("seen", filter.seen.map(|seen| seen.to_string())),
        ("assignee", filter.assignee.map(|assignee| assignee.to_string())),
        ("work", filter.work.map(|work| work.to_string())),
        ("from", filter.from.map(|day| day.to_string())),
        ("to", filter.to.map(|day| day.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
}

/// The address of the log under a filter, from a cursor on.
pub fn address(path: &str, filter: &CallFilter, after: Option<&str>) -> String {
    let mut pairs = pairs(filter);
    pairs.extend(after.map(|after| ("after", after.to_owned())));
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Whether anything is asked for.
pub fn is_set(filter: &CallFilter) -> bool {
    *filter != CallFilter::default()
}

/// The ready-made views over the log, each an address: where it stands now, and the rest of the filter kept.
pub fn views(filter: &CallFilter) -> Vec<(Option<Outcome>, bool, CallFilter)> {
    let base = CallFilter { outcome: None, status: None, ..filter.clone() };
    let of = |outcome| CallFilter { outcome: Some(outcome), ..base.clone() };
    let live = CallFilter { status: Some(CallStatus::Live), ..base.clone() };
    let mut views = vec![(None, false, base.clone()), (None, true, live)];
    views.extend(
        [Outcome::Done, Outcome::Moved, Outcome::Missed, Outcome::Voicemail, Outcome::Failed]
            .map(|outcome| (Some(outcome), false, of(outcome))),
    );
    views
}

/// What an analysis may have found that calls are filtered by.
pub const FOUND_PARTS: [Part; 5] = [Part::Outcome, Part::Intent, Part::Sentiment, Part::Flag, Part::Topic];

/// A part and a code of an analysis, or an open question.
fn is_mark(mark: &str) -> bool {
    let is_finding = |(part, code): (&str, &str)| FOUND_PARTS.iter().any(|known| known.name() == part && known.codes().contains(&code));
    mark == OPEN_QUESTION || mark.split_once(':').is_some_and(is_finding)
}

/// Directions on offer in the filter.
pub const DIRECTIONS: &[Direction] = Direction::ALL;

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> (CallFilter, PageRequest) {
        of_address(&query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_address_says_what_the_filter_says() {
        let (filter, page) = read(&[("q", "gencives pâles"), ("outcome", "missed"), ("from", "2026-03-01"), ("after", "call_x")]);
        assert_eq!(
            address("/calls", &filter, page.after.as_deref()),
            "/calls?q=gencives%20p%C3%A2les&outcome=missed&from=2026-03-01&after=call_x"
        );
        assert!(is_set(&filter));
    }

    #[test]
    fn what_is_empty_or_wrong_asks_for_nothing() {
        let (filter, page) = read(&[
            ("q", "  "),
            ("outcome", "perhaps"),
            ("assistant", "org_1"),
            ("to", "31/12/2026"),
            ("found", "intent:world"),
            ("after", ""),
        ]);
        assert_eq!((filter.clone(), page.after), (CallFilter::default(), None));
        assert_eq!(address("/calls", &filter, None), "/calls");
    }

    #[test]
    fn every_field_survives_the_way_through_the_address() {
        let zero = "00000000000000000000000000";
        let (assistant, number, tag) = (format!("ast_{zero}"), format!("num_{zero}"), format!("tag_{zero}"));
        let names = [
            ("q", "a&b=c"),
            ("status", "live"),
            ("outcome", "done"),
            ("direction", "web"),
            ("assistant", assistant.as_str()),
            ("number", number.as_str()),
            ("answered", "quick"),
            ("tag", tag.as_str()),
            ("found", "flag:complaint"),
            ("seen", "no"),
            ("assignee", "me"),
            ("work", "waiting"),
            ("from", "2026-01-02"),
            ("to", "2026-01-03"),
        ];
        let (filter, _) = read(&names);
        assert_eq!(pairs(&filter), names.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_view_keeps_the_search_and_drops_the_outcome() {
        let (filter, _) = read(&[("q", "vaccin"), ("outcome", "done")]);
        let views = views(&filter);
        assert!(views.iter().all(|(_, _, view)| view.q.as_deref() == Some("vaccin")));
        assert_eq!(views.iter().filter(|(_, _, view)| *view == filter).count(), 1);
    }
}
