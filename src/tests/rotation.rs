//! The master key changes under a running house: everything opens before, during and after.

use crate::app::{TestApp, TestOrg};
use http::{HeaderMap, header};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use zencall::{
    calls::server::control::Addresses,
    platform::{OrgScope, keys, tenancy::Caller},
    reception::{http_tool::HttpToolForm, server::tools},
    server::cli::rotate,
    shared::{
        ids::{ApiKeyId, ToolId},
        permission::Role,
    },
};

const OLD: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const NEW: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

fn api_key() -> String {
    keys::of_bytes(true, [9; 32])
}

fn ringing() -> serde_json::Value {
    json!({ "type": "status-update", "status": "in-progress", "timestamp": chrono::Utc::now().timestamp_millis(),
        "call": { "id": "c1", "monitor": { "controlUrl": "https://provider.example/c1/control", "listenUrl": "wss://provider.example/c1/listen" } } })
}

async fn caller(app: &TestApp) -> Caller {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {}", api_key()).parse().expect("a header"))]);
    keys::resolve(&app.core, &headers, std::net::Ipv4Addr::LOCALHOST.into()).await.expect("an answer")
}

/// What is sealed opens, and what was hashed is found.
async fn everything_opens(app: &TestApp, org: &TestOrg) {
    assert_eq!(app.hook(org, &ringing()).await.status(), 200, "the webhook's secret");
    assert!(matches!(caller(app).await, Caller::Key(_)), "the API key");
    let (factor, control): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("select totp_secret, control_sealed from accounts, calls where accounts.id = $1 and calls.org_id = $2")
            .bind(org.account)
            .bind(org.id)
            .fetch_one(&app.core.pool)
            .await
            .expect("both rows");
    assert_eq!(app.core.vault.open(Uuid::nil(), &format!("totp {}", org.account), &factor).expect("the second factor"), b"totp secret");
    let twilio = zencall::numbers::server::actions::twilio_numbers(&OrgScope::of_system(&app.core, org.id)).await;
    assert_eq!(twilio.map(|held| held.len()), Ok(3), "the token of the account at Twilio");
    let addresses = Addresses::open(&app.core, org.id, &control).expect("the control address");
    assert_eq!(addresses.control.as_deref(), Some("https://provider.example/c1/control"));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_new_master_key_takes_over_and_the_old_one_can_go(pool: PgPool) {
    let before = TestApp::with_keys(pool.clone(), OLD, "").await;
    let org = before.org("Acme", Role::Owner).await;
    let factor = before.core.vault.seal(Uuid::nil(), &format!("totp {}", org.account), b"totp secret").expect("sealed");
    sqlx::query("update accounts set totp_secret = $2 where id = $1").bind(org.account).bind(factor).execute(&pool).await.expect("kept");
    sqlx::query("insert into api_keys (id, org_id, name, key_hash) values ($1, $2, 'test', $3)")
        .bind(ApiKeyId::generate())
        .bind(org.id)
        .bind(keys::hash(&before.core, &api_key()).expect("a hash"))
        .execute(&pool)
        .await
        .expect("a key");
    let form = HttpToolForm {
        name: "order_status".into(),
        description: "Where an order is".into(),
        url: "https://shop.example.com/".into(),
        method: "GET".into(),
        header_name: "X-Key".into(),
        header_value: "secret of a tool".into(),
        deadline_s: "5".into(),
        arguments: vec![],
    };
    let (tool, secret) = form.parse(ToolId::generate()).expect("a tool");
    let scope = OrgScope::of_system(&before.core, org.id);
    tools::save(&scope, tool, secret.as_deref(), true).await.expect("a tool");
    let keys = (zencall::providers::sim::TWILIO_ACCOUNT.to_owned(), zencall::providers::sim::TWILIO_TOKEN.to_owned());
    zencall::numbers::server::actions::connect_twilio(&scope, keys).await.expect("a Twilio account");
    let endpoint = zencall::webhooks::model::Wanted {
        url: "https://hooks.example.com/".into(),
        headers: Some(vec![("X-Key".into(), "secret of a webhook".into())]),
        ..Default::default()
    };
    zencall::webhooks::server::actions::create(&scope, endpoint).await.expect("an endpoint");
    assert_eq!(before.hook(&org, &ringing()).await.status(), 200);
    everything_opens(&before, &org).await;

    let noted = before.number("select count(*) from audit_entries").await;
    let during = TestApp::with_keys(pool.clone(), NEW, OLD).await;
    everything_opens(&during, &org).await;
    assert_eq!(rotate::reseal(&during.core).await.expect("sealed again"), [1, 1, 1, 1, 1, 1]);
    assert_eq!(rotate::reseal(&during.core).await.expect("nothing left"), [0, 0, 0, 0, 0, 0]);
    everything_opens(&during, &org).await;
    assert_eq!(during.number("select count(*) from audit_entries").await, noted, "no secret was changed by anybody");

    let after = TestApp::with_keys(pool.clone(), NEW, "").await;
    everything_opens(&after, &org).await;
    assert!(rotate::reseal(&TestApp::with_keys(pool, OLD, "").await.core).await.is_err(), "a key that is not there opens nothing");
}

/// A new sealed column has to join the rotation.
#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn no_sealed_column_is_forgotten(pool: PgPool) {
    let columns: Vec<String> = sqlx::query_scalar(
        "select a.attrelid::regclass::text || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace and a.atttypid = 'bytea'::regtype
           and (a.attname like '%sealed%' or a.attname like '%secret%') order by 1",
    )
    .fetch_all(&pool)
    .await
    .expect("the catalogue");
    let rotated = [
        "accounts.totp_secret",
        "calls.control_sealed",
        "hook_endpoints.previous_secret_sealed",
        "hook_endpoints.secret_sealed",
        "hook_endpoints.token_sealed",
        "http_tools.header_sealed",
        "twilio_accounts.hook_sealed",
        "twilio_accounts.token_sealed",
        "webhook_endpoints.headers_sealed",
        "webhook_endpoints.previous_sealed",
        "webhook_endpoints.secret_sealed",
    ];
    assert_eq!(columns, rotated);
}
