//! Makes, starts, finds and stops the server process of one cluster. A process counts as ours only if it is a `postgres` whose working
//! folder is our cluster: a number in a stale `postmaster.pid` may by now belong to anybody.
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::files::{Layout, own_folder};
use super::programs;

/// Crash recovery of a large cluster takes this long at most before the start counts as failed.
const START_LIMIT_S: u64 = 120;
const LOG_LIMIT: u64 = 10 << 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The user that the server runs as.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// The programs, files and user of one cluster.
pub struct Server {
    pub layout: Layout,
    account: Account,
    bin: PathBuf,
    /// Set by `stop`: what was stopped on purpose is not revived.
    is_stopped: Mutex<bool>,
}

impl Server {
    /// Finds programs and user, and creates the cluster if there is none.
    pub fn prepare(layout: Layout) -> anyhow::Result<Self> {
        let exists = layout.data.join("PG_VERSION").exists();
        let bin = if exists { programs::of_cluster(&layout.data)? } else { programs::newest()? };
        let account = if exists { Account::owner_of(&layout)? } else { Account::for_new_cluster()? };
        let server = Self { layout, account, bin, is_stopped: Mutex::new(false) };
        server.layout.hand_over(&server.account)?;
        if !exists {
            server.create()?;
        }
        Ok(server)
    }

    /// What sqlx connects to: the socket's folder, as the cluster's only user.
    pub fn url(&self) -> String {
        let folder = utf8_percent_encode(self.layout.run.to_str().unwrap_or_default(), NON_ALPHANUMERIC);
        format!("postgres:///postgres?host={folder}&user=zencall")
    }

    fn is_running(&self) -> bool {
        self.postmaster().is_some()
    }

    /// Starts the server again if it died; true if it had.
    pub fn revive(&self) -> anyhow::Result<bool> {
        let is_stopped = self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_stopped || self.is_running() {
            return Ok(false);
        }
        let _one_at_a_time = self.layout.lock_start()?;
        self.ensure_running().map(|()| true)
    }

    /// Takes over a server that runs, waits for one that is starting or stopping, starts one otherwise. Under `lock_start` only.
    pub fn ensure_running(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(START_LIMIT_S);
        while self.is_running() {
            if self.run("pg_isready", &["-q", "-h", self.run_folder()?, "-U", "zencall", "-d", "postgres"]).is_ok() {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "PostgreSQL in {} runs but has not become ready for {START_LIMIT_S} s",
                self.layout.data.display()
            );
            sleep(PAUSE);
        }
        self.clear_remains()?;
        self.write_settings()?;
        let (data, log) = (self.data_folder()?.to_owned(), self.layout.log.display().to_string());
        let limit = START_LIMIT_S.to_string();
        self.run("pg_ctl", &["-D", &data, "-l", &log, "-w", "-t", &limit, "-s", "start"])
            .with_context(|| format!("PostgreSQL in {data} does not start; the end of its log:\n{}", self.log_end()))
    }

    /// Stops it, rolling back what is open.
    pub fn stop(&self) -> anyhow::Result<()> {
        *self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        if self.is_running() {
            self.run("pg_ctl", &["-D", self.data_folder()?, "-m", "fast", "-w", "-t", "30", "-s", "stop"])
                .context("PostgreSQL does not stop")?;
        }
        if !self.layout.run.starts_with(&self.layout.home) {
            fs::remove_dir(&self.layout.run).ok(); // outside the data folder nobody else would tidy it
        }
        Ok(())
    }

