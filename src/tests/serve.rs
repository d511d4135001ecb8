//! The program itself as a supervisor runs it: one process takes over from another on the same socket, and no request is lost.

use sqlx::{ConnectOptions, PgPool};
use std::{
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::process::{Child, Command};

const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A process of ours on a socket that stays with the test.
struct Server {
    child: Child,
    admin: SocketAddr,
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

impl Server {
    /// Starts it and waits until it serves. The socket goes in as standard input and is moved where supervisors put it.
    async fn start(pool: &PgPool, socket: &TcpListener, folder: &std::path::Path) -> Self {
        let options = pool.connect_options();
        let url = options.to_url_lossy();
        let admin = free_port();
        let socket: OwnedFd = socket.try_clone().expect("a copy of the socket").into();
        let child = Command::new("sh")
            .args(["-c", "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve", env!("CARGO_BIN_EXE_zencall")])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATABASE_URL", url.as_str())
            .env("ZENCALL_DATA_DIR", folder)
            .env("ZENCALL_SIM_BIND", "127.0.0.1:0")
            .env("ADMIN_BIND", admin.to_string())
            .env("ZENCALL_DRAIN_S", "10")
            .env("ZENCALL_SECRET_KEY", KEY)
            .stdin(Stdio::from(socket))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let server = Self { child, admin };
        crate::app::until("the program to serve", 120, || async {
            reqwest::get(format!("http://{}/healthz", server.admin)).await.ok().filter(|answer| answer.status() == 200).map(drop)
        })
        .await;
        server
    }

    /// Asks it to end; returns whether it did so in order.
    async fn end(mut self) -> bool {
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.expect("a signal");
        tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await.is_ok_and(|ended| ended.is_ok_and(|status| status.success()))
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn one_process_hands_over_to_the_next_without_losing_a_request(pool: PgPool) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("an address");
    let folder = std::env::temp_dir().join(format!("zencall-serve-{}", uuid::Uuid::now_v7()));
    let mut server = Server::start(&pool, &socket, &folder).await;

    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (done, answered) = (done.clone(), answered.clone());
        senders.spawn(async move {
            let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
            while !done.load(Ordering::Relaxed) {
                let answer = http.get(format!("http://{address}/readyz")).send().await.expect("every request is answered");
                assert!(answer.status() == 200 || answer.status() == 503, "{}", answer.status());
                answered.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
    }
    for _ in 0..3 {
        let next = Server::start(&pool, &socket, &folder).await;
        assert!(std::mem::replace(&mut server, next).end().await, "it ends by itself, in order");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    done.store(true, Ordering::Relaxed);
    while let Some(sender) = senders.join_next().await {
        sender.expect("no request is lost");
    }
    assert!(answered.load(Ordering::Relaxed) > 100, "{answered:?}");
    assert!(server.end().await);
    std::fs::remove_dir_all(&folder).ok();
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_killed_process_has_kept_everything_it_acknowledged_and_nothing_twice(pool: PgPool) {
    let app = crate::app::TestApp::with_keys(pool.clone(), KEY, "").await;
    let org = app.org("Acme", zencall::shared::permission::Role::Owner).await;
    let socket = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let url = format!("http://{}{}", socket.local_addr().expect("an address"), org.hook_path);
    let folder = std::env::temp_dir().join(format!("zencall-serve-{}", uuid::Uuid::now_v7()));
    let mut server = Server::start(&pool, &socket, &folder).await;

    let done = Arc::new(AtomicBool::new(false));
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..6 {
        let (done, url, secret, http) = (done.clone(), url.clone(), org.hook_secret.clone(), app.http.clone());
        senders.spawn(async move {
            let (mut said, mut acknowledged) = (0, Vec::new());
            while !done.load(Ordering::Relaxed) {
                let words = format!("sender {sender} line {said}");
                // Sent until it is acknowledged, as the provider does: what a dying process did keep arrives a second time.
                while !done.load(Ordering::Relaxed) {
                    if tell(&http, &url, &secret, sender, said, &words).await {
                        acknowledged.push(words);
                        break;
                    }
                }
                said += 1;
            }
            acknowledged
        });
    }
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(rand::random_range(500..1200))).await;
        server.child.kill().await.expect("killed");
        server = Server::start(&pool, &socket, &folder).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    done.store(true, Ordering::Relaxed);
    let acknowledged: Vec<String> = senders.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 30, "{}", acknowledged.len());
    app.applied().await;
    let stored: Vec<(String, i64)> = sqlx::query_as("select text, count(*) from call_lines where org_id = $1 group by text")
        .bind(org.id)
        .fetch_all(&pool)
        .await
        .expect("the lines");
    let stored: std::collections::HashMap<String, i64> = stored.into_iter().collect();
    for words in &acknowledged {
        assert_eq!(stored.get(words), Some(&1), "{words}");
    }
    assert!(stored.values().all(|times| *times == 1));
    assert!(server.end().await);
    std::fs::remove_dir_all(&folder).ok();
}

/// Tells one line of a call; whether it was acknowledged.
async fn tell(http: &reqwest::Client, url: &str, secret: &str, sender: i64, said: i64, words: &str) -> bool {
    let message = serde_json::json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": words,
        "timestamp": 1_790_000_000_000_i64 + said * 1000, "call": { "id": format!("kill-{sender}") } });
    let body = serde_json::json!({ "message": message }).to_string();
    let timestamp = chrono::Utc::now().timestamp().to_string();
    let request = http.post(url).header("x-signature", crate::app::sign(secret, &timestamp, &body)).header("x-timestamp", timestamp);
    request.body(body).timeout(Duration::from_secs(2)).send().await.is_ok_and(|answer| answer.status() == 200)
}
