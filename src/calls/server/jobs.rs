//! Door 5: what workers do for calls. Running twice equals running once; the rows decide, a job only rings.

use super::{
    Calls,
    fold::{self, Reading},
    ingest::{Accepted, Delivery},
    store::{self, JournalRow},
};
use crate::{
    calls::model::CallStatus,
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        failpoint,
        outbound::OutboundError,
        queue::{Fail, Job, JobCx, Opts, enqueue, lane},
    },
    providers::vapi::{CallFilter, Customer, NewCall, Vapi},
    shared::ids::{CallId, HookId, OrgId},
};
use anyhow::Context;
use chrono::Duration;
use futures::TryStreamExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration as StdDuration;
use tokio::io::AsyncWriteExt;

/// Fetches a recording into our own store.
#[derive(Debug, Serialize, Deserialize)]
pub struct FetchRecording {
    pub org: OrgId,
    pub call: CallId,
}

/// Places a call that somebody wants.
#[derive(Debug, Serialize, Deserialize)]
pub struct Dial {
    pub org: OrgId,
    pub call: CallId,
}

/// Asks the provider about calls that went silent, so that every call ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reconcile;

/// Makes next months' partitions.
#[derive(Debug, Serialize, Deserialize)]
pub struct MakePartitions;

impl Job for FetchRecording {
    const KIND: &'static str = "calls.fetch_recording";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: StdDuration = StdDuration::from_secs(180);
    const MAX_ATTEMPTS: i32 = 12;
}

impl Job for Dial {
    const KIND: &'static str = "calls.dial";
    const QUEUE: &'static str = lane::URGENT;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
    const BACKOFF_S: &'static [i32] = &[2, 5, 10, 30];
}

impl Job for Reconcile {
    const KIND: &'static str = "calls.reconcile";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(120);
}

impl Job for MakePartitions {
    const KIND: &'static str = "calls.make_partitions";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: StdDuration = StdDuration::from_secs(60);
}

fn retry(error: OutboundError) -> Fail {
    match error.retry_after() {
        Some(after) => Fail::RetryAt(chrono::Utc::now() + Duration::from_std(after).unwrap_or_default(), error.to_string()),
        None => Fail::Retry(error.to_string()),
    }
}

/// Downloads, measures, stores under a name of our own, and tells the page.
pub async fn fetch_recording(core: Core, job: FetchRecording, cx: JobCx) -> Result<(), Fail> {
    let (reference, state) = sqlx::query_as::<_, (Option<String>, String)>(
        "select (select r.provider_call_id from call_refs r where r.call_id = c.id and r.org_id = c.org_id limit 1), c.recording
         from calls c where c.id = $1 and c.created_at = uuid_time($1)",
    )
    .bind(job.call)
    .fetch_optional(&core.pool)
    .await
    .context("reading the call")?
    .unwrap_or((None, "stored".into()));
    let Some(reference) = reference.filter(|_| state == "awaited") else { return Ok(()) };
    let key = format!("recordings/{}/{}.wav", job.org, job.call);
    let seconds = match store_recording(&core, &reference, &key).await? {
        Ok(seconds) => seconds,
        Err(error) if error.is_final() || cx.is_last_attempt() => {
            set_recording(&core, &job, "failed", None, None).await?;
            tracing::warn!(call = %job.call, error = %error, "the recording could not be fetched");
            return Ok(());
        }
        Err(error) => return Err(retry(error)),
    };
    set_recording(&core, &job, "stored", Some(&key), seconds).await
}

/// Piece by piece into the store, never whole in memory; the length is read from the first piece.
async fn store_recording(core: &Core, reference: &str, key: &str) -> Result<Result<Option<f32>, OutboundError>, Fail> {
    let mut recording = match Vapi::of(core).recording(reference).await {
        Ok(recording) => recording,
        Err(error) => return Ok(Err(error)),
    };
    let mut writer = object_store::buffered::BufWriter::new(core.files.clone(), Path::from(key));
    let mut head = Vec::new();
    loop {
        match recording.body.try_next().await {
            Ok(Some(piece)) => {
                if head.len() < 4096 {
                    head.extend_from_slice(&piece[..piece.len().min(4096)]);
                }
                writer.put(piece).await.context("storing the recording")?;
            }
            Ok(None) => break,
            Err(error) => {
                writer.abort().await.context("giving the recording up")?;
                return Ok(Err(error));
            }
        }
    }
    writer.shutdown().await.context("finishing the recording")?;
    Ok(Ok(wav_seconds(&head)))
}

