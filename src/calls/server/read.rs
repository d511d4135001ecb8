//! Every SQL statement that reads calls for people: cards, pages of the log, lines, events, figures.

use crate::{
    assistants::model::TransferEntry,
    calls::model::*,
    platform::OrgTx,
    shared::{
        ids::{AccountId, AssistantId, CallId},
        money::MicroUsd,
    },
    work::model::mark_of,
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use std::collections::{BTreeMap, HashMap};

/// What a card is made of; every reader of cards begins with these columns.
const CARD: &str = "select c.id, c.direction, c.status, c.outcome, c.customer_number, c.customer_name, c.our_number, c.assistant_id, a.name as assistant_name,
    c.created_at, c.answered_at, c.ended_at, c.duration_s, c.last_line, c.last_speaker, c.summary, c.cost_micro_usd, c.recording, c.assistant_muted,
    c.last_seq, c.is_demo
    from calls c left join assistants a on a.id = c.assistant_id ";

fn card(row: &PgRow) -> sqlx::Result<CallCard> {
    Ok(CallCard {
        id: row.try_get("id")?,
        direction: row.try_get("direction")?,
        status: row.try_get("status")?,
        outcome: row.try_get("outcome")?,
        customer_number: row.try_get("customer_number")?,
        customer_name: row.try_get("customer_name")?,
        our_number: row.try_get("our_number")?,
        assistant_id: row.try_get("assistant_id")?,
        assistant_name: row.try_get("assistant_name")?,
        created_at: row.try_get("created_at")?,
        answered_at: row.try_get("answered_at")?,
        ended_at: row.try_get("ended_at")?,
        duration_s: row.try_get("duration_s")?,
        last_line: row.try_get("last_line")?,
        last_speaker: row.try_get("last_speaker")?,
        summary: row.try_get("summary")?,
        cost: row.try_get::<Option<i64>, _>("cost_micro_usd")?.map(MicroUsd),
        recording: row.try_get("recording")?,
        assistant_muted: row.try_get("assistant_muted")?,
        seq: row.try_get("last_seq")?,
        is_demo: row.try_get("is_demo")?,
    })
}

fn cards(rows: &[PgRow]) -> sqlx::Result<Vec<CallCard>> {
    rows.iter().map(card).collect()
}

/// Everything that is not over, and what ended after `since`; oldest first. At most 1000.
pub async fn board(conn: &mut PgConnection, since: DateTime<Utc>) -> sqlx::Result<Vec<CallCard>> {
    let mut query = QueryBuilder::<Postgres>::new(CARD);
    query.push(" where (not c.settled and c.status <> 'ended') or (c.created_at > ").push_bind(since - chrono::Duration::hours(13));
    query.push(" and c.ended_at > ").push_bind(since).push(") order by c.created_at limit 1000");
    cards(&query.build().fetch_all(conn).await?)
}

/// Cards by id.
pub async fn cards_of(conn: &mut PgConnection, ids: &[CallId]) -> sqlx::Result<Vec<CallCard>> {
    let mut query = QueryBuilder::<Postgres>::new(CARD);
    query.push(" join unnest(").push_bind(ids.iter().map(|id| id.0).collect::<Vec<_>>());
    query.push("::uuid[], ").push_bind(ids.iter().map(|id| id.time()).collect::<Vec<_>>());
    query.push("::timestamptz[]) as k (id, at) on c.id = k.id and c.created_at = k.at");
    cards(&query.build().fetch_all(conn).await?)
}

/// What the log is asked for.
pub struct Asked<'a> {
    pub filter: &'a CallFilter,
    /// The filter's days as instants.
    pub days: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// Who reads, and since when calls count as unread for them.
    pub reader: Option<(AccountId, DateTime<Utc>)>,
    /// Whose `me` is; nobody's for a program.
    pub account: Option<AccountId>,
}

