//! Where a private cluster's files lie, whose they are, and whether that user can get to them.
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown, lchown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

use super::process::{Account, is_root};

/// `sun_path` has 108 bytes, one of them the closing zero.
const LONGEST_SOCKET: usize = 107;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";

/// The folders of one cluster.
#[derive(Clone, Debug)]
pub struct Layout {
    /// `<data folder>/postgres`: our settings, locks, and what follows.
    pub home: PathBuf,
    /// The cluster itself.
    pub data: PathBuf,
    /// The socket's folder; elsewhere when `home` is too long a path for a socket.
    pub run: PathBuf,
    /// What the server says.
    pub log: PathBuf,
}

impl Layout {
    pub fn under(data_dir: &Path) -> anyhow::Result<Self> {
        crate::platform::config::create_data_dir(data_dir).with_context(|| format!("creating {}", data_dir.display()))?;
        let data_dir = data_dir.canonicalize().with_context(|| format!("looking at {}", data_dir.display()))?;
        // pg_ctl hands these paths to a shell between double quotes.
        let spoils_a_command = |byte: &u8| b"\"$`\\\n'".contains(byte);
        ensure!(
            !data_dir.as_os_str().as_bytes().iter().any(spoils_a_command),
            "{} holds a quote, `$` or a line break: give ZENCALL_DATA_DIR another name",
            data_dir.display()
        );
        let home = data_dir.join("postgres");
        make_folder(&home, if is_root() { 0o711 } else { 0o700 }).with_context(|| format!("creating {}", home.display()))?;
        let data = home.join("data");
        Ok(Self { run: socket_folder(&home), log: data.join("server.log"), data, home })
    }

    /// Waits until nobody else makes or starts this cluster; dropped, it lets the next one in.
    pub fn lock_start(&self) -> anyhow::Result<File> {
        let file = self.lock_file("start.lock")?;
        file.lock().with_context(|| format!("locking {}", self.home.display()))?;
        Ok(file)
    }

    /// Whoever uses the cluster holds this file shared.
    pub fn users_file(&self) -> anyhow::Result<File> {
        self.lock_file("users.lock")
    }

    fn lock_file(&self, name: &str) -> anyhow::Result<File> {
        let path = self.home.join(name);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        if is_root() {
            let home = self.home.metadata()?; // the folder's owner must be able to lock later, without root
            fchown(&file, Some(home.uid()), Some(home.gid()))?;
        }
        Ok(file)
    }

    /// Gives the account its folders, and says which folder on the way is closed to it.
    pub fn hand_over(&self, account: &Account) -> anyhow::Result<()> {
        own_folder(&self.run, account)?;
        for folder in [&self.home, &self.run] {
            ensure_reachable(folder, account)?;
        }
        Ok(())
    }
}

/// A folder of the account's, closed to everyone else. A folder that is somebody else's is refused, not taken.
pub fn own_folder(path: &Path, account: &Account) -> anyhow::Result<()> {
    make_folder(path, 0o700).with_context(|| format!("creating {}", path.display()))?;
    if is_root() && path.symlink_metadata()?.uid() == 0 {
        lchown(path, Some(account.uid), Some(account.gid)).with_context(|| format!("giving {} to {}", path.display(), account.name))?;
    }
    let found = path.symlink_metadata()?;
    if !found.is_dir() || found.uid() != account.uid {
        bail!("{} belongs to another user than {}: remove it, or give ZENCALL_DATA_DIR another folder", path.display(), account.name);
    }
    fs::set_permissions(path, Permissions::from_mode(0o700)).with_context(|| format!("closing {}", path.display()))
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode))), // whatever the umask says
    }
}

fn socket_folder(home: &Path) -> PathBuf {
    let beside = home.join("run");
    if beside.as_os_str().len() + SOCKET_NAME.len() <= LONGEST_SOCKET {
        return beside;
    }
    let name = format!("zencall-{}", &hex::encode(Sha256::digest(home.as_os_str().as_bytes()))[..16]);
    let mine = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| !is_root() && folder.as_os_str().len() < 60 && folder.is_dir());
    let short = if is_root() && Path::new("/run").is_dir() { PathBuf::from("/run") } else { mine.unwrap_or_else(|| "/tmp".into()) };
    short.join(name)
}

fn ensure_reachable(folder: &Path, account: &Account) -> anyhow::Result<()> {
    let enters = |folder: &Path| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "cd \"$1\"", "sh"]).arg(folder).current_dir("/").env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        account.step_down(&mut command).status().is_ok_and(|status| status.success())
    };
    if enters(folder) {
        return Ok(());
    }
    let mut way: Vec<_> = folder.ancestors().collect();
    way.reverse();
    let closed = way.into_iter().find(|ancestor| !enters(ancestor)).unwrap_or(folder);
    bail!(
        "PostgreSQL does not run as root, and its user {} may not enter {}: open it with `chmod o+x {}`, or set ZENCALL_DATA_DIR to a folder outside it, such as /var/lib/zencall",
        account.name,
        closed.display(),
        closed.display()
    )
}
