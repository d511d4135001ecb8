//! `zencall sim`: the provider simulators alone, on the wire as the real ones.

use crate::providers::sim::{Sim, SimOptions};
use clap::Args;
use std::net::SocketAddr;

#[derive(Args)]
pub struct Options {
    /// Where Vapi's simulator answers
    #[arg(long, default_value = "127.0.0.1:4010")]
    bind: SocketAddr,
    /// Where its mailbox takes SMTP
    #[arg(long, default_value = "127.0.0.1:4025")]
    smtp_bind: SocketAddr,
    /// How many times faster than life calls run
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// What believable callers are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The private key clients have to send
    #[arg(long, default_value = "sandbox-key")]
    api_key: String,
    /// The public key, for calls from a page
    #[arg(long, default_value = "sandbox-public-key")]
    public_key: String,
}

/// Runs until it is interrupted.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let Options { bind, smtp_bind, speed, seed, api_key, public_key } = options;
    anyhow::ensure!(speed.is_finite() && speed > 0.0, "--speed has to be above nought");
    let sim = Sim::start(SimOptions { bind, smtp_bind, seed, speed, api_key, public_key }).await?;
    println!("Vapi at {}, mail at smtp://{} (read at {}/_sim/mail)", sim.base_url(), sim.smtp_addr, sim.base_url());
    println!("DNS at {} (told at {}/_sim/dns)", sim.dns_addr, sim.base_url());
    tokio::select! {
        _ = tokio::signal::ctrl_c() => sim.stop(),
        () = sim.stopped() => {}
    }
    Ok(())
}
