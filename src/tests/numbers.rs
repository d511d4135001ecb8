//! Numbers: brought from Twilio and a SIP trunk, their messages, and the orders to stop, with both simulators over real HTTP.

use crate::{
    api,
    app::{TestApp, TestOrg, until},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use zencall::{
    assistants::{
        model::{NewAssistant, NumberSource, SyncState, Template},
        server::actions as assistants,
    },
    numbers::{
        model::{Direction, EditForm, MessageLine, NumberCard, TrunkForm},
        server::actions,
    },
    platform::{OrgScope, config::Secret},
    providers::{
        sim::{TWILIO_ACCOUNT, TWILIO_TOKEN},
        twilio::{Credentials, NewMessage, Twilio, sign},
    },
    shared::{error::AppError, ids::NumberId, permission::Role},
};

const CALLER: &str = "+33639981247";
const MOBILE: &str = "+33639980101";
const MOBILE_SID: &str = "PN00000000000000000000000000000001";
const VOICE_ONLY_SID: &str = "PN00000000000000000000000000000002";

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

fn keys() -> (String, String) {
    (TWILIO_ACCOUNT.into(), TWILIO_TOKEN.into())
}

/// An organisation with the account connected and the number that takes messages brought.
async fn ready(app: &TestApp) -> (TestOrg, NumberId) {
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(app, &org);
    actions::connect_twilio(&scope, keys()).await.expect("connected");
    let id = actions::import_number(&scope, MOBILE_SID, None).await.expect("brought");
    app.run_jobs().await;
    (org, id)
}

async fn card(scope: &OrgScope, id: NumberId) -> NumberCard {
    actions::read(scope, id).await.expect("a number")
}

async fn messages(scope: &OrgScope) -> Vec<MessageLine> {
    actions::messages(scope, None).await.expect("messages").items
}

async fn vapi(app: &TestApp, path: &str) -> Value {
    let answer = app.http.get(format!("{}{path}", app.sim.base_url())).bearer_auth("test-key").send().await.expect("an answer");
    answer.json().await.expect("json")
}

/// Somebody writes to a number; what our door answered.
async fn text_us(app: &TestApp, from: &str, body: &str) -> Value {
    let sent = app.http.post(format!("{}/_sim/twilio/inbound", app.sim.base_url()));
    let answer = sent.json(&json!({ "from": from, "to": MOBILE, "body": body })).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "the number posts its messages");
    answer.json().await.expect("json")
}

/// What Twilio was given as the address of a number's messages.
async fn sms_url(app: &TestApp) -> Option<String> {
    let who = Credentials { account_sid: TWILIO_ACCOUNT.into(), auth_token: Secret::from(TWILIO_TOKEN.to_owned()) };
    let held = Twilio::of(&app.core).numbers(&who, 1).await.expect("numbers, a page each");
    assert_eq!(held.len(), 3);
    held.into_iter().find(|held| held.phone_number == MOBILE).expect("the mobile").sms_url
}

async fn use_tool(app: &TestApp, org: &TestOrg, call: &str, id: &str, arguments: Value) -> Value {
    let message = json!({ "type": "tool-calls", "timestamp": chrono::Utc::now().timestamp_millis(),
        "call": { "id": call, "customer": { "number": CALLER } }, "phoneNumber": { "number": MOBILE },
        "toolCallList": [{ "id": id, "type": "function", "function": { "name": "send_sms", "arguments": arguments } }] });
    let answer = app.hook(org, &message).await;
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.expect("json")["results"][0].clone()
}

