//! Statements on the journal that people and programs ask for.

use crate::{
    calls::journal::model::{HookFilter, HookRow, HookState, Moment, Particulars},
    platform::{OrgTx, tenancy::Actor},
    shared::ids::{CallId, HookId},
};
use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, Result, types::Json};
use std::collections::HashSet;

/// A row of the journal as it stands.
#[derive(sqlx::FromRow)]
struct Row {
    id: HookId,
    created_at: DateTime<Utc>,
    outcome: String,
    reason: Option<String>,
    kind: Option<String>,
    provider_call_id: Option<String>,
    call_id: Option<CallId>,
    body_bytes: i32,
    ip: Option<String>,
    times: Option<i32>,
    last_at: Option<DateTime<Utc>>,
    replayed_at: Option<DateTime<Utc>>,
}

impl Row {
    fn shown(self, waiting: &HashSet<HookId>) -> HookRow {
        let state = match self.outcome.as_str() {
            "rejected" => HookState::Rejected,
            "dead" => HookState::Dead,
            _ if waiting.contains(&self.id) => HookState::Waiting,
            _ => HookState::Applied,
        };
        HookRow {
            id: self.id,
            at: self.created_at,
            state,
            is_repeat: self.outcome == "duplicate",
            // Why one could not be applied is the database's text, for operators alone.
            reason: if state == HookState::Dead { Some("not_applied".into()) } else { self.reason },
            kind: self.kind,
            call_ref: self.provider_call_id,
            call: self.call_id,
            bytes: self.body_bytes,
            ip: self.ip,
            times: self.times.unwrap_or(1),
            last_at: self.last_at,
            replayed_at: self.replayed_at,
        }
    }
}

const ROW: &str =
    "select j.id, j.created_at, j.outcome, j.reason, j.kind, j.provider_call_id, coalesce(j.call_id, r.call_id) as call_id, j.body_bytes,
   host(j.ip) as ip, j.times, j.last_at, j.replayed_at
 from hook_journal j left join call_refs r on r.org_id = j.org_id and r.provider_call_id = j.provider_call_id where j.org_id = ";

/// Deliveries, newest first. An id carries its time, so it alone is the cursor.
pub async fn page(
    tx: &mut OrgTx<'_>,
    filter: &HookFilter,
    before: Option<HookId>,
    waiting: &HashSet<HookId>,
    limit: i64,
) -> Result<Vec<HookRow>> {
    let mut query = QueryBuilder::<Postgres>::new(ROW);
    query.push_bind(tx.scope().org().0);
    narrow(&mut query, filter, waiting);
    if let Some(before) = before {
        query.push(" and (j.created_at, j.id) < (").push_bind(before.time()).push(", ").push_bind(before.0).push(")");
    }
    query.push(" order by j.created_at desc, j.id desc limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| row.shown(waiting)).collect())
}

/// What a filter asks for. Each state is written out, so that those that are rare are found by the index that holds nothing else.
fn narrow(query: &mut QueryBuilder<Postgres>, filter: &HookFilter, waiting: &HashSet<HookId>) {
    let ids = || waiting.iter().map(|hook| hook.0).collect::<Vec<_>>();
    match filter.state {
        None => {}
        Some(HookState::Rejected) => {
            query.push(" and j.outcome = 'rejected'");
        }
        Some(HookState::Dead) => {
            query.push(" and j.outcome = 'dead'");
        }
        Some(HookState::Waiting) => {
            query.push(" and j.outcome in ('accepted', 'duplicate') and j.id = any(").push_bind(ids()).push(")");
        }
        Some(HookState::Applied) => {
            query.push(" and j.outcome in ('accepted', 'duplicate') and j.id <> all(").push_bind(ids()).push(")");
        }
    }
    if let Some(kind) = &filter.kind {
        query.push(" and j.kind = ").push_bind(kind.clone());
    }
    if let Some(call) = &filter.call {
        match call.parse::<CallId>() {
            Ok(id) => {
                query.push(" and (j.call_id = ").push_bind(id.0);
                query.push(" or j.provider_call_id in (select provider_call_id from call_refs where call_id = ").push_bind(id.0).push("))");
            }
            Err(_) => {
                query.push(" and j.provider_call_id = ").push_bind(call.clone());
            }
        }
    }
    for (moment, compare) in [(filter.from, " >= "), (filter.until, " < ")] {
        match moment {
            None => {}
            Some(Moment::At(at)) => {
                query.push(" and j.created_at").push(compare).push_bind(at);
            }
            Some(Moment::Local(at)) => {
                query.push(" and j.created_at").push(compare).push("(").push_bind(at);
                query.push("::timestamp at time zone (select timezone from orgs))");
            }
        }
    }
}

/// One, with all that is kept of it.
pub async fn find(
    tx: &mut OrgTx<'_>,
    hook: HookId,
    waiting: &HashSet<HookId>,
) -> Result<Option<(HookRow, Option<String>, Option<Particulars>)>> {
    let mut query = QueryBuilder::<Postgres>::new(ROW);
    query.push_bind(tx.scope().org().0).push(" and j.id = ").push_bind(hook.0);
    let Some(row) = query.build_query_as::<Row>().fetch_optional(tx.conn()).await? else { return Ok(None) };
    let kept = sqlx::query!(
        r#"select body, detail as "detail: Json<Particulars>" from hook_journal where id = $1 and created_at = $2"#,
        hook.0,
        row.created_at
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Some((row.shown(waiting), kept.body, kept.detail.map(|detail| detail.0))))
}

/// A delivery as it is to be applied once more.
#[derive(sqlx::FromRow)]
pub struct Kept {
    pub id: HookId,
    pub created_at: DateTime<Utc>,
    pub outcome: String,
    pub provider_call_id: Option<String>,
    pub body: Option<String>,
}

const KEPT: &str = "select j.id, j.created_at, j.outcome, j.provider_call_id, j.body from hook_journal j where j.org_id = ";

/// One of them.
pub async fn kept(tx: &mut OrgTx<'_>, hook: HookId) -> Result<Option<Kept>> {
    let mut query = QueryBuilder::<Postgres>::new(KEPT);
    query.push_bind(tx.scope().org().0).push(" and j.id = ").push_bind(hook.0);
    query.build_query_as().fetch_optional(tx.conn()).await
}

/// Those of a filter, oldest first, after one.
pub async fn all_kept(tx: &mut OrgTx<'_>, filter: &HookFilter, after: Option<HookId>, limit: i64) -> Result<Vec<Kept>> {
    let mut query = QueryBuilder::<Postgres>::new(KEPT);
    query.push_bind(tx.scope().org().0);
    narrow(&mut query, filter, &HashSet::new());
    if let Some(after) = after {
        query.push(" and (j.created_at, j.id) > (").push_bind(after.time()).push(", ").push_bind(after.0).push(")");
    }
    query.push(" order by j.created_at, j.id limit ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Notes who has these applied once more.
pub async fn mark_replayed(tx: &mut OrgTx<'_>, hooks: &[HookId], now: DateTime<Utc>) -> Result<()> {
    let by = match tx.scope().actor() {
        Actor::Person { account, .. } => account.to_string(),
        Actor::Key(key) => key.to_string(),
        Actor::System => "system".to_owned(),
    };
    sqlx::query!(
        "update hook_journal set replayed_at = $2, replayed_by = $3, updated_at = now() where id = any($1)",
        &hooks.iter().map(|hook| hook.0).collect::<Vec<_>>(),
        now,
        by
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
