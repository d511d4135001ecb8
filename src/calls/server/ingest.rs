//! From a verified webhook to rows: journal and fold in one transaction, many deliveries at a time.
//!
//! Deliveries of one call always go to the same lane; a lane commits whatever waits as one group, so a busy minute costs few commits.
//! The answer to the provider leaves after the commit. There is no "to be applied" state: what is journalled is folded.
//! A delivery whose data cannot be stored is journalled as `dead`, alone, and costs the others one retry. While the database is in trouble
//! nothing is dead: the provider is told to send again.

use super::{
    control::Addresses,
    fold::{Facts, Reading},
    store::{self, CallRow, JournalRow, Month},
};
use crate::{
    calls::model::Direction,
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        failpoint,
        queue::{self, Opts},
    },
    shared::{
        error::AppError,
        ids::{CallId, OrgId},
    },
};
use chrono::{DateTime, Utc};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Two: one gathers and writes while the other waits for the disk. More only make smaller groups, since a `NOTIFY` lets one transaction
/// of the database commit at a time.
const LANES: usize = 2;
const GROUP: usize = 128;
/// Under load a lane waits this long for a group of this size: each group costs the database a dozen statements, however few it holds.
const GATHER: Duration = Duration::from_millis(3);
const WORTH_IT: usize = 16;
/// A group of so many says that there is load.
const LOAD: usize = 3;
/// Between a try that met a broken connection or a lost lock and the next.
const BREATH: Duration = Duration::from_millis(50);
/// Calls whose id is remembered; a lost entry costs one look-up.
const KNOWN: usize = 20_000;

/// One attempt to deliver, judged.
pub struct Delivery {
    pub journal: JournalRow,
    /// Present when it was accepted.
    pub accepted: Option<Accepted>,
}

/// What an accepted delivery says.
pub struct Accepted {
    pub org: OrgId,
    pub reading: Reading,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The call it speaks of.
    pub call: Option<CallId>,
    /// Everything it says was known.
    pub is_repeat: bool,
}

struct Waiting {
    delivery: Delivery,
    answer: oneshot::Sender<Result<Kept, AppError>>,
}

type Known = Arc<Mutex<HashMap<(OrgId, String), CallId>>>;

/// The lanes. Cheap to clone; they end when the last handle is dropped.
#[derive(Clone)]
pub struct Ingest {
    lanes: Arc<[mpsc::Sender<Waiting>]>,
}

impl Ingest {
    /// Starts the lanes.
    pub fn start(core: &Core) -> Self {
        let known = Known::default();
        let lanes = (0..LANES).map(|_| {
            let (sender, receiver) = mpsc::channel(1024);
            tokio::spawn(lane(core.clone(), receiver, known.clone()));
            sender
        });
        Self { lanes: lanes.collect() }
    }

    /// Journals, folds, and returns once it is committed. Errors: the database's.
    pub async fn keep(&self, delivery: Delivery) -> Result<Kept, AppError> {
        let mut hasher = DefaultHasher::new();
        match delivery.accepted.as_ref().and_then(|accepted| accepted.reading.call_ref.as_ref()) {
            Some(call) => call.hash(&mut hasher),
            None => delivery.journal.id.hash(&mut hasher),
        }
        let lane = &self.lanes[hasher.finish() as usize % self.lanes.len()];
        let (answer, kept) = oneshot::channel();
        let gone = |_| AppError::internal("the ingest lane has ended");
        lane.send(Waiting { delivery, answer }).await.map_err(|_| gone(()))?;
        kept.await.map_err(|_| gone(()))?
    }
}

async fn lane(core: Core, mut inbox: mpsc::Receiver<Waiting>, known: Known) {
    let mut group = Vec::with_capacity(GROUP);
    let mut is_loaded = false;
    while inbox.recv_many(&mut group, GROUP).await > 0 {
        if is_loaded {
            gather(&mut inbox, &mut group).await;
        }
        is_loaded = group.len() >= LOAD;
        let (deliveries, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|waiting| (waiting.delivery, waiting.answer)).unzip();
        let kept = match keep_patiently(&core, &known, &deliveries).await {
            Ok(kept) => kept.into_iter().map(Ok).collect(),
            Err(error) if !is_of_the_data(&error) => {
                tracing::error!(%error, deliveries = deliveries.len(), "webhooks could not be kept; they have to be sent again");
                deliveries.iter().map(|_| Err(AppError::internal("the database is in trouble"))).collect()
            }
            Err(error) if deliveries.len() > 1 => {
                tracing::warn!(%error, deliveries = deliveries.len(), "a group could not be kept, trying each alone");
                keep_each(&core, &known, &deliveries).await
            }
            Err(error) => vec![keep_dead(&core, &deliveries[0], error).await],
        };
        for (answer, kept) in answers.into_iter().zip(kept) {
            let _ = answer.send(kept); // the sender may have hung up; the row is there
        }
    }
}

