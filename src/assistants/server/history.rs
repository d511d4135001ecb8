//! Use cases of drafts and versions: save, publish, put away, look back, bring back. What is published changes here and nowhere else.

use super::{
    actions::{enqueue_push, existing, tell},
    catalogue,
    draft_store::{self, NewDraft},
    gate, store,
    version_store::{self, NewVersion, Stretch},
};
use crate::{
    assistants::{diff, model::*},
    platform::{
        OrgScope, OrgTx,
        events::{self, Happened},
    },
    shared::{error::AppError, event::EventKind, ids::AssistantId, permission::Permission},
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

/// Versions on one page of the history.
const PAGE: i64 = 20;
/// The longest stretch of calls that is counted for a version: far enough to compare, and the cost stays bounded.
const MOST_DAYS: i64 = 90;

/// Saves what was typed beside what is published; no call and no provider hears of it. What says the same as what is published is no draft.
/// Errors: `NotFound`; `Conflict("assistant_changed")` when somebody saved or published meanwhile; `Invalid` when its voice or model is not on offer.
pub async fn save_draft(scope: &OrgScope, id: AssistantId, revision: i64, settings: &Settings) -> Result<SavedDraft, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let row = unchanged(&mut tx, id, revision).await?;
    catalogue::read(&mut tx).await?.check(settings)?;
    let held = draft_store::find(&mut tx, id).await?;
    let changes = diff::changes(&row.assistant.settings, settings).len() as i64;
    let is_same = held.as_ref().map_or(&row.assistant.settings, |draft| &draft.settings) == settings;
    if is_same {
        return Ok(SavedDraft { revision, changes });
    }
    // An edited restoring is no longer that version.
    let saved = write_draft(&mut tx, id, (settings != &row.assistant.settings).then_some(settings), None).await?;
    tell(&mut tx).await?;
    tx.commit().await?;
    Ok(SavedDraft { revision: saved + row.published_revision, changes })
}

/// Puts the draft away. Errors: `NotFound`; `Conflict("assistant_changed")`.
pub async fn discard_draft(scope: &OrgScope, id: AssistantId, revision: i64) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let row = unchanged(&mut tx, id, revision).await?;
    if draft_store::find(&mut tx, id).await?.is_none() {
        return Ok(revision);
    }
    let saved = write_draft(&mut tx, id, None, None).await?;
    tell(&mut tx).await?;
    tx.commit().await?;
    Ok(saved + row.published_revision)
}

/// Makes the draft the next version, which a job pushes to the provider.
/// Errors: `NotFound`; `Conflict("assistant_changed")`; `Conflict("nothing_to_publish")`; `Invalid` when the draft came from elsewhere and is not whole;
/// `Conflict("rehearsals_missing")`, `Conflict("rehearsals_not_run")`, `Conflict("rehearsals_failed")` where rehearsals have to pass first.
pub async fn publish(scope: &OrgScope, id: AssistantId, revision: i64, why: &str) -> Result<Published, AppError> {
    let why = why.trim();
    if why.chars().count() > MOST_WHY {
        return Err(AppError::invalid("why", "assistant.why_length"));
    }
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let row = unchanged(&mut tx, id, revision).await?;
    let draft = draft_store::find(&mut tx, id).await?.filter(|draft| draft.settings != row.assistant.settings);
    let Some(draft) = draft else { return Err(AppError::conflict("nothing_to_publish")) };
    AssistantForm::of(&draft.settings).parse()?;
    catalogue::read(&mut tx).await?.check(&draft.settings)?;
    gate::pass(&mut tx, id, &draft.settings).await?;
    let (now, next) = (scope.core().clock.now(), row.published_revision + 1);
    let restored_from = draft_store::restored_from(&mut tx, id).await?;
    let new = NewVersion { settings: &draft.settings, by: scope.account(), why, restored_from };
    let n = version_store::insert(&mut tx, id, next, new, now).await?;
    let written = store::publish(&mut tx, id, &draft.settings, now).await?;
    let drafts = write_draft(&mut tx, id, None, None).await?;
    enqueue_push(&mut tx, id).await?;
    let published = json!({ "assistant": id, "version": n });
    let published = Happened::new(scope.org(), EventKind::AssistantPublished, format!("{id}:{n}"), now, published);
    events::emit(tx.conn(), &[published]).await?;
    tell(&mut tx).await?;
    tx.commit().await?;
    Ok(Published { n, revision: written + drafts })
}