async fn events(app: &TestApp) -> Vec<Value> {
    app.applied().await;
    sqlx::query_scalar("select detail from call_events where kind = 'sms' order by created_at, seq")
        .fetch_all(&app.core.pool)
        .await
        .expect("events")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn keys_are_kept_sealed_and_only_when_twilio_takes_them(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let wrong = actions::connect_twilio(&scope, (TWILIO_ACCOUNT.into(), "0".repeat(32))).await;
    assert_eq!(wrong, Err(AppError::invalid("auth_token", "twilio.refused")));
    assert_eq!(actions::sheet(&scope).await.expect("a sheet").twilio, None);
    assert!(matches!(actions::connect_twilio(&scope.with_rights(&Role::Supervisor.into()), keys()).await, Err(AppError::Forbidden { .. })));

    actions::connect_twilio(&scope, keys()).await.expect("connected");
    let link = actions::sheet(&scope).await.expect("a sheet").twilio.expect("an account");
    assert_eq!((link.account_sid.as_str(), link.name.as_str(), link.refused), (TWILIO_ACCOUNT, "Zencall sandbox", None));
    let row: String = sqlx::query_scalar("select t::text || encode(token_sealed, 'escape') from twilio_accounts t")
        .fetch_one(&app.core.pool)
        .await
        .expect("a row");
    assert!(!row.contains(TWILIO_TOKEN) && !row.contains(&hex::encode(TWILIO_TOKEN)), "the token is sealed");
    let held = actions::twilio_numbers(&scope).await.expect("numbers");
    assert_eq!(held.iter().map(|held| (held.takes_sms, held.is_here)).collect::<Vec<_>>(), [(true, false), (false, false), (true, false)]);
    actions::disconnect_twilio(&scope).await.expect("forgotten");
    assert_eq!(actions::twilio_numbers(&scope).await, Err(AppError::not_found("Twilio account")));
    assert_eq!(app.number("select count(*) from twilio_accounts").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_number_of_twilio_comes_goes_and_is_known_on_both_sides(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, id) = ready(&app).await;
    let scope = scope(&app, &org);
    let line = card(&scope, id).await.line;
    assert_eq!((line.number.as_str(), line.source, line.sync, line.sends_sms), (MOBILE, NumberSource::Twilio, SyncState::InStep, true));
    assert_eq!((line.label.as_str(), line.sync_error), ("Mobile", None));
    let provider_id: String =
        sqlx::query_scalar("select provider_id from phone_numbers where id = $1").bind(id).fetch_one(&app.core.pool).await.expect("an id");
    let held = vapi(&app, &format!("/phone-number/{provider_id}")).await;
    assert_eq!(
        (&held["provider"], &held["twilioAccountSid"], &held["smsEnabled"]),
        (&json!("twilio"), &json!(TWILIO_ACCOUNT), &json!(false))
    );
    assert!(held["server"]["url"].as_str().is_some_and(|url| url.contains("/hooks/vapi/")), "its calls come to us");
    assert!(sms_url(&app).await.is_some_and(|url| url.contains("/hooks/twilio/") && url.ends_with("/sms")), "and its messages");
    assert_eq!(actions::import_number(&scope, MOBILE_SID, None).await, Err(AppError::conflict("number_taken")));
    assert_eq!(actions::import_number(&scope, "PN-of-nobody", None).await, Err(AppError::not_found("number")));

    // Name, assistant and way out are told to Vapi.
    let new = NewAssistant { template: Template::Reception, name: "Léa, accueil".into(), language: "fr".into(), business: "Acme".into() };
    let assistant = assistants::create(&scope, new).await.expect("made");
    let form = EditForm { label: "Urgences".into(), assistant: assistant.to_string(), fallback: "+33 6 39 98 12 00".into() };
    actions::edit_number(&scope, id, &form.parse().expect("a form")).await.expect("changed");
    app.run_jobs().await;
    let held = vapi(&app, &format!("/phone-number/{provider_id}")).await;
    assert_eq!((&held["name"], &held["fallbackDestination"]["number"]), (&json!("Urgences"), &json!("+33639981200")));
    let line = card(&scope, id).await.line;
    assert_eq!((line.sync, line.assistant_id, line.fallback.as_deref()), (SyncState::InStep, Some(assistant), Some("+33639981200")));
    let tools = vapi(&app, "/assistant").await[0]["model"]["tools"].to_string();
    assert!(!tools.contains("send_sms"), "nobody chose that tool: {tools}");

    assert_eq!(actions::disconnect_twilio(&scope).await, Err(AppError::conflict("twilio_in_use")));
    actions::remove_number(&scope, id).await.expect("removed");
    app.run_jobs().await;
    assert_eq!(vapi(&app, &format!("/phone-number/{provider_id}")).await["statusCode"], 404, "what we brought there goes from there");
    assert_eq!(sms_url(&app).await, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_the_provider_refuses_is_told_in_its_words_and_tried_again_by_hand(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let form = TrunkForm {
        number: "+33 1 99 00 24 10".into(),
        label: "Siège".into(),
        credential_id: "cred-0001".into(),
        assistant: String::new(),
    };
    let id = actions::add_trunk_number(&scope, form.parse().expect("a form")).await.expect("written");
    // A row of before, with a number that no carrier takes.
    sqlx::query("update phone_numbers set carrier_id = '' where id = $1").bind(id).execute(&app.core.pool).await.expect("changed");
    app.run_jobs().await;
    let line = card(&scope, id).await.line;
    assert_eq!((line.sync, line.sync_error.as_deref()), (SyncState::Refused, Some("credentialId must be a string")));
    sqlx::query("update phone_numbers set carrier_id = 'cred-0001' where id = $1").bind(id).execute(&app.core.pool).await.expect("changed");
    actions::retry_number(&scope, id).await.expect("tried again");
    app.run_jobs().await;
    let line = card(&scope, id).await.line;
    assert_eq!((line.sync, line.sync_error, line.source), (SyncState::InStep, None, NumberSource::Sip));
    let held = vapi(&app, "/phone-number").await;
    assert_eq!((&held[0]["provider"], &held[0]["credentialId"]), (&json!("byo-phone-number"), &json!("cred-0001")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_answer_that_was_lost_makes_no_second_number(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, id) = ready(&app).await;
    // Vapi has it, and we do not know: as after a crash between its answer and our commit.
    sqlx::query("update phone_numbers set provider_id = null where id = $1").bind(id).execute(&app.core.pool).await.expect("forgotten");
    let faults = format!("{}/_sim/faults", app.sim.base_url());
    app.http.post(&faults).json(&json!({ "apiDown": true })).send().await.expect("an answer");
    actions::retry_number(&scope(&app, &org), id).await.expect("tried again");
    app.try_jobs().await;
    assert_eq!(card(&scope(&app, &org), id).await.line.sync, SyncState::Pending, "no answer is no refusal");
    app.http.delete(&faults).send().await.expect("an answer");
    until("the number to be found", 60, || async {
        app.sql("update jobs.job set run_at = now() where state = 0").await;
        app.try_jobs().await;
        (card(&scope(&app, &org), id).await.line.sync == SyncState::InStep).then_some(())
    })
    .await;
    assert_eq!(vapi(&app, "/phone-number").await.as_array().map(Vec::len), Some(1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_not_proven_to_be_twilio_s_is_refused_without_a_word(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, _) = ready(&app).await;
    let url = sms_url(&app).await.expect("an address");
    let form: Vec<(String, String)> = [("MessageSid", "SM1"), ("From", CALLER), ("To", MOBILE), ("Body", "Bonjour")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    let post = async |url: &str, signature: Option<String>, form: &[(String, String)]| {
        let mut request = app.http.post(url).form(form);
        if let Some(signature) = signature {
            request = request.header("x-twilio-signature", signature);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    let good = sign(TWILIO_TOKEN, &url, &form);
    let mut changed = form.clone();
    changed[3].1 = "STOP".into();
    assert_eq!(post(&url, None, &form).await, (403, String::new()));
    assert_eq!(post(&url, Some(good.clone()), &changed).await, (403, String::new()), "another body");
    assert_eq!(post(&url, Some(sign("another", &url, &form)), &form).await, (403, String::new()));
    assert_eq!(post(&url.replace("/sms", "/status"), Some(good.clone()), &form).await, (403, String::new()), "signed for another door");
    let strange = app.url("/hooks/twilio/nobody/sms");
    assert_eq!(post(&strange, Some(sign(TWILIO_TOKEN, &strange, &form)), &form).await, (401, String::new()));
    assert!(messages(&scope(&app, &org)).await.is_empty());

    for _ in 0..2 {
        let (status, body) = post(&url, Some(good.clone()), &form).await;
        assert_eq!((status, body.contains("<Response/>")), (200, true));
    }
    let kept = messages(&scope(&app, &org)).await;
    assert_eq!(
        kept.iter().map(|line| (line.direction, line.body.as_str())).collect::<Vec<_>>(),
        [(Direction::In, "Bonjour")],
        "told twice, kept once"
    );
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_s_message_is_sent_once_and_its_fate_is_told(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, _) = ready(&app).await;
    let scope = scope(&app, &org);
    let text = json!({ "text": "12 quai Ouest, à 9 h" });
    let both = futures::future::join_all([0, 1].map(|_| use_tool(&app, &org, "c1", "t1", text.clone()))).await;
    assert_eq!(both[0], both[1], "told twice at once, it is answered the same");
    assert!(both[0]["result"].as_str().is_some_and(|told| told.contains("queued")), "{both:?}");
    assert_eq!(messages(&scope).await.len(), 1);
    assert_eq!(messages(&scope).await[0].status, "waiting", "nothing is sent before the commit");
    assert!(use_tool(&app, &org, "c1", "t2", json!({ "text": " " })).await["error"].is_string());
    assert!(use_tool(&app, &org, "c1", "t3", json!({ "text": "x".repeat(321) })).await["error"].is_string());
    app.run_jobs().await;
    let sent = until("Twilio to say that it was delivered", 20, || async {
        messages(&scope).await.into_iter().find(|line| line.status == "delivered")
    })
    .await;
    assert_eq!((sent.ours.as_str(), sent.theirs.as_str(), sent.body.as_str()), (MOBILE, CALLER, "12 quai Ouest, à 9 h"));
    assert!(sent.call_id.is_some() && sent.error.is_none());
    app.run_jobs().await;
    let outcomes: Vec<Value> = events(&app).await.into_iter().map(|detail| detail["outcome"].clone()).collect();
    assert_eq!(outcomes, ["waiting", "delivered"]);
    let held: Value =
        app.http.get(format!("{}/_sim/twilio/messages", app.sim.base_url())).send().await.expect("an answer").json().await.expect("json");
    assert_eq!(held.as_array().map(Vec::len), Some(1), "one message left the house");
    assert_eq!(app.number("select count(*) from sms_reports").await, 2);

    // An answer that was lost: the message is found, not sent again.
    app.sql("update sms_messages set status = 'waiting', status_rank = 0, sid = null").await;
    app.sql("update sms_messages set asked_at = now() - interval '1 minute'").await;
    app.sql("delete from sms_reports").await;
    let mut tx = scope.begin(zencall::shared::permission::Permission::CallsRead).await.expect("a transaction");
    let job = zencall::numbers::server::jobs::Send { org: org.id, message: sent.id };
    tx.enqueue(&job, zencall::platform::queue::Opts::default()).await.expect("written");
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    assert_eq!(messages(&scope).await[0].status, "delivered");
    let held: Value =
        app.http.get(format!("{}/_sim/twilio/messages", app.sim.base_url())).send().await.expect("an answer").json().await.expect("json");
    assert_eq!(held.as_array().map(Vec::len), Some(1));
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_says_stop_gets_nothing_until_they_say_start(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, _) = ready(&app).await;
    let scope = scope(&app, &org);
    // One that is queued when the word comes is not sent, either.
    use_tool(&app, &org, "c1", "t1", json!({ "text": "Bonjour" })).await;
    assert_eq!(text_us(&app, CALLER, "Arrêt").await["answered"], 200);
    assert_eq!(app.number("select count(*) from sms_opt_outs where resumed_at is null").await, 1, "at once, without a job");
    app.run_jobs().await;
    let out = messages(&scope).await.into_iter().find(|line| line.direction == Direction::Out).expect("a message");
    assert_eq!((out.status.as_str(), out.error.as_deref(), out.has_stopped), ("refused", Some("stopped"), true));
    let refused = use_tool(&app, &org, "c1", "t2", json!({ "text": "Encore" })).await;
    assert!(refused["error"].as_str().is_some_and(|words| words.contains("STOP")), "{refused}");
    let outcomes: Vec<Value> = events(&app).await.into_iter().map(|detail| detail["outcome"].clone()).collect();
    assert_eq!(outcomes, ["waiting", "refused", "refused"]);
    text_us(&app, CALLER, "STOP PLEASE").await;
    text_us(&app, CALLER, "Start").await;
    assert_eq!(app.number("select count(*) from sms_opt_outs where resumed_at is null").await, 0);
    assert!(use_tool(&app, &org, "c1", "t3", json!({ "text": "Re-bonjour" })).await["result"].is_string());
    app.run_jobs().await;
    until("it to be delivered", 20, || async { messages(&scope).await.iter().any(|line| line.status == "delivered").then_some(()) }).await;
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_twin_refuses_what_twilio_refuses_and_its_words_are_kept(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, _) = ready(&app).await;
    let twilio = Twilio::of(&app.core);
    let who = Credentials { account_sid: TWILIO_ACCOUNT.into(), auth_token: Secret::from(TWILIO_TOKEN.to_owned()) };
    let send = async |to: &'static str, from: &'static str| {
        let new = NewMessage { from, to, body: "x", status_callback: "https://zencall.test/x" };
        twilio.send(&who, &new).await.map_err(|error| (error.status(), error.code().map(str::to_owned)))
    };
    let code = |status: u16, code: &str| Err((Some(status), Some(code.to_owned())));
    assert_eq!(send("+33639989211", MOBILE).await.map(drop), code(400, "21211"));
    assert_eq!(send("+33639989214", MOBILE).await.map(drop), code(400, "21614"));
    assert_eq!(send("+33639981200", "+33199009002").await.map(drop), code(400, "21606"), "a number that takes no messages");
    text_us(&app, "+33639981299", "STOP").await;
    assert_eq!(send("+33639981299", MOBILE).await.map(drop), code(400, "21610"));
    let nobody = Credentials { auth_token: Secret::from("0".repeat(32)), ..who.clone() };
    assert_eq!(twilio.account(&nobody).await.expect_err("refused").code(), Some("20003"));
    let at = format!("{}/2010-04-01/Accounts/{TWILIO_ACCOUNT}/Messages.json", app.sim.base_url());
    let unknown = app.http.post(&at).basic_auth(TWILIO_ACCOUNT, Some(TWILIO_TOKEN)).form(&[("To", CALLER), ("Colour", "red")]);
    let unknown = unknown.send().await.expect("an answer");
    assert_eq!((unknown.status().as_u16(), unknown.json::<Value>().await.expect("json")["code"].clone()), (400, json!(20001)));

    // Twilio knows of an order that we have not heard: it is ours from then on.
    app.sql("update sms_opt_outs set number = '+33639981298'").await;
    let message = json!({ "type": "tool-calls", "timestamp": chrono::Utc::now().timestamp_millis(),
        "call": { "id": "c1", "customer": { "number": "+33639981299" } }, "phoneNumber": { "number": MOBILE },
        "toolCallList": [{ "id": "t1", "type": "function", "function": { "name": "send_sms", "arguments": { "text": "x" } } }] });
    assert_eq!(app.hook(&org, &message).await.status(), 200);
    app.run_jobs().await;
    let failed = messages(&scope(&app, &org)).await.into_iter().find(|line| line.direction == Direction::Out).expect("a message");
    assert_eq!((failed.status.as_str(), failed.has_stopped), ("failed", true));
    assert_eq!(failed.error.as_deref(), Some("21610: Attempt to send to unsubscribed recipient"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn numbers_and_messages_of_another_organisation_do_not_exist(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, id) = ready(&app).await;
    text_us(&app, CALLER, "STOP").await;
    let globex = app.org("Globex", Role::Owner).await;
    let theirs = scope(&app, &globex);
    let none = || AppError::not_found("number");
    let form = EditForm::default().parse().expect("a form");
    assert_eq!(actions::read(&theirs, id).await.map(drop), Err(none()));
    assert_eq!(actions::edit_number(&theirs, id, &form).await, Err(none()));
    assert_eq!(actions::retry_number(&theirs, id).await, Err(none()));
    assert_eq!(actions::remove_number(&theirs, id).await, Err(none()));
    assert!(messages(&theirs).await.is_empty());
    // The same number is theirs, too, when they bring it; who stopped us did not stop them.
    actions::connect_twilio(&theirs, keys()).await.expect("connected");
    actions::import_number(&theirs, MOBILE_SID, None).await.expect("brought");
    app.run_jobs().await;
    assert!(use_tool(&app, &globex, "c9", "t1", json!({ "text": "Bonjour" })).await["result"].is_string());
    assert!(use_tool(&app, &acme, "c9", "t1", json!({ "text": "Bonjour" })).await["error"].is_string());
    app.try_jobs().await;
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn programs_bring_change_and_read_numbers(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, _) = ready(&app).await;
    let key = api::master(&app, &org).await;
    let send = async |method: Method, path: &str, body: Value| {
        let answer = api::request(&app, method, path, &key).json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.expect("a body")).unwrap_or_default())
    };
    let (status, made) = send(Method::POST, "/api/v1/numbers/import", json!({ "sid": VOICE_ONLY_SID })).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/api/v1/numbers/{}", made["id"].as_str().expect("an id"));
    app.run_jobs().await;
    assert_eq!(send(Method::PATCH, &path, json!({ "fallback": "+33639981200" })).await.0, 204);
    assert_eq!(send(Method::PATCH, &path, json!({ "fallback": "06" })).await.0, 422);
    app.run_jobs().await;
    let (_, shown) = send(Method::GET, &path, json!({})).await;
    assert_eq!((&shown["source"], &shown["sync"], &shown["sends_sms"]), (&json!("twilio"), &json!("in_step"), &json!(false)));
    assert_eq!((&shown["fallback"], &shown["label"]), (&json!("+33639981200"), &json!("Standard")), "what is left out stays");
    assert_eq!(send(Method::PATCH, &path, json!({ "fallback": "" })).await.0, 204);
    app.run_jobs().await;
    assert_eq!(send(Method::GET, &path, json!({})).await.1["fallback"], Value::Null);
    for n in 0..31 {
        text_us(&app, CALLER, &format!("Bonjour {n}")).await;
    }
    let (_, first) = send(Method::GET, "/api/v1/messages", json!({})).await;
    assert_eq!((first["items"].as_array().map(Vec::len), &first["items"][0]["text"]), (Some(30), &json!("Bonjour 30")));
    let next = format!("/api/v1/messages?after={}", first["next"].as_str().expect("a cursor"));
    let (_, last) = send(Method::GET, &next, json!({})).await;
    assert_eq!((&last["items"][0]["text"], &last["next"]), (&json!("Bonjour 0"), &Value::Null));
    assert_eq!(send(Method::DELETE, &path, json!({})).await.0, 204);
    assert_eq!(send(Method::GET, &path, json!({})).await.0, 404);
    app.run_jobs().await;
}
