//! The command line of `loadgen`: what may be said, and what it means.
//!
//! The binary itself lives in the root package, which alone knows how to embed a server.
//! `workloads` has the words of each workload and makes plans of them, `load` those that all
//! share, `tell` those of every report, `torture` its own.

mod examples;
mod load;
mod tell;
mod torture;
mod words;
mod workloads;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::expect::BaselineError;
use crate::shard::MergeError;

pub use load::LoadArgs;
pub use tell::{Conclusion, MergeArgs, NOT_AS_EXPECTED, TellArgs, conclude};
pub use torture::{SKIPPED, TortureArgs, conclude_torture};
pub use workloads::{
    BroadcastArgs, CrowdArgs, IdleArgs, RaceArgs, RampArgs, ReconnectArgs, ReplayArgs,
    SlowReadersArgs, SoakArgs, StormArgs,
};

/// Load tests that people believe: open-loop load over real QUIC sessions, and an audit from the
/// officers' own ledger.
#[derive(Debug, clap::Parser)]
#[command(name = "loadgen", version, about, max_term_width = 100)]
#[command(propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// The workload.
    #[command(subcommand)]
    pub workload: Workload,
}

/// The workloads.
#[derive(Debug, clap::Subcommand)]
pub enum Workload {
    /// A peak Monday broadcast: officers connect, vacancies are published on an open-loop
    /// schedule, everybody answers in their own way, and a ledger audits the result.
    Storm(StormArgs),
    /// One vacancy after the other, each taken by everybody in the moment of hearing.
    Race(RaceArgs),
    /// One vacancy after the other, heard by everybody and answered by nobody: what telling
    /// everybody takes.
    Broadcast(BroadcastArgs),
    /// Find the rate of publications at which requests are no longer answered in time, then load
    /// the server with up to three times as much and see it recover.
    Ramp(RampArgs),
    /// Cut every connection at once in the middle of a storm, and see everybody come back.
    Reconnect(ReconnectArgs),
    /// A storm during which a share of the officers leave everything unread.
    SlowReaders(SlowReadersArgs),
    /// Sessions that stand and do nothing: what one of them costs.
    Idle(IdleArgs),
    /// A steady load for hours: the slopes of memory, descriptors and log.
    Soak(SoakArgs),
    /// Offer the publications of a recorded log again, in their own time or faster.
    Replay(ReplayArgs),
    /// Kill a server under load, cut its power, and check what everybody was told against the
    /// log that survived.
    Torture(TortureArgs),
    /// Bind the ledgers of a run over several processes into one, and judge it as a whole.
    Merge(MergeArgs),
}

/// What was said makes no sense, or the report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The clock is beyond what a calendar holds.
    #[error("the system's clock shows no date on which a Monday follows: set it")]
    Clock,
    /// The baseline cannot be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The ledgers of a run's parts cannot be used.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// This workload is not one run.
    #[error("a ramp is several runs, one by what the other showed: it has no --shard")]
    NoParts,
    /// The report could not be written.
    #[error("the report cannot be written to {path}: {because}")]
    Report {
        /// Where it should have gone.
        path: String,
        /// Why it could not.
        because: io::Error,
    },
    /// There is no server beside this program.
    #[error(
        "there is no program {}: build it (`cargo build --bins`), or name it with --muster",
        path.display()
    )]
    NoServer {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The standard output is gone.
    #[error("the closing table cannot be written: {0}")]
    Output(io::Error),
}

/// Histories shown; all that are kept are in the report.
const HISTORIES_SHOWN_MAX: usize = 20;

/// Writes a report where it was asked for; says whether that was `out`, which must then hold
/// nothing else.
fn write_json(
    report: &impl serde::Serialize,
    json: Option<&PathBuf>,
    out: &mut dyn Write,
) -> Result<bool, CliError> {
    let Some(path) = json else {
        return Ok(false);
    };
    let failed = |because| CliError::Report {
        path: path.display().to_string(),
        because,
    };
    let mut text =
        serde_json::to_string_pretty(report).map_err(|error| failed(io::Error::other(error)))?;
    text.push('\n');
    if path.as_os_str() == "-" {
        out.write_all(text.as_bytes()).map_err(CliError::Output)?;
        return Ok(true);
    }
    fs::write(path, text).map_err(failed)?;
    Ok(false)
}

/// The exit code of a run: 0 clean, 1 a breach.
pub fn exit_code(clean: bool) -> u8 {
    u8::from(!clean)
}

#[cfg(test)]
mod tests;
