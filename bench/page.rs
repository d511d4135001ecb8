//! What a first visit costs: bytes over the wire against their budgets, and the paint of a slow phone in Chromium.

use crate::place::{Place, report};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::Stdio;
use tokio::process::Command;

/// Runs it all; fails when a budget of bytes is not kept.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let mut place = Place::make().await?;
    let org = place.seed(300, 1).await?.pop().context("an organisation")?;
    place.serve().await?;
    let cookie = place.sign_in(&org).await?;
    let base = format!("http://{}", place.address);
    let visits = if is_quick { "2" } else { "7" };
    let ran = Command::new("node").args(["end2end/first-load.mjs", &base, &cookie, visits]).stderr(Stdio::inherit()).output().await?;
    ensure!(ran.status.success(), "end2end/first-load.mjs failed");
    let pages: Vec<Value> = serde_json::from_slice(&ran.stdout).context("what end2end/first-load.mjs printed")?;
    let is_kept = pages.iter().all(|page| page["ratio"].as_f64().is_some_and(|ratio| ratio >= 1.0));
    pages.into_iter().for_each(|page| report("first_load", page));
    place.end().await?;
    ensure!(is_kept, "a page is over its budget");
    Ok(())
}
