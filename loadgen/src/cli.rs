//! The command line of `loadgen`: what may be said, and what it means.
//!
//! The binary itself lives in the root package, which alone knows how to embed a server.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::behaviour::Mix;
use crate::limits::{OFFICERS_MAX, VACANCIES_MAX};
use crate::pacer::{Pacer, Rate};
use crate::report::table;
use crate::storm::{Outcome, StormOptions, next_monday_us};
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
    /// Histories shown; all that are kept are in the outcome.
    const HISTORIES_SHOWN_MAX: usize = 20;
    let to_stdout = json.is_some_and(|path| path.as_os_str() == "-");
    if let Some(path) = json {
        let failed = |because| CliError::Report {
            path: path.display().to_string(),
            because,
        };
        let mut text = serde_json::to_string_pretty(&outcome.report)
            .map_err(|error| failed(io::Error::other(error)))?;
        text.push('\n');
        if to_stdout {
            out.write_all(text.as_bytes()).map_err(CliError::Output)?;
        } else {
            fs::write(path, text).map_err(failed)?;
        }
    }
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
        let Workload::Storm(storm) = Cli::try_parse_from(args)?.workload;
        Ok(storm)
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
        let storm = command.find_subcommand_mut("storm").unwrap();
        let help = storm.render_help().to_string();
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
    fn a_report_that_cannot_be_written_says_where() {
        let nowhere = PathBuf::from("/nonexistent/report.json");
        let error = conclude(&outcome(0), Some(&nowhere), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/report.json"));
    }
}
