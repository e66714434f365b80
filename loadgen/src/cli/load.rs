//! What may be said of every workload: whom to load, what to expect, where to write.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::words::share;
use super::{CliError, HISTORIES_SHOWN_MAX, write_json};
use crate::expect::{Assertion, Baseline};
use crate::report::{Report, html, table};
use crate::storm::{Outcome, Plan};
use crate::usage::Subject;
use crate::view::{Plain, Probe, Progress, Screen, ScreenError};

/// What may be said of every workload.
#[derive(Debug, Clone, clap::Args)]
pub struct LoadArgs {
    /// Same seed, same world, schedule and decisions
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The server to load
    #[arg(long, value_name = "ADDRESS", default_value_t = default_target())]
    pub target: SocketAddr,
    /// Start a server in this process and load that
    #[arg(long, conflicts_with_all = ["target", "certificate", "token_key", "server_pid"])]
    pub embedded: bool,
    /// The server's certificate, PEM [default: of this machine's server]
    #[arg(long, value_name = "FILE", requires = "token_key")]
    pub certificate: Option<PathBuf>,
    /// The key that signs tokens [default: of this machine's server]
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub token_key: Option<PathBuf>,
    /// Look at what the server's process uses [default: of an embedded one]
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Expect this, such as 'accept.p99<50ms' or 'dropped==0'; may be repeated
    #[arg(long = "assert", value_name = "FIGURE")]
    pub assertions: Vec<Assertion>,
    /// Expect to be no slower than this earlier report
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// How much slower each percentile may be
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "25%")]
    pub tolerance: f64,
    /// Write the report as JSON, - for the standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as a page that opens from the disk
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write each latency as an HdrHistogram plot file into this folder
    #[arg(long, value_name = "DIR")]
    pub hgrm: Option<PathBuf>,
    /// Progress lines instead of the full screen
    #[arg(long)]
    pub no_tui: bool,
}

/// Exit code of a run that kept every promise and not every assertion.
pub const NOT_AS_EXPECTED: u8 = 3;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// 0 clean, 1 a breach, 3 clean, but not as was expected.
    pub code: u8,
    /// What was expected and is not so, a sentence each.
    pub failures: Vec<String>,
}

impl LoadArgs {
    /// The view that fits: a full screen on a terminal, otherwise lines on the standard error.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn view(
        &self,
        plan: &Plan,
        probe: Option<Probe>,
    ) -> Result<Box<dyn Progress>, ScreenError> {
        if self.no_tui || !io::stdout().is_terminal() {
            return Ok(Box::new(Plain::stderr(probe)));
        }
        let name = plan.workload.split(' ').next().unwrap_or_default();
        let officers = plan.officers.len();
        let title = format!("loadgen {name} · {officers} officers · seed {}", self.seed);
        Ok(Box::new(Screen::open(title, probe)?))
    }

    /// The process to look at: the named one, or this one with the log of its embedded server.
    pub fn subject(&self, own_log: Option<PathBuf>) -> Option<Subject> {
        match self.server_pid {
            Some(pid) => Some(Subject {
                pid,
                of: format!("process {pid}: the server"),
                log: None,
            }),
            None if self.embedded => Some(Subject::own(own_log)),
            None => None,
        }
    }

    /// The baseline, if there is one; it must be of this workload.
    ///
    /// # Errors
    /// [`CliError::Baseline`].
    pub fn baseline(&self, workload: &str) -> Result<Option<Baseline>, CliError> {
        let Some(path) = &self.baseline else {
            return Ok(None);
        };
        let baseline = Baseline::read(path, self.tolerance)?;
        baseline.is_of(workload)?;
        Ok(Some(baseline))
    }

    /// Writes everything that was asked for, then the histories of the first breaches and the
    /// closing table to `out`; holds the report against what was expected.
    ///
    /// # Errors
    /// [`CliError::Report`] or [`CliError::Output`].
    pub fn conclude(
        &self,
        outcome: &Outcome,
        baseline: Option<&Baseline>,
        out: &mut dyn Write,
    ) -> Result<Conclusion, CliError> {
        let report = &outcome.report;
        let is_clean = conclude(outcome, self.json.as_ref(), out)?;
        self.write_page(outcome)?;
        self.write_plots(report)?;
        let asserted = self.assertions.iter();
        let mut failures: Vec<String> = asserted.filter_map(|one| one.failure(report)).collect();
        failures.extend(baseline.iter().flat_map(|one| one.failures(report)));
        let code = match (is_clean, failures.is_empty()) {
            (false, _) => 1,
            (true, false) => NOT_AS_EXPECTED,
            (true, true) => 0,
        };
        Ok(Conclusion { code, failures })
    }

    fn write_page(&self, outcome: &Outcome) -> Result<(), CliError> {
        let Some(path) = &self.report else {
            return Ok(());
        };
        let histories: Vec<String> = outcome.breaches.iter().map(ToString::to_string).collect();
        let page = html(&outcome.report, &histories);
        fs::write(path, page).map_err(|because| CliError::Report {
            path: path.display().to_string(),
            because,
        })
    }

    fn write_plots(&self, report: &Report) -> Result<(), CliError> {
        let Some(folder) = &self.hgrm else {
            return Ok(());
        };
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            for one in &report.distributions {
                fs::write(folder.join(format!("{}.hgrm", one.name)), one.hgrm())?;
            }
            Ok(())
        };
        write().map_err(|because| CliError::Report {
            path: folder.display().to_string(),
            because,
        })
    }
}

/// Writes the report where it was asked for, then the histories of the first breaches and the
/// closing table to `out`; returns whether the audit was clean.
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

fn default_target() -> SocketAddr {
    ([127, 0, 0, 1], protocol::PORT).into()
}
