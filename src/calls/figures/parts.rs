//! Columns that are links, and the table of assistants or numbers.

use super::{
    model::{Figure, Scope, Sums},
    page::versus,
};
use crate::{
    i18n::{format, t, use_locale, words as w},
    kit::Table,
};
use leptos::prelude::*;

/// One column of a chart.
pub(super) struct Column {
    /// In words, for the table and for readers' software.
    pub label: String,
    /// What stands below it; not below each.
    pub tick: Option<String>,
    pub value: i64,
    /// The calls it counts.
    pub href: Option<String>,
}

/// Columns from nought, with their table. The keyboard goes through the table: there are many columns.
#[component]
pub(super) fn Columns(columns: Vec<Column>, finding: String) -> impl IntoView {
    let locale = use_locale();
    let most = columns.iter().map(|column| column.value).max().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    let height = move |value: i64| format!("{:.2}%", value as f64 / most as f64 * 100.0);
    let bars = columns
        .iter()
        .map(|column| {
            let title = format!("{} : {}", column.label, format::number(locale, column.value));
            let bar = view! { <i style:--v=height(column.value)></i><span>{column.tick.clone()}</span> };
            match column.href.clone().filter(|_| column.value > 0) {
                Some(href) => view! { <a href=href title=title tabindex="-1">{bar}</a> }.into_any(),
                None => view! { <span class="col" title=title>{bar}</span> }.into_any(),
            }
        })
        .collect_view();
    let rows = columns
        .into_iter()
        .map(|column| {
            let value = format::number(locale, column.value);
            let cell = match column.href.filter(|_| column.value > 0) {
                Some(href) => view! { <a href=href>{value}</a> }.into_any(),
                None => value.into_any(),
            };
            view! { <tr><th scope="row">{column.label}</th><td class="r num">{cell}</td></tr> }
        })
        .collect_view();
    view! {
        <figure class="stack g2">
            <div class="figure-columns" aria-hidden="true">{bars}</div>
            <p class="small muted">{finding.clone()}</p>
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

/// Assistants or numbers, a row each; every count opens its calls.
#[component]
pub(super) fn Rows(label: &'static str, lines: Vec<(String, Sums, Sums, Scope)>) -> impl IntoView {
    let locale = use_locale();
    let rows = lines
        .into_iter()
        .map(|(name, now, before, scope)| {
            let link = |figure: Figure, text: String| {
                let n = figure.of(&now);
                let cell = if n > 0 {
                    view! { <a href=scope.href(figure) data-figure=figure.name()>{text}</a> }.into_any()
                } else {
                    view! { <span class="faint">{text}</span> }.into_any()
                };
                view! { <td class="r num">{cell}</td> }
            };
            let count = |figure: Figure| link(figure, format::number(locale, figure.of(&now)));
            let dash = || t(w::FIGURES_DASH).to_owned();
            let quick = now.quick_share().map_or_else(dash, |share| format::percent(locale, share, 0));
            let average = now.average_s().map_or_else(dash, |seconds| format::duration(locale, seconds));
            view! {
                <tr>
                    <th scope="row"><b>{name}</b><br/><span class="small muted">{versus(now.calls, before.calls)}</span></th>
                    {count(Figure::Calls)}
                    {link(Figure::Quick, quick)}
                    {link(Figure::Answered, average)}
                    {count(Figure::Done)}
                    {count(Figure::Moved)}
                    {count(Figure::Missed)}
                    {count(Figure::Unanswered)}
                    {link(Figure::Calls, format::cost(locale, now.cost))}
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table label>
            <thead>
                <tr>
                    <th scope="col">{t(w::FIGURES_NAME)}</th>
                    <th scope="col" class="r">{t(w::FIGURES_CALLS)}</th>
                    <th scope="col" class="r">{t(w::FIGURES_QUICK_SHORT)}</th>
                    <th scope="col" class="r">{t(w::FIGURES_LENGTH)}</th>
                    <th scope="col" class="r">{t(w::CALLS_OUTCOME_DONE)}</th>
                    <th scope="col" class="r">{t(w::CALLS_OUTCOME_MOVED)}</th>
                    <th scope="col" class="r">{t(w::CALLS_OUTCOME_MISSED)}</th>
                    <th scope="col" class="r">{t(w::FIGURES_UNANSWERED_SHORT)}</th>
                    <th scope="col" class="r">{t(w::FIGURES_COST)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}
