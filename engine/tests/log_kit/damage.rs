//! Bytes that change on the disk, and bytes that must never be read otherwise.

use std::sync::Arc;

use engine::log::{Log, LogOptions, OpenError, SECTOR_BYTES, read_folder};
use engine::model::Sequence;

use super::folder::{Files, files, memory, open, storage_of, write};
use super::run::options;

/// Every bit of the batches and headers of a small log, and of its mark.
struct Flips {
    flips: u64,
    refused: u64,
    identical: u64,
    torn: u64,
    silently_lost: u64,
}

fn flip_all(files: &Files, written: &[Vec<u8>], marked: usize) -> Flips {
    let mut seen = Flips {
        flips: 0,
        refused: 0,
        identical: 0,
        torn: 0,
        silently_lost: 0,
    };
    for (name, bytes) in files {
        // Live is what is not zero, and the padding after it.
        let live = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        for at in 0..live.next_multiple_of(4096).min(bytes.len()) {
            // All bits of headers and records, and now and then one in the padding.
            let padding = bytes[at] == 0 && at % 4096 >= 64;
            if padding && at % 32 > 0 {
                continue;
            }
            let bits = if padding { 7..8 } else { 0..8 };
            for bit in bits {
                let mut damaged = files.clone();
                if let Some(bytes) = damaged.get_mut(name) {
                    bytes[at] ^= 1 << bit;
                }
                seen.flips += 1;
                judge(&damaged, written, marked, &mut seen);
            }
        }
    }
    seen
}

