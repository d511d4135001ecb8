//! `zencall verify`: the audit log of every organisation holds together, and still has what it had when it was looked at last.

use super::say;
use crate::{
    audit::server::heads::{self, Head},
    platform::config::Config,
    server::boot,
};
use anyhow::Context;
use clap::Args;
use std::{fs, path::PathBuf};

#[derive(Args)]
pub struct Verify {
    /// Print the heads as JSON, to be kept somewhere else
    #[arg(long)]
    json: bool,
    /// Heads printed earlier with --json: each has to be in its chain still
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// Follows every chain. Errors: when one is broken, or has lost what it had.
pub async fn run(config: Config, options: Verify) -> anyhow::Result<()> {
    let known = match &options.against {
        Some(path) => {
            let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            serde_json::from_slice::<Vec<Head>>(&text).with_context(|| format!("{} has no heads in it", path.display()))?
        }
        None => Vec::new(),
    };
    let boot = boot::quietly(config).await?;
    let (heads, faults) = heads::check(&boot.core, known).await?;
    if options.json {
        say(serde_json::to_string_pretty(&heads)?);
    } else {
        heads.iter().for_each(|head| say(format!("{} {} entries {}", head.org, head.entries, head.head)));
    }
    boot.close().await?;
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