/// Lets a group grow a little.
async fn gather(inbox: &mut mpsc::Receiver<Waiting>, group: &mut Vec<Waiting>) {
    let until = tokio::time::Instant::now() + GATHER;
    while group.len() < WORTH_IT {
        match tokio::time::timeout_at(until, inbox.recv_many(group, GROUP)).await {
            Ok(1..) => {}
            _ => return,
        }
    }
}

/// Keeps a group; a connection that broke, a lock that was lost, is worth a second try before the provider is troubled.
async fn keep_patiently(core: &Core, known: &Known, deliveries: &[Delivery]) -> sqlx::Result<Vec<Kept>> {
    match keep_group(core, known, deliveries).await {
        Err(error) if !is_of_the_data(&error) => {
            tracing::warn!(%error, deliveries = deliveries.len(), "a group could not be kept, trying it again");
            tokio::time::sleep(BREATH).await;
            keep_group(core, known, deliveries).await
        }
        kept => kept,
    }
}

/// Whether trying again is no use: the values themselves are refused (SQLSTATE classes 22 and 23), or cannot be written at all.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(told) => told.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23")),
        sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

async fn keep_each(core: &Core, known: &Known, deliveries: &[Delivery]) -> Vec<Result<Kept, AppError>> {
    let mut all = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        all.push(match keep_patiently(core, known, std::slice::from_ref(delivery)).await {
            Ok(kept) => Ok(kept.first().copied().unwrap_or(Kept { call: None, is_repeat: false })),
            Err(error) if is_of_the_data(&error) => keep_dead(core, delivery, error).await,
            Err(error) => Err(error.into()),
        });
    }
    all
}

/// The last resort: the journal row alone, marked so that a person looks. When even that fails the provider is told to send again.
async fn keep_dead(core: &Core, delivery: &Delivery, error: sqlx::Error) -> Result<Kept, AppError> {
    let row = JournalRow { outcome: "dead", reason: Some(error.to_string().chars().take(500).collect()), ..delivery.journal.clone() };
    let mut tx = SystemTx::begin(core, "a webhook that could not be applied").await?;
    store::insert_journal(tx.conn(), Month::ANY, &[&row], &[row.outcome], &[None]).await?;
    tx.commit().await?;
    metrics::counter!("zencall_webhook_events_total", "outcome" => "dead").increment(1);
    tracing::error!(hook = %row.id, %error, "a webhook could not be applied and was set aside");
    Ok(Kept { call: None, is_repeat: false })
}

/// A call's state while a group is folded into it.
struct Open {
    row: CallRow,
    before: Facts,
    first_seq: i64,
    is_changed: bool,
    lines: Vec<(i64, super::fold::NewLine)>,
    events: Vec<(i64, super::fold::NewEvent)>,
    /// Events that were told before.
    again: Vec<super::fold::NewEvent>,
    partials: Vec<(crate::calls::model::Speaker, String)>,
}

