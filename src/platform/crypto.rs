//! Secrets at rest, random tokens and their hashes.
//!
//! A sealed value is AES-256-GCM under a key derived (HKDF-SHA256) per organisation from `ZENCALL_SECRET_KEY`:
//! byte 0 format (1), bytes 1–4 which master key, 12 bytes nonce, then ciphertext and tag. The organisation and the
//! purpose are authenticated, so a value moved to another row or tenant does not open.

use super::config::SecretKeys;
use anyhow::{Context, bail};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const FORMAT: u8 = 1;
const HEAD: usize = 1 + 4 + 12;

/// The master keys: one seals, all open. Rotation: the new key first, the old one behind it until `zencall rotate-secrets` ran.
#[derive(Clone)]
pub struct Vault {
    keys: std::sync::Arc<[MasterKey]>,
}

struct MasterKey {
    id: [u8; 4],
    prk: hkdf::Prk,
}

impl Vault {
    /// From the settings.
    pub fn new(keys: &SecretKeys) -> Self {
        let keys = std::iter::once(&keys.current).chain(&keys.previous).map(|key| MasterKey {
            id: key_id(key.bytes()),
            prk: hkdf::Salt::new(hkdf::HKDF_SHA256, b"zencall seal v1").extract(key.bytes()),
        });
        Self { keys: keys.collect() }
    }

    /// Names the key that seals now, without telling it.
    pub fn fingerprint(&self) -> String {
        self.keys.first().map(|key| hex::encode(key.id)).unwrap_or_default()
    }

    /// Whether one of the keys has this fingerprint.
    pub fn opens(&self, fingerprint: &str) -> bool {
        self.keys.iter().any(|key| hex::encode(key.id) == fingerprint)
    }

    /// Seals `plain` for one organisation (nil for what belongs to none) and one purpose.
    pub fn seal(&self, org: Uuid, purpose: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let key = self.keys.first().context("no master key")?;
        let nonce: [u8; 12] = random();
        let mut sealed = Vec::with_capacity(HEAD + plain.len() + 16);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        key.of(org)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(org, purpose), &mut body)
            .ok()
            .context("sealing failed")?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same organisation and purpose.
    pub fn open(&self, org: Uuid, purpose: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (head, body) = sealed.split_at_checked(HEAD).context("sealed value is cut short")?;
        if head[0] != FORMAT {
            bail!("sealed value of an unknown format");
        }
        let key = self.keys.iter().find(|key| key.id == head[1..5]).context("sealed under a key that is not configured")?;
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&head[5..]);
        let mut body = body.to_vec();
        let plain = key
            .of(org)?
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad(org, purpose), &mut body)
            .ok()
            .context("sealed value does not open")?;
        Ok(plain.to_vec())
    }

    /// The same value under the key in front; nothing when that is what seals it already.
    pub fn reseal(&self, org: Uuid, purpose: &str, sealed: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        if self.keys.first().is_some_and(|key| sealed.get(1..5) == Some(&key.id[..])) {
            return Ok(None);
        }
        self.seal(org, purpose, &self.open(org, purpose, sealed)?).map(Some)
    }

    /// A key of its own for keyed hashes of values that are looked up but never shown again.
    pub fn derive(&self, purpose: &str) -> anyhow::Result<[u8; 32]> {
        self.keys.first().context("no master key")?.derive(purpose)
    }

    /// The same from every master key, the one in front first.
    pub fn derive_each(&self, purpose: &str) -> anyhow::Result<Vec<[u8; 32]>> {
        self.keys.iter().map(|key| key.derive(purpose)).collect()
    }
}

fn key_id(key: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::digest([&b"zencall key id:"[..], key].concat());
    [hash[0], hash[1], hash[2], hash[3]]
}

impl MasterKey {
    fn bytes(&self, info: &[&[u8]]) -> anyhow::Result<[u8; 32]> {
        let mut out = [0; 32];
        self.prk.expand(info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out)).ok().context("key derivation failed")?;
        Ok(out)
    }

    fn derive(&self, purpose: &str) -> anyhow::Result<[u8; 32]> {
        self.bytes(&[b"derive:", purpose.as_bytes()])
    }

    fn of(&self, org: Uuid) -> anyhow::Result<LessSafeKey> {
        let bytes = self.bytes(&[b"org:", org.as_bytes()])?;
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok().context("bad key")?))
    }
}

fn aad(org: Uuid, purpose: &str) -> Aad<Vec<u8>> {
    Aad::from([org.as_bytes(), purpose.as_bytes()].concat())
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    rand::random()
}

/// A token for links, cookies and addresses: 32 random bytes, base64url.
pub fn token() -> String {
    use base64::prelude::*;
    BASE64_URL_SAFE_NO_PAD.encode(random::<32>())
}

/// What is stored of a token: a leaked table is no key.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(current: u8, previous: &[u8]) -> Vault {
        let key = |seed: u8| hex::encode([seed; 32]).parse().expect("a key");
        Vault::new(&SecretKeys { current: key(current), previous: previous.iter().map(|seed| key(*seed)).collect() })
    }

    #[test]
    fn a_value_opens_only_for_its_organisation_and_purpose() {
        let vault = vault(1, &[]);
        let (acme, globex) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault.seal(acme, "hook", b"whsec").expect("seals");
        assert_eq!(vault.open(acme, "hook", &sealed).expect("opens"), b"whsec");
        assert!(vault.open(globex, "hook", &sealed).is_err());
        assert!(vault.open(acme, "control", &sealed).is_err());
        assert!(!String::from_utf8_lossy(&sealed).contains("whsec"));
    }

    #[test]
    fn rotation_opens_old_values_and_seals_them_again() {
        let org = Uuid::from_u128(1);
        let old = vault(1, &[]);
        let sealed = old.seal(org, "x", b"v").expect("seals");
        let new = vault(2, &[1]);
        assert_eq!(new.open(org, "x", &sealed).expect("opens"), b"v");
        let again = new.reseal(org, "x", &sealed).expect("opens").expect("was sealed under the older key");
        assert_eq!(vault(2, &[]).open(org, "x", &again).expect("opens"), b"v");
        assert_eq!(new.reseal(org, "x", &again).expect("looks"), None);
        assert!(vault(2, &[]).open(org, "x", &sealed).is_err());
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        let vault = vault(1, &[]);
        let mut sealed = vault.seal(Uuid::nil(), "x", b"value").expect("seals");
        for at in 0..sealed.len() {
            assert!(vault.open(Uuid::nil(), "x", &sealed[..at]).is_err());
            sealed[at] ^= 1;
            assert!(vault.open(Uuid::nil(), "x", &sealed).is_err());
            sealed[at] ^= 1;
        }
    }
}
