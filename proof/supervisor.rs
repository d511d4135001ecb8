//! What a supervisor does: it holds the socket, starts the program on it, and starts it again when it died.

use crate::place::Place;
use anyhow::{Context, ensure};
use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// A program on a socket that outlives it.
pub struct Supervisor {
    socket: TcpListener,
    pub address: SocketAddr,
    program: PathBuf,
    arguments: &'static str,
    /// Names and values above those of the place.
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

impl Supervisor {
    /// Binds the socket and remembers what is to run on it.
    pub fn of(program: PathBuf, arguments: &'static str, environment: &[(&str, String)]) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(("127.0.0.1", 0))?;
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Ok(Self { address: socket.local_addr()?, socket, program, arguments, environment, child: None })
    }

    /// Starts it; does not wait.
    pub fn start(&mut self, place: &Place) -> anyhow::Result<()> {
        self.start_with(place, &self.program.clone(), &[])
    }

    /// Starts another program in its stead, with more environment.
    pub fn start_with(&mut self, place: &Place, program: &PathBuf, more: &[(&str, String)]) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(place.file("server.log"))?;
        let socket: OwnedFd = self.socket.try_clone()?.into();
        let script = format!("exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" {}", self.arguments);
        let mut command = place.equipped(Command::new("sh"))?;
        command.arg("-c").arg(script).arg(program).env("PUBLIC_URL", format!("http://{}", self.address));
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).envs(more.iter().map(|(name, value)| (name, value)));
        self.child = Some(command.stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(log).spawn()?);
        Ok(())
    }

    /// Waits until it serves.
    pub async fn ready(&mut self, place: &Place) -> anyhow::Result<()> {
        let began = Instant::now();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let url = format!("http://{}/readyz", self.address);
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            ensure!(!self.is_dead() && began.elapsed() < Duration::from_secs(60), "the server does not become ready: {}", log_end(place));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// `kill -9`, and the moment of it. Returns once it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<Instant> {
        let child = self.child.as_mut().context("nothing runs")?;
        let at = Instant::now();
        child.kill().await?;
        self.child = None;
        Ok(at)
    }

    /// It has ended by itself.
    pub fn is_dead(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().ok().flatten().is_some())
    }

    /// Asks it to end and waits.
    pub async fn end(mut self) {
        let Some(mut child) = self.child.take() else { return };
        signal(&child, libc::SIGTERM);
        let _ = tokio::time::timeout(Duration::from_secs(25), child.wait()).await;
    }
}

/// Sends a signal to a child that has not been waited for.
pub fn signal(child: &Child, signal: i32) {
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // SAFETY: a signal to a child we hold and have not waited for, so its id is its own.
        unsafe { libc::kill(id, signal) };
    }
}

/// The process of the place's PostgreSQL that all others come from.
pub fn signal_postgres(place: &Place, signal: i32) -> anyhow::Result<()> {
    let lock = std::fs::read_to_string(place.cluster().data().join("postmaster.pid"))?;
    let id: i32 = lock.lines().next().context("a process id")?.trim().parse()?;
    ensure!(std::fs::read_link(format!("/proc/{id}/cwd"))? == place.cluster().data(), "process {id} is not our PostgreSQL");
    // SAFETY: it was made by us and works in our folder.
    unsafe { libc::kill(id, signal) };
    Ok(())
}

/// The last the server wrote.
pub fn log_end(place: &Place) -> String {
    let text = std::fs::read_to_string(place.file("server.log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(6).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
