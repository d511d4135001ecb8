//! Trying a draft by text, and rehearsals: they talk to the draft through the real client, count as no call, and hold publishing back.

use crate::app::{TestApp, TestOrg};
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};
use zencall::{
    answers::{model::AnswerForm, server::actions as answers},
    assistants::{
        model::*,
        server::{actions as assistants, history, templates},
    },
    platform::OrgScope,
    rehearsals::{
        model::*,
        server::{actions, making},
    },
    shared::{error::AppError, ids::AssistantId, money::MicroUsd, permission::Role},
};

/// An assistant that can be tried.
struct Stage {
    app: TestApp,
    org: TestOrg,
    scope: OrgScope,
    id: AssistantId,
}

impl Stage {
    async fn new(pool: PgPool) -> Self {
        Self::on(TestApp::new(pool).await).await
    }

    async fn on(app: TestApp) -> Self {
        let org = app.org("acme", Role::Owner).await;
        let scope = OrgScope::of_system(&app.core, org.id);
        let new =
            NewAssistant { template: Template::Reception, name: "Léa".into(), language: "fr".into(), business: "Garage du Port".into() };
        let id = assistants::create(&scope, new).await.expect("made");
        app.try_jobs().await;
        Self { app, org, scope, id }
    }

    /// The book says when the garage is open.
    async fn with_answers(self) -> Self {
        let form = AnswerForm {
            language: "fr".into(),
            question: "Quels sont vos horaires d'ouverture ?".into(),
            answer: "Du lundi au vendredi, de 8 h à 18 h 30.".into(),
            ..AnswerForm::default()
        };
        answers::create(&self.scope, form.parse().expect("an entry"), None).await.expect("in the book");
        // The door for tries proves the provider by a credential that the simulator was told.
        zencall::integrations::server::actions::refill_simulator(&self.app.core).await.expect("asked");
        self.app.run_jobs().await;
        self
    }

    /// Saves a draft.
    async fn draft(&self, change: impl FnOnce(&mut Settings)) {
        let sheet = assistants::read(&self.scope, self.id).await.expect("an assistant");
        let mut settings = sheet.draft.map_or(sheet.assistant.settings, |draft| draft.settings);
        change(&mut settings);
        history::save_draft(&self.scope, self.id, sheet.assistant.revision, &settings).await.expect("saved");
    }

    async fn publish(&self) -> Result<(), AppError> {
        let sheet = assistants::read(&self.scope, self.id).await.expect("an assistant");
        history::publish(&self.scope, self.id, sheet.assistant.revision, "").await.map(drop)
    }

    async fn held_back(&self) -> Option<String> {
        assistants::read(&self.scope, self.id).await.expect("an assistant").held_back
    }

    async fn write(&self, script: &Script) -> zencall::shared::ids::RehearsalId {
        actions::save(&self.scope, self.id, None, script).await.expect("written")
    }

    /// Runs all of them to their end; the newest run of each.
    async fn run(&self) -> Vec<Run> {
        actions::start(&self.scope, self.id, None).await.expect("begun");
        self.app.run_jobs().await;
        self.runs().await
    }

    async fn runs(&self) -> Vec<Run> {
        let sheet = actions::sheet(&self.scope, self.id).await.expect("a sheet");
        sheet.rehearsals.into_iter().filter_map(|rehearsal| rehearsal.runs.into_iter().next()).collect()
    }

    /// Posts to the door for tries.
    async fn try_door(&self, secret: &str, message: &Value) -> reqwest::Response {
        let body = json!({ "message": message }).to_string();
        let timestamp = self.app.core.clock.now().timestamp().to_string();
        let signature = crate::app::sign(secret, &timestamp, &body);
        let request = self.app.http.post(self.app.url(&format!("{}/try", self.org.hook_path)));
        let request = request.header("x-timestamp", timestamp).header("x-signature", signature).header("content-type", "application/json");
        request.body(body).send().await.expect("an answer")
    }
}

