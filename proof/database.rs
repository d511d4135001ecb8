//! The database fails in the ways databases fail, while calls are told at a fixed rate: restarts, backends terminated five times a second, no
//! connection left, two to work with, a transaction that pins the horizon. Afterwards the rate is met again with nobody's help, and whatever was
//! acknowledged in between is there.
//!
//! The control is that of the kill storm: a door that acknowledges first loses what the same faults interrupt.

use crate::{
    Form,
    api::{Api, Differences},
    findings::Findings,
    place::{self, Place, short},
    storm::{NUMBERS, SENDERS, Storm, folded},
    supervisor::{Supervisor, signal_postgres},
};
use anyhow::Context;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// What of the rate has to come back.
const RECOVERED: f64 = 0.98;
/// Under a pinned horizon.
const PINNED: f64 = 0.95;
/// The database needs a moment to stop; what is acknowledged before says nothing.
const AT_WORK: Duration = Duration::from_millis(200);
/// The smallest pool that the settings take: two of the four only listen, which leaves two to work with.
const SMALLEST: &str = "4";
/// The server's own, with those that PostgreSQL keeps for its owner.
const CONNECTIONS: usize = 230;

/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let place = Place::make().await?;
    let org = place.seed(50, 1).await?.pop().context("an organisation")?;
    sqlx::query("update api_keys set per_minute = 1000000").execute(&place.pool).await?;
    let mut server = Supervisor::of(place::server()?, "serve", &[])?;
    server.start(&place)?;
    server.ready(&place).await?;
    let per_sender = form.of(4.0, 2.0);
    let window = Duration::from_secs(form.of(8, 2));
    let storm = Storm::begin(&place, server.address, &org, per_sender);
    sleep(Duration::from_secs(2)).await;
    let before = rate(&storm, window).await;

    let mut recovered = Vec::new();
    for (name, signal) in [("restart, fast", libc::SIGINT), ("restart, immediate", libc::SIGQUIT)] {
        let at = Instant::now();
        signal_postgres(&place, signal)?;
        recovered.push((name, AT_WORK + storm.first_after(at + AT_WORK).await.context(name)?, settled(&storm, window).await / before));
    }
    let at = Instant::now();
    terminate(&place, Duration::from_secs(form.of(15, 2))).await;
    recovered.push(("backends terminated every 200 ms", at.elapsed(), settled(&storm, window).await / before));
    let at = Instant::now();
    crowd_out(&place, Duration::from_secs(form.of(10, 2))).await?;
    recovered.push(("no connection left", at.elapsed(), settled(&storm, window).await / before));
    let survived = !server.is_dead();

    server.kill().await?;
    server.start_with(&place, &place::server()?, &[("ZENCALL_DATABASE_POOL", SMALLEST.to_owned())])?;
    let at = Instant::now();
    storm.first_after(at).await.context("two connections to work with")?;
    let of_two = settled(&storm, window).await / before;
    let mut pin = PgConnection::connect(&place.cluster().url).await?;
    sqlx::raw_sql("begin isolation level repeatable read; select txid_current()").execute(&mut pin).await?;
    sleep(Duration::from_secs(form.of(60, 2))).await;
    let pinned = rate(&storm, window).await / before;
    sqlx::raw_sql("rollback").execute(&mut pin).await?;

    let said = storm.end().await?;
    folded(&place).await?;
    let found = Differences::between(&said.model(), &Api::new(server.address, &org.api_key)?.records(NUMBERS).await?);
    let more = json!({ "acknowledged": said.acknowledged, "calls": said.told.len(), "tries_without_answer": said.without_answer, "examples": found.examples });
    findings.none("acknowledged through all of it, and not as the model says", found.count(), more);
    findings.none("processes that had to be started by somebody", usize::from(!survived), json!({}));
    for (name, took, ratio) in recovered {
        let more = json!({ "unit": "of the rate before", "before_per_s": before.round(), "fault_s": short(took.as_secs_f64()) });
        findings.time(&format!("{name}: what comes back"), ratio, RECOVERED, true, more);
    }
    let offered = json!({ "unit": "of the rate before", "offered_per_s": SENDERS as f64 * per_sender });
    findings.time("two connections to work with", of_two, RECOVERED, true, offered.clone());
    findings.time("two connections under a pinned horizon", pinned, PINNED, true, offered);
    server.end().await;
    drop(pin);
    place.end().await
}

/// Acknowledgements a second over a while.
async fn rate(storm: &Storm, lasts: Duration) -> f64 {
    let (acks, began) = (storm.acks(), Instant::now());
    sleep(lasts).await;
    (storm.acks() - acks) as f64 / began.elapsed().as_secs_f64()
}

/// The same, once what had to wait has been said.
async fn settled(storm: &Storm, lasts: Duration) -> f64 {
    sleep(Duration::from_secs(2)).await;
    rate(storm, lasts).await
}

/// Ends every connection of the server, again and again.
async fn terminate(place: &Place, lasts: Duration) {
    let began = Instant::now();
    while began.elapsed() < lasts {
        let ended = sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'zencall'");
        let _ = ended.execute(&place.pool).await; // while the database comes back there is nothing to end
        sleep(Duration::from_millis(200)).await;
    }
}

/// Takes every connection there is, those of the server as well.
async fn crowd_out(place: &Place, lasts: Duration) -> anyhow::Result<()> {
    let (mut taken, began) = (Vec::new(), Instant::now());
    while began.elapsed() < lasts {
        terminate(place, Duration::from_millis(1)).await;
        while taken.len() < CONNECTIONS
            && let Ok(connection) = PgConnection::connect(&place.cluster().url).await
        {
            taken.push(connection);
        }
    }
    for connection in taken {
        let _ = connection.close().await;
    }
    Ok(())
}
