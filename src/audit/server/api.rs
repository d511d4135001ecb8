//! Door 3: the audit log over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::{
    actions,
    store::{Row, fields},
};
use crate::{
    audit::model::{ActorKind, AuditFilter, Checked, Entry, Refusal},
    platform::{
        OrgScope,
        api::{Params, Problem, continued, page},
    },
    server::AppState,
    shared::audit::{Act, Object},
};
use axum::{Json, Router, routing::get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(paths(list_audit, list_refusals, check_audit))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/audit", get(list_audit))
        .route("/api/v1/audit/refusals", get(list_refusals))
        .route("/api/v1/audit/check", get(check_audit))
}

/// Which entries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// A member (`acc_…`) or a key (`key_…`).
    actor: Option<String>,
    /// What was done: `created`, `changed`, `deleted`, `signed_in` …
    #[param(value_type = Option<String>)]
    act: Option<Act>,
    /// What it was done to: `member`, `role`, `key`, `assistant` …
    #[param(value_type = Option<String>)]
    object: Option<Object>,
    /// The object's id.
    subject: Option<String>,
    /// The first day, in the organisation's zone.
    from: Option<NaiveDate>,
    /// The last day.
    to: Option<NaiveDate>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
struct AuditList {
    items: Vec<AuditBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// Who did what, on which object, from where.
#[derive(Serialize, ToSchema)]
struct AuditBody {
    /// 1, 2, 3 … in the organisation, without a gap.
    n: i64,
    at: DateTime<Utc>,
    #[schema(value_type = String)]
    actor: ActorKind,
    actor_id: Option<String>,
    /// As it was then.
    actor_name: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    act: String,
    object: String,
    subject: Option<String>,
    /// The object's name, as it was then.
    label: Option<String>,
    /// The fields that changed, before; null for what was made. Secrets are not in it.
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    before: Option<Map<String, Value>>,
    /// The same, after; null for what was removed.
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    after: Option<Map<String, Value>>,
    /// SHA-256 over this entry and the hash of the one before, in hexadecimal.
    hash: String,
}

impl From<Row> for AuditBody {
    fn from(mut row: Row) -> Self {
        let (before, after) = (row.before.take(), row.after.take());
        let entry = Entry::from(row);
        Self {
            n: entry.n,
            at: entry.at,
            actor: entry.actor,
            actor_id: entry.actor_id,
            actor_name: entry.actor_name,
            ip: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            act: entry.act,
            object: entry.object,
            subject: entry.subject,
            label: entry.label,
            before: before.map(|before| fields(Some(before))),
            after: after.map(|after| fields(Some(after))),
            hash: entry.hash,
        }
    }
}

/// The newest refusals.
#[derive(Serialize, ToSchema)]
struct RefusalList {
    items: Vec<RefusalBody>,
}

/// What somebody was refused within an hour.
#[derive(Serialize, ToSchema)]
struct RefusalBody {
    #[schema(value_type = String)]
    actor: ActorKind,
    actor_id: String,
    actor_name: Option<String>,
    /// The permission that was missing; `sign_in`: the password was wrong.
    needs: String,
    times: i64,
    /// Of the last time.
    ip: Option<String>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

impl From<Refusal> for RefusalBody {
    fn from(refusal: Refusal) -> Self {
        let Refusal { actor, actor_id, actor_name, needs, times, ip, first_at, last_at } = refusal;
        Self { actor, actor_id, actor_name, needs, times, ip, first_at, last_at }
    }
}

/// What came of following the chain.
#[derive(Serialize, ToSchema)]
struct CheckBody {
    /// How many entries follow from one another.
    entries: i64,
    /// The hash of the last of them; empty when there is none.
    head: String,
    /// The first entry that does not follow from those before it; null: all do.
    broken_at: Option<i64>,
}

const LIST: &str = "audit";

/// Who did what, newest first
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = AuditList)))]
async fn list_audit(scope: OrgScope, Params(query): Params<AuditQuery>) -> Result<Json<AuditList>, Problem> {
    let wanted = page(&scope, LIST, query.after.as_deref(), query.limit)?;
    let below = wanted.after.as_deref().and_then(|n| n.parse().ok());
    let AuditQuery { actor, act, object, subject, from, to, .. } = query;
    let (rows, next) = actions::page(&scope, &AuditFilter { actor, act, object, subject, from, to }, below, wanted.limit()).await?;
    let next = continued(&scope, LIST, next)?;
    Ok(Json(AuditList { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// Who was refused what, newest first
///
/// Counted by the hour; the newest fifty.
#[utoipa::path(get, path = "/api/v1/audit/refusals", tag = "audit", responses((status = 200, body = RefusalList)))]
async fn list_refusals(scope: OrgScope) -> Result<Json<RefusalList>, Problem> {
    let found = actions::refusals(&scope).await?;
    Ok(Json(RefusalList { items: found.items.into_iter().map(Into::into).collect() }))
}

/// Follow the chain of hashes from the first entry to the last
#[utoipa::path(get, path = "/api/v1/audit/check", tag = "audit", responses((status = 200, body = CheckBody)))]
async fn check_audit(scope: OrgScope) -> Result<Json<CheckBody>, Problem> {
    let Checked { entries, head, broken_at } = actions::check(&scope).await?;
    Ok(Json(CheckBody { entries, head, broken_at }))
}
