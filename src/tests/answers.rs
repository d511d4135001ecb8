//! The answer book: what is found for a caller, by whom, and what becomes of a question that nothing answers.

use crate::app::{TestApp, TestOrg};
use serde_json::{Value, json};
use sqlx::PgPool;
use zencall::{
    answers::{
        model::*,
        server::actions::{self, Asked},
    },
    assistants::{model::NewAssistant, model::Template, server::actions as assistants},
    platform::OrgScope,
    shared::{
        error::AppError,
        ids::AnswerId,
        page::PageRequest,
        permission::{Permission, Role},
    },
};

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

fn entry(language: &str, question: &str, answer: &str) -> NewAnswer {
    AnswerForm { language: language.into(), question: question.into(), answer: answer.into(), ..Default::default() }.parse().expect("good")
}

async fn write(scope: &OrgScope, language: &str, question: &str, answer: &str) -> AnswerId {
    actions::create(scope, entry(language, question, answer), None).await.expect("written")
}

/// What a caller is told, in this language.
async fn told(app: &TestApp, org: &TestOrg, question: &str, language: &str) -> Option<String> {
    let asked = Asked { question, language: Some(language), assistant: None };
    let (_, found) = actions::for_caller(&app.core, org.id, &asked).await.expect("an answer");
    found.into_iter().next().map(|found| found.answer)
}

