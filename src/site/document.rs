//! A whole HTML answer without script: head, look and language of the reader, body.

use crate::{
    i18n::{Locale, t, words as w},
    kit::{ButtonKind, LanguageSelect, LinkButton, Mark, Prefs, ThemeToggle},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;
use std::sync::Arc;

/// The face of everything above the fold.
const FONT: &str = "/fonts/instrument-sans-latin-wght-normal.woff2";
/// Nothing but our own styles, fonts and pictures: these pages have no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What stands in the head of a page.
pub struct Head {
    pub title: String,
    pub description: String,
    /// Path and fixed query of the page, for the canonical address; absent: not to be found by search engines.
    pub canonical: Option<String>,
}

/// Who reads, and where.
#[derive(Clone)]
pub struct Reader {
    pub locale: Locale,
    pub prefs: Prefs,
    pub site: Site,
}

/// Where the product lives, and where the build left its stylesheet.
#[derive(Clone)]
pub struct Site {
    /// Without a slash at the end.
    pub public_url: Arc<str>,
    /// Its address, named by its content.
    pub stylesheet: Arc<str>,
}

/// The answer: status, headers and the page that `body` builds with the reader's language as context.
pub fn answer(status: StatusCode, reader: Reader, head: Head, body: impl FnOnce() -> AnyView) -> Response {
    let owner = Owner::new();
    let body = owner.with(|| {
        provide_context(reader.locale);
        provide_context(reader.prefs.clone());
        view! {
            <a class="skip" href="#main">{t(w::SHELL_SKIP)}</a>
            <div class="site">{body()}</div>
        }
        .to_html()
    });
    owner.cleanup();
    let html = format!("<!doctype html>{}<body>{body}</body></html>", opening(&reader, &head));
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(reader.locale.code()));
    headers.insert(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Everything before the body, as text: the view macro knows no attribute called `as`, which the preload needs.
fn opening(reader: &Reader, head: &Head) -> String {
    let lang = reader.locale.code();
    let theme = reader.prefs.theme.attribute().map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
    let stylesheet = escape(&reader.site.stylesheet);
    let (title, description) = (escape(&head.title), escape(&head.description));
    let links = match &head.canonical {
        None => "<meta name=\"robots\" content=\"noindex\">".to_owned(),
        Some(path) => {
            let page = escape(&format!("{}{path}", reader.site.public_url));
            let others =
                Locale::ALL.map(|l| format!("<link rel=\"alternate\" hreflang=\"{0}\" href=\"{page}?lang={0}\">", l.code())).concat();
            format!(
                "<link rel=\"canonical\" href=\"{page}?lang={lang}\">{others}<link rel=\"alternate\" hreflang=\"x-default\" href=\"{page}\">"
            )
        }
    };
    format!(
        "<html lang=\"{lang}\" dir=\"ltr\"{theme}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
         <title>{title} · Zencall</title><meta name=\"description\" content=\"{description}\">\
         <meta name=\"theme-color\" content=\"#faf8f5\" media=\"(prefers-color-scheme: light)\">\
         <meta name=\"theme-color\" content=\"#120e0c\" media=\"(prefers-color-scheme: dark)\">\
         <link rel=\"icon\" href=\"/mark.svg\" type=\"image/svg+xml\">\
         <link rel=\"preload\" href=\"{FONT}\" as=\"font\" type=\"font/woff2\" crossorigin>\
         <link rel=\"stylesheet\" href=\"{stylesheet}\">{links}</head>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The head of every public page.
#[component]
pub fn SiteHead(
    /// Links to parts of the page: address and words.
    #[prop(optional)]
    links: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    view! {
        <header class="site-head">
            <a class="row strong site-name" href="/"><Mark large=true/>"Zencall"</a>
            <nav class="grow" aria-label=t(w::SITE_NAV)>
                {links.into_iter().map(|(href, words)| view! { <a href=href>{words}</a> }).collect_view()}
            </nav>
            <span class="end row">
                <ThemeToggle/>
                <LinkButton href="/sign-in" kind=ButtonKind::Ghost>{t(w::SITE_SIGN_IN)}</LinkButton>
                <span class="only-wide">
                    <LinkButton href="/sign-up" kind=ButtonKind::Primary>{t(w::SITE_SIGN_UP)}</LinkButton>
                </span>
            </span>
        </header>
    }
    .into_any()
}

/// The foot of every public page.
#[component]
pub fn SiteFoot() -> impl IntoView {
    view! {
        <footer class="section site-foot">
            <div class="row wrap g5 small muted">
                <span class="row strong"><Mark/>"Zencall"</span>
                <nav class="row wrap g5" aria-label=t(w::SITE_FOOTER_NAV)>
                    <a href="/terms">{t(w::SITE_FOOTER_TERMS)}</a>
                    <a href="/privacy">{t(w::SITE_FOOTER_PRIVACY)}</a>
                    <a href="/sign-in">{t(w::SITE_SIGN_IN)}</a>
                </nav>
                <span class="end"><LanguageSelect/></span>
            </div>
        </footer>
    }
    .into_any()
}
