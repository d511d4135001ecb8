//! The program. Everything it can do is a command of `zencall::server::cli`.

fn main() -> std::process::ExitCode {
    zencall::server::cli::main()
}
