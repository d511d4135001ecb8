//! The duty that looks whether the provider still holds what was published.
//! Once a minute it picks those not looked at for an hour, a hundred at most; each is a job of its own in the lane of pushes, so that the
//! provider is read a few at a time, and a refusal to be asked so often (429) moves that job alone.

use super::{
    compare::{self, Subject},
    copy_store,
    jobs::{begin, patient, retry, tell},
    provider_copy, store,
};
use crate::{
    assistants::model::*,
    integrations::server::actions as integrations,
    platform::{
        Core, OrgScope, SystemTx, crypto,
        queue::{self, Fail, Job, Opts, lane},
    },
    providers::vapi::Vapi,
    shared::ids::{AssistantId, OrgId},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a look counts.
const FRESH: chrono::Duration = chrono::Duration::hours(1);
/// Looks begun each minute.
const MOST_LOOKS: i64 = 100;

/// Picks the copies that are to be looked at.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookAround;

impl Job for LookAround {
    const KIND: &'static str = "assistants.look_around";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// Compares one assistant at the provider with what was published.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {
    pub org: OrgId,
    pub assistant: AssistantId,
}

impl Job for Look {
    const KIND: &'static str = "assistants.look";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// See [`LookAround`].
pub async fn look_around(core: Core) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(&core, "which assistants were not compared with the provider for an hour").await?;
    for (org, assistant) in copy_store::due(tx.conn(), core.clock.now() - FRESH, MOST_LOOKS).await? {
        queue::enqueue(tx.conn(), &Look { org, assistant }, Opts::default().tenant(org.0).key(format!("look:{assistant}"))).await?;
    }
    Ok(tx.commit().await?)
}

/// See [`Look`].
pub async fn look(core: &Core, vapi: &Vapi, job: Look) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, job.org);
    let mut tx = begin(&scope).await?;
    let pushed = store::find(&mut tx, job.assistant).await?.filter(|row| !row.is_deleted && row.assistant.sync == SyncState::InStep);
    let Some((row, provider_id)) = pushed.and_then(|row| row.provider_id.clone().map(|id| (row, id))) else {
        // A push is on its way, or was refused: it makes the copy what we wrote.
        copy_store::looked(&mut tx, job.assistant).await?;
        return tx.commit().await.map_err(retry);
    };
    let kept = copy_store::standing(&mut tx, job.assistant).await?.held;
    let server = integrations::server_object(&mut tx).await.map_err(retry)?;
    let offer = provider_copy::offer(&mut tx).await.map_err(retry)?;
    drop(tx);
    let read = vapi.assistant(&provider_id).await;
    let now = core.clock.now();
    let drift = match read {
        Ok(held) => {
            let settings = &row.assistant.settings;
            compare::drift(&Subject { org: job.org, id: job.assistant, settings, server: &server, offer: &offer, kept: &kept }, &held, now)
        }
        Err(error) if error.status() == Some(404) => {
            Some(Drift { found_at: now, is_gone: true, is_ignored: false, theirs: None, others: vec![] })
        }
        Err(error) => return Err(patient(error)),
    };
    let mut tx = begin(&scope).await?;
    // What was pushed meanwhile is newer than what was read.
    let is_same = store::lock(&mut tx, job.assistant).await?.is_some_and(|now| {
        now.published_revision == row.published_revision && now.assistant.sync == SyncState::InStep && now.provider_id == row.provider_id
    });
    if is_same && copy_store::standing(&mut tx, job.assistant).await?.held == kept {
        let fingerprint = drift.as_ref().map(fingerprint);
        copy_store::found(&mut tx, job.assistant, drift.as_ref(), fingerprint.as_deref(), now).await?;
    } else {
        copy_store::looked(&mut tx, job.assistant).await?;
    }
    tell(&mut tx, job.org).await?;
    tx.commit().await.map_err(retry)
}

/// The same for the same differences, whenever they were found.
fn fingerprint(drift: &Drift) -> String {
    let what = serde_json::to_string(&(drift.is_gone, &drift.theirs, &drift.others)).unwrap_or_default();
    hex::encode(crypto::token_hash(&what))
}
