//! What an operator should change: judged from the settings alone (`check`), then by knocking at every door (`reach`).
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::reader::Reader;
use super::{Config, ObjectsConfig, Secret, settings};

const KNOCK: Duration = Duration::from_secs(5);

/// One thing that is missing, weak, contradictory or unreachable, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the setting.
    pub setting: String,
    pub says: String,
    pub remedy: String,
    /// True when `serve` does not start because of it.
    pub refuses_start: bool,
}

impl Finding {
    pub(super) fn refusal(setting: &str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refuses_start: true, ..Self::warning(setting, says, remedy) }
    }

    fn warning(setting: &str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), says: says.into(), remedy: remedy.into(), refuses_start: false }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.setting, self.says, self.remedy)
    }
}

/// All findings about the given environment, without leaving the process.
pub fn check(variables: &BTreeMap<String, String>) -> Vec<Finding> {
    let lookup = |name: &str| variables.get(name).cloned();
    let mut reader = Reader::new(&lookup);
    let config = Config::take(&mut reader);
    first_per_setting(reader.findings.into_iter().chain(judge(&config)).chain(unknown(variables)))
}

/// A value that cannot be read is not also missing.
pub(super) fn first_per_setting(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    findings.fold(Vec::new(), |mut kept, finding| {
        if kept.iter().all(|earlier: &Finding| earlier.setting != finding.setting) {
            kept.push(finding);
        }
        kept
    })
}

/// Knocks at the database, Vapi, the mail server and the folders. Answers only with what did not open.
pub async fn reach(config: &Config) -> Vec<Finding> {
    let (database, vapi, mail) = tokio::join!(reach_database(config), reach_vapi(config), reach_mail(config));
    let objects = match &config.objects {
        ObjectsConfig::Folder(folder) => writable("OBJECT_STORE_URL", folder),
        ObjectsConfig::S3 { .. } => None,
    };
    [database, vapi, mail, writable("ZENCALL_DATA_DIR", &config.data_dir), objects, built(&config.site_root)]
        .into_iter()
        .flatten()
        .collect()
}

/// Rules that need the whole configuration.
pub(super) fn judge(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.bind == config.admin_bind && config.bind.port() != 0 {
        findings.push(Finding::refusal("ADMIN_BIND", "is the same as BIND", "give it another port"));
    }
    if !config.admin_bind.ip().is_loopback() {
        findings.push(Finding::warning(
            "ADMIN_BIND",
            "is open to other hosts",
            "bind it to 127.0.0.1, or close the port to all but the monitoring",
        ));
    }
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        findings.push(Finding::warning(
            "TRUSTED_PROXIES",
            "trusts the whole internet, so anybody may forge an address",
            "name the proxies' own addresses",
        ));
    }
    if config.database_replica_url.is_some() && config.database_replica_url == config.database_url {
        findings.push(Finding::warning("DATABASE_REPLICA_URL", "is the primary itself", "remove it"));
    }
    if config.secret_key.as_ref().is_some_and(|key| config.previous_keys.contains(key)) {
        findings.push(Finding::warning("ZENCALL_SECRET_KEY_PREVIOUS", "repeats the current key", "remove it there"));
    }
    if !(config.sim.speed > 0.0 && config.sim.speed <= 1000.0) {
        findings.push(Finding::refusal("ZENCALL_SIM_SPEED", "is not a speed", "give a number above 0 and up to 1000"));
    }
    if config.is_production() {
        judge_production(config, &mut findings)
    } else {
        judge_sandbox(config, &mut findings)
    }
    findings
}

