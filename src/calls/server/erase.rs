//! Erasing: a call, a recording, or what was said, by a person or by the organisation's rules. Rows go or are emptied in one transaction with the
//! job that deletes the audio, so nothing is left behind by a process that dies. What is erased stays erased when the provider tells it again.

use super::{fold, log::actions::some, store as calls};
use crate::{
    calls::retention::Retention,
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        bus::{self, Note},
        queue::{self, Fail, Job, JobCx, Opts, lane},
    },
    shared::{
        audit::{Act, Object},
        error::{AppError, FieldErrors},
        ids::{AccountId, CallId, OrgId},
        permission::Permission,
    },
};
use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use object_store::{ObjectStoreExt, path::Path};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration as StdDuration;

/// Calls that a rule erases in one transaction.
const AT_ONCE: i64 = 100;
/// So long before what is done a run begins: a recording may be stored days after its call.
const AGAIN: Duration = Duration::days(3);

/// Deletes a recording's file.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeleteAudio {
    pub key: String,
}

impl Job for DeleteAudio {
    const KIND: &'static str = "calls.delete_audio";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
}

/// One that is gone already is gone.
pub async fn delete_audio(core: Core, job: DeleteAudio, _cx: JobCx) -> Result<(), Fail> {
    match core.files.delete(&Path::from(job.key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Fail::Retry(error.to_string())),
    }
}

/// Finds the organisations that have rules.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookForRules;

impl Job for LookForRules {
    const KIND: &'static str = "calls.look_for_rules";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
}

/// Erases what one organisation keeps no longer.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyRules {
    pub org: OrgId,
}

impl Job for ApplyRules {
    const KIND: &'static str = "calls.apply_rules";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: StdDuration = StdDuration::from_secs(600);
}

/// A job for each organisation that keeps something for a while only.
pub async fn look_for_rules(core: Core, _job: LookForRules, _cx: JobCx) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(&core, "looking for retention rules").await.context("opening a transaction")?;
    let orgs: Vec<OrgId> =
        sqlx::query_scalar("select org_id from retention_rules where recordings_days is not null or words_days is not null")
            .fetch_all(tx.conn())
            .await
            .context("reading the rules")?;
    for org in orgs {
        queue::enqueue(tx.conn(), &ApplyRules { org }, waiting(org)).await.context("enqueueing")?;
    }
    Ok(tx.commit().await.context("committing")?)
}

fn waiting(org: OrgId) -> Opts {
    Opts::default().tenant(org.0).key(format!("rules:{org}"))
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub recordings_days: Option<i32>,
    pub words_days: Option<i32>,
}

/// The organisation's rules. Nothing is erased by default.
pub async fn rules(tx: &mut OrgTx<'_>) -> sqlx::Result<Rules> {
    let found = sqlx::query_as!(Rules, "select recordings_days, words_days from retention_rules").fetch_optional(tx.conn()).await?;
    Ok(found.unwrap_or_default())
}

/// Keeps rules, and has them applied at once. What was kept under a longer one is looked through from the beginning.
pub async fn set_rules(tx: &mut OrgTx<'_>, rules: Rules) -> Result<(), AppError> {
    let (org, by) = (tx.scope().org(), tx.scope().account());
    sqlx::query!(
        "insert into retention_rules (recordings_days, words_days, set_by) values ($1, $2, $3)
         on conflict (org_id) do update set recordings_days = $1, words_days = $2, set_by = $3, recordings_upto = null, words_upto = null, updated_at = now()",
        rules.recordings_days,
        rules.words_days,
        by.map(|by| by.0)
    )
    .execute(tx.conn())
    .await?;
    tx.enqueue(&ApplyRules { org }, waiting(org)).await?;
    Ok(())
}

/// What a rule erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Recording,
    Words,
}

/// Goes on where the last run ended. Running twice equals running once: what is erased is not found again.
pub async fn apply_rules(core: Core, job: ApplyRules, _cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    let failed = |error: AppError| Fail::Retry(error.to_string());
    let mut tx = scope.begin(Permission::CallsDelete).await.map_err(failed)?;
    let found = sqlx::query!("select recordings_days, words_days, recordings_upto, words_upto from retention_rules")
        .fetch_optional(tx.conn())
        .await
        .context("reading the rules")?;
    tx.commit().await.map_err(failed)?;
    let Some(rules) = found else { return Ok(()) };
    for (what, days, upto) in
        [(What::Recording, rules.recordings_days, rules.recordings_upto), (What::Words, rules.words_days, rules.words_upto)]
    {
        if let Some(days) = days {
            erase_old(&scope, what, days, upto).await.map_err(failed)?;
        }
    }
    Ok(())
}

