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

/// A view that is made again from nothing each time its data comes; `draws` counts how often. Rows that are written over keep the handlers of the
/// row that stood there before: a button beside one entry would act on another.
pub fn drawn_anew(draws: StoredValue<u128>, view: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    let key = draws.try_update_value(|draws| {
        *draws += 1;
        *draws
    });
    let keys = Signal::stored(vec![key.unwrap_or_default()]);
    view! { <Each keys row=Callback::new(move |_| view())/> }.into_any()
}