async fn keep_group(core: &Core, known: &Known, deliveries: &[Delivery]) -> sqlx::Result<Vec<Kept>> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin_planned_once(core, "webhooks").await?;
    let conn = tx.conn();
    let ids = resolve(conn, known, deliveries, now).await?;
    let month = Month::of(ids.iter().flatten().map(|id| id.time()).chain(deliveries.iter().map(|delivery| delivery.journal.at)));
    let mut open = open_calls(conn, month, &ids).await?;
    let seen = store::known_keys(conn, month, &keys(deliveries, &ids)).await?;
    failpoint::reach("calls::event_parsed");

    let mut kept = Vec::with_capacity(deliveries.len());
    for (delivery, id) in deliveries.iter().zip(&ids) {
        let (Some(accepted), Some(call)) = (&delivery.accepted, id.and_then(|id| open.get_mut(&id))) else {
            kept.push(Kept { call: *id, is_repeat: false });
            continue;
        };
        let is_new = apply(core, call, accepted, &seen, now);
        kept.push(Kept { call: *id, is_repeat: !is_new });
    }

    let rows: Vec<&JournalRow> = deliveries.iter().map(|delivery| &delivery.journal).collect();
    let outcomes: Vec<&'static str> = rows.iter().zip(&kept).map(|(row, kept)| row.outcome_when(kept.is_repeat)).collect();
    store::insert_journal(conn, month, &rows, &outcomes, &ids).await?;
    failpoint::reach("calls::inserted");
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
            let job = super::jobs::FetchRecording { org: call.row.org_id, call: call.row.id };
            queue::enqueue(conn, &job, Opts::default().tenant(call.row.org_id.0).key(format!("recording:{}", call.row.id))).await?;
        }
        notes.push(Note::Call { org: call.row.org_id, call: call.row.id, from: call.first_seq, to: call.row.last_seq });
    }
    let found_by = found_by(conn, month, &changed).await?;
    store::update_calls(conn, month, &changed.iter().map(|call| &call.row).zip(found_by).collect::<Vec<_>>()).await?;
    for call in open.values() {
        for (speaker, text) in &call.partials {
            let text = text.chars().take(1500).collect();
            notes.push(Note::Partial { org: call.row.org_id, call: call.row.id, speaker: speaker.name().into(), text });
        }
    }
    bus::publish(conn, &notes).await?;
    tx.commit().await?;
    failpoint::reach("calls::committed");
    remember(known, deliveries, &ids);
    count(&outcomes);
    Ok(kept)
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
fn apply(core: &Core, call: &mut Open, accepted: &Accepted, seen: &store::KnownKeys, now: DateTime<Utc>) -> bool {
    let reading = &accepted.reading;
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
            addresses.seal(core, accepted.org).inspect_err(|error| tracing::error!(%error, "sealing a control address")).ok();
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
async fn resolve(
    conn: &mut sqlx::PgConnection,
    known: &Known,
    deliveries: &[Delivery],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Option<CallId>>> {
    let mut wanted: BTreeMap<(OrgId, String), Option<CallId>> = BTreeMap::new();
    {
        let known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for key in deliveries.iter().filter_map(key_of) {
            let id = known.get(&key).copied();
            wanted.insert(key, id);
        }
    }
    let missing: Vec<&(OrgId, String)> = wanted.iter().filter(|(_, id)| id.is_none()).map(|(key, _)| key).collect();
    if !missing.is_empty() {
        let found = store::find_refs(conn, &missing).await?;
        for (key, id) in found {
            wanted.insert(key, Some(id));
        }
    }
    let mut adopted = Vec::new();
    let mut new = Vec::new();
    for (key, _) in wanted.iter().filter(|(_, id)| id.is_none()) {
        let Some(accepted) =
            deliveries.iter().filter_map(|d| d.accepted.as_ref()).find(|a| a.org == key.0 && a.reading.call_ref.as_ref() == Some(&key.1))
        else {
            continue;
        };
        match adopt(conn, key, &accepted.reading).await? {
            Some(id) => adopted.push((key.clone(), id)),
            None => new.push((key, CallId::at(made_at(&accepted.reading, now)))),
        }
    }
    if !new.is_empty() {
        adopted.extend(store::link_new_calls(conn, &new, Direction::Inbound).await?);
    }
    wanted.extend(adopted.into_iter().map(|(key, id)| (key, Some(id))));
    Ok(deliveries.iter().map(|delivery| key_of(delivery).and_then(|key| wanted.get(&key).copied().flatten())).collect())
}

fn key_of(delivery: &Delivery) -> Option<(OrgId, String)> {
    let accepted = delivery.accepted.as_ref()?;
    Some((accepted.org, accepted.reading.call_ref.clone()?))
}

/// Links a provider's call to the one of ours that it names, when that is ours indeed.
async fn adopt(conn: &mut sqlx::PgConnection, (org, call_ref): &(OrgId, String), reading: &Reading) -> sqlx::Result<Option<CallId>> {
    match reading.our_call {
        Some(id) if store::is_call_of(conn, *org, id).await? => store::link_ref(conn, *org, call_ref, id).await.map(Some),
        _ => Ok(None),
    }
}

/// The provider's own time when it is believable, so that a call keeps its place in the log however late we hear of it.
fn made_at(reading: &Reading, now: DateTime<Utc>) -> DateTime<Utc> {
    reading.created_ms.and_then(DateTime::from_timestamp_millis).filter(|at| (now - *at).num_hours().abs() < 24).unwrap_or(now)
}

async fn open_calls(conn: &mut sqlx::PgConnection, month: Month, ids: &[Option<CallId>]) -> sqlx::Result<BTreeMap<CallId, Open>> {
    let mut wanted: Vec<CallId> = ids.iter().flatten().copied().collect();
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

fn keys<'a>(deliveries: &'a [Delivery], ids: &[Option<CallId>]) -> Vec<(CallId, &'a Reading)> {
    deliveries.iter().zip(ids).filter_map(|(delivery, id)| Some((((*id)?), &delivery.accepted.as_ref()?.reading))).collect()
}

fn remember(known: &Known, deliveries: &[Delivery], ids: &[Option<CallId>]) {
    let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if known.len() > KNOWN {
        known.clear();
    }
    for (delivery, id) in deliveries.iter().zip(ids) {
        if let (Some(key), Some(id)) = (key_of(delivery), id) {
            known.insert(key, *id);
        }
    }
}

fn count(outcomes: &[&'static str]) {
    for outcome in outcomes {
        metrics::counter!("zencall_webhook_events_total", "outcome" => *outcome).increment(1);
    }
}
