//! Programs that try to break what was promised, and say whether they could: `bin/proof [NAME...] [--short]`.
//!
//! Each makes a place of its own (a durable PostgreSQL, the server as a process of its own), lets loose on it what real life does, and then looks
//! whether a promise is broken. Traffic goes to loopback only, and every loop has an end. One JSON line is printed for each thing looked at:
//!
//! - `proof` and `what`: whose line it is and what was looked at; `figure` and `unit`: what was found; `target`: what it may be at most (or, with
//!   `at_least`, at least); `spread` and `samples` where several were taken; what else helps to read it.
//! - `kind`: `promise` (right or wrong), `time` (how long, how fast) or `control`. A control is a variant that breaks the promise on purpose, under the
//!   same storm and before the same judge: it is `ok` when it was caught, and a proof whose control goes unnoticed proves nothing.
//! - `load` and `commit`: the machine's load and what was proven. Times are worth something on a machine that does nothing else.
//!
//! The last line counts. In the short form, which the gate runs on a debug build, times are printed and decide nothing.

#[allow(dead_code)] // the benchmarks need more of it
#[path = "../bench/hooks.rs"]
mod hooks;
#[allow(dead_code)]
#[path = "../bench/load.rs"]
mod load;
#[allow(dead_code)]
#[path = "../bench/place.rs"]
mod place;

mod api;
mod backup;
mod convergence;
mod database;
mod dice;
mod findings;
mod jobs;
mod kill;
mod storm;
mod supervisor;
mod trace;
mod vanish;

use anyhow::{Context, bail};
use findings::Findings;
use std::process::ExitCode;

/// The proofs, in the order in which they run.
const NAMES: [&str; 6] = ["convergence", "jobs", "kill", "database", "vanish", "backup"];

/// How long it may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All that was promised.
    Full,
    /// For the gate: the same on a small scale.
    Short,
}

impl Form {
    /// One of two.
    pub fn of<T>(self, full: T, short: T) -> T {
        if self == Self::Full { full } else { short }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("proof: {error:#}");
    ExitCode::FAILURE
}

async fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    match arguments {
        [] => return Ok(true), // `cargo test --all-targets` starts us with nothing to do
        ["--control-door"] => return kill::control_door().await.map(|()| true),
        ["--worker"] => return jobs::worker().await.map(|()| true),
        _ => {}
    }
    let form = if arguments.contains(&"--short") { Form::Short } else { Form::Full };
    let mut names: Vec<&str> = arguments.iter().copied().filter(|argument| !argument.starts_with("--")).collect();
    if names.is_empty() {
        names = NAMES.to_vec();
    }
    if let Some(name) = names.iter().find(|name| !NAMES.contains(name)) {
        bail!("there is no proof {name:?}; there are {}", NAMES.join(", "));
    }
    let mut findings = Findings::new(form);
    for name in names {
        findings.begin(name);
        let done = match name {
            "convergence" => convergence::run(form, &mut findings).await,
            "jobs" => jobs::run(form, &mut findings).await,
            "kill" => kill::run(form, &mut findings).await,
            "database" => database::run(form, &mut findings).await,
            "vanish" => vanish::run(form, &mut findings).await,
            _ => backup::run(form, &mut findings).await,
        };
        if let Err(error) = done.with_context(|| format!("the proof {name} did not come to its end")) {
            findings.broken_off(&error);
        }
    }
    Ok(findings.end())
}
