//! Deliveries, and the duties beside them: owners are told of what fails, what is old is forgotten, what was lost is found again.

use super::{
    deliver::{Deliver, deliver},
    record,
    slots::Slots,
    store,
};
use crate::{
    platform::{
        Core, SystemTx,
        queue::{Fail, Job, Worker, lane},
    },
    shared::ids::{EndpointId, OrgId},
    webhooks::model::DisabledWhy,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Days of failing after which owners are told; at the last the endpoint is disabled.
const TOLD_ON: [i32; 3] = [1, 3, 5];
/// Fewer failures in a row are no reason to write to anybody.
const FAILURES: i32 = 3;

/// Looks after endpoints that fail, and after what is old.
#[derive(Debug, Serialize, Deserialize)]
pub struct WatchWebhooks;

impl Job for WatchWebhooks {
    const KIND: &'static str = "webhooks.watch";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(120);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (core, watched, slots) = (core.clone(), core.clone(), Slots::default());
    worker
        .on(move |job: Deliver, _| {
            let (core, slots) = (core.clone(), slots.clone());
            async move { deliver(&core, &slots, &job).await }
        })
        .on(move |_: WatchWebhooks, _| {
            let core = watched.clone();
            async move { watch(&core).await }
        })
        .cron("webhooks.watch", "0 */5 * * * *", &WatchWebhooks)
}

/// See [`WatchWebhooks`].
pub async fn watch(core: &Core) -> Result<(), Fail> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "endpoints that fail").await?;
    let failing = sqlx::query!(
        r#"select id as "id: EndpointId", org_id as "org: OrgId", url, told_days, failing_since as "since!"
           from webhook_endpoints where state = 'active' and failing_since is not null and failures >= $1 order by id for update"#, // filtered
        FAILURES
    )
    .fetch_all(tx.conn())
    .await?;
    for endpoint in failing {
        let days = i32::try_from((now - endpoint.since).num_days()).unwrap_or(i32::MAX);
        let Some(day) = TOLD_ON.into_iter().rfind(|day| *day <= days && *day > endpoint.told_days) else { continue };
        sqlx::query!("update webhook_endpoints set told_days = $2, updated_at = now() where id = $1", endpoint.id.0, day)
            .execute(tx.conn())
            .await?;
        if day == TOLD_ON[2] {
            record::disable(tx.conn(), core, endpoint.org, endpoint.id, DisabledWhy::Failing).await?;
        } else {
            record::tell_owners(tx.conn(), core, endpoint.org, &endpoint.url, day.unsigned_abs(), false).await?;
        }
    }
    // A job may be discarded by hand: what is owed is in the row.
    sqlx::query(
        "select zencall_ring_webhooks(array(
           select d.id from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id and e.state = 'active'
           where d.state = 'pending' and d.next_at < $1 - interval '5 minutes'
             and not exists (select from jobs.job j where j.queue = 'webhook' and j.key = 'delivery:' || d.id and j.state < 2)
           limit 1000))",
    )
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query("delete from webhook_events where id in (select id from webhook_events where created_at < $1 limit 5000)")
        .bind(now - store::KEPT)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}
