//! The log, from outside: what it keeps, what it survives, what it refuses.

mod log_kit;

use std::sync::Arc;

use engine::io::{Disk, IoError, Storage};
use engine::log::{
    Background, Damage, Log, LogOptions, OpenError, ReadError, Recovery, SECTOR_BYTES,
    SnapshotError, durable_mark, read_folder, verify,
};
use engine::model::Sequence;

use log_kit::folder::{files, memory, memory_with_new_log, names, open, storage_of, write};
use log_kit::run::{SEGMENT_BYTES, options};

fn threads() -> LogOptions {
    LogOptions {
        background: Background::Threads,
        ..options()
    }
}

#[test]
fn records_come_back_in_order_over_segments_and_restarts() {
    let storage = memory();
    let (mut log, recovered) = open(&storage);
    assert!(recovered.is_empty());
    assert_eq!(log.append(b"first"), Sequence(1));
    assert_eq!(
        log.append_with(|buffer| buffer.extend(b"second")),
        Sequence(2)
    );
    assert_eq!(log.durable(), Sequence::ZERO);
    let committed = log.commit().expect("the batch commits");
    assert_eq!((committed.last, committed.records), (Sequence(2), 2));
    assert_eq!(
        committed.bytes,
        2 * SECTOR_BYTES,
        "the segment's header and one batch"
    );
    assert_eq!(log.commit().expect("an empty batch is nothing").records, 0);

    let mut expected = vec![b"first".to_vec(), b"second".to_vec()];
    let long = SEGMENT_BYTES as usize * 3;
    expected.extend(write(
        &mut log,
        &[&[0, 1, 64], &[9_000, 9_000], &[long], &[5], &[20_000]],
    ));
    for _ in 0..3 {
        drop(log);
        let recovered;
        (log, recovered) = open(&storage);
        assert_eq!(recovered, expected);
        assert_eq!(log.durable().0, expected.len() as u64);
        expected.extend(write(&mut log, &[&[100, 5_000]]));
    }
    let segments = names(&storage)
        .iter()
        .filter(|name| name.starts_with("log-"))
        .count();
    assert!(segments >= 4, "{segments} segments");
}

#[test]
fn a_dropped_batch_leaves_no_gap() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    log.append(b"dropped");
    log.discard();
    assert_eq!(log.append(b"kept"), Sequence(1));
    log.commit().expect("the batch commits");
    drop(log);
    assert_eq!(open(&storage).1, [b"kept".to_vec()]);
}

#[test]
fn a_snapshot_stands_for_what_came_before_it() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    let written = write(
        &mut log,
        &[&[9_000], &[9_000], &[9_000, 10], &[9_000], &[9_000], &[10]],
    );
    let snapshots = log.snapshots();
    let early = snapshots.save(Sequence(8), b"future");
    assert_eq!(
        early,
        Err(SnapshotError::NotDurable {
            sequence: Sequence(8),
            durable: Sequence(7)
        })
    );
    for sequence in 3..=6 {
        snapshots
            .save(Sequence(sequence), &[sequence as u8; 5])
            .expect("it saves");
    }
    drop(log);
    let kept: Vec<_> = names(&storage)
        .into_iter()
        .filter(|n| !n.ends_with(".tmp"))
        .collect();
    let of_kind = |kind: &str| kept.iter().filter(|name| name.starts_with(kind)).count();
    assert_eq!(
        (of_kind("snapshot-"), of_kind("archived-"), of_kind("log-")),
        (2, 3, 2)
    );

    let (log, recovered) = Log::open(Arc::clone(&storage), options()).expect("the log opens");
    assert_eq!(recovered.snapshot, Some((Sequence(6), vec![6; 5])));
    let records: Vec<_> = recovered.records.iter().collect();
    assert_eq!(records, [(Sequence(7), &written[6][..])]);
    drop(log);

    // The newest snapshot is damaged: the one before it and more of the log take its place.
    let mut damaged = files(&storage);
    let (_, newest) = damaged
        .range_mut("snapshot-".to_owned()..)
        .nth(1)
        .expect("there are two");
    newest[66] ^= 1;
    let storage = storage_of(&damaged);
    let (log, recovered) = Log::open(Arc::clone(&storage), options()).expect("the log opens");
    assert_eq!(recovered.snapshot, Some((Sequence(5), vec![5; 5])));
    assert_eq!(recovered.records.iter().count(), 2);
    assert_eq!(
        recovered.damaged_snapshots,
        ["snapshot-00000000000000000006.snap"]
    );
    drop(log);
    // Both gone: all of the log, from the archive on.
    let mut none = files(&storage);
    none.retain(|name, _| !name.starts_with("snapshot-"));
    assert_eq!(open(&storage_of(&none)).1, written);
    // And without the archive, the beginning is missing.
    none.retain(|name, _| !name.starts_with("archived-"));
    let refused = Log::open(storage_of(&none), options()).map(|_| ());
    let Err(OpenError::Corrupt(corruption)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(corruption.what, Damage::Order { found: Sequence(5) });
}

