//! `muster log`: a look into the write-ahead log, of a running server or of none. Nothing here
//! changes it or takes its lock.
//!
//! `verify` reads bytes; `dump`, `tail`, `timeline` and `stats` read records; `replay` rebuilds
//! states. What a
//! record says in words is told by `tell`, with names from `names`, in the shapes of `told`.

mod afterwards;
mod award;
mod dump;
mod jobs;
mod lines;
mod lottery;
mod names;
mod provided;
mod replay;
mod stats;
mod tail;
mod tell;
mod timeline;
mod told;
mod verify;

#[cfg(test)]
mod tests;

pub(super) use dump::dump;
pub(super) use lottery::lottery;
pub(super) use replay::replay;
pub(super) use stats::stats;
pub(super) use tail::tail;
pub(super) use timeline::timeline;
pub(super) use verify::verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::io::{Disk, IoError, Storage};
use engine::log::{OpenError, ReadError, durable_mark, read_folder};
use engine::model::Sequence;
use engine::replay::ReplayError;
use miette::Diagnostic;

use crate::stop::Stop;

#[derive(Debug, thiserror::Error, Diagnostic)]
enum LogError {
    #[error("cannot read the log in {}: {cause}", folder.display())]
    #[diagnostic(help("the log is the folder `log` in the data folder, such as muster-data/log"))]
    Unreadable { folder: PathBuf, cause: String },
    #[error("there is no log in {}, or no record in it yet", folder.display())]
    #[diagnostic(help("the log is the folder `log` in the data folder, such as muster-data/log"))]
    Empty { folder: PathBuf },
    #[error("the log in {} is damaged: {what}", folder.display())]
    #[diagnostic(help("a server refuses to start on it: it loses nothing on its own"))]
    Damaged { folder: PathBuf, what: String },
    #[error(transparent)]
    Past(ReplayError),
    #[error("there is no record {from} yet: the last one in {} is {last}", folder.display())]
    #[diagnostic(help("`muster log tail DIR --follow` waits for what is to come"))]
    Ahead {
        folder: PathBuf,
        from: Sequence,
        last: Sequence,
    },
    #[error("the draw of record {sequence} is not what promise, seed and bids give")]
    #[diagnostic(help("the lots above can be computed with any SHA-256: seed, key and badge"))]
    Drawn { sequence: u64 },
    #[error("up to record {last} the log knows no {kind} `{name}`")]
    #[diagnostic(help(
        "`muster log replay DIR --until {last} board` lists vacancies and who held them"
    ))]
    Unknown {
        kind: &'static str,
        name: String,
        last: Sequence,
    },
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Stop {
        Stop::failed(error)
    }
}

fn open(folder: &Path) -> Result<Arc<dyn Storage>, Stop> {
    let disk = Disk::read_only(folder).map_err(|error: IoError| unreadable(folder, &error))?;
    Ok(Arc::new(disk))
}

/// The last record that is known to be durable.
fn durable(folder: &Path, storage: &dyn Storage) -> Result<Sequence, Stop> {
    let mark = durable_mark(storage).map_err(|error: OpenError| unreadable(folder, &error))?;
    Ok(mark.unwrap_or_default())
}

/// The last record there is, or none.
fn last_record(folder: &Path, storage: &Arc<dyn Storage>) -> Result<Sequence, Stop> {
    let mut last = durable(folder, &**storage)?;
    // What lies before the mark need not be read for this.
    let mut reader = read_folder(Arc::clone(storage), last);
    let failed = |error: ReadError| unreadable(folder, &error);
    while let Some(batch) = reader.next_batch().map_err(failed)? {
        last = batch.info.last;
    }
    Ok(last)
}

fn unreadable(folder: &Path, error: &impl std::error::Error) -> Stop {
    let (folder, cause) = (folder.to_owned(), error.to_string());
    LogError::Unreadable { folder, cause }.into()
}

/// Says in the words of the command line why a walk through the log cannot go on.
fn not_replayed(folder: &Path, error: ReplayError) -> Stop {
    let folder = folder.to_owned();
    match error {
        ReplayError::Empty { .. } => LogError::Empty { folder },
        ReplayError::Read(ReadError::Corrupt(damage)) => LogError::Damaged {
            folder,
            what: damage.to_string(),
        },
        ReplayError::Read(error) => LogError::Unreadable {
            folder,
            cause: error.to_string(),
        },
        error => LogError::Past(error),
    }
    .into()
}
