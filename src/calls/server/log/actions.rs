//! Use cases of the log.

use super::{snippet::snippet, store};
use crate::{
    calls::{
        log::model::*,
        model::{CallCard, CallFilter},
        server::{actions as calls, analysis, read},
    },
    platform::OrgScope,
    shared::{
        error::AppError,
        ids::{CallId, NoteId, TagId, ViewId},
        page::{Page, PageRequest},
        permission::Permission,
    },
    work::server::{actions::hands_in, give, mentions, store as work},
};
use std::collections::HashMap;

/// Views one person may keep.
const MOST_VIEWS: i64 = 30;

/// One page of the log. Errors: `Invalid(after)` for a cursor we did not give.
pub async fn read(scope: &OrgScope, filter: &CallFilter, page: &PageRequest) -> Result<Page<LogRow>, AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let reader = store::begin_reading(&mut tx, now).await?;
    tx.commit().await?;
    let Page { items, next } = calls::list(scope, filter, page).await?;
    let ids: Vec<CallId> = items.iter().map(|card| card.id).collect();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let tags = store::tags(tx.conn()).await?;
    let tags_of = store::tags_of(tx.conn(), &ids).await?;
    let opened = match reader {
        Some((account, _)) => store::opened_of(tx.conn(), account, &ids).await?,
        None => ids.iter().copied().collect(),
    };
    let searched = read::searched(filter.q.as_deref().unwrap_or_default());
    let patterns = read::words(filter.q.as_deref().unwrap_or_default());
    let said = if patterns.is_empty() { HashMap::new() } else { store::lines_with(tx.conn(), &ids, &patterns).await? };
    let works = work::of_calls(&mut tx, &ids).await?;
    tx.commit().await?;
    let is_unread = |card: &CallCard| reader.is_some_and(|(_, since)| card.created_at > since) && !opened.contains(&card.id);
    let rows = items.into_iter().map(|card| LogRow {
        tags: tags.iter().filter(|tag| tags_of.get(&card.id).is_some_and(|of| of.contains(&tag.id))).cloned().collect(),
        is_unread: is_unread(&card),
        work: works.iter().find(|work| work.call == card.id).cloned(),
        found: found(&card, said.get(&card.id), &searched),
        card,
    });
    Ok(Page { items: rows.collect(), next })
}

/// Where the words were said: in a line, else in the summary.
fn found(card: &CallCard, line: Option<&(i64, String)>, words: &[String]) -> Option<Snippet> {
    let in_line = || line.and_then(|(seq, text)| Some(Snippet { seq: Some(*seq), pieces: snippet(text, words)? }));
    let in_summary = || Some(Snippet { seq: None, pieces: snippet(card.summary.as_deref()?, words)? });
    in_line().or_else(in_summary)
}

/// Tags, views and numbers.
pub async fn desk(scope: &OrgScope) -> Result<Desk, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let tags = store::tags(tx.conn()).await?;
    let views = store::views(tx.conn(), scope.account(), scope.may(Permission::OrgManage)).await?;
    let numbers = store::numbers(tx.conn()).await?;
    let hands = hands_in(&mut tx).await?;
    tx.commit().await?;
    Ok(Desk { tags, views, numbers, hands })
}

/// Somebody looks at a call. Who sees Zencall as another role leaves no trace in the log.
pub async fn opened(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let Some(account) = scope.account().filter(|_| !scope.is_viewing()) else { return Ok(()) };
    let mut tx = scope.begin(Permission::CallsRead).await?;
    store::opened(tx.conn(), account, call).await?;
    tx.commit().await
}

/// Everything in the log counts as read.
pub async fn mark_all_read(scope: &OrgScope) -> Result<(), AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    if let Some(account) = scope.account() {
        store::read_until(&mut tx, account, now).await?;
    }
    tx.commit().await
}

/// Keeps a filter under a name. Errors: `Invalid(name)`; `Conflict("too_many_views")`; `Unauthenticated` for a program.
pub async fn save_view(scope: &OrgScope, name: &str, is_shared: bool, filter: &CallFilter) -> Result<ViewId, AppError> {
    let id = ViewId::at(scope.core().clock.now());
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let account = scope.account().ok_or(AppError::Unauthenticated)?;
    let name = short_name(name)?;
    if store::count_views(tx.conn(), account).await? >= MOST_VIEWS {
        return Err(AppError::conflict("too_many_views"));
    }
    store::insert_view(tx.conn(), id, account, &name, is_shared, filter).await?;
    tx.commit().await?;
    Ok(id)
}

