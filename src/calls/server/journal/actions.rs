//! Use cases of the journal of incoming webhooks.

use super::{changes, store};
use crate::{
    calls::{
        journal::model::{HookFilter, HookPage, HookSheet, HookState, MOST_AGAIN, Replayed, Which},
        server::{
            fold,
            ingest::{self, Again},
        },
    },
    platform::{OrgScope, OrgTx},
    shared::{
        audit::{Act, Object},
        error::AppError,
        ids::HookId,
        permission::Permission,
    },
};
use serde_json::{Value, json};
use std::collections::HashMap;

const NEEDS: Permission = Permission::WebhooksManage;
const PAGE: i64 = 50;

/// A page of deliveries, newest first.
pub async fn list(scope: &OrgScope, filter: &HookFilter, before: Option<HookId>, limit: Option<i64>) -> Result<HookPage, AppError> {
    scope.require(NEEDS)?;
    let limit = limit.unwrap_or(PAGE).clamp(1, 200);
    let waiting = ingest::waiting(scope.core(), scope.org()).await?;
    let mut tx = scope.begin(NEEDS).await?;
    let mut items = store::page(&mut tx, filter, before, &waiting, limit + 1).await?;
    let is_more = items.len() as i64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or_default());
    let next = items.last().filter(|_| is_more).map(|last| last.id);
    Ok(HookPage { items, next, now: scope.core().clock.now() })
}

/// One with all that is kept of it. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, hook: HookId) -> Result<HookSheet, AppError> {
    scope.require(NEEDS)?;
    let waiting = ingest::waiting(scope.core(), scope.org()).await?;
    let mut tx = scope.begin(NEEDS).await?;
    let (row, body, particulars) = store::find(&mut tx, hook, &waiting).await?.ok_or_else(|| AppError::not_found("delivery"))?;
    let is_replayable = row.state != HookState::Rejected && row.call_ref.is_some() && body.as_deref().and_then(message).is_some();
    Ok(HookSheet { row, particulars, body, is_replayable, now: scope.core().clock.now() })
}

/// What would change if deliveries were applied once more, or has changed: without `is_dry` it is done, and who did it is noted. Doing it twice
/// changes nothing more. Errors: `Invalid`; `NotFound`; `Conflict("hook_rejected")`: what is not proven is never applied.
pub async fn replay(scope: &OrgScope, which: &Which, is_dry: bool) -> Result<Replayed, AppError> {
    let filter = match which {
        Which::One(hook) => Chosen::One(*hook),
        Which::Range(form, after) => {
            scope.require(NEEDS)?; // before a word is said about the form
            Chosen::Range(form.parse()?, *after)
        }
    };
    replay_chosen(scope, filter, is_dry).await
}

/// Deliveries to be applied once more, understood.
pub enum Chosen {
    One(HookId),
    Range(HookFilter, Option<HookId>),
}

/// See [`replay`].
pub async fn replay_chosen(scope: &OrgScope, chosen: Chosen, is_dry: bool) -> Result<Replayed, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let mut found = match chosen {
        Chosen::One(hook) => vec![one(&mut tx, hook).await?],
        Chosen::Range(filter, after) => store::all_kept(&mut tx, &of_range(filter)?, after, MOST_AGAIN as i64 + 1).await?,
    };
    let is_more = found.len() > MOST_AGAIN;
    found.truncate(MOST_AGAIN);
    let next = found.last().filter(|_| is_more).map(|last| last.id);
    if !is_dry {
        // First, so that who only looks writes nothing, and an attempt that fails is known, too.
        let hooks: Vec<HookId> = found.iter().map(|kept| kept.id).collect();
        store::mark_replayed(&mut tx, &hooks, scope.core().clock.now()).await?;
        tx.note(Act::Replayed, Object::Delivery, None, Some(json!({ "incoming": hooks }))).await?;
    }
    tx.commit().await?;
    let replayed = Replayed { next, ..fold_again(scope, found, is_dry).await? };
    if !is_dry {
        let (calls, refused) = (replayed.calls.len(), replayed.refused.len());
        tracing::info!(org = %scope.org(), actor = ?scope.actor(), deliveries = replayed.deliveries, calls, refused, "webhooks were applied once more");
    }
    Ok(replayed)
}

async fn one(tx: &mut OrgTx<'_>, hook: HookId) -> Result<store::Kept, AppError> {
    let found = store::kept(tx, hook).await?.ok_or_else(|| AppError::not_found("delivery"))?;
    if found.outcome == "rejected" { Err(AppError::conflict("hook_rejected")) } else { Ok(found) }
}

/// What was set aside, unless what was applied is asked for.
fn of_range(filter: HookFilter) -> Result<HookFilter, AppError> {
    match filter.state {
        None => Ok(HookFilter { state: Some(HookState::Dead), ..filter }),
        Some(HookState::Dead | HookState::Applied) => Ok(filter),
        Some(_) => Err(AppError::invalid("state", "journal.filter")),
    }
}

/// Folds them call by call, each call in a transaction of its own.
async fn fold_again(scope: &OrgScope, found: Vec<store::Kept>, is_dry: bool) -> Result<Replayed, AppError> {
    let mut replayed = Replayed { deliveries: found.len() as i64, ..Replayed::default() };
    let mut order = Vec::new();
    let mut by_call: HashMap<String, Vec<Again>> = HashMap::new();
    for kept in found {
        let Some(again) = readable(kept) else {
            replayed.skipped += 1;
            continue;
        };
        if !by_call.contains_key(&again.call_ref) {
            order.push(again.call_ref.clone());
        }
        by_call.entry(again.call_ref.clone()).or_default().push(again);
    }
    for call_ref in order {
        let deliveries = by_call.remove(&call_ref).unwrap_or_default();
        let hooks: Vec<HookId> = deliveries.iter().map(|again| again.hook).collect();
        let outcomes = ingest::again(scope.core(), scope.org(), deliveries, is_dry).await?;
        changes::tell(&mut replayed, call_ref, &hooks, outcomes, is_dry);
    }
    Ok(replayed)
}

fn readable(kept: store::Kept) -> Option<Again> {
    let call_ref = kept.provider_call_id.filter(|_| kept.outcome != "rejected")?;
    let reading = fold::read(&message(&kept.body?)?, kept.created_at.timestamp_millis());
    Some(Again { hook: kept.id, at: kept.created_at, call_ref, reading })
}

/// The message that a kept body is; nothing when it is the beginning of something.
fn message(body: &str) -> Option<Value> {
    serde_json::from_str(body).ok().filter(Value::is_object)
}
