//! Crashes a real server under load, again and again, and holds what everybody was told against
//! the log that survived.
//!
//! ```text
//! load ─▶ SIGKILL, or freeze and cut the power ─▶ verify and dump the dead log ─▶ judge
//!  ▲                                                                                │
//!  └── everybody back, whole states, the board ◀── start the server again ◀─────────┘
//! ```
//!
//! The load is that of [`crate::storm`]: real sessions, books, behaviours. The server is the
//! `muster` binary in a process of its own, and the log is read by `muster log`, also in a
//! process of its own: this crate knows nothing of the engine. What is still unanswered at a
//! crash is asked again by the sessions themselves, under the same id.
//!
//! Everything that was heard is judged only when the *next* crash has shown what was durable:
//! what a board or a state sync revealed too early would be missing from that log. The first
//! crash with a breach ends the run, and the evidence is kept.
//!
//! Reading order: [`history`] for what a log says; [`judge`] for what must hold; `trial.rs` for
//! the circle above; this file for what is around it.

pub mod history;
pub mod judge;
mod plan;
pub mod power;
mod report;
mod server;
mod trial;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use crate::seed::{SplitMix64, derive};
use crate::storm::{StormError, Target};

use judge::Findings;
use plan::ROUNDS_PER_LOG;
use power::{Mains, Refused};
use report::Stopwatch;
use trial::Trial;

pub use report::{Durations, Report, table};
pub use server::ProgramError;

/// How the server's address and the certificate and keys in its data folder make a target.
pub type Reach = Arc<dyn Fn(&Path, SocketAddr) -> Result<Target, String> + Send + Sync>;

/// What a torture is to do.
#[derive(Clone)]
pub struct TortureOptions {
    /// The root seed: the world, the load and the order of crashes. When exactly a crash meets
    /// the server is the machine's to say.
    pub seed: u64,
    /// Times to kill the server.
    pub kills: u64,
    /// Times to cut the power.
    pub cuts: Cuts,
    /// Officers, each with a session.
    pub officers: usize,
    /// The `muster` binary.
    pub muster: PathBuf,
    /// Where to keep logs and images; what is made there goes away again, unless it is evidence.
    pub folder: PathBuf,
    /// The commit that is tortured, for the report.
    pub commit: String,
    /// A bug to plant, to see whether it is found.
    pub plant: Option<Plant>,
    /// Monday 07:00 local time, when the first work begins, microseconds since the epoch.
    pub monday_us: i64,
    /// The moment of the run, microseconds since the epoch.
    pub now_us: i64,
    /// Finds the way to the server.
    pub reach: Reach,
}

/// How often to cut the power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cuts {
    /// So many times, if it is possible: this process has a mount namespace of its own.
    Possibly(u64),
    /// They were asked for and cannot be.
    Refused {
        /// How many.
        asked: u64,
        /// Why not.
        because: String,
    },
}

/// A planted bug: each must be found, or the check proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// After the second crash the log is replaced by what it was after the first.
    OlderLog,
    /// The server's syncs do nothing (needs strace). Only a power cut can find that.
    NoSync,
}

/// What a torture came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Where the evidence of a breach is kept.
    pub kept: Option<PathBuf>,
}

/// Why a torture could not be carried through. Breaches are no errors: they are in the report.
#[derive(Debug, thiserror::Error)]
pub enum TortureError {
    /// A folder or a process could not be used.
    #[error("{what}: {because}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        because: io::Error,
    },
    /// The server or a look at its log failed for a reason that is no breach.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The load could not be put on.
    #[error(transparent)]
    Storm(#[from] StormError),
    /// The way to the server was not found.
    #[error("the server's certificate or key cannot be used: {0}")]
    Reach(String),
    /// The power could be cut before and now cannot.
    #[error("the power cannot be cut any more: {0}")]
    Power(#[from] Refused),
    /// The sessions did not come back after a restart.
    #[error(
        "not everybody was back within {waited_s} s of a restart: look at the server's standard \
         error, or ask for fewer officers"
    )]
    NotBack {
        /// How long they had, in seconds.
        waited_s: u64,
    },
    /// Somebody pressed Ctrl-C, or ended the program with SIGTERM.
    #[error("interrupted: the server was ended and what was mounted is unmounted")]
    Interrupted,
}

/// How a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    Kill,
    Cut,
}

