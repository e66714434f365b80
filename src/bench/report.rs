//! What a bench found: as a table for people, as JSON for programs.

use std::fmt::{self, Write as _};
use std::path::Path;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::drive::Run;
use super::floor::{Looks, median};
use crate::embedded::COMMIT;
use crate::priority::Priority;

/// A sync shorter than this, in microseconds, was not made by a disk.
const DISK_SYNC_US_MIN: f64 = 8.0;

/// From so many times the quietest look on, the loudest one says that somebody else is at work.
const NOISE_MIN: f64 = 2.0;

/// What a bench found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `race`, `log`, `match` or `push`.
    pub bench: &'static str,
    /// The commit this program was built from.
    pub commit: &'static str,
    /// Whether this program was built with optimisations; without, no figure means anything.
    pub optimised: bool,
    /// Cores this process may use.
    pub cores: usize,
    /// How floor and engine were scheduled.
    pub priority: Priority,
    /// Where was measured; empty if in memory.
    pub folder: String,
    /// What the volume takes with nothing above it; all zero if no volume was measured.
    pub floor: FloorReport,
    /// Work that waits for the disk.
    pub timed: Vec<Timed>,
    /// Work that does not, and volumes of data.
    pub beside: Vec<Beside>,
    /// What a reader must know to read the figures rightly.
    pub notes: Vec<String>,
}

/// Two quantiles, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub p50_us: f64,
    /// 99 of 100 are shorter.
    pub p99_us: f64,
}

/// What the volume takes with nothing above it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct FloorReport {
    /// One write of 4 KiB and one `fdatasync` of a pre-zeroed file: the unit `t_sync` is the
    /// median.
    pub t_sync: Spread,
    /// How many were measured.
    pub syncs: u64,
    /// The lowest median of the looks before, between and after the rows, in microseconds.
    pub lowest_look_us: f64,
    /// The highest one: far from the lowest, somebody else was at work.
    pub highest_look_us: f64,
    /// The same with 64 KiB.
    pub append_64_kib: Spread,
    /// The same with 1 MiB.
    pub append_1_mib: Spread,
}

/// A row of work that waits for the disk. Medians of its rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timed {
    /// Its name, as `--only` takes it.
    pub row: String,
    /// What was done.
    pub what: String,
    /// How much was in flight.
    pub in_flight: Option<u64>,
    /// How much was durably done in a second.
    pub per_s: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99 of 100 were faster, in microseconds.
    pub p99_us: f64,
    /// Median latency in units of this row's `t_sync`.
    pub p50_t_sync: f64,
    /// The same of 99 of 100.
    pub p99_t_sync: f64,
    /// What share of (in flight ÷ t_sync) was reached.
    pub share: Option<f64>,
    /// What the engine's thread spent on a core for each award, in nanoseconds. Where it times the
    /// rate comes near a second, this thread is the limit.
    pub engine_ns: Option<f64>,
    /// What all submitting threads together spent on a core for each award, in nanoseconds.
    pub submit_ns: Option<f64>,
    /// `t_sync` while this row was measured, in microseconds.
    pub t_sync_us: f64,
    /// What was counted in all rounds together.
    pub counted: u64,
    /// Rounds.
    pub rounds: u32,
}

/// A row beside its floor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Its name, as `--only` takes it or begins with it.
    pub row: String,
    /// What was done.
    pub what: String,
    /// Unit of both figures.
    pub unit: &'static str,
    /// The median.
    pub ours: f64,
    /// What the floor is.
    pub floor_is: &'static str,
    /// The floor's median, measured in turn with ours.
    pub floor: f64,
    /// Ours ÷ floor.
    pub ratio: f64,
}

impl Spread {
    /// The quantiles of a histogram of nanoseconds.
    pub(super) fn of(ns: &Histogram<u64>) -> Spread {
        Spread {
            p50_us: ns.value_at_quantile(0.5) as f64 / 1e3,
            p99_us: ns.value_at_quantile(0.99) as f64 / 1e3,
        }
    }
}

