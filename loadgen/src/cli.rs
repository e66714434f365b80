//! The command line of `loadgen`: what may be said, and what it means.
//!
//! The binary itself lives in the root package, which alone knows how to embed a server.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::behaviour::Mix;
use crate::limits::{CRASHES_MAX, OFFICERS_MAX, TORTURE_OFFICERS_MAX, VACANCIES_MAX};
use crate::pacer::{Pacer, Rate};
use crate::report::table;
use crate::storm::{Outcome, StormOptions, next_monday_us};
use crate::torture::{self, Cuts, Plant, Reach, TortureOptions};
use crate::view::{Plain, Probe, Progress, Screen, ScreenError};

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
    /// Kill a server under load, cut its power, and check what everybody was told against the
    /// log that survived.
    Torture(TortureArgs),
}

/// What may be said of a storm.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = STORM_EXAMPLES)]
pub struct StormArgs {
    /// Simulated officers, each on a QUIC session of its own
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(15..=OFFICERS_MAX as u64))]
    pub officers: u64,
    /// Vacancies to publish
    #[arg(long, value_name = "N", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=VACANCIES_MAX as u64))]
    pub vacancies: u64,
    /// Publish at this rate, such as 40/s or 2400/m
    #[arg(long, value_parser = rate, conflicts_with = "over")]
    pub rate: Option<Rate>,
    /// Publish them all within this time, evenly; 0s: all at once [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub over: Option<Duration>,
    /// How long each tier is asked before the next
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "2s")]
    pub window: Duration,
    /// Same seed, same world, schedule and decisions
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Weights of eager, considered, silent, decline, drop, release
    #[arg(long, value_name = "MIX", default_value_t = Mix::default())]
    pub behaviour: Mix,
    /// The server to load
    #[arg(long, value_name = "ADDRESS", default_value_t = default_target())]
    pub target: SocketAddr,
    /// Start a server in this process and load that
    #[arg(long, conflicts_with_all = ["target", "certificate", "token_key"])]
    pub embedded: bool,
    /// The server's certificate, PEM [default: of the server running on this machine]
    #[arg(long, value_name = "FILE", requires = "token_key")]
    pub certificate: Option<PathBuf>,
    /// The key that signs tokens [default: of the server running on this machine]
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub token_key: Option<PathBuf>,
    /// Write the report as JSON, - for the standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Progress lines instead of the full screen
    #[arg(long)]
    pub no_tui: bool,
}

const STORM_EXAMPLES: &str = "\
Examples:
  loadgen storm --embedded                       nothing else needed
  loadgen storm                                  against `muster serve` on this machine
  loadgen storm --officers 10000 --rate 20/s --json report.json
  loadgen storm --behaviour eager=80,silent=10,drop=10 --seed 42

Latency counts from the intended instant. Exit code 1 if the audit finds any breach.";

/// What may be said of a torture.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = TORTURE_EXAMPLES)]
pub struct TortureArgs {
    /// How often to kill the server (SIGKILL) under load
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=CRASHES_MAX))]
    pub kills: u64,
    /// How often to cut its power under load; needs root, ext4, loop devices and perl
    #[arg(long, value_name = "M", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=CRASHES_MAX))]
    pub cuts: u64,
    /// Simulated officers, each on a QUIC session of its own
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(15..=TORTURE_OFFICERS_MAX))]
    pub officers: u64,
    /// Same seed, same world, load and order of crashes
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The server's program [default: `muster` beside this program]
    #[arg(long, value_name = "FILE")]
    pub muster: Option<PathBuf>,
    /// Where logs and disk images are made [default: the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Write the report as JSON, - for the standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Plant a bug, to see that it is found: exit code 1 is then the right one
    #[arg(long, value_name = "BUG")]
    pub plant: Option<Plant>,
}

const TORTURE_EXAMPLES: &str = "\
Examples:
  loadgen torture --kills 5 --cuts 3                       half a minute
  loadgen torture --kills 1000 --cuts 1000 --json t.json   the long form
  loadgen torture --kills 0 --cuts 3 --plant no-sync       must find what was lost (needs strace)
  loadgen torture --kills 2 --plant older-log              must find lost wins

Each run starts `muster serve` on 127.0.0.1 itself. Where power cannot be cut, SKIPPED is printed.
Exit codes: 0 clean, 1 a breach or a failure, 2 wrong usage, 4 clean, but power cuts were skipped.";

/// Exit code of a torture that found nothing and could not do all that was asked.
pub const SKIPPED: u8 = 4;

/// What was said makes no sense, or the report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The clock is beyond what a calendar holds.
    #[error("the system's clock shows no date on which a Monday follows: set it")]
    Clock,
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

