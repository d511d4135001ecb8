//! Keeps the provider's copies in step. A job re-reads its row, so one that runs late or twice sends what is true now.

use super::{copy_store, drift_jobs, number_store, provider_copy, store};
use crate::{
    answers::server::jobs::BookChanged,
    assistants::model::{NumberSource, SyncState},
    integrations::server::{actions as integrations, jobs::EndpointChanged},
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        bus::{self, Note},
        outbound::OutboundError,
        queue::{Fail, Job, JobCx, Worker, lane},
    },
    providers::vapi::{self, Assistant as Held, Vapi},
    reception::server::jobs::DeskChanged,
    shared::{
        error::AppError,
        ids::{AssistantId, NumberId, OrgId},
        permission::Permission,
        trouble::Trouble,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Brings the provider's copy of one assistant in step with our row: creates, replaces or removes it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Push {
    pub org: OrgId,
    pub assistant: AssistantId,
}

impl Job for Push {
    const KIND: &'static str = "assistants.push";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(90);
}

/// Tells the provider where a number's calls are announced.
#[derive(Debug, Serialize, Deserialize)]
pub struct PushNumber {
    pub org: OrgId,
    pub number: NumberId,
}

impl Job for PushNumber {
    const KIND: &'static str = "assistants.push_number";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(90);
}

/// A number was removed here: the provider is to send us its calls no longer.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReleaseNumber {
    pub org: OrgId,
    pub provider_id: String,
    /// We brought it to the provider: it goes from there whole.
    #[serde(default)]
    pub is_ours: bool,
}

impl Job for ReleaseNumber {
    const KIND: &'static str = "assistants.release_number";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(90);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core, vapi: &Vapi) -> Worker {
    let with = || (core.clone(), vapi.clone());
    let (for_push, for_number, for_release, for_all, for_book) = (with(), with(), with(), core.clone(), core.clone());
    let (for_look, for_duty, for_desk) = (with(), core.clone(), core.clone());
    worker
        .on(move |job: Push, cx| {
            let (core, vapi) = for_push.clone();
            async move { push(&core, &vapi, job, cx).await }
        })
        .on(move |job: PushNumber, _| {
            let (core, vapi) = for_number.clone();
            async move { push_number(&core, &vapi, job).await }
        })
        .on(move |job: ReleaseNumber, _| {
            let (core, vapi) = for_release.clone();
            async move { release_number(&core, &vapi, job).await }
        })
        .on(move |job: EndpointChanged, _| {
            let core = for_all.clone();
            async move { push_everything(&core, job.org).await }
        })
        .on(move |job: BookChanged, _| {
            let core = for_book.clone();
            async move { push_assistants(&core, job.org).await }
        })
        .on(move |job: DeskChanged, _| {
            let core = for_desk.clone();
            async move { push_assistants(&core, job.org).await }
        })
        .on(move |_: drift_jobs::LookAround, _| drift_jobs::look_around(for_duty.clone()))
        .on(move |job: drift_jobs::Look, _| {
            let (core, vapi) = for_look.clone();
            async move { drift_jobs::look(&core, &vapi, job).await }
        })
        .cron("assistants.look_around", "30 * * * * *", &drift_jobs::LookAround)
}

/// Where webhooks go, or how they are authenticated, has changed: every copy names it, so every copy is sent again.
async fn push_everything(core: &Core, org: OrgId) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = begin(&scope).await?;
    super::actions::push_all(&mut tx).await.map_err(retry)?;
    tx.commit().await.map_err(retry)
}

/// There is something in the answer book, or no longer, or other tools at the desk: what assistants are told changes.
async fn push_assistants(core: &Core, org: OrgId) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = begin(&scope).await?;
    super::actions::push_assistants(&mut tx).await.map_err(retry)?;
    tx.commit().await.map_err(retry)
}

