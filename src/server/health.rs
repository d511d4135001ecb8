//! `/healthz`, `/readyz` and `/.well-known/security.txt`; `/metrics` and the operator's pages on their own address.

use super::AppState;
use axum::{Router, extract::State, routing::get};
use http::StatusCode;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration};

/// Public health doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/.well-known/security.txt", get(security_txt))
}

/// Where weaknesses may be reported (RFC 9116). Whoever keeps the setting keeps the contact, so it never runs out.
async fn security_txt(State(state): State<AppState>) -> Result<String, StatusCode> {
    let core = &state.core;
    let contact = core.config.security_contact.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let expires = (core.clock.now() + chrono::Duration::days(90)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let here = core.config.public_url.join(".well-known/security.txt").map_err(|_| StatusCode::NOT_FOUND)?;
    Ok(format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: fr, en\nCanonical: {here}\n"))
}

async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.core.draining.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining");
    }
    let answer = tokio::time::timeout(Duration::from_secs(2), sqlx::query("select 1").execute(&state.core.pool)).await;
    match answer {
        Ok(Ok(_)) => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
    }
}

/// The recorder of every `metrics::counter!` and gauge of the process; made once.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder was there first");
        }
        handle
    })
}

/// Doors of `ADMIN_BIND`.
pub fn admin_routes(state: AppState) -> Router {
    Router::new()
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(|| async { "ok" }))
        .merge(super::operator::routes(&state))
        .with_state(state)
}

async fn metrics_page(State(state): State<AppState>) -> String {
    let pool = &state.core.pool;
    metrics::gauge!("zencall_pool_connections").set(f64::from(pool.size()));
    metrics::gauge!("zencall_pool_idle").set(pool.num_idle() as f64);
    metrics::gauge!("zencall_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let schema: i64 =
        sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success").fetch_one(pool).await.unwrap_or(0);
    metrics::gauge!("zencall_schema_version").set(schema as f64);
    recorder().run_upkeep();
    recorder().render()
}
