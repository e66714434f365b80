//! `muster log tail`: the last records, and those to come.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::io::Storage;
use engine::model::Sequence;
use engine::replay::{Replay, ReplayError};

use super::lines::Lines;
use super::{durable, last_record, not_replayed, open};
use crate::cli::LogTailArgs;
use crate::commands::runtime;
use crate::stop::Stop;

/// How often a log is looked at for what is new.
const POLL: Duration = Duration::from_millis(100);

/// Prints the last records; with `--follow` those of them that are durable, and goes on until the
/// reader or the user has seen enough.
pub(in crate::commands) fn tail(args: &LogTailArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let mut tail = Tail::open(&args.folder, args.records, args.json)?;
    if !args.follow {
        return tail.print_last(out);
    }
    runtime()?.block_on(async {
        let mut ticks = tokio::time::interval(POLL);
        loop {
            tokio::select! {
                _ = ticks.tick() => tail.print_new(out)?,
                interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            }
        }
    })
}

/// A place in a log that moves with it.
pub(super) struct Tail<'a> {
    folder: &'a Path,
    storage: Arc<dyn Storage>,
    replay: Replay,
    lines: Lines,
    /// The last record there was at the beginning.
    last: Sequence,
}

impl Tail<'_> {
    /// A place before the last `records` records of the log in `folder`.
    pub(super) fn open(folder: &Path, records: u64, json: bool) -> Result<Tail<'_>, Stop> {
        let storage = open(folder)?;
        let durable = durable(folder, &*storage)?;
        let last = last_record(folder, &storage)?;
        let from = Sequence(last.0.saturating_sub(records) + 1);
        let replay = Replay::from(Arc::clone(&storage), from);
        Ok(Tail {
            folder,
            replay: replay.map_err(|error: ReplayError| not_replayed(folder, error))?,
            storage,
            lines: Lines {
                json,
                durable,
                ..Lines::default()
            },
            last,
        })
    }

    /// Prints what there was at the beginning, and says of each record whether it is durable.
    pub(super) fn print_last(&mut self, out: &mut dyn Write) -> Result<(), Stop> {
        self.print_up_to(self.last, out)
    }

    /// Prints what is durable now. A crash can still undo the rest, so that waits.
    pub(super) fn print_new(&mut self, out: &mut dyn Write) -> Result<(), Stop> {
        if self.peek()?.is_none() {
            return Ok(());
        }
        self.lines.durable = durable(self.folder, &*self.storage)?;
        self.print_up_to(self.lines.durable, out)
    }

    fn print_up_to(&mut self, last: Sequence, out: &mut dyn Write) -> Result<(), Stop> {
        while self.peek()?.is_some_and(|next| next <= last) {
            let failed = |error: ReplayError| not_replayed(self.folder, error);
            if let Some(entry) = self.replay.advance().map_err(failed)? {
                self.lines.print(self.replay.state(), &entry, out)?;
            }
        }
        // Whoever reads a pipe wants the line now, not when a buffer is full.
        Ok(out.flush()?)
    }

    /// The next record's number, if it is there.
    fn peek(&mut self) -> Result<Option<Sequence>, Stop> {
        let failed = |error: ReplayError| not_replayed(self.folder, error);
        let next = self.replay.peek().map_err(failed)?;
        Ok(next.map(|entry| entry.record.sequence))
    }
}
