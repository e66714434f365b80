//! Where the engine thread lays what it has settled, and the log's threads take it.
//!
//! At most one draft waits; what is settled meanwhile goes behind it, up to a batch's worth. Syncs
//! overlap, so there is a log thread for each batch in flight: whoever has the pen takes the next
//! draft, writes it and passes the pen on before it waits for the sync. What comes after the sync is
//! done in the order in which the drafts were taken, and not at all once one has failed.
//!
//! When nothing waits and one command was alone in line, the engine thread writes by itself: handing
//! over costs the waking of a thread, which a lone accept need not pay.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Shared;
use super::scribe::{Draft, Page, Scribe, Untaken, Verdict};
use crate::limits::BATCH_LEN_MAX;

/// What the engine thread and the log's threads share.
pub(super) struct Desk {
    inside: Mutex<Inside>,
    changed: Condvar,
    /// Rung when a draft has been put down.
    turned: Condvar,
    /// Who has it takes the next draft and writes it into the log.
    pen: Mutex<()>,
}

#[derive(Default)]
struct Inside {
    waiting: Option<Draft>,
    /// Drafts that log threads have taken, each of which gets the number of those before it.
    taken: u64,
    /// Of these, how many they have put down.
    done: u64,
    /// Why nothing can be written any more, until the engine thread has dealt with it.
    trouble: Option<Verdict>,
    closed: bool,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            inside: Mutex::new(Inside::default()),
            changed: Condvar::new(),
            turned: Condvar::new(),
            pen: Mutex::new(()),
        }
    }

    /// Lays `draft` on the desk, waiting until there is room. If nothing can be written any more,
    /// tells everybody in it and says why.
    pub(super) fn put(&self, draft: Draft) -> Verdict {
        let is_crowded = |inside: &mut Inside| match &inside.waiting {
            Some(waiting) if inside.trouble.is_none() => {
                !draft.joining.is_empty()
                    || waiting.records.len() + draft.records.len() > BATCH_LEN_MAX
                    || waiting.replies.len() + draft.replies.len() > BATCH_LEN_MAX
            }
            _ => false,
        };
        let waited = self.changed.wait_while(self.inside(), is_crowded);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = inside.trouble {
            drop(inside);
            draft.fail(trouble.why());
            return trouble;
        }
        match &mut inside.waiting {
            Some(waiting) => waiting.append(draft),
            None => inside.waiting = Some(draft),
        }
        drop(inside);
        self.changed.notify_all();
        Verdict::Durable
    }

    /// Whether the log threads have nothing to do, so that the engine thread may write by itself.
    ///
    /// A desk in trouble is not clear: what is settled since rests on a draft that is not durable,
    /// and an answer without a record of its own would otherwise be told at once.
    pub(super) fn is_clear(&self) -> bool {
        let inside = self.inside();
        inside.waiting.is_none() && !inside.is_busy() && inside.trouble.is_none()
    }

    /// Waits until everything on the desk is written. Says what went wrong, if something did, and
    /// forgets it.
    pub(super) fn clear(&self) -> Verdict {
        let in_hand = |inside: &mut Inside| inside.waiting.is_some() || inside.is_busy();
        let waited = self.changed.wait_while(self.inside(), in_hand);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        inside.trouble.take().unwrap_or(Verdict::Durable)
    }

    /// Whether something went wrong that nobody has dealt with.
    pub(super) fn has_trouble(&self) -> bool {
        self.inside().trouble.is_some()
    }

    /// Sends the log threads home once the desk is clear.
    pub(super) fn close(&self) {
        self.inside().closed = true;
        self.changed.notify_all();
    }

    /// Writes what is put on the desk, until it is closed: a log thread's life.
    pub(super) fn serve(&self, scribe: &Mutex<Scribe>, shared: &Shared) {
        let scribe = || scribe.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // What a panic leaves behind is as doubtful as what a failed sync does, and is put down
            // as that.
            let pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((draft, number)) = self.take() else {
                return;
            };
            let mut hand = Hand {
                desk: self,
                shared,
                number,
                verdict: Verdict::Poisoned,
            };
            let page = self.write(&draft, number, scribe);
            drop(pen);
            let page = page.map(Page::sync);
            hand.verdict = match self.wait_for_turn(number) {
                None => scribe().conclude(draft, page),
                Some(before) => {
                    draft.fail(before.why());
                    before
                }
            };
        }
    }

    /// Writes the draft with this number into the log.
    fn write<'s>(
        &self,
        draft: &Draft,
        number: u64,
        scribe: impl Fn() -> MutexGuard<'s, Scribe>,
    ) -> Result<Page, Untaken> {
        let mut own = scribe();
        own.enter(draft);
        if own.must_wait() {
            drop(own);
            // If one of them has failed, the log says so.
            let _ = self.wait_for_turn(number);
            own = scribe();
        }
        own.put_down()
    }

    /// Waits until all drafts before this one are put down; says what went wrong with them.
    fn wait_for_turn(&self, number: u64) -> Option<Verdict> {
        let is_early = |inside: &mut Inside| inside.done < number;
        let waited = self.turned.wait_while(self.inside(), is_early);
        waited.unwrap_or_else(PoisonError::into_inner).trouble
    }

    /// Notes what became of the draft with this number, when it is its turn.
    fn put_down(&self, number: u64, verdict: Verdict, shared: &Shared) {
        let _ = self.wait_for_turn(number);
        let mut inside = self.inside();
        inside.done += 1;
        let mut left = None;
        if verdict != Verdict::Durable {
            inside.trouble = Some(verdict);
            left = inside.waiting.take();
        }
        drop(inside);
        if let Some(left) = left {
            left.fail(verdict.why());
        }
        self.turned.notify_all();
        self.changed.notify_all();
        if verdict != Verdict::Durable {
            // Who settles may be asleep, and has to stop.
            shared.wake();
        }
    }

    /// The next draft and its number, or nothing when the desk is closed.
    fn take(&self) -> Option<(Draft, u64)> {
        let idle = |inside: &mut Inside| inside.waiting.is_none() && !inside.closed;
        let waited = self.changed.wait_while(self.inside(), idle);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        let draft = inside.waiting.take()?;
        let number = inside.taken;
        inside.taken += 1;
        drop(inside);
        // There is room again.
        self.changed.notify_all();
        Some((draft, number))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Whether log threads have drafts in hand.
    fn is_busy(&self) -> bool {
        self.done < self.taken
    }
}

/// A draft in a log thread's hand, put down in any case.
struct Hand<'a> {
    desk: &'a Desk,
    shared: &'a Shared,
    number: u64,
    verdict: Verdict,
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.desk.put_down(self.number, self.verdict, self.shared);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_writes_past_a_draft_that_failed() {
        let desk = Desk::new();
        assert!(desk.is_clear());
        // The log thread has put down a draft whose sync failed, and nobody has dealt with it.
        desk.inside().trouble = Some(Verdict::Poisoned);
        assert!(
            !desk.is_clear(),
            "the engine thread may not write by itself"
        );
        assert_eq!(desk.put(Draft::default()), Verdict::Poisoned);
        assert_eq!(desk.clear(), Verdict::Poisoned);
        assert!(desk.is_clear(), "it was dealt with");
    }
}
