//! News between processes: what changed is told after commit by `NOTIFY`, and every process tells its open streams.
//!
//! A note says *that* something changed, never all of it (8000 bytes is the limit); readers look the rest up. Notes can be lost
//! while the listening connection is away: then [`Note::Resync`] tells every stream to read anew from its cursor.

use crate::shared::ids::{AccountId, ApiKeyId, CallId, OrgId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, postgres::PgListener};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

const CHANNEL: &str = "live";
/// Under PostgreSQL's limit, with room for the envelope.
const MAX_BYTES: usize = 7_500;

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "n", rename_all = "snake_case")]
pub enum Note {
    /// A call changed; its lines and events after `from` up to `to` are new.
    Call { org: OrgId, call: CallId, from: i64, to: i64 },
    /// Words that are still being spoken: shown, never stored.
    Partial { org: OrgId, call: CallId, speaker: String, text: String },
    /// Sessions or rights of a person changed: streams look again.
    Revoked { account: AccountId },
    /// A key of the public API changed or ended.
    Key { key: ApiKeyId },
    /// An assistant's state changed.
    Assistant { org: OrgId },
    /// What stands beside a call changed: who looks after it, what people wrote.
    Work { org: OrgId, call: CallId },
    /// Somebody looks at a call now, still, or no longer.
    Here { org: OrgId, call: CallId, account: AccountId, viewer: u64, is_here: bool },
    /// Notes may have been lost: read from the cursor.
    Resync,
}

/// The process' own end.
#[derive(Clone)]
pub struct Bus {
    notes: broadcast::Sender<Note>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { notes: broadcast::channel(8192).0 }
    }
}

impl Bus {
    /// Everything told from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Note> {
        self.notes.subscribe()
    }

    /// Listens until the process stops, and reconnects for ever.
    pub async fn run(self, pool: PgPool, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = self.listen(&pool) => heard,
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "the news channel was cut, listening again");
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn listen(&self, pool: &PgPool) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        let _ = self.notes.send(Note::Resync);
        while let Some(heard) = listener.try_recv().await? {
            match serde_json::from_str::<Vec<Note>>(heard.payload()) {
                Ok(notes) => notes.into_iter().for_each(|note| {
                    let _ = self.notes.send(note); // nobody is watching: fine
                }),
                Err(error) => tracing::warn!(%error, "a note could not be read"),
            }
        }
        Ok(())
    }
}

/// Tells notes when the transaction commits; many in one `NOTIFY`, since each takes a lock of the whole database.
pub async fn publish(conn: &mut PgConnection, notes: &[Note]) -> sqlx::Result<()> {
    for payload in payloads(notes) {
        sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(&mut *conn).await?;
    }
    Ok(())
}

fn payloads(notes: &[Note]) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for note in notes {
        let Ok(text) = serde_json::to_string(note) else { continue };
        match payloads.last_mut() {
            Some(open) if open.len() + text.len() + 2 <= MAX_BYTES => {
                open.push(',');
                open.push_str(&text);
            }
            _ if text.len() + 2 <= MAX_BYTES => payloads.push(format!("[{text}")),
            _ => tracing::warn!(bytes = text.len(), "a note is too long to tell"),
        }
    }
    payloads.iter_mut().for_each(|payload| payload.push(']'));
    payloads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_notes_travel_in_few_payloads_and_none_is_too_long() {
        let note = |at: u128| Note::Call { org: OrgId(uuid::Uuid::from_u128(1)), call: CallId(uuid::Uuid::from_u128(at)), from: 0, to: 1 };
        let notes: Vec<Note> = (0..500).map(note).collect();
        let payloads = payloads(&notes);
        assert!(payloads.iter().all(|payload| payload.len() < 8000));
        let back: Vec<Note> = payloads.iter().flat_map(|payload| serde_json::from_str::<Vec<Note>>(payload).expect("an array")).collect();
        assert_eq!(back, notes);
    }
}
