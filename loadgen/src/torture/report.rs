//! What a torture came to, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::report::grouped;

/// What a torture came to. Fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The root seed.
    pub seed: u64,
    /// The commit that was tortured, as the caller names it.
    pub commit: String,
    /// Officers with a session each.
    pub officers: u64,
    /// What was planted to see whether it is found; nothing in earnest.
    pub planted: Option<String>,
    /// Times the server was killed.
    pub kills: u64,
    /// Times the power was cut.
    pub cuts: u64,
    /// Cuts that were asked for and not possible here.
    pub cuts_skipped: u64,
    /// Why they were not possible.
    pub cuts_skipped_because: Option<String>,
    /// Logs that were begun; each lives through a number of crashes.
    pub logs: u64,
    /// Final answers that were checked against the log that survived.
    pub acks_checked: u64,
    /// Among them, slots won.
    pub wins_checked: u64,
    /// Among them, refusals, that a slot went to somebody else included.
    pub refusals_checked: u64,
    /// Pushes that were checked.
    pub pushes_checked: u64,
    /// Whole states told to officers that were checked.
    pub syncs_checked: u64,
    /// Boards that were checked.
    pub boards_checked: u64,
    /// Records of the surviving logs.
    pub records_checked: u64,
    /// Requests that waited for an answer at a crash and were answered after a restart.
    pub retries_resolved: u64,
    /// Among them, requests that the surviving log held already.
    pub retries_durable: u64,
    /// Requests that were answered, asked again, and answered again.
    pub repeats_checked: u64,
    /// Broken promises.
    pub breaches: u64,
    /// Broken promises by kind; a kind that was never broken is left out.
    pub breaches_by_kind: BTreeMap<String, u64>,
    /// The histories of the first breaches of each kind.
    pub histories: Vec<String>,
    /// From the start of a server to its being ready.
    pub recover: Durations,
    /// From there until every session had its state.
    pub sessions_back: Durations,
    /// How long all of it took, in milliseconds.
    pub took_ms: u64,
}

/// How long something took, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// How often it was measured.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// Of 100, the slowest but one.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Report {
    /// Whether nothing was broken.
    pub fn is_clean(&self) -> bool {
        self.breaches == 0
    }
}

/// Collects durations.
#[derive(Debug)]
pub(super) struct Stopwatch {
    all: Histogram<u64>,
    last: Duration,
}

impl Stopwatch {
    pub(super) fn new() -> Stopwatch {
        /// Three significant digits are what anybody reads.
        const DIGITS: u8 = 3;
        /// An hour, in microseconds.
        const LONGEST_US: u64 = 3_600_000_000;
        let all = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        let all = all.expect("three digits of up to an hour are within a histogram's range");
        let last = Duration::ZERO;
        Stopwatch { all, last }
    }

    pub(super) fn note(&mut self, took: Duration) {
        self.last = took;
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.all.saturating_record(took_us);
    }

    /// What was noted last.
    pub(super) fn last(&self) -> Duration {
        self.last
    }

    pub(super) fn read(&self) -> Durations {
        Durations {
            count: self.all.len(),
            p50_us: self.all.value_at_quantile(0.5),
            p99_us: self.all.value_at_quantile(0.99),
            max_us: self.all.max(),
        }
    }
}

/// The closing table.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<34}{value:>12}");
    };
    for (name, count) in [
        ("kills", report.kills),
        ("power cuts", report.cuts),
        ("power cuts skipped", report.cuts_skipped),
        ("logs begun", report.logs),
        ("records checked", report.records_checked),
        ("acknowledgements checked", report.acks_checked),
        ("  of them won", report.wins_checked),
        ("  of them refused", report.refusals_checked),
        ("pushes checked", report.pushes_checked),
        ("whole states checked", report.syncs_checked),
        ("boards checked", report.boards_checked),
        ("unanswered retries resolved", report.retries_resolved),
        ("  of them durable before", report.retries_durable),
        ("answered requests repeated", report.repeats_checked),
        ("breaches", report.breaches),
    ] {
        line(name, grouped(count));
    }
    for (kind, count) in &report.breaches_by_kind {
        line(&format!("  {kind}"), grouped(*count));
    }
    let ms = |us: u64| format!("{}.{:03}", us / 1_000, us % 1_000);
    for (name, took) in [
        ("ready after a crash", report.recover),
        ("everybody back after that", report.sessions_back),
    ] {
        let Durations {
            p50_us,
            p99_us,
            max_us,
            ..
        } = took;
        let (p50, p99, max) = (ms(p50_us), ms(p99_us), ms(max_us));
        line(name, format!("p50 {p50} p99 {p99} max {max} ms"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_matters() {
        let mut watch = Stopwatch::new();
        for ms in [10, 20, 400] {
            watch.note(Duration::from_millis(ms));
        }
        let report = Report {
            kills: 3,
            acks_checked: 12_345,
            breaches: 1,
            breaches_by_kind: [("lost win".to_owned(), 1)].into(),
            recover: watch.read(),
            ..Report::default()
        };
        let table = table(&report);
        let says = |words: &[&str]| {
            let mut lines = table.lines();
            lines.any(|line| words.iter().all(|word| line.contains(word)))
        };
        assert!(says(&["acknowledgements checked", "12,345"]), "{table}");
        assert!(says(&["breaches", "1"]), "{table}");
        assert!(says(&["  lost win", "1"]), "{table}");
        assert!(
            says(&["ready after a crash", "p50 20.", "max 40"]),
            "{table}"
        );
        assert!(!report.is_clean());
    }

    #[test]
    fn the_keys_that_others_read_stay() {
        let json = serde_json::to_value(Report::default()).unwrap();
        for key in ["kills", "cuts", "cuts_skipped", "acks_checked", "breaches"] {
            assert!(json[key].is_u64(), "{key}");
        }
    }
}
