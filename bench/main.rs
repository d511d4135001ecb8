//! Benchmarks of what was promised, on a release build: `bin/bench NAME [--quick]`. Each prints one JSON line per figure and checks its answers.

mod api_key;
mod calls_search;
mod hooks;
mod live;
mod load;
mod page;
#[allow(dead_code)] // the proofs need more of it
mod place;
mod rollups;
mod tools;
mod webhook_ack;

use anyhow::bail;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let names: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(&names, is_quick)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("bench: {error:#}");
    ExitCode::FAILURE
}

async fn run(names: &[&str], is_quick: bool) -> anyhow::Result<()> {
    match names {
        ["api_key"] => api_key::run(is_quick).await,
        ["webhook_ack"] => webhook_ack::run(is_quick).await,
        ["first_load"] => page::run(is_quick).await,
        ["rollups"] => rollups::run(is_quick).await,
        ["calls_search"] => calls_search::run(is_quick).await,
        ["live"] => live::run(is_quick).await,
        ["tools"] => tools::run(is_quick).await,
        [] => Ok(()), // `cargo test --all-targets` starts us with nothing to do
        _ => bail!("usage: bench webhook_ack|first_load|live|tools|rollups|calls_search|api_key [--quick]"),
    }
}
