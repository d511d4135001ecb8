//! Keys that nobody uses: whoever may manage keys hears of each once, and again only when it was used in between.

use crate::{
    platform::{
        Core, SystemTx,
        mail::{Letter, Mail},
        queue::{self, Fail, Job, Opts, lane},
        rights,
    },
    shared::{ids::OrgId, permission::Permission},
};
use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Days without a request after which a key is reported.
const IDLE_DAYS: u32 = 90;

/// Looks for them, once a day.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReportIdle;

impl Job for ReportIdle {
    const KIND: &'static str = "api_keys.report_idle";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(300);
}

/// See [`ReportIdle`]. Each organisation for itself: what fails at one leaves the others told.
pub async fn report(core: &Core) -> Result<(), Fail> {
    let now = core.clock.now();
    let orgs = sqlx::query_scalar!(
        r#"
        select distinct org_id as "org: OrgId" from api_keys
        where revoked_at is null and (expires_at is null or expires_at > $1)
          and greatest(created_at, last_used_at) < $2 and (idle_told_at is null or idle_told_at < last_used_at)
        "#,
        now,
        idle_since(now)
    )
    .fetch_all(&core.pool)
    .await
    .context("organisations with keys nobody uses")?;
    for org in orgs {
        report_in(core, org, now).await?;
    }
    Ok(())
}

fn idle_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - chrono::Duration::days(IDLE_DAYS.into())
}

/// Marks the keys and writes the letters in one transaction: told once, whatever happens.
async fn report_in(core: &Core, org: OrgId, now: DateTime<Utc>) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(core, "keys that nobody uses").await.context("opening a transaction")?;
    let told = sqlx::query!(
        "update api_keys set idle_told_at = $2, updated_at = $2
         where org_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
           and greatest(created_at, last_used_at) < $3 and (idle_told_at is null or idle_told_at < last_used_at)
         returning id, name, hint",
        org.0,
        now,
        idle_since(now)
    )
    .fetch_all(tx.conn())
    .await
    .context("keys nobody uses")?;
    let mut keys: Vec<_> = told.into_iter().map(|key| (key.id, key.name, key.hint)).collect();
    keys.sort();
    let keys: Vec<(String, String)> = keys.into_iter().map(|(_, name, hint)| (name, hint)).collect();
    if keys.is_empty() {
        return Ok(()); // another process told of them
    }
    let organisation = sqlx::query_scalar!("select name from orgs where id = $1", org.0).fetch_one(tx.conn()).await.context("a name")?;
    let url = core.config.public_url.join("settings/api-keys").context("an address")?.to_string();
    for reader in rights::who_may(tx.conn(), org, Permission::KeysManage).await.context("who manages keys")? {
        let letter = Letter::KeysUnused {
            name: reader.name,
            organisation: organisation.clone(),
            keys: keys.clone(),
            days: IDLE_DAYS,
            url: url.clone(),
        };
        let mail = Mail { to: reader.email, locale: reader.locale, letter };
        queue::enqueue(tx.conn(), &mail, Opts::default().tenant(org.0)).await.context("writing a letter")?;
    }
    tx.commit().await.context("telling of keys nobody uses")?;
    tracing::info!(%org, keys = keys.len(), "keys that nobody uses were reported");
    Ok(())
}
