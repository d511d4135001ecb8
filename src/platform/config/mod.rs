//! Settings: what an operator may tell Zencall, read once at start from the environment and nowhere else.
//! `settings` is the one table of names; `check` says what is missing, weak or contradictory.
//! Reading is pure: the only file touched is the sandbox's generated key, by `Config::secret_keys`.
mod check;
mod reader;
mod secret;
mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use ipnet::IpNet;
use url::Url;

pub use check::{Finding, check, reach};
pub use secret::{Secret, SecretKey, SecretKeys, create_data_dir};
pub use settings::{SETTINGS, Setting, env_example};

use reader::Reader;

/// Vapi's own address, used in production when `VAPI_BASE_URL` is not set.
pub const VAPI_ADDRESS: &str = "https://api.vapi.ai";
/// Twilio's own address, used in production, and beside the real Vapi, when `TWILIO_BASE_URL` is not set.
pub const TWILIO_ADDRESS: &str = "https://api.twilio.com";
/// Where Google asks people who they are, exchanges codes and shows its public keys, when `GOOGLE_BASE_URL` is not set.
const GOOGLE_ADDRESSES: [&str; 3] =
    ["https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v3/certs"];

/// Whether mistakes cost money: `sandbox` needs no settings and talks to simulators, `production` refuses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Sandbox,
    Production,
}

/// Every setting, parsed. Secrets print as `***`.
#[derive(Clone, Debug)]
pub struct Config {
    pub environment: Environment,
    /// Absent: a private PostgreSQL runs in the data folder.
    pub database_url: Option<Secret>,
    /// Reserved for reads on several hosts; nothing uses it yet.
    pub database_replica_url: Option<Secret>,
    /// Reserved for several hosts; nothing uses it yet.
    pub redis_url: Option<Secret>,
    /// Connections one process may hold.
    pub database_pool: u32,
    pub bind: SocketAddr,
    pub admin_bind: SocketAddr,
    /// Where customers reach us, without a path: the origin of links in mails and of webhook addresses.
    pub public_url: Url,
    pub data_dir: PathBuf,
    /// The browser's files: `pkg/` and what lies in `public/`.
    pub site_root: PathBuf,
    /// Whose `X-Forwarded-*` headers are believed; empty: nobody's.
    pub trusted_proxies: Vec<IpNet>,
    pub vapi: VapiConfig,
    /// Where Twilio answers; absent in the sandbox only.
    pub twilio_base_url: Option<Url>,
    /// Absent: nobody signs in with Google, but for the sandbox, where the simulator is asked.
    pub google: Option<GoogleConfig>,
    /// Who is asked for records of mail domains; absent: those whom the system asks, and in the sandbox the simulator.
    pub dns: Option<SocketAddr>,
    pub mail: MailConfig,
    /// Where weaknesses may be reported.
    pub security_contact: Option<Url>,
    /// Absent: rules alone analyse calls.
    pub model: Option<ModelConfig>,
    /// Private addresses that outgoing webhooks may reach all the same.
    pub ssrf_allow: Vec<HostPort>,
    /// How long a stopping process may take to finish what it began.
    pub drain: Duration,
    /// How long an applied delivery stays in the journal of incoming webhooks.
    pub journal_days: u32,
    pub objects: ObjectsConfig,
    pub log: LogConfig,
    pub sim: SimConfig,
    secret_key: Option<SecretKey>,
    previous_keys: Vec<SecretKey>,
}

/// How to reach Vapi.
#[derive(Clone, Debug)]
pub struct VapiConfig {
    /// Absent in the sandbox only: the simulator inside this process.
    pub base_url: Option<Url>,
    pub api_key: Option<Secret>,
    /// Handed to browsers for calls from a page; not a secret.
    pub public_key: Option<String>,
}

/// How people sign in with Google.
#[derive(Clone, Debug)]
pub struct GoogleConfig {
    pub client_id: String,
    pub client_secret: Secret,
    /// Where the browser is sent.
    pub authorize_url: Url,
    pub token_url: Url,
    pub keys_url: Url,
}

impl GoogleConfig {
    /// At Google itself, or at what stands in for it: then everything lies under one address. Errors: an address nothing lies under.
    pub fn new(client_id: String, client_secret: Secret, stand_in: Option<&Url>) -> Result<Self, url::ParseError> {
        let [authorize_url, token_url, keys_url] = match stand_in {
            None => GOOGLE_ADDRESSES.map(Url::parse),
            Some(base) => ["o/oauth2/v2/auth", "token", "oauth2/v3/certs"].map(|path| base.join(path)),
        };
        Ok(Self { client_id, client_secret, authorize_url: authorize_url?, token_url: token_url?, keys_url: keys_url? })
    }
}

