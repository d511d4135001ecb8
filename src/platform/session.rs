//! Signed-in browsers: from a cookie to a [`Caller`]. Keys of the public API: [`super::keys`].
//!
//! The cookie `__Host-zc` holds 32 random bytes; the table holds their SHA-256. Idle limit 14 days, absolute limit 90.
//! Ending a session is deleting its row: the next request, and every open stream, finds nothing.

use super::{
    core::Core,
    crypto,
    request::RequestInfo,
    rights::{Rights, Row},
    tenancy::Caller,
};
use crate::shared::{
    error::AppError,
    ids::{AccountId, OrgId, RoleId, SessionId},
    permission::Role,
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, header};
use sqlx::PgConnection;
use std::net::IpAddr;

/// The cookie's name; the prefix makes browsers insist on `Secure`, `Path=/` and no domain.
pub const COOKIE: &str = "__Host-zc";
/// A session nobody used for this long is over.
pub const IDLE: Duration = Duration::days(14);
const ABSOLUTE: Duration = Duration::days(90);

/// Who a request's headers prove. A broken database is an error, never "nobody".
pub async fn resolve(core: &Core, headers: &HeaderMap, ip: IpAddr) -> Result<Caller, AppError> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(Caller::Anonymous) };
    let now = core.clock.now();
    let row = sqlx::query!(
        r#"
        select s.id as "id: SessionId", s.account_id as "account_id: AccountId", s.last_seen_at,
               m.org_id as "org_id?: OrgId", m.role as "role?: Role", m.own_role as "own_role?: RoleId", own.permissions as "own_permissions?",
               m.assistants as "assistants?", s.view_as, viewed.permissions as "view_permissions?",
               zencall_barred(rules, s, m.role, $4::text::inet, $2) as barred
        from sessions s
        left join members m on m.org_id = s.active_org and m.account_id = s.account_id
        left join sign_in_rules rules on rules.org_id = m.org_id
        left join roles own on own.org_id = m.org_id and own.id = m.own_role
        left join roles viewed on viewed.org_id = m.org_id and viewed.id::text = s.view_as
        where s.token_hash = $1 and s.expires_at > $2 and s.last_seen_at > $3
          and (rules.session_hours is null or s.created_at > $2 - make_interval(hours => rules.session_hours))
        "#,
        crypto::token_hash(token),
        now,
        now - IDLE,
        ip.to_canonical().to_string(),
    )
    .fetch_optional(&core.pool)
    .await?;
    let Some(row) = row else { return Ok(Caller::Anonymous) };
    if row.last_seen_at < now - Duration::minutes(5) {
        sqlx::query!("update sessions set last_seen_at = $2, updated_at = now() where id = $1", row.id as SessionId, now)
            .execute(&core.pool)
            .await?;
    }
    let (own_role, own_permissions, assistants) = (row.own_role, row.own_permissions, row.assistants);
    let (view_as, view_permissions, barred) = (row.view_as, row.view_permissions, row.barred);
    let rights = row.role.map(|role| Rights::from(Row { role, own_role, own_permissions, assistants, view_as, view_permissions, barred }));
    Ok(Caller::Person { account: row.account_id, session: row.id, org: row.org_id.zip(rights) })
}

/// What a session may do now; nothing once it ended. For streams that outlive the request they began with.
pub async fn rights_now(core: &Core, session: SessionId, ip: Option<IpAddr>) -> Result<Option<(OrgId, Rights)>, AppError> {
    let now = core.clock.now();
    let row = sqlx::query!(
        r#"
        select m.org_id as "org: OrgId", m.role as "role: Role", m.own_role as "own_role: RoleId", own.permissions as "own_permissions?",
               m.assistants, s.view_as, viewed.permissions as "view_permissions?",
               zencall_barred(rules, s, m.role, $4::text::inet, $2) as barred
        from sessions s
        join members m on m.org_id = s.active_org and m.account_id = s.account_id
        left join sign_in_rules rules on rules.org_id = m.org_id
        left join roles own on own.org_id = m.org_id and own.id = m.own_role
        left join roles viewed on viewed.org_id = m.org_id and viewed.id::text = s.view_as
        where s.id = $1 and s.expires_at > $2 and s.last_seen_at > $3
          and (rules.session_hours is null or s.created_at > $2 - make_interval(hours => rules.session_hours))
        "#,
        session as SessionId,
        now,
        now - IDLE,
        ip.map(|ip| ip.to_canonical().to_string())
    )
    .fetch_optional(&core.pool)
    .await?;
    Ok(row.map(|row| {
        let (role, own_role, own_permissions, assistants) = (row.role, row.own_role, row.own_permissions, row.assistants);
        let (view_as, view_permissions, barred) = (row.view_as, row.view_permissions, row.barred);
        (row.org, Row { role, own_role, own_permissions, assistants, view_as, view_permissions, barred }.into())
    }))
}

/// A cookie's value.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// How somebody proved who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub second_factor: bool,
    /// By Google: the domain that answers for the account, or an empty text for one of somebody's own. By password: absent.
    pub google_domain: Option<String>,
}

/// Starts a session and returns the cookie header.
pub async fn start(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    request: &RequestInfo,
    account: AccountId,
    org: Option<OrgId>,
    proof: &Proof,
) -> Result<HeaderValue, AppError> {
    let token = crypto::token();
    sqlx::query!(
        "insert into sessions (id, token_hash, account_id, active_org, ip, user_agent, second_factor_at, last_seen_at, expires_at, google_domain)
         values ($1, $2, $3, $4, $5::text::inet, $6, $7, $8, $9, $10)",
        SessionId::at(now) as SessionId,
        crypto::token_hash(&token),
        account as AccountId,
        org.map(|org| org.0),
        request.ip.to_string(),
        request.user_agent,
        proof.second_factor.then_some(now),
        now,
        now + ABSOLUTE,
        proof.google_domain,
    )
    .execute(conn)
    .await?;
    set_cookie(&format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", ABSOLUTE.num_seconds()))
}

/// Ends one session and returns the header that removes its cookie.
pub async fn end(conn: &mut PgConnection, session: SessionId) -> Result<HeaderValue, AppError> {
    sqlx::query!("delete from sessions where id = $1", session as SessionId).execute(conn).await?;
    set_cookie(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

/// A cookie as a header value.
pub fn set_cookie(text: &str) -> Result<HeaderValue, AppError> {
    HeaderValue::from_str(text).map_err(AppError::internal)
}

/// Puts a `Set-Cookie` (or another header) on the answer of the server function that is running.
pub fn answer_with(name: http::HeaderName, value: HeaderValue) {
    if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
        response.append_header(name, value);
    }
}
