//! The Vapi client on the wire: what it sends, when it sends again, what it keeps of the answers.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wiremock::matchers::{any, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use zencall::platform::config::Secret;
use zencall::platform::outbound::{Account, BreakerRules, Outbound, OutboundError, Policy, Repeat, VAPI, deps};
use zencall::providers::vapi::{CallFilter, Control, Customer, Destination, NewCall, Vapi, VapiSettings};

const KEY: &str = "0f3e7d0c-0000-4000-8000-000000000001";

fn settings(base: &str) -> VapiSettings {
    VapiSettings { base_url: base.parse().unwrap(), api_key: Secret::from(KEY.to_owned()), public_key: Some("pub-1".into()) }
}

async fn vapi() -> (MockServer, Vapi) {
    let server = MockServer::start().await;
    let vapi = Vapi::new(settings(&server.uri()));
    (server, vapi)
}

/// Answers this once for this request and nothing else.
async fn expect(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let mock = Mock::given(method(verb)).and(path(at)).and(header("authorization", format!("Bearer {KEY}").as_str()));
    mock.respond_with(answer).expect(1).mount(server).await;
}

async fn last(server: &MockServer) -> Request {
    server.received_requests().await.unwrap().pop().unwrap()
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn new_call() -> NewCall {
    NewCall {
        assistant_id: Some("a1".into()),
        phone_number_id: Some("p1".into()),
        name: Some("campagne de printemps / tentative n° 0123456789".into()),
        customer: Some(Customer {
            number: Some("+33612345678".into()),
            name: Some("Awa D.".into()),
            external_id: Some("0c0a6f9e-7a3f-4f1a-9f0b-0d9a6c1f2e11".into()),
            ..Customer::default()
        }),
        assistant_overrides: Some(json!({"metadata": {"tenant": "t_42"}})),
        ..NewCall::default()
    }
}

#[tokio::test]
async fn assistants_are_created_read_changed_listed_and_deleted() {
    let (server, vapi) = vapi().await;
    let stored = json!({"id": "a1", "orgId": "o1", "name": "Accueil", "createdAt": "2026-11-22T10:00:00.000Z", "model": {"provider": "openai"}, "latestVersion": "v3"});
    expect(&server, "POST", "/assistant", answer(201, stored.clone())).await;
    let created = vapi.create_assistant(&json!({"name": "é".repeat(60), "model": {"provider": "openai"}})).await.unwrap();
    assert_eq!(created.id, "a1");
    assert_eq!(created.rest["latestVersion"], "v3", "unknown fields are kept");
    assert_eq!(serde_json::to_value(&created).unwrap(), stored);
    let sent = last(&server).await;
    assert_eq!(sent.body_json::<Value>().unwrap(), json!({"name": "é".repeat(40), "model": {"provider": "openai"}}));
    assert_eq!(sent.headers["content-type"], "application/json");
    assert!(sent.headers["user-agent"].to_str().unwrap().starts_with("Zencall/"));

    expect(&server, "PATCH", "/assistant/a1", answer(200, stored.clone())).await;
    vapi.update_assistant("a1", &json!({"firstMessage": "Bonjour"})).await.unwrap();
    assert_eq!(last(&server).await.body_json::<Value>().unwrap(), json!({"firstMessage": "Bonjour"}));

    expect(&server, "GET", "/assistant/a1", answer(200, stored.clone())).await;
    assert_eq!(vapi.assistant("a1").await.unwrap().name.as_deref(), Some("Accueil"));

    expect(&server, "GET", "/assistant", answer(200, json!([stored]))).await;
    assert_eq!(vapi.assistants(5000).await.unwrap().len(), 1);
    assert_eq!(last(&server).await.url.query(), Some("limit=1000"));

    expect(&server, "DELETE", "/assistant/a1", answer(200, json!({"id": "a1"}))).await;
    vapi.delete_assistant("a1").await.unwrap();
    expect(&server, "DELETE", "/assistant/gone", answer(404, json!({"message": "Couldn't find", "error": "Not Found"}))).await;
    vapi.delete_assistant("gone").await.unwrap();
    let pinned = json!({"error": "assistant_pinned", "message": "pinned by squad s1"});
    expect(&server, "DELETE", "/assistant/held", answer(409, pinned)).await;
    let refused = vapi.delete_assistant("held").await.unwrap_err();
    assert!(matches!(&refused, OutboundError::Refused { status: 409, code: Some(code), .. } if code == "assistant_pinned"), "{refused:?}");
    assert_eq!(refused.words(), "pinned by squad s1");
}

#[tokio::test]
async fn a_call_is_placed_with_our_attempt_in_it_and_found_again_by_it() {
    let (server, vapi) = vapi().await;
    let made = json!({"id": "c1", "status": "queued", "createdAt": "2026-11-22T10:00:00.000Z", "monitor": {"listenUrl": "wss://x/listen", "controlUrl": "https://x/control"},
        "customer": {"number": "+33612345678", "externalId": "0c0a6f9e-7a3f-4f1a-9f0b-0d9a6c1f2e11", "extension": "2"},
        "subscriptionLimits": {"concurrencyBlocked": true, "concurrencyLimit": 10}, "cost": 0});
    expect(&server, "POST", "/call", answer(201, made.clone())).await;
    let call = vapi.create_call(&new_call()).await.unwrap();
    assert!(call.is_blocked() && !call.has_ended());
    assert_eq!(call.to_json(), made, "all of it is kept");
    assert!(!format!("{call:?}").contains("x/control"), "capabilities are not printed");
    let sent: Value = last(&server).await.body_json().unwrap();
    assert_eq!(
        sent,
        json!({"assistantId": "a1", "phoneNumberId": "p1", "name": "campagne de printemps / tentative n° 012",
            "customer": {"number": "+33612345678", "name": "Awa D.", "externalId": "0c0a6f9e-7a3f-4f1a-9f0b-0d9a6c1f2e11"},
            "assistantOverrides": {"metadata": {"tenant": "t_42"}}})
    );

    let older = json!({"id": "c0", "createdAt": "2026-11-22T09:00:00.000Z", "status": "ended", "endedReason": "customer-busy"});
    let list = Mock::given(method("GET")).and(path("/call")).and(query_param("assistantId", "a1"));
    let list = list.and(query_param("createdAtGe", "2026-11-22T08:00:00.000Z")).and(query_param("limit", "50"));
    list.respond_with(answer(200, json!([older, made, {"id": 7}]))).expect(2).mount(&server).await;
    let filter = CallFilter {
        assistant_id: Some("a1".into()),
        created_from: Some("2026-11-22T08:00:00Z".parse().unwrap()),
        limit: Some(50),
        ..CallFilter::default()
    };
    let calls = vapi.calls(&filter).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["c1", "c0"], "newest first; an odd one hides none");
    let found = vapi.find_call("0c0a6f9e-7a3f-4f1a-9f0b-0d9a6c1f2e11", &filter).await.unwrap();
    assert_eq!(found.unwrap().id, "c1");

    expect(&server, "GET", "/call/c1", answer(200, json!({"id": "c1", "status": "ended"}))).await;
    assert!(vapi.call("c1").await.unwrap().has_ended());
    expect(&server, "PATCH", "/call/c1", answer(200, json!({"id": "c1"}))).await;
    vapi.rename_call("c1", &"n".repeat(41)).await.unwrap();
    assert_eq!(last(&server).await.body_json::<Value>().unwrap(), json!({"name": "n".repeat(40)}));
    expect(&server, "DELETE", "/call/c1", answer(200, json!({}))).await;
    vapi.erase_call("c1").await.unwrap();
    expect(&server, "GET", "/call/..%2Fassistant%2Fa1%3Fx", answer(404, json!({"message": "no"}))).await;
    assert_eq!(vapi.call("../assistant/a1?x").await.unwrap_err().status(), Some(404), "an id is one segment");
}

