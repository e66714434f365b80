//! `muster bench`: will it hold here?
//!
//! Everything is measured beside its floor, on the volume that was named and in one run: how long
//! one sync takes ([`floor`]), then what the engine makes of it. Each row measures the floor again
//! before, between and after its rounds, so a neighbour who disturbs a row shows in it.
//!
//! The engine is the real one on a real folder: commands go in as any embedder's would, each award
//! is examined, recorded and synced, and every answer is counted. An answer that is not the
//! expected one ends the bench instead of passing for work done.

mod changes;
mod crowd;
mod drive;
mod floor;
mod log;
mod matching;
mod push;
mod race;
mod report;
mod world;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use engine::io::IoError;
use engine::{Ended, OpenError, Unavailable};
use miette::Diagnostic;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{
    BenchArgs, BenchLogArgs, BenchMatchArgs, BenchPushArgs, BenchPushServerArgs, BenchRaceArgs,
};
use crate::priority::{self, Priority};
use crate::session::SessionError;
use crate::stop::Stop;

pub use self::log::{LogPlan, LogRow};
pub use floor::sync_us;
pub use matching::MatchPlan;
pub use push::{PushPlan, PushRow};
pub use race::{RacePlan, RaceRow};
pub use report::{Beside, FloorReport, Report, Timed};

