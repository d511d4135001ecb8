//! Placing calls, each once. Two short transactions with the provider between them: the first claims the attempt, so that no second run
//! can place it again; a run that finds it claimed asks the provider instead.

use super::{Calls, Fail, Reading, fold, keep, own_ref, settle, store, tell};
use crate::{
    calls::{
        model::CallStatus,
        reason::{EndClass, classify},
    },
    platform::{
        Core, OrgScope, SystemTx,
        bus::{self, Note},
        failpoint,
        queue::{Job, JobCx, Opts, lane},
    },
    providers::vapi::{self, CallFilter, Customer, NewCall, Vapi},
    shared::{
        error::AppError,
        ids::{AccountId, AssistantId, CallId, NumberId, OrgId},
        permission::Permission,
        trouble::Trouble,
    },
};
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration as StdDuration;

/// Places a call that somebody wants.
#[derive(Debug, Serialize, Deserialize)]
pub struct Dial {
    pub org: OrgId,
    pub call: CallId,
}

impl Job for Dial {
    const KIND: &'static str = "calls.dial";
    const QUEUE: &'static str = lane::URGENT;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
    const BACKOFF_S: &'static [i32] = &[2, 5, 10, 30];
}

/// How long an attempt without an answer is looked for.
const LOOKED_FOR: Duration = Duration::seconds(90);
/// How often a call that found no free line is dialled again, and after how long the first time; then twice as long each time.
const MOST_REDIALS: i32 = 5;
const REDIAL_AFTER: Duration = Duration::seconds(20);

/// Takes the call one step on.
pub async fn dial(core: Core, calls: Calls, job: Dial, _cx: JobCx) -> Result<(), Fail> {
    match claim(&core, &job).await? {
        Found::Nothing => Ok(()),
        Found::Wanted(wanted) => place(&core, &calls, &job, wanted).await,
        Found::Placing { assistant_ref, since } => find_placed(&core, &calls, &job, assistant_ref, since).await,
        Found::Blocked { reference } => ask_blocked(&core, &calls, &job, &reference).await,
        Found::Refused { words } => refused(&core, &calls, &job, &words).await,
    }
}

/// What a run finds in the row.
enum Found {
    /// Nothing is left to do.
    Nothing,
    /// To be placed, and claimed by this run.
    Wanted(Wanted),
    /// Claimed by a run that never told how it went.
    Placing { assistant_ref: String, since: DateTime<Utc> },
    /// Taken by the provider, which has no line for it.
    Blocked { reference: String },
    /// Turned away; what follows from that was not written.
    Refused { words: String },
}

struct Wanted {
    assistant_ref: String,
    number_ref: String,
    customer_number: String,
    customer_name: Option<String>,
}

async fn claim(core: &Core, job: &Dial) -> Result<Found, Fail> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "placing a call").await.context("opening a transaction")?;
    let row = sqlx::query!(
        r#"select c.dial, c.dial_error, c.status = 'ended' as "is_over!", c.customer_number, c.customer_name, coalesce(c.placing_at, c.created_at) as "since!",
             a.provider_id as "assistant_ref?", n.provider_id as "number_ref?", n.sync_state as "number_sync?",
             (select r.provider_call_id from call_refs r
              where r.call_id = c.id and r.org_id = c.org_id and not starts_with(r.provider_call_id, 'zencall:') order by r.created_at desc limit 1) as reference
           from calls c left join assistants a on a.id = c.assistant_id left join phone_numbers n on n.id = c.number_id
           where c.id = $1 and c.created_at = uuid_time($1) for update of c"#, // status and created_at are not null
        job.call as CallId
    )
    .fetch_optional(tx.conn())
    .await
    .context("reading the call to place")?;
    let Some(row) = row else { return Ok(Found::Nothing) };
    let not_yet = || Fail::Retry("the assistant is not at the provider yet".into());
    match (row.dial.as_deref(), row.is_over) {
        (Some("blocked"), _) => Ok(row.reference.map_or(Found::Nothing, |reference| Found::Blocked { reference })),
        (_, true) => Ok(Found::Nothing),
        (Some("refused"), _) => Ok(Found::Refused { words: row.dial_error.unwrap_or_default() }),
        (Some("placing" | "unknown"), _) => Ok(Found::Placing { assistant_ref: row.assistant_ref.ok_or_else(not_yet)?, since: row.since }),
        (Some("wanted"), _) => {
            let (assistant_ref, customer_number) = row.assistant_ref.zip(row.customer_number).ok_or_else(not_yet)?;
            let number_ref = match (row.number_ref, row.number_sync.as_deref()) {
                (Some(number), Some("in_step")) => number,
                (_, Some("pending")) => return Err(Fail::Retry("the number is not at the provider yet".into())),
                _ => return Ok(Found::Refused { words: Trouble::NoNumber.to_string() }),
            };
            mark_placing(tx, job.call, now).await?;
            Ok(Found::Wanted(Wanted { assistant_ref, number_ref, customer_number, customer_name: row.customer_name }))
        }
        _ => Ok(Found::Nothing),
    }
}

