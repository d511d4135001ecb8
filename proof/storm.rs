//! Sixty-four senders that tell calls at a fixed rate, each of which notes an acknowledgement (fsync) before it says its next word, and says again
//! what was not acknowledged.

use crate::{
    dice::Dice,
    hooks,
    load::Wire,
    place::{Org, Place},
    supervisor::log_end,
    trace::{Shape, Trace},
};
use anyhow::ensure;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

pub const SENDERS: usize = 64;
/// Longer than a restart takes, database included.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the provider waits for an answer, here.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How the callers' numbers begin.
pub const NUMBERS: &str = "+33633";

/// Waits until nothing acknowledged waits to be folded.
pub async fn folded(place: &Place) -> anyhow::Result<()> {
    let began = Instant::now();
    while sqlx::query_scalar::<_, bool>("select exists (select from hook_pending)").fetch_one(&place.pool).await? {
        ensure!(began.elapsed() < PATIENCE, "webhooks are acknowledged and not folded after {PATIENCE:?}: {}", log_end(place));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Senders at work.
pub struct Storm {
    seen: Arc<Seen>,
    senders: JoinSet<anyhow::Result<Vec<(Trace, usize)>>>,
}

/// What senders and the one who kills know of each other.
#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    refused: AtomicU64,
    connections: AtomicU64,
    without_answer: AtomicU64,
    many: AtomicU64,
    /// The last acknowledgement whose request was sent at this moment, and when it came.
    acks: Mutex<Option<(Instant, Instant)>>,
}

/// What was told in the end.
pub struct Said {
    /// Calls with the number of messages of each that were acknowledged.
    pub told: Vec<(Trace, usize)>,
    pub acknowledged: usize,
    pub refused: usize,
    pub connections: u64,
    /// Tries that ended otherwise than in a 2xx.
    pub without_answer: u64,
}

impl Said {
    /// What each call has to be.
    pub fn model(&self) -> BTreeMap<String, Value> {
        self.told.iter().filter(|(_, acked)| *acked > 0).map(|(trace, acked)| (trace.number.clone(), trace.record(0..*acked))).collect()
    }
}

impl Storm {
    /// Lets them loose: each says so many messages a second.
    pub fn begin(place: &Place, address: SocketAddr, org: &Org, per_second: f64) -> Self {
        let (seen, mut senders) = (Arc::new(Seen::default()), JoinSet::new());
        for sender in 0..SENDERS {
            let journal = place.file(&format!("acknowledged-{sender}-{}", address.port()));
            senders.spawn(send(seen.clone(), address, org.clone(), sender, per_second, journal));
        }
        Self { seen, senders }
    }

    /// How long after this moment the first request that was sent then was acknowledged.
    pub async fn first_after(&self, at: Instant) -> anyhow::Result<Duration> {
        loop {
            let ack = *self.seen.acks.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((sent, came)) = ack
                && sent > at
            {
                return Ok(came - at);
            }
            ensure!(at.elapsed() < PATIENCE, "nothing is acknowledged any more");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Acknowledgements so far.
    pub fn acks(&self) -> u64 {
        self.seen.many.load(Ordering::Relaxed)
    }

    /// Lets every sender tell its last call to the end.
    pub async fn end(mut self) -> anyhow::Result<Said> {
        self.seen.is_over.store(true, Ordering::Relaxed);
        let mut told = Vec::new();
        while let Some(sender) = self.senders.join_next().await {
            told.extend(sender??);
        }
        Ok(Said {
            acknowledged: told.iter().map(|(_, acked)| acked).sum(),
            told,
            refused: usize::try_from(self.seen.refused.load(Ordering::Relaxed))?,
            connections: self.seen.connections.load(Ordering::Relaxed),
            without_answer: self.seen.without_answer.load(Ordering::Relaxed),
        })
    }
}

/// Tells calls one after the other. What is not acknowledged is sent again until it is, as the provider does.
async fn send(
    seen: Arc<Seen>,
    address: SocketAddr,
    org: Org,
    sender: usize,
    per_second: f64,
    journal: PathBuf,
) -> anyhow::Result<Vec<(Trace, usize)>> {
    let mut journal = File::create(journal)?;
    let (host, mut dice) = (address.to_string(), Dice::new(sender as u64 + 100));
    let mut told: Vec<(Trace, usize)> = Vec::new();
    let mut wire = None;
    let turn = Duration::from_secs_f64(sender as f64 / SENDERS as f64 / per_second); // so that somebody speaks at every moment
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + turn, Duration::from_secs_f64(1.0 / per_second));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !seen.is_over.load(Ordering::Relaxed) {
        let call = told.len();
        let shape = Shape { turns: dice.between(3, 8), has_noise: dice.once_in(3), has_report: true };
        let t0_ms = chrono::Utc::now().timestamp() * 1000 - 60_000;
        let (id, number) = (format!("storm-{}-{sender}-{call}", address.port()), format!("{NUMBERS}{sender:02}{call:04}"));
        let trace = Trace::new(&id, &number, t0_ms, shape, &mut dice);
        let steps = trace.messages.len();
        told.push((trace, 0));
        for step in 0..steps {
            if !seen.is_over.load(Ordering::Relaxed) {
                tick.tick().await; // the last call is told to its end at once
            }
            let last = told.len() - 1;
            let body = told[last].0.body(step);
            let began = Instant::now();
            while !tell(&seen, address, &host, &org, &body, &mut wire).await {
                ensure!(began.elapsed() < PATIENCE, "a message is not acknowledged within {PATIENCE:?}");
                tokio::time::sleep(Duration::from_millis(dice.between(5, 40) as u64)).await;
            }
            journal = tokio::task::spawn_blocking(move || {
                writeln!(journal, "{last} {step}")?;
                journal.sync_data()?;
                std::io::Result::Ok(journal)
            })
            .await??;
            told[last].1 = step + 1;
        }
    }
    Ok(told)
}

/// Sends one message; whether it was acknowledged.
async fn tell(seen: &Seen, address: SocketAddr, host: &str, org: &Org, body: &str, wire: &mut Option<Wire>) -> bool {
    if wire.is_none() {
        seen.connections.fetch_add(1, Ordering::Relaxed);
        match Wire::open(address).await {
            Ok(open) => *wire = Some(open),
            Err(error) => {
                let is_refused =
                    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
                seen.refused.fetch_add(u64::from(is_refused), Ordering::Relaxed);
                return false;
            }
        }
    }
    let Some(open) = wire.as_mut() else { return false };
    let request = hooks::request(host, org.path(), &org.vapi_hook_secret, body);
    let sent = Instant::now();
    let is_acknowledged = tokio::time::timeout(ANSWER_WITHIN, open.ask(&request)).await.is_ok_and(|answer| answer.is_ok());
    if is_acknowledged {
        seen.many.fetch_add(1, Ordering::Relaxed);
        let mut acks = seen.acks.lock().unwrap_or_else(PoisonError::into_inner);
        if acks.is_none_or(|(last, _)| sent > last) {
            *acks = Some((sent, Instant::now()));
        }
    } else {
        *wire = None;
        seen.without_answer.fetch_add(1, Ordering::Relaxed);
    }
    is_acknowledged
}
