//! `zencall seed`.

use super::say;
use crate::{
    platform::config::Config,
    server::{boot, seed},
};
use clap::Args;

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
pub async fn run(config: Config, wanted: Seed) -> anyhow::Result<()> {
    let boot = boot::quietly(config).await?;
    let made = seed::seed(&boot.core, seed::Amount { orgs: wanted.orgs, calls: wanted.calls, seed: wanted.seed }).await;
    boot.close().await?;
    let made = made?;
    if wanted.json {
        say(serde_json::to_string_pretty(&made)?);
        return Ok(());
    }
    if wanted.contacts > 0 {
        say("contacts do not exist yet: --contacts changed nothing");
    }
    say(format!("{} organisations, {} calls", made.len(), wanted.calls));
    for access in made {
        say(format!("{}  {}  {}", access.org_id, access.owner_email, access.password));
    }
    Ok(())
}
