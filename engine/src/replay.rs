//! Looking back: the log is the audit trail, and the state after any of its records can be had
//! again, beside a running engine or without one. Nothing here changes the log or takes its lock.
//!
//! [`state_at`] rebuilds one moment. [`Replay`] walks from record to record, each with the state
//! that it led to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::core::{Record, State, apply};
use crate::io::{IoError, Storage};
use crate::log::{
    BatchInfo, LogReader, OpenError, ReadError, durable_mark, kept, read_folder, read_snapshot,
};
use crate::model::{Sequence, Timestamp};

/// How often a file is looked for again that was renamed or removed between listing and opening,
/// as the writer of a live log does when it archives.
const LOOKS_MAX: usize = 5;

/// A point in a log's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Right after this record.
    After(Sequence),
    /// At this time: after everything that was decided up to it.
    At(Timestamp),
    /// After the last record there is.
    End,
}

/// A past state, and how it was come by.
#[derive(Debug)]
pub struct Past {
    /// The state.
    pub state: State,
    /// The record of the snapshot that it was rebuilt from; zero if from the first record.
    pub snapshot: Sequence,
    /// Records applied after that.
    pub records: u64,
}

/// Why a moment cannot be looked back to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// There is no log, or nothing in it yet.
    #[error("there is no record in {folder} yet: the log is the folder `log` of a data folder")]
    Empty {
        /// Where it was looked for.
        folder: String,
    },
    /// The log does not reach back so far.
    #[error(
        "{asked} lies before what is kept: the earliest state is that after record {earliest} \
         ({}); ask for that or a later one, or bring the older segments back into the folder",
        Utc(*at)
    )]
    TooEarly {
        /// What was asked for.
        asked: Moment,
        /// The earliest record whose state can be rebuilt.
        earliest: Sequence,
        /// When that was decided.
        at: Timestamp,
    },
    /// The log does not reach back to its beginning, and no snapshot in it can be read.
    #[error(
        "the log begins with record {first}, and no snapshot tells the state before it: nothing \
         can be rebuilt; bring the older segments or a snapshot back into the folder"
    )]
    NoBase {
        /// The first record.
        first: Sequence,
    },
    /// The log has not got so far.
    #[error(
        "{asked} lies after the end of the log: its last record is {last} ({}); ask for that or \
         an earlier one",
        Utc(*at)
    )]
    TooLate {
        /// What was asked for.
        asked: Moment,
        /// The last record.
        last: Sequence,
        /// When that was decided.
        at: Timestamp,
    },
    /// A record or snapshot is whole but says nothing this program understands.
    #[error(
        "{what} {sequence} cannot be understood ({cause}): use the version of this program that \
         wrote it"
    )]
    Meaning {
        /// A record or a snapshot.
        what: &'static str,
        /// Which.
        sequence: Sequence,
        /// What the decoder said.
        cause: String,
    },
    /// The log could not be read further.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Rebuilds the state of a moment from the newest snapshot at or before it and the records since,
/// archived ones included, or from the first record.
///
/// # Errors
/// [`ReplayError::TooEarly`] and [`ReplayError::TooLate`] where the log does not say; damage and
/// failures of the storage.
pub fn state_at(storage: &Arc<dyn Storage>, asked: Moment) -> Result<Past, ReplayError> {
    let mut replay = Replay::towards(Arc::clone(storage), asked)?;
    let mut records = 0;
    while let Some(entry) = replay.peek()? {
        if asked.is_passed_by(&entry.record) {
            break;
        }
        replay.advance()?;
        records += 1;
    }
    let (last, at) = (replay.state.sequence(), replay.state.at());
    let is_reached = match asked {
        Moment::After(sequence) => last == sequence,
        // Where a later record stands, nothing was decided between this one and the moment asked.
        Moment::At(time) => at == time || replay.peek()?.is_some(),
        Moment::End => true,
    };
    if !is_reached && last == Sequence::ZERO {
        let folder = storage.folder();
        return Err(ReplayError::Empty { folder });
    }
    if !is_reached {
        return Err(ReplayError::TooLate { asked, last, at });
    }
    Ok(Past {
        state: replay.state,
        snapshot: replay.snapshot,
        records,
    })
}

