//! The second step: what was told is folded, in the order in which it was acknowledged, but for what there was no room for: that comes later,
//! and a fold takes it in any order.
//!
//! A delivery that the database refuses is marked `dead` in the journal and costs the others one retry. While the database is in trouble
//! it lets go: what it held lies in `hook_pending`, and is picked up.

use super::{BACKLOG, Kept, Told, group, is_of_the_data, is_worth_another};
use crate::{
    calls::server::store,
    platform::{Core, SystemTx},
};
use futures::FutureExt;
use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use uuid::Uuid;

/// Batches folded in one transaction, at most.
const GROUP: usize = 512;
/// So many deliveries at a time say that there is load.
const LOAD: usize = 3;
/// And so many, that it is heavy.
const BUSY: usize = 24;
/// Under load this long is waited for more, at least: a transaction costs the database a dozen statements and each call one row, however few
/// deliveries it holds. It is as long as the last fold took, so that what comes in has half of the machine: a sender that waits for its answer
/// sends again, one that waits to be shown does not.
const GATHER: Duration = Duration::from_millis(25);
/// And at most.
const GATHER_LONG: Duration = Duration::from_millis(200);
/// So many deliveries a second are a flood: thousands of calls at once, or everything sent again after a failure. Then what comes in has
/// [`FLOOD_SHARE`] times as long as the fold, which catches up after it.
const FLOOD: f64 = 2_000.0;
const FLOOD_SHARE: u32 = 4;
const FLOOD_LONG: Duration = Duration::from_secs(1);
/// Batches remembered that found no room. What is forgotten is found by its age.
const LEFT: usize = 4096;

/// The deliveries of one row of `hook_pending`.
pub(super) struct Batch {
    pub id: Uuid,
    pub told: Vec<Told>,
    answers: Vec<oneshot::Sender<Kept>>,
    /// Its place among what waits, given back when it is folded.
    room: Option<OwnedSemaphorePermit>,
}

impl Batch {
    pub fn new(id: Uuid) -> Self {
        Self { id, told: Vec::new(), answers: Vec::new(), room: None }
    }

    /// A batch as it lay in `hook_pending`; nobody waits for it.
    pub fn left(id: Uuid, told: Vec<Told>) -> Self {
        Self { told, ..Self::new(id) }
    }

    /// Adds a delivery; what becomes of it is told to the receiver.
    pub fn add(&mut self, told: Told) -> oneshot::Receiver<Kept> {
        let (answer, applied) = oneshot::channel();
        self.told.push(told);
        self.answers.push(answer);
        applied
    }
}

/// The way in.
#[derive(Clone)]
pub(super) struct Apply {
    inbox: mpsc::UnboundedSender<Batch>, // `room` is its bound
    room: Arc<Semaphore>,
    left: Arc<Left>,
    tide: Arc<Tide>,
}

/// What comes in, as the fold has to know it.
#[derive(Default)]
struct Tide {
    /// Deliveries since the fold last looked.
    came: AtomicUsize,
    is_busy: AtomicBool,
    /// There is a flood.
    flood: watch::Sender<bool>,
    /// Somebody waits for an answer that depends on the fold.
    question: Notify,
}

/// The batches that found no room, oldest first: they lie in `hook_pending`.
#[derive(Default)]
struct Left {
    ids: Mutex<VecDeque<Uuid>>,
    more: Notify,
}

impl Apply {
    pub fn start(core: &Core) -> Self {
        let (inbox, waiting) = mpsc::unbounded_channel();
        let apply = Self { inbox, room: Arc::new(Semaphore::new(BACKLOG)), left: Arc::default(), tide: Arc::default() };
        tokio::spawn(run(core.clone(), apply.room.clone(), apply.tide.clone(), waiting));
        apply
    }

    /// Hands a batch over, if there is room or somebody waits for what comes of it; otherwise it is left where it lies, for [`Apply::left`].
    pub fn give(&self, batch: Batch, is_awaited: bool) {
        if batch.told.is_empty() {
            return;
        }
        self.tide.came.fetch_add(batch.told.len(), Ordering::Relaxed);
        match self.room.clone().try_acquire_many_owned(places(&batch)) {
            Ok(room) => self.send(batch, Some(room)),
            Err(_) if is_awaited => self.send(batch, None),
            Err(_) => self.left.add(batch.id),
        }
        if is_awaited {
            self.tide.question.notify_one();
        }
    }

    /// The same, once there is room.
    pub async fn give_when_room(&self, batch: Batch) {
        let room = self.room.clone().acquire_many_owned(places(&batch)).await.ok();
        self.send(batch, room);
    }

    /// Waits for batches that found no room; returns some of them, the oldest first.
    pub async fn left(&self, at_most: usize) -> Vec<Uuid> {
        loop {
            let found = self.left.take(at_most);
            if !found.is_empty() {
                return found;
            }
            self.left.more.notified().await;
        }
    }

    /// So much comes that nobody's answer should wait for the fold.
    pub fn is_busy(&self) -> bool {
        self.tide.is_busy.load(Ordering::Relaxed)
    }

    /// True while there is a flood: what can wait lets it pass.
    pub fn flood(&self) -> watch::Receiver<bool> {
        self.tide.flood.subscribe()
    }

    fn send(&self, mut batch: Batch, room: Option<OwnedSemaphorePermit>) {
        batch.room = room;
        show_waiting(&self.room);
        let _ = self.inbox.send(batch);
    }

