//! The audit log as the rest of the program meets it. Changes of rows note themselves (triggers, in the transaction that makes them); here
//! stands who caused them, what changes no row, and what was refused. Reading it is the slice `audit`.

use super::{Core, OrgTx, SystemTx, request::RequestInfo, tenancy::Actor};
use crate::shared::{
    audit::{Act, Object},
    error::AppError,
    ids::{AccountId, OrgId},
};
use chrono::{DateTime, Duration, DurationRound, Utc};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration as StdDuration,
};
use uuid::Uuid;

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Whence {
    ip: IpAddr,
    user_agent: String,
    request_id: String,
}

impl From<&RequestInfo> for Whence {
    fn from(request: &RequestInfo) -> Self {
        Self { ip: request.ip, user_agent: request.user_agent.clone(), request_id: request.id.clone() }
    }
}

tokio::task_local! {
    static WHENCE: Whence;
}

/// Runs what a request causes: what it notes without a scope of an organisation says where it came from.
pub async fn from<F: Future>(whence: Whence, what: F) -> F::Output {
    WHENCE.scope(whence, what).await
}

/// Who acts and from where, as the triggers read it; nothing for the system.
pub fn actor_text(actor: Actor, request: &RequestInfo) -> Option<String> {
    let (kind, id) = match actor {
        Actor::Person { account, .. } => ("person", account.0),
        Actor::Key(key) => ("key", key.0),
        Actor::System => return None,
    };
    Some(actor_value(kind, id, Some(&request.into())).to_string())
}

fn actor_value(kind: &str, id: Uuid, whence: Option<&Whence>) -> Value {
    json!({
        "kind": kind,
        "id": id,
        "ip": whence.map(|whence| whence.ip.to_string()),
        "agent": whence.map(|whence| &whence.user_agent),
        "request": whence.map(|whence| &whence.request_id),
    })
}

fn person(account: AccountId) -> Value {
    let whence = WHENCE.try_with(Clone::clone).ok();
    actor_value("person", account.0, whence.as_ref())
}

