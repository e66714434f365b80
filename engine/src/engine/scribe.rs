//! The one who writes: makes a draft durable, and only then tells anybody.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::follow::{Batch, Boxes, Delivery, Ended, Follower, Mailbox};
use super::{Health, ReplyTo, Shared, fail};
use crate::core::{Record, Reply};
use crate::io::Clock;
use crate::limits::WRITTEN_AT_A_TIME_BYTES;
use crate::log::{CommitError, Log, Snapshots};
use crate::model::{Sequence, VacancyId};
use crate::race::{Sign, Unavailable};

/// A batch that has been settled and is not durable yet.
#[derive(Default)]
pub(super) struct Draft {
    /// Who reads from before the first record on.
    pub(super) joining: Vec<Joining>,
    pub(super) records: Vec<Record>,
    pub(super) replies: Vec<(ReplyTo, Reply)>,
    /// What the gates show once the records are durable.
    pub(super) signs: Vec<(VacancyId, Sign)>,
    /// Whether the engine was asked to close.
    pub(super) is_last: bool,
}

/// Somebody who begins to read, with a state that is the one before the draft.
pub(super) struct Joining {
    pub(super) follower: Follower,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) sender: SyncSender<Follower>,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "who settles must stop when nothing can be written"]
pub(super) enum Verdict {
    /// It is durable, and everybody has been told.
    Durable,
    /// The disk is full: nobody was told anything, and the state is ahead of the log.
    Full,
    /// The log could not be written: nobody can say what of it is there.
    Poisoned,
}

impl Verdict {
    /// What those hear who waited for a draft that is not durable.
    pub(super) fn why(self) -> Unavailable {
        match self {
            Verdict::Poisoned => Unavailable::Failed,
            Verdict::Full | Verdict::Durable => Unavailable::DiskFull,
        }
    }
}

/// Owns the log and those who read.
pub(super) struct Scribe {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    /// None while the disk is full, and while it is opened again.
    log: Option<Log>,
    /// The log that found no space; it tells when there is some.
    full: Option<Log>,
    /// Whoever saves snapshots was given these of the first log.
    snapshots: Snapshots,
    /// The last record that readers were given.
    told: Sequence,
    readers: Vec<Arc<Mailbox>>,
}

impl Draft {
    pub(super) fn with_capacity(count: usize) -> Draft {
        Draft {
            records: Vec::with_capacity(count),
            replies: Vec::with_capacity(count),
            ..Draft::default()
        }
    }

    /// Whether there is nothing to write and nobody to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.joining.is_empty()
            && self.records.is_empty()
            && self.replies.is_empty()
            && !self.is_last
    }

    /// Puts `later` behind this draft, so that one sync does for both.
    pub(super) fn append(&mut self, mut later: Draft) {
        assert!(later.joining.is_empty(), "readers join between two batches");
        self.records.append(&mut later.records);
        self.replies.append(&mut later.replies);
        self.signs.append(&mut later.signs);
        self.is_last |= later.is_last;
    }

    /// Tells everybody who waits for this draft that nobody can say.
    pub(super) fn fail(self, why: Unavailable) {
        fail(self.replies.into_iter().map(|(reply_to, _)| reply_to), why);
    }
}

impl Scribe {
    pub(super) fn new(
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        log: Log,
        told: Sequence,
    ) -> Scribe {
        Scribe {
            shared,
            clock,
            snapshots: log.snapshots(),
            log: Some(log),
            full: None,
            told,
            readers: Vec::new(),
        }
    }

    /// What saves snapshots, from any thread and for as long as the engine is open.
    pub(super) fn snapshots(&self) -> Snapshots {
        self.snapshots.clone()
    }

    /// Whether there is space again: for what was half-written to be removed, and for a whole
    /// segment, which the log finds when it is opened next. It is closed then.
    pub(super) fn has_space(&mut self) -> Verdict {
        match self.full.as_mut().map(Log::try_resume) {
            Some(Err(CommitError::Full { .. })) => Verdict::Full,
            Some(Err(CommitError::Poisoned { .. })) => Verdict::Poisoned,
            Some(Ok(())) | None => {
                self.full = None;
                Verdict::Durable
            }
        }
    }

    pub(super) fn told(&self) -> Sequence {
        self.told
    }

