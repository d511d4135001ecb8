//! Roles of an organisation's own: sets of permissions under a name. Nobody puts more into one than they have, nor changes one that has more.

use super::{
    actions::{Locked, changed},
    store,
};
use crate::{
    platform::{OrgScope, OrgTx, db::OnConstraint},
    shared::{
        error::AppError,
        ids::RoleId,
        permission::{Permission, RoleChoice},
    },
    team::model::*,
};

/// All of them, by name.
pub async fn own_roles(scope: &OrgScope) -> Result<Vec<OwnRole>, AppError> {
    let mut tx = scope.begin(Permission::TeamRead).await?;
    Ok(store::roles(&mut tx).await?)
}

/// Makes one. Errors: `Invalid(name)` when it is taken; `Conflict("above_you")`; `Conflict("role_limit")`.
pub async fn create_role(scope: &OrgScope, new: &NewRole) -> Result<RoleId, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?;
    let id = RoleId::at(scope.core().clock.now());
    team.may_give(RoleChoice::Own(id), new.permissions)?;
    if store::roles(&mut tx).await?.len() >= MOST_ROLES {
        return Err(AppError::conflict("role_limit"));
    }
    store::insert_role(&mut tx, id, new).await.on_constraint("roles_name_key", name_taken)?;
    tx.commit().await?;
    Ok(id)
}

/// Changes one, for everybody who has it, from this moment on. Errors: `NotFound`; as [`create_role`].
pub async fn update_role(scope: &OrgScope, id: RoleId, new: &NewRole) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = changeable(&mut tx, id).await?;
    team.may_give(RoleChoice::Own(id), new.permissions)?;
    store::update_role(&mut tx, id, new).await.on_constraint("roles_name_key", name_taken)?;
    for account in store::holders(&mut tx, id).await? {
        changed(&mut tx, account).await?;
    }
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), role = %id, "role's permissions changed");
    tx.commit().await
}

/// Takes one away that nobody has; open invitations to it go with it. Errors: `NotFound`; `Conflict("role_in_use")`; `Conflict("above_you")`.
pub async fn delete_role(scope: &OrgScope, id: RoleId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    changeable(&mut tx, id).await?;
    store::delete_role(&mut tx, id).await.on_constraint("members_own_role_fkey", || AppError::conflict("role_in_use"))?;
    tx.commit().await
}

async fn changeable(tx: &mut OrgTx<'_>, id: RoleId) -> Result<Locked, AppError> {
    let team = Locked::of(tx).await?;
    let permissions = store::permissions_of(tx, id).await?.ok_or_else(|| AppError::not_found("role"))?;
    team.may_give(RoleChoice::Own(id), permissions)?;
    Ok(team)
}

fn name_taken() -> AppError {
    AppError::invalid("name", "team.role_taken")
}
