//! Figures are the sums over the calls, whatever happens to the calls; each opens the calls it counts. The log as a place to work; what is erased.

use crate::app::{TestApp, TestOrg};
use object_store::{ObjectStoreExt, path::Path};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeSet;
use zencall::{
    calls::{
        figures::model::{Asked, Figure, Figures, Scope},
        model::{Answered, CallFilter, OPEN_QUESTION, Seen},
        server::{
            actions as calls, erase,
            figures::{CountCalls, actions, count_all},
            log::{actions as log, replay},
        },
    },
    platform::{OrgScope, SystemTx, queue},
    shared::{
        error::AppError,
        ids::{AssistantId, CallId, NumberId},
        page::PageRequest,
        permission::{Permission, Role},
    },
};

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// What the provider tells of one call. `n` decides how it goes: how soon it is answered, how it ends, what it costs.
fn trace(reference: &str, t0: i64, n: i64) -> Vec<Value> {
    let message = |kind: &str, at: i64, rest: Value| {
        let mut message = json!({ "type": kind, "timestamp": t0 + at, "call": { "id": reference, "type": "inboundPhoneCall", "createdAt": rfc3339(t0) },
            "customer": { "number": "+33639981247" } });
        for (key, value) in rest.as_object().into_iter().flatten() {
            message[key] = value.clone();
        }
        message
    };
    let rings_ms = [1_000, 4_999, 5_000, 5_001, 9_000][n as usize % 5];
    let reason = ["customer-ended-call", "assistant-forwarded-call", "customer-did-not-answer", "voicemail"][n as usize % 4];
    let mut messages = vec![message("status-update", 0, json!({ "status": "ringing" }))];
    if reason != "customer-did-not-answer" {
        messages.push(message("status-update", rings_ms, json!({ "status": "in-progress" })));
        messages.push(message(
            "transcript",
            rings_ms + 2_000,
            json!({ "role": "user", "transcriptType": "final", "transcript": format!("Je voudrais un Rendez-vous numéro {n}.") }),
        ));
    }
    messages.push(message("status-update", rings_ms + 20_000 + n * 1000, json!({ "status": "ended", "endedReason": reason })));
    messages.push(message(
        "end-of-call-report",
        rings_ms + 22_000 + n * 1000,
        json!({ "endedReason": reason, "cost": 0.01 * n as f64, "analysis": { "summary": format!("Appel {n}.") } }),
    ));
    messages
}

fn rfc3339(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).expect("a time").to_rfc3339()
}

async fn tell(app: &TestApp, org: &TestOrg, messages: &[Value]) {
    for message in messages {
        assert_eq!(app.hook(org, message).await.status(), 200);
    }
    app.applied().await;
}

fn system(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

/// A request's scope, of the organisation's own person.
async fn person(app: &TestApp, org: &TestOrg, role: Role) -> OrgScope {
    use zencall::platform::{request::RequestInfo, tenancy::Caller};
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let caller = Caller::Person { account: org.account, session: org.session, org: Some((org.id, role.into())) };
    parts.extensions.insert(RequestInfo {
        id: "req_test".into(),
        ip: std::net::Ipv4Addr::LOCALHOST.into(),
        user_agent: String::new(),
        caller,
    });
    OrgScope::of_parts(&app.core, &parts).expect("a scope")
}

async fn all_calls(app: &TestApp, org: &TestOrg, filter: &CallFilter) -> Vec<CallId> {
    calls_of(&system(app, org), filter).await
}

/// The log under a filter, page by page.
async fn calls_of(scope: &OrgScope, filter: &CallFilter) -> Vec<CallId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = calls::list(scope, filter, &PageRequest { after, limit: Some(3) }).await.expect("a page");
        found.extend(page.items.iter().map(|card| card.id));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// How the sums differ from those over the calls: not at all.
async fn differences(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "with over_calls as (
           select org_id, quarter, assistant_id, number_id, count(*) as calls, sum(received) as received, sum(answered) as answered, sum(quick) as quick,
             sum(length_s) as length_s, sum(cost_micro_usd) as cost, sum(unanswered) as unanswered, count(*) filter (where outcome = 'done') as done,
             count(*) filter (where outcome = 'moved') as moved, count(*) filter (where outcome = 'voicemail') as voicemail,
             count(*) filter (where outcome = 'missed') as missed, count(*) filter (where outcome = 'failed') as failed,
             count(*) filter (where outcome = 'cancelled') as cancelled
           from call_contributions group by 1, 2, 3, 4
         ), kept as (
           select org_id, quarter, assistant_id, number_id, calls, received, answered, quick, length_s, cost_micro_usd as cost, unanswered, done, moved, voicemail,
             missed, failed, cancelled from call_quarters
           where (calls, received, answered, quick, length_s, cost_micro_usd, unanswered, done, moved, voicemail, missed, failed, cancelled)
             <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
         )
         (select 'missing ' || row(o.*)::text from (table over_calls except all table kept) o)
         union all (select 'too much ' || row(k.*)::text from (table kept except all table over_calls) k)",
    )
    .fetch_all(&app.core.pool)
    .await
    .expect("the sums")
}