async fn push(core: &Core, vapi: &Vapi, job: Push, cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, job.org);
    let mut tx = begin(&scope).await?;
    let Some(row) = store::find(&mut tx, job.assistant).await? else { return Ok(()) };
    if row.is_deleted {
        drop(tx);
        return remove(&scope, vapi, job.assistant, row.provider_id).await;
    }
    let server = integrations::server_object(&mut tx).await.map_err(retry)?;
    let offer = provider_copy::offer(&mut tx).await.map_err(retry)?;
    drop(tx);
    let revision = row.published_revision;
    let copy = provider_copy::assistant(job.assistant, job.org, &row.assistant.settings, &server, &offer);
    let sent = match &row.provider_id {
        Some(id) => replace(vapi, id, &copy).await,
        None => create(vapi, &copy, job.assistant, cx.attempt > 1).await,
    };
    let mut tx = begin(&scope).await?;
    let outcome = match sent {
        Ok(held) => {
            store::mark_pushed(&mut tx, job.assistant, revision, &held.id, core.clock.now()).await?;
            copy_store::keep(&mut tx, job.assistant, &super::compare::kept(&copy, &held), core.clock.now()).await?;
            Ok(())
        }
        Err(error) => {
            let is_refused = error.status() == Some(400);
            let sync = if is_refused { SyncState::Refused } else { SyncState::Pending };
            store::mark_trouble(&mut tx, job.assistant, revision, sync, &vapi::words_of(&error), core.clock.now()).await?;
            // A refusal is an answer: the person who wrote the assistant reads it, no operator has to.
            if is_refused { Ok(()) } else { Err(patient(error)) }
        }
    };
    tell(&mut tx, job.org).await?;
    tx.commit().await.map_err(retry)?;
    outcome
}

async fn replace(vapi: &Vapi, id: &str, copy: &Value) -> Result<Held, OutboundError> {
    match vapi.update_assistant(id, copy).await {
        // Deleted over there, or a simulator that started anew.
        Err(error) if error.status() == Some(404) => vapi.create_assistant(copy).await,
        held => held,
    }
}

/// Creates the copy. An earlier attempt may have got through without our hearing of it: then that one is taken over.
async fn create(vapi: &Vapi, copy: &Value, assistant: AssistantId, is_again: bool) -> Result<Held, OutboundError> {
    if is_again {
        let ours = json!(assistant.to_string());
        let held = vapi.assistants(1000).await?;
        if let Some(found) = held.into_iter().find(|held| held.rest.get("metadata").and_then(|m| m.get("assistant")) == Some(&ours)) {
            return vapi.update_assistant(&found.id, copy).await;
        }
    }
    vapi.create_assistant(copy).await
}

async fn remove(scope: &OrgScope, vapi: &Vapi, assistant: AssistantId, provider_id: Option<String>) -> Result<(), Fail> {
    let Some(id) = provider_id else { return Ok(()) };
    vapi.delete_assistant(&id).await?;
    let mut tx = begin(scope).await?;
    store::forget_copy(&mut tx, assistant).await?;
    tx.commit().await.map_err(retry)
}

