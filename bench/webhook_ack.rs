//! Verified, parsed, folded and durable acknowledgements a second, against PostgreSQL's own `pgbench` writing the same journal row, one a
//! transaction, on the same cluster in the same run. Then the same with more calls stored.

use crate::{
    hooks,
    load::{self, Acked},
    place::{Org, Place, middle, percentile, report, short},
};
use anyhow::{Context, ensure};
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::process::Command;

const CONNECTIONS: u32 = 32;
const TARGET: f64 = 1.0;

/// Runs it all.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let (lasts, rounds, sizes): (u64, usize, &[u64]) =
        if is_quick { (3, 1, &[1_000, 30_000]) } else { (10, 3, &[1_000, 10_000, 100_000, 1_000_000]) };
    let mut place = Place::make().await?;
    let org = place.seed(sizes[0], 1).await?.pop().context("an organisation")?;
    place.serve().await?;
    let mut checked = Checked::default();
    checked.add(load::send(place.address, &org, "warm", CONNECTIONS, Duration::from_secs(1)).await?);
    all_folded(&place).await?;
    let peer = Peer::make(&place, &org).await?;
    let lasts = Duration::from_secs(lasts);
    let mut first = 0.0;
    for (at, size) in sizes.iter().enumerate() {
        if at > 0 {
            place.seed(size - sizes[at - 1], u32::try_from(at)? + 1).await?;
        }
        let (mut ours, mut theirs, mut took, mut folded) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            for (turn, is_ours) in [true, false, false, true].into_iter().enumerate() {
                if is_ours {
                    let began = Instant::now();
                    let acked = load::send(place.address, &org, &format!("{size}-{round}-{turn}"), CONNECTIONS, lasts).await?;
                    all_folded(&place).await?;
                    folded.push(acked.took_ms.len() as f64 / began.elapsed().as_secs_f64());
                    ours.push(acked.per_second);
                    took.extend_from_slice(&acked.took_ms);
                    checked.add(acked);
                } else {
                    theirs.push(peer.run(lasts).await?);
                }
            }
        }
        checked.check(&place, &org).await?;
        let ((figure, spread), (peer, peer_spread)) = (middle(&ours), middle(&theirs));
        first = if at == 0 { figure } else { first };
        report(
            "webhook_ack",
            json!({ "figure": figure.round(), "unit": "acks/s", "stored_calls": size, "target": TARGET, "peer": peer.round(), "ratio": short(figure / peer),
                "folded_per_s": middle(&folded).0.round(), "p50_ms": short(percentile(&mut took, 0.50)), "p99_ms": short(percentile(&mut took, 0.99)), "of_first_size": short(figure / first),
                "spread": short(spread), "peer_spread": short(peer_spread), "samples": ours.len() }),
        );
    }
    place.end().await
}