impl StormArgs {
    /// The storm that was asked for, at this moment (microseconds since the epoch).
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn options(&self, now_us: i64) -> Result<StormOptions, CliError> {
        Ok(StormOptions {
            seed: self.seed,
            officers: usize::try_from(self.officers).unwrap_or(OFFICERS_MAX),
            vacancies: usize::try_from(self.vacancies).unwrap_or(VACANCIES_MAX),
            pacer: self.pacer(),
            mix: self.behaviour,
            window_ms: u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX),
            monday_us: next_monday_us(now_us).ok_or(CliError::Clock)?,
            now_us,
        })
    }

    /// The view that fits: a full screen on a terminal, otherwise lines on the standard error.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn view(&self, probe: Option<Probe>) -> Result<Box<dyn Progress>, ScreenError> {
        if self.no_tui || !io::stdout().is_terminal() {
            return Ok(Box::new(Plain::stderr(probe)));
        }
        let title = format!(
            "loadgen storm · {} officers · seed {}",
            self.officers, self.seed
        );
        Ok(Box::new(Screen::open(title, probe)?))
    }

    fn pacer(&self) -> Pacer {
        const OVER: Duration = Duration::from_secs(5);
        let over = self.over.unwrap_or(OVER);
        let evenly = Rate::per_second(self.vacancies as f64 / over.as_secs_f64());
        match self.rate.or(evenly) {
            Some(rate) => Pacer::Constant(rate),
            None => Pacer::Burst {
                hits: self.vacancies,
            },
        }
    }
}

impl TortureArgs {
    /// The torture that was asked for, at this moment (microseconds since the epoch).
    ///
    /// # Errors
    /// [`CliError::Clock`], or [`CliError::NoServer`].
    pub fn options(
        &self,
        (commit, now_us): (&str, i64),
        cuts: Cuts,
        reach: Reach,
    ) -> Result<TortureOptions, CliError> {
        let beside = || {
            let own = std::env::current_exe().unwrap_or_default();
            own.with_file_name(format!("muster{}", std::env::consts::EXE_SUFFIX))
        };
        let path = self.muster.clone().unwrap_or_else(beside);
        // The server runs in a folder of its own, from where a relative path leads elsewhere.
        let Ok(muster) = path.canonicalize() else {
            return Err(CliError::NoServer { path });
        };
        let folder = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        Ok(TortureOptions {
            seed: self.seed,
            kills: self.kills,
            cuts,
            officers: usize::try_from(self.officers).unwrap_or(OFFICERS_MAX),
            muster,
            folder: std::path::absolute(&folder).unwrap_or(folder),
            commit: commit.to_owned(),
            plant: self.plant,
            monday_us: next_monday_us(now_us).ok_or(CliError::Clock)?,
            now_us,
            reach,
        })
    }
}

