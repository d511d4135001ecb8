//! Opening hours: a week of spans, days with hours of their own, and what they say of a local moment. Pure; which moment is local is the
//! server's knowledge.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// More spans than any house has in a day.
const MOST_SPANS: usize = 6;

/// From a minute of the day to another; one that ends before it begins runs past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

impl Span {
    fn is_overnight(self) -> bool {
        self.to < self.from
    }
}

/// Spans of each day, Monday first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Week(pub [Vec<Span>; 7]);

impl Week {
    /// No hours are set.
    pub fn is_unset(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// The spans of a day of the week.
    pub fn on(&self, day: Weekday) -> &[Span] {
        &self.0[day.num_days_from_monday() as usize]
    }
}

/// A day with hours of its own; none: closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialDay {
    pub day: NaiveDate,
    pub label: String,
    pub spans: Vec<Span>,
}

text_enum! {
    /// Whether the house is open at a moment.
    Opening {
        Open = "open",
        Closed = "closed",
        /// Closed, on a day that has hours of its own.
        Holiday = "holiday",
    }
}

/// The week and the days that differ from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub week: Week,
    pub days: Vec<SpecialDay>,
}

impl Calendar {
    /// The day's own hours, if it has any.
    pub fn special(&self, day: NaiveDate) -> Option<&SpecialDay> {
        self.days.iter().find(|special| special.day == day)
    }

    /// What a local moment is. A week without hours says nothing of when the house is closed: then it is always open, but for special days.
    pub fn opening(&self, local: NaiveDateTime) -> Opening {
        let (day, minute) = (local.date(), (local.hour() * 60 + local.minute()) as u16);
        let is_open = self.spans(day).iter().any(|span| span.from <= minute && (minute < span.to || span.is_overnight()));
        let yesterday = day.checked_sub_days(Days::new(1)).map(|day| self.spans(day)).unwrap_or_default();
        let is_open = is_open || yesterday.iter().any(|span| span.is_overnight() && minute < span.to);
        match (is_open, self.special(day)) {
            (true, _) => Opening::Open,
            (false, Some(_)) => Opening::Holiday,
            (false, None) => Opening::Closed,
        }
    }

    /// The spans that begin on a day.
    pub fn spans(&self, day: NaiveDate) -> Vec<Span> {
        match self.special(day) {
            Some(special) => special.spans.clone(),
            None if self.week.is_unset() => vec![Span { from: 0, to: DAY }],
            None => self.week.on(day.weekday()).to_vec(),
        }
    }
}

/// `9:00-12:30, 14h-18h`; nothing is closed. Spans in order, none within another, only the last past midnight.
pub fn read_spans(text: &str) -> Option<Vec<Span>> {
    let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
    let spans = parts.map(read_span).collect::<Option<Vec<Span>>>()?;
    let in_order = spans.windows(2).all(|two| !two[0].is_overnight() && two[0].to <= two[1].from);
    (in_order && spans.len() <= MOST_SPANS).then_some(spans)
}

fn read_span(text: &str) -> Option<Span> {
    let (from, to) = text.split_once(['-', '–', '—', 'à', '>'])?;
    let span = Span { from: read_minute(from)?, to: read_minute(to)? };
    (span.from < DAY && span.to != span.from && span.to != 0).then_some(span)
}

