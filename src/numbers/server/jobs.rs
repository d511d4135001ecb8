//! Door 5: what workers do for numbers, and what numbers tell others. Running twice equals running once; the rows decide.

use super::{attach, send};
use crate::{
    platform::{
        Core, OrgScope, OrgTx,
        outbound::OutboundError,
        queue::{Fail, Job, Worker, lane},
    },
    shared::{
        error::AppError,
        ids::{CallId, MessageId, NumberId, OrgId},
        permission::Permission,
    },
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Brings a number to the provider, and tells Twilio where its messages go.
#[derive(Debug, Serialize, Deserialize)]
pub struct Attach {
    pub org: OrgId,
    pub number: NumberId,
}

impl Job for Attach {
    const KIND: &'static str = "numbers.attach";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(90);
}

/// A number of Twilio was removed here: its messages are to come here no longer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Detach {
    pub org: OrgId,
    pub number_sid: String,
}

impl Job for Detach {
    const KIND: &'static str = "numbers.detach";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// Sends a text message.
#[derive(Debug, Serialize, Deserialize)]
pub struct Send {
    pub org: OrgId,
    pub message: MessageId,
}

impl Job for Send {
    const KIND: &'static str = "numbers.send";
    const QUEUE: &'static str = lane::URGENT;
    const TIMEOUT: Duration = Duration::from_secs(60);
    /// Half an hour: what a caller was promised is of no use later.
    const MAX_ATTEMPTS: i32 = 7;
    const BACKOFF_S: &'static [i32] = &[2, 10, 30, 120, 600, 1200];
}

/// What became of a message that was sent in a call. `calls` subscribes.
#[derive(Debug, Serialize, Deserialize)]
pub struct MessageMoved {
    pub org: OrgId,
    pub call: CallId,
    pub message: MessageId,
    pub number: String,
    /// `delivered`, `undelivered`, `failed`, `refused`.
    pub status: String,
    pub error: Option<String>,
}

impl Job for MessageMoved {
    const KIND: &'static str = "numbers.message_moved";
    const QUEUE: &'static str = lane::URGENT;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (attaching, detaching, sending) = (core.clone(), core.clone(), core.clone());
    worker
        .on(move |job, cx| attach::attach(attaching.clone(), job, cx))
        .on(move |job, _| attach::detach(detaching.clone(), job))
        .on(move |job, cx| send::send(sending.clone(), job, cx))
}

pub(super) async fn begin(scope: &OrgScope) -> Result<OrgTx<'_>, Fail> {
    scope.begin(Permission::IntegrationsManage).await.map_err(retry)
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
