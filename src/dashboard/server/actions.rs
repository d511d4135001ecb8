//! Use cases of Home.

use super::store;
use crate::{
    assistants::server::actions as assistants,
    calls::server::actions as calls,
    dashboard::model::*,
    integrations::server::actions as integrations,
    platform::OrgScope,
    shared::{error::AppError, permission::Permission},
};

const WATCHED: &str = "watched";
const HIDDEN: &str = "hidden";

/// Everything Home shows; parts the role may not see are left out.
pub async fn home(scope: &OrgScope) -> Result<Home, AppError> {
    let may_read = scope.may(Permission::CallsRead);
    let (figures, mut board) =
        if may_read { (Some(calls::home_figures(scope).await?), calls::board(scope).await?) } else { (None, vec![]) };
    board.retain(|card| !card.status.is_over());
    let may_set_up = scope.may(Permission::AssistantsEdit) && may_read;
    let checklist = if may_set_up { Some(checklist(scope).await?) } else { None };
    Ok(Home { figures, board, checklist, now: scope.core().clock.now() })
}

/// Each step's state comes from the rows that prove it.
async fn checklist(scope: &OrgScope) -> Result<Checklist, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let marks = store::marks(&mut tx).await?;
    let has = |mark: &str| marks.iter().any(|set| set == mark);
    let (watched, hidden) = (has(WATCHED), has(HIDDEN));
    let setup = assistants::setup(&mut tx).await?;
    let had_call = calls::has_own_calls(&mut tx).await?;
    let connected = setup.number_in_step && integrations::is_connected(&mut tx).await?;
    let steps =
        vec![(Step::Assistant, setup.has_assistant), (Step::FirstCall, had_call), (Step::Watch, watched), (Step::Connect, connected)];
    Ok(Checklist { steps, hidden })
}

/// A live call was watched.
pub async fn mark_watched(scope: &OrgScope) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    store::set(&mut tx, WATCHED).await?;
    tx.commit().await
}

/// Puts the checklist away, or brings it back.
pub async fn hide_checklist(scope: &OrgScope, hidden: bool) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    if hidden {
        store::set(&mut tx, HIDDEN).await?;
    } else {
        store::unset(&mut tx, HIDDEN).await?;
    }
    tx.commit().await
}

/// How much came with the demonstration.
pub async fn count_demo(scope: &OrgScope) -> Result<DemoData, AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    Ok(DemoData { calls: calls::count_demo(&mut tx).await?, assistants: assistants::count_demo(&mut tx).await? })
}

/// Removes it, in one transaction: all of it is gone, or nothing.
pub async fn remove_demo(scope: &OrgScope) -> Result<DemoData, AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    let removed = DemoData { calls: calls::remove_demo(&mut tx).await?, assistants: assistants::remove_demo(&mut tx).await? };
    store::clear_demo_flag(&mut tx).await?;
    tx.commit().await?;
    Ok(removed)
}
