//! Small logs in memory, and folders as plain maps of bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::io::{Memory, Storage};
use engine::log::Log;

use super::run::options;

/// The files of a folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn memory() -> Arc<dyn Storage> {
    Arc::new(Memory::new())
}

pub(crate) fn open(storage: &Arc<dyn Storage>) -> (Log, Vec<Vec<u8>>) {
    let (log, recovered) = Log::open(Arc::clone(storage), options()).expect("the log opens");
    assert_eq!(recovered.torn, []);
    (
        log,
        recovered
            .records
            .iter()
            .map(|(_, record)| record.to_vec())
            .collect(),
    )
}

pub(crate) fn record(number: u64, length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (number as usize * 31 + at) as u8)
        .collect()
}

/// Appends one batch for each list of lengths; the records written.
pub(crate) fn write(log: &mut Log, batches: &[&[usize]]) -> Vec<Vec<u8>> {
    let mut written = Vec::new();
    for batch in batches {
        for length in *batch {
            let payload = record(log.durable().0 + u64::from(log.pending()) + 1, *length);
            log.append(&payload);
            written.push(payload);
        }
        log.commit().expect("the batch commits");
    }
    written
}

pub(crate) fn names(storage: &Arc<dyn Storage>) -> Vec<String> {
    storage
        .list()
        .expect("the folder lists")
        .into_iter()
        .map(|file| file.name)
        .collect()
}

pub(crate) fn files(storage: &Arc<dyn Storage>) -> Files {
    let contents = |name: String| {
        let file = storage.open(&name).expect("the file opens");
        let mut bytes = vec![0; file.bytes().expect("it has a length") as usize];
        file.read_at(0, &mut bytes).expect("it reads");
        (name, bytes)
    };
    names(storage).into_iter().map(contents).collect()
}

pub(crate) fn storage_of(files: &Files) -> Arc<dyn Storage> {
    let storage = memory();
    for (name, bytes) in files {
        let file = storage
            .create(name, bytes.len() as u64)
            .expect("memory takes files");
        file.write_at(0, bytes).expect("memory takes bytes");
    }
    storage
}

pub(crate) fn memory_with_new_log() -> Arc<dyn Storage> {
    let storage = memory();
    drop(open(&storage));
    storage
}
