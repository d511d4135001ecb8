//! The audit log: no table of settings is forgotten, nothing in it is changed without showing, and no secret stands in it.

use crate::{
    api::key_of,
    app::{TestApp, TestOrg, until},
    team::{as_role, member, owner},
    visitor::Doors,
};
use serde_json::Value;
use sqlx::PgPool;
use std::collections::BTreeMap;
use zencall::{
    api_keys::server::actions::NewKey,
    audit::{
        model::{ActorKind, AuditFilter, Checked, Entry},
        server::{actions, heads},
    },
    platform::OrgScope,
    shared::{
        audit::{Act, Object},
        error::AppError,
        permission::{Permission, Role},
    },
    team::server::actions as team,
    webhooks::server::actions as webhooks,
};

/// Tables of tenants that the log does not watch, and why. A new table is one or the other.
const UNWATCHED: &[(&str, &[&str])] = &[
    ("the log itself", &["audit_entries", "audit_refusals"]),
    (
        "written by calls, not by people who set something",
        &[
            "calls",
            "call_actions",
            "call_analyses",
            "call_counted",
            "call_events",
            "call_lines",
            "call_quarters",
            "call_refs",
            "callbacks",
            "hook_journal",
            "model_spend",
            "sms_messages",
            "sms_opt_outs",
            "sms_reports",
            "tool_runs",
            "unanswered_questions",
        ],
    ),
    (
        "work on calls: it stands on the call itself, where it can be erased",
        &["call_assignments", "call_marks", "call_notes", "note_mentions", "tags"],
    ),
    ("what one person sees and has read", &["call_readers", "call_reads", "call_views", "inbox_marks", "checklist_marks"]),
    ("a log of its own: who heard what; each use is noted besides", &["recording_uses"]),
    (
        "requests and deliveries have logs of their own",
        &["api_answers", "api_requests", "api_usage", "webhook_attempts", "webhook_deliveries", "webhook_events"],
    ),
    ("written with the removal of a member, and that is noted", &["mail_domain_refusals"]),
    ("saved while somebody types; what counts is published, and that is noted", &["assistant_drafts"]),
    ("what the provider holds, as it was read there", &["assistant_copies"]),
    ("made from the rows of answers", &["answer_phrases"]),
    ("what came of trying", &["rehearsal_runs", "rehearsal_talks"]),
];

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_table_of_tenants_is_watched_or_says_why_not(pool: PgPool) {
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select c.relname::text, c.relname = 'orgs' or exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'audited' and t.tgenabled = 'O')
         from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace and (a.attname is not null or c.relname = 'orgs')",
    )
    .fetch_all(&pool)
    .await
    .expect("the catalogue");
    let mut unwatched: BTreeMap<&str, &str> =
        UNWATCHED.iter().flat_map(|(why, tables)| tables.iter().map(move |table| (*table, *why))).collect();
    for (table, is_watched) in &tables {
        let why = unwatched.remove(table.as_str());
        assert!(*is_watched != why.is_some(), "{table}: watched {is_watched}, listed {why:?}");
    }
    assert!(unwatched.is_empty(), "these are no tables: {unwatched:?}");
    assert!(tables.iter().filter(|(_, is_watched)| *is_watched).count() > 15, "{tables:?}");
}

async fn log(scope: &OrgScope, filter: AuditFilter) -> Vec<Entry> {
    actions::list(scope, &filter, None).await.expect("the log").items
}

