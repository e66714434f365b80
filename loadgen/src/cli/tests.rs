use clap::{CommandFactory, Parser};

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::pacer::{Pacer, Rate};
use crate::report::{AuditCounts, Report};
use crate::storm::Outcome;

fn storm(args: &[&str]) -> Result<StormArgs, clap::Error> {
    let args = ["loadgen", "storm"].iter().chain(args);
    match Cli::try_parse_from(args)?.workload {
        Workload::Storm(storm) => Ok(storm),
        other => panic!("a storm was asked for: {other:?}"),
    }
}

fn outcome(double_fills: u64) -> Outcome {
    Outcome {
        report: Report {
            seed: 7,
            audit: AuditCounts {
                double_fills,
                ..AuditCounts::default()
            },
            ..Report::default()
        },
        breaches: Vec::new(),
        kept: None,
    }
}

#[test]
fn the_command_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn help_fits_a_screen() {
    let mut command = Cli::command();
    for workload in [
        "storm",
        "race",
        "broadcast",
        "ramp",
        "reconnect",
        "slow-readers",
        "idle",
        "soak",
        "replay",
        "torture",
        "merge",
    ] {
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
    assert_eq!(args.load.target.to_string(), "127.0.0.1:7710");
    assert!(!args.load.embedded);
}

#[test]
fn rates_and_times_are_read() {
    let pacer = |args: &[&str]| storm(args).unwrap().options(0).unwrap().pacer;
    let per_second = |hits| Pacer::Constant(Rate::per_second(hits).unwrap());
    assert_eq!(pacer(&["--rate", "30/s"]), per_second(30.0));
    assert_eq!(pacer(&["--rate", "120/m"]), per_second(2.0));
    assert_eq!(pacer(&["--rate", "8"]), per_second(8.0));
    assert_eq!(pacer(&["--over", "500ms"]), per_second(400.0));
    assert_eq!(pacer(&["--over", "0s"]), Pacer::Burst { hits: 200 });
    let slow = storm(&["--window", "1.5m"]).unwrap();
    assert_eq!(slow.crowd.window, Duration::from_secs(90));
    let seeded = pacer(&["--schedule", "poisson:40/s", "--seed", "9"]);
    assert_eq!(
        seeded,
        pacer(&["--schedule", "poisson:40/s", "--seed", "9"])
    );
    assert_ne!(
        seeded,
        pacer(&["--schedule", "poisson:40/s", "--seed", "8"])
    );
    let ramp = storm(&["--schedule", "ramp:10/s..30/s:2s"]).unwrap();
    assert_eq!(ramp.options(0).unwrap().vacancies, 40);
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
        (&["--schedule", "steady"], "ramp:10/s..80/s:20s"),
        (&["--assert", "speed>9000"], "double_fills"),
        (&["--assert", "accept.p99<50"], "50ms"),
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

#[test]
fn what_was_expected_and_is_not_so_is_told_a_line_each() {
    let concluded = |args: &[&str], double_fills| {
        let args = storm(args).unwrap();
        let outcome = outcome(double_fills);
        args.load
            .tell
            .conclude(&outcome, None, &mut Vec::new())
            .unwrap()
    };
    let asked = ["--assert", "vacancies>=1", "--assert", "double_fills==0"];
    let clean = concluded(&asked, 0);
    assert_eq!(clean.code, NOT_AS_EXPECTED);
    assert_eq!(clean.failures, ["vacancies>=1: it is 0"]);
    let breached = concluded(&asked, 1);
    assert_eq!((breached.code, breached.failures.len()), (1, 2));
    assert_eq!(concluded(&["--assert", "busy==0"], 0).code, 0);
    assert!(![0, 1, 2, SKIPPED].contains(&NOT_AS_EXPECTED));
}