#[tokio::test]
async fn numbers_are_imported_changed_listed_and_given_up() {
    let (server, vapi) = vapi().await;
    let number = json!({"id": "p1", "provider": "twilio", "number": "+33198765432", "status": "active", "smsEnabled": false});
    expect(&server, "POST", "/phone-number", answer(201, number.clone())).await;
    let body = json!({"provider": "twilio", "number": "+33198765432", "name": "Standard ".repeat(9)});
    assert_eq!(vapi.create_phone_number(&body).await.unwrap().rest["smsEnabled"], false);
    assert_eq!(last(&server).await.body_json::<Value>().unwrap()["name"].as_str().unwrap().chars().count(), 40);
    expect(&server, "PATCH", "/phone-number/p1", answer(200, number.clone())).await;
    vapi.update_phone_number("p1", &json!({"provider": "twilio", "assistantId": "a1"})).await.unwrap();
    expect(&server, "GET", "/phone-number/p1", answer(200, number.clone())).await;
    assert_eq!(vapi.phone_number("p1").await.unwrap().status.as_deref(), Some("active"));
    expect(&server, "GET", "/phone-number", answer(200, json!([number]))).await;
    assert_eq!(vapi.phone_numbers(10).await.unwrap()[0].number.as_deref(), Some("+33198765432"));
    expect(&server, "DELETE", "/phone-number/p1", answer(200, json!({}))).await;
    vapi.delete_phone_number("p1").await.unwrap();
}