async fn book(scope: &OrgScope, filter: AnswerFilter) -> AnswerPage {
    actions::list(scope, &filter, &PageRequest::first()).await.expect("a page")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn callers_are_understood_in_both_languages_with_accents_endings_and_slips(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    write(&scope, "fr", "Êtes-vous ouverts le samedi ?", "Le samedi, de 9 h à 13 h.").await;
    write(&scope, "fr", "Êtes-vous ouverts le dimanche ?", "Non, jamais le dimanche.").await;
    write(&scope, "fr", "Où peut-on se garer ?", "Derrière le bâtiment.").await;
    write(&scope, "en", "Are you open on Saturdays?", "On Saturdays from 9 to 1.").await;

    for asked in ["Êtes-vous ouverts le samedi ?", "vous etes OUVERT samedi", "bonjour, ouverte le samdi svp ?", "samedi ouvert"] {
        assert_eq!(told(&app, &org, asked, "fr").await.as_deref(), Some("Le samedi, de 9 h à 13 h."), "{asked}");
    }
    for asked in ["open saturday?", "Are you opened on saterday"] {
        assert_eq!(told(&app, &org, asked, "en").await.as_deref(), Some("On Saturdays from 9 to 1."), "{asked}");
    }
    assert_eq!(told(&app, &org, "ouvert dimanche", "fr").await.as_deref(), Some("Non, jamais le dimanche."));
    // Near words, another question; another language; nothing at all.
    for (asked, language) in [("ouverts le lundi", "fr"), ("prix d'une vidange", "fr"), ("ouverts le samedi", "en"), ("???", "fr")] {
        assert_eq!(told(&app, &org, asked, language).await, None, "{asked}");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn other_ways_to_ask_count_and_paused_entries_and_other_days_do_not(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let today = app.core.clock.now().date_naive();
    let day = |days: i64| (today + chrono::Duration::days(days)).to_string();
    let form = AnswerForm {
        language: "fr".into(),
        question: "Quels moyens de paiement acceptez-vous ?".into(),
        variants: "Prenez-vous la carte bancaire ?\nPayer par chèque".into(),
        answer: "La carte et les espèces.".into(),
        ..Default::default()
    };
    let id = actions::create(&scope, form.clone().parse().expect("good"), None).await.expect("written");
    assert!(told(&app, &org, "on peut payer en cheque ?", "fr").await.is_some(), "a variant");
    let dated = |from: i64, until: i64| AnswerForm { valid_from: day(from), valid_until: day(until), ..form.clone() };
    let cases = [
        (dated(-2, -1), AnswerState::Expired, false),
        (dated(-9, 9), AnswerState::Current, true),
        (dated(2, 9), AnswerState::Upcoming, false),
        (AnswerForm { paused: Some("on".into()), ..form.clone() }, AnswerState::Paused, false),
        (form.clone(), AnswerState::Current, true),
    ];
    for (at, (form, state, is_said)) in cases.into_iter().enumerate() {
        actions::update(&scope, id, at as i64 + 1, form.parse().expect("good")).await.expect("written over");
        assert_eq!(told(&app, &org, "carte bancaire", "fr").await.is_some(), is_said, "{state}");
        let shown = book(&scope, AnswerFilter { state: Some(state), ..Default::default() }).await;
        assert_eq!((shown.found, shown.all, shown.items.len()), (1, 1, 1), "{state}");
        assert_eq!(shown.items[0].state(shown.today), state);
    }
    let late = actions::update(&scope, id, 1, form.parse().expect("good")).await;
    assert_eq!(late, Err(AppError::conflict("answer_changed")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_deleted_is_not_said_and_can_be_put_back(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = write(&scope, "fr", "Acceptez-vous les chiens ?", "Oui, en laisse.").await;
    actions::delete(&scope, id).await.expect("deleted");
    assert_eq!(told(&app, &org, "chiens acceptés", "fr").await, None);
    assert_eq!(actions::delete(&scope, id).await, Err(AppError::not_found("answer")));
    assert_eq!(book(&scope, AnswerFilter::default()).await.all, 0);
    actions::restore(&scope, id).await.expect("put back");
    assert_eq!(told(&app, &org, "chiens acceptés", "fr").await.as_deref(), Some("Oui, en laisse."));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_book_is_its_organisation_s_own(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (ours, theirs) = (scope(&app, &acme), scope(&app, &globex));
    let id = write(&ours, "fr", "Quel est le code de la porte ?", "1234.").await;
    let question = json!({ "type": "tool-calls", "call": { "id": "c1" }, "toolCallList": [tool("t1", "le wifi est gratuit")] });
    app.hook(&acme, &question).await;

    assert_eq!(told(&app, &globex, "le code de la porte", "fr").await, None);
    assert_eq!(book(&theirs, AnswerFilter::default()).await.all, 0);
    assert_eq!(actions::open_questions(&theirs).await.expect("a list").all, 0);
    assert_eq!(actions::delete(&theirs, id).await, Err(AppError::not_found("answer")));
    assert_eq!(actions::update(&theirs, id, 1, entry("fr", "x y", "z")).await, Err(AppError::not_found("answer")));
    let open = actions::open_questions(&ours).await.expect("a list").items;
    assert_eq!(actions::dismiss(&theirs, open[0].id, true).await, Err(AppError::not_found("question")));
    // An entry of theirs cannot be for an assistant of ours.
    let (assistant, _) = app.assistant(&acme).await;
    let mut foreign = entry("fr", "une question", "une réponse");
    foreign.assistant = Some(zencall::shared::ids::AssistantId(assistant));
    assert!(matches!(actions::create(&theirs, foreign, None).await, Err(AppError::Invalid { .. })));
    assert_eq!(told(&app, &acme, "le code de la porte", "fr").await.as_deref(), Some("1234."));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_entry_for_one_assistant_is_said_by_that_one(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let (one, one_ref) = app.assistant(&org).await;
    let (_, other_ref) = app.assistant(&org).await;
    let mut new = entry("fr", "Quel est votre tarif horaire ?", "Soixante euros.");
    new.assistant = Some(zencall::shared::ids::AssistantId(one));
    actions::create(&scope, new, None).await.expect("written");
    for (assistant, is_said) in [(&one_ref, true), (&other_ref, false)] {
        let asked = Asked { question: "tarif horaire", language: None, assistant: Some(assistant) };
        let (language, found) = actions::for_caller(&app.core, org.id, &asked).await.expect("an answer");
        assert_eq!((language.as_str(), found.len()), ("fr", usize::from(is_said)));
    }
    assert_eq!(book(&scope, AnswerFilter::default()).await.items[0].assistant_name.as_deref(), Some("Léa"));
}

fn tool(id: &str, question: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": "search_answers", "arguments": { "question": question } } })
}

async fn ask(app: &TestApp, org: &TestOrg, call: &str, tools: &[Value]) -> Vec<Value> {
    let message =
        json!({ "type": "tool-calls", "timestamp": chrono::Utc::now().timestamp_millis(), "call": { "id": call }, "toolCallList": tools });
    let answer = app.hook(org, &message).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("json");
    body["results"].as_array().expect("results").clone()
}

fn result(answer: &Value) -> Value {
    let text = answer["result"].as_str().expect("a result");
    assert!(!text.contains('\n'), "one line: {text}");
    serde_json::from_str(text).expect("json in the result")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_asks_by_webhook_and_a_repeated_tool_call_counts_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = write(&scope, "fr", "Avez-vous un parking ?", "Oui,\nderrière le bâtiment.").await;

    let results = ask(&app, &org, "c1", &[tool("t1", "Vous avez un parking ?"), tool("t2", "Vendez-vous des girafes ?")]).await;
    assert_eq!((results[0]["toolCallId"].as_str(), results[0]["name"].as_str()), (Some("t1"), Some("search_answers")));
    let found = result(&results[0]);
    assert_eq!((found["found"].as_bool(), found["answers"][0]["match"].as_str()), (Some(true), Some("sure")));
    assert_eq!(found["answers"][0]["question"], "Avez-vous un parking ?");
    assert_eq!(result(&results[1])["found"], false);

    // Told again it answers the same, even though the entry is gone, and the open question is not counted again.
    actions::delete(&scope, id).await.expect("deleted");
    let again = ask(&app, &org, "c1", &[tool("t1", "Vous avez un parking ?"), tool("t2", "Vendez-vous des girafes ?")]).await;
    assert_eq!(again, results);
    let open = actions::open_questions(&scope).await.expect("a list");
    assert_eq!((open.all, open.items[0].asked, open.items[0].question.as_str()), (1, 1, "Vendez-vous des girafes ?"));
    let call = app.number("select count(*) from call_events where kind = 'answer'").await;
    assert_eq!(call, 2, "both stand in the call's timeline, once");

    // Another call, other words, the same question.
    ask(&app, &org, "c2", &[tool("t3", "vous vendez des girafes")]).await;
    let open = actions::open_questions(&scope).await.expect("a list");
    assert_eq!((open.all, open.items[0].asked), (1, 2));
    assert!(open.items[0].call.is_some());

    // One click: it has its answer, and leaves the list.
    let from = Some(open.items[0].id);
    actions::create(&scope, entry("fr", "Vendez-vous des girafes ?", "Non."), from).await.expect("written");
    assert_eq!(actions::open_questions(&scope).await.expect("a list").all, 0);
    assert_eq!(result(&ask(&app, &org, "c3", &[tool("t4", "des girafes, vous en vendez ?")]).await[0])["found"], true);

    // Nothing asked, nothing told.
    let empty = ask(&app, &org, "c3", &[tool("t5", " ")]).await;
    assert_eq!(empty[0]["error"], "the question is empty");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_dismissed_question_stays_away_and_comes_back_when_that_is_undone(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    ask(&app, &org, "c1", &[tool("t1", "Louez-vous des ânes ?")]).await;
    let question = actions::open_questions(&scope).await.expect("a list").items.remove(0);
    actions::dismiss(&scope, question.id, true).await.expect("dismissed");
    ask(&app, &org, "c2", &[tool("t2", "Louez-vous des ânes ?")]).await;
    assert_eq!(actions::open_questions(&scope).await.expect("a list").all, 0);
    actions::dismiss(&scope, question.id, false).await.expect("put back");
    let back = actions::open_questions(&scope).await.expect("a list").items.remove(0);
    assert_eq!((back.id, back.asked), (question.id, 2));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_provider_s_own_door_to_a_knowledge_base_is_answered_and_notes_no_question(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let id = write(&scope, "fr", "Livrez-vous à domicile ?", "Oui, jusqu'à dix kilomètres.").await;
    let said = |words: &str| {
        json!({ "type": "knowledge-base-request", "call": { "id": "c1" }, "messagesOpenAIFormatted": [
            { "role": "system", "content": "Tu es Léa." }, { "role": "user", "content": "Bonjour" },
            { "role": "assistant", "content": "Bonjour !" }, { "role": "user", "content": words }, { "role": "assistant", "content": "…" } ] })
    };
    let documents = async |words: &str| -> Value { app.hook(&org, &said(words)).await.json().await.expect("json") };
    let found = documents("vous livrez à domicile ?").await;
    assert_eq!(found["documents"][0]["uuid"], id.to_string());
    assert!(found["documents"][0]["content"].as_str().is_some_and(|text| text.contains("dix kilomètres")));
    assert_eq!(found["documents"][0]["similarity"], 1.0);
    assert_eq!(documents("et des girafes ?").await["documents"], json!([]));
    assert_eq!(actions::open_questions(&scope).await.expect("a list").all, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn assistants_get_the_tool_with_the_first_entry_and_lose_it_with_the_last(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let new = NewAssistant { template: Template::Reception, name: "Léa".into(), language: "fr".into(), business: "Garage du Port".into() };
    let assistant = assistants::create(&scope, new).await.expect("made");
    let held = async || {
        app.run_jobs().await;
        let answer =
            app.http.get(format!("{}/assistant?limit=1000", app.sim.base_url())).bearer_auth("test-key").send().await.expect("an answer");
        let all: Vec<Value> = answer.json().await.expect("a list");
        let held = all.into_iter().find(|held| held["metadata"]["assistant"] == json!(assistant.to_string())).expect("held");
        let named = held["model"]["tools"].as_array().expect("tools").iter().any(|tool| tool["function"]["name"] == "search_answers");
        let told = held["model"]["messages"][0]["content"].as_str().is_some_and(|prompt| prompt.contains("search_answers"));
        assert_eq!(named, told, "the tool and the line that says to use it come together");
        named
    };
    assert!(!held().await);
    let first = write(&scope, "fr", "Êtes-vous ouverts le samedi ?", "Oui.").await;
    assert!(held().await);
    let second = write(&scope, "fr", "Avez-vous un parking ?", "Oui.").await;
    actions::delete(&scope, first).await.expect("deleted");
    assert!(held().await);
    let paused = AnswerForm {
        language: "fr".into(),
        question: "Parking ?".into(),
        answer: "Oui.".into(),
        paused: Some("on".into()),
        ..Default::default()
    };
    actions::update(&scope, second, 1, paused.parse().expect("good")).await.expect("paused");
    assert!(!held().await);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_import_is_shown_before_it_is_written_and_an_export_reads_back_the_same(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (ours, theirs) = (scope(&app, &acme), scope(&app, &globex));
    write(&ours, "fr", "Êtes-vous ouverts le samedi ?", "Oui.").await;
    let text = "question;answer;language;variants;valid_from;valid_until\n\
        le samedi, vous êtes ouverts ?;Non;;;;\n\
        Un parking ?;\"Oui ;\nderrière\";fr;Où se garer|Garer la voiture;2026-01-01;2099-12-31\n\
        Un parking ?;Deux fois;;;;\n\
        =1+1 ?;@moi;fr;;;\n\
        Sans réponse ?;;;;;\n";

    let preview = actions::preview_import(&ours, text, "fr").await.expect("read");
    assert_eq!((preview.good, preview.known, preview.bad), (2, 2, 1));
    assert_eq!((preview.bad_lines[0].line, preview.bad_lines[0].code.as_str()), (7, "answer.answer_length"));
    assert_eq!(book(&ours, AnswerFilter::default()).await.all, 1, "nothing is written yet");

    assert_eq!(actions::import(&ours, text, "fr").await, Ok(2));
    assert_eq!(actions::import(&ours, text, "fr").await, Ok(0), "twice adds nothing");
    let all = book(&ours, AnswerFilter::default()).await;
    let questions: Vec<&str> = all.items.iter().map(|entry| entry.question.as_str()).collect();
    assert_eq!(questions, ["Un parking ?", "=1+1 ?", "Êtes-vous ouverts le samedi ?"]);
    assert_eq!(told(&app, &acme, "garer ma voiture", "fr").await.as_deref(), Some("Oui ;\nderrière"));

    let csv = app.get(&acme, "/answers/export.csv").await.text().await.expect("a file");
    assert!(csv.contains("'=1+1 ?") && csv.contains("'@moi"), "cells never run: {csv}");
    assert_eq!(actions::import(&theirs, &csv, "en").await, Ok(3));
    let copied = book(&theirs, AnswerFilter::default()).await;
    let texts =
        |page: &AnswerPage| -> Vec<NewAnswer> { page.items.iter().map(|answer| AnswerForm::of(answer).parse().expect("good")).collect() };
    assert_eq!(texts(&copied), texts(&all));
}

/// Thousands of entries come in one request of the page, larger than the bodies of other doors.
#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn ten_thousand_entries_are_imported_and_searched_through_the_indexes(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let topics = ["prix", "horaires", "livraison", "garantie", "retour", "assurance", "paiement", "annulation", "stage", "devis"];
    let things = ["voiture", "vaccin", "chien", "chat", "vidange", "pneu", "terrasse", "appartement", "coiffure", "montre"];
    let mut text = String::from("question;answer\n");
    for n in 0..10_000_usize {
        let word: String = (0..5)
            .scan(n, |rest, _| {
                let letter = char::from(b'a' + (*rest % 26) as u8);
                *rest /= 26;
                Some(letter)
            })
            .collect();
        text.push_str(&format!("Quel {} {word}x pour {} ?;Réponse numéro {n} du carnet.\n", topics[n % 10], things[n / 10 % 10]));
    }
    assert!(text.len() > 400 * 1024);
    let form = [("text", text.as_str()), ("language", "fr")];
    let request = app
        .http
        .post(app.url("/rpc/zencall/answers/rpc/import_answers"))
        .header("cookie", &org.cookie)
        .header("accept", "application/json");
    let answer = request.form(&form).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("text").as_str()), (200, "10000"));
    app.sql("analyze answer_phrases").await;

    let scope = scope(&app, &org);
    let mut tx = scope.begin(Permission::AssistantsRead).await.expect("a transaction");
    let scans = "select pg_stat_get_xact_tuples_returned('public.answer_phrases'::regclass),
        pg_stat_get_xact_numscans('public.answer_phrases'::regclass),
        pg_stat_get_xact_numscans('public.answer_phrases_words_idx'::regclass),
        pg_stat_get_xact_numscans('public.answer_phrases_essence_idx'::regclass)";
    let asked = ["prix dmaaax vidange", "horraires vacin", "girafe", "garantie", "paiement baaax chat"];
    for (at, essence) in asked.iter().cycle().take(15).enumerate() {
        let near: i64 = sqlx::query_scalar("select count(*) from answers_near($1, 'fr', null, current_date)")
            .bind(essence)
            .fetch_one(tx.conn())
            .await
            .expect("found");
        assert!(near <= 120, "{near}");
        let (_, whole, words, essences): (i64, i64, i64, i64) = sqlx::query_as(scans).fetch_one(tx.conn()).await.expect("figures");
        assert_eq!(whole, 0, "the table was read from end to end for {essence}");
        assert!(words > at as i64 && essences >= i64::from(at > 0), "{words} {essences}");
    }
    drop(tx);
    assert_eq!(told(&app, &org, "quel est le prix dmaaax", "fr").await, None, "half a question is none");
    let n = 3 + 12 * 26; // dmaaa
    let answer = told(&app, &org, &format!("{} dmaaax pour {}", topics[n % 10], things[n / 10 % 10]), "fr").await;
    assert_eq!(answer, Some(format!("Réponse numéro {n} du carnet.")));
    let page = book(&scope, AnswerFilter { q: Some("numero 9999".into()), ..Default::default() }).await;
    assert_eq!((page.found, page.all), (1, 10_000));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_page_says_what_the_reader_may_do(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let reader = app.org("Acme", Role::ReadOnly).await;
    write(&scope(&app, &reader), "fr", "Avez-vous un parking ?", "Derrière le bâtiment.").await;
    let page = |path: &'static str| app.http.get(app.url(path)).header("cookie", &reader.cookie).header("accept", "text/html").send();
    let html = page("/answers?try=le%20parking").await.expect("an answer").text().await.expect("html");
    assert!(html.contains("Avez-vous un parking") && html.contains("Derrière le bâtiment."));
    assert!(!html.contains("/rpc/zencall/answers/rpc/create_answer") && !html.contains("aria-haspopup=\"dialog\" class=\"btn primary"));
    let trial: Vec<_> = html.match_indices("Derrière le bâtiment.").collect();
    assert!(trial.len() >= 2, "in the list, and as what the assistant would say");
}

/// From the caller's question to the words the assistant says, over the wire both ways.
#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn in_a_simulated_call_the_assistant_says_what_the_book_says_and_nothing_else(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    write(&scope, "fr", "Êtes-vous ouverts le samedi ?", "Le samedi nous ouvrons de six heures à sept heures du matin.").await;
    let new = NewAssistant { template: Template::Reception, name: "Léa".into(), language: "fr".into(), business: "Garage du Port".into() };
    let assistant = assistants::create(&scope, new).await.expect("made");
    app.run_jobs().await;
    let provider_id: String = sqlx::query_scalar("select provider_id from assistants where id = $1")
        .bind(assistant.0)
        .fetch_one(&app.core.pool)
        .await
        .expect("pushed");
    let ring = json!({ "assistantId": provider_id, "from": "+33612345699", "language": "fr", "script": "hours" });
    let answer = app.http.post(format!("{}/_sim/inbound", app.sim.base_url())).json(&ring).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);

    crate::app::until("the report", 30, || async { (app.number("select count(*) from calls where has_report").await == 1).then_some(()) })
        .await;
    let said: Vec<String> =
        sqlx::query_scalar("select text from call_lines where speaker = 'assistant' and source = 'report' order by at_ms")
            .fetch_all(&app.core.pool)
            .await
            .expect("lines");
    assert!(said.iter().any(|line| line.contains("de six heures à sept heures du matin")), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("neuf heures à treize") || line.contains("parking gratuit")), "{said:?}");
    let open = actions::open_questions(&scope).await.expect("a list");
    assert_eq!((open.all, open.items[0].question.as_str()), (1, "Y a-t-il un parking ?"));
}
