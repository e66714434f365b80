//! What to expect of a run, where to write what it came to, and how it ends.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use super::words::share;
use super::{CliError, HISTORIES_SHOWN_MAX, write_json};
use crate::expect::{Assertion, Baseline};
use crate::report::{Report, html, table};
use crate::shard::{Kept, merge};
use crate::storm::Outcome;

/// What may be said of every report.
#[derive(Debug, Clone, clap::Args)]
pub struct TellArgs {
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
}

/// What may be said of ledgers that are to become one.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = super::examples::MERGE)]
pub struct MergeArgs {
    /// The ledgers of all parts of one run
    #[arg(value_name = "LEDGER", required = true)]
    pub ledgers: Vec<PathBuf>,
    #[command(flatten)]
    /// What to expect and to write.
    pub tell: TellArgs,
}

impl MergeArgs {
    /// Binds the ledgers into one, and judges it.
    ///
    /// # Errors
    /// [`CliError::Merge`].
    pub fn merged(&self) -> Result<Outcome, CliError> {
        let parts = self.ledgers.iter().map(|path| Kept::read(path));
        Ok(merge(parts.collect::<Result<_, _>>()?)?)
    }
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

impl TellArgs {
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