/// `9`, `9:30`, `9h30`, `9 h`: minutes since midnight, 24:00 at most.
fn read_minute(text: &str) -> Option<u16> {
    let bare: String = text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase();
    let (hours, minutes) = bare.split_once([':', 'h', '.']).unwrap_or((&bare, ""));
    let number = |digits: &str| -> Option<u16> {
        ((1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    let at = number(hours)? * 60 + minutes;
    (minutes < 60 && at <= DAY).then_some(at)
}

/// As [`read_spans`] reads them.
pub fn write_spans(spans: &[Span]) -> String {
    let minute = |at: u16| format!("{:02}:{:02}", at / 60, at % 60);
    spans.iter().map(|span| format!("{}-{}", minute(span.from), minute(span.to))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().expect("a moment")
    }

    fn calendar() -> Calendar {
        let mut week = Week::default();
        for day in 0..5 {
            week.0[day] = read_spans("9:00-12:00, 14:00-18:00").expect("hours");
        }
        week.0[5] = read_spans("22:00-02:00").expect("a night");
        let special = |day: &str, hours: &str| SpecialDay {
            day: day.parse().expect("a day"),
            label: "x".into(),
            spans: read_spans(hours).expect("hours"),
        };
        Calendar { week, days: vec![special("2026-12-25", ""), special("2026-12-24", "9-12")] }
    }

    #[test]
    fn what_people_type_is_understood() {
        let minutes = |text: &str| read_spans(text).map(|spans| spans.iter().map(|span| (span.from, span.to)).collect::<Vec<_>>());
        assert_eq!(minutes("9-12, 14h30 à 18 h"), Some(vec![(540, 720), (870, 1080)]));
        assert_eq!(minutes(" 00:00–24:00 "), Some(vec![(0, 1440)]));
        assert_eq!(minutes("22:00-2:00"), Some(vec![(1320, 120)]));
        assert_eq!(minutes(""), Some(vec![]));
        for wrong in ["9", "9-9", "12-9, 14-15", "9-12, 11-14", "9:60-12", "25-26", "a-b", "9-0", "24:00-25:00", "-5-9", "9:0:0-10"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_of_their_own_outrank_the_week_and_nights_run_past_midnight() {
        let calendar = calendar();
        let cases = [
            ("2026-11-23T09:00:00", Opening::Open),
            ("2026-11-23T12:00:00", Opening::Closed),
            ("2026-11-23T17:59:59", Opening::Open),
            ("2026-11-22T10:00:00", Opening::Closed),
            ("2026-11-28T23:00:00", Opening::Open),
            ("2026-11-29T01:59:00", Opening::Open), // Saturday's night
            ("2026-11-29T02:00:00", Opening::Closed),
            ("2026-12-24T10:00:00", Opening::Open),
            ("2026-12-24T15:00:00", Opening::Holiday),
            ("2026-12-25T10:00:00", Opening::Holiday),
        ];
        for (moment, expected) in cases {
            assert_eq!(calendar.opening(at(moment)), expected, "{moment}");
        }
        let unset = Calendar { days: calendar.days, ..Calendar::default() };
        assert_eq!(unset.opening(at("2026-11-22T03:00:00")), Opening::Open, "no hours are set");
        assert_eq!(unset.opening(at("2026-12-25T03:00:00")), Opening::Holiday);
    }

    proptest! {
        #[test]
        fn reading_what_was_written_gives_the_same_spans(cuts in prop::collection::btree_set(0_u16..=DAY, 0..12)) {
            let cuts: Vec<u16> = cuts.into_iter().collect();
            let spans: Vec<Span> = cuts.chunks_exact(2).map(|two| Span { from: two[0], to: two[1] }).collect();
            prop_assert_eq!(read_spans(&write_spans(&spans)), Some(spans));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,40}") {
            let _ = read_spans(&text);
        }

        #[test]
        fn a_moment_is_open_exactly_when_a_span_holds_it(from in 0_u16..DAY, to in 1_u16..=DAY, minute in 0_u32..1440, days in 0_u64..14) {
            prop_assume!(from != to);
            let mut week = Week::default();
            week.0[2] = vec![Span { from, to }];
            let local = at("2026-11-23T00:00:00") + chrono::Duration::minutes(minute.into()) + Days::new(days);
            // The same said in minutes since Monday.
            let now = i64::from(local.weekday().num_days_from_monday()) * 1440 + i64::from(minute);
            let (from, to) = (i64::from(from), i64::from(to));
            let begins = 2 * 1440 + from;
            let ends = 2 * 1440 + if to > from { to } else { to + 1440 };
            let is_open = Calendar { week, days: vec![] }.opening(local) == Opening::Open;
            prop_assert_eq!(is_open, (begins..ends).contains(&now));
        }
    }
}
