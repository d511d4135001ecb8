//! The team: roles, who may give them, invitations and where they lead.

use crate::{
    app::{TestApp, TestOrg},
    visitor::{Browser, Doors, link_of},
};
use chrono::Duration;
use sqlx::PgPool;
use zencall::{
    platform::{Actor, Core, OrgScope, SystemTx, mail::Letter, request::RequestInfo, tenancy::Caller},
    shared::{
        error::AppError,
        ids::{AccountId, InvitationId, OrgId, SessionId},
        permission::{Permission, Role, RoleChoice},
    },
    team::{
        model::{RoleForm, Verdict},
        server::actions,
    },
};

pub fn scope_of(core: &Core, org: OrgId, account: AccountId, session: SessionId, role: Role) -> OrgScope {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let caller = Caller::Person { account, session, org: Some((org, role.into())) };
    let ip = std::net::Ipv4Addr::LOCALHOST.into();
    parts.extensions.insert(RequestInfo { id: "req".into(), ip, user_agent: String::new(), caller });
    let scope = OrgScope::of_parts(core, &parts).expect("a scope");
    assert_eq!(scope.actor(), Actor::Person { account, session });
    scope
}

pub fn as_role(app: &TestApp, org: &TestOrg, role: Role) -> OrgScope {
    scope_of(&app.core, org.id, org.account, org.session, role)
}

/// Another member.
pub async fn member(app: &TestApp, org: &TestOrg, role: Role) -> AccountId {
    let account = AccountId::generate();
    let mut tx = SystemTx::begin(&app.core, "a test's member").await.expect("a transaction");
    sqlx::query("insert into accounts (id, email, name, password_hash, email_confirmed_at) values ($1, $2, 'Inès Moreau', 'x', now())")
        .bind(account)
        .bind(format!("{account}@example.test"))
        .execute(tx.conn())
        .await
        .expect("an account");
    sqlx::query("insert into members (org_id, account_id, role) values ($1, $2, $3)")
        .bind(org.id)
        .bind(account)
        .bind(role)
        .execute(tx.conn())
        .await
        .expect("a member");
    tx.commit().await.expect("committed");
    account
}