    fn create(&self) -> anyhow::Result<()> {
        let draft = self.layout.home.join("data.new"); // renamed when complete: an initdb that was killed leaves no half cluster
        if draft.exists() {
            fs::remove_dir_all(&draft).context("removing an unfinished cluster")?;
        }
        own_folder(&draft, &self.account)?;
        let path = draft.to_str().context("the data folder's name is not UTF-8")?;
        let init =
            ["-D", path, "-U", "zencall", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"];
        self.run("initdb", &init).context("creating the PostgreSQL cluster")?;
        let conf = draft.join("postgresql.conf");
        let text = fs::read_to_string(&conf)? + "\ninclude = '../zencall.conf'\n";
        fs::write(&conf, text)?;
        fs::rename(&draft, &self.layout.data).context("putting the new cluster in its place")
    }

    /// Settings live beside the cluster, so that a start needs no quoting and a moved folder still works.
    fn write_settings(&self) -> anyhow::Result<()> {
        let quoted = self.run_folder()?.replace('\'', "''");
        let text = format!(
            "# Written by zencall at every start.\n\
             listen_addresses = ''\nunix_socket_directories = '{quoted}'\nunix_socket_permissions = 0700\nport = 5432\nmax_connections = 200\n\
             # A failed statement's values may be a customer's words.\n\
             log_error_verbosity = terse\nlog_min_error_statement = panic\n"
        );
        let (draft, path) = (self.layout.home.join(".zencall.conf"), self.layout.home.join("zencall.conf"));
        fs::write(&draft, text)
            .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(0o644)))
            .context("writing zencall.conf")?;
        fs::rename(draft, path).context("writing zencall.conf")?;
        if fs::metadata(&self.layout.log).is_ok_and(|log| log.len() > LOG_LIMIT) {
            fs::remove_file(&self.layout.log).ok();
        }
        Ok(())
    }

    /// After kill -9: backends that outlived their parent would keep the new server out, and so would a lock file whose number was reused.
    fn clear_remains(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.orphans().is_empty() {
            ensure!(Instant::now() < deadline, "processes of a killed PostgreSQL still use {}", self.layout.data.display());
            for pid in self.orphans() {
                Command::new("kill").args(["-QUIT", &pid.to_string()]).stderr(Stdio::null()).status().ok();
            }
            sleep(PAUSE);
        }
        let socket = self.layout.run.join(".s.PGSQL.5432");
        for stale in [self.layout.data.join("postmaster.pid"), socket.with_file_name(".s.PGSQL.5432.lock"), socket] {
            match fs::remove_file(&stale) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("removing {}", stale.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The living parent process of this cluster.
    fn postmaster(&self) -> Option<u32> {
        let lock = fs::read_to_string(self.layout.data.join("postmaster.pid")).ok()?;
        let pid = lock.lines().next()?.trim().parse().ok()?;
        self.is_ours(pid).then_some(pid)
    }

    fn orphans(&self) -> Vec<u32> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|pid| self.is_ours(*pid)).collect()
    }

    fn is_ours(&self, pid: u32) -> bool {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let is_postgres = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "postgres");
        is_postgres && fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == self.layout.data)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(self.bin.join(program));
        command.args(arguments).current_dir(&self.layout.home).env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0); // Ctrl-C at a terminal is for us, not for the server
        let said = self
            .account
            .step_down(&mut command)
            .spawn()
            .and_then(|child| child.wait_with_output())
            .with_context(|| format!("running {program}"))?;
        ensure!(said.status.success(), "{program}: {}", String::from_utf8_lossy(&said.stderr).trim());
        Ok(())
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.layout.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn data_folder(&self) -> anyhow::Result<&str> {
        self.layout.data.to_str().context("the data folder's name is not UTF-8")
    }

    fn run_folder(&self) -> anyhow::Result<&str> {
        self.layout.run.to_str().context("the socket folder's name is not UTF-8")
    }
}

impl Account {
    /// Root steps down to the user that Debian's package made; everybody else stays who they are.
    fn for_new_cluster() -> anyhow::Result<Self> {
        if !is_root() {
            return Self::named(|account| account.uid == own_uid())
                .context("this user is not in /etc/passwd, and PostgreSQL needs a name for it");
        }
        Self::named(|account| account.name == "postgres").context(
            "PostgreSQL does not run as root, and there is no user `postgres` to step down to: `apt-get install postgresql` makes it",
        )
    }

    /// A cluster that exists is run by its owner.
    fn owner_of(layout: &Layout) -> anyhow::Result<Self> {
        let uid = fs::metadata(&layout.data)?.uid();
        let owner = Self::named(|account| account.uid == uid)
            .with_context(|| format!("{} belongs to user {uid}, which /etc/passwd does not know", layout.data.display()))?;
        if uid == 0 {
            bail!(
                "{} belongs to root, and PostgreSQL does not run as root: `chown -R postgres: {}`",
                layout.data.display(),
                layout.data.display()
            );
        }
        ensure!(
            is_root() || uid == own_uid(),
            "{} belongs to {}: run as that user, or give ZENCALL_DATA_DIR another folder",
            layout.data.display(),
            owner.name
        );
        Ok(owner)
    }

    fn named(wanted: impl Fn(&Self) -> bool) -> Option<Self> {
        let accounts = fs::read_to_string("/etc/passwd").ok()?;
        let parse = |line: &str| {
            let mut fields = line.split(':');
            let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            Some(Self { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        };
        accounts.lines().filter_map(parse).find(|account| wanted(account))
    }

    /// Makes a command run as this user, without root's groups.
    pub fn step_down<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if is_root() { command.uid(self.uid).gid(self.gid) } else { command }
    }
}

/// True when this process runs as root.
pub fn is_root() -> bool {
    own_uid() == 0
}

fn own_uid() -> u32 {
    fs::metadata("/proc/self").map(|process| process.uid()).unwrap_or(u32::MAX)
}
