//! Numbers, money, durations, dates and telephone numbers as the reader writes them. Own small code, because `Intl` exists in the
//! browser only and both targets must write the same. Instants are shown in the organisation's zone ([`OrgClock`]).

use super::{Locale, t_str, use_locale, words as w};
use crate::shared::{
    money::{Currency, MicroUsd, Money},
    phone::PhoneNumber,
};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};
use leptos::prelude::use_context;
use serde::{Deserialize, Serialize};

/// Keeps a figure and its unit together.
const FIXED: char = '\u{a0}';

/// The organisation's zone as the page needs it: the distance from UTC now, and when it was or will be another.
/// A context the app provides beside the session; [`super::zone::org_clock`] makes it from the IANA name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgClock {
    pub utc_offset_minutes: i32,
    /// Ascending: from `at` (Unix seconds) on the distance is `minutes`. Empty: always `utc_offset_minutes`.
    #[serde(default)]
    pub changes: Vec<OffsetChange>,
}

/// The zone's distance from UTC from one instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetChange {
    pub at: i64,
    pub minutes: i32,
}

impl OrgClock {
    /// A zone that never changes.
    pub fn fixed(utc_offset_minutes: i32) -> Self {
        Self { utc_offset_minutes, changes: Vec::new() }
    }

    /// What the clocks on the organisation's wall showed at that instant.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let stamp = at.timestamp();
        let minutes = match self.changes.iter().rev().find(|change| change.at <= stamp) {
            Some(change) => change.minutes,
            None => self.utc_offset_minutes,
        };
        at.naive_utc() + Duration::minutes(i64::from(minutes))
    }
}

/// The clock of this page; UTC when nobody is signed in.
pub fn use_clock() -> OrgClock {
    use_context::<OrgClock>().unwrap_or_default()
}