/// Removes a view. Errors: `NotFound`.
pub async fn delete_view(scope: &OrgScope, view: ViewId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    if !store::delete_view(tx.conn(), view, scope.account(), scope.may(Permission::OrgManage)).await? {
        return Err(AppError::not_found("view"));
    }
    tx.commit().await
}

/// Puts a tag on calls; says on how many it is new. Errors: `Invalid(name)`, `Invalid(calls)`.
pub async fn tag(scope: &OrgScope, calls: &[CallId], name: &str) -> Result<i64, AppError> {
    let new = TagId::at(scope.core().clock.now());
    let mut tx = scope.begin(Permission::CallsNote).await?;
    some(calls)?;
    let name = short_name(name)?;
    let tag = store::tag_named(tx.conn(), new, &name, scope.account()).await?;
    let put = store::put_tag(tx.conn(), tag, calls).await?;
    tx.commit().await?;
    Ok(count(put))
}

/// Takes a tag off calls; says off how many.
pub async fn untag(scope: &OrgScope, calls: &[CallId], tag: TagId) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::CallsNote).await?;
    some(calls)?;
    let taken = store::take_tag(tx.conn(), tag, calls).await?;
    tx.commit().await?;
    Ok(count(taken))
}

/// What analysing these calls again would cost at most.
pub async fn price(scope: &OrgScope, calls: &[CallId]) -> Result<Price, AppError> {
    let mut tx = scope.begin(Permission::CallsAnalyse).await?;
    some(calls)?;
    let sizes = store::sizes(tx.conn(), calls).await?;
    tx.commit().await?;
    analysis::actions::price(scope, &sizes.iter().map(|(_, characters)| *characters).collect::<Vec<_>>()).await
}

/// Has these calls analysed again; says how many. Those that are not over are left out.
pub async fn analyse(scope: &OrgScope, calls: &[CallId]) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::CallsAnalyse).await?;
    some(calls)?;
    let asked = analysis::actions::ask_in(&mut tx, calls).await?;
    tx.commit().await?;
    Ok(asked)
}

/// What was written beside a call.
pub async fn notes(scope: &OrgScope, call: CallId) -> Result<Vec<Note>, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let notes = store::notes(tx.conn(), call, scope.account()).await?;
    tx.commit().await?;
    Ok(notes)
}

/// Writes beside a call. Errors: `Invalid(text)`; `NotFound`.
pub async fn add_note(scope: &OrgScope, call: CallId, text: &str, second: Option<f32>) -> Result<NoteId, AppError> {
    let id = NoteId::at(scope.core().clock.now());
    let mut tx = scope.begin(Permission::CallsNote).await?;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 2000 || text.contains('\0') {
        return Err(AppError::invalid("text", "note.text_length"));
    }
    let second = second.filter(|second| second.is_finite() && (0.0..86_400.0).contains(second));
    if !store::insert_note(tx.conn(), id, call, scope.account(), second, text).await? {
        return Err(AppError::not_found("call"));
    }
    mentions::keep(&mut tx, id, call, text).await?;
    tx.commit().await?;
    Ok(id)
}

/// Removes a note of one's own. Errors: `NotFound`.
pub async fn delete_note(scope: &OrgScope, note: NoteId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsNote).await?;
    let account = scope.account().ok_or(AppError::Unauthenticated)?;
    let call = store::delete_note(tx.conn(), note, account).await?.ok_or_else(|| AppError::not_found("note"))?;
    give::tell(&mut tx, call).await?;
    tx.commit().await
}

/// Not none, and not more than are worked on at once. Errors: `Invalid(calls)`.
pub fn some(calls: &[CallId]) -> Result<(), AppError> {
    if (1..=MOST_AT_ONCE).contains(&calls.len()) { Ok(()) } else { Err(AppError::invalid("calls", "calls.bad_selection")) }
}

fn short_name(name: &str) -> Result<String, AppError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > 40 || name.contains('\0') {
        return Err(AppError::invalid("name", "log.name_length"));
    }
    Ok(name)
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
