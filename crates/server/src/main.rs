//! The binary `dialler`.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match server::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dialler: {error:#}");
            ExitCode::FAILURE
        }
    }
}