async fn mark_placing(mut tx: SystemTx, call: CallId, now: DateTime<Utc>) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set dial = 'placing', placing_at = $2, updated_at = now() where id = $1 and created_at = uuid_time($1)",
        call as CallId,
        now
    )
    .execute(tx.conn())
    .await
    .context("claiming the call")?;
    Ok(tx.commit().await.context("committing")?)
}

async fn place(core: &Core, calls: &Calls, job: &Dial, wanted: Wanted) -> Result<(), Fail> {
    failpoint::reach("calls::dial_intent_written");
    let request = NewCall {
        assistant_id: Some(wanted.assistant_ref),
        phone_number_id: Some(wanted.number_ref),
        customer: Some(Customer {
            number: Some(wanted.customer_number),
            name: wanted.customer_name,
            external_id: Some(job.call.to_string()),
            ..Customer::default()
        }),
        name: Some(format!("zencall {}", job.call)),
        assistant_overrides: Some(json!({ "metadata": { "zencall_org": job.org.to_string(), "zencall_call": job.call.to_string() } })),
        ..NewCall::default()
    };
    let placed = Vapi::of(core).create_call(&request).await;
    failpoint::reach("calls::provider_called");
    match placed {
        Ok(call) if call.is_blocked() => {
            // Taken all the same: its id is kept, and what becomes of it is folded into our row.
            tell(core, calls, job.org, call.to_json()).await?;
            mark_blocked(core, job.call).await?;
            Err(Fail::Snooze(core.clock.now() + Duration::seconds(10)))
        }
        Ok(call) => {
            tell(core, calls, job.org, call.to_json()).await?;
            failpoint::reach("calls::reply_stored");
            Ok(())
        }
        Err(error) if error.may_have_happened() => {
            set_dial(core, job, "unknown", Some(&vapi::words_of(&error))).await?;
            Err(Fail::RetryAt(core.clock.now() + Duration::seconds(5), error.to_string()))
        }
        Err(error) if error.is_final() => refused(core, calls, job, &vapi::words_of(&error)).await,
        Err(error) => {
            set_dial(core, job, "wanted", Some(&vapi::words_of(&error))).await?;
            Err(error.again())
        }
    }
}

/// An attempt whose answer never came: it is looked for by our id, and never placed again.
async fn find_placed(core: &Core, calls: &Calls, job: &Dial, assistant_ref: String, since: DateTime<Utc>) -> Result<(), Fail> {
    let filter = CallFilter {
        assistant_id: Some(assistant_ref),
        created_from: Some(since - Duration::minutes(2)),
        limit: Some(1000),
        ..CallFilter::default()
    };
    match Vapi::of(core).find_call(&job.call.to_string(), &filter).await {
        Ok(Some(call)) => tell(core, calls, job.org, call.to_json()).await,
        Ok(None) if core.clock.now() - since < LOOKED_FOR => {
            set_dial(core, job, "unknown", None).await?;
            Err(Fail::RetryAt(core.clock.now() + Duration::seconds(10), "the provider does not know the call yet".into()))
        }
        Ok(None) => refused(core, calls, job, Trouble::Unconfirmed.name()).await,
        Err(error) => {
            set_dial(core, job, "unknown", Some(&vapi::words_of(&error))).await?;
            Err(error.again())
        }
    }
}

