//! The log as a reader asks for it, over HTTP: its first page, words that were said, a number, a finding; with ever more calls stored.

use crate::place::{Org, Place, percentile, report, short};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Instant;

/// Milliseconds, p95.
const TARGET_MS: f64 = 50.0;

/// Runs it all; fails when an answer is wrong.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let (asks, sizes): (usize, &[u64]) = if is_quick { (60, &[10_000, 100_000]) } else { (200, &[10_000, 100_000, 1_000_000]) };
    let mut place = Place::make().await?;
    let org = place.seed(sizes[0], 1).await?.pop().context("an organisation")?;
    place.serve().await?;
    let cookie = place.sign_in(&org).await?;
    let number: String = sqlx::query_scalar("select customer_number from calls where org_id = $1 order by md5(id::text) limit 1")
        .bind(org.uuid()?)
        .fetch_one(&place.pool)
        .await?;
    let questions = [
        ("first page", String::new()),
        ("words", "filter[q]=rendez-vous".to_owned()),
        ("words, outcome", "filter[q]=rendez-vous&filter[outcome]=moved".to_owned()),
        ("rare words", "filter[q]=zzz+personne+ne+dit".to_owned()),
        ("number", format!("filter[q]={}", number.replace('+', "%2B"))),
    ];
    let mut firsts = vec![0.0; questions.len()];
    for (at, size) in sizes.iter().enumerate() {
        if at > 0 {
            // Half to the same house, half to another: both grow in earnest.
            grow(&place, &org, size - sizes[at - 1], u32::try_from(at)? + 1).await?;
        }
        for (which, (name, question)) in questions.iter().enumerate() {
            let mut took_ms = Vec::new();
            let mut found = 0;
            for ask in 0..asks + 5 {
                let (took, rows) = one(&place, &cookie, question).await?;
                found = rows;
                if ask >= 5 {
                    took_ms.push(took);
                }
            }
            ensure!((found == 0) == (*name == "rare words"), "{name}: {found} rows");
            let p50 = percentile(&mut took_ms, 0.50);
            let p95 = percentile(&mut took_ms, 0.95);
            firsts[which] = if at == 0 { p95 } else { firsts[which] };
            report(
                "calls_search",
                json!({ "figure": short(p95), "unit": "ms p95", "question": name, "stored_calls": size, "target": TARGET_MS, "ratio": short(TARGET_MS / p95),
                    "p50_ms": short(p50), "of_first_size": short(p95 / firsts[which]), "rows": found, "samples": took_ms.len() }),
            );
        }
    }
    place.end().await
}

/// More calls; half of them become the measured organisation's, with everything that hangs on them.
async fn grow(place: &Place, org: &Org, calls: u64, seed: u32) -> anyhow::Result<()> {
    let other = place.seed(calls, seed).await?.pop().context("an organisation")?;
    for table in ["calls", "call_lines", "call_events"] {
        let id = if table == "calls" { "id" } else { "call_id" };
        let moved = format!("update {table} set org_id = $1 where org_id = $2 and hashtext({id}::text) % 2 = 0");
        sqlx::query(sqlx::AssertSqlSafe(moved)).bind(org.uuid()?).bind(other.uuid()?).execute(&place.pool).await?;
    }
    sqlx::query("vacuum analyze").execute(&place.pool).await?;
    Ok(())
}

/// Milliseconds, and how many rows came.
async fn one(place: &Place, cookie: &str, question: &str) -> anyhow::Result<(f64, usize)> {
    static CLIENT: std::sync::LazyLock<reqwest::Client> = std::sync::LazyLock::new(reqwest::Client::new);
    let request = CLIENT
        .post(format!("http://{}/rpc/zencall/calls/log/rpc/read_log", place.address))
        .header("cookie", format!("__Host-zc={cookie}"))
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(question.to_owned());
    let began = Instant::now();
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    ensure!(status.is_success(), "answered {status}: {}", text.chars().take(200).collect::<String>());
    let page: Value = serde_json::from_str(&text)?;
    Ok((took, page["items"].as_array().context("items")?.len()))
}
