//! A whole HTML document for the pages axum answers itself: head, look and language of the reader, and a body without any script.

use super::prefs::Prefs;
use crate::i18n::Locale;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;
use std::sync::Arc;

/// Our own styles, fonts and pictures, and forms that post to us: no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report";

/// Where the build left what these pages load: addresses named by their content.
#[derive(Clone, Default)]
pub struct Look {
    pub stylesheet: Arc<str>,
    /// The face of everything above the fold.
    pub font: Option<Arc<str>>,
}

/// Who reads which page.
pub struct Document<'a> {
    pub locale: Locale,
    pub prefs: &'a Prefs,
    pub look: &'a Look,
    pub title: &'a str,
    /// More of the head, as markup: what search engines are told.
    pub head: String,
}

impl Document<'_> {
    /// The answer. `body` finds the reader's language and look in its context.
    pub fn answer(&self, status: StatusCode, body: impl FnOnce() -> AnyView) -> Response {
        let owner = Owner::new();
        let body = owner.with(|| {
            provide_context(self.locale);
            provide_context(self.prefs.clone());
            body().to_html()
        });
        owner.cleanup();
        let mut response = (status, Html(format!("<!doctype html>{}<body>{body}</body></html>", self.opening()))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.locale.code()));
        response
    }

    /// Everything before the body, as text: the view macro knows no attribute called `as`, which the preload needs.
    fn opening(&self) -> String {
        let theme = self.prefs.theme.attribute().map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
        let preload = |font| format!("<link rel=\"preload\" href=\"{font}\" as=\"font\" type=\"font/woff2\" crossorigin>");
        let font = self.look.font.as_ref().map(preload).unwrap_or_default();
        let (lang, title, head, stylesheet) = (self.locale.code(), escape(self.title), &self.head, &self.look.stylesheet);
        format!(
            "<html lang=\"{lang}\" dir=\"ltr\"{theme}><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
             <title>{title} · Zencall</title>\
             <meta name=\"theme-color\" content=\"#faf8f5\" media=\"(prefers-color-scheme: light)\">\
             <meta name=\"theme-color\" content=\"#120e0c\" media=\"(prefers-color-scheme: dark)\">\
             <link rel=\"icon\" href=\"/mark.svg\" type=\"image/svg+xml\">\
             {font}<link rel=\"stylesheet\" href=\"{stylesheet}\">{head}</head>"
        )
    }
}

/// Text inside markup or an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
