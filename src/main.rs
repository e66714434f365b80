//! Parses the command line, runs the command, says how it went.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use muster::cli::Cli;
use muster::commands;
use muster::stop::USAGE;

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
