//! The one table of settings. `.env.example` is written from it and a test keeps the two equal.

/// One name an operator may set.
pub struct Setting {
    pub name: &'static str,
    /// One sentence for the operator.
    pub meaning: &'static str,
    /// What applies when the name is absent; a text in brackets describes it instead of being it.
    pub default: &'static str,
    pub example: &'static str,
    /// The version that first knew it.
    pub since: &'static str,
}

/// Stands in `.env.example`; production refuses it.
pub(super) const EXAMPLE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const fn setting(name: &'static str, default: &'static str, example: &'static str, meaning: &'static str) -> Setting {
    Setting { name, meaning, default, example, since: "0.1" }
}

/// Every name, in the order of `.env.example`.
pub const SETTINGS: &[Setting] = &[
    setting(
        "ZENCALL_ENV",
        "sandbox",
        "production",
        "`sandbox` (simulators, nothing to configure) or `production` (refuses to start half configured).",
    ),
    setting(
        "PUBLIC_URL",
        "(http://BIND)",
        "https://zencall.example",
        "Where customers reach Zencall: https, without a path. Compulsory in production.",
    ),
    setting(
        "ZENCALL_SECRET_KEY",
        "(generated into the data folder)",
        EXAMPLE_KEY,
        "Seals secrets at rest: 32 bytes as base64 or hex, from `openssl rand -base64 32` (another random text of 32 letters or more does as well). Compulsory in production; keep a copy, without it sealed secrets are lost.",
    ),
    setting(
        "ZENCALL_SECRET_KEY_PREVIOUS",
        "",
        EXAMPLE_KEY,
        "Older keys that still open what they sealed, comma-separated: set during a rotation, until `zencall rotate-secrets` ran.",
    ),
    setting("BIND", "127.0.0.1:3000", "0.0.0.0:3000", "Address and port of the product. A socket passed by LISTEN_FDS wins."),
    setting(
        "ADMIN_BIND",
        "127.0.0.1:3001",
        "127.0.0.1:9100",
        "Address and port of /metrics and the operator's endpoints: never open it to the world.",
    ),
    setting(
        "TRUSTED_PROXIES",
        "",
        "10.0.0.0/8, 192.0.2.7",
        "Proxies whose X-Forwarded-For and -Proto are believed. Empty: forwarded headers are ignored.",
    ),
    setting(
        "DATABASE_URL",
        "(a private PostgreSQL in the data folder)",
        "postgres://zencall@db.internal/zencall",
        "PostgreSQL 15 or newer. The user owns the database and may create roles once, for `migrate`.",
    ),
    setting("DATABASE_REPLICA_URL", "", "postgres://zencall@replica.internal/zencall", "Reserved: a read replica. Accepted, not used yet."),
    setting("REDIS_URL", "", "redis://redis.internal", "Reserved: for several hosts. Accepted, not used yet."),
    setting("ZENCALL_DATABASE_POOL", "20", "40", "Database connections one process may hold."),
    setting("ZENCALL_DATA_DIR", "./data", "/var/lib/zencall", "Folder for the private PostgreSQL, the sandbox's key and stored objects."),
    setting("LEPTOS_SITE_ROOT", "site", "/usr/share/zencall/site", "Folder of the browser's files, as `bin/build` leaves it."),
    setting(
        "OBJECT_STORE_URL",
        "(the folder `objects` in the data folder)",
        "s3://zencall-recordings/eu",
        "Where recordings lie: file:///folder or s3://bucket/prefix.",
    ),
    setting("AWS_ACCESS_KEY_ID", "", "AKIA…", "For s3://, as every AWS program reads it."),
    setting("AWS_SECRET_ACCESS_KEY", "", "…", "For s3://."),
    setting("AWS_REGION", "", "eu-west-3", "For s3://."),
    setting("AWS_ENDPOINT", "", "https://s3.fr-par.scw.cloud", "For s3:// at another provider than AWS."),
    setting("VAPI_BASE_URL", "(the simulator; in production https://api.vapi.ai)", "https://api.vapi.ai", "Where Vapi answers."),
    setting("VAPI_API_KEY", "", "…", "Vapi's private key."),
    setting("VAPI_PUBLIC_KEY", "", "…", "Vapi's public key, handed to browsers."),
    setting(
        "TWILIO_BASE_URL",
        "(the simulator; in production https://api.twilio.com)",
        "https://api.twilio.com",
        "Where Twilio answers. Each organisation brings its own account.",
    ),
    setting(
        "GOOGLE_CLIENT_ID",
        "(in the sandbox the simulator's; in production none)",
        "123-abc.apps.googleusercontent.com",
        "The OAuth client people sign in with Google through; PUBLIC_URL/sign-in/google/return is its redirect address. Without it nobody is offered to.",
    ),
    setting("GOOGLE_CLIENT_SECRET", "", "GOCSPX-…", "Its secret."),
    setting("GOOGLE_BASE_URL", "(Google itself)", "http://127.0.0.1:3010", "What stands in for Google, in the sandbox only."),
    setting(
        "OPENAI_BASE_URL",
        "(none; with OPENAI_API_KEY https://api.openai.com/v1)",
        "http://127.0.0.1:11434/v1",
        "A model that analyses finished calls: any server that speaks OpenAI's chat completions. Without it rules do, and the page says so.",
    ),
    setting("OPENAI_API_KEY", "", "sk-…", "Its key; servers of your own may want none."),
    setting("ZENCALL_MODEL", "gpt-6-luna", "gpt-6-luna", "The model's name."),
    setting(
        "ZENCALL_MODEL_PRICES",
        "0.10/0.50",
        "0.10/0.50",
        "What it costs, in dollars a million tokens: in/out. 0/0 for a server of your own.",
    ),
    setting("ZENCALL_MODEL_CAP_USD", "5", "20", "Dollars that the analyses of one organisation may cost a month; then rules do them."),
    setting("ZENCALL_MODEL_DEADLINE_S", "45", "30", "Seconds an answer of the model may take."),
    setting(
        "ZENCALL_DNS",
        "(the system's)",
        "192.0.2.53:53",
        "The DNS server that is asked whether a mail domain is an organisation's: address and port. In the sandbox the simulator is.",
    ),
    setting("SMTP_URL", "(the simulator's mailbox)", "smtps://user:password@smtp.example:465", "The mail server: smtps:// or smtp://."),
    setting("MAIL_FROM", "Zencall <hello@zencall.example>", "Zencall <hello@zencall.example>", "Sender of every mail."),
    setting("ZENCALL_SSRF_ALLOW", "", "127.0.0.1:9000", "host:port pairs that outgoing webhooks may reach although private; for tests."),
    setting(
        "SECURITY_CONTACT",
        "(nothing is served)",
        "mailto:security@zencall.example",
        "Where weaknesses may be reported, as /.well-known/security.txt tells: mailto: or https:.",
    ),
    setting("ZENCALL_DRAIN_S", "20", "20", "Seconds a stopping process may take to finish what it began."),
    setting(
        "ZENCALL_JOURNAL_DAYS",
        "30",
        "30",
        "Days that applied deliveries stay in the journal of incoming webhooks; refused and dead ones stay 90, or as long.",
    ),
    setting("ZENCALL_LOG", "info", "info,zencall=debug", "What is logged, as tracing's filter reads it."),
    setting("ZENCALL_LOG_FORMAT", "(text; in production json)", "json", "`text` or `json`."),
    setting("ZENCALL_SIM_BIND", "127.0.0.1:3010", "127.0.0.1:3010", "Sandbox: where the simulators listen."),
    setting("ZENCALL_SIM_SPEED", "1", "20", "Sandbox: how many times faster than the clock a simulated call runs."),
    setting("OTEL_EXPORTER_OTLP_ENDPOINT", "", "http://127.0.0.1:4318", "Reserved: traces. Accepted, not used yet."),
    setting("SENTRY_DSN", "", "https://key@sentry.example/1", "Reserved: error reports. Accepted, not used yet."),
];

/// The text of `.env.example`.
pub fn env_example() -> String {
    let head = "# Zencall's settings. Every line is optional in the sandbox; `zencall check` says what production still needs.\n\
                # Written from src/platform/config/settings.rs: BLESS=1 cargo test --features ssr --lib env_example\n";
    let mut text = head.to_owned();
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "none" } else { setting.default };
        text.push_str(&format!(
            "\n# {}\n# Default: {default}. Since {}.\n#{}={}\n",
            setting.meaning, setting.since, setting.name, setting.example
        ));
    }
    text
}

pub(super) fn is_known(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name)
}

/// The literal default; empty when the table only describes it.
pub(super) fn default_of(name: &str) -> &'static str {
    let default = find(name).default;
    if default.starts_with('(') { "" } else { default }
}

pub(super) fn example_of(name: &str) -> &'static str {
    find(name).example
}

fn find(name: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.name == name).unwrap_or_else(|| panic!("{name} is missing in the table of settings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_example_is_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, env_example()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), env_example(), "write it again with BLESS=1");
    }

    #[test]
    fn every_name_stands_once() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert!(SETTINGS[..index].iter().all(|earlier| earlier.name != setting.name), "{} stands twice", setting.name);
        }
    }
}
