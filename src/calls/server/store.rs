//! Every SQL statement that writes calls. Verbs over rows, no rules.
//! Statements of the ingest path take many rows at once, so a group of webhooks is a handful of round trips, and they name the month's partition
//! themselves: over the parent, every statement would open the tables of all months to use one.

use super::fold::{Facts, NewEvent, NewLine, Reading, Report};
use crate::{
    calls::model::{Direction, LiveAction, Outcome, RecordingState, UseKind},
    platform::OrgTx,
    shared::ids::{AccountId, ActionId, AssistantId, CallId, HookId, NumberId, OrgId, UseId},
};
use chrono::{DateTime, Datelike, Utc};
use sqlx::{AssertSqlSafe, PgConnection, types::Json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The partition the rows of a group lie in; nothing when they lie in several, or when the writer is a tenant, who may name parents only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(Option<(i32, u32)>);

impl Month {
    /// Wherever the rows belong.
    pub const ANY: Self = Self(None);

    /// The month all these moments share.
    pub fn of(moments: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        let mut months = moments.into_iter().map(|at| (at.year(), at.month()));
        let first = months.next();
        Self(first.filter(|first| months.all(|month| month == *first)))
    }

    /// As `zencall_make_partitions` names it.
    fn table(self, parent: &str) -> String {
        self.0.map_or_else(|| parent.to_owned(), |(year, month)| format!("{parent}_y{year:04}m{month:02}"))
    }
}

/// A row of the webhook journal.
#[derive(Clone, Debug)]
pub struct JournalRow {
    pub id: HookId,
    pub org: Option<OrgId>,
    /// `accepted`, `duplicate`, `rejected`, `dead`.
    pub outcome: &'static str,
    pub reason: Option<String>,
    pub kind: Option<String>,
    pub call_ref: Option<String>,
    /// Redacted.
    pub body: Option<String>,
    pub body_bytes: i32,
    pub ip: String,
    pub at: DateTime<Utc>,
}

impl JournalRow {
    /// A delivery of this kind that says nothing new was delivered before; others are mere rhythm.
    pub fn may_repeat(&self) -> bool {
        let is_rhythm = matches!(
            self.kind.as_deref(),
            Some("speech-update" | "conversation-update" | "model-output" | "voice-input" | "assistant.started")
        );
        !is_rhythm && self.body.is_some() && self.outcome == "accepted"
    }
}

/// A call's row, as the fold needs it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CallRow {
    pub id: CallId,
    pub org_id: OrgId,
    pub facts: Json<Facts>,
    pub last_seq: i64,
    pub last_event_at: Option<DateTime<Utc>>,
    pub control_sealed: Option<Vec<u8>>,
    pub recording: RecordingState,
    pub is_web_or_outbound: bool,
    pub reconciled: i32,
    /// What was said is erased, and stays so whatever is told again.
    pub is_wordless: bool,
}

impl CallRow {
    /// The report has just said that there is a recording.
    pub fn wants_recording_from(&self, before: &Facts) -> bool {
        let has = |facts: &Facts| facts.report.as_ref().is_some_and(|report| report.has_recording);
        has(&self.facts.0) && !has(before) && self.recording == RecordingState::None
    }
}

/// Keys of lines and events that are in the tables already.
#[derive(Default)]
pub struct KnownKeys {
    lines: HashSet<(CallId, String)>,
    events: HashSet<(CallId, String)>,
}

impl KnownKeys {
    /// A line with this key is stored.
    pub fn has_line(&self, call: CallId, key: &str) -> bool {
        self.lines.contains(&(call, key.to_owned()))
    }
    /// An event with this key is stored.
    pub fn has_event(&self, call: CallId, key: &str) -> bool {
        self.events.contains(&(call, key.to_owned()))
    }
}

/// What a group of webhooks proves, until it is folded.
#[derive(Debug, sqlx::FromRow)]
pub struct Pending {
    pub id: Uuid,
    /// JSON.
    pub told: String,
    #[sqlx(rename = "created_at")]
    pub at: DateTime<Utc>,
}

