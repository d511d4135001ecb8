//! A whole answer for the pages before sign-in: the form on one side, quiet on the other. Forms without script need nothing else.

use super::visit::Look;
use crate::{
    i18n::{Locale, t, words as w},
    kit::{Mark, Prefs},
};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;

/// Our own styles, fonts and pictures, and forms that post to us: no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report";

/// Status, headers, and the page around `body`, which finds the language in its context.
pub fn answer(status: StatusCode, reader: &Reader, title: &'static str, body: impl FnOnce() -> AnyView) -> Response {
    let locale = reader.locale;
    let owner = Owner::new();
    let body = owner.with(|| {
        provide_context(locale);
        provide_context(reader.prefs.clone());
        frame(reader, body()).to_html()
    });
    owner.cleanup();
    let html = format!("<!doctype html>{}<body>{body}</body></html>", opening(reader, title));
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.code()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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

/// Everything before the body, as text: the view macro knows no attribute called `as`. Nothing in it was typed by a visitor.
fn opening(reader: &Reader, title: &str) -> String {
    let (lang, css) = (reader.locale.code(), &reader.look.css);
    let preload = |font| format!("<link rel=\"preload\" href=\"{font}\" as=\"font\" type=\"font/woff2\" crossorigin>");
    let font = reader.look.font.as_ref().map(preload).unwrap_or_default();
    let theme = reader.prefs.theme.attribute().map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
    format!(
        "<html lang=\"{lang}\" dir=\"ltr\"{theme}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
         <title>{title} · Zencall</title><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"theme-color\" content=\"#faf8f5\" media=\"(prefers-color-scheme: light)\">\
         <meta name=\"theme-color\" content=\"#120e0c\" media=\"(prefers-color-scheme: dark)\">\
         <link rel=\"icon\" href=\"/mark.svg\" type=\"image/svg+xml\">\
         {font}<link rel=\"stylesheet\" href=\"{css}\"></head>"
    )
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