/// A page of versions, newest first. Errors: `NotFound`.
pub async fn history(scope: &OrgScope, id: AssistantId, before: Option<i32>) -> Result<History, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let name = existing(&mut tx, id).await?.assistant.settings.name;
    let mut versions = version_store::page(&mut tx, id, before, PAGE + 1).await?;
    let has_more = versions.len() as i64 > PAGE;
    versions.truncate(PAGE as usize);
    let next = has_more.then(|| versions.last().map(|last| last.n)).flatten();
    let has_draft = draft_store::find(&mut tx, id).await?.is_some();
    Ok(History { name, versions, next, has_draft, now: scope.core().clock.now() })
}

/// One version, what it changed, and how calls went before and after it. Errors: `NotFound`.
pub async fn version(scope: &OrgScope, id: AssistantId, n: i32) -> Result<VersionSheet, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let assistant = existing(&mut tx, id).await?.assistant;
    let row = version_store::find(&mut tx, id, n).await?.ok_or_else(|| AppError::not_found("version"))?;
    let before = version_store::find(&mut tx, id, n - 1).await?.map(|row| row.settings);
    let now = scope.core().clock.now();
    let mut stretches = version_store::stretches(&mut tx, id, n).await?.into_iter().peekable();
    let after = match stretches.next_if(|stretch| stretch.n == n) {
        Some(stretch) => Some(count(&mut tx, id, first_days(&stretch, now)).await?),
        None => None,
    };
    let earlier = match stretches.next().filter(|_| after.is_some()) {
        Some(stretch) => Some(count(&mut tx, id, last_days(&stretch, now)).await?),
        None => None,
    };
    Ok(VersionSheet {
        catalogue: catalogue::read(&mut tx).await?,
        name: assistant.settings.name.clone(),
        is_current: row.settings == assistant.settings,
        version: row.line,
        settings: row.settings,
        before,
        has_draft: draft_store::find(&mut tx, id).await?.is_some(),
        revision: assistant.revision,
        after,
        earlier,
        now,
    })
}

/// Makes a version the draft, in the place of the one that is there. Publishing it is another step.
/// Errors: `NotFound`; `Conflict("assistant_changed")`; `Conflict("nothing_to_publish")` when it says what is published.
pub async fn restore(scope: &OrgScope, id: AssistantId, n: i32, revision: i64) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let row = unchanged(&mut tx, id, revision).await?;
    let old = version_store::find(&mut tx, id, n).await?.ok_or_else(|| AppError::not_found("version"))?;
    if old.settings == row.assistant.settings {
        return Err(AppError::conflict("nothing_to_publish"));
    }
    write_draft(&mut tx, id, Some(&old.settings), Some(n)).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// The assistant, locked, if nothing was saved or published since `revision`. Errors: `NotFound`; `Conflict("assistant_changed")`.
pub(super) async fn unchanged(tx: &mut OrgTx<'_>, id: AssistantId, revision: i64) -> Result<store::Row, AppError> {
    let row = store::lock(tx, id).await?.filter(|row| !row.is_deleted).ok_or_else(|| AppError::not_found("assistant"))?;
    if row.assistant.revision == revision { Ok(row) } else { Err(AppError::conflict("assistant_changed")) }
}

/// Writes the draft, or that there is none any longer; the draft's new revision.
pub(super) async fn write_draft(
    tx: &mut OrgTx<'_>,
    id: AssistantId,
    settings: Option<&Settings>,
    restored_from: Option<i32>,
) -> Result<i64, AppError> {
    let based_on = version_store::latest(tx, id).await?.map_or(0, |line| line.n);
    let (by, now) = (tx.scope().account(), tx.scope().core().clock.now());
    Ok(draft_store::write(tx, id, NewDraft { settings, based_on, restored_from, by }, now).await?)
}

async fn count(tx: &mut OrgTx<'_>, id: AssistantId, (n, from, to): (i32, DateTime<Utc>, DateTime<Utc>)) -> Result<CallFigures, AppError> {
    Ok(version_store::figures(tx, id, n, from, to).await?)
}

/// The beginning of a stretch, at most [`MOST_DAYS`].
fn first_days(stretch: &Stretch, now: DateTime<Utc>) -> (i32, DateTime<Utc>, DateTime<Utc>) {
    let to = stretch.to.unwrap_or(now);
    (stretch.n, stretch.from, to.min(stretch.from + Duration::days(MOST_DAYS)))
}

/// The end of a stretch, at most [`MOST_DAYS`].
fn last_days(stretch: &Stretch, now: DateTime<Utc>) -> (i32, DateTime<Utc>, DateTime<Utc>) {
    let to = stretch.to.unwrap_or(now);
    (stretch.n, stretch.from.max(to - Duration::days(MOST_DAYS)), to)
}