/// Journals rows, and with them what is to be folded.
pub async fn insert_journal(conn: &mut PgConnection, month: Month, rows: &[&JournalRow], pending: Option<&Pending>) -> sqlx::Result<()> {
    let hook_journal = month.table("hook_journal");
    sqlx::query(AssertSqlSafe(format!(
        "with waiting as (
           insert into hook_pending (id, told, created_at) select $11::uuid, $12::text, $13::timestamptz where $11 is not null
         )
         insert into {hook_journal} (id, org_id, outcome, reason, kind, provider_call_id, body, body_bytes, ip, created_at)
         select id, org_id, outcome, reason, kind, ref, body, bytes, ip::inet, at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[], $10::timestamptz[])
           as t (id, org_id, outcome, reason, kind, ref, body, bytes, ip, at)",
    )))
    .bind(rows.iter().map(|row| row.id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.org.map(|org| org.0)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.outcome).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.kind.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.call_ref.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.body.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.body_bytes).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.ip.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
    .bind(pending.map(|pending| pending.id))
    .bind(pending.map(|pending| pending.told.as_str()))
    .bind(pending.map(|pending| pending.at))
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes what is about to be folded, unless another transaction took it: returns what is ours.
pub async fn take_pending(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<HashSet<Uuid>> {
    let taken: Vec<Uuid> = sqlx::query_scalar("delete from hook_pending where id = any($1) returning id").bind(ids).fetch_all(conn).await?;
    Ok(taken.into_iter().collect())
}

/// What has waited since before `before`, longest first.
pub async fn old_pending(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Pending>> {
    sqlx::query_as("select id, told, created_at from hook_pending where created_at < $1 order by created_at limit $2")
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await
}

/// Those of these that wait still.
pub async fn pending(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Pending>> {
    sqlx::query_as("select id, told, created_at from hook_pending where id = any($1) order by created_at").bind(ids).fetch_all(conn).await
}

/// Lets one wait as if it had come at `at`.
pub async fn put_off(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update hook_pending set created_at = $2, updated_at = now() where id = $1", id, at).execute(conn).await?;
    Ok(())
}

/// Deliveries that told nothing new.
pub async fn mark_repeats(conn: &mut PgConnection, hooks: &[HookId]) -> sqlx::Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    sqlx::query("update hook_journal set outcome = 'duplicate', updated_at = now() where id = any($1)")
        .bind(hooks.iter().map(|hook| hook.0).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}

/// A delivery that could not be applied, and why.
pub async fn mark_dead(conn: &mut PgConnection, hook: HookId, reason: &str) -> sqlx::Result<()> {
    sqlx::query!("update hook_journal set outcome = 'dead', reason = $2, updated_at = now() where id = $1", hook as HookId, reason)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deliveries that were applied once more: what was set aside is so no longer.
pub async fn mark_reapplied(conn: &mut PgConnection, hooks: &[HookId]) -> sqlx::Result<()> {
    sqlx::query!(
        "update hook_journal set outcome = 'accepted', reason = 'reapplied', updated_at = now() where id = any($1) and outcome = 'dead'",
        &hooks.iter().map(|hook| hook.0).collect::<Vec<_>>()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Calls by organisation and provider's id.
pub async fn find_refs(conn: &mut PgConnection, keys: &[(OrgId, &str)]) -> sqlx::Result<Vec<((OrgId, String), CallId)>> {
    let rows: Vec<(OrgId, String, CallId)> = sqlx::query_as(
        "select r.org_id, r.provider_call_id, r.call_id from call_refs r
         join unnest($1::uuid[], $2::text[]) as k (org_id, ref) on r.org_id = k.org_id and r.provider_call_id = k.ref",
    )
    .bind(keys.iter().map(|(org, _)| org.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, call)| *call).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(org, call_ref, id)| ((org, call_ref), id)).collect())
}

/// Writes who a provider's id belongs to, or returns who had it first.
pub async fn link_ref(conn: &mut PgConnection, org: OrgId, call_ref: &str, call: CallId) -> sqlx::Result<CallId> {
    sqlx::query_scalar(
        "insert into call_refs (org_id, provider_call_id, call_id) values ($1, $2, $3)
         on conflict (org_id, provider_call_id) do update set updated_at = now() returning call_id",
    )
    .bind(org)
    .bind(call_ref)
    .bind(call)
    .fetch_one(conn)
    .await
}

/// The same for calls that are new to us, whose rows are made with it. Keys are told in order, so that two groups do not wait for each other.
pub async fn link_new_calls(
    conn: &mut PgConnection,
    calls: &[((OrgId, &str), CallId)],
    direction: Direction,
) -> sqlx::Result<Vec<((OrgId, String), CallId)>> {
    let rows: Vec<(OrgId, String, CallId)> = sqlx::query_as(
        "with told as (
           select * from unnest($1::uuid[], $2::text[], $3::uuid[]) as told (org_id, ref, call_id)
         ), linked as (
           insert into call_refs (org_id, provider_call_id, call_id) select org_id, ref, call_id from told
           on conflict (org_id, provider_call_id) do update set updated_at = now() returning org_id, provider_call_id, call_id
         ), made as (
           insert into calls (id, org_id, direction, status, created_at)
           select call_id, linked.org_id, $4, 'queued', uuid_time(call_id) from linked join told using (call_id) on conflict do nothing
         )
         select org_id, provider_call_id, call_id from linked",
    )
    .bind(calls.iter().map(|((org, _), _)| org.0).collect::<Vec<_>>())
    .bind(calls.iter().map(|((_, call_ref), _)| *call_ref).collect::<Vec<_>>())
    .bind(calls.iter().map(|(_, call)| call.0).collect::<Vec<_>>())
    .bind(direction)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(org, call_ref, id)| ((org, call_ref), id)).collect())
}

pub async fn is_call_of(conn: &mut PgConnection, org: OrgId, call: CallId) -> sqlx::Result<bool> {
    let found: Option<i32> = sqlx::query_scalar("select 1 from calls where id = $1 and created_at = uuid_time($1) and org_id = $2")
        .bind(call)
        .bind(org)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// The sealed addresses of calls that are not over, locked until the end of the transaction.
pub async fn lock_controls(conn: &mut PgConnection) -> sqlx::Result<Vec<(CallId, OrgId, Vec<u8>)>> {
    sqlx::query_as(
        "select id, org_id, control_sealed from calls where not settled and status <> 'ended' and control_sealed is not null order by id for update",
    )
    .fetch_all(conn)
    .await
}

/// The same addresses, sealed otherwise.
pub async fn reseal_control(conn: &mut PgConnection, call: CallId, control: &[u8]) -> sqlx::Result<()> {
    sqlx::query("update calls set control_sealed = $2, updated_at = now() where id = $1 and created_at = uuid_time($1)")
        .bind(call)
        .bind(control)
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks calls in the order of their ids, so that no two groups wait for each other.
pub async fn lock_calls(conn: &mut PgConnection, month: Month, ids: &[CallId]) -> sqlx::Result<Vec<CallRow>> {
    let calls = month.table("calls");
    sqlx::query_as(AssertSqlSafe(format!(
        "select c.id, c.org_id, c.facts, c.last_seq, c.last_event_at, c.control_sealed, c.recording, c.direction <> 'inbound' as is_web_or_outbound, c.reconciled,
           c.words_erased_at is not null as is_wordless
         from unnest($1::uuid[], $2::timestamptz[]) as k (id, at) join {calls} c on c.id = k.id and c.created_at = k.at
         order by c.id for update of c",
    )))
    .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(ids.iter().map(|id| id.time()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await
}

/// Which of the lines and events about to be written are there already.
pub async fn known_keys(conn: &mut PgConnection, month: Month, readings: &[(CallId, &Reading)]) -> sqlx::Result<KnownKeys> {
    let lines = readings.iter().flat_map(|(call, reading)| reading.lines.iter().map(|line| (*call, true, line.key.as_str())));
    let events = readings.iter().flat_map(|(call, reading)| reading.events.iter().map(|event| (*call, false, event.key.as_str())));
    let keys: Vec<(CallId, bool, &str)> = lines.chain(events).collect();
    let mut known = KnownKeys::default();
    if keys.is_empty() {
        return Ok(known);
    }
    let (call_lines, call_events) = (month.table("call_lines"), month.table("call_events"));
    let rows: Vec<(CallId, bool, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "with k as (select * from unnest($1::uuid[], $2::timestamptz[], $3::bool[], $4::text[]) as k (id, at, is_line, key))
         select k.id, true, k.key from k join {call_lines} l on l.call_id = k.id and l.created_at = k.at and l.line_key = k.key where k.is_line
         union all
         select k.id, false, k.key from k join {call_events} e on e.call_id = k.id and e.created_at = k.at and e.event_key = k.key where not k.is_line",
    )))
    .bind(keys.iter().map(|(call, ..)| call.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|(call, ..)| call.time()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, is_line, _)| *is_line).collect::<Vec<_>>())
    .bind(keys.iter().map(|(.., key)| *key).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    for (call, is_line, key) in rows {
        if is_line {
            known.lines.insert((call, key))
        } else {
            known.events.insert((call, key))
        };
    }
    Ok(known)
}

pub async fn insert_lines(conn: &mut PgConnection, month: Month, lines: &[(&CallRow, i64, &NewLine)]) -> sqlx::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let call_lines = month.table("call_lines");
    sqlx::query(AssertSqlSafe(format!(
        "insert into {call_lines} (call_id, org_id, seq, source, speaker, line_key, text, at_ms, end_ms, created_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::timestamptz[])",
    )))
    .bind(lines.iter().map(|(call, ..)| call.id.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|(call, ..)| call.org_id.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, seq, _)| *seq).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| if line.settled { "report" } else { "live" }).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| line.speaker.name()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| line.key.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| line.text.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| line.at_ms).collect::<Vec<_>>())
    .bind(lines.iter().map(|(.., line)| line.end_ms).collect::<Vec<_>>())
    .bind(lines.iter().map(|(call, ..)| call.id.time()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_events(conn: &mut PgConnection, month: Month, events: &[(&CallRow, i64, &NewEvent)]) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let call_events = month.table("call_events");
    sqlx::query(AssertSqlSafe(format!(
        "insert into {call_events} (call_id, org_id, seq, kind, event_key, detail, at_ms, created_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[], $8::timestamptz[])",
    )))
    .bind(events.iter().map(|(call, ..)| call.id.0).collect::<Vec<_>>())
    .bind(events.iter().map(|(call, ..)| call.org_id.0).collect::<Vec<_>>())
    .bind(events.iter().map(|(_, seq, _)| *seq).collect::<Vec<_>>())
    .bind(events.iter().map(|(.., event)| event.kind.as_ref()).collect::<Vec<_>>())
    .bind(events.iter().map(|(.., event)| event.key.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|(.., event)| Json(&event.detail)).collect::<Vec<_>>())
    .bind(events.iter().map(|(.., event)| event.at_ms).collect::<Vec<_>>())
    .bind(events.iter().map(|(call, ..)| call.id.time()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Of several tellings of one event the earliest stands, whichever came first; of those of one moment, the one that sorts first.
pub async fn keep_earlier(conn: &mut PgConnection, again: &[(CallId, &NewEvent)]) -> sqlx::Result<()> {
    if again.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update call_events e set at_ms = n.at_ms, detail = n.detail, updated_at = now()
         from (select distinct on (id, key) * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::jsonb[], $5::bigint[]) as n (id, at, key, detail, at_ms)
           order by id, key, at_ms, detail) n
         where e.call_id = n.id and e.created_at = n.at and e.event_key = n.key and (n.at_ms, n.detail) < (e.at_ms, e.detail)",
    )
    .bind(again.iter().map(|(call, _)| call.0).collect::<Vec<_>>())
    .bind(again.iter().map(|(call, _)| call.time()).collect::<Vec<_>>())
    .bind(again.iter().map(|(_, event)| event.key.as_str()).collect::<Vec<_>>())
    .bind(again.iter().map(|(_, event)| Json(&event.detail)).collect::<Vec<_>>())
    .bind(again.iter().map(|(_, event)| event.at_ms).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The words of calls as they are stored now, for search: those of the report where it brought any, else those heard live.
pub async fn words_of(conn: &mut PgConnection, month: Month, calls: &[CallId]) -> sqlx::Result<HashMap<CallId, String>> {
    let call_lines = month.table("call_lines");
    let rows: Vec<(CallId, Option<String>)> = sqlx::query_as(AssertSqlSafe(format!(
        "select k.id, (
           select lower(string_agg(l.text, ' ' order by l.at_ms)) from {call_lines} l
           where l.call_id = k.id and l.created_at = k.at and l.source = case when exists (
             select from {call_lines} r where r.call_id = k.id and r.created_at = k.at and r.source = 'report') then 'report' else 'live' end
         ) from unnest($1::uuid[], $2::timestamptz[]) as k (id, at)",
    )))
    .bind(calls.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(calls.iter().map(|id| id.time()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id, words)| (id, words.unwrap_or_default())).collect())
}

/// Writes what the facts of each call amount to, and what search finds where that is told. The names of assistants and numbers are found by
/// the provider's ids, inside the organisation.
pub async fn update_calls(conn: &mut PgConnection, month: Month, rows: &[(&CallRow, Option<String>)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ms = |at: Option<i64>| at.and_then(DateTime::from_timestamp_millis);
    let search: Vec<Option<&str>> = rows.iter().map(|(_, search)| search.as_deref()).collect();
    let rows: Vec<&CallRow> = rows.iter().map(|(row, _)| *row).collect();
    let calls = month.table("calls");
    // What is over is to be counted: noted by the same statement, once for the whole group.
    let is_any_over = rows.iter().any(|row| row.facts.0.status().is_over());
    let noted = if is_any_over {
        "with noted as (insert into calls_to_count (call_id) select o.id from unnest($1::uuid[], $7::text[]) as o (id, status) where o.status = 'ended')"
    } else {
        ""
    };
    sqlx::query(AssertSqlSafe(format!(
        r#"
        {noted}
        update {calls} c set
          facts = n.facts, last_seq = n.last_seq, last_event_at = n.last_event_at, control_sealed = n.control,
          status = n.status,
          direction = case when c.dial is not null then c.direction else n.direction end,
          customer_number = coalesce(n.customer_number, c.customer_number),
          customer_name = coalesce(n.customer_name, c.customer_name),
          our_number = coalesce(n.our_number, c.our_number),
          assistant_id = case when c.assistant_id is null and n.assistant_ref is not null
            then (select a.id from assistants a where a.provider_id = n.assistant_ref and a.org_id = c.org_id) else c.assistant_id end,
          number_id = case when c.number_id is null and n.number_ref is not null
            then (select p.id from phone_numbers p where p.provider_id = n.number_ref and p.org_id = c.org_id) else c.number_id end,
          rang_at = n.rang_at, answered_at = n.answered_at, ended_at = n.ended_at, duration_s = n.duration_s,
          ended_reason = n.ended_reason, outcome = n.outcome, summary = n.summary, success = n.success,
          cost_micro_usd = n.cost, cost_breakdown = n.costs, transferred_to = n.handed_to,
          has_report = n.has_report, settled = n.has_report, last_line = n.last_line, last_speaker = n.last_speaker,
          recording = case when n.has_recording and c.recording = 'none' and c.recording_erased_at is null then 'awaited' else c.recording end,
          dial = case when c.dial in ('wanted', 'placing', 'unknown') then 'placed' else c.dial end,
          search_text = coalesce(n.search, c.search_text),
          updated_at = now()
        from unnest($1::uuid[], $2::timestamptz[], $3::jsonb[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::text[], $8::text[], $9::text[], $10::text[],
          $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::int[], $18::text[], $19::text[], $20::text[],
          $21::text[], $22::bigint[], $23::jsonb[], $24::text[], $25::bool[], $26::text[], $27::text[], $28::bool[], $29::text[])
          as n (id, at, facts, last_seq, last_event_at, control, status, direction, customer_number, customer_name, our_number, assistant_ref, number_ref,
            rang_at, answered_at, ended_at, duration_s, ended_reason, outcome, summary, success, cost, costs, handed_to, has_report, last_line, last_speaker,
            has_recording, search)
        where c.id = n.id and c.created_at = n.at
        "#,
    )))
    .bind(rows.iter().map(|row| row.id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.id.time()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.facts).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.last_seq).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.last_event_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.control_sealed.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.status().name()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.direction().name()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.customer_number.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.customer_name.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.our_number.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.assistant_ref.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.number_ref.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| ms(row.facts.0.rang_ms)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| ms(row.facts.0.answered())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| ms(row.facts.0.ended())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.duration_s()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.ended_reason()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.outcome().map(Outcome::name)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).and_then(|report| report.summary.as_deref())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).and_then(|report| report.success.as_deref())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).and_then(|report| report.cost_micro_usd)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).map(|report| Json(&report.costs))).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.handed_to.as_ref().map(|(_, to)| to.as_str())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).is_some()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.last_words.as_ref().map(|(.., words)| words.as_str())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.facts.0.last_words.as_ref().map(|(_, speaker, _)| speaker.name())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| report(row).is_some_and(|report| report.has_recording)).collect::<Vec<_>>())
    .bind(search)
    .execute(conn)
    .await?;
    Ok(())
}

