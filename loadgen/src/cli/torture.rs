//! `loadgen torture`: what may be said of it, and how it is concluded.

use std::io::Write;
use std::path::PathBuf;

use super::{CliError, HISTORIES_SHOWN_MAX, examples, exit_code, write_json};
use crate::limits::{CRASHES_MAX, OFFICERS_MAX, TORTURE_OFFICERS_MAX};
use crate::storm::next_monday_us;
use crate::torture::{self, Cuts, Plant, Reach, TortureOptions};

/// What may be said of a torture.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::TORTURE)]
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

/// Exit code of a torture that found nothing and could not do all that was asked.
pub const SKIPPED: u8 = 4;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
