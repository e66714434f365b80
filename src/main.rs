//! Parses the command line, runs the command, says how it went.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use muster::cli::Cli;
use muster::commands;
use muster::stop::USAGE;

/// Commands are allocated on one thread and freed on another, a million times a second on a busy
/// morning: the system's allocator takes a lock for that, this one does not.
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
    // Not locked for the length of a command: a live view writes from a thread of its own.
    let mut out = std::io::stdout();
    let result = commands::run(cli, &mut out).and_then(|()| Ok(out.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(report) = stop.report() {
                eprintln!("{report:?}");
            }
            ExitCode::from(stop.code())
        }
    }
}
