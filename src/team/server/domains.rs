//! Mail domains: claimed, proven by a record in DNS, looked at again and again; and joining by one. Nobody joins without having asked for it.
//! What answers for a domain is DNS alone: what Google says of an account's domain does not count here.

use super::{actions::Locked, jobs::CheckDomain, public_mail::is_public};
use crate::{
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        bus::{self, Note},
        crypto,
        db::OnConstraint,
        events::{self, Happened},
        queue::{self, Opts},
        throttle,
    },
    providers::dns::Dns,
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AccountId, MailDomainId, OrgId},
        permission::{Permission, Role, RoleChoice},
    },
    team::domains::{DomainTrouble, MOST_DOMAINS, MailDomain, MailDomains, Offer},
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

/// What stands before the token in the record.
const RECORD: &str = "zencall-verification=";
/// Questions an organisation may have asked in ten minutes.
const CHECKS: i32 = 20;
/// How long after a claim, and after each miss, it is looked for again.
const AGAIN: [Duration; 5] = [Duration::minutes(10), Duration::minutes(30), Duration::hours(2), Duration::hours(6), Duration::hours(24)];
/// After that nobody looks any more.
const GIVEN_UP: Duration = Duration::days(30);
/// How long a proof stands before it is looked at again.
const PROOF: Duration = Duration::days(7);
/// How many times in a row, a day apart, the record of a proven domain may be missing.
const MISSES: i32 = 3;
/// Domains that are looked at in one go of the duty.
const AT_ONCE: i64 = 100;

struct Row {
    id: MailDomainId,
    domain: String,
    token: String,
    role: Role,
    verified_at: Option<DateTime<Utc>>,
    checked_at: Option<DateTime<Utc>>,
    misses: i32,
    trouble: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Row> for MailDomain {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            record: format!("{RECORD}{}", row.token),
            domain: row.domain,
            role: row.role,
            verified_at: row.verified_at,
            checked_at: row.checked_at,
            trouble: row.trouble.as_deref().and_then(DomainTrouble::of),
        }
    }
}

async fn rows(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: MailDomainId", domain, token, role as "role: Role", verified_at, checked_at, misses, trouble, created_at
        from mail_domains order by domain
        "#
    )
    .fetch_all(tx.conn())
    .await
}

async fn row(tx: &mut OrgTx<'_>, id: MailDomainId) -> Result<Row, AppError> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: MailDomainId", domain, token, role as "role: Role", verified_at, checked_at, misses, trouble, created_at
        from mail_domains where id = $1 for update
        "#,
        id as MailDomainId
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(|| AppError::not_found("mail_domain"))
}

/// The organisation's domains.
pub async fn domains(scope: &OrgScope) -> Result<MailDomains, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::seen(&mut tx).await?;
    let domains = rows(&mut tx).await?.into_iter().map(MailDomain::from).collect();
    let may_give = Role::ALL.iter().copied().filter(|role| *role != Role::Owner && team.may_give((*role).into(), (*role).into()).is_ok());
    Ok(MailDomains { domains, may_give: may_give.collect(), now: scope.core().clock.now() })
}

/// Claims a domain; one that is claimed already gets the role alone. Errors: `Invalid(domain)` for one that is everybody's;
/// `Conflict("domain_limit")`; `Conflict("above_you")`.
pub async fn claim_domain(scope: &OrgScope, domain: &str, role: Role) -> Result<MailDomainId, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    if is_public(domain) {
        return Err(AppError::invalid("domain", "team.domain_public"));
    }
    let team = Locked::of(&mut tx).await?; // of two claims at once one waits
    if role == Role::Owner {
        return Err(AppError::invalid("role", "team.role"));
    }
    team.may_give(RoleChoice::Given(role), role.into())?;
    let known = rows(&mut tx).await?;
    match known.iter().find(|row| row.domain == domain) {
        // It would be written over.
        Some(row) => team.may_give(RoleChoice::Given(row.role), row.role.into())?,
        None if known.len() >= MOST_DOMAINS => return Err(AppError::conflict("domain_limit")),
        None => {}
    }
    let now = scope.core().clock.now();
    let id = sqlx::query_scalar!(
        r#"
        insert into mail_domains (id, domain, token, role, next_check_at, created_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (org_id, domain) do update set role = excluded.role, updated_at = now()
        returning id as "id: MailDomainId"
        "#,
        MailDomainId::at(now) as MailDomainId,
        domain,
        crypto::token(),
        role as Role,
        now + AGAIN[0],
        now,
    )
    .fetch_one(tx.conn())
    .await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), domain, %role, "domain claimed");
    Ok(id)
}

/// Gives a domain up; who has joined by it stays. Errors: `NotFound`.
pub async fn release_domain(scope: &OrgScope, id: MailDomainId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let gone = sqlx::query!("delete from mail_domains where id = $1", id as MailDomainId).execute(tx.conn()).await?;
    if gone.rows_affected() == 0 {
        return Err(AppError::not_found("mail_domain"));
    }
    tx.commit().await
}