impl Asked<'_> {
    /// What the calls must carry, all of it.
    fn marks(&self) -> Vec<String> {
        let who = self.filter.assignee.map(|who| mark_of(who, self.account).unwrap_or_else(|| "tag_for:no one".to_owned()));
        let stands = self.filter.work.map(|status| format!("tag_work:{status}"));
        self.filter.tag.map(|tag| tag.to_string()).into_iter().chain(self.filter.found.clone()).chain(who).chain(stands).collect()
    }

    /// For whom and since when, when only unread calls are asked for. Nobody reads for a program: to it all are unread.
    fn unread(&self) -> Option<(AccountId, DateTime<Utc>)> {
        self.filter.seen.and(self.reader)
    }
}

/// One page of the log, newest first, with one row more than the limit when more follow.
pub async fn page(conn: &mut PgConnection, asked: &Asked<'_>, after: Option<CallId>, rows: i64) -> sqlx::Result<Vec<CallCard>> {
    let (filter, days, marks) = (asked.filter, asked.days, asked.marks());
    let mut query = QueryBuilder::<Postgres>::new(CARD);
    let words = words(filter.q.as_deref().unwrap_or_default());
    // Rare marks are found by their own index, in the order of the log.
    let mut order = "c.created_at desc, c.id desc";
    if !words.is_empty() {
        query.push(" join calls_matching(").push_bind(words);
        query.push(", ").push_bind(filter.status).push(", ").push_bind(filter.outcome).push(", ").push_bind(filter.direction);
        query.push(", ").push_bind(filter.assistant.map(|id| id.0)).push(", ").push_bind(filter.number.map(|id| id.0));
        query.push(", ").push_bind(filter.answered).push(", ").push_bind(marks);
        query.push(", ").push_bind(asked.unread().map(|(reader, _)| reader.0)).push(", ").push_bind(asked.unread().map(|(_, since)| since));
        query.push(", ").push_bind(days.0).push(", ").push_bind(days.1);
        query.push(", ").push_bind(after.map(CallId::time)).push(", ").push_bind(after.map(|id| id.0));
        query.push(", ").push_bind(i32::try_from(rows).unwrap_or(i32::MAX)).push(") f on c.id = f.id and c.created_at = f.created_at");
    } else {
        let at = if marks.is_empty() { ("c.created_at", "c.id") } else { ("m.created_at", "m.call_id") };
        if let Some(mark) = marks.first() {
            query.push(" join call_marks m on m.call_id = c.id and m.created_at = c.created_at and m.mark = ").push_bind(mark.clone());
            order = "m.created_at desc, m.call_id desc";
        }
        query.push(" where true");
        for mark in marks.into_iter().skip(1) {
            query.push(" and exists (select from call_marks o where o.call_id = c.id and o.mark = ").push_bind(mark).push(")");
        }
        narrow(&mut query, asked, at.0);
        if let Some(after) = after {
            query.push(format!(" and ({}, {}) < (", at.0, at.1)).push_bind(after.time()).push(", ").push_bind(after).push(")");
        }
    }
    query.push(" order by ").push(order).push(" limit ").push_bind(rows);
    cards(&query.build().fetch_all(conn).await?)
}

