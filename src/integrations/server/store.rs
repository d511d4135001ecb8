//! Every statement on `hook_endpoints`; reads of `hook_journal`.

use crate::{
    integrations::model::*,
    platform::OrgTx,
    shared::ids::{CallId, HookId, OrgId},
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

/// An organisation's address as it is stored: token and secrets sealed.
pub struct Row {
    pub token_sealed: Vec<u8>,
    pub auth: WebhookAuth,
    pub secret_sealed: Vec<u8>,
    pub previous_secret_sealed: Option<Vec<u8>>,
    pub previous_until: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// The address of the transaction's organisation.
pub async fn find(tx: &mut OrgTx<'_>) -> sqlx::Result<Option<Row>> {
    let row = sqlx::query!(
        r#"select token_sealed, auth as "auth: Json<WebhookAuth>", secret_sealed, previous_secret_sealed, previous_until, updated_at from hook_endpoints"#
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Row {
        token_sealed: row.token_sealed,
        auth: row.auth.0,
        secret_sealed: row.secret_sealed,
        previous_secret_sealed: row.previous_secret_sealed,
        previous_until: row.previous_until,
        updated_at: row.updated_at,
    }))
}

/// A new address; false when the organisation has one.
pub async fn insert(
    conn: &mut PgConnection,
    org: OrgId,
    token_hash: &[u8],
    token_sealed: &[u8],
    auth: &WebhookAuth,
    secret_sealed: &[u8],
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into hook_endpoints (org_id, token_hash, token_sealed, auth, secret_sealed) values ($1, $2, $3, $4, $5) on conflict (org_id) do nothing",
        org.0,
        token_hash,
        token_sealed,
        Json(auth) as _,
        secret_sealed,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn update_auth(tx: &mut OrgTx<'_>, auth: &WebhookAuth, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update hook_endpoints set auth = $1, updated_at = $2", Json(auth) as _, now).execute(tx.conn()).await?;
    Ok(())
}

/// Puts a new secret in front; the one before it stays good until `previous_until`.
pub async fn rotate(tx: &mut OrgTx<'_>, secret_sealed: &[u8], previous_until: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update hook_endpoints set previous_secret_sealed = secret_sealed, previous_until = $2, secret_sealed = $1, updated_at = $3",
        secret_sealed,
        previous_until,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Secrets of an organisation, for its token door: the caller is not known yet.
pub async fn secrets_of(conn: &mut PgConnection, org: OrgId, now: DateTime<Utc>) -> sqlx::Result<Option<(WebhookAuth, Vec<Vec<u8>>)>> {
    let row = sqlx::query!(
        r#"
        select auth as "auth: Json<WebhookAuth>", secret_sealed, case when previous_until > $2 then previous_secret_sealed end as previous
        from hook_endpoints where org_id = $1
        "#,
        org.0,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.auth.0, std::iter::once(row.secret_sealed).chain(row.previous).collect())))
}

/// Organisations whose simulated provider must be told of their credential.
pub async fn orgs(conn: &mut PgConnection) -> sqlx::Result<Vec<OrgId>> {
    sqlx::query_scalar!(r#"select org_id as "org_id: OrgId" from hook_endpoints"#).fetch_all(conn).await
}

/// Deliveries, newest first. An id carries its time, so it alone is the cursor.
pub async fn journal(
    tx: &mut OrgTx<'_>,
    outcome: Option<DeliveryOutcome>,
    before: Option<HookId>,
    limit: i64,
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        select id as "id: HookId", created_at as at, outcome,
          case when outcome = 'dead' then 'not_applied' else reason end as reason, -- else the database's text, for operators alone
          kind, call_id as "call_id: CallId", body_bytes as bytes, host(ip) as ip
        from hook_journal
        where org_id = $5
          and ($1::text is null or outcome = $1)
          and ($2::timestamptz is null or (created_at, id) < ($2, $3))
        order by created_at desc, id desc
        limit $4
        "#,
        outcome.map(DeliveryOutcome::name),
        before.map(HookId::time),
        before.map(|id| id.0),
        limit,
        tx.scope().org().0,
    )
    .fetch_all(tx.conn())
    .await
}

/// What came of the deliveries since then.
pub async fn figures(tx: &mut OrgTx<'_>, since: DateTime<Utc>) -> sqlx::Result<DeliveryFigures> {
    sqlx::query_as!(
        DeliveryFigures,
        r#"
        select count(*) filter (where outcome = 'accepted') as "accepted!", count(*) filter (where outcome = 'duplicate') as "duplicate!",
          count(*) filter (where outcome = 'rejected') as "rejected!", count(*) filter (where outcome = 'dead') as "dead!"
        from hook_journal
        where org_id = $2 and created_at > $1
        "#,
        since,
        tx.scope().org().0,
    )
    .fetch_one(tx.conn())
    .await
}

/// What is sealed of one address.
pub struct Sealed {
    pub org: OrgId,
    pub token: Vec<u8>,
    pub secret: Vec<u8>,
    pub previous: Option<Vec<u8>>,
}

/// Every organisation's, locked until the end of the transaction.
pub async fn lock_sealed(conn: &mut PgConnection) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"select org_id as "org: OrgId", token_sealed as token, secret_sealed as secret, previous_secret_sealed as previous
           from hook_endpoints order by org_id for update"#
    )
    .fetch_all(conn)
    .await
}

/// Replaces those that are given.
pub async fn reseal(
    conn: &mut PgConnection,
    org: OrgId,
    token: Option<&[u8]>,
    secret: Option<&[u8]>,
    previous: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update hook_endpoints set token_sealed = coalesce($2, token_sealed), secret_sealed = coalesce($3, secret_sealed),
           previous_secret_sealed = coalesce($4, previous_secret_sealed), updated_at = now()
         where org_id = $1",
        org.0,
        token,
        secret,
        previous
    )
    .execute(conn)
    .await?;
    Ok(())
}
