//! Every statement on keys and what came with them; looking one up by its secret is `platform::keys`.

use super::actions::NewKey;
use crate::{
    api_keys::model::*,
    platform::OrgTx,
    shared::{
        ids::{ApiKeyId, AssistantId},
        permission::Role,
    },
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use uuid::Uuid;

/// Keys, newest first, with their use; one, or all. Those that ended are shown for thirty days more.
pub async fn list(tx: &mut OrgTx<'_>, only: Option<ApiKeyId>, today: NaiveDate) -> sqlx::Result<Vec<KeyLine>> {
    let first = today - Duration::days(USAGE_DAYS - 1);
    let rows = sqlx::query!(
        r#"
        select k.id as "id: ApiKeyId", k.name, k.hint, k.scopes, k.role as "role: Role", k.expires_at, k.networks, k.per_minute, k.assistants, k.last_used_at,
          case when k.previous_until > now() then k.previous_until end as previous_until, k.revoked_at, k.created_at, m.name as "created_by?",
          array(select coalesce(u.requests, 0) from generate_series($2::date, $3::date, interval '1 day') as d (day)
                left join api_usage u on u.key_id = k.id and u.day = d.day::date order by d.day) as "usage!", -- an array is never null
          (select coalesce(sum(u.refused), 0)::bigint from api_usage u where u.key_id = k.id and u.day >= $2) as "refused!"
        from api_keys k left join accounts m on m.id = k.created_by
        where ($1::uuid is null or k.id = $1)
          and ($1::uuid is not null or (coalesce(k.revoked_at, 'infinity') > $2::date - 16 and coalesce(k.expires_at, 'infinity') > $2::date - 16))
        order by k.id desc
        limit 500
        "#,
        only.map(|id| id.0),
        first,
        today
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| KeyLine {
            id: row.id,
            name: row.name,
            hint: row.hint,
            scopes: match row.scopes {
                Some(scopes) => scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
                None => row.role.permissions().to_vec(),
            },
            expires_at: row.expires_at,
            networks: row.networks,
            per_minute: row.per_minute,
            assistants: row.assistants.map(|ids| ids.into_iter().map(AssistantId).collect()),
            last_used_at: row.last_used_at,
            previous_until: row.previous_until,
            revoked_at: row.revoked_at,
            created_at: row.created_at,
            created_by: row.created_by,
            usage: row.usage,
            refused: row.refused,
        })
        .collect())
}

/// One maker of keys at a time: they are counted before one is added.
pub async fn lock(tx: &mut OrgTx<'_>) -> sqlx::Result<()> {
    let org = tx.scope().org();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('api_keys', 0) # hashtextextended($1, 0))")
        .bind(org.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How many keys are good.
pub async fn count_good(tx: &mut OrgTx<'_>, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from api_keys where revoked_at is null and (expires_at is null or expires_at > $1)"#,
        now
    )
    .fetch_one(tx.conn())
    .await
}

/// Writes a new key. Its role permits nothing: a process of the version before, which does not know scopes, lets it do nothing.
pub async fn insert(tx: &mut OrgTx<'_>, id: ApiKeyId, new: &NewKey, hash: &[u8], hint: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    let scopes: Vec<String> = new.scopes.iter().map(ToString::to_string).collect();
    let by = tx.scope().account();
    let assistants: Option<Vec<Uuid>> = new.assistants.as_ref().map(|ids| ids.iter().map(|id| id.0).collect());
    sqlx::query!(
        "insert into api_keys (id, name, key_hash, role, scopes, hint, expires_at, networks, per_minute, created_by, created_at, assistants)
         values ($1, $2, $3, 'billing', $4, $5, $6, $7, $8, $9, $10, $11)",
        id.0,
        new.name,
        hash,
        &scopes,
        hint,
        new.expires_at,
        &new.networks,
        new.per_minute,
        by.map(|by| by.0),
        now,
        assistants.as_deref()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts a new secret in front; the one before it is good until then.
pub async fn roll(tx: &mut OrgTx<'_>, id: ApiKeyId, hash: &[u8], hint: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update api_keys set previous_hash = key_hash, previous_until = $4, key_hash = $2, hint = $3, updated_at = $5 where id = $1",
        id.0,
        hash,
        hint,
        until,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Limits it to these assistants; nothing: no limit.
pub async fn set_limit(tx: &mut OrgTx<'_>, id: ApiKeyId, assistants: Option<&[AssistantId]>, now: DateTime<Utc>) -> sqlx::Result<()> {
    let assistants: Option<Vec<Uuid>> = assistants.map(|ids| ids.iter().map(|id| id.0).collect());
    sqlx::query!("update api_keys set assistants = $2, updated_at = $3 where id = $1", id.0, assistants.as_deref(), now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a key; one that ended stays as it is.
pub async fn revoke(tx: &mut OrgTx<'_>, id: ApiKeyId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let ended = sqlx::query!("update api_keys set revoked_at = coalesce(revoked_at, $2), updated_at = $2 where id = $1", id.0, now)
        .execute(tx.conn())
        .await?;
    Ok(ended.rows_affected() == 1)
}

/// Requests, newest first, from behind `before`.
pub async fn requests(tx: &mut OrgTx<'_>, key: Option<ApiKeyId>, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<RequestLine>> {
    sqlx::query_as!(
        RequestLine,
        r#"
        select r.id, r.created_at as at, r.key_id as "key: ApiKeyId", k.name as key_name, r.method, r.path, r.status, r.ms, r.request_id
        from api_requests r join api_keys k on k.id = r.key_id
        where ($1::uuid is null or r.key_id = $1) and ($2::uuid is null or r.id < $2)
        order by r.id desc
        limit $3
        "#,
        key.map(|key| key.0),
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// What a key may know of its organisation.
pub struct Organisation {
    pub name: String,
    pub country: String,
    pub timezone: String,
    pub locale: String,
}

/// The organisation itself.
pub async fn organisation(tx: &mut OrgTx<'_>) -> sqlx::Result<Organisation> {
    sqlx::query_as!(Organisation, "select name, country, timezone, locale from orgs").fetch_one(tx.conn()).await
}
