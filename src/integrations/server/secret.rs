//! Webhook secrets and tokens: drawing, sealing, opening.

use super::store::{self, Row};
use crate::{
    integrations::model::WebhookAuth,
    platform::{Core, SystemTx, crypto},
    shared::ids::OrgId,
};
use anyhow::Context;
use base64::prelude::*;
use chrono::{DateTime, Utc};

/// What the vault authenticates beside the organisation. The webhook door opens under the same names.
pub const TOKEN: &str = "hook_token";
/// See [`TOKEN`].
pub const SECRET: &str = "hook_secret";

/// A new secret: base64 of 32 random bytes, so that it serves as text and, for who wants that, as base64.
pub fn draw() -> String {
    BASE64_STANDARD.encode(crypto::random::<32>())
}

/// The bytes a signature is keyed with. Errors: settings say base64, the secret is none.
pub fn key_bytes(auth: &WebhookAuth, secret: &str) -> anyhow::Result<Vec<u8>> {
    if !auth.secret_is_base64 {
        return Ok(secret.as_bytes().to_vec());
    }
    // Svix writes a prefix that is not part of the key.
    BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).context("the secret is not base64")
}

/// Seals a secret for its organisation.
pub fn seal(core: &Core, org: OrgId, purpose: &str, text: &str) -> anyhow::Result<Vec<u8>> {
    core.vault.seal(org.0, purpose, text.as_bytes())
}

/// Opens what [`seal`] made.
pub fn open(core: &Core, org: OrgId, purpose: &str, sealed: &[u8]) -> anyhow::Result<String> {
    Ok(String::from_utf8(core.vault.open(org.0, purpose, sealed)?)?)
}

/// The secrets that are accepted now: the current one, and the one before it for a day.
pub fn accepted(core: &Core, org: OrgId, row: &Row, now: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let previous = row.previous_secret_sealed.as_ref().filter(|_| row.previous_until.is_some_and(|until| until > now));
    std::iter::once(&row.secret_sealed).chain(previous).map(|sealed| open(core, org, SECRET, sealed)).collect()
}

/// Seals under the master key in front what an older one sealed. Returns how many addresses that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let mut count = 0;
    for row in store::lock_sealed(tx.conn()).await? {
        let again = |purpose, sealed: &[u8]| core.vault.reseal(row.org.0, purpose, sealed);
        let token = again(TOKEN, &row.token)?;
        let secret = again(SECRET, &row.secret)?;
        let previous = row.previous.as_deref().map(|sealed| again(SECRET, sealed)).transpose()?.flatten();
        if token.is_some() || secret.is_some() || previous.is_some() {
            store::reseal(tx.conn(), row.org, token.as_deref(), secret.as_deref(), previous.as_deref()).await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}
