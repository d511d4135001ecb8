//! Outgoing webhooks against a sink that answers everything: what is sent and how it is signed, what each answer leads to, and that nothing
//! is lost or told to others.

use crate::app::{TestApp, TestOrg, until};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};
use zencall::{
    api_keys::server::actions::{self as keys, NewKey},
    platform::{
        OrgScope, crypto,
        events::{self, Happened},
        mail::{Letter, Mail},
    },
    server::workers,
    shared::{
        error::AppError,
        event::EventKind,
        ids::{DeliveryId, EndpointId},
        permission::{Permission, Role},
    },
    webhooks::{
        model::*,
        server::{actions, jobs, signature},
    },
};

/// What came to the sink.
#[derive(Clone, Debug)]
struct Received {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether one of the signatures is of this secret, over exactly these bytes.
    fn is_signed_with(&self, secret: &str) -> bool {
        let timestamp = self.header("webhook-timestamp").parse().expect("seconds");
        let wanted = signature(secret, &self.header("webhook-id"), timestamp, &self.body).expect("a signature");
        self.header("webhook-signature").split(' ').any(|one| one == wanted)
    }
}

/// Answers as its path says, and remembers.
#[derive(Clone)]
struct Sink {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Sink {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let sink = Self { address: listener.local_addr().expect("an address"), received: Arc::default() };
        let routes = Router::new().route("/{kind}", post(answer)).route("/{kind}/{n}", post(answer_n)).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        sink
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().expect("whole").clone()
    }

    fn of(&self, path: &str) -> Vec<Received> {
        self.all().into_iter().filter(|one| one.path == format!("/{path}")).collect()
    }
}

async fn answer(sink: State<Sink>, Path(kind): Path<String>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    answer_n(sink, Path((kind, 0)), uri, headers, body).await
}

async fn answer_n(State(sink): State<Sink>, Path((kind, n)): Path<(String, u64)>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received { path: uri.path().to_owned(), headers, body: String::from_utf8(body.to_vec()).expect("UTF-8") };
    let id = received.header("webhook-id");
    let times = {
        let mut all = sink.received.lock().expect("whole");
        all.push(received);
        all.iter().filter(|one| one.path == uri.path() && one.header("webhook-id") == id).count() as u64
    };
    match kind.as_str() {
        "slow" => {
            tokio::time::sleep(std::time::Duration::from_millis(n)).await;
            StatusCode::OK.into_response()
        }
        "moved" => (StatusCode::MOVED_PERMANENTLY, [("location", "/ok")]).into_response(),
        "gone" => StatusCode::GONE.into_response(),
        "busy" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response(),
        "maintenance" => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")]).into_response(),
        "gateway" => StatusCode::BAD_GATEWAY.into_response(),
        "abort" => (StatusCode::INTERNAL_SERVER_ERROR, [("webhook-delivery", "abort-message")]).into_response(),
        "flaky" if times <= n => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "broken" => (StatusCode::INTERNAL_SERVER_ERROR, "it broke\0 é".repeat(10_000)).into_response(),
        _ => (StatusCode::OK, "thanks").into_response(),
    }
}

/// A port whose connections are reset at once.
async fn resetting() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    address
}

async fn start(pool: PgPool, allow: &[SocketAddr]) -> TestApp {
    let allow: Vec<String> = allow.iter().map(ToString::to_string).collect();
    TestApp::with_settings(pool, &[("ZENCALL_SSRF_ALLOW", &allow.join(","))]).await
}

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

async fn endpoint(app: &TestApp, org: &TestOrg, url: &str) -> FreshSecret {
    actions::create(&scope(app, org), Wanted { url: url.into(), ..Wanted::default() }).await.expect("an endpoint")
}

/// Something happens that a real publisher tells of.
async fn make_a_key(app: &TestApp, org: &TestOrg) {
    let new = NewKey {
        name: "Test".into(),
        scopes: vec![Permission::CallsRead],
        expires_at: None,
        networks: vec![],
        per_minute: 600,
        assistants: None,
    };
    keys::create(&scope(app, org), new).await.expect("a key");
}

