//! Every SQL statement of analyses.

use crate::{
    calls::{
        analysis::model::{Analysis, Claim, Source},
        model::{Line, Outcome},
        server::{read, store as calls},
    },
    shared::{ids::CallId, money::MicroUsd},
};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, types::Json};

/// A finished call as it is about to be analysed.
pub struct ToRead {
    pub lines: Vec<Line>,
    /// When the conversation began, in epoch milliseconds.
    pub start_ms: i64,
    pub outcome: Option<Outcome>,
    /// Fingerprint of the words.
    pub made_of: String,
    /// What the last analysis was made of.
    known: Option<String>,
    asked_at: Option<DateTime<Utc>>,
}

impl ToRead {
    /// The words are new, or somebody asked.
    pub fn is_wanted(&self) -> bool {
        self.asked_at.is_some() || self.known.as_ref() != Some(&self.made_of)
    }
}

/// What a run made.
pub struct Made {
    pub source: Source,
    pub model: Option<String>,
    pub reason: Option<&'static str>,
    pub language: Option<&'static str>,
    pub claims: Vec<Claim>,
    /// Micro-dollars.
    pub cost: i64,
}

/// A call that is over, with its words; nothing while it lasts or when it is gone.
pub async fn to_read(conn: &mut PgConnection, call: CallId) -> sqlx::Result<Option<ToRead>> {
    let row = sqlx::query!(
        r#"select coalesce(c.answered_at, c.created_at) as "start!", -- created_at is not null
             c.outcome as "outcome: Outcome", a.made_of as "made_of?", a.asked_at as "asked_at?"
           from calls c left join call_analyses a on a.call_id = c.id
           where c.id = $1 and c.created_at = uuid_time($1) and c.status = 'ended'"#,
        call as CallId
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let lines = read::transcript(conn, call, i64::MAX).await?;
    Ok(Some(ToRead {
        made_of: fingerprint(&lines),
        lines,
        start_ms: row.start.timestamp_millis(),
        outcome: row.outcome,
        known: row.made_of,
        asked_at: row.asked_at,
    }))
}

fn fingerprint(lines: &[Line]) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(format!("{}\u{1f}{}\u{1f}{}\u{1e}", line.speaker, line.at_ms, line.text));
    }
    hex::encode(&hash.finalize()[..8])
}

/// Keeps what was made, in the place of what was there. A call that is gone gets nothing; a wish that came meanwhile stands, and so does one
/// whose next try is to come.
pub async fn keep(
    conn: &mut PgConnection,
    call: CallId,
    read: &ToRead,
    made: &Made,
    now: DateTime<Utc>,
    comes_again: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into call_analyses as a (call_id, source, model, reason, language, claims, made_of, cost_micro_usd, made_at, created_at)
         select c.id, $2, $3, $4, $5, $6, $7, $8, $9, c.created_at from calls c where c.id = $1 and c.created_at = uuid_time($1)
         on conflict (call_id) do update set source = $2, model = $3, reason = $4, language = $5, claims = $6, made_of = $7, cost_micro_usd = $8,
           made_at = $9, updated_at = now(), asked_at = case when $11 or a.asked_at is distinct from $10 then a.asked_at end",
        call as CallId,
        made.source.name(),
        made.model,
        made.reason,
        made.language,
        Json(&made.claims) as _,
        // What is to be asked again was not made of these words for good.
        (!comes_again).then_some(read.made_of.as_str()),
        made.cost,
        now,
        read.asked_at,
        comes_again,
    )
    .execute(&mut *conn)
    .await?;
    calls::recount(conn, &[call]).await // what it can be found by follows
}

/// What the page shows.
pub struct Shown {
    pub analysis: Option<Analysis>,
    pub asked_at: Option<DateTime<Utc>>,
    pub has_report: bool,
    pub is_over: bool,
    pub ended_at: Option<DateTime<Utc>>,
    /// Of the transcript.
    pub characters: i64,
}

/// The analysis of a call, and what is known of the call itself.
pub async fn shown(conn: &mut PgConnection, call: CallId) -> sqlx::Result<Option<Shown>> {
    let row = sqlx::query!(
        r#"select c.has_report, c.status = 'ended' as "is_over!", c.ended_at, a.source as "source: Source", a.model as "model?", a.reason as "reason?", a.language as "language?",
             a.claims as "claims?: Json<Vec<Claim>>", a.cost_micro_usd as "cost?", a.made_at as "made_at?", a.asked_at as "asked_at?",
             (select coalesce(sum(length(l.text)), 0) from call_lines l
              where l.call_id = c.id and l.created_at = c.created_at and (l.source = 'report' or not c.has_report)) as "characters!" -- coalesced
           from calls c left join call_analyses a on a.call_id = c.id
           where c.id = $1 and c.created_at = uuid_time($1)"#, // status is not null
        call as CallId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Shown {
        analysis: row.source.zip(row.made_at).map(|(source, made_at)| Analysis {
            source,
            model: row.model,
            reason: row.reason,
            language: row.language,
            claims: row.claims.map(|claims| claims.0).unwrap_or_default(),
            cost: MicroUsd(row.cost.unwrap_or_default()),
            made_at,
        }),
        asked_at: row.asked_at,
        has_report: row.has_report,
        is_over: row.is_over,
        ended_at: row.ended_at,
        characters: row.characters,
    }))
}

/// Notes that somebody wants another run. Says whether there is such a call, and it is over.
pub async fn ask(conn: &mut PgConnection, call: CallId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let asked = sqlx::query!(
        "insert into call_analyses (call_id, asked_at, created_at)
         select c.id, $2, c.created_at from calls c where c.id = $1 and c.created_at = uuid_time($1) and c.status = 'ended'
         on conflict (call_id) do update set asked_at = $2, updated_at = now()",
        call as CallId,
        now
    )
    .execute(conn)
    .await?;
    Ok(asked.rows_affected() > 0)
}

/// Takes an amount from the month's room; says whether there was any.
pub async fn spend(conn: &mut PgConnection, now: DateTime<Utc>, amount: i64, cap: i64) -> sqlx::Result<bool> {
    if amount > cap {
        return Ok(false);
    }
    let taken = sqlx::query!(
        "insert into model_spend as s (month, cost_micro_usd, requests) values (date_trunc('month', $1::timestamptz, 'UTC')::date, $2, 1)
         on conflict (org_id, month) do update set cost_micro_usd = s.cost_micro_usd + $2, requests = s.requests + 1, updated_at = now()
           where s.cost_micro_usd + $2 <= $3",
        now,
        amount,
        cap
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Puts right what was taken, once the price is known.
pub async fn correct_spend(conn: &mut PgConnection, now: DateTime<Utc>, difference: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update model_spend set cost_micro_usd = greatest(cost_micro_usd + $2, 0), updated_at = now()
         where month = date_trunc('month', $1::timestamptz, 'UTC')::date",
        now,
        difference
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What this month's analyses have cost.
pub async fn spent(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let spent =
        sqlx::query_scalar!("select cost_micro_usd from model_spend where month = date_trunc('month', $1::timestamptz, 'UTC')::date", now)
            .fetch_optional(conn)
            .await?;
    Ok(spent.unwrap_or_default())
}