    /// Waits until nothing is on its way.
    pub async fn finish(&self) {
        let _ = self.room.acquire_many(BACKLOG as u32).await;
    }
}

impl Left {
    fn add(&self, id: Uuid) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < LEFT {
            ids.push_back(id);
            self.more.notify_one();
        }
    }

    fn take(&self, at_most: usize) -> Vec<Uuid> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let some = ids.len().min(at_most);
        ids.drain(..some).collect()
    }
}

fn places(batch: &Batch) -> u32 {
    u32::try_from(batch.told.len().min(BACKLOG)).unwrap_or(1)
}

fn show_waiting(room: &Semaphore) {
    metrics::gauge!("zencall_webhook_waiting").set((BACKLOG - room.available_permits()) as f64);
}

async fn run(core: Core, room: Arc<Semaphore>, tide: Arc<Tide>, mut inbox: mpsc::UnboundedReceiver<Batch>) {
    let known = group::Known::default();
    let mut batches = Vec::with_capacity(GROUP);
    let (mut gather, mut looked) = (GATHER, Instant::now());
    loop {
        if inbox.is_empty() {
            tide.flood.send_replace(false);
        }
        if inbox.recv_many(&mut batches, GROUP).await == 0 {
            return;
        }
        if deliveries(&batches) >= LOAD {
            let _ = tokio::time::timeout(gather, tide.question.notified()).await;
            while batches.len() < GROUP
                && let Ok(more) = inbox.try_recv()
            {
                batches.push(more);
            }
        }
        tide.is_busy.store(deliveries(&batches) >= BUSY, Ordering::Relaxed);
        let began = Instant::now();
        apply(&core, &known, std::mem::take(&mut batches)).await;
        let came = tide.came.swap(0, Ordering::Relaxed) as f64 / looked.elapsed().as_secs_f64();
        tide.flood.send_replace(came >= FLOOD);
        (gather, looked) = (gather_after(began.elapsed(), came), Instant::now());
        show_waiting(&room);
    }
}

fn deliveries(batches: &[Batch]) -> usize {
    batches.iter().map(|batch| batch.told.len()).sum()
}

/// How long to wait for more after a fold that took so long, while so many deliveries a second come.
fn gather_after(fold: Duration, per_second: f64) -> Duration {
    if per_second < FLOOD { fold.clamp(GATHER, GATHER_LONG) } else { (fold * FLOOD_SHARE).clamp(GATHER, FLOOD_LONG) }
}

async fn apply(core: &Core, known: &group::Known, batches: Vec<Batch>) {
    let ids: Vec<Uuid> = batches.iter().map(|batch| batch.id).collect();
    let told: Vec<(Uuid, &Told)> = batches.iter().flat_map(|batch| batch.told.iter().map(|told| (batch.id, told))).collect();
    let mut folded = fold(core, known, &ids, &told).await;
    if is_worth_another(&folded).await {
        folded = fold(core, known, &ids, &told).await;
    }
    match folded {
        Ok(kept) => {
            let mut kept = kept.into_iter();
            for batch in batches {
                let of_batch: Vec<Kept> = kept.by_ref().take(batch.told.len()).collect();
                for (answer, kept) in batch.answers.into_iter().zip(of_batch) {
                    let _ = answer.send(kept); // mostly nobody waits
                }
            }
        }
        Err(error) if is_of_the_data(&error) => {
            tracing::warn!(%error, batches = batches.len(), "webhooks could not be applied together, trying each alone");
            for batch in batches {
                if let Err(error) = apply_each(core, known, batch).await {
                    tracing::error!(%error, "webhooks wait to be applied");
                }
            }
        }
        Err(error) => tracing::error!(%error, batches = batches.len(), "webhooks wait to be applied"),
    }
}

/// A panic says as much of what was given as a refusal of the database does, and ends nothing else.
async fn fold(core: &Core, known: &group::Known, batches: &[Uuid], told: &[(Uuid, &Told)]) -> sqlx::Result<Vec<Kept>> {
    let folded = AssertUnwindSafe(group::fold(core, known, batches, told)).catch_unwind().await;
    folded.unwrap_or_else(|_| Err(sqlx::Error::Decode("the fold panicked".into())))
}

/// Folds the deliveries of a batch one by one; those the database refuses are set aside for a person to look at.
async fn apply_each(core: &Core, known: &group::Known, batch: Batch) -> sqlx::Result<()> {
    let mut answers = batch.answers.into_iter();
    for told in &batch.told {
        let kept = match fold(core, known, &[], &[(batch.id, told)]).await {
            Ok(kept) => kept.first().copied().unwrap_or_default(),
            Err(error) if is_of_the_data(&error) => {
                set_aside(core, told, &error).await?;
                Kept::default()
            }
            Err(error) => return Err(error),
        };
        if let Some(answer) = answers.next() {
            let _ = answer.send(kept);
        }
    }
    let mut tx = SystemTx::begin(core, "webhooks").await?;
    store::take_pending(tx.conn(), &[batch.id]).await?;
    tx.commit().await
}

async fn set_aside(core: &Core, told: &Told, error: &sqlx::Error) -> sqlx::Result<()> {
    let mut tx = SystemTx::begin(core, "a webhook that could not be applied").await?;
    store::mark_dead(tx.conn(), told.hook, &error.to_string().chars().take(500).collect::<String>()).await?;
    tx.commit().await?;
    super::count("dead", 1);
    tracing::error!(hook = %told.hook, %error, "a webhook could not be applied and was set aside");
    Ok(())
}
