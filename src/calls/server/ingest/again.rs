//! Deliveries of the journal folded once more, because a person wants to see what would come of it, or wants it. The same fold as ever, each in
//! a savepoint of its own, all of one call in one transaction: it locks no more than that call, and is rolled back when it was for show.

use super::{
    Told,
    group::{self, Change},
    is_of_the_data,
};
use crate::{
    calls::server::{fold::Reading, store},
    platform::{Core, SystemTx},
    shared::ids::{HookId, OrgId},
};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// A delivery of the journal, read again.
pub struct Again {
    pub hook: HookId,
    pub at: DateTime<Utc>,
    pub call_ref: String,
    pub reading: Reading,
}

/// What came of one.
pub enum Outcome {
    /// It is applied.
    Changed(Box<Change>),
    /// Its call was removed.
    Gone,
    /// The database refuses what it says.
    Refused,
}

/// Folds deliveries of one call, in their order. With `is_dry` nothing is left of it. Errors: the database is in trouble.
pub async fn again(core: &Core, org: OrgId, deliveries: Vec<Again>, is_dry: bool) -> sqlx::Result<Vec<Outcome>> {
    let mut tx = SystemTx::begin(core, "webhooks folded once more").await?;
    let mut outcomes = Vec::with_capacity(deliveries.len());
    let mut applied = Vec::new();
    for Again { hook, at, call_ref, reading } in deliveries {
        let told = Told { hook, at, org, call_ref, may_repeat: false, reading };
        let outcome = alone(core, tx.conn(), &told).await?;
        if !matches!(outcome, Outcome::Refused) {
            applied.push(hook);
        }
        outcomes.push(outcome);
    }
    if is_dry {
        tx.rollback().await?;
    } else {
        store::mark_reapplied(tx.conn(), &applied).await?;
        tx.commit().await?;
    }
    Ok(outcomes)
}

async fn alone(core: &Core, conn: &mut sqlx::PgConnection, told: &Told) -> sqlx::Result<Outcome> {
    sqlx::query("savepoint one").execute(&mut *conn).await?;
    let folded = AssertUnwindSafe(group::fold_one(core, &mut *conn, told)).catch_unwind().await;
    let folded = folded.unwrap_or_else(|_| Err(sqlx::Error::Decode("the fold panicked".into())));
    match folded {
        Ok(change) => {
            sqlx::query("release savepoint one").execute(conn).await?;
            Ok(change.map_or(Outcome::Gone, |change| Outcome::Changed(Box::new(change))))
        }
        Err(error) if is_of_the_data(&error) => {
            tracing::info!(hook = %told.hook, %error, "a webhook is refused once more");
            sqlx::query("rollback to savepoint one").execute(conn).await?;
            Ok(Outcome::Refused)
        }
        Err(error) => Err(error),
    }
}
