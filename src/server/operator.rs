//! The operator's page of dead jobs, on `ADMIN_BIND` only: plain HTML that works without script.
//!
//! Nobody signs in here, so what keeps foreign pages out is that each form carries a token of this process and that browsers say where
//! a request comes from. Payloads are shown masked.

use super::AppState;
use crate::platform::{
    crypto,
    queue::{self, JobDetail, JobFilter, JobLine, JobState, QueueFigures},
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use std::{fmt::Write, sync::OnceLock};
use subtle::ConstantTimeEq;

const PAGE: i64 = 100;
const POLICY: &str = "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `/jobs` and what its buttons do.
pub fn routes(state: &AppState) -> Router<AppState> {
    let site = state.core.config.site_root.clone();
    let files = |folder: &str| tower_http::services::ServeDir::new(site.join(folder)).precompressed_br();
    Router::new()
        .route("/", get(|| async { Redirect::to("/jobs") }))
        .route("/jobs", get(list))
        .route("/jobs/{id}", get(show))
        .route("/jobs/redrive", post(redrive))
        .route("/jobs/discard", post(discard))
        .nest_service("/pkg", files("pkg"))
        .layer(middleware::from_fn(policy))
        .layer(middleware::from_fn_with_state(state.core.config.admin_bind.ip().is_loopback(), only_by_its_own_name))
}

/// A page somewhere else can make a browser believe that its own name leads to this machine, and read what is answered: on loopback, only
/// loopback's names are answered to.
async fn only_by_its_own_name(State(is_loopback): State<bool>, request: axum::extract::Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host }).trim_matches(['[', ']']);
    if is_loopback && name != "localhost" && name.parse::<std::net::IpAddr>().is_err() {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    next.run(request).await
}

