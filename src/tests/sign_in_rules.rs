//! What an organisation asks of its members' sign-ins: counted at once, for every door and every open stream.

use crate::{
    account::{at_home, with_second_factor},
    app::{TestApp, TestOrg},
    calls::Tab,
    team::{as_role, member, scope_of},
    visitor::{Browser, Doors},
};
use chrono::Duration;
use sqlx::PgPool;
use zencall::{
    account::{
        rules::RulesForm,
        server::actions::{read_rules, save_rules},
    },
    platform::OrgScope,
    shared::{
        error::AppError,
        ids::{AccountId, OrgId, SessionId},
        permission::{Permission, Role},
    },
};

/// The scope of the only owner there is.
async fn owner(doors: &Doors) -> OrgScope {
    let (account, org): (AccountId, OrgId) =
        sqlx::query_as("select account_id, org_id from members").fetch_one(&doors.pool).await.expect("an owner");
    scope_of(&doors.core, org, account, SessionId::generate(), Role::Owner)
}

fn asking(grace_days: &str) -> RulesForm {
    RulesForm { second_factor: "true".into(), grace_days: grace_days.into(), ..RulesForm::default() }
}

/// Whether they are let at the calls; refused is the only other answer.
async fn sees_calls(browser: &mut Browser<'_>) -> bool {
    let status = browser.get("/calls/export.csv").await.status;
    assert!(status == 200 || status == 403, "{status}");
    status == 200
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_second_factor_that_is_asked_for_is_reminded_of_then_needed(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let scope = owner(&doors).await;
    let without = save_rules(&scope, &asking("7")).await;
    assert_eq!(without, Err(AppError::invalid("second_factor", "rules.yourself_first")), "nobody shuts themselves out");
    with_second_factor(&doors, &mut browser).await;
    for wrong in ["", "-1", "91", "soon"] {
        assert_eq!(save_rules(&scope, &asking(wrong)).await, Err(AppError::invalid("grace_days", "rules.grace")), "{wrong}");
    }
    save_rules(&scope, &asking("7")).await.expect("saved");
    let from = read_rules(&scope).await.expect("rules").second_factor_from;
    assert_eq!(from, Some(doors.now() + Duration::days(7)));
    assert!(sees_calls(&mut browser).await, "who has shown one goes on");

    // The same person in a browser that has shown none: reminded, then let in without a permission.
    sqlx::query("update sessions set second_factor_at = null").execute(&doors.pool).await.expect("forgotten");
    let reminded = browser.get("/home").await.body;
    assert!(reminded.contains("demande un second facteur à partir du"));
    assert!(reminded.contains("29 novembre 2026") || reminded.contains("29\u{a0}novembre 2026"));
    assert!(sees_calls(&mut browser).await);
    doors.advance(Duration::days(8));
    assert!(!sees_calls(&mut browser).await);
    let page = browser.get("/settings/security").await;
    assert!(page.status == 200 && page.body.contains("demande un second facteur."), "the way to meet the rule is open");

    // Saved once more, it stays asked for from when it was; and without the rule everything is as before.
    save_rules(&scope, &asking("30")).await.expect("saved");
    assert_eq!(read_rules(&scope).await.expect("rules").second_factor_from, from);
    save_rules(&scope, &RulesForm::default()).await.expect("saved");
    assert!(sees_calls(&mut browser).await);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn setting_it_up_opens_the_door_and_taking_it_away_shuts_it(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    sqlx::query("insert into sign_in_rules (org_id, second_factor_from) select org_id, now() - interval '30 years' from members")
        .execute(&doors.pool)
        .await
        .expect("a rule");
    assert!(!sees_calls(&mut browser).await);
    with_second_factor(&doors, &mut browser).await;
    assert!(sees_calls(&mut browser).await);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn sessions_last_as_long_as_the_organisation_says(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let scope = owner(&doors).await;
    let hours = |hours: &str| RulesForm { session_hours: hours.into(), ..RulesForm::default() };
    assert_eq!(save_rules(&scope, &hours("0")).await, Err(AppError::invalid("session_hours", "rules.session_hours")));
    save_rules(&scope, &hours("8")).await.expect("saved");
    sqlx::query("update sessions set created_at = $1").bind(doors.now()).execute(&doors.pool).await.expect("now");
    doors.advance(Duration::hours(7));
    assert!(sees_calls(&mut browser).await);
    doors.advance(Duration::hours(2));
    assert!(browser.get("/calls").await.location().starts_with("/sign-in"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn only_allowed_addresses_let_anybody_in(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let scope = owner(&doors).await;
    let from = |networks: &str| RulesForm { networks: networks.into(), ..RulesForm::default() };
    // The scope of these tests comes from 127.0.0.1, the browser from 192.0.2.1.
    assert_eq!(save_rules(&scope, &from("192.0.2.0/24")).await, Err(AppError::invalid("networks", "rules.not_from_here")));
    assert_eq!(save_rules(&scope, &from("the office")).await, Err(AppError::invalid("networks", "rules.network")));
    save_rules(&scope, &from("127.0.0.1\n192.0.2.0/24")).await.expect("saved");
    assert!(sees_calls(&mut browser).await);
    let mut elsewhere = browser.clone();
    elsewhere.ip = "198.51.100.7".into();
    assert!(!sees_calls(&mut elsewhere).await);
    assert!(elsewhere.get("/home").await.body.contains("ne laisse pas entrer depuis cette adresse"));
    let mut mapped = browser.clone();
    mapped.ip = "::ffff:192.0.2.9".into();
    assert!(sees_calls(&mut mapped).await, "the same address in the other family's spelling");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_rule_counts_for_open_streams_too(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org: TestOrg = app.org("Acme", Role::Owner).await;
    let mut tab = Tab::open(&app, &org).await;
    tab.follow("board", 0).await;
    app.sql("insert into sign_in_rules (org_id, second_factor_from) select id, now() - interval '1 day' from orgs").await;
    // Any change of the rules is told to every member: here that of the length of sessions, by somebody who meets them.
    let ines = member(&app, &org, Role::Admin).await;
    app.sql("update accounts set totp_confirmed_at = now()").await;
    let scope = scope_of(&app.core, org.id, ines, SessionId::generate(), Role::Admin);
    save_rules(&scope, &RulesForm { session_hours: "24".into(), ..asking("0") }).await.expect("saved");
    while tab.next().await.is_some() {}
    assert_eq!(
        as_role(&app, &org, Role::Agent).begin(Permission::OrgManage).await.err(),
        Some(AppError::Forbidden { needs: Permission::OrgManage })
    );
}
