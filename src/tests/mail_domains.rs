//! Mail domains: proven by DNS, looked at again, held by one organisation; and joining by one.

use crate::{
    app::{TestApp, TestOrg},
    team::{as_role, member, scope_of},
};
use sqlx::PgPool;
use zencall::{
    platform::{OrgScope, SystemTx},
    shared::{
        error::AppError,
        ids::{AccountId, MailDomainId, OrgId, SessionId},
        permission::Role,
    },
    team::{
        domains::{DomainTrouble, MailDomain, Offer},
        server::actions,
    },
};

const DOMAIN: &str = "tilleuls.example";

async fn owner(app: &TestApp, name: &str) -> (TestOrg, OrgScope) {
    let org = app.org(name, Role::Owner).await;
    let scope = as_role(app, &org, Role::Owner);
    (org, scope)
}

async fn claimed(scope: &OrgScope) -> MailDomain {
    let id = actions::claim_domain(scope, DOMAIN, Role::ReadOnly).await.expect("claimed");
    actions::domains(scope).await.expect("domains").domains.into_iter().find(|domain| domain.id == id).expect("listed")
}

/// What the row says now.
async fn read(scope: &OrgScope, id: MailDomainId) -> MailDomain {
    actions::domains(scope).await.expect("domains").domains.into_iter().find(|domain| domain.id == id).expect("listed")
}

/// Lets the duty find it due, and what it starts run.
async fn duty(app: &TestApp) {
    app.sql("update mail_domains set next_check_at = now() - interval '1 minute'").await;
    app.sql("insert into jobs.job (queue, kind, payload) values ('cron', 'team.check_domains', 'null')").await;
    app.run_jobs().await;
}

/// Somebody with an address there and no organisation.
async fn person(app: &TestApp, email: &str, is_confirmed: bool) -> AccountId {
    let account = AccountId::generate();
    sqlx::query(
        "insert into accounts (id, email, name, password_hash, email_confirmed_at) values ($1, $2, 'Inès Moreau', 'x', case when $3 then now() end)",
    )
    .bind(account)
    .bind(email)
    .bind(is_confirmed)
    .execute(&app.core.pool)
    .await
    .expect("an account");
    account
}

async fn offered(app: &TestApp, account: AccountId) -> Vec<Offer> {
    actions::offers(&app.core, account).await.expect("offers")
}

