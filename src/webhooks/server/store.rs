//! Statements on endpoints and deliveries that people and programs ask for.

use crate::{
    platform::OrgTx,
    shared::ids::{DeliveryId, EndpointId, EventId},
    webhooks::model::*,
};
use chrono::{DateTime, Duration, Utc};
use sqlx::Result;
use uuid::Uuid;

/// Endpoints, oldest first; one, or all.
pub async fn list(tx: &mut OrgTx<'_>, only: Option<EndpointId>, now: DateTime<Utc>) -> Result<Vec<Endpoint>> {
    let rows = sqlx::query!(
        r#"
        select e.id as "id: EndpointId", e.url, e.description, e.event_types, e.state as "state: EndpointState",
          e.disabled_why as "disabled_why: DisabledWhy", e.header_names, e.per_second, e.failures, e.failing_since, e.last_success_at,
          e.last_failure_at, case when e.previous_until > $2 then e.previous_until end as previous_until, e.created_at,
          array(select count(a.n) from generate_series($2::timestamptz - interval '23 hours', $2, interval '1 hour') as h (at)
                left join webhook_attempts a on a.endpoint_id = e.id and a.at > h.at - interval '1 hour' and a.at <= h.at
                group by h.at order by h.at) as "hours!", -- an array is never null
          (select count(*) from webhook_attempts a
           where a.endpoint_id = e.id and a.at > $2::timestamptz - interval '24 hours' and (a.status is null or a.status not between 200 and 299)) as "failed!"
        from webhook_endpoints e
        where ($1::uuid is null or e.id = $1)
        order by e.id
        "#,
        only.map(|id| id.0),
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Endpoint {
            id: row.id,
            url: row.url,
            description: row.description,
            kinds: row.event_types.iter().filter_map(|kind| kind.parse().ok()).collect(),
            state: row.state,
            disabled_why: row.disabled_why,
            header_names: row.header_names,
            per_second: row.per_second,
            failures: row.failures,
            failing_since: row.failing_since,
            last_success_at: row.last_success_at,
            last_failure_at: row.last_failure_at,
            previous_until: row.previous_until,
            created_at: row.created_at,
            hours: row.hours,
            failed: row.failed,
        })
        .collect())
}

