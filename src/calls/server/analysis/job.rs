//! The job: reads a finished call, has it analysed, keeps what came of it. Running twice equals running once: what was made of the same words
//! is not made again unless somebody asks.

use super::{
    asked::{self, Asked, failed},
    prompt::Sent,
    rules,
    store::{self, Made, ToRead},
};
use crate::{
    calls::{
        analysis::model::{Claim, Part, Source},
        server::{fold::Facts, store::CallRow},
    },
    platform::{
        Core, OrgScope,
        events::{self, Happened},
        queue::{self, Fail, Job, JobCx, Opts, lane},
    },
    providers::model::Model,
    shared::{
        event::EventKind,
        ids::{CallId, OrgId},
        permission::Permission,
    },
    work::{model::Cause, server::jobs::Deal},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use std::time::Duration;

/// Analyses a call that is over.
#[derive(Debug, Serialize, Deserialize)]
pub struct Analyse {
    pub org: OrgId,
    pub call: CallId,
}

impl Job for Analyse {
    const KIND: &'static str = "calls.analyse";
    const QUEUE: &'static str = lane::AI;
    /// The longest deadline there may be, and the database.
    const TIMEOUT: Duration = Duration::from_secs(330);
    const MAX_ATTEMPTS: i32 = 3;
    const BACKOFF_S: &'static [i32] = &[60, 600];
}

/// A call's analyses wait in one place.
pub fn waiting(call: CallId) -> Opts {
    Opts::default().key(format!("analyse:{call}"))
}

/// Has a call analysed as soon as its report is told.
pub async fn once_reported(conn: &mut PgConnection, call: &CallRow, before: &Facts) -> sqlx::Result<()> {
    if call.facts.report.is_none() || call.facts.report == before.report {
        return Ok(());
    }
    let job = Analyse { org: call.org_id, call: call.id };
    queue::enqueue(conn, &job, waiting(call.id).tenant(call.org_id.0)).await.map(drop)
}

/// Analyses, if there is something to.
pub async fn analyse(core: Core, job: Analyse, cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    let mut tx = scope.begin_snapshot(Permission::CallsRead).await.map_err(failed)?;
    let found = store::to_read(tx.conn(), job.call).await?;
    tx.commit().await.map_err(failed)?;
    let Some(call) = found.filter(ToRead::is_wanted) else { return Ok(()) };
    let sent = Sent::of(&call.lines, call.start_ms);
    let asked = match Model::of(&core) {
        Some(model) if !sent.is_empty() => Some((asked::ask(&core, &job, &model, &sent).await?, model)),
        _ => None,
    };
    let (made, again) = made(&call, asked);
    metrics::counter!("zencall_analyses_total", "source" => made.source.name(), "reason" => made.reason.unwrap_or("none")).increment(1);
    // Kept before the next try, so that there is something to read meanwhile; a try that is to come leaves the wish for it standing.
    let comes_again = again.is_some() && !cx.is_last_attempt();
    let mut tx = scope.begin(Permission::CallsAnalyse).await.map_err(failed)?;
    let now = core.clock.now();
    store::keep(tx.conn(), job.call, &call, &made, now, comes_again).await?;
    if let Some(deal) = to_deal(&job, &made) {
        tx.enqueue(&deal, Opts::default().key(format!("deal:{}", job.call))).await.map_err(failed)?;
    }
    if !comes_again {
        let done = Happened::new(
            job.org,
            EventKind::CallAnalysed,
            format!("{}:{}", job.call, now.timestamp_millis()),
            now,
            json!({ "call": job.call }),
        );
        events::emit(tx.conn(), &[done]).await?;
    }
    tx.commit().await.map_err(failed)?;
    match again {
        Some(again) if comes_again => Err(again),
        _ => Ok(()),
    }
}

/// What the team's rules are to know of the call; nothing when there is nothing to do about it.
fn to_deal(job: &Analyse, made: &Made) -> Option<Deal> {
    let of = |claim: &Claim| Cause::of_finding(claim.part.name(), &claim.code);
    let causes: Vec<Cause> = made.claims.iter().filter_map(of).collect();
    let skills = made.claims.iter().filter(|claim| claim.part == Part::Topic).map(|claim| claim.code.clone()).collect();
    let language = made.language.map(str::to_owned);
    (!causes.is_empty()).then_some(Deal { org: job.org, call: job.call, causes, language, skills })
}

fn made(call: &ToRead, asked: Option<(Asked, Model)>) -> (Made, Option<Fail>) {
    let by_rules = |model: Option<String>, reason, cost| {
        let found = rules::analyse(&call.lines, call.start_ms, call.outcome);
        Made { source: Source::Rules, model, reason, language: found.language, claims: found.claims, cost }
    };
    match asked {
        None => (by_rules(None, None, 0), None),
        Some((Asked { claims: Some((language, claims)), cost, .. }, model)) => {
            (Made { source: Source::Model, model: Some(model.name().to_owned()), reason: None, language, claims, cost }, None)
        }
        Some((Asked { reason, cost, again, .. }, model)) => (by_rules(Some(model.name().to_owned()), reason, cost), again),
    }
}