/// So many things happen, in one transaction.
async fn happen(app: &TestApp, org: &TestOrg, n: usize) {
    let mut tx = zencall::platform::SystemTx::begin(&app.core, "a test's events").await.expect("a transaction");
    let now = app.core.clock.now();
    let all: Vec<Happened> = (0..n)
        .map(|n| {
            Happened::new(org.id, EventKind::CallEnded, format!("{now}:{n}"), now, serde_json::json!({ "call": n, "direction": "web" }))
        })
        .collect();
    events::emit(tx.conn(), &all).await.expect("told");
    tx.commit().await.expect("committed");
}

/// Passes what the clock would wait for by hand, and runs what is due.
async fn later(app: &TestApp) {
    app.sql("update webhook_deliveries set next_at = now() where state = 'pending'").await;
    app.sql("update webhook_endpoints set resting_until = null").await;
    hurry(app).await;
}

async fn hurry(app: &TestApp) {
    app.sql("update jobs.job set run_at = now() where state = 0 and kind = 'webhooks.deliver'").await;
    app.run_jobs().await;
}

async fn only(app: &TestApp, org: &TestOrg, id: EndpointId) -> Delivery {
    let found = actions::deliveries(&scope(app, org), id, None, None).await.expect("deliveries");
    assert_eq!(found.items.len(), 1, "{found:?}");
    found.items.into_iter().next().expect("one")
}

async fn read(app: &TestApp, org: &TestOrg, id: EndpointId) -> Endpoint {
    actions::read(&scope(app, org), id).await.expect("an endpoint")
}

async fn sheet(app: &TestApp, org: &TestOrg, id: DeliveryId) -> DeliverySheet {
    actions::delivery(&scope(app, org), id).await.expect("a delivery")
}

