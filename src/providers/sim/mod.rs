//! The simulator of Vapi, of Twilio and of Google's sign-in, and the mailbox of the sandbox: a stand-in that is on the wire what the real service is.
//! Owns its assistants, numbers, calls and letters, all in memory. Knows nothing of our slices, our database or our settings:
//! it is told addresses and keys, and everything else passes over HTTP, WebSocket and SMTP.
//!
//! Time: a call has its own clock, counted in call seconds; `speed` says how many of them pass in a second on the wall.
//! `createdAt`, `startedAt` and the `timestamp` of messages are read from the wall; `endedAt` is `startedAt` plus the call
//! seconds, and `time` and `secondsFromStart` of messages are call time too. So a call lasts what its recording lasts
//! whatever the speed, and at speed 1 all clocks agree. Deadlines of the network (webhook timeouts, the silent reply of
//! number 17, Retry-After) are seconds on the wall and never divided.

mod artifact;
mod audio;
mod auth;
mod call;
mod chat;
mod clock;
mod control;
mod dice;
mod dns;
mod door;
mod google;
mod http;
mod inbound;
mod keep;
mod life;
mod mail;
mod mime;
mod mind;
mod place;
mod refusal;
mod report;
mod rest;
mod script;
mod smtp;
mod socket;
mod speech;
mod talk;
mod tools;
mod twilio;
mod validate;
mod webhook;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use tokio::net::TcpListener;

pub use self::dns::Zone;
pub use self::google::{CLIENT as GOOGLE_CLIENT, SECRET as GOOGLE_SECRET};
pub use self::mail::{Letter, Mailbox};
pub use self::twilio::{ACCOUNT as TWILIO_ACCOUNT, TOKEN as TWILIO_TOKEN};
use self::world::World;

/// How a simulator is to be started.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Where HTTP is served; port 0 picks a free one.
    pub bind: SocketAddr,
    /// Where SMTP is served; port 0 picks a free one.
    pub smtp_bind: SocketAddr,
    /// Decides every choice: the same seed and number give the same call.
    pub seed: u64,
    /// Call seconds per second on the wall; 1.0 is real time.
    pub speed: f64,
    /// The private key that REST accepts.
    pub api_key: String,
    /// The public key: `POST /call/web`, and the monitor addresses when they ask for one.
    pub public_key: String,
}

/// A running simulator; clones are handles on the same one.
#[derive(Clone)]
pub struct Sim {
    /// The address HTTP is served at.
    pub addr: SocketAddr,
    /// The address SMTP is served at.
    pub smtp_addr: SocketAddr,
    /// The address DNS is answered at, over UDP.
    pub dns_addr: SocketAddr,
    world: World,
}

impl Sim {
    /// Binds both addresses, starts serving and returns. Errors: an address that cannot be bound.
    pub async fn start(options: SimOptions) -> anyhow::Result<Sim> {
        anyhow::ensure!(options.speed.is_finite() && options.speed > 0.0, "the speed of the simulator must be above zero");
        let http = TcpListener::bind(options.bind).await.with_context(|| format!("binding the simulator at {}", options.bind))?;
        let smtp = TcpListener::bind(options.smtp_bind).await.with_context(|| format!("binding the mailbox at {}", options.smtp_bind))?;
        let (addr, smtp_addr) = (http.local_addr()?, smtp.local_addr()?);
        let world = World::new(options, addr)?;

        let stopped = world.stopped();
        let router = http::router(world.clone());
        tokio::spawn(async move {
            let served = axum::serve(http, router).with_graceful_shutdown(stopped.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        });
        tokio::spawn(smtp::serve(smtp, world.mailbox(), world.stopped()));
        let dns = SocketAddr::new(addr.ip(), 0);
        let dns_addr = world.zone().serve(dns, world.stopped()).await.with_context(|| format!("binding DNS at {dns}"))?;
        Ok(Sim { addr, smtp_addr, dns_addr, world })
    }

    /// Stops serving; calls in progress vanish without another word.
    pub fn stop(&self) {
        self.world.stopped().cancel();
    }

    /// True once `stop` was called.
    pub fn is_stopped(&self) -> bool {
        self.world.stopped().is_cancelled()
    }

    /// Returns when `stop` has been called.
    pub async fn stopped(&self) {
        self.world.stopped().cancelled().await;
    }

    /// Keeps assistants, numbers and credentials in this file across restarts; reads it first if it exists.
    /// Errors: a file that cannot be read or written.
    pub async fn keep_in(&self, file: PathBuf) -> anyhow::Result<()> {
        keep::keep(self.world.clone(), file).await
    }

    /// Whether nothing was ever set up here: whoever set it up elsewhere has to do it again.
    pub fn is_empty(&self) -> bool {
        self.world.assistants().newest_first().next().is_none() && self.world.credentials().is_empty()
    }

    /// The letters received so far.
    pub fn mailbox(&self) -> Mailbox {
        self.world.mailbox()
    }

    /// What DNS says.
    pub fn zone(&self) -> Zone {
        self.world.zone()
    }

    /// `http://host:port`, what goes into `VAPI_BASE_URL`.
    pub fn base_url(&self) -> String {
        self.world.base_url().to_owned()
    }
}
