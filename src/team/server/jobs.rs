//! Letters of a long list, each at its time.

use super::store;
use crate::{
    platform::{
        Core, OrgScope,
        mail::Mail,
        queue::{Fail, Job, Opts, Worker, lane},
    },
    shared::{
        ids::{InvitationId, OrgId},
        permission::Permission,
    },
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The letter of an invitation, if it still stands when the letter's time has come.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendLetter {
    pub org: OrgId,
    pub invitation: InvitationId,
    /// Of the link the letter has: another one may have taken its place.
    pub token_hash: String,
    pub mail: Mail,
}

impl Job for SendLetter {
    const KIND: &'static str = "team.send_letter";
    const QUEUE: &'static str = lane::MAIL;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let core = core.clone();
    worker.on(move |letter: SendLetter, _| send(core.clone(), letter))
}

async fn send(core: Core, letter: SendLetter) -> Result<(), Fail> {
    let hash = hex::decode(&letter.token_hash).map_err(|error| Fail::Dead(error.to_string()))?;
    let scope = OrgScope::of_system(&core, letter.org);
    let mut tx = scope.begin(Permission::TeamManage).await.map_err(anyhow::Error::from)?;
    if store::waits(&mut tx, letter.invitation, &hash).await? {
        tx.enqueue(&letter.mail, Opts::default()).await.map_err(anyhow::Error::from)?;
    }
    tx.commit().await.map_err(anyhow::Error::from)?;
    Ok(())
}
