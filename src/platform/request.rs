//! What every door may know of a request: its id, where it comes from, who sent it.

use super::{audit, core::Core, keys, queue, session, tenancy::Caller};
use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tracing::Instrument;

/// Put into the extensions of every request.
#[derive(Clone, Debug)]
pub struct RequestInfo {
    /// `req_…`, in the log and in `X-Request-Id`.
    pub id: String,
    /// The client's address, forwarded headers believed only from `TRUSTED_PROXIES`.
    pub ip: IpAddr,
    /// The client program, cut to 300 characters.
    pub user_agent: String,
    /// Who.
    pub caller: Caller,
}

impl RequestInfo {
    /// The request a server function runs in.
    pub fn of_leptos() -> Option<Self> {
        leptos::prelude::use_context::<http::request::Parts>()?.extensions.get::<Self>().cloned()
    }
}

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, finds out who sent it, and logs how it went. Outermost of our own layers.
pub async fn layer(State(core): State<Core>, request: Request, next: Next) -> Response {
    around(&core, request, next).await
}

/// [`layer`], for a layer that does more.
pub async fn around(core: &Core, mut request: Request, next: Next) -> Response {
    let id = format!("req_{}", crate::shared::ids::encode(uuid::Uuid::now_v7()));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip());
    let ip = client_address(peer, request.headers(), &core.config.trusted_proxies);
    let user_agent =
        request.headers().get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("").chars().take(300).collect();
    let method = request.method().clone();
    // Hook addresses carry a token and mail links do too: the log keeps the door, not the key.
    let path = loggable_path(request.uri().path());
    let span = tracing::info_span!("request", %id, %method, path);
    async move {
        let started = std::time::Instant::now();
        let caller = match request.uri().path() {
            path if is_static(path) => Ok(Caller::Anonymous),
            path if path.starts_with(keys::DOORS) => keys::resolve(core, request.headers(), ip).await,
            _ => session::resolve(core, request.headers(), ip).await,
        };
        let mut response = match caller {
            Ok(caller) => {
                let info = RequestInfo { id: id.clone(), ip, user_agent, caller };
                let whence = audit::Whence::from(&info);
                request.extensions_mut().insert(info);
                queue::with_trace(Some(id.clone()), audit::from(whence, next.run(request))).await
            }
            Err(error) => axum::response::IntoResponse::into_response(error),
        };
        if core.draining.is_cancelled() {
            // The sender opens its next connection to a process that stays.
            response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID.clone(), value);
        }
        let status = response.status().as_u16();
        let ms = started.elapsed().as_millis() as u64;
        if status >= 500 {
            tracing::warn!(status, ms, "answered");
        } else {
            tracing::debug!(status, ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

fn is_static(path: &str) -> bool {
    path.starts_with("/pkg/") || path.starts_with("/hooks/") || matches!(path, "/healthz" | "/readyz" | "/favicon.ico")
}

/// Whether the address itself is the key: a link from a mail.
pub fn is_mailed_link(path: &str) -> bool {
    ["/confirm/", "/reset/", "/join/"].iter().any(|door| path.starts_with(door))
}

/// A path without the keys that some addresses carry.
pub fn loggable_path(path: &str) -> String {
    if is_mailed_link(path) {
        return "/…".into();
    }
    let mut parts = path.splitn(4, '/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("hooks"), Some(provider), Some(_)) => format!("/hooks/{provider}/…"),
        _ => path.chars().take(200).collect(),
    }
}

/// Walks `X-Forwarded-For` from the right, past proxies we trust.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[ipnet::IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|v| v.trim().parse().ok());
    let hops: Vec<IpAddr> = hops.collect();
    hops.iter().rev().find(|hop| !is_trusted(hop)).or(hops.first()).copied().unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_headers_count_only_from_a_trusted_proxy() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.9, 10.0.0.2"));
        let proxy: IpAddr = Ipv4Addr::new(10, 0, 0, 1).into();
        let trusted = ["10.0.0.0/8".parse().expect("a net")];
        assert_eq!(client_address(proxy, &headers, &[]), proxy);
        assert_eq!(client_address(proxy, &headers, &trusted).to_string(), "203.0.113.9");
    }

    #[test]
    fn tokens_in_addresses_stay_out_of_the_log() {
        assert_eq!(loggable_path("/hooks/vapi/secret"), "/hooks/vapi/…");
        assert_eq!(loggable_path("/reset/secret"), "/…");
        assert_eq!(loggable_path("/join/secret"), "/…");
        assert_eq!(loggable_path("/calls"), "/calls");
    }
}
