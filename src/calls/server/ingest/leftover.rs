//! What was acknowledged and not applied: by a process that was killed, or while the database was in trouble. Any process picks it up.

use super::{
    Told,
    apply::{Apply, Batch},
};
use crate::{
    calls::server::store::{self, Pending},
    platform::{Core, SystemTx},
};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// What is younger is being applied by who took it. Were it not so slow by chance, it would be applied once all the same.
const AGE: Duration = Duration::from_secs(5);
const AT_ONCE: i64 = 100;
/// What cannot be read was written by a newer version, which is about to read it.
const PUT_OFF: Duration = Duration::from_secs(600);

/// Looks until the process drains.
pub(super) async fn watch(core: Core, apply: Apply) {
    while core.draining.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = pick_up(&core, &apply).await {
            tracing::warn!(%error, "webhooks that wait could not be looked up");
        }
    }
}

async fn pick_up(core: &Core, apply: &Apply) -> sqlx::Result<()> {
    let mut tx = SystemTx::begin(core, "webhooks that wait").await?;
    let found = store::old_pending(tx.conn(), core.clock.now() - AGE, AT_ONCE).await?;
    for pending in &found {
        if serde_json::from_str::<Vec<Told>>(&pending.told).is_err() {
            tracing::error!(pending = %pending.id, "webhooks that wait cannot be read by this version");
            store::put_off(tx.conn(), pending.id, core.clock.now() + PUT_OFF).await?;
        }
    }
    tx.commit().await?;
    for Pending { id, told, .. } in found {
        let Ok(told) = serde_json::from_str::<Vec<Told>>(&told) else { continue };
        tracing::info!(deliveries = told.len(), "applying webhooks that waited");
        let mut batch = Batch::new(id);
        batch.told = told;
        apply.give(batch).await;
    }
    Ok(())
}
