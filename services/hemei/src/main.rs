//! The one binary: every role of the suite, and what it takes to run them on one machine.
mod cmd;
mod demo;
mod http;
mod import;
mod private;
mod process;
mod say;
mod signals;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only when a provider is already there, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cmd::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            say::problem(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
