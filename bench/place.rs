//! A place of its own for a benchmark or a proof: a fresh durable cluster, the server, and how both are told apart from the machine's noise.

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};
use zencall::{
    platform::{
        crypto,
        private_pg::{self, PrivatePg},
    },
    shared::ids::SessionId,
};

/// A folder that goes away with the benchmark, unless `ZENCALL_PLACE_KEEP` is set: then its logs can be looked into.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("ZENCALL_PLACE_KEEP").is_some() {
            return eprintln!("kept: {}", self.0.display());
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A cluster, and the server once it is started. Fields are dropped in this order.
pub struct Place {
    server: Option<Child>,
    pub pool: PgPool,
    cluster: PrivatePg,
    pub address: SocketAddr,
    admin: SocketAddr,
    sim: SocketAddr,
    folder: Folder,
}

/// What `zencall seed --json` says of an organisation.
#[derive(Clone, Deserialize)]
pub struct Org {
    pub org_id: String,
    pub vapi_hook_url: String,
    pub vapi_hook_secret: String,
    pub api_key: String,
}

impl Org {
    /// The webhook door's path.
    pub fn path(&self) -> &str {
        let after_scheme = self.vapi_hook_url.find("://").map_or(0, |at| at + 3);
        self.vapi_hook_url[after_scheme..].find('/').map_or("/", |at| &self.vapi_hook_url[after_scheme + at..])
    }

    /// The id without its prefix, as the database has it.
    pub fn uuid(&self) -> anyhow::Result<uuid::Uuid> {
        Ok(self.org_id.parse::<zencall::shared::ids::OrgId>().map_err(|error| anyhow::anyhow!("{error:?}"))?.0)
    }
}