fn narrow(query: &mut QueryBuilder<Postgres>, asked: &Asked<'_>, created_at: &'static str) {
    let filter = asked.filter;
    if let Some(status) = filter.status {
        query.push(" and c.status = ").push_bind(status);
    }
    if let Some(outcome) = filter.outcome {
        query.push(" and c.outcome = ").push_bind(outcome);
    }
    if let Some(direction) = filter.direction {
        query.push(" and c.direction = ").push_bind(direction);
    }
    for (column, id) in [("assistant_id", filter.assistant.map(|id| id.0)), ("number_id", filter.number.map(|id| id.0))] {
        match id {
            Some(id) if id.is_nil() => drop(query.push(" and c.").push(column).push(" is null")),
            Some(id) => drop(query.push(" and c.").push(column).push(" = ").push_bind(id)),
            None => {}
        }
    }
    match filter.answered {
        Some(Answered::Yes) => drop(query.push(" and c.answered_at is not null")),
        Some(Answered::No) => drop(query.push(" and c.answered_at is null")),
        Some(Answered::Quick) => drop(query.push(" and call_is_quick(c.direction, c.created_at, c.rang_at, c.answered_at)")),
        None => {}
    }
    if let Some((reader, since)) = asked.unread() {
        query.push(" and ").push(created_at).push(" > ").push_bind(since);
        query.push(" and not exists (select from call_reads r where r.call_id = c.id and r.account_id = ").push_bind(reader).push(")");
    }
    if let Some(from) = asked.days.0 {
        query.push(" and ").push(created_at).push(" >= ").push_bind(from);
    }
    if let Some(to) = asked.days.1 {
        query.push(" and ").push(created_at).push(" < ").push_bind(to);
    }
}

/// The words of a search, small. What looks like a number loses its spaces and dots, and 06… is found as +336… too by `search_text` holding both.
pub fn searched(q: &str) -> Vec<String> {
    let q = q.trim().to_lowercase();
    let is_number =
        q.chars().filter(char::is_ascii_digit).count() >= 4 && q.chars().all(|c| c.is_ascii_digit() || " .-+()\u{a0}\u{202f}".contains(c));
    if is_number {
        vec![q.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()]
    } else {
        q.split_whitespace().take(8).map(str::to_owned).collect()
    }
}

/// Each word as a pattern, the longest first.
pub fn words(q: &str) -> Vec<String> {
    let escaped = |word: String| format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let mut patterns: Vec<String> = searched(q).into_iter().map(escaped).collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.len()));
    patterns
}

/// What of a call is not on its card.
pub struct Details {
    pub ended_reason: Option<String>,
    pub transferred_to: Option<String>,
    pub dial_error: Option<String>,
    pub success: Option<String>,
    pub costs: Vec<CostPart>,
    pub recording_s: Option<f32>,
    pub recording_key: Option<String>,
    pub recording_peaks: Option<String>,
    pub has_report: bool,
    pub control_sealed: Option<Vec<u8>>,
    pub recording_erased_at: Option<DateTime<Utc>>,
    pub words_erased_at: Option<DateTime<Utc>>,
    pub transfer_numbers: Vec<TransferEntry>,
}

pub async fn details(conn: &mut PgConnection, id: CallId) -> sqlx::Result<Option<Details>> {
    let row = sqlx::query!(
        r#"select c.ended_reason, c.transferred_to, c.dial_error, c.success, c.cost_breakdown as "costs: Json<Vec<(String, i64)>>", c.recording_s, c.recording_key, c.recording_peaks,
             c.has_report, c.control_sealed, c.recording_erased_at, c.words_erased_at, a.transfer_numbers as "transfer_numbers?: Json<Vec<TransferEntry>>"
           from calls c left join assistants a on a.id = c.assistant_id
           where c.id = $1 and c.created_at = uuid_time($1)"#,
        id as CallId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Details {
        ended_reason: row.ended_reason,
        transferred_to: row.transferred_to,
        dial_error: row.dial_error,
        success: row.success,
        costs: row
            .costs
            .map(|costs| costs.0)
            .unwrap_or_default()
            .into_iter()
            .map(|(part, cost)| CostPart { part, cost: MicroUsd(cost) })
            .collect(),
        recording_s: row.recording_s,
        recording_key: row.recording_key,
        recording_peaks: row.recording_peaks,
        has_report: row.has_report,
        control_sealed: row.control_sealed,
        recording_erased_at: row.recording_erased_at,
        words_erased_at: row.words_erased_at,
        transfer_numbers: row.transfer_numbers.map(|numbers| numbers.0).unwrap_or_default(),
    }))
}