/// One maker of endpoints at a time: they are counted before one is added.
pub async fn count_locked(tx: &mut OrgTx<'_>) -> Result<i64> {
    let org = tx.scope().org();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('webhook_endpoints', 0) # hashtextextended($1, 0))")
        .bind(org.to_string())
        .execute(tx.conn())
        .await?;
    sqlx::query_scalar!(r#"select count(*) as "n!" from webhook_endpoints"#).fetch_one(tx.conn()).await
}

/// Headers as they are written: sealed, and their names.
pub struct SealedHeaders {
    pub sealed: Option<Vec<u8>>,
    pub names: Vec<String>,
}

pub async fn insert(tx: &mut OrgTx<'_>, id: EndpointId, new: &Wanted, secret: &[u8], headers: &SealedHeaders) -> Result<()> {
    let kinds: Vec<String> = new.kinds.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "insert into webhook_endpoints (id, url, description, event_types, per_second, secret_sealed, headers_sealed, header_names)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        new.url,
        new.description,
        &kinds,
        new.per_second,
        secret,
        headers.sealed.as_deref(),
        &headers.names
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// False when there is none. Without headers those that are kept stay. What the throttle gave away is forgotten.
pub async fn update(tx: &mut OrgTx<'_>, id: EndpointId, new: &Wanted, headers: Option<&SealedHeaders>) -> Result<bool> {
    let kinds: Vec<String> = new.kinds.iter().map(ToString::to_string).collect();
    let done = sqlx::query!(
        "update webhook_endpoints set url = $2, description = $3, event_types = $4, per_second = $5,
           headers_sealed = case when $6 then $7 else headers_sealed end, header_names = case when $6 then $8 else header_names end,
           slot_at = null, resting_until = null, updated_at = now()
         where id = $1",
        id.0,
        new.url,
        new.description,
        &kinds,
        new.per_second,
        headers.is_some(),
        headers.and_then(|headers| headers.sealed.as_deref()),
        headers.map(|headers| headers.names.as_slice()).unwrap_or_default()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Pauses, or begins anew as if nothing had ever failed.
pub async fn set_state(tx: &mut OrgTx<'_>, id: EndpointId, state: EndpointState) -> Result<bool> {
    let done = sqlx::query!(
        "update webhook_endpoints set state = $2, disabled_why = null, failures = 0, failing_since = null, resting_until = null, told_days = 0,
           updated_at = now()
         where id = $1",
        id.0,
        state.name()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a new secret in front; the one before it signs, too, until then.
pub async fn roll(tx: &mut OrgTx<'_>, id: EndpointId, sealed: &[u8], until: DateTime<Utc>) -> Result<Option<String>> {
    sqlx::query_scalar!(
        "update webhook_endpoints set previous_sealed = secret_sealed, previous_until = $3, secret_sealed = $2, updated_at = now()
         where id = $1 returning url",
        id.0,
        sealed,
        until
    )
    .fetch_optional(tx.conn())
    .await
}

pub async fn delete(tx: &mut OrgTx<'_>, id: EndpointId) -> Result<bool> {
    let done = sqlx::query!("delete from webhook_endpoints where id = $1", id.0).execute(tx.conn()).await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps a sample and what is owed for it to this endpoint alone.
pub async fn insert_sample(
    tx: &mut OrgTx<'_>,
    endpoint: EndpointId,
    event: EventId,
    kind: &str,
    body: &str,
    now: DateTime<Utc>,
) -> Result<DeliveryId> {
    sqlx::query!(
        "insert into webhook_events (id, kind, key, occurred_at, body, is_sample) values ($1, $2, $3, $4, $5, true)",
        event.0,
        kind,
        format!("sample:{event}"),
        now,
        body
    )
    .execute(tx.conn())
    .await?;
    let id = DeliveryId::at(now);
    sqlx::query!(
        "insert into webhook_deliveries (id, event_id, endpoint_id, is_manual, next_at) values ($1, $2, $3, true, $4)",
        id.0,
        event.0,
        endpoint.0,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Puts one delivery on the ladder again, at its foot.
pub async fn again(tx: &mut OrgTx<'_>, id: DeliveryId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update webhook_deliveries set state = 'pending', tries = 0, next_at = $2, slot_at = null, is_manual = true, updated_at = now() where id = $1",
        id.0,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The same for what failed, or was given up, since then; says which.
pub async fn recover(tx: &mut OrgTx<'_>, endpoint: EndpointId, since: DateTime<Utc>, now: DateTime<Utc>, most: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update webhook_deliveries set state = 'pending', tries = 0, next_at = $3, slot_at = null, updated_at = now()
         where id in (select d.id from webhook_deliveries d join webhook_events v on v.id = d.event_id
                      where d.endpoint_id = $1 and d.state in ('failed', 'cancelled') and v.occurred_at >= $2 order by v.id limit $4)
         returning id",
        endpoint.0,
        since,
        now,
        most
    )
    .fetch_all(tx.conn())
    .await
}

/// Owes this endpoint everything of a time once more, and what it was never told; says which.
pub async fn replay(
    tx: &mut OrgTx<'_>,
    endpoint: EndpointId,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "insert into webhook_deliveries as d (id, event_id, endpoint_id, next_at)
         select gen_random_uuid(), v.id, e.id, $4 from webhook_events v join webhook_endpoints e on e.id = $1
         where v.occurred_at >= $2 and v.occurred_at < $3 and not v.is_sample and (e.event_types = '{}' or v.kind = any(e.event_types))
         order by v.id limit $5
         on conflict on constraint webhook_deliveries_once do update
           set state = 'pending', tries = 0, next_at = excluded.next_at, slot_at = null, updated_at = now()
         returning d.id",
        endpoint.0,
        from,
        until,
        now,
        most
    )
    .fetch_all(tx.conn())
    .await
}

/// What waits for an endpoint.
pub async fn pending(tx: &mut OrgTx<'_>, endpoint: EndpointId) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!("select id from webhook_deliveries where endpoint_id = $1 and state = 'pending'", endpoint.0)
        .fetch_all(tx.conn())
        .await
}

/// Has them delivered.
pub async fn ring(tx: &mut OrgTx<'_>, deliveries: &[Uuid]) -> Result<()> {
    sqlx::query("select zencall_ring_webhooks($1)").bind(deliveries).execute(tx.conn()).await.map(|_| ())
}

/// Deliveries, newest event first: of an endpoint, or one.
pub async fn deliveries(
    tx: &mut OrgTx<'_>,
    endpoint: Option<EndpointId>,
    only: Option<DeliveryId>,
    state: Option<DeliveryState>,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        select d.id as "id: DeliveryId", d.endpoint_id as "endpoint: EndpointId", d.event_id as "event: EventId", v.kind, v.occurred_at,
          d.state as "state: DeliveryState", d.attempts, case when d.state = 'pending' then d.next_at end as next_at, d.last_status, d.last_at
        from webhook_deliveries d join webhook_events v on v.id = d.event_id
        where ($1::uuid is null or d.endpoint_id = $1) and ($2::uuid is null or d.id = $2) and ($3::text is null or d.state = $3)
          and ($4::uuid is null or (d.event_id, d.id) < (select b.event_id, b.id from webhook_deliveries b where b.id = $4))
        order by d.event_id desc, d.id desc
        limit $5
        "#,
        endpoint.map(|id| id.0),
        only.map(|id| id.0),
        state.map(DeliveryState::name),
        before.map(|id| id.0),
        limit
    )
    .fetch_all(tx.conn())
    .await
}

pub async fn body(tx: &mut OrgTx<'_>, event: EventId) -> Result<String> {
    sqlx::query_scalar!("select body from webhook_events where id = $1", event.0).fetch_one(tx.conn()).await
}

/// Attempts at a delivery, newest first.
pub async fn attempts(tx: &mut OrgTx<'_>, delivery: DeliveryId) -> Result<Vec<Attempt>> {
    sqlx::query_as!(
        Attempt,
        "select n, at, took_ms, status, error, is_manual, url, request_head, response_head, response_body
         from webhook_attempts where delivery_id = $1 order by n desc limit 100",
        delivery.0
    )
    .fetch_all(tx.conn())
    .await
}

/// How long what happened is kept.
pub const KEPT: Duration = Duration::days(30);
