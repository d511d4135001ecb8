//! A whole HTML answer without script: head, look and language of the reader, body.

use crate::{
    i18n::{Locale, t, words as w},
    kit::{
        ButtonKind, LanguageSelect, LinkButton, Mark, Prefs, ThemeToggle,
        document::{Document, Look, escape},
    },
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use leptos::prelude::*;
use std::sync::Arc;

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

/// Where the product lives, and where the build left what its pages load.
#[derive(Clone)]
pub struct Site {
    /// Without a slash at the end.
    pub public_url: Arc<str>,
    pub look: Look,
}

/// The answer: status, headers and the page that `body` builds with the reader's language as context.
pub fn answer(status: StatusCode, reader: Reader, head: Head, body: impl FnOnce() -> AnyView) -> Response {
    let Reader { locale, prefs, site } = &reader;
    let document = Document { locale: *locale, prefs, look: &site.look, title: &head.title, head: found_by(&reader, &head) };
    let mut response = document.answer(status, || {
        view! {
            <a class="skip" href="#main">{t(w::SHELL_SKIP)}</a>
            <div class="site">{body()}</div>
        }
        .into_any()
    });
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What search engines are told of a page.
fn found_by(reader: &Reader, head: &Head) -> String {
    let description = format!("<meta name=\"description\" content=\"{}\">", escape(&head.description));
    let Some(path) = &head.canonical else { return description + "<meta name=\"robots\" content=\"noindex\">" };
    let page = escape(&format!("{}{path}", reader.site.public_url));
    let other = |l: Locale| format!("<link rel=\"alternate\" hreflang=\"{0}\" href=\"{page}?lang={0}\">", l.code());
    let (others, lang) = (Locale::ALL.map(other).concat(), reader.locale.code());
    format!(
        "{description}<link rel=\"canonical\" href=\"{page}?lang={lang}\">{others}<link rel=\"alternate\" hreflang=\"x-default\" href=\"{page}\">"
    )
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
