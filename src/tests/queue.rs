//! The fault suite of the queue: what must hold when processes die, freeze, lose the database or are asked to leave.
//! Killing and freezing need real processes: this binary runs itself with the hidden test `child_worker`.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use zencall::platform::queue::{
    self, FROM_HEAD, FROM_TENANTS, Fail, Job, JobFilter, JobState, Opts, Worker, WorkerOptions, drain, enqueue,
};

const LANE: &str = "sync";

/// The properties do not depend on the length of the lease; the waiting does.
const QUICK: WorkerOptions = WorkerOptions {
    lease: Duration::from_millis(1500),
    sweep: Duration::from_millis(200),
    poll: Duration::from_millis(100),
    measure: Duration::from_secs(3600),
};

/// Writes a line into `run`, then takes its time.
#[derive(Serialize, Deserialize)]
struct Note {
    n: i64,
    ms: u64,
}

impl Job for Note {
    const KIND: &'static str = "test.note";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

/// Takes its whole process down.
#[derive(Serialize, Deserialize)]
struct Killer;

impl Job for Killer {
    const KIND: &'static str = "test.killer";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(30);
    const MAX_ATTEMPTS: i32 = 3;
}

/// Fails as its payload says.
#[derive(Serialize, Deserialize)]
struct Troubled {
    how: String,
}

impl Job for Troubled {
    const KIND: &'static str = "test.troubled";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_millis(300);
    const BACKOFF_S: &'static [i32] = &[60, 600];
}

/// Has changed its shape twice.
#[derive(Serialize, Deserialize)]
struct Greeting {
    names: Vec<String>,
}

impl Job for Greeting {
    const KIND: &'static str = "test.greeting";
    const QUEUE: &'static str = LANE;
    const TIMEOUT: Duration = Duration::from_secs(5);
    const VERSION: u16 = 3;

    fn upgrade(from: u16, payload: Value) -> Result<Value, String> {
        match from {
            2 => Ok(json!({"names": [payload["name"]]})),
            other => Err(format!("version {other} was never released")),
        }
    }
}

// ---- processes die -------------------------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn killing_one_of_two_workers_loses_nothing(pool: PgPool) {
    ground(&pool).await;
    for n in 0..60 {
        put(&pool, &Note { n, ms: 300 }, Opts::default()).await;
    }
    let mut first = ChildWorker::start(&pool);
    let _second = ChildWorker::start(&pool);
    eventually(Duration::from_secs(20), "both work", || async { count(&pool, "select count(distinct who) from run").await == 2 }).await;

    first.kill();
    let killed = Instant::now();
    eventually(Duration::from_secs(10), "all done", || async { jobs_left(&pool).await == 0 }).await;

