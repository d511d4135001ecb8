//! Invented organisations and calls: the demonstration of the sandbox, and any amount for tests and benchmarks.
//! The same seed makes the same people, words and numbers; only the calendar moves with the day.

mod calls;
pub mod copy;
mod dice;
mod orgs;
mod talk;
mod trades;

pub use orgs::Access;

use crate::platform::Core;
use anyhow::Context;
use orgs::{Plan, make};

/// Sandbox only: who signs in to the demonstration.
pub const DEMO_EMAIL: &str = "demo@zencall.example";
/// Sandbox only: known to everybody.
pub const DEMO_PASSWORD: &str = "les-tilleuls-repondent";
const DEMO_CALLS: u32 = 420;
/// The dice of the demonstration.
const DEMO_SEED: u64 = 2026;

/// How much to make.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    pub orgs: u32,
    /// In all, shared between the organisations.
    pub calls: u32,
    pub seed: u64,
}

/// Makes organisations and their calls. Errors: this seed was used here before.
pub async fn seed(core: &Core, amount: Amount) -> anyhow::Result<Vec<Access>> {
    let now = core.clock.now();
    let share = amount.calls.div_ceil(amount.orgs.max(1));
    let (mut orgs, mut accesses) = (Vec::new(), Vec::new());
    for index in 0..amount.orgs {
        let (org, access) = make(core, &Plan::of(amount.seed, index, share), now).await?;
        orgs.push(org);
        accesses.push(access);
    }
    calls::write(core, &orgs, amount.calls as usize, amount.seed, now).await?;
    Ok(accesses)
}

/// The demonstration, when the sandbox holds no organisation yet; its login is left in the data folder for `bin/dev` to print.
/// Returns whether it was made. Of several processes that start together one makes it, the others wait.
pub async fn seed_demo(core: &Core) -> anyhow::Result<bool> {
    if core.config.is_production() {
        return Ok(false);
    }
    let mut conn = core.pool.acquire().await?;
    sqlx::query("select pg_advisory_lock(hashtext('zencall seed_demo'))").execute(&mut *conn).await?;
    let made = make_demo(core).await;
    sqlx::query("select pg_advisory_unlock(hashtext('zencall seed_demo'))").execute(&mut *conn).await?;
    made
}

async fn make_demo(core: &Core) -> anyhow::Result<bool> {
    if sqlx::query_scalar!(r#"select exists (select from orgs) as "any!""#).fetch_one(&core.pool).await? {
        return Ok(false);
    }
    let plan = Plan {
        index: 0,
        seed: DEMO_SEED,
        name: "Clinique des Tilleuls".into(),
        owner: "Camille Renard".into(),
        email: DEMO_EMAIL.into(),
        trade: 0,
        calls: DEMO_CALLS,
        password: Some(DEMO_PASSWORD),
        is_demo: true,
    };
    let now = core.clock.now();
    let (org, _) = make(core, &plan, now).await?;
    calls::write(core, &[org], DEMO_CALLS as usize, DEMO_SEED, now).await?;
    let login = core.config.data_dir.join("demo-login");
    std::fs::create_dir_all(&core.config.data_dir)?;
    std::fs::write(&login, format!("{DEMO_EMAIL}\n{DEMO_PASSWORD}\n")).with_context(|| format!("writing {}", login.display()))?;
    Ok(true)
}
