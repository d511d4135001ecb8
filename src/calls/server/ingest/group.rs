//! Folding a group of deliveries into their calls: one transaction, a dozen statements, however many they are.

use super::{Kept, Told};
use crate::{
    calls::{
        model::{CallStatus, Direction, Speaker},
        server::{
            analysis,
            control::Addresses,
            fold::{Facts, NewEvent, NewLine, Reading},
            jobs::FetchRecording,
            store::{self, CallRow, Month},
        },
    },
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        events::{self, Happened},
        queue::{self, Opts},
    },
    shared::{
        event::EventKind,
        ids::{CallId, OrgId},
    },
};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// Calls whose id is remembered; a lost entry costs one look-up.
const KNOWN: usize = 20_000;

pub(super) type Known = Arc<Mutex<HashMap<(OrgId, String), CallId>>>;

/// A call's state while a group is folded into it.
struct Open {
    row: CallRow,
    before: Facts,
    first_seq: i64,
    is_changed: bool,
    lines: Vec<(i64, NewLine)>,
    events: Vec<(i64, NewEvent)>,
    /// Events that were told before.
    again: Vec<NewEvent>,
    partials: Vec<(Speaker, String)>,
}

/// Folds what was told, and takes its batches off `hook_pending`; what another process took meanwhile is left to it. Says what became of each.
pub(super) async fn fold(core: &Core, known: &Known, batches: &[Uuid], told: &[(Uuid, &Told)]) -> sqlx::Result<Vec<Kept>> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin_planned_once(core, "webhooks").await?;
    let conn = tx.conn();
    let taken =
        if batches.is_empty() { told.iter().map(|(batch, _)| *batch).collect() } else { store::take_pending(conn, batches).await? };
    let ours: Vec<&Told> = told.iter().filter(|(batch, _)| taken.contains(batch)).map(|(_, told)| *told).collect();
    let Folded { ids, kept, open, month } = into_calls(core, conn, known, &ours, now).await?;
    let repeats: Vec<_> =
        ours.iter().zip(&kept).filter(|(told, kept)| told.may_repeat && kept.is_repeat).map(|(told, _)| told.hook).collect();
    store::mark_repeats(conn, &repeats).await?;
    write(conn, month, &open).await?;
    tx.commit().await?;
    remember(known, &ours, &ids);
    super::count("duplicate", repeats.len());
    super::count("accepted", ours.len() - repeats.len());
    let mut kept = kept.into_iter();
    Ok(told.iter().map(|(batch, _)| if taken.contains(batch) { kept.next().unwrap_or_default() } else { Kept::default() }).collect())
}

/// Deliveries joined into their calls, before that is written.
struct Folded {
    ids: Vec<CallId>,
    kept: Vec<Kept>,
    open: BTreeMap<CallId, Open>,
    month: Month,
}

async fn into_calls(core: &Core, conn: &mut sqlx::PgConnection, known: &Known, ours: &[&Told], now: DateTime<Utc>) -> sqlx::Result<Folded> {
    let ids = resolve(conn, known, ours).await?;
    let month = Month::of(ids.iter().map(|id| id.time()));
    let mut open = open_calls(conn, month, &ids).await?;
    let readings: Vec<(CallId, &Reading)> = ids.iter().copied().zip(ours.iter().map(|told| &told.reading)).collect();
    let seen = store::known_keys(conn, month, &readings).await?;
    let kept: Vec<Kept> = ours
        .iter()
        .zip(&ids)
        .map(|(told, id)| match open.get_mut(id) {
            Some(call) => Kept { call: Some(*id), is_repeat: !apply(core, call, told, &seen, now) },
            None => Kept::default(), // removed since
        })
        .collect();
    Ok(Folded { ids, kept, open, month })
}

/// What one delivery changes in its call.
pub struct Change {
    pub call: CallId,
    /// Nobody knew this call.
    pub is_new: bool,
    pub before: Facts,
    pub after: Facts,
    pub lines: Vec<NewLine>,
    pub events: Vec<NewEvent>,
}

/// Folds one delivery in a transaction of the caller's, who may think better of it. Nothing when its call was removed.
pub(super) async fn fold_one(core: &Core, conn: &mut sqlx::PgConnection, told: &Told) -> sqlx::Result<Option<Change>> {
    let is_known = !store::find_refs(conn, &[key_of(told)]).await?.is_empty();
    let Folded { open, month, .. } = into_calls(core, conn, &Known::default(), &[told], core.clock.now()).await?;
    write(conn, month, &open).await?;
    Ok(open.into_values().next().map(|call| Change {
        call: call.row.id,
        is_new: !is_known && call.before == Facts::default() && call.first_seq == 0,
        after: call.row.facts.0,
        before: call.before,
        lines: call.lines.into_iter().map(|(_, line)| line).collect(),
        events: call.events.into_iter().map(|(_, event)| event).collect(),
    }))
}

