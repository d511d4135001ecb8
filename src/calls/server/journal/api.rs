//! Door 3: the journal of incoming webhooks over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::actions::{self, Chosen};
use crate::{
    calls::journal::model::*,
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    server::AppState,
    shared::{
        ids::{CallId, HookId},
        permission::Permission,
    },
};
use axum::{
    Json, Router,
    extract::Path,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(
    paths(list_incoming_webhooks, read_incoming_webhook, replay_incoming_webhook, replay_incoming_webhooks),
    components(schemas(HookState))
)]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/incoming-webhooks", get(list_incoming_webhooks))
        .route("/api/v1/incoming-webhooks/replay", post(replay_incoming_webhooks))
        .route("/api/v1/incoming-webhooks/{id}", get(read_incoming_webhook))
        .route("/api/v1/incoming-webhooks/{id}/replay", post(replay_incoming_webhook))
}

/// Which deliveries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HooksQuery {
    state: Option<HookState>,
    /// The provider's message type, whole.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A call: the provider's id or ours.
    call: Option<String>,
    from: Option<DateTime<Utc>>,
    /// Not included.
    until: Option<DateTime<Utc>>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 200; 50, unless set.
    limit: Option<u16>,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
struct IncomingWebhookList {
    items: Vec<IncomingWebhookBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// A delivery of the provider to us.
#[derive(Serialize, ToSchema)]
struct IncomingWebhookBody {
    id: HookId,
    at: DateTime<Utc>,
    state: HookState,
    /// Everything it says was known.
    repeat: bool,
    /// Why it was turned away or set aside, or what is particular about it: a stable word, see the reference.
    reason: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    provider_call_id: Option<String>,
    call: Option<CallId>,
    /// Of the whole body.
    bytes: i32,
    ip: Option<String>,
    /// How many deliveries this one stands for: of a flood of refusals only a few are kept.
    times: i32,
    last_at: Option<DateTime<Utc>>,
    /// When somebody last had it applied once more.
    replayed_at: Option<DateTime<Utc>>,
}

impl From<HookRow> for IncomingWebhookBody {
    fn from(row: HookRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            state: row.state,
            repeat: row.is_repeat,
            reason: row.reason,
            kind: row.kind,
            provider_call_id: row.call_ref,
            call: row.call,
            bytes: row.bytes,
            ip: row.ip,
            times: row.times,
            last_at: row.last_at,
            replayed_at: row.replayed_at,
        }
    }
}

/// A delivery with all that is kept of it.
#[derive(Serialize, ToSchema)]
struct IncomingWebhookSheet {
    delivery: IncomingWebhookBody,
    /// Of what was turned away: how it had to prove itself, and what came.
    proof: Option<ProofBody>,
    /// The message without secrets; of what was turned away the beginning. Null where nothing was kept, or it was erased.
    body: Option<String>,
    /// It can be applied once more.
    replayable: bool,
}

/// How a delivery had to prove itself, and what came.
#[derive(Serialize, ToSchema)]
struct ProofBody {
    mode: Option<String>,
    /// The header that carries the proof; with `missing_header` the one that was not there.
    header: Option<String>,
    /// Names of the headers that came.
    given: Vec<String>,
    /// With `stale_timestamp`: when it says that it was signed, and by how much that may differ.
    signed_at: Option<DateTime<Utc>>,
    tolerance_s: Option<u32>,
}

impl From<Particulars> for ProofBody {
    fn from(of: Particulars) -> Self {
        Self { mode: of.mode, header: of.header, given: of.given, signed_at: of.signed_at, tolerance_s: of.tolerance_s }
    }
}

/// Whether it is for show.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookReplayBody {
    /// True: says what would change, and changes nothing.
    dry_run: bool,
}

/// Which deliveries are applied once more, oldest first, at most 200 at a time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HooksReplayBody {
    /// True: says what would change, and changes nothing.
    dry_run: bool,
    /// `dead`, unless set, or `applied`.
    state: Option<HookState>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A call: the provider's id or ours.
    call: Option<String>,
    from: Option<DateTime<Utc>>,
    /// Not included.
    until: Option<DateTime<Utc>>,
    /// `next` of the answer before.
    after: Option<HookId>,
}

/// What applying deliveries once more has changed, or would.
#[derive(Serialize, ToSchema)]
struct ReplayedBody {
    dry_run: bool,
    /// How many were looked at.
    deliveries: i64,
    /// Of them, those without anything to apply: nothing is kept of them, or they name no call.
    skipped: i64,
    /// Those that the database refuses still.
    refused: Vec<HookId>,
    /// Calls that are as they would be.
    unchanged: i64,
    /// Calls that were removed.
    gone: i64,
    calls: Vec<CallChangeBody>,
    /// For `after`, when there are more.
    next: Option<HookId>,
}