/// Lines after a place in the sequence, in its order.
pub async fn lines_after(conn: &mut PgConnection, id: CallId, after: i64, limit: i64) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select seq, speaker as "speaker: Speaker", text, at_ms, end_ms, source = 'report' as "settled!" -- an expression over a not-null column
           from call_lines where call_id = $1 and created_at = uuid_time($1) and seq > $2 order by seq limit $3"#,
        id as CallId,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line { seq: row.seq, speaker: row.speaker, text: row.text, at_ms: row.at_ms, end_ms: row.end_ms, settled: row.settled })
        .collect())
}

/// The transcript as it stood at this place in the sequence: the report's lines once there are any, else the live ones; in the order they
/// were said.
pub async fn transcript(conn: &mut PgConnection, id: CallId, upto: i64) -> sqlx::Result<Vec<Line>> {
    let mut lines = lines_after(conn, id, 0, 20_000).await?;
    lines.retain(|line| line.seq <= upto);
    if lines.iter().any(|line| line.settled) {
        lines.retain(|line| line.settled);
    }
    lines.sort_by(|a, b| (a.at_ms, a.speaker, &a.text).cmp(&(b.at_ms, b.speaker, &b.text)));
    Ok(lines)
}

/// Events up to a place in the sequence, in its order.
pub async fn events_upto(conn: &mut PgConnection, id: CallId, upto: i64) -> sqlx::Result<Vec<CallEvent>> {
    let mut events = events_after(conn, id, 0, 20_000).await?;
    events.retain(|event| event.seq <= upto);
    Ok(events)
}

/// Events after a place in the sequence, in its order.
pub async fn events_after(conn: &mut PgConnection, id: CallId, after: i64, limit: i64) -> sqlx::Result<Vec<CallEvent>> {
    sqlx::query_as!(
        CallEvent,
        "select seq, kind, detail, at_ms from call_events where call_id = $1 and created_at = uuid_time($1) and seq > $2 order by seq limit $3",
        id as CallId,
        after,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Lines and events of several calls, each after its own place in the sequence.
pub async fn more_of(
    conn: &mut PgConnection,
    calls: &BTreeMap<CallId, (i64, i64)>,
) -> sqlx::Result<(HashMap<CallId, Vec<Line>>, HashMap<CallId, Vec<CallEvent>>)> {
    let ids: Vec<_> = calls.keys().map(|id| id.0).collect();
    let times: Vec<_> = calls.keys().map(|id| id.time()).collect();
    let after: Vec<_> = calls.values().map(|(from, _)| *from).collect();
    let rows = sqlx::query!(
        r#"select l.call_id as "call: CallId", l.seq, l.speaker as "speaker: Speaker", l.text, l.at_ms, l.end_ms, l.source = 'report' as "settled!" -- of a not-null column
           from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) as k (id, at, after)
           join call_lines l on l.call_id = k.id and l.created_at = k.at and l.seq > k.after order by l.call_id, l.seq"#,
        &ids,
        &times,
        &after
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut lines: HashMap<CallId, Vec<Line>> = HashMap::new();
    for row in rows {
        let line = Line { seq: row.seq, speaker: row.speaker, text: row.text, at_ms: row.at_ms, end_ms: row.end_ms, settled: row.settled };
        lines.entry(row.call).or_default().push(line);
    }
    let rows = sqlx::query!(
        r#"select e.call_id as "call: CallId", e.seq, e.kind, e.detail, e.at_ms
           from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) as k (id, at, after)
           join call_events e on e.call_id = k.id and e.created_at = k.at and e.seq > k.after order by e.call_id, e.seq"#,
        &ids,
        &times,
        &after
    )
    .fetch_all(conn)
    .await?;
    let mut events: HashMap<CallId, Vec<CallEvent>> = HashMap::new();
    for row in rows {
        events.entry(row.call).or_default().push(CallEvent { seq: row.seq, kind: row.kind, detail: row.detail, at_ms: row.at_ms });
    }
    Ok((lines, events))
}

/// What people did.
pub async fn actions(conn: &mut PgConnection, id: CallId) -> sqlx::Result<Vec<ActionTaken>> {
    let rows = sqlx::query!(
        r#"select t.account_id as "by: AccountId", m.name as "by_name?", t.detail as "action: Json<LiveAction>", t.created_at, t.outcome, t.error
           from call_actions t left join accounts m on m.id = t.account_id where t.call_id = $1 order by t.created_at"#,
        id as CallId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ActionTaken {
            by: row.by,
            by_name: row.by_name,
            action: row.action.0,
            at: row.created_at,
            outcome: row.outcome,
            error: row.error,
        })
        .collect())
}

