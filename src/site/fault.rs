//! Not found, and not working: the same two pages inside the app and as plain answers.

use crate::{
    i18n::{t, words as w},
    kit::{ButtonKind, Enso, LinkButton},
};
use leptos::prelude::*;

/// Where nothing is. The status is the caller's to set.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <main class="fault" id="main">
            <div class="empty">
                <Enso/>
                <h1>{t(w::PAGES_NOT_FOUND_TITLE)}</h1>
                <p>{t(w::PAGES_NOT_FOUND_TEXT)}</p>
                <LinkButton href="/" kind=ButtonKind::Primary>{t(w::PAGES_NOT_FOUND_HOME)}</LinkButton>
            </div>
        </main>
    }
    .into_any()
}

/// What broke on our side, with its reference.
#[component]
pub fn ErrorPage(
    /// The incident, as it stands in the log.
    #[prop(into)]
    incident: String,
) -> impl IntoView {
    view! {
        <main class="fault" id="main">
            <div class="empty">
                <Enso/>
                <h1>{t(w::PAGES_ERROR_TITLE)}</h1>
                <p>{t(w::PAGES_ERROR_TEXT)}</p>
                <p class="small">{t(w::ERRORS_REFERENCE)}" "<code>{incident}</code></p>
                <LinkButton href="/" kind=ButtonKind::Primary>{t(w::PAGES_NOT_FOUND_HOME)}</LinkButton>
            </div>
        </main>
    }
    .into_any()
}
