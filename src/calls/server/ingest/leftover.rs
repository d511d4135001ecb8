//! What was acknowledged and not applied: by a process that was killed, or while the database was in trouble; any process picks that up.
//! And what came when there was no room for it.

use super::{
    Told,
    apply::{Apply, Batch},
};
use crate::{
    calls::server::store::{self, Pending},
    platform::{Core, SystemTx},
    shared::ids::{HookId, OrgId},
};
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// What is younger is being applied by who took it. Were it not so slow by chance, it would be applied once all the same.
const AGE: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 100;
/// Batches that are looked into to say what waits.
const LOOKED_AT: i64 = 50;
/// What cannot be read was written by a newer version, which is about to read it.
const PUT_OFF: Duration = Duration::from_secs(600);

/// Looks until the process drains.
pub(super) async fn watch(core: Core, apply: Apply) {
    let both = async { tokio::join!(aged(&core, &apply), crowded_out(&core, &apply)) };
    core.draining.run_until_cancelled(both).await;
}

/// What some process left.
async fn aged(core: &Core, apply: &Apply) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = pick_up_aged(core, apply).await {
            tracing::warn!(%error, "webhooks that wait could not be looked up");
        }
    }
}

/// What this process had no room for when it came.
async fn crowded_out(core: &Core, apply: &Apply) {
    loop {
        let ids = apply.left(AT_ONCE).await;
        match pending(core, &ids).await {
            Ok(found) => give(apply, found).await,
            Err(error) => tracing::warn!(%error, "webhooks that wait could not be read; they will be picked up"),
        }
    }
}

async fn pending(core: &Core, ids: &[Uuid]) -> sqlx::Result<Vec<Pending>> {
    let mut tx = SystemTx::begin(core, "webhooks that wait").await?;
    let found = store::pending(tx.conn(), ids).await?;
    tx.commit().await?;
    Ok(found)
}

async fn pick_up_aged(core: &Core, apply: &Apply) -> sqlx::Result<()> {
    let mut tx = SystemTx::begin(core, "webhooks that wait").await?;
    let found = store::old_pending(tx.conn(), core.clock.now() - AGE, AT_ONCE as i64).await?;
    for pending in &found {
        if serde_json::from_str::<Vec<Told>>(&pending.told).is_err() {
            tracing::error!(pending = %pending.id, "webhooks that wait cannot be read by this version");
            store::put_off(tx.conn(), pending.id, core.clock.now() + PUT_OFF).await?;
        }
    }
    tx.commit().await?;
    give(apply, found).await;
    Ok(())
}

/// Deliveries of an organisation that are acknowledged and not applied yet: of the batches that have waited longest.
pub async fn waiting(core: &Core, org: OrgId) -> sqlx::Result<HashSet<HookId>> {
    let mut tx = SystemTx::begin(core, "which webhooks wait").await?;
    let found = store::old_pending(tx.conn(), core.clock.now() + AGE, LOOKED_AT).await?;
    tx.commit().await?;
    let told = found.iter().filter_map(|pending| serde_json::from_str::<Vec<Told>>(&pending.told).ok()).flatten();
    Ok(told.filter(|told| told.org == org).map(|told| told.hook).collect())
}

async fn give(apply: &Apply, found: Vec<Pending>) {
    for Pending { id, told, .. } in found {
        let Ok(told) = serde_json::from_str::<Vec<Told>>(&told) else { continue };
        tracing::debug!(deliveries = told.len(), "applying webhooks that waited");
        apply.give_when_room(Batch::left(id, told)).await;
    }
}