async fn role_of(app: &TestApp, org: &TestOrg, account: AccountId) -> Option<Role> {
    sqlx::query_scalar("select role from members where org_id = $1 and account_id = $2")
        .bind(org.id)
        .bind(account)
        .fetch_optional(&app.core.pool)
        .await
        .expect("a role")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_organisation_never_loses_its_last_owner(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let refused = Err(AppError::conflict("last_owner"));
    assert_eq!(actions::set_role(&owner, org.account, Role::Admin.into()).await, refused);
    assert_eq!(actions::remove(&owner, org.account).await, refused);
    assert_eq!(actions::leave(&owner).await, refused);
    // Of two owners who step down at once one stays, whoever comes first.
    for _ in 0..5 {
        let second = member(&app, &org, Role::Owner).await;
        let (one, two) =
            tokio::join!(actions::set_role(&owner, org.account, Role::Admin.into()), actions::set_role(&owner, second, Role::Admin.into()));
        assert!(one.is_ok() || two.is_ok());
        assert!(one.is_err() || two.is_err(), "{one:?} {two:?}");
        let owners = app.number("select count(*) from members where role = 'owner'").await;
        assert_eq!(owners, 1);
        app.sql("delete from members where role <> 'owner'").await;
        sqlx::query("insert into members (org_id, account_id, role) values ($1, $2, 'owner') on conflict do nothing")
            .bind(org.id)
            .bind(org.account)
            .execute(&app.core.pool)
            .await
            .expect("a member");
        sqlx::query("delete from members where account_id <> $1").bind(org.account).execute(&app.core.pool).await.expect("gone");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_gives_or_takes_a_role_above_their_own(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, other) = (app.org("Acme", Role::Admin).await, app.org("Globex", Role::Owner).await);
    let owner = member(&app, &org, Role::Owner).await;
    let agent = member(&app, &org, Role::Agent).await;
    let admin = as_role(&app, &org, Role::Admin);
    let above = || AppError::conflict("above_you");
    assert_eq!(actions::set_role(&admin, agent, Role::Owner.into()).await, Err(above()));
    assert_eq!(actions::set_role(&admin, owner, Role::Agent.into()).await, Err(above()));
    assert_eq!(actions::remove(&admin, owner).await, Err(above()));
    assert_eq!(actions::hand_over(&admin, agent).await, Err(above()));
    assert_eq!(actions::invite(&admin, &["x@example.test".into()], Role::Owner.into()).await, Err(above()));
    let (real, to_be) = (scope_of(&app.core, org.id, owner, org.session, Role::Owner), ["heir@example.test".to_owned()]);
    let open = actions::invite(&real, &to_be, Role::Owner.into()).await.expect("invited")[0].id;
    assert_eq!(actions::invite(&admin, &to_be, Role::Agent.into()).await, Err(above()), "it would be written over");
    assert_eq!(actions::resend(&admin, open).await, Err(above()));
    assert_eq!(actions::revoke(&admin, open).await, Err(above()));
    assert_eq!(actions::revoke(&real, open).await, Ok(()));
    let program = OrgScope::of_system(&app.core, org.id);
    assert_eq!(actions::remove(&program, owner).await, Err(above()));
    assert_eq!(actions::set_role(&admin, agent, Role::Supervisor.into()).await, Ok(()));
    assert_eq!(role_of(&app, &org, agent).await, Some(Role::Supervisor));
    // Whoever may not manage is refused, and who belongs elsewhere is as good as nobody.
    let supervisor = scope_of(&app.core, org.id, agent, org.session, Role::Supervisor);
    assert!(matches!(actions::set_role(&supervisor, org.account, Role::Agent.into()).await, Err(AppError::Forbidden { .. })));
    assert_eq!(actions::set_role(&admin, other.account, Role::Agent.into()).await, Err(AppError::not_found("member")));
    assert_eq!(actions::remove(&admin, other.account).await, Err(AppError::not_found("member")));
    assert_eq!(role_of(&app, &other, other.account).await, Some(Role::Owner));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn handing_over_makes_one_owner_of_another(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let heir = member(&app, &org, Role::Agent).await;
    let owner = as_role(&app, &org, Role::Owner);
    assert_eq!(actions::hand_over(&owner, org.account).await, Err(AppError::not_found("member")), "to oneself");
    actions::hand_over(&owner, heir).await.expect("handed over");
    assert_eq!((role_of(&app, &org, heir).await, role_of(&app, &org, org.account).await), (Some(Role::Owner), Some(Role::Admin)));
    assert_eq!(actions::leave(&owner).await, Ok(()));
    assert_eq!(role_of(&app, &org, org.account).await, None);
}

/// How the server function of the page answers this browser.
async fn asked(app: &TestApp, org: &TestOrg) -> u16 {
    let request = app.http.post(app.url("/rpc/zencall/team/rpc/read_team")).header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").header("cookie", &org.cookie);
    request.send().await.expect("an answer").status().as_u16()
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_role_counts_from_the_moment_it_is_given(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Admin).await;
    member(&app, &org, Role::Owner).await;
    let program = OrgScope::of_system(&app.core, org.id);
    assert_eq!(asked(&app, &org).await, 200);
    actions::set_role(&program, org.account, Role::Billing.into()).await.expect("given");
    assert_eq!(asked(&app, &org).await, 403);
    actions::set_role(&program, org.account, Role::Agent.into()).await.expect("given");
    assert_eq!(asked(&app, &org).await, 200);
    actions::remove(&program, org.account).await.expect("removed");
    assert_eq!(asked(&app, &org).await, 401, "who was removed sees nothing");
    assert_eq!(app.number("select count(*) from sessions where active_org is not null").await, 0);
}

/// A browser signed in as the owner of a new organisation, and its scope.
pub async fn owner<'a>(doors: &'a Doors, company: &str, email: &str) -> (Browser<'a>, OrgScope) {
    let mut browser = doors.browser();
    let form = [
        ("kind", "business"),
        ("company", company),
        ("country", "FR"),
        ("name", "Awa Diallo"),
        ("email", email),
        ("password", "quatre tilleuls et un banc"),
        ("terms", "on"),
    ];
    browser.post("/sign-up", &form).await;
    let link = link_of(&doors.mail().await);
    browser.post(&link, &[]).await;
    browser.post("/sign-in", &[("email", email), ("password", "quatre tilleuls et un banc")]).await;
    let (account, org): (AccountId, OrgId) = sqlx::query_as(
        "select a.id, m.org_id from accounts a join members m on m.account_id = a.id where a.email = $1 order by m.created_at limit 1",
    )
    .bind(email)
    .fetch_one(&doors.pool)
    .await
    .expect("an owner");
    let scope = scope_of(&doors.core, org, account, SessionId::generate(), Role::Owner);
    (browser, scope)
}

pub async fn invited(doors: &Doors, scope: &OrgScope, email: &str) -> (InvitationId, String) {
    let fresh = actions::invite(scope, &[email.to_owned()], Role::Agent.into()).await.expect("invited").remove(0);
    let mail = doors.mail().await;
    let Letter::Invitation { inviter, organisation, url, valid_days } = mail.letter else { panic!("another letter") };
    assert_eq!((mail.to.as_str(), inviter.as_str(), valid_days, &url), (email, "Awa Diallo", 7, &fresh.url));
    assert_eq!(organisation, "Les Tilleuls");
    (fresh.id, url.strip_prefix("http://zencall.test").expect("our address").to_owned())
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn somebody_new_joins_by_the_link_once(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let (_, link) = invited(&doors, &scope, "ines@tilleuls.example").await;
    let mut ines = doors.browser();
    let page = ines.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Les Tilleuls") && page.body.contains("ines@tilleuls.example"));
    assert_eq!(page.headers["referrer-policy"], "no-referrer", "the address is the key");
    let wrong = ines.post(&link, &[("name", ""), ("password", "court")]).await;
    assert_eq!(wrong.status, 422);
    let joined = ines.post(&link, &[("name", "Inès"), ("password", "un mot de passe assez long"), ("terms", "on")]).await;
    assert_eq!((joined.status.as_u16(), joined.location()), (303, "/sign-in?said=joined"));
    assert_eq!(doors.count("select count(*) from orgs").await, 1, "no organisation of her own");
    assert_eq!(doors.count("select count(*) from acceptances where email = 'ines@tilleuls.example'").await, 2);
    ines.post("/sign-in", &[("email", "ines@tilleuls.example"), ("password", "un mot de passe assez long")]).await;
    assert_eq!(ines.get("/calls").await.status, 200);
    assert_eq!(doors.count("select count(*) from members where role = 'agent'").await, 1);
    assert_eq!(doors.browser().get(&link).await.status, 410, "good once");
    assert_eq!(ines.post(&link, &[]).await.status, 410);
    let team = actions::read(&scope).await.expect("a team");
    assert_eq!((team.members.len(), team.invitations.len()), (2, 0));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_has_an_account_joins_signed_in_and_goes_from_one_organisation_to_the_other(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (mut paul, _) = owner(&doors, "Garage du Port", "paul@port.example").await;
    let (mut awa, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let (_, link) = invited(&doors, &scope, "paul@port.example").await;
    let stranger = doors.browser().get(&link).await;
    assert!(stranger.body.contains("/sign-in?next=%2Fjoin%2F"), "asked to sign in");
    assert_eq!(awa.post(&link, &[]).await.status, 409, "the link is for another address");
    assert_eq!(
        doors.browser().post(&link, &[("name", "Paul"), ("password", "un mot de passe assez long"), ("terms", "on")]).await.status,
        409
    );
    let joined = paul.post(&link, &[]).await;
    assert_eq!((joined.status.as_u16(), joined.location()), (303, "/home"));
    let home = paul.get("/home").await.body;
    assert!(home.contains("Les Tilleuls") && home.contains("Garage du Port"), "here, and the way back");
    let port: OrgId = sqlx::query_scalar("select id from orgs where name = 'Garage du Port'").fetch_one(&doors.pool).await.expect("an id");
    assert_eq!(paul.post("/switch", &[("org", &port.to_string())]).await.status, 303);
    assert!(!paul.get("/home").await.body.contains(&format!("value=\"{port}\"")), "here now, so no way here");
    assert_eq!(awa.post("/switch", &[("org", &port.to_string())]).await.status, 404, "not hers");
    // Taken out here, he goes on there.
    let account: AccountId =
        sqlx::query_scalar("select id from accounts where email = 'paul@port.example'").fetch_one(&doors.pool).await.expect("an id");
    paul.post("/switch", &[("org", &scope.org().to_string())]).await;
    actions::remove(&scope, account).await.expect("removed");
    assert!(paul.get("/home").await.body.contains("Garage du Port"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_link_that_ran_out_or_was_replaced_or_taken_back_leads_nowhere(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let (id, first) = invited(&doors, &scope, "ines@tilleuls.example").await;
    let again = actions::resend(&scope, id).await.expect("sent again");
    doors.mails().await;
    let second = again.url.strip_prefix("http://zencall.test").expect("our address").to_owned();
    assert_eq!((doors.browser().get(&first).await.status.as_u16(), doors.browser().get(&second).await.status.as_u16()), (410, 200));
    doors.advance(Duration::days(8));
    assert_eq!(doors.browser().get(&second).await.status, 410);
    let (id, third) = invited(&doors, &scope, "ines@tilleuls.example").await;
    assert_eq!(actions::read(&scope).await.expect("a team").invitations.len(), 1, "one for each address");
    let elsewhere = OrgScope::of_system(&doors.core, OrgId::generate());
    assert_eq!(actions::revoke(&elsewhere, id).await, Err(AppError::not_found("invitation")));
    actions::revoke(&scope, id).await.expect("taken back");
    assert_eq!(doors.browser().get(&third).await.status, 410);
    assert_eq!(actions::revoke(&scope, id).await, Err(AppError::not_found("invitation")));
    assert_eq!(actions::invite(&scope, &["awa@tilleuls.example".into()], Role::Agent.into()).await, Ok(vec![]), "she is here already");
}

fn role(name: &str, permissions: &[Permission]) -> zencall::team::model::NewRole {
    RoleForm { name: name.into(), permissions: permissions.iter().map(ToString::to_string).collect() }.parse().expect("a role")
}

/// What somebody may do by the rows of this moment.
async fn now(app: &TestApp, org: &TestOrg) -> OrgScope {
    let (_, rights) = zencall::platform::session::rights_now(&app.core, org.session, None).await.expect("rights").expect("a session");
    OrgScope::of_system(&app.core, org.id).with_rights(&rights)
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_role_of_ones_own_is_what_was_ticked_and_changes_at_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Agent).await;
    let owner = scope_of(&app.core, org.id, member(&app, &org, Role::Owner).await, SessionId::generate(), Role::Owner);
    let evening = actions::create_role(&owner, &role("Soir", &[Permission::CallsRead, Permission::TeamRead])).await.expect("a role");
    let taken = actions::create_role(&owner, &role("soir", &[Permission::CallsRead])).await;
    assert_eq!(taken, Err(AppError::invalid("name", "team.role_taken")));
    actions::set_role(&owner, org.account, RoleChoice::Own(evening)).await.expect("given");
    let scope = now(&app, &org).await;
    assert!(scope.may(Permission::CallsRead) && scope.may(Permission::TeamRead) && !scope.may(Permission::CallsControl));
    assert_eq!(app.get(&org, "/calls/export.csv").await.status(), 403, "the door goes by it, too");
    let why = actions::why(&owner, org.account).await.expect("why");
    let verdict = |wanted: Permission| why.verdicts.iter().find(|(permission, _)| *permission == wanted).map(|(_, verdict)| *verdict);
    assert_eq!((why.own_role.as_deref(), verdict(Permission::CallsControl)), (Some("Soir"), Some(Verdict::NotInRole)));
    actions::update_role(&owner, evening, &role("Soir", &[Permission::CallsExport, Permission::CallsRead])).await.expect("changed");
    assert_eq!(app.get(&org, "/calls/export.csv").await.status(), 200);
    assert_eq!(actions::delete_role(&owner, evening).await, Err(AppError::conflict("role_in_use")));
    actions::set_role(&owner, org.account, Role::Agent.into()).await.expect("given back");
    actions::delete_role(&owner, evening).await.expect("gone");
    let elsewhere = app.org("Globex", Role::Owner).await;
    let theirs =
        actions::create_role(&as_role(&app, &elsewhere, Role::Owner), &role("Soir", &[Permission::CallsRead])).await.expect("theirs");
    assert_eq!(actions::set_role(&owner, org.account, RoleChoice::Own(theirs)).await, Err(AppError::invalid("role", "team.role")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_gives_or_makes_more_than_they_have(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let steward = actions::create_role(&owner, &role("Intendance", &[Permission::TeamRead, Permission::TeamManage])).await.expect("a role");
    let other = app.org("Acme too", Role::Agent).await;
    let guest = member(&app, &org, Role::ReadOnly).await;
    sqlx::query("update sessions set active_org = $1 where id = $2")
        .bind(org.id)
        .bind(other.session)
        .execute(&app.core.pool)
        .await
        .expect("here");
    sqlx::query("insert into members (org_id, account_id, role, own_role) values ($1, $2, 'read_only', $3)")
        .bind(org.id)
        .bind(other.account)
        .bind(steward)
        .execute(&app.core.pool)
        .await
        .expect("a member");
    let (_, rights) = zencall::platform::session::rights_now(&app.core, other.session, None).await.expect("rights").expect("a session");
    let scope = scope_of(&app.core, org.id, other.account, other.session, Role::ReadOnly).with_rights(&rights);
    let above = || AppError::conflict("above_you");
    assert_eq!(actions::set_role(&scope, guest, Role::Agent.into()).await, Err(above()));
    assert_eq!(actions::set_role(&scope, other.account, Role::Admin.into()).await, Err(above()));
    assert_eq!(actions::invite(&scope, &["x@example.test".into()], Role::Admin.into()).await, Err(above()));
    assert_eq!(actions::create_role(&scope, &role("Tout", Permission::ALL)).await, Err(above()));
    assert_eq!(actions::update_role(&scope, steward, &role("Tout", Permission::ALL)).await, Err(above()));
    assert_eq!(actions::set_role(&scope, org.account, RoleChoice::Own(steward)).await, Err(above()), "an owner is more");
    assert_eq!(actions::set_limit(&scope, org.account, None).await, Err(above()));
    actions::create_role(&scope, &role("Adjoint", &[Permission::TeamRead])).await.expect("within what they have");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_is_limited_sees_the_calls_of_their_assistants_and_changes_nothing_of_all(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Supervisor).await;
    let owner = scope_of(&app.core, org.id, member(&app, &org, Role::Owner).await, SessionId::generate(), Role::Owner);
    let (mine, theirs) = (app.assistant(&org).await.0, app.assistant(&org).await.0);
    for (id, assistant) in [("c1", mine), ("c2", theirs)] {
        let said = serde_json::json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": format!("canarie {id}"),
            "timestamp": app.core.clock.now().timestamp_millis(), "call": { "id": id } });
        assert_eq!(app.hook(&org, &said).await.status(), 200);
        app.applied().await;
        sqlx::query("update calls set assistant_id = $1 where id = (select call_id from call_refs where provider_call_id = $2)")
            .bind(assistant)
            .bind(id)
            .execute(&app.core.pool)
            .await
            .expect("an assistant");
    }
    let whole = app.get(&org, "/calls/export.csv").await.text().await.expect("a file");
    assert_eq!(whole.lines().count(), 3);
    let refused = actions::set_limit(&owner, org.account, Some(vec![])).await;
    assert_eq!(refused, Err(AppError::invalid("assistants", "team.assistants")));
    actions::set_limit(&owner, org.account, Some(vec![zencall::shared::ids::AssistantId(mine)])).await.expect("limited");
    let seen = app.get(&org, "/calls/export.csv").await.text().await.expect("a file");
    assert_eq!(seen.lines().count(), 2, "{seen}");
    let scope = now(&app, &org).await;
    for (table, left) in [("calls", 1), ("call_lines", 1), ("assistants", 1), ("call_refs", 1), ("hook_journal", 0)] {
        let mut tx = scope.begin(Permission::CallsRead).await.expect("a transaction");
        let count = format!("select count(*) from {table}");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(tx.conn()).await.expect("a count");
        assert_eq!(found, left, "{table}");
    }
    assert!(scope.may(Permission::AssistantsEdit) && scope.require_for_all(Permission::AssistantsEdit).is_err());
    assert_eq!(app.get(&org, "/settings/team").await.status(), 200);
    let why = actions::why(&owner, org.account).await.expect("why");
    assert!(why.verdicts.contains(&(Permission::CallsRead, Verdict::WithinLimit)));
    actions::set_limit(&owner, org.account, None).await.expect("no more");
    assert_eq!(app.get(&org, "/calls/export.csv").await.text().await.expect("a file").lines().count(), 3);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn seeing_zencall_as_another_role_shows_what_it_sees_and_writes_nothing(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (mut awa, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let began = awa.post("/view-as", &[("role", "agent")]).await;
    assert_eq!((began.status.as_u16(), began.location()), (303, "/home"));
    assert!(awa.get("/home").await.body.contains("/view-as"), "it is said on the page, with the way back");
    assert_eq!(awa.get("/calls/export.csv").await.status, 403, "an agent takes no file away");
    let log = awa.get("/calls").await;
    assert!(log.status == 200 && !log.body.contains("viewing_as"), "what a page notes by the way keeps nobody from reading it");
    let session: SessionId =
        sqlx::query_scalar("select id from sessions where view_as = 'agent'").fetch_one(&doors.pool).await.expect("a session");
    let (_, rights) = zencall::platform::session::rights_now(&doors.core, session, None).await.expect("rights").expect("a session");
    let viewing = scope.with_rights(&rights);
    assert!(viewing.may(Permission::CallsNote), "an agent may");
    let mut tx = viewing.begin(Permission::CallsNote).await.expect("to read");
    let written = sqlx::query("insert into tags (id, name) values (gen_random_uuid(), 'x')").execute(tx.conn()).await;
    assert_eq!(AppError::from(written.expect_err("read only")), AppError::conflict("viewing_as"));
    drop(tx);
    let any = zencall::shared::ids::CallId::generate();
    assert_eq!(zencall::calls::server::log::actions::opened(&viewing, any).await, Ok(()), "a page is read, and notes nothing by the way");
    assert_eq!(awa.post("/view-as", &[("role", "owner")]).await.status, 403, "an agent looks as nobody else");
    assert_eq!(awa.post("/view-as", &[("role", "")]).await.status, 303);
    assert_eq!(awa.get("/calls/export.csv").await.status, 200);
    assert_eq!(awa.post("/view-as", &[("role", "king")]).await.status, 404);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_somebody_invited_goes_with_their_role(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let admin = member(&app, &org, Role::Admin).await;
    let theirs = scope_of(&app.core, org.id, admin, SessionId::generate(), Role::Admin);
    actions::invite(&theirs, &["way.back@example.test".into()], Role::Admin.into()).await.expect("invited");
    actions::remove(&owner, admin).await.expect("removed");
    assert_eq!(actions::read(&owner).await.expect("a team").invitations, vec![]);
    app.sql("delete from jobs.job").await;
}