/// Writes what the fold amounts to, and tells who watches.
async fn write(conn: &mut sqlx::PgConnection, month: Month, open: &BTreeMap<CallId, Open>) -> sqlx::Result<()> {
    let mut notes = Vec::new();
    let changed: Vec<&Open> = open.values().filter(|call| call.is_changed).collect();
    let mut lines = Vec::new();
    let mut events = Vec::new();
    for call in &changed {
        lines.extend(call.lines.iter().map(|(seq, line)| (&call.row, *seq, line)));
        events.extend(call.events.iter().map(|(seq, event)| (&call.row, *seq, event)));
    }
    store::insert_lines(conn, month, &lines).await?;
    store::insert_events(conn, month, &events).await?;
    let again: Vec<_> = open.values().flat_map(|call| call.again.iter().map(|event| (call.row.id, event))).collect();
    store::keep_earlier(conn, &again).await?;
    for call in &changed {
        if call.row.wants_recording_from(&call.before) {
            let job = FetchRecording { org: call.row.org_id, call: call.row.id };
            queue::enqueue(conn, &job, Opts::default().tenant(call.row.org_id.0).key(format!("recording:{}", call.row.id))).await?;
        }
        analysis::once_reported(conn, &call.row, &call.before).await?;
        notes.push(Note::Call { org: call.row.org_id, call: call.row.id, from: call.first_seq, to: call.row.last_seq });
    }
    let found_by = found_by(conn, month, &changed).await?;
    store::update_calls(conn, month, &changed.iter().map(|call| &call.row).zip(found_by).collect::<Vec<_>>()).await?;
    events::emit(conn, &changed.iter().flat_map(|call| told_by(call)).collect::<Vec<_>>()).await?;
    for call in open.values() {
        for (speaker, text) in &call.partials {
            let text = text.chars().take(1500).collect();
            notes.push(Note::Partial { org: call.row.org_id, call: call.row.id, speaker: speaker.name().into(), text });
        }
    }
    bus::publish(conn, &notes).await
}

/// What other systems hear of a call: that it has begun, and that it is over.
fn told_by(call: &Open) -> Vec<Happened> {
    let (row, facts) = (&call.row, &call.row.facts.0);
    let at = |ms: Option<i64>| ms.and_then(DateTime::from_timestamp_millis).or(row.last_event_at).unwrap_or_default();
    let told = |kind, ms| Happened::new(row.org_id, kind, row.id, at(ms), json!({ "call": row.id, "direction": facts.direction() }));
    let mut told_now = Vec::new();
    if call.before.answered_ms.is_none() && facts.answered_ms.is_some() {
        told_now.push(told(EventKind::CallStarted, facts.answered_ms));
    }
    if call.before.status() != CallStatus::Ended && facts.status() == CallStatus::Ended {
        told_now.push(told(EventKind::CallEnded, facts.ended_ms));
    }
    told_now
}

/// What search is to find each call by, where that has changed: its number as soon as it is known, its words once it is reported.
async fn found_by(conn: &mut sqlx::PgConnection, month: Month, changed: &[&Open]) -> sqlx::Result<Vec<Option<String>>> {
    let is_reported = |call: &&&Open| call.row.facts.report != call.before.report;
    let reported: Vec<CallId> = changed.iter().filter(is_reported).map(|call| call.row.id).collect();
    let words = if reported.is_empty() { HashMap::new() } else { store::words_of(conn, month, &reported).await? };
    Ok(changed
        .iter()
        .map(|call| {
            let head = || store::search_head(&call.row.facts);
            let has_new_name =
                call.row.facts.customer_number != call.before.customer_number || call.row.facts.customer_name != call.before.customer_name;
            match words.get(&call.row.id) {
                Some(words) => Some(format!("{} {words}", head())),
                None if has_new_name && call.row.facts.report.is_none() => Some(head()),
                None => None,
            }
        })
        .collect())
}

