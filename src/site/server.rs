//! The doors of the public pages, and `POST /prefs`, which keeps the look and the language in cookies.

use super::{
    ErrorPage, NotFoundPage,
    document::{Head, Reader, SiteFoot, SiteHead, answer},
    landing::landing,
    legal, mailbox,
    pricing::Country,
};
use crate::{
    i18n::{Key, Locale, t_str, words as w},
    kit::{LANG_COOKIE, Prefs, RAIL_COOKIE, THEME_COOKIE, Theme, document::Look},
    providers::sim::Mailbox,
};
use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos::prelude::*;
use serde::Deserialize;
use std::convert::Infallible;

pub use super::document::Site;

impl Site {
    /// `public_url` stands in canonical addresses.
    pub fn new(public_url: &str, look: Look) -> Self {
        Self { public_url: public_url.trim_end_matches('/').into(), look }
    }

    /// `/`, `/terms`, `/privacy` and `POST /prefs`.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/", get(home))
            .route("/terms", get(terms))
            .route("/privacy", get(privacy))
            .route("/prefs", post(set_prefs))
            .with_state(self.clone())
    }

    /// `/sandbox/mail`: what the simulator's mailbox holds.
    pub fn mailbox_routes<S: Clone + Send + Sync + 'static>(&self, letters: Mailbox) -> Router<S> {
        Router::new()
            .route("/sandbox/mail", get(mails))
            .route("/sandbox/mail/{id}", get(mail))
            .layer(Extension(letters))
            .with_state(self.clone())
    }

    /// The answer where nothing is, for doors outside the app.
    pub fn not_found(&self, headers: &HeaderMap) -> Response {
        self.fault(StatusCode::NOT_FOUND, headers, w::PAGES_NOT_FOUND_TITLE, w::PAGES_NOT_FOUND_TEXT, || {
            view! { <NotFoundPage/> }.into_any()
        })
    }

    /// The answer to a page that broke, with the incident's id from the log.
    pub fn internal_error(&self, headers: &HeaderMap, incident: String) -> Response {
        let body = move || view! { <ErrorPage incident/> }.into_any();
        self.fault(StatusCode::INTERNAL_SERVER_ERROR, headers, w::PAGES_ERROR_TITLE, w::PAGES_ERROR_TEXT, body)
    }

    fn fault(&self, status: StatusCode, headers: &HeaderMap, title: Key, text: Key, body: impl FnOnce() -> AnyView) -> Response {
        let reader = Reader::of(headers, None, self);
        let head =
            Head { title: t_str(reader.locale, title).to_owned(), description: t_str(reader.locale, text).to_owned(), canonical: None };
        answer(status, reader, head, || view! { <SiteHead/>{body()}<SiteFoot/> }.into_any())
    }
}

#[derive(Deserialize)]
struct LandingQuery {
    lang: Option<String>,
    country: Option<String>,
}

impl Reader {
    /// Who asks: the address, then the cookie, then the browser's wish decide the language.
    fn of(headers: &HeaderMap, lang: Option<&str>, site: &Site) -> Self {
        let prefs = Prefs::from_cookies(text(headers, header::COOKIE));
        let locale = Locale::negotiate([lang, prefs.lang.as_deref()], Some(text(headers, header::ACCEPT_LANGUAGE)));
        Self { locale, prefs, site: site.clone() }
    }
}

/// The reader of a public page; `?lang=` is what search engines follow.
struct Asked {
    reader: Reader,
    country: Country,
}