/// OpenAI's own address, used when only its key is set.
const OPENAI_ADDRESS: &str = "https://api.openai.com/v1";

/// The language model that analyses finished calls.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    /// Up to and with the version: `https://api.openai.com/v1`.
    pub base_url: Url,
    pub api_key: Option<Secret>,
    pub name: String,
    /// Dollars a million tokens, which is micro-dollars a token: in, out.
    pub prices: (f64, f64),
    /// What one organisation's analyses may cost a month, in micro-dollars.
    pub monthly_cap: i64,
    /// The longest one answer may take.
    pub deadline: Duration,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `smtp://` or `smtps://` with credentials; absent in the sandbox: the simulator's mailbox.
    pub smtp_url: Option<Secret>,
    /// The `From` of every mail.
    pub from: String,
}

/// Where recordings and exports lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectsConfig {
    Folder(PathBuf),
    /// Credentials, region and endpoint come from the usual `AWS_*` names.
    S3 {
        bucket: String,
        prefix: String,
    },
}

/// What the log shows, and in which shape.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// As `tracing_subscriber::EnvFilter` reads it.
    pub filter: String,
    pub format: LogFormat,
}

/// `Text` for people at a terminal, `Json` for collectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// The simulators inside the sandbox.
#[derive(Clone, Debug)]
pub struct SimConfig {
    pub bind: SocketAddr,
    /// 20 runs the clock of a call twenty times faster.
    pub speed: f64,
}

/// A host and port as `ZENCALL_SSRF_ALLOW` lists them; IPv6 hosts without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    pub host: String,
    pub port: u16,
}

impl Config {
    /// Reads this process' environment.
    /// Errors: every reason to refuse the start, in one line.
    pub fn from_env() -> anyhow::Result<Self> {
        Self::read(&|name| std::env::var(name).ok()).map_err(|refused| {
            let reasons: Vec<_> = refused.iter().map(Finding::to_string).collect();
            anyhow::anyhow!("{}", reasons.join("; "))
        })
    }

