//! From settings to a [`Core`]: database, schema, simulators, files.

use crate::{
    platform::{
        Core,
        bus::Bus,
        clock::Clock,
        config::{Config, GoogleConfig, LogFormat, ObjectsConfig, Secret, TWILIO_ADDRESS, create_data_dir},
        core::Parts,
        crypto::Vault,
        db,
        mail::Mailer,
        outbound::guard::Guarded,
        private_pg::{self, PrivatePg},
    },
    providers::{
        dns::Dns,
        google::Google,
        model::Model,
        sim::{GOOGLE_CLIENT, GOOGLE_SECRET, Mailbox, Sim, SimOptions},
        twilio::Twilio,
        vapi::{Vapi, VapiSettings},
    },
};
use anyhow::Context;
use object_store::{ObjectStore, aws::AmazonS3Builder, local::LocalFileSystem, prefix::PrefixStore};
use sqlx::PgPool;
use std::{fs::DirBuilder, io::IsTerminal, net::SocketAddr, os::unix::fs::DirBuilderExt, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What was started and has to be stopped.
pub struct Boot {
    pub core: Core,
    pub private_pg: Option<PrivatePg>,
    pub sim: Option<Sim>,
}

impl Boot {
    /// Ends what was started, the database last.
    pub async fn close(self) -> anyhow::Result<()> {
        self.core.lanes.close().await;
        self.core.pool.close().await;
        if let Some(sim) = self.sim {
            sim.stop();
        }
        match self.private_pg {
            Some(private) => private.stop().await,
            None => Ok(()),
        }
    }
}

/// The log, once per process. `RUST_LOG`-style filter and shape come from the settings.
pub fn start_logging(config: &Config) {
    use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    let filter = EnvFilter::try_new(&config.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = match config.log.format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
        LogFormat::Text => fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).boxed(),
    };
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init(); // a second call, in tests, changes nothing
}

/// For commands that call no provider and may run beside a server: no simulator is started, the schema is brought up to date.
pub async fn quietly(config: Config) -> anyhow::Result<Boot> {
    let boot = quietly_as_it_is(config).await?;
    migrate(&boot.core.pool).await?;
    Ok(boot)
}

/// The same, whatever the schema is.
pub async fn quietly_as_it_is(mut config: Config) -> anyhow::Result<Boot> {
    let (pool, private_pg) = database(&config).await?;
    if !config.is_production() {
        // The address is that of the simulator `serve` will run: jobs written now are for it.
        config.vapi.base_url.get_or_insert(Url::parse(&format!("http://{}", config.sim.bind))?);
        config.vapi.api_key.get_or_insert(Secret::from("sandbox-key".to_owned()));
    }
    let simulator = config.vapi.base_url.clone().filter(|_| !config.is_production());
    Ok(Boot { core: core(config, pool, simulator, None)?, private_pg, sim: None })
}

/// Opens the database: the given one, or a private one in the data folder.
pub async fn database(config: &Config) -> anyhow::Result<(PgPool, Option<PrivatePg>)> {
    match &config.database_url {
        Some(url) => Ok((db::connect(url.expose(), config.database_pool).await.context("connecting to DATABASE_URL")?, None)),
        None => {
            let private = private_pg::start(&config.data_dir).await.context("starting the private PostgreSQL")?;
            let pool = db::connect(&private.url, config.database_pool).await.context("connecting to the private PostgreSQL")?;
            Ok((pool, Some(private)))
        }
    }
}

/// Brings the schema up to date; several processes may do so at once.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    crate::MIGRATOR.run(pool).await.context("applying migrations")
}

/// The sandbox's own providers, when no other address is set; tells the settings where they answer.
pub async fn simulators(config: &mut Config) -> anyhow::Result<Option<Sim>> {
    if config.is_production() || config.vapi.base_url.is_some() {
        return Ok(None);
    }
    let key = "sandbox-key".to_owned();
    let options = SimOptions {
        bind: config.sim.bind,
        smtp_bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        seed: 1,
        speed: config.sim.speed,
        api_key: key.clone(),
        public_key: "sandbox-public-key".into(),
    };
    create_data_dir(&config.data_dir).with_context(|| format!("creating {}", config.data_dir.display()))?;
    let sim = Sim::start(options).await.context("starting the simulators")?;
    sim.keep_in(config.data_dir.join("simulator.json")).await.context("reading what the simulator knew")?;
    config.vapi.base_url = Some(Url::parse(&sim.base_url())?);
    config.vapi.api_key = Some(Secret::from(key));
    config.vapi.public_key = Some("sandbox-public-key".into());
    config.dns = config.dns.or(Some(sim.dns_addr));
    if config.mail.smtp_url.is_none() {
        config.mail.smtp_url = Some(Secret::from(format!("smtp://{}", sim.smtp_addr)));
    }
    Ok(Some(sim))
}

