//! `zencall serve`: opens, mounts, runs, and on SIGTERM drains.

use super::{AppState, boot, doors, health, workers};
use crate::{platform::config::Config, providers::sim::Sim};
use anyhow::Context;
use axum::serve::{Listener, ListenerExt};
use std::{future::IntoFuture, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long open connections are still served once the door is shut. Every answer of that time closes its connection, so that a sender's next
/// request does not meet a connection that ends at that very moment.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// Which parts this process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub web: bool,
    pub worker: bool,
}

/// Runs until SIGTERM or SIGINT, then drains within `ZENCALL_DRAIN_S`.
pub async fn serve(config: Config, roles: Roles) -> anyhow::Result<()> {
    health::recorder();
    let boot = boot::open(config).await?;
    let core = boot.core.clone();
    boot::migrate(&core.pool).await?;
    if super::seed::seed_demo(&core).await.context("making the demonstration")? {
        tracing::info!(email = super::seed::DEMO_EMAIL, "a demonstration was made; its login is in the data folder");
    }
    if boot.sim.as_ref().is_some_and(Sim::is_empty) {
        crate::integrations::server::actions::refill_simulator(&core).await?;
        crate::assistants::server::actions::refill_simulator(&core).await?;
    }
    if boot.sim.is_some() {
        crate::numbers::server::actions::refill_simulator(&core).await?; // its file does not hold where messages go
    }
    let stop = CancellationToken::new();
    let mut background = tokio::task::JoinSet::new();
    background.spawn(core.bus.clone().run(core.pool.clone(), stop.clone()));
    let calls = crate::calls::server::Calls::start(&core);
    if roles.worker {
        background.spawn(workers::worker(&core, &calls).run(stop.clone(), Duration::from_secs(10).min(core.config.drain)));
    }
    let state = AppState {
        core: core.clone(),
        leptos: crate::app::leptos_options(&core.config.site_root).into(),
        assets: crate::app::Assets::read(&core.config.site_root).into(),
        calls: calls.clone(),
    };
    if roles.web {
        let listener = listener(core.config.bind).await?;
        let admin =
            TcpListener::bind(core.config.admin_bind).await.with_context(|| format!("binding ADMIN_BIND {}", core.config.admin_bind))?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        let service = doors::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let draining = core.draining.clone();
        let door = Door { listener: Some(listener), draining: draining.clone() }.tap_io(|stream| drop(stream.set_nodelay(true)));
        let last_answers = async move {
            draining.cancelled().await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        background.spawn(async move {
            let served = axum::serve(door, service).with_graceful_shutdown(last_answers).await;
            if let Err(error) = served {
                tracing::error!(%error, "the listener failed");
            }
        });
        let stop = stop.clone();
        background.spawn(async move {
            tokio::select! {
                _ = axum::serve(admin, health::admin_routes(state)).into_future() => {}
                () = stop.cancelled() => {}
            }
        });
    }
    signalled().await;
    tracing::info!("draining");
    core.draining.cancel();
    stop.cancel();
    let finished = async {
        while background.join_next().await.is_some() {}
        calls.ingest.finish().await;
    };
    if tokio::time::timeout(core.config.drain, finished).await.is_err() {
        tracing::warn!("not everything finished in time");
        background.abort_all();
    }
    boot.close().await
}

/// The socket a supervisor passed (`LISTEN_FDS`), or a fresh one.
async fn listener(bind: SocketAddr) -> anyhow::Result<TcpListener> {
    if let Some(passed) = listenfd::ListenFd::from_env().take_tcp_listener(0)? {
        passed.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(passed)?);
    }
    TcpListener::bind(bind).await.with_context(|| format!("binding {bind}"))
}

/// The public door. Draining shuts it at once: a socket that a supervisor holds goes on collecting callers for the next process.
struct Door {
    listener: Option<TcpListener>,
    draining: CancellationToken,
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        if let Some(listener) = &mut self.listener {
            tokio::select! {
                biased;
                () = self.draining.cancelled() => {}
                accepted = Listener::accept(listener) => return accepted,
            }
        }
        self.listener = None;
        std::future::pending().await
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.as_ref().ok_or(std::io::ErrorKind::NotConnected)?.local_addr()
    }
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}