impl OrgTx<'_> {
    /// Notes what changes no row. Entries of an organisation wait for each other: the last thing before the commit. Who only looks notes nothing.
    pub async fn note(&mut self, act: Act, object: Object, subject: Option<String>, detail: Option<Value>) -> Result<(), AppError> {
        if self.scope().is_viewing() {
            return Ok(());
        }
        sqlx::query("select zencall_note($1, $2, $3, null, $4)")
            .bind(act.name())
            .bind(object.name())
            .bind(subject)
            .bind(detail)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl SystemTx {
    /// Says that a person causes what follows in this transaction.
    pub async fn caused_by(&mut self, account: AccountId) -> sqlx::Result<()> {
        sqlx::query("select set_config('app.actor', $1, true)").bind(person(account).to_string()).execute(self.conn()).await?;
        Ok(())
    }

    /// Notes what somebody did with their own account, in every organisation they belong to. The last thing before the commit.
    pub async fn note_account(&mut self, account: AccountId, act: Act, detail: Option<Value>) -> sqlx::Result<()> {
        sqlx::query("select zencall_note_account($1, $2, $3, $4)")
            .bind(account.0)
            .bind(person(account))
            .bind(act.name())
            .bind(detail)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

/// How long refusals wait to be written together, and how many different ones at most.
const PAUSE: StdDuration = StdDuration::from_millis(250);
const MOST_WAITING: usize = 10_000;

/// What stands for a permission when somebody did not come in at all.
pub const SIGN_IN: &str = "sign_in";

/// Whom what was refused. Without an organisation: noted in each that the person belongs to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Refused {
    org: Option<OrgId>,
    kind: &'static str,
    actor: Uuid,
    needs: &'static str,
}

struct Tally {
    times: i64,
    ip: Option<String>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

/// Refusals of the last moment, counted: who tries a thousand times costs a row.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Refused, Tally>>);

impl Refusals {
    /// Counts one for somebody in an organisation.
    pub fn note(&self, core: &Core, org: OrgId, actor: Actor, ip: Option<String>, needs: &'static str) {
        let (kind, actor) = match actor {
            Actor::Person { account, .. } => ("person", account.0),
            Actor::Key(key) => ("key", key.0),
            Actor::System => return,
        };
        self.count(core, Refused { org: Some(org), kind, actor, needs }, ip);
    }

    /// Counts a sign-in that failed.
    pub fn note_sign_in(&self, core: &Core, account: AccountId) {
        let ip = WHENCE.try_with(|whence| whence.ip.to_string()).ok();
        self.count(core, Refused { org: None, kind: "person", actor: account.0, needs: SIGN_IN }, ip);
    }

    fn count(&self, core: &Core, refused: Refused, ip: Option<String>) {
        let now = core.clock.now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            tokio::spawn(write_soon(core.clone()));
        }
        if waiting.len() >= MOST_WAITING && !waiting.contains_key(&refused) {
            metrics::counter!("zencall_refusals_unnoted_total").increment(1);
            return;
        }
        let tally = waiting.entry(refused).or_insert(Tally { times: 0, ip: None, first: now, last: now });
        tally.times += 1;
        tally.last = now;
        tally.ip = ip;
    }

    fn take(&self) -> HashMap<Refused, Tally> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn write_soon(core: Core) {
    tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = core.draining.cancelled() => {} }
    let waiting = core.refusals.take();
    if let Err(error) = write(&core, &waiting).await {
        tracing::warn!(%error, lost = waiting.len(), "refusals could not be noted");
    }
}

async fn write(core: &Core, waiting: &HashMap<Refused, Tally>) -> sqlx::Result<()> {
    let mut sorted: Vec<_> = waiting.iter().collect(); // two processes lock rows in one order
    sorted.sort_by_key(|(refused, _)| (refused.org, refused.actor, refused.needs));
    let orgs: Vec<Option<Uuid>> = sorted.iter().map(|(refused, _)| refused.org.map(|org| org.0)).collect();
    let kinds: Vec<&str> = sorted.iter().map(|(refused, _)| refused.kind).collect();
    let actors: Vec<Uuid> = sorted.iter().map(|(refused, _)| refused.actor).collect();
    let needs: Vec<&str> = sorted.iter().map(|(refused, _)| refused.needs).collect();
    let times: Vec<i64> = sorted.iter().map(|(_, tally)| tally.times).collect();
    let ips: Vec<Option<&str>> = sorted.iter().map(|(_, tally)| tally.ip.as_deref()).collect();
    let firsts: Vec<DateTime<Utc>> = sorted.iter().map(|(_, tally)| tally.first).collect();
    let lasts: Vec<DateTime<Utc>> = sorted.iter().map(|(_, tally)| tally.last).collect();
    let hours: Vec<DateTime<Utc>> = lasts.iter().map(|last| last.duration_trunc(Duration::hours(1)).unwrap_or(*last)).collect();
    let mut tx = SystemTx::begin(core, "refusals are noted").await?;
    sqlx::query(
        "insert into audit_refusals as a (org_id, hour, actor_kind, actor_id, needs, times, ip, first_at, last_at)
         select coalesce(r.org, m.org_id), r.hour, r.kind, r.actor, r.needs, r.times, r.ip, r.first_at, r.last_at
         from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[], $9::timestamptz[])
           as r (org, hour, kind, actor, needs, times, ip, first_at, last_at)
         left join members m on r.org is null and m.account_id = r.actor
         where exists (select from orgs o where o.id = coalesce(r.org, m.org_id))
         on conflict (org_id, hour, actor_kind, actor_id, needs) do update
         set times = a.times + excluded.times, ip = excluded.ip, last_at = excluded.last_at, updated_at = now()",
    )
    .bind(orgs)
    .bind(hours)
    .bind(kinds)
    .bind(actors)
    .bind(needs)
    .bind(times)
    .bind(ips)
    .bind(firsts)
    .bind(lasts)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