fn judge_production(config: &Config, findings: &mut Vec<Finding>) {
    if is_local(&config.public_url) || config.public_url.scheme() != "https" {
        findings.push(Finding::refusal(
            "PUBLIC_URL",
            "is missing or not a public https address",
            "set it to where customers reach Zencall, for example https://zencall.example",
        ));
    } else if config.public_url.path() != "/" || config.public_url.query().is_some() {
        findings.push(Finding::refusal("PUBLIC_URL", "has a path", "leave only https://host: Zencall lives at the root of its host"));
    }
    let example = settings::EXAMPLE_KEY.parse().ok();
    let key_says = match &config.secret_key {
        None => Some("is missing"),
        key if *key == example => Some("is the example"),
        Some(key) if key.is_weak() => Some("is too regular to be random"),
        Some(_) => None,
    };
    if let Some(says) = key_says {
        findings.push(Finding::refusal("ZENCALL_SECRET_KEY", says, "draw one with `openssl rand -base64 32` and keep a copy elsewhere"));
    }
    if let Some(base) = &config.vapi.base_url {
        if is_local(base) {
            findings.push(Finding::refusal("VAPI_BASE_URL", "is a simulator's address", "remove it: production calls Vapi itself"));
        } else if base.scheme() != "https" {
            findings.push(Finding::refusal("VAPI_BASE_URL", "would send the key in the clear", "begin it with https://"));
        }
    }
    if let Some(base) = &config.twilio_base_url {
        if is_local(base) {
            findings.push(Finding::refusal("TWILIO_BASE_URL", "is a simulator's address", "remove it: production calls Twilio itself"));
        } else if base.scheme() != "https" {
            findings.push(Finding::refusal("TWILIO_BASE_URL", "would send tokens in the clear", "begin it with https://"));
        }
    }
    if config.google.as_ref().is_some_and(|google| is_local(&google.token_url) || google.token_url.scheme() != "https") {
        findings.push(Finding::refusal("GOOGLE_BASE_URL", "is not Google's", "remove it: production asks Google itself"));
    }
    if let Some(model) = &config.model
        && model.base_url.scheme() != "https"
        && model.api_key.is_some()
        && !is_local(&model.base_url)
    {
        findings.push(Finding::refusal("OPENAI_BASE_URL", "would send the key in the clear", "begin it with https://"));
    }
    if config.vapi.api_key.is_none() {
        findings.push(Finding::warning("VAPI_API_KEY", "is missing, so no call can be made", "copy the private key from Vapi's dashboard"));
    }
    if config.mail.smtp_url.is_none() {
        findings.push(Finding::warning(
            "SMTP_URL",
            "is missing, so nobody can confirm an address or set a new password",
            "give the mail server, for example smtps://user:password@host:465",
        ));
    } else if config.mail.from == settings::default_of("MAIL_FROM") {
        findings.push(Finding::warning("MAIL_FROM", "is the example's", "give an address of your own domain"));
    }
    judge_transport(config, findings);
    if config.database_url.is_none() {
        findings.push(Finding::warning(
            "DATABASE_URL",
            "is missing, so the data lives in a private PostgreSQL in the data folder",
            "give a database that is backed up",
        ));
    }
}

/// What would travel in the clear to another host, though it starts all the same.
fn judge_transport(config: &Config, findings: &mut Vec<Finding>) {
    let away = |secret: &Option<Secret>| secret.as_ref().and_then(|url| Url::parse(url.expose()).ok()).filter(|url| !is_local(url));
    let is_open_mail = away(&config.mail.smtp_url).is_some_and(|url| url.scheme() == "smtp" && url.password().is_none());
    if is_open_mail {
        findings.push(Finding::warning(
            "SMTP_URL",
            "leaves it to the mail server whether mails, and the links in them, are encrypted on their way",
            "begin it with smtps://",
        ));
    }
    let is_bound = |url: &Url| {
        url.query_pairs()
            .any(|(name, value)| name == "sslmode" && matches!(&*value, "require" | "verify-ca" | "verify-full") || name == "host")
    };
    if away(&config.database_url).is_some_and(|url| url.host_str().is_some_and(|host| !host.is_empty()) && !is_bound(&url)) {
        findings.push(Finding::warning("DATABASE_URL", "does not insist on TLS to another host", "add ?sslmode=verify-full"));
    }
}