impl FromRequestParts<Site> for Asked {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let query = Query::<LandingQuery>::from_request_parts(parts, site)
            .await
            .map(|Query(q)| q)
            .unwrap_or(LandingQuery { lang: None, country: None });
        let reader = Reader::of(&parts.headers, query.lang.as_deref(), site);
        let country = query
            .country
            .as_deref()
            .and_then(Country::parse)
            .unwrap_or_else(|| Country::guess(text(&parts.headers, header::ACCEPT_LANGUAGE)));
        Ok(Self { reader, country })
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn home(asked: Asked) -> Response {
    let head = head_of(&asked.reader, w::SITE_TITLE, w::SITE_DESCRIPTION, "/");
    answer(StatusCode::OK, asked.reader, head, || landing(asked.country))
}

async fn terms(asked: Asked) -> Response {
    let head = head_of(&asked.reader, w::LEGAL_TERMS_TITLE, w::LEGAL_TERMS_1_TEXT, "/terms");
    answer(StatusCode::OK, asked.reader, head, legal::terms)
}

async fn privacy(asked: Asked) -> Response {
    let head = head_of(&asked.reader, w::LEGAL_PRIVACY_TITLE, w::LEGAL_PRIVACY_2_TEXT, "/privacy");
    answer(StatusCode::OK, asked.reader, head, legal::privacy)
}

async fn mails(asked: Asked, Extension(letters): Extension<Mailbox>) -> Response {
    let head = Head { canonical: None, ..head_of(&asked.reader, w::SITE_MAILBOX_TITLE, w::SITE_MAILBOX_TEXT, "") };
    answer(StatusCode::OK, asked.reader, head, || mailbox::list(letters.list()))
}

async fn mail(asked: Asked, headers: HeaderMap, Extension(letters): Extension<Mailbox>, Path(id): Path<String>) -> Response {
    let Some(letter) = letters.get(&id) else { return asked.reader.site.not_found(&headers) };
    let head = Head { canonical: None, ..head_of(&asked.reader, w::SITE_MAILBOX_TITLE, w::SITE_MAILBOX_TEXT, "") };
    answer(StatusCode::OK, asked.reader, head, || mailbox::letter(letter))
}

fn head_of(reader: &Reader, title: Key, description: Key, path: &str) -> Head {
    Head {
        title: t_str(reader.locale, title).to_owned(),
        description: t_str(reader.locale, description).to_owned(),
        canonical: Some(path.to_owned()),
    }
}

/// What the forms of the theme, the language and the rail send.
#[derive(Deserialize)]
struct PrefsForm {
    theme: Option<String>,
    lang: Option<String>,
    rail: Option<String>,
}

/// In the extensions of the answer to `POST /prefs` that chose one: who knows the reader keeps it for longer than the browser does.
#[derive(Clone, Copy)]
pub struct ChosenLanguage(pub Locale);

async fn set_prefs(headers: HeaderMap, Form(form): Form<PrefsForm>) -> Response {
    let now = Prefs::from_cookies(text(&headers, header::COOKIE));
    let theme = form.theme.as_deref().and_then(|wanted| match wanted {
        "toggle" if now.theme == Theme::Dark => Some(Theme::Light),
        "toggle" => Some(Theme::Dark),
        name => Theme::parse(name),
    });
    let lang = form.lang.as_deref().and_then(Locale::parse);
    let rail = form.rail.map(|_| if now.rail_narrow { "wide" } else { "narrow" });
    let mut response = Redirect::to(&way_back(&headers)).into_response();
    if let Some(lang) = lang {
        response.extensions_mut().insert(ChosenLanguage(lang));
    }
    let cookies = [(THEME_COOKIE, theme.map(Theme::name)), (LANG_COOKIE, lang.map(Locale::code)), (RAIL_COOKIE, rail)];
    for (name, value) in cookies {
        let Some(value) = value else { continue };
        // No `Secure`: they hold no secret, and the product may be served on a plain loopback address.
        if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax")) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Path and query of the page the form stood on, never another host's; without `lang=`, which would win over the cookie.
fn way_back(headers: &HeaderMap) -> String {
    let referer = text(headers, header::REFERER);
    let Some((host, path)) = referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|i| rest.split_at(i))) else {
        return "/".into();
    };
    if host != text(headers, header::HOST) || path.starts_with("//") || path.starts_with("/\\") {
        return "/".into();
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    fn site() -> Site {
        Site::new("https://zencall.example/", Look { stylesheet: "/pkg/zencall.0a1b.css".into(), font: None })
    }

    async fn ask(request: axum::http::request::Builder, body: &'static str) -> (Response<()>, String) {
        let request = request.body(Body::from(body)).unwrap_or_else(|e| panic!("{e}"));
        let Ok(response) = site().routes::<()>().with_state(()).oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap_or_else(|e| panic!("{e}")).to_bytes();
        (Response::from_parts(parts, ()), String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn the_landing_page_speaks_the_readers_language_and_ships_no_script() {
        let (fr, page) = ask(Request::get("/").header("accept-language", "fr-FR"), "").await;
        assert_eq!(fr.headers()["content-language"], "fr");
        assert!(page.starts_with("<!doctype html><html lang=\"fr\""), "{}", &page[..200]);
        assert!(page.contains("Chaque appel trouve une réponse.") && page.contains("49\u{a0}€"));
        assert!(!page.contains("<script") && !page.contains(".wasm") && !page.contains("style="));
        assert!(page.contains("rel=\"canonical\" href=\"https://zencall.example/?lang=fr\""));
        assert!(page.contains("href=\"/pkg/zencall.0a1b.css\""));
        let (_, page) = ask(Request::get("/?lang=en&country=ma").header("accept-language", "fr-FR"), "").await;
        assert!(page.contains("Every call finds an answer.") && page.contains("MAD\u{a0}1,490"));
        let (_, page) =
            ask(Request::get("/?country=%3Cscript%3E").header("accept-language", "en-US").header("cookie", "zc_theme=dark"), "").await;
        assert!(page.contains("$149") && page.contains("data-theme=\"dark\""));
    }

    #[tokio::test]
    async fn the_legal_texts_name_their_version() {
        for (path, version) in [("/terms", crate::shared::legal::TERMS_VERSION), ("/privacy", crate::shared::legal::PRIVACY_VERSION)] {
            let (response, page) = ask(Request::get(path), "").await;
            assert_eq!(response.status(), 200);
            assert!(page.contains(version), "{path}");
        }
    }

    #[tokio::test]
    async fn preferences_are_kept_and_lead_back_to_the_page() {
        let post = |body| {
            let request = Request::post("/prefs").header("content-type", "application/x-www-form-urlencoded").header("host", "z.example");
            ask(request.header("referer", "https://z.example/calls?q=33&lang=fr").header("cookie", "zc_theme=dark"), body)
        };
        let (answer, _) = post("lang=en").await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &HeaderValue::from_static("/calls?q=33")));
        assert!(answer.headers()["set-cookie"].to_str().is_ok_and(|c| c.starts_with("zc_lang=en; Path=/;")));
        let (answer, _) = post("theme=toggle").await;
        assert!(answer.headers()["set-cookie"].to_str().is_ok_and(|c| c.starts_with("zc_theme=light;")));
        let (answer, _) = post("theme=purple&lang=xx").await;
        assert!(answer.headers().get("set-cookie").is_none());
    }

    #[test]
    fn the_way_back_never_leaves_the_house() {
        let back = |referer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("z.example"));
            headers.insert(header::REFERER, HeaderValue::from_static(referer));
            way_back(&headers)
        };
        assert_eq!(back("https://z.example/live"), "/live");
        for foreign in [
            "https://evil.example/x",
            "https://z.example//evil.example",
            "https://z.example/\\evil.example",
            "https://z.example.evil/x",
            "junk",
            "",
        ] {
            assert_eq!(back(foreign), "/", "{foreign}");
        }
    }

    #[test]
    fn faults_say_what_happened() {
        let response = site().not_found(&HeaderMap::new());
        assert_eq!((response.status().as_u16(), &response.headers()["content-language"]), (404, &HeaderValue::from_static("fr")));
        assert_eq!(site().internal_error(&HeaderMap::new(), "inc_1".into()).status(), 500);
    }
}
