//! Reception: who answers by hours, rules and callers, through the real webhook door; and what assistants do, each thing once.

use crate::app::{TestApp, TestOrg, until};
use chrono::{Datelike, Duration, NaiveDate};
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, header, method, path},
};
use zencall::{
    assistants::{
        model::{NewAssistant, Template},
        server::{actions as assistants, history},
    },
    platform::OrgScope,
    reception::{
        holidays::public_holidays,
        hours::Opening,
        http_tool::{ArgumentForm, HttpToolForm},
        model::*,
        rules::Way,
        server::{actions, callers, route, tools},
    },
    shared::{
        error::AppError,
        ids::{AssistantId, PersonId, RuleId, ToolId},
        permission::{Permission, Role},
    },
};

const CALLER: &str = "+33639981247";

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

async fn ring(app: &TestApp, org: &TestOrg, call: &str, from: Option<&str>) -> Value {
    let mut message = json!({ "type": "assistant-request", "timestamp": chrono::Utc::now().timestamp_millis(),
        "phoneNumber": { "number": "+33199000001" }, "call": { "id": call, "type": "inboundPhoneCall" } });
    if let Some(from) = from {
        message["call"]["customer"] = json!({ "number": from });
    }
    let answer = app.hook(org, &message).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("json")
}

async fn use_tool(app: &TestApp, org: &TestOrg, call: &str, id: &str, name: &str, arguments: Value) -> Value {
    let control = format!("{}{call}/control", app.core.config.vapi.base_url.as_ref().expect("an address"));
    let message = json!({ "type": "tool-calls", "timestamp": chrono::Utc::now().timestamp_millis(),
        "call": { "id": call, "customer": { "number": CALLER }, "monitor": { "controlUrl": control, "listenUrl": "wss://x.vapi.ai/listen" } },
        "toolCallList": [{ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } }] });
    let answer = app.hook(org, &message).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("json");
    body["results"][0].clone()
}