    /// Writes and syncs the draft, and only then tells anybody.
    pub(super) fn write(&mut self, mut draft: Draft) -> Verdict {
        self.welcome(std::mem::take(&mut draft.joining));
        match self.commit(&draft.records) {
            Ok(sync_us) => {
                self.show_gates(&draft);
                self.tell(draft.records, draft.replies, sync_us);
                Verdict::Durable
            }
            Err(None | Some(CommitError::Full { .. })) => {
                // Whoever settles has gone ahead of the log: both are rebuilt when there is space.
                self.full = self.log.take().or(self.full.take());
                self.shared.line.set_health(Health::ReadOnly);
                draft.fail(Verdict::Full.why());
                Verdict::Full
            }
            Err(Some(CommitError::Poisoned { .. })) => {
                draft.fail(Verdict::Poisoned.why());
                Verdict::Poisoned
            }
        }
    }

    /// Goes on with a log that was opened again. What it held beyond what was told is told now.
    pub(super) fn resume(
        &mut self,
        mut log: Log,
        news: Vec<Record>,
        signs: Vec<(VacancyId, Sign)>,
    ) {
        log.take_over(self.snapshots.clone());
        self.log = Some(log);
        let news = Draft {
            records: news,
            signs,
            ..Draft::default()
        };
        self.show_gates(&news);
        self.tell(news.records, Vec::new(), 0);
    }

    /// Takes in somebody who wants their own answers only.
    pub(super) fn listen(&mut self, mailbox: Arc<Mailbox>) {
        self.readers.push(mailbox);
    }

    /// Ends every reader's stream behind what was delivered.
    pub(super) fn end(&mut self, why: Ended) {
        for mailbox in self.readers.drain(..) {
            mailbox.end(why);
        }
    }

    fn welcome(&mut self, joining: Vec<Joining>) {
        for one in joining {
            // A reader that no longer waits has no use for deliveries.
            if one.sender.send(one.follower).is_ok() {
                self.readers.push(one.mailbox);
            }
        }
    }

    /// Appends `records` and syncs them, as one batch unless they are very long; says how long that
    /// took in microseconds. No error at all means that there is no log to write to.
    fn commit(&mut self, records: &[Record]) -> Result<u64, Option<CommitError>> {
        let log = self.log.as_mut().ok_or(None)?;
        if records.is_empty() {
            return Ok(0);
        }
        let clock = &self.clock;
        let mut sync_us = 0;
        let mut commit = |log: &mut Log| -> Result<(), Option<CommitError>> {
            let before = clock.now();
            log.commit().map_err(Some)?;
            sync_us += clock.now().as_micros() - before.as_micros();
            Ok(())
        };
        for record in records {
            log.append_with(|bytes| record.encode_into(bytes));
            // Nobody is told of a part before all of it is durable.
            if log.pending_bytes() > WRITTEN_AT_A_TIME_BYTES {
                commit(log)?;
            }
        }
        commit(log)?;
        Ok(u64::try_from(sync_us).unwrap_or(0))
    }

    fn show_gates(&self, draft: &Draft) {
        for (vacancy, sign) in &draft.signs {
            self.shared.gates.put_up(*vacancy, *sign);
        }
    }

    /// Delivers the batch to every reader, and every answer to where it goes: one delivery, and
    /// so one wake, for each reader.
    fn tell(&mut self, records: Vec<Record>, replies: Vec<(ReplyTo, Reply)>, sync_us: u64) {
        if let Some(last) = records.last() {
            self.told = last.sequence;
        }
        let batch = (!records.is_empty()).then(|| Arc::new(Batch { records, sync_us }));
        let mut boxes = Boxes::default();
        for (reply_to, reply) in replies {
            match reply_to {
                ReplyTo::Ticket(promise) => promise.keep(Ok(reply)),
                ReplyTo::Outbox(outbox, token) => boxes.put(outbox, token, Ok(reply)),
            }
        }
        self.readers.retain(|mailbox| {
            let replies = boxes.take(mailbox);
            let batch = batch.clone().filter(|_| mailbox.reads_history);
            if batch.is_none() && replies.is_empty() {
                return !mailbox.is_abandoned();
            }
            mailbox.deliver(Delivery { batch, replies })
        });
    }
}