#[test]
fn archived_segments_go_only_if_so_configured() {
    for keep_archived in [true, false] {
        let storage = memory();
        let kept = LogOptions {
            keep_archived,
            ..options()
        };
        let (mut log, _) = Log::open(Arc::clone(&storage), kept).expect("the log opens");
        let written = write(&mut log, &[&[20_000], &[20_000], &[20_000], &[20_000]]);
        for sequence in [2, 3, 4] {
            let saved = log.snapshots().save(Sequence(sequence), b"state");
            saved.expect("it saves");
        }
        drop(log);
        let archived = names(&storage)
            .iter()
            .filter(|name| name.starts_with("archived-"))
            .count();
        let first = read_folder(Arc::clone(&storage), Sequence(1))
            .records()
            .next()
            .expect("there is something to say");
        let report = verify(&storage).expect("it reads");
        assert_eq!(report.damage, None);
        let mut without_snapshots = files(&storage);
        without_snapshots.retain(|name, _| !name.starts_with("snapshot-"));
        let opened = Log::open(storage_of(&without_snapshots), kept).map(|_| ());
        if keep_archived {
            assert_eq!((archived, report.records), (2, written.len() as u64));
            assert_eq!(first.map(|(_, _, bytes)| bytes), Ok(written[0].clone()));
            assert_eq!(opened, Ok(()));
        } else {
            assert_eq!((archived, report.first), (0, Some(Sequence(3))));
            assert_eq!(first, Err(ReadError::Gone { from: Sequence(1) }));
            assert!(matches!(opened, Err(OpenError::Corrupt(_))), "{opened:?}");
        }
        let (log, recovered) = Log::open(storage, kept).expect("the log opens");
        assert_eq!(recovered.snapshot, Some((Sequence(4), b"state".to_vec())));
        assert_eq!(log.durable(), Sequence(4));
    }
}

#[test]
fn recovery_can_be_taken_in_steps() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    let written = write(&mut log, &[&[10, 20], &[30], &[9_000]]);
    log.snapshots().save(Sequence(1), b"one").expect("it saves");
    drop(log);
    let mut recovery = Recovery::begin(storage, options()).expect("the log opens");
    assert_eq!(
        recovery.take_snapshot(),
        Some((Sequence(1), b"one".to_vec()))
    );
    let mut found = Vec::new();
    while let Some(batch) = recovery.next_batch().expect("it reads") {
        found.extend(
            batch
                .records()
                .map(|(sequence, bytes)| (sequence, bytes.to_vec())),
        );
    }
    let expected = (2..).map(Sequence).zip(written.into_iter().skip(1));
    assert_eq!(found, expected.collect::<Vec<_>>());
    let (log, torn) = recovery.finish().expect("it finishes");
    assert_eq!((log.durable(), torn), (Sequence(4), Vec::new()));
}