/// What the provider delivered about a call, oldest first; partial words are left out.
pub async fn trail(conn: &mut PgConnection, id: CallId) -> sqlx::Result<Vec<TrailEntry>> {
    sqlx::query_as!(
        TrailEntry,
        // Why one could not be applied is the database's text, for operators alone.
        "select created_at as at, kind, outcome, case when outcome = 'dead' then 'not_applied' else reason end as reason, body_bytes as bytes
         from hook_journal
         where (call_id = $1 or provider_call_id in (select provider_call_id from call_refs where call_id = $1))
           and created_at >= uuid_time($1) - interval '1 day' and (body is not null or outcome <> 'accepted') order by created_at limit 500",
        id as CallId
    )
    .fetch_all(conn)
    .await
}

/// Who heard the recording or took it away, newest first.
pub async fn uses(conn: &mut PgConnection, id: CallId) -> sqlx::Result<Vec<RecordingUse>> {
    sqlx::query_as!(
        RecordingUse,
        r#"select u.kind as "kind: UseKind", u.created_at as at, a.name as "by_name?" from recording_uses u left join accounts a on a.id = u.account_id
           where u.call_id = $1 order by u.created_at desc limit 100"#,
        id as CallId
    )
    .fetch_all(conn)
    .await
}

/// Other calls with the same number, newest first.
pub async fn related(conn: &mut PgConnection, number: &str, but: CallId) -> sqlx::Result<Vec<CallCard>> {
    let mut query = QueryBuilder::<Postgres>::new(CARD);
    query.push(" where c.customer_number = ").push_bind(number).push(" and c.id <> ").push_bind(but);
    query.push(" and c.created_at > ").push_bind(but.time() - chrono::Duration::days(120)).push(" order by c.created_at desc limit 10");
    cards(&query.build().fetch_all(conn).await?)
}

