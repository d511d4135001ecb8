//! Drafts, versions, drift and files: what is prepared reaches no call, what is published is kept, what was changed over there is found.

use crate::app::{TestApp, TestOrg};
use chrono::Duration;
use serde_json::{Value, json};
use sqlx::PgPool;
use zencall::{
    assistants::{
        model::*,
        server::{actions, drift, history, portable},
    },
    platform::OrgScope,
    shared::{error::AppError, ids::AssistantId, permission::Role},
};

/// An assistant that the simulator holds.
struct Made {
    app: TestApp,
    org: TestOrg,
    scope: OrgScope,
    id: AssistantId,
}

impl Made {
    async fn new(pool: PgPool) -> Self {
        let app = TestApp::new(pool).await;
        let org = app.org("acme", Role::Owner).await;
        let scope = OrgScope::of_system(&app.core, org.id);
        let new =
            NewAssistant { template: Template::Reception, name: "Léa".into(), language: "fr".into(), business: "Garage du Port".into() };
        let id = actions::create(&scope, new).await.expect("made");
        app.run_jobs().await;
        Self { app, org, scope, id }
    }

    async fn sheet(&self) -> AssistantSheet {
        actions::read(&self.scope, self.id).await.expect("an assistant")
    }

    /// What is published, changed a little.
    async fn settings(&self, change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = self.sheet().await.assistant.settings;
        change(&mut settings);
        settings
    }

    async fn save(&self, change: impl FnOnce(&mut Settings)) -> SavedDraft {
        let settings = self.settings(change).await;
        history::save_draft(&self.scope, self.id, self.sheet().await.assistant.revision, &settings).await.expect("saved")
    }

    async fn publish(&self, why: &str) -> Result<Published, AppError> {
        history::publish(&self.scope, self.id, self.sheet().await.assistant.revision, why).await
    }

    async fn versions(&self) -> Vec<VersionLine> {
        history::history(&self.scope, self.id, None).await.expect("a history").versions
    }

    fn at_provider(&self, id: &str) -> String {
        format!("{}/assistant/{id}", self.app.sim.base_url())
    }

    /// What the simulator holds of it.
    async fn held(&self) -> Value {
        let url = format!("{}/assistant?limit=1000", self.app.sim.base_url());
        let all: Vec<Value> = self.app.http.get(url).bearer_auth("test-key").send().await.expect("an answer").json().await.expect("a list");
        all.into_iter().find(|held| held["metadata"]["assistant"] == json!(self.id.to_string())).expect("the simulator holds it")
    }

