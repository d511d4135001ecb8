//! Calls per hour of today, in three parts one upon the other.

use crate::i18n::{format, t, t_count_with, t_with, use_locale, words as w};
use leptos::prelude::*;

/// The plot, its legend and its table. Hours are the organisation's.
#[component]
pub fn HourChart(
    /// 24 hours: done, moved, others.
    hours: Vec<[i64; 3]>,
) -> impl IntoView {
    let locale = use_locale();
    let total = |hour: &[i64; 3]| hour.iter().sum::<i64>();
    let (first, last) = span(&hours);
    let shown: Vec<(usize, [i64; 3])> = hours.iter().copied().enumerate().skip(first).take(last + 1 - first).collect();
    let most = shown.iter().map(|(_, hour)| total(hour)).max().unwrap_or(0);
    let top = axis_top(most);
    let finding = match shown.iter().max_by_key(|(_, hour)| total(hour)).filter(|(_, hour)| total(hour) > 0) {
        Some((at, hour)) => {
            let all = format::number(locale, shown.iter().map(|(_, hour)| total(hour)).sum());
            t_count_with(w::HOME_HOURS_FINDING, total(hour), &[("hour", &hour_words(*at)), ("all", &all)])
        }
        None => t(w::HOME_HOURS_NONE).to_owned(),
    };
    let slot = 100.0 / shown.len().max(1) as f64;
    let bars = shown
        .iter()
        .enumerate()
        .flat_map(|(place, (_, hour))| {
            let mut below = 0;
            hour.iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
                .map(|(series, count)| {
                    below += count;
                    let (y, height) = (100.0 - share(below, top), share(*count, top));
                    let class = ["s1", "s3", "s2"][series];
                    view! {
                        <rect class=class x=short(slot * place as f64 + slot * 0.17) y=short(y) width=short(slot * 0.66) height=short((height - 0.6).max(0.4))></rect>
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect_view();
    let labels =
        shown.iter().enumerate().map(|(place, (at, _))| view! { <span>{(place % 3 == 0).then(|| hour_words(*at))}</span> }).collect_view();
    let rows = shown
        .iter()
        .map(|(at, hour)| {
            view! {
                <tr>
                    <th scope="row">{hour_words(*at)}</th>
                    {hour.iter().map(|count| view! { <td class="r num">{format::number(locale, *count)}</td> }).collect_view()}
                </tr>
            }
        })
        .collect_view();
    view! {
        <figure class="stack g2">
            <div class="plot hours" role="img" aria-label=finding.clone()>
                <div class="y" aria-hidden="true">
                    <span>{format::number(locale, top)}</span>
                    <span>{format::number(locale, top / 2)}</span>
                    <span>"0"</span>
                </div>
                <div class="area">
                    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
                        <line class="grid" x1="0" x2="100" y1="0" y2="0"></line>
                        <line class="grid" x1="0" x2="100" y1="50" y2="50"></line>
                        <line class="grid" x1="0" x2="100" y1="100" y2="100"></line>
                        {bars}
                    </svg>
                </div>
                <div class="x each" aria-hidden="true">{labels}</div>
            </div>
            <p class="small muted">{finding.clone()}</p>
            <details class="as-table">
                <summary class="small muted">{t(w::KIT_AS_TABLE)}</summary>
                <table class="table" aria-label=finding>
                    <thead>
                        <tr>
                            <th scope="col">{t(w::HOME_HOUR)}</th>
                            <th scope="col" class="r">{t(w::HOME_SERIES_DONE)}</th>
                            <th scope="col" class="r">{t(w::HOME_SERIES_MOVED)}</th>
                            <th scope="col" class="r">{t(w::HOME_SERIES_OTHER)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </figure>
    }
    .into_any()
}

/// The names of the three parts, for the head of the card.
#[component]
pub fn HourLegend() -> impl IntoView {
    view! {
        <ul class="legend inline end">
            <li class="s1">{t(w::HOME_SERIES_DONE)}</li>
            <li class="s3">{t(w::HOME_SERIES_MOVED)}</li>
            <li class="s2">{t(w::HOME_SERIES_OTHER)}</li>
        </ul>
    }
    .into_any()
}

/// From 8 to 19, wider when calls came earlier or later.
fn span(hours: &[[i64; 3]]) -> (usize, usize) {
    let busy = |hour: &[i64; 3]| hour.iter().any(|count| *count > 0);
    let first = hours.iter().position(busy).unwrap_or(8).min(8);
    let last = hours.iter().rposition(busy).unwrap_or(19).max(19).min(hours.len().saturating_sub(1));
    (first, last.max(first))
}

fn hour_words(hour: usize) -> String {
    t_with(w::HOME_HOUR_AT, &[("h", &hour.to_string())])
}

/// The least of 4, 8, 12, 20, 40, 80, 120, 200 … that is not below.
fn axis_top(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [4, 8, 12, 20] {
            if most <= step * unit {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "calls of an hour are far below 2^53")]
fn share(count: i64, top: i64) -> f64 {
    count as f64 / top as f64 * 100.0
}

fn short(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_shown_holds_every_call() {
        let mut hours = vec![[0; 3]; 24];
        assert_eq!(span(&hours), (8, 19));
        hours[6][1] = 1;
        hours[22][2] = 4;
        assert_eq!(span(&hours), (6, 22));
        assert_eq!(span(&[]), (8, 8));
    }

    #[test]
    fn the_axis_is_never_below_the_highest_bar() {
        assert_eq!([0, 4, 5, 12, 13, 21, 79, 81, 201].map(axis_top), [4, 4, 8, 12, 20, 40, 80, 120, 400]);
    }
}
