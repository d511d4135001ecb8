//! A private PostgreSQL in the data folder, for whoever gives no `DATABASE_URL`: made on first start from the system's own
//! programs, run as an unprivileged user, reached through a socket in a closed folder, and stopped by the last process to leave.
//! It only ever touches the cluster under the folder it is given. Everything here blocks; `start` and `stop` move it off the runtime.
mod files;
mod process;
mod programs;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{error, info, warn};

use files::Layout;
use process::Server;

pub use process::is_root;

/// How often a running program looks whether its database process still lives.
const WATCH: Duration = Duration::from_secs(1);

/// A running cluster. Dropping it stops it too, so that a start that fails later leaves nothing behind; a killed program does, and the
/// next start takes it over.
pub struct PrivatePg {
    /// What sqlx connects to.
    pub url: String,
    server: Arc<Server>,
    /// Shared by every process that uses the cluster; who can make it exclusive is the last one.
    users: Option<File>,
    watcher: JoinHandle<()>,
}

/// Creates the cluster under `data_dir` if needed, starts it if needed, and keeps it running until `stop`.
/// Errors: no PostgreSQL installed, a folder that the unprivileged user cannot reach, data of another major version.
pub async fn start(data_dir: &Path) -> anyhow::Result<PrivatePg> {
    let data_dir = data_dir.to_owned();
    let (server, users) = spawn_blocking(move || start_blocking(&data_dir)).await.context("starting PostgreSQL")??;
    let server = Arc::new(server);
    let watcher = tokio::spawn(keep_running(server.clone()));
    Ok(PrivatePg { url: server.url(), server, users: Some(users), watcher })
}

impl PrivatePg {
    /// Leaves the cluster and stops it if nobody else uses it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.watcher.abort();
        let (server, users) = (self.server.clone(), self.users.take());
        spawn_blocking(move || users.map_or(Ok(()), |users| leave(&server, &users))).await.context("stopping PostgreSQL")?
    }

    /// The folder of the cluster's files.
    pub fn data(&self) -> &Path {
        &self.server.layout.data
    }

    /// The folder of the socket.
    pub fn socket_folder(&self) -> &Path {
        &self.server.layout.run
    }
}

impl Drop for PrivatePg {
    fn drop(&mut self) {
        self.watcher.abort();
        if let Some(Err(cause)) = self.users.take().map(|users| leave(&self.server, &users)) {
            error!("{cause:#}");
        }
    }
}

fn leave(server: &Server, users: &File) -> anyhow::Result<()> {
    users.unlock()?;
    match users.try_lock() {
        Ok(()) => server.stop(),
        Err(_) => Ok(()), // another process still uses it
    }
}

fn start_blocking(data_dir: &Path) -> anyhow::Result<(Server, File)> {
    let layout = Layout::under(data_dir)?;
    let _one_at_a_time = layout.lock_start()?;
    let users = layout.users_file()?;
    users.lock_shared()?; // waits for a process that is just stopping the cluster
    let server = Server::prepare(layout)?;
    server.ensure_running()?;
    Ok((server, users))
}

/// A killed database comes back while the program runs; a program that outlives its database would fail until restarted by hand.
async fn keep_running(server: Arc<Server>) {
    loop {
        tokio::time::sleep(WATCH).await;
        let checked = server.clone();
        let outcome = spawn_blocking(move || checked.revive()).await;
        match outcome {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => warn!("the private PostgreSQL had died and is running again"),
            Ok(Err(cause)) => error!("the private PostgreSQL died and does not start: {cause:#}"),
            Err(_) => return info!("the runtime is stopping"),
        }
    }
}

/// Whether the server programs are there, for `zencall check`.
/// Errors: none installed, or too old, with what to do.
pub fn installed() -> anyhow::Result<()> {
    programs::newest().map(drop)
}