/// A walk through the log from record to record. The log may be live: at the present end there is
/// nothing more, and later there may be.
pub struct Replay {
    reader: LogReader,
    state: State,
    snapshot: Sequence,
    /// Read and not yet walked past.
    ahead: VecDeque<Entry>,
    /// Why there is nothing after that.
    failed: Option<ReplayError>,
}

/// A record, and where it stands.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// The batch it stands in.
    pub batch: BatchInfo,
    /// Its length in bytes.
    pub bytes: usize,
}

impl Replay {
    /// A walk whose next record is `from`, or the first one that is kept if that is later.
    ///
    /// Where the log no longer reaches back to a state before `from`, the walk has the state of the
    /// oldest snapshot until it gets there: names in it are right, because no number is ever given
    /// twice, and everything else is of later; see [`Replay::is_exact`]. Without any snapshot it
    /// has the empty state.
    ///
    /// # Errors
    /// [`ReplayError::Empty`], damage, and failures of the storage.
    pub fn from(storage: Arc<dyn Storage>, from: Sequence) -> Result<Replay, ReplayError> {
        let before = Moment::After(Sequence(from.0.saturating_sub(1)));
        let mut replay = match Replay::towards(Arc::clone(&storage), before) {
            Err(ReplayError::TooEarly { earliest, .. }) => {
                let mut replay = Replay::towards(Arc::clone(&storage), Moment::After(earliest))?;
                let first = kept(&*storage)?.first.unwrap_or(earliest);
                replay.reader = read_folder(storage, from.max(first));
                replay
            }
            Err(ReplayError::NoBase { first }) => {
                let mut replay =
                    Replay::start(Arc::clone(&storage), State::empty(), Sequence::ZERO);
                replay.reader = read_folder(storage, from.max(first));
                replay
            }
            other => other?,
        };
        while replay
            .peek()?
            .is_some_and(|entry| entry.record.sequence < from)
        {
            replay.advance()?;
        }
        Ok(replay)
    }

    /// The state after the record walked past last.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether the next record follows the state, so that the state is that of its time.
    pub fn is_exact(&self) -> bool {
        let next = self.state.sequence().next();
        let ahead = self.ahead.front();
        ahead.is_none_or(|entry| entry.record.sequence == next)
    }