async fn set_recording(core: &Core, job: &FetchRecording, state: &str, key: Option<&str>, seconds: Option<f32>) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "a recording arrived").await.context("opening a transaction")?;
    let event = fold::NewEvent {
        key: format!("recording:{state}"),
        kind: "recording",
        detail: json!({ "state": state }),
        at_ms: core.clock.now().timestamp_millis(),
    };
    let range = store::append_event(tx.conn(), job.call, &event).await.context("noting the recording")?;
    sqlx::query("update calls set recording = $2, recording_key = $3, recording_s = $4, updated_at = now() where id = $1 and created_at = uuid_time($1)")
        .bind(job.call)
        .bind(state)
        .bind(key)
        .bind(seconds)
        .execute(tx.conn())
        .await
        .context("writing the recording")?;
    if let Some((from, to)) = range {
        bus::publish(tx.conn(), &[Note::Call { org: job.org, call: job.call, from, to }]).await.context("telling")?;
    }
    tx.commit().await.context("committing")?;
    Ok(())
}

/// Seconds of a RIFF file by the head of it: bytes of data over bytes a second.
fn wav_seconds(audio: &[u8]) -> Option<f32> {
    let word = |at: usize| audio.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    if audio.get(..4)? != b"RIFF" {
        return None;
    }
    let mut at = 12;
    let mut rate = None;
    while let (Some(name), Some(size)) = (audio.get(at..at + 4), word(at + 4)) {
        match name {
            b"fmt " => rate = word(at + 16),
            b"data" => return Some(size as f32 / rate.filter(|rate| *rate > 0)? as f32),
            _ => {}
        }
        at += 8 + size as usize + (size as usize & 1);
    }
    None
}

/// Places a call once. Two short transactions with the provider between them: the first claims the attempt, so that no second run can
/// place it again; a run that finds it claimed asks the provider instead.
pub async fn dial(core: Core, calls: Calls, job: Dial, _cx: JobCx) -> Result<(), Fail> {
    let Some(wanted) = claim(&core, &job).await? else { return Ok(()) };
    if wanted.was_placing {
        return find_placed(&core, &calls, &job, &wanted).await;
    }
    failpoint::reach("calls::dial_intent_written");
    let request = NewCall {
        assistant_id: Some(wanted.assistant_ref.clone()),
        phone_number_id: wanted.number_ref.clone(),
        customer: Some(Customer {
            number: Some(wanted.customer_number.clone()),
            name: wanted.customer_name.clone(),
            external_id: Some(job.call.to_string()),
            ..Customer::default()
        }),
        name: Some(format!("zencall {}", job.call)),
        assistant_overrides: Some(json!({ "metadata": { "zencall_org": job.org.to_string(), "zencall_call": job.call.to_string() } })),
        ..NewCall::default()
    };
    let placed = Vapi::of(&core).create_call(&request).await;
    failpoint::reach("calls::provider_called");
    match placed {
        Ok(call) if call.is_blocked() => {
            set_dial(&core, &job, "wanted", Some("no line is free")).await?;
            Err(Fail::RetryAt(core.clock.now() + Duration::seconds(20), "no line is free".into()))
        }
        Ok(call) => tell(&core, &calls, job.org, call.to_json()).await,
        Err(error) if error.may_have_happened() => {
            set_dial(&core, &job, "unknown", Some(&error.words())).await?;
            Err(Fail::RetryAt(core.clock.now() + Duration::seconds(5), error.to_string()))
        }
        Err(error) if error.is_final() => refused(&core, &calls, &job, &error.words()).await,
        Err(error) => {
            set_dial(&core, &job, "wanted", Some(&error.words())).await?;
            Err(retry(error))
        }
    }
}

struct Wanted {
    was_placing: bool,
    assistant_ref: String,
    number_ref: Option<String>,
    customer_number: String,
    customer_name: Option<String>,
}

