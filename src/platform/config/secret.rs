//! Values that must not be printed, and the key that seals the others.
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The sandbox's generated key, inside the data folder.
pub(super) const KEY_FILE: &str = "secret-key";

/// A text that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Url> for Secret {
    fn from(url: Url) -> Self {
        Self(url.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// 32 random bytes, written as base64 or hex; or another long random text, which is hashed to as many. Every organisation's key is derived from it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

/// The key that seals, and those that still open what was sealed before a rotation.
#[derive(Clone, Debug)]
pub struct SecretKeys {
    pub current: SecretKey,
    pub previous: Vec<SecretKey>,
}

impl SecretKey {
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// True for keys that a person typed or copied from an example rather than drew.
    pub(super) fn is_weak(&self) -> bool {
        let mut bytes = self.0.to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        bytes.len() < 12 // 32 random bytes repeat this much less than once in 10^20
    }
}

impl FromStr for SecretKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let exact = |bytes: Vec<u8>| bytes.try_into().ok();
        let written = hex::decode(text).ok().and_then(exact).or_else(|| STANDARD.decode(text).ok().and_then(exact));
        let hashed = || is_long_and_varied(text).then(|| Sha256::digest(text).into());
        written.or_else(hashed).map(Self).ok_or(())
    }
}

/// Long enough to be a key although it is not 32 bytes written out.
fn is_long_and_varied(text: &str) -> bool {
    let mut letters: Vec<char> = text.chars().collect();
    let is_long = letters.len() >= 32;
    letters.sort_unstable();
    letters.dedup();
    is_long && letters.len() >= 12
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The key in the data folder, made if absent. Processes that start together agree on one: a hard link never replaces.
pub(super) fn sandbox_key(data_dir: &Path) -> anyhow::Result<SecretKey> {
    let path = data_dir.join(KEY_FILE);
    if !path.exists() {
        create_data_dir(data_dir).with_context(|| format!("creating {}", data_dir.display()))?;
        let draft = data_dir.join(format!(".{KEY_FILE}-{}", uuid::Uuid::now_v7()));
        write_new(&draft).with_context(|| format!("writing {}", draft.display()))?;
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft).ok();
        if let Err(error) = linked.filter_already_exists() {
            return Err(error).with_context(|| format!("writing {}", path.display()));
        }
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.trim().parse().map_err(|()| {
        anyhow::anyhow!("{} does not hold a key: restore it from a copy, or delete it and lose what it sealed", path.display())
    })
}

/// Makes the data folder if it is missing, closed to others. Root leaves it open for passing through, because the private
/// PostgreSQL inside runs as another user.
pub fn create_data_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mode = if crate::platform::private_pg::is_root() { 0o711 } else { 0o700 };
    DirBuilder::new().mode(mode).create(path).filter_already_exists()
}

fn write_new(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", STANDARD.encode(rand::random::<[u8; 32]>()))?;
    file.sync_all()
}

trait FilterAlreadyExists {
    fn filter_already_exists(self) -> io::Result<()>;
}

impl FilterAlreadyExists for io::Result<()> {
    fn filter_already_exists(self) -> io::Result<()> {
        self.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
    }
}
