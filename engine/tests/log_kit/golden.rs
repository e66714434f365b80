//! A whole folder of the log as files, kept for ever: what was written once must stay readable, and
//! is still written alike.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use engine::log::{FORMAT_VERSION, Log, LogOptions, SECTOR_BYTES, read_folder, verify};
use engine::model::Sequence;

use super::folder::{Files, files, memory, storage_of};
use super::run::options;

/// Set to write the files anew, after a new version of the format has got a folder of its own.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Every version that was ever released, the present one last.
const VERSIONS: &[u16] = &[1];

fn folder(version: u16) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join(format!("tests/golden/log-folder-{version}"))
}

/// The same few batches in every version: an archived segment, two live ones, two snapshots, and a
/// mark in both slots.
fn written() -> Files {
    let storage = memory();
    let small = LogOptions {
        segment_bytes: 3 * SECTOR_BYTES,
        ..options()
    };
    let (mut log, _) = Log::open(Arc::clone(&storage), small).expect("the log opens");
    let batches: [&[&[u8]]; 5] = [
        &[b"alpha", b"", b"beta"],
        &[b"gamma"],
        &[b"delta"],
        &[b"epsilon", b"zeta"],
        &[b"eta"],
    ];
    for (batch, place) in batches.into_iter().zip(1..) {
        for record in batch {
            log.append(record);
        }
        log.commit().expect("the batch commits");
        log.work();
        if place == 3 || place == 4 {
            let sequence = log.durable();
            let state = format!("state after record {sequence}");
            let saved = log.snapshots().save(sequence, state.as_bytes());
            saved.expect("it saves");
        }
    }
    drop(log);
    let mut files = files(&storage);
    files.retain(|name, _| !name.ends_with(".tmp"));
    files
}

fn kept(version: u16) -> Files {
    let folder = folder(version);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| {
        panic!("{}: {e}: write it with {UPDATE}=1", folder.display());
    });
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().expect("a plain name");
        (name, fs::read(entry.path()).expect("a readable file"))
    };
    entries
        .map(|entry| file(entry.expect("a readable entry")))
        .collect()
}

#[test]
fn the_folder_is_written_as_it_ever_was() {
    let present = VERSIONS.last().copied().expect("there is a version");
    assert_eq!(present, FORMAT_VERSION, "a new version needs a new folder");
    let written = written();
    if std::env::var_os(UPDATE).is_some() {
        let folder = folder(present);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder is made");
        for (name, bytes) in &written {
            fs::write(folder.join(name), bytes).expect("the file is written");
        }
        println!("WRITTEN ANEW: {}", folder.display());
    }
    let golden = kept(present);
    let names: Vec<_> = golden.keys().collect();
    assert_eq!(written.keys().collect::<Vec<_>>(), names);
    for (name, bytes) in &golden {
        let now = &written[name];
        let differs = bytes.iter().zip(now).position(|(a, b)| a != b);
        assert!(
            differs.is_none() && bytes.len() == now.len(),
            "{name} is written otherwise than in version {present}, from byte {differs:?} on: \
             logs that exist cannot be read any more, or not by older programs"
        );
    }
}

#[test]
fn every_released_folder_is_readable() {
    for version in VERSIONS {
        let golden = kept(*version);
        let report = verify(&storage_of(&golden)).expect("it reads");
        assert_eq!((report.damage, &report.torn[..]), (None, &[][..]));
        let counts = (report.segments, report.archived, report.snapshots);
        assert_eq!(
            (counts, report.records),
            ((3, 1, 2), 8),
            "version {version}"
        );
        let (_, recovered) = Log::open(storage_of(&golden), options()).expect("old bytes open");
        assert_eq!(
            recovered.snapshot,
            Some((Sequence(7), b"state after record 7".to_vec()))
        );
        let records: Vec<_> = recovered.records.iter().collect();
        assert_eq!(records, [(Sequence(8), &b"eta"[..])]);
        let all: Vec<_> = read_folder(storage_of(&golden), Sequence(1))
            .records()
            .map(|record| record.expect("it reads").2)
            .collect();
        let words = [
            "alpha", "", "beta", "gamma", "delta", "epsilon", "zeta", "eta",
        ];
        assert_eq!(all, words.map(|word| word.as_bytes().to_vec()));
    }
}
