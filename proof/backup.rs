//! The backup drill: `zencall backup` while calls are being told, `zencall restore` into an empty place. What was acknowledged before the backup began
//! is there; the organisation that was left alone is the same, table by table; and it takes no longer than PostgreSQL's own copy of the same data.
//!
//! Control: a restored place from which one row is taken and in which one is changed, before the same judges.

use crate::{
    Form,
    findings::Findings,
    hooks,
    load::Wire,
    place::{Org, Place},
};
use anyhow::{Context, ensure};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{process::Command, sync::Mutex, task::JoinSet};

/// Connections that tell calls meanwhile.
const TELLERS: usize = 8;

/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let mut place = Place::make().await?;
    let quiet = place.seed(form.of(60_000, 1_500), 1).await?.pop().context("an organisation")?;
    let busy = place.seed(100, 2).await?.pop().context("an organisation")?;
    place.serve().await?;
    let (saved, told) = (place.file("saved"), Arc::new(Mutex::new(Vec::new())));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut tellers = JoinSet::new();
    for teller in 0..TELLERS {
        tellers.spawn(tell(place.address, busy.clone(), teller, told.clone(), is_over.clone()));
    }
    tokio::time::sleep(Duration::from_secs(form.of(5, 2))).await;
    let before_mark = told.lock().await.len();
    let took = timed(place.command()?.arg("backup").arg(&saved)).await?;
    let (plain, copied) = plain_copy(&place).await?; // while calls are told, too
    is_over.store(true, Ordering::Relaxed);
    while let Some(teller) = tellers.join_next().await {
        teller??;
    }
    let told = told.lock().await;
    ensure!(before_mark > 0 && told.len() > before_mark, "nothing was told while the backup ran");

    let other = Place::make().await?;
    let restored_in = timed(other.command()?.arg("restore").arg(&saved)).await?;
    let lost = lost(&other, &busy, &told[..before_mark]).await?;
    let more = json!({ "acknowledged_before": before_mark, "acknowledged_meanwhile": told.len() - before_mark, "backup_s": took, "restore_s": restored_in });
    findings.none("acknowledged before the backup and not in it", lost, more);
    let (ours, theirs) = (sums(&place.pool, &quiet).await?, sums(&other.pool, &quiet).await?);
    let differing: Vec<&String> = ours.iter().filter(|(table, sum)| theirs.get(*table) != Some(sum)).map(|(table, _)| table).collect();
    let rows: i64 = ours.values().map(|(rows, _)| rows).sum();
    findings.none(
        "tables of the organisation left alone that differ",
        differing.len(),
        json!({ "tables": ours.len(), "rows": rows, "differ": differing }),
    );
    control(findings, &other, &busy, &quiet, &told[..before_mark], &theirs).await?;

    let copy_restored = plain_restore(&place, &plain).await?;
    let more = |ours: f64, theirs: f64| json!({ "unit": "of pg_dump and pg_restore", "s": ours, "peer_s": theirs });
    findings.time("backup, of a plain copy's time", took / copied, 1.5, false, more(took, copied));
    findings.time("restore, of a plain copy's time", restored_in / copy_restored, 1.5, false, more(restored_in, copy_restored));
    other.end().await?;
    place.end().await
}

