//! The journal of incoming webhooks: why something was turned away, what would change if it were applied once more, mending, and forgetting.

use crate::{
    api::{key_of, master, request, wanted},
    app::{TestApp, TestOrg, until},
};
use http::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use zencall::{
    calls::{
        journal::model::*,
        server::journal::{PruneJournal, actions},
    },
    platform::{OrgScope, SystemTx, queue, rights::Rights},
    shared::{
        error::AppError,
        ids::HookId,
        permission::{Permission, Role},
    },
};

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

async fn listed(app: &TestApp, org: &TestOrg, state: &str) -> Vec<HookRow> {
    let form = HookForm { state: state.into(), ..HookForm::default() };
    actions::list(&scope(app, org), &form.parse().expect("a filter"), None, None).await.expect("a page").items
}

fn said(call: &str, text: &str, at: i64) -> Value {
    json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": text, "timestamp": at, "call": { "id": call, "type": "inboundPhoneCall" } })
}

const THEN: i64 = 1_790_000_000_000;

/// A delivery as the journal keeps one, some days old.
async fn kept(app: &TestApp, org: &TestOrg, outcome: &str, days: i32, message: &Value) -> HookId {
    let at = app.core.clock.now() - chrono::Duration::days(days.into());
    let id = HookId::at(at);
    sqlx::query(
        "insert into hook_journal (id, org_id, outcome, reason, kind, provider_call_id, body, body_bytes, created_at)
         values ($1, $2, $3, 'error returned from database: canary', $4, $5, $6, 100, $7)",
    )
    .bind(id)
    .bind(org.id)
    .bind(outcome)
    .bind(message["type"].as_str())
    .bind(message["call"]["id"].as_str())
    .bind(message.to_string())
    .bind(at)
    .execute(&app.core.pool)
    .await
    .expect("a row");
    id
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn why_a_delivery_was_turned_away_can_be_looked_up(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, other) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let mut message = said("c1", "Bonjour", THEN);
    message["call"]["monitor"] = json!({ "controlUrl": "https://canary" });
    let body = json!({ "message": message }).to_string();
    assert_eq!(app.signed(&org, &body, "another secret").await.status(), 401);
    let bare = app.http.post(app.url(&org.hook_path)).header("x-own", "canary").body(body).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
    assert_eq!(app.signed(&org, "not json", &org.hook_secret).await.status(), 200);

    let found = listed(&app, &org, "rejected").await;
    let reasons: Vec<_> = found.iter().rev().map(|row| row.reason.as_deref().unwrap_or_default()).collect();
    assert_eq!(reasons, ["bad_signature", "missing_header", "not_understood"]);
    let [_, missing, wrong] = found.as_slice() else { panic!("three rows") };
    assert_eq!(
        (wrong.kind.as_deref(), wrong.call_ref.as_deref(), wrong.call),
        (Some("transcript"), Some("c1"), None),
        "what it claims to be"
    );
    let sheet = actions::read(&scope(&app, &org), missing.id).await.expect("a sheet");
    let particulars = sheet.particulars.expect("particulars");
    assert_eq!(particulars.header.as_deref(), Some("x-signature"));
    assert!(particulars.given.contains(&"x-own".to_owned()));
    let text = format!("{:?}{:?}", sheet.body, particulars.given);
    assert!(text.contains("Bonjour") && !text.contains("canary"), "{text}");

    // What is not proven is never applied, and nobody else's is there at all.
    let refused = actions::replay(&scope(&app, &org), &Which::One(wrong.id), false).await;
    assert_eq!(refused, Err(AppError::conflict("hook_rejected")));
    assert_eq!(app.number("select count(*) from calls").await, 0);
    assert!(listed(&app, &other, "").await.is_empty());
    let foreign = actions::read(&scope(&app, &other), wrong.id).await;
    assert!(matches!(foreign, Err(AppError::NotFound { .. })), "{foreign:?}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_time_that_is_off_is_told_with_both_times(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let body = json!({ "message": said("c1", "Bonjour", THEN) }).to_string();
    let then = (app.core.clock.now().timestamp() - 4000).to_string();
    let signature = crate::app::sign(&org.hook_secret, &then, &body);
    let request = app.http.post(app.url(&org.hook_path)).header("x-timestamp", &then).header("x-signature", signature);
    assert_eq!(request.body(body).send().await.expect("an answer").status(), 401);
    let found = listed(&app, &org, "rejected").await;
    let particulars = actions::read(&scope(&app, &org), found[0].id).await.expect("a sheet").particulars.expect("particulars");
    assert_eq!(particulars.signed_at.map(|at| at.timestamp().to_string()), Some(then));
    assert_eq!(particulars.tolerance_s, Some(300));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_flood_of_nonsense_has_a_few_rows_and_is_counted(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let nonsense = (0..60).map(|n| app.signed(&org, if n % 2 == 0 { "{}" } else { "[]" }, "another secret"));
    for answer in futures::future::join_all(nonsense).await {
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(app.number("select count(*) from hook_journal").await, 5);
    until("the count", 10, || async { (app.number("select sum(coalesce(times, 1)) from hook_journal").await == 60).then_some(()) }).await;
    let found = listed(&app, &org, "rejected").await;
    assert_eq!(found.iter().map(|row| row.times).max(), Some(56));
    assert!(found.iter().any(|row| row.last_at.is_some()));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_was_set_aside_is_tried_and_then_applied_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    app.sql("alter table call_lines add constraint no_poison check (text <> 'poison')").await;
    for message in [said("c1", "Bonjour", THEN), said("c1", "poison", THEN + 1000)] {
        assert_eq!(app.hook(&org, &message).await.status(), 200);
    }
    app.applied().await;
    let dead = listed(&app, &org, "dead").await;
    assert_eq!(
        dead.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>(),
        [Some("not_applied")],
        "the database's words are not told"
    );
    let id = dead[0].id;
    let replay = async |is_dry| actions::replay(&scope(&app, &org), &Which::One(id), is_dry).await.expect("an outcome");

    // The reason is still there: it is refused again, shown or done, and nothing else is touched.
    for is_dry in [true, false] {
        let outcome = replay(is_dry).await;
        assert_eq!((outcome.refused, outcome.calls.len()), (vec![id], 0));
    }
    assert_eq!(listed(&app, &org, "dead").await.len(), 1);

    app.sql("alter table call_lines drop constraint no_poison").await;
    let told = "select count(*) from webhook_events";
    let (jobs, events) = (app.number("select count(*) from jobs.job").await, app.number(told).await);
    let trial = replay(true).await;
    assert_eq!((trial.deliveries, trial.calls.len(), trial.refused.len()), (1, 1, 0));
    let change = &trial.calls[0];
    assert_eq!((change.lines.as_slice(), change.lines_added), (["caller: poison".to_owned()].as_slice(), 1));
    let fields: Vec<_> =
        change.fields.iter().map(|field| (field.field.as_str(), field.before.as_deref(), field.after.as_deref())).collect();
    assert_eq!(fields, [("last_words", Some("Bonjour"), Some("poison"))]);
    assert_eq!(app.number("select count(*) from call_lines").await, 1, "a trial leaves nothing");
    assert_eq!((app.number("select count(*) from jobs.job").await, app.number(told).await), (jobs, events));
    assert_eq!(listed(&app, &org, "dead").await.len(), 1);

    let done = replay(false).await;
    assert_eq!(done, trial, "what was shown is what is done");
    assert_eq!(app.number("select count(*) from call_lines").await, 2);
    let row = &listed(&app, &org, "applied").await[0];
    assert_eq!((row.id, row.reason.as_deref(), row.replayed_at.is_some(), row.call), (id, Some("reapplied"), true, change.call));
    let again = replay(false).await;
    assert_eq!((again.unchanged, again.calls.len()), (1, 0), "twice is once");
    assert_eq!(app.number("select count(*) from call_lines").await, 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_range_is_tried_call_by_call_and_makes_calls_only_when_it_is_done(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    for (n, call) in [(1, "c1"), (2, "c1"), (3, "c2")] {
        kept(&app, &org, "dead", 0, &said(call, &format!("word {n}"), THEN + n * 1000)).await;
    }
    kept(&app, &org, "dead", 0, &json!({ "type": "hang" })).await; // names no call
    kept(&app, &org, "dead", 3, &said("c3", "too early", THEN)).await;
    let from = app.core.clock.now() - chrono::Duration::days(1);
    let filter = HookFilter { from: Some(Moment::At(from)), ..HookFilter::default() };
    let replay = async |is_dry| {
        actions::replay_chosen(&scope(&app, &org), actions::Chosen::Range(filter.clone(), None), is_dry).await.expect("an outcome")
    };
    let trial = replay(true).await;
    assert_eq!((trial.deliveries, trial.skipped, trial.next), (4, 1, None));
    let calls: Vec<_> = trial.calls.iter().map(|change| (change.call, change.call_ref.as_str(), change.lines_added)).collect();
    assert_eq!(calls, [(None, "c1", 2), (None, "c2", 1)], "they are yet to be made");
    assert_eq!(app.number("select (select count(*) from calls) + (select count(*) from call_refs)").await, 0);

    let done = replay(false).await;
    assert!(done.calls.iter().all(|change| change.call.is_some()));
    assert_eq!((app.number("select count(*) from calls").await, app.number("select count(*) from call_lines").await), (2, 3));
    assert_eq!(replay(true).await.deliveries, 1, "what names no call stays set aside");
    assert_eq!(app.number("select count(*) from hook_journal where replayed_by = 'system'").await, 4);
    let waiting = HookFilter { state: Some(HookState::Rejected), ..filter.clone() };
    let refused = actions::replay_chosen(&scope(&app, &org), actions::Chosen::Range(waiting, None), true).await;
    assert_eq!(refused.expect_err("refused").fields().0.into_keys().collect::<Vec<_>>(), ["state"]);
    app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_was_applied_changes_nothing_when_it_is_applied_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let ended = json!({ "type": "status-update", "status": "ended", "endedReason": "customer-ended-call", "timestamp": THEN + 9000, "call": { "id": "c1" } });
    let report = json!({ "type": "end-of-call-report", "timestamp": THEN + 12_000, "startedAt": THEN, "endedAt": THEN + 9000, "cost": 0.12,
        "artifact": { "recordingUrl": "https://x/canary", "messages": [{ "role": "user", "message": "Bonjour", "time": THEN + 1000 }] },
        "analysis": { "summary": "Un bonjour." }, "call": { "id": "c1", "monitor": { "controlUrl": "https://canary" } } });
    for message in [said("c1", "Bonjour", THEN + 1000), ended, report] {
        assert_eq!(app.hook(&org, &message).await.status(), 200);
    }
    app.applied().await;
    let form = HookForm { state: "applied".into(), ..HookForm::default() };
    let outcome = actions::replay(&scope(&app, &org), &Which::Range(form, None), true).await.expect("an outcome");
    assert_eq!((outcome.deliveries, outcome.unchanged), (3, 1), "{outcome:?}");
    app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_journal_is_searched_by_type_call_state_and_time(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    for call in ["c1", "c2"] {
        assert_eq!(app.hook(&org, &said(call, "Bonjour", THEN)).await.status(), 200);
    }
    app.applied().await;
    kept(&app, &org, "dead", 2, &said("c1", "Plus tard", THEN)).await;
    let find =
        async |form: HookForm| actions::list(&scope(&app, &org), &form.parse().expect("a filter"), None, None).await.expect("a page").items;
    assert_eq!(find(HookForm { call: "c1".into(), ..HookForm::default() }).await.len(), 2);
    let ours = find(HookForm { call: "c2".into(), ..HookForm::default() }).await[0].call.expect("a call");
    assert_eq!(find(HookForm { call: ours.to_string(), ..HookForm::default() }).await.len(), 1, "by our own id, too");
    assert_eq!(find(HookForm { kind: "transcript".into(), state: "applied".into(), ..HookForm::default() }).await.len(), 2);
    assert_eq!(find(HookForm { kind: "hang".into(), ..HookForm::default() }).await.len(), 0);
    let yesterday = (app.core.clock.now() - chrono::Duration::days(1)).format("%Y-%m-%dT%H:%M").to_string();
    assert_eq!(find(HookForm { until: yesterday.clone(), ..HookForm::default() }).await.len(), 1);
    assert_eq!(find(HookForm { from: yesterday, ..HookForm::default() }).await.len(), 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_acknowledged_and_not_applied_yet_waits(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut busy = app.core.pool.begin().await.expect("a transaction");
    sqlx::query("lock table calls in exclusive mode").execute(&mut *busy).await.expect("a lock");
    assert_eq!(app.hook(&org, &said("c1", "Bonjour", THEN)).await.status(), 200);
    assert_eq!(listed(&app, &org, "waiting").await.len(), 1);
    assert_eq!((listed(&app, &org, "applied").await.len(), listed(&app, &org, "").await[0].state), (0, HookState::Waiting));
    busy.rollback().await.expect("let go");
    app.applied().await;
    assert_eq!(listed(&app, &org, "applied").await.len(), 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_guesses_addresses_is_slowed_down_and_nobody_with_a_good_one_is(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut answers = Vec::new();
    for n in 0..50 {
        let guess = app.http.post(app.url(&format!("/hooks/vapi/guess-{n}"))).body("{}").send().await.expect("an answer");
        answers.push(guess.status().as_u16());
    }
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 30);
    assert_eq!(answers[30..], [429; 20], "enough is enough");
    assert_eq!(app.number("select count(*) from hook_journal").await, 5, "guesses fill nothing");
    let tried = app.http.post(app.url("/hooks/vapi/guess/try")).body("{}").send().await.expect("an answer");
    assert_eq!(tried.status(), 429, "at the door beside it, too");
    // The same source, with an address that was never seen by this process.
    assert_eq!(app.hook(&org, &said("c1", "Bonjour", THEN)).await.status(), 200);
    let newer = app.org("Globex", Role::Owner).await;
    until("the new address", 5, || async { (app.hook(&newer, &said("c2", "Bonjour", THEN)).await.status() == 200).then_some(()) }).await;
    app.applied().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_old_is_forgotten_and_trouble_later(pool: PgPool) {
    let app = TestApp::with_settings(pool, &[("ZENCALL_JOURNAL_DAYS", "20")]).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut rows = Vec::new();
    for (outcome, days, stays) in [
        ("accepted", 19, true),
        ("accepted", 21, false),
        ("duplicate", 21, false),
        ("dead", 21, true),
        ("rejected", 89, true),
        ("rejected", 91, false),
        ("dead", 200, false),
        ("accepted", 200, false),
    ] {
        rows.push((kept(&app, &org, outcome, days, &said("c1", "x", THEN)).await, outcome, days, stays));
    }
    let mut tx = SystemTx::begin(&app.core, "a test").await.expect("a transaction");
    queue::enqueue(tx.conn(), &PruneJournal::default(), queue::Opts::default()).await.expect("enqueued");
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    for (id, outcome, days, stays) in rows {
        let found: bool = sqlx::query_scalar("select exists (select from hook_journal where id = $1)")
            .bind(id)
            .fetch_one(&app.core.pool)
            .await
            .expect("an answer");
        assert_eq!(found, stays, "{outcome}, {days} days old");
    }
    let month = (app.core.clock.now() - chrono::Duration::days(200)).format("hook_journal_y%Ym%m").to_string();
    let is_there: bool =
        sqlx::query_scalar("select to_regclass($1) is not null").bind(month).fetch_one(&app.core.pool).await.expect("an answer");
    assert!(!is_there, "a month with nothing to keep is gone whole");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn programs_look_try_and_mend(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let key = master(&app, &org).await;
    let dead = kept(&app, &org, "dead", 0, &said("c1", "Bonjour", THEN)).await;
    assert_eq!(app.signed(&org, "{}", "another secret").await.status(), 401);
    let call = async |method: Method, path: &str, body: Option<Value>| {
        let request = request(&app, method, path, &key);
        let answer = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = answer.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (_, first) = call(Method::GET, "/api/v1/incoming-webhooks?limit=1", None).await;
    assert_eq!((first["items"][0]["state"].as_str(), first["items"][0]["reason"].as_str()), (Some("rejected"), Some("bad_signature")));
    let rejected = first["items"][0]["id"].as_str().expect("an id").to_owned();
    let next = first["next"].as_str().expect("a cursor");
    let (_, second) = call(Method::GET, &format!("/api/v1/incoming-webhooks?limit=1&after={next}"), None).await;
    assert_eq!((second["items"][0]["id"].as_str(), &second["next"]), (Some(dead.to_string().as_str()), &Value::Null));
    let (_, sheet) = call(Method::GET, &format!("/api/v1/incoming-webhooks/{rejected}"), None).await;
    assert_eq!((sheet["proof"]["header"].as_str(), sheet["replayable"].as_bool()), (Some("x-signature"), Some(false)));
    let (status, body) =
        call(Method::POST, &format!("/api/v1/incoming-webhooks/{rejected}/replay"), Some(json!({ "dry_run": true }))).await;
    assert_eq!((status, body["code"].as_str()), (409, Some("hook_rejected")));
    let (_, trial) = call(Method::POST, "/api/v1/incoming-webhooks/replay", Some(json!({ "dry_run": true }))).await;
    assert_eq!((trial["dry_run"].as_bool(), trial["calls"][0]["lines"][0].as_str()), (Some(true), Some("caller: Bonjour")));
    assert_eq!(app.number("select count(*) from calls").await, 0);
    let (_, done) = call(Method::POST, &format!("/api/v1/incoming-webhooks/{dead}/replay"), Some(json!({ "dry_run": false }))).await;
    assert!(done["calls"][0]["call"].is_string(), "{done}");
    assert_eq!(app.number("select count(*) from hook_journal where replayed_by like 'key_%'").await, 1, "who did it is noted");
    let told = "select count(*) from audit_entries where action = 'replayed' and kind = 'delivery' and actor_kind = 'key'";
    assert_eq!(app.number(told).await, 1, "and told in the audit log; a trial is not");
    // Without the scope nothing is told.
    let other = key_of(&app, &org, wanted(&[Permission::CallsRead])).await.secret;
    let refused = request_of(&app, &other).await;
    assert_eq!(refused, 403);
    app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_rare_is_found_by_an_index_that_holds_nothing_else(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let valid = "select count(*) from pg_index where indexrelid = 'hook_journal_trouble_idx'::regclass and indisvalid";
    assert_eq!(app.number(valid).await, 1, "each month has its own, and they are joined");
    let org = app.org("Acme", Role::Owner).await;
    assert_eq!(app.hook(&org, &said("c1", "Bonjour", THEN)).await.status(), 200);
    app.applied().await;
    let entries =
        "select sum(pg_relation_size(inhrelid) / 8192 - 1)::bigint from pg_inherits where inhparent = 'hook_journal_trouble_idx'::regclass";
    assert_eq!(app.number(entries).await, 0, "what is accepted has no entry in it");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_sees_zencall_as_another_role_may_try_and_not_mend(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let dead = kept(&app, &org, "dead", 0, &said("c1", "Bonjour", THEN)).await;
    let viewing = Rights { viewing: Some(Role::Developer.into()), ..Rights::from(Role::Developer) };
    let scope = scope(&app, &org).with_rights(&viewing);
    assert_eq!(actions::replay(&scope, &Which::One(dead), true).await.expect("an outcome").calls.len(), 1);
    assert_eq!(actions::replay(&scope, &Which::One(dead), false).await, Err(AppError::conflict("viewing_as")));
    assert_eq!((app.number("select count(*) from calls").await, listed(&app, &org, "dead").await.len()), (0, 1));
}

async fn request_of(app: &TestApp, key: &str) -> u16 {
    request(app, Method::GET, "/api/v1/incoming-webhooks", key).send().await.expect("an answer").status().as_u16()
}
