//! Every door of the public API × {no key, nonsense, a cookie, no scope, revoked, expired, another organisation's key}, judged by status and
//! by what the answer says. A new door enters by itself, from the table of doors.

use crate::{
    api::{call, key_of, master, number, request, wanted},
    app::{TestApp, TestOrg},
};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeSet;
use zencall::{
    answers::{model::AnswerForm, server::actions as answers},
    api_keys::server::actions::{self as keys, NewKey},
    platform::OrgScope,
    server::{
        api::document,
        door_list::{DOORS, Door, Kind, Who},
    },
    shared::{
        event::EventKind,
        ids::{AssistantId, CallId, HookId, NumberId, QuestionId},
        permission::{Permission, Role},
    },
    team::{model::RoleForm, server::actions as team},
    webhooks::{model::Wanted, server::actions as webhooks},
    work::{
        forms::TeamForm,
        model::{Assignee, Way},
        server::{actions as work, teams},
    },
};

fn doors() -> impl Iterator<Item = &'static Door> {
    DOORS.iter().filter(|door| door.kind == Kind::Api)
}

/// An address of a door for a thing.
fn at(door: &Door, id: &str) -> String {
    door.path.replace("{id}", id).replace("{n}", "1")
}

/// What a door can read, so that what is tested is who may, and not the parsing.
fn body(door: &Door) -> Value {
    let path = door.path;
    let settings = json!({ "name": "Léa", "language": "fr", "voice": "fr-FR-DeniseNeural", "first_message": "Bonjour", "prompt": "Tu réponds.",
        "end_phrases": [], "max_duration_s": 600, "transfer_numbers": [] });
    let missing = "00000000000000000000000000";
    match (door.method, path) {
        ("POST", "/api/v1/webhooks") | ("PUT", "/api/v1/webhooks/{id}") => json!({ "url": "https://hooks.example.com/x" }),
        ("PUT", "/api/v1/webhooks/{id}/state") => json!({ "state": "active" }),
        ("POST", "/api/v1/webhooks/{id}/recover") => json!({ "since": "2026-01-01T00:00:00Z" }),
        ("POST", "/api/v1/webhooks/{id}/replay") => json!({ "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }),
        ("POST", "/api/v1/incoming-webhooks/replay" | "/api/v1/incoming-webhooks/{id}/replay") => json!({ "dry_run": true }),
        ("POST", "/api/v1/webhooks/{id}/sample") => json!({ "type": "call.ended" }),
        ("POST", "/api/v1/keys") => json!({ "name": "x", "scopes": ["calls.read"] }),
        ("POST", "/api/v1/calls") => json!({ "assistant": format!("ast_{missing}"), "number": "+33639981200" }),
        (_, path) if path.ends_with("/actions") => json!({ "kind": "mute" }),
        ("POST", "/api/v1/assistants") => json!({ "template": "reception", "name": "Léa", "language": "fr", "business": "Acme" }),
        ("POST", "/api/v1/assistants/import") => {
            json!({ "format": "zencall.assistant", "version": 1, "trade": "reception", "settings": settings })
        }
        ("PUT", path) if path.ends_with("/draft") => settings,
        (_, path) if path.ends_with("/state") => json!({ "state": "draft" }),
        (_, path) if path.ends_with("/copy") => json!({ "step": "look" }),
        ("POST", "/api/v1/numbers") => json!({ "number": "+33199000001", "provider_id": "pn-of-a-test" }),
        ("POST", "/api/v1/numbers/import") => json!({ "sid": "PN00000000000000000000000000000001" }),
        ("POST", "/api/v1/answers") | ("PUT", "/api/v1/answers/{id}") => {
            json!({ "language": "fr", "question": "Ouvert ?", "answer": "Oui." })
        }
        ("POST", "/api/v1/answers/import") => json!({ "text": "question;réponse\nOuvert ?;Oui.\n", "language": "fr" }),
        ("POST", "/api/v1/answers/search") => json!({ "question": "Ouvert ?", "language": "fr" }),
        ("PUT", path) if path.starts_with("/api/v1/questions") => json!({ "dismissed": true }),
        ("PUT", "/api/v1/integrations/vapi") => json!({ "mode": "hmac" }),
        ("POST", "/api/v1/invitations/import") => json!({ "text": "email,role\nines@tilleuls.example,agent\n" }),
        ("POST", "/api/v1/mail-domains") => json!({ "domain": "tilleuls.example", "role": "read_only" }),
        ("POST", "/api/v1/invitations") => json!({ "emails": ["ines@tilleuls.example"], "role": "agent" }),
        ("PUT", path) if path.ends_with("/assignment") => json!({ "assignee": "nobody" }),
        ("POST", path) if path.ends_with("/notes") => json!({ "text": "Vu." }),
        ("POST", "/api/v1/teams") => json!({ "name": "Accueil" }),
        ("PUT", "/api/v1/teams/{id}") => json!({ "name": "Atelier" }),
        ("PUT", "/api/v1/work-rules") => json!({ "items": [] }),
        (_, path) if path.ends_with("/skills") => json!({ "languages": ["fr"] }),
        (_, path) if path.ends_with("/role") => json!({ "role": "agent" }),
        (_, path) if path.ends_with("/limit") => json!({ "assistants": null }),
        (method, path) if path.starts_with("/api/v1/roles") => json!({ "name": method, "permissions": ["calls.read"] }),
        _ => json!({}),
    }
}

async fn knock(app: &TestApp, door: &Door, id: &str, key: &str) -> (u16, Value) {
    let method: Method = door.method.parse().expect("a method");
    let request = request(app, method.clone(), &at(door, id), key);
    let request = if method == Method::GET { request } else { request.json(&body(door)) };
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

const MISSING: &str = "00000000000000000000000000";

fn prefix(door: &Door) -> &'static str {
    let kinds = [
        ("/keys/", "key"),
        ("/calls/", "call"),
        ("/assistants/", "ast"),
        ("/numbers/", "num"),
        ("/answers/", "ans"),
        ("/questions/", "qst"),
        ("/members/", "acc"),
        ("/roles/", "role"),
        ("/teams/", "team"),
        ("/invitations/", "inv"),
        ("/mail-domains/", "dom"),
        ("/webhooks/", "whe"),
        ("/webhook-deliveries/", "whd"),
        ("/incoming-webhooks/", "hook"),
    ];
    kinds.iter().find(|(part, _)| door.path.contains(part)).map_or("call", |(_, prefix)| prefix)
}

#[test]
fn doors_and_description_agree() {
    let listed: BTreeSet<(String, String)> = doors().map(|door| (door.method.to_owned(), door.path.to_owned())).collect();
    let described: BTreeSet<(String, String)> = document()["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(method, _)| (method.to_uppercase(), path.clone())))
        .collect();
    assert_eq!(listed, described);
    assert!(listed.len() >= 50, "{}", listed.len());
}

#[test]
fn the_description_is_whole() {
    let document = document();
    assert_eq!(document["openapi"].as_str().map(|version| version.starts_with("3.1")), Some(true));
    let mut names = BTreeSet::new();
    for door in doors() {
        let operation = &document["paths"][door.path][door.method.to_lowercase()];
        assert!(names.insert(operation["operationId"].to_string()), "{} twice", operation["operationId"]);
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{} has no summary", door.path);
        let scope = match door.who {
            Who::Needs(permission) => json!([permission.name()]),
            _ => json!([]),
        };
        assert_eq!(operation["security"][0]["key"], scope, "{}", door.path);
        assert!(operation["responses"]["401"]["content"]["application/problem+json"].is_object());
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.values().all(|response| response["description"].is_string()), "{}", door.path);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let has = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        assert_eq!(has("Idempotency-Key"), door.method == "POST", "{}", door.path);
        assert_eq!(has("id"), door.path.contains("{id}"), "{}", door.path);
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn the_description_changes_only_on_purpose() {
    insta::assert_json_snapshot!("openapi", document());
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_description_is_served_and_can_be_read(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let served = app.http.get(app.url("/api/openapi.json")).send().await.expect("an answer");
    assert_eq!(served.json::<Value>().await.expect("JSON"), *document());
    let page = app.http.get(app.url("/api/docs")).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().expect("a policy").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    let text = page.text().await.expect("a page");
    assert!(!text.contains("<script"));
    for door in doors() {
        assert!(text.contains(&format!("<code>{} {}</code>", door.method, door.path)), "{} is not in the page", door.path);
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_comes_in_without_a_good_key(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let scope = OrgScope::of_system(&app.core, acme.id);
    let revoked = key_of(&app, &acme, wanted(Permission::ALL)).await;
    keys::revoke(&scope, revoked.id).await.expect("revoked");
    let short = NewKey { expires_at: Some(app.core.clock.now() + Duration::milliseconds(1)), ..wanted(Permission::ALL) };
    let expired = key_of(&app, &acme, short).await;
    for door in doors() {
        let id = format!("{}_{MISSING}", prefix(door));
        for (key, reason) in [("nonsense", "malformed"), (&revoked.secret, "revoked"), (&expired.secret, "expired")] {
            let (status, problem) = knock(&app, door, &id, key).await;
            assert_eq!(
                (status, &problem["code"], &problem["reason"]),
                (401, &json!("unauthenticated"), &json!(reason)),
                "{} {}",
                door.method,
                door.path
            );
        }
        let method: Method = door.method.parse().expect("a method");
        let anonymous = app.http.request(method.clone(), app.url(&at(door, &id)));
        assert_eq!(anonymous.send().await.expect("an answer").status(), 401, "{} {}", door.method, door.path);
        let signed_in = app.http.request(method, app.url(&at(door, &id))).header("cookie", &acme.cookie);
        assert_eq!(signed_in.send().await.expect("an answer").status(), 401, "{} {} by cookie", door.method, door.path);
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_key_comes_through_the_doors_of_its_scopes_and_no_other(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let mut refused = 0;
    for permission in Permission::ALL {
        let key = key_of(&app, &acme, wanted(&[*permission])).await.secret;
        for door in doors() {
            let Who::Needs(needs) = door.who else { continue };
            if needs == *permission {
                continue;
            }
            let (status, problem) = knock(&app, door, &format!("{}_{MISSING}", prefix(door)), &key).await;
            assert_eq!((status, &problem["needs"]), (403, &json!(needs.name())), "{permission} at {} {}", door.method, door.path);
            refused += 1;
        }
    }
    assert!(refused > 500, "only {refused} refusals were tried");
    // With all but the one it needs, and a body nobody could read: the scope is asked for first.
    for door in doors().filter(|door| door.method != "GET") {
        let Who::Needs(needs) = door.who else { continue };
        let others: Vec<Permission> = Permission::ALL.iter().copied().filter(|permission| *permission != needs).collect();
        let key = key_of(&app, &acme, wanted(&others)).await;
        let request = request(&app, door.method.parse().expect("a method"), &at(door, "x"), &key.secret).body("{");
        assert_eq!(request.send().await.expect("an answer").status(), 403, "{} {}", door.method, door.path);
        keys::revoke(&OrgScope::of_system(&app.core, acme.id), key.id).await.expect("revoked");
    }
}

/// One thing of each kind.
async fn things(app: &TestApp, org: &TestOrg) -> Vec<(&'static str, String)> {
    let scope = OrgScope::of_system(&app.core, org.id);
    let assistant = AssistantId(app.assistant(org).await.0);
    call(app, org, "c1").await;
    let call: CallId =
        sqlx::query_scalar("select id from calls where org_id = $1").bind(org.id).fetch_one(&app.core.pool).await.expect("a call");
    let hook: HookId = sqlx::query_scalar("select id from hook_journal where org_id = $1 and outcome = 'accepted' limit 1")
        .bind(org.id)
        .fetch_one(&app.core.pool)
        .await
        .expect("a delivery to us");
    let number = NumberId(number(app, org).await);
    let form = AnswerForm { language: "fr".into(), question: "Garé où ?".into(), answer: "Derrière.".into(), ..AnswerForm::default() };
    let answer = answers::create(&scope, form.parse().expect("an entry"), None).await.expect("an entry");
    let key = key_of(app, org, wanted(&[Permission::CallsRead])).await.id;
    let question = QuestionId(uuid::Uuid::now_v7());
    sqlx::query("insert into unanswered_questions (id, org_id, language, question_key, question, last_asked_at) values ($1, $2, 'fr', 'k', 'q', now())")
        .bind(question)
        .bind(org.id)
        .execute(&app.core.pool)
        .await
        .expect("a question");
    let invitation = team::invite(&scope, &["canarie@example.test".into()], Role::Agent.into()).await.expect("an invitation")[0].id;
    let domain = team::claim_domain(&scope, "canarie.example", Role::ReadOnly).await.expect("a domain");
    let garde = TeamForm { name: "La garde canarie".into(), ..TeamForm::default() };
    let group = teams::save(&scope, None, garde.parse().expect("a team")).await.expect("a team");
    work::assign(&scope, &[call], Assignee::Team(group, Way::Queue), None).await.expect("given");
    let endpoint = webhooks::create(&scope, Wanted { url: "https://hooks.example.com/canarie".into(), ..Wanted::default() })
        .await
        .expect("an endpoint")
        .id;
    let delivery = webhooks::send_sample(&scope, endpoint, EventKind::CallEnded).await.expect("a delivery").id;
    let own = RoleForm { name: "Garde canarie".into(), permissions: vec!["calls.read".into()] };
    let role = team::create_role(&scope, &own.parse().expect("a role")).await.expect("a role");
    vec![
        ("role", role.to_string()),
        ("whe", endpoint.to_string()),
        ("whd", delivery.to_string()),
        ("hook", hook.to_string()),
        ("ast", assistant.to_string()),
        ("call", call.to_string()),
        ("num", number.to_string()),
        ("ans", answer.to_string()),
        ("key", key.to_string()),
        ("qst", question.to_string()),
        ("acc", org.account.to_string()),
        ("inv", invitation.to_string()),
        ("dom", domain.to_string()),
        ("team", group.to_string()),
    ]
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_another_organisations_is_not_there(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let things = things(&app, &acme).await;
    let (own, foreign) = (master(&app, &acme).await, master(&app, &globex).await);
    let mut tried = 0;
    for door in doors().filter(|door| door.path.contains("{id}")) {
        let kind = prefix(door);
        let id = &things.iter().find(|(prefix, _)| *prefix == kind).expect("one of each kind").1;
        let theirs = knock(&app, door, id, &foreign).await;
        let missing = knock(&app, door, &format!("{kind}_{MISSING}"), &foreign).await;
        let nonsense = knock(&app, door, "nonsense", &foreign).await;
        assert_eq!(theirs.0, 404, "{} {}: {}", door.method, door.path, theirs.1);
        assert_eq!(theirs, missing, "{} {}", door.method, door.path);
        assert_eq!(theirs, nonsense, "{} {}", door.method, door.path);
        tried += 1;
    }
    assert!(tried >= 25, "{tried}");
    // The same requests are good ones: to who owns these things they say something else.
    for door in doors().filter(|door| door.path.contains("{id}") && door.method == "GET" && !door.path.ends_with("/recording")) {
        let id = &things.iter().find(|(prefix, _)| *prefix == prefix_of(door)).expect("one of each kind").1;
        assert_eq!(knock(&app, door, id, &own).await.0, 200, "{}", door.path);
    }
    app.sql("delete from jobs.job").await;
}

fn prefix_of(door: &Door) -> &'static str {
    prefix(door)
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn lists_hold_nothing_of_another_organisation(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let things = things(&app, &acme).await;
    let foreign = master(&app, &globex).await;
    for door in doors().filter(|door| door.method == "GET" && !door.path.contains("{id}")) {
        let answer = request(&app, Method::GET, door.path, &foreign).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", door.path);
        let text = answer.text().await.expect("a body");
        for (_, id) in &things {
            assert!(!text.contains(id), "{} tells of {id}", door.path);
        }
        assert!(!text.contains("canarie") && !text.contains("Derrière"), "{}", door.path);
    }
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_door_is_open_to_a_key_that_may(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let things = things(&app, &acme).await;
    let key = master(&app, &acme).await;
    // What removes things comes last.
    let (removing, others): (Vec<_>, Vec<_>) = doors().partition(|door| door.method == "DELETE");
    for door in others.into_iter().chain(removing) {
        let id = &things.iter().find(|(kind, _)| *kind == prefix(door)).expect("one of each kind").1;
        let (status, body) = knock(&app, door, id, &key).await;
        let is_fine = status < 300 || matches!(status, 404 | 409) && body["code"].is_string() && body["code"] != "no_such_door";
        assert!(is_fine, "{} {}: {status} {body}", door.method, door.path);
    }
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_answer_that_says_so_is_cut_to_the_fields_that_are_asked_for(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let things = things(&app, &acme).await;
    let key = master(&app, &acme).await;
    let ask = |path: String| {
        let request = request(&app, Method::GET, &path, &key);
        async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
        }
    };
    let (mut cut, mut whole) = (0, 0);
    for door in doors().filter(|door| door.method == "GET") {
        let id = &things.iter().find(|(kind, _)| *kind == prefix(door)).expect("one of each kind").1;
        let path = at(door, id);
        let parameters = document()["paths"][door.path]["get"]["parameters"].to_string();
        let (status, problem) = ask(format!("{path}?fields=giraffe")).await;
        assert_eq!(
            (status, &problem["code"], &problem["errors"]),
            (400, &json!("bad_fields"), &json!({ "fields": "unknown_field" })),
            "{path}"
        );
        if !parameters.contains("#/components/parameters/fields") {
            whole += 1;
            continue;
        }
        let (_, all) = ask(path.clone()).await;
        let thing = all["items"].as_array().map_or(Some(&all), |items| items.first());
        let Some((name, value)) = thing.and_then(|thing| thing.as_object()?.iter().next()) else { continue };
        let (status, part) = ask(format!("{path}?fields={name}")).await;
        assert_eq!(status, 200, "{path}: {part}");
        let thing = part["items"].as_array().map_or(&part, |items| &items[0]);
        assert_eq!(thing.as_object().map(|thing| thing.len()), Some(1), "{path}: {part}");
        // The last use of the key is noted meanwhile, and so is each of these requests.
        let moves = name.ends_with("_at") || ["/api/v1/me", "/api/v1/requests"].contains(&door.path);
        assert!(thing[name] == *value || moves, "{path}: {part}");
        assert_eq!(part.get("next"), all.get("next"), "{path}");
        cut += 1;
    }
    assert!(cut >= 25 && (1..6).contains(&whole), "{cut} {whole}");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_another_assistant_does_is_not_there_for_a_key_that_is_limited(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let acme = app.org("Acme", Role::Owner).await;
    let things = things(&app, &acme).await;
    app.sql("update calls set assistant_id = (select id from assistants)").await;
    app.sql("update phone_numbers set assistant_id = (select id from assistants)").await;
    let other = AssistantId(app.assistant(&acme).await.0);
    let limited = NewKey { assistants: Some(vec![other]), ..wanted(Permission::ALL) };
    let limited = key_of(&app, &acme, limited).await.secret;
    let whole = master(&app, &acme).await;
    let mut tried = 0;
    for door in doors() {
        let kind = prefix(door);
        let id = &things.iter().find(|(prefix, _)| *prefix == kind).expect("one of each kind").1;
        let Who::Needs(needs) = door.who else { continue };
        if door.path.contains("{id}") && matches!(kind, "ast" | "call" | "num") {
            let theirs = knock(&app, door, id, &limited).await;
            let missing = knock(&app, door, &format!("{kind}_{MISSING}"), &limited).await;
            assert_eq!(theirs, missing, "{} {}", door.method, door.path);
            assert_eq!(theirs.0, if needs.suits_a_limit() { 404 } else { 403 }, "{} {}: {}", door.method, door.path, theirs.1);
            tried += 1;
        } else if door.method == "GET" && !door.path.contains("{id}") && needs.suits_a_limit() {
            let text = request(&app, Method::GET, door.path, &limited).send().await.expect("an answer").text().await.expect("a body");
            for kind in ["ast", "call", "num"] {
                let id = &things.iter().find(|(prefix, _)| *prefix == kind).expect("one of each kind").1;
                assert!(!text.contains(id.as_str()), "{} tells of {id}", door.path);
            }
            tried += 1;
        } else if !needs.suits_a_limit() {
            assert_eq!(knock(&app, door, id, &limited).await.0, 403, "{} {}", door.method, door.path);
        }
    }
    assert!(tried > 30, "{tried}");
    // The same door says something else to a key without a limit, and to this one of its own assistant.
    let door = doors().find(|door| door.path == "/api/v1/assistants/{id}" && door.method == "GET").expect("a door");
    assert_eq!(knock(&app, door, &other.to_string(), &limited).await.0, 200);
    assert_eq!(knock(&app, door, &things.iter().find(|(kind, _)| *kind == "ast").expect("one").1, &whole).await.0, 200);
    app.sql("delete from jobs.job").await;
}
