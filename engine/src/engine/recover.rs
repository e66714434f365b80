//! From the log to the state it says.

use std::sync::Arc;

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

fn decode(sequence: Sequence, payload: &[u8]) -> Result<Record, OpenError> {
    Record::decode(payload).map_err(|cause| OpenError::Meaning {
        what: "record",
        sequence,
        cause: cause.to_string(),
    })
}

/// What recovery yields.
pub(super) struct Rebuilt {
    pub(super) state: State,
    pub(super) log: Log,
    pub(super) recovered: Recovered,
    /// The records that were asked for.
    pub(super) news: Vec<Record>,
}

/// Opens the log and rebuilds the state from its newest snapshot and everything after it. Records
/// after `heard`, if it is given, are handed back as well.
pub(super) fn recover(
    storage: Arc<dyn Storage>,
    options: LogOptions,
    heard: Option<Sequence>,
) -> Result<Rebuilt, OpenError> {
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
    let (mut records, mut news) = (0, Vec::new());
    while let Some(batch) = recovery.next_batch()? {
        for (sequence, payload) in batch.records() {
            let record = decode(sequence, payload)?;
            apply(&mut state, &record);
            records += 1;
            if heard.is_some_and(|heard| sequence > heard) {
                news.push(record);
            }
        }
    }
    let (log, torn) = recovery.finish()?;
    state.key_answers(log.identity());
    let sequence = state.sequence();
    let recovered = Recovered {
        sequence,
        snapshot,
        records,
        torn,
    };
    Ok(Rebuilt {
        state,
        log,
        recovered,
        news,
    })
}
