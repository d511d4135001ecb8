//! Letters of a long list, each at its time; and mail domains that are looked at.

use super::{domains, store};
use crate::{
    platform::{
        Core, OrgScope,
        mail::Mail,
        queue::{Fail, Job, Opts, Worker, lane},
    },
    shared::{
        error::AppError,
        ids::{InvitationId, MailDomainId, OrgId},
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

/// A domain whose record is to be looked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckDomain {
    pub org: OrgId,
    pub id: MailDomainId,
}

impl Job for CheckDomain {
    const KIND: &'static str = "team.check_domain";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(30);
    const MAX_ATTEMPTS: i32 = 3; // the duty comes again
}

/// Finds the domains whose time has come.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckDomains;

impl Job for CheckDomains {
    const KIND: &'static str = "team.check_domains";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (of_letters, of_domains, of_duty) = (core.clone(), core.clone(), core.clone());
    worker
        .on(move |letter: SendLetter, _| send(of_letters.clone(), letter))
        .on(move |one: CheckDomain, _| check(of_domains.clone(), one))
        .on(move |_: CheckDomains, _| check_due(of_duty.clone()))
        .cron("team.check_domains", "0 */5 * * * *", &CheckDomains)
}

async fn check(core: Core, one: CheckDomain) -> Result<(), Fail> {
    match domains::look(&OrgScope::of_system(&core, one.org), one.id).await {
        Ok(_) | Err(AppError::NotFound { .. }) => Ok(()), // given up meanwhile
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

async fn check_due(core: Core) -> Result<(), Fail> {
    Ok(domains::check_due(&core).await.map_err(anyhow::Error::from)?)
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