/// Waits until the calls show everything that was acknowledged.
async fn all_folded(place: &Place) -> anyhow::Result<()> {
    for _ in 0..6_000 {
        if !sqlx::query_scalar::<_, bool>("select exists (select from hook_pending)").fetch_one(&place.pool).await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("webhooks are acknowledged and not folded after 30 s")
}

/// What was acknowledged so far, to be found again in the tables.
#[derive(Default)]
struct Checked {
    steps: Vec<u64>,
}

impl Checked {
    fn add(&mut self, acked: Acked) {
        self.steps.resize(acked.steps.len(), 0);
        self.steps.iter_mut().zip(acked.steps).for_each(|(sum, step)| *sum += step);
    }

    /// The journal holds exactly the acknowledged messages, and the calls are what they amount to.
    async fn check(&self, place: &Place, org: &Org) -> anyhow::Result<()> {
        let count = async |sql: &'static str| -> anyhow::Result<u64> {
            let found: i64 = sqlx::query_scalar(sql).bind(org.uuid()?).fetch_one(&place.pool).await?;
            Ok(u64::try_from(found)?)
        };
        let of = |from: usize, to: usize| self.steps[from..to].iter().sum::<u64>();
        let last = hooks::STEPS as usize;
        let kept = count("select count(*) from hook_journal where org_id = $1 and outcome = 'accepted' and provider_call_id like 'bench-%' and body is not null").await?;
        ensure!(kept == of(0, last), "{} acknowledged, {kept} in the journal", of(0, last));
        let other =
            count("select count(*) from hook_journal where org_id = $1 and provider_call_id like 'bench-%' and outcome <> 'accepted'")
                .await?;
        ensure!(other == 0, "{other} rows of the journal are not accepted");
        let calls = count("select count(*) from call_refs where org_id = $1 and provider_call_id like 'bench-%'").await?;
        ensure!(calls == of(0, 1), "{} calls rang, {calls} are stored", of(0, 1));
        let lines = count("select count(*) from call_lines l join call_refs r on r.call_id = l.call_id where r.org_id = $1 and r.provider_call_id like 'bench-%'").await?;
        ensure!(lines == of(2, last - 2), "{} lines told, {lines} stored", of(2, last - 2));
        let finished = sqlx::query_scalar::<_, i64>(
            "select count(*) from calls c join call_refs r on r.call_id = c.id where r.org_id = $1 and r.provider_call_id like 'bench-%'
               and c.status = 'ended' and c.has_report and c.duration_s = $2 and c.outcome = 'done' and c.cost_micro_usd = 120000
               and $3 = (select count(*) from call_lines l where l.call_id = c.id and l.created_at = c.created_at)",
        )
        .bind(org.uuid()?)
        .bind(i32::try_from(hooks::LASTS_S)?)
        .bind(i64::try_from(hooks::LINES)?)
        .fetch_one(&place.pool)
        .await?;
        let expected = of(last - 1, last);
        ensure!(u64::try_from(finished)? == expected, "{expected} calls were told to their report, {finished} are right");
        Ok(())
    }
}

/// `pgbench` over a table with the journal's columns and indexes, and a row that the journal really holds.
struct Peer {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Peer {
    async fn make(place: &Place, org: &Org) -> anyhow::Result<Self> {
        sqlx::query("create table bench_peer (like hook_journal including all)").execute(&place.pool).await?;
        let body: String = sqlx::query_scalar(
            "select body from hook_journal where org_id = $1 and provider_call_id like 'bench-%' and body is not null order by octet_length(body) desc limit 1",
        )
        .bind(org.uuid()?)
        .fetch_one(&place.pool)
        .await?;
        let script = place.file("peer.sql");
        std::fs::write(
            &script,
            "insert into bench_peer (id, org_id, outcome, kind, provider_call_id, body, body_bytes, ip, created_at)
             values (gen_random_uuid(), :org, 'accepted', 'transcript', :ref, :body, 2048, '127.0.0.1', clock_timestamp());\n",
        )?;
        let connections = CONNECTIONS.to_string();
        let mut arguments = Vec::new();
        for argument in ["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &connections, "--username=zencall", "--host"] {
            arguments.push(argument.to_owned());
        }
        arguments.push(place.socket_folder().display().to_string());
        arguments.extend(["--file".to_owned(), script.display().to_string()]);
        for (name, value) in [("org", org.uuid()?.to_string()), ("ref", "bench-peer-0-0".to_owned()), ("body", body)] {
            arguments.extend(["-D".to_owned(), format!("{name}={value}")]);
        }
        Ok(Self { program: newest_pgbench()?, arguments })
    }

    /// Rows a second.
    async fn run(&self, lasts: Duration) -> anyhow::Result<f64> {
        let seconds = lasts.as_secs().to_string();
        let ran = Command::new(&self.program)
            .args(&self.arguments)
            .args(["--time", &seconds, "postgres"])
            .env("PGDATABASE", "postgres")
            .output()
            .await?;
        let text = String::from_utf8_lossy(&ran.stdout);
        ensure!(ran.status.success(), "pgbench: {}", String::from_utf8_lossy(&ran.stderr));
        let line = text.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench says no tps")?;
        Ok(line.split(' ').next().unwrap_or_default().parse()?)
    }
}

fn newest_pgbench() -> anyhow::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let program = entry.path().join("bin/pgbench");
            Some((entry.file_name().to_str()?.parse().ok()?, program)).filter(|(_, program)| program.exists())
        })
        .collect();
    found.sort();
    Ok(found.pop().context("pgbench is not installed: it comes with the PostgreSQL server")?.1)
}
