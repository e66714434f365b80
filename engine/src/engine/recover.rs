//! From the log to the state it says.

use std::sync::Arc;

use rkyv::rancor;

use crate::core::{Record, State, apply};
use crate::io::Storage;
use crate::log::{self, Log, LogOptions, Recovery, TornTail};
use crate::model::Sequence;

/// What was found when the engine was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The last record.
    pub sequence: Sequence,
    /// The record of the snapshot that recovery started from; zero if it started from nothing.
    pub snapshot: Sequence,
    /// Records read after the snapshot.
    pub records: u64,
    /// Half-written ends that were cut off. Nobody had been told of what was in them.
    pub torn: Vec<TornTail>,
}

/// Why the engine could not be opened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// The log could not be opened.
    #[error(transparent)]
    Log(#[from] log::OpenError),
    /// A record or snapshot is whole but says nothing this program understands.
    #[error(
        "{what} {sequence} cannot be understood ({cause}): it was written by another version of \
         this program; nothing was changed"
    )]
    Meaning {
        /// A record or a snapshot.
        what: &'static str,
        /// Which.
        sequence: Sequence,
        /// What the decoder said.
        cause: String,
    },
    /// A thread could not be started.
    #[error("could not start a thread: {what}")]
    Thread {
        /// What the operating system said.
        what: String,
    },
}

/// Reads a record back.
pub(crate) fn decode(sequence: Sequence, payload: &[u8]) -> Result<Record, OpenError> {
    rkyv::from_bytes::<Record, rancor::Error>(payload).map_err(|cause| OpenError::Meaning {
        what: "record",
        sequence,
        cause: cause.to_string(),
    })
}

/// Opens the log and rebuilds the state from its newest snapshot and everything after it.
pub(super) fn recover(
    storage: Arc<dyn Storage>,
    options: LogOptions,
) -> Result<(State, Log, Recovered), OpenError> {
    let mut recovery = Recovery::begin(storage, options)?;
    let (snapshot, mut state) = match recovery.take_snapshot() {
        Some((sequence, bytes)) => {
            let state = State::restore(&bytes).map_err(|cause| OpenError::Meaning {
                what: "snapshot",
                sequence,
                cause: cause.to_string(),
            })?;
            (sequence, state)
        }
        None => (Sequence::ZERO, State::empty()),
    };
    let mut records = 0;
    while let Some(batch) = recovery.next_batch()? {
        for (sequence, payload) in batch.records() {
            apply(&mut state, &decode(sequence, payload)?);
            records += 1;
        }
    }
    let (log, torn) = recovery.finish()?;
    let sequence = state.sequence();
    Ok((
        state,
        log,
        Recovered {
            sequence,
            snapshot,
            records,
            torn,
        },
    ))
}