    println!("all done {:?} after the kill", killed.elapsed());
    assert_eq!(count(&pool, "select count(distinct n) from run").await, 60, "lost jobs");
    assert!(count(&pool, "select max(attempt) from run").await <= 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_job_that_kills_its_process_is_set_aside_after_its_attempts(pool: PgPool) {
    ground(&pool).await;
    let id = put(&pool, &Killer, Opts::default()).await;
    put(&pool, &Note { n: 1, ms: 0 }, Opts::default()).await;

    let mut deaths = 0;
    let started = Instant::now();
    while state(&pool, id).await.0 != 2 {
        assert!(started.elapsed() < Duration::from_secs(40), "still alive after {deaths} deaths");
        let mut worker = ChildWorker::start(&pool);
        loop {
            if worker.is_gone() {
                deaths += 1;
                break;
            }
            if state(&pool, id).await.0 == 2 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    assert_eq!(deaths, 3);
    let (_, attempts, error) = state(&pool, id).await;
    assert_eq!(attempts, 3);
    assert!(error.unwrap().contains("killed or frozen"));
    let _last = ChildWorker::start(&pool);
    eventually(Duration::from_secs(15), "its neighbour, taken down with it, ran", || async { jobs_left(&pool).await == 1 }).await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_answer_of_a_frozen_worker_changes_nothing(pool: PgPool) {
    ground(&pool).await;
    let id = put(&pool, &Note { n: 1, ms: 700 }, Opts::default()).await;
    let mut frozen = ChildWorker::start(&pool);
    eventually(Duration::from_secs(20), "started", || async { count(&pool, "select count(*) from run").await == 1 }).await;
    frozen.signal("-STOP");

    let release = Arc::new(Notify::new());
    let other = Worker::new(own_pool(&pool, "other").await, QUICK).queue(LANE, 2).on::<Note, _, _>({
        let release = Arc::clone(&release);
        move |_, _| {
            let release = Arc::clone(&release);
            async move {
                release.notified().await;
                Ok(())
            }
        }
    });
    let other = Running::start(other);
    eventually(Duration::from_secs(10), "taken over", || async { fence(&pool, id).await == Some(2) }).await;

    frozen.signal("-CONT");
    sleep(Duration::from_secs(2)).await; // the thawed handler ends after 0.7 s, its lease is refused well before that
    let (now, attempts, _) = state(&pool, id).await;
    assert_eq!((now, attempts), (1, 2), "still the other worker's");
    assert_eq!(fence(&pool, id).await, Some(2));
    assert!(!frozen.is_gone(), "the thawed worker lives on");

    release.notify_one();
    eventually(Duration::from_secs(5), "done", || async { jobs_left(&pool).await == 0 }).await;
    other.stop().await;
}

// ---- the database goes away ----------------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn terminated_connections_lose_and_repeat_nothing(pool: PgPool) {
    ground(&pool).await;
    for n in 0..80 {
        put(&pool, &Note { n, ms: 60 }, Opts::default()).await;
    }
    let worker = Running::start(recording(Worker::new(own_pool(&pool, "victim").await, QUICK).queue(LANE, 4), &pool));
    for _ in 0..3 {
        sleep(Duration::from_millis(300)).await;
        let ended = count(
            &pool,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and application_name = 'victim'",
        )
        .await;
        assert!(ended > 0, "nobody to terminate");
    }
    eventually(Duration::from_secs(20), "all done", || async { jobs_left(&pool).await == 0 }).await;
    worker.stop().await;
    assert_each_ran_once(&pool, 80).await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_restart_and_a_long_outage_lose_and_repeat_nothing(pool: PgPool) {
    ground(&pool).await;
    // The outage lasts longer than a lease, as eight seconds do against five.
    let options = WorkerOptions { lease: Duration::from_secs(2), ..QUICK };
    for n in 0..120 {
        put(&pool, &Note { n, ms: 150 }, Opts::default()).await;
    }
    let proxy = Proxy::start(&pool).await;
    let mut workers = vec![];
    for _ in 0..2 {
        let through = pool_of(proxy.options(&pool), "outage").await;
        workers.push(Running::start(recording(Worker::new(through, options).queue(LANE, 4), &pool)));
    }
    sleep(Duration::from_millis(500)).await;
    proxy.cut();
    sleep(Duration::from_millis(200)).await;
    proxy.mend();
    sleep(Duration::from_millis(600)).await;
    proxy.cut();
    let before = count(&pool, "select count(*) from run").await;
    sleep(Duration::from_millis(3400)).await;
    assert!(count(&pool, "select count(*) from run").await - before <= 8, "nothing new is taken without the database");
    proxy.mend();

    eventually(Duration::from_secs(20), "all done", || async { jobs_left(&pool).await == 0 }).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_each_ran_once(&pool, 120).await;
}

// ---- jobs misbehave ------------------------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn panics_time_limits_and_refusals_stay_with_their_job(pool: PgPool) {
    ground(&pool).await;
    let mut ids = HashMap::new();
    for how in ["panic", "slow", "retry", "later", "snooze", "dead", "nul"] {
        ids.insert(how, put(&pool, &Troubled { how: how.into() }, Opts::default()).await);
    }
    put(&pool, &Note { n: 1, ms: 0 }, Opts::default()).await;
    let worker = Running::start(recording(troubled(Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 4)), &pool));
    eventually(Duration::from_secs(10), "all looked at", || async {
        count(&pool, "select count(*) from jobs.job where state = 1 or (state = 0 and run_at <= now())").await == 0
    })
    .await;
    worker.stop().await;

    let words = async |how: &str| state(&pool, ids[how]).await;
    let wait = async |how: &str| {
        let at: DateTime<Utc> =
            sqlx::query_scalar("select run_at from jobs.job where id = $1").bind(ids[how]).fetch_one(&pool).await.unwrap();
        (at - Utc::now()).num_seconds()
    };
    assert_eq!(words("panic").await, (0, 1, Some("panic: on purpose".into())));
    assert!(words("slow").await.2.unwrap().starts_with("took longer"));
    assert_eq!(words("retry").await, (0, 1, Some("no luck: the provider is down".into())));
    assert!((45..70).contains(&wait("retry").await), "the ladder says about 60 s: {}", wait("retry").await);
    assert_eq!(words("later").await, (0, 1, Some("asked to wait".into())));
    assert!((3500..3610).contains(&wait("later").await));
    assert_eq!(words("snooze").await, (0, 0, None), "not an attempt");
    assert!((3500..3610).contains(&wait("snooze").await));
    assert_eq!(words("dead").await, (2, 1, Some("no such address".into())));
    assert_eq!(words("nul").await, (0, 1, Some("before after".into())), "a NUL cannot hold up the others");
    assert_eq!(count(&pool, "select count(*) from run where n = 1").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn payloads_of_other_releases_are_upgraded_kept_or_set_aside(pool: PgPool) {
    let insert = async |version: i16, payload: Value| -> i64 {
        sqlx::query_scalar("insert into jobs.job (queue, kind, version, payload) values ($1, 'test.greeting', $2, $3) returning id")
            .bind(LANE)
            .bind(version)
            .bind(payload)
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    insert(3, json!({"names": ["Awa"]})).await;
    insert(2, json!({"name": "Noé"})).await;
    let never = insert(1, json!({})).await;
    let broken = insert(3, json!({"names": 7})).await;
    let newer = insert(4, json!({"people": []})).await;
    let stranger: i64 = sqlx::query_scalar("insert into jobs.job (queue, kind, payload) values ($1, 'test.unheard_of', '{}') returning id")
        .bind(LANE)
        .fetch_one(&pool)
        .await
        .unwrap();
    let greeted = Arc::new(Mutex::new(vec![]));
    let worker = Worker::new(pool.clone(), QUICK).queue(LANE, 1).on::<Greeting, _, _>({
        let greeted = Arc::clone(&greeted);
        move |job, _| {
            greeted.lock().unwrap().extend(job.names);
            async { Ok(()) }
        }
    });

    let failed = drain(&worker).await.unwrap_err().to_string();

    assert_eq!(*greeted.lock().unwrap(), ["Awa", "Noé"]);
    assert_eq!(state(&pool, never).await, (2, 1, Some("version 1 was never released".into())));
    assert_eq!(state(&pool, broken).await.0, 2);
    assert!(state(&pool, broken).await.2.unwrap().starts_with("payload does not decode"));
    assert_eq!(state(&pool, newer).await.0, 0, "another process may know it");
    assert_eq!(state(&pool, stranger).await.0, 0);
    assert!(state(&pool, stranger).await.2.unwrap().contains("unknown kind test.unheard_of"));
    assert!(failed.contains("test.unheard_of") && failed.contains("test.greeting"), "{failed}");
}

// ---- keys ----------------------------------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_enqueued_while_waiting_keeps_the_newer_payload_and_the_earlier_time(pool: PgPool) {
    ground(&pool).await;
    let later = Utc::now() + TimeDelta::hours(1);
    let first = put(&pool, &Note { n: 1, ms: 0 }, Opts::default().key("k")).await;
    let second = put(&pool, &Note { n: 2, ms: 0 }, Opts::default().key("k").at(later)).await;
    assert_eq!(first, second);

    let worker = recording(Worker::new(pool.clone(), QUICK).queue(LANE, 1), &pool);
    assert_eq!(drain(&worker).await.unwrap(), 1);
    assert_eq!(count(&pool, "select n from run").await, 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_enqueued_while_running_runs_once_more_whatever_becomes_of_the_run(pool: PgPool) {
    for outcome in ["ok", "finish", "retry", "dead", "last"] {
        let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let runs = Arc::new(AtomicU64::new(0));
        let worker = Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 2).on::<Note, _, _>({
            let (entered, go, runs, pool) = (Arc::clone(&entered), Arc::clone(&go), Arc::clone(&runs), pool.clone());
            move |_, cx| {
                let (entered, go, runs, pool) = (Arc::clone(&entered), Arc::clone(&go), Arc::clone(&runs), pool.clone());
                async move {
                    if runs.fetch_add(1, Ordering::SeqCst) > 0 {
                        return Ok(());
                    }
                    entered.notify_one();
                    go.notified().await;
                    match outcome {
                        "ok" => Ok(()),
                        "finish" => {
                            let mut tx = pool.begin().await?;
                            assert!(cx.finish(&mut tx).await?);
                            tx.commit().await?;
                            Ok(())
                        }
                        "dead" => Err(Fail::Dead("for good".into())),
                        _ => Err(Fail::Retry("once".into())),
                    }
                }
            }
        });
        let worker = Running::start(worker);
        let opts = || Opts::default().key("k").max_attempts(if outcome == "last" { 1 } else { 5 });
        let id = put(&pool, &Note { n: 1, ms: 0 }, opts()).await;
        entered.notified().await;
        for _ in 0..3 {
            assert_eq!(put(&pool, &Note { n: 2, ms: 0 }, opts()).await, id);
        }
        go.notify_one();
        eventually(Duration::from_secs(5), outcome, || async { jobs_left(&pool).await == 0 }).await;
        worker.stop().await;
        assert_eq!(runs.load(Ordering::SeqCst), 2, "{outcome}");
    }
}

// ---- asked to leave ------------------------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_draining_worker_finishes_the_short_and_hands_back_the_long(pool: PgPool) {
    ground(&pool).await;
    put(&pool, &Note { n: 1, ms: 300 }, Opts::default()).await;
    let long = put(&pool, &Note { n: 2, ms: 20_000 }, Opts::default()).await;
    let worker = recording(Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 2), &pool);
    let worker = Running::with_grace(worker, Duration::from_millis(800));
    eventually(Duration::from_secs(5), "both started", || async { count(&pool, "select count(*) from run").await == 2 }).await;
    let unseen = put(&pool, &Note { n: 3, ms: 0 }, Opts::default()).await;

    let leaving = Instant::now();
    worker.stop().await;

    assert!(leaving.elapsed() < Duration::from_secs(4), "{:?}", leaving.elapsed());
    assert_eq!(jobs_left(&pool).await, 2);
    assert_eq!(state(&pool, long).await, (0, 0, None), "as if never taken");
    assert_eq!(state(&pool, unseen).await, (0, 0, None));
    let next = recording(Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 2), &pool);
    let next = Running::with_grace(next, Duration::ZERO);
    eventually(Duration::from_secs(5), "taken up again", || async { count(&pool, "select count(*) from run where n > 1").await == 3 })
        .await;
    next.stop().await;
}

// ---- many jobs, many organisations ---------------------------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn jobs_of_the_future_cost_the_present_nothing(pool: PgPool) {
    ground(&pool).await;
    sqlx::query(
        "
        insert into jobs.job (queue, kind, payload, tenant, run_at)
        select 'sync', 'test.note', '{\"n\": -1, \"ms\": 0}', lpad(to_hex(i % 200 + 1), 32, '0')::uuid, now() + interval '1 day' + i * interval '1 s'
        from generate_series(1, 100000) as i
        ",
    )
    .execute(&pool)
    .await
    .unwrap();
    sqlx::raw_sql("analyze jobs.job").execute(&pool).await.unwrap();
    put(&pool, &Note { n: 0, ms: 0 }, Opts::default().tenant(Uuid::from_u128(150))).await;
    let head = blocks_touched(&pool, FROM_HEAD, 200).await;
    let tenants = blocks_touched(&pool, FROM_TENANTS, 128).await;
    println!("blocks touched by a claim: {head} from the head, {tenants} from 128 organisations");
    assert!(head < 100, "a claim reads {head} blocks");
    assert!(tenants < 1000, "a claim reads {tenants} blocks");

    // With a slow poll only the bell can explain a quick pickup.
    let options = WorkerOptions { poll: Duration::from_secs(5), ..QUICK };
    let begun = Arc::new(Mutex::new(HashMap::new()));
    let worker = Worker::new(own_pool(&pool, "w").await, options).queue(LANE, 4).on::<Note, _, _>({
        let begun = Arc::clone(&begun);
        move |job, _| {
            begun.lock().unwrap().insert(job.n, Instant::now());
            async { Ok(()) }
        }
    });
    let worker = Running::start(worker);
    eventually(Duration::from_secs(10), "listening", || async { begun.lock().unwrap().contains_key(&0) }).await;
    let mut written = vec![];
    for n in 1..=60 {
        put(&pool, &Note { n, ms: 0 }, Opts::default().tenant(Uuid::from_u128(n as u128))).await;
        written.push((n, Instant::now()));
        sleep(Duration::from_millis(10)).await;
    }
    eventually(Duration::from_secs(10), "all begun", || async { begun.lock().unwrap().len() == 61 }).await;
    worker.stop().await;
    let begun = begun.lock().unwrap();
    let mut waits: Vec<Duration> = written.iter().map(|(n, at)| begun[n].saturating_duration_since(*at)).collect();
    waits.sort_unstable();
    println!("pickup p50 {:?}, p95 {:?} with 100 000 future jobs", waits[30], waits[57]);
    assert!(waits[57] < Duration::from_secs(1), "{:?}", waits[57]);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_flood_of_one_organisation_does_not_hold_up_another(pool: PgPool) {
    ground(&pool).await;
    flood(&pool, 7, 3000).await;
    for tenant in [3, 8, 9] {
        put(&pool, &Note { n: tenant, ms: 0 }, Opts::default().tenant(Uuid::from_u128(tenant as u128))).await;
    }
    let order = Arc::new(Mutex::new(vec![]));
    let worker = Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 4).on::<Note, _, _>({
        let order = Arc::clone(&order);
        move |job, _| {
            order.lock().unwrap().push(job.n);
            async {
                sleep(Duration::from_millis(3)).await;
                Ok(())
            }
        }
    });
    let worker = Running::with_grace(worker, Duration::ZERO);
    eventually(Duration::from_secs(10), "the small ones ran", || async {
        let order = order.lock().unwrap();
        [3, 8, 9].iter().all(|n| order.contains(n))
    })
    .await;
    let last = order.lock().unwrap().iter().rposition(|n| *n != -7).unwrap();
    worker.stop().await;
    assert!(last < 40, "the last of the small ones was number {last}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_backlog_behind_hundreds_of_organisations_with_only_future_jobs_is_found(pool: PgPool) {
    ground(&pool).await;
    sqlx::query(
        "
        insert into jobs.job (queue, kind, payload, tenant, run_at)
        select 'sync', 'test.note', '{\"n\": 0, \"ms\": 0}', lpad(to_hex(i), 32, '0')::uuid, now() + interval '1 day'
        from generate_series(1, 300) as i
        ",
    )
    .execute(&pool)
    .await
    .unwrap();
    flood(&pool, 290, 230).await;
    flood(&pool, 10, 20).await;
    let worker = Worker::new(pool.clone(), QUICK).queue(LANE, 1).on::<Note, _, _>(|_, _| async { Ok(()) });
    assert_eq!(drain(&worker).await.unwrap(), 250);

    flood(&pool, 290, 400).await;
    let worker = Worker::new(own_pool(&pool, "w").await, QUICK).queue(LANE, 16).on::<Note, _, _>(|_, _| async { Ok(()) });
    let worker = Running::start(worker);
    eventually(Duration::from_secs(15), "all ran", || async { jobs_left(&pool).await == 300 }).await;
    worker.stop().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_idle_worker_hardly_touches_the_database(pool: PgPool) {
    // Counted on the wire: the server's own figures include its vacuums and the neighbours' notifications.
    let proxy = Proxy::start(&pool).await;
    let through = pool_of(proxy.options(&pool), "idle").await;
    let worker = Running::start(Worker::new(through, WorkerOptions::default()).all_queues());
    sleep(Duration::from_secs(2)).await;
    let before = proxy.asked();
    sleep(Duration::from_secs(4)).await;
    let rate = (proxy.asked() - before) as f64 / 4.0;
    worker.stop().await;
    println!("{rate} statements a second when idle");
    assert!((1.0..=10.0).contains(&rate), "{rate} statements a second");
}

// ---- the caller's transaction, the clock, the operator -------------------------------------------------------------

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_job_exists_if_and_only_if_its_cause_was_committed(pool: PgPool) {
    ground(&pool).await;
    let mut tx = pool.begin().await.unwrap();
    enqueue(&mut tx, &Note { n: 1, ms: 0 }, Opts::default()).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(jobs_left(&pool).await, 0);

    // The role of an organisation's transaction may ring, and see nothing.
    sqlx::raw_sql("do $$ begin create role zencall_queue_test; exception when duplicate_object or unique_violation then null; end $$")
        .execute(&pool)
        .await
        .unwrap();
    let mut tx = pool.begin().await.unwrap();
    sqlx::raw_sql("set local role zencall_queue_test").execute(&mut *tx).await.unwrap();
    enqueue(&mut tx, &Note { n: 2, ms: 0 }, Opts::default()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(jobs_left(&pool).await, 1);
    let mut tx = pool.begin().await.unwrap();
    sqlx::raw_sql("set local role zencall_queue_test").execute(&mut *tx).await.unwrap();
    assert!(sqlx::query("select payload from jobs.job").fetch_all(&mut *tx).await.unwrap_err().to_string().contains("permission denied"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn work_and_job_end_in_one_transaction_or_not_at_all(pool: PgPool) {
    ground(&pool).await;
    let id = put(&pool, &Note { n: 1, ms: 0 }, Opts::default()).await;
    let worker = Worker::new(pool.clone(), QUICK).queue(LANE, 1).on::<Note, _, _>({
        let pool = pool.clone();
        move |job, cx| {
            let pool = pool.clone();
            async move {
                let mut tx = pool.begin().await?;
                sqlx::query("insert into run (n, attempt, who) values ($1, $2, 'tx')")
                    .bind(job.n)
                    .bind(cx.attempt)
                    .execute(&mut *tx)
                    .await?;
                if cx.attempt == 1 {
                    // Somebody else has taken it over meanwhile.
                    sqlx::query("update jobs.job set fence = fence + 1, lease_until = now() - interval '1 s' where id = $1")
                        .bind(cx.id)
                        .execute(&pool)
                        .await?;
                }
                if cx.finish(&mut tx).await? {
                    tx.commit().await?;
                } else {
                    tx.rollback().await?;
                }
                Ok(())
            }
        }
    });
    assert_eq!(drain(&worker).await.unwrap(), 1);
    assert_eq!(count(&pool, "select count(*) from run").await, 0, "rolled back with the lost lease");
    assert_eq!(state(&pool, id).await.0, 1, "the late answer did not touch the row");

    sqlx::query("update jobs.job set state = 0").execute(&pool).await.unwrap();
    assert_eq!(drain(&worker).await.unwrap(), 1);
    assert_eq!(count(&pool, "select count(*) from run").await, 1);
    assert_eq!(jobs_left(&pool).await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_request_id_travels_into_jobs_and_their_jobs(pool: PgPool) {
    let seen = Arc::new(Mutex::new(vec![]));
    let worker = Worker::new(pool.clone(), QUICK).queue(LANE, 1).on::<Note, _, _>({
        let (pool, seen) = (pool.clone(), Arc::clone(&seen));
        move |job, cx| {
            let (pool, seen) = (pool.clone(), Arc::clone(&seen));
            async move {
                seen.lock().unwrap().push((job.n, cx.trace.clone(), queue::current_trace()));
                if job.n < 2 {
                    put(&pool, &Note { n: job.n + 1, ms: 0 }, Opts::default()).await;
                }
                Ok(())
            }
        }
    });
    queue::with_trace(Some("req-7".into()), put(&pool, &Note { n: 1, ms: 0 }, Opts::default())).await;
    assert_eq!(drain(&worker).await.unwrap(), 2);
    let trace = Some("req-7".to_owned());
    assert_eq!(*seen.lock().unwrap(), [(1, trace.clone(), trace.clone()), (2, trace.clone(), trace)]);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_clock_rings_once_over_all_workers_and_makes_up_once(pool: PgPool) {
    ground(&pool).await;
    let build = async || {
        let worker = Worker::new(own_pool(&pool, "clock").await, QUICK).queue(LANE, 1);
        recording(worker, &pool).cron("test.every_second", "* * * * * *", &Note { n: 1, ms: 0 }).cron(
            "test.daily",
            "0 3 * * *",
            &Note { n: 2, ms: 0 },
        )
    };
    let workers = [Running::start(build().await), Running::start(build().await), Running::start(build().await)];
    eventually(Duration::from_secs(10), "rang thrice", || async { count(&pool, "select count(*) from run where n = 1").await >= 3 }).await;
    for worker in workers {
        worker.stop().await;
    }
    let (runs, seconds): (i64, i64) =
        sqlx::query_as("select count(*), extract(epoch from max(at) - min(at))::bigint + 2 from run where n = 1")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(runs <= seconds, "{runs} runs in {seconds} s by three workers");
    assert_eq!(count(&pool, "select count(*) from run where n = 2").await, 0, "a new pattern does not fire at once");

    // Nobody was there for five nights.
    sqlx::query("update jobs.cron set next_at = now() - interval '5 days' where name = 'test.daily'").execute(&pool).await.unwrap();
    let late = [Running::start(build().await), Running::start(build().await)];
    eventually(Duration::from_secs(10), "made up", || async { count(&pool, "select count(*) from run where n = 2").await == 1 }).await;
    sleep(Duration::from_millis(1500)).await;
    for worker in late {
        worker.stop().await;
    }
    assert_eq!(count(&pool, "select count(*) from run where n = 2").await, 1);
    let next: DateTime<Utc> = sqlx::query_scalar("select next_at from jobs.cron where name = 'test.daily'").fetch_one(&pool).await.unwrap();
    assert!(next > Utc::now());
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_operator_lists_reads_redrives_and_discards_dead_jobs(pool: PgPool) {
    ground(&pool).await;
    let fatal = put(&pool, &Troubled { how: "dead".into() }, Opts::default().key("k").trace("req-9")).await;
    let other = put(&pool, &Troubled { how: "dead".into() }, Opts::default()).await;
    let worker = troubled(Worker::new(pool.clone(), QUICK).queue(LANE, 1));
    drain(&worker).await.unwrap_err();
    let waiting = put(&pool, &Troubled { how: "ok".into() }, Opts::default().key("k").at(Utc::now() + TimeDelta::hours(1))).await;
    let mut conn = pool.acquire().await.unwrap();

    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let lines = queue::list(&mut conn, &dead, 50).await.unwrap();
    assert_eq!(lines.iter().map(|job| job.id).collect::<Vec<_>>(), [other, fatal]);
    assert!(lines[0].died_at.is_some());
    let page = queue::list(&mut conn, &JobFilter { before: Some(other), ..dead.clone() }, 50).await.unwrap();
    assert_eq!(page.len(), 1);
    let figures = queue::figures(&mut conn, &[LANE, "mail"]).await.unwrap();
    assert_eq!((figures[0].dead, figures[0].due, figures[1].dead), (2, 0, 0));
    let detail = queue::show(&mut conn, fatal).await.unwrap().unwrap();
    assert_eq!(detail.line.last_error.as_deref(), Some("no such address"));
    assert_eq!((detail.trace.as_deref(), detail.key.as_deref(), &detail.payload), (Some("req-9"), Some("k"), &json!({"how": "dead"})));

    assert_eq!(queue::redrive(&mut conn, &[waiting]).await.unwrap(), 0, "only dead jobs");
    assert_eq!(queue::redrive_all(&mut conn, Some("mail")).await.unwrap(), 0);
    assert_eq!(queue::redrive_all(&mut conn, Some(LANE)).await.unwrap(), 2);
    assert_eq!(state(&pool, fatal).await, (0, 0, Some("no such address".into())));
    assert_eq!(queue::figures(&mut conn, &[LANE]).await.unwrap()[0].due, 2);
    drain(&worker).await.unwrap_err();
    assert_eq!(queue::discard(&mut conn, &[fatal, other, waiting]).await.unwrap(), 2);
    assert_eq!(jobs_left(&pool).await, 1);
    assert!(queue::show(&mut conn, fatal).await.unwrap().is_none());
}

// ---- the hidden process --------------------------------------------------------------------------------------------

#[tokio::test]
#[ignore = "a worker in a process of its own, started by the tests above"]
async fn child_worker() {
    let Ok(url) = std::env::var("ZC_CHILD_URL") else { return };
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = pool_of(options, "child").await;
    let worker =
        recording(Worker::new(pool.clone(), QUICK).queue(LANE, 4), &pool).on::<Killer, _, _>(|_, _| async { std::process::abort() });
    worker.run(CancellationToken::new(), Duration::ZERO).await;
}

struct ChildWorker(Child);

impl ChildWorker {
    fn start(pool: &PgPool) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "queue::child_worker", "--ignored", "--nocapture"])
            .env("ZC_CHILD_URL", pool.connect_options().to_url_lossy().as_str())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap().success());
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn is_gone(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for ChildWorker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// ---- a database that can be cut off --------------------------------------------------------------------------------

/// Stands between workers and PostgreSQL; cutting it ends every connection and refuses new ones.
struct Proxy {
    port: u16,
    is_cut: watch::Sender<bool>,
    asked: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    async fn start(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let upstream = match options.get_socket() {
            Some(folder) => Err(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => Ok((options.get_host().to_owned(), options.get_port())),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_cut, watching) = watch::channel(false);
        let asked = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn({
            let asked = Arc::clone(&asked);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    if !*watching.borrow() {
                        tokio::spawn(relay(client, upstream.clone(), watching.clone(), Arc::clone(&asked)));
                    }
                }
            }
        });
        Self { port, is_cut, asked, task }
    }

    /// How many statements went through.
    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    fn options(&self, pool: &PgPool) -> PgConnectOptions {
        let direct = pool.connect_options();
        let through = if direct.get_socket().is_some() {
            PgConnectOptions::new_without_pgpass().username(direct.get_username()).database(direct.get_database().unwrap())
        } else {
            (*direct).clone()
        };
        through.host("127.0.0.1").port(self.port)
    }

    fn cut(&self) {
        self.is_cut.send(true).unwrap();
    }

    fn mend(&self) {
        self.is_cut.send(false).unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(client: TcpStream, upstream: Result<(String, u16), PathBuf>, mut is_cut: watch::Receiver<bool>, asked: Arc<AtomicU64>) {
    let until_cut = is_cut.wait_for(|cut| *cut);
    match upstream {
        Ok(address) => {
            let server = TcpStream::connect(address).await.unwrap();
            tokio::select! { () = pump(client, server, asked) => {}, _ = until_cut => {} }
        }
        Err(path) => {
            let server = UnixStream::connect(path).await.unwrap();
            tokio::select! { () = pump(client, server, asked) => {}, _ = until_cut => {} }
        }
    }
}

async fn pump(client: TcpStream, server: impl AsyncRead + AsyncWrite, asked: Arc<AtomicU64>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let questions = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            // A statement is at least bind, execute and sync; what is shorter is the pool asking whether the line is up.
            asked.fetch_add(u64::from(length > 30), Ordering::Relaxed);
            if to_server.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! { () = questions => {}, _ = tokio::io::copy(&mut from_server, &mut to_client) => {} }
}

// ---- small things --------------------------------------------------------------------------------------------------

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(worker: Worker) -> Self {
        Self::with_grace(worker, Duration::from_secs(10))
    }

    fn with_grace(worker: Worker, grace: Duration) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker.run(stop.clone(), grace));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn ground(pool: &PgPool) {
    sqlx::raw_sql("create table run (id bigint generated always as identity, n bigint, attempt int, who text, at timestamptz default clock_timestamp())")
        .execute(pool)
        .await
        .unwrap();
}

/// Notes write their run at once, over a connection of their own, and then take their time.
fn recording(worker: Worker, records: &PgPool) -> Worker {
    let records = records.clone();
    worker.on::<Note, _, _>(move |job, cx| {
        let records = records.clone();
        async move {
            sqlx::query("insert into run (n, attempt, who) values ($1, $2, $3)")
                .bind(job.n)
                .bind(cx.attempt)
                .bind(std::process::id().to_string())
                .execute(&records)
                .await?;
            sleep(Duration::from_millis(job.ms)).await;
            Ok(())
        }
    })
}

fn troubled(worker: Worker) -> Worker {
    worker.on::<Troubled, _, _>(|job, _| async move {
        let in_an_hour = Utc::now() + TimeDelta::hours(1);
        match job.how.as_str() {
            "ok" => Ok(()),
            "panic" => panic!("on purpose"),
            "slow" => {
                sleep(Duration::from_secs(60)).await;
                Ok(())
            }
            "later" => Err(Fail::RetryAt(in_an_hour, "asked to wait".into())),
            "snooze" => Err(Fail::Snooze(in_an_hour)),
            "dead" => Err(Fail::Dead("no such address".into())),
            "nul" => Err(Fail::Retry("before\0 after".into())),
            _ => Err(anyhow::anyhow!("the provider is down\nwith a long story").context("no luck").into()),
        }
    })
}

async fn flood(pool: &PgPool, tenant: i64, jobs: i64) {
    sqlx::query(
        "
        insert into jobs.job (queue, kind, payload, tenant)
        select 'sync', 'test.note', jsonb_build_object('n', -$1, 'ms', 0), lpad(to_hex($1), 32, '0')::uuid
        from generate_series(1, $2)
        ",
    )
    .bind(tenant)
    .bind(jobs)
    .execute(pool)
    .await
    .unwrap();
}

async fn put<J: Job>(pool: &PgPool, job: &J, opts: Opts) -> i64 {
    let mut conn = pool.acquire().await.unwrap();
    enqueue(&mut conn, job, opts).await.unwrap()
}

/// A pool beside the one of the test, whose connections are counted over all tests.
async fn own_pool(pool: &PgPool, name: &str) -> PgPool {
    pool_of((*pool.connect_options()).clone(), name).await
}

async fn pool_of(options: PgConnectOptions, name: &str) -> PgPool {
    PgPoolOptions::new().max_connections(6).connect_with(options.application_name(name)).await.unwrap()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    let answer: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!("select ({sql})::bigint"))).fetch_one(pool).await.unwrap();
    answer.unwrap_or(0)
}

async fn jobs_left(pool: &PgPool) -> i64 {
    count(pool, "select count(*) from jobs.job").await
}

/// State, attempts and last error.
async fn state(pool: &PgPool, id: i64) -> (i16, i32, Option<String>) {
    sqlx::query_as("select state, attempts, last_error from jobs.job where id = $1").bind(id).fetch_one(pool).await.unwrap()
}

async fn fence(pool: &PgPool, id: i64) -> Option<i64> {
    sqlx::query_scalar("select fence from jobs.job where id = $1").bind(id).fetch_optional(pool).await.unwrap()
}

async fn assert_each_ran_once(pool: &PgPool, jobs: i64) {
    assert_eq!(count(pool, "select count(distinct n) from run").await, jobs, "lost");
    assert_eq!(count(pool, "select count(*) from run").await, jobs, "run twice");
}

async fn eventually<F: Future<Output = bool>>(limit: Duration, what: &str, is_so: impl Fn() -> F) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(25)).await;
    }
}

/// Blocks a claim of eight jobs reads, buffered or not.
async fn blocks_touched(pool: &PgPool, claim: &'static str, window: i64) -> i64 {
    let mut tx = pool.begin().await.unwrap();
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(format!("explain (analyze, buffers, format json) {claim}")))
        .bind(LANE)
        .bind(Uuid::nil())
        .bind(8_i64)
        .bind("explained")
        .bind(5.0_f64)
        .bind(window)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    let top = &plan[0]["Plan"];
    top["Shared Hit Blocks"].as_i64().unwrap() + top["Shared Read Blocks"].as_i64().unwrap()
}
