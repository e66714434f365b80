//! A run beside an earlier one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::{Percentiles, Report, millis};

/// An earlier report, and how much slower than it a run may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    report: Report,
    /// How much slower, as a share of the earlier figure.
    tolerance: f64,
}

/// The baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("the baseline {} cannot be read: {because}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        because: io::Error,
    },
    /// It is no report.
    #[error(
        "the baseline {} is no report of this program ({because}): make one with --json",
        path.display()
    )]
    NoReport {
        /// Which file.
        path: PathBuf,
        /// Why.
        because: serde_json::Error,
    },
    /// It is the report of something else.
    #[error(
        "the baseline is a report of `{theirs}`, and this is `{ours}`: compare the same workload"
    )]
    OtherWorkload {
        /// The baseline's workload.
        theirs: String,
        /// The workload that is to run.
        ours: String,
    },
}

/// Differences up to this many microseconds are never held against a run: between two runs of
/// one program the scheduler alone makes them.
const SLACK_US: u64 = 200;

impl Baseline {
    /// Reads a report; a run may be slower by `tolerance`, as a share.
    ///
    /// # Errors
    /// [`BaselineError::Unreadable`] and [`BaselineError::NoReport`].
    pub fn read(path: &Path, tolerance: f64) -> Result<Baseline, BaselineError> {
        let text = fs::read_to_string(path).map_err(|because| BaselineError::Unreadable {
            path: path.to_owned(),
            because,
        })?;
        let report = serde_json::from_str(&text).map_err(|because| BaselineError::NoReport {
            path: path.to_owned(),
            because,
        })?;
        Ok(Baseline { report, tolerance })
    }

    /// Refuses to be compared with another workload.
    ///
    /// # Errors
    /// [`BaselineError::OtherWorkload`].
    pub fn is_of(&self, workload: &str) -> Result<(), BaselineError> {
        match self.report.workload == workload {
            true => Ok(()),
            false => Err(BaselineError::OtherWorkload {
                theirs: self.report.workload.clone(),
                ours: workload.to_owned(),
            }),
        }
    }

    /// Every figure that is worse than tolerated, a sentence each. The largest value of a latency
    /// is a single event and is not compared.
    pub fn failures(&self, report: &Report) -> Vec<String> {
        let pairs = self.report.latency_us.named().into_iter();
        let mut failures = Vec::new();
        for ((name, theirs), (_, ours)) in pairs.zip(report.latency_us.named()) {
            if theirs == Percentiles::default() {
                continue;
            }
            if ours == Percentiles::default() {
                failures.push(format!("{name} was not measured, and the baseline has it"));
                continue;
            }
            for (percentile, before, now) in [
                ("p50", theirs.p50, ours.p50),
                ("p90", theirs.p90, ours.p90),
                ("p99", theirs.p99, ours.p99),
                ("p999", theirs.p999, ours.p999),
            ] {
                let allowed = before as f64 * (1.0 + self.tolerance);
                if now as f64 > allowed && now > before + SLACK_US {
                    failures.push(format!(
                        "{name}.{percentile} is {} ms, was {} ms (commit {}), and {} % more is \
                         tolerated",
                        millis(now),
                        millis(before),
                        self.report.commit,
                        (self.tolerance * 100.0).round(),
                    ));
                }
            }
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(p50: u64, p99: u64) -> Report {
        let mut report = Report {
            workload: "storm".to_owned(),
            ..Report::default()
        };
        report.latency_us.accept_to_answer = Percentiles {
            p50,
            p90: p50,
            p99,
            p999: p99,
            max: p99 * 10,
        };
        report
    }

    fn baseline() -> Baseline {
        Baseline {
            report: report(1_000, 10_000),
            tolerance: 0.25,
        }
    }

    #[test]
    fn what_is_slower_than_tolerated_is_told() {
        assert_eq!(
            baseline().failures(&report(1_190, 12_500)),
            Vec::<String>::new()
        );
        let failures = baseline().failures(&report(1_000, 12_501));
        assert_eq!(failures.len(), 2);
        assert!(failures[0].contains("accept_to_answer.p99 is 12.501 ms, was 10.000 ms"));
        // A quarter more, but only by what a scheduler makes.
        let small = Baseline {
            report: report(100, 100),
            ..baseline()
        };
        assert_eq!(small.failures(&report(290, 290)), Vec::<String>::new());
        assert_eq!(small.failures(&report(301, 301)).len(), 4);
        assert_eq!(baseline().failures(&Report::default()).len(), 1);
    }

    #[test]
    fn a_baseline_is_a_report_of_the_same_workload() {
        baseline().is_of("storm").unwrap();
        let said = baseline().is_of("race").unwrap_err().to_string();
        assert!(said.contains("a report of `storm`"), "{said}");
        let none = Baseline::read(Path::new("/nonexistent/old.json"), 0.1).unwrap_err();
        assert!(none.to_string().contains("/nonexistent/old.json"));
        let no_report = Baseline::read(Path::new("Cargo.toml"), 0.1).unwrap_err();
        assert!(no_report.to_string().contains("--json"), "{no_report}");
    }
}
