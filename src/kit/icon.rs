//! Lucide icons and the mark. Always hidden from readers' software: the name stands on the control.

use icondata::Icon as IconData;
use leptos::prelude::*;

/// One lucide icon (`icondata::LuPhone`), drawn in the colour of the text.
#[component]
pub fn Icon(
    icon: IconData,
    /// Next to text of 13 or 14 px.
    #[prop(optional)]
    small: bool,
    /// Mirrored where text runs from right to left: arrows, chevrons.
    #[prop(optional)]
    flip: bool,
    /// Filled instead of outlined.
    #[prop(optional)]
    fill: bool,
) -> impl IntoView {
    let mut class = String::from("i");
    for (on, name) in [(small, " s"), (flip, " flip"), (fill, " fill")] {
        if on {
            class.push_str(name);
        }
    }
    view! { <svg class=class viewBox="0 0 24 24" aria-hidden="true" inner_html=icon.data></svg> }.into_any()
}

/// The mark: ensō and voice.
#[component]
pub fn Mark(
    /// 28 px instead of 18.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let class = if large { "mark l" } else { "mark" };
    view! {
        <svg class=class viewBox="0 0 24 24" aria-hidden="true">
            <path class="mark-ring" d=ENSO></path>
            <g fill="currentColor">
                <rect x="7.3" y="9.9" width="1.9" height="4.2" rx=".95"></rect>
                <rect x="11.05" y="7.6" width="1.9" height="8.8" rx=".95"></rect>
                <rect x="14.8" y="9.3" width="1.9" height="5.4" rx=".95"></rect>
            </g>
        </svg>
    }
    .into_any()
}

/// The brush circle of empty states.
#[component]
pub fn Enso() -> impl IntoView {
    view! {
        <svg class="enso" viewBox="0 0 24 24" aria-hidden="true">
            <path d=ENSO></path>
        </svg>
    }
    .into_any()
}

const ENSO: &str = "M18.00 4.33C18.63 4.54 20.04 5.91 20.75 6.95C21.46 7.99 22.02 9.29 22.27 10.56C22.53 11.83 22.56 13.28 22.28 14.56C22.01 15.85 21.40 17.19 20.62 18.26C19.84 19.33 18.75 20.30 17.62 20.99C16.49 21.68 15.14 22.18 13.84 22.41C12.53 22.65 11.09 22.67 9.78 22.42C8.48 22.17 7.10 21.65 5.99 20.91C4.88 20.17 3.84 19.10 3.13 17.98C2.42 16.86 1.93 15.47 1.74 14.18C1.55 12.89 1.66 11.47 1.97 10.23C2.28 8.99 2.89 7.77 3.61 6.76C4.33 5.74 5.28 4.82 6.29 4.15C7.31 3.47 8.52 2.93 9.68 2.71C10.85 2.48 12.70 2.71 13.29 2.80C13.88 2.89 13.79 3.12 13.23 3.25C12.66 3.39 10.93 3.27 9.91 3.60C8.88 3.93 7.86 4.54 7.09 5.24C6.31 5.94 5.71 6.89 5.28 7.80C4.85 8.71 4.63 9.72 4.52 10.68C4.41 11.64 4.44 12.64 4.65 13.56C4.85 14.48 5.23 15.44 5.76 16.21C6.30 16.97 7.06 17.67 7.85 18.16C8.63 18.64 9.59 18.95 10.49 19.11C11.39 19.26 12.35 19.23 13.25 19.08C14.14 18.92 15.06 18.62 15.86 18.18C16.66 17.73 17.47 17.12 18.06 16.40C18.65 15.68 19.15 14.76 19.41 13.85C19.67 12.94 19.72 11.88 19.60 10.93C19.47 9.98 19.10 9.03 18.66 8.15C18.23 7.27 17.07 6.29 16.96 5.65C16.85 5.01 17.36 4.11 18.00 4.33Z";