    /// The next record, without walking past it; nothing at the present end.
    ///
    /// # Errors
    /// Damage, and failures of the storage.
    pub fn peek(&mut self) -> Result<Option<&Entry>, ReplayError> {
        let mut looks = 0;
        while self.ahead.is_empty() {
            if let Some(failed) = &self.failed {
                return Err(failed.clone());
            }
            match self.reader.next_batch() {
                Ok(None) => return Ok(None),
                Ok(Some(batch)) => {
                    for (sequence, payload) in batch.records() {
                        match decode(sequence, payload) {
                            Ok(record) => self.ahead.push_back(Entry {
                                record,
                                batch: batch.info,
                                bytes: payload.len(),
                            }),
                            Err(error) => {
                                self.failed = Some(error);
                                break;
                            }
                        }
                    }
                }
                Err(ReadError::Io(IoError::NotFound { .. })) if looks < LOOKS_MAX => looks += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.ahead.front())
    }

    /// Walks past the next record: afterwards the state is the one that it led to.
    ///
    /// # Errors
    /// Damage, and failures of the storage.
    ///
    /// # Panics
    /// As [`apply()`], if the log was put together by hand and contradicts itself.
    pub fn advance(&mut self) -> Result<Option<Entry>, ReplayError> {
        self.peek()?;
        let is_exact = self.is_exact();
        let entry = self.ahead.pop_front();
        if is_exact && let Some(entry) = &entry {
            apply(&mut self.state, &entry.record);
        }
        Ok(entry)
    }

    /// A walk that begins at the newest snapshot not after `moment`, or at the first record.
    fn towards(storage: Arc<dyn Storage>, moment: Moment) -> Result<Replay, ReplayError> {
        let kept = kept(&*storage)?;
        // A log has a mark before it has its first record.
        let Some(first) = kept.first.or(is_begun(&*storage)?.then_some(Sequence(1))) else {
            let folder = storage.folder();
            return Err(ReplayError::Empty { folder });
        };
        for &snapshot in kept.snapshots.iter().rev() {
            // Its name tells the record, and only its contents the time.
            if matches!(moment, Moment::After(sequence) if snapshot > sequence) {
                continue;
            }
            let Some(state) = restore(&*storage, snapshot)? else {
                continue;
            };
            if !matches!(moment, Moment::At(time) if state.at() > time) {
                return Ok(Replay::start(storage, state, snapshot));
            }
        }
        if first > Sequence(1) {
            for &earliest in &kept.snapshots {
                if let Some(state) = restore(&*storage, earliest)? {
                    let (asked, at) = (moment, state.at());
                    return Err(ReplayError::TooEarly {
                        asked,
                        earliest,
                        at,
                    });
                }
            }
            return Err(ReplayError::NoBase { first });
        }
        let mut replay = Replay::start(storage, State::empty(), Sequence::ZERO);
        if let (Moment::At(time), Some(entry)) = (moment, replay.peek()?)
            && entry.record.at > time
        {
            return Err(ReplayError::TooEarly {
                asked: moment,
                earliest: entry.record.sequence,
                at: entry.record.at,
            });
        }
        Ok(replay)
    }

    fn start(storage: Arc<dyn Storage>, state: State, snapshot: Sequence) -> Replay {
        Replay {
            reader: read_folder(storage, snapshot.next()),
            state,
            snapshot,
            ahead: VecDeque::new(),
            failed: None,
        }
    }
}

impl Moment {
    /// Whether `record` came after this moment.
    fn is_passed_by(self, record: &Record) -> bool {
        match self {
            Moment::After(sequence) => record.sequence > sequence,
            Moment::At(time) => record.at > time,
            Moment::End => false,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::After(sequence) => write!(f, "record {sequence}"),
            Moment::At(time) => Utc(*time).fmt(f),
            Moment::End => f.write_str("the end"),
        }
    }
}

/// A time as people write it.
struct Utc(Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0.as_micros()) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => f.write_str("a time that is not known"),
        }
    }
}

/// Whether there is a log, if only an empty one.
fn is_begun(storage: &dyn Storage) -> Result<bool, ReplayError> {
    match durable_mark(storage) {
        Ok(mark) => Ok(mark.is_some()),
        Err(OpenError::Corrupt(damage)) => Err(ReadError::Corrupt(damage).into()),
        Err(OpenError::Version { file, found }) => Err(ReadError::Version { file, found }.into()),
        Err(OpenError::Io(error)) => Err(ReadError::Io(error).into()),
        // Only a writer starts threads.
        Err(OpenError::Thread { .. }) => Ok(false),
    }
}

/// The state that a snapshot holds, if it is there and sound.
fn restore(storage: &dyn Storage, snapshot: Sequence) -> Result<Option<State>, ReplayError> {
    let Some(bytes) = read_snapshot(storage, snapshot)? else {
        return Ok(None);
    };
    let state = State::restore(&bytes).map_err(|cause| ReplayError::Meaning {
        what: "snapshot",
        sequence: snapshot,
        cause: cause.to_string(),
    })?;
    Ok(Some(state))
}

fn decode(sequence: Sequence, payload: &[u8]) -> Result<Record, ReplayError> {
    Record::decode(payload).map_err(|cause| ReplayError::Meaning {
        what: "record",
        sequence,
        cause: cause.to_string(),
    })
}
