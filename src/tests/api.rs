//! The public API from outside: keys, what they may, how lists go on, how repeats are answered.

use crate::{
    app::{TestApp, TestOrg, until},
    visitor::Doors,
};
use chrono::{Duration, Utc};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeSet;
use zencall::{
    api_keys::{
        model::FreshKey,
        server::{
            actions::{self as keys, NewKey},
            idle,
        },
    },
    platform::{OrgScope, mail::Letter},
    shared::{
        error::AppError,
        ids::{AccountId, AssistantId, OrgId},
        permission::{Permission, Role},
    },
};

const MASTER: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub fn wanted(scopes: &[Permission]) -> NewKey {
    NewKey { name: "Test".into(), scopes: scopes.to_vec(), expires_at: None, networks: vec![], per_minute: 6_000, assistants: None }
}

/// A key of the organisation.
pub async fn key_of(app: &TestApp, org: &TestOrg, new: NewKey) -> FreshKey {
    keys::create(&OrgScope::of_system(&app.core, org.id), new).await.expect("a key")
}

/// A key that may everything.
pub async fn master(app: &TestApp, org: &TestOrg) -> String {
    key_of(app, org, wanted(Permission::ALL)).await.secret
}

pub fn request(app: &TestApp, method: Method, path: &str, key: &str) -> reqwest::RequestBuilder {
    app.http.request(method, app.url(path)).bearer_auth(key)
}

async fn get(app: &TestApp, path: &str, key: &str) -> Response {
    request(app, Method::GET, path, key).send().await.expect("an answer")
}

async fn read(app: &TestApp, path: &str, key: &str) -> Value {
    let answer = get(app, path, key).await;
    assert_eq!(answer.status(), 200, "{path}: {:?}", answer.text().await);
    answer.json().await.expect("JSON")
}

async fn send(app: &TestApp, method: Method, path: &str, key: &str, body: Value) -> (u16, Value) {
    let answer = request(app, method, path, key).json(&body).send().await.expect("an answer");
    told(answer).await
}

async fn told(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) })
}

/// A call that is over, with two lines.
pub async fn call(app: &TestApp, org: &TestOrg, name: &str) {
    let now = Utc::now().timestamp_millis();
    let messages = [
        json!({ "type": "status-update", "status": "in-progress", "timestamp": now, "call": { "id": name, "type": "inboundPhoneCall", "customer": { "number": "+33639981247" } } }),
        json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": "Bonjour, ici la canarie", "timestamp": now + 1, "call": { "id": name } }),
        json!({ "type": "status-update", "status": "ended", "endedReason": "customer-ended-call", "timestamp": now + 9, "call": { "id": name } }),
    ];
    for message in messages {
        assert_eq!(app.hook(org, &message).await.status(), 200);
    }
    app.applied().await;
}

