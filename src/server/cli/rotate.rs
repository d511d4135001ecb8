//! `zencall rotate-secrets`: everything sealed is sealed again under the key in front. Servers may run meanwhile: they open both.

use super::say;
use crate::{account, calls, integrations, numbers, platform::Core, platform::config::Config, reception, server::boot, webhooks};

/// Opens the database, seals again, prints what was done. Errors: a value that no configured key opens.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let boot = boot::quietly(config).await?;
    let done = reseal(&boot.core).await;
    boot.close().await?;
    let [addresses, factors, calls, tools, twilio, endpoints] = done?;
    say(format!(
        "sealed again: {addresses} webhook addresses, {factors} second factors, {calls} live calls, {tools} tools, {twilio} Twilio accounts, \
         {endpoints} outgoing webhooks"
    ));
    say("API keys follow by themselves, each when it is next used");
    Ok(())
}

/// Every sealed column of the schema, slice by slice. Returns how many rows of each kind changed.
pub async fn reseal(core: &Core) -> anyhow::Result<[usize; 6]> {
    Ok([
        integrations::server::secret::reseal(core).await?,
        account::server::reseal_second_factors(core).await?,
        calls::server::control::reseal(core).await?,
        reception::server::reseal(core).await?,
        numbers::server::reseal(core).await?,
        webhooks::server::reseal(core).await?,
    ])
}
