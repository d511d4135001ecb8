//! A whole answer for the pages before sign-in: the form on one side, quiet on the other. Forms without script need nothing else.

use crate::{
    i18n::{Locale, t, words as w},
    kit::{
        Mark, Prefs,
        document::{Document, Look},
    },
};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;

/// Status, headers, and the page around `body`, which finds the language in its context.
pub fn answer(status: StatusCode, reader: &Reader, title: &str, body: impl FnOnce() -> AnyView) -> Response {
    let Reader { locale, prefs, look, .. } = reader;
    let document = Document { locale: *locale, prefs, look, title, head: "<meta name=\"robots\" content=\"noindex\">".into() };
    let mut response = document.answer(status, || frame(reader, body()).into_any());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who reads, and how.
pub struct Reader {
    pub locale: Locale,
    pub prefs: Prefs,
    pub look: Look,
    /// The way back from `/prefs` is the `Referer`, which a page with a token in its address does not send.
    pub offers_languages: bool,
}

fn frame(reader: &Reader, body: AnyView) -> impl IntoView + use<> {
    let languages = reader.offers_languages.then(|| view! { <Languages locale=reader.locale/> });
    view! {
        <a class="skip" href="#main">{t(w::SHELL_SKIP)}</a>
        <div class="auth">
            <main id="main" tabindex="-1">
                <a class="row strong auth-name" href="/"><Mark large=true/>"Zencall"</a>
                {body}
                <footer class="row wrap small muted">
                    <nav class="row wrap" aria-label=t(w::ACCOUNT_FOOT)>
                        <a href="/terms">{t(w::ACCOUNT_FOOT_TERMS)}</a>
                        <a href="/privacy">{t(w::ACCOUNT_FOOT_PRIVACY)}</a>
                    </nav>
                    {languages}
                </footer>
            </main>
            <aside class="auth-art" aria-hidden="true">
                <img class="enso" src="/enso.svg" alt="" width="672" height="672"/>
                <p class="voice">{t(w::ACCOUNT_ART)}</p>
            </aside>
        </div>
    }
}

/// One button a language: without script a select would need a second button anyway.
#[component]
fn Languages(locale: Locale) -> impl IntoView {
    let others = Locale::ALL.into_iter().map(|other| {
        let here = if other == locale { "true" } else { "false" };
        view! { <button name="lang" value=other.code() lang=other.code() aria-pressed=here>{other.own_name()}</button> }
    });
    view! { <form method="post" action="/prefs" class="end"><div class="seg sm" role="group" aria-label=t(w::ACCOUNT_FOOT_LANGUAGE)>{others.collect_view()}</div></form> }.into_any()
}