/// Carries a torture through; `say` gets a line of progress for each crash.
///
/// # Errors
/// [`TortureError`], where it could not be carried through.
pub async fn run(
    options: &TortureOptions,
    say: &mut dyn FnMut(&str),
) -> Result<Outcome, TortureError> {
    let began = Instant::now();
    let mut torture = Torture::prepare(options, say)?;
    tokio::select! {
        carried = torture.carry_through(say) => carried?,
        () = interrupted() => return Err(TortureError::Interrupted),
    }
    let Torture {
        mut report,
        recover,
        sessions_back,
        mut workshop,
        mains,
        ..
    } = torture;
    report.recover = recover.read();
    report.sessions_back = sessions_back.read();
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    // Unmounted before the folder around it goes away.
    drop(mains);
    workshop.is_kept = !report.is_clean() && options.plant.is_none();
    let kept = workshop.is_kept.then(|| workshop.path.clone());
    Ok(Outcome { report, kept })
}

/// Waits for Ctrl-C, or for SIGTERM, with which `timeout` and supervisors end a program. Where
/// they cannot be heard, they end the process as any other, and the server with it.
async fn interrupted() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

struct Torture<'a> {
    options: &'a TortureOptions,
    // Before the workshop: a disk is unmounted before its folder is removed.
    mains: Option<Mains>,
    workshop: Workshop,
    crashes: Vec<Crash>,
    report: Report,
    recover: Stopwatch,
    sessions_back: Stopwatch,
}

/// A folder that goes away with this value, unless it is kept.
struct Workshop {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed is in the folder for such things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl<'a> Torture<'a> {
    fn prepare(
        options: &'a TortureOptions,
        say: &mut dyn FnMut(&str),
    ) -> Result<Torture<'a>, TortureError> {
        let name = format!("muster-torture-{}", std::process::id());
        let path = options.folder.join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(system(format!("{} cannot be made", path.display())))?;
        let workshop = Workshop {
            path,
            is_kept: false,
        };
        let mut report = Report {
            seed: options.seed,
            commit: options.commit.clone(),
            officers: options.officers as u64,
            planted: options.plant.map(|plant| format!("{plant:?}")),
            ..Report::default()
        };
        let (mains, cuts) = match &options.cuts {
            Cuts::Possibly(0) => (None, 0),
            Cuts::Possibly(cuts) => match Mains::connect(&workshop.path) {
                Ok(mains) => (Some(mains), *cuts),
                Err(refused) => {
                    skip(&mut report, *cuts, &refused.to_string(), say);
                    (None, 0)
                }
            },
            Cuts::Refused { asked, because } => {
                skip(&mut report, *asked, because, say);
                (None, 0)
            }
        };
        let mut crashes = vec![Crash::Kill; usize::try_from(options.kills).unwrap_or(usize::MAX)];
        crashes.extend((0..cuts).map(|_| Crash::Cut));
        let mut dice = SplitMix64::new(derive(options.seed, "torture crashes"));
        for place in (1..crashes.len()).rev() {
            let other = usize::try_from(dice.below(place as u64 + 1)).unwrap_or(place);
            crashes.swap(place, other);
        }
        Ok(Torture {
            options,
            mains,
            workshop,
            crashes,
            report,
            recover: Stopwatch::new(),
            sessions_back: Stopwatch::new(),
        })
    }

    async fn carry_through(&mut self, say: &mut dyn FnMut(&str)) -> Result<(), TortureError> {
        let crashes = std::mem::take(&mut self.crashes);
        let total = crashes.len();
        for (number, crashes) in (0u64..).zip(crashes.chunks(ROUNDS_PER_LOG)) {
            let mut trial = Trial::begin(self, number).await?;
            self.report.logs += 1;
            let mut findings = Findings::default();
            for (round, crash) in crashes.iter().enumerate() {
                findings = trial.round(self, round, *crash).await?;
                let so_far = number as usize * ROUNDS_PER_LOG + round + 1;
                say(&trial.progress(self, *crash, (so_far, total), &findings));
                if findings.breaches_count() > 0 {
                    break;
                }
            }
            if findings.breaches_count() == 0 {
                findings = trial.conclude(self).await?;
            }
            trial.tally(self, &findings);
            if findings.breaches_count() > 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn data(&self, number: u64) -> PathBuf {
        let disk = self.mains.as_ref().map(Mains::folder);
        disk.unwrap_or(&self.workshop.path)
            .join(format!("data-{number}"))
    }
}

fn skip(report: &mut Report, asked: u64, because: &str, say: &mut dyn FnMut(&str)) {
    report.cuts_skipped = asked;
    report.cuts_skipped_because = Some(because.to_owned());
    say(&format!("SKIPPED: {asked} power cuts: {because}"));
}

fn system(what: String) -> impl FnOnce(io::Error) -> TortureError {
    move |because| TortureError::System { what, because }
}
