//! Clients vanish at any moment: no connection is left inside a transaction, and nothing acknowledged is lost.
//!
//! sqlx 0.9.0 returns a connection to the pool *inside* a transaction when the caller is dropped during `BEGIN`. The storm below runs
//! behind a proxy that delays every answer of the database, so that there is a `BEGIN` to be dropped in. The control drops a bare `begin`
//! just there and has to be caught.

use rand::RngExt;
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use zencall::{
    platform::OrgScope,
    shared::permission::{Permission, Role},
};

const STORM: usize = 1500;

/// A proxy in front of the database that answers late; returns its port. Whoever waits for `begun` is woken when a `BEGIN` passes.
async fn slow_proxy(host: String, port: u16, delay: Duration, begun: Arc<Notify>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(database) = TcpStream::connect((host.as_str(), port)).await else { continue };
            let _ = client.set_nodelay(true);
            let _ = database.set_nodelay(true);
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_database, mut to_database) = database.into_split();
            let begun = begun.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 16 * 1024];
                while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                    if to_database.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                    if buffer[..read].windows(5).any(|word| word == b"BEGIN") {
                        begun.notify_waiters();
                    }
                }
                let _ = to_database.shutdown().await;
            });
            tokio::spawn(async move {
                let mut buffer = [0; 16 * 1024];
                while let Ok(read @ 1..) = from_database.read(&mut buffer).await {
                    tokio::time::sleep(delay).await;
                    if to_client.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    own
}

/// A pool on the same database through the proxy, and the moment of each `BEGIN`.
async fn slow_pool(pool: &PgPool) -> (PgPool, Arc<Notify>) {
    let options = (*pool.connect_options()).clone();
    let begun = Arc::new(Notify::new());
    let port = slow_proxy(options.get_host().to_owned(), options.get_port(), Duration::from_millis(3), begun.clone()).await;
    let options = options.host("127.0.0.1").port(port).application_name("storm");
    let pool =
        PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(30)).connect_with(options).await.expect("a pool");
    (pool, begun)
}

/// Connections of the storm that sit in a transaction although nobody holds them.
async fn stuck(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from pg_stat_activity where application_name = 'storm' and datname = current_database() and state like 'idle in transaction%'")
        .fetch_one(pool)
        .await
        .expect("the activity")
}

async fn storm<F: Future<Output = ()> + Send + 'static>(make: impl Fn() -> F) {
    let gate = Arc::new(tokio::sync::Semaphore::new(24));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..STORM {
        let permit = gate.clone().acquire_owned().await.expect("the gate");
        let wait = Duration::from_micros(rand::rng().random_range(0..60_000));
        let work = make();
        running.spawn(async move {
            let _ = tokio::time::timeout(wait, work).await; // the client is gone
            drop(permit);
        });
    }
    while running.join_next().await.is_some() {}
}

/// What is left once everything that was going on has come to its end.
async fn left_behind(pool: &PgPool) -> i64 {
    let mut left = stuck(pool).await;
    for _ in 0..60 {
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        left = stuck(pool).await;
    }
    left
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_storm_of_vanishing_clients_leaves_no_transaction_open(pool: PgPool) {
    let (slow, _) = slow_pool(&pool).await;
    let app = crate::app::TestApp::on(slow.clone()).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    storm(|| {
        let scope = scope.clone();
        async move {
            let Ok(mut tx) = scope.begin(Permission::CallsRead).await else { return };
            let _ = sqlx::query("update orgs set name = name || ''").execute(tx.conn()).await;
            let _ = tx.commit().await;
        }
    })
    .await;
    // The same through the doors: sockets cut while the answer is on its way.
    let body = serde_json::json!({ "message": { "type": "status-update", "status": "ringing", "call": { "id": "c1" } } }).to_string();
    storm(|| {
        let (http, url, body) = (app.http.clone(), app.url(&org.hook_path), body.clone());
        let timestamp = app.core.clock.now().timestamp().to_string();
        let signature = crate::app::sign(&org.hook_secret, &timestamp, &body);
        async move {
            let _ = http.post(url).header("x-timestamp", timestamp).header("x-signature", signature).body(body).send().await;
        }
    })
    .await;
    assert_eq!(left_behind(&pool).await, 0);
    // Every borrower's write is committed when it says so.
    for n in 0..16 {
        sqlx::query("update orgs set siren = $2 where id = $1").bind(org.id).bind(n.to_string()).execute(&slow).await.expect("a write");
        let seen: String = sqlx::query_scalar("select siren from orgs where id = $1").bind(org.id).fetch_one(&pool).await.expect("a read");
        assert_eq!(seen, n.to_string(), "acknowledged and not there");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_same_cut_on_a_bare_begin_is_caught_and_on_ours_is_not(pool: PgPool) {
    let (slow, begun) = slow_pool(&pool).await;
    let app = crate::app::TestApp::on(slow.clone()).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    for _ in 0..200 {
        cut_in(&begun, scope.begin(Permission::CallsRead)).await;
    }
    assert_eq!(left_behind(&pool).await, 0);
    app.core.draining.cancel(); // no duty of the process borrows a connection now, and so mends it
    for _ in 0..5 {
        cut_in(&begun, slow.begin()).await;
    }
    assert!(left_behind(&pool).await > 0, "the cut no longer finds the fault it is there for: is the guard still needed?");
}

/// Drops the work in the moment its `BEGIN` is on the way.
async fn cut_in(begun: &Notify, work: impl Future) {
    tokio::select! {
        biased;
        () = begun.notified() => {}
        _ = work => {}
    }
}
