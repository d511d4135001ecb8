//! Fetching recordings: downloaded, measured, stored under a name of our own, and told.

use super::{Fail, fold, store};
use crate::calls::server::{erase::DeleteAudio, peaks::Peaks};
use crate::{
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        outbound::{OutboundError, VAPI_RECORDINGS},
        queue::{self, Job, JobCx, Opts, lane},
    },
    providers::vapi::Vapi,
    shared::ids::{CallId, OrgId},
};
use anyhow::Context;
use futures::TryStreamExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Fetches a recording into our own store.
#[derive(Debug, Serialize, Deserialize)]
pub struct FetchRecording {
    pub org: OrgId,
    pub call: CallId,
}

impl Job for FetchRecording {
    const KIND: &'static str = "calls.fetch_recording";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = WHOLE.saturating_add(Duration::from_secs(30));
    const MAX_ATTEMPTS: i32 = 12;
}

/// One try from the first question to the last byte. The client's own deadline begins anew with each redirect.
const WHOLE: Duration = VAPI_RECORDINGS.total.saturating_add(Duration::from_secs(30));

/// Running twice equals running once: a recording that is stored is left alone.
pub async fn fetch_recording(core: Core, job: FetchRecording, cx: JobCx) -> Result<(), Fail> {
    let Some(reference) = wanted(&core, job.call).await? else { return Ok(()) };
    if cx.is_last_attempt() {
        give_up_ahead(&core, job.call).await?;
    }
    let key = format!("recordings/{}/{}.wav", job.org, job.call);
    let late = |_| OutboundError::NoAnswer { provider: VAPI_RECORDINGS.name, cause: format!("not whole within {} s", WHOLE.as_secs()) };
    let fetched = match tokio::time::timeout(WHOLE, store_recording(&core, &reference, &key)).await.map_err(late) {
        Ok(fetched) => fetched?,
        Err(error) => Err(error),
    };
    match fetched {
        Ok(heard) => set_recording(&core, &job, "stored", Some(&key), &heard).await,
        Err(error) if cx.is_last_attempt() || is_hopeless(&error) => {
            tracing::warn!(call = %job.call, error = %error, "the recording could not be fetched");
            set_recording(&core, &job, "failed", None, &Heard::default()).await
        }
        Err(error) => Err(error.again()),
    }
}

/// What is known of a recording that passed by.
#[derive(Default)]
struct Heard {
    seconds: Option<f32>,
    /// The bars of its waveform.
    peaks: Option<String>,
}

/// A 404 may mean "not yet" as well as "never": only time tells them apart.
fn is_hopeless(error: &OutboundError) -> bool {
    error.is_final() && error.status() != Some(404)
}

/// The provider's id of a call whose recording is still missing.
async fn wanted(core: &Core, call: CallId) -> Result<Option<String>, Fail> {
    let reference: Option<Option<String>> = sqlx::query_scalar(
        "select (select r.provider_call_id from call_refs r
           where r.call_id = c.id and r.org_id = c.org_id and not starts_with(r.provider_call_id, 'zencall:') order by r.created_at desc limit 1)
         from calls c where c.id = $1 and c.created_at = uuid_time($1) and c.recording in ('awaited', 'failed')",
    )
    .bind(call)
    .fetch_optional(&core.pool)
    .await
    .context("reading the call")?;
    Ok(reference.flatten())
}

/// The last run may be killed: what the page would say then is written first, and taken back by success.
async fn give_up_ahead(core: &Core, call: CallId) -> Result<(), Fail> {
    sqlx::query("update calls set recording = 'failed', updated_at = now() where id = $1 and created_at = uuid_time($1)")
        .bind(call)
        .execute(&core.pool)
        .await
        .context("giving up ahead")?;
    Ok(())
}

/// Piece by piece into the store, never whole in memory; the length is read from the first piece, the waveform from each.
async fn store_recording(core: &Core, reference: &str, key: &str) -> Result<Result<Heard, OutboundError>, Fail> {
    let mut recording = match Vapi::of(core).recording(reference).await {
        Ok(recording) => recording,
        Err(error) => return Ok(Err(error)),
    };
    let mut writer = object_store::buffered::BufWriter::new(core.files.clone(), Path::from(key));
    let (mut head, mut peaks) = (Vec::new(), Peaks::default());
    loop {
        match recording.body.try_next().await {
            Ok(Some(piece)) => {
                if head.len() < 4096 {
                    head.extend_from_slice(&piece[..piece.len().min(4096)]);
                }
                peaks.hear(&piece);
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
    Ok(Ok(Heard { seconds: wav_seconds(&head), peaks: peaks.drawn() }))
}

async fn set_recording(core: &Core, job: &FetchRecording, state: &str, key: Option<&str>, heard: &Heard) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "a recording arrived").await.context("opening a transaction")?;
    let event = fold::NewEvent {
        key: format!("recording:{state}"),
        kind: "recording".into(),
        detail: json!({ "state": state }),
        at_ms: core.clock.now().timestamp_millis(),
    };
    // Erased, or deleted with its call, while it was on its way: then the file goes, too.
    let is_wanted: Option<bool> =
        sqlx::query_scalar("select recording_erased_at is null from calls where id = $1 and created_at = uuid_time($1) for update")
            .bind(job.call)
            .fetch_optional(tx.conn())
            .await
            .context("looking whether it is wanted still")?;
    if is_wanted != Some(true) {
        if let Some(key) = key {
            let gone = DeleteAudio { key: key.to_owned() };
            queue::enqueue(tx.conn(), &gone, Opts::default().key(format!("audio:{key}"))).await.context("enqueueing")?;
        }
        return Ok(tx.commit().await.context("committing")?);
    }
    let range = store::append_event(tx.conn(), job.call, &event).await.context("noting the recording")?;
    sqlx::query("update calls set recording = $2, recording_key = $3, recording_s = $4, recording_peaks = $5, updated_at = now() where id = $1 and created_at = uuid_time($1)")
        .bind(job.call)
        .bind(state)
        .bind(key)
        .bind(heard.seconds)
        .bind(heard.peaks.as_deref())
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