#[test]
fn a_reader_follows_a_live_log() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    let mut reader = read_folder(Arc::clone(&storage), Sequence(3));
    assert!(
        reader
            .next_batch()
            .expect("nothing is not damage")
            .is_none()
    );
    let written = write(
        &mut log,
        &[&[10, 20], &[30, 40], &[9_000], &[9_000], &[9_000]],
    );
    let mut found = Vec::new();
    for round in 0..3 {
        while let Some(batch) = reader.next_batch().expect("it reads") {
            found.extend(batch.records().map(|(sequence, _)| sequence.0));
        }
        assert_eq!(
            found,
            (3..=log.durable().0).collect::<Vec<_>>(),
            "round {round}"
        );
        // Over a segment's end, a restart and an archiving.
        write(&mut log, &[&[30], &[9_000], &[9_000, 1]]);
        if round == 1 {
            drop(log);
            log = open(&storage).0;
            let durable = log.durable();
            log.snapshots()
                .save(Sequence(durable.0 - 1), b"")
                .expect("it saves");
            log.snapshots().save(durable, b"").expect("it saves");
        }
    }
    let mut all = read_folder(Arc::clone(&storage), Sequence(1)).records();
    let (sequence, info, payload) = all.next().expect("there is one").expect("it reads");
    assert_eq!(
        (sequence, info.offset, &payload),
        (Sequence(1), SECTOR_BYTES, &written[0])
    );
    assert_eq!(all.count() as u64, log.durable().0 - 1);

    let mut rest = files(&storage);
    rest.retain(|name, _| !name.starts_with("archived-"));
    let gone = read_folder(storage_of(&rest), Sequence(1))
        .next_batch()
        .map(|_| ());
    assert_eq!(gone, Err(ReadError::Gone { from: Sequence(1) }));
}

#[test]
fn verify_counts_and_changes_nothing() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10, 20], &[9_000], &[9_000]]);
    log.work();
    write(&mut log, &[&[1]]);
    drop(log);
    let before = files(&storage);
    let report = verify(&storage).expect("it reads");
    assert_eq!((report.segments, report.batches, report.records), (2, 4, 5));
    assert_eq!(
        (report.first, report.last),
        (Some(Sequence(1)), Some(Sequence(5)))
    );
    assert_eq!(
        (report.durable_mark, report.bytes),
        (Sequence(4), 2 * SEGMENT_BYTES)
    );
    assert_eq!(report.record_bytes, 5 * 4 + 18_031);
    assert_eq!(report.padding_bytes, 8 * SECTOR_BYTES - report.record_bytes);
    assert_eq!((&report.torn[..], report.damage), (&[][..], None));
    assert_eq!(durable_mark(&*storage), Ok(Some(Sequence(4))));
    assert_eq!(files(&storage), before);
}

