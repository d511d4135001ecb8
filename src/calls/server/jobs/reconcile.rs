//! Asking about calls that went silent, so that every call ends. A provider that is away ends none: only its own word does, or a length
//! that no call has.

use super::{Calls, Dial, Fail, Reading, fold, keep, own_ref, settle, tell};
use crate::{
    platform::{
        Core, SystemTx,
        outbound::OutboundError,
        queue::{Job, JobCx, Opts, enqueue, lane},
    },
    providers::vapi::Vapi,
    shared::ids::{CallId, OrgId},
};
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::time::{Duration as StdDuration, Instant};

/// The clock's ring; the asking has a lane with more slots, and a key, so that rounds neither overlap nor pile up behind a slow one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reconcile;

/// One round of asking.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskSilent;

impl Job for Reconcile {
    const KIND: &'static str = "calls.reconcile";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(10);
}

impl Job for AskSilent {
    const KIND: &'static str = "calls.ask_silent";
    const QUEUE: &'static str = lane::URGENT;
    /// A round, and one question that takes as long as a question may.
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
}

/// How long a call may be silent before the provider is asked, in seconds.
const SILENT: f64 = 15.0;
/// A round stops here; the next one goes on with those that were asked longest ago.
const ROUND: StdDuration = StdDuration::from_secs(20);
/// A call that ended without a report is given up after so many answers.
const ASKED_ENOUGH: i32 = 40;
/// The provider ends every call after twelve hours at the latest. Source: protocols sheet "voice", 1.3, `maxDurationSeconds`.
const LONGEST_CALL: Duration = Duration::hours(13);
/// A call of ours that was never placed is given up after this.
const NEVER_PLACED: Duration = Duration::minutes(30);

/// Asks for a round, unless one waits already.
pub async fn reconcile(core: Core, _job: Reconcile, _cx: JobCx) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(&core, "a round of asking about silent calls").await.context("opening a transaction")?;
    enqueue(tx.conn(), &AskSilent, Opts::default().key(AskSilent::KIND)).await.context("enqueueing")?;
    Ok(tx.commit().await.context("committing")?)
}

/// One round over calls nothing was heard of.
pub async fn ask_silent(core: Core, calls: Calls, _job: AskSilent, cx: JobCx) -> Result<(), Fail> {
    let begun = Instant::now();
    for call in silent(&core).await? {
        let must_stop = begun.elapsed() >= ROUND || cx.lost.is_cancelled() || core.draining.is_cancelled();
        if must_stop || look_after(&core, &calls, &call).await? == Round::Over {
            break;
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Round {
    GoesOn,
    /// The provider is left alone for now: asking about the others is no use.
    Over,
}

struct Silent {
    id: CallId,
    org: OrgId,
    is_over: bool,
    dial: Option<String>,
    reference: Option<String>,
    created_at: DateTime<Utc>,
}

/// Less and less often, counted from the last question: 15 s, then half as long again each time, up to an hour.
async fn silent(core: &Core) -> Result<Vec<Silent>, Fail> {
    let calls = sqlx::query_as!(
        Silent,
        r#"
        select c.id as "id: CallId", c.org_id as "org: OrgId", c.status = 'ended' as "is_over!", c.dial, c.created_at,
          (select r.provider_call_id from call_refs r
           where r.call_id = c.id and r.org_id = c.org_id and not starts_with(r.provider_call_id, 'zencall:') order by r.created_at desc limit 1) as reference
        from calls c
        where not c.settled and not c.is_demo
          and coalesce(c.last_event_at, c.created_at) < $1::timestamptz - make_interval(secs => $2)
          and (c.asked_at is null or c.asked_at < $1::timestamptz - make_interval(secs => $2 * least(power(1.5, least(c.reconciled, 50)), 240)))
        order by coalesce(c.asked_at, c.created_at) limit 200
        "#, // status is not null
        core.clock.now(),
        SILENT
    )
    .fetch_all(&core.pool)
    .await
    .context("looking for silent calls")?;
    Ok(calls)
}

async fn look_after(core: &Core, calls: &Calls, call: &Silent) -> Result<Round, Fail> {
    let age = core.clock.now() - call.created_at;
    match &call.reference {
        Some(reference) => return ask(core, calls, call, reference, age > LONGEST_CALL).await,
        // Refused, or given up: the provider never had it.
        None if call.is_over => settle(core, call.id).await?,
        None if age > NEVER_PLACED => give_up(core, calls, call, own_ref(call.id)).await?,
        None => {
            mark_asked(core, call.id, 1).await?;
            // Ours, and not placed yet: the dial job speaks for it; this one only makes sure that there is one.
            if call.dial.is_some() {
                enqueue_dial(core, call).await?;
            }
        }
    }
    Ok(Round::GoesOn)
}

async fn ask(core: &Core, calls: &Calls, call: &Silent, reference: &str, is_too_long: bool) -> Result<Round, Fail> {
    // Before the question: one that never comes back is not asked again at once.
    mark_asked(core, call.id, 0).await?;
    match Vapi::of(core).call(reference).await {
        Ok(known) => {
            mark_asked(core, call.id, 1).await?;
            let is_over = known.has_ended();
            tell(core, calls, call.org, known.to_json()).await?;
            if is_over {
                settle_if_reported(core, call.id).await?;
            } else if is_too_long {
                give_up(core, calls, call, reference.to_owned()).await?;
            }
        }
        Err(error) if error.status() == Some(404) || is_too_long => give_up(core, calls, call, reference.to_owned()).await?,
        Err(OutboundError::Open { .. }) => return Ok(Round::Over),
        Err(error) => tracing::warn!(call = %call.id, %error, "a silent call could not be asked about"),
    }
    Ok(Round::GoesOn)
}

async fn give_up(core: &Core, calls: &Calls, call: &Silent, call_ref: String) -> Result<(), Fail> {
    let lost = fold::lost(core.clock.now().timestamp_millis());
    keep(core, calls, call.org, Reading { call_ref: Some(call_ref), our_call: Some(call.id), ..lost }).await?;
    settle(core, call.id).await
}

async fn enqueue_dial(core: &Core, call: &Silent) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "a call whose job was lost").await.context("opening a transaction")?;
    let job = Dial { org: call.org, call: call.id };
    enqueue(tx.conn(), &job, Opts::default().tenant(call.org.0).key(format!("dial:{}", call.id))).await.context("enqueueing")?;
    Ok(tx.commit().await.context("committing")?)
}

/// `answers` is 1 when an answer came: an outage does not make a call be asked about less often.
async fn mark_asked(core: &Core, call: CallId, answers: i32) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set asked_at = $2, reconciled = reconciled + $3, updated_at = now() where id = $1 and created_at = uuid_time($1)",
        call as CallId,
        core.clock.now(),
        answers
    )
    .execute(&core.pool)
    .await
    .context("noting the question")?;
    Ok(())
}

async fn settle_if_reported(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set settled = has_report or reconciled > $2, updated_at = now() where id = $1 and created_at = uuid_time($1)",
        call as CallId,
        ASKED_ENOUGH
    )
    .execute(&core.pool)
    .await
    .context("settling")?;
    Ok(())
}
