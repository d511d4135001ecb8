//! What an operator sees and does: the jobs of any state, one job, and dead jobs tried again or thrown away.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for its time or a free slot.
    Ready,
    /// Under a lease.
    Running,
    /// Set aside for a person.
    Dead,
}

impl JobState {
    /// As it is written in addresses and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            JobState::Ready => "ready",
            JobState::Running => "running",
            JobState::Dead => "dead",
        }
    }

    fn code(self) -> i16 {
        match self {
            JobState::Ready => 0,
            JobState::Running => 1,
            JobState::Dead => 2,
        }
    }
}

impl TryFrom<i16> for JobState {
    type Error = String;

    fn try_from(code: i16) -> Result<Self, String> {
        match code {
            0 => Ok(JobState::Ready),
            1 => Ok(JobState::Running),
            2 => Ok(JobState::Dead),
            other => Err(format!("unknown job state {other}")),
        }
    }
}

impl std::str::FromStr for JobState {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "ready" => Ok(JobState::Ready),
            "running" => Ok(JobState::Running),
            "dead" => Ok(JobState::Dead),
            other => Err(format!("{other} is none of ready, running, dead")),
        }
    }
}

/// Which jobs to list; newest first.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only this state.
    pub state: Option<JobState>,
    /// Only this lane.
    pub queue: Option<String>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only jobs with a smaller id: the next page.
    pub before: Option<i64>,
}

/// One line of the list; the payload is left out, it may hold personal data.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct JobLine {
    /// Id, also the order of writing.
    pub id: i64,
    /// Lane.
    pub queue: String,
    /// Kind.
    pub kind: String,
    /// Organisation; nil is the house.
    pub tenant: Uuid,
    /// Where it stands.
    #[sqlx(try_from = "i16")]
    pub state: JobState,
    /// Runs so far.
    pub attempts: i32,
    /// Runs allowed.
    pub max_attempts: i32,
    /// When it may run, or ran last.
    pub run_at: DateTime<Utc>,
    /// Why its last run failed.
    pub last_error: Option<String>,
    /// When it was set aside.
    pub died_at: Option<DateTime<Utc>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// One job in full. Secrets in the payload are masked: reset links are in there.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct JobDetail {
    /// What the list shows.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub line: JobLine,
    /// Shape of the payload.
    pub version: i16,
    /// What it was given, secrets masked.
    pub payload: Value,
    /// Its key.
    pub key: Option<String>,
    /// Request id of whoever caused it.
    pub trace: Option<String>,
    /// Who holds it.
    pub worker: Option<String>,
    /// Until when.
    pub lease_until: Option<DateTime<Utc>>,
}

/// Jobs by filter, newest first.
pub async fn list(conn: &mut PgConnection, filter: &JobFilter, limit: i64) -> sqlx::Result<Vec<JobLine>> {
    sqlx::query_as(
        "
        select id, queue, kind, tenant, state, attempts, max_attempts, run_at, last_error, died_at, created_at
        from jobs.job
        where ($1::smallint is null or state = $1)
          and ($2::text is null or queue = $2)
          and ($3::text is null or kind = $3)
          and ($4::bigint is null or id < $4)
        order by id desc
        limit $5
        ",
    )
    .bind(filter.state.map(JobState::code))
    .bind(&filter.queue)
    .bind(&filter.kind)
    .bind(filter.before)
    .bind(limit.clamp(1, 1000))
    .fetch_all(conn)
    .await
}

/// One job, or nothing: done jobs leave no row.
pub async fn show(conn: &mut PgConnection, id: i64) -> sqlx::Result<Option<JobDetail>> {
    let job: Option<JobDetail> = sqlx::query_as("select * from jobs.job where id = $1").bind(id).fetch_optional(conn).await?;
    Ok(job.map(|mut job| {
        mask(&mut job.payload);
        job
    }))
}

/// Runs dead jobs again with fresh attempts; returns how many. Ids that are not dead are left alone.
pub async fn redrive(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<u64> {
    // The key goes: a newer job of the same key may be waiting, and this run was asked for by a person.
    let done = sqlx::query(
        "
        with back as (
            update jobs.job
            set state = 0, attempts = 0, run_at = now(), key = null, again_at = null, died_at = null
            where id = any($1) and state = 2
            returning queue
        ),
        bell as (select pg_notify('jobs', queue) from back group by queue)
        select (select count(*) from bell) from back
        ",
    )
    .bind(ids)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The same for every dead job of a lane, or of all.
pub async fn redrive_all(conn: &mut PgConnection, queue: Option<&str>) -> sqlx::Result<u64> {
    let ids: Vec<i64> = sqlx::query_scalar("select id from jobs.job where state = 2 and ($1::text is null or queue = $1)")
        .bind(queue)
        .fetch_all(&mut *conn)
        .await?;
    redrive(conn, &ids).await
}

/// Throws dead jobs away; returns how many. Ids that are not dead are left alone.
pub async fn discard(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<u64> {
    let done = sqlx::query("delete from jobs.job where id = any($1) and state = 2").bind(ids).execute(conn).await?;
    Ok(done.rows_affected())
}

fn mask(payload: &mut Value) {
    const SECRET: [&str; 7] = ["token", "secret", "password", "url", "link", "code", "key"];
    match payload {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.to_lowercase();
                if SECRET.iter().any(|word| name.contains(word)) && !value.is_null() {
                    *value = Value::String("•••".into());
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_payload_are_masked_at_any_depth() {
        let mut payload = serde_json::json!({"to": "a@b.c", "data": [{"resetUrl": "https://x/y?t=1"}], "accessToken": "t", "key": null});
        mask(&mut payload);
        let shown = serde_json::json!({"to": "a@b.c", "data": [{"resetUrl": "•••"}], "accessToken": "•••", "key": null});
        assert_eq!(payload, shown);
    }
}
