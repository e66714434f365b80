//! The load generator's command line. The library behind it never knows the engine; this wiring
//! does, so that `--embedded` can start a server and `replay` can read a log.

mod ground;
mod load;
mod recorded;
mod torture;

use std::process::ExitCode;

use clap::Parser;
use loadgen::cli::{Cli, Workload};
use loadgen::storm::Plan;
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
    match run(&cli.workload) {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(workload: &Workload) -> miette::Result<u8> {
    match workload {
        Workload::Storm(args) => load::run(&args.load, |now_us| {
            args.options(now_us).map(|options| Plan::storm(&options))
        }),
        Workload::Race(args) => load::run(&args.load, |now_us| args.plan(now_us)),
        Workload::Broadcast(args) => load::run(&args.load, |now_us| args.plan(now_us)),
        Workload::Ramp(args) => load::ramp(args),
        Workload::Reconnect(args) => load::run(&args.load, |now_us| args.plan(now_us)),
        Workload::SlowReaders(args) => load::run(&args.storm.load, |now_us| args.plan(now_us)),
        Workload::Idle(args) => load::run(&args.load, |now_us| args.plan(now_us)),
        Workload::Soak(args) => load::run(&args.load, |now_us| args.plan(now_us)),
        Workload::Replay(args) => {
            let recorded = recorded::publications(&args.log)?;
            load::run(&args.load, |now_us| args.plan(now_us, &recorded))
        }
        Workload::Torture(args) => torture::run(args),
        Workload::Merge(args) => load::merge(args),
    }
}