/// Live figures and the days before, in the organisation's zone.
pub async fn home(tx: &mut OrgTx<'_>, now: DateTime<Utc>) -> sqlx::Result<HomeFigures> {
    let zone = sqlx::query_scalar!("select timezone from orgs").fetch_one(tx.conn()).await?;
    let row = sqlx::query!(
        r#"
        with bounds as (select date_trunc('day', $1::timestamptz at time zone $2) at time zone $2 as today)
        select
          count(*) filter (where c.status in ('live', 'forwarding')) as "live!",
          count(*) filter (where c.status in ('queued', 'ringing')) as "ringing!",
          count(*) filter (where c.created_at >= b.today) as "today!",
          count(*) filter (where c.created_at >= b.today - interval '1 day' and c.created_at < $1::timestamptz - interval '1 day') as "yesterday!",
          count(*) filter (where c.created_at >= b.today and c.answered_at is not null) as "answered!",
          count(*) filter (where c.created_at >= b.today and c.outcome = 'moved') as "moved!",
          count(*) filter (where c.created_at >= b.today and c.outcome in ('missed', 'failed')) as "missed!",
          coalesce(avg(c.duration_s) filter (where c.created_at >= b.today), 0)::int as "average!",
          coalesce(sum(c.cost_micro_usd) filter (where c.created_at >= b.today), 0)::bigint as "cost!"
        from calls c cross join bounds b
        where c.created_at >= b.today - interval '1 day'
        "#, // counts are never null; averages and sums are coalesced
        now,
        zone
    )
    .fetch_one(tx.conn())
    .await?;
    let hours = sqlx::query!(
        r#"select extract(hour from c.created_at at time zone $2)::int as "hour!", -- of a not-null column
             count(*) filter (where coalesce(c.outcome, 'done') = 'done') as "done!", count(*) filter (where c.outcome = 'moved') as "moved!",
             count(*) filter (where coalesce(c.outcome, 'done') not in ('done', 'moved')) as "others!"
           from calls c where c.created_at >= date_trunc('day', $1::timestamptz at time zone $2) at time zone $2 group by 1"#,
        now,
        zone
    )
    .fetch_all(tx.conn())
    .await?;
    let days = sqlx::query!(
        r#"select d.day as "day!", count(c.id) as "calls!" -- of a generated series; a count
           from generate_series(date_trunc('day', $1::timestamptz at time zone $2) - interval '13 days', date_trunc('day', $1::timestamptz at time zone $2), interval '1 day') as d (day)
           left join calls c on c.created_at >= d.day at time zone $2 and c.created_at < (d.day + interval '1 day') at time zone $2
           group by d.day order by d.day"#,
        now,
        zone
    )
    .fetch_all(tx.conn())
    .await?;
    let mut by_hour = vec![[0; 3]; 24];
    for hour in hours {
        if let Some(slot) = by_hour.get_mut(hour.hour as usize) {
            *slot = [hour.done, hour.moved, hour.others];
        }
    }
    Ok(HomeFigures {
        live: row.live,
        ringing: row.ringing,
        today: row.today,
        yesterday_same_time: row.yesterday,
        answered_today: row.answered,
        transferred_today: row.moved,
        missed_today: row.missed,
        average_s_today: row.average,
        cost_today: MicroUsd(row.cost),
        by_hour,
        by_day: days.into_iter().map(|day| day.calls).collect(),
    })
}

/// An assistant that can take or make calls: its id here and at the provider.
pub struct ReadyAssistant {
    pub id: AssistantId,
    pub provider_id: Option<String>,
    pub is_active: bool,
}

pub async fn ready_assistant(conn: &mut PgConnection, wanted: Option<AssistantId>) -> sqlx::Result<Option<ReadyAssistant>> {
    sqlx::query_as!(
        ReadyAssistant,
        r#"select id as "id: AssistantId", provider_id, state = 'active' as "is_active!" from assistants -- state is not null
           where deleted_at is null and ($1::uuid is null or id = $1) and ($1::uuid is not null or (state = 'active' and provider_id is not null))
           order by updated_at desc limit 1"#,
        wanted.map(|id| id.0)
    )
    .fetch_optional(conn)
    .await
}

/// How many calls with a number are over.
pub async fn ended_calls_of(conn: &mut PgConnection, number: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from calls where customer_number = $1 and ended_at is not null"#, number)
        .fetch_one(conn)
        .await
}

/// Assistants by name, and whether each can take and make calls.
pub async fn assistant_choices(conn: &mut PgConnection) -> sqlx::Result<Vec<AssistantChoice>> {
    sqlx::query_as!(
        AssistantChoice,
        r#"select id as "id: AssistantId", name, state = 'active' and provider_id is not null as "is_ready!" from assistants -- state is not null
           where deleted_at is null order by lower(name), id limit 500"#
    )
    .fetch_all(conn)
    .await
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn numbers_are_searched_as_digits_and_patterns_are_harmless() {
        assert_eq!(words("06 39.98 12 47"), ["%0639981247%"]);
        assert_eq!(words("Rendez-vous 100%"), ["%rendez-vous%", "%100\\%%"]);
        assert!(words("  ").is_empty());
    }
}