async fn policy(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[derive(Deserialize, Default)]
struct Wanted {
    state: Option<String>,
    queue: Option<String>,
    kind: Option<String>,
    before: Option<i64>,
    done: Option<u64>,
}

async fn list(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Result<Response, Failed> {
    let chosen = wanted.state.as_deref().unwrap_or("dead").parse::<JobState>().unwrap_or(JobState::Dead);
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let filter = JobFilter { state: Some(chosen), queue: some(&wanted.queue), kind: some(&wanted.kind), before: wanted.before };
    let mut conn = state.core.pool.acquire().await?;
    let lanes: Vec<&str> = queue::lane::ALL.iter().map(|(lane, _)| *lane).collect();
    let figures = queue::figures(&mut conn, &lanes).await?;
    let lines = queue::list(&mut conn, &filter, PAGE).await?;
    Ok(page(&state, "Jobs", &list_body(&figures, &lines, chosen, &filter, wanted.done)))
}

fn list_body(figures: &[QueueFigures], lines: &[JobLine], chosen: JobState, filter: &JobFilter, done: Option<u64>) -> String {
    let mut html = String::new();
    if let Some(done) = done {
        let _ = write!(html, "<div class='banner ok' role='status'>{done} jobs</div>");
    }
    html.push_str("<section class='card'><header><h2>Lanes</h2></header><div class='table-wrap'><table class='table' aria-label='Lanes'><thead><tr><th scope='col'>Lane</th><th scope='col' class='r'>Due</th><th scope='col' class='r'>Oldest, s</th><th scope='col' class='r'>Running</th><th scope='col' class='r'>Dead</th></tr></thead><tbody>");
    for lane in figures {
        let _ = write!(
            html,
            "<tr><th scope='row'><a href='/jobs?queue={0}'>{0}</a></th><td class='r num'>{1}</td><td class='r num'>{2:.0}</td><td class='r num'>{3}</td><td class='r num'>{4}</td></tr>",
            escaped(&lane.queue),
            lane.due,
            lane.oldest_due_s,
            lane.running,
            lane.dead
        );
    }
    html.push_str(
        "</tbody></table></div></section><section class='card'><header class='wrap'><h2>Jobs</h2><nav class='seg' aria-label='State'>",
    );
    for (name, state) in [("dead", JobState::Dead), ("ready", JobState::Ready), ("running", JobState::Running)] {
        let current = if state == chosen { " aria-pressed='true'" } else { "" };
        let lane = filter.queue.as_ref().map(|lane| format!("&amp;queue={}", escaped(lane))).unwrap_or_default();
        let _ = write!(html, "<a href='/jobs?state={name}{lane}'{current}>{name}</a>");
    }
    html.push_str("</nav></header>");
    if lines.is_empty() {
        html.push_str("<div class='empty'><h3>No such jobs</h3></div></section>");
        return html;
    }
    let is_dead = chosen == JobState::Dead;
    let _ = write!(html, "<form method='post' action='/jobs/redrive'><input type='hidden' name='token' value='{}'>", form_token());
    if let Some(lane) = &filter.queue {
        let _ = write!(html, "<input type='hidden' name='queue' value='{}'>", escaped(lane));
    }
    html.push_str("<div class='table-wrap' tabindex='0' role='region' aria-label='Jobs'><table class='table'><thead><tr><th scope='col'><span class='sr'>Choose</span></th><th scope='col'>Id</th><th scope='col'>Lane</th><th scope='col'>Kind</th><th scope='col'>Attempts</th><th scope='col'>Written</th><th scope='col'>Last error</th></tr></thead><tbody>");
    for line in lines {
        let choice =
            if is_dead { format!("<input type='checkbox' name='ids' value='{0}' aria-label='Job {0}'>", line.id) } else { String::new() };
        let error: String = line.last_error.as_deref().unwrap_or("").chars().take(160).collect();
        let _ = write!(
            html,
            "<tr><td>{choice}</td><td class='num'><a href='/jobs/{0}'>{0}</a></td><td>{1}</td><td><code>{2}</code></td><td class='num'>{3}/{4}</td><td class='num nowrap'>{5}</td><td>{6}</td></tr>",
            line.id,
            escaped(&line.queue),
            escaped(&line.kind),
            line.attempts,
            line.max_attempts,
            line.created_at.format("%Y-%m-%d %H:%M:%S"),
            escaped(&error)
        );
    }
    html.push_str("</tbody></table></div>");
    if is_dead {
        html.push_str("<div class='pager'><button class='btn dark' type='submit'>Run chosen again</button><button class='btn' type='submit' name='all' value='true'>Run all again</button><button class='btn danger' type='submit' formaction='/jobs/discard'>Throw chosen away</button></div>");
    }
    html.push_str("</form>");
    if let Some(last) = lines.last().filter(|_| lines.len() as i64 == PAGE) {
        let lane = filter.queue.as_ref().map(|lane| format!("&amp;queue={}", escaped(lane))).unwrap_or_default();
        let kind = filter.kind.as_ref().map(|kind| format!("&amp;kind={}", escaped(kind))).unwrap_or_default();
        let state = chosen.name();
        let _ = write!(
            html,
            "<div class='pager'><a class='btn sm' href='/jobs?state={state}{lane}{kind}&amp;before={}'>Older</a></div>",
            last.id
        );
    }
    html.push_str("</section>");
    html
}

async fn show(State(state): State<AppState>, Path(id): Path<i64>) -> Result<Response, Failed> {
    let mut conn = state.core.pool.acquire().await?;
    let Some(job) = queue::show(&mut conn, id).await? else {
        let body = "<div class='empty'><h3>No such job</h3><p>Done jobs leave no row.</p><a class='btn' href='/jobs'>Jobs</a></div>";
        return Ok((StatusCode::NOT_FOUND, page(&state, "No such job", body)).into_response());
    };
    Ok(page(&state, &format!("Job {id}"), &job_body(&job)))
}

fn job_body(job: &JobDetail) -> String {
    let pretty = |value: &serde_json::Value| escaped(&serde_json::to_string_pretty(value).unwrap_or_default());
    let mut html =
        format!("<section class='card'><header><h2>{}</h2></header><div class='body stack g4'><dl class='kv'>", escaped(&job.line.kind));
    let rows = [
        ("State", format!("{:?}", job.line.state)),
        ("Lane", job.line.queue.clone()),
        ("Organisation", job.line.tenant.to_string()),
        ("Attempts", format!("{} of {}", job.line.attempts, job.line.max_attempts)),
        ("Written", job.line.created_at.to_rfc3339()),
        ("Runs at", job.line.run_at.to_rfc3339()),
        ("Died", job.line.died_at.map(|at| at.to_rfc3339()).unwrap_or_default()),
        ("Key", job.key.clone().unwrap_or_default()),
        ("Request", job.trace.clone().unwrap_or_default()),
        ("Worker", job.worker.clone().unwrap_or_default()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(html, "<dt>{name}</dt><dd class='num'>{}</dd>", escaped(value));
    }
    let _ = write!(
        html,
        "</dl><h3>Last error</h3><pre class='code' tabindex='0'><code>{}</code></pre>",
        escaped(job.line.last_error.as_deref().unwrap_or("none"))
    );
    let _ = write!(html, "<h3>Payload</h3><pre class='code' tabindex='0'><code>{}</code></pre>", pretty(&job.payload));
    if job.line.state == JobState::Dead {
        let _ = write!(
            html,
            "<form method='post' action='/jobs/redrive' class='row'><input type='hidden' name='token' value='{}'><input type='hidden' name='ids' value='{}'>\
             <button class='btn dark'>Run again</button><button class='btn danger' formaction='/jobs/discard'>Throw away</button></form>",
            form_token(),
            job.line.id
        );
    }
    html.push_str("<a href='/jobs'>Jobs</a></div></section>");
    html
}

/// Fields repeat in a form (`ids=1&ids=2`), which the derive cannot read: pairs it is.
type Fields = Vec<(String, String)>;

async fn redrive(State(state): State<AppState>, headers: http::HeaderMap, Form(fields): Form<Fields>) -> Result<Response, Failed> {
    allowed(&headers, &fields)?;
    let mut conn = state.core.pool.acquire().await?;
    let is_all = fields.iter().any(|(name, _)| name == "all");
    let lane = fields.iter().find(|(name, _)| name == "queue").map(|(_, lane)| lane.as_str());
    let count = if is_all { queue::redrive_all(&mut conn, lane).await? } else { queue::redrive(&mut conn, &ids(&fields)).await? };
    Ok(Redirect::to(&format!("/jobs?done={count}")).into_response())
}

async fn discard(State(state): State<AppState>, headers: http::HeaderMap, Form(fields): Form<Fields>) -> Result<Response, Failed> {
    allowed(&headers, &fields)?;
    let mut conn = state.core.pool.acquire().await?;
    let count = queue::discard(&mut conn, &ids(&fields)).await?;
    Ok(Redirect::to(&format!("/jobs?done={count}")).into_response())
}

fn ids(fields: &Fields) -> Vec<i64> {
    fields.iter().filter(|(name, _)| name == "ids").filter_map(|(_, id)| id.parse().ok()).collect()
}

/// A form of ours, sent from our own page.
fn allowed(headers: &http::HeaderMap, fields: &Fields) -> Result<(), Failed> {
    let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.to_str(), Ok("same-origin" | "none")));
    let given = fields.iter().find(|(name, _)| name == "token").map_or("", |(_, token)| token.as_str());
    if is_foreign || !bool::from(given.as_bytes().ct_eq(form_token().as_bytes())) {
        return Err(Failed(StatusCode::FORBIDDEN, "the form is too old or not ours: go back and reload".into()));
    }
    Ok(())
}

/// Drawn once per process; a foreign page cannot read it.
fn form_token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(crypto::token)
}

