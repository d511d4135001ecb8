//! Secrets and signatures, exactly as Standard Webhooks has them. Source: protocols sheet "notify", 1.2 and 1.3.

use crate::{
    platform::{Core, SystemTx, crypto},
    shared::ids::OrgId,
};
use anyhow::Context;
use base64::prelude::*;
use hmac::{Hmac, KeyInit, Mac};

const PREFIX: &str = "whsec_";
/// What the vault authenticates beside the organisation.
const SECRET: &str = "webhook_secret";
const HEADERS: &str = "webhook_headers";

/// A new secret, as customers get to see it.
pub fn draw() -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(crypto::random::<32>()))
}

/// One signature over `id.timestamp.body`. Errors: the secret is none.
pub fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> anyhow::Result<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX).context("no whsec_ before the secret")?)?;
    let mac = Hmac::<sha2::Sha256>::new_from_slice(&key)?.chain_update(format!("{id}.{timestamp}.{body}"));
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

/// Seals a secret for its organisation.
pub fn seal(core: &Core, org: OrgId, secret: &str) -> anyhow::Result<Vec<u8>> {
    core.vault.seal(org.0, SECRET, secret.as_bytes())
}

/// Opens what [`seal`] made.
pub fn open(core: &Core, org: OrgId, sealed: &[u8]) -> anyhow::Result<String> {
    Ok(String::from_utf8(core.vault.open(org.0, SECRET, sealed)?)?)
}

/// Seals headers with their values.
pub fn seal_headers(core: &Core, org: OrgId, headers: &[(String, String)]) -> anyhow::Result<Vec<u8>> {
    core.vault.seal(org.0, HEADERS, &serde_json::to_vec(headers)?)
}

/// Opens what [`seal_headers`] made.
pub fn open_headers(core: &Core, org: OrgId, sealed: &[u8]) -> anyhow::Result<Vec<(String, String)>> {
    Ok(serde_json::from_slice(&core.vault.open(org.0, HEADERS, sealed)?)?)
}

/// Seals under the master key in front what an older one sealed. Returns how many endpoints that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let rows =
        sqlx::query!(r#"select id, org_id, secret_sealed, previous_sealed, headers_sealed from webhook_endpoints order by id for update"#)
            .fetch_all(tx.conn())
            .await?;
    let mut count = 0;
    for row in rows {
        let again = |purpose, sealed: Option<&[u8]>| -> anyhow::Result<Option<Vec<u8>>> {
            Ok(sealed.map(|sealed| core.vault.reseal(row.org_id, purpose, sealed)).transpose()?.flatten())
        };
        let secret = again(SECRET, Some(&row.secret_sealed))?;
        let previous = again(SECRET, row.previous_sealed.as_deref())?;
        let headers = again(HEADERS, row.headers_sealed.as_deref())?;
        if secret.is_some() || previous.is_some() || headers.is_some() {
            sqlx::query!(
                "update webhook_endpoints set secret_sealed = coalesce($2, secret_sealed), previous_sealed = coalesce($3, previous_sealed),
                   headers_sealed = coalesce($4, headers_sealed), updated_at = now() where id = $1",
                row.id,
                secret,
                previous,
                headers
            )
            .execute(tx.conn())
            .await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_standard_is_met() {
        let made = signature(
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(made.expect("signed"), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn a_drawn_secret_signs_and_another_text_does_not() {
        assert!(signature(&draw(), "a", 1, "{}").is_ok() && draw() != draw());
        assert!(signature("secret", "a", 1, "{}").is_err() && signature("whsec_?", "a", 1, "{}").is_err());
    }
}