async fn claim(core: &Core, job: &Dial) -> Result<Option<Wanted>, Fail> {
    let mut tx = SystemTx::begin(core, "placing a call").await.context("opening a transaction")?;
    let row = sqlx::query!(
        r#"select c.dial, c.customer_number, c.customer_name, a.provider_id as "assistant_ref?", n.provider_id as "number_ref?"
           from calls c left join assistants a on a.id = c.assistant_id left join phone_numbers n on n.id = c.number_id
           where c.id = $1 and c.created_at = uuid_time($1) and c.status <> 'ended' for update of c"#,
        job.call as CallId
    )
    .fetch_optional(tx.conn())
    .await
    .context("reading the call to place")?;
    let Some(row) = row else { return Ok(None) };
    let was_placing = match row.dial.as_deref() {
        Some("wanted") => false,
        Some("placing" | "unknown") => true,
        _ => return Ok(None),
    };
    let (Some(assistant_ref), Some(customer_number)) = (row.assistant_ref, row.customer_number) else {
        return Err(Fail::Retry("the assistant is not at the provider yet".into()));
    };
    sqlx::query!("update calls set dial = 'placing', updated_at = now() where id = $1 and created_at = uuid_time($1)", job.call as CallId)
        .execute(tx.conn())
        .await
        .context("claiming the call")?;
    tx.commit().await.context("committing")?;
    Ok(Some(Wanted { was_placing, assistant_ref, number_ref: row.number_ref, customer_number, customer_name: row.customer_name }))
}

/// An attempt whose answer never came: it is looked for by our id, and never placed again.
async fn find_placed(core: &Core, calls: &Calls, job: &Dial, wanted: &Wanted) -> Result<(), Fail> {
    let from = job.call.time() - Duration::minutes(2);
    let filter = CallFilter {
        assistant_id: Some(wanted.assistant_ref.clone()),
        created_from: Some(from),
        limit: Some(1000),
        ..CallFilter::default()
    };
    match Vapi::of(core).find_call(&job.call.to_string(), &filter).await {
        Ok(Some(call)) => tell(core, calls, job.org, call.to_json()).await,
        Ok(None) if core.clock.now() - job.call.time() < Duration::seconds(90) => {
            set_dial(core, job, "unknown", None).await?;
            Err(Fail::RetryAt(core.clock.now() + Duration::seconds(10), "the provider does not know the call yet".into()))
        }
        Ok(None) => refused(core, calls, job, "the provider never confirmed the call; it was not placed again").await,
        Err(error) => {
            set_dial(core, job, "unknown", Some(&error.words())).await?;
            Err(retry(error))
        }
    }
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

async fn refused(core: &Core, calls: &Calls, job: &Dial, words: &str) -> Result<(), Fail> {
    set_dial(core, job, "refused", Some(words)).await?;
    let now = core.clock.now();
    let facts = fold::Facts {
        rank: Some(CallStatus::Ended.rank()),
        ended_ms: Some(now.timestamp_millis()),
        reason: Some("call-start-error-refused-by-provider".into()),
        ..fold::Facts::default()
    };
    let reading =
        Reading { kind: "refused".into(), facts, call_ref: Some(job.call.to_string()), our_call: Some(job.call), ..Reading::default() };
    keep(core, calls, job.org, reading).await
}

/// Lets the fold read what the provider says of a call.
async fn tell(core: &Core, calls: &Calls, org: OrgId, call: Value) -> Result<(), Fail> {
    let reading = fold::read_polled(&call, core.clock.now().timestamp_millis());
    keep(core, calls, org, reading).await
}

async fn keep(core: &Core, calls: &Calls, org: OrgId, reading: Reading) -> Result<(), Fail> {
    let now = core.clock.now();
    let journal = JournalRow {
        id: HookId::at(now),
        org: Some(org),
        outcome: "accepted",
        reason: Some("asked".into()),
        kind: Some(reading.kind.clone()),
        call_ref: reading.call_ref.clone(),
        body: None,
        body_bytes: 0,
        ip: "127.0.0.1".into(),
        at: now,
    };
    let kept = calls.ingest.keep(Delivery { journal, accepted: Some(Accepted { org, reading }) }).await;
    kept.map(drop).map_err(|error| Fail::Retry(error.to_string()))
}

/// How long a call may be silent before the provider is asked.
const SILENT: i64 = 15;
/// Asking again is no use after this often.
const ASKED_ENOUGH: i32 = 40;

/// One round over calls nothing was heard of.
pub async fn reconcile(core: Core, calls: Calls, _job: Reconcile, _cx: JobCx) -> Result<(), Fail> {
    let now = core.clock.now();
    let silent = sqlx::query!(
        r#"
        select c.id as "id: CallId", c.org_id as "org: OrgId", c.status, c.reconciled, c.dial, r.provider_call_id as "reference?", c.created_at
        from calls c left join call_refs r on r.call_id = c.id and r.org_id = c.org_id
        where not c.settled and not c.is_demo and coalesce(c.last_event_at, c.created_at) < $1::timestamptz - make_interval(secs => $2 * least(power(1.5, c.reconciled), 240))
        order by c.created_at limit 200
        "#,
        now,
        SILENT as f64
    )
    .fetch_all(&core.pool)
    .await
    .context("looking for silent calls")?;
    let vapi = Vapi::of(&core);
    for call in silent {
        let Some(reference) = call.reference else {
            // Ours, and never placed: the dial job speaks for it while it lives.
            if now - call.created_at > Duration::minutes(30) {
                let reading =
                    Reading { call_ref: Some(call.id.to_string()), our_call: Some(call.id), ..fold::lost(now.timestamp_millis()) };
                keep(&core, &calls, call.org, reading).await?;
                settle(&core, call.id).await?;
            } else if call.dial.as_deref().is_some_and(|dial| dial != "refused") {
                enqueue_dial(&core, call.org, call.id).await?;
                asked(&core, call.id).await?;
            }
            continue;
        };
        asked(&core, call.id).await?;
        match vapi.call(&reference).await {
            Ok(known) => {
                let is_over = known.has_ended();
                tell(&core, &calls, call.org, known.to_json()).await?;
                if is_over {
                    settle_if_reported(&core, call.id).await?;
                }
            }
            Err(error) if error.status() == Some(404) || call.reconciled >= ASKED_ENOUGH => {
                let reading = Reading { call_ref: Some(reference), ..fold::lost(now.timestamp_millis()) };
                keep(&core, &calls, call.org, reading).await?;
                settle(&core, call.id).await?;
            }
            Err(error) => tracing::warn!(call = %call.id, %error, "a silent call could not be asked about"),
        }
    }
    Ok(())
}

async fn enqueue_dial(core: &Core, org: OrgId, call: CallId) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "a call whose job was lost").await.context("opening a transaction")?;
    enqueue(tx.conn(), &Dial { org, call }, Opts::default().tenant(org.0).key(format!("dial:{call}"))).await.context("enqueueing")?;
    tx.commit().await.context("committing")?;
    Ok(())
}