#[tokio::test]
async fn a_live_call_is_steered_at_its_control_address() {
    let (server, vapi) = vapi().await;
    let number = Destination::Number { number: "+33140000000".into() };
    let cases = [
        (
            Control::Say { content: "Un instant".into(), then_hang_up: true },
            json!({"type": "say", "content": "Un instant", "endCallAfterSpoken": true}),
        ),
        (
            Control::Instruct { content: "Propose mardi".into(), respond_now: true },
            json!({"type": "add-message", "message": {"role": "system", "content": "Propose mardi"}, "triggerResponseEnabled": true}),
        ),
        (Control::MuteAssistant, json!({"type": "control", "control": "mute-assistant"})),
        (Control::UnmuteAssistant, json!({"type": "control", "control": "unmute-assistant"})),
        (Control::MuteCustomer, json!({"type": "control", "control": "mute-customer"})),
        (Control::UnmuteCustomer, json!({"type": "control", "control": "unmute-customer"})),
        (Control::SayFirstMessage, json!({"type": "control", "control": "say-first-message"})),
        (
            Control::Transfer { to: number, announcement: Some("Je vous transfère".into()) },
            json!({"type": "transfer", "destination": {"type": "number", "number": "+33140000000"}, "content": "Je vous transfère"}),
        ),
        (
            Control::Transfer { to: Destination::Sip { sip_uri: "sip:a@b".into() }, announcement: None },
            json!({"type": "transfer", "destination": {"type": "sip", "sipUri": "sip:a@b"}}),
        ),
        (Control::EndCall, json!({"type": "end-call"})),
    ];
    for (control, body) in cases {
        let mock = Mock::given(method("POST")).and(path("/c1/control")).and(header("authorization", "Bearer pub-1")).and(body_json(body));
        let _one = mock.respond_with(ResponseTemplate::new(204)).expect(1).mount_as_scoped(&server).await;
        vapi.control(&format!(" <{}/c1/control> ", server.uri()), &control).await.unwrap();
    }
    expect_nothing_sent_to_strangers(&vapi).await;

    Mock::given(any()).respond_with(answer(404, json!({"message": "call has ended"}))).mount(&server).await;
    let gone = vapi.control(&format!("{}/c1/control", server.uri()), &Control::EndCall).await.unwrap_err();
    assert_eq!((gone.status(), gone.words().as_str()), (Some(404), "call has ended"));
}

