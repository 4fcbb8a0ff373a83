//! The binary `dialler`.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use server::cli::Cli;

// A request allocates some thousand times: the system's allocator took a third of the server's own processor time (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
