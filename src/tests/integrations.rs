//! Webhook addresses: secrets that only their organisation sees, every mode told to the provider, a token door that gives nothing away.

use crate::app::{TestApp, TestOrg};
use serde_json::{Value, json};
use sqlx::PgPool;
use zencall::{
    integrations::{
        model::*,
        server::{actions, token},
    },
    platform::OrgScope,
    shared::{error::AppError, permission::Role},
};

fn scope(app: &TestApp, org: &TestOrg) -> OrgScope {
    OrgScope::of_system(&app.core, org.id)
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_new_organisation_has_an_address_of_its_own_signed_the_default_way(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("acme", Role::Owner).await, app.org("globex", Role::Owner).await);
    let (a, g) =
        (actions::endpoint(&scope(&app, &acme)).await.expect("there"), actions::endpoint(&scope(&app, &globex)).await.expect("there"));
    assert_ne!(a.url, g.url);
    assert_ne!(a.secret, g.secret);
    assert_eq!(a.auth.preset_name(), Some(Preset::VapiDefault));
    assert!(a.simulated && !a.incomplete);
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn secret_and_address_are_for_who_may_manage_them(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let system = scope(&app, &org);
    assert!(matches!(actions::endpoint(&system.with_rights(&Role::Supervisor.into())).await, Err(AppError::Forbidden { .. })));
    assert!(matches!(actions::rotate_secret(&system.with_rights(&Role::Agent.into())).await, Err(AppError::Forbidden { .. })));
    let developer = actions::endpoint(&system.with_rights(&Role::Developer.into())).await.expect("there");
    assert_eq!(developer.secret.as_deref(), Some(org.hook_secret.as_str()));
    assert!(developer.url.ends_with(&org.hook_path));
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn after_a_rotation_both_secrets_open_the_door_for_a_day(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let body =
        json!({ "message": { "type": "hang", "timestamp": 1_790_000_000_000_i64, "call": { "id": "c1", "type": "inboundPhoneCall" } } })
            .to_string();
    assert_eq!(app.signed(&org, &body, &org.hook_secret).await.status(), 200);

    actions::rotate_secret(&scope).await.expect("rotated");

    let endpoint = actions::endpoint(&scope).await.expect("there");
    let fresh = endpoint.secret.expect("a secret");
    assert_ne!(fresh, org.hook_secret);
    assert!(endpoint.previous_until.is_some());
    // The door remembers an address for a second.
    crate::app::until("the new secret to open the door", 20, || async {
        (app.signed(&org, &body, &fresh).await.status() == 200).then_some(())
    })
    .await;
    assert_eq!(app.signed(&org, &body, &org.hook_secret).await.status(), 200);
    assert_eq!(app.signed(&org, &body, "another").await.status(), 401);
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn whichever_mode_is_chosen_a_simulated_call_comes_through(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    let new = zencall::assistants::model::NewAssistant {
        template: zencall::assistants::model::Template::Reception,
        name: "Léa".into(),
        language: "fr".into(),
        business: "Garage".into(),
    };
    let assistant = zencall::assistants::server::actions::create(&scope, new).await.expect("made");
    for (index, preset) in Preset::ALL.iter().enumerate() {
        actions::save_auth(&scope, WebhookAuth::preset(*preset)).await.expect("saved");
        app.run_jobs().await;
        // The door remembers an address for a second, and a call at this speed is shorter than that.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let provider_id: String = sqlx::query_scalar("select provider_id from assistants where id = $1")
            .bind(assistant)
            .fetch_one(&app.core.pool)
            .await
            .expect("pushed");
        let from = format!("+3363998{:02}04", 40 + index);
        app.ring(&provider_id, &from).await;
        crate::app::until(&format!("a call under {preset}"), 40, || async {
            let status: Option<String> = sqlx::query_scalar("select status from calls where customer_number = $1")
                .bind(&from)
                .fetch_optional(&app.core.pool)
                .await
                .expect("a query");
            status.filter(|status| status == "ended")
        })
        .await;
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_header_mode_puts_the_secret_into_the_assistant_s_own_settings(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let scope = scope(&app, &org);
    actions::save_auth(&scope, WebhookAuth::preset(Preset::XVapiSecret)).await.expect("saved");
    let mut tx = scope.begin(zencall::shared::permission::Permission::AssistantsEdit).await.expect("open");
    let server = actions::server_object(&mut tx).await.expect("there");
    assert_eq!(server["headers"]["x-vapi-secret"], json!(org.hook_secret));
    assert!(server.get("credentialId").is_none());
    drop(tx);
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_token_door_gives_tokens_for_the_right_secret_and_says_nothing_else(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    let ask = |id: String, secret: String| {
        let form = [("grant_type", "client_credentials".to_owned()), ("client_id", id), ("client_secret", secret)];
        app.http.post(app.url("/hooks/oauth/token")).form(&form).send()
    };
    let id = org.id.to_string();
    let closed = ask(id.clone(), org.hook_secret.clone()).await.expect("an answer");
    assert_eq!(closed.status(), 401, "another mode is chosen");

    actions::save_auth(&scope(&app, &org), WebhookAuth::preset(Preset::Oauth2)).await.expect("saved");
    let opened = ask(id.clone(), org.hook_secret.clone()).await.expect("an answer");
    assert_eq!((opened.status().as_u16(), opened.headers()["cache-control"].to_str().ok()), (200, Some("no-store")));
    let answer: Value = opened.json().await.expect("json");
    let given = answer["access_token"].as_str().expect("a token");
    assert!(token::is_good(org.id, &org.hook_secret, given, app.core.clock.now()));
    for (id, secret) in [(id.clone(), "wrong".to_owned()), (id.clone(), String::new()), ("org_nobody".into(), org.hook_secret.clone())] {
        let refused = ask(id, secret).await.expect("an answer");
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.json::<Value>().await.expect("json"), json!({ "error": "invalid_client" }));
    }
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_journal_shows_what_came_and_nobody_else_s(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("acme", Role::Owner).await, app.org("globex", Role::Owner).await);
    let message = json!({ "type": "status-update", "status": "ringing", "timestamp": 1_790_000_000_000_i64, "call": { "id": "c1", "type": "inboundPhoneCall" } });
    assert_eq!(app.hook(&acme, &message).await.status(), 200);
    let body = json!({ "message": message }).to_string();
    assert_eq!(app.signed(&acme, &body, "wrong").await.status(), 401);

    let all = crate::app::until("the journal", 10, || async {
        Some(actions::journal(&scope(&app, &acme), None, None).await.expect("a page")).filter(|journal| journal.deliveries.len() == 2)
    })
    .await;
    assert_eq!((all.last_day.accepted, all.last_day.rejected), (1, 1));
    assert!(all.next.is_none());
    let rejected = actions::journal(&scope(&app, &acme), Some(DeliveryOutcome::Rejected), None).await.expect("a page");
    assert_eq!(rejected.deliveries.len(), 1);
    assert!(rejected.deliveries[0].reason.is_some());
    let older = actions::journal(&scope(&app, &acme), None, Some(all.deliveries[0].id)).await.expect("a page");
    assert_eq!(older.deliveries, all.deliveries[1..]);
    assert!(actions::journal(&scope(&app, &globex), None, None).await.expect("a page").deliveries.is_empty());
    app.try_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn why_a_delivery_was_set_aside_is_told_in_words_and_never_the_database_s(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("acme", Role::Owner).await;
    sqlx::query(
        "insert into hook_journal (id, org_id, outcome, reason, body_bytes, created_at) values ($1, $2, 'dead', 'error returned from database: …', 2, now())",
    )
    .bind(uuid::Uuid::now_v7())
    .bind(org.id)
    .execute(&app.core.pool)
    .await
    .expect("a row");
    let journal = actions::journal(&scope(&app, &org), None, None).await.expect("a page");
    assert_eq!(journal.deliveries[0].reason.as_deref(), Some("not_applied"));
    for known in [
        "unknown_address",
        "missing_header",
        "bad_signature",
        "stale_timestamp",
        "secret_not_set",
        "not_understood",
        "not_applied",
        "asked",
    ] {
        assert_ne!(
            zencall::integrations::parts::delivery_reason(known),
            zencall::integrations::parts::delivery_reason("brand new"),
            "{known}"
        );
    }
}
