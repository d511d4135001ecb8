//! Door 5: what workers do for calls. Running twice equals running once; the rows decide, a job only rings.

mod dial;
mod indexes;
mod partitions;
mod reconcile;
mod recording;
mod transfer;

pub use dial::{Dial, dial};
pub use indexes::{IndexMonths, index_months};
pub use partitions::{MakePartitions, make_partitions, watch_partitions};
pub use reconcile::{AskSilent, Reconcile, ask_silent, reconcile};
pub use recording::{FetchRecording, fetch_recording};
pub use transfer::{Transfer, transfer};

use super::{
    Calls,
    fold::{self, Reading},
    ingest::{Accepted, Delivery},
    store::{self, JournalRow},
};
use crate::{
    platform::{Core, queue::Fail},
    shared::ids::{CallId, HookId, OrgId},
};
use anyhow::Context;
use serde_json::Value;

/// What stands for the provider's id where the provider never had the call. Nobody is asked about it: statements here know it by its beginning.
fn own_ref(call: CallId) -> String {
    format!("zencall:{call}")
}

/// Lets the fold read what the provider says of a call.
async fn tell(core: &Core, calls: &Calls, org: OrgId, call: Value) -> Result<(), Fail> {
    let reading = fold::read_polled(&call, core.clock.now().timestamp_millis());
    keep(core, calls, org, reading).await
}

async fn keep(core: &Core, calls: &Calls, org: OrgId, reading: Reading) -> Result<(), Fail> {
    let now = core.clock.now();
    let journal = JournalRow {
        id: HookId::at(now),
        org: Some(org),
        outcome: "accepted",
        reason: Some("asked".into()),
        kind: Some(reading.kind.clone()),
        call_ref: reading.call_ref.clone(),
        body: None,
        body_bytes: 0,
        ip: "127.0.0.1".into(),
        at: now,
    };
    let kept = async { calls.ingest.keep(Delivery { journal, accepted: Some(Accepted { org, reading }) }).await?.applied().await };
    kept.await.map(drop).map_err(|error| Fail::Retry(error.to_string()))
}

/// Nothing more is expected of this call.
async fn settle(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!("update calls set settled = true, updated_at = now() where id = $1 and created_at = uuid_time($1)", call as CallId)
        .execute(&core.pool)
        .await
        .context("settling")?;
    Ok(())
}
