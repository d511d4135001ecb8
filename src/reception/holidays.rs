//! The public holidays of France, by their rules (Code du travail, L3133-1). Source for Easter: the anonymous Gregorian computus.

use crate::i18n::{Key, words as w};
use chrono::{Days, NaiveDate};

/// Easter Sunday of a year of the Gregorian calendar.
pub fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let skipped = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + century - century.div_euclid(4) - skipped + 15).rem_euclid(30);
    let weekday = (32 + 2 * century.rem_euclid(4) + 2 * rest.div_euclid(4) - epact - rest.rem_euclid(4)).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday).div_euclid(451);
    let days = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

/// The eleven days of a year, in order, with the key of their name.
pub fn public_holidays(year: i32) -> Vec<(NaiveDate, Key)> {
    let fixed = |month, day, name| Some((NaiveDate::from_ymd_opt(year, month, day)?, name));
    let after_easter = |days, name| Some((easter(year)?.checked_add_days(Days::new(days))?, name));
    let mut days: Vec<(NaiveDate, Key)> = [
        fixed(1, 1, w::RECEPTION_HOLIDAY_NEW_YEAR),
        after_easter(1, w::RECEPTION_HOLIDAY_EASTER_MONDAY),
        fixed(5, 1, w::RECEPTION_HOLIDAY_LABOUR),
        fixed(5, 8, w::RECEPTION_HOLIDAY_VICTORY),
        after_easter(39, w::RECEPTION_HOLIDAY_ASCENSION),
        after_easter(50, w::RECEPTION_HOLIDAY_WHIT_MONDAY),
        fixed(7, 14, w::RECEPTION_HOLIDAY_NATIONAL),
        fixed(8, 15, w::RECEPTION_HOLIDAY_ASSUMPTION),
        fixed(11, 1, w::RECEPTION_HOLIDAY_ALL_SAINTS),
        fixed(11, 11, w::RECEPTION_HOLIDAY_ARMISTICE),
        fixed(12, 25, w::RECEPTION_HOLIDAY_CHRISTMAS),
    ]
    .into_iter()
    .flatten()
    .collect();
    days.sort_by_key(|(day, _)| *day);
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Weekday};
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn easter_falls_where_the_tables_say() {
        for (year, expected) in [
            (1818, "1818-03-22"),
            (1943, "1943-04-25"),
            (2000, "2000-04-23"),
            (2024, "2024-03-31"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter(year), Some(day(expected)));
        }
    }

    #[test]
    fn the_days_off_of_2026_are_those_of_the_official_calendar() {
        let found: Vec<String> = public_holidays(2026).iter().map(|(day, _)| day.to_string()[5..].to_owned()).collect();
        assert_eq!(found, ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"]);
    }

    proptest! {
        #[test]
        fn easter_is_a_sunday_between_its_bounds(year in 1583..4000) {
            let easter = easter(year).expect("a day");
            prop_assert_eq!(easter.weekday(), Weekday::Sun);
            prop_assert!((day("2026-03-22").ordinal()..=day("2026-04-25").ordinal() + 1).contains(&easter.ordinal()));
            prop_assert_eq!(public_holidays(year).len(), 11);
        }
    }
}