fn script(name: &str, turns: &[&str]) -> Script {
    Script { name: name.into(), turns: turns.iter().map(|words| (*words).to_owned()).collect(), ..Script::default() }
}

fn said(lines: &[Line]) -> String {
    lines.iter().filter(|line| line.by == Speaker::Assistant).map(|line| line.text.clone()).collect::<Vec<_>>().join(" ")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_try_talks_to_the_draft_and_not_to_what_is_published(pool: PgPool) {
    let stage = Stage::new(pool).await.with_answers().await;
    let garde = TransferEntry { label: "Mécanicien de garde".into(), number: "+33639981247".parse().expect("a number") };
    stage.draft(|settings| settings.transfer_numbers = vec![garde]).await;

    let first = actions::say(&stage.scope, stage.id, None, "Quels sont vos horaires ?").await.expect("answered");
    assert!(said(&first.lines).contains("8 h à 18 h 30"), "{first:?}");
    assert_eq!(first.lines[0].text, "search_answers");
    assert!(first.lines[0].result.contains("found"), "{first:?}");
    assert!(first.cost.is_some_and(|cost| cost.0 > 0));

    let second = actions::say(&stage.scope, stage.id, Some(first.talk), "Merci, mais c'est une urgence").await.expect("answered");
    assert!(second.is_over && second.lines.iter().any(|line| line.text == "transferCall"), "{second:?}");
    assert!(second.lines.iter().any(|line| line.arguments.contains(&("label".into(), "Mécanicien de garde".into()))));

    for table in ["select count(*) from calls", "select count(*) from hook_journal", "select count(*) from unanswered_questions"] {
        assert_eq!(stage.app.number(table).await, 0, "{table}");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_question_nobody_answers_is_no_open_question_and_a_message_is_only_played(pool: PgPool) {
    let stage = Stage::new(pool).await.with_answers().await;

    // Another assistant would know: this one does not.
    let new = NewAssistant { template: Template::Blank, name: "Max".into(), language: "fr".into(), business: "Les Parapluies".into() };
    let other = assistants::create(&stage.scope, new).await.expect("made");
    let form = AnswerForm {
        language: "fr".into(),
        question: "Vendez-vous des parapluies ?".into(),
        answer: "Oui, de toutes les couleurs.".into(),
        assistant: other.to_string(),
        ..AnswerForm::default()
    };
    answers::create(&stage.scope, form.parse().expect("an entry"), None).await.expect("in the book");
    stage.app.run_jobs().await;

    let first = actions::say(&stage.scope, stage.id, None, "Vendez-vous des parapluies ?").await.expect("answered");
    assert!(said(&first.lines).contains("votre nom"), "{first:?}");
    let second = actions::say(&stage.scope, stage.id, Some(first.talk), "Je suis Paul Martin, 06 39 98 12 47").await.expect("answered");

    let used = second.lines.iter().find(|line| line.text == "take_message").expect("a message");
    assert_eq!(used.result, "message taken");
    assert!(used.arguments.contains(&("caller_name".into(), "Paul Martin".into())), "{used:?}");
    assert_eq!(stage.app.number("select count(*) from unanswered_questions").await, 0);
    assert_eq!(stage.app.number("select count(*) from call_events").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_talk_belongs_to_its_assistant_and_its_organisation(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let first = actions::say(&stage.scope, stage.id, None, "Bonjour").await.expect("answered");
    let other = stage.app.org("globex", Role::Owner).await;
    let theirs = OrgScope::of_system(&stage.app.core, other.id);
    let new = NewAssistant { template: Template::Reception, name: "Max".into(), language: "fr".into(), business: "Globex".into() };
    let their_assistant = assistants::create(&theirs, new).await.expect("made");

    let stolen = actions::say(&theirs, their_assistant, Some(first.talk), "Et après ?").await;
    assert_eq!(stolen, Err(AppError::not_found("talk")));
    assert_eq!(actions::say(&theirs, stage.id, None, "Bonjour").await, Err(AppError::not_found("assistant")));
    let empty = actions::say(&stage.scope, stage.id, None, " ").await.expect_err("nothing said");
    assert_eq!(empty.fields().get("words"), Some("rehearsal.words_length"));
    stage.app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_door_for_tries_is_proven_as_every_webhook_is_and_keeps_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let call = json!({ "id": "t1", "type": "function", "function": { "name": "take_message", "arguments": { "message": "Rappeler" } } });
    let unknown = json!({ "id": "t2", "type": "function", "function": { "name": "send_sms", "arguments": {} } });
    let empty = json!({ "id": "t3", "type": "function", "function": { "name": "take_message", "arguments": {} } });
    let message = json!({ "type": "tool-calls", "toolCallList": [call, unknown, empty] });

    assert_eq!(stage.try_door("another secret", &message).await.status(), 401);
    let answer: Value = stage.try_door(&stage.org.hook_secret, &message).await.json().await.expect("JSON");

    let results: Vec<(&str, Option<&str>)> = answer["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|one| (one["toolCallId"].as_str().unwrap_or_default(), one["result"].as_str()))
        .collect();
    assert_eq!(results, [("t1", Some("message taken")), ("t2", Some("done")), ("t3", None)]);
    let informs = stage.try_door(&stage.org.hook_secret, &json!({ "type": "status-update" })).await;
    assert_eq!(informs.json::<Value>().await.expect("JSON"), json!({}));
    assert_eq!(stage.app.number("select count(*) from hook_journal").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_rehearsal_is_judged_on_its_lines_and_a_better_draft_passes(pool: PgPool) {
    let stage = Stage::new(pool).await.with_answers().await;
    let hours = Script {
        must_say: vec!["18 h 30".into()],
        max_seconds: Some(30),
        max_turns: Some(1),
        ..script("Horaires", &["Quels sont vos horaires ?", "Au revoir"])
    };
    let urgent = Script { transferred_to: vec!["garde".into()], ..script("Urgence", &["C'est une urgence !", "Allô ?"]) };
    stage.write(&hours).await;
    let second = stage.write(&urgent).await;

    let runs = stage.run().await;
    assert_eq!(runs[0].state, RunState::Passed, "{:?}", runs[0]);
    let line = runs[0].report.verdicts[0].line.expect("the line it rests on") as usize;
    assert!(runs[0].report.lines[line].text.contains("18 h 30"));
    assert!(runs[0].cost.is_some_and(|cost| cost > MicroUsd(0)));
    assert_eq!((runs[1].state, runs[1].report.verdicts[0].finding), (RunState::Failed, Finding::NotTransferred));

    let garde = TransferEntry { label: "Garde".into(), number: "+33639981247".parse().expect("a number") };
    stage.draft(|settings| settings.transfer_numbers = vec![garde]).await;
    assert!(stage.runs().await.iter().all(|run| !run.is_current), "what was rehearsed is no longer what is prepared");
    actions::start(&stage.scope, stage.id, Some(second)).await.expect("begun");
    stage.app.run_jobs().await;

    let runs = stage.runs().await;
    assert_eq!((runs[1].state, runs[1].is_current, runs[0].is_current), (RunState::Passed, true, false));
    let history = actions::sheet(&stage.scope, stage.id).await.expect("a sheet").rehearsals.remove(1).runs;
    assert_eq!(history.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Passed, RunState::Failed]);
    assert!(history[0].report.lines.len() < 5, "who is put through says no more: {:?}", history[0].report.lines);
    assert_eq!(stage.app.number("select count(*) from calls").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn where_rehearsals_are_required_only_what_passes_is_published(pool: PgPool) {
    let stage = Stage::new(pool).await;
    actions::set_required(&stage.scope, true).await.expect("set");
    assert_eq!(stage.held_back().await, None, "no draft, nothing to hold back");
    stage.draft(|settings| settings.name = "Léa, soir".into()).await;

    assert_eq!(stage.publish().await, Err(AppError::conflict("rehearsals_missing")));
    let id = stage.write(&Script { must_say: vec!["assistant virtuel".into()], ..script("Accueil", &["Bonjour"]) }).await;
    assert_eq!(stage.publish().await, Err(AppError::conflict("rehearsals_not_run")));
    assert_eq!(stage.run().await[0].state, RunState::Passed);
    assert_eq!(stage.held_back().await, None);

    // Another draft, or another script, has not been rehearsed.
    stage.draft(|settings| settings.first_message = "Bonjour, ici le robot du garage.".into()).await;
    assert_eq!(stage.publish().await, Err(AppError::conflict("rehearsals_not_run")));
    assert_eq!(stage.run().await[0].state, RunState::Failed);
    assert_eq!(stage.publish().await, Err(AppError::conflict("rehearsals_failed")));
    assert_eq!(stage.held_back().await.as_deref(), Some("rehearsals_failed"));
    let easier = Script { must_say: vec!["robot".into()], ..script("Accueil", &["Bonjour"]) };
    actions::save(&stage.scope, stage.id, Some(id), &easier).await.expect("written");
    assert_eq!(stage.publish().await, Err(AppError::conflict("rehearsals_not_run")));
    stage.run().await;
    stage.publish().await.expect("published");
    assert!(stage.runs().await[0].is_current, "what was published is what was rehearsed");
    actions::set_required(&stage.scope, false).await.expect("set");
    stage.draft(|settings| settings.name = "Léa, nuit".into()).await;
    stage.publish().await.expect("published");
    stage.app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_the_provider_refuses_is_told_in_its_words_and_is_no_pass(pool: PgPool) {
    let vapi = MockServer::start().await;
    let words = json!({ "message": ["assistant.voice.voiceId is not available"], "error": "Bad Request", "statusCode": 400 });
    Mock::given(method("POST")).and(path("/chat")).respond_with(ResponseTemplate::new(400).set_body_json(words)).mount(&vapi).await;
    let stage = Stage::on(TestApp::with_provider(pool, &vapi.uri()).await).await;
    stage.write(&Script { must_not_say: vec!["non".into()], ..script("Accueil", &["Bonjour"]) }).await;

    let told = actions::say(&stage.scope, stage.id, None, "Bonjour").await.expect("told");
    assert_eq!(told.refusal.as_deref(), Some("assistant.voice.voiceId is not available"));
    actions::start(&stage.scope, stage.id, None).await.expect("begun");
    stage.app.try_jobs().await;

    let run = stage.runs().await.remove(0);
    assert_eq!((run.state, run.trouble.as_deref()), (RunState::Broken, Some("assistant.voice.voiceId is not available")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_run_that_goes_on_is_not_begun_twice_and_a_deleted_rehearsal_takes_its_runs_along(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.write(&Script { must_say: vec!["x".into()], ..script("Un", &["Bonjour"]) }).await;
    assert_eq!(actions::start(&stage.scope, stage.id, None).await, Ok(1));
    assert_eq!(actions::start(&stage.scope, stage.id, None).await, Ok(0));
    stage.app.run_jobs().await;
    assert_eq!(stage.runs().await.len(), 1);
    actions::delete(&stage.scope, stage.id, id).await.expect("deleted");
    assert_eq!(actions::delete(&stage.scope, stage.id, id).await, Err(AppError::not_found("rehearsal")));
    assert_eq!(stage.app.number("select count(*) from rehearsal_runs").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_trade_of_the_gallery_passes_its_own_rehearsals(pool: PgPool) {
    let stage = Stage::new(pool).await.with_answers().await;
    let mut held = 0;
    for language in LANGUAGES {
        for template in Template::ALL {
            let new = NewAssistant { template: *template, name: "Léa".into(), language: (*language).into(), business: "La Halle".into() };
            let trade = templates::trade(&new, None).expect("a trade");
            let baggage = making::Baggage { rehearsals: trade.rehearsals, answers: trade.answers };
            let id = making::create(&stage.scope, *template, &trade.settings, &baggage).await.expect("made");
            held += actions::start(&stage.scope, id, None).await.expect("begun");
        }
    }
    stage.app.run_jobs().await;
    assert!(held >= 60, "{held}");
    let failed: Vec<String> = sqlx::query_scalar(
        "select a.template || ' ' || a.language || ': ' || r.name || ' ' || coalesce(run.report::text, run.state)
         from rehearsal_runs run join rehearsals r on r.id = run.rehearsal_id join assistants a on a.id = r.assistant_id where run.state <> 'passed'",
    )
    .fetch_all(&stage.app.core.pool)
    .await
    .expect("runs");
    assert!(failed.is_empty(), "{failed:#?}");
    // The book holds each answer once, with the hours filled in.
    let entries = stage.app.number("select count(*) from answers").await;
    assert_eq!(entries, 2 * (18 + 1), "two of each of nine trades in each language, and when one is open");
    assert_eq!(stage.app.number("select count(*) from answers where answer like '%{{%'").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_file_carries_rehearsals_to_another_organisation(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let first = Script { must_say: vec!["virtuel".into()], ..script("Accueil", &["Bonjour"]) };
    stage.write(&first).await;
    let file = stage.app.get(&stage.org, &format!("/assistants/{}/export.json", stage.id)).await.text().await.expect("a file");

    let other = stage.app.org("globex", Role::Owner).await;
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("file", &file).finish();
    let request = stage.app.http.post(stage.app.url("/rpc/zencall/assistants/rpc/import_assistant")).header("cookie", &other.cookie);
    let request = request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.expect("an answer");

    let id: AssistantId = answer.json().await.expect("an id");
    let theirs = OrgScope::of_system(&stage.app.core, other.id);
    let sheet = actions::sheet(&theirs, id).await.expect("a sheet");
    assert_eq!(sheet.rehearsals.into_iter().map(|rehearsal| rehearsal.script).collect::<Vec<_>>(), [first]);
    stage.app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_simulator_takes_no_chat_that_the_real_one_would_refuse(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ask = async |body: Value| {
        let answer =
            app.http.post(format!("{}/chat", app.sim.base_url())).bearer_auth("test-key").json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    let assistant = json!({ "name": "Léa", "firstMessage": "Bonjour", "transcriber": { "provider": "deepgram", "language": "fr" } });
    let (status, first) = ask(json!({ "assistant": assistant, "input": "Êtes-vous un robot ?" })).await;
    assert_eq!((status, first["output"][0]["role"].as_str()), (201, Some("assistant")));
    assert!(first["output"][0]["content"].as_str().is_some_and(|words| words.contains("assistant virtuel")));
    let (status, second) = ask(json!({ "assistant": assistant, "input": "Merci", "previousChatId": first["id"] })).await;
    assert_eq!((status, second["messages"].as_array().map(Vec::len)), (201, Some(3)), "it goes on from what was said");
    for (body, words) in [
        (json!({ "assistant": assistant, "input": "Oui", "metadata": {} }), "property metadata should not exist"),
        (json!({ "assistant": { "name": "Léa", "mood": "good" }, "input": "Oui" }), "assistant.property mood should not exist"),
        (json!({ "assistant": assistant, "input": "" }), "input must be a string or an array of messages"),
        (
            json!({ "assistant": assistant, "input": [{ "role": "narrator", "content": "x" }] }),
            "input must be a string or an array of messages",
        ),
        (json!({ "assistant": assistant, "input": "Oui", "stream": true }), "stream is not simulated"),
    ] {
        let (status, refusal) = ask(body).await;
        assert_eq!((status, refusal["message"][0].as_str()), (400, Some(words)));
    }
    assert_eq!(ask(json!({ "assistant": assistant, "input": "Oui", "previousChatId": "nobody's" })).await.0, 400);
    assert_eq!(ask(json!({ "input": "Oui" })).await.0, 400);
}
