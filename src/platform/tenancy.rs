//! Who acts and where: the one place that decides permission and tenant.
//!
//! An [`OrgScope`] can only be made here, from a session, an API key, a verified webhook or a job row. It opens the only handle
//! that tenant statements accept, [`OrgTx`], and that needs a permission. Inside, PostgreSQL itself holds the walls: that of the organisation,
//! and within it that of the assistants somebody is limited to (role and row security).

use super::{
    audit,
    core::Core,
    db::{begin_in_a_task, begin_planned_once, begin_snapshot},
    keys::{KeyTrouble, KnownKey},
    request::RequestInfo,
    rights::{Limit, Rights},
};
use crate::shared::{
    error::AppError,
    ids::{AccountId, ApiKeyId, AssistantId, OrgId, SessionId},
    permission::{Permission, Permissions},
};
use axum::extract::{FromRef, FromRequestParts};
use sqlx::{PgConnection, Postgres, Transaction};
use std::{net::IpAddr, sync::Arc};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person in a browser.
    Person { account: AccountId, session: SessionId },
    /// A program with a key.
    Key(ApiKeyId),
    /// A job, or a provider whose webhook was verified.
    System,
}

/// Who a request comes from, put into its extensions by the session layer.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    /// Nobody known.
    #[default]
    Anonymous,
    /// A signed-in person; `org` is absent when their last membership ended.
    Person { account: AccountId, session: SessionId, org: Option<(OrgId, Rights)> },
    /// A key of the public API, with all that it may do.
    Key(KnownKey),
    /// At the public API: no key, or one that is not good.
    NoKey(KeyTrouble),
}

/// Proof of who acts, for which organisation, with which permissions.
#[derive(Clone)]
pub struct OrgScope {
    core: Core,
    org: OrgId,
    actor: Actor,
    /// Absent: everything.
    permissions: Option<Permissions>,
    limit: Limit,
    /// Who acts and from where, for the audit log; absent: the system.
    by: Option<Arc<str>>,
    ip: Option<IpAddr>,
    /// They see Zencall as another role: nothing is written.
    is_viewing: bool,
}

impl OrgScope {
    /// The scope of the request a server function or page runs in. Errors: `Unauthenticated`.
    pub async fn of_request() -> Result<Self, AppError> {
        let core = leptos::prelude::use_context::<Core>().ok_or_else(|| AppError::internal("no core in context"))?;
        let parts = leptos::prelude::use_context::<http::request::Parts>().ok_or_else(|| AppError::internal("no request in context"))?;
        Self::of_parts(&core, &parts)
    }

    /// The scope of a request's extensions, for handlers that hold its parts.
    pub fn of_parts(core: &Core, parts: &http::request::Parts) -> Result<Self, AppError> {
        let request = parts.extensions.get::<RequestInfo>().ok_or(AppError::Unauthenticated)?;
        match &request.caller {
            Caller::Person { account, session, org: Some((org, rights)) } => {
                let actor = Actor::Person { account: *account, session: *session };
                Ok(Self::of_system(core, *org).acting(actor, request).with_rights(rights))
            }
            Caller::Key(key) => Ok(Self {
                permissions: Some(key.scopes),
                limit: key.limit.clone(),
                ..Self::of_system(core, key.org).acting(Actor::Key(key.id), request)
            }),
            _ => Err(AppError::Unauthenticated),
        }
    }

    /// The scope of a job or of a verified webhook: everything is permitted, for this organisation only.
    pub fn of_system(core: &Core, org: OrgId) -> Self {
        Self { core: core.clone(), org, actor: Actor::System, permissions: None, limit: None, by: None, ip: None, is_viewing: false }
    }

    fn acting(self, actor: Actor, request: &RequestInfo) -> Self {
        Self { actor, by: audit::actor_text(actor, request).map(Into::into), ip: Some(request.ip), ..self }
    }

    /// The same person with their rights read anew: for streams that outlive the request they began with.
    pub fn with_rights(&self, rights: &Rights) -> Self {
        let (limit, is_viewing) = (rights.limit.clone(), rights.viewing.is_some());
        Self { permissions: Some(rights.permissions), limit, is_viewing, ..self.clone() }
    }

    /// The tenant.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The person, when it is one.
    pub fn account(&self) -> Option<AccountId> {
        match self.actor {
            Actor::Person { account, .. } => Some(account),
            _ => None,
        }
    }

