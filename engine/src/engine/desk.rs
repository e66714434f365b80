//! The desk between the thread that settles and the one that writes: while one batch is being
//! synced, the next one is settled.
//!
//! ```text
//! engine thread: settle ─▶ put ─▶ settle ─▶ put (behind the one that waits) ─▶ …
//! log thread:        take ─▶ write, sync, tell ─────────▶ take ─▶ …
//! ```
//!
//! At most one draft waits; what is settled meanwhile goes behind it, up to a batch's worth. When
//! nothing waits and one command was alone in line, the engine thread writes by itself: handing over
//! costs the waking of a thread, which a lone accept need not pay.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Shared;
use super::scribe::{Draft, Scribe, Verdict};
use crate::limits::BATCH_LEN_MAX;

/// What the two threads share.
pub(super) struct Desk {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    waiting: Option<Draft>,
    /// Whether the log thread has a draft in hand.
    busy: bool,
    /// Why nothing can be written any more, until the engine thread has dealt with it.
    trouble: Option<Verdict>,
    closed: bool,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            inside: Mutex::new(Inside::default()),
            changed: Condvar::new(),
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

    /// Whether the log thread has nothing to do, so that the engine thread may write by itself.
    ///
    /// A desk in trouble is not clear: what is settled since rests on a draft that is not durable,
    /// and an answer without a record of its own would otherwise be told at once.
    pub(super) fn is_clear(&self) -> bool {
        let inside = self.inside();
        inside.waiting.is_none() && !inside.busy && inside.trouble.is_none()
    }

    /// Waits until everything on the desk is written. Says what went wrong, if something did, and
    /// forgets it.
    pub(super) fn clear(&self) -> Verdict {
        let in_hand = |inside: &mut Inside| inside.waiting.is_some() || inside.busy;
        let waited = self.changed.wait_while(self.inside(), in_hand);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        inside.trouble.take().unwrap_or(Verdict::Durable)
    }

    /// Whether something went wrong that nobody has dealt with.
    pub(super) fn has_trouble(&self) -> bool {
        self.inside().trouble.is_some()
    }

    /// Sends the log thread home once the desk is clear.
    pub(super) fn close(&self) {
        self.inside().closed = true;
        self.changed.notify_all();
    }

    /// Writes what is put on the desk, until it is closed: the log thread's life.
    pub(super) fn serve(&self, scribe: &Mutex<Scribe>, shared: &Shared) {
        while let Some(draft) = self.take() {
            // What a panic leaves behind is as doubtful as what a failed sync does.
            let mut hand = Hand {
                desk: self,
                shared,
                verdict: Verdict::Poisoned,
            };
            let mut scribe = scribe.lock().unwrap_or_else(PoisonError::into_inner);
            hand.verdict = scribe.write(draft);
        }
    }

    /// Notes what became of the draft in hand.
    fn put_down(&self, verdict: Verdict, shared: &Shared) {
        let mut inside = self.inside();
        inside.busy = false;
        let mut left = None;
        if verdict != Verdict::Durable {
            inside.trouble = Some(verdict);
            left = inside.waiting.take();
        }
        drop(inside);
        if let Some(left) = left {
            left.fail(verdict.why());
        }
        self.changed.notify_all();
        if verdict != Verdict::Durable {
            // Who settles may be asleep, and has to stop.
            shared.wake();
        }
    }

    /// The next draft, or nothing when the desk is closed.
    fn take(&self) -> Option<Draft> {
        let idle = |inside: &mut Inside| inside.waiting.is_none() && !inside.closed;
        let waited = self.changed.wait_while(self.inside(), idle);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        let draft = inside.waiting.take()?;
        inside.busy = true;
        drop(inside);
        // There is room again.
        self.changed.notify_all();
        Some(draft)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A draft in the log thread's hand, put down in any case.
struct Hand<'a> {
    desk: &'a Desk,
    shared: &'a Shared,
    verdict: Verdict,
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.desk.put_down(self.verdict, self.shared);
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