fn told(result: &Value) -> Value {
    let text = result["result"].as_str().unwrap_or_else(|| panic!("{result}"));
    assert!(!text.contains('\n'));
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn rule(change: impl FnOnce(&mut RuleForm)) -> RuleForm {
    let mut form = RuleForm { way: "refuse".into(), words: "Nous sommes fermés.".into(), ..RuleForm::default() };
    change(&mut form);
    form
}

async fn add_rule(scope: &OrgScope, change: impl FnOnce(&mut RuleForm)) -> RuleId {
    actions::save_rule(scope, None, rule(change).parse().expect("a rule")).await.expect("written")
}

async fn add_person(scope: &OrgScope, name: &str, number: &str, change: impl FnOnce(&mut PersonForm)) -> PersonId {
    let mut form =
        PersonForm { name: name.into(), number: number.into(), duty: "always".into(), priority: "1".into(), ..PersonForm::default() };
    change(&mut form);
    let id = PersonId::generate();
    actions::save_person(scope, &form.parse(id).expect("somebody"), true).await.expect("written");
    id
}

async fn events(app: &TestApp, kind: &str) -> Vec<Value> {
    app.applied().await;
    sqlx::query_scalar("select detail from call_events where kind = $1 order by created_at, seq")
        .bind(kind)
        .fetch_all(&app.core.pool)
        .await
        .expect("events")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn hours_holidays_and_days_of_their_own_are_kept_and_decide_whether_it_is_open(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let before = route::sheet(&scope).await.expect("a sheet");
    assert!(before.week.is_unset() && before.opening == Opening::Open && before.opens_at.is_none(), "nothing is set");

    let week = WeekForm { week: vec!["9-12, 14-18".into(); 5] }.parse().expect("hours");
    actions::save_week(&scope, week.clone()).await.expect("written");
    let own = SpecialOf { day: "2027-05-01", hours: "10-12" };
    actions::save_day(&scope, own.form().parse().expect("a day")).await.expect("written");
    actions::add_public_holidays(&scope).await.expect("written");
    actions::add_public_holidays(&scope).await.expect("again changes nothing");
    let sheet = route::sheet(&scope).await.expect("a sheet");
    assert_eq!(sheet.week, week);
    let coming = |year: i32| public_holidays(year).into_iter().filter(|(day, _)| *day >= sheet.today).count();
    assert_eq!(sheet.days.len(), coming(sheet.today.year()) + coming(sheet.today.year() + 1));
    let own_day = sheet.days.iter().find(|day| day.day == own.day()).expect("the first of May");
    assert_eq!(own_day.spans.len(), 1, "a day that had hours of its own keeps them");
    assert!(sheet.days.iter().any(|day| day.label == "Lundi de Pâques" && day.spans.is_empty()));
    assert!(sheet.days.is_sorted_by_key(|day| day.day));

    actions::remove_day(&scope, own.day()).await.expect("removed");
    assert_eq!(actions::remove_day(&scope, own.day()).await, Err(AppError::not_found("day")));
    // Each moment of a trial is the organisation's own wall clock, on both sides of a change of clocks.
    let opening = async |at: &str| route::trial(&scope, &TryForm { at: at.into(), ..TryForm::default() }).await.expect("a trial").opening;
    assert_eq!(opening("2027-03-26T09:00").await, Opening::Open);
    assert_eq!(opening("2027-03-29T09:00").await, Opening::Holiday, "Easter Monday");
    assert_eq!(opening("2027-03-30T08:59").await, Opening::Closed);
    assert_eq!(opening("2027-03-30T09:00").await, Opening::Open);
}

struct SpecialOf {
    day: &'static str,
    hours: &'static str,
}

impl SpecialOf {
    fn form(&self) -> DayForm {
        DayForm { day: self.day.into(), label: "Ouverture".into(), hours: self.hours.into() }
    }

    fn day(&self) -> NaiveDate {
        self.day.parse().expect("a day")
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_first_rule_that_applies_answers_the_provider_and_stands_in_the_call(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let (_, newest) = (app.assistant(&org).await, app.assistant(&org).await.1);
    assert_eq!(ring(&app, &org, "c0", Some(CALLER)).await["assistantId"], newest, "without rules as before");

    let nadia = add_person(&scope, "Nadia", "+33199002410", |_| {}).await;
    let caller = |is_vip: bool, is_blocked: bool| CallerForm {
        number: CALLER.into(),
        name: "Awa Diop".into(),
        is_vip: is_vip.then(|| "on".into()),
        is_blocked: is_blocked.then(|| "on".into()),
        ..CallerForm::default()
    };
    add_rule(&scope, |form| (form.caller, form.words) = ("blocked".into(), "Ce numéro\nn'est pas accepté.".into())).await;
    add_rule(&scope, |form| (form.caller, form.way, form.person) = ("vip".into(), "person".into(), nadia.to_string())).await;
    add_rule(&scope, |form| (form.caller, form.way, form.to_number) = ("withheld".into(), "number".into(), "+33 1 99 00 24 11".into()))
        .await;
    let loaded = add_rule(&scope, |form| (form.calls_from, form.prefix) = ("40".into(), "+44".into())).await;

    callers::save(&scope, &caller(false, true).parse().expect("a caller")).await.expect("written");
    assert_eq!(ring(&app, &org, "c1", Some(CALLER)).await, json!({ "error": "Ce numéro n'est pas accepté." }));
    callers::save(&scope, &caller(true, false).parse().expect("a caller")).await.expect("written");
    let forwarded = ring(&app, &org, "c2", Some(CALLER)).await;
    assert_eq!(forwarded, json!({ "destination": { "type": "number", "number": "+33199002410", "message": "" } }));
    assert_eq!(ring(&app, &org, "c3", None).await["destination"]["number"], "+33199002411");
    assert_eq!(ring(&app, &org, "c4", Some("+33612345678")).await["assistantId"], newest);
    assert_eq!(ring(&app, &org, "c5", Some("+442079460958")).await["assistantId"], newest, "few calls in progress");

    // Why is kept with each call, once even if it is asked twice.
    ring(&app, &org, "c2", Some(CALLER)).await;
    let kept = events(&app, "routed").await;
    let rules: Vec<Option<i64>> = kept.iter().map(|detail| detail["rule"].as_i64()).collect();
    assert_eq!(rules, [None, Some(1), Some(2), Some(3), None, None]);
    assert_eq!((kept[2]["name"].as_str(), kept[2]["vip"].as_bool(), kept[2]["way"].as_str()), (Some("Nadia"), Some(true), Some("person")));
    assert_eq!(app.number("select count(*) from calls").await, 6);

    // The page's box says the same, and what would be with more calls.
    let asked = |caller: &str, calls: &str| TryForm {
        number: "+33199000001".into(),
        caller: caller.into(),
        calls: calls.into(),
        ..TryForm::default()
    };
    let trial = route::trial(&scope, &asked(CALLER, "")).await.expect("a trial");
    assert_eq!((trial.rule, trial.way, trial.name.as_str(), trial.caller_name.as_str()), (Some(2), Some(Way::Person), "Nadia", "Awa Diop"));
    assert_eq!(route::trial(&scope, &asked("+442079460958", "40")).await.expect("a trial").rule, Some(4));
    assert_eq!(route::trial(&scope, &asked("+442079460958", "39")).await.expect("a trial").rule, None);

    // Order, a pause, and what leads nowhere.
    actions::move_rule(&scope, loaded, true).await.expect("moved");
    assert_eq!(route::trial(&scope, &asked("+442079460958", "40")).await.expect("a trial").rule, Some(3));
    actions::switch_rule(&scope, loaded, false).await.expect("paused");
    assert_eq!(route::trial(&scope, &asked("+442079460958", "40")).await.expect("a trial").rule, None);
    actions::remove_person(&scope, nadia).await.expect("removed");
    let trial = route::trial(&scope, &asked(CALLER, "")).await.expect("a trial");
    assert_eq!((trial.rule, trial.passed_over, trial.way), (None, vec![2], Some(Way::Assistant)));
    assert_eq!(ring(&app, &org, "c6", Some(CALLER)).await["assistantId"], newest);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn closing_time_sends_calls_elsewhere_and_somebody_off_duty_is_passed_over(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let (_, provider_id) = app.assistant(&org).await;
    let nadia = add_person(&scope, "Nadia", "+33199002410", |form| form.duty = "opening".into()).await;
    add_rule(&scope, |form| (form.way, form.person) = ("person".into(), nadia.to_string())).await;
    add_rule(&scope, |form| form.opening = "holiday".into()).await;
    let today = route::sheet(&scope).await.expect("a sheet").today;
    let closed =
        |offset: i64| DayForm { day: (today + Duration::days(offset)).to_string(), label: "Inventaire".into(), hours: String::new() };
    // Yesterday and tomorrow, too: the test may run at midnight.
    assert_eq!(ring(&app, &org, "c1", Some(CALLER)).await["destination"]["number"], "+33199002410");
    for offset in -1..=1 {
        actions::save_day(&scope, closed(offset).parse().expect("a day")).await.expect("written");
    }
    assert_eq!(ring(&app, &org, "c2", Some(CALLER)).await, json!({ "error": "Nous sommes fermés." }));
    let kept = events(&app, "routed").await;
    assert_eq!((kept[1]["rule"].as_i64(), &kept[1]["passed_over"], kept[1]["opening"].as_str()), (Some(2), &json!([1]), Some("holiday")));
    let sheet = route::sheet(&scope).await.expect("a sheet");
    assert!(sheet.opening == Opening::Holiday && sheet.opens_at.is_some_and(|at| at > sheet.now));
    for offset in -1..=1 {
        actions::remove_day(&scope, today + Duration::days(offset)).await.expect("removed");
    }
    actions::remove_person(&scope, nadia).await.expect("removed");
    assert_eq!(ring(&app, &org, "c3", Some(CALLER)).await["assistantId"], provider_id);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nothing_of_another_organisation_is_seen_named_or_changed(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (ours, theirs) = (scope(&app, &acme), scope(&app, &globex));
    let (assistant, _) = app.assistant(&acme).await;
    let (_, theirs_ref) = app.assistant(&globex).await;
    let nadia = add_person(&ours, "Nadia", "+33199002410", |_| {}).await;
    let id = add_rule(&ours, |_| {}).await;
    callers::save(&ours, &CallerForm { number: CALLER.into(), name: "Awa".into(), ..CallerForm::default() }.parse().expect("a caller"))
        .await
        .expect("written");
    assert!(use_tool(&app, &acme, "c1", "t1", "request_callback", json!({ "why": "devis" })).await["result"].is_string());

    assert_eq!(ring(&app, &globex, "c1", Some(CALLER)).await["assistantId"], theirs_ref, "our rule is not theirs");
    assert!(route::sheet(&theirs).await.expect("a sheet").people.is_empty());
    assert_eq!(callers::list(&theirs, "").await.expect("a list").all, 0);
    assert!(actions::list_callbacks(&theirs).await.expect("a list").open.is_empty());
    let not_found = |what: &str| AppError::not_found(what);
    assert_eq!(actions::remove_rule(&theirs, id).await, Err(not_found("rule")));
    assert_eq!(actions::remove_person(&theirs, nadia).await, Err(not_found("person")));
    assert_eq!(callers::remove(&theirs, CALLER).await, Err(not_found("caller")));
    let wanted = actions::list_callbacks(&ours).await.expect("a list").open.remove(0);
    assert_eq!(actions::set_callback_done(&theirs, wanted.id, true).await, Err(not_found("callback")));
    for form in [
        rule(|form| (form.way, form.person) = ("person".into(), nadia.to_string())),
        rule(|form| (form.way, form.assistant) = ("assistant".into(), AssistantId(assistant).to_string())),
    ] {
        let refused = actions::save_rule(&theirs, None, form.parse().expect("a rule")).await;
        assert!(matches!(refused, Err(AppError::Invalid { .. })), "{refused:?}");
    }
    // A person of ours cannot be written over either.
    let form =
        PersonForm { name: "Eve".into(), number: CALLER.into(), duty: "always".into(), priority: "1".into(), ..PersonForm::default() };
    assert!(actions::save_person(&theirs, &form.parse(nadia).expect("somebody"), true).await.is_err());
    assert_eq!(route::sheet(&ours).await.expect("a sheet").people[0].name, "Nadia");
    // The same tool call of another organisation is another one.
    let again = use_tool(&app, &globex, "c1", "t1", "request_callback", json!({ "why": "autre" })).await;
    assert_eq!((told(&again)["noted"].as_bool(), actions::list_callbacks(&theirs).await.expect("a list").all_open), (Some(true), 1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_back_is_noted_once_and_can_be_marked_as_made(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let arguments = json!({ "number": "06 39 98 12 00", "when": "demain matin", "why": "Devis toiture", "caller_name": "Awa Diop" });
    let both = [0, 1].map(|_| use_tool(&app, &org, "c1", "t1", "request_callback", arguments.clone()));
    let both = futures::future::join_all(both).await;
    assert_eq!(both[0], both[1], "told twice at once, it is answered the same");
    assert_eq!(use_tool(&app, &org, "c1", "t1", "request_callback", json!({ "why": "autre chose" })).await, both[0]);
    assert_eq!(told(&both[0]), json!({ "noted": true, "number": "+33639981200", "when": "demain matin" }));
    // Without a number, or with one that is none, the one that calls.
    assert_eq!(
        told(&use_tool(&app, &org, "c1", "t2", "request_callback", json!({ "why": "x", "number": "bientôt" })).await)["number"],
        CALLER
    );

    let list = actions::list_callbacks(&scope).await.expect("a list");
    assert_eq!((list.all_open, list.open[0].why.as_str(), list.open[0].caller_name.as_str()), (2, "Devis toiture", "Awa Diop"));
    assert!(list.open[0].call.is_some());
    assert_eq!(events(&app, "callback").await.len(), 2);
    actions::set_callback_done(&scope, list.open[0].id, true).await.expect("made");
    let list = actions::list_callbacks(&scope).await.expect("a list");
    assert_eq!((list.all_open, list.done.len()), (1, 1));
    actions::set_callback_done(&scope, list.done[0].id, false).await.expect("to be made after all");
    assert_eq!(actions::list_callbacks(&scope).await.expect("a list").all_open, 2);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn callers_are_recognised_and_an_unknown_tool_is_told_so(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let unknown = told(&use_tool(&app, &org, "c1", "t1", "look_up_caller", json!({})).await);
    assert_eq!((unknown["known"].as_bool(), unknown["earlier_calls"].as_i64()), (Some(false), Some(0)));
    let form = CallerForm {
        number: CALLER.into(),
        name: "Awa Diop".into(),
        language: "en".into(),
        is_vip: Some("on".into()),
        ..CallerForm::default()
    };
    callers::save(&scope(&app, &org), &form.parse().expect("a caller")).await.expect("written");
    let known = told(&use_tool(&app, &org, "c1", "t2", "look_up_caller", json!({})).await);
    assert_eq!(known, json!({ "known": true, "name": "Awa Diop", "language": "en", "vip": true, "earlier_calls": 0 }));
    let answer = use_tool(&app, &org, "c1", "t3", "launch_rocket", json!({})).await;
    assert_eq!(
        (answer["toolCallId"].as_str(), answer["error"].as_str()),
        (Some("t3"), Some("there is no tool named launch_rocket: go on without it"))
    );
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_transfer_goes_to_the_next_when_the_provider_refuses_and_says_when_nobody_is_left(pool: PgPool) {
    let vapi = MockServer::start().await;
    let app = TestApp::with_provider(pool, &vapi.uri()).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    add_person(&scope, "Nadia", "+33199002410", |form| form.skills = "factures".into()).await;
    add_person(&scope, "Accueil", "+33199002411", |form| form.priority = "2".into()).await;
    add_person(&scope, "Astreinte", "+33199002412", |form| form.urgent_only = Some("on".into())).await;
    let to = |number: &str| body_partial_json(json!({ "type": "transfer", "destination": { "type": "number", "number": number } }));
    Mock::given(method("POST"))
        .and(path("/c1/control"))
        .and(to("+33199002410"))
        .respond_with(ResponseTemplate::new(400).set_body_json(json!({ "message": "busy" })))
        .expect(1)
        .mount(&vapi)
        .await;
    Mock::given(method("POST"))
        .and(path("/c1/control"))
        .and(to("+33199002411"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&vapi)
        .await;
    Mock::given(method("POST"))
        .and(path("/c1/control"))
        .and(body_partial_json(json!({ "type": "add-message" })))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&vapi)
        .await;

    let first = use_tool(&app, &org, "c1", "t1", "transfer_to", json!({ "skill": "service Factures", "urgent": "false" })).await;
    assert_eq!((told(&first)["transferring"].as_bool(), told(&first)["to"].as_str()), (Some(true), Some("Nadia")));
    assert_eq!(use_tool(&app, &org, "c1", "t1", "transfer_to", json!({ "skill": "autre" })).await, first);
    app.try_jobs().await;
    app.try_jobs().await; // nothing is left to do
    let tries: Vec<(Option<String>, String)> = events(&app, "transfer_try")
        .await
        .iter()
        .map(|detail| (detail["to"].as_str().map(str::to_owned), detail["outcome"].as_str().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(tries, [(Some("Nadia".to_owned()), "refused".to_owned()), (Some("Accueil".to_owned()), "asked".to_owned())]);

    // Asked again in the same call, those who were tried are not tried again: nobody is left but for emergencies.
    let second = use_tool(&app, &org, "c1", "t2", "transfer_to", json!({})).await;
    assert_eq!(told(&second)["transferring"], false);
    assert_eq!(events(&app, "transfer_try").await.last().expect("an event")["outcome"], "nobody");
    let urgent = use_tool(&app, &org, "c1", "t3", "transfer_to", json!({ "urgent": true })).await;
    assert_eq!(told(&urgent)["to"], "Astreinte");
    // Another call begins anew.
    assert_eq!(told(&use_tool(&app, &org, "c2", "t4", "transfer_to", json!({})).await)["to"], "Accueil");
    // The provider's own way of asking names the directory, too, and the next when it asks again.
    let request = json!({ "type": "transfer-destination-request", "call": { "id": "c3", "customer": { "number": CALLER } } });
    for expected in ["+33199002411", "+33199002410"] {
        let body: Value = app.hook(&org, &request).await.json().await.expect("json");
        assert_eq!((body["destination"]["number"].as_str(), body["message"]["type"].as_str()), (Some(expected), Some("request-start")));
    }
    let none: Value = app.hook(&org, &request).await.json().await.expect("json");
    assert!(none["error"].is_string(), "{none}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_is_told_when_every_transfer_is_refused(pool: PgPool) {
    let vapi = MockServer::start().await;
    let app = TestApp::with_provider(pool, &vapi.uri()).await;
    let org = app.org("Acme", Role::Owner).await;
    add_person(&scope(&app, &org), "Nadia", "+33199002410", |_| {}).await;
    Mock::given(method("POST"))
        .and(body_partial_json(json!({ "type": "transfer" })))
        .respond_with(ResponseTemplate::new(400))
        .expect(1)
        .mount(&vapi)
        .await;
    Mock::given(method("POST"))
        .and(body_partial_json(json!({ "type": "add-message", "triggerResponseEnabled": true })))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&vapi)
        .await;
    use_tool(&app, &org, "c1", "t1", "transfer_to", json!({})).await;
    app.try_jobs().await;
    let outcomes: Vec<Value> = events(&app, "transfer_try").await.into_iter().map(|detail| detail["outcome"].clone()).collect();
    assert_eq!(outcomes, [json!("refused"), json!("nobody")]);
}

fn http_tool(url: &str) -> HttpToolForm {
    HttpToolForm {
        name: "order_status".into(),
        description: "Où en est une commande".into(),
        url: url.into(),
        method: "POST".into(),
        header_name: "X-Shop-Key".into(),
        header_value: "s3cret-canary".into(),
        deadline_s: "2".into(),
        arguments: vec![ArgumentForm {
            name: "order".into(),
            kind: "text".into(),
            description: "Numéro".into(),
            required: Some("on".into()),
        }],
    }
}

async fn save_tool(scope: &OrgScope, form: &HttpToolForm, id: Option<ToolId>) -> Result<ToolId, AppError> {
    let (tool, secret) = form.parse(id.unwrap_or_else(ToolId::generate))?;
    tools::save(scope, tool, secret.as_deref(), id.is_none()).await
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_tool_of_one_s_own_is_asked_once_with_its_secret_which_nobody_sees(pool: PgPool) {
    let shop = MockServer::start().await;
    let allowed = shop.address().to_string();
    let app = TestApp::with_settings(pool, &[("ZENCALL_SSRF_ALLOW", &allowed)]).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    Mock::given(method("POST"))
        .and(path("/orders"))
        .and(header("x-shop-key", "s3cret-canary"))
        .and(header("idempotency-key", "t1"))
        .respond_with(
            ResponseTemplate::new(200).set_body_string("{\n \"state\": \"shipped\" }").set_delay(std::time::Duration::from_millis(300)),
        )
        .expect(1)
        .mount(&shop)
        .await;
    Mock::given(method("POST"))
        .and(path("/away"))
        .respond_with(ResponseTemplate::new(302).insert_header("location", "/orders"))
        .expect(1)
        .mount(&shop)
        .await;
    Mock::given(method("POST"))
        .and(path("/slow"))
        .respond_with(ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(20)))
        .mount(&shop)
        .await;
    let id = save_tool(&scope, &http_tool(&format!("{}/orders", shop.uri())), None).await.expect("written");
    assert_eq!(save_tool(&scope, &http_tool(&shop.uri()), None).await, Err(AppError::conflict("tool_taken")));

    let both = [0, 1].map(|_| use_tool(&app, &org, "c1", "t1", "order_status", json!({ "order": 42, "evil": "x" })));
    let both = futures::future::join_all(both).await;
    assert_eq!(told(&both[0]), json!({ "state": "shipped" }));
    assert_eq!(both[0], both[1], "two deliveries, one request");
    let missing = use_tool(&app, &org, "c1", "t2", "order_status", json!({})).await;
    assert_eq!(missing["error"], "the argument order is missing");

    // Redirects are not followed; who does not answer is not waited for.
    save_tool(&scope, &http_tool(&format!("{}/away", shop.uri())), Some(id)).await.expect("written");
    assert_eq!(use_tool(&app, &org, "c1", "t3", "order_status", json!({ "order": "1" })).await["error"], "order_status answered 302");
    save_tool(&scope, &http_tool(&format!("{}/slow", shop.uri())), Some(id)).await.expect("written");
    assert_eq!(
        use_tool(&app, &org, "c1", "t4", "order_status", json!({ "order": "1" })).await["error"],
        "order_status did not answer in time"
    );

    // The secret is in no table, no list and no dry run as it was typed.
    let listed = serde_json::to_string(&tools::list(&scope).await.expect("a list")).expect("JSON");
    assert!(listed.contains("\"has_secret\":true") && !listed.contains("canary"));
    assert_eq!(
        app.number(
            "select count(*) from http_tools where http_tools::text like '%canary%' or encode(header_sealed, 'escape') like '%canary%'"
        )
        .await,
        0
    );
    assert_eq!(app.number("select count(*) from hook_journal where body like '%canary%'").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_dry_run_shows_both_sides_and_a_secret_stays_with_the_site_it_was_given_for(pool: PgPool) {
    let (shop, thief) = (MockServer::start().await, MockServer::start().await);
    let allowed = format!("{},{}", shop.address(), thief.address());
    let app = TestApp::with_settings(pool, &[("ZENCALL_SSRF_ALLOW", &allowed)]).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    Mock::given(header("x-shop-key", "s3cret-canary"))
        .respond_with(ResponseTemplate::new(200).set_body_string("ok"))
        .expect(2)
        .mount(&shop)
        .await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_string("ha")).mount(&thief).await;
    let id = save_tool(&scope, &http_tool(&shop.uri()), None).await.expect("written");
    let run = async |form: &HttpToolForm, arguments: &str| {
        let (tool, secret) = form.parse(id).expect("a tool");
        tools::dry_run(&scope, tool, secret, arguments).await
    };
    let kept = HttpToolForm { header_value: String::new(), ..http_tool(&shop.uri()) };
    let ran = run(&kept, r#"{"order":"A1"}"#).await.expect("a run");
    assert_eq!((ran.status, ran.answer.as_str(), ran.told.as_str(), ran.body.as_str()), (Some(200), "ok", "ok", r#"{"order":"A1"}"#));
    assert!(ran.headers.iter().any(|(name, value)| name == "x-shop-key" && value == "••••••"), "{:?}", ran.headers);
    assert!(ran.line.starts_with("POST http://127.0.0.1"));
    let get = HttpToolForm { method: "GET".into(), ..kept.clone() };
    assert!(run(&get, r#"{"order":"A 1&x"}"#).await.expect("a run").line.ends_with("/?order=A+1%26x"));
    assert_eq!(run(&kept, "{}").await.expect("a run").told, "the argument order is missing");
    assert!(matches!(run(&kept, "nonsense").await, Err(AppError::Invalid { .. })));

    // Sent to another site, the stored secret stays at home: in a dry run, and when it is saved.
    let moved = HttpToolForm { header_value: String::new(), ..http_tool(&thief.uri()) };
    run(&moved, r#"{"order":"A1"}"#).await.expect("a run");
    save_tool(&scope, &moved, Some(id)).await.expect("written");
    assert!(!tools::list(&scope).await.expect("a list")[0].has_secret);
    use_tool(&app, &org, "c1", "t1", "order_status", json!({ "order": "1" })).await;
    let received = thief.received_requests().await.expect("requests");
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|request| !request.headers.contains_key("x-shop-key")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn addresses_of_private_networks_are_refused_when_saved_when_tried_and_when_asked(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let spellings = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://localhost./",
        "https://10.1.2.3/",
        "https://192.168.0.1:8443/",
        "https://metadata.google.internal/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
    ];
    for url in spellings {
        let refused = save_tool(&scope, &http_tool(url), None).await.expect_err(url);
        assert_eq!(refused.fields().get("url"), Some("address.private"), "{url}");
        let (tool, secret) = http_tool(url).parse(ToolId::generate()).expect("a tool");
        assert_eq!(
            tools::dry_run(&scope, tool, secret, r#"{"order":"1"}"#).await.expect_err(url).fields().get("url"),
            Some("address.private"),
            "{url}"
        );
    }
    for (url, code) in [
        ("http://example.com/", "address.not_https"),
        ("https://a:b@example.com/", "address.credentials"),
        ("https://example.com:5432/", "address.port"),
        ("nonsense", "address.unreadable"),
    ] {
        assert_eq!(save_tool(&scope, &http_tool(url), None).await.expect_err(url).fields().get("url"), Some(code), "{url}");
    }
    // A row that got in some other way is judged again before it is asked, and so is what a public name resolves to.
    let id = save_tool(&scope, &http_tool("https://shop.example.com/"), None).await.expect("written");
    let poisoned = "update http_tools set url = 'https://127.0.0.1:8443/' where id = $1";
    sqlx::query(poisoned).bind(id).execute(&app.core.pool).await.expect("poisoned");
    let answer = use_tool(&app, &org, "c1", "t1", "order_status", json!({ "order": "1" })).await;
    assert_eq!(answer["error"], "the tool's address is refused");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn only_who_may_manage_integrations_keeps_tools_and_only_who_may_call_marks_call_backs(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let supervisor = scope(&app, &org).with_rights(&Role::Supervisor.into());
    assert_eq!(
        save_tool(&supervisor, &http_tool("https://example.com/"), None).await,
        Err(AppError::Forbidden { needs: Permission::IntegrationsManage })
    );
    let reader = scope(&app, &org).with_rights(&Role::ReadOnly.into());
    assert!(actions::list_callbacks(&reader).await.is_ok() && route::sheet(&reader).await.is_ok());
    let id = zencall::shared::ids::CallbackId::generate();
    assert_eq!(actions::set_callback_done(&reader, id, true).await, Err(AppError::Forbidden { needs: Permission::CallsStart }));
    assert_eq!(
        actions::save_week(&reader, WeekForm::default().parse().expect("hours")).await,
        Err(AppError::Forbidden { needs: Permission::AssistantsEdit })
    );
}

/// Publishes an assistant with these tools, and lets the simulator know it; its id there.
async fn publish_with(app: &TestApp, scope: &OrgScope, chosen: &[&str]) -> (AssistantId, Value) {
    let new = NewAssistant { template: Template::Reception, name: "Léa".into(), language: "fr".into(), business: "Garage du Port".into() };
    let id = assistants::create(scope, new).await.expect("made");
    app.run_jobs().await;
    let sheet = assistants::read(scope, id).await.expect("an assistant");
    let mut settings = sheet.assistant.settings;
    settings.tools = Some(chosen.iter().map(|name| (*name).to_owned()).collect());
    let saved = history::save_draft(scope, id, sheet.assistant.revision, &settings).await.expect("saved");
    history::publish(scope, id, saved.revision, "Des outils").await.expect("published");
    app.run_jobs().await;
    (id, held(app, id).await)
}

async fn held(app: &TestApp, id: AssistantId) -> Value {
    let url = format!("{}/assistant?limit=1000", app.sim.base_url());
    let all: Vec<Value> = app.http.get(url).bearer_auth("test-key").send().await.expect("an answer").json().await.expect("a list");
    all.into_iter().find(|held| held["metadata"]["assistant"] == json!(id.to_string())).expect("the simulator holds it")
}

fn names(held: &Value) -> Vec<&str> {
    held["model"]["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["function"]["name"].as_str()).collect()
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_is_pushed_with_the_tools_it_was_given_as_they_come_and_go(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let (id, first) = publish_with(&app, &scope, &["take_message", "request_callback", "transfer_to", "order_status"]).await;
    assert_eq!(names(&first), ["take_message", "request_callback"], "nobody in the directory, no such tool");
    let nadia = add_person(&scope, "Nadia", "+33199002410", |_| {}).await;
    let tool = save_tool(&scope, &http_tool("https://shop.example.com/orders"), None).await.expect("written");
    app.run_jobs().await;
    let now = held(&app, id).await;
    assert_eq!(names(&now), ["take_message", "request_callback", "transfer_to", "order_status"]);
    assert!(!now.to_string().contains("canary") && !now.to_string().contains("shop.example.com"), "the provider asks us, not them");
    actions::remove_person(&scope, nadia).await.expect("removed");
    tools::remove(&scope, tool).await.expect("removed");
    app.run_jobs().await;
    assert_eq!(names(&held(&app, id).await), ["take_message", "request_callback"]);
    // Which tools it has is of the version, and the version's history says so.
    let versions = history::history(&scope, id, None).await.expect("a history").versions;
    assert_eq!(versions.len(), 2);
    let kept: Vec<Option<Value>> =
        sqlx::query_scalar("select settings -> 'tools' from assistant_versions where assistant_id = $1 order by n")
            .bind(id)
            .fetch_all(&app.core.pool)
            .await
            .expect("versions");
    assert_eq!(kept, [None, Some(json!(["take_message", "request_callback", "transfer_to", "order_status"]))]);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_simulated_caller_who_asks_for_a_person_reaches_the_directory_by_a_rule(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let nadia = "+33199002410";
    add_person(&scope, "Nadia", nadia, |_| {}).await;
    let (id, _) = publish_with(&app, &scope, &["take_message", "transfer_to"]).await;
    add_rule(&scope, |form| (form.caller, form.way, form.assistant) = ("unknown".into(), "assistant".into(), id.to_string())).await;
    let number: String = sqlx::query_scalar("select provider_id from phone_numbers").fetch_one(&app.core.pool).await.expect("a number");
    let sim = |path: &str| format!("{}/_sim/{path}", app.sim.base_url());
    // Slow enough for the transfer to reach a caller who still waits.
    app.http.post(sim("speed")).json(&json!({ "speed": 8 })).send().await.expect("an answer");
    let body = json!({ "phoneNumberId": number, "from": "+33639981205", "language": "fr" });
    let rang = app.http.post(sim("inbound")).json(&body).send().await.expect("an answer");
    assert!(rang.status().is_success(), "{:?}", rang.text().await);
    until("the call to be put through", 60, || async {
        app.try_jobs().await;
        let moved: Option<String> = sqlx::query_scalar("select transferred_to from calls where status = 'ended'")
            .fetch_optional(&app.core.pool)
            .await
            .expect("a call")
            .flatten();
        moved.filter(|to| to == nadia)
    })
    .await;
    let routed = events(&app, "routed").await;
    assert_eq!((routed[0]["rule"].as_i64(), routed[0]["way"].as_str()), (Some(1), Some("assistant")));
    let tries = events(&app, "transfer_try").await;
    assert_eq!((tries.len(), tries[0]["to"].as_str(), tries[0]["outcome"].as_str()), (1, Some("Nadia"), Some("asked")));
}