/// A call that changes.
#[derive(Serialize, ToSchema)]
struct CallChangeBody {
    /// Null for one that is yet to be made.
    call: Option<CallId>,
    provider_call_id: String,
    deliveries: i64,
    fields: Vec<FieldChangeBody>,
    /// The first 20 lines that are added, with who says them.
    lines: Vec<String>,
    lines_added: i64,
    /// Kinds of the first 20 happenings that are added.
    events: Vec<String>,
    events_added: i64,
}

/// A field of a call, before and after.
#[derive(Serialize, ToSchema)]
struct FieldChangeBody {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl ReplayedBody {
    fn of(replayed: Replayed, dry_run: bool) -> Self {
        let field = |change: FieldChange| FieldChangeBody { field: change.field, before: change.before, after: change.after };
        let call = |change: CallChange| CallChangeBody {
            call: change.call,
            provider_call_id: change.call_ref,
            deliveries: change.deliveries,
            fields: change.fields.into_iter().map(field).collect(),
            lines: change.lines,
            lines_added: change.lines_added,
            events: change.events,
            events_added: change.events_added,
        };
        Self {
            dry_run,
            deliveries: replayed.deliveries,
            skipped: replayed.skipped,
            refused: replayed.refused,
            unchanged: replayed.unchanged,
            gone: replayed.gone,
            calls: replayed.calls.into_iter().map(call).collect(),
            next: replayed.next,
        }
    }
}

const LIST: &str = "incoming webhooks";

/// What came to our address, newest first
#[utoipa::path(get, path = "/api/v1/incoming-webhooks", tag = "webhooks", params(HooksQuery), responses((status = 200, body = IncomingWebhookList)))]
async fn list_incoming_webhooks(scope: OrgScope, Params(query): Params<HooksQuery>) -> Result<Json<IncomingWebhookList>, Problem> {
    let before = page(&scope, LIST, query.after.as_deref(), None)?.after.and_then(|id| id.parse().ok());
    let HooksQuery { state, kind, call, from, until, limit, .. } = query;
    let filter = HookFilter { state, kind, call, from: from.map(Moment::At), until: until.map(Moment::At) };
    let found = actions::list(&scope, &filter, before, limit.map(i64::from)).await?;
    let next = continued(&scope, LIST, found.next)?;
    Ok(Json(IncomingWebhookList { items: found.items.into_iter().map(IncomingWebhookBody::from).collect(), next }))
}

/// One delivery, with its text and why it was turned away
#[utoipa::path(get, path = "/api/v1/incoming-webhooks/{id}", tag = "webhooks", params(("id" = HookId, Path)), responses((status = 200, body = IncomingWebhookSheet)))]
async fn read_incoming_webhook(scope: OrgScope, Path(text): Path<String>) -> Result<Json<IncomingWebhookSheet>, Problem> {
    let sheet = actions::read(&scope, id(&text, "delivery")?).await?;
    Ok(Json(IncomingWebhookSheet {
        delivery: sheet.row.into(),
        proof: sheet.particulars.map(ProofBody::from),
        body: sheet.body,
        replayable: sheet.is_replayable,
    }))
}

/// Apply a delivery once more, or see what that would change
///
/// Done twice it changes nothing more. What was rejected is never applied (409 `hook_rejected`).
#[utoipa::path(post, path = "/api/v1/incoming-webhooks/{id}/replay", tag = "webhooks", params(("id" = HookId, Path)), request_body = HookReplayBody, responses((status = 200, body = ReplayedBody)))]
async fn replay_incoming_webhook(
    scope: OrgScope,
    Path(text): Path<String>,
    Body(body): Body<HookReplayBody>,
) -> Result<Json<ReplayedBody>, Problem> {
    let replayed = actions::replay_chosen(&scope, Chosen::One(id(&text, "delivery")?), body.dry_run).await?;
    Ok(Json(ReplayedBody::of(replayed, body.dry_run)))
}

/// Apply deliveries of a time once more, or see what that would change
///
/// Those that were set aside, unless `state` is `applied`; oldest first, at most 200: `next` goes on.
#[utoipa::path(post, path = "/api/v1/incoming-webhooks/replay", tag = "webhooks", request_body = HooksReplayBody, responses((status = 200, body = ReplayedBody)))]
async fn replay_incoming_webhooks(scope: OrgScope, Body(body): Body<HooksReplayBody>) -> Result<Json<ReplayedBody>, Problem> {
    scope.require(Permission::WebhooksManage)?;
    let HooksReplayBody { dry_run, state, kind, call, from, until, after } = body;
    let filter = HookFilter { state, kind, call, from: from.map(Moment::At), until: until.map(Moment::At) };
    let replayed = actions::replay_chosen(&scope, Chosen::Range(filter, after), dry_run).await?;
    Ok(Json(ReplayedBody::of(replayed, dry_run)))
}