/// Looks for the record now. Errors: `NotFound`; `RateLimited`.
pub async fn check_domain(scope: &OrgScope, id: MailDomainId) -> Result<MailDomain, AppError> {
    scope.require(Permission::TeamManage)?;
    throttle::take(scope.core(), &format!("domain checks of {}", scope.org()), CHECKS, 600).await?;
    look(scope, id).await
}

/// What DNS says of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Proven,
    Missing,
    Unreachable,
}

/// Asks DNS, outside of any transaction, and keeps what it says.
pub(super) async fn look(scope: &OrgScope, id: MailDomainId) -> Result<MailDomain, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let before = row(&mut tx, id).await?;
    drop(tx);
    let wanted = format!("{RECORD}{}", before.token);
    let told = match Dns::of(scope.core()) {
        None => Told::Unreachable,
        Some(dns) => match dns.txt(&before.domain).await {
            Ok(records) if records.iter().any(|record| record.trim() == wanted) => Told::Proven,
            Ok(_) => Told::Missing,
            Err(error) => {
                tracing::info!(org = %scope.org(), domain = before.domain, %error, "DNS did not answer");
                Told::Unreachable
            }
        },
    };
    match keep(scope, id, told, false).await {
        // Proven, and another organisation has it: that one keeps it for as long as its own record stands.
        Err(AppError::Conflict { code }) if code == "domain_held" => keep(scope, id, told, true).await,
        kept => kept,
    }
}

/// What a row becomes.
#[derive(Debug, PartialEq)]
struct Next {
    verified_at: Option<DateTime<Utc>>,
    misses: i32,
    trouble: Option<DomainTrouble>,
    check_at: Option<DateTime<Utc>>,
}

fn next(row: &Row, told: Told, is_held: bool, now: DateTime<Utc>) -> Next {
    let misses = row.misses.saturating_add(1);
    let step = usize::try_from(misses).unwrap_or(0).min(AGAIN.len() - 1);
    let again = (now - row.created_at < GIVEN_UP).then(|| now + AGAIN[step]);
    match told {
        Told::Proven if is_held => Next { verified_at: None, misses, trouble: Some(DomainTrouble::Held), check_at: again },
        Told::Proven => Next { verified_at: Some(row.verified_at.unwrap_or(now)), misses: 0, trouble: None, check_at: Some(now + PROOF) },
        // A proven domain is not lost because of one answer, and never because of none.
        Told::Missing if row.verified_at.is_some() && misses < MISSES => {
            Next { verified_at: row.verified_at, misses, trouble: Some(DomainTrouble::Missing), check_at: Some(now + Duration::days(1)) }
        }
        Told::Missing => Next { verified_at: None, misses, trouble: Some(DomainTrouble::Missing), check_at: again },
        Told::Unreachable if row.verified_at.is_some() => {
            let (verified_at, trouble) = (row.verified_at, Some(DomainTrouble::Unreachable));
            Next { verified_at, misses: row.misses, trouble, check_at: Some(now + Duration::hours(6)) }
        }
        Told::Unreachable => Next { verified_at: None, misses, trouble: Some(DomainTrouble::Unreachable), check_at: again },
    }
}

/// Errors: `NotFound`; `Conflict("domain_held")`.
async fn keep(scope: &OrgScope, id: MailDomainId, told: Told, is_held: bool) -> Result<MailDomain, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let (row, now) = (row(&mut tx, id).await?, scope.core().clock.now());
    let next = next(&row, told, is_held, now);
    sqlx::query!(
        "update mail_domains set verified_at = $2, misses = $3, trouble = $4, next_check_at = $5, checked_at = $6, updated_at = now() where id = $1",
        id as MailDomainId,
        next.verified_at,
        next.misses,
        next.trouble.map(DomainTrouble::name),
        next.check_at,
        now
    )
    .execute(tx.conn())
    .await
    .on_constraint("mail_domains_verified_key", || AppError::conflict("domain_held"))?;
    tx.commit().await?;
    if row.verified_at.is_some() != next.verified_at.is_some() {
        tracing::info!(org = %scope.org(), domain = row.domain, proven = next.verified_at.is_some(), "domain checked");
    }
    Ok(Row { verified_at: next.verified_at, checked_at: Some(now), trouble: next.trouble.map(|trouble| trouble.name().into()), ..row }
        .into())
}