fn judge_sandbox(config: &Config, findings: &mut Vec<Finding>) {
    if config.vapi.api_key.is_some() && config.vapi.base_url.is_none() {
        findings.push(Finding::warning(
            "VAPI_API_KEY",
            "is set, but the sandbox talks to its simulator",
            "set VAPI_BASE_URL=https://api.vapi.ai as well, or remove the key",
        ));
    }
}

fn unknown(variables: &BTreeMap<String, String>) -> Vec<Finding> {
    let ours = variables.keys().filter(|name| name.starts_with("ZENCALL_") && !settings::is_known(name));
    ours.map(|name| {
        let near = settings::SETTINGS
            .iter()
            .find(|setting| are_near(setting.name, name))
            .map_or("remove it, or look it up in .env.example".to_owned(), |setting| format!("did you mean {}?", setting.name));
        Finding::warning(name, "is not a setting", near)
    })
    .collect()
}

/// Same letters but for at most two: enough to catch a slip of the keyboard.
fn are_near(known: &str, given: &str) -> bool {
    let same_from_start = known.bytes().zip(given.bytes()).take_while(|(a, b)| a == b).count();
    let same_from_end = known.bytes().rev().zip(given.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = known.len().max(given.len());
    known.len().abs_diff(given.len()) <= 2 && longest - longest.min(same_from_start + same_from_end) <= 2
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        None => true,
        // Schemes the web does not know keep addresses as names.
        Some(url::Host::Domain(name)) => {
            let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
            is_loopback || name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
    }
}

async fn reach_database(config: &Config) -> Option<Finding> {
    let url = config.database_url.as_ref()?;
    let knock = async {
        let mut connection = PgConnection::connect(url.expose()).await?;
        let row = connection.fetch_one("select current_setting('server_version_num')::int4").await?;
        let version: i32 = row.try_get(0)?;
        connection.close().await.map(|()| version)
    };
    let remedy = "start the server, or correct host, user and password";
    match timeout(KNOCK, knock).await {
        Err(_) => Some(Finding::refusal("DATABASE_URL", format!("does not answer within {} s", KNOCK.as_secs()), remedy)),
        Ok(Err(error)) => Some(Finding::refusal("DATABASE_URL", format!("cannot be reached ({})", reason(&error)), remedy)),
        Ok(Ok(version)) if version < 150_000 => {
            Some(Finding::refusal("DATABASE_URL", format!("is PostgreSQL {}", version / 10_000), "use 15 or newer"))
        }
        Ok(Ok(_)) => None,
    }
}

/// The server's or the system's words, which hold no password.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => error.to_string(),
        _ => "the address is not understood".to_owned(),
    }
}

async fn reach_vapi(config: &Config) -> Option<Finding> {
    let base = config.vapi.base_url.as_ref()?;
    let knock = async { reqwest::Client::builder().timeout(KNOCK).build()?.get(base.clone()).send().await };
    let error = knock.await.err()?; // any answer, even 401, shows that the door is there
    let says = if error.is_timeout() { format!("does not answer within {} s", KNOCK.as_secs()) } else { "cannot be reached".to_owned() };
    Some(Finding::warning("VAPI_BASE_URL", says, "check the address and that this host may go out to it"))
}

async fn reach_mail(config: &Config) -> Option<Finding> {
    let url = Url::parse(config.mail.smtp_url.as_ref()?.expose()).ok()?;
    let port = url.port().unwrap_or(if url.scheme() == "smtps" { 465 } else { 587 });
    match timeout(KNOCK, TcpStream::connect((url.host_str()?, port))).await {
        Ok(Ok(_)) => None,
        _ => Some(Finding::warning(
            "SMTP_URL",
            format!("does not answer on port {port}"),
            "check host and port, and that this host may go out to it",
        )),
    }
}

fn writable(setting: &'static str, folder: &Path) -> Option<Finding> {
    let existing = folder.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".zencall-check-{}", uuid::Uuid::now_v7()));
    let error = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).err()?;
    Some(Finding::refusal(
        setting,
        format!("cannot be written ({}: {error})", existing.display()),
        "give the folder to the user that runs Zencall",
    ))
}

