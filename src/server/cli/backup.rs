//! `zencall backup DIR` and `zencall restore DIR`.

use super::say;
use crate::{
    platform::config::{Config, create_data_dir},
    server::{backup, boot},
};
use anyhow::Context;
use std::{fs, path::Path};

/// Saves everything. Servers may run meanwhile.
pub async fn save(config: Config, folder: &Path) -> anyhow::Result<()> {
    let own_key = config.own_key_file();
    let boot = boot::quietly(config).await?;
    let saved = backup::backup(&boot.core, folder).await;
    boot.close().await?;
    let saved = saved?;
    if let Some(own_key) = own_key {
        fs::copy(&own_key, folder.join(backup::KEY)).with_context(|| format!("copying {}", own_key.display()))?;
    }
    say(format!("saved {} rows of {} tables and {} files in {}", saved.rows(), saved.tables.len(), saved.files.len(), folder.display()));
    Ok(())
}

/// Puts everything back into an empty database, and says so once all checksums agree.
pub async fn restore(config: Config, folder: &Path) -> anyhow::Result<()> {
    backup::check(folder)?;
    let key = folder.join(backup::KEY);
    if let Some(own_key) = config.own_key_file().filter(|own_key| key.exists() && !own_key.exists()) {
        create_data_dir(&config.data_dir)?;
        fs::copy(&key, &own_key).with_context(|| format!("writing {}", own_key.display()))?;
    }
    let boot = boot::quietly_as_it_is(config).await?;
    let restored = backup::restore(&boot.core, folder).await;
    boot.close().await?;
    let restored = restored?;
    say(format!(
        "restored {} rows of {} tables and {} files; all checksums agree",
        restored.rows(),
        restored.tables.len(),
        restored.files.len()
    ));
    Ok(())
}