fn report(row: &CallRow) -> Option<&Report> {
    row.facts.0.report.as_ref()
}

/// What search finds besides the words: the number as digits and with its plus, the name, the summary.
pub fn search_head(facts: &Facts) -> String {
    let number = facts.customer_number.as_deref().unwrap_or_default();
    let national = number.strip_prefix("+33").map(|rest| format!(" 0{rest}")).unwrap_or_default();
    let name = facts.customer_name.as_deref().unwrap_or_default().to_lowercase();
    let summary = facts.report.as_ref().and_then(|report| report.summary.as_deref()).unwrap_or_default().to_lowercase();
    format!("{number}{national} {name} {summary}")
}

/// A new call that we are about to place.
pub async fn insert_outbound(
    tx: &mut OrgTx<'_>,
    id: CallId,
    assistant: AssistantId,
    number: Option<NumberId>,
    customer: &str,
    name: Option<&str>,
    by: Option<AccountId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into calls (id, assistant_id, number_id, direction, status, customer_number, customer_name, dial, started_by, created_at, search_text)
         values ($1, $2, $3, 'outbound', 'queued', $4, $5, 'wanted', $6, $7, lower($4 || ' ' || coalesce($5, '')))",
        id as CallId,
        assistant as AssistantId,
        number.map(|number| number.0),
        customer,
        name,
        by.map(|by| by.0),
        id.time(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a person does to a live call, before it is done.
pub async fn insert_action(tx: &mut OrgTx<'_>, id: ActionId, call: CallId, by: Option<AccountId>, action: &LiveAction) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into call_actions (id, call_id, account_id, kind, detail) values ($1, $2, $3, $4, $5)",
        id as ActionId,
        call as CallId,
        by.map(|by| by.0),
        action.name(),
        Json(action) as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What came of it.
pub async fn settle_action(conn: &mut PgConnection, id: ActionId, outcome: &str, error: Option<&str>) -> sqlx::Result<()> {
    sqlx::query!("update call_actions set outcome = $2, error = $3, updated_at = now() where id = $1", id as ActionId, outcome, error)
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds an event of our own to a call's sequence, once per key, and returns the range for the news.
pub async fn append_event(conn: &mut PgConnection, call: CallId, event: &NewEvent) -> sqlx::Result<Option<(i64, i64)>> {
    let Some(row) = lock_calls(conn, Month::ANY, &[call]).await?.into_iter().next() else { return Ok(None) };
    let is_known: Option<i32> =
        sqlx::query_scalar("select 1 from call_events where call_id = $1 and created_at = uuid_time($1) and event_key = $2")
            .bind(call)
            .bind(&event.key)
            .fetch_optional(&mut *conn)
            .await?;
    if is_known.is_some() {
        return Ok(None);
    }
    let seq = row.last_seq + 1;
    insert_events(conn, Month::ANY, &[(&row, seq, event)]).await?;
    sqlx::query!("update calls set last_seq = $2, updated_at = now() where id = $1 and created_at = uuid_time($1)", call as CallId, seq)
        .execute(conn)
        .await?;
    Ok(Some((row.last_seq, seq)))
}

/// Somebody hears a recording, or takes it away; what they did of the same kind since `since` is the same use. Says whether it is a new one.
pub async fn note_use(
    conn: &mut PgConnection,
    id: UseId,
    call: CallId,
    by: Option<AccountId>,
    kind: UseKind,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "insert into recording_uses (id, call_id, account_id, kind, created_at)
         select $1, $2, $3, $4, $5 where not exists (
           select from recording_uses where call_id = $2 and account_id is not distinct from $3 and kind = $4 and created_at > $6)",
        id as UseId,
        call as CallId,
        by.map(|by| by.0),
        kind.name(),
        now,
        since
    )
    .execute(conn)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Has calls counted anew in the figures.
pub async fn recount(conn: &mut PgConnection, calls: &[CallId]) -> sqlx::Result<()> {
    sqlx::query("select zencall_recount($1)").bind(calls.iter().map(|id| id.0).collect::<Vec<_>>()).execute(conn).await?;
    Ok(())
}

/// What an event of a call's timeline says, by its key.
pub async fn event_detail(conn: &mut PgConnection, call: CallId, key: &str) -> sqlx::Result<Option<serde_json::Value>> {
    let found: Option<Json<serde_json::Value>> =
        sqlx::query_scalar("select detail from call_events where call_id = $1 and created_at = uuid_time($1) and event_key = $2")
            .bind(call)
            .bind(key)
            .fetch_optional(conn)
            .await?;
    Ok(found.map(|detail| detail.0))
}

/// Marks whether the assistant is silenced.
pub async fn set_muted(conn: &mut PgConnection, call: CallId, muted: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "update calls set assistant_muted = $2, updated_at = now() where id = $1 and created_at = uuid_time($1)",
        call as CallId,
        muted
    )
    .execute(conn)
    .await?;
    Ok(())
}