async fn expect_nothing_sent_to_strangers(vapi: &Vapi) {
    let stranger = MockServer::start().await;
    let local = format!("{}/latest/meta-data", stranger.uri());
    for url in
        [local.as_str(), "http://169.254.169.254/", "https://vapi.ai.evil.example/control", "https://evilvapi.ai/c", "not an address", ""]
    {
        let refused = vapi.control(url, &Control::EndCall).await.unwrap_err();
        assert_eq!(refused.status(), Some(421), "{url}");
    }
    assert!(stranger.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_recording_is_fetched_through_the_redirect_without_our_key() {
    let (server, vapi) = vapi().await;
    let store = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("location", format!("{}/bucket/c1.wav?signature=s", store.uri()));
    expect(&server, "GET", "/call/c1/mono-recording", redirect).await;
    let sound = vec![7_u8; 300_000];
    let file = ResponseTemplate::new(200).set_body_raw(sound.clone(), "audio/wav");
    Mock::given(method("GET"))
        .and(path("/bucket/c1.wav"))
        .and(query_param("signature", "s"))
        .respond_with(file)
        .expect(1)
        .mount(&store)
        .await;

    let recording = vapi.mono_recording("c1").await.unwrap();
    assert_eq!((recording.content_type.as_deref(), recording.length), (Some("audio/wav"), Some(300_000)));
    let body: BytesMut = recording.body.try_collect::<Vec<_>>().await.unwrap().concat().as_slice().into();
    assert_eq!(body, sound);
    assert!(last(&store).await.headers.get("authorization").is_none(), "our key stays with Vapi");

    expect(&server, "GET", "/call/c2/mono-recording", answer(404, json!({"message": "no recording"}))).await;
    assert_eq!(vapi.mono_recording("c2").await.err().unwrap().status(), Some(404));
    let here = ResponseTemplate::new(302).insert_header("location", "/call/c3/mono-recording");
    Mock::given(path("/call/c3/mono-recording")).respond_with(here).expect(4).mount(&server).await;
    assert!(matches!(vapi.mono_recording("c3").await.err().unwrap(), OutboundError::Garbled { .. }));
    let file_url = ResponseTemplate::new(302).insert_header("location", "file:///etc/passwd");
    expect(&server, "GET", "/call/c4/mono-recording", file_url).await;
    assert!(matches!(vapi.mono_recording("c4").await.err().unwrap(), OutboundError::Garbled { .. }));
}

#[tokio::test]
async fn the_words_of_a_refusal_reach_the_caller_once() {
    let (server, vapi) = vapi().await;
    let words = json!({"message": ["property metadata should not exist", "customer.number must be E.164"], "error": "Bad Request", "statusCode": 400});
    expect(&server, "POST", "/call", answer(400, words)).await;
    let refused = vapi.create_call(&new_call()).await.unwrap_err();
    assert!(refused.is_final() && !refused.may_have_happened());
    assert_eq!(refused.words(), "property metadata should not exist; customer.number must be E.164");

    expect(&server, "PATCH", "/assistant/a1", answer(400, json!({"message": "voice not available", "statusCode": 400}))).await;
    assert_eq!(vapi.update_assistant("a1", &json!({})).await.unwrap_err().words(), "voice not available");
}

#[tokio::test]
async fn too_many_requests_waits_as_long_as_asked_then_sends_again_even_a_call() {
    let (server, vapi) = vapi().await;
    let busy = answer(429, json!({"message": "Rate limit exceeded"})).insert_header("retry-after", "1");
    Mock::given(path("/call")).respond_with(busy).up_to_n_times(1).expect(1).mount(&server).await;
    expect(&server, "POST", "/call", answer(201, json!({"id": "c1"}))).await;
    let begun = Instant::now();
    assert_eq!(vapi.create_call(&new_call()).await.unwrap().id, "c1");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());

    let patience = answer(429, json!({"message": "later"})).insert_header("retry-after", "90");
    Mock::given(path("/assistant/a1")).respond_with(patience).expect(1).mount(&server).await;
    let refused = vapi.assistant("a1").await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(90)), "long patience is for the queue");
}

#[tokio::test]
async fn a_call_is_never_placed_twice_after_a_broken_or_missing_answer() {
    let (server, vapi) = vapi().await;
    Mock::given(path("/call")).respond_with(answer(500, json!({"message": "boom"}))).expect(1).mount(&server).await;
    let broken = vapi.create_call(&new_call()).await.unwrap_err();
    assert!(broken.may_have_happened() && !broken.is_final());
    server.verify().await;

    // Accepts the request and says nothing: as a lost answer.
    let quick = Outbound::new(Policy { read: Duration::from_millis(200), total: Duration::from_secs(2), ..VAPI });
    let silent = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_delay(Duration::from_secs(5))).expect(1).mount(&silent).await;
    let lost = quick.send(&Account::of(&["a"]), Repeat::OnlyUnsent, |http| http.post(silent.uri())).await.unwrap_err();
    assert!(matches!(lost, OutboundError::NoAnswer { .. }) && lost.may_have_happened(), "{lost:?}");
    silent.verify().await;
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_even_for_a_call() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let vapi = Vapi::new(settings(&format!("http://{address}")));
    let dead = vapi.create_call(&new_call()).await.unwrap_err();
    assert!(matches!(dead, OutboundError::Unsent { .. }) && !dead.may_have_happened(), "{dead:?}");

    let fresh = Vapi::new(settings(&format!("http://{address}")));
    let call = new_call();
    let placing = fresh.create_call(&call);
    let awakening = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let listener = std::net::TcpListener::bind(address).unwrap();
        let server = MockServer::builder().listener(listener).start().await;
        expect(&server, "POST", "/call", answer(201, json!({"id": "c1"}))).await;
        server
    };
    let (placed, server) = tokio::join!(placing, awakening);
    assert_eq!(placed.unwrap().id, "c1");
    server.verify().await;
}

