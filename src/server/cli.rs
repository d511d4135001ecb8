//! The commands. Exit code 0 on success, 2 on wrong usage, 1 on failure with one clear line.

mod backup;
mod jobs;
mod look;
pub mod rotate;
mod seed;
mod sim;
mod verify;

use super::{boot, serve};
use crate::platform::config::Config;
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "zencall", version, about = "AI phone assistants for a business, and the place where its team runs them")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the product
    Serve {
        /// Comma-separated; all by default
        #[arg(long, value_delimiter = ',', value_parser = ["web", "worker"], default_values_t = [String::from("web"), String::from("worker")])]
        roles: Vec<String>,
    },
    /// Bring the schema up to date; safe to run twice and from several hosts
    Migrate,
    /// Write believable, deterministic data: organisations with owners, assistants, numbers, keys and calls
    Seed(seed::Seed),
    /// The provider simulators alone
    Sim(sim::Options),
    /// Name each missing, weak or contradictory setting and unreachable dependency
    Check,
    /// Every door: method, path, kind, and the permission it needs or why it is public
    Routes {
        #[arg(long)]
        json: bool,
    },
    /// Every outgoing dependency with its deadlines, retry rule and breaker
    Deps {
        #[arg(long)]
        json: bool,
    },
    /// Follow the chain of every organisation's audit log; exit code 1 when one is broken
    Verify(verify::Verify),
    /// Seal every secret again under ZENCALL_SECRET_KEY, so that ZENCALL_SECRET_KEY_PREVIOUS can go
    RotateSecrets,
    /// Save a consistent, checksummed copy of every row and file in a new folder; servers may run meanwhile
    Backup { folder: PathBuf },
    /// Put a backup back into an empty database
    Restore { folder: PathBuf },
    /// Look at background jobs, and run dead ones again
    #[command(subcommand)]
    Jobs(jobs::Jobs),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default(); // ring is in the tree as well: one of them has to be named
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    crate::platform::failpoint::set_up();
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("{error:#}")),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("zencall: {error}");
    ExitCode::FAILURE
}

/// Prints a line. A reader that has seen enough (`| head`) is no error.
fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

async fn run(command: Command) -> anyhow::Result<()> {
    // These say something of the program, whatever the settings are worth.
    match command {
        Command::Check => return look::check().await,
        Command::Routes { json } => return look::routes(json),
        Command::Deps { json } => return look::deps(json),
        Command::Sim(options) => return sim::run(options).await,
        _ => {}
    }
    let config = Config::from_env()?;
    boot::start_logging(&config);
    match command {
        Command::Serve { roles } => {
            let has = |name: &str| roles.iter().any(|role| role == name);
            serve::serve(config, serve::Roles { web: has("web"), worker: has("worker") }).await
        }
        Command::Migrate => {
            let (pool, private) = boot::database(&config).await?;
            boot::migrate(&pool).await?;
            pool.close().await;
            if let Some(private) = private {
                private.stop().await?;
            }
            say("schema is up to date");
            Ok(())
        }
        Command::Seed(wanted) => seed::run(config, wanted).await,
        Command::Verify(options) => verify::run(config, options).await,
        Command::RotateSecrets => rotate::run(config).await,
        Command::Backup { folder } => backup::save(config, &folder).await,
        Command::Restore { folder } => backup::restore(config, &folder).await,
        Command::Jobs(wanted) => jobs::run(config, wanted).await,
        Command::Check | Command::Routes { .. } | Command::Deps { .. } | Command::Sim(_) => Ok(()), // answered above
    }
}
