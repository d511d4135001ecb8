//! The pool, the schema, and how a database failure is told.

use crate::shared::{error::AppError, ids::IncidentId};
use sqlx::{Connection, PgPool, Postgres, Transaction, postgres::PgConnectOptions, postgres::PgPoolOptions};
use std::{str::FromStr, time::Duration};

/// A connection that was used so lately is taken to be alive: asking costs as much as most statements.
const TRUSTED: Duration = Duration::from_millis(200);

/// Opens the pool. Statements, locks and idle transactions have limits, so a lost handler cannot hold rows for long.
pub async fn connect(url: &str, size: u32) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?.application_name("zencall").options([
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "60s"),
        ("lock_timeout", "10s"),
        ("jit", "off"),
        ("synchronous_commit", "on"), // what is acknowledged is on disk, whatever the server's own default
    ]);
    Ok(of_size(size).min_connections(2).connect_with(options).await?)
}

/// A few connections more, like those of `pool`, opened when they are needed.
pub fn beside(pool: &PgPool, size: u32) -> PgPool {
    of_size(size).connect_lazy_with(PgConnectOptions::clone(&pool.connect_options()))
}

fn of_size(size: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(5))
        .max_lifetime(Duration::from_secs(30 * 60))
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

/// `BEGIN` in a task of its own: sqlx 0.9.0 hands a connection back *inside* a transaction when a caller vanishes during `BEGIN`
/// (launchbadge/sqlx 4385, 4393), and the next borrower's writes are lost. Called by `OrgScope::begin` and `SystemTx::begin`, nowhere else.
pub(super) async fn begin_in_a_task(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin").await
}

/// The same, seeing one moment of the database throughout: for reading what belongs together with several statements.
pub(super) async fn begin_snapshot(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin isolation level repeatable read, read only").await
}

/// The same with one plan for each statement.
pub(super) async fn begin_planned_once(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin; set local plan_cache_mode = force_generic_plan").await
}

async fn begin_with(pool: &PgPool, statement: &'static str) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    match tokio::spawn(async move { pool.begin_with(statement).await }).await {
        Ok(begun) => begun,
        Err(_) => Err(sqlx::Error::WorkerCrashed), // only when the runtime is going down
    }
}

impl AppError {
    /// Logs the cause once, under an id the reader is told.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let incident = IncidentId::generate();
        tracing::error!(%incident, cause = %cause, "internal error");
        Self::Internal { incident }
    }

    /// A provider failed; its words go to the log, not to the reader.
    pub fn upstream(provider: &str, cause: impl std::fmt::Display) -> Self {
        let incident = IncidentId::generate();
        tracing::warn!(%incident, provider, cause = %cause, "provider failed");
        Self::Upstream { provider: provider.to_owned(), incident }
    }
}

impl From<sqlx::Error> for AppError {
    /// What the walls refuse is no fault of ours: a role that is only looked through writes nothing, and a limit ends at its assistants.
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|told| told.code()).as_deref() {
            Some("25006") => Self::conflict("viewing_as"),
            Some("42501") => {
                tracing::warn!(%error, "row security refused a write");
                Self::conflict("limited")
            }
            _ => Self::internal(error),
        }
    }
}

impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(format!("{error:#}"))
    }
}

/// Translates an expected constraint violation; everything else stays an internal error.
pub trait OnConstraint<T> {
    /// `insert(…).await.on_constraint("accounts_email_key", || AppError::conflict("email_taken"))`
    fn on_constraint(self, name: &str, error: impl FnOnce() -> AppError) -> Result<T, AppError>;
}

impl<T> OnConstraint<T> for sqlx::Result<T> {
    fn on_constraint(self, name: &str, error: impl FnOnce() -> AppError) -> Result<T, AppError> {
        self.map_err(|failure| match &failure {
            sqlx::Error::Database(database) if database.constraint() == Some(name) => error(),
            _ => failure.into(),
        })
    }
}