    /// Reads settings through `lookup`, so that tests need no environment.
    /// Errors: the findings that forbid a start.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader::new(lookup);
        let config = Self::take(&mut reader);
        let findings = reader.findings.into_iter().chain(check::judge(&config)).filter(|finding| finding.refuses_start);
        let refused = check::first_per_setting(findings);
        if refused.is_empty() { Ok(config) } else { Err(refused) }
    }

    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// The file that holds the sandbox's own key, where the settings name none.
    pub fn own_key_file(&self) -> Option<PathBuf> {
        self.secret_key.is_none().then(|| self.data_dir.join(secret::KEY_FILE))
    }

    /// The keys that seal secrets at rest. In the sandbox a missing one is made once, in the data folder.
    /// Errors: the key file cannot be read or written, or holds something else.
    pub fn secret_keys(&self) -> anyhow::Result<SecretKeys> {
        let current = match &self.secret_key {
            Some(key) => key.clone(),
            None => secret::sandbox_key(&self.data_dir).context("the sandbox's secret key")?,
        };
        Ok(SecretKeys { current, previous: self.previous_keys.clone() })
    }

    fn take(reader: &mut Reader<'_>) -> Self {
        let environment = reader.one_of("ZENCALL_ENV", &[("sandbox", Environment::Sandbox), ("production", Environment::Production)]);
        let is_production = environment == Environment::Production;
        let bind = reader.parse("BIND", "an address and port");
        let data_dir: PathBuf = reader.text_or_default("ZENCALL_DATA_DIR").into();
        let vapi_default = is_production.then(|| Url::parse(VAPI_ADDRESS).expect("our own constant"));
        let twilio_default = is_production.then(|| Url::parse(TWILIO_ADDRESS).expect("our own constant"));
        Self {
            environment,
            database_url: reader.url("DATABASE_URL", &["postgres", "postgresql"]).map(Secret::from),
            database_replica_url: reader.url("DATABASE_REPLICA_URL", &["postgres", "postgresql"]).map(Secret::from),
            redis_url: reader.url("REDIS_URL", &["redis", "rediss"]).map(Secret::from),
            database_pool: reader.between("ZENCALL_DATABASE_POOL", 4, 500) as u32,
            bind,
            admin_bind: reader.parse("ADMIN_BIND", "an address and port"),
            public_url: reader.url("PUBLIC_URL", &["http", "https"]).unwrap_or_else(|| address_of(bind)),
            objects: objects(reader, &data_dir),
            data_dir,
            site_root: reader.text_or_default("LEPTOS_SITE_ROOT").into(),
            trusted_proxies: reader.list("TRUSTED_PROXIES", "addresses or networks, comma-separated", |text| {
                text.parse().ok().or_else(|| text.parse::<IpAddr>().map(IpNet::from).ok())
            }),
            twilio_base_url: reader.url("TWILIO_BASE_URL", &["http", "https"]).or(twilio_default),
            google: google(reader),
            dns: dns(reader),
            vapi: VapiConfig {
                base_url: reader.url("VAPI_BASE_URL", &["http", "https"]).or(vapi_default),
                api_key: reader.text("VAPI_API_KEY").map(Secret::from),
                public_key: reader.text("VAPI_PUBLIC_KEY"),
            },
            mail: MailConfig {
                smtp_url: reader.url("SMTP_URL", &["smtp", "smtps"]).map(Secret::from),
                from: reader.text_or_default("MAIL_FROM"),
            },
            security_contact: reader.url("SECURITY_CONTACT", &["mailto", "https"]),
            model: model(reader),
            ssrf_allow: reader.list("ZENCALL_SSRF_ALLOW", "host:port pairs, comma-separated", HostPort::parse),
            drain: Duration::from_secs(reader.between("ZENCALL_DRAIN_S", 1, 600)),
            journal_days: reader.between("ZENCALL_JOURNAL_DAYS", 1, 3650) as u32,
            log: LogConfig {
                filter: reader.text_or_default("ZENCALL_LOG"),
                format: match reader.text("ZENCALL_LOG_FORMAT") {
                    Some(_) => reader.one_of("ZENCALL_LOG_FORMAT", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
                    None if is_production => LogFormat::Json,
                    None => LogFormat::Text,
                },
            },
            sim: SimConfig {
                bind: reader.parse("ZENCALL_SIM_BIND", "an address and port"),
                speed: reader.parse("ZENCALL_SIM_SPEED", "a number"),
            },
            secret_key: reader.key("ZENCALL_SECRET_KEY"),
            previous_keys: reader
                .list("ZENCALL_SECRET_KEY_PREVIOUS", "32 bytes as base64 or hex each, comma-separated", |text| text.parse().ok()),
        }
    }
}

impl HostPort {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Some(Self { host: (!host.is_empty()).then_some(host)?, port: port.parse().ok().filter(|port| *port != 0)? })
    }
}

/// Set by its id and secret; one without the other is a finding.
fn google(reader: &mut Reader<'_>) -> Option<GoogleConfig> {
    let (id, secret) = (reader.text("GOOGLE_CLIENT_ID"), reader.text("GOOGLE_CLIENT_SECRET"));
    let stand_in = reader.url("GOOGLE_BASE_URL", &["http", "https"]);
    if id.is_some() != secret.is_some() {
        let missing = if id.is_some() { "GOOGLE_CLIENT_SECRET" } else { "GOOGLE_CLIENT_ID" };
        reader.findings.push(Finding::refusal(missing, "is missing", "give both, or neither"));
    }
    GoogleConfig::new(id?, Secret::from(secret?), stand_in.as_ref()).ok()
}

fn dns(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    reader.text("ZENCALL_DNS")?;
    Some(reader.parse("ZENCALL_DNS", "an address and port"))
}

/// Set by its address, its key or both.
fn model(reader: &mut Reader<'_>) -> Option<ModelConfig> {
    let base_url = reader.url("OPENAI_BASE_URL", &["http", "https"]);
    let api_key = reader.text("OPENAI_API_KEY").map(Secret::from);
    let prices: Prices = reader.parse("ZENCALL_MODEL_PRICES", "two prices in dollars a million tokens, in and out, with a stroke between");
    let cap = reader.between("ZENCALL_MODEL_CAP_USD", 0, 1_000_000);
    let deadline = Duration::from_secs(reader.between("ZENCALL_MODEL_DEADLINE_S", 1, 300));
    let is_set = base_url.is_some() || api_key.is_some();
    is_set.then(|| ModelConfig {
        base_url: base_url.unwrap_or_else(|| Url::parse(OPENAI_ADDRESS).expect("our own constant")),
        api_key,
        name: reader.text_or_default("ZENCALL_MODEL"),
        prices: (prices.0, prices.1),
        monthly_cap: i64::try_from(cap).unwrap_or(0) * 1_000_000,
        deadline,
    })
}

