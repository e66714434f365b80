//! `muster log` on small logs: what is said, and how it ends.

mod past;

use std::fs;

use clap::Parser;
use engine::core::{Actor, Event, Record};
use engine::log::{LogOptions, Recovery};
use engine::model::{Certification, CertificationId, Code, RequestId, Timestamp};

use super::*;
use crate::cli::Cli;
use crate::scratch::Scratch;

/// Bytes of the first segment that belong to the third record.
const THIRD: &str = "third record";

fn log(scratch: &Scratch) -> PathBuf {
    let folder = scratch.path().join("log");
    let storage: Arc<dyn Storage> = Arc::new(Disk::open(&folder).unwrap());
    let options = LogOptions {
        segment_bytes: 1 << 16,
        identity: 7,
        ..LogOptions::default()
    };
    let (mut log, _) = Recovery::begin(storage, options).unwrap().finish().unwrap();
    for (sequence, name) in (1..).zip(["first record", "second record", THIRD]) {
        log.append_with(|bytes| record(sequence, name).encode_into(bytes));
        log.commit().unwrap();
    }
    folder
}

fn record(sequence: u64, name: &str) -> Record {
    Record {
        sequence: Sequence(sequence),
        at: Timestamp(1_795_442_400_000_000),
        request: RequestId(sequence.into()),
        by: Actor::Operator,
        fingerprint: 0,
        events: Event::CertificationNamed {
            id: CertificationId(0),
            certification: Certification {
                code: Code::parse("azpost").unwrap(),
                name: name.into(),
            },
        }
        .into(),
    }
}

fn run_on(folder: &Path, words: &[&str]) -> (String, Result<(), Stop>) {
    let (what, rest) = words.split_first().unwrap();
    let mut all = vec!["muster", "log", what, folder.to_str().unwrap()];
    all.extend(rest);
    let mut out = Vec::new();
    let result = crate::commands::run(Cli::try_parse_from(all).unwrap(), &mut out);
    (String::from_utf8(out).unwrap(), result)
}

#[test]
fn a_log_is_verified_counted_and_dumped() {
    let scratch = Scratch::new();
    let folder = log(&scratch);
    let (printed, result) = run_on(&folder, &["verify"]);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(printed, "ok: 3 records, the last one 3, durable up to 3\n");
    let (printed, _) = run_on(&folder, &["stats", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&json["records"], &json["segments"]),
        (&3.into(), &1.into())
    );
    let (printed, _) = run_on(&folder, &["dump", "--json"]);
    let lines: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[2]["sequence"], &lines[2]["by"], &lines[2]["at"]),
        (
            &3.into(),
            &"operator".into(),
            &"2026-11-23T14:00:00.000000Z".into()
        )
    );
    let event = &lines[2]["events"][0];
    let told = (&event["event"], &event["name"], &event["certification"]);
    let expected = ("certification-named".into(), THIRD.into(), "azpost".into());
    assert_eq!(told, (&expected.0, &expected.1, &expected.2));
    let (printed, _) = run_on(&folder, &["dump", "--from", "2", "--to", "2"]);
    assert_eq!(
        printed,
        "       2  2026-11-23T14:00:00.000000Z  operator                  certification-named azpost \
         \"second record\"\n"
    );
}

#[test]
fn damage_is_found_by_verify_and_not_passed_over_by_dump() {
    let scratch = Scratch::new();
    let folder = log(&scratch);
    let segment = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes
        .windows(THIRD.len())
        .position(|window| window == THIRD.as_bytes())
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    for words in [&["verify"][..], &["dump"], &["verify", "--json"]] {
        let (_, result) = run_on(&folder, words);
        assert_eq!(result.unwrap_err().code(), 1, "{words:?}");
    }
    let (_, result) = run_on(&folder, &["verify"]);
    let said = result.unwrap_err().report().unwrap().to_string();
    assert!(said.contains(".seg is damaged at offset"), "{said}");
}

#[test]
fn a_folder_without_a_log_is_named() {
    let scratch = Scratch::new();
    for folder in [scratch.path().to_owned(), scratch.path().join("none")] {
        let (_, result) = run_on(&folder, &["stats"]);
        let said = result.unwrap_err().report().unwrap().to_string();
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
    }
}