/// The duty: those whose time has come are looked at, each by a job of its own.
pub(super) async fn check_due(core: &Core) -> Result<(), AppError> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "mail domains to look at").await?;
    let due = sqlx::query!(
        r#"
        update mail_domains set next_check_at = $2, updated_at = now()
        where id in (select id from mail_domains where next_check_at <= $1 order by next_check_at limit $3 for update skip locked)
        returning id as "id: MailDomainId", org_id as "org: OrgId"
        "#,
        now,
        now + Duration::hours(1), // should the job be lost
        AT_ONCE
    )
    .fetch_all(tx.conn())
    .await?;
    for one in due {
        let opts = Opts::default().tenant(one.org.0).key(format!("domain {}", one.id));
        queue::enqueue(tx.conn(), &CheckDomain { org: one.org, id: one.id }, opts).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Organisations that an account may join by its address: confirmed, in a proven domain, not a member, and never taken out.
pub async fn offers(core: &Core, account: AccountId) -> Result<Vec<Offer>, AppError> {
    let mut tx = SystemTx::begin(core, "organisations of a person's domain").await?;
    let offers = offers_of(&mut tx, account).await?;
    tx.commit().await?;
    Ok(offers)
}

async fn offers_of(tx: &mut SystemTx, account: AccountId) -> sqlx::Result<Vec<Offer>> {
    sqlx::query_as!(
        Offer,
        r#"
        select o.id as "org: OrgId", o.name as organisation, d.domain, d.role as "role: Role"
        from accounts a
          join mail_domains d on d.domain = split_part(lower(a.email), '@', 2) and d.verified_at is not null
          join orgs o on o.id = d.org_id
        where a.id = $1 and a.email_confirmed_at is not null
          and not exists (select from members m where m.org_id = d.org_id and m.account_id = a.id)
          and not exists (select from mail_domain_refusals r where r.org_id = d.org_id and r.account_id = a.id)
        "#,
        account as AccountId
    )
    .fetch_all(tx.conn())
    .await
}

/// Makes an account a member by its address, in the caller's transaction. Errors: `NotFound` when that is not offered.
pub async fn join_by_domain(tx: &mut SystemTx, core: &Core, account: AccountId, org: OrgId) -> Result<(), AppError> {
    // Given up, or changed, before or after, never meanwhile.
    sqlx::query!("select id from mail_domains where org_id = $1 for share", org as OrgId).fetch_all(tx.conn()).await?;
    let offer = offers_of(tx, account).await?.into_iter().find(|offer| offer.org == org);
    let offer = offer.ok_or_else(|| AppError::not_found("organisation"))?;
    sqlx::query!(
        "insert into members (org_id, account_id, role) values ($1, $2, $3) on conflict do nothing",
        org as OrgId,
        account as AccountId,
        offer.role as Role
    )
    .execute(tx.conn())
    .await?;
    let now = core.clock.now();
    let joined =
        Happened::new(org, EventKind::MemberJoined, format!("{account}:{}", now.timestamp_millis()), now, json!({ "member": account }));
    events::emit(tx.conn(), &[joined]).await?;
    bus::publish(tx.conn(), &[Note::Revoked { account }]).await?;
    tracing::info!(%org, %account, role = %offer.role, domain = offer.domain, "joined by domain");
    Ok(())
}

/// Who was taken out does not come back by their domain.
pub(super) async fn refuse(tx: &mut OrgTx<'_>, account: AccountId) -> sqlx::Result<()> {
    sqlx::query!("insert into mail_domain_refusals (account_id) values ($1) on conflict do nothing", account as AccountId)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(verified: bool, misses: i32) -> Row {
        let at = DateTime::UNIX_EPOCH;
        Row {
            id: MailDomainId::generate(),
            domain: "tilleuls.fr".into(),
            token: "t".into(),
            role: Role::ReadOnly,
            verified_at: verified.then_some(at),
            checked_at: None,
            misses,
            trouble: None,
            created_at: at,
        }
    }

    #[test]
    fn a_domain_is_looked_for_less_and_less_and_then_no_more() {
        let now = DateTime::UNIX_EPOCH + Duration::hours(1);
        let at = |misses| next(&row(false, misses), Told::Missing, false, now).check_at;
        assert_eq!(at(0), Some(now + Duration::minutes(30)));
        assert_eq!(
            (at(1), at(3), at(9)),
            (Some(now + Duration::hours(2)), Some(now + Duration::hours(24)), Some(now + Duration::hours(24)))
        );
        assert_eq!(next(&row(false, 9), Told::Unreachable, false, DateTime::UNIX_EPOCH + GIVEN_UP).check_at, None);
    }

    #[test]
    fn a_proof_is_lost_by_the_third_miss_and_never_by_silence() {
        let now = DateTime::UNIX_EPOCH + Duration::days(90);
        let missed = |misses| next(&row(true, misses), Told::Missing, false, now).verified_at.is_some();
        assert!(missed(0) && missed(1) && !missed(2));
        let silent = next(&row(true, 2), Told::Unreachable, false, now);
        assert!(silent.verified_at.is_some() && silent.misses == 2 && silent.check_at.is_some());
        assert_eq!(
            next(&row(true, 2), Told::Proven, false, now),
            Next { verified_at: Some(DateTime::UNIX_EPOCH), misses: 0, trouble: None, check_at: Some(now + PROOF) }
        );
    }
}
