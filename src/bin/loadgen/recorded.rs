//! The publications of a recorded log, as they can be offered again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::core::{Event, Record};
use engine::io::{Disk, Storage};
use engine::log::read_folder;
use engine::model::{Posting, Rank, Sequence, Timestamp};
use loadgen::limits::VACANCIES_MAX;
use loadgen::storm::Recorded;
use miette::{IntoDiagnostic, Result, miette};

/// Reads a log; the folder may be of a running server. Publications beyond what a plan may have
/// are left out, which is said.
pub(crate) fn publications(folder: &Path) -> Result<Vec<Recorded>> {
    let storage: Arc<dyn Storage> = Arc::new(Disk::read_only(folder).into_diagnostic()?);
    let mut reader = read_folder(storage, Sequence(1));
    let (mut recorded, mut began, mut left_out) = (Vec::new(), None, 0u64);
    while let Some(batch) = reader.next_batch().into_diagnostic()? {
        for (sequence, payload) in batch.records() {
            let record = Record::decode(payload)
                .map_err(|error| miette!("record {sequence} cannot be understood ({error})"))?;
            for event in &record.events {
                let Event::Published { posting, .. } = event else {
                    continue;
                };
                if recorded.len() == VACANCIES_MAX {
                    left_out += 1;
                    continue;
                }
                recorded.push(publication(
                    posting,
                    record.at,
                    *began.get_or_insert(record.at),
                ));
            }
        }
    }
    if recorded.is_empty() {
        return Err(miette!(
            help = "the log is the folder `log` in the data folder, such as muster-data/log",
            "the log in {} holds no publication",
            folder.display()
        ));
    }
    if left_out > 0 {
        eprintln!("{left_out} publications beyond the first {VACANCIES_MAX} are left out");
    }
    Ok(recorded)
}

fn publication(posting: &Posting, at: Timestamp, began: Timestamp) -> Recorded {
    let since_us = at.0.saturating_sub(began.0);
    let span = posting.span();
    Recorded {
        at: Duration::from_micros(u64::try_from(since_us).unwrap_or(0)),
        slots: posting.slots.iter().copied().map(rank).collect(),
        lasting_us: span.end.0 - span.start.0,
    }
}

fn rank(rank: Rank) -> protocol::Rank {
    match rank {
        Rank::Officer => protocol::Rank::Officer,
        Rank::Sergeant => protocol::Rank::Sergeant,
        Rank::Commander => protocol::Rank::Commander,
    }
}
