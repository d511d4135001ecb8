//! Calls that go out, calls that fall silent, recordings that are late: what is written when the provider says no, nothing, or not yet.

use crate::app::{TestApp, TestOrg, until};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path, path_regex},
};
use zencall::{
    calls::{
        model::{CallDetail, CallFilter, CallStatus, Outcome, RecordingState},
        server::{actions, jobs},
    },
    platform::{
        OrgScope,
        queue::{self, Opts},
    },
    shared::{
        ids::{AssistantId, CallId},
        page::PageRequest,
        permission::Role,
        trouble::Trouble,
    },
};

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// The product on a provider that answers as the test says, an organisation, and an assistant with a number to call from.
async fn stage(pool: PgPool) -> (MockServer, TestApp, TestOrg, AssistantId) {
    let vapi = MockServer::start().await;
    let app = TestApp::with_provider(pool, &vapi.uri()).await;
    let org = app.org("Cabinet Nord", Role::Owner).await;
    let assistant = AssistantId::generate();
    sqlx::query(
        "insert into assistants (id, org_id, name, template, language, voice, first_message, prompt, state, provider_id)
         values ($1, $2, 'Léa', 'outbound', 'fr', 'fr-FR-DeniseNeural', 'Bonjour', 'Tu es Léa.', 'active', 'a1')",
    )
    .bind(assistant)
    .bind(org.id)
    .execute(&app.core.pool)
    .await
    .expect("an assistant");
    sqlx::query("insert into phone_numbers (id, org_id, number, provider_id, sync_state) values ($1, $2, '+33199004718', 'n1', 'in_step')")
        .bind(uuid::Uuid::now_v7())
        .bind(org.id)
        .execute(&app.core.pool)
        .await
        .expect("a number");
    run(&app, "delete from jobs.job").await; // a mock has no use for the credentials a simulator is told
    (vapi, app, org, assistant)
}

async fn detail(app: &TestApp, org: &TestOrg, call: CallId) -> CallDetail {
    actions::detail(&OrgScope::of_system(&app.core, org.id), call).await.expect("the call")
}

async fn calls(app: &TestApp, org: &TestOrg) -> Vec<CallId> {
    let scope = OrgScope::of_system(&app.core, org.id);
    let page = actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
    page.items.iter().map(|card| card.id).collect()
}

async fn run(app: &TestApp, sql: &'static str) {
    sqlx::query(sql).execute(&app.core.pool).await.expect("done");
}

/// The clock rings so often, then everything that is due runs.
async fn reconcile(app: &TestApp, rings: usize) {
    let mut conn = app.core.pool.acquire().await.expect("a connection");
    for ring in 0..rings {
        queue::enqueue(&mut conn, &jobs::Reconcile, Opts::default().key(format!("ring:{ring}"))).await.expect("enqueued");
    }
    drop(conn);
    app.try_jobs().await;
}

