//! The organisation's clock from the bundled time-zone database. Server only: the browser gets the result with the page.

use super::format::{OffsetChange, OrgClock};
use chrono::{DateTime, Days, Duration, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// The distances from UTC of a zone between three years ago and a year ahead; UTC for an unknown name.
pub fn org_clock(timezone: &str, now: DateTime<Utc>) -> OrgClock {
    let zone: Tz = timezone.parse().unwrap_or(Tz::UTC);
    let (start, end) = (now - Duration::days(3 * 366), now + Duration::days(366));
    let mut changes = Vec::new();
    let (mut at, mut known) = (start, minutes(zone, start));
    changes.push(OffsetChange { at: start.timestamp(), minutes: known });
    while at < end {
        let next = at + Duration::days(7); // no zone changes twice within a week
        if minutes(zone, next) != known {
            let (mut low, mut high) = (at, next);
            while high - low > Duration::minutes(1) {
                let middle = low + (high - low) / 2;
                if minutes(zone, middle) == known { low = middle } else { high = middle }
            }
            known = minutes(zone, next);
            changes.push(OffsetChange { at: high.timestamp().div_euclid(60) * 60, minutes: known });
        }
        at = next;
    }
    OrgClock { utc_offset_minutes: minutes(zone, now), changes }
}

/// The first moment of a day.
pub fn midnight(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let start = day.and_hms_opt(0, 0, 0)?;
    // Where clocks skip midnight the day begins an hour later.
    zone.from_local_datetime(&start)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(start + Duration::hours(1))).earliest())
        .map(|at| at.to_utc())
}

/// From the first moment of `from` to the first after `to`; UTC for an unknown zone.
pub fn span(from: Option<NaiveDate>, to: Option<NaiveDate>, timezone: &str) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let zone: Tz = timezone.parse().unwrap_or(Tz::UTC);
    (from.and_then(|day| midnight(day, zone)), to.and_then(|day| midnight(day.checked_add_days(Days::new(1))?, zone)))
}

fn minutes(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() / 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn summer_and_winter_are_told_apart_to_the_minute() {
        let clock = org_clock("Europe/Paris", at("2026-11-22T12:00:00Z"));
        assert_eq!(clock.utc_offset_minutes, 60);
        let hour = |text: &str| (clock.local(at(text)).hour(), clock.local(at(text)).minute());
        assert_eq!([hour("2026-10-25T00:59:00Z"), hour("2026-10-25T01:00:00Z")], [(2, 59), (2, 0)]);
        assert_eq!([hour("2025-07-01T12:00:00Z"), hour("2027-07-01T12:00:00Z")], [(14, 0), (14, 0)]);
        assert!(clock.changes.len() < 12);
    }

    #[test]
    fn half_hours_and_unknown_names() {
        assert_eq!(org_clock("Asia/Kolkata", at("2026-11-22T12:00:00Z")).utc_offset_minutes, 330);
        assert_eq!(org_clock("Nowhere/Else", at("2026-11-22T12:00:00Z")).utc_offset_minutes, 0);
    }
}