/// Why a bench ended early.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum BenchError {
    /// The folder that is measured in could not be used.
    #[error("cannot {attempt} {}: {cause}", path.display())]
    #[diagnostic(help("name a folder on the volume to be measured with --dir"))]
    Folder {
        /// What was tried.
        attempt: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
    /// The engine could not be opened.
    #[error("the engine did not open: {0}")]
    Open(#[from] OpenError),
    /// The log could not be written or read.
    #[error("the log failed: {0}")]
    #[diagnostic(help("a bench writes some gigabytes: is there space in --dir?"))]
    Log(String),
    /// The engine ended under the bench.
    #[error("the engine ended: {0}")]
    #[diagnostic(help("a bench writes some gigabytes: is there space in --dir?"))]
    Ended(#[from] Ended),
    /// The engine could not say what became of a command.
    #[error("the engine does not answer: {0}")]
    #[diagnostic(help("a bench writes some gigabytes: is there space in --dir?"))]
    Unavailable(#[from] Unavailable),
    /// The measured server, a process of its own, could not be used.
    #[error("the measured server could not be {attempt}: {cause}")]
    #[diagnostic(help(
        "what it says of itself is above; `ulimit -n` bounds its sessions' sockets"
    ))]
    Server {
        /// What was tried.
        attempt: &'static str,
        /// Why it failed.
        cause: io::Error,
    },
    /// No socket for the officers' sessions.
    #[error(transparent)]
    Socket(#[from] client::BindError),
    /// A session ended before its answer.
    #[error("a session of the bench was not answered: {0}")]
    Ask(#[from] client::AskError),
    /// Something did not come to all sessions in time.
    #[error("after {waited_s} s not everybody is {what}, and {ended} sessions have ended")]
    #[diagnostic(help("try fewer --sessions; `muster doctor` looks at sockets and descriptors"))]
    Sessions {
        /// What was waited for.
        what: &'static str,
        /// How long, in seconds.
        waited_s: u64,
        /// How many sessions have ended by themselves.
        ended: u64,
    },
    /// A floor could not be measured.
    #[error("a floor could not be measured: {what}")]
    #[diagnostic(help("see that sockets can be bound on 127.0.0.1"))]
    Floor {
        /// Why.
        what: String,
    },
    /// Something was answered otherwise than the bench was made for.
    #[error("{count} answers of {what} were not the expected ones, the first: {first}")]
    #[diagnostic(help("no figure is printed, because it would not mean what it says"))]
    Unexpected {
        /// The row.
        what: &'static str,
        /// How many.
        count: u64,
        /// The first of them.
        first: String,
    },
}

impl From<IoError> for BenchError {
    fn from(error: IoError) -> BenchError {
        BenchError::Log(error.to_string())
    }
}

/// How long and how often a row is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Rounds of a row; the median counts.
    pub rounds: u32,
    /// About how long one round takes.
    pub round: Duration,
    /// Syncs of one look at the floor.
    pub floor_syncs: u32,
}

/// What people ask for.
const FULL: Pace = Pace {
    rounds: 5,
    round: Duration::from_millis(400),
    floor_syncs: 100,
};

/// What shows that everything works; the figures are rough.
const QUICK: Pace = Pace {
    rounds: 3,
    round: Duration::from_millis(60),
    floor_syncs: 40,
};

/// How long an interrupted bench waits before it tries again to remove what it wrote.
const CLEAN_UP_RETRY: Duration = Duration::from_millis(5);

/// How often it tries.
const CLEAN_UP_TRIES: u32 = 200;

/// Exit code of a bench that was interrupted.
const INTERRUPTED: i32 = 130;

impl Pace {
    /// The full pace, or the quick one.
    pub fn new(is_quick: bool) -> Pace {
        if is_quick { QUICK } else { FULL }
    }
}

/// Measures what the race does on a volume.
///
/// # Errors
/// If the volume or the engine fails, or answers other than expected.
pub fn race(args: &BenchRaceArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let plan = RacePlan::new(args);
    let report = in_folder(&args.bench, |folder| {
        race::measure(&plan, folder, &mut progress)
    })?;
    tell(&report, args.bench.json.as_deref(), out)
}

/// Measures what the log does on a volume.
///
/// # Errors
/// If the volume or the log fails.
pub fn log(args: &BenchLogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let plan = LogPlan::new(args);
    let report = in_folder(&args.bench, |folder| {
        log::measure(&plan, folder, &mut progress)
    })?;
    tell(&report, args.bench.json.as_deref(), out)
}

/// Measures how fast it is found who may take a vacancy, in memory.
///
/// # Errors
/// If those who look find different officers, or a file cannot be written.
pub fn matching(args: &BenchMatchArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let priority = prioritise(args.realtime);
    let plan = MatchPlan::new(args);
    let mut report = matching::measure(&plan, &mut progress).map_err(Stop::failed)?;
    report.priority = priority;
    tell(&report, args.json.as_deref(), out)
}

/// Measures what sessions and pushes cost a server on this machine.
///
/// # Errors
/// If the server does not start, or somebody is not pushed to, or answered otherwise than expected.
pub fn push(args: &BenchPushArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let plan = PushPlan::new(args);
    let report = in_folder(&args.bench, |folder| {
        push::measure(&plan, folder, &mut progress)
    })?;
    tell(&report, args.bench.json.as_deref(), out)
}

/// Is the server that [`push`] measures, until standard input ends.
///
/// # Errors
/// If it cannot listen.
pub fn push_server(args: &BenchPushServerArgs, out: &mut dyn Write) -> Result<(), Stop> {
    push::serve(args, out)
}

/// Says on stderr what is being measured: the table comes at the end.
fn progress(what: &str) {
    eprintln!("measuring: {what}");
}

fn tell(report: &Report, json: Option<&Path>, out: &mut dyn Write) -> Result<(), Stop> {
    out.write_all(report.table().as_bytes())?;
    if let Some(path) = json {
        let mut bytes = serde_json::to_vec_pretty(report)?;
        bytes.push(b'\n');
        let written = fs::write(path, bytes);
        written.map_err(|cause| Stop::failed(folder_error("write", path, cause)))?;
    }
    Ok(())
}

/// Measures in a new folder below the one that was named, which goes away afterwards.
fn in_folder(
    args: &BenchArgs,
    measure: impl FnOnce(&Path) -> Result<Report, BenchError>,
) -> Result<Report, Stop> {
    let name = format!("muster-bench-{}", uuid::Uuid::now_v7().simple());
    let folder = Temporary(args.dir.join(name));
    let made = fs::create_dir(&folder.0);
    made.map_err(|cause| Stop::failed(folder_error("make", &folder.0, cause)))?;
    clean_up_when_interrupted(folder.0.clone())?;
    let priority = prioritise(args.realtime);
    let mut report = measure(&folder.0).map_err(Stop::failed)?;
    report.priority = priority;
    Ok(report)
}

/// Schedules this thread, and with it every thread that is started from here on, as was asked for
/// and is permitted.
fn prioritise(is_realtime: bool) -> Priority {
    if is_realtime && priority::apply(Priority::Realtime) {
        return Priority::Realtime;
    }
    if is_realtime {
        eprintln!("SKIPPED: real-time priority is not permitted here (CAP_SYS_NICE, LimitRTPRIO)");
    }
    Priority::Normal
}

/// Removes `folder` and ends the process at the first interrupt: a bench that is cut short leaves
/// no gigabytes behind.
fn clean_up_when_interrupted(folder: PathBuf) -> Result<(), Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Stop::failed(SessionError::Runtime(error)))?;
    let interrupted = async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    };
    // It waits for as long as the process lasts.
    thread::spawn(move || {
        if runtime.block_on(interrupted).is_ok() {
            // The log's threads may make a file meanwhile.
            for _ in 0..CLEAN_UP_TRIES {
                if fs::remove_dir_all(&folder).is_ok() {
                    break;
                }
                thread::sleep(CLEAN_UP_RETRY);
            }
            std::process::exit(INTERRUPTED);
        }
    });
    Ok(())
}

fn folder_error(attempt: &'static str, path: &Path, cause: io::Error) -> BenchError {
    let path = path.to_owned();
    BenchError::Folder {
        attempt,
        path,
        cause,
    }
}

/// A folder that goes away with this value.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(cause) = fs::remove_dir_all(&self.0) {
            eprintln!("note: {} is left behind: {cause}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests;
