//! The program. Everything it can do is a command of `zencall::server::cli`.

/// Quicker than the system's with many small pieces from many threads, and returns what it does not need.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    zencall::server::cli::main()
}
