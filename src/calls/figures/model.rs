//! Figures as both targets see them.

use crate::{
    calls::{
        filter,
        model::{Answered, CallFilter, CallStatus, Direction, OPEN_QUESTION, Outcome},
    },
    shared::{
        ids::{AssistantId, NumberId},
        money::MicroUsd,
    },
};
use chrono::{Days, NaiveDate};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Ready-made periods; each ends today.
    Period { Today = "today", Week = "7d", Month = "30d", Quarter = "90d", Year = "365d" }
}

impl Period {
    /// Its length.
    pub const fn days(self) -> u64 {
        match self {
            Self::Today => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }
}

/// The longest period, in days.
pub const LONGEST: i64 = 366;

/// What the page asks for: a period by name, or two days, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

impl Asked {
    /// What an address asks for. What cannot be read asks for nothing.
    pub fn of_address(query: &ParamsMap) -> Self {
        let given = |name: &str| query.get(name).filter(|value| !value.is_empty());
        Self {
            period: given("period").and_then(|name| name.parse().ok()),
            from: given("from").and_then(|day| day.parse().ok()),
            to: given("to").and_then(|day| day.parse().ok()),
        }
    }

    /// The period's name, when it is one of the ready-made ones.
    pub fn named(self) -> Option<Period> {
        if self.from.is_some() || self.to.is_some() { None } else { Some(self.period.unwrap_or(Period::Week)) }
    }

    /// First and last day. Days in the wrong order are turned round; what is too long keeps its end.
    pub fn days(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        if let Some(period) = self.named() {
            return (back(today, period.days() - 1), today);
        }
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or(to);
        let (from, to) = (from.min(to), from.max(to));
        if (to - from).num_days() >= LONGEST { (back(to, LONGEST.unsigned_abs() - 1), to) } else { (from, to) }
    }
}

/// The period of the same length that ends the day before.
pub fn before((from, to): (NaiveDate, NaiveDate)) -> (NaiveDate, NaiveDate) {
    let days = (to - from).num_days().unsigned_abs() + 1;
    (back(from, days), back(from, 1))
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// Sums over finished calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub calls: i64,
    /// Somebody called us.
    pub received: i64,
    pub answered: i64,
    /// Received, and answered within five seconds.
    pub quick: i64,
    /// Seconds of conversation.
    pub length_s: i64,
    pub cost: MicroUsd,
    /// With a question the answer book did not know.
    pub unanswered: i64,
    /// By outcome, in the order of [`Outcome::ALL`].
    pub outcomes: [i64; 6],
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.received += other.received;
        self.answered += other.answered;
        self.quick += other.quick;
        self.length_s += other.length_s;
        self.cost.0 += other.cost.0;
        self.unanswered += other.unanswered;
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(sum, more)| *sum += more);
    }

    /// Calls that ended so.
    pub fn of(&self, outcome: Outcome) -> i64 {
        self.outcomes[outcome as usize]
    }

    /// Seconds of an answered call; nothing when none was.
    pub fn average_s(&self) -> Option<i64> {
        (self.answered > 0).then(|| (self.length_s + self.answered / 2) / self.answered)
    }

    /// Received calls answered within five seconds, as a share of one; nothing when none was received.
    pub fn quick_share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
        let share = |part: i64, all: i64| part as f64 / all as f64;
        (self.received > 0).then(|| share(self.quick, self.received))
    }
}

/// The figures of one assistant or one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line<T> {
    /// The nil id: nobody's.
    pub id: T,
    /// Absent when it is gone, or nobody's.
    pub name: Option<String>,
    pub now: Sums,
    pub before: Sums,
}

/// Calls of a day, or of an hour when the period is one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub hour: Option<u8>,
    pub calls: i64,
}

/// Everything the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// First and last day, in the organisation's zone.
    pub days: (NaiveDate, NaiveDate),
    pub days_before: (NaiveDate, NaiveDate),
    pub now: Sums,
    pub before: Sums,
    /// Most calls first.
    pub assistants: Vec<Line<AssistantId>>,
    pub numbers: Vec<Line<NumberId>>,
    pub slots: Vec<Slot>,
    /// By hour of the day, over the whole period.
    pub hours: Vec<i64>,
}

