//! Seeds: believable, the same each time, and gone at the press of a button.

use crate::app::TestApp;
use sqlx::PgPool;
use zencall::{
    calls::{model::CallFilter, server::actions as calls},
    dashboard::server::actions as dashboard,
    platform::OrgScope,
    server::seed::{self, Amount},
    shared::{page::PageRequest, permission::Role},
};

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_seed_makes_what_was_asked_and_its_owner_can_sign_the_hook(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let made = seed::seed(&app.core, Amount { orgs: 3, calls: 301, seed: 9 }).await.expect("seeded");
    assert_eq!(made.len(), 3);
    let count: i64 = sqlx::query_scalar("select count(*) from calls").fetch_one(&app.core.pool).await.expect("a count");
    assert_eq!(count, 301);
    let (strays, unfinished): (i64, i64) = sqlx::query_as(
        "select (select count(*) from call_lines l where not exists (select from calls c where c.id = l.call_id and c.created_at = l.created_at)),
                (select count(*) from calls where status <> 'ended' or not settled or created_at <> uuid_time(id) or ended_at > now())",
    )
    .fetch_one(&app.core.pool)
    .await
    .expect("counts");
    assert_eq!((strays, unfinished), (0, 0));
    let scope = OrgScope::of_system(&app.core, made[0].org_id);
    let page = calls::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
    assert_eq!(page.items.len(), 50);
    let told = page.items.iter().find(|card| card.summary.is_some()).expect("a call with words");
    let detail = calls::detail(&scope, told.id).await.expect("a call");
    assert!(!detail.lines.is_empty() && detail.lines.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    assert!(!detail.costs.is_empty() && !detail.events.is_empty());

    let hook = made[0].vapi_hook_url.clone();
    let body = r#"{"message":{"type":"hang","timestamp":1790000000000,"call":{"id":"c1","type":"inboundPhoneCall"}}}"#;
    let timestamp = app.core.clock.now().timestamp().to_string();
    let signature = crate::app::sign(&made[0].vapi_hook_secret, &timestamp, body);
    let answer =
        app.http.post(hook).header("x-timestamp", timestamp).header("x-signature", signature).body(body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_same_seed_tells_the_same_stories_and_is_refused_twice(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let one = seed::seed(&app.core, Amount { orgs: 1, calls: 60, seed: 4 }).await.expect("seeded");
    let told = |org| {
        let pool = app.core.pool.clone();
        async move {
            sqlx::query_scalar::<_, String>("select string_agg(customer_number || coalesce(summary, '') || outcome, '|' order by created_at) from calls where org_id = $1")
                .bind(org)
                .fetch_one(&pool)
                .await
                .expect("words")
        }
    };
    let first = told(one[0].org_id).await;
    let again = seed::seed(&app.core, Amount { orgs: 1, calls: 60, seed: 4 }).await;
    assert!(again.is_err_and(|error| error.to_string().contains("--seed")));
    let other = seed::seed(&app.core, Amount { orgs: 1, calls: 60, seed: 5 }).await.expect("seeded");
    assert_ne!(told(other[0].org_id).await, first);
    assert!(first.contains("madame") || first.contains("demande") || first.contains("Question"));
    app.run_jobs().await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_demonstration_is_made_once_and_removed_whole(pool: PgPool) {
    let app = TestApp::new(pool).await;
    assert!(seed::seed_demo(&app.core).await.expect("made"));
    assert!(!seed::seed_demo(&app.core).await.expect("asked"), "an organisation is there");
    let org: zencall::shared::ids::OrgId =
        sqlx::query_scalar("select id from orgs where is_demo").fetch_one(&app.core.pool).await.expect("one");
    let scope = OrgScope::of_system(&app.core, org);
    app.run_jobs().await;
    let before = dashboard::count_demo(&scope).await.expect("counts");
    assert_eq!((before.calls, before.assistants), (420, 3));
    let home = dashboard::home(&scope).await.expect("home");
    let list = home.checklist.expect("a list");
    assert_eq!(list.steps.iter().map(|(_, done)| *done).collect::<Vec<_>>(), [true, false, false, true]);

    let agent = scope.with_rights(&Role::Agent.into());
    assert!(dashboard::remove_demo(&agent).await.is_err());
    assert_eq!(dashboard::remove_demo(&scope).await, Ok(before));
    app.run_jobs().await;

    assert!(dashboard::count_demo(&scope).await.expect("counts").is_empty());
    for table in ["calls", "call_lines", "call_events", "call_refs", "phone_numbers"] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&app.core.pool)
            .await
            .expect("a count");
        assert_eq!(left, 0, "{table}");
    }
}
