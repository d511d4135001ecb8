//! From settings to a [`Core`]: database, schema, simulators, files.

use crate::platform::{
    Core,
    bus::Bus,
    clock::Clock,
    config::{Config, LogFormat, ObjectsConfig},
    core::Parts,
    crypto::Vault,
    db,
    private_pg::{self, PrivatePg},
};
use anyhow::Context;
use object_store::{ObjectStore, aws::AmazonS3Builder, local::LocalFileSystem, prefix::PrefixStore};
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What was started and has to be stopped.
pub struct Boot {
    pub core: Core,
    pub private_pg: Option<PrivatePg>,
}

/// The log, once per process. `RUST_LOG`-style filter and shape come from the settings.
pub fn start_logging(config: &Config) {
    use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    let filter = EnvFilter::try_new(&config.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = match config.log.format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
        LogFormat::Text => fmt::layer().with_writer(std::io::stderr).boxed(),
    };
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init(); // a second call, in tests, changes nothing
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

/// Everything a door or worker needs, on a database that is open.
pub fn core(config: Config, pool: PgPool) -> anyhow::Result<Core> {
    let vault = Vault::new(&config.secret_keys()?);
    let files = files(&config.objects)?;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(Core::new(Parts {
        pool,
        config,
        clock: Clock::system(),
        vault,
        bus: Bus::default(),
        files,
        hashing: Semaphore::new(cores),
        draining: CancellationToken::new(),
    }))
}

/// Opens the database and builds the core, without touching the schema.
pub async fn open(config: Config) -> anyhow::Result<Boot> {
    let (pool, private_pg) = database(&config).await?;
    Ok(Boot { core: core(config, pool)?, private_pg })
}

fn files(config: &ObjectsConfig) -> anyhow::Result<Arc<dyn ObjectStore>> {
    Ok(match config {
        ObjectsConfig::Folder(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
            Arc::new(LocalFileSystem::new_with_prefix(folder)?)
        }
        ObjectsConfig::S3 { bucket, prefix } => {
            let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build().context("opening the object store")?;
            Arc::new(PrefixStore::new(store, prefix.as_str()))
        }
    })
}
