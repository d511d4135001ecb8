//! The calls of a seed: spread over the weeks as real ones are, written in order of time by `COPY`.

use super::{
    copy::{Rows, is_direct, without_triggers},
    dice::Dice,
    orgs::SeededOrg,
    talk::{Person, Talk, talk},
    trades::{FICTION, FIRST_NAMES, LAST_NAMES, TRADES},
};
use crate::{
    calls::{
        model::{Direction, Line, Outcome},
        server::{analysis::rules, figures::count_all},
    },
    platform::{Core, SystemTx},
};
use anyhow::Context;
use chrono::{DateTime, Datelike, Duration, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Paris;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use uuid::Uuid;

/// Calls per transaction.
const BATCH: usize = 5_000;
/// Calls of each hour of a day, from 7 to 20: a peak at nine, a dip at noon.
const HOURS: [u32; 14] = [4, 12, 18, 15, 12, 6, 7, 12, 13, 11, 9, 6, 3, 1];
/// So many calls of each organisation are of today.
const TODAY: usize = 14;
/// Monday to Sunday.
const WEEKDAYS: [u32; 7] = [22, 18, 17, 17, 16, 8, 2];

/// Where a call belongs, before it is told.
#[derive(Clone, Copy)]
struct Slot {
    at_ms: i64,
    org: u32,
    call: u32,
}

/// Writes `calls` calls, shared between the organisations, over the last weeks up to `now`.
pub async fn write(core: &Core, orgs: &[SeededOrg], calls: usize, seed: u64, now: DateTime<Utc>) -> anyhow::Result<()> {
    if orgs.is_empty() || calls == 0 {
        return Ok(());
    }
    let days = days(calls / orgs.len());
    let slots = slots(orgs.len(), calls, seed, now, days);
    let months = i32::try_from(days / 28 + 3).unwrap_or(15);
    sqlx::query("select zencall_make_partitions(($1::timestamptz - make_interval(days => $2))::date, $3)")
        .bind(now)
        .bind(i32::try_from(days).unwrap_or(365))
        .bind(months)
        .execute(&core.pool)
        .await
        .context("making partitions")?;
    let (orgs, slots, next) = (Arc::new(orgs.to_vec()), Arc::new(slots), Arc::new(AtomicUsize::new(0)));
    let mut hands = tokio::task::JoinSet::new();
    for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, 4) {
        let (core, orgs, slots, next) = (core.clone(), orgs.clone(), slots.clone(), next.clone());
        hands.spawn(async move {
            loop {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                if from >= slots.len() {
                    return anyhow::Ok(());
                }
                let to = (from + BATCH).min(slots.len());
                let (told, slots) = (orgs.clone(), slots.clone());
                let batch = tokio::task::spawn_blocking(move || Batch::told(&told, &slots[from..to], seed)).await?;
                batch.write(&core).await?;
                tracing::info!(calls = to, of = next.load(Ordering::Relaxed), "seeding");
            }
        });
    }
    while let Some(hand) = hands.join_next().await {
        hand??;
    }
    sqlx::query("analyze calls, call_lines, call_events, call_refs").execute(&core.pool).await?;
    count(core, &orgs).await
}

/// The figures of what was written: at once, so that no duty is busy with it later.
async fn count(core: &Core, orgs: &[SeededOrg]) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = orgs.iter().map(|org| org.id.0).collect();
    let mut tx = SystemTx::begin(core, "invented calls are to be counted").await?;
    sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
    sqlx::query("insert into calls_to_count (call_id) select id from calls where org_id = any($1) order by created_at")
        .bind(ids)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    count_all(core).await?;
    sqlx::query("analyze call_counted, call_quarters, call_marks").execute(&core.pool).await?;
    Ok(())
}

/// How many days the calls of one organisation are spread over: about thirty a day, from a month to a year.
fn days(calls: usize) -> i64 {
    i64::try_from(calls / 30).unwrap_or(365).clamp(30, 365)
}

fn slots(orgs: usize, calls: usize, seed: u64, now: DateTime<Utc>, days: i64) -> Vec<Slot> {
    let mut slots: Vec<Slot> = (0..calls)
        .map(|index| {
            let (org, call) = (index % orgs, index / orgs);
            let mut dice = Dice::of(&[seed, 1, org as u64, call as u64]);
            let at = if call < TODAY { today(&mut dice, now) } else { moment(&mut dice, now, days) };
            Slot { at_ms: at.timestamp_millis(), org: org as u32, call: call as u32 }
        })
        .collect();
    slots.sort_unstable_by_key(|slot| (slot.at_ms, slot.org, slot.call));
    slots
}

