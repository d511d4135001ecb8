//! Visitors at the product's own router, without a port: a clock moved by hand, mail read from the queue, cookies kept as browsers do.

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use chrono::{DateTime, Duration, Utc};
use http_body_util::BodyExt;
use object_store::memory::InMemory;
use sqlx::PgPool;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use zencall::{
    account::server::actions,
    app::{Assets, leptos_options},
    calls::server::Calls,
    platform::{
        Core,
        bus::Bus,
        clock::Clock,
        config::{Config, GoogleConfig},
        core::Parts,
        crypto::Vault,
        mail::{Letter, Mail},
    },
    providers::{
        google::Google,
        sim::{GOOGLE_CLIENT, GOOGLE_SECRET, Sim, SimOptions},
    },
    server::{AppState, doors},
};

/// A sandbox in this process: no listener, no worker.
pub struct Doors {
    pub core: Core,
    pub pool: PgPool,
    router: Router,
}

impl Doors {
    /// On the pool of `#[sqlx::test]`.
    pub async fn new(pool: PgPool) -> Self {
        let clock = Clock::fixed("2026-11-22T09:00:00Z".parse().unwrap_or_else(|e| panic!("{e}")));
        Self::with(pool, clock, http::Extensions::new()).await
    }

    /// The same, where people may sign in with what stands in for Google. Its tokens are of the real today, so the clock begins there.
    pub async fn with_google(pool: PgPool) -> (Self, Sim) {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { bind: loopback, smtp_bind: loopback, seed: 1, speed: 1.0, api_key: "k".into(), public_key: "p".into() };
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let sim = Sim::start(options).await.unwrap_or_else(|e| panic!("{e}"));
        let url = |text: &str| text.parse::<url::Url>().unwrap_or_else(|e| panic!("{e}"));
        let config = GoogleConfig::new(GOOGLE_CLIENT.into(), GOOGLE_SECRET.to_owned().into(), Some(&url(&sim.base_url())));
        let mut providers = http::Extensions::new();
        providers.insert(Google::new(&config.unwrap_or_else(|e| panic!("{e}")), &url("http://localhost/sign-in/google/return")));
        (Self::with(pool, Clock::fixed(Utc::now()), providers).await, sim)
    }

    async fn with(pool: PgPool, clock: Clock, providers: http::Extensions) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = std::env::temp_dir().join("zencall-tests");
        let settings = BTreeMap::from([
            ("ZENCALL_DATA_DIR", folder.to_string_lossy().into_owned()),
            ("ZENCALL_SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
            ("PUBLIC_URL", "http://zencall.test".to_owned()),
            ("SECURITY_CONTACT", "mailto:security@zencall.test".to_owned()),
        ]);
        let config = Config::read(&|name| settings.get(name).cloned()).unwrap_or_else(|refused| panic!("{refused:?}"));
        let keys = config.secret_keys().unwrap_or_else(|e| panic!("{e}"));
        let core = Core::new(Parts {
            pool: pool.clone(),
            lanes: pool.clone(),
            vault: Vault::new(&keys),
            config,
            clock,
            bus: Bus::default(),
            api: Default::default(),
            refusals: Default::default(),
            providers,
            simulator: None,
            files: Arc::new(InMemory::new()),
            hashing: Semaphore::new(2),
            draining: CancellationToken::new(),
        });
        let state = AppState {
            leptos: leptos_options(&core.config.site_root).into(),
            assets: Assets { css: "/pkg/test.css".into(), ..Assets::default() }.into(),
            calls: Calls::start(&core),
            core: core.clone(),
        };
        Self { core, pool, router: doors::router(state) }
    }

    /// A browser without cookies, at an address of its own.
    pub fn browser(&self) -> Browser<'_> {
        let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0".into();
        Browser { app: self, cookies: BTreeMap::new(), ip: "192.0.2.1".into(), language: "fr".into(), user_agent }
    }

    /// The doors themselves, for requests no browser would send.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.core.clock.now()
    }

    pub fn advance(&self, by: Duration) {
        self.core.clock.advance(by);
    }

    /// The mails that wait to be sent, oldest first; reading takes them away.
    pub async fn mails(&self) -> Vec<Mail> {
        let forgotten: Vec<serde_json::Value> =
            sqlx::query_scalar("delete from jobs.job where kind = 'account.forgotten' returning payload")
                .fetch_all(&self.pool)
                .await
                .unwrap_or_else(|e| panic!("{e}"));
        for payload in forgotten {
            let email = payload["email"].as_str().unwrap_or_else(|| panic!("{payload}"));
            actions::send_reset_link(&self.core, email).await.unwrap_or_else(|e| panic!("{e}"));
        }
        let payloads: Vec<serde_json::Value> = sqlx::query_scalar(
            "with gone as (delete from jobs.job where kind = 'mail.send' returning id, payload) select payload from gone order by id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
        payloads.into_iter().map(|payload| serde_json::from_value(payload).unwrap_or_else(|e| panic!("{e}"))).collect()
    }

    /// How many rows a question finds.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap_or_else(|e| panic!("{e}"))
    }

    /// The only mail that waits.
    pub async fn mail(&self) -> Mail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:#?}");
        mails.remove(0)
    }
}

/// The path of the link in a letter.
pub fn link_of(mail: &Mail) -> String {
    let url = match &mail.letter {
        Letter::ConfirmAddress { url, .. } | Letter::ConfirmNewAddress { url, .. } | Letter::ResetPassword { url, .. } => url,
        other => panic!("no link in {other:?}"),
    };
    url.strip_prefix("http://zencall.test").unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// One visitor.
#[derive(Clone)]
pub struct Browser<'a> {
    app: &'a Doors,
    pub cookies: BTreeMap<String, String>,
    pub ip: String,
    pub language: String,
    pub user_agent: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Where it sends the browser.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The `Set-Cookie` of this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .find(|cookie| cookie.split('=').next() == Some(name))
    }
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// A form as a browser posts it.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&");
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<String>) -> Answer {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "zencall.test")
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, &self.language)
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::COOKIE, cookies);
        if form.is_some() {
            request =
                request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header(header::ORIGIN, "http://zencall.test");
        }
        let peer = SocketAddr::new(self.ip.parse().unwrap_or_else(|e| panic!("{e}")), 40_000);
        let request = request.extension(ConnectInfo(peer)).body(Body::from(form.unwrap_or_default())).unwrap_or_else(|e| panic!("{e}"));
        let Ok(response) = self.app.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap_or_else(|e| panic!("{e}")).to_bytes();
        for cookie in parts.headers.get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
