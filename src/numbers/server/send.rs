//! Sends a text message, once: Twilio has no idempotency key, so one that may have been taken is looked for before it is sent again.
//! And what became of it, as Twilio tells in whatever order.

use super::{
    account,
    jobs::{MessageMoved, Send, begin, patient, retry},
    store::{self, Moved, Waiting},
};
use crate::{
    numbers::{model::rank, stop_words::Order},
    platform::{
        Core, OrgScope, OrgTx,
        outbound::OutboundError,
        queue::{Fail, JobCx, Opts},
    },
    providers::{
        twilio::{Message, NewMessage, OPTED_OUT, Twilio},
        vapi::words_of,
    },
    shared::{error::AppError, ids::MessageId},
};

/// Why a message is not sent, in a word of ours that is translated when it is shown.
pub const STOPPED: &str = "stopped";
const NO_ACCOUNT: &str = "no_account";

/// The handler of [`Send`].
pub async fn send(core: Core, job: Send, cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    let now = core.clock.now();
    let mut tx = begin(&scope).await?;
    let Some(row) = store::lock(&mut tx, job.message).await?.filter(|row| row.status == "waiting") else { return Ok(()) };
    let account = account::open(&mut tx).await.map_err(retry)?;
    let has_stopped = store::has_stopped(&mut tx, &row.theirs).await?;
    // Once Twilio may have it, only Twilio says what became of it.
    let reason = if has_stopped && row.asked_at.is_none() { Some(STOPPED) } else { account.is_none().then_some(NO_ACCOUNT) };
    let (Some(account), None) = (account, reason) else {
        return give_up(tx, &job, &row, "refused", reason.unwrap_or(NO_ACCOUNT)).await;
    };
    store::mark_asked(&mut tx, job.message, now).await?;
    tx.commit().await.map_err(retry)?;

    let callback = account.address(&core, "status");
    let new = NewMessage { from: &row.ours, to: &row.theirs, body: &row.body, status_callback: &callback };
    let twilio = Twilio::of(&core);
    let earlier = match row.asked_at {
        Some(since) => twilio.find_message(&account.who, &new, since).await,
        None => Ok(None),
    };
    let sent = match earlier {
        Ok(Some(held)) if !is_known(&scope, &held).await? => Ok(held), // the same words twice are two messages
        Ok(_) => twilio.send(&account.who, &new).await,
        Err(error) => Err(error),
    };
    let tx = begin(&scope).await?;
    match sent {
        Ok(held) => taken(tx, &job, &held).await,
        Err(error) if error.is_final() || cx.attempt >= cx.max_attempts => refused(tx, &job, &row, &error).await,
        Err(error) => Err(patient(error)),
    }
}

async fn is_known(scope: &OrgScope, held: &Message) -> Result<bool, Fail> {
    let mut tx = begin(scope).await?;
    Ok(store::is_known(&mut tx, &held.sid).await?)
}

async fn taken(mut tx: OrgTx<'_>, job: &Send, held: &Message) -> Result<(), Fail> {
    store::take_turn(&mut tx, &held.sid).await?;
    store::mark_taken(&mut tx, job.message, &held.sid).await?;
    let error = held.error_code.map(|code| code.to_string());
    advance(&mut tx, &held.sid, &held.status, error.as_deref()).await.map_err(retry)?;
    // A report may have been faster than the answer.
    for (status, error) in store::reports(&mut tx, &held.sid).await? {
        advance(&mut tx, &held.sid, &status, error.as_deref()).await.map_err(retry)?;
    }
    tx.commit().await.map_err(retry)
}

async fn refused(mut tx: OrgTx<'_>, job: &Send, row: &Waiting, error: &OutboundError) -> Result<(), Fail> {
    if error.code() == Some(OPTED_OUT) {
        let now = tx.scope().core().clock.now();
        store::obey(&mut tx, &row.theirs, Order::Stop, OPTED_OUT, now).await?;
    }
    if error.status() == Some(401) {
        account::mark_refused(&mut tx, &error.words()).await?;
    }
    let words = match error.code() {
        Some(code) => format!("{code}: {}", error.words()),
        None => words_of(error),
    };
    give_up(tx, job, row, "failed", &words).await
}

async fn give_up(mut tx: OrgTx<'_>, job: &Send, row: &Waiting, status: &str, words: &str) -> Result<(), Fail> {
    store::mark_failed(&mut tx, job.message, status, words).await?;
    let moved = Moved { message: job.message, call: row.call, theirs: row.theirs.clone() };
    tell(&mut tx, moved, status, Some(words)).await.map_err(retry)?;
    tx.commit().await.map_err(retry)
}

/// Moves a message on, and tells the call it was sent in when it has come to an end.
pub async fn advance(tx: &mut OrgTx<'_>, sid: &str, status: &str, error: Option<&str>) -> Result<(), AppError> {
    let Some(moved) = store::advance(tx, sid, status, error).await? else { return Ok(()) };
    if error == Some(OPTED_OUT) {
        let now = tx.scope().core().clock.now();
        store::obey(tx, &moved.theirs, Order::Stop, OPTED_OUT, now).await?;
    }
    if rank(status) >= rank("delivered") { tell(tx, moved, status, error).await } else { Ok(()) }
}

async fn tell(tx: &mut OrgTx<'_>, moved: Moved, status: &str, error: Option<&str>) -> Result<(), AppError> {
    let Some(call) = moved.call else { return Ok(()) };
    let org = tx.scope().org();
    let note = MessageMoved {
        org,
        call,
        message: moved.message,
        number: moved.theirs,
        status: status.to_owned(),
        error: error.map(str::to_owned),
    };
    tx.enqueue(&note, Opts::default()).await?;
    Ok(())
}

/// Writes the job that sends a message.
pub async fn enqueue(tx: &mut OrgTx<'_>, message: MessageId) -> Result<(), AppError> {
    let org = tx.scope().org();
    tx.enqueue(&Send { org, message }, Opts::default().key(format!("sms:{message}"))).await?;
    Ok(())
}