fn within(at: DateTime<Utc>, seconds: f64) -> bool {
    let wait = (at - Utc::now()).as_seconds_f64();
    (seconds * 0.9 - 3.0..=seconds * 1.1 + 3.0).contains(&wait)
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_happens_is_told_signed_once_to_each_endpoint_that_wants_it(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    make_a_key(&app, &acme).await;
    assert_eq!(app.number("select count(*) from webhook_events").await, 0, "nobody listens: nothing is kept");
    let all = endpoint(&app, &acme, &sink.url("ok")).await;
    let headers = Some(vec![("X-Canary".to_owned(), "s3cret".to_owned())]);
    let wanted = Wanted { url: sink.url("picky"), kinds: vec![EventKind::CallEnded], headers, ..Wanted::default() };
    let picky = actions::create(&scope(&app, &acme), wanted).await.expect("an endpoint");
    endpoint(&app, &globex, &sink.url("foreign")).await;

    make_a_key(&app, &acme).await;
    happen(&app, &acme, 1).await;
    app.run_jobs().await;

    let told = sink.of("ok");
    assert_eq!(told.iter().map(|one| one.json()["type"].as_str().map(str::to_owned)).collect::<BTreeSet<_>>().len(), 2);
    assert_eq!((sink.of("picky").len(), sink.of("foreign").len(), sink.all().len()), (1, 0, 3));
    let key = told.iter().find(|one| one.json()["type"] == "key.created").expect("told");
    assert!(key.is_signed_with(&all.secret) && !key.is_signed_with(&picky.secret));
    assert!(key.header("webhook-id").starts_with("evt_") && !key.header("webhook-id").contains('.'));
    assert!((key.header("webhook-timestamp").parse::<i64>().expect("seconds") - Utc::now().timestamp()).abs() < 30);
    assert_eq!(key.header("content-type"), "application/json");
    assert!(key.json()["data"]["key"].as_str().is_some_and(|id| id.starts_with("key_")) && key.body.len() < 300, "{}", key.body);
    assert!(DateTime::parse_from_rfc3339(key.json()["timestamp"].as_str().expect("a time")).is_ok());

    // Own headers travel and are shown nowhere.
    assert_eq!(sink.of("picky")[0].header("x-canary"), "s3cret");
    let sent = sheet(&app, &acme, only(&app, &acme, picky.id).await.id).await;
    assert!(sent.attempts[0].request_head.contains("x-canary: …") && sent.attempts[0].response_body == "thanks", "{sent:?}");
    assert!(!format!("{sent:?}{:?}", read(&app, &acme, picky.id).await).contains("s3cret"));
    assert_eq!(app.number("select count(*) from webhook_deliveries where state = 'delivered' and attempts = 1").await, 3);
    assert_eq!(read(&app, &acme, all.id).await.hours.iter().sum::<i64>(), 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_event_that_is_found_out_twice_is_told_once_and_none_without_its_change(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    endpoint(&app, &org, &sink.url("ok")).await;
    let again = || Happened::new(org.id, EventKind::CallEnded, "call_1", app.core.clock.now(), serde_json::json!({ "call": "call_1" }));
    for commits in [false, true, true] {
        let mut tx = zencall::platform::SystemTx::begin(&app.core, "a test's events").await.expect("a transaction");
        events::emit(tx.conn(), &[again(), again()]).await.expect("told");
        if commits {
            tx.commit().await.expect("committed");
        }
    }
    app.run_jobs().await;
    assert_eq!((sink.all().len(), app.number("select count(*) from webhook_events").await), (1, 1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_tells_that_it_began_and_that_it_is_over(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    endpoint(&app, &org, &sink.url("ok")).await;
    let (_, provider_id) = app.assistant(&org).await;
    app.ring(&provider_id, "+33639981200").await;
    until("the call to end", 60, || async {
        (app.number("select count(*) from webhook_events where kind = 'call.ended'").await == 1).then_some(())
    })
    .await;
    app.applied().await;
    app.try_jobs().await;
    let told: Vec<(String, String)> =
        sink.all().iter().map(|one| (one.json()["type"].to_string(), one.json()["data"]["call"].to_string())).collect();
    for kind in ["\"call.started\"", "\"call.ended\""] {
        assert_eq!(told.iter().filter(|(told, call)| told == kind && call.starts_with("\"call_")).count(), 1, "{kind} in {told:?}");
    }
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_fails_is_tried_again_up_the_ladder_under_the_same_id(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let id = endpoint(&app, &org, &sink.url("broken")).await.id;
    happen(&app, &org, 1).await;
    app.run_jobs().await;
    for (tries, step) in (1..).zip([5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0]) {
        let delivery = only(&app, &org, id).await;
        assert_eq!((delivery.attempts, delivery.state, delivery.last_status), (tries, DeliveryState::Pending, Some(500)));
        assert!(within(delivery.next_at.expect("a next one"), step), "{delivery:?} after {step}");
        hurry(&app).await; // too early: nothing is sent
        assert_eq!(sink.all().len(), tries as usize);
        later(&app).await;
    }
    let delivery = only(&app, &org, id).await;
    assert_eq!((delivery.attempts, delivery.state, delivery.next_at), (10, DeliveryState::Failed, None));
    assert_eq!(app.number("select count(*) from jobs.job where kind = 'webhooks.deliver'").await, 0);
    let sent = sink.all();
    assert_eq!(sent.iter().map(|one| one.header("webhook-id")).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(sent.iter().map(|one| one.body.clone()).collect::<BTreeSet<_>>().len(), 1, "the same bytes");
    let sheet = sheet(&app, &org, delivery.id).await;
    assert_eq!(sheet.attempts.len(), 10);
    assert!(sheet.attempts.iter().all(|one| one.response_body.len() <= 4096 && one.response_body.starts_with("it broke")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn each_answer_leads_where_the_standard_says(pool: PgPool) {
    let (sink, reset) = (Sink::start().await, resetting().await);
    let app = start(pool, &[sink.address, reset]).await;
    let org = app.org("Acme", Role::Owner).await;
    let paths = ["flaky/1", "moved", "gone", "busy", "maintenance", "gateway", "abort"];
    let mut ids = BTreeMap::new();
    for path in paths {
        ids.insert(path, endpoint(&app, &org, &sink.url(path)).await.id);
    }
    ids.insert("reset", endpoint(&app, &org, &format!("http://{reset}/x")).await.id);
    happen(&app, &org, 1).await;
    app.run_jobs().await;
    let mut found = BTreeMap::new();
    for (path, id) in &ids {
        found.insert(*path, only(&app, &org, *id).await);
    }
    let next = |path: &str| found[path].next_at.expect("a next one");
    for path in ["flaky/1", "moved", "gateway", "reset"] {
        assert!(found[path].state == DeliveryState::Pending && within(next(path), 5.0), "{path}: {:?}", found[path]);
    }
    assert!(next("busy") - found["busy"].last_at.expect("tried") >= Duration::seconds(7));
    assert!(within(next("maintenance"), 3600.0));
    assert_eq!((found["abort"].state, found["gone"].state), (DeliveryState::Failed, DeliveryState::Failed));
    assert!(sink.of("ok").is_empty(), "a redirect is not followed");
    let attempts = sheet(&app, &org, found["reset"].id).await.attempts;
    assert!(attempts[0].status.is_none() && attempts[0].error.is_some());
    // 410 ends it at once, and the owner hears of it; the others go on.
    let gone = read(&app, &org, ids["gone"]).await;
    assert_eq!((gone.state, gone.disabled_why), (EndpointState::Disabled, Some(DisabledWhy::Gone)));
    assert_eq!(app.number("select count(*) from webhook_endpoints where state = 'active'").await, 7);
    let rests = app.number("select count(*) from webhook_endpoints where resting_until > now()").await;
    assert_eq!(rests, 3, "busy, maintenance and gateway rest");
    later(&app).await;
    assert_eq!(only(&app, &org, ids["flaky/1"]).await.state, DeliveryState::Delivered);
    assert_eq!(read(&app, &org, ids["flaky/1"]).await.failures, 0);
    happen(&app, &org, 1).await;
    app.sql("delete from jobs.job").await;
    assert_eq!(only(&app, &org, ids["gone"]).await.state, DeliveryState::Failed, "nothing new is owed to who is gone");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn both_secrets_sign_until_the_grace_ends(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let old = endpoint(&app, &org, &sink.url("ok")).await;
    let new = actions::roll(&scope(&app, &org), old.id, GRACE_S).await.expect("rolled");
    happen(&app, &org, 1).await;
    app.run_jobs().await;
    let both = sink.all()[0].clone();
    assert!(both.is_signed_with(&old.secret) && both.is_signed_with(&new.secret));
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    let first = both.header("webhook-signature").split(' ').next().expect("one").to_owned();
    let timestamp = both.header("webhook-timestamp").parse().expect("seconds");
    assert_eq!(first, signature(&new.secret, &both.header("webhook-id"), timestamp, &both.body).expect("signed"), "the newest first");
    app.sql("update webhook_endpoints set previous_until = now() - interval '1 second'").await;
    happen(&app, &org, 1).await;
    app.run_jobs().await;
    let one = sink.all()[1].clone();
    assert!(!one.is_signed_with(&old.secret) && one.is_signed_with(&new.secret));
    let dump = app.number("select count(*) from webhook_endpoints where encode(secret_sealed, 'escape') like '%whsec_%'").await;
    assert_eq!(dump, 0, "sealed");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_fails_for_five_days_is_disabled_and_the_owner_is_told_on_days_one_three_and_five(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let id = endpoint(&app, &org, &sink.url("broken")).await.id;
    happen(&app, &org, 3).await;
    app.run_jobs().await;
    let mut told = Vec::new();
    for hours in [1_i32, 23, 25, 47, 49, 73, 100, 119, 121, 130] {
        sqlx::query("update webhook_endpoints set failing_since = now() - $1 * interval '1 hour'")
            .bind(hours)
            .execute(&app.core.pool)
            .await
            .expect("moved");
        jobs::watch(&app.core).await.expect("watched");
        jobs::watch(&app.core).await.expect("watched");
        let letters: Vec<Value> =
            sqlx::query_scalar("select payload from jobs.job where queue = 'mail'").fetch_all(&app.core.pool).await.expect("letters");
        for payload in letters {
            let mail: Mail = serde_json::from_value(payload).expect("a letter");
            let Letter::WebhookFailing { days, is_disabled, host, .. } = mail.letter else { panic!("another letter") };
            assert_eq!(host, "127.0.0.1");
            told.push((hours, days, is_disabled));
        }
        app.sql("delete from jobs.job where queue = 'mail'").await;
    }
    assert_eq!(told, [(25, 1, false), (73, 3, false), (121, 5, true)]);
    let endpoint = read(&app, &org, id).await;
    assert_eq!((endpoint.state, endpoint.disabled_why), (EndpointState::Disabled, Some(DisabledWhy::Failing)));
    assert_eq!(app.number("select count(*) from webhook_deliveries where state = 'cancelled'").await, 3);
    let off = Err(AppError::conflict("endpoint_off"));
    assert_eq!(actions::recover(&scope(&app, &org), id, Utc::now() - Duration::days(1)).await, off);

    // It comes back: what was given up is recovered with one wish.
    let wanted = Wanted { url: sink.url("ok"), ..Wanted::default() };
    actions::edit(&scope(&app, &org), id, wanted).await.expect("changed");
    actions::set_state(&scope(&app, &org), id, EndpointState::Active).await.expect("on again");
    assert_eq!(actions::recover(&scope(&app, &org), id, Utc::now() - Duration::days(1)).await, Ok(3));
    assert_eq!(
        app.number("select count(*) from audit_entries where action = 'replayed' and kind = 'webhook'").await,
        1,
        "who asked is known"
    );
    app.run_jobs().await;
    assert_eq!(app.number("select count(*) from webhook_deliveries where state = 'delivered'").await, 3);
    assert_eq!(sink.of("ok").len(), 3);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn pausing_keeps_what_waits_and_a_replay_tells_what_was_never_told(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = endpoint(&app, &org, &sink.url("ok")).await.id;
    happen(&app, &org, 2).await;
    actions::set_state(&scope, id, EndpointState::Paused).await.expect("paused");
    happen(&app, &org, 1).await;
    app.run_jobs().await;
    assert_eq!(sink.all().len(), 0);
    actions::set_state(&scope, id, EndpointState::Active).await.expect("on again");
    app.run_jobs().await;
    assert_eq!(sink.all().len(), 2, "what was owed before");
    let (from, until) = (Utc::now() - Duration::hours(1), Utc::now() + Duration::hours(1));
    assert_eq!(actions::replay(&scope, id, from, until).await, Ok(3));
    app.run_jobs().await;
    assert_eq!(sink.all().len(), 5);
    assert_eq!(sink.all().iter().map(|one| one.header("webhook-id")).collect::<BTreeSet<_>>().len(), 3);

    let page = actions::deliveries(&scope, id, Some(DeliveryState::Delivered), None).await.expect("deliveries");
    actions::resend(&scope, page.items[0].id).await.expect("sent again");
    let sample = actions::send_sample(&scope, id, EventKind::MessageTaken).await.expect("a sample");
    app.run_jobs().await;
    assert_eq!(sink.all().len(), 7);
    assert_eq!(sink.all()[6].json()["type"], "message.taken");
    assert!(sheet(&app, &org, sample.id).await.attempts[0].is_manual);
    assert_eq!(actions::set_state(&scope, id, EndpointState::Disabled).await.map_err(|error| error.fields().0.len()), Err(1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_throttle_gives_each_delivery_a_moment_of_its_own(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let wanted = Wanted { url: sink.url("ok"), per_second: Some(1), ..Wanted::default() };
    actions::create(&scope(&app, &org), wanted).await.expect("an endpoint");
    happen(&app, &org, 5).await;
    app.run_jobs().await;
    assert!(sink.all().len() <= 2, "{} at once", sink.all().len());
    let spread = app
        .number(
            "select coalesce(extract(epoch from max(slot_at) - min(slot_at))::bigint, 0) from webhook_deliveries where state = 'pending'",
        )
        .await;
    assert!(spread >= 2, "{spread}");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn private_addresses_are_refused_when_they_are_saved_and_each_time_they_are_asked(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let cases = [
        ("http://example.com/", "address.not_https"),
        ("https://127.0.0.1/", "address.private"),
        ("https://0x7f.1/", "address.private"),
        ("https://[::ffff:10.0.0.1]/", "address.private"),
        ("https://[64:ff9b::a9fe:a9fe]/", "address.private"),
        ("https://[2002:c0a8:101::1]/", "address.private"),
        ("https://metadata.google.internal./", "address.private"),
        ("https://me:pw@example.com/", "address.credentials"),
        ("https://example.com:6379/", "address.port"),
        ("nonsense", "address.unreadable"),
    ];
    for (url, code) in cases {
        let refused = actions::create(&scope, Wanted { url: url.into(), ..Wanted::default() }).await.expect_err(url);
        assert_eq!(refused.fields().0.get("url").map(String::as_str), Some(code), "{url}");
    }
    // What slipped into the table is not asked either.
    let id = endpoint(&app, &org, &sink.url("ok")).await.id;
    for url in ["https://127.0.0.1:8443/", "https://localhost.:443/", "http://127.0.0.1:9/"] {
        sqlx::query("update webhook_endpoints set url = $1").bind(url).execute(&app.core.pool).await.expect("written");
        happen(&app, &org, 1).await;
        app.run_jobs().await;
    }
    let found = actions::deliveries(&scope, id, None, None).await.expect("deliveries");
    for delivery in found.items {
        let attempt = sheet(&app, &org, delivery.id).await.attempts.remove(0);
        assert!(
            attempt.status.is_none() && attempt.error.is_some_and(|error| error.contains("private") || error.contains("https")),
            "{}",
            attempt.url
        );
    }
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_dead_endpoint_costs_the_others_nothing(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let (slow, quick) = (app.org("Slow", Role::Owner).await, app.org("Quick", Role::Owner).await);
    let dead = endpoint(&app, &slow, &sink.url("slow/60000")).await.id;
    let beside = endpoint(&app, &slow, &sink.url("ok")).await.id;
    endpoint(&app, &quick, &sink.url("quick")).await;
    happen(&app, &slow, 40).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = workers::worker(&app.core, &app.calls);
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(stop, std::time::Duration::ZERO).await }
    });
    until("the dead one to hang", 10, || async { (!sink.of("slow/60000").is_empty()).then_some(()) }).await;
    let began = std::time::Instant::now();
    happen(&app, &quick, 20).await;
    until("the others to hear", 10, || async { (sink.of("quick").len() >= 20 && sink.of("ok").len() >= 40).then_some(()) }).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(sink.of("slow/60000").len() <= 4, "four at once at most");
    assert_eq!(read(&app, &slow, beside).await.failures, 0);
    assert_eq!(read(&app, &slow, dead).await.state, EndpointState::Active);
    stop.cancel();
    let _ = running.await;
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn organisations_never_see_each_other_s(pool: PgPool) {
    let sink = Sink::start().await;
    let app = start(pool, &[sink.address]).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let id = endpoint(&app, &acme, &sink.url("ok")).await.id;
    happen(&app, &acme, 1).await;
    app.run_jobs().await;
    let (delivery, other) = (only(&app, &acme, id).await.id, scope(&app, &globex));
    assert!(actions::list(&other).await.expect("a list").items.is_empty());
    let none = |what: &str| AppError::not_found(what);
    assert_eq!(actions::read(&other, id).await.err(), Some(none("endpoint")));
    assert_eq!(actions::roll(&other, id, 0).await.err(), Some(none("endpoint")));
    assert_eq!(actions::remove(&other, id).await.err(), Some(none("endpoint")));
    assert_eq!(actions::set_state(&other, id, EndpointState::Paused).await.err(), Some(none("endpoint")));
    assert_eq!(actions::deliveries(&other, id, None, None).await.err(), Some(none("endpoint")));
    assert_eq!(actions::delivery(&other, delivery).await.err(), Some(none("delivery")));
    assert_eq!(actions::resend(&other, delivery).await.err(), Some(none("delivery")));
    assert_eq!(actions::recover(&other, id, DateTime::UNIX_EPOCH).await.err(), Some(none("endpoint")));
    assert_eq!(actions::send_sample(&other, id, EventKind::CallEnded).await.err(), Some(none("endpoint")));
    // Not even by the function that has its owner's rights.
    let mut tx = other.begin(Permission::WebhooksManage).await.expect("a transaction");
    sqlx::query("select zencall_ring_webhooks($1)").bind(vec![delivery.0]).execute(tx.conn()).await.expect("asked");
    tx.commit().await.expect("committed");
    assert_eq!(app.number("select count(*) from jobs.job where kind = 'webhooks.deliver'").await, 0);
    assert_eq!(sink.all().len(), 1);
}

const EVENTS: usize = 400;

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn killed_in_the_middle_each_event_is_delivered_and_recorded_once(pool: PgPool) {
    let sink = Sink::start().await;
    let key = hex::encode(crypto::random::<32>());
    let allow = sink.address.to_string();
    let settings = [("ZENCALL_SECRET_KEY", key.as_str()), ("ZENCALL_SSRF_ALLOW", allow.as_str())];
    let app = TestApp::with_settings(pool.clone(), &settings).await;
    let org = app.org("Acme", Role::Owner).await;
    for _ in 0..3 {
        endpoint(&app, &org, &sink.url("slow/20")).await;
    }
    happen(&app, &org, EVENTS).await;
    for kills in 1..=4 {
        let mut child = ChildServer::start(&pool, &key, &allow);
        until("some deliveries", 60, || async { (sink.all().len() >= kills * EVENTS / 2).then_some(()) }).await;
        child.kill();
    }
    let _child = ChildServer::start(&pool, &key, &allow);
    until("all deliveries", 90, || async {
        (app.number("select count(*) from webhook_deliveries where state <> 'delivered'").await == 0).then_some(())
    })
    .await;

    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for one in sink.all() {
        *times.entry(one.header("webhook-id")).or_default() += 1;
    }
    assert_eq!(times.len(), EVENTS, "each event");
    assert!(times.values().all(|times| *times >= 3), "to each endpoint");
    let expected = i64::try_from(EVENTS).expect("small");
    assert_eq!(app.number("select count(*) from webhook_events").await, expected);
    assert_eq!(app.number("select count(*) from webhook_deliveries").await, 3 * expected);
    assert_eq!(app.number("select count(*) from webhook_attempts").await, 3 * expected, "recorded once");
    println!("{} requests for {} deliveries", sink.all().len(), 3 * EVENTS);
}

/// The program that is killed: a whole worker on the test's database.
#[tokio::test]
#[ignore = "run by a test"]
async fn child_server() {
    let (Ok(url), Ok(key), Ok(allow)) = (std::env::var("ZC_HOOKS_URL"), std::env::var("ZC_HOOKS_KEY"), std::env::var("ZC_HOOKS_ALLOW"))
    else {
        return;
    };
    let pool = PgPool::connect(&url).await.expect("a database");
    let app = TestApp::with_settings(pool, &[("ZENCALL_SECRET_KEY", &key), ("ZENCALL_SSRF_ALLOW", &allow)]).await;
    workers::worker(&app.core, &app.calls).run(tokio_util::sync::CancellationToken::new(), std::time::Duration::ZERO).await;
}

struct ChildServer(Child);

impl ChildServer {
    fn start(pool: &PgPool, key: &str, allow: &str) -> Self {
        let child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "webhooks::child_server", "--ignored", "--nocapture"])
            .env("ZC_HOOKS_URL", pool.connect_options().to_url_lossy().as_str())
            .env("ZC_HOOKS_KEY", key)
            .env("ZC_HOOKS_ALLOW", allow)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("gone");
    }
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
