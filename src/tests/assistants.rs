//! Assistants: written here, kept in step at the provider, never lost to somebody else's save.

use crate::app::{TestApp, TestOrg};
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};
use zencall::{
    assistants::{
        model::*,
        server::{actions, history, jobs},
    },
    platform::{
        OrgScope,
        config::Secret,
        queue::{self, Worker, WorkerOptions},
    },
    providers::vapi::{Vapi, VapiSettings},
    shared::{
        error::AppError,
        ids::AssistantId,
        permission::{Permission, Role},
        trouble::Trouble,
    },
};

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

fn new(template: Template) -> NewAssistant {
    NewAssistant { template, name: "Léa, accueil".into(), language: "fr".into(), business: "Garage du Port".into() }
}

async fn form(scope: &OrgScope, id: AssistantId) -> (i64, AssistantForm) {
    let sheet = actions::read(scope, id).await.expect("an assistant");
    (sheet.assistant.revision, AssistantForm::of(&sheet.assistant.settings))
}

/// What the simulator holds under our id.
async fn held(app: &TestApp, id: AssistantId) -> Option<Value> {
    let answer =
        app.http.get(format!("{}/assistant?limit=1000", app.sim.base_url())).bearer_auth("test-key").send().await.expect("an answer");
    let all: Vec<Value> = answer.json().await.expect("a list");
    all.into_iter().find(|held| held["metadata"]["assistant"] == json!(id.to_string()))
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_new_assistant_is_at_the_provider_whole_and_gets_a_number_in_the_sandbox(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Reception)).await.expect("made");
    assert_eq!(actions::read(&scope, id).await.expect("there").assistant.sync, SyncState::Pending);

    app.run_jobs().await;

    let sheet = actions::read(&scope, id).await.expect("there");
    assert_eq!((sheet.assistant.sync, sheet.assistant.sync_error), (SyncState::InStep, None));
    assert_eq!(sheet.numbers.len(), 1);
    let held = held(&app, id).await.expect("the simulator holds it");
    assert!(held["firstMessage"].as_str().is_some_and(|words| words.contains("Garage du Port") && words.contains("assistant virtuel")));
    assert_eq!(held["model"]["tools"][0]["function"]["name"], "take_message");
    assert_eq!(held["server"]["timeoutSeconds"], 20);
    assert!(held["server"]["credentialId"].is_string() && held["server"]["url"].as_str().is_some_and(|url| url.contains("/hooks/vapi/")));
    let lines = actions::numbers(&scope).await.expect("numbers");
    assert_eq!((lines[0].sync, lines[0].assistant_id), (SyncState::InStep, Some(id)));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_second_of_two_saves_is_told_and_changes_nothing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Information)).await.expect("made");
    let (revision, form) = form(&scope, id).await;
    let named = |name: &str| AssistantForm { name: name.into(), ..form.clone() }.parse().expect("a good form");

    let saved = history::save_draft(&scope, id, revision, &named("La première")).await.expect("saved");
    let late = history::save_draft(&scope, id, revision, &named("La seconde")).await;

    assert_eq!(late, Err(AppError::conflict("assistant_changed")));
    let draft = actions::read(&scope, id).await.expect("there").draft.expect("a draft");
    assert_eq!(draft.settings.name, "La première");
    let saved = history::save_draft(&scope, id, saved.revision, &named("La seconde")).await.expect("saved");
    history::publish(&scope, id, saved.revision, "").await.expect("published");
    app.run_jobs().await;
    assert_eq!(held(&app, id).await.expect("held")["name"], "La seconde");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_refusal_is_shown_in_the_provider_s_words_and_the_next_version_tries_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Reception)).await.expect("made");
    let vapi = MockServer::start().await;
    let words = json!({ "message": ["voice.voiceId is not available", "model is busy"], "error": "Bad Request", "statusCode": 400 });
    Mock::given(method("POST"))
        .and(path("/assistant"))
        .respond_with(ResponseTemplate::new(400).set_body_json(words))
        .expect(1)
        .mount(&vapi)
        .await;
    let worker = worker_at(&app, &vapi);

    queue::drain(&worker).await.expect("a refusal is an answer, not a failure");

    let assistant = actions::read(&scope, id).await.expect("there").assistant;
    assert_eq!(assistant.sync, SyncState::Refused);
    assert_eq!(assistant.sync_error.as_deref(), Some("voice.voiceId is not available; model is busy"));

    vapi.reset().await;
    Mock::given(method("POST"))
        .and(path("/assistant"))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({ "id": "a-1" })))
        .expect(1)
        .mount(&vapi)
        .await;
    let (revision, form) = form(&scope, id).await;
    let other = AssistantForm { name: "Léa, soir".into(), ..form };
    let saved = history::save_draft(&scope, id, revision, &other.parse().expect("good")).await.expect("saved");
    history::publish(&scope, id, saved.revision, "").await.expect("published");
    queue::drain(&worker).await.expect("taken");
    let assistant = actions::read(&scope, id).await.expect("there").assistant;
    assert_eq!((assistant.sync, assistant.sync_error), (SyncState::InStep, None));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_provider_that_is_down_leaves_the_push_waiting_with_the_reason(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Reception)).await.expect("made");
    let vapi = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503).set_body_json(json!({ "message": "maintenance" })))
        .mount(&vapi)
        .await;

    assert!(queue::drain(&worker_at(&app, &vapi)).await.is_err());

    let assistant = actions::read(&scope, id).await.expect("there").assistant;
    assert_eq!((assistant.sync, assistant.sync_error.as_deref()), (SyncState::Pending, Some("maintenance")));
    let waiting: i64 = sqlx::query_scalar("select count(*) from jobs.job where kind = 'assistants.push' and state = 0")
        .fetch_one(&app.core.pool)
        .await
        .expect("a count");
    assert_eq!(waiting, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_copy_that_vanished_at_the_provider_is_made_again(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Reception)).await.expect("made");
    app.run_jobs().await;
    let first = held(&app, id).await.expect("held")["id"].as_str().expect("an id").to_owned();
    let gone =
        app.http.delete(format!("{}/assistant/{first}", app.sim.base_url())).bearer_auth("test-key").send().await.expect("an answer");
    assert!(gone.status().is_success());

    actions::push_again(&scope, id).await.expect("asked");
    app.run_jobs().await;

    let again = held(&app, id).await.expect("held again");
    assert_ne!(again["id"], json!(first));
    assert_eq!(actions::read(&scope, id).await.expect("there").assistant.sync, SyncState::InStep);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_in_a_call_is_not_deleted_and_afterwards_it_is_gone_everywhere(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = actions::create(&scope, new(Template::Reception)).await.expect("made");
    app.run_jobs().await;
    let call = uuid::Uuid::now_v7();
    sqlx::query(
        "insert into calls (id, org_id, assistant_id, direction, status, created_at) values ($1, $2, $3, 'inbound', 'live', uuid_time($1))",
    )
    .bind(call)
    .bind(org.id)
    .bind(id)
    .execute(&app.core.pool)
    .await
    .expect("a live call");

    assert_eq!(actions::delete(&scope, id).await, Err(AppError::conflict("assistant_in_use")));
    assert_eq!(actions::list(&scope).await.expect("a list")[0].live_calls, 1);

    sqlx::query("update calls set status = 'ended' where id = $1").bind(call).execute(&app.core.pool).await.expect("ended");
    actions::delete(&scope, id).await.expect("deleted");
    app.run_jobs().await;
    assert!(actions::list(&scope).await.expect("a list").is_empty());
    assert_eq!(actions::read(&scope, id).await, Err(AppError::not_found("assistant")));
    assert!(held(&app, id).await.is_none());
    assert_eq!(actions::numbers(&scope).await.expect("numbers")[0].assistant_id, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn another_organisation_s_assistant_does_not_exist(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("acme", Role::Owner).await, app.org("globex", Role::Owner).await);
    let id = actions::create(&scope(&app, &acme), new(Template::Reception)).await.expect("made");
    let foreign = scope(&app, &globex);
    let draft = form(&scope(&app, &acme), id).await.1.parse().expect("good");

    let none = || AppError::not_found("assistant");
    assert_eq!(actions::read(&foreign, id).await.map(|_| ()), Err(none()));
    assert_eq!(history::save_draft(&foreign, id, 1, &draft).await, Err(none()));
    assert_eq!(actions::set_state(&foreign, id, AssistantState::Draft).await, Err(none()));
    assert_eq!(actions::delete(&foreign, id).await, Err(none()));
    assert_eq!(actions::push_again(&foreign, id).await, Err(none()));
    let number = actions::numbers(&scope(&app, &acme)).await.expect("numbers")[0].id;
    assert_eq!(actions::assign_number(&foreign, number, None).await, Err(AppError::not_found("number")));
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_may_only_read_changes_nothing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let system = scope(&app, &org);
    let id = actions::create(&system, new(Template::Reception)).await.expect("made");
    let agent = system.with_rights(&Role::Agent.into());
    assert!(actions::read(&agent, id).await.is_ok());
    assert!(matches!(actions::delete(&agent, id).await, Err(AppError::Forbidden { .. })));
    assert!(matches!(actions::create(&agent, new(Template::OnCall)).await, Err(AppError::Forbidden { .. })));
    let billing = system.with_rights(&Role::Billing.into());
    assert!(matches!(actions::list(&billing).await, Err(AppError::Forbidden { .. })));
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_number_is_connected_only_when_the_provider_says_it_is_that_one(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let body = json!({ "provider": "twilio", "number": "+33199005555", "twilioAccountSid": "AC1", "twilioAuthToken": "t" });
    let made =
        app.http.post(format!("{}/phone-number", app.sim.base_url())).bearer_auth("test-key").json(&body).send().await.expect("an answer");
    let made: Value = made.json().await.expect("a number");
    let provider_id = made["id"].as_str().expect("an id").to_owned();
    let typed = |number: &str| NumberForm {
        number: number.into(),
        label: "Ligne".into(),
        provider_id: provider_id.clone(),
        assistant: String::new(),
    };

    actions::connect_number(&scope, typed("+33 1 99 00 66 66").parse().expect("good")).await.expect("written");
    app.run_jobs().await;
    let line = &actions::numbers(&scope).await.expect("numbers")[0];
    assert_eq!((line.sync, line.sync_error.as_deref()), (SyncState::Refused, Some(Trouble::OtherNumber.name())));
    let mistyped = line.id;

    // The id is free for the number it is of; the mistyped one is neither made up at the provider nor called from.
    let right = actions::connect_number(&scope, typed("+33 1 99 00 55 55").parse().expect("good")).await.expect("written");
    let mut tx = scope.begin(Permission::AssistantsEdit).await.expect("a transaction");
    actions::push_all(&mut tx).await.expect("pushed");
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    let standing =
        || async { actions::numbers(&scope).await.expect("numbers").into_iter().map(|line| (line.id, line.sync)).collect::<Vec<_>>() };
    assert_eq!(standing().await, [(right, SyncState::InStep), (mistyped, SyncState::Refused)]);
    let taken = actions::connect_number(&scope, typed("+33 1 99 00 77 77").parse().expect("good")).await;
    assert_eq!(taken, Err(AppError::conflict("number_taken")));

    let at = format!("{}/phone-number/{provider_id}", app.sim.base_url());
    let held =
        || async { app.http.get(&at).bearer_auth("test-key").send().await.expect("an answer").json::<Value>().await.expect("a number") };
    assert!(held().await["server"].is_object());
    let foreign = OrgScope::of_system(&app.core, app.org("globex", Role::Owner).await.id);
    assert_eq!(actions::delete_number(&foreign, mistyped).await, Err(AppError::not_found("number")));
    assert!(matches!(
        actions::delete_number(&scope.with_rights(&Role::Supervisor.into()), mistyped).await,
        Err(AppError::Forbidden { .. })
    ));
    actions::delete_number(&scope, mistyped).await.expect("removed");
    app.run_jobs().await;
    assert_eq!(standing().await, [(right, SyncState::InStep)]);
    assert!(held().await["server"].is_object(), "the mistyped one was never ours to change");
    actions::delete_number(&scope, right).await.expect("removed");
    app.run_jobs().await;
    assert!(standing().await.is_empty() && held().await["server"].is_null(), "its calls come to us no longer");
}

fn worker_at(app: &TestApp, vapi: &MockServer) -> Worker {
    let settings =
        VapiSettings { base_url: vapi.uri().parse().expect("an address"), api_key: Secret::from("k".to_owned()), public_key: None };
    let worker = Worker::new(app.core.pool.clone(), WorkerOptions::default()).all_queues();
    let worker = jobs(worker, &app.core, &Vapi::new(settings));
    zencall::integrations::server::jobs(worker, &app.core)
}