/// Writes the report of a torture where it was asked for, then the histories of the first
/// breaches and the closing table to `out`; returns the exit code.
///
/// # Errors
/// [`CliError::Report`] or [`CliError::Output`].
pub fn conclude_torture(
    outcome: &torture::Outcome,
    json: Option<&PathBuf>,
    out: &mut dyn Write,
) -> Result<u8, CliError> {
    let report = &outcome.report;
    let is_told = write_json(report, json, out)?;
    if !is_told {
        let mut text = String::new();
        for history in report.histories.iter().take(HISTORIES_SHOWN_MAX) {
            text.push_str(history);
            text.push_str("\n\n");
        }
        text.push_str(&torture::table(report));
        if let Some(kept) = &outcome.kept {
            text.push_str(&format!("the evidence is kept in {}\n", kept.display()));
        }
        if let Some(because) = &report.cuts_skipped_because {
            let asked = report.cuts_skipped;
            text.push_str(&format!("SKIPPED: {asked} power cuts: {because}\n"));
        }
        out.write_all(text.as_bytes()).map_err(CliError::Output)?;
    }
    Ok(match (report.is_clean(), report.cuts_skipped) {
        (false, _) => exit_code(false),
        (true, 0) => exit_code(true),
        (true, _) => SKIPPED,
    })
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

/// Writes the report where it was asked for, then the histories of all breaches and the closing
/// table to `out`; returns whether the audit was clean.
///
/// # Errors
/// [`CliError::Report`] or [`CliError::Output`].
pub fn conclude(
    outcome: &Outcome,
    json: Option<&PathBuf>,
    out: &mut dyn Write,
) -> Result<bool, CliError> {
    let to_stdout = write_json(&outcome.report, json, out)?;
    for breach in outcome.breaches.iter().take(HISTORIES_SHOWN_MAX) {
        // Where the report itself goes to `out`, it must stay valid JSON.
        if !to_stdout {
            writeln!(out, "{breach}\n").map_err(CliError::Output)?;
        }
    }
    if !to_stdout {
        out.write_all(table(&outcome.report).as_bytes())
            .map_err(CliError::Output)?;
    }
    Ok(outcome.report.audit.is_clean())
}

/// The exit code of a run: 0 clean, 1 a breach.
pub fn exit_code(clean: bool) -> u8 {
    u8::from(!clean)
}

fn default_target() -> SocketAddr {
    ([127, 0, 0, 1], protocol::PORT).into()
}

fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time: write for example 500ms, 5s or 2m");
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("`{text}` is not a rate: write for example 40/s or 2400/m");
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let per_second = match unit {
        "s" => number,
        "m" => number / 60.0,
        "h" => number / 3_600.0,
        _ => return Err(wrong()),
    };
    Rate::per_second(per_second).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::report::{AuditCounts, Counts, Latencies, Report};

    fn storm(args: &[&str]) -> Result<StormArgs, clap::Error> {
        let args = ["loadgen", "storm"].iter().chain(args);
        match Cli::try_parse_from(args)?.workload {
            Workload::Storm(storm) => Ok(storm),
            Workload::Torture(other) => panic!("a storm was asked for: {other:?}"),
        }
    }

    fn outcome(double_fills: u64) -> Outcome {
        Outcome {
            report: Report {
                seed: 7,
                commit: "none".to_owned(),
                workload: "storm".to_owned(),
                counts: Counts::default(),
                latency_us: Latencies::default(),
                audit: AuditCounts {
                    double_fills,
                    ..AuditCounts::default()
                },
            },
            breaches: Vec::new(),
        }
    }

    #[test]
    fn the_command_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_a_screen() {
        let mut command = Cli::command();
        for workload in ["storm", "torture"] {
            let workload = command.find_subcommand_mut(workload).unwrap();
            let help = workload.render_help().to_string();
            assert!(
                help.lines().count() <= 40,
                "{} lines:\n{help}",
                help.lines().count()
            );
            assert!(help.contains("Examples:"));
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }

    #[test]
    fn defaults_are_those_documented() {
        let args = storm(&[]).unwrap();
        let options = args.options(1_795_000_000_000_000).unwrap();
        assert_eq!(
            (options.officers, options.vacancies, options.seed),
            (1_000, 200, 7)
        );
        assert_eq!(
            options.pacer,
            Pacer::Constant(Rate::per_second(40.0).unwrap())
        );
        assert_eq!(options.window_ms, 2_000);
        assert_eq!(options.monday_us, 1_795_442_400_000_000);
        assert_eq!(args.target.to_string(), "127.0.0.1:7710");
        assert!(!args.embedded);
    }

    #[test]
    fn rates_and_times_are_read() {
        let pacer = |args: &[&str]| storm(args).unwrap().pacer();
        let per_second = |hits| Pacer::Constant(Rate::per_second(hits).unwrap());
        assert_eq!(pacer(&["--rate", "30/s"]), per_second(30.0));
        assert_eq!(pacer(&["--rate", "120/m"]), per_second(2.0));
        assert_eq!(pacer(&["--rate", "8"]), per_second(8.0));
        assert_eq!(pacer(&["--over", "500ms"]), per_second(400.0));
        assert_eq!(pacer(&["--over", "0s"]), Pacer::Burst { hits: 200 });
        assert_eq!(time("1.5m"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for (args, words) in [
            (&["--rate", "fast"][..], "40/s"),
            (&["--rate", "0/s"], "40/s"),
            (&["--over", "5"], "5s"),
            (&["--over", "s"], "5s"),
            (&["--rate", "1/s", "--over", "5s"], "cannot be used with"),
            (&["--officers", "0"], "15..="),
            (&["--behaviour", "sleepy=1"], "eager"),
            (
                &["--embedded", "--target", "127.0.0.1:1"],
                "cannot be used with",
            ),
            (&["--certificate", "x.pem"], "--token-key"),
        ] {
            let said = storm(args).unwrap_err().to_string();
            assert!(said.contains(words), "{args:?} said {said}");
        }
    }

    #[test]
    fn a_breach_is_an_exit_code_and_json_stays_json() {
        let mut out = Vec::new();
        let clean = conclude(&outcome(0), None, &mut out).unwrap();
        assert_eq!(exit_code(clean), 0);
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("double fills: 0\n")
        );
        let mut out = Vec::new();
        let dash = PathBuf::from("-");
        let clean = conclude(&outcome(2), Some(&dash), &mut out).unwrap();
        assert_eq!(exit_code(clean), 1);
        let read: Report = serde_json::from_slice(&out).unwrap();
        assert_eq!(read.audit.double_fills, 2);
    }

    #[test]
    fn a_torture_that_skipped_cuts_is_no_success() {
        let told = |breaches, cuts_skipped| {
            let because = (cuts_skipped > 0).then(|| "not permitted".to_owned());
            let outcome = torture::Outcome {
                report: torture::Report {
                    breaches,
                    cuts_skipped,
                    cuts_skipped_because: because,
                    ..torture::Report::default()
                },
                kept: None,
            };
            let mut out = Vec::new();
            let code = conclude_torture(&outcome, None, &mut out).unwrap();
            (code, String::from_utf8(out).unwrap())
        };
        assert_eq!(told(0, 0).0, 0);
        assert_eq!(told(2, 3).0, 1);
        let (code, said) = told(0, 3);
        assert_eq!(code, SKIPPED);
        assert!(
            said.contains("SKIPPED: 3 power cuts: not permitted"),
            "{said}"
        );
        assert!(![0, 1, 2, 3].contains(&SKIPPED));
    }

    #[test]
    fn a_report_that_cannot_be_written_says_where() {
        let nowhere = PathBuf::from("/nonexistent/report.json");
        let error = conclude(&outcome(0), Some(&nowhere), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/report.json"));
    }
}
