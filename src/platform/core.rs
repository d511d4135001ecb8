//! What every door and worker holds: pool, settings, clock, vault, news, files. Cheap to clone.

use super::{api::Doorkeeper, audit::Refusals, bus::Bus, clock::Clock, config::Config, crypto::Vault};
use object_store::ObjectStore;
use sqlx::PgPool;
use std::{ops::Deref, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Handle to [`Parts`].
#[derive(Clone)]
pub struct Core(Arc<Parts>);

/// The parts themselves.
pub struct Parts {
    pub pool: PgPool,
    /// A few connections for work that runs without pause, the webhooks': always warm, and nobody else's rush makes it wait.
    pub lanes: PgPool,
    pub config: Config,
    pub clock: Clock,
    pub vault: Vault,
    pub bus: Bus,
    /// What the public API remembers of its keys from one request to the next.
    pub api: Doorkeeper,
    /// What was refused in the last moment, on its way to the audit log.
    pub refusals: Refusals,
    /// Clients of the outside services, by type: `providers` puts them in at start and takes them out, this room does not know them.
    pub providers: http::Extensions,
    /// The simulator's address, in the sandbox only.
    pub simulator: Option<url::Url>,
    /// Recordings and exports.
    pub files: Arc<dyn ObjectStore>,
    /// At most as many password hashes at once as there are cores.
    pub hashing: Semaphore,
    /// Cancelled when the process begins to drain: streams end, readiness turns false.
    pub draining: CancellationToken,
}

impl Core {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Core {
    /// Where the simulator answers; nothing when the provider is the real one, in a sandbox, too.
    pub fn simulated_provider(&self) -> Option<&url::Url> {
        let is_ours = |url: &&url::Url| url.host_str().is_some_and(|host| !host.ends_with("vapi.ai"));
        self.simulator.as_ref().filter(is_ours)
    }
}

impl Deref for Core {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