    /// Changes it over there, as somebody with Vapi's dashboard does.
    async fn change_behind_our_back(&self, change: impl FnOnce(&mut Value)) {
        let held = self.held().await;
        let mut fields = json!({ "model": held["model"], "voice": held["voice"] });
        change(&mut fields);
        let url = self.at_provider(held["id"].as_str().expect("an id"));
        let answer = self.app.http.patch(url).bearer_auth("test-key").json(&fields).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    async fn look(&self) -> Option<Drift> {
        drift::look_now(&self.scope, self.id).await.expect("asked");
        assert!(self.sheet().await.is_checking);
        self.app.run_jobs().await;
        let sheet = self.sheet().await;
        assert!(!sheet.is_checking && sheet.checked_at.is_some());
        sheet.drift
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_draft_reaches_neither_the_provider_nor_a_call_and_a_version_does(pool: PgPool) {
    let made = Made::new(pool).await;
    let before = made.held().await;
    let transfer = TransferEntry { label: "Garde".into(), number: "+33639981247".parse().expect("a number") };

    let saved = made.save(|settings| {
        settings.first_message = "Bonjour, assistant virtuel du garage.".into();
        settings.transfer_numbers = vec![transfer.clone()];
    });
    assert_eq!(saved.await.changes, 2);
    made.app.run_jobs().await;

    assert_eq!(made.held().await, before);
    assert!(actions::list(&made.scope).await.expect("a list")[0].has_draft);
    let sheet = made.sheet().await;
    assert_eq!((sheet.version.n, sheet.assistant.settings.transfer_numbers.len()), (1, 0), "what calls read is what is published");
    assert_eq!(sheet.draft.expect("a draft").settings.transfer_numbers, std::slice::from_ref(&transfer));

    let published = made.publish("  Une ligne de garde  ").await.expect("published");
    assert_eq!((published.n, made.versions().await[0].answer), (2, SyncState::Pending));
    made.app.run_jobs().await;

    let held = made.held().await;
    assert_eq!(held["firstMessage"], "Bonjour, assistant virtuel du garage.");
    assert_eq!(held["model"]["tools"][1]["destinations"][0]["number"], "+33639981247");
    let sheet = made.sheet().await;
    assert_eq!((sheet.draft, sheet.assistant.settings.transfer_numbers), (None, vec![transfer]));
    assert_eq!(sheet.assistant.revision, published.revision);
    let versions = made.versions().await;
    assert_eq!(
        versions.iter().map(|version| (version.n, version.answer)).collect::<Vec<_>>(),
        [(2, SyncState::InStep), (1, SyncState::InStep)]
    );
    assert_eq!((versions[0].why.as_str(), versions[0].live_from.is_some()), ("Une ligne de garde", true));
    assert_eq!(made.publish("").await, Err(AppError::conflict("nothing_to_publish")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_published_is_written_down(pool: PgPool) {
    let made = Made::new(pool).await;
    let post = |path: &str, body: String| {
        let request = made.app.http.post(made.app.url(&format!("/rpc/zencall/assistants/rpc/{path}")));
        let request = request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
        request.header("cookie", made.org.cookie.clone()).body(body).send()
    };
    let sheet = made.sheet().await;
    made.save(|settings| settings.name = "Léa, soir".into()).await;
    let revision = made.sheet().await.assistant.revision;
    assert!(revision > sheet.assistant.revision);
    let answer = post("publish_assistant", format!("id={}&revision={revision}&why=Horaires", made.id)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let versions = made.versions().await;
    assert!(versions[0].published_by.is_some(), "the person");
    assert_eq!((versions[1].published_by.as_deref(), versions[0].why.as_str()), (None, "Horaires"), "version 1 was made by the program");
    made.app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_save_of_the_previous_program_makes_a_version_too(pool: PgPool) {
    let made = Made::new(pool).await;
    made.save(|settings| settings.name = "Mon brouillon".into()).await;
    let revision = made.sheet().await.assistant.revision;

    // What the version before this one does when somebody saves.
    made.app
        .sql("update assistants set prompt = 'Un autre texte', revision = revision + 1, sync_state = 'pending', updated_at = now()")
        .await;

    let sheet = made.sheet().await;
    assert_eq!((sheet.version.n, sheet.assistant.settings.prompt.as_str()), (2, "Un autre texte"));
    assert_eq!(sheet.draft.expect("still there").based_on, 1);
    let late = history::publish(&made.scope, made.id, revision, "").await;
    assert_eq!(late, Err(AppError::conflict("assistant_changed")), "nobody publishes over what they have not seen");
    // Saved again as it was: no version, and the push of the new revision is that version's.
    made.app.sql("update assistants set revision = revision + 1").await;
    actions::push_again(&made.scope, made.id).await.expect("asked");
    made.app.run_jobs().await;
    let versions = made.versions().await;
    assert_eq!((versions.len(), versions[0].answer, versions[0].live_from.is_some()), (2, SyncState::InStep, true));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn of_two_people_the_second_is_told_whatever_the_first_did(pool: PgPool) {
    let made = Made::new(pool).await;
    let seen = made.sheet().await.assistant.revision;
    let mine = made.settings(|settings| settings.name = "Le mien".into()).await;
    let conflict = || AppError::conflict("assistant_changed");

    made.save(|settings| settings.name = "Le leur".into()).await;
    made.publish("").await.expect("published");

    assert_eq!(history::save_draft(&made.scope, made.id, seen, &mine).await, Err(conflict()), "a draft that was published meanwhile");
    assert_eq!(history::discard_draft(&made.scope, made.id, seen).await, Err(conflict()));
    assert_eq!(history::restore(&made.scope, made.id, 1, seen).await, Err(conflict()));
    let now = made.sheet().await.assistant;
    assert_eq!(now.settings.name, "Le leur");
    // Kept nevertheless: saved over what is there now.
    history::save_draft(&made.scope, made.id, now.revision, &mine).await.expect("saved");
    let sheet = made.sheet().await;
    assert_eq!(sheet.draft.expect("a draft").settings.name, "Le mien");
    history::discard_draft(&made.scope, made.id, sheet.assistant.revision).await.expect("put away");
    assert_eq!(made.sheet().await.draft, None);
    made.app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_version_comes_back_as_a_draft_and_says_so_when_it_is_published(pool: PgPool) {
    let made = Made::new(pool).await;
    let first = made.sheet().await.assistant.settings;
    made.save(|settings| settings.prompt = "Réponds peu.".into()).await;
    made.publish("").await.expect("published");
    let revision = made.sheet().await.assistant.revision;
    assert_eq!(history::restore(&made.scope, made.id, 2, revision).await, Err(AppError::conflict("nothing_to_publish")));
    assert_eq!(history::restore(&made.scope, made.id, 9, revision).await, Err(AppError::not_found("version")));

    history::restore(&made.scope, made.id, 1, revision).await.expect("brought back");
    let sheet = made.sheet().await;
    assert_eq!((sheet.draft.expect("a draft").settings, sheet.version.n), (first.clone(), 2));
    made.publish("").await.expect("published");
    made.app.run_jobs().await;

    let sheet = made.sheet().await;
    assert_eq!((sheet.assistant.settings, sheet.version.n, sheet.version.restored_from), (first.clone(), 3, Some(1)));
    assert_eq!(made.held().await["model"]["messages"][0]["content"], json!(first.prompt));
    let shown = history::version(&made.scope, made.id, 2).await.expect("a version");
    assert_eq!((shown.settings.prompt.as_str(), shown.before, shown.is_current), ("Réponds peu.", Some(first), false));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn calls_are_counted_for_the_version_that_was_live_when_they_began(pool: PgPool) {
    let made = Made::new(pool).await;
    made.save(|settings| settings.prompt = "Réponds peu.".into()).await;
    made.publish("").await.expect("published");
    made.app.run_jobs().await;
    let now = made.app.core.clock.now();
    made.app
        .sql("update assistant_versions set live_from = case n when 1 then now() - interval '4 hours' else now() - interval '2 hours' end")
        .await;
    for (minutes_ago, answered, duration, outcome) in
        [(300, true, 900, "done"), (200, true, 60, "done"), (180, false, 0, "missed"), (100, true, 120, "moved"), (50, true, 60, "done")]
    {
        let at = now - Duration::minutes(minutes_ago);
        sqlx::query(
            "insert into calls (id, org_id, assistant_id, direction, status, created_at, answered_at, duration_s, outcome)
             values ($1, $2, $3, 'inbound', 'ended', $4, case when $5 then $4 end, case when $5 then $6::int end, $7)",
        )
        .bind(uuid::Uuid::now_v7())
        .bind(made.org.id)
        .bind(made.id)
        .bind(at)
        .bind(answered)
        .bind(duration)
        .bind(outcome)
        .execute(&made.app.core.pool)
        .await
        .expect("a call");
    }

    let sheet = history::version(&made.scope, made.id, 2).await.expect("a version");

    let told = |figures: CallFigures| (figures.n, figures.calls, figures.answered, figures.average_s, figures.transferred);
    assert_eq!(sheet.earlier.map(told), Some((1, 2, 1, Some(60), 0)));
    assert_eq!(sheet.after.map(told), Some((2, 2, 2, Some(90), 1)));
    let first = history::version(&made.scope, made.id, 1).await.expect("a version");
    assert_eq!((first.earlier, first.after.map(|figures| figures.calls)), (None, Some(2)));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_change_over_there_is_found_shown_and_pushed_away(pool: PgPool) {
    let made = Made::new(pool).await;
    assert_eq!(made.look().await, None);
    let prompt = made.sheet().await.assistant.settings.prompt;

    made.change_behind_our_back(|fields| {
        fields["model"]["messages"][0]["content"] = json!("Raccroche aussitôt.");
        fields["model"]["temperature"] = json!(0.9);
        fields["endCallMessage"] = json!("À bientôt.");
    })
    .await;
    let drift = made.look().await.expect("a drift");

    assert_eq!(drift.theirs.expect("in our terms").prompt, "Raccroche aussitôt.");
    assert_eq!(drift.others.iter().map(|other| other.field.as_str()).collect::<Vec<_>>(), ["model.temperature"]);
    assert!(actions::list(&made.scope).await.expect("a list")[0].has_drifted);

    actions::push_again(&made.scope, made.id).await.expect("asked");
    made.app.run_jobs().await;

    assert_eq!(made.sheet().await.drift, None);
    let held = made.held().await;
    assert_eq!(
        (held["model"]["messages"][0]["content"].as_str(), held["model"]["temperature"].as_f64()),
        (Some(prompt.as_str()), Some(0.3))
    );
    assert_eq!(held["endCallMessage"], "À bientôt.", "what we never wrote stays theirs");
    assert_eq!(made.look().await, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_change_over_there_becomes_a_draft_or_is_let_be_until_it_is_another(pool: PgPool) {
    let made = Made::new(pool).await;
    let none = drift::pull(&made.scope, made.id, made.sheet().await.assistant.revision).await;
    assert_eq!(none, Err(AppError::conflict("nothing_to_pull")));
    made.change_behind_our_back(|fields| fields["firstMessage"] = json!("Allô ?")).await;
    let found_at = made.look().await.expect("a drift").found_at;

    drift::ignore(&made.scope, made.id).await.expect("let be");
    let again = made.look().await.expect("still there");
    assert_eq!((again.is_ignored, again.found_at), (true, found_at));
    assert!(!actions::list(&made.scope).await.expect("a list")[0].has_drifted);
    made.change_behind_our_back(|fields| fields["firstMessage"] = json!("Allô, j'écoute ?")).await;
    assert!(!made.look().await.expect("another one").is_ignored);

    drift::pull(&made.scope, made.id, made.sheet().await.assistant.revision).await.expect("taken over");
    let sheet = made.sheet().await;
    assert_eq!(sheet.draft.expect("a draft").settings.first_message, "Allô, j'écoute ?");
    assert_ne!(sheet.assistant.settings.first_message, "Allô, j'écoute ?", "publishing it is another step");
    made.publish("").await.expect("published");
    made.app.run_jobs().await;
    let sheet = made.sheet().await;
    assert_eq!((sheet.drift, sheet.assistant.settings.first_message.as_str()), (None, "Allô, j'écoute ?"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_duty_looks_at_what_was_not_looked_at_for_an_hour_and_finds_a_copy_that_is_gone(pool: PgPool) {
    let made = Made::new(pool).await;
    let url = made.at_provider(made.held().await["id"].as_str().expect("an id"));
    let gone = made.app.http.delete(url).bearer_auth("test-key").send().await.expect("an answer");
    assert!(gone.status().is_success());
    let look_around = || async {
        made.app.sql("insert into jobs.job (queue, kind, payload) values ('cron', 'assistants.look_around', 'null')").await;
        made.app.run_jobs().await;
        made.sheet().await.drift
    };

    assert_eq!(look_around().await, None, "it was written a moment ago");
    made.app.sql("update assistant_copies set checked_at = now() - interval '61 minutes'").await;
    assert!(look_around().await.expect("a drift").is_gone);

    actions::push_again(&made.scope, made.id).await.expect("asked");
    made.app.run_jobs().await;
    assert_eq!(made.held().await["name"], "Léa");
    assert_eq!(made.sheet().await.drift, None);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_assistant_travels_as_a_file(pool: PgPool) {
    let made = Made::new(pool).await;
    let answer = made.app.get(&made.org, &format!("/assistants/{}/export.json", made.id)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"lea.zencall.json\"");
    let file = answer.text().await.expect("a file");
    assert!(!file.contains("ast_") && !file.contains("org_") && !file.contains("/hooks/"), "{file}");

    let globex = made.app.org("globex", Role::Owner).await;
    let foreign = made.app.get(&globex, &format!("/assistants/{}/export.json", made.id)).await;
    assert_eq!(foreign.status(), 404);
    let portable::Portable { template, settings, .. } = portable::read(&file).expect("a good file");
    let other = OrgScope::of_system(&made.app.core, globex.id);
    let id = actions::create_with(&other, template, &settings).await.expect("made");
    assert_eq!(actions::read(&other, id).await.expect("there").assistant.settings, made.sheet().await.assistant.settings);

    let body = |file: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair("file", file).finish();
    let import = |file: &str| {
        let request = made.app.http.post(made.app.url("/rpc/zencall/assistants/rpc/import_assistant"));
        let request = request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
        request.header("cookie", globex.cookie.clone()).body(body(file)).send()
    };
    let damaged = import(&file[..file.len() / 2]).await.expect("an answer");
    assert_eq!(damaged.status(), 422);
    assert!(damaged.text().await.expect("words").contains("import.not_json"));
    let count = actions::list(&other).await.expect("a list").len();
    assert!(import(&file).await.expect("an answer").status().is_success());
    assert_eq!(actions::list(&other).await.expect("a list").len(), count + 1);
    made.app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn versions_and_drafts_are_nobody_else_s_and_readers_change_nothing(pool: PgPool) {
    let made = Made::new(pool).await;
    made.save(|settings| settings.name = "Léa, soir".into()).await;
    let (id, revision) = (made.id, made.sheet().await.assistant.revision);
    let globex = made.app.org("globex", Role::Owner).await;
    let foreign = OrgScope::of_system(&made.app.core, globex.id);
    let none = || AppError::not_found("assistant");
    assert_eq!(history::history(&foreign, id, None).await.map(|_| ()), Err(none()));
    assert_eq!(history::version(&foreign, id, 1).await.map(|_| ()), Err(none()));
    assert_eq!(history::publish(&foreign, id, revision, "").await, Err(none()));
    assert_eq!(history::discard_draft(&foreign, id, revision).await, Err(none()));
    assert_eq!(history::restore(&foreign, id, 1, revision).await, Err(none()));
    assert_eq!(drift::look_now(&foreign, id).await, Err(none()));
    assert_eq!(drift::pull(&foreign, id, revision).await, Err(none()));
    assert_eq!(drift::ignore(&foreign, id).await, Err(none()));

    let agent = made.scope.with_rights(&Role::Agent.into());
    assert_eq!(history::history(&agent, id, None).await.expect("readable").versions.len(), 1);
    let forbidden = |error: AppError| matches!(error, AppError::Forbidden { .. });
    assert!(forbidden(history::publish(&agent, id, revision, "").await.expect_err("refused")));
    assert!(forbidden(history::restore(&agent, id, 1, revision).await.expect_err("refused")));
    assert!(forbidden(drift::pull(&agent, id, revision).await.expect_err("refused")));
    assert!(forbidden(drift::ignore(&agent, id).await.expect_err("refused")));
    assert_eq!(made.sheet().await.draft.map(|draft| draft.settings.name), Some("Léa, soir".into()));
}