#[test]
fn a_disk_has_one_writer_and_threads_mark_what_it_wrote() {
    let path = std::env::temp_dir().join(format!("muster-log-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let storage: Arc<dyn Storage> = Arc::new(Disk::open(&path).expect("the folder is made"));
    let (mut log, _) = Log::open(Arc::clone(&storage), threads()).expect("the log opens");
    let second = Log::open(Arc::clone(&storage), threads()).map(|_| ());
    let folder = path.display().to_string();
    assert_eq!(
        second,
        Err(OpenError::Io(IoError::InUse {
            folder: folder.clone()
        }))
    );
    let said = second.expect_err("it has just been refused").to_string();
    assert!(said.contains(&folder), "{said}");

    let mut expected = Vec::new();
    for _ in 0..40 {
        expected.extend(write(&mut log, &[&[100, 64], &[6_000]]));
    }
    drop(log);
    // A dropped log has marked all it made durable.
    assert_eq!(durable_mark(&*storage), Ok(Some(Sequence(120))));
    let reading: Arc<dyn Storage> = Arc::new(Disk::read_only(&path).expect("the folder is there"));
    assert_eq!(verify(&reading).expect("it reads").records, 120);
    let (log, recovered) = Log::open(storage, threads()).expect("the log opens");
    assert!(
        recovered
            .records
            .iter()
            .map(|(_, record)| record)
            .eq(expected.iter())
    );
    drop(log);
    std::fs::remove_dir_all(&path).expect("the folder goes");
    assert!(matches!(
        Disk::read_only(&path),
        Err(IoError::NotFound { .. })
    ));
}

#[test]
fn what_a_crash_tore_is_kept_aside() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    let written = write(&mut log, &[&[10], &[20]]);
    log.work();
    write(&mut log, &[&[5_000]]);
    drop(log);
    let mut torn = files(&storage);
    let segment = torn
        .get_mut("log-00000000000000000001.seg")
        .expect("it is there");
    segment[4 * 4096 + 7] ^= 0x40;
    let cut = segment[3 * 4096..5 * 4096].to_vec();
    let storage = storage_of(&torn);
    assert_eq!(verify(&storage).expect("it reads").torn.len(), 1);
    let (mut log, recovered) = Log::open(Arc::clone(&storage), options()).expect("the log opens");
    let [tail] = &recovered.torn[..] else {
        panic!("{:?}", recovered.torn)
    };
    assert_eq!(
        (tail.offset, tail.bytes, tail.sequence),
        (3 * 4096, 2 * 4096, Sequence(3))
    );
    assert_eq!(tail.kept_as, "torn-3-1.bin");
    assert_eq!(files(&storage)["torn-3-1.bin"], cut);
    assert_eq!(recovered.records.iter().count(), 2);
    let more = write(&mut log, &[&[33]]);
    drop(log);
    assert_eq!(open(&storage).1, [written, more].concat());
}

#[test]
fn a_later_batch_convicts_a_damaged_one_above_the_mark() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10], &[20], &[30]]);
    drop(log);
    let mut damaged = files(&storage);
    damaged
        .get_mut("log-00000000000000000001.seg")
        .expect("it is there")[2 * 4096] ^= 1;
    let refused = Log::open(storage_of(&damaged), options()).map(|_| ());
    let Err(OpenError::Corrupt(corruption)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(corruption.what, Damage::Overtaken { later: 3 * 4096 });
    assert_eq!(
        (corruption.offset, corruption.sequence),
        (2 * 4096, Sequence(2))
    );
}

#[test]
fn files_of_another_log_and_lost_marks_are_refused() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    write(&mut log, &[&[10]]);
    drop(log);
    let whole = files(&storage);

    let mut unmarked = whole.clone();
    unmarked.remove("mark");
    let refused = Log::open(storage_of(&unmarked), options()).map(|_| ());
    assert!(matches!(refused, Err(OpenError::Corrupt(c)) if c.what == Damage::NoMark));

    let other = memory();
    let foreign = LogOptions {
        identity: 2,
        ..options()
    };
    let (mut log, _) = Log::open(Arc::clone(&other), foreign).expect("the log opens");
    assert_eq!(log.identity(), 2);
    write(&mut log, &[&[10]]);
    drop(log);
    // A later segment of the same name and length, from another history.
    let histories = [1, 2].map(|first| {
        let storage = memory();
        let (mut log, _) = open(&storage);
        log.append(&[first]);
        log.commit().expect("the batch commits");
        write(&mut log, &[&[20_000], &[10]]);
        drop(log);
        files(&storage)
    });
    let [mut mine, mut theirs] = histories;
    mine.append(&mut theirs.split_off("log-00000000000000000002.seg"));
    mine.insert(
        "mark".to_owned(),
        files(&memory_with_new_log())["mark"].clone(),
    );
    let refused = Log::open(storage_of(&mine), options()).map(|_| ());
    assert!(matches!(refused, Err(OpenError::Corrupt(c)) if c.what == Damage::Chain));

    let mut mixed = files(&other);
    mixed.insert("mark".to_owned(), whole["mark"].clone());
    let refused = Log::open(storage_of(&mixed), options()).map(|_| ());
    assert!(matches!(refused, Err(OpenError::Corrupt(c)) if c.what == Damage::Identity));
}
