//! The load generator's command line. The library behind it never knows the engine; this wiring
//! does, so that `--embedded` can start a server.

mod storm;
mod torture;

use std::process::ExitCode;

use clap::Parser;
use loadgen::cli::{Cli, Workload};
use muster::stop::{FAILED, USAGE};

/// As in `main.rs`: commands are allocated on one thread and freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Where not even this can be printed, the exit code is all that is left.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let code = match cli.workload {
        Workload::Storm(args) => storm::run(&args),
        Workload::Torture(args) => torture::run(&args),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::from(FAILED)
        }
    }
}
