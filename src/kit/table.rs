//! Tables: the frame that scrolls, and heads that sort by an address.

use super::icon::Icon;
use crate::i18n::{t_with, words as w};
use leptos::prelude::*;

/// A table in a frame that scrolls alone. Children are `<thead>` and `<tbody>`.
#[component]
pub fn Table(
    /// Its name, for people who cannot see it.
    #[prop(into)]
    label: String,
    children: Children,
) -> impl IntoView {
    let name = label.clone();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=name>
            <table class="table" aria-label=label>{children()}</table>
        </div>
    }
    .into_any()
}

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Ascending,
    Descending,
}

/// A head that sorts. The order stands in the address, so it is a link.
#[component]
pub fn SortHead(
    #[prop(into)] label: String,
    /// How this column is sorted now, if it is.
    sorted: Option<Sort>,
    /// The address that sorts by it, or turns it round.
    #[prop(into)]
    href: String,
    /// Figures stand at the end.
    #[prop(optional)]
    end: bool,
) -> impl IntoView {
    let (aria, icon) = match sorted {
        None => ("none", icondata::LuChevronsUpDown),
        Some(Sort::Ascending) => ("ascending", icondata::LuArrowUp),
        Some(Sort::Descending) => ("descending", icondata::LuArrowDown),
    };
    let title = t_with(w::KIT_SORT_BY, &[("name", &label)]);
    view! {
        <th scope="col" aria-sort=aria class=end.then_some("r")>
            <a href=href title=title>
                {label}
                <Icon icon small=true/>
            </a>
        </th>
    }
    .into_any()
}
