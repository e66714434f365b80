//! What a bench prints has a shape; how fast it is, no test asks.

use clap::Parser;

use super::*;
use crate::cli::{BenchWhat, Cli, Command};
use crate::scratch::Scratch;

/// As short as a round can be.
const TINY: Pace = Pace {
    rounds: 2,
    round: Duration::from_millis(1),
    floor_syncs: 3,
};

fn tiny_race() -> RacePlan {
    RacePlan {
        pace: TINY,
        only: Vec::new(),
        in_flight: vec![1, 8],
        connections: 2,
        rate: Some(2_000.0),
        agencies: 2,
        crowd: 50,
        fill: 40,
    }
}

#[test]
fn every_row_of_the_race_is_measured_and_means_what_it_says() {
    let scratch = Scratch::new();
    let mut heard = Vec::new();
    let report = race::measure(&tiny_race(), scratch.path(), &mut |what| {
        heard.push(what.to_owned());
    })
    .unwrap();
    let rows: Vec<&str> = report.timed.iter().map(|row| row.row.as_str()).collect();
    let expected = [
        "alone",
        "in-flight",
        "in-flight",
        "callers",
        "hot-vacancy",
        "open-loop",
        "hot-race",
    ];
    assert_eq!(rows, expected);
    for row in &report.timed {
        assert!(row.per_s > 0.0 && row.counted > 0, "{row:?}");
        assert!(row.p99_us >= row.p50_us && row.p50_us > 0.0, "{row:?}");
        assert!(
            (row.p50_us / row.t_sync_us - row.p50_t_sync).abs() < 1e-6,
            "{row:?}"
        );
    }
    let beside: Vec<&str> = report.beside.iter().map(|row| row.row.as_str()).collect();
    assert_eq!(beside, ["gate", "gate-spread", "gate-ticket"]);
    assert!(report.floor.syncs > 0 && report.floor.append_1_mib.p50_us > 0.0);
    assert!(heard.iter().any(|what| what == "a hot race"), "{heard:?}");

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["timed"][2]["in_flight"], 8);
    let table = report.table();
    for expected in [
        "8 in flight",
        "t_sync",
        "64 callers, one vacancy",
        "one atomic load",
    ] {
        assert!(table.contains(expected), "{table}");
    }
}

#[test]
fn one_row_can_be_asked_for() {
    let scratch = Scratch::new();
    let plan = RacePlan {
        only: vec![RaceRow::Alone],
        fill: 0,
        ..tiny_race()
    };
    let report = race::measure(&plan, scratch.path(), &mut |_| {}).unwrap();
    assert_eq!(report.timed.len(), 1);
    assert!(report.beside.is_empty());
}

#[test]
fn every_row_of_the_log_is_measured() {
    let scratch = Scratch::new();
    let plan = LogPlan {
        pace: TINY,
        only: Vec::new(),
        records: 3_000,
        awards: 200,
        agencies: 2,
    };
    let report = log::measure(&plan, scratch.path(), &mut |_| {}).unwrap();
    let batches: Vec<_> = report.timed.iter().map(|row| row.in_flight).collect();
    assert_eq!(batches, [1, 64, 1_024, 16_384].map(Some));
    let beside: Vec<&str> = report.beside.iter().map(|row| row.row.as_str()).collect();
    let expected = [
        "append",
        "write",
        "write-plain",
        "codec-encode",
        "codec-decode",
        "codec-crc",
        "recovery-64",
        "recovery-awards",
        "recovery-live",
    ];
    assert_eq!(beside, expected);
    for row in &report.beside {
        assert!(row.ours > 0.0 && row.floor > 0.0, "{row:?}");
    }
    assert!(report.table().contains("reading the files"));
}

#[test]
fn an_answer_that_was_not_expected_ends_the_bench() {
    let run = drive::Run::new();
    assert!(run.expect("accepts", 0).is_ok());
    let error = run.expect("accepts", 3).unwrap_err().to_string();
    assert!(error.starts_with("3 answers of accepts"), "{error}");
}

#[test]
fn a_recovery_that_misses_a_record_ends_the_bench() {
    assert!(log::all_are_there(7, 7).is_ok());
    let error = log::all_are_there(6, 7).unwrap_err().to_string();
    assert!(error.contains("6 of 7 records"), "{error}");
}

#[test]
fn the_command_writes_a_file_and_leaves_no_folder() {
    let scratch = Scratch::new();
    let (dir, json) = (
        scratch.path().join("here"),
        scratch.path().join("race.json"),
    );
    fs::create_dir(&dir).unwrap();
    let words = ["muster", "bench", "race", "--quick", "--only", "alone"];
    let paths = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "--json".as_ref(),
        json.as_os_str(),
    ];
    let cli = Cli::try_parse_from(words.map(std::ffi::OsStr::new).into_iter().chain(paths));
    let Command::Bench(command) = cli.unwrap().command else {
        panic!("it was a bench");
    };
    let BenchWhat::Race(args) = command.what else {
        panic!("it was a race");
    };
    let mut out = Vec::new();
    race(&args, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("one caller alone"));
    let written: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(written["bench"], "race");
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
}

#[test]
fn a_match_is_measured_beside_its_floor_and_everybody_finds_the_same() {
    let scratch = Scratch::new();
    let plan = MatchPlan {
        officers: 3_000,
        seed: 7,
        rounds: 1,
        round: Duration::from_millis(1),
        write: Some(scratch.path().to_owned()),
    };
    let report = matching::measure(&plan, &mut |_| {}).unwrap();
    let rows: Vec<&str> = report.beside.iter().map(|row| row.row.as_str()).collect();
    let expected = [
        "scan",
        "twin",
        "roaring",
        "roaring-exact",
        "plane",
        "plane-ids",
        "plane-offer",
        "cores",
        "growth",
        "memory-record",
        "memory-codes",
        "memory-calendar",
        "memory-deadlines",
        "memory-sets",
        "memory-plane",
        "memory-days",
        "memory-around",
        "memory-vacancies",
        "memory-other",
        "memory",
    ];
    assert_eq!(rows[..expected.len()], expected);
    let changes = &rows[expected.len()..];
    assert_eq!(changes.len(), 2 * 5, "{changes:?}");
    let table = report.table();
    assert!(
        table.contains("find the same ones") && !table.contains("t_sync"),
        "{table}"
    );
    let written = |name: &str| fs::read_to_string(scratch.path().join(name)).unwrap();
    assert_eq!(written("officers.csv").lines().count(), 3_001);
    let vacancies = written("vacancies.csv");
    let eligible = vacancies.lines().skip(1).map(|row| {
        let (_, eligible) = row.rsplit_once(',').unwrap();
        eligible.parse::<u64>().unwrap()
    });
    assert!(eligible.sum::<u64>() > 0, "somebody may come");
}