async fn exact(app: &TestApp) {
    count_all(&app.core).await.expect("counted");
    assert_eq!(differences(app).await, Vec::<String>::new());
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn figures_are_the_sums_over_the_calls_whatever_comes_late_twice_or_goes(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let t0 = now_ms() - 3_600_000;
    let mut told: Vec<(usize, Value)> = Vec::new();
    for n in 0..9 {
        let org = usize::from(n % 3 == 0);
        told.extend(trace(&format!("c{n}"), t0 + n * 400_000, n).into_iter().map(|message| (org, message)));
    }
    // Shuffled, some twice; counted while it comes.
    let mut dice = 20_u64;
    let mut shuffled = told.clone();
    shuffled.extend(told.iter().step_by(4).cloned());
    for at in (1..shuffled.len()).rev() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        shuffled.swap(at, (dice >> 33) as usize % (at + 1));
    }
    for part in shuffled.chunks(7) {
        for (org, message) in part {
            tell(&app, if *org == 1 { &globex } else { &acme }, std::slice::from_ref(message)).await;
        }
        exact(&app).await;
    }
    assert_eq!(app.number("select sum(calls)::bigint from call_quarters").await, 9);
    let before = app.number("select sum(cost_micro_usd)::bigint from call_quarters").await;
    assert_eq!(before, (0..9).map(|n| n * 10_000).sum::<i64>());

    // Another report, hours later: what the call was is taken away.
    let mut late = trace("c4", t0 + 1_600_000, 4).pop().expect("a report");
    late["timestamp"] = json!(t0 + 90_000_000_i64);
    late["cost"] = json!(1.5);
    tell(&app, &acme, &[late]).await;
    exact(&app).await;
    assert_eq!(app.number("select sum(cost_micro_usd)::bigint from call_quarters").await, before - 40_000 + 1_500_000);

    // Deleted by a person; by the owner's own hand; and what was deleted and is told again makes no call.
    let ids = all_calls(&app, &acme, &CallFilter::default()).await;
    assert_eq!(erase::delete_calls(&system(&app, &acme), &ids[..2]).await.expect("deleted"), 2);
    exact(&app).await;
    assert_eq!(app.number("select sum(calls)::bigint from call_quarters").await, 7);
    for (org, message) in &told {
        tell(&app, if *org == 1 { &globex } else { &acme }, std::slice::from_ref(message)).await;
    }
    exact(&app).await;
    assert_eq!(app.number("select sum(calls)::bigint from call_quarters").await, 7);
    app.sql("delete from calls where id = (select id from calls order by id limit 1)").await;
    exact(&app).await;
    assert_eq!(app.number("select sum(calls)::bigint from call_quarters").await, 6);

    // What a process of the version before changed was noted by nobody: the nightly comparison finds it.
    app.sql("update calls set outcome = 'failed', duration_s = 7").await;
    assert!(!differences(&app).await.is_empty());
    let mut tx = SystemTx::begin(&app.core, "a test's duty").await.expect("a transaction");
    queue::enqueue(tx.conn(), &CountCalls, queue::Opts::default()).await.expect("enqueued");
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    app.sql("delete from months_to_count where month < date_trunc('month', now() - interval '2 days')").await;
    while app.number("select count(*) from months_to_count").await > 0 {
        let mut tx = SystemTx::begin(&app.core, "a test's duty").await.expect("a transaction");
        queue::enqueue(tx.conn(), &CountCalls, queue::Opts::default()).await.expect("enqueued");
        tx.commit().await.expect("committed");
        app.run_jobs().await;
    }
    exact(&app).await;
}

