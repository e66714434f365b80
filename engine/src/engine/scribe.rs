//! The one who writes: makes a draft durable, and only then tells anybody.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::follow::{Batch, Boxes, Delivery, Ended, Follower, Mailbox};
use super::{Health, ReplyTo, Shared, fail};
use crate::core::{Record, Reply};
use crate::io::{Clock, IoError};
use crate::log::{CommitError, Log, Snapshots, Written};
use crate::model::{Sequence, Timestamp, VacancyId};
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

/// What the log has taken of a draft, on its way to the disk.
#[must_use = "a draft is told only after its page is synced"]
pub(super) struct Page {
    clock: Arc<dyn Clock>,
    began: Timestamp,
    /// None of a draft without records, which rests on those before it.
    written: Option<Written>,
}

/// A page that was synced, or failed to be.
pub(super) struct Synced {
    written: Option<(Written, Result<(), IoError>)>,
    sync_us: u64,
}

/// Why the log did not take a draft; none at all if there is no log to write to.
pub(super) type Untaken = Option<CommitError>;

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

impl Page {
    /// Makes it durable, on any thread.
    pub(super) fn sync(self) -> Synced {
        let Some(written) = self.written else {
            return Synced {
                written: None,
                sync_us: 0,
            };
        };
        let outcome = written.sync();
        let us = self.clock.now().as_micros() - self.began.as_micros();
        Synced {
            written: Some((written, outcome)),
            sync_us: u64::try_from(us).unwrap_or(0),
        }
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

    /// Writes and syncs the draft, and only then tells anybody: for one who writes alone.
    pub(super) fn write(&mut self, draft: Draft) -> Verdict {
        self.enter(&draft);
        let page = self.put_down();
        self.conclude(draft, page.map(Page::sync))
    }

    /// Enters the draft's records into the log's present batch.
    pub(super) fn enter(&mut self, draft: &Draft) {
        if let Some(log) = &mut self.log {
            for record in &draft.records {
                log.append_with(|bytes| record.encode_into(bytes));
            }
        }
    }

    /// Whether what was entered may be written only when all drafts before are concluded.
    pub(super) fn must_wait(&self) -> bool {
        self.log.as_ref().is_some_and(Log::must_wait)
    }

    /// Writes what was entered.
    pub(super) fn put_down(&mut self) -> Result<Page, Untaken> {
        let log = self.log.as_mut().ok_or(None)?;
        let began = self.clock.now();
        let written = log.write().map_err(Some)?;
        let clock = Arc::clone(&self.clock);
        Ok(Page {
            clock,
            began,
            written,
        })
    }

    /// Takes note of what became of the draft's page, and tells everybody if it is durable. Drafts
    /// are concluded in the order in which they were put down.
    pub(super) fn conclude(&mut self, draft: Draft, page: Result<Synced, Untaken>) -> Verdict {
        match page.and_then(|synced| self.settle(synced)) {
            Ok(sync_us) => {
                self.tell(draft, sync_us);
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

    /// Says how long the page took, if it is durable with all before it.
    fn settle(&mut self, synced: Synced) -> Result<u64, Untaken> {
        if let Some((written, outcome)) = synced.written {
            let log = self.log.as_mut().ok_or(None)?;
            log.settle(written, outcome).map_err(Some)?;
        }
        Ok(synced.sync_us)
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
        self.tell(news, 0);
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

    fn show_gates(&self, draft: &Draft) {
        for (vacancy, sign) in &draft.signs {
            self.shared.gates.put_up(*vacancy, *sign);
        }
    }

    /// Shows what is durable now, delivers the batch to every reader, and every answer to where it
    /// goes: one delivery, and so one wake, for each reader.
    fn tell(&mut self, mut draft: Draft, sync_us: u64) {
        self.welcome(std::mem::take(&mut draft.joining));
        self.show_gates(&draft);
        let Draft {
            records, replies, ..
        } = draft;
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
