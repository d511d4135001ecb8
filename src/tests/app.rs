//! The whole product on a test's own database: real router on a real port, real simulator, jobs run by hand.

use anyhow::Context;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{collections::HashMap, net::SocketAddr, sync::OnceLock, time::Duration};
use tokio::net::TcpListener;
use url::Url;
use zencall::{
    app::{Assets, leptos_options},
    calls::server::Calls,
    integrations::model::{Preset, WebhookAuth},
    platform::{Core, SystemTx, config::Config, crypto, queue},
    providers::sim::{Sim, SimOptions},
    server::{AppState, boot, doors, workers},
    shared::{
        ids::{AccountId, OrgId, SessionId},
        permission::Role,
    },
};

pub const SPEED: f64 = 60.0;

/// A running product.
pub struct TestApp {
    pub core: Core,
    pub calls: Calls,
    pub sim: Sim,
    pub address: SocketAddr,
    pub http: reqwest::Client,
}

/// An organisation with one person in it.
pub struct TestOrg {
    pub id: OrgId,
    pub account: AccountId,
    pub session: SessionId,
    pub cookie: String,
    pub hook_path: String,
    pub hook_secret: String,
}

fn install_crypto() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

impl TestApp {
    pub async fn new(pool: PgPool) -> Self {
        Self::start(pool, &[("ZENCALL_SECRET_KEY", hex::encode(crypto::random::<32>()))]).await.expect("the product starts")
    }

    /// With these master keys: the one in front, and those before it.
    pub async fn with_keys(pool: PgPool, key: &str, previous: &str) -> Self {
        let keys = [("ZENCALL_SECRET_KEY", key.to_owned()), ("ZENCALL_SECRET_KEY_PREVIOUS", previous.to_owned())];
        Self::start(pool, &keys).await.expect("the product starts")
    }

    /// With another provider than the simulator: a mock, or the address of the real one.
    pub async fn with_provider(pool: PgPool, base_url: &str) -> Self {
        let settings = [("ZENCALL_SECRET_KEY", hex::encode(crypto::random::<32>())), ("VAPI_BASE_URL", base_url.to_owned())];
        Self::start(pool, &settings).await.expect("the product starts")
    }