impl Timed {
    /// The row that these rounds make, with the looks at the floor among them.
    pub(super) fn of(row: &str, what: String, runs: &[Run], looks: &Looks) -> Timed {
        let middle = |of: &dyn Fn(&Run) -> f64| median(runs.iter().map(of));
        let t_sync_ns = looks.t_sync_ns();
        let p50_ns = middle(&|run| run.quantile_ns(0.5));
        let p99_ns = middle(&|run| run.quantile_ns(0.99));
        let [engine_ns, submit_ns] = [0, 1].map(|side: usize| {
            let each: Option<Vec<f64>> = runs.iter().map(|run| run.ns_each()[side]).collect();
            each.filter(|each| !each.is_empty())
                .map(|each| median(each.into_iter()))
        });
        Timed {
            row: row.to_owned(),
            what,
            in_flight: None,
            engine_ns,
            submit_ns,
            per_s: middle(&Run::won_per_s),
            p50_us: p50_ns / 1e3,
            p99_us: p99_ns / 1e3,
            p50_t_sync: p50_ns / t_sync_ns,
            p99_t_sync: p99_ns / t_sync_ns,
            share: None,
            t_sync_us: t_sync_ns / 1e3,
            counted: runs.iter().map(Run::answered).sum(),
            rounds: runs.len() as u32,
        }
    }
}