/// `1 284` / `1,284`.
pub fn number(locale: Locale, n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let separator = match locale {
        Locale::Fr => FIXED,
        Locale::En => ',',
    };
    let mut text = String::with_capacity(digits.len() + 6);
    if n < 0 {
        text.push('\u{2212}');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// `99,2` / `99.2`; rounded half away from zero.
pub fn decimal(locale: Locale, value: f64, digits: u32) -> String {
    let scale = 10_i64.pow(digits.min(6));
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures on a screen, far below 2^53")]
    let scaled = (value * scale as f64).round() as i64;
    fixed(locale, scaled, scale)
}

/// A whole number of `1/scale`, written with as many decimals as the scale has.
fn fixed(locale: Locale, scaled: i64, scale: i64) -> String {
    let sign = if scaled < 0 { "\u{2212}" } else { "" };
    let (whole, part) = (scaled.unsigned_abs() / scale.unsigned_abs(), scaled.unsigned_abs() % scale.unsigned_abs());
    let whole = number(locale, i64::try_from(whole).unwrap_or(i64::MAX));
    if scale == 1 {
        return format!("{sign}{whole}");
    }
    let point = if locale == Locale::Fr { ',' } else { '.' };
    let width = scale.ilog10() as usize;
    format!("{sign}{whole}{point}{part:0width$}")
}

/// A share of one as percent: `64 %` / `64%`.
pub fn percent(locale: Locale, ratio: f64, digits: u32) -> String {
    let figure = decimal(locale, ratio * 100.0, digits);
    match locale {
        Locale::Fr => format!("{figure}{FIXED}%"),
        Locale::En => format!("{figure}%"),
    }
}

/// `49,00 €` / `€49.00`.
pub fn money(locale: Locale, amount: Money) -> String {
    with_currency(locale, fixed(locale, amount.minor, 100), amount.currency)
}

/// A price on a sign: no decimals when there are none. `49 €` / `€49`.
pub fn price(locale: Locale, amount: Money) -> String {
    if amount.minor % 100 == 0 { with_currency(locale, number(locale, amount.minor / 100), amount.currency) } else { money(locale, amount) }
}

/// A metered cost, to the tenth of a cent: `0,043 $` / `$0.043`.
pub fn cost(locale: Locale, amount: MicroUsd) -> String {
    let thousandths = (amount.0 + 500 * amount.0.signum()) / 1000;
    let figure = if thousandths % 10 == 0 { fixed(locale, thousandths / 10, 100) } else { fixed(locale, thousandths, 1000) };
    with_currency(locale, figure, Currency::Usd)
}

fn with_currency(locale: Locale, figure: String, currency: Currency) -> String {
    let sign = match (locale, currency) {
        (_, Currency::Eur) => "€",
        (_, Currency::Gbp) => "£",
        (_, Currency::Usd) => "$",
        (Locale::Fr, Currency::Mad) => "DH",
        (Locale::En, Currency::Mad) => "MAD",
    };
    match locale {
        Locale::Fr => format!("{figure}{FIXED}{sign}"),
        Locale::En if sign.len() > 2 && sign.is_ascii() => format!("{sign}{FIXED}{figure}"),
        Locale::En => match figure.strip_prefix('\u{2212}') {
            Some(positive) => format!("\u{2212}{sign}{positive}"),
            None => format!("{sign}{figure}"),
        },
    }
}

/// A running clock: `03:42`, `1:47:08`.
pub fn timer(seconds: i64) -> String {
    let s = seconds.max(0);
    if s >= 3600 { format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) } else { format!("{:02}:{:02}", s / 60, s % 60) }
}

/// A length in words: `45 s`, `6 min`, `1 h 20`.
pub fn duration(locale: Locale, seconds: i64) -> String {
    let s = seconds.max(0);
    if s < 60 {
        return format!("{s}{FIXED}s");
    }
    let minutes = (s + 30) / 60;
    if minutes < 60 {
        return format!("{minutes}{FIXED}min");
    }
    match (locale, minutes / 60, minutes % 60) {
        (_, h, 0) => format!("{h}{FIXED}h"),
        (Locale::Fr, h, m) => format!("{h}{FIXED}h{FIXED}{m:02}"),
        (Locale::En, h, m) => format!("{h}{FIXED}h{FIXED}{m}{FIXED}min"),
    }
}

/// `17:12`, in both languages, as the design sets times in data.
pub fn time(local: NaiveDateTime) -> String {
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// `12 mars 2026` / `12 March 2026`.
pub fn date(locale: Locale, day: NaiveDate) -> String {
    format!("{} {}", day_month(locale, day), day.year())
}

/// `jeudi 12 mars` / `Thursday 12 March`.
pub fn weekday_date(locale: Locale, day: NaiveDate) -> String {
    let names = t_str(locale, w::FORMAT_WEEKDAYS);
    let name = names.split('|').nth(day.weekday().num_days_from_monday() as usize).unwrap_or_default();
    format!("{name} {}", day_month(locale, day))
}

fn day_month(locale: Locale, day: NaiveDate) -> String {
    let month = nth(t_str(locale, w::FORMAT_MONTHS), day.month0());
    let number = if locale == Locale::Fr && day.day() == 1 { "1er".to_owned() } else { day.day().to_string() };
    format!("{number}{FIXED}{month}")
}

/// `12 mars` / `12 Mar` in this year, with the year otherwise: for table cells.
pub fn short_date(locale: Locale, day: NaiveDate, today: NaiveDate) -> String {
    let month = nth(t_str(locale, w::FORMAT_MONTHS_SHORT), day.month0());
    if day.year() == today.year() {
        format!("{}{FIXED}{month}", day.day())
    } else {
        format!("{}{FIXED}{month}{FIXED}{}", day.day(), day.year())
    }
}

/// `lun.` / `Mon`: the axis of a chart.
pub fn short_weekday(locale: Locale, day: NaiveDate) -> &'static str {
    nth(t_str(locale, w::FORMAT_WEEKDAYS_SHORT), day.weekday().num_days_from_monday())
}

fn nth(names: &'static str, i: u32) -> &'static str {
    names.split('|').nth(i as usize).unwrap_or_default()
}

/// An instant in the organisation's zone: `12 mars 2026, 17:12`.
pub fn date_time(locale: Locale, clock: &OrgClock, at: DateTime<Utc>) -> String {
    let local = clock.local(at);
    format!("{}, {}", date(locale, local.date()), time(local))
}

/// An instant for a list: the time today, `hier 17:12`, the date before that.
pub fn date_time_short(locale: Locale, clock: &OrgClock, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (local, today) = (clock.local(at), clock.local(now).date());
    match (today - local.date()).num_days() {
        0 => time(local),
        1 => format!("{} {}", t_str(locale, w::FORMAT_YESTERDAY), time(local)),
        _ => format!("{} {}", short_date(locale, local.date(), today), time(local)),
    }
}

/// How long ago, in words: `à l'instant`, `il y a 5 min`, `hier`; the date after a week.
pub fn relative(locale: Locale, clock: &OrgClock, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let days = (clock.local(now).date() - clock.local(at).date()).num_days();
    let ago = |amount: String| super::t_str_with(locale, w::FORMAT_AGO, &[("amount", &amount)]);
    match seconds {
        ..5 => t_str(locale, w::FORMAT_JUST_NOW).to_owned(),
        5..60 => ago(format!("{seconds}{FIXED}s")),
        60..3600 => ago(format!("{}{FIXED}min", seconds / 60)),
        3600..86_400 if days == 0 || seconds < 43_200 => ago(format!("{}{FIXED}h", seconds / 3600)),
        _ if days <= 1 => t_str(locale, w::FORMAT_YESTERDAY).to_owned(),
        _ if days < 7 => super::t_str_count(locale, w::FORMAT_DAYS_AGO, days, &[]),
        _ => short_date(locale, clock.local(at).date(), clock.local(now).date()),
    }
}

/// A number as its reader dials it: `06 39 98 12 47` for a French number read in French, international otherwise.
pub fn phone(locale: Locale, number: &PhoneNumber) -> String {
    let digits = number.as_str().trim_start_matches('+');
    if let (Locale::Fr, Some(national)) = (locale, digits.strip_prefix("33").filter(|n| n.len() == 9)) {
        return groups(&format!("0{national}"), &[2; 5]);
    }
    let (code, national) = digits.split_at(calling_code_len(digits));
    let pattern: &[usize] = match (code, national.len()) {
        ("33", 9) => &[1, 2, 2, 2, 2],
        ("1", 10) => &[3, 3, 4],
        ("44", 10) => &[4, 6],
        ("34", 9) => &[3, 3, 3],
        ("31" | "212", 9) => &[1, 2, 2, 2, 2],
        (_, n) if n.is_multiple_of(2) => &[2; 8],
        _ => &[3, 2, 2, 2, 2, 2, 2],
    };
    format!("+{code}{FIXED}{}", groups(national, pattern))
}

fn groups(digits: &str, pattern: &[usize]) -> String {
    let mut rest = digits;
    let mut parts = Vec::new();
    for &len in pattern {
        if rest.is_empty() {
            break;
        }
        let (part, tail) = rest.split_at(len.min(rest.len()));
        parts.push(part);
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.join("\u{a0}")
}

/// How many digits the country takes. Source: ITU-T E.164 assigned country codes.
fn calling_code_len(digits: &str) -> usize {
    const TWO: &[&str] = &[
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54",
        "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    match digits {
        d if d.starts_with('1') || d.starts_with('7') => 1,
        d if TWO.iter().any(|code| d.starts_with(code)) => 2,
        d => 3.min(d.len()),
    }
}

/// [`number`] in the reader's language.
pub fn n(value: i64) -> String {
    number(use_locale(), value)
}

/// [`phone`] in the reader's language.
pub fn tel(number: &PhoneNumber) -> String {
    phone(use_locale(), number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locale::{En, Fr};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn figures_are_grouped_as_each_language_does() {
        assert_eq!([number(Fr, 1_234_567), number(Fr, 999), number(Fr, -1_000)], ["1\u{a0}234\u{a0}567", "999", "\u{2212}1\u{a0}000"]);
        assert_eq!([number(En, 1_234_567), number(En, 0)], ["1,234,567", "0"]);
        assert_eq!([decimal(Fr, 99.25, 1), decimal(En, 0.05, 2), decimal(Fr, -0.5, 0)], ["99,3", "0.05", "\u{2212}1"]);
        assert_eq!([percent(Fr, 0.642, 0), percent(En, 0.642, 1)], ["64\u{a0}%", "64.2%"]);
    }

    #[test]
    fn money_follows_the_reader_not_the_currency() {
        let amount = |minor, currency| Money { minor, currency };
        assert_eq!(
            [money(Fr, amount(490_050, Currency::Eur)), money(En, amount(-950, Currency::Gbp))],
            ["4\u{a0}900,50\u{a0}€", "\u{2212}£9.50"]
        );
        assert_eq!(
            [price(Fr, amount(4900, Currency::Mad)), price(En, amount(4900, Currency::Mad)), price(En, amount(11, Currency::Usd))],
            ["49\u{a0}DH", "MAD\u{a0}49", "$0.11"]
        );
        assert_eq!([cost(Fr, MicroUsd(43_210)), cost(En, MicroUsd(1_500_000)), cost(En, MicroUsd(0))], ["0,043\u{a0}$", "$1.50", "$0.00"]);
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!([timer(222), timer(6428), timer(-3)], ["03:42", "1:47:08", "00:00"]);
        assert_eq!(
            [duration(Fr, 45), duration(Fr, 372), duration(Fr, 4800), duration(En, 4800), duration(En, 7200)],
            ["45\u{a0}s", "6\u{a0}min", "1\u{a0}h\u{a0}20", "1\u{a0}h\u{a0}20\u{a0}min", "2\u{a0}h"]
        );
    }

    #[test]
    fn instants_are_shown_on_the_organisations_wall() {
        let paris = OrgClock {
            utc_offset_minutes: 60,
            changes: vec![
                OffsetChange { at: at("2026-03-29T01:00:00Z").timestamp(), minutes: 120 },
                OffsetChange { at: at("2026-10-25T01:00:00Z").timestamp(), minutes: 60 },
            ],
        };
        assert_eq!(date_time(Fr, &paris, at("2026-03-12T16:12:00Z")), "12\u{a0}mars 2026, 17:12");
        assert_eq!(date_time(En, &paris, at("2026-07-31T23:30:00Z")), "1\u{a0}August 2026, 01:30");
        assert_eq!(weekday_date(Fr, paris.local(at("2026-03-12T16:12:00Z")).date()), "jeudi 12\u{a0}mars");
        assert_eq!(weekday_date(Fr, paris.local(at("2026-03-01T16:12:00Z")).date()), "dimanche 1er\u{a0}mars");
        assert_eq!(date_time_short(Fr, &paris, at("2026-03-12T16:12:00Z"), at("2026-03-13T08:00:00Z")), "hier 17:12");
    }

    #[test]
    fn how_long_ago() {
        let (clock, now) = (OrgClock::fixed(60), at("2026-03-12T16:00:00Z"));
        let said = |then: &str, locale| relative(locale, &clock, at(then), now);
        assert_eq!(said("2026-03-12T15:59:58Z", Fr), "à l’instant");
        assert_eq!(said("2026-03-12T15:55:00Z", Fr), "il y a 5\u{a0}min");
        assert_eq!(said("2026-03-12T14:00:00Z", En), "2\u{a0}h ago");
        assert_eq!(said("2026-03-11T10:00:00Z", Fr), "hier");
        assert_eq!(said("2026-03-09T10:00:00Z", En), "3 days ago");
        assert_eq!(said("2026-02-01T10:00:00Z", En), "1\u{a0}Feb");
        assert_eq!(said("2026-03-12T16:00:09Z", En), "just now");
    }

    #[test]
    fn telephone_numbers_are_written_as_people_dial_them() {
        let write = |locale, text: &str| phone(locale, &text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))).replace('\u{a0}', " ");
        assert_eq!(write(Fr, "+33639981247"), "06 39 98 12 47");
        assert_eq!(write(En, "+33639981247"), "+33 6 39 98 12 47");
        assert_eq!(write(Fr, "+12025550143"), "+1 202 555 0143");
        assert_eq!(write(Fr, "+34612345678"), "+34 612 345 678");
        assert_eq!(write(En, "+442079460000"), "+44 2079 460000");
        assert_eq!(write(Fr, "+212612345678"), "+212 6 12 34 56 78");
        assert_eq!(write(Fr, "+35312345678"), "+353 12 34 56 78");
        assert_eq!(write(Fr, "+49301234567"), "+49 301 23 45 67");
    }
}