/// A call that was taken without a line for it. Only when the provider says that it ended for want of one is another placed.
async fn ask_blocked(core: &Core, calls: &Calls, job: &Dial, reference: &str) -> Result<(), Fail> {
    let known = match Vapi::of(core).call(reference).await {
        Ok(known) => known,
        Err(error) if error.status() == Some(404) => return mark_placed(core, job.call).await,
        Err(error) => return Err(error.again()),
    };
    let is_waiting = matches!(known.status.as_deref(), Some("scheduled" | "queued"));
    let found_no_line = known.has_ended() && known.ended_reason.as_deref().is_some_and(|why| classify(why) == EndClass::NoLineFree);
    tell(core, calls, job.org, known.to_json()).await?;
    match (is_waiting, found_no_line) {
        (true, _) => Err(Fail::Snooze(core.clock.now() + Duration::seconds(10))),
        (_, true) => dial_again(core, job).await.map_err(|error| Fail::Retry(error.to_string())),
        _ => mark_placed(core, job.call).await,
    }
}

/// As a call of its own, since what ended stays ended: each attempt explains itself.
async fn dial_again(core: &Core, job: &Dial) -> Result<(), AppError> {
    let scope = OrgScope::of_system(core, job.org);
    let mut tx = scope.begin(Permission::CallsStart).await?;
    let row = sqlx::query!(
        r#"update calls set dial = 'placed', updated_at = now() where id = $1 and created_at = uuid_time($1) and dial = 'blocked'
           returning assistant_id as "assistant: AssistantId", number_id as "number: NumberId", customer_number, customer_name,
             started_by as "by: AccountId", redialled"#,
        job.call as CallId
    )
    .fetch_optional(tx.conn())
    .await?;
    if let Some(row) = row
        && let (Some(assistant), Some(customer)) = (row.assistant, row.customer_number)
        && row.redialled < MOST_REDIALS
    {
        let now = core.clock.now();
        let id = CallId::at(now);
        store::insert_outbound(&mut tx, id, assistant, row.number, &customer, row.customer_name.as_deref(), row.by).await?;
        sqlx::query!("update calls set redialled = $2 where id = $1 and created_at = uuid_time($1)", id as CallId, row.redialled + 1)
            .execute(tx.conn())
            .await?;
        let at = now + REDIAL_AFTER * 2_i32.pow(row.redialled.unsigned_abs());
        tx.enqueue(&Dial { org: job.org, call: id }, Opts::default().key(format!("dial:{id}")).at(at)).await?;
        bus::publish(tx.conn(), &[Note::Call { org: job.org, call: id, from: 0, to: 0 }]).await?;
    }
    tx.commit().await
}

async fn mark_blocked(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set dial = 'blocked', dial_error = $2, updated_at = now() where id = $1 and created_at = uuid_time($1) and dial = 'placed'",
        call as CallId,
        Trouble::NoLineFree.name()
    )
    .execute(&core.pool)
    .await
    .context("writing that no line is free")?;
    Ok(())
}

async fn mark_placed(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set dial = 'placed', dial_error = null, updated_at = now() where id = $1 and created_at = uuid_time($1) and dial = 'blocked'",
        call as CallId
    )
    .execute(&core.pool)
    .await
    .context("writing that a line was found")?;
    Ok(())
}

async fn set_dial(core: &Core, job: &Dial, dial: &str, words: Option<&str>) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set dial = $2, dial_error = coalesce($3, dial_error), updated_at = now() where id = $1 and created_at = uuid_time($1) and dial <> 'placed'",
        job.call as CallId,
        dial,
        words
    )
    .execute(&core.pool)
    .await
    .context("writing how dialling went")?;
    Ok(())
}

/// Ends the call here; there is none at the provider, so nobody is asked about it.
async fn refused(core: &Core, calls: &Calls, job: &Dial, words: &str) -> Result<(), Fail> {
    set_dial(core, job, "refused", Some(words)).await?;
    let reason = if words == Trouble::Unconfirmed.name() { "zencall-unconfirmed" } else { "zencall-refused" };
    let facts = fold::Facts {
        rank: Some(CallStatus::Ended.rank()),
        ended_ms: Some(core.clock.now().timestamp_millis()),
        reason: Some(reason.into()),
        ..fold::Facts::default()
    };
    let reading =
        Reading { kind: "refused".into(), facts, call_ref: Some(own_ref(job.call)), our_call: Some(job.call), ..Reading::default() };
    keep(core, calls, job.org, reading).await?;
    settle(core, job.call).await
}
