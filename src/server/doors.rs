//! Every public door, in one router.

use super::{AppState, headers, health};
use crate::{
    app::{App, shell},
    i18n::Locale,
    kit::{Prefs, document::Look},
    platform::{Core, request},
    providers::sim::Mailbox,
    site::server::{ChosenLanguage, Site},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::sync::atomic::{AtomicI64, Ordering};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::NotForContentType},
    csrf::CsrfLayer,
    services::ServeDir,
};

/// Bodies of pages and server functions; doors that need more say so.
const BODY_LIMIT: usize = 256 * 1024;
/// A text of 4 MB whose accents a form writes as six letters each.
const IMPORT_LIMIT: usize = 12 * 1024 * 1024;

/// The product's router. The same one serves the tests.
pub fn router(state: AppState) -> Router {
    let routes = generate_route_list(App);
    let context = {
        let state = state.clone();
        move || {
            provide_context(state.core.clone());
            provide_context(crate::app::Assets::clone(&state.assets));
            headers::page_policy();
            provide_look();
        }
    };
    let page_shell = {
        let assets = state.assets.clone();
        move || shell(crate::app::Assets::clone(&assets))
    };
    let pages = Router::new()
        .leptos_routes_with_context(&state, routes, context, page_shell)
        .layer(middleware::from_fn(room_for_imports))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(state.core.clone(), know_reader));
    let look = Look { stylesheet: state.assets.css.as_str().into(), font: state.assets.first_font().map(Into::into) };
    let site = Site::new(state.core.config.public_url.as_str(), look.clone());
    let error_pages = site.clone();
    let site_root = state.core.config.site_root.clone();
    let files = |folder: &str| ServeDir::new(site_root.join(folder)).precompressed_br().append_index_html_on_directories(false);
    let hooks = crate::calls::server::hook_routes()
        .merge(crate::numbers::server::hook_routes())
        .layer(middleware::from_fn_with_state(state.clone(), headers::hook_layer))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()));
    Router::new()
        .nest_service("/pkg", files("pkg"))
        .route("/csp-report", post(csp_report).layer(DefaultBodyLimit::max(16 * 1024)))
        .merge(health::routes())
        .merge(crate::calls::server::routes(state.calls.clone()))
        .merge(super::api::routes(&state))
        .merge(crate::answers::server::routes())
        .merge(crate::audit::server::routes())
        .merge(crate::assistants::server::routes())
        .merge(crate::integrations::server::routes())
        .merge(crate::account::server::routes(pages.clone().with_state(state.clone()), look))
        .merge(site.routes().layer(middleware::from_fn_with_state(state.core.clone(), keep_language)))
        .merge(state.core.providers.get::<Mailbox>().map_or_else(Router::new, |letters| site.mailbox_routes(letters.clone())))
        .merge(pages)
        .fallback_service(files("").fallback(get(move |headers: HeaderMap| async move { site.not_found(&headers) })))
        .layer(middleware::from_fn(signed_in_pages))
        .layer(middleware::from_fn_with_state(state.core.clone(), request::layer))
        .layer(middleware::from_fn(headers::own_sockets_only))
        .layer(CsrfLayer::new().with_insecure_bypass(|_, uri| uri.path().starts_with("/hooks/") || uri.path() == "/csp-report"))
        .layer(middleware::from_fn_with_state(state.clone(), headers::layer))
        // Not the client: a release holds it compressed already, and the 20 MB of a debug build would take seconds at every load.
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/wasm"))))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(middleware::from_fn_with_state(error_pages, faults_as_pages))
        .merge(hooks)
        .with_state(state)
}

/// An answer book comes as one text: from somebody who is signed in, that door takes more.
async fn room_for_imports(mut request: Request, next: Next) -> Response {
    use crate::platform::{request::RequestInfo, tenancy::Caller};
    let is_import = matches!(
        request.uri().path(),
        "/rpc/zencall/answers/rpc/preview_import"
            | "/rpc/zencall/answers/rpc/import_answers"
            | "/rpc/zencall/team/rpc/preview_list"
            | "/rpc/zencall/team/rpc/import_list"
    );
    let is_known = request.extensions().get::<RequestInfo>().is_some_and(|info| !matches!(info.caller, Caller::Anonymous));
    if is_import && is_known {
        DefaultBodyLimit::max(IMPORT_LIMIT).apply(&mut request);
    }
    next.run(request).await
}