text_enum! {
    /// One figure of the page, and so one set of calls.
    Figure {
        Calls = "calls",
        Received = "received",
        Answered = "answered",
        Quick = "quick",
        Unanswered = "unanswered",
        Done = "done",
        Moved = "moved",
        Voicemail = "voicemail",
        Missed = "missed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl Figure {
    /// The outcome it counts, if it counts one.
    pub fn outcome(self) -> Option<Outcome> {
        self.name().parse().ok()
    }

    /// How many calls it is.
    pub fn of(self, sums: &Sums) -> i64 {
        match self {
            Self::Calls => sums.calls,
            Self::Received => sums.received,
            Self::Answered => sums.answered,
            Self::Quick => sums.quick,
            Self::Unanswered => sums.unanswered,
            _ => self.outcome().map_or(0, |outcome| sums.of(outcome)),
        }
    }

    /// The filter of the log that shows exactly these calls.
    pub fn calls(self, scope: &Scope) -> CallFilter {
        let direction = matches!(self, Self::Received | Self::Quick).then_some(Direction::Inbound);
        let answered = match self {
            Self::Answered => Some(Answered::Yes),
            Self::Quick => Some(Answered::Quick),
            _ => None,
        };
        CallFilter {
            status: Some(CallStatus::Ended),
            outcome: self.outcome(),
            direction,
            answered,
            found: (self == Self::Unanswered).then(|| OPEN_QUESTION.to_owned()),
            assistant: scope.assistant,
            number: scope.number,
            from: Some(scope.days.0),
            to: Some(scope.days.1),
            ..CallFilter::default()
        }
    }
}

/// The calls a figure is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    pub days: (NaiveDate, NaiveDate),
    pub assistant: Option<AssistantId>,
    pub number: Option<NumberId>,
}

impl Scope {
    /// All calls of these days.
    pub fn of(days: (NaiveDate, NaiveDate)) -> Self {
        Self { days, assistant: None, number: None }
    }

    /// The address of the log that shows what a figure counts.
    pub fn href(&self, figure: Figure) -> String {
        filter::address("/calls", &figure.calls(self), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn a_period_is_compared_with_as_many_days_before_it() {
        let today = day("2026-03-12");
        let week = Asked::default().days(today);
        assert_eq!(week, (day("2026-03-06"), today));
        assert_eq!(before(week), (day("2026-02-27"), day("2026-03-05")));
        let one = Asked { period: Some(Period::Today), ..Asked::default() }.days(today);
        assert_eq!((one, before(one)), ((today, today), (day("2026-03-11"), day("2026-03-11"))));
    }

    #[test]
    fn days_in_the_wrong_order_are_turned_and_no_period_is_too_long() {
        let today = day("2026-03-12");
        let asked = |from: &str, to: &str| Asked { period: None, from: Some(day(from)), to: Some(day(to)) }.days(today);
        assert_eq!(asked("2026-03-02", "2026-02-01"), (day("2026-02-01"), day("2026-03-02")));
        let (from, to) = asked("2010-01-01", "2026-01-01");
        assert_eq!(((to - from).num_days() + 1, to), (LONGEST, day("2026-01-01")));
    }

    #[test]
    fn every_figure_opens_calls_of_its_own() {
        let scope = Scope::of((day("2026-03-01"), day("2026-03-02")));
        let mut addresses: Vec<String> = Figure::ALL.iter().map(|figure| scope.href(*figure)).collect();
        assert_eq!(addresses[0], "/calls?status=ended&from=2026-03-01&to=2026-03-02");
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), Figure::ALL.len());
    }

    #[test]
    fn shares_and_averages_of_nothing_are_nothing() {
        assert_eq!((Sums::default().average_s(), Sums::default().quick_share()), (None, None));
        let sums = Sums { answered: 2, length_s: 5, received: 4, quick: 3, ..Sums::default() };
        assert_eq!((sums.average_s(), sums.quick_share()), (Some(3), Some(0.75)));
    }
}