/// `0.10/0.50`.
struct Prices(f64, f64);

impl std::str::FromStr for Prices {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let price = |text: &str| text.trim().parse().ok().filter(|price: &f64| (0.0..10_000.0).contains(price)).ok_or(());
        let (price_in, price_out) = text.split_once('/').ok_or(())?;
        Ok(Self(price(price_in)?, price(price_out)?))
    }
}

fn objects(reader: &mut Reader<'_>, data_dir: &Path) -> ObjectsConfig {
    let default = ObjectsConfig::Folder(data_dir.join("objects"));
    let Some(url) = reader.url("OBJECT_STORE_URL", &["file", "s3"]) else { return default };
    if url.scheme() == "s3" {
        let prefix = url.path().trim_matches('/').to_owned();
        return ObjectsConfig::S3 { bucket: url.host_str().unwrap_or_default().to_owned(), prefix };
    }
    url.to_file_path().map_or(default, ObjectsConfig::Folder)
}

/// The address a browser on this machine can use for `bind`.
fn address_of(bind: SocketAddr) -> Url {
    let reachable = if bind.ip().is_unspecified() { SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bind.port()) } else { bind };
    Url::parse(&format!("http://{reachable}")).expect("an address and port make an origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Vec<Finding>> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Config::read(&|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    fn refused(pairs: &[(&str, &str)]) -> Vec<String> {
        read(pairs).expect_err("refused").into_iter().map(|finding| finding.setting).collect()
    }

    const GOOD: [(&str, &str); 4] = [
        ("ZENCALL_ENV", "production"),
        ("PUBLIC_URL", "https://zencall.example"),
        ("ZENCALL_SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("VAPI_API_KEY", "k"),
    ];

    fn production_with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
        GOOD.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect()
    }

    #[test]
    fn the_sandbox_needs_no_settings() {
        let config = read(&[]).unwrap();
        assert_eq!(config.environment, Environment::Sandbox);
        assert_eq!(config.bind, "127.0.0.1:3000".parse().unwrap());
        assert!(config.admin_bind.ip().is_loopback());
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:3000/");
        assert_eq!(config.data_dir, PathBuf::from("./data"));
        assert_eq!(config.objects, ObjectsConfig::Folder("./data/objects".into()));
        assert_eq!(config.drain, Duration::from_secs(20));
        assert!(config.database_url.is_none() && config.vapi.base_url.is_none() && config.trusted_proxies.is_empty());
    }

    #[test]
    fn production_reads_what_it_needs_and_asks_vapi_itself() {
        let config = read(&GOOD).unwrap();
        assert_eq!(config.vapi.base_url.unwrap().as_str(), "https://api.vapi.ai/");
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn production_refuses_what_would_be_unsafe() {
        assert_eq!(refused(&[("ZENCALL_ENV", "production")]), ["PUBLIC_URL", "ZENCALL_SECRET_KEY"]);
        for (name, value) in [
            ("ZENCALL_SECRET_KEY", ""),
            ("ZENCALL_SECRET_KEY", settings::EXAMPLE_KEY),
            ("ZENCALL_SECRET_KEY", "0000000000000000000000000000000000000000000000000000000000000000"),
            ("ZENCALL_SECRET_KEY", "short"),
            ("PUBLIC_URL", "http://zencall.example"),
            ("PUBLIC_URL", "https://zencall.example/app"),
            ("VAPI_BASE_URL", "http://127.0.0.1:3010"),
            ("VAPI_BASE_URL", "https://localhost:3010"),
            ("VAPI_BASE_URL", "http://api.vapi.ai"),
            ("ADMIN_BIND", "127.0.0.1:3000"),
        ] {
            assert_eq!(refused(&production_with(name, value)), [name], "{name}={value}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_and_never_shown() {
        for (name, value) in [
            ("ZENCALL_ENV", "prod"),
            ("BIND", "3000"),
            ("DATABASE_URL", "mysql://root:hunter2@db/zencall"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, everyone"),
            ("ZENCALL_SSRF_ALLOW", "intranet"),
            ("ZENCALL_DRAIN_S", "0"),
            ("OBJECT_STORE_URL", "ftp://files"),
            ("ZENCALL_SIM_SPEED", "fast"),
            ("ZENCALL_MODEL_PRICES", "cheap"),
            ("ZENCALL_MODEL_PRICES", "-1/2"),
            ("OPENAI_BASE_URL", "localhost:11434"),
            ("ZENCALL_SECRET_KEY", "hunter2"),
        ] {
            let findings = read(&[(name, value)]).expect_err(name);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].to_string().starts_with(name) && !findings[0].to_string().contains("hunter2"), "{}", findings[0]);
        }
    }

    #[test]
    fn lists_and_addresses_are_parsed() {
        let config = read(&[
            ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7"),
            ("ZENCALL_SSRF_ALLOW", "127.0.0.1:9000,[::1]:9001, Hook.Internal:80"),
            ("OBJECT_STORE_URL", "s3://recordings/eu/"),
            ("BIND", "0.0.0.0:8080"),
        ])
        .unwrap();
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "192.0.2.7/32".parse::<IpNet>().unwrap()]);
        let allowed: Vec<_> = config.ssrf_allow.iter().map(|at| (at.host.as_str(), at.port)).collect();
        assert_eq!(allowed, [("127.0.0.1", 9000), ("::1", 9001), ("hook.internal", 80)]);
        assert_eq!(config.objects, ObjectsConfig::S3 { bucket: "recordings".into(), prefix: "eu".into() });
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080/");
    }

    #[test]
    fn a_model_is_set_by_its_address_or_its_key() {
        assert!(read(&[("ZENCALL_MODEL", "gpt-6-luna")]).unwrap().model.is_none());
        let keyed = read(&[("OPENAI_API_KEY", "hunter2")]).unwrap().model.unwrap();
        assert_eq!((keyed.base_url.as_str(), keyed.name.as_str()), ("https://api.openai.com/v1", "gpt-6-luna"));
        assert_eq!((keyed.prices, keyed.monthly_cap, keyed.deadline), ((0.1, 0.5), 5_000_000, Duration::from_secs(45)));
        let local = read(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"), ("ZENCALL_MODEL_PRICES", "0/0")]).unwrap().model.unwrap();
        assert!(local.api_key.is_none() && local.prices == (0.0, 0.0));
    }

    #[test]
    fn google_is_set_by_id_and_secret_and_asked_at_home() {
        assert!(read(&GOOD).unwrap().google.is_none());
        let both = production_with("GOOGLE_CLIENT_ID", "us.apps.googleusercontent.com");
        assert_eq!(refused(&both), ["GOOGLE_CLIENT_SECRET"]);
        let both: Vec<_> = both.into_iter().chain([("GOOGLE_CLIENT_SECRET", "hunter2")]).collect();
        let google = read(&both).unwrap().google.unwrap();
        assert_eq!(google.authorize_url.as_str(), "https://accounts.google.com/o/oauth2/v2/auth");
        let stand_in: Vec<_> = both.into_iter().chain([("GOOGLE_BASE_URL", "http://127.0.0.1:3010")]).collect();
        assert_eq!(refused(&stand_in), ["GOOGLE_BASE_URL"], "production asks Google itself");
    }

    #[test]
    fn secrets_do_not_print() {
        let config = read(&[
            ("DATABASE_URL", "postgres://zencall:hunter2@db/zencall"),
            ("SMTP_URL", "smtps://me:hunter2@mail.example"),
            ("VAPI_API_KEY", "hunter2"),
            ("OPENAI_API_KEY", "hunter2"),
            ("ZENCALL_SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ])
        .unwrap();
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("9f86") && !printed.contains("159"), "{printed}");
        assert_eq!(config.database_url.unwrap().expose(), "postgres://zencall:hunter2@db/zencall");
    }

    #[test]
    fn the_sandbox_makes_one_key_and_keeps_it() {
        let home = std::env::temp_dir().join(format!("zencall-key-{}", uuid::Uuid::now_v7()));
        let config = read(&[("ZENCALL_DATA_DIR", home.to_str().unwrap())]).unwrap();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| config.secret_keys().unwrap().current)).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]), "processes that start together agree on one key");
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(home.join(secret::KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn rotation_keeps_the_older_keys_readable() {
        let keys = read(&[
            ("ZENCALL_SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            ("ZENCALL_SECRET_KEY_PREVIOUS", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgk=, n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgo="),
        ])
        .unwrap()
        .secret_keys()
        .unwrap();
        assert_eq!(keys.current.bytes()[31], 0x08);
        assert_eq!(keys.previous.iter().map(|key| key.bytes()[31]).collect::<Vec<_>>(), [0x09, 0x0a]);
    }
}
