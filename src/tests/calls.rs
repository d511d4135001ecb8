//! Calls from webhook to screen: journal, fold, live socket, control, recordings, the log.

use crate::app::{TestApp, TestOrg, until};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use zencall::{
    calls::{
        model::{CallDetail, CallFilter, CallStatus, LiveAction, News, Outcome, Tell, call_topic},
        server::actions,
    },
    platform::OrgScope,
    shared::{ids::CallId, page::PageRequest, permission::Role},
};

fn message(kind: &str, call: &str, at: i64, rest: Value) -> Value {
    let mut message = json!({ "type": kind, "timestamp": at, "call": { "id": call, "type": "inboundPhoneCall" }, "customer": { "number": "+33639981247" } });
    for (key, value) in rest.as_object().into_iter().flatten() {
        message[key] = value.clone();
    }
    message
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn trace(call: &str, t0: i64) -> Vec<Value> {
    let said = |role: &str, at: i64, words: &str| {
        message("transcript", call, t0 + at, json!({ "role": role, "transcriptType": "final", "transcript": words }))
    };
    vec![
        message("status-update", call, t0, json!({ "status": "ringing" })),
        message("status-update", call, t0 + 2000, json!({ "status": "in-progress" })),
        said("assistant", 2500, "Bonjour, cabinet Nord."),
        said("user", 5000, "Je voudrais un rendez-vous."),
        message("user-interrupted", call, t0 + 9000, json!({})),
        message("status-update", call, t0 + 10_000, json!({ "status": "ended", "endedReason": "customer-ended-call" })),
        message(
            "end-of-call-report",
            call,
            t0 + 12_000,
            json!({ "endedReason": "customer-ended-call", "cost": 0.12, "analysis": { "summary": "Un rendez-vous." },
                "artifact": { "messages": [{ "role": "bot", "message": "Bonjour, cabinet Nord.", "time": t0 + 2500 }, { "role": "user", "message": "Je voudrais un rendez-vous.", "time": t0 + 5000 }] } }),
        ),
    ]
}

async fn only_call(app: &TestApp, org: &TestOrg) -> CallDetail {
    app.applied().await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let page = actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
    assert_eq!(page.items.len(), 1);
    actions::detail(&scope, page.items[0].id).await.expect("the call")
}

/// What must be equal whatever way the events came.
fn canonical(call: &CallDetail) -> Value {
    let lines: Vec<_> = call.lines.iter().map(|line| json!([line.speaker, line.text, line.at_ms])).collect();
    let mut events: Vec<_> = call.events.iter().map(|event| json!([event.kind, event.detail, event.at_ms]).to_string()).collect();
    events.sort();
    json!({ "status": call.card.status, "outcome": call.card.outcome, "reason": call.ended_reason, "duration": call.card.duration_s,
        "cost": call.card.cost, "summary": call.card.summary, "lines": lines, "events": events })
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn any_order_and_any_number_of_times_gives_the_same_call(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let t0 = now_ms();
    let (ordered, shuffled) = (app.org("Ordered", Role::Owner).await, app.org("Shuffled", Role::Owner).await);
    for message in trace("c1", t0) {
        assert_eq!(app.hook(&ordered, &message).await.status(), 200);
    }
    let mut messages = trace("c1", t0);
    messages.extend(trace("c1", t0));
    messages.reverse();
    messages.swap(1, 9);
    let deliveries = messages.iter().map(|message| app.hook(&shuffled, message));
    for answer in futures::future::join_all(deliveries).await {
        assert_eq!(answer.status(), 200);
    }
    let (a, b) = (only_call(&app, &ordered).await, only_call(&app, &shuffled).await);
    assert_eq!(a.card.status, CallStatus::Ended);
    assert_eq!(a.card.outcome, Some(Outcome::Done));
    assert_eq!(a.card.duration_s, Some(8));
    assert_eq!(a.lines.len(), 2);
    assert_eq!(canonical(&a), canonical(&b));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_attempt_is_journalled_and_only_proven_ones_count(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let body = json!({ "message": message("status-update", "c1", now_ms(), json!({ "status": "ringing" })) }).to_string();
    let wrong = app.signed(&org, &body, "another secret").await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(wrong.text().await.expect("a body"), "");
    let bare = app.http.post(app.url(&org.hook_path)).body(body.clone()).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
    let unknown = app.http.post(app.url("/hooks/vapi/nobody")).body(body.clone()).send().await.expect("an answer");
    assert_eq!(unknown.status(), 401);
    assert_eq!(app.signed(&org, &body, &org.hook_secret).await.status(), 200);
    assert_eq!(app.signed(&org, &body, &org.hook_secret).await.status(), 200);
    assert_eq!(app.signed(&org, "not json", &org.hook_secret).await.status(), 200);
    assert_eq!(app.signed(&org, r#"{"message":{"type":"brand-new","x":1}}"#, &org.hook_secret).await.status(), 200);
    let mut found: Vec<(String, Option<String>)> =
        sqlx::query_as("select outcome, reason from hook_journal order by created_at, id").fetch_all(&app.core.pool).await.expect("rows");
    found.sort();
    let row = |outcome: &str, reason: Option<&str>| (outcome.to_owned(), reason.map(str::to_owned));
    let mut expected = vec![
        row("rejected", Some("bad_signature")),
        row("rejected", Some("missing_header")),
        row("rejected", Some("unknown_address")),
        row("accepted", None),
        row("duplicate", None),
        row("rejected", Some("not_understood")),
        row("accepted", Some("unknown_type")),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn secrets_in_a_webhook_are_kept_nowhere(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut message = message(
        "status-update",
        "c1",
        now_ms(),
        json!({ "status": "in-progress", "phoneNumber": { "twilioAuthToken": "canary-aaaa", "number": "+33199004718" } }),
    );
    message["call"]["monitor"] =
        json!({ "controlUrl": "https://x.vapi.ai/canary-bbbb/control", "listenUrl": "wss://x.vapi.ai/canary-cccc/listen" });
    assert_eq!(app.hook(&org, &message).await.status(), 200);
    for table in ["hook_journal", "calls", "call_events", "call_lines"] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table} t where t::text like '%canary-%'"));
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&app.core.pool).await.expect("a count");
        assert_eq!(found, 0, "{table}");
    }
    let sealed: Option<Vec<u8>> = sqlx::query_scalar("select control_sealed from calls").fetch_one(&app.core.pool).await.expect("a row");
    assert!(sealed.is_some());
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_of_another_organisation_is_as_good_as_none(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    for message in trace("c1", now_ms()) {
        app.hook(&acme, &message).await;
    }
    let call = only_call(&app, &acme).await.card.id;
    let missing = CallId::generate();
    for path in ["recording", "recording?download=1"] {
        let (foreign, none) =
            (app.get(&globex, &format!("/calls/{call}/{path}")).await, app.get(&globex, &format!("/calls/{missing}/{path}")).await);
        assert_eq!((foreign.status(), none.status()), (reqwest::StatusCode::NOT_FOUND, reqwest::StatusCode::NOT_FOUND));
        assert_eq!(foreign.text().await.expect("a body"), none.text().await.expect("a body"));
    }
    let scope = OrgScope::of_system(&app.core, globex.id);
    assert!(actions::detail(&scope, call).await.is_err());
    assert!(actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page").items.is_empty());
    // The same provider id under the other organisation is the other organisation's own call.
    for message in trace("c1", now_ms()) {
        app.hook(&globex, &message).await;
    }
    assert_ne!(only_call(&app, &globex).await.card.id, call);
}

/// One tab's live socket.
pub struct Tab(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Tab {
    pub async fn open(app: &TestApp, org: &TestOrg) -> Self {
        let mut request = format!("ws://{}/live/ws", app.address).into_client_request().expect("a request");
        request.headers_mut().insert("cookie", org.cookie.parse().expect("a header"));
        request.headers_mut().insert("origin", format!("http://{}", app.address).parse().expect("a header"));
        Self(tokio_tungstenite::connect_async(request).await.expect("a socket").0)
    }

    pub async fn follow(&mut self, topic: &str, after: i64) {
        self.0.send(Message::Text(json!({ "sub": topic, "after": after }).to_string().into())).await.expect("sent");
    }

    /// The next news, or nothing when the socket closed.
    pub async fn next(&mut self) -> Option<Tell> {
        loop {
            match tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("news within ten seconds")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("a tell")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_viewer_who_comes_back_misses_nothing_and_hears_nothing_twice(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let t0 = now_ms();
    app.hook(&org, &message("status-update", "c1", t0, json!({ "status": "in-progress" }))).await;
    let call = only_call(&app, &org).await.card.id;
    let said = |n: i64| {
        message("transcript", "c1", t0 + n, json!({ "role": "user", "transcriptType": "final", "transcript": format!("ligne {n}") }))
    };
    let mut seen = Vec::new();
    let mut cursor = 0;
    for round in 0..4 {
        let mut tab = Tab::open(&app, &org).await;
        tab.follow(&call_topic(call), cursor).await;
        for n in 0..5 {
            app.hook(&org, &said(round * 10 + n)).await;
        }
        // Cut in the middle: only some of what was told has been read.
        let wanted = if round < 3 { seen.len() + 2 } else { 20 };
        while seen.len() < wanted {
            let tell = tab.next().await.expect("more");
            if let News::More { lines, events } = tell.news {
                seen.extend(lines.iter().map(|line| line.text.clone()));
                let last = lines.iter().map(|line| line.seq).chain(events.iter().map(|event| event.seq)).max();
                cursor = last.unwrap_or(cursor).max(cursor);
            }
        }
    }
    let stored: Vec<String> = only_call(&app, &org).await.lines.into_iter().map(|line| line.text).collect();
    seen.sort();
    let mut expected = stored.clone();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(stored.len(), 20);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_live_socket_is_for_our_pages_and_people_who_may(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, billing) = (app.org("Acme", Role::Owner).await, app.org("Acme", Role::Billing).await);
    for (cookie, origin, expected) in [
        (org.cookie.clone(), "https://evil.example".to_owned(), 403),
        (String::new(), format!("http://{}", app.address), 401),
        (billing.cookie.clone(), format!("http://{}", app.address), 403),
    ] {
        let mut request = format!("ws://{}/live/ws", app.address).into_client_request().expect("a request");
        request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
        request.headers_mut().insert("origin", origin.parse().expect("a header"));
        match tokio_tungstenite::connect_async(request).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), expected),
            other => panic!("expected {expected}, got {:?}", other.map(|_| "a socket")),
        }
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn ending_a_session_ends_its_open_streams(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut tab = Tab::open(&app, &org).await;
    tab.follow("board", 0).await;
    assert!(matches!(tab.next().await.map(|tell| tell.news), Some(News::Board { .. })));
    sqlx::query("delete from sessions where id = $1").bind(org.session).execute(&app.core.pool).await.expect("deleted");
    let mut conn = app.core.pool.acquire().await.expect("a connection");
    zencall::platform::bus::publish(&mut conn, &[zencall::platform::bus::Note::Revoked { account: org.account }]).await.expect("told");
    assert_eq!(tab.next().await, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn another_role_ends_open_streams_that_it_does_not_allow(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Agent).await;
    let program = OrgScope::of_system(&app.core, org.id);
    let mut tab = Tab::open(&app, &org).await;
    tab.follow("board", 0).await;
    assert!(matches!(tab.next().await.map(|tell| tell.news), Some(News::Board { .. })));
    zencall::team::server::actions::set_role(&program, org.account, Role::Billing.into()).await.expect("given");
    assert_eq!(tab.next().await, None);
    zencall::team::server::actions::set_role(&program, org.account, Role::ReadOnly.into()).await.expect("given back");
    let mut tab = Tab::open(&app, &org).await;
    tab.follow("board", 0).await;
    assert!(matches!(tab.next().await.map(|tell| tell.news), Some(News::Board { .. })));
    zencall::team::server::actions::remove(&program, org.account).await.expect("removed");
    assert_eq!(tab.next().await, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_simulated_call_is_watched_stepped_into_and_explains_itself(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Supervisor).await;
    let (_, provider_id) = app.assistant(&org).await;
    let mut tab = Tab::open(&app, &org).await;
    tab.follow("board", 0).await;
    app.ring(&provider_id, "+33639980009").await; // 09: a long call
    let call = loop {
        let tell = tab.next().await.expect("news");
        if let News::Card { card } = tell.news
            && card.status == CallStatus::Live
        {
            break card.id;
        }
    };
    let scope = OrgScope::of_system(&app.core, org.id);
    let said = actions::act(&scope, call, LiveAction::Say { text: "Un conseiller arrive.".into() }).await.expect("an outcome");
    assert_eq!((said.outcome.as_str(), said.error), ("done", None));
    until("the words to be in the transcript", 10, || async {
        let lines = actions::detail(&scope, call).await.expect("the call").lines;
        lines.iter().any(|line| line.text.contains("Un conseiller arrive")).then_some(())
    })
    .await;
    let ended = actions::act(&scope, call, LiveAction::End).await.expect("an outcome");
    assert_eq!(ended.outcome, "done");
    let detail = until("the report", 20, || async {
        let detail = actions::detail(&scope, call).await.expect("the call");
        detail.has_report.then_some(detail)
    })
    .await;
    assert_eq!(detail.card.status, CallStatus::Ended);
    assert_eq!(detail.actions.len(), 2);
    assert!(detail.card.cost.is_some() && !detail.trail.is_empty());
    app.run_jobs().await;
    let answer = app
        .http
        .get(app.url(&format!("/calls/{call}/recording")))
        .header("cookie", &org.cookie)
        .header("range", "bytes=0-43")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 206);
    assert_eq!(&answer.bytes().await.expect("audio")[..4], b"RIFF");
    let late = actions::act(&scope, call, LiveAction::Mute).await.expect_err("it is over");
    assert_eq!(late.code(), "call_not_live");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_call_ends_even_when_the_provider_falls_silent(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Owner).await;
    let (_, provider_id) = app.assistant(&org).await;
    for ending in ["13", "19"] {
        app.ring(&provider_id, &format!("+336399801{ending}")).await;
    }
    let scope = OrgScope::of_system(&app.core, org.id);
    until("both calls to be known", 10, || async {
        let page = actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
        (page.items.len() == 2).then_some(())
    })
    .await;
    until("both to be healed by asking", 40, || async {
        // What the duty's clock would wait for is passed by hand.
        sqlx::query("update calls set last_event_at = now() - interval '1 hour', asked_at = null, reconciled = 0 where not settled")
            .execute(&app.core.pool)
            .await
            .expect("aged");
        let mut conn = app.core.pool.acquire().await.expect("a connection");
        zencall::platform::queue::enqueue(&mut conn, &zencall::calls::server::jobs::Reconcile, Default::default()).await.expect("enqueued");
        drop(conn);
        app.try_jobs().await;
        let page = actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
        page.items.iter().all(|card| card.status == CallStatus::Ended && card.summary.is_some()).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_outbound_call_is_placed_once_whatever_the_provider_answers(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Owner).await;
    let (assistant, _) = app.assistant(&org).await;
    let number: Value = app
        .http
        .post(format!("{}/phone-number", app.sim.base_url()))
        .bearer_auth("test-key")
        .json(&json!({ "provider": "byo-phone-number", "credentialId": "c", "number": "+33199004718" }))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("a number");
    sqlx::query("insert into phone_numbers (id, org_id, number, provider_id, assistant_id, sync_state) values ($1, $2, '+33199004718', $3, $4, 'in_step')")
        .bind(uuid::Uuid::now_v7())
        .bind(org.id)
        .bind(number["id"].as_str())
        .bind(assistant)
        .execute(&app.core.pool)
        .await
        .expect("a number");
    let scope = OrgScope::of_system(&app.core, org.id);
    let wrong = actions::start(&scope, zencall::shared::ids::AssistantId(assistant), "12", "").await.expect_err("no number");
    assert_eq!(wrong.fields().get("number"), Some("phone.not_dialable"));
    // 16: accepted, answered with 500. 21: refused with 400.
    let accepted = actions::start(&scope, zencall::shared::ids::AssistantId(assistant), "+33 6 39 98 01 16", "Awa").await.expect("a call");
    let refused = actions::start(&scope, zencall::shared::ids::AssistantId(assistant), "+33 6 39 98 01 21", "").await.expect("a call");
    until("both to be over", 40, || async {
        sqlx::query("update jobs.job set run_at = now() where state = 0 and kind like 'calls.%'")
            .execute(&app.core.pool)
            .await
            .expect("hurried");
        app.try_jobs().await;
        let (a, b) = (actions::detail(&scope, accepted).await.expect("a call"), actions::detail(&scope, refused).await.expect("a call"));
        (a.card.status == CallStatus::Ended && a.has_report && b.card.status == CallStatus::Ended).then_some(())
    })
    .await;
    let b = actions::detail(&scope, refused).await.expect("a call");
    assert_eq!(b.card.outcome, Some(Outcome::Failed));
    assert!(b.dial_error.is_some(), "the provider's words are kept");
    let calls: Value = app
        .http
        .get(format!("{}/call", app.sim.base_url()))
        .bearer_auth("test-key")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("calls");
    let placed = calls.as_array().expect("a list").iter().filter(|call| call["customer"]["number"] == "+33639980116").count();
    assert_eq!(placed, 1, "nobody is dialled twice");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_log_is_paged_filtered_searched_and_exported(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    for n in 0..7 {
        for message in trace(&format!("c{n}"), now_ms() - n * 60_000) {
            app.hook(&org, &message).await;
        }
    }
    let scope = OrgScope::of_system(&app.core, org.id);
    let mut page = PageRequest { after: None, limit: Some(3) };
    let mut seen = Vec::new();
    loop {
        let found = actions::list(&scope, &CallFilter::default(), &page).await.expect("a page");
        seen.extend(found.items.iter().map(|card| card.id));
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
    let count = |q: &str, outcome| {
        let filter = CallFilter { q: Some(q.to_owned()), outcome, ..CallFilter::default() };
        let scope = scope.clone();
        async move { actions::list(&scope, &filter, &PageRequest::first()).await.expect("a page").items.len() }
    };
    assert_eq!(count("rendez-vous", None).await, 7);
    assert_eq!(count("06 39 98 12 47", Some(Outcome::Done)).await, 7);
    assert_eq!(count("plombier", None).await, 0);
    assert_eq!(count("", Some(Outcome::Failed)).await, 0);
    let csv = app.get(&org, "/calls/export.csv?q=rendez-vous").await;
    assert_eq!(csv.status(), 200);
    assert_eq!(csv.text().await.expect("text").lines().count(), 8);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn assistants_and_tools_are_answered_from_the_database(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let request = message("assistant-request", "c1", now_ms(), json!({}));
    let answer: Value = app.hook(&org, &request).await.json().await.expect("json");
    assert!(answer["error"].as_str().is_some_and(|words| !words.is_empty()), "{answer}");
    let (_, provider_id) = app.assistant(&org).await;
    let answer: Value = app.hook(&org, &request).await.json().await.expect("json");
    assert_eq!(answer["assistantId"], provider_id.as_str());
    let tools = message(
        "tool-calls",
        "c1",
        now_ms(),
        json!({ "toolCallList": [
        { "id": "t1", "function": { "name": "take_message", "arguments": "{\"message\":\"Rappeler\\nAwa\"}" } }, { "id": "t2", "name": "unheard_of" } ] }),
    );
    for _ in 0..2 {
        let answer: Value = app.hook(&org, &tools).await.json().await.expect("json");
        let results = answer["results"].as_array().expect("results");
        assert_eq!(results.len(), 2);
        assert!(results[0]["result"].is_string() && results[1]["error"].is_string());
        assert!(!answer.to_string().contains("\\n"));
    }
    let kept = only_call(&app, &org).await.events.iter().filter(|event| event.kind == "message").count();
    assert_eq!(kept, 1, "told twice, taken once");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_message_is_taken_with_all_the_tool_asks_for(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let left = json!({ "message": "Rappeler demain", "caller_name": "Awa Diop", "phone": "+33639981200", "urgent": true });
    let tools = json!({ "toolCallList": [{ "id": "t1", "function": { "name": "take_message", "arguments": left.clone() } }] });
    assert_eq!(app.hook(&org, &message("tool-calls", "c1", now_ms(), tools)).await.status(), 200);
    let detail = only_call(&app, &org).await;
    let event = detail.events.iter().find(|event| event.kind == "message").expect("the message");
    assert_eq!(event.detail, left);
    let words = zencall::calls::words::event(&detail.card, event);
    assert!(words.text.contains("Awa Diop") && words.quote.as_deref() == Some("Rappeler demain"), "{}", words.text);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_page_read_during_a_call_never_runs_ahead_of_its_cursor(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let t0 = now_ms();
    app.hook(&org, &message("status-update", "c1", t0, json!({ "status": "in-progress" }))).await;
    let call = only_call(&app, &org).await.card.id;
    let scope = OrgScope::of_system(&app.core, org.id);
    let talk = async {
        for n in 0..80 {
            let said = json!({ "role": "user", "transcriptType": "final", "transcript": format!("ligne {n}") });
            let (line, event) = (message("transcript", "c1", t0 + n, said), message("user-interrupted", "c1", t0 + n, json!({})));
            futures::join!(app.hook(&org, &line), app.hook(&org, &event));
        }
    };
    let look = async {
        for _ in 0..120 {
            let detail = actions::detail(&scope, call).await.expect("the call");
            let newest = detail.lines.iter().map(|line| line.seq).chain(detail.events.iter().map(|event| event.seq)).max();
            assert!(newest <= Some(detail.card.seq), "what is after the cursor would be told twice, what is before it never");
        }
    };
    futures::join!(talk, look);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn home_shows_the_calls_that_are_not_over(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    for message in trace("c1", now_ms()) {
        app.hook(&org, &message).await;
    }
    app.hook(&org, &message("status-update", "c2", now_ms(), json!({ "status": "in-progress" }))).await;
    let home = zencall::dashboard::server::actions::home(&OrgScope::of_system(&app.core, org.id)).await.expect("home");
    assert_eq!(home.board.iter().map(|card| card.status).collect::<Vec<_>>(), [CallStatus::Live]);
    assert_eq!(home.figures.map(|figures| figures.live), Some(1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_sandbox_that_talks_to_the_real_provider_simulates_nothing(pool: PgPool) {
    let app = TestApp::with_provider(pool, "https://api.vapi.ai").await;
    let org = app.org("Acme", Role::Owner).await;
    let refused = actions::simulate(&OrgScope::of_system(&app.core, org.id), None, "00").await.expect_err("refused");
    assert_eq!(refused.code(), "not_sandbox");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_database_in_trouble_sets_nothing_aside_and_asks_for_it_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let ringing =
        |call: &str| json!({ "type": "status-update", "status": "ringing", "timestamp": 1_790_000_000_000_i64, "call": { "id": call } });
    assert_eq!(app.hook(&org, &ringing("before")).await.status(), 200);
    app.sql("alter table hook_pending rename to hook_pending_away").await;
    assert_eq!(app.hook(&org, &ringing("during")).await.status(), 503);
    app.sql("alter table hook_pending_away rename to hook_pending").await;
    assert_eq!(app.hook(&org, &ringing("during")).await.status(), 200);
    assert_eq!(outcomes(&app, &org).await, ["accepted", "accepted"]);
}

/// More than memory holds of it.
#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_burst_is_acknowledged_while_nothing_can_be_folded_and_is_folded_once_after(pool: PgPool) {
    const BURST: i64 = 2_300;
    let app = TestApp::new(pool.clone()).await;
    let org = app.org("Acme", Role::Owner).await;
    let mut elsewhere = pool.begin().await.expect("a transaction");
    sqlx::query("lock table call_refs in access exclusive mode").execute(&mut *elsewhere).await.expect("the lock");
    let t0 = now_ms();
    let said = |n: i64| {
        let words = json!({ "role": "user", "transcriptType": "final", "transcript": format!("phrase {n}") });
        message("transcript", &format!("c{}", n % 30), t0 + n, words)
    };
    let answers: Vec<_> = futures::stream::iter(0..BURST)
        .map(said)
        .map(|message| async { app.hook(&org, &{ message }).await.status() })
        .buffer_unordered(32)
        .collect()
        .await;
    assert!(answers.iter().all(|status| *status == 200), "all are durable");
    assert_eq!(app.number("select count(*) from call_lines").await, 0);
    elsewhere.rollback().await.expect("the end of the lock");
    app.applied().await;
    assert_eq!(app.number("select count(*) from call_lines").await, BURST);
    assert_eq!(app.number("select count(*) from call_refs").await, 30);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_was_acknowledged_and_could_not_be_applied_is_applied_later_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    app.sql("alter table call_refs rename to call_refs_away").await;
    for message in trace("c1", now_ms()) {
        assert_eq!(app.hook(&org, &message).await.status(), 200, "durable, and applied when that is possible");
    }
    let steered = json!({ "type": "status-update", "status": "in-progress", "timestamp": now_ms(),
        "call": { "id": "c1", "monitor": { "controlUrl": "https://canary.example", "listenUrl": "wss://canary.example" } } });
    app.hook(&org, &steered).await;
    assert!(app.number("select count(*) from hook_pending").await > 0);
    assert_eq!(app.number("select count(*) from hook_pending where told like '%canary%'").await, 0, "capabilities wait nowhere");
    app.sql("alter table call_refs_away rename to call_refs").await;
    app.applied().await;
    let late = [app.number("select count(*) from call_lines").await, app.number("select count(*) from call_events").await];
    for message in trace("c2", now_ms()) {
        app.hook(&org, &message).await;
    }
    app.applied().await;
    let both = [app.number("select count(*) from call_lines").await, app.number("select count(*) from call_events").await];
    assert_eq!((both, late.iter().all(|rows| *rows > 0)), (late.map(|rows| rows * 2), true), "as if nothing had been in the way");
    assert_eq!(app.number("select count(*) from calls where status = 'ended'").await, 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_the_database_refuses_is_set_aside_alone(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    app.sql("alter table call_lines add constraint no_poison check (text <> 'poison')").await;
    let said = |call: &str, text: &str| json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": text, "timestamp": 1_790_000_000_000_i64, "call": { "id": call } });
    let words: Vec<String> = (0..20).map(|n| if n == 7 { "poison".to_owned() } else { format!("word {n}") }).collect();
    let messages: Vec<_> = words.iter().map(|text| said("c1", text)).collect();
    let answers = futures::future::join_all(messages.iter().map(|message| app.hook(&org, message))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    app.applied().await;
    let outcomes = outcomes(&app, &org).await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "dead").count(), 1, "{outcomes:?}");
    assert_eq!(app.number("select count(*) from call_lines").await, 19);
    assert_eq!(app.number("select count(*) from hook_journal where reason like '%no_poison%'").await, 1, "why is kept");
}

async fn outcomes(app: &TestApp, org: &TestOrg) -> Vec<String> {
    let outcomes = sqlx::query_scalar("select outcome from hook_journal where org_id = $1 order by outcome").bind(org.id);
    outcomes.fetch_all(&app.core.pool).await.expect("the journal")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_told_again_without_a_time_or_with_an_earlier_one_is_the_same_thing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let untimed =
        json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": "Bonjour", "call": { "id": "c1" } });
    let live = |at: i64| json!({ "type": "status-update", "status": "in-progress", "timestamp": at, "call": { "id": "c1" } });
    for message in [&untimed, &live(1_790_000_005_000), &untimed, &live(1_790_000_002_000), &live(1_790_000_009_000)] {
        assert_eq!(app.hook(&org, message).await.status(), 200);
    }
    let lines: i64 = sqlx::query_scalar("select count(*) from call_lines").fetch_one(&app.core.pool).await.expect("a count");
    let answered: Vec<i64> =
        sqlx::query_scalar("select at_ms from call_events where kind = 'status'").fetch_all(&app.core.pool).await.expect("the events");
    assert_eq!((lines, answered), (1, vec![1_790_000_002_000]));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_body_that_is_too_long_is_turned_away_and_journalled(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let body = "x".repeat(17 * 1024 * 1024);
    // The answer may come while the body is still on its way, and the connection end with it.
    let answer = app.http.post(app.url(&org.hook_path)).body(body).send().await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 413));
    until("the journal", 5, || async {
        let reason: Option<String> = sqlx::query_scalar("select reason from hook_journal where org_id = $1 and outcome = 'rejected'")
            .bind(org.id)
            .fetch_optional(&app.core.pool)
            .await
            .expect("the journal");
        reason.map(|reason| assert_eq!(reason, "too_large"))
    })
    .await;
}
