//! The operator's page of dead jobs: shows, masks, and obeys only its own forms.

use crate::app::TestApp;
use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use sqlx::PgPool;
use tower::ServiceExt;
use zencall::{
    app::{Assets, leptos_options},
    server::{AppState, health},
};

fn admin(app: &TestApp) -> Router {
    let core = app.core.clone();
    health::admin_routes(AppState {
        leptos: leptos_options(&core.config.site_root).into(),
        assets: Assets::default().into(),
        calls: app.calls.clone(),
        core,
    })
}

async fn dead_job(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "insert into jobs.job (queue, kind, payload, state, attempts, died_at, last_error)
         values ('mail', 'mail.<send>', '{\"resetUrl\": \"https://zencall.example/reset/s3cret\"}', 2, 20, now(), '550 <b>no such box</b>') returning id",
    )
    .fetch_one(&app.core.pool)
    .await
    .expect("a dead job")
}

async fn ask(app: &TestApp, request: Request<Body>) -> (StatusCode, String) {
    let answer = admin(app).oneshot(request).await.expect("an answer");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn get(app: &TestApp, path: &str) -> (StatusCode, String) {
    ask(app, Request::get(path).body(Body::empty()).expect("a request")).await
}

async fn post(app: &TestApp, path: &str, form: String) -> StatusCode {
    let request =
        Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form)).expect("a request");
    ask(app, request).await.0
}

async fn state(app: &TestApp, id: i64) -> Option<i16> {
    sqlx::query_scalar("select state from jobs.job where id = $1").bind(id).fetch_optional(&app.core.pool).await.expect("a query")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn dead_jobs_are_shown_without_their_secrets_and_run_again_by_our_own_form_only(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (one, two) = (dead_job(&app).await, dead_job(&app).await);
    let (status, list) = get(&app, "/jobs").await;
    assert_eq!(status, StatusCode::OK);
    assert!(list.contains("mail.&lt;send&gt;") && list.contains("550 &lt;b&gt;no such box") && !list.contains("<b>no such"));
    let (_, detail) = get(&app, &format!("/jobs/{one}")).await;
    assert!(detail.contains("resetUrl") && !detail.contains("s3cret"));
    assert_eq!(get(&app, "/jobs/999999").await.0, StatusCode::NOT_FOUND);

    assert_eq!(post(&app, "/jobs/redrive", format!("ids={one}")).await, StatusCode::FORBIDDEN);
    assert_eq!(post(&app, "/jobs/discard", format!("ids={one}&token=guess")).await, StatusCode::FORBIDDEN);
    assert_eq!(state(&app, one).await, Some(2));

    let token = list.split("name='token' value='").nth(1).and_then(|rest| rest.split('\'').next()).expect("a form").to_owned();
    assert_eq!(post(&app, "/jobs/redrive", format!("ids={one}&token={token}")).await, StatusCode::SEE_OTHER);
    assert_eq!(post(&app, "/jobs/discard", format!("ids={two}&token={token}")).await, StatusCode::SEE_OTHER);
    assert_eq!((state(&app, one).await, state(&app, two).await), (Some(0), None));
}
