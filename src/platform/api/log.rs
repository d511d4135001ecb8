//! What came with each key: written a moment later and many at once, so that a request pays nothing for it. A process that is killed
//! takes the last moment with it.

use crate::{
    platform::{Core, db::begin_in_a_task},
    shared::ids::{ApiKeyId, OrgId},
};
use chrono::{DateTime, Duration, Utc};
use sqlx::{PgConnection, PgPool};
use std::{collections::BTreeMap, sync::OnceLock, time::Duration as StdDuration};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long requests wait to be written together.
const PAUSE: StdDuration = StdDuration::from_millis(250);
const MOST_WAITING: usize = 20_000;
/// How long a request is shown.
const KEPT: Duration = Duration::days(7);

/// One request.
#[derive(Clone, Debug)]
pub struct Entry {
    pub org: OrgId,
    pub key: ApiKeyId,
    pub request_id: String,
    pub method: String,
    /// Without the query, which may hold what callers said.
    pub path: String,
    pub status: u16,
    pub ms: u64,
    pub at: DateTime<Utc>,
}

/// The way to the table.
#[derive(Default)]
pub struct Log(OnceLock<mpsc::Sender<Entry>>);

impl Log {
    /// Notes a request. When the database is so far behind that thousands wait, it is left out.
    pub fn note(&self, core: &Core, entry: Entry) {
        let sender = self.0.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(MOST_WAITING);
            tokio::spawn(write_all(core.pool.clone(), core.draining.clone(), receiver));
            sender
        });
        if sender.try_send(entry).is_err() {
            metrics::counter!("zencall_api_requests_unlogged_total").increment(1);
        }
    }
}

async fn write_all(pool: PgPool, draining: CancellationToken, mut waiting: mpsc::Receiver<Entry>) {
    let mut entries = Vec::new();
    while waiting.recv_many(&mut entries, 1000).await > 0 {
        if let Err(error) = write(&pool, &entries).await {
            tracing::warn!(%error, lost = entries.len(), "requests of keys could not be noted");
        }
        entries.clear();
        tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = draining.cancelled() => {} }
    }
}

async fn write(pool: &PgPool, entries: &[Entry]) -> sqlx::Result<()> {
    let mut tx = begin_in_a_task(pool).await?;
    let column = |value: fn(&Entry) -> String| entries.iter().map(value).collect::<Vec<_>>();
    let ids: Vec<Uuid> = entries.iter().map(|_| Uuid::now_v7()).collect();
    let orgs: Vec<Uuid> = entries.iter().map(|entry| entry.org.0).collect();
    let keys: Vec<Uuid> = entries.iter().map(|entry| entry.key.0).collect();
    let times: Vec<DateTime<Utc>> = entries.iter().map(|entry| entry.at).collect();
    let statuses: Vec<i32> = entries.iter().map(|entry| entry.status.into()).collect();
    let took: Vec<i32> = entries.iter().map(|entry| i32::try_from(entry.ms).unwrap_or(i32::MAX)).collect();
    // A key that was removed meanwhile, with its organisation, has no log.
    sqlx::query!(
        "insert into api_requests (id, org_id, key_id, request_id, method, path, status, ms, created_at)
         select r.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[], $9::timestamptz[])
           as r (id, org_id, key_id, request_id, method, path, status, ms, created_at)
         where exists (select from api_keys k where k.id = r.key_id)",
        &ids,
        &orgs,
        &keys,
        &column(|entry| entry.request_id.clone()),
        &column(|entry| entry.method.clone()),
        &column(|entry| entry.path.clone()),
        &statuses,
        &took,
        &times
    )
    .execute(&mut *tx)
    .await?;
    note_use(&mut tx, entries).await?;
    tx.commit().await
}

/// The last use of each key and its count of the day, in two statements however many keys there are.
async fn note_use(conn: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    let used = by_key(entries);
    let column = |value: fn(&Used) -> i64| used.values().map(value).collect::<Vec<_>>();
    let orgs: Vec<Uuid> = used.keys().map(|(org, _)| org.0).collect();
    let keys: Vec<Uuid> = used.keys().map(|(_, key)| key.0).collect();
    let last: Vec<DateTime<Utc>> = used.values().map(|used| used.2).collect();
    // At most once a minute: the row is read by every request. Locked in one order, as two processes may name the same keys.
    sqlx::query!(
        "with due as (
           select k.id, u.last from unnest($1::uuid[], $2::timestamptz[]) as u (id, last) join api_keys k on k.id = u.id
           where k.last_used_at is null or k.last_used_at < u.last - interval '1 minute'
           order by k.id for no key update of k)
         update api_keys k set last_used_at = due.last from due where k.id = due.id",
        &keys,
        &last
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into api_usage as u (org_id, key_id, day, requests, refused)
         select n.org_id, n.key_id, (n.last at time zone 'utc')::date, n.requests, n.refused
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[]) as n (org_id, key_id, last, requests, refused)
         where exists (select from api_keys k where k.id = n.key_id)
         order by n.key_id
         on conflict (key_id, day) do update set requests = u.requests + excluded.requests, refused = u.refused + excluded.refused, updated_at = now()",
        &orgs,
        &keys,
        &last,
        &column(|used| used.0),
        &column(|used| used.1)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Requests, refusals and the last moment.
type Used = (i64, i64, DateTime<Utc>);

/// What is noted of each key.
fn by_key(entries: &[Entry]) -> BTreeMap<(OrgId, ApiKeyId), Used> {
    let mut keys = BTreeMap::new();
    for entry in entries {
        let (requests, refused, last) = keys.entry((entry.org, entry.key)).or_insert((0, 0, entry.at));
        *requests += 1;
        *refused += i64::from(entry.status >= 400);
        *last = entry.at.max(*last);
    }
    keys
}

/// Removes what is older than seven days; returns how many requests.
pub async fn forget_requests(core: &Core) -> sqlx::Result<u64> {
    let before = core.clock.now() - KEPT;
    let gone = sqlx::query!("delete from api_requests where created_at < $1", before).execute(&core.pool).await?;
    Ok(gone.rows_affected())
}
