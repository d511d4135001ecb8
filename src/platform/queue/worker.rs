//! A worker: lanes with slots, handlers by kind, and the loops that keep its leases.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

use super::claim::{Claim, Claimed, Cursor};
use super::cron::Entry;
use super::duties::within;
use super::store::{self, Lease};
use super::{Fail, Job, Waiting, lane, trace};
use crate::platform::failpoint;

/// How long things take; the defaults are those of production.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// A job whose worker is silent for this long goes to another one. Renewed four times as often.
    pub lease: Duration,
    /// How often orphans are looked for.
    pub sweep: Duration,
    /// How often due jobs are looked for when no notification came.
    pub poll: Duration,
    /// How often the gauges are measured.
    pub measure: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            sweep: Duration::from_secs(1),
            poll: Duration::from_millis(500),
            measure: Duration::from_secs(10),
        }
    }
}

/// What a handler knows about its run.
#[derive(Clone, Debug)]
pub struct JobCx {
    /// Id of the job; the same in every attempt, so it can serve as idempotency key.
    pub id: i64,
    /// 1 in the first run.
    pub attempt: i32,
    /// The run after which it is set aside.
    pub max_attempts: i32,
    /// The organisation it works for; nil is the house.
    pub tenant: Uuid,
    /// Its key, if it was enqueued with one.
    pub key: Option<String>,
    /// Request id of whoever caused it.
    pub trace: Option<String>,
    /// When it was written.
    pub enqueued_at: DateTime<Utc>,
    /// Cancelled when the lease is lost; the handler is aborted at its next await.
    pub lost: CancellationToken,
    lease: Lease,
    finishing: Arc<AtomicBool>,
}

impl JobCx {
    /// Marks the job done inside the handler's own transaction, so that work and job end together or not at all.
    /// False: the lease was lost and somebody else does the work; roll back.
    pub async fn finish(&self, conn: &mut PgConnection) -> sqlx::Result<bool> {
        self.finishing.store(true, Ordering::Relaxed);
        store::finish_in(conn, self.lease).await
    }

    /// Whether a failure of this run would set the job aside.
    pub fn is_last_attempt(&self) -> bool {
        self.attempt >= self.max_attempts
    }
}

type Run = Pin<Box<dyn Future<Output = Result<(), Fail>> + Send>>;
type Handler = Arc<dyn Fn(u16, Value, JobCx) -> Run + Send + Sync>;

struct Kind {
    handler: Handler,
    limit: Duration,
}

/// How one run ended.
pub(super) struct Ack {
    pub lease: Lease,
    pub result: Result<(), Fail>,
}

struct Held {
    lost: CancellationToken,
    finishing: Arc<AtomicBool>,
}

/// Runs jobs. Built in `server.rs`, then given to [`Worker::run`]; tests give it to [`super::drain`].
pub struct Worker {
    pub(super) pool: PgPool,
    pub(super) options: WorkerOptions,
    pub(super) name: String,
    pub(super) lanes: Vec<(&'static str, usize)>,
    pub(super) entries: Vec<Entry>,
    pub(super) bells: HashMap<&'static str, Notify>,
    /// What the lanes that can wait let pass first.
    patient: HashMap<&'static str, watch::Receiver<bool>>,
    kinds: HashMap<&'static str, Kind>,
    held: Mutex<HashMap<Lease, Held>>,
    handlers: TaskTracker,
}

impl Worker {
    /// A worker without lanes or handlers.
    pub fn new(pool: PgPool, options: WorkerOptions) -> Self {
        Self {
            pool,
            options,
            name: format!("{}-{}", std::process::id(), Uuid::new_v4().simple()),
            lanes: vec![],
            entries: vec![],
            bells: HashMap::new(),
            patient: HashMap::new(),
            kinds: HashMap::new(),
            held: Mutex::default(),
            handlers: TaskTracker::new(),
        }
    }

    /// Serves a lane with at most `slots` jobs at once.
    pub fn queue(mut self, lane: &'static str, slots: usize) -> Self {
        self.lanes.push((lane, slots.max(1)));
        self.bells.insert(lane, Notify::new());
        self
    }

