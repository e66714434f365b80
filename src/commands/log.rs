//! `muster log`: a look at the write-ahead log. Nothing here changes it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::core::Record;
use engine::io::{Disk, IoError, Storage};
use engine::log::{OpenError, ReadError, Report, read_folder};
use engine::model::Sequence;
use miette::Diagnostic;
use serde::Serialize;

use super::{print_json, print_json_line};
use crate::cli::LogArgs;
use crate::show;
use crate::stop::{FAILED, Stop};

#[derive(Debug, thiserror::Error, Diagnostic)]
enum LogError {
    #[error("cannot read the log in {}: {cause}", folder.display())]
    #[diagnostic(help("the log is the folder `log` in the data folder, such as muster-data/log"))]
    Unreadable { folder: PathBuf, cause: String },
    #[error("there is no log in {}", folder.display())]
    #[diagnostic(help("the log is the folder `log` in the data folder, such as muster-data/log"))]
    Empty { folder: PathBuf },
    #[error("the log in {} is damaged: {what}", folder.display())]
    #[diagnostic(help("a server refuses to start on it: it loses nothing on its own"))]
    Damaged { folder: PathBuf, what: String },
}

/// What `verify` and `stats` say; every size in bytes.
#[derive(Debug, Serialize)]
struct Summary {
    ok: bool,
    segments: u64,
    archived: u64,
    snapshots: u64,
    batches: u64,
    records: u64,
    first: Option<u64>,
    last: Option<u64>,
    durable: u64,
    bytes: u64,
    record_bytes: u64,
    padding_bytes: u64,
    /// Half-written ends, which a server would keep aside and cut off when it starts.
    torn: Vec<TornEnd>,
    damage: Vec<String>,
}

#[derive(Debug, Serialize)]
struct TornEnd {
    file: String,
    offset: u64,
    bytes: u64,
}

/// A record, and where it stands.
#[derive(Debug, Serialize)]
struct Dumped {
    sequence: u64,
    /// The first record of the file that it stands in.
    segment: u64,
    /// Where its batch begins in that file, in bytes.
    offset: u64,
    /// Its length in bytes.
    bytes: usize,
    /// When it was decided, UTC.
    at: String,
    /// Who asked.
    by: String,
    /// The request that caused it.
    request: String,
    /// What happened, in the engine's own words.
    events: Vec<String>,
}

/// Reads everything; fails at damage.
pub(super) fn verify(args: &LogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (_, summary) = examine(&args.folder)?;
    if args.json {
        print_json(out, &summary)?;
        return if summary.ok {
            Ok(())
        } else {
            Err(Stop::Said(FAILED))
        };
    }
    for torn in &summary.torn {
        let TornEnd {
            file,
            offset,
            bytes,
        } = torn;
        writeln!(
            out,
            "note: {file} ends half-written at {offset} ({bytes} bytes): not durable"
        )?;
    }
    refuse_damage(&args.folder, &summary)?;
    let Summary {
        records,
        last,
        durable,
        ..
    } = summary;
    let last = last.unwrap_or_default();
    Ok(writeln!(
        out,
        "ok: {records} records, the last one {last}, durable up to {durable}"
    )?)
}

/// Prints every record.
pub(super) fn dump(args: &LogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (storage, summary) = examine(&args.folder)?;
    let first = Sequence(summary.first.unwrap_or(1));
    for record in read_folder(storage, first).records() {
        let (sequence, batch, payload) =
            record.map_err(|error: ReadError| unreadable(&args.folder, &error))?;
        let told = Record::decode(&payload).map_err(|cause| {
            let folder = args.folder.clone();
            let cause = format!("record {sequence} cannot be understood ({cause})");
            Stop::failed(LogError::Unreadable { folder, cause })
        })?;
        let dumped = Dumped {
            sequence: sequence.0,
            segment: batch.segment.0,
            offset: batch.offset,
            bytes: payload.len(),
            at: show::instant(told.at.as_micros()),
            by: format!("{:?}", told.by),
            request: protocol::RequestId(told.request.0).to_string(),
            events: told
                .events
                .iter()
                .map(|event| format!("{event:?}"))
                .collect(),
        };
        if args.json {
            print_json_line(out, &dumped)?;
            continue;
        }
        let Dumped {
            sequence,
            segment,
            offset,
            bytes,
            at,
            by,
            events,
            ..
        } = dumped;
        writeln!(
            out,
            "{sequence:>10}  {at}  {by}  (segment {segment} at {offset}, {bytes} bytes)"
        )?;
        for event in events {
            writeln!(out, "            {event}")?;
        }
    }
    // Reading stops at damage as it does at the end, and the records behind it are missing.
    refuse_damage(&args.folder, &summary)
}