fn page(state: &AppState, title: &str, body: &str) -> Response {
    let css = escaped(&state.assets.css);
    Html(format!(
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>\
         <title>{0} · Zencall operator</title><link rel='stylesheet' href='{css}'></head>\
         <body><main class='operator' id='main'><div class='page'><h1>{0}</h1>{body}</div></main></body></html>",
        escaped(title)
    ))
    .into_response()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A failure in one line: operators read logs too.
struct Failed(StatusCode, String);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the operator's page failed");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "the database did not answer; the log says why".into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_job_becomes_markup() {
        assert_eq!(escaped("<img src=x onerror='a&b'>\""), "&lt;img src=x onerror=&#39;a&amp;b&#39;&gt;&quot;");
    }

    #[test]
    fn a_form_without_our_token_or_from_elsewhere_is_refused() {
        let ours: Fields = vec![("token".into(), form_token().into()), ("ids".into(), "7".into()), ("ids".into(), "x".into())];
        let none = http::HeaderMap::new();
        assert!(allowed(&none, &ours).is_ok());
        assert!(allowed(&none, &vec![("token".into(), "x".into())]).is_err());
        assert!(allowed(&none, &vec![]).is_err());
        let foreign =
            http::HeaderMap::from_iter([(http::HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static("cross-site"))]);
        assert!(allowed(&foreign, &ours).is_err());
        assert_eq!(ids(&ours), [7]);
    }
}
