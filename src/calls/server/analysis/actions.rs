//! Use cases of analyses.

use super::{Analyse, asked, job, store};
use crate::{
    calls::{
        analysis::model::{AfterCall, Estimate},
        log::model::Price,
    },
    platform::{OrgScope, OrgTx},
    providers::model::Model,
    shared::{error::AppError, ids::CallId, money::MicroUsd, permission::Permission},
};
use chrono::Duration;

/// After this long nobody waits for a run any more: it failed, and the queue says why.
const WAITED_FOR: Duration = Duration::minutes(10);

/// What a call amounts to: nothing yet while it lasts. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, call: CallId) -> Result<AfterCall, AppError> {
    let core = scope.core();
    let now = core.clock.now();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let shown = store::shown(tx.conn(), call).await?.ok_or_else(|| AppError::not_found("call"))?;
    let spent = store::spent(tx.conn(), now).await?;
    tx.commit().await?;
    let model = Model::of(core);
    let characters = usize::try_from(shown.characters).unwrap_or_default();
    let estimate = Estimate {
        cost: MicroUsd(model.as_ref().map_or(0, |model| asked::estimate(model, characters))),
        model: model.map(|model| model.name().to_owned()),
        spent: MicroUsd(spent),
        cap: MicroUsd(core.config.model.as_ref().map_or(0, |model| model.monthly_cap)),
    };
    let is_recent = |at| now - at < WAITED_FOR;
    let is_first = shown.analysis.is_none() && shown.is_over && shown.has_report && shown.ended_at.is_some_and(is_recent);
    Ok(AfterCall { is_pending: is_first || shown.asked_at.is_some_and(is_recent), analysis: shown.analysis, estimate })
}

/// Has a finished call looked at again. Errors: `NotFound`, also while the call lasts.
pub async fn ask(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAnalyse).await?;
    if ask_in(&mut tx, &[call]).await? == 0 {
        return Err(AppError::not_found("call"));
    }
    tx.commit().await
}

/// What analysing transcripts of these many characters would cost at most.
pub async fn price(scope: &OrgScope, characters: &[i64]) -> Result<Price, AppError> {
    let core = scope.core();
    let mut tx = scope.begin(Permission::CallsAnalyse).await?;
    let spent = store::spent(tx.conn(), core.clock.now()).await?;
    tx.commit().await?;
    let model = Model::of(core);
    let estimate = |model: &Model, characters: &i64| asked::estimate(model, usize::try_from(*characters).unwrap_or_default());
    Ok(Price {
        calls: i64::try_from(characters.len()).unwrap_or(i64::MAX),
        cost: MicroUsd(model.as_ref().map_or(0, |model| characters.iter().map(|characters| estimate(model, characters)).sum())),
        model: model.map(|model| model.name().to_owned()),
        spent: MicroUsd(spent),
        cap: MicroUsd(core.config.model.as_ref().map_or(0, |model| model.monthly_cap)),
    })
}

/// Has finished calls looked at again; says how many.
pub async fn ask_in(tx: &mut OrgTx<'_>, calls: &[CallId]) -> Result<i64, AppError> {
    let (org, now) = (tx.scope().org(), tx.scope().core().clock.now());
    let mut asked = 0;
    for call in calls {
        if store::ask(tx.conn(), *call, now).await? {
            tx.enqueue(&Analyse { org, call: *call }, job::waiting(*call)).await?;
            asked += 1;
        }
    }
    Ok(asked)
}