/// The clients of the outside services.
pub fn providers(config: &Config) -> anyhow::Result<http::Extensions> {
    let mut providers = http::Extensions::new();
    providers.insert(Vapi::new(VapiSettings {
        base_url: config.vapi.base_url.clone().context("VAPI_BASE_URL is not set")?,
        api_key: config.vapi.api_key.clone().context("VAPI_API_KEY is not set")?,
        public_key: config.vapi.public_key.clone(),
    }));
    providers.insert(Twilio::new(twilio_address(config)?));
    providers.insert(Guarded::new(&config.ssrf_allow));
    match Dns::new(config.dns) {
        Ok(dns) => drop(providers.insert(dns)),
        Err(error) => tracing::warn!(%error, "mail domains cannot be proven: set ZENCALL_DNS"),
    }
    if let Some(google) = google(config)? {
        providers.insert(google);
    }
    if let Some(model) = &config.model {
        providers.insert(Model::new(model));
    }
    if let Some(smtp_url) = &config.mail.smtp_url {
        providers.insert(Mailer::new(smtp_url.expose(), &config.mail.from)?);
    }
    Ok(providers)
}

/// Where Twilio answers: as set; else the simulator that stands in for Vapi stands in for it, too.
fn twilio_address(config: &Config) -> anyhow::Result<Url> {
    let simulator = config.vapi.base_url.as_ref().filter(|base| base.host_str().is_some_and(|host| !host.ends_with("vapi.ai")));
    match config.twilio_base_url.as_ref().or(simulator) {
        Some(url) => Ok(url.clone()),
        None => Ok(Url::parse(TWILIO_ADDRESS)?),
    }
}

/// Google as set; in the sandbox else the simulator that stands in for Vapi.
fn google(config: &Config) -> anyhow::Result<Option<Google>> {
    let simulator = config.vapi.base_url.as_ref().filter(|base| base.host_str().is_some_and(|host| !host.ends_with("vapi.ai")));
    let of_simulator = |base| GoogleConfig::new(GOOGLE_CLIENT.into(), Secret::from(GOOGLE_SECRET.to_owned()), Some(base));
    let google = match (&config.google, simulator) {
        (Some(google), _) => google.clone(),
        (None, Some(base)) if !config.is_production() => of_simulator(base)?,
        (None, _) => return Ok(None),
    };
    Ok(Some(Google::new(&google, &config.public_url.join("sign-in/google/return")?)))
}

/// Everything a door or worker needs, on a database that is open.
pub fn core(config: Config, pool: PgPool, simulator: Option<Url>, mailbox: Option<Mailbox>) -> anyhow::Result<Core> {
    let mut providers = providers(&config)?;
    if let Some(mailbox) = mailbox {
        providers.insert(mailbox);
    }
    let vault = Vault::new(&config.secret_keys()?);
    let files = files(&config.objects)?;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(Core::new(Parts {
        lanes: db::beside(&pool, 3),
        pool,
        config,
        clock: Clock::system(),
        vault,
        bus: Bus::default(),
        api: Default::default(),
        refusals: Default::default(),
        providers,
        simulator,
        files,
        hashing: Semaphore::new(cores),
        draining: CancellationToken::new(),
    }))
}

/// Starts what the settings leave to us, opens the database and builds the core, without touching the schema.
pub async fn open(mut config: Config) -> anyhow::Result<Boot> {
    let sim = simulators(&mut config).await?;
    let simulator = if config.is_production() { None } else { config.vapi.base_url.clone() };
    let (pool, private_pg) = database(&config).await?;
    Ok(Boot { core: core(config, pool, simulator, sim.as_ref().map(Sim::mailbox))?, private_pg, sim })
}

fn files(config: &ObjectsConfig) -> anyhow::Result<Arc<dyn ObjectStore>> {
    Ok(match config {
        ObjectsConfig::Folder(folder) => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("creating {}", folder.display()))?;
            Arc::new(LocalFileSystem::new_with_prefix(folder)?)
        }
        ObjectsConfig::S3 { bucket, prefix } => {
            let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build().context("opening the object store")?;
            Arc::new(PrefixStore::new(store, prefix.as_str()))
        }
    })
}
