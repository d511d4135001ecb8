//! `GET /settings/audit/export.csv`: the log under the current filter, a page at a time, never whole in memory.

use super::{actions, store::Row};
use crate::{
    audit::model::{AuditFilter, Entry},
    platform::{
        OrgScope,
        spreadsheet::{self, harmless},
    },
    shared::{
        audit::{Act, Object},
        error::AppError,
        permission::Permission,
    },
};
use axum::{body::Body, extract::Query, response::Response};
use std::io;

const AT_ONCE: i64 = 1000;

/// The file. That it was taken away is the log's next entry. Errors: `Invalid(actor)`.
pub async fn export(scope: OrgScope, Query(filter): Query<AuditFilter>) -> Result<Response, AppError> {
    actions::page(&scope, &filter, None, 1).await?; // a filter that nobody understands is said before the file begins
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::AuditRead).await?;
    tx.note(Act::Exported, Object::Audit, None, Some(serde_json::json!(filter))).await?;
    tx.commit().await?;
    let pages = futures::stream::try_unfold((scope, filter, None, true, false), |(scope, filter, below, is_first, is_done)| async move {
        if is_done {
            return Ok::<_, io::Error>(None);
        }
        let (rows, next) = actions::page(&scope, &filter, below, AT_ONCE).await.map_err(io::Error::other)?;
        let text = table(rows, is_first).map_err(io::Error::other)?;
        Ok(Some((text, (scope, filter, next, false, next.is_none()))))
    });
    spreadsheet::file("zencall-audit", now, Body::from_stream(pages))
}

fn table(rows: Vec<Row>, with_head: bool) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_head {
        writer.write_record([
            "n",
            "at",
            "actor",
            "actor_id",
            "actor_name",
            "ip",
            "user_agent",
            "request_id",
            "act",
            "object",
            "subject",
            "label",
            "before",
            "after",
            "hash",
        ])?;
    }
    for row in rows {
        let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let (before, after) = (json(&row.before), json(&row.after));
        let entry = Entry::from(row);
        let text = |text: Option<String>| harmless(text.as_deref().unwrap_or_default());
        writer.write_record([
            entry.n.to_string(),
            entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            entry.actor.to_string(),
            text(entry.actor_id),
            text(entry.actor_name),
            text(entry.ip),
            text(entry.user_agent),
            text(entry.request_id),
            entry.act,
            entry.object,
            text(entry.subject),
            text(entry.label),
            before,
            after,
            entry.hash,
        ])?;
    }
    Ok(writer.into_inner()?)
}
