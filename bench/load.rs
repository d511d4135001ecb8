//! Connections that wait for each answer before they send again.

use crate::{
    hooks::{self, Caller},
    place::Org,
};
use anyhow::{Context, ensure};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// A keep-alive connection.
pub struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, heard: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the answer whole; its body. Errors: any status but 200.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.ask_for(200, request).await
    }

    /// The same where another answer is right. Errors: any other status.
    pub async fn ask_for(&mut self, status: u16, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.heard.clear();
        let body = loop {
            ensure!(self.stream.read_buf(&mut self.heard).await? > 0, "the server hung up");
            let Some(head) = self.heard.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.heard[..head])?;
            let told = text.split(' ').nth(1).and_then(|told| told.parse::<u16>().ok());
            ensure!(told == Some(status), "answered: {}", text.lines().next().unwrap_or_default());
            let length = text
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse::<usize>()));
            let body = head + 4..head + 4 + length.context("content-length")??;
            if self.heard.len() >= body.end {
                break body;
            }
        };
        Ok(&self.heard[body])
    }
}

/// What was acknowledged.
#[derive(Default)]
pub struct Acked {
    pub took_ms: Vec<f64>,
    /// By message of a call.
    pub steps: Vec<u64>,
    pub per_second: f64,
}

/// Sends for a while over so many connections; every answer is waited for.
pub async fn send(address: SocketAddr, org: &Org, name: &str, connections: u32, lasts: Duration) -> anyhow::Result<Acked> {
    let mut workers = JoinSet::new();
    let began = Instant::now();
    for connection in 0..connections {
        let (org, caller) = (org.clone(), Caller::new(format!("bench-{name}-{connection}")));
        workers.spawn(one(address, org, caller, began + lasts));
    }
    let mut all = Acked { steps: vec![0; hooks::STEPS as usize], ..Acked::default() };
    while let Some(done) = workers.join_next().await {
        let one = done??;
        all.took_ms.extend(one.took_ms);
        all.steps.iter_mut().zip(one.steps).for_each(|(sum, step)| *sum += step);
    }
    all.per_second = all.took_ms.len() as f64 / began.elapsed().as_secs_f64();
    Ok(all)
}

async fn one(address: SocketAddr, org: Org, mut caller: Caller, until: Instant) -> anyhow::Result<Acked> {
    let mut wire = Wire::open(address).await?;
    let host = address.to_string();
    let mut acked = Acked { steps: vec![0; hooks::STEPS as usize], ..Acked::default() };
    while Instant::now() < until {
        let told = caller.tell();
        let request = hooks::request(&host, org.path(), &org.vapi_hook_secret, &told.body);
        let sent = Instant::now();
        wire.ask(&request).await?;
        acked.took_ms.push(sent.elapsed().as_secs_f64() * 1000.0);
        acked.steps[told.step as usize] += 1;
    }
    Ok(acked)
}