/// The sum that stands on the page, and the calls its link opens.
async fn opens_its_calls(app: &TestApp, org: &TestOrg, sums: &zencall::calls::figures::model::Sums, scope: Scope) {
    for figure in Figure::ALL {
        let found = all_calls(app, org, &figure.calls(&scope)).await;
        assert_eq!(found.len() as i64, figure.of(sums), "{figure} of {scope:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn each_figure_opens_exactly_its_calls_by_assistant_and_by_number_too(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let t0 = now_ms() - 7_200_000;
    for n in 0..10 {
        tell(&app, &org, &trace(&format!("c{n}"), t0 + n * 60_000, n)).await;
    }
    let asked = json!({ "type": "tool-calls", "timestamp": t0 + 6_000, "call": { "id": "c0", "type": "inboundPhoneCall" },
        "toolCallList": [{ "id": "t1", "function": { "name": "search_answers", "arguments": { "question": "Avez-vous un parking ?" } } }] });
    tell(&app, &org, &[asked]).await;
    let (assistant, _) = app.assistant(&org).await;
    let number = NumberId(uuid::Uuid::now_v7());
    sqlx::query("insert into phone_numbers (id, org_id, number, label) values ($1, $2, '+33199004718', 'Accueil')")
        .bind(number)
        .bind(org.id)
        .execute(&app.core.pool)
        .await
        .expect("a number");
    let some = "update calls set assistant_id = $1, number_id = $2 where id in (select id from calls order by id limit 6)";
    sqlx::query(some).bind(assistant).bind(number).execute(&app.core.pool).await.expect("assigned");
    app.sql("insert into calls_to_count (call_id) select id from calls").await;
    exact(&app).await;

    let figures = actions::read(&system(&app, &org), Asked { period: None, from: None, to: None }).await.expect("figures");
    assert_eq!((figures.now.calls, figures.now.unanswered), (10, 1));
    assert_eq!((figures.now.received, figures.now.answered, figures.now.quick), (10, 8, 4), "at five seconds and below, of those answered");
    assert_eq!(figures.before.calls, 0);
    assert_eq!(figures.slots.iter().map(|slot| slot.calls).sum::<i64>(), 10);
    assert_eq!(figures.hours.iter().sum::<i64>(), 10);
    opens_its_calls(&app, &org, &figures.now, Scope::of(figures.days)).await;
    assert_eq!(
        figures.assistants.iter().map(|line| (line.name.as_deref(), line.now.calls)).collect::<Vec<_>>(),
        [(Some("Léa"), 6), (None, 4)]
    );
    for line in &figures.assistants {
        opens_its_calls(&app, &org, &line.now, Scope { assistant: Some(line.id), ..Scope::of(figures.days) }).await;
    }
    assert_eq!(figures.numbers[0].name.as_deref(), Some("+33199004718 Accueil"));
    for line in &figures.numbers {
        opens_its_calls(&app, &org, &line.now, Scope { number: Some(line.id), ..Scope::of(figures.days) }).await;
    }
    for slot in &figures.slots {
        let day = Scope::of((slot.from, slot.to));
        assert_eq!(all_calls(&app, &org, &Figure::Calls.calls(&day)).await.len() as i64, slot.calls);
    }
    // A search narrows the same way as the log without one.
    let filter = CallFilter {
        q: Some("rendez-vous".into()),
        assistant: Some(AssistantId(assistant)),
        answered: Some(Answered::Yes),
        ..CallFilter::default()
    };
    let plain = CallFilter { q: None, ..filter.clone() };
    assert_eq!(all_calls(&app, &org, &filter).await, all_calls(&app, &org, &plain).await);
    let nobody = CallFilter {
        q: Some("rendez-vous".into()),
        assistant: Some(AssistantId(uuid::Uuid::nil())),
        found: Some(OPEN_QUESTION.into()),
        ..CallFilter::default()
    };
    assert!(all_calls(&app, &org, &nobody).await.is_empty());
    // Nobody else's.
    let other = app.org("Globex", Role::Owner).await;
    let theirs: Figures = actions::read(&system(&app, &other), Asked::default()).await.expect("figures");
    assert_eq!((theirs.now.calls, theirs.assistants.len()), (0, 0));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn days_are_the_organisations_own(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    sqlx::query("update orgs set timezone = 'Asia/Kathmandu' where id = $1").bind(org.id).execute(&app.core.pool).await.expect("a zone");
    // 5 h 45 ahead: the day begins at 18:15 of the one before.
    for at in ["2026-11-09T18:14:59.999Z", "2026-11-09T18:15:00Z", "2026-11-10T18:14:00Z", "2026-11-10T18:15:00Z"] {
        let id = CallId::at(at.parse().expect("a time"));
        sqlx::query("insert into calls (id, org_id, direction, status, outcome, settled, created_at) values ($1, $2, 'inbound', 'ended', 'done', true, uuid_time($1))")
            .bind(id)
            .bind(org.id)
            .execute(&app.core.pool)
            .await
            .expect("a call");
    }
    app.sql("insert into calls_to_count (call_id) select id from calls").await;
    exact(&app).await;
    let day = "2026-11-10".parse().ok();
    let figures = actions::read(&system(&app, &org), Asked { period: None, from: day, to: day }).await.expect("figures");
    assert_eq!((figures.now.calls, figures.before.calls), (2, 1));
    assert_eq!(figures.slots.iter().filter(|slot| slot.calls > 0).map(|slot| slot.hour).collect::<Vec<_>>(), [Some(0), Some(23)]);
    opens_its_calls(&app, &org, &figures.now, Scope::of(figures.days)).await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn tags_views_and_what_is_unread_belong_to_who_made_them(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (me, them) = (person(&app, &acme, Role::Owner).await, person(&app, &globex, Role::Owner).await);
    let agent = person(&app, &acme, Role::ReadOnly).await;
    let page = PageRequest::first();
    // What was there before one first looked is not unread.
    tell(&app, &acme, &trace("c0", now_ms() - 60_000, 0)).await;
    assert!(!log::read(&me, &CallFilter::default(), &page).await.expect("a page").items[0].is_unread);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    for n in 1..4 {
        tell(&app, &acme, &trace(&format!("c{n}"), now_ms() + n, n)).await;
    }
    let rows = log::read(&me, &CallFilter::default(), &page).await.expect("a page").items;
    assert_eq!(rows.iter().filter(|row| row.is_unread).count(), 3);
    let ids: Vec<CallId> = rows.iter().map(|row| row.card.id).collect();
    log::opened(&me, ids[1]).await.expect("opened");
    let unread = CallFilter { seen: Some(Seen::No), ..CallFilter::default() };
    assert_eq!(calls_of(&me, &unread).await, [ids[0], ids[2]]);
    assert_eq!(calls_of(&me, &CallFilter { q: Some("appel".into()), ..unread.clone() }).await, [ids[0], ids[2]]);
    log::mark_all_read(&me).await.expect("marked");

    // Tags.
    assert_eq!(log::tag(&me, &ids[..2], " Devis   urgent ").await.expect("tagged"), 2);
    assert_eq!(log::tag(&me, &ids[1..3], "devis urgent").await.expect("tagged"), 1, "the same tag");
    let desk = log::desk(&me).await.expect("a desk");
    assert_eq!(desk.tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["Devis urgent"]);
    let tagged = CallFilter { tag: Some(desk.tags[0].id), ..CallFilter::default() };
    assert_eq!(calls_of(&me, &tagged).await, ids[..3]);
    assert_eq!(calls_of(&me, &CallFilter { outcome: rows[1].card.outcome, ..tagged.clone() }).await, [ids[1]]);
    app.sql("insert into calls_to_count (call_id) select id from calls").await;
    count_all(&app.core).await.expect("counted");
    assert_eq!(calls_of(&me, &tagged).await.len(), 3, "counting leaves tags alone");
    assert!(matches!(log::tag(&agent, &ids, "non").await, Err(AppError::Forbidden { .. })));
    assert!(calls_of(&them, &tagged).await.is_empty());
    assert_eq!(log::tag(&them, &ids, "leurs").await.expect("nothing of theirs"), 0);
    assert_eq!(log::untag(&them, &ids, desk.tags[0].id).await.expect("nothing of theirs"), 0);
    assert_eq!(log::untag(&me, &ids, desk.tags[0].id).await.expect("untagged"), 3);
    assert!(log::desk(&me).await.expect("a desk").tags.is_empty(), "a tag without calls is gone");
    assert!(matches!(log::tag(&me, &[], "rien").await, Err(AppError::Invalid { .. })));

    // Words that were searched are found where they were said.
    let found = log::read(&me, &CallFilter { q: Some("RENDEZ-VOUS".into()), ..CallFilter::default() }, &page).await.expect("a page").items;
    let snippet = found[0].found.clone().expect("a snippet");
    assert!(snippet.seq.is_some() && snippet.pieces.iter().any(|piece| piece.is_hit && piece.text == "Rendez-vous"), "{snippet:?}");

    // Views.
    let mine = log::save_view(&me, "Manqués", false, &unread).await.expect("saved");
    let shared = log::save_view(&me, "Tous", true, &tagged).await.expect("saved");
    assert_eq!(log::desk(&me).await.expect("a desk").views.iter().map(|view| view.id).collect::<Vec<_>>(), [mine, shared]);
    assert!(log::desk(&them).await.expect("a desk").views.is_empty());
    assert!(matches!(log::delete_view(&them, shared).await, Err(AppError::NotFound { .. })));
    log::delete_view(&me, mine).await.expect("removed");
    assert!(matches!(log::save_view(&me, "  ", true, &tagged).await, Err(AppError::Invalid { .. })));

    // Analyses of a selection: the price first.
    let price = log::price(&me, &ids).await.expect("a price");
    assert_eq!((price.calls, price.model.is_none(), price.cost.0), (4, true, 0));
    assert_eq!(log::analyse(&me, &ids).await.expect("asked"), 4);
    assert_eq!(log::analyse(&them, &ids).await.expect("nothing of theirs"), 0);
    app.run_jobs().await;
    count_all(&app.core).await.expect("counted");
    let appointment = CallFilter { found: Some("intent:appointment".into()), ..CallFilter::default() };
    assert!(!calls_of(&me, &appointment).await.is_empty(), "what an analysis found is found in the log");

    // The export of a selection is those calls.
    let chosen = format!("/calls/export.csv?ids={},{}", ids[0], ids[2]);
    let text = app.get(&acme, &chosen).await.text().await.expect("a file");
    assert_eq!(
        text.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect::<Vec<_>>(),
        [ids[0].to_string(), ids[2].to_string()]
    );
    assert_eq!(app.get(&globex, &chosen).await.text().await.expect("a file").lines().count(), 1);
    assert_eq!(app.get(&acme, "/calls/export.csv?ids=x").await.status(), 422);

    // Notes.
    let note = log::add_note(&me, ids[0], " À rappeler ", Some(12.5)).await.expect("written");
    assert!(matches!(log::add_note(&them, ids[0], "non", None).await, Err(AppError::NotFound { .. })));
    let notes = log::notes(&me, ids[0]).await.expect("notes");
    assert_eq!((notes[0].text.as_str(), notes[0].second, notes[0].is_mine), ("À rappeler", Some(12.5), true));
    assert!(log::notes(&them, ids[0]).await.expect("notes").is_empty());
    log::delete_note(&me, note).await.expect("removed");
}

async fn recorded(app: &TestApp, org: &TestOrg, reference: &str, days_ago: i64) -> CallId {
    let at = chrono::Utc::now() - chrono::Duration::days(days_ago);
    let id = CallId::at(at);
    let key = format!("recordings/{}/{id}.wav", org.id);
    app.core.files.put(&Path::from(key.clone()), vec![7_u8; 2_000].into()).await.expect("stored");
    let mut tx = SystemTx::begin(&app.core, "a test's call").await.expect("a transaction");
    sqlx::query("insert into calls (id, org_id, direction, status, outcome, settled, has_report, summary, search_text, customer_number, recording, recording_key, facts, created_at)
         values ($1, $2, 'inbound', 'ended', 'done', true, true, 'Un secret.', 'un secret', '+33639981247', 'stored', $3, $4, uuid_time($1))")
        .bind(id).bind(org.id).bind(&key)
        .bind(json!({ "rank": 4, "last_words": [1, "caller", "Un secret."], "report": { "at_ms": 1, "summary": "Un secret." } }))
        .execute(tx.conn()).await.expect("a call");
    sqlx::query("insert into call_lines (call_id, org_id, seq, source, speaker, line_key, text, at_ms, created_at) values ($1, $2, 1, 'report', 'caller', 'k', 'Un secret.', 1, uuid_time($1))")
        .bind(id).bind(org.id).execute(tx.conn()).await.expect("a line");
    sqlx::query("insert into call_refs (org_id, provider_call_id, call_id) values ($1, $2, $3)")
        .bind(org.id)
        .bind(reference)
        .bind(id)
        .execute(tx.conn())
        .await
        .expect("a reference");
    sqlx::query("insert into hook_journal (id, org_id, outcome, kind, provider_call_id, body, body_bytes, created_at) values (gen_random_uuid(), $1, 'accepted', 'transcript', $2, '{\"x\":\"Un secret.\"}', 9, uuid_time($3))")
        .bind(org.id).bind(reference).bind(id).execute(tx.conn()).await.expect("a delivery");
    sqlx::query("update calls set last_seq = 1 where id = $1").bind(id).execute(tx.conn()).await.expect("its sequence");
    tx.commit().await.expect("committed");
    id
}

async fn has_audio(app: &TestApp, org: &TestOrg, call: CallId) -> bool {
    app.core.files.head(&Path::from(format!("recordings/{}/{call}.wav", org.id))).await.is_ok()
}

/// Where the secret is still to be read.
async fn secrets(app: &TestApp, call: CallId) -> i64 {
    sqlx::query_scalar(
        "select (select count(*) from calls c where id = $1 and c::text ilike '%secret%') + (select count(*) from call_lines l where call_id = $1 and l::text ilike '%secret%')
           + (select count(*) from hook_journal j where provider_call_id in (select provider_call_id from call_refs where call_id = $1) and j::text ilike '%secret%')",
    )
    .bind(call)
    .fetch_one(&app.core.pool)
    .await
    .expect("a count")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn rules_erase_what_is_kept_no_longer_and_nothing_else(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (old, middle, new) =
        (recorded(&app, &acme, "a1", 40).await, recorded(&app, &acme, "a2", 10).await, recorded(&app, &acme, "a3", 1).await);
    let theirs = recorded(&app, &globex, "b1", 300).await;
    let scope = system(&app, &acme);
    let mut tx = scope.begin(Permission::OrgManage).await.expect("a transaction");
    assert_eq!(erase::rules(&mut tx).await.expect("rules"), erase::Rules::default(), "nothing is erased by default");
    erase::set_rules(&mut tx, erase::Rules { recordings_days: Some(7), words_days: Some(30) }).await.expect("set");
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    let state = async |call| (has_audio(&app, if call == theirs { &globex } else { &acme }, call).await, secrets(&app, call).await > 0);
    assert_eq!(
        [state(old).await, state(middle).await, state(new).await, state(theirs).await],
        [(false, false), (false, true), (true, true), (true, true)]
    );
    let page = calls::detail(&scope, old).await.expect("the call stays");
    let erased: Vec<_> = page
        .events
        .iter()
        .filter(|event| event.kind == "erased")
        .map(|event| (event.detail["what"].clone(), event.detail["days"].clone()))
        .collect();
    assert_eq!(erased, [(json!("recording"), json!(7)), (json!("words"), json!(30))]);
    assert!(page.recording_erased_at.is_some() && page.words_erased_at.is_some() && page.lines.is_empty() && page.card.summary.is_none());

    // Told again, it stays erased.
    let again = json!({ "type": "end-of-call-report", "timestamp": now_ms(), "call": { "id": "a1" }, "endedReason": "customer-ended-call", "cost": 0.5,
        "analysis": { "summary": "Un secret." }, "artifact": { "recordingUrl": "https://x", "messages": [{ "role": "user", "message": "Un secret.", "time": now_ms() }] } });
    tell(&app, &acme, &[again]).await;
    app.try_jobs().await;
    let page = calls::detail(&scope, old).await.expect("the call");
    assert!(page.lines.is_empty() && page.card.summary.is_none() && page.card.recording.name() == "none", "{page:?}");
    assert_eq!(page.card.cost.map(|cost| cost.0), Some(500_000), "what is no word is taken");

    // Twice is once, and a second run begins where the first ended.
    let events = app.number("select count(*) from call_events where kind = 'erased'").await;
    let mut tx = scope.begin(Permission::OrgManage).await.expect("a transaction");
    tx.enqueue(&erase::ApplyRules { org: acme.id }, queue::Opts::default()).await.expect("enqueued");
    tx.commit().await.expect("committed");
    app.try_jobs().await;
    assert_eq!(app.number("select count(*) from call_events where kind = 'erased'").await, events);
    assert!(app.number("select count(*) from retention_rules where recordings_upto > now() - interval '8 days'").await == 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_hears_a_recording_is_written_down_and_who_may_can_erase_it(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let call = recorded(&app, &acme, "a1", 1).await;
    let path = format!("/calls/{call}/recording");
    for range in ["bytes=0-99", "bytes=100-"] {
        let answer = app.http.get(app.url(&path)).header("cookie", &acme.cookie).header("range", range).send().await.expect("an answer");
        assert_eq!(answer.status(), 206);
    }
    assert_eq!(app.get(&acme, &format!("{path}?download=1")).await.status(), 200);
    assert_eq!(app.get(&globex, &path).await.status(), 404);
    let scope = person(&app, &acme, Role::Owner).await;
    let uses = calls::detail(&scope, call).await.expect("the call").uses;
    assert_eq!(
        uses.iter().map(|used| (used.kind.name(), used.by_name.as_deref())).collect::<Vec<_>>(),
        [("download", Some("Acme owner")), ("play", Some("Acme owner"))]
    );
    // Nobody in the organisation can change or remove what was written.
    let mut tx = scope.begin(Permission::CallsDelete).await.expect("a transaction");
    let changed = sqlx::query("update recording_uses set kind = 'play'").execute(tx.conn()).await.expect("a try");
    let removed = sqlx::query("delete from recording_uses").execute(tx.conn()).await.expect("a try");
    assert_eq!((changed.rows_affected(), removed.rows_affected()), (0, 0));
    drop(tx);

    let agent = person(&app, &acme, Role::Supervisor).await;
    assert!(matches!(erase::erase_recording(&agent, call).await, Err(AppError::Forbidden { .. })));
    assert!(matches!(erase::erase_recording(&person(&app, &globex, Role::Owner).await, call).await, Err(AppError::NotFound { .. })));
    erase::erase_recording(&scope, call).await.expect("erased");
    app.run_jobs().await;
    assert!(!has_audio(&app, &acme, call).await && secrets(&app, call).await > 0);
    assert_eq!(app.get(&acme, &path).await.status(), 404);
    let page = calls::detail(&scope, call).await.expect("the call");
    let by = page.events.iter().find(|event| event.kind == "erased").map(|event| event.detail["by"].clone());
    assert_eq!((by, page.uses.len()), (Some(json!("Acme owner")), 2));

    // The call itself.
    let other = recorded(&app, &acme, "a2", 1).await;
    assert!(matches!(erase::delete_calls(&agent, &[other]).await, Err(AppError::Forbidden { .. })));
    assert_eq!(erase::delete_calls(&person(&app, &globex, Role::Owner).await, &[other]).await.expect("none of theirs"), 0);
    assert_eq!(erase::delete_calls(&scope, &[other]).await.expect("deleted"), 1);
    app.run_jobs().await;
    assert!(!has_audio(&app, &acme, other).await && secrets(&app, other).await == 0);
    assert!(matches!(calls::detail(&scope, other).await, Err(AppError::NotFound { .. })));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_deliveries_of_a_call_folded_again_are_the_call(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let mut messages = trace("c0", now_ms() - 60_000, 0);
    messages.push(messages[0].clone());
    tell(&app, &acme, &messages).await;
    let id = all_calls(&app, &acme, &CallFilter::default()).await[0];
    let replay = replay::replay(&system(&app, &acme), id).await.expect("a replay");
    assert!(replay.is_same && replay.erased == 0, "{replay:?}");
    assert_eq!(
        replay.steps.iter().map(|step| (step.status.name(), step.is_new)).collect::<Vec<_>>(),
        [("ringing", true), ("live", true), ("live", true), ("ended", true), ("ended", true), ("ended", false),]
    );
    assert!(matches!(replay::replay(&system(&app, &globex), id).await, Err(AppError::NotFound { .. })));
}
