//! Calls on the server: what `server.rs` mounts and runs, and the actions behind every door.

pub mod actions;
pub mod analysis;
pub mod api;
pub mod control;
mod demo;
pub mod erase;
pub mod figures;
pub mod fold;
pub mod hooks;
pub mod ingest;
pub mod jobs;
pub mod journal;
mod live;
pub mod log;
mod media;
mod peaks;
pub mod read;
mod redact;
mod replies;
pub mod store;
mod tools;
mod tries;
pub mod verify;

use crate::{
    platform::{
        Core,
        queue::{Worker, lane},
    },
    server::AppState,
};
use axum::{
    Extension, Router,
    routing::{get, post},
};

/// What this slice runs in a process.
#[derive(Clone)]
pub struct Calls {
    pub ingest: ingest::Ingest,
    pub feed: live::Feed,
    pub endpoints: hooks::Endpoints,
    pub rejected: journal::Rejected,
    pub strangers: journal::Strangers,
}

impl Calls {
    /// Starts the lanes and the fan-out.
    pub fn start(core: &Core) -> Self {
        Self {
            ingest: ingest::Ingest::start(core),
            feed: live::Feed::start(core),
            endpoints: hooks::Endpoints::default(),
            rejected: journal::Rejected::start(core),
            strangers: journal::Strangers::default(),
        }
    }
}

/// Door 4, for programs alone: nothing of what browsers need stands around it.
pub fn hook_routes() -> Router<AppState> {
    Router::new().route("/hooks/vapi/{token}", post(hooks::receive)).route("/hooks/vapi/{token}/try", post(tries::receive))
}

/// The slice's own doors; server functions are mounted with the pages.
pub fn routes(calls: Calls) -> Router<AppState> {
    Router::new()
        .route("/live/ws", get(live::socket))
        .route("/live/listen/{id}", get(media::listen))
        .route("/calls/{id}/recording", get(media::recording))
        .route("/calls/export.csv", get(media::export))
        .layer(Extension(calls))
}

/// What workers do for this slice.
pub fn jobs(worker: Worker, core: &Core, calls: &Calls) -> Worker {
    let with = || (core.clone(), calls.clone());
    let (fetching, making, analysing, indexing) = (core.clone(), core.clone(), core.clone(), core.clone());
    let (dialling, asking, reconciling, transferring) = (with(), with(), core.clone(), core.clone());
    let (counting, keeping, erasing, deleting) = (core.clone(), core.clone(), core.clone(), core.clone());
    let (telling, pruning) = (core.clone(), core.clone());
    worker
        .on(move |job, cx| jobs::fetch_recording(fetching.clone(), job, cx))
        .on(move |job, cx| jobs::dial(dialling.0.clone(), dialling.1.clone(), job, cx))
        .on(move |job, _| jobs::transfer(transferring.clone(), job))
        .on(move |job, _| tools::message_moved(telling.clone(), job))
        .on(move |job, cx| jobs::reconcile(reconciling.clone(), job, cx))
        .on(move |job, cx| jobs::ask_silent(asking.0.clone(), asking.1.clone(), job, cx))
        .on(move |job, cx| analysis::analyse(analysing.clone(), job, cx))
        .on(move |job, cx| jobs::index_months(indexing.clone(), job, cx))
        .on(move |job, cx| jobs::make_partitions(making.clone(), job, cx))
        .on(move |job, cx| journal::prune(pruning.clone(), job, cx))
        .on(move |job, cx| figures::count_calls(counting.clone(), job, cx))
        .on(move |job, cx| erase::look_for_rules(keeping.clone(), job, cx))
        .on(move |job, cx| erase::delete_audio(deleting.clone(), job, cx))
        .on(move |job, cx| erase::apply_rules(erasing.clone(), job, cx))
        .patient(lane::AI, calls.ingest.flood())
        .patient(lane::SYNC, calls.ingest.flood())
        .cron("calls.count", "*/5 * * * * *", &figures::CountCalls)
        .cron("calls.retention", "0 41 2 * * *", &erase::LookForRules)
        .cron("calls.reconcile", "*/5 * * * * *", &jobs::Reconcile)
        .cron("calls.prune_journal", "0 23 3 * * *", &journal::PruneJournal::default())
        .cron("calls.partitions", "0 7 3 * * *", &jobs::MakePartitions)
}
