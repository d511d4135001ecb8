//! `zencall serve`: opens, mounts, runs, and on SIGTERM drains.

use super::{AppState, boot, doors, health, workers};
use crate::platform::config::Config;
use anyhow::Context;
use std::{future::IntoFuture, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

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
    let stop = CancellationToken::new();
    let mut background = tokio::task::JoinSet::new();
    background.spawn(core.bus.clone().run(core.pool.clone(), stop.clone()));
    let calls = crate::calls::server::Calls::start(&core);
    if roles.worker {
        background.spawn(workers::worker(&core, &calls).run(stop.clone(), Duration::from_secs(10).min(core.config.drain)));
    }
    let state = AppState {
        core: core.clone(),
        leptos: crate::app::leptos_options(&core.config.site_root),
        assets: crate::app::Assets::read(&core.config.site_root),
        calls,
    };
    if roles.web {
        let listener = listener(core.config.bind).await?;
        let admin =
            TcpListener::bind(core.config.admin_bind).await.with_context(|| format!("binding ADMIN_BIND {}", core.config.admin_bind))?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        let service = doors::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let draining = core.draining.clone();
        background.spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(async move { draining.cancelled().await }).await;
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
    if tokio::time::timeout(core.config.drain, async { while background.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("not everything finished in time");
        background.abort_all();
    }
    core.pool.close().await;
    if let Some(sim) = boot.sim {
        sim.stop();
    }
    if let Some(private) = boot.private_pg {
        private.stop().await?;
    }
    Ok(())
}

/// The socket a supervisor passed (`LISTEN_FDS`), or a fresh one.
async fn listener(bind: SocketAddr) -> anyhow::Result<TcpListener> {
    if let Some(passed) = listenfd::ListenFd::from_env().take_tcp_listener(0)? {
        passed.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(passed)?);
    }
    TcpListener::bind(bind).await.with_context(|| format!("binding {bind}"))
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}