/// A moment of today, so that the first look is at a day with calls, whichever day it is.
fn today(dice: &mut Dice, now: DateTime<Utc>) -> DateTime<Utc> {
    let latest = now - Duration::minutes(15);
    let at = |hour| {
        now.with_timezone(&Paris)
            .date_naive()
            .and_hms_opt(hour, 30, 0)
            .and_then(|at| Paris.from_local_datetime(&at).earliest())
            .map(|at| at.to_utc())
    };
    let opening = at(7).filter(|opening| *opening < latest - Duration::hours(1)).unwrap_or(latest - Duration::hours(4));
    opening + Duration::milliseconds(dice.between(0, (latest - opening).num_milliseconds()))
}

/// A moment of the last days, by weekday and hour of Paris; a quarter of an hour ago at the latest, so that the call is over.
fn moment(dice: &mut Dice, now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    let latest = now - Duration::minutes(15);
    loop {
        let day = (now.with_timezone(&Paris) - Duration::days(dice.between(0, days - 1))).date_naive();
        let weight = WEEKDAYS[day.weekday().num_days_from_monday() as usize];
        if dice.below(22) >= u64::from(weight) {
            continue;
        }
        let hour = 7 + dice.weighted(&HOURS) as u32;
        let second = hour * 3600 + dice.below(3600) as u32;
        let Some(time) = NaiveTime::from_num_seconds_from_midnight_opt(second, 0) else { continue };
        let Some(at) = Paris.from_local_datetime(&day.and_time(time)).earliest() else { continue };
        let at = at.to_utc() + Duration::milliseconds(dice.between(0, 999));
        if at < latest {
            return at;
        }
        // Today is not over: what would be later comes earlier, or on another day.
        if dice.chance(20) {
            let today = latest - Duration::minutes(dice.between(0, 240));
            return today;
        }
    }
}

/// Which call, and its moments.
struct Of {
    id: Uuid,
    org: Uuid,
    created: DateTime<Utc>,
    rang: DateTime<Utc>,
    answered: Option<DateTime<Utc>>,
    ended: DateTime<Utc>,
}

/// The rows of some calls.
struct Batch {
    calls: Rows,
    refs: Rows,
    lines: Rows,
    events: Rows,
    /// Of the demonstration only: elsewhere somebody asks for them.
    analyses: Rows,
}

impl Batch {
    fn told(orgs: &[SeededOrg], slots: &[Slot], seed: u64) -> Self {
        let mut batch = Self {
            calls: Rows::new(
                "calls",
                "id, org_id, assistant_id, number_id, direction, status, customer_number, customer_name, our_number, rang_at, answered_at, ended_at, duration_s, \
                 ended_reason, outcome, summary, success, cost_micro_usd, cost_breakdown, transferred_to, has_report, settled, last_event_at, last_seq, last_line, \
                 last_speaker, dial, search_text, is_demo, created_at",
            ),
            refs: Rows::new("call_refs", "org_id, provider_call_id, call_id"),
            lines: Rows::new("call_lines", "call_id, org_id, seq, source, speaker, line_key, text, at_ms, end_ms, created_at"),
            events: Rows::new("call_events", "call_id, org_id, seq, kind, event_key, detail, at_ms, created_at"),
            analyses: Rows::new("call_analyses", "call_id, org_id, source, language, claims, made_at, created_at"),
        };
        for slot in slots {
            batch.tell(&orgs[slot.org as usize], *slot, seed);
        }
        batch
    }

