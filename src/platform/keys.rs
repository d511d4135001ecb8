//! Keys of the public API: their shape, what is kept of them, and from a header to a [`Caller`].
//!
//! `zc_live_` or `zc_test_`, 52 characters for 32 random bytes, 6 for a checksum: what was mistyped or made up is refused without a question to
//! the database. Kept is an HMAC under a key derived from the master key. A key is for one world: `zc_test_` where the provider is our
//! simulator, `zc_live_` where it is the real one, so a rehearsal's key never dials a person.

use super::{
    api::cache::Seen,
    core::Core,
    crypto::{self, Vault},
    rights::Limit,
    tenancy::Caller,
};
use crate::shared::{
    error::AppError,
    ids::{self, ApiKeyId, AssistantId, OrgId},
    permission::{Permissions, Role},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::Arc};
use uuid::Uuid;

/// Where keys are read; nowhere else is one looked at.
pub const DOORS: &str = "/api/";

const LIVE: &str = "zc_live_";
const TEST: &str = "zc_test_";
const SECRET: usize = 52;
const CHECKSUM: usize = 6;
/// What the master key is derived for.
const PURPOSE: &str = "api keys";

/// The bearer of a key, for the time of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    pub id: ApiKeyId,
    pub org: OrgId,
    pub scopes: Permissions,
    pub limit: Limit,
    /// How many requests a process takes of it in a minute.
    pub per_minute: u32,
}

/// Why a request at the public API has no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTrouble {
    /// No `Authorization: Bearer …`.
    Missing,
    /// Not the shape of a key, or its checksum is wrong.
    Malformed,
    /// A test key where the real provider is, or the other way round.
    OtherWorld,
    /// Nobody has it.
    Unknown,
    Revoked,
    Expired,
    /// It is good, but not from there.
    Address,
}

impl KeyTrouble {
    /// The stable word of the answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::OtherWorld => "other_world",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Address => "address",
        }
    }
}

/// A new key. `is_test`: for the simulator.
pub fn draw(is_test: bool) -> String {
    of_bytes(is_test, crypto::random())
}

/// The key that holds these bytes: for seeds, which draw the same ones each time.
pub fn of_bytes(is_test: bool, bytes: [u8; 32]) -> String {
    let (front, back) = bytes.split_at(16);
    let half = |bytes: &[u8]| ids::encode(Uuid::from_slice(bytes).unwrap_or_default());
    let key = format!("{}{}{}", if is_test { TEST } else { LIVE }, half(front), half(back));
    let checksum = checksum(&key);
    key + &checksum
}

/// 30 bits of the hash of all that stands before it.
fn checksum(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    let bits = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) >> 2;
    let digits = ids::encode(Uuid::from_u128(bits.into()));
    digits[digits.len() - CHECKSUM..].to_owned()
}

