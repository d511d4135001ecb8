//! A list whose rows stay while their keys do.

use leptos::prelude::*;

/// Leptos' `For`, compiled once: each further kind of row would bring 20 KB of its own into the browser. So keys are numbers, and a row is
/// drawn from its key.
#[component]
pub fn Each(
    #[prop(into)] keys: Signal<Vec<u128>>,
    /// The row of a key.
    row: Callback<u128, AnyView>,
) -> impl IntoView {
    view! { <For each=move || keys.get() key=|key| *key children=move |key| row.run(key)/> }.into_any()
}
