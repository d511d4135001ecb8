//! Jobs: workers are processes of their own, on the queue's own settings. One is killed and one is frozen while they hold jobs; jobs that cannot be
//! decoded, always panic, always hang or kill their process come among others.
//!
//! Control: a job that writes without asking whether it still holds its lease, frozen and thawed like the others.

use crate::{Form, findings::Findings, place::Place, supervisor::signal};
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use zencall::platform::queue::{Fail, Job, JobCx, Opts, Worker, WorkerOptions, enqueue};

const LANE: &str = "sync";
/// Jobs that one worker holds at a time.
const SLOTS: usize = 4;
/// Runs before a job is set aside.
const TRIES: i32 = 3;

/// Notes that it has begun, takes its time, and writes its result and its end in one transaction.
#[derive(Clone, Serialize, Deserialize)]
struct Work {
    n: i64,
    ms: u64,
}

impl Job for Work {
    const KIND: &'static str = "proof.work";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// The control: the same, and the result is written whoever holds the lease.
#[derive(Clone, Serialize, Deserialize)]
struct Careless {
    n: i64,
    ms: u64,
}

impl Job for Careless {
    const KIND: &'static str = "proof.careless";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// What never comes to a good end, while it is poisoned.
#[derive(Clone, Serialize, Deserialize)]
struct Poison {
    how: String,
}

impl Job for Poison {
    const KIND: &'static str = "proof.poison";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(1);
    const MAX_ATTEMPTS: i32 = TRIES;
    const BACKOFF_S: &'static [i32] = &[1];
}

/// The worker's process: `PROOF_DATABASE` is where, `PROOF_HEALED` takes the poison out.
pub async fn worker() -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(10).connect(&std::env::var("PROOF_DATABASE")?).await?;
    let is_healed = std::env::var_os("PROOF_HEALED").is_some();
    let (working, careless) = (pool.clone(), pool.clone());
    Worker::new(pool, WorkerOptions::default())
        .queue(LANE, SLOTS)
        .on::<Work, _, _>(move |job, cx| work(working.clone(), job, cx))
        .on::<Careless, _, _>(move |job, cx| carelessly(careless.clone(), job, cx))
        .on::<Poison, _, _>(move |job, _| poison(job, is_healed))
        .run(CancellationToken::new(), Duration::from_secs(5))
        .await;
    Ok(())
}

async fn begin(pool: &PgPool, n: i64, attempt: i32) -> sqlx::Result<()> {
    let begun = sqlx::query("insert into proof_begun (n, attempt, worker) values ($1, $2, $3)").bind(n).bind(attempt);
    begun.bind(std::process::id().to_string()).execute(pool).await.map(drop)
}

const DONE: &str = "insert into proof_done (n, worker) values ($1, $2)";

async fn work(pool: PgPool, job: Work, cx: JobCx) -> Result<(), Fail> {
    begin(&pool, job.n, cx.attempt).await?;
    sleep(Duration::from_millis(job.ms)).await;
    let mut tx = pool.begin().await?;
    sqlx::query(DONE).bind(job.n).bind(std::process::id().to_string()).execute(&mut *tx).await?;
    if cx.finish(&mut tx).await? {
        tx.commit().await?;
    }
    Ok(())
}

async fn carelessly(pool: PgPool, job: Careless, cx: JobCx) -> Result<(), Fail> {
    begin(&pool, job.n, cx.attempt).await?;
    // Nothing can be aborted in a thread that works.
    let (pool, n) = (pool.clone(), job.n);
    let written = tokio::spawn(async move {
        sleep(Duration::from_millis(job.ms)).await;
        sqlx::query(DONE).bind(n).bind(std::process::id().to_string()).execute(&pool).await
    });
    written.await.map_err(|error| Fail::Retry(error.to_string()))??;
    Ok(())
}

async fn poison(job: Poison, is_healed: bool) -> Result<(), Fail> {
    match job.how.as_str() {
        _ if is_healed => Ok(()),
        "panic" => panic!("always"),
        "hang" => {
            sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
        _ => std::process::abort(),
    }
}

// ---- the proof -----------------------------------------------------------------------------------------------------

/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let place = Place::make().await?;
    let migrated = place.command()?.arg("migrate").stdout(Stdio::null()).status().await?;
    ensure!(migrated.success(), "the schema could not be made");
    sqlx::raw_sql(
        "create table proof_begun (n bigint, attempt int, worker text, at timestamptz default clock_timestamp());
         create table proof_done (n bigint, worker text, at timestamptz default clock_timestamp())",
    )
    .execute(&place.pool)
    .await?;
    killed(form, findings, &place).await?;
    frozen(findings, &place).await?;
    poisoned(form, findings, &place).await?;
    place.end().await
}

/// One of two workers is killed while both hold jobs.
async fn killed(form: Form, findings: &mut Findings, place: &Place) -> anyhow::Result<()> {
    let mut again_s = Vec::new();
    let (mut lost, mut repeated) = (0, 0);
    for _ in 0..form.of(4, 1) {
        empty(place).await?;
        for n in 0..2 * SLOTS as i64 {
            put(place, &Work { n, ms: 3_000 }).await?;
        }
        let (mut first, second) = (start(place, false)?, start(place, false)?);
        until("both hold jobs", async || count(place, "select count(*) from proof_begun").await.map(|begun| begun == 2 * SLOTS as i64))
            .await?;
        let its: Vec<i64> = sqlx::query_scalar("select n from proof_begun where worker = $1")
            .bind(first.id().context("it runs")?.to_string())
            .fetch_all(&place.pool)
            .await?;
        let at = Instant::now();
        first.kill().await?;
        until("what it held runs again", async || {
            let again: i64 = sqlx::query_scalar("select count(distinct n) from proof_begun where attempt > 1 and n = any($1)")
                .bind(&its)
                .fetch_one(&place.pool)
                .await?;
            Ok(again == its.len() as i64)
        })
        .await?;
        again_s.push(at.elapsed().as_secs_f64());
        until("all is done", async || Ok(count(place, "select count(*) from jobs.job").await? == 0)).await?;
        lost += usize::try_from(2 * SLOTS as i64 - count(place, "select count(distinct n) from proof_done").await?)?;
        repeated += usize::try_from(count(place, "select count(*) - count(distinct n) from proof_done").await?)?;
        drop(second);
    }
    findings.none("a killed worker's jobs are lost", lost, json!({ "kills": again_s.len() }));
    findings.none("a killed worker's jobs count twice", repeated, json!({}));
    let slowest = again_s.iter().copied().fold(0.0, f64::max);
    findings.at_most("seconds until a killed worker's jobs run again", slowest, 10.0, json!({ "unit": "s", "samples": again_s.len() }));
    Ok(())
}

/// A worker is stopped, others do its jobs, and it comes back.
async fn frozen(findings: &mut Findings, place: &Place) -> anyhow::Result<()> {
    let late = thaw(place, |n| Work { n, ms: 1_500 }).await?;
    findings.none("late writes of a frozen worker", late, json!({ "jobs": SLOTS }));
    let late = thaw(place, |n| Careless { n, ms: 1_500 }).await?;
    findings.control("a job that does not ask for its lease", late, json!({ "jobs": SLOTS }));
    Ok(())
}

/// How many results were written more than once.
async fn thaw<J: Job>(place: &Place, job: impl Fn(i64) -> J) -> anyhow::Result<usize> {
    empty(place).await?;
    for n in 0..SLOTS as i64 {
        put(place, &job(n)).await?;
    }
    let first = start(place, false)?;
    let begun = "select count(*) from proof_begun where attempt = 1";
    until("it holds jobs", async || Ok(count(place, begun).await? == SLOTS as i64)).await?;
    signal(&first, libc::SIGSTOP);
    let _second = start(place, false)?;
    until("another has done them", async || Ok(count(place, "select count(distinct n) from proof_done").await? == SLOTS as i64)).await?;
    signal(&first, libc::SIGCONT);
    sleep(Duration::from_secs(3)).await; // its jobs end after half of that
    Ok(usize::try_from(count(place, "select count(*) - count(distinct n) from proof_done").await?)?)
}

/// Jobs at a fixed rate, without poison among them and with it.
async fn poisoned(form: Form, findings: &mut Findings, place: &Place) -> anyhow::Result<()> {
    let (lasts, per_second) = form.of((40.0, 100.0), (6.0, 60.0));
    let healthy = offered(place, lasts, per_second, false).await?;
    let sick = offered(place, lasts, per_second, true).await?;
    let aside: Vec<(String, i32)> =
        sqlx::query_as("select coalesce(payload->>'how', 'undecodable'), attempts from jobs.job where state = 2 order by 1")
            .fetch_all(&place.pool)
            .await?;
    let wanted = |how: &str| aside.iter().any(|(kind, tries)| kind == how && (*tries == TRIES || how == "undecodable"));
    let missing = ["abort", "hang", "panic", "undecodable"].iter().filter(|how| !wanted(how)).count();
    findings.none("poison that is not set aside after its tries", missing, json!({ "aside": aside, "tries": TRIES }));
    let left = count(place, "select count(*) from jobs.job where kind = 'proof.work'").await?;
    findings.none("others lost beside poison", usize::try_from(left)? + sick.lost, json!({ "jobs": sick.jobs }));
    let more = json!({ "unit": "of the rate without poison", "per_s": sick.per_s.round(), "healthy_per_s": healthy.per_s.round() });
    findings.time("what others keep of their rate", sick.per_s / healthy.per_s, 0.99, true, more);

    sqlx::query("update jobs.job set payload = '{\"how\": \"panic\"}' where state = 2 and not payload ? 'how'")
        .execute(&place.pool)
        .await?;
    let told = place.command()?.args(["jobs", "redrive", "--all"]).output().await?;
    ensure!(told.status.success(), "redrive: {}", String::from_utf8_lossy(&told.stderr));
    let _healed = start(place, true)?;
    let is_done = until("redriven", async || Ok(count(place, "select count(*) from jobs.job").await? == 0)).await.is_ok();
    findings.none("one call has them run again", usize::from(!is_done), json!({ "said": String::from_utf8_lossy(&told.stdout).trim() }));
    Ok(())
}

struct Offered {
    jobs: usize,
    lost: usize,
    per_s: f64,
}

/// Puts jobs at a fixed rate and counts those done while it lasts and a second more. Two workers, started again when they die.
async fn offered(place: &Place, lasts: f64, per_second: f64, is_poisoned: bool) -> anyhow::Result<Offered> {
    empty(place).await?;
    let mut workers = [start(place, false)?, start(place, false)?];
    put(place, &Work { n: -1, ms: 0 }).await?;
    until("they work", async || Ok(count(place, "select count(*) from proof_done").await? == 1)).await?;
    let jobs = (lasts * per_second) as i64;
    let (mut tick, began) = (tokio::time::interval(Duration::from_secs_f64(1.0 / per_second)), Instant::now());
    for n in 0..jobs {
        tick.tick().await;
        put(place, &Work { n, ms: 5 }).await?;
        if is_poisoned && n == jobs / 10 {
            for how in ["panic", "hang", "abort"] {
                put(place, &Poison { how: how.to_owned() }).await?;
            }
            let undecodable = "insert into jobs.job (queue, kind, payload, max_attempts) values ($1, 'proof.poison', '{\"what\": 7}', 3)";
            sqlx::query(undecodable).bind(LANE).execute(&place.pool).await?;
        }
        for worker in &mut workers {
            if worker.try_wait()?.is_some() {
                *worker = start(place, false)?;
            }
        }
    }
    sleep(Duration::from_secs(1)).await;
    let done = count(place, "select count(distinct n) from proof_done where n >= 0").await?;
    let per_s = done as f64 / began.elapsed().as_secs_f64();
    let is_over = "select count(*) from jobs.job where state < 2";
    let waited = Instant::now();
    while count(place, is_over).await? > 0 && waited.elapsed() < Duration::from_secs(60) {
        for worker in &mut workers {
            if worker.try_wait()?.is_some() {
                *worker = start(place, false)?;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    let done = count(place, "select count(distinct n) from proof_done where n >= 0").await?;
    Ok(Offered { jobs: usize::try_from(jobs)?, lost: usize::try_from(jobs - done)?, per_s })
}

fn start(place: &Place, is_healed: bool) -> anyhow::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--worker").env("PROOF_DATABASE", &place.cluster().url).kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null());
    if is_healed {
        command.env("PROOF_HEALED", "1");
    }
    Ok(command.spawn()?)
}

async fn put<J: Job>(place: &Place, job: &J) -> anyhow::Result<()> {
    let mut conn = place.pool.acquire().await?;
    enqueue(&mut conn, job, Opts::default()).await?;
    Ok(())
}

async fn empty(place: &Place) -> anyhow::Result<()> {
    sqlx::raw_sql("truncate proof_begun, proof_done; delete from jobs.job").execute(&place.pool).await?;
    Ok(())
}

async fn count(place: &Place, sql: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(&place.pool).await?)
}

async fn until(what: &str, is_so: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so().await? {
        ensure!(began.elapsed() < Duration::from_secs(40), "not within 40 s: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