async fn erase_old(scope: &OrgScope, what: What, days: i32, upto: Option<DateTime<Utc>>) -> Result<(), AppError> {
    let now = scope.core().clock.now();
    let until = now - Duration::days(i64::from(days));
    let from = upto.map_or(DateTime::UNIX_EPOCH, |upto| upto - AGAIN);
    let mut erased = 0;
    loop {
        let mut tx = scope.begin(Permission::CallsDelete).await?;
        let old = match what {
            What::Recording => {
                sqlx::query_scalar!(
                    r#"select id as "id: CallId" from calls where created_at >= $1 and created_at < $2 and status = 'ended'
                         and (recording_key is not null or recording = 'awaited') order by created_at limit $3"#,
                    from,
                    until,
                    AT_ONCE
                )
                .fetch_all(tx.conn())
                .await?
            }
            What::Words => {
                sqlx::query_scalar!(
                    r#"select id as "id: CallId" from calls where created_at >= $1 and created_at < $2 and status = 'ended'
                         and words_erased_at is null order by created_at limit $3"#,
                    from,
                    until,
                    AT_ONCE
                )
                .fetch_all(tx.conn())
                .await?
            }
        };
        for call in &old {
            match what {
                What::Recording => drop(recording(&mut tx, *call, now, None, Some(days)).await?),
                What::Words => words(&mut tx, *call, now, days).await?,
            }
        }
        if old.is_empty() {
            let upto = match what {
                What::Recording => "update retention_rules set recordings_upto = $1, updated_at = now()",
                What::Words => "update retention_rules set words_upto = $1, updated_at = now()",
            };
            sqlx::query(upto).bind(until).execute(tx.conn()).await?;
        }
        tx.commit().await?;
        if old.is_empty() {
            break;
        }
        erased += old.len();
    }
    if erased > 0 {
        tracing::info!(org = %scope.org(), ?what, erased, days, "erased what is kept no longer");
    }
    Ok(())
}