async fn push_number(core: &Core, vapi: &Vapi, job: PushNumber) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, job.org);
    let mut tx = begin(&scope).await?;
    let Some(row) = number_store::number(&mut tx, job.number).await? else { return Ok(()) };
    // Of another number, as was found out: nothing of it is ours to tell.
    if row.sync_error.as_deref() == Some(Trouble::OtherNumber.name()) {
        return Ok(());
    }
    // Not there yet: `numbers` brings it.
    if row.provider_id.is_none() && row.source != NumberSource::Vapi {
        return Ok(());
    }
    let server = integrations::server_object(&mut tx).await.map_err(retry)?;
    drop(tx);
    let sent = match &row.provider_id {
        Some(id) => connect(vapi, id, &row, &server).await,
        None => Err(Refused::Unknown { words: Trouble::UnknownNumber.to_string() }),
    };
    // The sandbox owns its numbers: one the simulator does not know is put there.
    let sent = match sent {
        Err(Refused::Unknown { .. }) if !core.config.is_production() => {
            let mut body = provider_copy::number(&row.number, &row.label, &server);
            body["twilioAccountSid"] = json!("AC00000000000000000000000000000000");
            body["twilioAuthToken"] = json!("sandbox");
            body["smsEnabled"] = json!(false);
            vapi.create_phone_number(&body).await.map(|held| held.id).map_err(Refused::Provider)
        }
        other => other,
    };
    let mut tx = begin(&scope).await?;
    let outcome = match sent {
        Ok(id) => {
            number_store::mark_number(&mut tx, job.number, Some(&id), SyncState::InStep, None).await?;
            Ok(())
        }
        Err(Refused::OtherNumber) => {
            number_store::mark_foreign_number(&mut tx, job.number, Trouble::OtherNumber.name()).await?;
            Ok(())
        }
        Err(Refused::Unknown { words }) => {
            number_store::mark_number(&mut tx, job.number, None, SyncState::Refused, Some(&words)).await?;
            Ok(())
        }
        Err(Refused::Provider(error)) => {
            let is_refused = matches!(error.status(), Some(400 | 404));
            let sync = if is_refused { SyncState::Refused } else { SyncState::Pending };
            number_store::mark_number(&mut tx, job.number, None, sync, Some(&vapi::words_of(&error))).await?;
            if is_refused { Ok(()) } else { Err(patient(error)) }
        }
    };
    tell(&mut tx, job.org).await?;
    tx.commit().await.map_err(retry)?;
    outcome
}

enum Refused {
    Provider(OutboundError),
    /// The provider has no such number.
    Unknown {
        words: String,
    },
    OtherNumber,
}

impl From<OutboundError> for Refused {
    fn from(error: OutboundError) -> Self {
        if error.status() == Some(404) { Self::Unknown { words: vapi::words_of(&error) } } else { Self::Provider(error) }
    }
}

/// A number the provider has: is it that one, then our address goes onto it. A PATCH carries the provider it has.
async fn connect(vapi: &Vapi, id: &str, row: &number_store::NumberRow, server: &Value) -> Result<String, Refused> {
    let held = vapi.phone_number(id).await?;
    if held.number.is_some_and(|number| number != row.number.as_str()) {
        return Err(Refused::OtherNumber);
    }
    let fields = json!({
        "provider": held.provider,
        "server": server,
        "name": provider_copy::number_name(&row.number, &row.label),
        "fallbackDestination": provider_copy::fallback(row.fallback.as_ref()),
    });
    Ok(vapi.update_phone_number(id, &fields).await?.id)
}

/// Takes our address off a number that was removed here, so that its calls no longer come to us. The number itself is not ours to give up.
async fn release_number(core: &Core, vapi: &Vapi, job: ReleaseNumber) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "whether a removed number was connected again").await?;
    let is_back = number_store::is_connected(tx.conn(), &job.provider_id).await?;
    drop(tx);
    if is_back {
        return Ok(());
    }
    let released = async {
        if job.is_ours {
            return vapi.delete_phone_number(&job.provider_id).await;
        }
        let held = vapi.phone_number(&job.provider_id).await?;
        vapi.update_phone_number(&job.provider_id, &json!({ "provider": held.provider, "server": null })).await.map(drop)
    };
    match released.await {
        Ok(()) => Ok(()),
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) if error.status() == Some(400) => Err(Fail::from(error)), // a person has to look: its calls still come in
        Err(error) => Err(patient(error)),
    }
}

pub(super) async fn begin(scope: &OrgScope) -> Result<OrgTx<'_>, Fail> {
    scope.begin(Permission::AssistantsEdit).await.map_err(retry)
}

pub(super) async fn tell(tx: &mut OrgTx<'_>, org: OrgId) -> sqlx::Result<()> {
    bus::publish(tx.conn(), &[Note::Assistant { org }]).await
}

pub(super) fn retry(error: AppError) -> Fail {
    Fail::Retry(error.to_string())
}

/// Keys and rights are mended by people in minutes or days: the job waits for them rather than die.
pub(super) fn patient(error: OutboundError) -> Fail {
    match Fail::from(error) {
        Fail::Dead(words) => Fail::Retry(words),
        other => other,
    }
}