    /// Serves every lane with its usual slots.
    pub fn all_queues(self) -> Self {
        lane::ALL.into_iter().fold(self, |worker, (lane, slots)| worker.queue(lane, slots))
    }

    /// While there is a rush, a lane runs one job a second: its work can wait, what rushes in cannot.
    pub fn patient(mut self, lane: &'static str, rush: watch::Receiver<bool>) -> Self {
        self.patient.insert(lane, rush);
        self
    }

    /// Says what to do with a kind; the closure owns what it needs of the application.
    pub fn on<J, F, Fut>(mut self, handler: F) -> Self
    where
        J: Job,
        F: Fn(J, JobCx) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Fail>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |version, payload, cx| {
            let handler = handler.clone();
            Box::pin(async move {
                let job = decode::<J>(version, payload)?;
                handler(job, cx).await
            })
        });
        let before = self.kinds.insert(J::KIND, Kind { handler, limit: J::TIMEOUT });
        assert!(before.is_none(), "two handlers for {}", J::KIND);
        self
    }

    /// Enqueues `job` whenever the pattern (five or six fields, UTC) fires, once over all processes; what fired while
    /// nobody ran is made up for once.
    pub fn cron<J: Job>(mut self, name: &'static str, pattern: &str, job: &J) -> Self {
        let waiting = Waiting::of(job).expect("a job of the clock is plain data");
        self.entries.push(Entry::new(name, pattern, waiting));
        self
    }

    /// Every kind with a handler, sorted.
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.kinds.keys().copied().collect();
        kinds.sort_unstable();
        kinds
    }

    /// Runs until `stop`, then finishes what is running within `grace` and hands the rest back unharmed.
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        let me = Arc::new(self);
        let (acks, inbox) = mpsc::channel(1024);
        let acknowledging = tokio::spawn(Arc::clone(&me).acknowledge(inbox));
        let mut duties = JoinSet::new();
        duties.spawn(Arc::clone(&me).listen());
        duties.spawn(Arc::clone(&me).poll());
        duties.spawn(Arc::clone(&me).renew());
        duties.spawn(Arc::clone(&me).sweep());
        duties.spawn(Arc::clone(&me).measure());
        duties.spawn(Arc::clone(&me).tick(stop.clone()));
        let mut lanes = JoinSet::new();
        for &(lane, slots) in &me.lanes {
            lanes.spawn(Arc::clone(&me).serve(lane, slots, acks.clone(), stop.clone()));
        }
        drop(acks);
        tracing::info!(worker = me.name, lanes = me.lanes.len(), kinds = me.kinds.len(), "worker started");

        stop.cancelled().await;
        let all_done = async { while lanes.join_next().await.is_some() {} };
        if timeout(grace, all_done).await.is_err() {
            lanes.abort_all();
            while lanes.join_next().await.is_some() {}
        }
        me.handlers.close();
        let _ = timeout(Duration::from_secs(1), me.handlers.wait()).await;
        let _ = timeout(Duration::from_secs(3), acknowledging).await;
        let unfinished = me.leases();
        if !unfinished.is_empty() {
            let back = timeout(Duration::from_secs(2), store::hand_back(&me.pool, &unfinished)).await;
            tracing::info!(worker = me.name, jobs = unfinished.len(), done = matches!(back, Ok(Ok(_))), "jobs handed back");
        }
    }

    /// One lane: claims as many jobs as it has free slots, then waits for the bell.
    async fn serve(self: Arc<Self>, lane: &'static str, slots: usize, acks: mpsc::Sender<Ack>, stop: CancellationToken) {
        let free = Arc::new(Semaphore::new(slots));
        let mut running = JoinSet::new();
        let mut cursor = Cursor::default();
        let mut trouble = Duration::ZERO;
        while !stop.is_cancelled() {
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                slot = Arc::clone(&free).acquire_owned() => slot.expect("the lane's slots are never closed"),
            };
            let is_rush = tokio::select! { rush = self.rush_goes_on(lane) => rush, () = stop.cancelled() => break };
            let mut taken = vec![first];
            while !is_rush && let Ok(slot) = Arc::clone(&free).try_acquire_owned() {
                taken.push(slot);
            }
            let claim = Claim { pool: &self.pool, queue: lane, worker: &self.name, lease: self.options.lease };
            let jobs = match within(self.options.lease, claim.take(&mut cursor, taken.len())).await {
                Ok(jobs) => jobs,
                Err(error) => {
                    trouble = (trouble * 2).clamp(Duration::from_millis(250), Duration::from_secs(2));
                    tracing::warn!(lane, %error, "no jobs could be taken");
                    tokio::select! { () = stop.cancelled() => break, () = sleep(trouble) => continue }
                }
            };
            trouble = Duration::ZERO;
            let nothing_due = jobs.is_empty();
            for (job, slot) in jobs.into_iter().zip(taken.drain(..)) {
                failpoint::reach("queue::claimed");
                let (me, acks) = (Arc::clone(&self), acks.clone());
                running.spawn(async move {
                    let ack = me.execute(job).await;
                    failpoint::reach("queue::done");
                    drop(slot);
                    let _ = acks.send(ack).await;
                });
            }
            drop(taken);
            while running.try_join_next().is_some() {}
            if nothing_due {
                tokio::select! { () = self.bells[lane].notified() => {}, () = stop.cancelled() => {} }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Lets a rush pass, for a second at most; says whether it goes on.
    async fn rush_goes_on(&self, lane: &'static str) -> bool {
        let Some(mut rush) = self.patient.get(lane).cloned() else { return false };
        timeout(Duration::from_secs(1), rush.wait_for(|is_rush| !is_rush)).await.is_err()
    }

    /// Runs one job in a task of its own, so that a panic stays there, within its time and while its lease is ours.
    pub(super) async fn execute(&self, job: Claimed) -> Ack {
        let lease = Lease { id: job.id, fence: job.fence };
        let (lost, finishing) = self.hold(lease);
        let Some(kind) = self.kinds.get(job.kind.as_str()) else {
            return Ack { lease, result: Err(Fail::Retry(format!("unknown kind {}: no handler in this process", job.kind))) };
        };
        let span = tracing::info_span!("job", kind = job.kind, id = job.id, attempt = job.attempts, trace = job.trace);
        let cx = JobCx {
            id: job.id,
            attempt: job.attempts,
            max_attempts: job.max_attempts,
            tenant: job.tenant,
            key: job.key,
            trace: job.trace.clone(),
            enqueued_at: job.created_at,
            lost: lost.clone(),
            lease,
            finishing,
        };
        let started = Instant::now();
        let run = (kind.handler)(job.version.cast_unsigned(), job.payload, cx);
        let run = trace::with_trace(job.trace, run).instrument(span);
        let mut task = AbortOnDropHandle::new(tokio::spawn(self.handlers.track_future(run)));
        let result = tokio::select! {
            done = timeout(kind.limit, &mut task) => match done {
                Ok(Ok(result)) => result,
                Ok(Err(died)) => Err(Fail::Retry(death(died))),
                Err(_) => {
                    stop_task(task).await;
                    Err(Fail::Retry(format!("took longer than its {} s", kind.limit.as_secs_f32())))
                }
            },
            () = lost.cancelled() => {
                stop_task(task).await;
                Err(Fail::Retry("lease lost".into()))
            }
        };
        let outcome = match &result {
            Ok(()) => "done",
            Err(Fail::Retry(_) | Fail::RetryAt(..)) => "failed",
            Err(Fail::Snooze(_)) => "snoozed",
            Err(Fail::Dead(_)) => "refused",
        };
        metrics::counter!("zencall_jobs_finished_total", "kind" => job.kind.clone(), "outcome" => outcome).increment(1);
        metrics::histogram!("zencall_job_run_seconds", "kind" => job.kind).record(started.elapsed().as_secs_f64());
        Ack { lease, result }
    }

    /// Writes outcomes down, in batches, until the database takes them; after a lost lease they match nothing.
    async fn acknowledge(self: Arc<Self>, mut inbox: mpsc::Receiver<Ack>) {
        let mut batch = vec![];
        while inbox.recv_many(&mut batch, 256).await > 0 {
            let acks = std::mem::take(&mut batch);
            let mut refused = 0;
            loop {
                let Err(error) = within(self.options.lease, self.settle(&acks)).await else { break };
                refused += u32::from(matches!(error, sqlx::Error::Database(_) | sqlx::Error::Encode(_)));
                metrics::counter!("zencall_jobs_ack_retries_total").increment(1);
                if refused > 40 {
                    tracing::error!(%error, jobs = acks.len(), "outcomes refused by the database; their leases will run out");
                    break;
                }
                tracing::warn!(%error, jobs = acks.len(), "outcomes not written yet");
                sleep(Duration::from_millis(250)).await;
            }
            for ack in &acks {
                self.release(ack.lease);
            }
        }
    }

    /// Writes these outcomes down once.
    pub(super) async fn settle(&self, acks: &[Ack]) -> sqlx::Result<()> {
        let done: Vec<Lease> = acks.iter().filter(|ack| ack.result.is_ok()).map(|ack| ack.lease).collect();
        let failures: Vec<(Lease, Fail)> = acks.iter().filter_map(|ack| Some((ack.lease, ack.result.as_ref().err()?.clone()))).collect();
        if !done.is_empty() {
            for lane in store::finish(&self.pool, &done).await? {
                self.ring(&lane);
            }
        }
        if !failures.is_empty() {
            for job in store::fail(&self.pool, &failures).await? {
                let error = job.last_error.unwrap_or_default();
                if job.dead {
                    tracing::error!(id = job.id, lane = job.queue, kind = job.kind, attempts = job.attempts, error, "job set aside");
                } else if job.attempts > 0 {
                    tracing::warn!(id = job.id, lane = job.queue, kind = job.kind, attempts = job.attempts, error, "job will run again");
                }
                self.ring(&job.queue);
            }
        }
        Ok(())
    }

    pub(super) fn ring(&self, lane: &str) {
        if let Some(bell) = self.bells.get(lane) {
            bell.notify_one();
        }
    }

    pub(super) fn leases(&self) -> Vec<Lease> {
        self.held().keys().copied().collect()
    }

    /// Stops the handlers whose lease is no longer ours.
    pub(super) fn drop_lost(&self, asked: &[Lease], kept: &[Lease]) {
        let held = self.held();
        for lease in asked.iter().filter(|lease| !kept.contains(lease)) {
            if let Some(job) = held.get(lease).filter(|job| !job.finishing.load(Ordering::Relaxed)) {
                job.lost.cancel();
            }
        }
    }

    pub(super) fn release(&self, lease: Lease) {
        self.held().remove(&lease);
    }

    fn hold(&self, lease: Lease) -> (CancellationToken, Arc<AtomicBool>) {
        let (lost, finishing) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        self.held().insert(lease, Held { lost: lost.clone(), finishing: Arc::clone(&finishing) });
        (lost, finishing)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Lease, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode<J: Job>(version: u16, payload: Value) -> Result<J, Fail> {
    if version > J::VERSION {
        // A newer release is being rolled out: one of its processes will know.
        return Err(Fail::Retry(format!("payload version {version} is newer than this process knows ({})", J::VERSION)));
    }
    let payload = if version < J::VERSION { J::upgrade(version, payload).map_err(Fail::Dead)? } else { payload };
    serde_json::from_value(payload).map_err(|error| Fail::Dead(format!("payload does not decode: {error}")))
}

/// Waits until an aborted handler is really gone, so that the next run does not overlap it.
async fn stop_task(task: AbortOnDropHandle<Result<(), Fail>>) {
    task.abort();
    let _ = timeout(Duration::from_secs(1), task).await;
}

fn death(died: tokio::task::JoinError) -> String {
    match died.try_into_panic() {
        Ok(panic) => format!("panic: {}", words_of(&*panic)),
        Err(died) => format!("stopped: {died}"),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}
