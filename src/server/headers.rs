//! Headers every answer carries.

use super::AppState;
use crate::platform::request;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// Security headers where the handler set none; the page's own policy (with its nonce) is set while it renders.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    complete(&state, &path, next.run(request).await)
}

/// What stands around the webhook door: the same as around all others, in one layer, since each costs every request.
pub async fn hook_layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let response = request::around(&state.core, request, next).await;
    complete(&state, "", response)
}

fn complete(state: &AppState, path: &str, mut response: Response) -> Response {
    let is_file = path.starts_with("/pkg/"); // named by their content
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, if request::is_mailed_link(path) { "no-referrer" } else { "strict-origin-when-cross-origin" });
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    set(header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), payment=(self), microphone=(self)");
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if state.core.config.is_production() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if is_file {
        let is_good = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
        let value = if is_good { "public, max-age=31536000, immutable" } else { "no-store" };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    } else {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// A websocket handshake is a GET, which no CSRF rule looks at: it must come from our own pages.
pub async fn own_sockets_only(request: Request, next: Next) -> Response {
    if request.method() == Method::GET && is_foreign_socket(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

fn is_foreign_socket(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    headers.contains_key(header::UPGRADE) && origin != text(header::HOST)
}

/// The content policy of a rendered page: our own files, the page's own inline scripts by nonce, custom properties in `style`.
pub fn page_policy() {
    use leptos::{nonce::use_nonce, prelude::use_context};
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<leptos_axum::ResponseOptions>()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'; report-uri /csp-report"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_our_own_pages_open_sockets() {
        let own = [("host", "app.example"), ("upgrade", "websocket"), ("origin", "https://app.example")];
        let foreign = [("host", "app.example"), ("upgrade", "websocket"), ("origin", "https://evil.example")];
        let silent = [("host", "app.example"), ("upgrade", "websocket")];
        assert!(!is_foreign_socket(&headers(&own)));
        assert!(is_foreign_socket(&headers(&foreign)));
        assert!(is_foreign_socket(&headers(&silent)));
        assert!(!is_foreign_socket(&headers(&silent[..1])));
    }
}