impl Beside {
    pub(super) fn new(
        row: &str,
        what: &str,
        unit: &'static str,
        ours: f64,
        (floor_is, floor): (&'static str, f64),
    ) -> Beside {
        Beside {
            row: row.to_owned(),
            what: what.to_owned(),
            unit,
            ours,
            floor_is,
            floor,
            ratio: ours / floor.max(f64::MIN_POSITIVE),
        }
    }
}

impl Report {
    pub(super) fn new(bench: &'static str, folder: &Path) -> Report {
        let optimised = !cfg!(debug_assertions);
        Report {
            bench,
            commit: COMMIT,
            optimised,
            priority: Priority::Normal,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            folder: folder.parent().unwrap_or(folder).display().to_string(),
            floor: FloorReport::default(),
            timed: Vec::new(),
            beside: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The table for people, at most 130 columns wide where the names allow it.
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _infallible = self.write_table(&mut text);
        text
    }

    fn write_table(&self, text: &mut String) -> fmt::Result {
        let Report {
            bench,
            commit,
            cores,
            folder,
            priority,
            ..
        } = self;
        let how = match priority {
            Priority::Normal => "ordinary priority",
            Priority::Realtime => "real-time priority",
        };
        writeln!(
            text,
            "muster bench {bench}   commit {commit}   {cores} cores   {how}   {folder}"
        )?;
        if !self.optimised {
            writeln!(
                text,
                "NOT OPTIMISED: built for debugging; no figure here means anything"
            )?;
        }
        if self.floor.syncs > 0 {
            writeln!(text)?;
            self.floor.write(text)?;
        }
        if !self.timed.is_empty() {
            writeln!(text)?;
            write_timed(text, &self.timed)?;
        }
        if !self.beside.is_empty() {
            writeln!(text)?;
            write_beside(text, &self.beside)?;
        }
        for note in &self.notes {
            writeln!(text, "\nnote: {note}")?;
        }
        Ok(())
    }
}

impl FloorReport {
    fn write(&self, text: &mut String) -> fmt::Result {
        let FloorReport {
            t_sync,
            syncs,
            lowest_look_us,
            highest_look_us,
            append_64_kib,
            append_1_mib,
        } = self;
        writeln!(text, "{:<44} {:>10} {:>10}", "floor", "p50", "p99")?;
        let rows = [
            ("t_sync: 4 KiB and fdatasync, pre-zeroed", t_sync),
            ("64 KiB and fdatasync", append_64_kib),
            ("1 MiB and fdatasync", append_1_mib),
        ];
        for (what, spread) in rows {
            let (p50, p99) = (us(spread.p50_us), us(spread.p99_us));
            writeln!(text, "{what:<44} {p50:>10} {p99:>10}")?;
        }
        let (low, high) = (us(*lowest_look_us), us(*highest_look_us));
        writeln!(
            text,
            "{syncs} syncs before, between and after the rows; medians of a look {low} to {high}"
        )?;
        if t_sync.p50_us < DISK_SYNC_US_MIN {
            writeln!(
                text,
                "NO DISK: a sync this short keeps nothing; name another folder with --dir"
            )?;
        }
        if *highest_look_us > NOISE_MIN * lowest_look_us {
            writeln!(
                text,
                "NOISY: somebody else is at work on this machine (--realtime, where it is permitted, \
                 keeps the cores from them, not the disk)"
            )?;
        }
        Ok(())
    }
}

fn write_timed(text: &mut String, rows: &[Timed]) -> fmt::Result {
    writeln!(
        text,
        "{:<40} {:>10} {:>9} {:>9} {:>7} {:>7} {:>6} {:>8} {:>8} {:>8}",
        "durable", "/s", "p50", "p99", "p50/t", "p99/t", "share", "t_sync", "engine", "submit"
    )?;
    for row in rows {
        let share = row.share.map_or(String::new(), percent);
        let ns = |each: Option<f64>| each.map_or(String::new(), |ns| format!("{} ns", count(ns)));
        writeln!(
            text,
            "{:<40} {:>10} {:>9} {:>9} {:>7.2} {:>7.2} {:>6} {:>8} {:>8} {:>8}",
            row.what,
            count(row.per_s),
            us(row.p50_us),
            us(row.p99_us),
            row.p50_t_sync,
            row.p99_t_sync,
            share,
            us(row.t_sync_us),
            ns(row.engine_ns),
            ns(row.submit_ns),
        )?;
    }
    writeln!(
        text,
        "share: of (in flight ÷ t_sync); t_sync: that of the row's own time; engine, submit: time on \
         a core for each award"
    )
}

fn write_beside(text: &mut String, rows: &[Beside]) -> fmt::Result {
    writeln!(
        text,
        "{:<40} {:>14} {:>14} {:>8}  floor is",
        "beside its floor", "ours", "floor", "ratio"
    )?;
    for row in rows {
        let amount = |value: f64| format!("{} {}", count(value), row.unit);
        writeln!(
            text,
            "{:<40} {:>14} {:>14} {:>8.2}  {}",
            row.what,
            amount(row.ours),
            amount(row.floor),
            row.ratio,
            row.floor_is,
        )?;
    }
    Ok(())
}

/// Microseconds as people read them: `112 µs`, `1.35 ms`.
fn us(us: f64) -> String {
    if us < 1_000.0 {
        format!("{us:.0} µs")
    } else if us < 1e6 {
        format!("{:.2} ms", us / 1e3)
    } else {
        format!("{:.2} s", us / 1e6)
    }
}

/// A share of one as people read it.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// An amount to three digits, with commas between thousands: `1.25`, `28.4`, `1,250,000`.
pub(super) fn count(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_read_them() {
        let amounts = [1.254, 28.44, 999.6, 1_250_000.4];
        let expected = ["1.25", "28.4", "1,000", "1,250,000"];
        assert_eq!(amounts.map(count), expected);
        let lengths = [112.4, 1_350.0, 2_000_000.0];
        assert_eq!(lengths.map(us), ["112 µs", "1.35 ms", "2.00 s"]);
        assert_eq!(percent(0.874), "87 %");
    }

    #[test]
    fn where_nothing_was_synced_no_volume_is_judged() {
        let mut report = measured();
        report.floor.t_sync.p50_us = 2.0;
        report.floor.syncs = 0;
        assert!(!report.table().contains("NO DISK"));
    }

    #[test]
    fn a_volume_that_keeps_nothing_is_called_one() {
        let mut report = measured();
        report.floor.t_sync.p50_us = 2.0;
        assert!(report.table().contains("NO DISK"));
        report.floor.t_sync.p50_us = 110.0;
        assert!(!report.table().contains("NO DISK"));
        assert_eq!(report.folder, "/some/where");
    }

    #[test]
    fn a_neighbour_who_disturbs_is_mentioned() {
        let mut report = measured();
        (report.floor.lowest_look_us, report.floor.highest_look_us) = (100.0, 190.0);
        assert!(!report.table().contains("NOISY"));
        report.floor.highest_look_us = 210.0;
        assert!(report.table().contains("NOISY"));
    }

    fn measured() -> Report {
        let mut report = Report::new("race", Path::new("/some/where/bench"));
        report.floor.syncs = 1;
        report
    }
}