/// Pages of the product want a signed-in reader: others are sent to sign in, and back afterwards.
async fn signed_in_pages(request: Request, next: Next) -> Response {
    use crate::platform::{request::RequestInfo, tenancy::Caller};
    let path = request.uri().path();
    let is_anonymous = request.extensions().get::<RequestInfo>().is_none_or(|info| matches!(info.caller, Caller::Anonymous));
    if is_anonymous && wants_page(&request) && crate::app::is_product_page(path) {
        let wanted = request.uri().path_and_query().map_or("/home", |wanted| wanted.as_str());
        let next = percent_encoding::utf8_percent_encode(wanted, percent_encoding::NON_ALPHANUMERIC);
        return Redirect::to(&format!("/sign-in?next={next}")).into_response();
    }
    next.run(request).await
}

/// A browser asks, and would show what it gets.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    request.method() == Method::GET && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Finds out who reads before a page of the product is drawn.
async fn know_reader(State(core): State<Core>, mut request: Request, next: Next) -> Response {
    use crate::{
        account::{server::actions, session::KnownReader},
        platform::request::RequestInfo,
    };
    let info = request.extensions().get::<RequestInfo>().filter(|_| crate::app::is_product_page(request.uri().path())).cloned();
    if let Some(info) = info {
        let reader = actions::read_reader(&core, &info).await;
        request.extensions_mut().insert(KnownReader(reader));
    }
    next.run(request).await
}

/// Theme, rail and language of the page about to be drawn, from the request's cookies and the browser's wish.
fn provide_look() {
    let Some(parts) = use_context::<http::request::Parts>() else { return };
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let prefs = Prefs::from_cookies(text(header::COOKIE).unwrap_or_default());
    provide_context(Locale::negotiate([prefs.lang.as_deref()], text(header::ACCEPT_LANGUAGE)));
    provide_context(prefs);
}

/// Browsers tell here what the content policy stopped; only the fact is logged, of the page no more than its door, and that once a second.
async fn csp_report(State(core): State<Core>, body: String) -> StatusCode {
    let report: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let field = |name: &str| report.pointer(&format!("/csp-report/{name}")).and_then(|v| v.as_str()).unwrap_or("");
    metrics::counter!("zencall_csp_reports_total").increment(1);
    if is_first_of(core.clock.now().timestamp()) {
        let directive: String = field("violated-directive").chars().take(60).collect();
        let blocked = url::Url::parse(field("blocked-uri")).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let page = url::Url::parse(field("document-uri")).map(|url| request::loggable_path(url.path())).unwrap_or_default();
        tracing::warn!(directive, blocked, page, "content policy stopped something");
    }
    StatusCode::NO_CONTENT
}

fn is_first_of(second: i64) -> bool {
    static LAST: AtomicI64 = AtomicI64::new(0);
    LAST.swap(second, Ordering::Relaxed) != second
}

/// A browser whose page broke gets a page, with the reference that stands in the log; programs keep their JSON.
async fn faults_as_pages(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (headers, wants_page) = (request.headers().clone(), wants_page(&request));
    let response = next.run(request).await;
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !wants_page || is_page || !response.status().is_server_error() {
        return response;
    }
    let reference = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let mut page = site.internal_error(&headers, reference);
    *page.status_mut() = response.status();
    page
}

/// Who is signed in reads the chosen language everywhere, and in mails.
async fn keep_language(State(core): State<Core>, request: Request, next: Next) -> Response {
    use crate::platform::{request::RequestInfo, tenancy::Caller};
    let caller = request.extensions().get::<RequestInfo>().map(|info| info.caller.clone());
    let response = next.run(request).await;
    if let (Some(Caller::Person { account, .. }), Some(ChosenLanguage(language))) = (caller, response.extensions().get())
        && let Err(error) = crate::account::server::actions::keep_language(&core, account, language.code()).await
    {
        tracing::warn!(?error, "the chosen language is in the cookie only");
    }
    response
}

/// `text/html` and nothing to keep: for pages written by hand.
pub fn html(body: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], body).into_response()
}