/// A call of the provider's that is live.
async fn live_call(app: &TestApp, org: &TestOrg) -> CallId {
    let now = app.core.clock.now().timestamp_millis();
    let message =
        json!({ "type": "status-update", "status": "in-progress", "timestamp": now, "call": { "id": "c1", "type": "inboundPhoneCall" } });
    assert_eq!(app.hook(org, &message).await.status(), 200);
    calls(app, org).await[0]
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_refused_call_keeps_its_outcome_and_is_not_asked_about(pool: PgPool) {
    let (vapi, app, org, assistant) = stage(pool).await;
    let words = json!({ "message": ["customer.number must be a valid phone number"], "statusCode": 400 });
    Mock::given(method("POST")).and(path("/call")).respond_with(answer(400, words)).expect(1).mount(&vapi).await;
    Mock::given(method("GET")).and(path_regex("^/call/")).respond_with(answer(404, json!({}))).expect(0).mount(&vapi).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let call = actions::start(&scope, assistant, "+33 6 39 98 01 47", "Awa").await.expect("a call");
    app.run_jobs().await;
    let refused = detail(&app, &org, call).await;
    assert_eq!((refused.card.outcome, refused.ended_reason.as_deref()), (Some(Outcome::Failed), Some("zencall-refused")));
    let is_settled =
        || async { sqlx::query_scalar::<_, bool>("select settled from calls").fetch_one(&app.core.pool).await.expect("a row") };
    assert!(is_settled().await);

    // As the version before left it.
    run(&app, "update calls set settled = false, last_event_at = now() - interval '1 hour'").await;
    reconcile(&app, 1).await;
    let after = detail(&app, &org, call).await;
    assert_eq!(
        (after.card.outcome, after.ended_reason, after.dial_error),
        (refused.card.outcome, refused.ended_reason, refused.dial_error)
    );
    assert!(is_settled().await);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_number_that_is_not_in_step_calls_nobody(pool: PgPool) {
    let (vapi, app, org, assistant) = stage(pool).await;
    Mock::given(any()).respond_with(answer(500, json!({}))).expect(0).mount(&vapi).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let call = actions::start(&scope, assistant, "+33 6 39 98 01 47", "").await.expect("a call");
    run(&app, "update phone_numbers set sync_state = 'refused'").await;
    app.run_jobs().await;
    let ended = detail(&app, &org, call).await;
    assert_eq!((ended.card.outcome, ended.dial_error.as_deref()), (Some(Outcome::Failed), Some(Trouble::NoNumber.name())));
    let refused = actions::start(&scope, assistant, "+33 6 39 98 01 47", "").await.expect_err("no number");
    assert_eq!(refused.code(), "no_number");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_provider_that_is_away_ends_no_call_but_its_own_no_does(pool: PgPool) {
    let (vapi, app, org, _) = stage(pool).await;
    let call = live_call(&app, &org).await;
    Mock::given(any()).respond_with(answer(503, json!({ "message": "maintenance" }))).mount(&vapi).await;
    let aged = "update calls set last_event_at = now() - interval '3 hours', asked_at = now() - interval '2 hours', reconciled = 60";
    run(&app, aged).await;
    reconcile(&app, 1).await;
    assert!(!vapi.received_requests().await.expect("requests").is_empty());
    assert_eq!(detail(&app, &org, call).await.card.status, CallStatus::Live);
    vapi.reset().await;
    Mock::given(any()).respond_with(answer(404, json!({}))).expect(1).mount(&vapi).await;
    reconcile(&app, 1).await;
    assert_eq!(detail(&app, &org, call).await.card.status, CallStatus::Live, "asked a moment ago");
    run(&app, aged).await;
    reconcile(&app, 1).await;
    let lost = detail(&app, &org, call).await;
    assert_eq!((lost.card.status, lost.ended_reason.as_deref()), (CallStatus::Ended, Some("zencall-lost")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_long_silent_call_is_asked_about_less_and_less_often_however_often_the_clock_rings(pool: PgPool) {
    let (vapi, app, org, _) = stage(pool).await;
    let call = live_call(&app, &org).await;
    Mock::given(path("/call/c1")).respond_with(answer(200, json!({ "id": "c1", "status": "in-progress" }))).mount(&vapi).await;
    let asked = || async { vapi.received_requests().await.expect("requests").len() };
    run(&app, "update calls set last_event_at = now() - interval '1 hour'").await;
    for _ in 0..3 {
        reconcile(&app, 4).await;
    }
    assert_eq!(asked().await, 1);
    run(&app, "update calls set last_event_at = now() - interval '1 hour', asked_at = asked_at - interval '20 seconds'").await;
    reconcile(&app, 4).await;
    assert_eq!(asked().await, 1, "22 s after the first question");
    run(&app, "update calls set asked_at = asked_at - interval '5 seconds'").await;
    reconcile(&app, 4).await;
    assert_eq!(asked().await, 2);
    assert_eq!(detail(&app, &org, call).await.card.status, CallStatus::Live);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_longer_than_any_is_given_up_though_nobody_answers(pool: PgPool) {
    let (vapi, app, org, _) = stage(pool).await;
    Mock::given(any()).respond_with(answer(503, json!({}))).mount(&vapi).await;
    let call = CallId::at(app.core.clock.now() - chrono::Duration::hours(14));
    sqlx::query("insert into calls (id, org_id, direction, status, created_at) values ($1, $2, 'inbound', 'live', uuid_time($1))")
        .bind(call)
        .bind(org.id)
        .execute(&app.core.pool)
        .await
        .expect("a call");
    sqlx::query("insert into call_refs (org_id, provider_call_id, call_id) values ($1, 'c1', $2)")
        .bind(org.id)
        .bind(call)
        .execute(&app.core.pool)
        .await
        .expect("its id there");
    reconcile(&app, 1).await;
    assert_eq!(detail(&app, &org, call).await.card.status, CallStatus::Ended);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_answer_that_never_came_is_waited_for_from_the_attempt_on(pool: PgPool) {
    let (vapi, app, org, assistant) = stage(pool).await;
    Mock::given(method("POST")).and(path("/call")).respond_with(answer(500, json!({ "message": "oops" }))).expect(1).mount(&vapi).await;
    Mock::given(method("GET")).and(path("/call")).respond_with(answer(200, json!([]))).mount(&vapi).await;
    // Wanted ten minutes ago: it waited for its turn.
    let call = CallId::at(app.core.clock.now() - chrono::Duration::minutes(10));
    sqlx::query(
        "insert into calls (id, org_id, assistant_id, number_id, direction, status, customer_number, dial, created_at)
         select $1, $2, $3, n.id, 'outbound', 'queued', '+33639980147', 'wanted', uuid_time($1) from phone_numbers n",
    )
    .bind(call)
    .bind(org.id)
    .bind(assistant)
    .execute(&app.core.pool)
    .await
    .expect("a call");
    let mut conn = app.core.pool.acquire().await.expect("a connection");
    queue::enqueue(&mut conn, &jobs::Dial { org: org.id, call }, Opts::default()).await.expect("enqueued");
    drop(conn);
    for _ in 0..3 {
        app.hurry_calls().await;
    }
    assert_eq!(detail(&app, &org, call).await.card.status, CallStatus::Queued);
    run(&app, "update calls set placing_at = now() - interval '2 minutes'").await;
    app.hurry_calls().await;
    let given_up = detail(&app, &org, call).await;
    assert_eq!(given_up.dial_error.as_deref(), Some(Trouble::Unconfirmed.name()));
    assert_eq!(given_up.card.outcome, Some(Outcome::Failed));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_without_a_line_is_followed_by_another_only_when_it_has_ended(pool: PgPool) {
    let (vapi, app, org, assistant) = stage(pool).await;
    let (posts, has_ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counted, ended) = (posts.clone(), has_ended.clone());
    let place = move |request: &Request| {
        let nth = counted.fetch_add(1, Relaxed) + 1;
        let sent: Value = request.body_json().expect("json");
        let limits = json!({ "concurrencyBlocked": nth == 1 });
        answer(201, json!({ "id": format!("v{nth}"), "status": "queued", "customer": sent["customer"], "subscriptionLimits": limits }))
    };
    let look = move |_: &Request| match ended.load(Relaxed) {
        false => answer(200, json!({ "id": "v1", "status": "queued" })),
        true => {
            answer(200, json!({ "id": "v1", "status": "ended", "endedReason": "call.start.error-subscription-concurrency-limit-reached" }))
        }
    };
    Mock::given(method("POST")).and(path("/call")).respond_with(place).mount(&vapi).await;
    Mock::given(method("GET")).and(path("/call/v1")).respond_with(look).mount(&vapi).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let first = actions::start(&scope, assistant, "+33 6 39 98 01 47", "Awa").await.expect("a call");
    for _ in 0..3 {
        app.hurry_calls().await;
    }
    assert_eq!((posts.load(Relaxed), detail(&app, &org, first).await.card.status), (1, CallStatus::Queued), "its fate is unknown");

    has_ended.store(true, Relaxed);
    app.hurry_calls().await;
    assert_eq!(detail(&app, &org, first).await.card.outcome, Some(Outcome::Failed));
    let known = calls(&app, &org).await;
    assert_eq!((known.len(), posts.load(Relaxed)), (2, 1), "another waits for its time");
    app.hurry_calls().await;
    app.hurry_calls().await;
    assert_eq!((calls(&app, &org).await.len(), posts.load(Relaxed)), (2, 2));
    let second = detail(&app, &org, known[0]).await.card;
    assert_eq!((second.customer_number.as_deref(), second.customer_name.as_deref()), (Some("+33639980147"), Some("Awa")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_recording_that_is_not_there_yet_is_asked_for_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Owner).await;
    let (_, provider_id) = app.assistant(&org).await;
    let faults = format!("{}/_sim/faults", app.sim.base_url());
    app.http.post(faults).json(&json!({ "lateRecordings": 2 })).send().await.expect("an answer").error_for_status().expect("set");
    app.ring(&provider_id, "+33639980000").await;
    let call = until("the report", 30, || async {
        let known = calls(&app, &org).await.first().copied()?;
        detail(&app, &org, known).await.has_report.then_some(known)
    })
    .await;
    app.try_jobs().await;
    assert_eq!(detail(&app, &org, call).await.card.recording, RecordingState::Awaited);
    app.hurry_calls().await;
    assert_eq!(detail(&app, &org, call).await.card.recording, RecordingState::Stored);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_last_try_that_is_killed_leaves_an_answer(pool: PgPool) {
    let (vapi, app, org, _) = stage(pool).await;
    let call = live_call(&app, &org).await;
    Mock::given(any()).respond_with(answer(404, json!({})).set_delay(Duration::from_secs(30))).mount(&vapi).await;
    let report = json!({ "type": "end-of-call-report", "timestamp": app.core.clock.now().timestamp_millis(), "endedReason": "customer-ended-call",
        "call": { "id": "c1", "type": "inboundPhoneCall" }, "artifact": { "recordingUrl": "https://x" } });
    assert_eq!(app.hook(&org, &report).await.status(), 200);
    run(&app, "update jobs.job set max_attempts = 1 where kind = 'calls.fetch_recording'").await;
    assert_eq!(detail(&app, &org, call).await.card.recording, RecordingState::Awaited);
    assert!(tokio::time::timeout(Duration::from_secs(2), app.try_jobs()).await.is_err(), "killed in the middle of it");
    assert_eq!(detail(&app, &org, call).await.card.recording, RecordingState::Failed);
}
