//! Hearing and steering a live call: towards the provider alone, for as long as one may, to the end whoever leaves.

use crate::app::{TestApp, TestOrg, until};
use futures::StreamExt;
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use zencall::{
    calls::{
        model::{CallFilter, LiveAction},
        server::actions,
    },
    platform::{
        OrgScope,
        bus::{self, Note},
    },
    shared::{ids::CallId, page::PageRequest, permission::Role},
};

async fn open_ear(app: &TestApp, org: &TestOrg, call: CallId) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
    let mut request = format!("ws://{}/live/listen/{call}", app.address).into_client_request()?;
    request.headers_mut().insert("cookie", org.cookie.parse().expect("a header"));
    request.headers_mut().insert("origin", format!("http://{}", app.address).parse().expect("a header"));
    Ok(connect_async(request).await?.0)
}

async fn only_call(app: &TestApp, org: &TestOrg) -> Option<CallId> {
    let scope = OrgScope::of_system(&app.core, org.id);
    let page = actions::list(&scope, &CallFilter::default(), &PageRequest::first()).await.expect("a page");
    page.items.first().filter(|card| card.status.is_live()).map(|card| card.id)
}

/// A long call that is live.
async fn live_call(app: &TestApp, org: &TestOrg) -> CallId {
    let (_, provider_id) = app.assistant(org).await;
    app.ring(&provider_id, "+33639980009").await;
    until("the call to be live", 20, || only_call(app, org)).await
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_forged_address_is_not_listened_at(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/listen", elsewhere.local_addr().expect("an address"));
    let monitor = json!({ "controlUrl": "https://x.vapi.ai/control", "listenUrl": url });
    let call = json!({ "id": "c1", "type": "inboundPhoneCall", "monitor": monitor });
    let message =
        json!({ "type": "status-update", "status": "in-progress", "timestamp": app.core.clock.now().timestamp_millis(), "call": call });
    assert_eq!(app.hook(&org, &message).await.status(), 200);
    let call = only_call(&app, &org).await.expect("a live call");
    match open_ear(&app, &org, call).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 502),
        other => panic!("expected a refusal, got {:?}", other.map(|_| "a socket")),
    }
    let came = tokio::time::timeout(Duration::from_millis(300), elsewhere.accept()).await;
    assert!(came.is_err(), "somebody called where a webhook told us to");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_may_only_listen_hears_the_call_until_they_may_not(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Analyst).await;
    let call = live_call(&app, &org).await;
    let analyst = OrgScope::of_system(&app.core, org.id).with_rights(&Role::Analyst.into());
    let detail = actions::detail(&analyst, call).await.expect("the call");
    assert!(detail.listenable && !detail.controllable);
    let mut ear = open_ear(&app, &org, call).await.expect("an open ear");
    let sound = async { while !matches!(ear.next().await.expect("more").expect("a message"), Message::Binary(_)) {} };
    tokio::time::timeout(Duration::from_secs(10), sound).await.expect("a sound");

    sqlx::query("update members set role = 'billing' where account_id = $1")
        .bind(org.account)
        .execute(&app.core.pool)
        .await
        .expect("moved");
    let mut conn = app.core.pool.acquire().await.expect("a connection");
    bus::publish(&mut conn, &[Note::Revoked { account: org.account }]).await.expect("told");
    let closed = async {
        loop {
            match ear.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                _ => break None,
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), closed).await, Ok(Some(4401)));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_came_of_a_step_is_written_though_the_browser_is_gone(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Cabinet Nord", Role::Supervisor).await;
    let call = live_call(&app, &org).await;
    let scope = OrgScope::of_system(&app.core, org.id);
    let step = actions::act(&scope, call, LiveAction::Say { text: "Un conseiller arrive.".into() });
    assert!(tokio::time::timeout(Duration::ZERO, step).await.is_err(), "the request was dropped");
    until("the step to be recorded", 10, || async {
        let actions = actions::detail(&scope, call).await.expect("the call").actions;
        actions.first().filter(|taken| taken.outcome == "done").map(|_| ())
    })
    .await;
}