async fn asked(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!(
        "update calls set reconciled = reconciled + 1, updated_at = now() where id = $1 and created_at = uuid_time($1)",
        call as CallId
    )
    .execute(&core.pool)
    .await
    .context("counting")?;
    Ok(())
}

async fn settle(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query!("update calls set settled = true, updated_at = now() where id = $1 and created_at = uuid_time($1)", call as CallId)
        .execute(&core.pool)
        .await
        .context("settling")?;
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

/// Three months ahead; alarms when the next one is missing all the same.
pub async fn make_partitions(core: Core, _job: MakePartitions, _cx: JobCx) -> Result<(), Fail> {
    let today = core.clock.now().date_naive();
    let mut tx = SystemTx::begin(&core, "making partitions").await.context("opening a transaction")?;
    let made: i32 =
        sqlx::query_scalar("select zencall_make_partitions($1, 4)").bind(today).fetch_one(tx.conn()).await.context("making partitions")?;
    tx.commit().await.context("committing")?;
    if made > 0 {
        tracing::info!(made, "partitions made ahead");
    }
    watch_partitions(&core).await
}

/// The gauge operators alarm on: whether next month has a place.
pub async fn watch_partitions(core: &Core) -> Result<(), Fail> {
    let next = (core.clock.now() + Duration::days(31)).format("calls_y%Ym%m").to_string();
    let is_there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(&next)
        .fetch_one(&core.pool)
        .await
        .context("looking for next month")?;
    metrics::gauge!("zencall_next_partition_missing").set(if is_there { 0.0 } else { 1.0 });
    if !is_there {
        tracing::error!(partition = next, "next month's partition is missing");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::wav_seconds;

    #[test]
    fn a_recording_knows_its_length() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x80\x3e\0\0\0\xfa\0\0\x04\0\x10\0data".to_vec();
        wav.extend_from_slice(&128_000u32.to_le_bytes());
        assert_eq!(wav_seconds(&wav), Some(2.0));
        assert_eq!(wav_seconds(b"RIFF"), None);
        assert_eq!(wav_seconds(&[]), None);
    }
}
