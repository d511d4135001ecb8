//! The first step: whatever waits is written as one group, so a busy minute costs few commits. What comes meanwhile is the next group.
//!
//! A delivery whose data cannot be stored is journalled as `dead`, alone, and costs the others one retry. While the database is in trouble
//! nothing is dead: the provider is told to send again.

use super::{
    Journalled, Told,
    apply::{Apply, Batch},
    is_of_the_data, is_worth_another,
};
use crate::{
    calls::server::store::{self, JournalRow, Month, Pending},
    platform::{Core, SystemTx, failpoint},
    shared::error::AppError,
};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

const GROUP: usize = 128;
const LANES: usize = 2;
/// A group of so many says that there is load.
const LOAD: usize = 3;

/// A delivery on its way into the journal.
pub(super) struct Waiting {
    pub row: JournalRow,
    pub told: Option<Told>,
    pub answer: oneshot::Sender<Result<Journalled, AppError>>,
}

/// Starts the lanes: while one waits for the disk another writes. They end when the last sender is gone.
pub(super) fn start(core: &Core, apply: &Apply, inbox: mpsc::Receiver<Waiting>) {
    let inbox = Arc::new(Mutex::new(inbox));
    for _ in 0..LANES {
        tokio::spawn(run(core.clone(), apply.clone(), inbox.clone()));
    }
}

async fn run(core: Core, apply: Apply, inbox: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    loop {
        let mut group = Vec::with_capacity(GROUP);
        if inbox.lock().await.recv_many(&mut group, GROUP).await == 0 {
            return;
        }
        keep(&core, &apply, group).await;
    }
}

async fn keep(core: &Core, apply: &Apply, group: Vec<Waiting>) {
    let pending = pending(core, &group);
    let mut written = write(core, &group, pending.as_ref()).await;
    if is_worth_another(&written).await {
        written = write(core, &group, pending.as_ref()).await;
    }
    match written {
        Ok(()) => hand_over(apply, group, pending),
        Err(error) if !is_of_the_data(&error) => {
            tracing::error!(%error, deliveries = group.len(), "webhooks could not be kept; they have to be sent again");
            for waiting in group {
                let _ = waiting.answer.send(Err(AppError::internal("the database is in trouble")));
            }
        }
        Err(error) if group.len() > 1 => {
            tracing::warn!(%error, deliveries = group.len(), "a group could not be journalled, trying each alone");
            for waiting in group {
                Box::pin(keep(core, apply, vec![waiting])).await;
            }
        }
        Err(error) => {
            for waiting in group {
                let _ = waiting.answer.send(keep_dead(core, &waiting.row, &error).await);
            }
        }
    }
}

/// What of a group is to be folded, as it is kept until then.
fn pending(core: &Core, group: &[Waiting]) -> Option<Pending> {
    let told: Vec<&Told> = group.iter().filter_map(|waiting| waiting.told.as_ref()).collect();
    let text = serde_json::to_string(&told).ok().filter(|_| !told.is_empty())?;
    Some(Pending { id: uuid::Uuid::now_v7(), told: text, at: core.clock.now() })
}

async fn write(core: &Core, group: &[Waiting], pending: Option<&Pending>) -> sqlx::Result<()> {
    failpoint::reach("calls::event_parsed");
    let rows: Vec<&JournalRow> = group.iter().map(|waiting| &waiting.row).collect();
    let mut tx = SystemTx::begin_planned_once(core, "webhooks").await?;
    store::insert_journal(tx.conn(), Month::of(rows.iter().map(|row| row.at)), &rows, pending).await?;
    failpoint::reach("calls::inserted");
    tx.commit().await?;
    failpoint::reach("calls::committed");
    Ok(())
}

/// Gives what is durable to the second step, then lets the answers go.
fn hand_over(apply: &Apply, group: Vec<Waiting>, pending: Option<Pending>) {
    let is_quiet = group.len() < LOAD && !apply.is_busy();
    let mut is_awaited = false;
    let mut batch = Batch::new(pending.map_or_else(uuid::Uuid::nil, |pending| pending.id));
    let mut answers = Vec::with_capacity(group.len());
    for Waiting { row, told, answer } in group {
        if told.is_none() {
            super::count(row.outcome, 1);
        }
        is_awaited |= told.as_ref().is_some_and(Told::is_a_question);
        answers.push((answer, Journalled { applied: told.map(|told| batch.add(told)), is_quiet }));
    }
    apply.give(batch, is_awaited);
    for (answer, journalled) in answers {
        let _ = answer.send(Ok(journalled)); // the sender may have hung up; the row is there
    }
}

/// The last resort: the journal row alone, marked so that a person looks. When even that fails the provider is told to send again.
async fn keep_dead(core: &Core, row: &JournalRow, error: &sqlx::Error) -> Result<Journalled, AppError> {
    let row = JournalRow { outcome: "dead", reason: Some(error.to_string().chars().take(500).collect()), ..row.clone() };
    let mut tx = SystemTx::begin(core, "a webhook that could not be kept").await?;
    store::insert_journal(tx.conn(), Month::ANY, &[&row], None).await?;
    tx.commit().await?;
    super::count("dead", 1);
    tracing::error!(hook = %row.id, %error, "a webhook could not be kept and was set aside");
    Ok(Journalled { applied: None, is_quiet: false })
}
