//! Codes from an app (RFC 6238: SHA-1, six digits, 30 s, one step either way, which every app understands) and codes on paper.

use super::store;
use crate::{
    account::model::QrCode,
    platform::{Core, SystemTx, crypto},
    shared::{error::AppError, ids::AccountId},
};
use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use qrcodegen::QrCodeEcc;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

/// How many codes on paper.
pub const RECOVERY_CODES: usize = 10;
/// Letters and figures that are not taken for each other when read from paper.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
const RECOVERY_LENGTH: usize = 16;

/// What was typed as a second factor.
pub enum Code {
    /// Six digits of an app.
    App(String),
    /// One of the codes on paper, as it is kept.
    Recovery(Vec<u8>),
}

impl Code {
    /// Reads either kind, with the spaces and dashes people type. Errors: `code.shape`.
    pub fn typed(account: AccountId, text: &str) -> Result<Self, &'static str> {
        if text.len() > 64 {
            return Err("code.shape");
        }
        let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect();
        match bare.len() {
            6 if bare.bytes().all(|b| b.is_ascii_digit()) => Ok(Self::App(bare)),
            RECOVERY_LENGTH if bare.bytes().all(|b| ALPHABET.contains(&b)) => Ok(Self::Recovery(recovery_hash(account, &bare))),
            _ => Err("code.shape"),
        }
    }
}

/// A new secret: 160 bits.
pub fn new_secret() -> [u8; 20] {
    crypto::random()
}

/// As it lies in the table. It belongs to a person, not to an organisation.
pub fn seal(core: &Core, account: AccountId, secret: &[u8]) -> Result<Vec<u8>, AppError> {
    Ok(core.vault.seal(Uuid::nil(), &purpose(account), secret)?)
}

/// What [`seal`] made.
pub fn open(core: &Core, account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, AppError> {
    Ok(core.vault.open(Uuid::nil(), &purpose(account), sealed)?)
}

/// Seals under the master key in front what an older one sealed. Returns how many second factors that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let mut count = 0;
    for (account, sealed) in store::lock_totp_secrets(&mut tx).await? {
        if let Some(again) = core.vault.reseal(Uuid::nil(), &purpose(account), &sealed)? {
            store::reseal_totp(&mut tx, account, &again).await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}

fn purpose(account: AccountId) -> String {
    format!("totp {account}")
}

/// The step a code belongs to, when it is one of the three that are good now.
pub fn step_of(secret: &[u8], code: &str, now: DateTime<Utc>) -> anyhow::Result<Option<i64>> {
    let step = totp(secret, "x")?.check(code, u64::try_from(now.timestamp())?);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// What an app reads: the secret in letters, and the picture of its address.
pub fn enrolment(secret: &[u8], email: &str) -> anyhow::Result<(String, QrCode)> {
    let totp = totp(secret, email)?;
    let address = totp.to_url().map_err(|error| anyhow!("{error}"))?;
    let code = qrcodegen::QrCode::encode_text(&address, QrCodeEcc::Medium).ok().context("an address too long for a picture")?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let secret = totp.secret().to_base32();
    let grouped: Vec<&str> = secret.as_bytes().chunks(4).filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
    Ok((grouped.join(" "), QrCode { size: code.size().unsigned_abs(), path }))
}

fn totp(secret: &[u8], email: &str) -> anyhow::Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(email)
        .with_issuer(Some("Zencall"))
        .build()
        .map_err(|error| anyhow!("{error}"))
}

/// Codes for paper, 80 bits each, in groups of four.
pub fn recovery_codes() -> Vec<String> {
    let one = || {
        let letters: Vec<char> =
            crypto::random::<RECOVERY_LENGTH>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// What is kept of a code on paper; 80 random bits need no slow hash.
pub fn recovery_hash(account: AccountId, code: &str) -> Vec<u8> {
    let bare: String = code.chars().filter(|c| *c != '-').collect();
    Sha256::digest(format!("{account} {bare}")).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone() -> AccountId {
        AccountId(Uuid::from_u128(7))
    }

    #[test]
    fn codes_are_good_for_their_step_and_one_either_way() {
        let secret = b"12345678901234567890"; // RFC 6238, appendix B
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap_or_default();
        let step = |code: &str, s| step_of(secret, code, at(s)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(step("287082", 59), Some(1));
        assert_eq!(step("287082", 89), Some(1));
        assert_eq!(step("287082", 90), None);
        assert_eq!(step("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(step("081805", 1_111_111_109), None);
    }

    #[test]
    fn what_people_type_is_understood() {
        assert!(matches!(Code::typed(someone(), " 287 082 "), Ok(Code::App(code)) if code == "287082"));
        let codes = recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let kept = recovery_hash(someone(), &codes[0]);
        assert!(matches!(Code::typed(someone(), &codes[0].to_uppercase().replace('-', " ")), Ok(Code::Recovery(hash)) if hash == kept));
        for bad in ["", "12345", "1234567", "abcdef", "28708é", &"9".repeat(1_000_000)] {
            assert!(Code::typed(someone(), bad).is_err());
        }
    }

    #[test]
    fn an_app_can_read_the_picture() {
        let (secret, qr) = enrolment(&new_secret(), "camille@tilleuls.example").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(secret.replace(' ', "").len(), 32);
        assert!(qr.size >= 33 && qr.path.starts_with("M0 0h1v1h-1z"));
    }
}