#[tokio::test]
async fn reading_is_tried_again_after_trouble_but_not_for_ever() {
    let (server, vapi) = vapi().await;
    Mock::given(path("/call/c1")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).expect(2).mount(&server).await;
    expect(&server, "GET", "/call/c1", answer(200, json!({"id": "c1"}))).await;
    assert_eq!(vapi.call("c1").await.unwrap().id, "c1");

    Mock::given(path("/call/c2")).respond_with(ResponseTemplate::new(503)).expect(3).mount(&server).await;
    assert_eq!(vapi.call("c2").await.unwrap_err().status(), Some(503));
}

#[tokio::test]
async fn retries_are_one_in_ten_requests_however_broken_the_provider() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let never_open = BreakerRules { failures: u32::MAX, lasting: Duration::from_secs(3600), ..BreakerRules::default() };
    let out = Outbound::new(Policy { breaker: never_open, attempts: 2, ..VAPI });
    let (url, account) = (server.uri(), Account::of(&["a"]));
    let ask = || out.send(&account, Repeat::Safe, |http| http.get(&url)).map(drop);
    futures::stream::iter(0..100).for_each_concurrent(25, |_| ask()).await;
    let sent = server.received_requests().await.unwrap().len();
    assert!((110..=120).contains(&sent), "{sent} requests for 100 questions");
}

#[tokio::test]
async fn the_breaker_opens_for_one_account_and_closes_after_a_probe() {
    let server = MockServer::start().await;
    let broken = Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount_as_scoped(&server).await;
    let rules = BreakerRules { first_open: Duration::from_millis(300), ..BreakerRules::default() };
    let out = Outbound::new(Policy { breaker: rules, attempts: 1, ..VAPI });
    let url = server.uri();
    let (ours, theirs) = (Account::of(&["org 1"]), Account::of(&["org 2"]));
    let ask = |account| out.send(account, Repeat::Safe, |http| http.get(&url));
    let begun = Instant::now();
    while !matches!(ask(&ours).await, Err(OutboundError::Open { .. })) {
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    assert_eq!(out.breaker(&ours).word(), "open");
    assert_eq!(broken.received_requests().await.len(), 5, "the sixth was not sent");
    assert_eq!(ask(&theirs).await.unwrap_err().status(), Some(500), "another account still asks");
    drop(broken);

    let _mended = Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount_as_scoped(&server).await;
    assert!(matches!(ask(&ours).await, Err(OutboundError::Open { .. })));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(ask(&ours).await.unwrap().status, 200);
    assert_eq!(out.breaker(&ours).word(), "closed");
}

#[tokio::test]
async fn a_provider_that_only_accepts_connections_costs_the_deadline_and_no_more() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let out = Outbound::new(Policy { read: Duration::from_millis(300), total: Duration::from_millis(700), ..VAPI });
    let begun = Instant::now();
    let lost = out.send(&Account::of(&["a"]), Repeat::Safe, |http| http.get(&url)).await.unwrap_err();
    assert!(matches!(lost, OutboundError::NoAnswer { .. }), "{lost:?}");
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    assert!(!lost.to_string().contains("127.0.0.1"), "addresses may be secrets: {lost}");
}

#[test]
fn every_dependency_has_deadlines_a_retry_rule_and_a_breaker() {
    let deps = deps();
    assert!(["vapi", "vapi-control", "vapi-recordings", "smtp"].iter().all(|name| deps.iter().any(|dep| dep.name == *name)));
    for dep in deps {
        assert!(dep.connect_s > 0.0 && dep.connect_s <= dep.total_s && dep.read_s <= dep.total_s, "{}", dep.name);
        assert!(!dep.retry.is_empty() && !dep.breaker.is_empty() && dep.attempts >= 1, "{}", dep.name);
    }
}