    fn tell(&mut self, org: &SeededOrg, slot: Slot, seed: u64) {
        let mut dice = Dice::of(&[seed, 2, u64::from(slot.org), u64::from(slot.call)]);
        let trade = &TRADES[org.trade];
        // About four calls a person, so that a page of a call shows others of the same number.
        let contact = dice.below(u64::from(org.calls / 4).max(3));
        let (person, number) = contact_of(seed, slot.org, contact);
        let talk = talk(&mut dice, trade, &org.name, &person, &org.transfer_to);
        let Some(created) = DateTime::from_timestamp_millis(slot.at_ms) else { return };
        let id = id_at(slot.at_ms, &mut dice);
        let rang = created + TimeDelta::milliseconds(400);
        let answered = talk.answered_s.map(|_| rang + seconds(talk.rang_s));
        let ended = answered.unwrap_or(rang + seconds(talk.rang_s)) + seconds(talk.answered_s.unwrap_or(0.0));
        let of = Of { id, org: org.id.0, created, rang, answered, ended };
        let (last_seq, lines) = self.happenings(&of, &talk);
        if org.is_demo {
            self.analyse(&of, &lines, talk.outcome);
        }
        let is_outbound = talk.direction == Direction::Outbound;
        let assistant = if is_outbound { org.outbound } else { org.reception };
        let name = format!("{} {}", person.first, person.last);
        let is_known = is_outbound || !contact.is_multiple_of(3);
        let costs = costs(&talk);
        let cost: i64 = costs.iter().map(|(_, cost)| cost).sum();
        let breakdown = serde_json::to_string(&costs).unwrap_or_default();
        let last = talk.lines.last();
        let national = format!("0{}", &number[3..]);
        let mut search =
            format!("{number} {national} {} {}", if is_known { name.as_str() } else { "" }, talk.summary.as_deref().unwrap_or_default());
        for line in &talk.lines {
            search.push(' ');
            search.push_str(&line.text);
        }
        self.calls
            .uuid(id)
            .uuid(org.id.0)
            .uuid(assistant.0)
            .uuid(org.number_id.0)
            .text(talk.direction.name())
            .text("ended")
            .text(&number)
            .maybe(is_known.then_some(name.as_str()))
            .text(&org.number)
            .time(rang);
        match answered {
            Some(answered) => self.calls.time(answered),
            None => self.calls.null(),
        };
        self.calls.time(ended);
        match talk.answered_s {
            Some(length) => self.calls.number(length.round() as i64),
            None => self.calls.null(),
        };
        self.calls
            .text(talk.ended_reason)
            .text(talk.outcome.name())
            .maybe(talk.summary.as_deref())
            .maybe(talk.success)
            .number(cost)
            .text(&breakdown)
            .maybe(talk.transferred_to.as_deref())
            .flag(true)
            .flag(true)
            .time(ended)
            .number(last_seq)
            .maybe(last.map(|last| last.text.as_str()))
            .maybe(last.map(|last| last.speaker.name()))
            .maybe(is_outbound.then_some("placed"))
            .text(&search.to_lowercase())
            .flag(org.is_demo)
            .time(created)
            .end();
        self.refs.uuid(org.id.0).text(&Uuid::from_u128(u128::from(dice.bits()) << 64 | u128::from(dice.bits())).to_string()).uuid(id).end();
    }

    /// What the rules find in the words, as the job would.
    fn analyse(&mut self, of: &Of, lines: &[Line], outcome: Outcome) {
        let found = rules::analyse(lines, of.answered.unwrap_or(of.created).timestamp_millis(), Some(outcome));
        let claims = serde_json::to_string(&found.claims).unwrap_or_default();
        self.analyses.uuid(of.id).uuid(of.org).text("rules").maybe(found.language).text(&claims).time(of.ended).time(of.created).end();
    }

    /// Lines and events in one sequence, in the order they happened; returns the last number, and the lines.
    fn happenings(&mut self, of: &Of, talk: &Talk) -> (i64, Vec<Line>) {
        let (mut seq, mut lines) = (0, Vec::new());
        self.event(of, &mut seq, "status", "status:queued", json!({ "status": "queued" }), of.created);
        self.event(of, &mut seq, "status", "status:ringing", json!({ "status": "ringing" }), of.rang);
        if let Some(answered) = of.answered {
            self.event(of, &mut seq, "status", "status:live", json!({ "status": "live" }), answered);
            let mut tool = talk.tool.as_ref();
            for line in &talk.lines {
                if let Some(used) = tool.take_if(|used| used.at_s <= line.from_s) {
                    let at = answered + seconds(used.at_s);
                    let asked =
                        json!({ "id": "call_1", "name": "take_message", "arguments": { "message": used.message, "urgent": used.urgent } });
                    self.event(of, &mut seq, "tool", "tool:call_1", asked, at);
                    self.event(
                        of,
                        &mut seq,
                        "tool_result",
                        "result:call_1",
                        json!({ "id": "call_1", "name": "take_message", "result": "ok" }),
                        at + seconds(0.2),
                    );
                }
                seq += 1;
                let (from, to) = ((answered + seconds(line.from_s)).timestamp_millis(), (answered + seconds(line.to_s)).timestamp_millis());
                let speaker = line.speaker.name();
                self.lines
                    .uuid(of.id)
                    .uuid(of.org)
                    .number(seq)
                    .text("report")
                    .text(speaker)
                    .text(&format!("r:{speaker}:{from}"))
                    .text(&line.text);
                self.lines.number(from).number(to).time(of.created).end();
                lines.push(Line { seq, speaker: line.speaker, text: line.text.clone(), at_ms: from, end_ms: Some(to), settled: true });
            }
            if let Some(to) = &talk.transferred_to {
                self.event(of, &mut seq, "transfer", &format!("transferred:{to}"), json!({ "to": to }), of.ended);
            }
        }
        self.event(of, &mut seq, "status", "status:ended", json!({ "status": "ended" }), of.ended);
        (seq, lines)
    }

