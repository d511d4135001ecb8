//! Charts: SVG draws shapes, HTML writes labels, and every plot has a table. They stand in the server's answer, before wasm.

use crate::i18n::{format, t, use_locale, words as w};
use leptos::prelude::*;
use std::fmt::Write;

/// A line without axes beside a figure. Decoration: the figure says it in words.
#[component]
pub fn Sparkline(
    values: Vec<f64>,
    /// 1 to 6: the colour of the series.
    #[prop(default = 1)]
    series: u8,
) -> impl IntoView {
    let line = line_path(&values, 100.0, 36.0);
    (!line.is_empty())
        .then(|| {
            let area = format!("{line} 100 36 0 36Z");
            view! {
                <svg class=format!("spark s{series}") viewBox="0 0 100 36" preserveAspectRatio="none" aria-hidden="true">
                    <path class="fill" d=area></path>
                    <path d=line></path>
                </svg>
            }
        })
        .into_any()
}

/// Points from left to right, the largest 3 below the top, the least 3 above the bottom.
fn line_path(values: &[f64], width: f64, height: f64) -> String {
    let mut path = String::new();
    if values.len() < 2 {
        return path;
    }
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let span = if high > low { high - low } else { 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "a chart has few points")]
    let step = width / (values.len() - 1) as f64;
    let mut x = 0.0;
    for value in values {
        let y = height - 3.0 - (value - low) / span * (height - 6.0);
        let _ = write!(path, "{}{} {}", if path.is_empty() { "M" } else { " " }, short(x), short(y));
        x += step;
    }
    path
}

/// One decimal, none when it is nought.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// One column of a bar chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub label: String,
    pub value: i64,
}

/// Bars from nought, one series.
#[component]
pub fn Bars(
    bars: Vec<Bar>,
    /// A sentence that states the finding.
    #[prop(into)]
    finding: String,
) -> impl IntoView {
    let locale = use_locale();
    let top = nice_top(bars.iter().map(|bar| bar.value).max().unwrap_or(0));
    #[expect(clippy::cast_precision_loss, reason = "a chart has few bars, and counts far below 2^53")]
    let shapes = {
        let slot = 100.0 / bars.len().max(1) as f64;
        bars.iter()
            .enumerate()
            .map(|(i, bar)| {
                let height = bar.value.max(0) as f64 / top as f64 * 100.0;
                let x = slot * i as f64 + slot * 0.17;
                view! { <rect class="s1" x=short(x) y=short(100.0 - height) width=short(slot * 0.66) height=short(height)></rect> }
            })
            .collect_view()
    };
    let labels = bars.iter().map(|bar| view! { <span>{bar.label.clone()}</span> }).collect_view();
    let rows = bars
        .iter()
        .map(|bar| view! { <tr><th scope="row">{bar.label.clone()}</th><td class="r">{format::number(locale, bar.value)}</td></tr> })
        .collect_view();
    view! {
        <figure class="stack g2">
            <div class="plot" role="img" aria-label=finding.clone()>
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
                        {shapes}
                    </svg>
                </div>
                <div class="x each" aria-hidden="true">{labels}</div>
            </div>
            <details class="as-table">
                <summary class="small muted">{t(w::KIT_AS_TABLE)}</summary>
                <table class="table" aria-label=finding>
                    <thead><tr><th scope="col">{t(w::KIT_CHART_LABEL)}</th><th scope="col" class="r">{t(w::KIT_CHART_VALUE)}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </figure>
    }
    .into_any()
}

/// The least even number of the form 2, 4, 10, 20, 40, 100 … that is not below `most`.
fn nice_top(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [2, 4, 10] {
            if most <= step * unit {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_on_a_round_even_number() {
        assert_eq!([0, 2, 3, 7, 11, 24, 41, 999].map(nice_top), [2, 2, 4, 10, 20, 40, 100, 1000]);
    }

    #[test]
    fn a_line_spans_its_box_and_needs_two_points() {
        assert_eq!(line_path(&[1.0, 3.0, 2.0], 100.0, 36.0), "M0 33 50 3 100 18");
        assert_eq!(line_path(&[5.0, 5.0], 100.0, 36.0), "M0 33 100 33");
        assert_eq!(line_path(&[5.0], 100.0, 36.0), "");
    }
}
