//! Accepting an invitation. The link came by mail, so who holds it has the address; an account of another address does not get in by it.

use super::store::{self, ByLink};
use crate::{
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        crypto,
        events::{self, Happened},
    },
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AccountId, OrgId},
        permission::Role,
    },
};
use serde_json::json;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub organisation: String,
    pub email: String,
    pub role: Role,
    /// The name of the role, when it is one of the organisation's own.
    pub own_role: Option<String>,
    /// The account that has the address.
    pub account: Option<AccountId>,
}

/// Which organisation was joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    pub org: OrgId,
}

/// What a link leads to; nothing when it is good no more. Uses nothing up: mail scanners look at every link.
pub async fn read_link(core: &Core, token: &str) -> Result<Option<Link>, AppError> {
    let mut tx = SystemTx::begin(core, "an invitation's link").await?;
    let found = store::by_link(&mut tx, &crypto::token_hash(token), core.clock.now()).await?;
    tx.commit().await?;
    Ok(found.map(|found| {
        let ByLink { organisation, email, role, own_role_name, account, .. } = found;
        Link { organisation, email, role, own_role: own_role_name, account }
    }))
}

/// Makes this account a member, in the caller's transaction, which may have made the account.
/// Errors: `Conflict("link_dead")`; `Conflict("other_address")` when the link was sent to another address than the account's.
pub async fn join(tx: &mut SystemTx, core: &Core, token: &str, account: AccountId) -> Result<Joined, AppError> {
    let now = core.clock.now();
    let found = store::by_link(tx, &crypto::token_hash(token), now).await?.ok_or_else(|| AppError::conflict("link_dead"))?;
    if found.account != Some(account) {
        return Err(AppError::conflict("other_address"));
    }
    store::accept(tx, &found, account, now).await?;
    let joined = Happened::new(found.org, EventKind::MemberJoined, found.id, now, json!({ "member": account }));
    events::emit(tx.conn(), &[joined]).await?;
    bus::publish(tx.conn(), &[Note::Revoked { account }]).await?;
    tracing::info!(org = %found.org, %account, role = %found.role, "joined");
    Ok(Joined { org: found.org })
}
