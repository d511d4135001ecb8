//! Clients vanish at any moment: no connection is left inside a transaction, and nothing acknowledged is lost.
//!
//! sqlx 0.9.0 returns a connection to the pool *inside* a transaction when the caller is dropped during `BEGIN`. The storm below runs
//! behind a proxy that delays every answer of the database, so that there is a `BEGIN` to be dropped in. The control cuts a bare `begin`
//! the same way and has to be caught.

use rand::RngExt;
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use zencall::{
    platform::OrgScope,
    shared::permission::{Permission, Role},
};

const STORM: usize = 1500;

/// A proxy in front of the database that answers late; returns its port.
async fn slow_proxy(host: String, port: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(database) = TcpStream::connect((host.as_str(), port)).await else { continue };
            let _ = client.set_nodelay(true);
            let _ = database.set_nodelay(true);
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_database, mut to_database) = database.into_split();
            tokio::spawn(async move {
                let _ = tokio::io::copy(&mut from_client, &mut to_database).await;
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

/// A pool on the same database through the proxy.
async fn slow_pool(pool: &PgPool) -> PgPool {
    let options = (*pool.connect_options()).clone();
    let port = slow_proxy(options.get_host().to_owned(), options.get_port(), Duration::from_millis(3)).await;
    let options = options.host("127.0.0.1").port(port).application_name("storm");
    PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(30)).connect_with(options).await.expect("a pool")
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
        let wait = Duration::from_micros(rand::rng().random_range(0..12_000));
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
    let slow = slow_pool(&pool).await;
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
    let slow = slow_pool(&pool).await;
    let app = crate::app::TestApp::on(slow.clone()).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let (mut bare, mut guarded) = (0, 0);
    for _ in 0..200 {
        let wait = Duration::from_micros(rand::rng().random_range(0..12_000));
        let _ = tokio::time::timeout(wait, slow.begin()).await;
        bare += inherited(&slow).await;
    }
    for _ in 0..200 {
        let wait = Duration::from_micros(rand::rng().random_range(0..12_000));
        let _ = tokio::time::timeout(wait, scope.begin(Permission::CallsRead)).await;
        guarded += inherited(&slow).await;
    }
    assert!(bare > 0, "the storm no longer finds the fault it is there for: is the guard still needed?");
    assert_eq!(guarded, 0);
}

/// How many of the pool's idle connections come with somebody else's transaction in them. Ends those it finds.
async fn inherited(pool: &PgPool) -> usize {
    tokio::time::sleep(Duration::from_millis(15)).await; // a dropped connection goes back to the pool in a task of its own
    let mut found = 0;
    let mut held = Vec::new();
    while let Some(mut conn) = pool.try_acquire() {
        // In a transaction of one's own, its start and the statement's are the same moment.
        let is_old: bool = sqlx::query_scalar("select statement_timestamp() - now() > interval '1500 microseconds'")
            .fetch_one(&mut *conn)
            .await
            .expect("an answer");
        if is_old {
            found += 1;
            sqlx::raw_sql("rollback").execute(&mut *conn).await.expect("rolled back");
        }
        held.push(conn);
    }
    found
}
