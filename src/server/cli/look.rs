//! `check`, `routes` and `deps`: what the program says of itself.

use super::say;
use crate::{
    platform::{
        config::{self, Config},
        outbound,
    },
    server::door_list::{DOORS, Who},
};
use std::collections::BTreeMap;

/// Names each missing, weak or contradictory setting and unreachable dependency. Errors: when there is any.
pub async fn check() -> anyhow::Result<()> {
    let variables: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    let mut findings = config::check(&variables);
    if let Ok(config) = Config::from_env() {
        findings.extend(config::reach(&config).await);
    }
    for finding in &findings {
        say(format!("{} {finding}", if finding.refuses_start { "refused:" } else { "note:" }));
    }
    match findings.len() {
        0 => say("everything is in place"),
        1 => anyhow::bail!("one thing to look at"),
        many => anyhow::bail!("{many} things to look at"),
    }
    Ok(())
}

/// Every door.
pub fn routes(as_json: bool) -> anyhow::Result<()> {
    if as_json {
        say(serde_json::to_string_pretty(DOORS)?);
        return Ok(());
    }
    for door in DOORS {
        let who = match door.who {
            Who::Needs(permission) => permission.to_string(),
            Who::SignedIn => "signed in".into(),
            Who::Public(why) => format!("public: {why}"),
        };
        say(format!("{:6} {:60} {who}", door.method, door.path));
    }
    Ok(())
}

/// Every dependency that is called over the network.
pub fn deps(as_json: bool) -> anyhow::Result<()> {
    let deps = outbound::deps();
    if as_json {
        say(serde_json::to_string_pretty(&deps)?);
        return Ok(());
    }
    for dep in deps {
        say(format!(
            "{:16} connect {} s, read {} s, total {} s, {} attempts; {}; breaker {}",
            dep.name, dep.connect_s, dep.read_s, dep.total_s, dep.attempts, dep.retry, dep.breaker
        ));
    }
    Ok(())
}