fn built(site_root: &Path) -> Option<Finding> {
    let is_built = site_root.join("pkg").is_dir();
    (!is_built).then(|| {
        Finding::warning(
            "LEPTOS_SITE_ROOT",
            format!("has no pkg folder ({})", site_root.display()),
            "run bin/build, or point it at the built site",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(pairs: &[(&str, &str)]) -> Vec<String> {
        check(&pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn an_empty_sandbox_is_in_order() {
        assert_eq!(findings(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_slip_of_the_keyboard_is_recognised() {
        assert_eq!(findings(&[("ZENCALL_DRIAN_S", "5")]), ["ZENCALL_DRIAN_S is not a setting: did you mean ZENCALL_DRAIN_S?"]);
        assert_eq!(findings(&[("ZENCALL_COLOUR", "red")]), ["ZENCALL_COLOUR is not a setting: remove it, or look it up in .env.example"]);
    }

    #[test]
    fn weak_and_contradictory_settings_are_named_without_refusing() {
        for (name, value) in [("ADMIN_BIND", "0.0.0.0:3001"), ("TRUSTED_PROXIES", "0.0.0.0/0"), ("VAPI_API_KEY", "k")] {
            let found = check(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(found[0].setting == name && !found[0].refuses_start, "{found:?}");
        }
    }

    #[test]
    fn what_would_travel_in_the_clear_is_named() {
        let production = |name: &str, value: &str| {
            let good = [
                ("ZENCALL_ENV", "production"),
                ("PUBLIC_URL", "https://zencall.example"),
                ("ZENCALL_SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            ];
            let all = good.into_iter().chain([(name, value)]).map(|(name, value)| (name.to_owned(), value.to_owned()));
            let found = check(&all.collect());
            found.iter().any(|finding| finding.setting == name && (finding.says.contains("TLS") || finding.says.contains("encrypted")))
        };
        for open in ["smtp://mail.example", "smtp://192.0.2.7:25"] {
            assert!(production("SMTP_URL", open), "{open}");
        }
        for closed in ["smtps://mail.example", "smtp://me:secret@mail.example", "smtp://127.0.0.1:25", "smtp://localhost"] {
            assert!(!production("SMTP_URL", closed), "{closed}");
        }
        for open in ["postgres://zencall@db.example/zencall", "postgres://zencall@192.0.2.7/zencall?sslmode=prefer"] {
            assert!(production("DATABASE_URL", open), "{open}");
        }
        for closed in [
            "postgres://zencall@db.example/zencall?sslmode=verify-full",
            "postgres://zencall@127.0.0.1/zencall",
            "postgres:///zencall?host=/run/postgresql",
        ] {
            assert!(!production("DATABASE_URL", closed), "{closed}");
        }
    }

    #[tokio::test]
    async fn closed_doors_are_named() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (database, vapi, mail) = (format!("postgres://u:hunter2@{closed}/z"), format!("http://{closed}"), format!("smtp://{closed}"));
        let lookup = |name: &str| match name {
            "DATABASE_URL" => Some(database.clone()),
            "VAPI_BASE_URL" => Some(vapi.clone()),
            "SMTP_URL" => Some(mail.clone()),
            "ZENCALL_DATA_DIR" => Some("/proc/zencall".to_owned()),
            "OBJECT_STORE_URL" => Some("file:///proc/objects".to_owned()),
            "LEPTOS_SITE_ROOT" => Some("/nowhere".to_owned()),
            _ => None,
        };
        let found = reach(&Config::read(&lookup).unwrap()).await;
        let names: Vec<_> = found.iter().map(|finding| finding.setting.as_str()).collect();
        assert_eq!(names, ["DATABASE_URL", "VAPI_BASE_URL", "SMTP_URL", "ZENCALL_DATA_DIR", "OBJECT_STORE_URL", "LEPTOS_SITE_ROOT"]);
        assert!(found.iter().all(|finding| !finding.to_string().contains("hunter2")));
    }
}
