//! Use cases of a copy that was changed at the provider: look now, take it over as a draft, let it be. Pushing ours again is `actions::push_again`.

use super::{
    actions::{existing, tell},
    copy_store,
    drift_jobs::Look,
    history,
};
use crate::{
    platform::{OrgScope, queue::Opts},
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};

/// Has a job look at the provider's copy now. Errors: `NotFound`.
pub async fn look_now(scope: &OrgScope, id: AssistantId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    existing(&mut tx, id).await?;
    copy_store::want(&mut tx, id).await?;
    tx.enqueue(&Look { org: scope.org(), assistant: id }, Opts::default().key(format!("look:{id}"))).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// Makes what the provider's copy says the draft, in the place of the one that is there.
/// Errors: `NotFound`; `Conflict("assistant_changed")`; `Conflict("nothing_to_pull")` when it differs in nothing that the editor has.
pub async fn pull(scope: &OrgScope, id: AssistantId, revision: i64) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    history::unchanged(&mut tx, id, revision).await?;
    let theirs = copy_store::standing(&mut tx, id).await?.drift.and_then(|drift| drift.theirs);
    let Some(theirs) = theirs else { return Err(AppError::conflict("nothing_to_pull")) };
    history::write_draft(&mut tx, id, Some(&theirs), None).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// Says that what differs now may; anything else that will differ is told again. Errors: `NotFound`; `Conflict("nothing_to_ignore")`.
pub async fn ignore(scope: &OrgScope, id: AssistantId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    existing(&mut tx, id).await?;
    if !copy_store::ignore(&mut tx, id, scope.core().clock.now()).await? {
        return Err(AppError::conflict("nothing_to_ignore"));
    }
    tell(&mut tx).await?;
    tx.commit().await
}
