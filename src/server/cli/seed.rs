//! `zencall seed`.

use crate::{
    platform::config::{Config, Secret},
    server::{boot, seed},
};
use clap::Args;
use url::Url;

/// How much to make.
#[derive(Args)]
pub struct Seed {
    /// Organisations
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    orgs: u32,
    /// Calls in all, shared between the organisations
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=20_000_000))]
    calls: u32,
    /// Reserved: contacts do not exist yet, so the number changes nothing
    #[arg(long, default_value_t = 0)]
    contacts: u32,
    /// The same number makes the same people, words and numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print each organisation's access as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

/// Migrates, makes, prints.
pub async fn run(mut config: Config, wanted: Seed) -> anyhow::Result<()> {
    let (pool, private) = boot::database(&config).await?;
    boot::migrate(&pool).await?;
    if !config.is_production() {
        // No provider is called here: the address is that of the simulator `serve` will run, whose jobs are written now.
        config.vapi.base_url.get_or_insert(Url::parse(&format!("http://{}", config.sim.bind))?);
        config.vapi.api_key.get_or_insert(Secret::from("sandbox-key".to_owned()));
    }
    let simulator = config.vapi.base_url.clone().filter(|_| !config.is_production());
    let core = boot::core(config, pool.clone(), simulator, None)?;
    let made = seed::seed(&core, seed::Amount { orgs: wanted.orgs, calls: wanted.calls, seed: wanted.seed }).await;
    pool.close().await;
    if let Some(private) = private {
        private.stop().await?;
    }
    let made = made?;
    if wanted.json {
        println!("{}", serde_json::to_string_pretty(&made)?);
        return Ok(());
    }
    if wanted.contacts > 0 {
        println!("contacts do not exist yet: --contacts changed nothing");
    }
    println!("{} organisations, {} calls", made.len(), wanted.calls);
    for access in made {
        println!("{}  {}  {}", access.org_id, access.owner_email, access.password);
    }
    Ok(())
}