    /// With these settings besides.
    pub async fn with_settings(pool: PgPool, more: &[(&'static str, &str)]) -> Self {
        let mut settings = vec![("ZENCALL_SECRET_KEY", hex::encode(crypto::random::<32>()))];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self::start(pool, &settings).await.expect("the product starts")
    }

    /// With the simulator's language model, and these settings besides.
    pub async fn with_model(pool: PgPool, more: &[(&'static str, &str)]) -> Self {
        let mut settings =
            vec![("ZENCALL_SECRET_KEY", hex::encode(crypto::random::<32>())), ("OPENAI_BASE_URL", "(the simulator)".to_owned())];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self::start(pool, &settings).await.expect("the product starts")
    }

    async fn start(pool: PgPool, keys: &[(&'static str, String)]) -> anyhow::Result<Self> {
        install_crypto();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let key = "test-key".to_owned();
        let sim = Sim::start(SimOptions {
            bind: loopback,
            smtp_bind: loopback,
            seed: 7,
            speed: SPEED,
            api_key: key.clone(),
            public_key: "test-public".into(),
        })
        .await?;
        let listener = TcpListener::bind(loopback).await?;
        let address = listener.local_addr()?;
        let folder = std::env::temp_dir().join(format!("zencall-test-{}", uuid::Uuid::now_v7()));
        let mut settings: HashMap<&str, String> = HashMap::from([
            ("ZENCALL_DATA_DIR", folder.display().to_string()),
            ("BIND", address.to_string()),
            ("PUBLIC_URL", format!("http://{address}")),
            ("VAPI_BASE_URL", sim.base_url()),
            ("VAPI_API_KEY", key),
            ("VAPI_PUBLIC_KEY", "test-public".into()),
            ("SMTP_URL", format!("smtp://{}", sim.smtp_addr)),
            ("ZENCALL_DNS", sim.dns_addr.to_string()),
        ]);
        settings.extend(keys.iter().filter(|(_, value)| !value.is_empty()).cloned());
        if settings.contains_key("OPENAI_BASE_URL") {
            settings.insert("OPENAI_BASE_URL", format!("{}/v1", sim.base_url()));
            settings.insert("OPENAI_API_KEY", settings["VAPI_API_KEY"].clone());
        }
        let config = Config::read(&|name| settings.get(name).cloned()).map_err(|found| anyhow::anyhow!("{found:?}"))?;
        let simulator = config.vapi.base_url.clone();
        let core = boot::core(config, pool, simulator, None)?;
        tokio::spawn(core.bus.clone().run(core.pool.clone(), core.draining.clone()));
        let calls = Calls::start(&core);
        let state = AppState {
            core: core.clone(),
            leptos: leptos_options(&core.config.site_root).into(),
            assets: Assets::default().into(),
            calls: calls.clone(),
        };
        let service = doors::router(state).into_make_service_with_connect_info::<SocketAddr>();
        let draining = core.draining.clone();
        tokio::spawn(async move { axum::serve(listener, service).with_graceful_shutdown(async move { draining.cancelled().await }).await });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(20)).build()?;
        Ok(Self { core, calls, sim, address, http })
    }

    /// The same on a pool of the test's making.
    pub async fn on(pool: PgPool) -> Self {
        Self::new(pool).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// An organisation whose one person has this role, signed in; its webhooks are signed the provider's default way.
    pub async fn org(&self, name: &str, role: Role) -> TestOrg {
        self.make_org(name, role).await.expect("an organisation")
    }

    async fn make_org(&self, name: &str, role: Role) -> anyhow::Result<TestOrg> {
        let now = self.core.clock.now();
        let (id, account, session) = (OrgId::at(now), AccountId::at(now), SessionId::at(now));
        let token = crypto::token();
        let mut tx = SystemTx::begin(&self.core, "a test's organisation").await?;
        sqlx::query("insert into orgs (id, name, kind) values ($1, $2, 'business')").bind(id).bind(name).execute(tx.conn()).await?;
        sqlx::query("insert into accounts (id, email, name, password_hash, email_confirmed_at) values ($1, $2, $3, 'x', now())")
            .bind(account)
            .bind(format!("{}@example.test", account))
            .bind(format!("{name} {role}"))
            .execute(tx.conn())
            .await?;
        sqlx::query("insert into members (org_id, account_id, role) values ($1, $2, $3)")
            .bind(id)
            .bind(account)
            .bind(role)
            .execute(tx.conn())
            .await?;
        sqlx::query("insert into sessions (id, token_hash, account_id, active_org, last_seen_at, expires_at) values ($1, $2, $3, $4, $5, $5 + interval '1 day')")
            .bind(session)
            .bind(crypto::token_hash(&token))
            .bind(account)
            .bind(id)
            .bind(now)
            .execute(tx.conn())
            .await?;
        zencall::integrations::server::actions::on_org_created(tx.conn(), &self.core, id).await?;
        let hook_secret = hex::encode(crypto::random::<16>());
        let hook_token = crypto::token();
        let sealed =
            zencall::integrations::server::secret::seal(&self.core, id, zencall::integrations::server::secret::SECRET, &hook_secret)?;
        let sealed_token =
            zencall::integrations::server::secret::seal(&self.core, id, zencall::integrations::server::secret::TOKEN, &hook_token)?;
        sqlx::query("update hook_endpoints set token_hash = $2, token_sealed = $3, secret_sealed = $4, auth = $5 where org_id = $1")
            .bind(id)
            .bind(crypto::token_hash(&hook_token))
            .bind(sealed_token)
            .bind(sealed)
            .bind(sqlx::types::Json(WebhookAuth::preset(Preset::VapiDefault)))
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(TestOrg {
            id,
            account,
            session,
            cookie: format!("__Host-zc={token}"),
            hook_path: format!("/hooks/vapi/{hook_token}"),
            hook_secret,
        })
    }

    /// Runs every job that is due, until none is.
    pub async fn run_jobs(&self) {
        let worker = workers::worker(&self.core, &self.calls);
        queue::drain(&worker).await.expect("jobs succeed");
    }

    /// Runs due jobs whether they succeed or not.
    pub async fn try_jobs(&self) {
        let worker = workers::worker(&self.core, &self.calls);
        let _ = queue::drain(&worker).await;
    }

    /// Lets no job of calls wait any longer, and runs them whether they succeed or not.
    pub async fn hurry_calls(&self) {
        let due = "update jobs.job set run_at = now() where state = 0 and kind like 'calls.%'";
        sqlx::query(due).execute(&self.core.pool).await.expect("hurried");
        self.try_jobs().await;
    }

    /// Waits until everything acknowledged is folded into its call.
    pub async fn applied(&self) {
        until("everything to be applied", 15, || async { (self.number("select count(*) from hook_pending").await == 0).then_some(()) })
            .await;
    }

    pub async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.core.pool).await.expect(statement);
    }

    pub async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.core.pool).await.expect(query)
    }

    pub async fn get(&self, org: &TestOrg, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).header("cookie", &org.cookie).send().await.expect("an answer")
    }

    /// Posts one of the provider's messages, signed.
    pub async fn hook(&self, org: &TestOrg, message: &Value) -> reqwest::Response {
        let body = json!({ "message": message }).to_string();
        self.signed(org, &body, &org.hook_secret).await
    }

    pub async fn signed(&self, org: &TestOrg, body: &str, secret: &str) -> reqwest::Response {
        let timestamp = self.core.clock.now().timestamp().to_string();
        let signature = sign(secret, &timestamp, body);
        let request = self.http.post(self.url(&org.hook_path)).header("x-timestamp", timestamp).header("x-signature", signature);
        request.header("content-type", "application/json").body(body.to_owned()).send().await.expect("an answer")
    }

    /// An assistant of ours that the simulator knows, active.
    pub async fn assistant(&self, org: &TestOrg) -> (uuid::Uuid, String) {
        self.make_assistant(org).await.expect("an assistant")
    }

    async fn make_assistant(&self, org: &TestOrg) -> anyhow::Result<(uuid::Uuid, String)> {
        let id = uuid::Uuid::now_v7();
        sqlx::query(
            "insert into assistants (id, org_id, name, template, language, voice, first_message, prompt, state)
             values ($1, $2, 'Léa', 'reception', 'fr', 'fr-FR-DeniseNeural', 'Bonjour, assistante virtuelle du cabinet.', 'Tu es Léa.', 'active')",
        )
        .bind(id)
        .bind(org.id)
        .execute(&self.core.pool)
        .await?;
        let credential = format!("cred-{id}");
        let plan = json!({ "authenticationPlan": { "type": "hmac", "secretKey": org.hook_secret, "algorithm": "sha256" } });
        let url = Url::parse(&self.sim.base_url())?.join(&format!("/_sim/credentials/{credential}"))?;
        self.http.put(url).json(&plan).send().await?.error_for_status()?;
        let body = json!({
            "name": "Léa", "firstMessage": "Bonjour, assistante virtuelle du cabinet.",
            "model": { "provider": "openai", "model": "gpt-4.1", "messages": [{ "role": "system", "content": "Tu es Léa." }] },
            "server": { "url": self.url(&org.hook_path), "credentialId": credential, "timeoutSeconds": 20,
                "backoffPlan": { "type": "exponential", "maxRetries": 5, "baseDelaySeconds": 1, "excludedStatusCodes": [400, 401, 403, 404, 410] } },
            "serverMessages": ["status-update", "transcript", "tool-calls", "transfer-update", "user-interrupted", "end-of-call-report", "assistant.started"],
        });
        let made = self.http.post(format!("{}/assistant", self.sim.base_url())).bearer_auth("test-key").json(&body).send().await?;
        let made: Value = made.error_for_status()?.json().await?;
        let provider_id = made["id"].as_str().context("an id")?.to_owned();
        sqlx::query("update assistants set provider_id = $2, sync_state = 'in_step' where id = $1")
            .bind(id)
            .bind(&provider_id)
            .execute(&self.core.pool)
            .await?;
        Ok((id, provider_id))
    }

    /// Has the simulator ring an assistant.
    pub async fn ring(&self, provider_id: &str, from: &str) {
        let body = json!({ "assistantId": provider_id, "from": from, "language": "fr" });
        let answer = self.http.post(format!("{}/_sim/inbound", self.sim.base_url())).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }
}

/// `{timestamp}.{body}` under SHA-256, as hex.
pub fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes())
        .expect("any key")
        .chain_update(timestamp)
        .chain_update(".")
        .chain_update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Looks again until `found` says yes; fails the test after `seconds`.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, seconds: u64, mut found: impl FnMut() -> F) -> T {
    let deadline = std::time::Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(std::time::Instant::now() < deadline, "waited {seconds} s for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.core.draining.cancel();
        self.sim.stop();
        let _ = std::fs::remove_dir_all(&self.core.config.data_dir);
    }
}
