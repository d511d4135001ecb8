//! The kill storm: senders tell signed calls at a fixed rate and note each acknowledgement (fsync) before they say the next; meanwhile the server is
//! killed at random moments and at the named places, and PostgreSQL is stopped as if the power went. Afterwards every call that was told has to be
//! there through the public API, once, and be what the model makes of what was acknowledged.
//!
//! Control: a door that acknowledges first and writes a moment later, and knows no repeats, under the same storm and before the same judge.

use crate::{
    Form,
    api::{Api, Differences, Records},
    dice::Dice,
    findings::Findings,
    place::{self, Org, Place},
    storm::{NUMBERS, Storm, folded},
    supervisor::{Supervisor, signal_postgres},
};
use anyhow::Context;
use axum::{Router, extract::State, http::HeaderMap, routing::post};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Named places on the way of a delivery and of the jobs it causes.
const FAILPOINTS: [&str; 7] =
    ["calls::event_parsed", "calls::inserted", "calls::committed", "calls::replied", "calls::broadcast", "queue::claimed", "queue::done"];
/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let mut place = Place::make().await?;
    let org = place.seed(50, 1).await?.pop().context("an organisation")?;
    sqlx::query("update api_keys set per_minute = 1000000").execute(&place.pool).await?;
    control(form, findings, &mut place, &org).await?;

    let mut server = Supervisor::of(place::server()?, "serve", &[])?;
    server.start(&place)?;
    server.ready(&place).await?;
    let storm = Storm::begin(&place, server.address, &org, form.of(5.0, 2.0));
    let mut dice = Dice::new(7);
    let mut to_first = Vec::new();
    for _ in 0..form.of(50, 6) {
        tokio::time::sleep(Duration::from_millis(dice.between(300, 1300) as u64)).await;
        let at = server.kill().await?;
        server.start(&place)?;
        to_first.push(storm.first_after(at).await?.as_secs_f64() * 1000.0);
    }
    let mut after_database = Vec::new();
    for _ in 0..form.of(5, 1) {
        tokio::time::sleep(Duration::from_millis(dice.between(300, 1300) as u64)).await;
        let at = Instant::now();
        signal_postgres(&place, libc::SIGQUIT)?; // what `pg_ctl stop -m immediate` sends
        after_database.push(storm.first_after(at).await?.as_secs_f64() * 1000.0);
    }
    let survived = !server.is_dead();
    let reached = at_failpoints(&place, &mut server, &storm).await?;
    let said = storm.end().await?;
    folded(&place).await?;

    let records = Api::new(server.address, &org.api_key)?.records(NUMBERS).await?;
    let found = Differences::between(&said.model(), &records);
    let more = json!({ "acknowledged": said.acknowledged, "calls": said.told.len(), "kills": to_first.len(), "database_stops": after_database.len(),
        "tries_without_answer": said.without_answer, "examples": found.examples });
    findings.none("acknowledged and there, once, as the model says", found.count(), more);
    findings.none("connections refused while the supervisor holds the socket", said.refused, json!({ "connections": said.connections }));
    findings.none("the server outlives its database", usize::from(!survived), json!({}));
    match reached {
        Some(reached) => {
            let missed: Vec<_> = FAILPOINTS.iter().filter(|name| !reached.contains(*name)).collect();
            findings.none("killed at every named place", missed.len(), json!({ "places": reached.len(), "missed": missed }));
        }
        None => eprintln!("proof kill: no server with failpoints was given, so none was killed at a named place"),
    }
    findings.p95("from kill -9 to the first 2xx", &mut to_first, 500.0);
    findings.p95("from PostgreSQL's stop to the first 2xx", &mut after_database, 5000.0);
    server.end().await;
    place.end().await
}