/// A number that can be called from.
pub async fn number(app: &TestApp, org: &TestOrg) -> uuid::Uuid {
    let id = uuid::Uuid::now_v7();
    sqlx::query("insert into phone_numbers (id, org_id, number, provider_id, sync_state) values ($1, $2, $3, $4, 'in_step')")
        .bind(id)
        .bind(org.id)
        .bind(format!("+3319900{:04}", org.id.0.as_u128() % 10_000))
        .bind(format!("pn-{id}"))
        .execute(&app.core.pool)
        .await
        .expect("a number");
    id
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_list_goes_on_by_its_cursor_and_by_no_other(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (key, other) = (master(&app, &acme).await, master(&app, &globex).await);
    for name in ["c1", "c2", "c3"] {
        call(&app, &acme, name).await;
    }
    let first = read(&app, "/api/v1/calls?limit=2", &key).await;
    let cursor = first["next"].as_str().expect("a cursor").to_owned();
    let second = read(&app, &format!("/api/v1/calls?limit=2&after={cursor}"), &key).await;
    let ids = |page: &Value| page["items"].as_array().expect("items").iter().map(|call| call["id"].to_string()).collect::<Vec<_>>();
    let all: BTreeSet<String> = ids(&first).into_iter().chain(ids(&second)).collect();
    assert_eq!((ids(&first).len(), ids(&second).len(), all.len()), (2, 1, 3));
    assert_eq!(second["next"], Value::Null);
    let tampered = format!("{}{}", &cursor[..cursor.len() - 1], if cursor.ends_with('A') { 'B' } else { 'A' });
    for (key, path) in [
        (&key, format!("/api/v1/calls?after={tampered}")),
        (&key, "/api/v1/calls?after=call_00000000000000000000000000".to_owned()),
        (&key, format!("/api/v1/answers?after={cursor}")),
        (&other, format!("/api/v1/calls?after={cursor}")),
    ] {
        let (status, problem) = told(get(&app, &path, key).await).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_cursor")), "{path}");
    }
    assert_eq!(ids(&read(&app, "/api/v1/calls", &other).await).len(), 0, "nothing of the other organisation");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn only_the_fields_that_are_asked_for_are_told(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let assistant = AssistantId(app.assistant(&acme).await.0);
    for name in ["c1", "c2"] {
        call(&app, &acme, name).await;
    }
    let page = read(&app, "/api/v1/calls?fields=id,status&limit=1&status=ended", &key).await;
    assert_eq!(page["items"][0].as_object().map(|call| call.keys().cloned().collect::<Vec<_>>()), Some(vec!["id".into(), "status".into()]));
    let next = page["next"].as_str().expect("a cursor");
    let rest = read(&app, &format!("/api/v1/calls?limit=1&status=ended&after={next}&fields=id"), &key).await;
    assert_ne!(rest["items"][0]["id"], page["items"][0]["id"]);
    assert_eq!(rest["items"], json!([{ "id": rest["items"][0]["id"] }]));
    assert_eq!(read(&app, "/api/v1/calls?fields=id&status=live", &key).await["items"], json!([]), "a filter counts as before");
    // The tag is of the thing: what was read in part is changed as what was read whole.
    let (path, tag) = (format!("/api/v1/assistants/{assistant}"), |answer: &Response| answer.headers()["etag"].clone());
    let (whole, part) = (get(&app, &path, &key).await, get(&app, &format!("{path}?fields=state"), &key).await);
    assert_eq!(tag(&whole), tag(&part));
    assert_eq!(part.json::<Value>().await.expect("JSON"), json!({ "state": "active" }));
    for (path, code) in [
        ("/api/v1/calls?fields=id,nope".to_owned(), "unknown_field"),
        ("/api/v1/calls?fields=".to_owned(), "unknown_field"),
        ("/api/v1/calls?fields=id&fields=status".to_owned(), "twice"),
        ("/api/v1/calls/export.csv?fields=id".to_owned(), "unknown_field"),
        (format!("{path}?fields=items"), "unknown_field"),
    ] {
        let (status, problem) = told(get(&app, &path, &key).await).await;
        assert_eq!((status, &problem["code"], &problem["errors"]), (400, &json!("bad_fields"), &json!({ "fields": code })), "{path}");
    }
    // What is refused for another reason says that reason, whole.
    let weak = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await.secret;
    let (status, problem) = told(get(&app, "/api/v1/keys?fields=nope", &weak).await).await;
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")));
    let (status, problem) = told(get(&app, "/api/v1/assistants/nonsense?fields=id", &key).await).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_filters_of_the_interface_are_those_of_the_list(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    call(&app, &acme, "c1").await;
    let found = |query: &'static str| {
        let (app, key) = (&app, &key);
        async move { read(app, &format!("/api/v1/calls?{query}"), key).await["items"].as_array().map(Vec::len) }
    };
    assert_eq!(found("status=ended&direction=inbound").await, Some(1));
    assert_eq!(found("status=live").await, Some(0));
    assert_eq!(found("q=639981247").await, Some(1)); // words are found once the call is reported
    assert_eq!(found("q=giraffe").await, Some(0));
    assert_eq!(found("from=2030-01-01").await, Some(0));
    for (query, field, code) in [
        ("status=perhaps", "status", "invalid_value"),
        ("statu=live", "statu", "unknown_field"),
        ("limit=many", "limit", "invalid_value"),
        ("from=yesterday", "from", "invalid_value"),
    ] {
        let (status, problem) = told(get(&app, &format!("/api/v1/calls?{query}"), &key).await).await;
        assert_eq!((status, &problem["errors"]), (422, &json!({ field: code })), "{query}: {problem}");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_is_read_with_its_words_and_events(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    call(&app, &acme, "c1").await;
    let list = read(&app, "/api/v1/calls", &key).await;
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(list["items"][0]["customer_number"], "+33639981247");
    let detail = read(&app, &format!("/api/v1/calls/{id}"), &key).await;
    assert_eq!((&detail["call"]["id"], &detail["call"]["status"]), (&json!(id), &json!("ended")));
    let words = read(&app, &format!("/api/v1/calls/{id}/transcript"), &key).await;
    assert_eq!(words["lines"][0]["text"], "Bonjour, ici la canarie");
    assert_eq!(words["lines"][0]["speaker"], "caller");
    let seq = words["seq"].as_i64().expect("a place");
    let later = read(&app, &format!("/api/v1/calls/{id}/transcript?after={seq}"), &key).await;
    assert_eq!(later["lines"], json!([]));
    let events = read(&app, &format!("/api/v1/calls/{id}/events"), &key).await;
    assert!(events["events"].as_array().is_some_and(|events| events.iter().any(|event| event["kind"] == "status")), "{events}");
    assert!(read(&app, &format!("/api/v1/calls/{id}/analysis"), &key).await.get("analysis").is_some());
    assert_eq!(read(&app, "/api/v1/figures", &key).await["today"], 1);
    let file = get(&app, "/api/v1/calls/export.csv", &key).await;
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(file.text().await.expect("text").contains(&id));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_recording_is_given_in_ranges(pool: PgPool) {
    use zencall::shared::ids::CallId;
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    call(&app, &acme, "c1").await;
    let id: CallId = sqlx::query_scalar("select id from calls").fetch_one(&app.core.pool).await.expect("a call");
    assert_eq!(get(&app, &format!("/api/v1/calls/{id}/recording"), &key).await.status(), 404, "there is none yet");
    let place = object_store::path::Path::from("recordings/one.wav");
    object_store::ObjectStoreExt::put(&*app.core.files, &place, bytes::Bytes::from_static(b"0123456789").into()).await.expect("kept");
    app.sql("update calls set recording_key = 'recordings/one.wav', recording = 'stored'").await;
    let part = request(&app, Method::GET, &format!("/api/v1/calls/{id}/recording"), &key).header("range", "bytes=2-4");
    let part = part.send().await.expect("an answer");
    assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().ok()), (206, Some("bytes 2-4/10")));
    assert_eq!(part.text().await.expect("a body"), "234");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_cannot_be_read_is_named_by_its_field(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let (status, problem) =
        send(&app, Method::POST, "/api/v1/keys", &key, json!({ "name": "x", "scopes": ["calls.read"], "scope": [] })).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "scope": "unknown_field" })));
    let (status, problem) = send(&app, Method::POST, "/api/v1/keys", &key, json!({ "name": "x", "scopes": ["calls.rea"] })).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "scopes[0]": "invalid_value" })));
    let (status, problem) = send(&app, Method::POST, "/api/v1/keys", &key, json!({ "name": "", "scopes": [], "networks": ["here"] })).await;
    let expected = json!({ "name": "key.name_length", "networks": "key.networks", "scopes": "key.scopes" });
    assert_eq!((status, &problem["errors"]), (422, &expected), "all of it at once");
    let post =
        |kind: &'static str, body: String| request(&app, Method::POST, "/api/v1/keys", &key).header("content-type", kind).body(body).send();
    let (status, problem) = told(post("application/json", "{\"name\":".into()).await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (400, &json!("malformed_json")));
    let (status, problem) = told(post("text/plain", "{}".into()).await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (415, &json!("unsupported_media_type")));
    let (status, problem) = told(post("application/json", " ".repeat(1_100_000)).await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body_too_large")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_answer_has_its_id_and_every_failure_is_a_problem(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    for (method, path, status, code) in [
        (Method::GET, "/api/v1/giraffes", 404, "no_such_door"),
        (Method::GET, "/api/v2/calls", 404, "no_such_door"),
        (Method::PATCH, "/api/v1/calls", 405, "method_not_allowed"),
        (Method::GET, "/api/v1/calls/nonsense", 404, "not_found"),
        (Method::GET, "/api/v1/assistants/call_00000000000000000000000000", 404, "not_found"),
    ] {
        let answer = request(&app, method, path, &key).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        assert!(answer.headers()["x-request-id"].to_str().is_ok_and(|id| id.starts_with("req_")));
        assert!(answer.headers().get("access-control-allow-origin").is_none());
        let (found, problem) = told(answer).await;
        assert_eq!((found, &problem["code"], &problem["status"]), (status, &json!(code), &json!(status)), "{path}");
    }
    let answer = get(&app, "/api/v1/me", &key).await;
    assert!(answer.headers()["x-request-id"].to_str().is_ok_and(|id| id.starts_with("req_")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn keys_open_the_api_and_nothing_else_and_cookies_do_not(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    assert_eq!(read(&app, "/api/v1/me", &key).await["organisation"]["name"], "Acme");
    let (status, problem) = told(app.get(&acme, "/api/v1/me").await).await;
    assert_eq!((status, &problem["reason"]), (401, &json!("missing")), "a cookie is no key");
    let rpc = request(&app, Method::POST, "/rpc/zencall/calls/rpc/read_board", &key).header("accept", "application/json");
    let rpc = rpc.header("content-type", "application/x-www-form-urlencoded").send().await.expect("an answer");
    assert_eq!(rpc.status(), 401, "server functions are the browser's");
    assert_eq!(get(&app, "/calls/export.csv", &key).await.status(), 401);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_that_is_not_good_is_told_why(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let acme = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, acme.id);
    let refused = |key: String| {
        let app = &app;
        async move {
            let answer = get(app, "/api/v1/me", &key).await;
            assert_eq!(answer.headers().get("www-authenticate").is_some(), answer.status() == 401);
            let (status, problem) = told(answer).await;
            (status, problem["reason"].as_str().unwrap_or(problem["code"].as_str().unwrap_or("?")).to_owned())
        }
    };
    let good = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await;
    assert_eq!(refused(String::new()).await.0, 401);
    assert_eq!(refused(good.secret.replace("zc_test_", "zc_test_0")).await, (401, "malformed".into()));
    assert_eq!(refused(zencall::platform::keys::draw(true)).await, (401, "unknown".into()));
    assert_eq!(refused(zencall::platform::keys::draw(false)).await, (401, "other_world".into()));
    keys::revoke(&scope, good.id).await.expect("revoked");
    assert_eq!(refused(good.secret).await, (401, "revoked".into()));
    let short = NewKey { expires_at: Some(app.core.clock.now() + Duration::milliseconds(1)), ..wanted(&[Permission::CallsRead]) };
    assert_eq!(refused(key_of(&app, &acme, short).await.secret).await, (401, "expired".into()));
    let away = NewKey { networks: vec!["203.0.113.0/24".into()], ..wanted(&[Permission::CallsRead]) };
    assert_eq!(refused(key_of(&app, &acme, away).await.secret).await, (403, "address_not_allowed".into()));
    let here = NewKey { networks: vec!["127.0.0.0/8".into()], ..wanted(&[Permission::CallsRead]) };
    assert_eq!(get(&app, "/api/v1/me", &key_of(&app, &acme, here).await.secret).await.status(), 200);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_revocation_counts_within_a_second_in_another_process_too(pool: PgPool) {
    let (here, there) = (TestApp::with_keys(pool.clone(), MASTER, "").await, TestApp::with_keys(pool, MASTER, "").await);
    let acme = here.org("Acme", Role::Owner).await;
    let fresh = key_of(&here, &acme, wanted(&[Permission::CallsRead])).await;
    assert_eq!(get(&there, "/api/v1/me", &fresh.secret).await.status(), 200, "the other process knows it now");
    keys::revoke(&OrgScope::of_system(&here.core, acme.id), fresh.id).await.expect("revoked");
    let since = std::time::Instant::now();
    until("the other process to refuse", 5, || async { (get(&there, "/api/v1/me", &fresh.secret).await.status() == 401).then_some(()) })
        .await;
    assert!(since.elapsed() < std::time::Duration::from_millis(1_000), "{:?}", since.elapsed());
    assert_eq!(get(&here, "/api/v1/me", &fresh.secret).await.status(), 401);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_rolled_key_has_a_new_secret_and_the_old_one_for_a_while(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, acme.id);
    let first = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await;
    let second = keys::roll(&scope, first.id, 3_600).await.expect("rolled");
    assert_eq!(second.id, first.id);
    for secret in [&first.secret, &second.secret] {
        assert_eq!(read(&app, "/api/v1/me", secret).await["key"]["id"], json!(first.id), "both are this key");
    }
    let third = keys::roll(&scope, first.id, 0).await.expect("rolled");
    until("the news of the roll", 5, || async { (get(&app, "/api/v1/me", &second.secret).await.status() == 401).then_some(()) }).await;
    let (status, problem) = told(get(&app, "/api/v1/me", &second.secret).await).await;
    assert_eq!((status, &problem["reason"]), (401, &json!("expired")));
    assert_eq!(get(&app, "/api/v1/me", &first.secret).await.status(), 401, "only the last one had a while");
    assert_eq!(get(&app, "/api/v1/me", &third.secret).await.status(), 200);
    keys::revoke(&scope, first.id).await.expect("revoked");
    assert_eq!(keys::roll(&scope, first.id, 0).await, Err(AppError::conflict("key_ended")));
    until("the news of the end", 5, || async { (get(&app, "/api/v1/me", &third.secret).await.status() == 401).then_some(()) }).await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_former_secret_moves_to_a_new_master_key_as_well(pool: PgPool) {
    const NEW: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";
    let before = TestApp::with_keys(pool.clone(), MASTER, "").await;
    let acme = before.org("Acme", Role::Owner).await;
    let first = key_of(&before, &acme, wanted(&[Permission::CallsRead])).await;
    let second = keys::roll(&OrgScope::of_system(&before.core, acme.id), first.id, 3_600).await.expect("rolled");
    let during = TestApp::with_keys(pool.clone(), NEW, MASTER).await;
    for secret in [&first.secret, &second.secret] {
        assert_eq!(get(&during, "/api/v1/me", secret).await.status(), 200);
    }
    let after = TestApp::with_keys(pool, NEW, "").await;
    for secret in [&first.secret, &second.secret] {
        assert_eq!(get(&after, "/api/v1/me", secret).await.status(), 200, "each moved when it was used");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_gets_hold_of_a_key_that_may_more_than_they(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let strong = key_of(&app, &acme, wanted(Permission::ALL)).await;
    let weak = key_of(&app, &acme, wanted(&[Permission::KeysManage, Permission::CallsRead])).await.secret;
    let new = |scopes: Value| json!({ "name": "More", "scopes": scopes });
    let (status, problem) = send(&app, Method::POST, "/api/v1/keys", &weak, new(json!(["calls.read", "calls.listen"]))).await;
    assert_eq!((status, &problem["needs"]), (403, &json!("calls.listen")));
    let (status, _) = send(&app, Method::POST, "/api/v1/keys", &weak, new(json!(["calls.read"]))).await;
    assert_eq!(status, 201);
    let (status, problem) = send(&app, Method::POST, &format!("/api/v1/keys/{}/roll", strong.id), &weak, json!({})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{problem}");
    assert_eq!(get(&app, "/api/v1/me", &strong.secret).await.status(), 200, "and it was not rolled");
    let developer = OrgScope::of_system(&app.core, acme.id).with_rights(&Role::Developer.into());
    let refused = keys::create(&developer, wanted(&[Permission::CallsListen])).await;
    assert_eq!(refused, Err(AppError::Forbidden { needs: Permission::CallsListen }));
    assert!(keys::create(&developer, wanted(&[Permission::CallsRead])).await.is_ok());
    let agent = OrgScope::of_system(&app.core, acme.id).with_rights(&Role::Agent.into());
    assert_eq!(keys::list(&agent).await.err(), Some(AppError::Forbidden { needs: Permission::KeysManage }));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_is_limited_when_it_is_made_and_changed_later(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let [one, other, foreign] =
        [app.assistant(&acme).await.0, app.assistant(&acme).await.0, app.assistant(&globex).await.0].map(AssistantId);
    let rpc = |door: &'static str, fields: String| {
        let request = app.http.post(app.url(&format!("/rpc/zencall/api_keys/rpc/{door}"))).header("cookie", &acme.cookie);
        let request = request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
        async move { told(request.body(fields).send().await.expect("an answer")).await }
    };
    let make =
        |limit: String| rpc("create_key", format!("form[name]=Agenda&form[scopes][]=assistants.read&form[scopes][]=org.manage&{limit}"));
    let (_, problem) = make("form[reach]=some".into()).await;
    assert_eq!(problem["fields"], json!({ "assistants": "team.assistants" }), "nothing ticked is not everything");
    assert_eq!(make(format!("form[reach]=some&form[assistants][]={foreign}")).await.0, 422, "another organisation's");
    let (status, made) = make(format!("form[reach]=some&form[assistants][]={one}")).await;
    assert_eq!(status, 200, "{made}");
    let (id, secret) = (made["id"].as_str().expect("an id").to_owned(), made["secret"].as_str().expect("a secret").to_owned());
    // Within a second, in every process: the news may still be on its way.
    let sees = |wanted: Vec<AssistantId>| {
        let (app, secret) = (&app, &secret);
        async move {
            let wanted: BTreeSet<String> = wanted.iter().map(ToString::to_string).collect();
            until("the limit to count", 5, || async {
                let list = read(app, "/api/v1/assistants", secret).await;
                let items = list["items"].as_array().expect("items");
                let seen: BTreeSet<String> = items.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect();
                (seen == wanted).then_some(())
            })
            .await;
        }
    };
    sees(vec![one]).await;
    // Changed on the page, over the API, and lifted.
    assert_eq!(rpc("limit_key", format!("id={id}&form[reach]=some&form[assistants][]={other}")).await.0, 200);
    sees(vec![other]).await;
    let (key, door) = (master(&app, &acme).await, format!("/api/v1/keys/{id}/limit"));
    assert_eq!(send(&app, Method::PUT, &door, &key, json!({ "assistants": [one] })).await.0, 204);
    sees(vec![one]).await;
    assert_eq!(read(&app, &format!("/api/v1/keys/{id}"), &key).await["assistants"], json!([one]));
    let (status, problem) = send(&app, Method::PUT, &door, &key, json!({})).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "assistants": "required" })), "left out is not lifted");
    for wrong in [json!([]), json!([foreign])] {
        let (status, problem) = send(&app, Method::PUT, &door, &key, json!({ "assistants": wrong })).await;
        assert_eq!((status, &problem["errors"]), (422, &json!({ "assistants": "team.assistants" })));
    }
    // Who may less than the key does not widen it.
    let weak = key_of(&app, &acme, wanted(&[Permission::KeysManage, Permission::AssistantsRead])).await.secret;
    let (status, problem) = send(&app, Method::PUT, &door, &weak, json!({ "assistants": null })).await;
    assert_eq!((status, &problem["needs"]), (403, &json!("org.manage")));
    sees(vec![one]).await;
    assert_eq!(send(&app, Method::PUT, &door, &key, json!({ "assistants": null })).await.0, 204);
    sees(vec![one, other]).await;
    assert_eq!(request(&app, Method::DELETE, &format!("/api/v1/keys/{id}"), &key).send().await.expect("an answer").status(), 204);
    let (status, problem) = send(&app, Method::PUT, &door, &key, json!({ "assistants": null })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("key_ended")));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_secret_is_shown_once_and_kept_nowhere(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let body = json!({ "name": "Agenda", "scopes": ["calls.read"] });
    let post = || request(&app, Method::POST, "/api/v1/keys", &key).header("idempotency-key", "make-one").json(&body).send();
    let (status, made) = told(post().await.expect("an answer")).await;
    assert_eq!(status, 201);
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let again = post().await.expect("an answer");
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert!(again.headers().contains_key("location"));
    assert_eq!(told(again).await, (201, made.clone()), "a client that lost the answer gets it again");
    let one = read(&app, &format!("/api/v1/keys/{}", made["id"].as_str().expect("an id")), &key).await;
    assert!(one.get("secret").is_none() && secret.ends_with(one["hint"].as_str().expect("a hint")));
    for table in ["api_keys", "api_answers", "api_requests"] {
        let query = format!("select coalesce(string_agg(row_to_json(t)::text, ' '), '') from {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&app.core.pool).await.expect("the table");
        let bytes = format!("\\\\x{}", hex::encode(&secret));
        assert!(!text.contains(&secret) && !text.contains(&bytes), "{table} holds the secret");
    }
    assert_eq!(app.number("select count(*) from api_keys").await, 2, "made once");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_repeated_request_is_done_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let (assistant, _) = app.assistant(&acme).await;
    number(&app, &acme).await;
    let assistant = zencall::shared::ids::AssistantId(assistant);
    let dial = |name: &'static str, number: &'static str| {
        let body = json!({ "assistant": assistant, "number": number });
        request(&app, Method::POST, "/api/v1/calls", &key).header("idempotency-key", name).json(&body).send()
    };
    let first = dial("call-1", "+33639981200").await.expect("an answer");
    assert!(first.headers().get("idempotency-replayed").is_none());
    let (status, made) = told(first).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(told(dial("call-1", "+33639981200").await.expect("an answer")).await, (201, made));
    let (status, problem) = told(dial("call-1", "+33639981201").await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(app.number("select count(*) from calls").await, 1);
    // A refusal is an answer, too.
    let (status, refused) = told(dial("call-2", "12").await.expect("an answer")).await;
    assert_eq!((status, &refused["errors"]["number"]), (422, &json!("phone.not_dialable")));
    let again = dial("call-2", "12").await.expect("an answer");
    assert_eq!((again.status().as_u16(), again.headers()["idempotency-replayed"].to_str().ok()), (422, Some("true")));
    // At once: one is done, the others wait for its answer or are told to.
    let all = futures::future::join_all((0..6).map(|_| dial("call-3", "+33639981200"))).await;
    let fresh = all.iter().flatten().filter(|answer| answer.status() == 201 && !answer.headers().contains_key("idempotency-replayed"));
    assert_eq!(fresh.count(), 1);
    assert!(all.iter().flatten().all(|answer| answer.status() == 201 || answer.status() == 409));
    assert_eq!(app.number("select count(*) from calls").await, 2);
    assert_eq!(app.number("select count(*) from jobs.job where kind = 'calls.dial'").await, 2, "nobody is dialled twice");
    // Another key's names are its own.
    let other = master(&app, &acme).await;
    let body = json!({ "assistant": assistant, "number": "+33639981200" });
    let (status, _) = told(
        request(&app, Method::POST, "/api/v1/calls", &other)
            .header("idempotency-key", "call-1")
            .json(&body)
            .send()
            .await
            .expect("an answer"),
    )
    .await;
    assert_eq!((status, app.number("select count(*) from calls").await), (201, 3));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_request_that_was_never_answered_is_not_done_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let body = json!({ "name": "Agenda", "scopes": ["calls.read"] });
    let post = || request(&app, Method::POST, "/api/v1/keys", &key).header("idempotency-key", "once").json(&body).send();
    assert_eq!(post().await.expect("an answer").status(), 201);
    app.sql("update api_answers set answer = null").await;
    let (status, problem) = told(post().await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (409, &json!("idempotency_in_progress")));
    app.sql("update api_answers set created_at = created_at - interval '3 minutes'").await;
    let (status, problem) = told(post().await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (409, &json!("idempotency_outcome_unknown")));
    app.sql("update api_answers set created_at = created_at - interval '1 day'").await;
    assert_eq!(post().await.expect("an answer").status(), 201, "a day later the name is free");
    let nonsense = request(&app, Method::POST, "/api/v1/keys", &key).header("idempotency-key", "x".repeat(256)).json(&body);
    assert_eq!(nonsense.send().await.expect("an answer").status(), 400);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_has_so_many_requests_in_a_minute(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = key_of(&app, &acme, NewKey { per_minute: 3, ..wanted(&[Permission::CallsRead]) }).await.secret;
    for left in [2, 1, 0] {
        let answer = get(&app, "/api/v1/me", &key).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["ratelimit-limit"], "3");
        assert_eq!(answer.headers()["ratelimit-remaining"], left.to_string());
    }
    let over = get(&app, "/api/v1/me", &key).await;
    assert_eq!(over.status(), 429);
    assert_eq!(over.headers()["retry-after"], over.headers()["ratelimit-reset"]);
    assert_eq!(told(over).await.1["code"], "rate_limited");
    let other = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await.secret;
    assert_eq!(get(&app, "/api/v1/me", &other).await.status(), 200, "each key has its own");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_came_with_a_key_can_be_read_for_a_week(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let fresh = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await;
    let scope = OrgScope::of_system(&app.core, acme.id);
    assert_eq!(get(&app, "/api/v1/calls?q=0639981247", &fresh.secret).await.status(), 200);
    let refused = get(&app, "/api/v1/keys", &fresh.secret).await;
    let request_id = refused.headers()["x-request-id"].to_str().expect("an id").to_owned();
    assert_eq!(refused.status(), 403);
    let noted = || async { (app.number("select count(*) from api_requests").await == 2).then_some(()) };
    until("both to be noted", 5, noted).await;
    let log = keys::requests(&scope, Some(fresh.id), None).await.expect("the log");
    let lines: Vec<_> = log.items.iter().map(|line| (line.method.as_str(), line.path.as_str(), line.status)).collect();
    assert_eq!(lines, [("GET", "/api/v1/keys", 403), ("GET", "/api/v1/calls", 200)], "without the query");
    assert_eq!(log.items[0].request_id, request_id);
    let key = keys::read(&scope, fresh.id).await.expect("the key");
    assert!(key.last_used_at.is_some());
    assert_eq!((key.usage.last(), key.usage.len(), key.refused), (Some(&2), 14, 1));
    let theirs = keys::requests(&OrgScope::of_system(&app.core, globex.id), None, None).await.expect("their log");
    assert!(theirs.items.is_empty());
    let foreign = keys::requests(&OrgScope::of_system(&app.core, globex.id), Some(fresh.id), None).await;
    assert_eq!(foreign, Err(AppError::not_found("key")));
    app.sql("update api_requests set created_at = created_at - interval '8 days' where status = 403").await;
    assert_eq!(zencall::platform::api::forget_requests(&app.core).await.expect("forgotten"), 1);
    assert_eq!(app.number("select count(*) from api_requests").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_last_use_is_written_once_a_minute(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let fresh = key_of(&app, &acme, wanted(&[Permission::CallsRead])).await;
    let use_it = |times: i64| {
        let (app, secret) = (&app, &fresh.secret);
        async move {
            assert_eq!(get(app, "/api/v1/me", secret).await.status(), 200);
            until("it to be noted", 5, || async { (app.number("select count(*) from api_requests").await == times).then_some(()) }).await;
            sqlx::query_scalar::<_, chrono::DateTime<Utc>>("select last_used_at from api_keys")
                .fetch_one(&app.core.pool)
                .await
                .expect("used")
        }
    };
    let first = use_it(1).await;
    assert_eq!(use_it(2).await, first);
    app.sql("update api_keys set last_used_at = last_used_at - interval '61 seconds'").await;
    assert!(use_it(3).await > first);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_of_the_version_before_keeps_the_permissions_of_its_role(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let secret = zencall::platform::keys::draw(true);
    sqlx::query("insert into api_keys (id, org_id, name, key_hash, role) values ($1, $2, 'old', $3, 'read_only')")
        .bind(uuid::Uuid::now_v7())
        .bind(acme.id)
        .bind(zencall::platform::keys::hash(&app.core, &secret).expect("a hash"))
        .execute(&app.core.pool)
        .await
        .expect("a key");
    assert_eq!(read(&app, "/api/v1/me", &secret).await["key"]["scopes"], json!(["calls.read", "assistants.read"]));
    assert_eq!(get(&app, "/api/v1/calls", &secret).await.status(), 200);
    assert_eq!(get(&app, "/api/v1/calls/export.csv", &secret).await.status(), 403);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_is_made_changed_published_and_brought_back(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let new = json!({ "template": "reception", "name": "Léa", "language": "fr", "business": "Cabinet Acme" });
    let (status, made) = send(&app, Method::POST, "/api/v1/assistants", &key, new).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/api/v1/assistants/{}", made["id"].as_str().expect("an id"));
    let shown = get(&app, &path, &key).await;
    let tag = shown.headers()["etag"].to_str().expect("a tag").to_owned();
    let mut settings = told(shown).await.1["published"].clone();
    settings["first_message"] = json!("Bonjour, assistante virtuelle du cabinet Acme.");
    let save = |tag: Option<&str>, body: &Value| {
        let request = request(&app, Method::PUT, &format!("{path}/draft"), &key).json(body);
        match tag {
            Some(tag) => request.header("if-match", tag),
            None => request,
        }
        .send()
    };
    let saved = save(Some(&tag), &settings).await.expect("an answer");
    assert_eq!(saved.status(), 200);
    let after = saved.headers()["etag"].to_str().expect("a tag").to_owned();
    assert_ne!(after, tag);
    let (status, problem) = told(save(Some(&tag), &settings).await.expect("an answer")).await;
    assert_eq!((status, &problem["code"]), (412, &json!("precondition_failed")), "what was seen is not what stands");
    assert_eq!(save(None, &settings).await.expect("an answer").status(), 200);
    settings["promt"] = json!("?");
    let (status, problem) = told(save(None, &settings).await.expect("an answer")).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "promt": "unknown_field" })));
    settings.as_object_mut().expect("fields").remove("promt");
    settings["voice"] = json!("en-GB-RyanNeural");
    let (status, problem) = told(save(None, &settings).await.expect("an answer")).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "voice": "assistant.voice_language" })));
    let stale = request(&app, Method::POST, &format!("{path}/publish"), &key).header("if-match", &tag).send().await.expect("an answer");
    assert_eq!(stale.status(), 412);
    let (status, published) = send(&app, Method::POST, &format!("{path}/publish"), &key, json!({ "why": "plus clair" })).await;
    assert_eq!((status, &published["version"]), (200, &json!(2)));
    let versions = read(&app, &format!("{path}/versions"), &key).await;
    assert_eq!((&versions["items"][0]["n"], &versions["items"][0]["why"]), (&json!(2), &json!("plus clair")));
    let old = read(&app, &format!("{path}/versions/1"), &key).await;
    assert_ne!(old["settings"]["first_message"], settings["first_message"]);
    assert_eq!(get(&app, &format!("{path}/versions/9"), &key).await.status(), 404);
    assert_eq!(send(&app, Method::POST, &format!("{path}/versions/1/restore"), &key, json!({})).await.0, 204);
    assert_eq!(read(&app, &path, &key).await["draft"]["settings"], old["settings"]);
    assert_eq!(request(&app, Method::DELETE, &format!("{path}/draft"), &key).send().await.expect("an answer").status(), 204);
    assert_eq!(send(&app, Method::PUT, &format!("{path}/state"), &key, json!({ "state": "active" })).await.0, 204);
    assert_eq!(read(&app, &path, &key).await["state"], "active");
    let file = read(&app, &format!("{path}/export"), &key).await;
    let (status, copy) = send(&app, Method::POST, "/api/v1/assistants/import", &key, file.clone()).await;
    assert_eq!(status, 201, "{copy}");
    let (status, problem) = send(&app, Method::POST, "/api/v1/assistants/import", &key, json!({ "format": "x" })).await;
    assert_eq!((status, &problem["errors"]["format"]), (422, &json!("import.format")));
    assert_eq!(read(&app, "/api/v1/assistants", &key).await["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(request(&app, Method::DELETE, &path, &key).send().await.expect("an answer").status(), 204);
    assert_eq!(get(&app, &path, &key).await.status(), 404);
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_answer_book_is_written_and_asked(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    let entry = json!({ "language": "fr", "question": "Acceptez-vous les chèques ?", "answer": "Oui.", "variants": ["Puis-je payer par chèque ?"] });
    let (status, made) = send(&app, Method::POST, "/api/v1/answers", &key, entry.clone()).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/api/v1/answers/{}", made["id"].as_str().expect("an id"));
    let shown = get(&app, &path, &key).await;
    let tag = shown.headers()["etag"].to_str().expect("a tag").to_owned();
    assert_eq!(told(shown).await.1["variants"], entry["variants"]);
    let trial = json!({ "question": "vous acceptez les cheques", "language": "fr" });
    let (_, found) = send(&app, Method::POST, "/api/v1/answers/search", &key, trial).await;
    assert_eq!((&found["matches"][0]["answer"], &found["matches"][0]["strength"]), (&json!("Oui."), &json!("sure")), "{found}");
    let mut changed = entry.clone();
    changed["answer"] = json!("Non.");
    let put = |tag: &str| request(&app, Method::PUT, &path, &key).header("if-match", tag).json(&changed).send();
    assert_eq!(put(&tag).await.expect("an answer").status(), 204);
    assert_eq!(put(&tag).await.expect("an answer").status(), 412);
    assert_eq!(send(&app, Method::PUT, &path, &key, changed.clone()).await.0, 204, "without a state it is written over");
    assert_eq!(read(&app, &path, &key).await["answer"], "Non.");
    assert_eq!(request(&app, Method::DELETE, &path, &key).send().await.expect("an answer").status(), 204);
    assert_eq!(get(&app, &path, &key).await.status(), 404);
    assert_eq!(send(&app, Method::POST, &format!("{path}/restore"), &key, json!({})).await.0, 204);
    let import = json!({ "text": "question;réponse\nOù vous garer ?;Derrière.\n", "language": "fr" });
    assert_eq!(send(&app, Method::POST, "/api/v1/answers/import", &key, import).await, (200, json!({ "added": 1 })));
    assert_eq!(read(&app, "/api/v1/answers?q=garer", &key).await["found"], 1);
    assert!(get(&app, "/api/v1/answers/export.csv", &key).await.text().await.expect("text").contains("Derrière."));
    let bad = json!({ "language": "de", "question": "?", "answer": "" });
    let (status, problem) = send(&app, Method::POST, "/api/v1/answers", &key, bad).await;
    assert_eq!((status, problem["errors"].as_object().map(|errors| errors.len())), (422, Some(3)), "{problem}");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn numbers_are_assigned_and_connections_read(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let (assistant, _) = app.assistant(&acme).await;
    let number = zencall::shared::ids::NumberId(number(&app, &acme).await);
    let assistant = zencall::shared::ids::AssistantId(assistant);
    let key = master(&app, &acme).await;
    assert_eq!(send(&app, Method::PUT, &format!("/api/v1/numbers/{number}"), &key, json!({ "assistant": assistant })).await.0, 204);
    assert_eq!(read(&app, "/api/v1/numbers", &key).await["items"][0]["assistant"], json!(assistant));
    let (status, problem) = send(&app, Method::POST, "/api/v1/numbers", &key, json!({ "number": "06 12", "provider_id": "?" })).await;
    assert_eq!((status, problem["errors"].as_object().map(|errors| errors.len())), (422, Some(2)));
    let connection = read(&app, "/api/v1/integrations/vapi", &key).await;
    assert_eq!((&connection["auth"]["mode"], &connection["simulated"]), (&json!("hmac"), &json!(true)));
    assert!(!connection.to_string().contains(&acme.hook_secret), "the webhooks' secret is not told");
    let reader = key_of(&app, &acme, wanted(&[Permission::IntegrationsRead])).await.secret;
    let url = read(&app, "/api/v1/integrations/vapi", &reader).await["url"].as_str().expect("an address").to_owned();
    assert!(!url.contains(&acme.hook_path), "nor the token, to who may only look");
    assert_eq!(send(&app, Method::PUT, "/api/v1/integrations/vapi", &key, json!({ "mode": "bearer" })).await.0, 204);
    assert_eq!(read(&app, "/api/v1/integrations/vapi", &key).await["auth"]["mode"], "bearer");
    assert_eq!(read(&app, "/api/v1/integrations/vapi/deliveries", &key).await["items"], json!([]));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_step_into_a_call_that_is_over_is_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = master(&app, &acme).await;
    call(&app, &acme, "c1").await;
    let id = read(&app, "/api/v1/calls", &key).await["items"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/calls/{id}/actions");
    let (status, problem) = send(&app, Method::POST, &path, &key, json!({ "kind": "mute" })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("call_not_live")));
    let (status, problem) = send(&app, Method::POST, &path, &key, json!({ "kind": "say" })).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "text": "required" })));
    let (status, problem) = send(&app, Method::POST, &path, &key, json!({ "kind": "transfer", "to": "12" })).await;
    assert_eq!((status, &problem["errors"]), (422, &json!({ "to": "phone.not_e164" })));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_live_call_is_stepped_into_over_the_api(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let key = key_of(&app, &acme, wanted(&[Permission::CallsRead, Permission::CallsControl])).await.secret;
    let (_, provider_id) = app.assistant(&acme).await;
    app.ring(&provider_id, "+33639981209").await; // a long one
    let id = until("a live call", 15, || async {
        let live = read(&app, "/api/v1/calls?status=live", &key).await;
        live["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let (status, done) = send(&app, Method::POST, &format!("/api/v1/calls/{id}/actions"), &key, json!({ "kind": "end" })).await;
    assert_eq!((status, &done["outcome"], &done["by"]), (200, &json!("done"), &Value::Null), "{done}");
    until("its end", 15, || async { (read(&app, &format!("/api/v1/calls/{id}"), &key).await["call"]["status"] == "ended").then_some(()) })
        .await;
    let actions = read(&app, &format!("/api/v1/calls/{id}"), &key).await["actions"].clone();
    assert_eq!(actions[0]["kind"], "end");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_person_makes_a_key_with_the_form_of_the_page(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Developer).await;
    let make = |fields: &'static str| {
        let request = app.http.post(app.url("/rpc/zencall/api_keys/rpc/create_key")).header("cookie", &acme.cookie);
        request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded").body(fields).send()
    };
    // As a browser writes it.
    let fields = "form%5Bname%5D=Agenda&form%5Bscopes%5D%5B%5D=calls.read&form%5Bscopes%5D%5B%5D=assistants.read&form%5Bexpires_days%5D=90&form%5Bnetworks%5D=";
    let (status, made) = told(make(fields).await.expect("an answer")).await;
    assert_eq!(status, 200, "{made}");
    let me = read(&app, "/api/v1/me", made["secret"].as_str().expect("a secret")).await;
    assert_eq!(me["key"]["scopes"], json!(["calls.read", "assistants.read"]));
    let days =
        (me["key"]["expires_at"].as_str().and_then(|at| at.parse::<chrono::DateTime<Utc>>().ok()).expect("an end") - Utc::now()).num_days();
    assert!((89..=90).contains(&days), "{days}");
    let (status, problem) = told(make("form%5Bname%5D=Agenda&form%5Bexpires_days%5D=").await.expect("an answer")).await;
    assert_eq!((status, &problem["fields"]), (422, &json!({ "scopes": "key.scopes" })));
    let more = "form%5Bname%5D=Agenda&form%5Bscopes%5D%5B%5D=calls.listen";
    assert_eq!(told(make(more).await.expect("an answer")).await.0, 403, "a developer hears no recording");
    assert_eq!(app.number("select count(*) from api_keys where created_by is not null").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_nobody_uses_is_reported_once_to_those_who_manage_keys(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let core = doors.core.clone();
    let mut orgs = vec![];
    for (name, own) in [("Acme", "keys.manage"), ("Globex", "calls.read")] {
        let org = OrgId::generate();
        sqlx::query("insert into orgs (id, name, kind) values ($1, $2, 'business')")
            .bind(org)
            .bind(name)
            .execute(&core.pool)
            .await
            .expect("an org");
        let role = uuid::Uuid::now_v7();
        let insert = "insert into roles (id, org_id, name, permissions) values ($1, $2, 'Propre', array[$3])";
        sqlx::query(insert).bind(role).bind(org).bind(own).execute(&core.pool).await.expect("a role");
        // Whom a limit keeps from keys, who may not, and a role of the organisation's own.
        let crew: [(&str, &str, bool, bool); 5] = [
            ("owner", "fr", false, false),
            ("developer", "en", false, false),
            ("developer", "fr", true, false),
            ("agent", "fr", false, false),
            ("read_only", "fr", false, true),
        ];
        for (n, (given, locale, is_limited, is_own)) in crew.into_iter().enumerate() {
            sqlx::query("with a as (insert into accounts (id, email, name, password_hash, locale) values ($1, $2, 'Inès', 'x', $3)) insert into members (org_id, account_id, role, assistants, own_role) values ($4, $1, $5, $6, $7)")
                .bind(AccountId::generate())
                .bind(format!("{n}@{}.example", name.to_lowercase()))
                .bind(locale)
                .bind(org)
                .bind(given)
                .bind(is_limited.then(Vec::<uuid::Uuid>::new))
                .bind(is_own.then_some(role))
                .execute(&core.pool)
                .await
                .expect("a member");
        }
        orgs.push(org);
    }
    let scope = OrgScope::of_system(&core, orgs[0]);
    let named = |name: &str| NewKey { name: name.into(), ..wanted(&[Permission::CallsRead]) };
    let used = keys::create(&scope, named("Used")).await.expect("a key");
    let idle = keys::create(&scope, named("Agenda")).await.expect("a key");
    let revoked = keys::create(&scope, named("Revoked")).await.expect("a key");
    keys::create(&scope, NewKey { expires_at: Some(doors.now() + Duration::days(30)), ..named("Expired") }).await.expect("a key");
    keys::revoke(&scope, revoked.id).await.expect("revoked");
    let use_it = |id| sqlx::query("update api_keys set last_used_at = $2 where id = $1").bind(id).bind(doors.now()).execute(&doors.pool);
    let told = || async {
        idle::report(&core).await.expect("looked");
        let mails = doors.mails().await.into_iter();
        mails
            .map(|mail| match mail.letter {
                Letter::KeysUnused { keys, organisation, days: 90, .. } if organisation == "Acme" => {
                    (mail.to, mail.locale, keys.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
                }
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let all = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        [("0", "fr"), ("1", "en"), ("4", "fr")].map(|(n, locale)| (format!("{n}@acme.example"), locale.to_owned(), names.clone())).to_vec()
    };
    doors.advance(Duration::days(89));
    use_it(used.id).await.expect("used");
    assert_eq!(told().await, []);
    doors.advance(Duration::days(2));
    assert_eq!(told().await, all(&["Agenda"]), "the others are used, revoked, expired");
    doors.advance(Duration::days(1));
    assert_eq!(told().await, [], "once");
    // Used again, and left again.
    use_it(idle.id).await.expect("used");
    doors.advance(Duration::days(89));
    assert_eq!(told().await, all(&["Used"]), "now that one is idle");
    doors.advance(Duration::days(2));
    assert_eq!(told().await, all(&["Agenda"]), "another period");
    doors.advance(Duration::days(400));
    assert_eq!(told().await, []);
}