/// Counts.
pub(super) fn stats(args: &LogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (_, summary) = examine(&args.folder)?;
    if args.json {
        return print_json(out, &summary);
    }
    let or_none = |sequence: Option<u64>| sequence.map_or("-".to_owned(), |s| s.to_string());
    writeln!(
        out,
        "files           {} ({} archived)",
        summary.segments, summary.archived
    )?;
    writeln!(out, "snapshots       {}", summary.snapshots)?;
    writeln!(out, "batches         {}", summary.batches)?;
    writeln!(out, "records         {}", summary.records)?;
    writeln!(out, "first           {}", or_none(summary.first))?;
    writeln!(out, "last            {}", or_none(summary.last))?;
    writeln!(out, "durable up to   {}", summary.durable)?;
    writeln!(out, "bytes of files  {}", summary.bytes)?;
    writeln!(out, "  of records    {}", summary.record_bytes)?;
    writeln!(out, "  of padding    {}", summary.padding_bytes)?;
    Ok(())
}

fn examine(folder: &Path) -> Result<(Arc<dyn Storage>, Summary), Stop> {
    let disk = Disk::read_only(folder).map_err(|error: IoError| unreadable(folder, &error))?;
    let storage: Arc<dyn Storage> = Arc::new(disk);
    let report =
        engine::log::verify(&storage).map_err(|error: OpenError| unreadable(folder, &error))?;
    if report.segments == 0 {
        return Err(Stop::failed(LogError::Empty {
            folder: folder.to_owned(),
        }));
    }
    Ok((storage, Summary::of(report)))
}

fn refuse_damage(folder: &Path, summary: &Summary) -> Result<(), Stop> {
    if summary.ok {
        return Ok(());
    }
    let what = summary.damage.join("; ");
    Err(Stop::failed(LogError::Damaged {
        folder: folder.to_owned(),
        what,
    }))
}

fn unreadable(folder: &Path, error: &impl std::error::Error) -> Stop {
    Stop::failed(LogError::Unreadable {
        folder: folder.to_owned(),
        cause: error.to_string(),
    })
}

impl Summary {
    fn of(report: Report) -> Summary {
        let snapshots = report.damaged_snapshots.iter();
        let mut damage: Vec<String> = snapshots
            .map(|name| format!("the snapshot {name} cannot be read"))
            .collect();
        damage.extend(report.damage.map(|damage| damage.to_string()));
        let torn = report.torn.into_iter();
        Summary {
            ok: damage.is_empty(),
            segments: report.segments,
            archived: report.archived,
            snapshots: report.snapshots,
            batches: report.batches,
            records: report.records,
            first: report.first.map(|sequence| sequence.0),
            last: report.last.map(|sequence| sequence.0),
            durable: report.durable_mark.0,
            bytes: report.bytes,
            record_bytes: report.record_bytes,
            padding_bytes: report.padding_bytes,
            torn: torn
                .map(|torn| TornEnd {
                    file: torn.file,
                    offset: torn.offset,
                    bytes: torn.bytes,
                })
                .collect(),
            damage,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;
    use engine::core::{Actor, Event};
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
            events: vec![Event::CertificationNamed {
                id: CertificationId(0),
                certification: Certification {
                    code: Code::parse("azpost").unwrap(),
                    name: name.into(),
                },
            }],
        }
    }

    fn run_on(folder: &Path, words: &[&str]) -> (String, Result<(), Stop>) {
        let mut all = vec!["muster", "log"];
        all.extend(words);
        all.push(folder.to_str().unwrap());
        let mut out = Vec::new();
        let result = super::super::run(Cli::try_parse_from(all).unwrap(), &mut out);
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
                &"Operator".into(),
                &"2026-11-23T14:00:00.000Z".into()
            )
        );
        let event = lines[2]["events"][0].as_str().unwrap();
        assert!(event.contains(THIRD), "{event}");
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
}
