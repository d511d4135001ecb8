//! The organisation's clock: which local moment an instant is, and when the house opens next.

use crate::reception::hours::{Calendar, Opening};
use chrono::{DateTime, Days, Duration, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// How far ahead an opening is looked for.
const AHEAD_DAYS: u64 = 60;

/// The zone of this name; UTC when nobody knows it.
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The wall clock's moment.
pub fn local(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    zone.from_utc_datetime(&at.naive_utc()).naive_local()
}

/// The first instant at which the wall clock shows this moment, or, where clocks skip it, the first one after.
pub fn instant(zone: Tz, moment: NaiveDateTime) -> Option<DateTime<Utc>> {
    (0..=180).find_map(|minutes| zone.from_local_datetime(&(moment + Duration::minutes(minutes))).earliest()).map(|at| at.to_utc())
}

/// When a house that is closed opens next; nothing when it is open, or for a long time does not.
pub fn opens_at(calendar: &Calendar, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let here = local(zone, now);
    if calendar.opening(here) == Opening::Open {
        return None;
    }
    (0..AHEAD_DAYS).find_map(|ahead| {
        let day = here.date().checked_add_days(Days::new(ahead))?;
        let starts = calendar.spans(day).into_iter().filter_map(|span| {
            let start = day.and_hms_opt(0, 0, 0)? + Duration::minutes(span.from.into());
            instant(zone, start)
        });
        // A span that lies within the hour that clocks skip never opens.
        starts.filter(|at| *at > now && calendar.opening(local(zone, *at)) == Opening::Open).min()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reception::hours::{SpecialDay, Week, read_spans};
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn every_day(hours: &str) -> Calendar {
        Calendar { week: Week(std::array::from_fn(|_| read_spans(hours).expect("hours"))), days: vec![] }
    }

    #[test]
    fn hours_are_those_of_the_wall_clock_on_both_sides_of_a_change() {
        let (paris, calendar) = (zone("Europe/Paris"), every_day("9-18"));
        let open = |text: &str| calendar.opening(local(paris, at(text))) == Opening::Open;
        // 29 March 2026 clocks go forward, 25 October back.
        assert_eq!([open("2026-03-28T08:00:00Z"), open("2026-03-28T07:59:00Z")], [true, false]);
        assert_eq!([open("2026-03-29T07:00:00Z"), open("2026-03-29T06:59:00Z")], [true, false]);
        assert_eq!([open("2026-10-24T07:00:00Z"), open("2026-10-25T07:00:00Z"), open("2026-10-25T08:00:00Z")], [true, false, true]);
    }

    #[test]
    fn the_next_opening_is_found_across_changes_nights_and_days_off() {
        let paris = zone("Europe/Paris");
        let next = |calendar: &Calendar, now: &str| opens_at(calendar, paris, at(now));
        assert_eq!(next(&every_day("9-18"), "2026-03-28T20:00:00Z"), Some(at("2026-03-29T07:00:00Z")));
        assert_eq!(next(&every_day("9-18"), "2026-10-24T20:00:00Z"), Some(at("2026-10-25T08:00:00Z")));
        // 02:30 does not exist that night: the span begins when clocks have gone on; a span of the skipped hour alone not at all.
        assert_eq!(next(&every_day("2:30-5"), "2026-03-28T20:00:00Z"), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(next(&every_day("2:15-2:45"), "2026-03-28T20:00:00Z"), Some(at("2026-03-30T00:15:00Z")));
        // 02:30 comes twice in October: the first one counts.
        assert_eq!(next(&every_day("2:30-5"), "2026-10-24T20:00:00Z"), Some(at("2026-10-25T00:30:00Z")));
        let mut with_holiday = every_day("9-18");
        with_holiday.days.push(SpecialDay { day: "2026-12-25".parse().expect("a day"), label: "Noël".into(), spans: vec![] });
        assert_eq!(next(&with_holiday, "2026-12-24T18:00:00Z"), Some(at("2026-12-26T08:00:00Z")));
        assert_eq!(next(&with_holiday, "2026-12-24T10:00:00Z"), None, "it is open");
        assert_eq!(
            next(&Calendar { week: every_day("").week, ..with_holiday }, "2026-12-25T10:00:00Z"),
            Some(at("2026-12-25T23:00:00Z")),
            "no hours: always open but for that day"
        );
    }

    proptest! {
        #[test]
        fn at_the_next_opening_it_is_open_and_a_moment_before_it_was_not(second in 1_767_225_600_i64..1_830_297_600, from in 0_u16..1439, lasts in 1_u16..900) {
            let (paris, now) = (zone("Europe/Paris"), DateTime::from_timestamp(second, 0).expect("an instant"));
            let to = (from + lasts).min(1440);
            let mut week = Week::default();
            week.0[usize::try_from(second % 7).unwrap_or(0)] = vec![crate::reception::hours::Span { from, to }];
            let calendar = Calendar { week, days: vec![] };
            if let Some(next) = opens_at(&calendar, paris, now) {
                prop_assert!(next > now);
                prop_assert_eq!(calendar.opening(local(paris, next)), Opening::Open);
                prop_assert_ne!(calendar.opening(local(paris, next - Duration::seconds(1))), Opening::Open);
            } else {
                prop_assert_eq!(calendar.opening(local(paris, now)), Opening::Open);
            }
        }
    }
}