/// Tells calls until it is enough; what was acknowledged, by call and message.
async fn tell(
    address: std::net::SocketAddr,
    org: Org,
    teller: usize,
    told: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let (host, mut wire) = (address.to_string(), Wire::open(address).await?);
    let t0_ms = chrono::Utc::now().timestamp_millis() - 60_000;
    for n in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let (call, step) = (format!("drill-{teller}-{}", n / hooks::STEPS), n % hooks::STEPS);
        let body = hooks::message(&call, step, t0_ms, n * TELLERS as u64 + teller as u64);
        wire.ask(&hooks::request(&host, org.path(), &org.vapi_hook_secret, &body)).await?;
        told.lock().await.push(format!("{call} {step}"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Which of these are not in the restored journal as many times as they were told.
async fn lost(place: &Place, org: &Org, told: &[String]) -> anyhow::Result<usize> {
    let mut by_call: BTreeMap<&str, i64> = BTreeMap::new();
    for one in told {
        *by_call.entry(one.split(' ').next().unwrap_or_default()).or_default() += 1;
    }
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select provider_call_id, count(*) from hook_journal where org_id = $1 and provider_call_id like 'drill-%' group by 1",
    )
    .bind(org.uuid()?)
    .fetch_all(&place.pool)
    .await?;
    let found: BTreeMap<&str, i64> = rows.iter().map(|(call, rows)| (call.as_str(), *rows)).collect();
    let missing: i64 = by_call.iter().map(|(call, wanted)| (wanted - found.get(call).copied().unwrap_or(0)).max(0)).sum();
    Ok(usize::try_from(missing)?)
}

/// Rows and a sum over them, for each table with rows of organisations.
async fn sums(pool: &PgPool, org: &Org) -> anyhow::Result<BTreeMap<String, (i64, String)>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(pool)
    .await?;
    ensure!(tables.len() > 20, "only {} tables have an organisation", tables.len());
    let mut sums = BTreeMap::new();
    for table in tables {
        let query =
            format!("select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from {table} t where org_id = $1");
        let sum = sqlx::query_as(AssertSqlSafe(query)).bind(org.uuid()?).fetch_one(pool).await?;
        sums.insert(table, sum);
    }
    Ok(sums)
}

/// The same judges over a place in which something is wrong.
async fn control(
    findings: &mut Findings,
    place: &Place,
    busy: &Org,
    quiet: &Org,
    told: &[String],
    right: &BTreeMap<String, (i64, String)>,
) -> anyhow::Result<()> {
    sqlx::query("delete from hook_journal where id = (select id from hook_journal where org_id = $1 and provider_call_id like 'drill-%' order by created_at limit 1)")
        .bind(busy.uuid()?)
        .execute(&place.pool)
        .await?;
    findings.control("an acknowledged row that is not restored", lost(place, busy, told).await?, json!({}));
    sqlx::query(
        "update call_lines set text = text || '.' where ctid = (select ctid from call_lines where org_id = $1 limit 1) and org_id = $1",
    )
    .bind(quiet.uuid()?)
    .execute(&place.pool)
    .await?;
    let wrong = sums(&place.pool, quiet).await?;
    let differing = right.iter().filter(|(table, sum)| wrong.get(*table) != Some(sum)).count();
    findings.control("a full stop too many in one line of one call", differing, json!({}));
    Ok(())
}

/// PostgreSQL's own copy of the same database, and its seconds.
async fn plain_copy(place: &Place) -> anyhow::Result<(PathBuf, f64)> {
    let (socket, file) = (place.socket_folder().display().to_string(), place.file("plain.dump"));
    let mut dump = Command::new(programs()?.join("pg_dump"));
    dump.args(["--host", &socket, "--username", "zencall", "--format", "custom", "--file"]).arg(&file).arg("postgres");
    let took = timed(&mut dump).await?;
    Ok((file, took))
}

/// Seconds until it is in an empty database.
async fn plain_restore(place: &Place, file: &Path) -> anyhow::Result<f64> {
    sqlx::query("create database plain").execute(&place.pool).await?;
    let socket = place.socket_folder().display().to_string();
    let mut restore = Command::new(programs()?.join("pg_restore"));
    restore.args(["--host", &socket, "--username", "zencall", "--no-owner", "--dbname", "plain"]).arg(file);
    timed(&mut restore).await
}

/// Seconds it took. Errors: it failed.
async fn timed(command: &mut Command) -> anyhow::Result<f64> {
    let began = Instant::now();
    let ran = command.output().await?;
    ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Ok((began.elapsed().as_secs_f64() * 100.0).round() / 100.0)
}

/// The newest of PostgreSQL's programs.
fn programs() -> anyhow::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    Ok(found.pop().context("no PostgreSQL programs")?.1)
}