/// Joins one delivery into its call; says whether anything was new.
fn apply(core: &Core, call: &mut Open, told: &Told, seen: &store::KnownKeys, now: DateTime<Utc>) -> bool {
    let wordless;
    let reading = if call.row.is_wordless {
        wordless = told.reading.without_words();
        &wordless
    } else {
        &told.reading
    };
    let id = call.row.id;
    let mut is_new = false;
    for line in &reading.lines {
        let is_known = seen.has_line(id, &line.key) || call.lines.iter().any(|(_, known)| known.key == line.key);
        if !is_known {
            call.row.last_seq += 1;
            call.lines.push((call.row.last_seq, line.clone()));
            is_new = true;
        }
    }
    for event in &reading.events {
        if seen.has_event(id, &event.key) || call.events.iter().any(|(_, known)| known.key == event.key) {
            call.again.push(event.clone());
        } else {
            call.row.last_seq += 1;
            call.events.push((call.row.last_seq, event.clone()));
            is_new = true;
        }
    }
    let mut facts = call.row.facts.0.clone();
    facts.join(reading.facts.clone());
    if facts != call.row.facts.0 {
        is_new = true;
        call.row.facts.0 = facts;
    }
    if call.row.control_sealed.is_none()
        && let Some(addresses) = Addresses::of(reading)
    {
        call.row.control_sealed =
            addresses.seal(core, told.org).inspect_err(|error| tracing::error!(%error, "sealing a control address")).ok();
        is_new = true;
    }
    if let Some(partial) = &reading.partial {
        call.partials.push(partial.clone());
    }
    if is_new {
        call.is_changed = true;
        call.row.last_event_at = Some(now);
    }
    is_new
}

/// Which call each delivery speaks of; calls nobody knew are made.
async fn resolve(conn: &mut sqlx::PgConnection, known: &Known, told: &[&Told]) -> sqlx::Result<Vec<CallId>> {
    let mut wanted: BTreeMap<(OrgId, &str), (Option<CallId>, &Told)> = BTreeMap::new();
    {
        let known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for told in told {
            wanted.entry(key_of(told)).or_insert_with(|| (known.get(&(told.org, told.call_ref.clone())).copied(), told));
        }
    }
    let missing: Vec<(OrgId, &str)> = wanted.iter().filter(|(_, (id, _))| id.is_none()).map(|(key, _)| *key).collect();
    let mut found = if missing.is_empty() { Vec::new() } else { store::find_refs(conn, &missing).await? };
    let unknown: Vec<_> = missing.into_iter().filter(|key| !found.iter().any(|((org, call), _)| (*org, call.as_str()) == *key)).collect();
    let mut new = Vec::new();
    for key in unknown {
        let Some((_, told)) = wanted.get(&key) else { continue };
        match adopt(conn, key, &told.reading).await? {
            Some(id) => found.push(((key.0, key.1.to_owned()), id)),
            None => new.push((key, CallId::at(made_at(told)))),
        }
    }
    if !new.is_empty() {
        found.extend(store::link_new_calls(conn, &new, Direction::Inbound).await?);
    }
    for ((org, call_ref), id) in &found {
        if let Some((known, _)) = wanted.get_mut(&(*org, call_ref.as_str())) {
            *known = Some(*id);
        }
    }
    told.iter().map(|told| wanted.get(&key_of(told)).and_then(|(id, _)| *id).ok_or(sqlx::Error::RowNotFound)).collect()
}

fn key_of(told: &Told) -> (OrgId, &str) {
    (told.org, &told.call_ref)
}

/// Links a provider's call to the one of ours that it names, when that is ours indeed.
async fn adopt(conn: &mut sqlx::PgConnection, (org, call_ref): (OrgId, &str), reading: &Reading) -> sqlx::Result<Option<CallId>> {
    match reading.our_call {
        Some(id) if store::is_call_of(conn, org, id).await? => store::link_ref(conn, org, call_ref, id).await.map(Some),
        _ => Ok(None),
    }
}

/// The provider's own time when it is believable, so that a call keeps its place in the log however late we hear of it.
fn made_at(told: &Told) -> DateTime<Utc> {
    let said = told.reading.created_ms.and_then(DateTime::from_timestamp_millis);
    said.filter(|at| (told.at - *at).num_hours().abs() < 24).unwrap_or(told.at)
}

async fn open_calls(conn: &mut sqlx::PgConnection, month: Month, ids: &[CallId]) -> sqlx::Result<BTreeMap<CallId, Open>> {
    let mut wanted = ids.to_vec();
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = store::lock_calls(conn, month, &wanted).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let open = Open {
                before: row.facts.0.clone(),
                first_seq: row.last_seq,
                is_changed: false,
                lines: vec![],
                events: vec![],
                again: vec![],
                partials: vec![],
                row,
            };
            (open.row.id, open)
        })
        .collect())
}

fn remember(known: &Known, told: &[&Told], ids: &[CallId]) {
    let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if known.len() > KNOWN {
        known.clear();
    }
    for (told, id) in told.iter().zip(ids) {
        known.insert((told.org, told.call_ref.clone()), *id);
    }
}