/// Erases a recording; says whether there was one. Its file is deleted once this is committed.
async fn recording(
    tx: &mut OrgTx<'_>,
    call: CallId,
    now: DateTime<Utc>,
    by: Option<AccountId>,
    days: Option<i32>,
) -> Result<bool, AppError> {
    // The row as it was is read under its lock: two that erase at once delete the file of one.
    let key = sqlx::query_scalar!(
        r#"update calls c set recording = 'none', recording_key = null, recording_s = null, recording_peaks = null, recording_erased_at = $2, updated_at = now()
           from (select id, created_at, recording_key from calls where id = $1 and created_at = uuid_time($1)
                 and (recording_key is not null or recording in ('awaited', 'failed')) for update) old
           where c.id = old.id and c.created_at = old.created_at returning old.recording_key"#,
        call as CallId,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(key) = key else { return Ok(false) };
    if let Some(key) = key {
        tx.enqueue(&DeleteAudio { key: key.clone() }, Opts::default().key(format!("audio:{key}"))).await?;
    }
    tell(tx, call, "recording", now, by, days).await?;
    Ok(true)
}

/// Empties everything that holds what was said: lines, findings, the words of events and actions, deliveries. What was counted stays.
async fn words(tx: &mut OrgTx<'_>, call: CallId, now: DateTime<Utc>, days: i32) -> Result<(), AppError> {
    let conn = tx.conn();
    sqlx::query!(
        "update calls set words_erased_at = $2, last_line = null, last_speaker = null, summary = null, search_text = concat_ws(' ', customer_number,
           case when starts_with(customer_number, '+33') then '0' || substr(customer_number, 4) end, lower(customer_name)), facts = case when facts ? 'report'
             then jsonb_set(facts - 'last_words', '{report,summary}', 'null') else facts - 'last_words' end, updated_at = now()
         where id = $1 and created_at = uuid_time($1)",
        call as CallId,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from call_lines where call_id = $1 and created_at = uuid_time($1)", call as CallId).execute(&mut *conn).await?;
    // Whether the book knew the answer is a figure, and stays.
    sqlx::query!(
        "update call_events set detail = case when kind = 'answer' then jsonb_build_object('entry', detail -> 'entry')
           when kind = 'action' then detail - 'text' else '{}' end, updated_at = now()
         where call_id = $1 and created_at = uuid_time($1) and kind in ('tool', 'tool_result', 'message', 'answer', 'action')",
        call as CallId
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"update call_actions set detail = jsonb_set(detail, '{text}', '""'), updated_at = now() where call_id = $1 and detail ? 'text'"#,
        call as CallId
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from call_analyses where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_notes where call_id = $1", call as CallId).execute(&mut *conn).await?;
    deliveries(conn, call).await?;
    tell(tx, call, "words", now, None, Some(days)).await
}

/// What the provider delivered about a call is emptied; that it came stays in the trail.
async fn deliveries(conn: &mut sqlx::PgConnection, call: CallId) -> sqlx::Result<()> {
    sqlx::query!(
        "update hook_journal set body = null, reason = case when outcome = 'accepted' and body is not null then 'erased' else reason end, updated_at = now()
         where (call_id = $1 or provider_call_id in (select provider_call_id from call_refs where call_id = $1))
           and created_at >= uuid_time($1) - interval '1 day' and body is not null",
        call as CallId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A line in the call's own timeline: what was erased, by whom or after how many days.
async fn tell(
    tx: &mut OrgTx<'_>,
    call: CallId,
    what: &str,
    now: DateTime<Utc>,
    by: Option<AccountId>,
    days: Option<i32>,
) -> Result<(), AppError> {
    let org = tx.scope().org();
    let by_name: Option<String> = match by {
        Some(by) => sqlx::query_scalar("select name from accounts where id = $1").bind(by).fetch_optional(tx.conn()).await?,
        None => None,
    };
    let event = fold::NewEvent {
        key: format!("erased:{what}:{}", now.timestamp_millis()),
        kind: "erased".into(),
        detail: json!({ "what": what, "by": by_name, "days": days }),
        at_ms: now.timestamp_millis(),
    };
    if let Some((from, to)) = calls::append_event(tx.conn(), call, &event).await? {
        bus::publish(tx.conn(), &[Note::Call { org, call, from, to }]).await?;
    }
    calls::recount(tx.conn(), &[call]).await?;
    Ok(())
}

/// Erases the recording of a call. Errors: `NotFound`, also when there is none.
pub async fn erase_recording(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsDelete).await?;
    if !recording(&mut tx, call, now, scope.account(), None).await? {
        return Err(AppError::not_found("recording"));
    }
    tx.note(Act::Deleted, Object::Recording, Some(call.0.to_string()), None).await?;
    tx.commit().await
}

/// Deletes calls that are over, with everything that hangs on them; says how many. The provider's ids stay: a delivery that comes once more
/// finds that its call is gone, and makes no new one.
pub async fn delete_calls(scope: &OrgScope, ids: &[CallId]) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::CallsDelete).await?;
    some(ids)?;
    let mut deleted = 0;
    for call in ids {
        deleted += i64::from(delete_call(&mut tx, *call).await?);
    }
    if deleted > 0 {
        tx.note(Act::Deleted, Object::Calls, None, Some(serde_json::json!({ "calls": ids }))).await?;
    }
    tx.commit().await?;
    tracing::info!(org = %scope.org(), by = ?scope.account(), deleted, "calls deleted");
    Ok(deleted)
}

async fn delete_call(tx: &mut OrgTx<'_>, call: CallId) -> Result<bool, AppError> {
    let gone = sqlx::query_scalar!(
        "delete from calls where id = $1 and created_at = uuid_time($1) and status = 'ended' returning recording_key",
        call as CallId
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(key) = gone else { return Ok(false) };
    if let Some(key) = key {
        tx.enqueue(&DeleteAudio { key: key.clone() }, Opts::default().key(format!("audio:{key}"))).await?;
    }
    let conn = tx.conn();
    deliveries(conn, call).await?;
    sqlx::query!("delete from call_lines where call_id = $1 and created_at = uuid_time($1)", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_events where call_id = $1 and created_at = uuid_time($1)", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_actions where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_analyses where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_marks where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_reads where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_assignments where call_id = $1", call as CallId).execute(&mut *conn).await?;
    sqlx::query!("delete from call_notes where call_id = $1", call as CallId).execute(conn).await?;
    Ok(true)
}

/// The organisation's rules, for its settings.
pub async fn read_retention(scope: &OrgScope) -> Result<Retention, AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    let Rules { recordings_days, words_days } = rules(&mut tx).await?;
    tx.commit().await?;
    Ok(Retention { recordings_days, words_days })
}

/// Keeps what was typed; empty is for ever. Errors: `Invalid(recordings_days)`, `Invalid(words_days)`.
pub async fn save_retention(scope: &OrgScope, recordings_days: &str, words_days: &str) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    let mut wrong = FieldErrors::default();
    let mut days = |field: &str, typed: &str| {
        let typed = typed.trim();
        let read = typed.parse::<i32>().ok().filter(|days| (1..=3650).contains(days));
        if !typed.is_empty() && read.is_none() {
            wrong.add(field, "retention.days_range");
        }
        read
    };
    let rules = Rules { recordings_days: days("recordings_days", recordings_days), words_days: days("words_days", words_days) };
    wrong.into_result()?;
    set_rules(&mut tx, rules).await?;
    tx.commit().await
}