async fn join(app: &TestApp, account: AccountId, org: OrgId) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(&app.core, "a test joins").await?;
    actions::join_by_domain(&mut tx, &app.core, account, org).await?;
    tx.commit().await?;
    Ok(())
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_domain_is_ours_once_dns_says_so_and_people_join_by_it_when_they_want(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, scope) = owner(&app, "Les Tilleuls").await;
    let ines = person(&app, "Ines@Tilleuls.example", true).await;
    let domain = claimed(&scope).await;
    assert!(domain.record.starts_with("zencall-verification=") && domain.record.len() > 40, "{}", domain.record);
    let told = actions::check_domain(&scope, domain.id).await.expect("asked");
    assert_eq!((told.verified_at, told.trouble), (None, Some(DomainTrouble::Missing)));
    app.sim.zone().set(DOMAIN, vec!["v=spf1 -all".into(), format!("{}x", domain.record)]);
    assert_eq!(actions::check_domain(&scope, domain.id).await.expect("asked").verified_at, None, "another token proves nothing");
    assert_eq!(offered(&app, ines).await, vec![]);
    app.sim.zone().set(DOMAIN, vec!["v=spf1 -all".into(), domain.record.clone()]);
    let told = actions::check_domain(&scope, domain.id).await.expect("asked");
    assert!(told.verified_at.is_some() && told.trouble.is_none(), "{told:?}");
    let offer = Offer { org: org.id, organisation: "Les Tilleuls".into(), domain: DOMAIN.into(), role: Role::ReadOnly };
    assert_eq!(offered(&app, ines).await, [offer]);
    assert_eq!(app.number("select count(*) from members where role = 'read_only'").await, 0, "nobody joins unasked");
    // Not by an address that nobody has confirmed, nor by one of a domain under it.
    for (email, is_confirmed) in
        [("paul@tilleuls.example", false), ("lea@mail.tilleuls.example", true), ("max@tilleuls.example.test", true)]
    {
        let other = person(&app, email, is_confirmed).await;
        assert_eq!(offered(&app, other).await, vec![], "{email}");
        assert_eq!(join(&app, other, org.id).await, Err(AppError::not_found("organisation")), "{email}");
    }
    join(&app, ines, org.id).await.expect("joined");
    assert_eq!(join(&app, ines, org.id).await, Err(AppError::not_found("organisation")), "once");
    let team = actions::read(&scope).await.expect("a team").members;
    assert_eq!(team.iter().find(|member| member.account == ines).map(|member| member.role), Some(Role::ReadOnly));
    // Who was taken out needs an invitation.
    actions::remove(&scope, ines).await.expect("removed");
    assert_eq!(offered(&app, ines).await, vec![]);
    assert_eq!(join(&app, ines, org.id).await, Err(AppError::not_found("organisation")));
    let audited = "select count(*) from audit_entries where kind = 'mail_domain'";
    assert_eq!(app.number(audited).await, 2, "claimed and proven; looking is nothing to note");
    actions::release_domain(&scope, domain.id).await.expect("given up");
    assert_eq!(actions::release_domain(&scope, domain.id).await, Err(AppError::not_found("mail_domain")));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_person_sees_the_offer_and_joins_by_one_press(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, scope) = owner(&app, "Les Tilleuls").await;
    let visitor = app.org("Ailleurs", Role::Owner).await;
    sqlx::query("update accounts set email = 'zoe@tilleuls.example', email_confirmed_at = now() where id = $1")
        .bind(visitor.account)
        .execute(&app.core.pool)
        .await
        .expect("an address");
    let domain = claimed(&scope).await;
    app.sim.zone().set(DOMAIN, vec![domain.record.clone()]);
    let post = |org: OrgId| {
        let request = app.http.post(app.url("/join")).header("cookie", &visitor.cookie).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(format!("org={org}"));
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(post(org.id).await, 404, "not proven yet");
    actions::check_domain(&scope, domain.id).await.expect("asked");
    let page = app.get(&visitor, "/settings/account").await.text().await.expect("a page");
    assert!(page.contains("Les Tilleuls") && page.contains("action=\"/join\""), "offered before wasm");
    assert_eq!(post(org.id).await, 303);
    let active: OrgId = sqlx::query_scalar("select active_org from sessions where id = $1")
        .bind(visitor.session)
        .fetch_one(&app.core.pool)
        .await
        .expect("a session");
    assert_eq!(active, org.id, "and goes on there");
    assert_eq!(post(org.id).await, 404, "once");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_duty_finds_the_record_and_notices_when_it_is_gone(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (_, scope) = owner(&app, "Les Tilleuls").await;
    let domain = claimed(&scope).await;
    app.run_jobs().await;
    app.sim.zone().set(DOMAIN, vec![domain.record.clone()]);
    duty(&app).await;
    assert!(read(&scope, domain.id).await.verified_at.is_some());
    assert_eq!(app.number("select count(*) from mail_domains where next_check_at > now() + interval '6 days'").await, 1, "weekly");
    // No answer takes nothing away, however often.
    app.sim.zone().set(DOMAIN, vec!["SERVFAIL".into()]);
    for _ in 0..4 {
        duty(&app).await;
    }
    let silent = read(&scope, domain.id).await;
    assert!(silent.verified_at.is_some() && silent.trouble == Some(DomainTrouble::Unreachable), "{silent:?}");
    app.sim.zone().set(DOMAIN, vec![]);
    for misses in 1..=3 {
        duty(&app).await;
        assert_eq!(read(&scope, domain.id).await.verified_at.is_some(), misses < 3, "after {misses}");
    }
    app.sim.zone().set(DOMAIN, vec![domain.record.clone()]);
    duty(&app).await;
    assert!(read(&scope, domain.id).await.verified_at.is_some(), "and back");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn one_organisation_has_a_domain_and_the_other_hears_so(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (first, second) = (owner(&app, "Les Tilleuls").await.1, owner(&app, "Les Autres").await.1);
    let (ours, theirs) = (claimed(&first).await, claimed(&second).await);
    assert_ne!(ours.record, theirs.record);
    app.sim.zone().set(DOMAIN, vec![ours.record.clone(), theirs.record.clone()]);
    assert!(actions::check_domain(&first, ours.id).await.expect("asked").verified_at.is_some());
    let told = actions::check_domain(&second, theirs.id).await.expect("asked");
    assert_eq!((told.verified_at, told.trouble), (None, Some(DomainTrouble::Held)));
    assert_eq!(actions::check_domain(&second, ours.id).await, Err(AppError::not_found("mail_domain")), "not theirs");
    assert_eq!(actions::release_domain(&second, ours.id).await, Err(AppError::not_found("mail_domain")));
    actions::release_domain(&first, ours.id).await.expect("given up");
    assert!(actions::check_domain(&second, theirs.id).await.expect("asked").verified_at.is_some(), "free again");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_everybodys_or_above_one_is_not_claimed(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, scope) = owner(&app, "Les Tilleuls").await;
    for domain in ["gmail.com", "orange.fr"] {
        let refused = actions::claim_domain(&scope, domain, Role::ReadOnly).await;
        assert_eq!(refused, Err(AppError::invalid("domain", "team.domain_public")), "{domain}");
    }
    assert!(actions::claim_domain(&scope, DOMAIN, Role::Owner).await.is_err(), "nobody becomes an owner by their address");
    let id = actions::claim_domain(&scope, DOMAIN, Role::Agent).await.expect("claimed");
    assert_eq!(actions::claim_domain(&scope, DOMAIN, Role::Admin).await, Ok(id), "the same claim, another role");
    assert_eq!(read(&scope, id).await.role, Role::Admin);
    let agent = scope_of(&app.core, org.id, member(&app, &org, Role::Agent).await, SessionId::generate(), Role::Agent);
    assert!(matches!(actions::domains(&agent).await, Err(AppError::Forbidden { .. })));
    assert!(matches!(actions::check_domain(&agent, id).await, Err(AppError::Forbidden { .. })));
    for n in 1..20 {
        actions::claim_domain(&scope, &format!("d{n}.example"), Role::ReadOnly).await.expect("claimed");
    }
    assert_eq!(actions::claim_domain(&scope, "more.example", Role::ReadOnly).await, Err(AppError::conflict("domain_limit")));
    for _ in 0..20 {
        actions::check_domain(&scope, id).await.expect("asked");
    }
    assert!(matches!(actions::check_domain(&scope, id).await, Err(AppError::RateLimited { .. })));
    app.sql("delete from jobs.job").await;
}
