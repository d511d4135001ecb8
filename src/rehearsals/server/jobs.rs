//! Holding a rehearsal: the job says the caller's lines one after the other and judges what came back. It re-reads script and draft when it
//! begins, and a second attempt begins anew, so that a report is always of one conversation.

use super::{
    conversation::{self, Saying},
    judge::judge,
    store::{self, Ended},
};
use crate::{
    assistants::server::actions as assistants,
    platform::{
        Core, OrgScope, OrgTx,
        outbound::OutboundError,
        queue::{Fail, Job, JobCx, Worker, lane},
    },
    providers::vapi::{Vapi, words_of},
    rehearsals::model::*,
    shared::{
        error::AppError,
        ids::{OrgId, RunId},
        money::MicroUsd,
        permission::Permission,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Holds one run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hold {
    pub org: OrgId,
    pub run: RunId,
}

impl Job for Hold {
    const KIND: &'static str = "rehearsals.hold";
    const QUEUE: &'static str = lane::AI;
    /// Every turn at the chat's own deadline, and the database.
    const TIMEOUT: Duration = Duration::from_secs(MOST_TURNS as u64 * 45 + 30);
    const MAX_ATTEMPTS: i32 = 3;
    const BACKOFF_S: &'static [i32] = &[5, 30];
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core, vapi: &Vapi) -> Worker {
    let with = (core.clone(), vapi.clone());
    worker.on(move |job: Hold, cx| {
        let (core, vapi) = with.clone();
        async move { hold(&core, &vapi, job, cx).await }
    })
}

async fn hold(core: &Core, vapi: &Vapi, job: Hold, cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(core, job.org);
    let mut tx = begin(&scope).await?;
    let Some(run) = store::run_to_hold(&mut tx, job.run).await?.filter(|run| run.state.is_open()) else { return Ok(()) };
    let draft = match assistants::rehearsable(&mut tx, run.assistant).await {
        Ok(draft) => draft,
        Err(AppError::NotFound { .. }) => return Ok(()), // deleted meanwhile
        Err(error) => return Err(retry(error)),
    };
    store::mark_running(&mut tx, job.run, run.revision, &draft.mark, core.clock.now()).await?;
    tx.commit().await.map_err(retry)?;
    let mut report = Report { lines: vec![conversation::greeting(&draft.copy)], verdicts: vec![] };
    let held = converse(&scope, vapi, job.run, &draft.copy, &run.script, &mut report).await?;
    let (state, trouble, cost) = match held {
        Ok(cost) => {
            report.verdicts = judge(&run.script, &report.lines);
            let is_met = report.verdicts.iter().all(|verdict| verdict.finding.is_met());
            (if is_met { RunState::Passed } else { RunState::Failed }, None, cost)
        }
        // Worth another attempt, which begins the conversation anew.
        Err(error) if !error.is_final() && cx.attempt < Hold::MAX_ATTEMPTS => return Err(error.again()),
        Err(error) => (RunState::Broken, Some(words_of(&error)), None),
    };
    let mut tx = begin(&scope).await?;
    let ended = Ended { state, report: &report, trouble: trouble.as_deref(), cost };
    store::mark_ended(&mut tx, job.run, ended, core.clock.now()).await?;
    tx.commit().await.map_err(retry)
}

/// Says the caller's lines until they are all said, or the assistant would be gone. What was said so far can be read while it goes on.
async fn converse(
    scope: &OrgScope,
    vapi: &Vapi,
    run: RunId,
    copy: &Value,
    script: &Script,
    report: &mut Report,
) -> Result<Result<Option<MicroUsd>, OutboundError>, Fail> {
    let (mut previous, mut cost) = (None::<String>, None::<i64>);
    for (turn, words) in (1u32..).zip(&script.turns) {
        report.lines.push(conversation::callers(words, turn));
        let told = match conversation::say(vapi, &Saying { copy, previous: previous.as_deref(), words, turn }).await {
            Ok(told) => told,
            Err(error) => return Ok(Err(error)),
        };
        report.lines.extend(told.lines);
        cost = told.cost.map(|told| cost.unwrap_or_default() + told.0).or(cost);
        previous = Some(told.chat_ref);
        let mut tx = begin(scope).await?;
        store::keep_lines(&mut tx, run, report).await?;
        tx.commit().await.map_err(retry)?;
        if told.is_over {
            break;
        }
    }
    Ok(Ok(cost.map(MicroUsd)))
}

async fn begin(scope: &OrgScope) -> Result<OrgTx<'_>, Fail> {
    scope.begin(Permission::AssistantsEdit).await.map_err(retry)
}

fn retry(error: AppError) -> Fail {
    Fail::Retry(error.to_string())
}
