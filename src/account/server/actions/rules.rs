//! What the organisation asks of its members' sign-ins. Who does not meet it is let in without any permission, and told why
//! (`platform::session`): so they can still set their second factor up.

use super::offers_google;
use crate::{
    account::{
        model::Email,
        rules::{RulesForm, SignInRules},
    },
    platform::{
        OrgScope,
        bus::{self, Note},
        tenancy::Actor,
    },
    shared::{
        error::{AppError, FieldErrors},
        ids::{AccountId, SessionId},
        permission::Permission,
    },
};
use chrono::Duration;
use ipnet::IpNet;
use std::net::IpAddr;

const MOST_NETWORKS: usize = 50;
const LONGEST_GRACE: i64 = 90;
const LONGEST_SESSION: i32 = 2160;

/// The rules of an organisation; none are the empty ones.
pub async fn read_rules(scope: &OrgScope) -> Result<SignInRules, AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    let without = sqlx::query_scalar!(
        r#"select count(*) as "n!" from members m join accounts a on a.id = m.account_id where a.totp_confirmed_at is null"#
    )
    .fetch_one(tx.conn())
    .await?;
    let row = sqlx::query!("select second_factor_from, session_hours, networks, google_domain from sign_in_rules")
        .fetch_optional(tx.conn())
        .await?;
    tx.commit().await?;
    let rules = row.map(|row| SignInRules {
        second_factor_from: row.second_factor_from,
        session_hours: row.session_hours,
        networks: row.networks,
        google_domain: row.google_domain,
        ..SignInRules::default()
    });
    let offers_google = offers_google(scope.core());
    Ok(SignInRules { without_second_factor: without, offers_google, ..rules.unwrap_or_default() })
}

/// Keeps what was typed. Errors: `Forbidden`; `Invalid`, also for rules that would shut out who writes them.
pub async fn save_rules(scope: &OrgScope, form: &RulesForm) -> Result<(), AppError> {
    scope.require(Permission::OrgManage)?;
    let now = scope.core().clock.now();
    let mut wrong = FieldErrors::default();
    let grace = form.grace_days.trim().parse::<i64>().ok().filter(|days| (0..=LONGEST_GRACE).contains(days));
    let is_asked = form.second_factor == "true";
    if is_asked && grace.is_none() {
        wrong.add("grace_days", "rules.grace");
    }
    let typed = form.session_hours.trim();
    let session_hours = typed.parse::<i32>().ok().filter(|hours| (1..=LONGEST_SESSION).contains(hours));
    if !typed.is_empty() && session_hours.is_none() {
        wrong.add("session_hours", "rules.session_hours");
    }
    let networks = networks(&form.networks, scope.ip()).map_err(|code| wrong.add("networks", code)).unwrap_or_default();
    let google_domain = domain(&form.google_domain).map_err(|code| wrong.add("google_domain", code)).unwrap_or_default();
    let mut tx = scope.begin(Permission::OrgManage).await?;
    if !google_domain.is_empty() && came_by_google(&mut tx).await? != Some(google_domain.clone()) {
        wrong.add("google_domain", "rules.google_yourself_first");
    }
    if is_asked && !has_second_factor(&mut tx).await? {
        wrong.add("second_factor", "rules.yourself_first");
    }
    wrong.into_result()?;
    let from = is_asked.then(|| now + Duration::days(grace.unwrap_or_default()));
    // Asked for already, it stays asked for from when it was.
    sqlx::query!(
        "insert into sign_in_rules as r (second_factor_from, session_hours, networks, google_domain) values ($1, $2, $3, $4)
         on conflict (org_id) do update set second_factor_from = case when $1::timestamptz is not null then least(r.second_factor_from, $1) end,
           session_hours = $2, networks = $3, google_domain = $4, updated_at = now()",
        from,
        session_hours,
        &networks,
        google_domain
    )
    .execute(tx.conn())
    .await?;
    let members = sqlx::query_scalar!(r#"select account_id as "account: AccountId" from members"#).fetch_all(tx.conn()).await?;
    let notes: Vec<Note> = members.into_iter().map(|account| Note::Revoked { account }).collect(); // open streams look again
    bus::publish(tx.conn(), &notes).await?;
    tx.commit().await
}

/// A program with a key sets no rules for people before one of them meets them.
async fn has_second_factor(tx: &mut crate::platform::OrgTx<'_>) -> Result<bool, AppError> {
    let Some(account) = tx.scope().account() else { return Ok(false) };
    let confirmed = sqlx::query_scalar!(
        r#"select a.totp_confirmed_at is not null as "has!" from accounts a join members m on m.account_id = a.id where a.id = $1"#,
        account as AccountId
    );
    Ok(confirmed.fetch_optional(tx.conn()).await?.unwrap_or_default())
}

/// The domain of the Google account this session began with.
async fn came_by_google(tx: &mut crate::platform::OrgTx<'_>) -> Result<Option<String>, AppError> {
    let Actor::Person { session, .. } = tx.scope().actor() else { return Ok(None) };
    let domain = sqlx::query_scalar!("select google_domain from sessions where id = $1", session as SessionId);
    Ok(domain.fetch_optional(tx.conn()).await?.flatten())
}

/// A domain as Google tells it. Errors: the code of what is wrong.
fn domain(typed: &str) -> Result<String, &'static str> {
    let domain = typed.trim().trim_start_matches('@').to_lowercase();
    let is_one = domain.is_empty() || format!("a@{domain}").parse::<Email>().is_ok() && domain != "gmail.com";
    if is_one { Ok(domain) } else { Err("rules.google_domain") }
}

/// One address or network a line. Errors: the code of what is wrong.
fn networks(typed: &str, here: Option<IpAddr>) -> Result<Vec<String>, &'static str> {
    let lines = typed.split(['\n', ',', ' ']).map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| line.parse::<IpNet>().ok().or_else(|| line.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc());
    let nets: Vec<IpNet> = lines.map(read).collect::<Option<_>>().ok_or("rules.network")?;
    if nets.len() > MOST_NETWORKS {
        return Err("rules.networks_many");
    }
    if !nets.is_empty() && here.is_some_and(|here| !nets.iter().any(|net| net.contains(&here.to_canonical()))) {
        return Err("rules.not_from_here");
    }
    Ok(nets.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::networks;

    #[test]
    fn networks_are_read_and_whoever_writes_them_stays_inside() {
        let here = "203.0.113.9".parse().ok();
        assert_eq!(networks(" 203.0.113.0/24\n2001:db8::1 ", here), Ok(vec!["203.0.113.0/24".into(), "2001:db8::1/128".into()]));
        assert_eq!(networks("", here), Ok(vec![]));
        assert_eq!(networks("198.51.100.0/24", here), Err("rules.not_from_here"));
        assert_eq!(networks("office", here), Err("rules.network"));
        assert_eq!(networks("203.0.113.77/24", here), Ok(vec!["203.0.113.0/24".into()]), "a network is written by its first address");
    }
}
