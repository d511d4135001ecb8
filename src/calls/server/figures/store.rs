//! Every statement that reads the sums.

use crate::{calls::figures::model::Sums, shared::money::MicroUsd};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// The sums of one assistant on one number, in the period or the one before.
pub struct Part {
    pub assistant: Uuid,
    pub number: Uuid,
    pub is_now: bool,
    pub sums: Sums,
}

/// All parts from `before` to `until`; what is from `from` on is of the period itself.
pub async fn parts(conn: &mut PgConnection, before: DateTime<Utc>, from: DateTime<Utc>, until: DateTime<Utc>) -> sqlx::Result<Vec<Part>> {
    let rows = sqlx::query!(
        r#"select assistant_id, number_id, quarter >= $2 as "is_now!", sum(calls)::bigint as "calls!", sum(received)::bigint as "received!",
             sum(answered)::bigint as "answered!", sum(quick)::bigint as "quick!", sum(length_s)::bigint as "length_s!", sum(cost_micro_usd)::bigint as "cost!",
             sum(unanswered)::bigint as "unanswered!", sum(done)::bigint as "done!", sum(moved)::bigint as "moved!", sum(voicemail)::bigint as "voicemail!",
             sum(missed)::bigint as "missed!", sum(failed)::bigint as "failed!", sum(cancelled)::bigint as "cancelled!" -- sums of not-null columns over groups
           from call_quarters where quarter >= $1 and quarter < $3 group by 1, 2, 3"#,
        before,
        from,
        until
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Part {
            assistant: row.assistant_id,
            number: row.number_id,
            is_now: row.is_now,
            sums: Sums {
                calls: row.calls,
                received: row.received,
                answered: row.answered,
                quick: row.quick,
                length_s: row.length_s,
                cost: MicroUsd(row.cost),
                unanswered: row.unanswered,
                outcomes: [row.done, row.moved, row.voicemail, row.missed, row.failed, row.cancelled],
            },
        })
        .collect())
}

/// Calls by day and hour of a zone.
pub async fn hours(
    conn: &mut PgConnection,
    zone: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<(NaiveDate, usize, i64)>> {
    let rows = sqlx::query!(
        r#"select (quarter at time zone $1)::date as "day!", extract(hour from quarter at time zone $1)::int as "hour!", sum(calls)::bigint as "calls!" -- of not-null columns
           from call_quarters where quarter >= $2 and quarter < $3 group by 1, 2"#,
        zone,
        from,
        until
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, usize::try_from(row.hour).unwrap_or_default(), row.calls)).collect())
}

/// What assistants and numbers are called; those that are deleted, too.
pub async fn names(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<HashMap<Uuid, String>> {
    let rows = sqlx::query!(
        r#"select id as "id!", name as "name!" from assistants where id = any($1)
           union all
           select id, case label when '' then number else number || ' ' || label end from phone_numbers where id = any($1)"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