    fn event(&mut self, of: &Of, seq: &mut i64, kind: &str, key: &str, detail: Value, at: DateTime<Utc>) {
        *seq += 1;
        self.events
            .uuid(of.id)
            .uuid(of.org)
            .number(*seq)
            .text(kind)
            .text(key)
            .text(&detail.to_string())
            .number(at.timestamp_millis())
            .time(of.created)
            .end();
    }

    async fn write(self, core: &Core) -> anyhow::Result<()> {
        let mut tx = SystemTx::begin(core, "a seed writes invented calls").await?;
        let direct = is_direct(tx.conn()).await?;
        without_triggers(tx.conn()).await?;
        sqlx::query("set local synchronous_commit = off").execute(tx.conn()).await?;
        sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
        for rows in [self.calls, self.refs, self.lines, self.events, self.analyses] {
            rows.write(tx.conn(), direct).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn seconds(length: f64) -> TimeDelta {
    TimeDelta::milliseconds((length * 1000.0).round() as i64)
}

/// A person of an organisation's circle, always with the same number.
fn contact_of(seed: u64, org: u32, contact: u64) -> (Person, String) {
    let mut dice = Dice::of(&[seed, 3, u64::from(org), contact]);
    let (first, title) = *dice.pick(FIRST_NAMES);
    let last = *dice.pick(LAST_NAMES);
    let number = format!("{}{:04}", dice.pick(FICTION), dice.below(10_000));
    (Person { first, last, title }, number)
}

/// A UUIDv7 of this millisecond.
fn id_at(at_ms: i64, dice: &mut Dice) -> Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&dice.bits().to_be_bytes());
    bytes[8..].copy_from_slice(&dice.bits().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at_ms).unwrap_or(0), &bytes).into_uuid()
}

/// What the parts of a call cost, in micro-dollars: by the minute, nothing when nobody answered but the line.
fn costs(talk: &Talk) -> Vec<(&'static str, i64)> {
    let minutes = talk.answered_s.unwrap_or(0.0) / 60.0;
    if minutes == 0.0 {
        return vec![("transport", 1_000)];
    }
    [("transport", 9_500.0), ("stt", 10_000.0), ("llm", 21_000.0), ("tts", 18_000.0), ("vapi", 50_000.0)]
        .into_iter()
        .map(|(part, a_minute)| (part, (a_minute * minutes).round() as i64))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_the_past_and_mostly_in_office_hours() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 17, 0, 0).single().unwrap_or_default();
        let slots = slots(3, 3_000, 7, now, 30);
        assert!(slots.is_sorted_by_key(|slot| slot.at_ms));
        assert!(slots.iter().all(|slot| slot.at_ms < now.timestamp_millis() && slot.at_ms > (now - Duration::days(31)).timestamp_millis()));
        let sundays = slots
            .iter()
            .filter(|slot| DateTime::from_timestamp_millis(slot.at_ms).is_some_and(|at| at.weekday() == chrono::Weekday::Sun))
            .count();
        assert!(sundays < slots.len() / 8, "{sundays}");
        assert_eq!(slots.len(), 3_000);
    }

    #[test]
    fn an_id_carries_the_moment_of_its_call() {
        let id = id_at(1_790_000_000_123, &mut Dice::of(&[1]));
        assert_eq!(crate::shared::ids::uuid_time(id).timestamp_millis(), 1_790_000_000_123);
        assert_eq!(id.get_version_num(), 7);
    }
}