fn judge(damaged: &Files, written: &[Vec<u8>], marked: usize, seen: &mut Flips) {
    match Log::open(storage_of(damaged), options()) {
        Err(OpenError::Corrupt(corruption)) => {
            assert!(damaged.contains_key(&corruption.file), "{corruption}");
            seen.refused += 1;
        }
        Err(e) => panic!("{e}"),
        Ok((_, recovered)) => {
            let found: Vec<_> = recovered.records.iter().map(|(_, record)| record).collect();
            assert!(
                written
                    .iter()
                    .map(Vec::as_slice)
                    .zip(&found)
                    .all(|(a, b)| a == *b)
            );
            if found.len() == written.len() {
                seen.identical += 1;
            } else if found.len() >= marked && recovered.torn.len() == 1 {
                seen.torn += 1;
            } else {
                seen.silently_lost += 1;
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let storage = memory();
    let small = LogOptions {
        segment_bytes: 3 * SECTOR_BYTES,
        ..options()
    };
    let (mut log, _) = Log::open(Arc::clone(&storage), small).expect("the log opens");
    let mut written = write(&mut log, &[&[40, 8], &[60], &[20, 0]]);
    log.work();
    let marked = written.len();
    written.extend(write(&mut log, &[&[50], &[7]]));
    drop(log);
    let mut finished = files(&storage);
    finished.retain(|name, _| !name.ends_with(".tmp"));

    let seen = flip_all(&finished, &written, marked);
    let Flips {
        flips,
        refused,
        identical,
        torn,
        silently_lost,
    } = seen;
    println!(
        "{flips} flips: {refused} refused, {identical} identical, {torn} torn tails above the \
         mark, {silently_lost} silent losses"
    );
    assert_eq!(silently_lost, 0);
    assert!(refused > 0 && identical > 0 && torn > 0);

    // Once the mark covers the end, nothing passes for a torn tail any more.
    let (log, _) = Log::open(Arc::clone(&storage), small).expect("the log opens");
    drop(log);
    let mut marked = files(&storage);
    marked.retain(|name, _| !name.ends_with(".tmp"));
    let seen = flip_all(&marked, &written, written.len());
    println!("all marked: {} refused, {} torn", seen.refused, seen.torn);
    assert_eq!((seen.torn, seen.silently_lost), (0, 0));

    // The check can fail: with a mark that covers nothing, the newest batch is lost in silence.
    let fresh = memory();
    drop(Log::open(Arc::clone(&fresh), small).expect("the log opens"));
    marked.insert("mark".to_owned(), files(&fresh)["mark"].clone());
    let seen = flip_all(&marked, &written, written.len());
    println!("without the mark: {} silent losses", seen.silently_lost);
    assert!(seen.silently_lost > 0);
}

/// Version 1, as it was first written. These bytes must be readable for ever; the rest of each
/// sector is zeros.
const GOLDEN: &[GoldenFile] = &[
    (
        "log-00000000000000000001.seg",
        24576,
        &[
            (
                0x0,
                "4d5553545253454701000000000000001d000000000000000100000000000000
                 0060000000000000000000000000000000000000000000000000000079aed690",
            ),
            (
                0x1000,
                "6d424154010000001d0000000000000001000000000000000000000000000000
                 0300000015000000000000000000000000000000000000000000000001d84fe8
                 05000000616c706861000000000400000062657461",
            ),
            (
                0x2000,
                "6d424154010000001d0000000000000004000000000000000300000000000000
                 010000000900000001d84fe80000000000000000000000000000000004910e68
                 0500000067616d6d61",
            ),
        ],
    ),
    (
        "mark",
        8192,
        &[
            (
                0x0,
                "4d555354524d524b01000000000000001d000000000000000200000000000000
                 04000000000000000100000000000000003000000000000004910e6825e6e2ea",
            ),
            (
                0x1000,
                "4d555354524d524b01000000000000001d000000000000000100000000000000
                 03000000000000000100000000000000002000000000000001d84fe8356f2a11",
            ),
        ],
    ),
    (
        "snapshot-00000000000000000002.snap",
        76,
        &[(
            0x0,
            "4d55535452534e5001000000000000001d000000000000000200000000000000
                 0c00000000000000b61c5d0c000000000000000000000000000000009ef27e7f
                 73746174652061742074776f",
        )],
    ),
];

/// A name, a length, and what is where in it, in hexadecimal digits.
type GoldenFile = (&'static str, usize, &'static [(usize, &'static str)]);

#[test]
fn golden_bytes_are_readable_and_written_alike() {
    let storage = memory();
    let (mut log, _) = open(&storage);
    for batch in [&[&b"alpha"[..], b"", b"beta"][..], &[b"gamma"]] {
        for record in batch {
            log.append(record);
        }
        log.commit().expect("the batch commits");
        log.work();
    }
    log.snapshots()
        .save(Sequence(2), b"state at two")
        .expect("it saves");
    drop(log);
    let mut written = files(&storage);
    written.retain(|name, _| !name.ends_with(".tmp"));
    let mut golden = Files::new();
    for (name, length, parts) in GOLDEN {
        let mut bytes = vec![0; *length];
        for (at, hex) in *parts {
            let digits: Vec<_> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            for (index, pair) in digits.chunks(2).enumerate() {
                let pair = std::str::from_utf8(pair).expect("it is hex");
                bytes[at + index] = u8::from_str_radix(pair, 16).expect("it is hex");
            }
        }
        golden.insert((*name).to_owned(), bytes);
    }
    if written != golden {
        let dumps: String = written
            .iter()
            .map(|(name, bytes)| dump(name, bytes))
            .collect();
        panic!("the log is written otherwise than in version 1:\n{dumps}");
    }
    let (_, recovered) = Log::open(storage_of(&golden), options()).expect("old bytes open");
    assert_eq!(
        recovered.snapshot,
        Some((Sequence(2), b"state at two".to_vec()))
    );
    let records: Vec<_> = recovered.records.iter().collect();
    assert_eq!(
        records,
        [(Sequence(3), &b"beta"[..]), (Sequence(4), b"gamma")]
    );
    let all: Vec<_> = read_folder(storage_of(&golden), Sequence(1))
        .records()
        .collect();
    assert_eq!(all.len(), 4);
}

/// The parts of a file that are not zero, in the form of [`GOLDEN`].
fn dump(name: &str, bytes: &[u8]) -> String {
    let mut text = format!(
        "    (\n        \"{name}\",\n        {},\n        &[\n",
        bytes.len()
    );
    for (at, sector) in bytes.chunks(4096).enumerate() {
        let Some(last) = sector.iter().rposition(|byte| *byte != 0) else {
            continue;
        };
        text += &format!(
            "            (\n                0x{:x},\n                \"",
            at * 4096
        );
        for (index, byte) in sector[..=last].iter().enumerate() {
            let gap = if index > 0 && index % 32 == 0 {
                "\n                 "
            } else {
                ""
            };
            text += &format!("{gap}{byte:02x}");
        }
        text += "\",\n            ),\n";
    }
    text + "        ],\n    ),\n"
}