fn of(object: Object, act: Act) -> AuditFilter {
    AuditFilter { object: Some(object), act: Some(act), ..AuditFilter::default() }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_changed_what_stands_there_with_both_values(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let ines = member(&app, &org, Role::Agent).await;
    let scope = as_role(&app, &org, Role::Owner);
    team::set_role(&scope, ines, Role::Supervisor.into()).await.expect("a role");
    let entries = log(&scope, of(Object::Member, Act::Changed)).await;
    let [entry] = entries.as_slice() else { panic!("{entries:#?}") };
    assert_eq!(
        (entry.actor, entry.actor_id.as_deref(), entry.actor_name.as_deref()),
        (ActorKind::Person, Some(org.account.to_string().as_str()), Some("Acme owner"))
    );
    assert_eq!((entry.ip.as_deref(), entry.request_id.as_deref()), (Some("127.0.0.1"), Some("req")));
    assert_eq!((entry.subject.as_deref(), entry.label.as_deref()), (Some(ines.to_string().as_str()), Some("Inès Moreau")));
    let change = &entry.changes[0];
    assert_eq!((change.field.as_str(), change.before.as_deref(), change.after.as_deref()), ("role", Some("agent"), Some("supervisor")));
    assert_eq!(entry.changes.len(), 1);

    // What was not written is not noted, and what is undone leaves nothing.
    let before = app.number("select count(*) from audit_entries").await;
    team::set_role(&scope, ines, Role::Supervisor.into()).await.expect("the same role");
    let mut tx = scope.begin(Permission::TeamManage).await.expect("a transaction");
    sqlx::query("update members set role = 'admin'").execute(tx.conn()).await.expect("an update");
    drop(tx);
    assert_eq!(app.number("select count(*) from audit_entries").await, before);

    // A removal keeps what was removed.
    team::remove(&scope, ines).await.expect("removed");
    let gone = log(&scope, of(Object::Member, Act::Deleted)).await;
    assert!(
        gone[0]
            .changes
            .iter()
            .any(|change| change.field == "role" && change.before.as_deref() == Some("supervisor") && change.after.is_none())
    );
    assert_eq!(gone[0].label.as_deref(), Some("Inès Moreau"));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_secret_leaves_a_mark_and_no_more(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = as_role(&app, &org, Role::Owner);
    let fresh = key_of(&app, &org, new_key(vec![Permission::AuditRead])).await;
    let form = zencall::webhooks::model::EndpointForm { url: "https://93.184.215.14/a".into(), ..Default::default() };
    let endpoint = webhooks::create(&scope, form.parse().expect("a form")).await.expect("an endpoint");
    let mut tx = scope.begin(Permission::AssistantsEdit).await.expect("a transaction");
    sqlx::query("insert into known_callers (number, name) values ('+33639981247', 'Claire Fontaine')")
        .execute(tx.conn())
        .await
        .expect("a caller");
    tx.commit().await.expect("committed");
    let text: String = sqlx::query_scalar("select string_agg(concat(e.subject, e.label, e.before, e.after), ' ') from audit_entries e")
        .fetch_one(&app.core.pool)
        .await
        .expect("text");
    for secret in [fresh.secret.as_str(), endpoint.secret.as_str(), "\\\\x", "+33639981247", "Fontaine"] {
        assert!(!text.contains(secret), "{secret} stands in {text}");
    }
    let made = log(&scope, of(Object::Webhook, Act::Created)).await;
    assert!(made[0].changes.iter().any(|change| change.field == "secret_sealed" && change.after.as_deref() == Some("•••")));
    assert_eq!(log(&scope, of(Object::Caller, Act::Created)).await[0].label.as_deref(), Some("•••1247"));
    app.sql("delete from jobs.job").await;
}

fn new_key(scopes: Vec<Permission>) -> NewKey {
    NewKey { name: "Journal".into(), scopes, expires_at: None, networks: vec![], per_minute: 600, assistants: None }
}

async fn grow(app: &TestApp, org: &TestOrg) -> OrgScope {
    let scope = as_role(app, org, Role::Owner);
    let ines = member(app, org, Role::Agent).await;
    for role in [Role::Admin, Role::Analyst, Role::Supervisor] {
        team::set_role(&scope, ines, role.into()).await.expect("a role");
    }
    scope
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_entry_cannot_be_changed_and_shows_when_it_was(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, other) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let scope = grow(&app, &org).await;
    grow(&app, &other).await;
    let whole = actions::check(&scope).await.expect("checked");
    assert_eq!(whole.broken_at, None);
    assert!(whole.entries >= 5 && whole.head.len() == 64, "{whole:?}");

    // Neither the tenant's role nor the owner of the table.
    for statement in [
        "insert into audit_entries (n, at, actor_kind, action, kind, hash) values (99, now(), 'system', 'x', 'x', '')",
        "update audit_entries set label = 'x'",
        "delete from audit_entries",
        "update audit_refusals set times = 0",
    ] {
        let mut tx = scope.begin(Permission::AuditRead).await.expect("a transaction");
        let refused = sqlx::query(statement).execute(tx.conn()).await.expect_err("read only");
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
    for statement in ["update audit_entries set label = 'x'", "delete from audit_entries", "truncate audit_entries"] {
        let refused = sqlx::query(statement).execute(&app.core.pool).await.expect_err("append only");
        assert!(refused.to_string().contains("only added to"), "{refused}");
    }

    // With their organisation they go, all of them.
    let gone = app.org("Initech", Role::Owner).await;
    grow(&app, &gone).await;
    sqlx::query("delete from orgs where id = $1").bind(gone.id).execute(&app.core.pool).await.expect("gone");
    assert_eq!(app.number("select count(*) from audit_entries e where not exists (select from orgs o where o.id = e.org_id)").await, 0);

    // Whoever has the database in hand can; it shows.
    let (heads, faults) = heads::check(&app.core, vec![]).await.expect("checked");
    assert!(faults.is_empty() && heads.len() == 2, "{faults:?}");
    let broken = async || actions::check(&scope).await.expect("checked").broken_at;
    app.sql("alter table audit_entries disable trigger user").await;
    app.sql("update audit_entries set actor_name = 'Somebody else' where n = 3 and org_id = (select id from orgs where name = 'Acme')")
        .await;
    assert_eq!(broken().await, Some(3));
    app.sql("delete from audit_entries where n = 2 and org_id = (select id from orgs where name = 'Acme')").await;
    assert_eq!(broken().await, Some(2));
    app.sql("delete from audit_entries where n > 1 and org_id = (select id from orgs where name = 'Acme')").await;
    assert_eq!(broken().await, None, "what is cut off at the end is found by a head that was kept elsewhere");
    let (_, faults) = heads::check(&app.core, heads).await.expect("checked");
    assert!(matches!(faults.as_slice(), [fault] if fault.starts_with(&org.id.to_string())), "{faults:?}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn many_at_once_make_one_chain(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = as_role(&app, &org, Role::Owner);
    let one = async |n: usize| {
        // Two rows in either order: the log must add no deadlock of its own.
        let mut tx = scope.begin(Permission::OrgManage).await.expect("a transaction");
        let (first, second) = if n.is_multiple_of(2) { ("a", "b") } else { ("c", "d") };
        for name in [first, second] {
            let name = format!("{name}{n}");
            sqlx::query("insert into tags (id, name) values (gen_random_uuid(), $1)").bind(&name).execute(tx.conn()).await.expect("a tag");
            sqlx::query("insert into roles (id, name, permissions) values (gen_random_uuid(), $1, '{calls.read}')")
                .bind(&name)
                .execute(tx.conn())
                .await
                .expect("a role");
        }
        tx.commit().await.expect("committed");
    };
    futures::future::join_all((0..24).map(one)).await;
    let Checked { entries, broken_at, .. } = actions::check(&scope).await.expect("checked");
    assert_eq!(broken_at, None);
    assert_eq!(app.number("select max(n) - count(*) from audit_entries").await, 0, "without a gap");
    assert!(entries >= 48, "{entries}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn refusals_are_counted_and_reading_pages_makes_none(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = as_role(&app, &org, Role::ReadOnly);
    for _ in 0..30 {
        assert_eq!(team::read(&scope).await.err(), Some(AppError::Forbidden { needs: Permission::TeamRead }));
    }
    let owner = as_role(&app, &org, Role::Owner);
    let refusals = async || actions::refusals(&owner).await.expect("refusals").items;
    let noted = until("refusals are written", 10, async || refusals().await.pop()).await;
    assert_eq!((noted.needs.as_str(), noted.times, noted.ip.as_deref()), ("team.read", 30, Some("127.0.0.1")));
    assert_eq!(noted.actor_id, org.account.to_string());

    // Nobody is refused a thing by looking at what they may look at.
    app.sql("delete from audit_refusals").await;
    for role in [Role::Billing, Role::ReadOnly, Role::Agent, Role::Developer] {
        let other = app.org(&format!("Of {role}"), role).await;
        for path in ["/home", "/settings/account", "/live", "/calls", "/assistants"] {
            if role == Role::Billing && path != "/home" && path != "/settings/account" {
                continue;
            }
            assert_eq!(app.get(&other, path).await.status(), 200, "{role} {path}");
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(600)).await; // twice what a refusal waits to be written
    let left: Vec<(String, String)> = sqlx::query_as("select o.name, r.needs from audit_refusals r join orgs o on o.id = r.org_id")
        .fetch_all(&app.core.pool)
        .await
        .expect("rows");
    assert!(left.is_empty(), "{left:?}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_people_do_with_their_accounts_is_told_to_their_organisation(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (mut awa, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    awa.post("/view-as", &[("role", "agent")]).await;
    awa.post("/view-as", &[("role", "")]).await;
    awa.post("/sign-out", &[]).await;
    let wrong = [("email", "awa@tilleuls.example"), ("password", "trois tilleuls et un banc")];
    awa.post("/sign-in", &wrong).await;
    let entries = log(&scope, AuditFilter { object: Some(Object::Account), ..AuditFilter::default() }).await;
    let acts: Vec<&str> = entries.iter().rev().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["signed_in", "viewed_as", "view_ended", "signed_out"]);
    assert!(entries.iter().all(|entry| entry.ip.as_deref() == Some("192.0.2.1") && entry.actor_name.as_deref() == Some("Awa Diallo")));
    assert_eq!(entries[2].changes[0].after.as_deref(), Some("agent"));
    let noted = until("refusals are written", 10, async || actions::refusals(&scope).await.expect("refusals").items.pop()).await;
    assert_eq!((noted.needs.as_str(), noted.times), ("sign_in", 1));
    // The organisation itself was made by its owner.
    let made = log(&scope, of(Object::Organisation, Act::Created)).await;
    assert_eq!(made[0].actor_name.as_deref(), Some("Awa Diallo"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_log_is_read_by_page_by_file_and_by_key(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, other) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    grow(&app, &org).await;
    let page = app.get(&org, "/settings/audit?object=member").await.text().await.expect("a page");
    assert!(page.contains("Inès Moreau"));
    let key = key_of(&app, &org, new_key(vec![Permission::AuditRead])).await.secret;
    let ask = async |path: &str| -> (u16, Value) {
        let answer = app.http.get(app.url(path)).bearer_auth(&key).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    let (mut numbers, mut next) = (Vec::new(), String::new());
    loop {
        let (status, page) = ask(&format!("/api/v1/audit?limit=2{next}")).await;
        assert_eq!(status, 200, "{page}");
        numbers.extend(page["items"].as_array().expect("items").iter().map(|entry| entry["n"].as_i64().expect("a number")));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&after={cursor}");
    }
    let all = app.number("select max(n) from audit_entries e join orgs o on o.id = e.org_id where o.name = 'Acme'").await;
    assert_eq!(numbers, (1..=all).rev().collect::<Vec<_>>());
    let (_, changed) = ask("/api/v1/audit?object=member&act=changed&limit=1").await;
    assert_eq!((&changed["items"][0]["before"]["role"], &changed["items"][0]["after"]["role"]), (&"analyst".into(), &"supervisor".into()));
    let (status, problem) = ask("/api/v1/audit?actor=me").await;
    assert_eq!((status, &problem["errors"]["actor"]), (422, &"audit.bad_actor".into()), "{problem}");
    assert_eq!(ask("/api/v1/audit/check").await.1["broken_at"], Value::Null);

    // The file: everything, and that it was taken.
    let file = app.get(&org, "/settings/audit/export.csv").await.text().await.expect("a file");
    assert_eq!(
        file.lines().count() as i64,
        app.number("select count(*) + 1 from audit_entries e join orgs o on o.id = e.org_id where o.name = 'Acme'").await
    );
    assert!(file.lines().nth(1).is_some_and(|line| line.contains("exported,audit")), "{file}");
    assert!(!file.contains(&other.account.to_string()));
    app.sql("delete from jobs.job").await;
}