/// Kills it at each named place, where there is a server that has them.
async fn at_failpoints(place: &Place, server: &mut Supervisor, storm: &Storm) -> anyhow::Result<Option<Vec<&'static str>>> {
    let Some(program) = std::env::var_os("ZENCALL_PROOF_FAILPOINTS").map(PathBuf::from) else { return Ok(None) };
    let mut reached = Vec::new();
    for name in FAILPOINTS {
        server.kill().await?;
        server.start_with(place, &program, &[("FAILPOINTS", format!("{name}=20*off->return"))])?;
        let began = Instant::now();
        while !server.is_dead() && began.elapsed() < Duration::from_secs(25) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if server.is_dead() {
            reached.push(name);
        } else {
            server.kill().await?;
        }
        let at = Instant::now();
        server.start(place)?;
        storm.first_after(at).await?;
    }
    Ok(Some(reached))
}

// ---- the control ---------------------------------------------------------------------------------------------------

/// How long after its answer the control's door writes.
const TOO_LATE: Duration = Duration::from_millis(60);

async fn control(form: Form, findings: &mut Findings, place: &mut Place, org: &Org) -> anyhow::Result<()> {
    sqlx::query("create table proof_told (id bigint generated always as identity, call text not null, step int not null)")
        .execute(&place.pool)
        .await?;
    let own = std::env::current_exe()?;
    let mut door = Supervisor::of(own, "--control-door", &[])?;
    door.start(place)?;
    let storm = Storm::begin(place, door.address, org, form.of(5.0, 4.0));
    let mut dice = Dice::new(11);
    for _ in 0..form.of(12, 3) {
        tokio::time::sleep(Duration::from_millis(dice.between(300, 900) as u64)).await;
        let at = door.kill().await?;
        door.start(place)?;
        storm.first_after(at).await?;
    }
    let said = storm.end().await?;
    tokio::time::sleep(TOO_LATE * 10).await;
    door.end().await;
    let rows: Vec<(String, i32)> = sqlx::query_as("select call, step from proof_told order by id").fetch_all(&place.pool).await?;
    let mut records = Records::new();
    for (trace, _) in &said.told {
        let steps: Vec<usize> =
            rows.iter().filter(|(call, _)| *call == trace.id).filter_map(|(_, step)| usize::try_from(*step).ok()).collect();
        if !steps.is_empty() {
            records.insert(trace.number.clone(), vec![trace.record(steps.into_iter())]);
        }
    }
    let found = Differences::between(&said.model(), &records);
    let more = json!({ "acknowledged": said.acknowledged, "missing": found.missing, "different": found.other, "examples": found.examples });
    findings.control("a door that acknowledges before it commits", found.count(), more);
    Ok(())
}

/// The control's door, in a process of its own so that it can be killed.
pub async fn control_door() -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(4).connect(&std::env::var("DATABASE_URL")?).await?;
    let (later, waiting) = mpsc::unbounded_channel();
    tokio::spawn(write(pool, waiting));
    let routes = Router::new().route("/hooks/vapi/{token}", post(acknowledge)).with_state(later);
    let passed = listenfd::ListenFd::from_env().take_tcp_listener(0)?.context("LISTEN_FDS")?;
    passed.set_nonblocking(true)?;
    let mut asked_to_end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(tokio::net::TcpListener::from_std(passed)?, routes) => Ok(served?),
        _ = asked_to_end.recv() => Ok(()),
    }
}

async fn acknowledge(State(later): State<mpsc::UnboundedSender<Value>>, _headers: HeaderMap, body: axum::body::Bytes) -> &'static str {
    let _ = later.send(serde_json::from_slice(&body).unwrap_or_default());
    "{}"
}

async fn write(pool: PgPool, mut waiting: mpsc::UnboundedReceiver<Value>) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, 256).await > 0 {
        tokio::time::sleep(TOO_LATE).await;
        for told in group.drain(..) {
            let (call, step) = (
                told["message"]["call"]["id"].as_str().unwrap_or_default().to_owned(),
                told["message"]["step"].as_i64().unwrap_or_default(),
            );
            let _ = sqlx::query("insert into proof_told (call, step) values ($1, $2)").bind(call).bind(step as i32).execute(&pool).await;
        }
    }
}
