//! From a webhook to changed text in a browser, while five hundred calls run and fifty people watch; and what an idle watcher weighs.

use crate::{
    hooks,
    load::Wire,
    place::{Org, Place, percentile, report, short},
};
use anyhow::{Context, ensure};
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::{Value, json};
use std::{collections::HashMap, net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::Command,
    task::JoinSet,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

const CALLS: u64 = 500;
const VIEWERS: usize = 50;
const IDLE: usize = 2000;
const TARGET_MS: f64 = 250.0;
/// Webhooks a second: each of the calls says something every ten seconds.
const RATE: u64 = 50;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Runs it all.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let mut place = Place::make().await?;
    let org = place.seed(300, 1).await?.pop().context("an organisation")?;
    place.serve().await?;
    let cookie = place.sign_in(&org).await?;
    weigh(&place, &cookie).await?;
    delay(&place, &org, &cookie, if is_quick { 10 } else { 60 }).await?;
    place.end().await
}

async fn weigh(place: &Place, cookie: &str) -> anyhow::Result<()> {
    drop(open(place.address, cookie, VIEWERS).await?); // what the first sockets cost once
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = place.resident_kib()?;
    let sockets = open(place.address, cookie, IDLE).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = place.resident_kib()? - before;
    report(
        "live",
        json!({ "figure": short(grown as f64 / IDLE as f64), "unit": "KiB resident per idle viewer", "viewers": sockets.len(), "resident_before_kib": before }),
    );
    Ok(())
}

/// Sockets that follow the board and have heard it.
async fn open(address: SocketAddr, cookie: &str, count: usize) -> anyhow::Result<Vec<Socket>> {
    let mut opening = JoinSet::new();
    for part in 0..8 {
        let cookie = cookie.to_owned();
        opening.spawn(async move {
            let mut sockets = Vec::new();
            for _ in (part..count).step_by(8) {
                sockets.push(watch(address, &cookie).await?);
            }
            anyhow::Ok(sockets)
        });
    }
    let mut sockets = Vec::new();
    while let Some(opened) = opening.join_next().await {
        sockets.extend(opened??);
    }
    Ok(sockets)
}

async fn watch(address: SocketAddr, cookie: &str) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{address}/live/ws").into_client_request()?;
    request.headers_mut().insert("origin", HeaderValue::from_str(&format!("http://{address}"))?);
    request.headers_mut().insert("cookie", HeaderValue::from_str(&format!("__Host-zc={cookie}"))?);
    let (mut socket, _) = connect_async(request).await?;
    socket.send(Message::Text(json!({ "sub": "board" }).to_string().into())).await?;
    let heard = tokio::time::timeout(Duration::from_secs(10), socket.next()).await?.context("the socket ended")??;
    ensure!(heard.is_text(), "the board did not come: {heard:?}");
    Ok(socket)
}

async fn delay(place: &Place, org: &Org, cookie: &str, lasts_s: u64) -> anyhow::Result<()> {
    let t0 = chrono::Utc::now().timestamp_millis() - 5000;
    ring(place.address, org, t0).await?;
    let mut wire = Wire::open(place.address).await?;
    let mut watchers = JoinSet::new();
    for mut socket in open(place.address, cookie, VIEWERS - 1).await? {
        watchers.spawn(async move {
            let mut heard = 0_u64;
            while let Some(Ok(message)) = socket.next().await {
                heard += u64::from(message.is_text());
            }
            heard
        });
    }
    let base = format!("http://{}", place.address);
    let mut browser = Command::new("node")
        .args(["end2end/live-delay.mjs", &base, cookie])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = BufReader::new(browser.stdout.take().context("stdout")?);
    let mut ready = String::new();
    tokio::time::timeout(Duration::from_secs(90), said.read_line(&mut ready)).await.context("the page does not come")??;
    let shown: Value = serde_json::from_str(&ready).context("end2end/live-delay.mjs ended early")?;

    let mut sent: HashMap<u64, f64> = HashMap::new();
    let mut beat = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
    for signal in 0..RATE * lasts_s {
        beat.tick().await;
        let now = chrono::Utc::now();
        let call = signal * 37 % CALLS;
        sent.insert(signal, now.timestamp_micros() as f64 / 1000.0);
        let message = json!({ "message": { "type": "transcript", "role": "user", "transcriptType": "final", "timestamp": now.timestamp_millis(),
            "transcript": format!("signal-{signal}. Je voudrais un rendez-vous."), "call": { "id": format!("live-{call}"), "type": "inboundPhoneCall" } } });
        tell(&mut wire, place.address, org, &message.to_string()).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    browser.stdin.take().context("stdin")?.write_all(b"end\n").await?;
    let mut rest = String::new();
    said.read_to_string(&mut rest).await?;
    let seen: HashMap<u64, f64> = serde_json::from_str(&rest).context("what end2end/live-delay.mjs saw")?;
    let mut took: Vec<f64> = seen.iter().filter_map(|(signal, at)| Some(at - sent.get(signal)?)).collect();
    ensure!(took.len() * 100 >= sent.len() * 99, "{} of {} changes were seen in the browser", took.len(), sent.len());
    let resident = place.resident_kib()?;
    let p95 = percentile(&mut took, 0.95);
    report(
        "live",
        json!({ "figure": short(p95), "unit": "ms p95, webhook sent to text changed", "target": TARGET_MS, "ratio": short(TARGET_MS / p95),
            "p50_ms": short(percentile(&mut took, 0.50)), "p99_ms": short(percentile(&mut took, 0.99)), "live_calls": CALLS, "viewers": VIEWERS,
            "shown_calls": shown["rows"], "webhooks_per_s": RATE, "samples": took.len(), "server_kib": resident }),
    );
    watchers.shutdown().await;
    Ok(())
}

/// The calls ring and are answered.
async fn ring(address: SocketAddr, org: &Org, t0: i64) -> anyhow::Result<()> {
    let mut ringing = JoinSet::new();
    for part in 0..32 {
        let org = org.clone();
        ringing.spawn(async move {
            let mut wire = Wire::open(address).await?;
            for call in (part..CALLS).step_by(32) {
                for step in 0..2 {
                    tell(&mut wire, address, &org, &hooks::message(&format!("live-{call}"), step, t0, call)).await?;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(rung) = ringing.join_next().await {
        rung??;
    }
    Ok(())
}

async fn tell(wire: &mut Wire, address: SocketAddr, org: &Org, body: &str) -> anyhow::Result<()> {
    wire.ask(&hooks::request(&address.to_string(), org.path(), &org.vapi_hook_secret, body)).await.map(drop)
}
