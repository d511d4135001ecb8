//! What one finished call costs the figures, with ever more calls stored: the duty's own statement over calls whose report changed. The peer is the
//! same work where little is stored.

use crate::place::{Place, middle, report, short};
use anyhow::{Context, ensure};
use serde_json::json;
use std::time::Instant;

/// Calls counted in one go, as the duty does.
const CALLS: i64 = 500;
/// No dearer than this, of what it costs with few calls stored.
const TARGET: f64 = 0.8;

/// Runs it all.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let (rounds, sizes): (usize, &[u64]) = if is_quick { (5, &[1_000, 30_000]) } else { (9, &[1_000, 10_000, 100_000, 1_000_000]) };
    let place = Place::make().await?;
    let mut first = 0.0;
    for (at, size) in sizes.iter().enumerate() {
        let more = if at == 0 { *size } else { size - sizes[at - 1] };
        place.seed(more, u32::try_from(at)? + 1).await?.pop().context("an organisation")?;
        sqlx::query("vacuum analyze").execute(&place.pool).await?;
        let mut took_us = Vec::new();
        for round in 0..=rounds {
            let took = counted(&place).await?;
            if round > 0 {
                took_us.push(took); // the first one warms
            }
        }
        check(&place).await?;
        let (figure, spread) = middle(&took_us);
        first = if at == 0 { figure } else { first };
        report(
            "rollups",
            json!({ "figure": short(figure), "unit": "µs/call", "stored_calls": size, "target": TARGET, "peer": short(first), "ratio": short(first / figure),
                "spread": short(spread), "samples": took_us.len() }),
        );
    }
    place.end().await
}

/// Changes what some calls of any age contribute, and counts them; microseconds a call.
async fn counted(place: &Place) -> anyhow::Result<f64> {
    let changed = sqlx::query(
        "with some as (select id, created_at from calls where status = 'ended' order by md5(id::text || random()::text) limit $1),
         changed as (update calls c set cost_micro_usd = coalesce(c.cost_micro_usd, 0) + 1 from some s where c.id = s.id and c.created_at = s.created_at returning c.id)
         insert into calls_to_count (call_id) select id from changed",
    )
    .bind(CALLS)
    .execute(&place.pool)
    .await?;
    let began = Instant::now();
    let counted: i32 = sqlx::query_scalar("select zencall_count_calls($1)").bind(i32::try_from(CALLS)?).fetch_one(&place.pool).await?;
    let took = began.elapsed();
    ensure!(u64::try_from(counted)? == changed.rows_affected(), "{counted} counted of {}", changed.rows_affected());
    Ok(took.as_secs_f64() * 1e6 / f64::from(counted))
}

/// The sums are those over the calls.
async fn check(place: &Place) -> anyhow::Result<()> {
    let (calls, cost): (i64, i64) =
        sqlx::query_as("select count(*), sum(cost_micro_usd)::bigint from call_contributions").fetch_one(&place.pool).await?;
    let kept: (i64, i64) =
        sqlx::query_as("select sum(calls)::bigint, sum(cost_micro_usd)::bigint from call_quarters").fetch_one(&place.pool).await?;
    ensure!(kept == (calls, cost), "the sums are {kept:?}, those over the calls {:?}", (calls, cost));
    Ok(())
}