    /// The address they come from; absent for the system.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// Settings, clock, vault, providers.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Whether the actor holds a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.is_none_or(|permissions| permissions.has(permission))
    }

    /// What the actor may do; nothing when that is everything.
    pub fn permissions(&self) -> Option<Permissions> {
        self.permissions
    }

    /// The assistants the actor is limited to; nothing when there is no limit. PostgreSQL holds them to it.
    pub fn limit(&self) -> Option<&[AssistantId]> {
        self.limit.as_deref()
    }

    /// Whether they see Zencall as another role. Their transactions write nothing, so what a page notes by the way is left out.
    pub fn is_viewing(&self) -> bool {
        self.is_viewing
    }

    /// Whether the actor sees what an assistant does: for what is not read in a transaction.
    pub fn sees(&self, assistant: Option<AssistantId>) -> bool {
        self.limit().is_none_or(|limit| assistant.is_some_and(|assistant| limit.contains(&assistant)))
    }

    /// Errors: `Forbidden`, noted with what was missing.
    pub fn require(&self, needs: Permission) -> Result<(), AppError> {
        if self.may(needs) { Ok(()) } else { Err(self.refused(needs)) }
    }

    fn refused(&self, needs: Permission) -> AppError {
        tracing::info!(org = %self.org, actor = ?self.actor, %needs, limited = self.limit.is_some(), "refused");
        if !self.is_viewing {
            self.core.refusals.note(&self.core, self.org, self.actor, self.ip.map(|ip| ip.to_string()), needs.name());
        }
        AppError::Forbidden { needs }
    }

    /// The same for what concerns every assistant: nobody who is limited to some may do it. Errors: `Forbidden`.
    pub fn require_for_all(&self, needs: Permission) -> Result<(), AppError> {
        self.require(needs)?;
        if self.limit.is_none() { Ok(()) } else { Err(self.refused(needs)) }
    }

    /// [`Self::begin`], for what concerns every assistant. Errors: `Forbidden`, also for who is limited to some.
    pub async fn begin_for_all(&self, needs: Permission) -> Result<OrgTx<'_>, AppError> {
        self.require_for_all(needs)?;
        self.begin(needs).await
    }

    /// Opens a transaction that sees and writes this organisation's rows only. Errors: `Forbidden`.
    pub async fn begin(&self, needs: Permission) -> Result<OrgTx<'_>, AppError> {
        self.require(needs)?;
        self.behind_the_wall(begin_in_a_task(&self.core.pool).await?).await
    }

    /// The same for reading only, and all of it from one moment. Errors: `Forbidden`.
    pub async fn begin_snapshot(&self, needs: Permission) -> Result<OrgTx<'_>, AppError> {
        self.require(needs)?;
        self.behind_the_wall(begin_snapshot(&self.core.pool).await?).await
    }

    /// The same for what needs no permission: a key that asks who it is.
    pub async fn begin_own(&self) -> Result<OrgTx<'_>, AppError> {
        self.behind_the_wall(begin_in_a_task(&self.core.pool).await?).await
    }

    async fn behind_the_wall(&self, mut tx: Transaction<'static, Postgres>) -> Result<OrgTx<'_>, AppError> {
        let limit = self.limit().map(|ids| format!("{{{}}}", ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",")));
        sqlx::query(
            "select set_config('role', 'zencall_org', true), set_config('app.org_id', $1, true), set_config('app.assistants', $2, true),
               set_config('app.actor', $3, true)",
        )
        .bind(self.org.0.to_string())
        .bind(limit.unwrap_or_default())
        .bind(self.by.as_deref().unwrap_or_default())
        .execute(&mut *tx)
        .await?;
        if self.is_viewing {
            sqlx::query("set transaction read only").execute(&mut *tx).await?;
        }
        Ok(OrgTx { tx, scope: self })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OrgScope
where
    Core: FromRef<S>,
{
    type Rejection = AppError;
    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, AppError> {
        Self::of_parts(&Core::from_ref(state), parts)
    }
}

/// A transaction behind the wall.
pub struct OrgTx<'a> {
    tx: Transaction<'static, Postgres>,
    scope: &'a OrgScope,
}

impl OrgTx<'_> {
    /// Where statements run.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Who acts.
    pub fn scope(&self) -> &OrgScope {
        self.scope
    }

    /// Enqueues a job in this transaction. The tenant role cannot read the table of jobs; it may call the function that writes to it.
    pub async fn enqueue<J: super::queue::Job>(&mut self, job: &J, opts: super::queue::Opts) -> Result<i64, AppError> {
        Ok(super::queue::enqueue(&mut self.tx, job, opts.tenant(self.scope.org.0)).await?)
    }

    /// Makes it true.
    pub async fn commit(self) -> Result<(), AppError> {
        Ok(self.tx.commit().await?)
    }
}

/// A transaction across tenants: webhooks, workers, accounts, staff. The reason is logged.
pub struct SystemTx {
    tx: Transaction<'static, Postgres>,
}

impl SystemTx {
    /// Opens it. `reason` says why the wall is passed.
    pub async fn begin(core: &Core, reason: &'static str) -> sqlx::Result<Self> {
        tracing::debug!(reason, "system transaction");
        Ok(Self { tx: begin_in_a_task(&core.pool).await? })
    }

    /// The same on the connections of the lanes, whose statements are best run one way whatever they are given: none is planned anew.
    pub async fn begin_planned_once(core: &Core, reason: &'static str) -> sqlx::Result<Self> {
        tracing::debug!(reason, "system transaction");
        Ok(Self { tx: begin_planned_once(&core.lanes).await? })
    }

    /// Where statements run.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Leaves nothing of it.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.tx.rollback().await
    }

    /// Makes it true.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.tx.commit().await
    }
}