/// Whether the text is a test key; nothing when it is no key at all.
pub fn is_test(text: &str) -> Option<bool> {
    let rest = text.strip_prefix(LIVE).or_else(|| text.strip_prefix(TEST))?;
    let is_whole = rest.len() == SECRET + CHECKSUM && rest.is_ascii();
    let (key, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
    (is_whole && checksum(key) == sum).then(|| text.starts_with(TEST))
}

/// What people see of a key.
pub fn hint(key: &str) -> String {
    key.get(key.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

/// What is stored of a key: a leaked table without the master key is no use.
pub fn hash(core: &Core, key: &str) -> anyhow::Result<Vec<u8>> {
    hash_under(&core.vault, key)
}

/// The same, for who has no more than the master keys.
pub fn hash_under(vault: &Vault, key: &str) -> anyhow::Result<Vec<u8>> {
    keyed_hash(&vault.derive(PURPOSE)?, key)
}

fn keyed_hash(master: &[u8; 32], key: &str) -> anyhow::Result<Vec<u8>> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<Sha256>::new_from_slice(master)?;
    mac.update(key.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// A key as the database has it, as it is good now for the one who showed it.
#[derive(Debug)]
pub struct Found {
    pub key: KnownKey,
    revoked: bool,
    /// Of the key, or of the secret it had before a roll.
    good_until: Option<DateTime<Utc>>,
    networks: Vec<IpNet>,
}

/// Who a request's headers prove at the public API. A broken database is an error, never "nobody".
pub async fn resolve(core: &Core, headers: &HeaderMap, ip: IpAddr) -> Result<Caller, AppError> {
    let Some(text) = bearer(headers) else { return Ok(Caller::NoKey(KeyTrouble::Missing)) };
    let Some(is_test) = is_test(text) else { return Ok(Caller::NoKey(KeyTrouble::Malformed)) };
    if is_test != core.simulated_provider().is_some() {
        return Ok(Caller::NoKey(KeyTrouble::OtherWorld));
    }
    let print: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let found = match core.api.keys.look(&core.bus, &print) {
        Seen::Lately(found) => found,
        Seen::NotYet(ticket) => {
            let found = find(core, text).await?.map(Arc::new);
            core.api.keys.keep(print, found.clone(), ticket);
            found
        }
    };
    Ok(match found {
        None => Caller::NoKey(KeyTrouble::Unknown),
        Some(found) => judge(&found, core.clock.now(), ip.to_canonical()),
    })
}

fn judge(found: &Found, now: DateTime<Utc>, ip: IpAddr) -> Caller {
    if found.revoked {
        Caller::NoKey(KeyTrouble::Revoked)
    } else if found.good_until.is_some_and(|until| until <= now) {
        Caller::NoKey(KeyTrouble::Expired)
    } else if !found.networks.is_empty() && !found.networks.iter().any(|net| net.contains(&ip)) {
        Caller::NoKey(KeyTrouble::Address)
    } else {
        Caller::Key(found.key.clone())
    }
}

async fn find(core: &Core, text: &str) -> Result<Option<Found>, AppError> {
    let hashes: Vec<Vec<u8>> = core.vault.derive_each(PURPOSE)?.iter().map(|master| keyed_hash(master, text)).collect::<Result<_, _>>()?;
    let row = sqlx::query!(
        r#"
        select id as "id: ApiKeyId", org_id as "org: OrgId", role as "role: Role", scopes, key_hash, previous_hash, previous_until, expires_at,
          revoked_at, networks, per_minute, assistants
        from api_keys where key_hash = any($1) or previous_hash = any($1)
        "#,
        &hashes
    )
    .fetch_optional(&core.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let is_current = hashes.contains(&row.key_hash);
    let stored = if is_current { Some(&row.key_hash) } else { row.previous_hash.as_ref() };
    if stored != Some(&hashes[0]) {
        // Only its bearer can say what it hashes to under the key that came in front since.
        let statement = "update api_keys set key_hash = case when $3 then $2 else key_hash end,
             previous_hash = case when $3 then previous_hash else $2 end, updated_at = now() where id = $1";
        sqlx::query(statement).bind(row.id).bind(&hashes[0]).bind(is_current).execute(&core.pool).await?;
    }
    let mut scopes = match row.scopes {
        Some(scopes) => Permissions::of_names(scopes),
        None => row.role.into(),
    };
    let limit: Limit = row.assistants.map(|ids| ids.into_iter().map(AssistantId).collect());
    if limit.is_some() {
        scopes = scopes.under_a_limit();
    }
    // Without its end a former secret is not good at all.
    let previous_until = (!is_current).then(|| row.previous_until.unwrap_or(DateTime::UNIX_EPOCH));
    Ok(Some(Found {
        key: KnownKey { id: row.id, org: row.org, scopes, limit, per_minute: u32::try_from(row.per_minute).unwrap_or(0) },
        revoked: row.revoked_at.is_some(),
        good_until: [row.expires_at, previous_until].into_iter().flatten().min(),
        // What cannot be read lets nobody in: it must not turn into "from anywhere".
        networks: row.networks.iter().map(|net| net.parse().unwrap_or(NOWHERE)).collect(),
    }))
}

/// The range for documentation.
const NOWHERE: IpNet = IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 128));

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_known_as_one_and_no_other_text_is(bytes: [u8; 32], is_test_key: bool, at in 0usize..66, with in "[0-9a-z_]") {
            let key = of_bytes(is_test_key, bytes);
            prop_assert_eq!(is_test(&key), Some(is_test_key));
            prop_assert_eq!(key.len(), 66);
            let mut mistyped = key.clone();
            mistyped.replace_range(at..at + 1, &with);
            prop_assert!(mistyped == key || is_test(&mistyped).is_none());
            prop_assert!(is_test(&key[..at]).is_none());
        }

        #[test]
        fn garbage_never_panics(text in ".{0,80}") {
            let _ = is_test(&text);
        }
    }

    #[test]
    fn a_key_holds_all_of_its_bytes() {
        let one = of_bytes(true, [7; 32]);
        let mut bytes = [7; 32];
        for at in [0, 15, 16, 31] {
            bytes[at] ^= 1;
            assert_ne!(of_bytes(true, bytes), one);
            bytes[at] ^= 1;
        }
        assert!(one.ends_with(&hint(&one)) && hint(&one).len() == 4);
        assert_ne!(draw(true), draw(true));
    }

    fn found() -> Found {
        let key =
            KnownKey { id: ApiKeyId(Uuid::nil()), org: OrgId(Uuid::nil()), scopes: Permissions::default(), limit: None, per_minute: 600 };
        Found { key, revoked: false, good_until: None, networks: vec![] }
    }

    #[test]
    fn a_key_is_good_until_it_ends_and_only_from_its_networks() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let (here, there): (IpAddr, IpAddr) = ("203.0.113.9".parse().expect("an address"), "2001:db8::1".parse().expect("an address"));
        let trouble = |found: &Found, ip| match judge(found, now, ip) {
            Caller::NoKey(trouble) => Some(trouble),
            _ => None,
        };
        assert_eq!(trouble(&found(), here), None);
        assert_eq!(trouble(&Found { revoked: true, ..found() }, here), Some(KeyTrouble::Revoked));
        assert_eq!(trouble(&Found { good_until: Some(now), ..found() }, here), Some(KeyTrouble::Expired));
        assert_eq!(trouble(&Found { good_until: Some(now + Duration::seconds(1)), ..found() }, here), None);
        let networks = vec!["203.0.113.0/24".parse().expect("a net")];
        assert_eq!(trouble(&Found { networks: networks.clone(), ..found() }, here), None);
        assert_eq!(trouble(&Found { networks, ..found() }, there), Some(KeyTrouble::Address));
        assert_eq!(trouble(&Found { networks: vec![NOWHERE], ..found() }, here), Some(KeyTrouble::Address));
    }

    #[test]
    fn only_a_bearer_is_read() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("a header"))]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(read("Bearer zc_x"), Some("zc_x".into()));
        assert_eq!(read("bearer  zc_x "), Some("zc_x".into()));
        assert_eq!(read("Basic zc_x"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
