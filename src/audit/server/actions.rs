//! What the doors of the audit log do.

use super::{
    chain,
    store::{self, Asked, Row},
};
use crate::{
    audit::model::{AuditFilter, Checked, Entries, Refusals},
    i18n::zone,
    platform::OrgScope,
    shared::{
        error::AppError,
        ids::{AccountId, ApiKeyId},
        permission::Permission,
    },
};
use uuid::Uuid;

const NEEDS: Permission = Permission::AuditRead;
const PAGE: i64 = 50;
const MOST_REFUSALS: i64 = 50;

/// A page of the log with who may be looked for. Errors: `Invalid(actor)`.
pub async fn list(scope: &OrgScope, filter: &AuditFilter, before: Option<i64>) -> Result<Entries, AppError> {
    let (rows, next) = page(scope, filter, before, PAGE).await?;
    let mut tx = scope.begin(NEEDS).await?;
    let actors = store::actors(&mut tx).await?;
    tx.commit().await?;
    Ok(Entries { items: rows.into_iter().map(Into::into).collect(), next, actors, now: scope.core().clock.now() })
}

/// Entries below a number as they are kept, and where the page after begins. Errors: `Invalid(actor)`.
pub async fn page(scope: &OrgScope, filter: &AuditFilter, below: Option<i64>, limit: i64) -> Result<(Vec<Row>, Option<i64>), AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let actor = filter.actor.as_deref().filter(|actor| !actor.is_empty()).map(actor_id).transpose()?;
    let timezone = sqlx::query_scalar!("select timezone from orgs").fetch_one(tx.conn()).await?;
    let (from, to) = zone::span(filter.from, filter.to, &timezone);
    let mut rows = store::page(&mut tx, &Asked { filter, actor, from, to }, below, limit + 1).await?;
    tx.commit().await?;
    let is_more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| is_more).map(|last| last.n);
    Ok((rows, next))
}

fn actor_id(text: &str) -> Result<Uuid, AppError> {
    let person = text.parse::<AccountId>().map(|id| id.0);
    person.or_else(|_| text.parse::<ApiKeyId>().map(|id| id.0)).map_err(|_| AppError::invalid("actor", "audit.bad_actor"))
}

/// The newest refusals.
pub async fn refusals(scope: &OrgScope) -> Result<Refusals, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let items = store::refusals(&mut tx, MOST_REFUSALS).await?;
    tx.commit().await?;
    Ok(Refusals { items, now: scope.core().clock.now() })
}

/// Follows the chain.
pub async fn check(scope: &OrgScope) -> Result<Checked, AppError> {
    let mut tx = scope.begin_snapshot(NEEDS).await?;
    let checked = chain::follow(tx.conn(), scope.org(), |_, _| {}).await?;
    if let Some(n) = checked.broken_at {
        tracing::error!(org = %scope.org(), n, "the chain of the audit log is broken");
    }
    Ok(checked)
}