impl Place {
    /// Makes the cluster. Errors: it would not be durable.
    pub async fn make() -> anyhow::Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("zencall-bench-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711))?;
        let folder = Folder(folder);
        let cluster = private_pg::start(&folder.0.join("cluster")).await?;
        let pool = PgPool::connect(&cluster.url).await?;
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String = sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&pool).await?;
            ensure!(value == "on", "{name} is {value}: nothing measured here would be durable");
        }
        let (address, admin, sim) = (free_port()?, free_port()?, free_port()?);
        Ok(Self { server: None, pool, cluster, address, admin, sim, folder })
    }

    /// The server's program, to be given a command.
    pub fn command(&self) -> anyhow::Result<Command> {
        self.equipped(Command::new(server()?))
    }

    /// A program in the server's environment.
    pub fn equipped(&self, mut command: Command) -> anyhow::Result<Command> {
        let site = std::env::var("ZENCALL_BENCH_SITE").context("bin/bench and bin/proof say where the browser's files are")?;
        let kept = ["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)));
        command
            .env_clear()
            .envs(kept)
            .env("ZENCALL_ENV", "sandbox")
            .env("ZENCALL_DATA_DIR", self.folder.0.join("data"))
            .env("DATABASE_URL", &self.cluster.url)
            .env("BIND", self.address.to_string())
            .env("ADMIN_BIND", self.admin.to_string())
            .env("ZENCALL_SIM_BIND", self.sim.to_string())
            .env("PUBLIC_URL", format!("http://{}", self.address))
            .env("LEPTOS_SITE_ROOT", site)
            .kill_on_drop(true)
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Adds organisations and calls by `zencall seed`; another `seed` each time. Returns the organisations.
    pub async fn seed(&self, calls: u64, seed: u32) -> anyhow::Result<Vec<Org>> {
        let (calls, seed) = (calls.to_string(), seed.to_string());
        let made = self.command()?.args(["seed", "--orgs", "1", "--calls", &calls, "--seed", &seed, "--json"]).output().await?;
        ensure!(made.status.success(), "seeding: {}", String::from_utf8_lossy(&made.stderr));
        sqlx::query("analyze").execute(&self.pool).await?;
        Ok(serde_json::from_slice(&made.stdout)?)
    }

    /// Starts the server and waits until it is ready.
    pub async fn serve(&mut self) -> anyhow::Result<()> {
        let log = self.folder.0.join("server.log");
        let file = std::fs::File::create(&log)?;
        self.server = Some(self.command()?.arg("serve").stdout(Stdio::null()).stderr(file).spawn()?);
        let began = Instant::now();
        while !is_ready(self.address).await {
            let ended = self.server.as_mut().and_then(|server| server.try_wait().ok().flatten());
            ensure!(ended.is_none() && began.elapsed() < Duration::from_secs(60), "the server does not become ready: {}", tail(&log));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Asks the server to drain, then stops the cluster.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.stop_server().await;
        self.pool.close().await;
        self.cluster.stop().await
    }

    async fn stop_server(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        if let Some(id) = server.id().and_then(|id| i32::try_from(id).ok()) {
            // SAFETY: a signal to a child we hold and have not waited for, so its id is its own.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let _ = tokio::time::timeout(Duration::from_secs(15), server.wait()).await;
    }

    /// Resident KiB of the server.
    pub fn resident_kib(&self) -> anyhow::Result<i64> {
        let id = self.server.as_ref().and_then(Child::id).context("the server runs")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    /// CPU time the server has used so far.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let id = self.server.as_ref().and_then(Child::id).context("the server runs")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // After the name, which may hold spaces: utime and stime are the 12th and 13th of what follows.
        let (_, fields) = stat.rsplit_once(") ").context("stat")?;
        let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // SAFETY: asks for a number.
        let per_second = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) })?;
        Ok(Duration::from_millis(ticks * 1000 / per_second))
    }

    /// A session of an organisation's owner: the cookie's value.
    pub async fn sign_in(&self, org: &Org) -> anyhow::Result<String> {
        let token = crypto::token();
        sqlx::query(
            "insert into sessions (id, token_hash, account_id, active_org, last_seen_at, expires_at)
             select $1, $2, account_id, org_id, now(), now() + interval '1 day' from members where org_id = $3 limit 1",
        )
        .bind(SessionId::generate())
        .bind(crypto::token_hash(&token))
        .bind(org.uuid()?)
        .execute(&self.pool)
        .await?;
        Ok(token)
    }

    /// The folder of the cluster's socket, for PostgreSQL's own programs.
    pub fn socket_folder(&self) -> &Path {
        self.cluster.socket_folder()
    }

    /// The cluster, to be put under strain.
    pub fn cluster(&self) -> &PrivatePg {
        &self.cluster
    }

    /// A file name in the place.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }
}

/// Where the server's program lies.
pub fn server() -> anyhow::Result<PathBuf> {
    Ok(std::env::var("ZENCALL_BENCH_SERVER").context("bin/bench and bin/proof say where the server is")?.into())
}

/// An address nobody uses.
pub fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

async fn is_ready(address: SocketAddr) -> bool {
    matches!(reqwest::get(format!("http://{address}/readyz")).await, Ok(answer) if answer.status().is_success())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// The middle of some figures, and how far apart they lie as a part of it.
pub fn middle(figures: &[f64]) -> (f64, f64) {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = match sorted.len() {
        0 => return (0.0, 0.0),
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    };
    (middle, (sorted[sorted.len() - 1] - sorted[0]) / middle)
}

/// The value below which this part of all lie.
pub fn percentile(figures: &mut [f64], part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let place = (figures.len() as f64 * part).ceil() as usize;
    figures.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Prints one figure's line, with what it was measured on.
pub fn report(bench: &str, mut figure: Value) {
    figure["bench"] = json!(bench);
    figure["load"] = json!(std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse::<f64>().ok()));
    figure["commit"] = json!(std::env::var("ZENCALL_BENCH_COMMIT").unwrap_or_default());
    println!("{figure}");
}

/// Two decimals.
pub fn short(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
