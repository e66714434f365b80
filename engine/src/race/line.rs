//! The line as a whole: the inbox, the bell of the one who drains it, and its end.
//!
//! Two promises are kept here and nowhere else. **Nobody sleeps on a line that is not empty**:
//! whoever finds the inbox empty rings, and who drains sleeps only after the inbox was seen empty.
//! **Nobody is left in line when it ends**: whoever enters looks for the end afterwards, whoever
//! ends it looks into the line afterwards, and the fences see to it that one of them finds the
//! other.

use std::thread::Thread;
use std::time::Duration;

use super::inbox::Inbox;
use super::lookout::Lookout;
use super::sync::{AtomicU8, Bell, Ordering, fence};
use crate::limits::{LINE_LOOK_US_MAX, LINE_SLEEP_MS_MAX};

/// How the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Health {
    /// Taking commands.
    Running = 0,
    /// The disk is full: reading goes on, nothing new is taken in until there is space.
    ReadOnly = 1,
    /// The log could not be written: restart to recover.
    Failed = 2,
    /// Closed.
    Closed = 3,
}

/// A bounded line of `T`s, drained by one thread.
#[derive(Debug)]
pub(crate) struct Line<T> {
    inbox: Inbox<T>,
    bell: Bell,
    health: AtomicU8,
    lookout: Lookout,
}

/// What became of somebody who wanted into the line.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who was found in a line that has ended is answered by nobody else"]
pub(crate) enum Entry<T> {
    /// In line. The order is fixed.
    InLine,
    /// The line is full, and this is given back.
    Full(T),
    /// The line has ended. These were still in it and must be turned away by the caller; who
    /// entered is among them, unless somebody else has taken them out already.
    Ended(Vec<T>),
}

impl<T> Line<T> {
    pub(crate) fn new(len_max: usize) -> Line<T> {
        Line {
            inbox: Inbox::new(len_max),
            bell: Bell::default(),
            health: AtomicU8::new(Health::Running as u8),
            lookout: Lookout::new(LINE_LOOK_US_MAX),
        }
    }

    /// Says which thread drains the line and sleeps in [`Line::wait`]. To be said before anybody
    /// enters.
    pub(crate) fn is_drained_by(&self, thread: Thread) {
        self.bell.belongs_to(thread);
    }

    /// Enters the line, and wakes who drains it if it was empty.
    pub(crate) fn enter(&self, value: T) -> Entry<T> {
        match self.inbox.push(value) {
            Err(value) => return Entry::Full(value),
            Ok(true) => self.bell.ring(),
            Ok(false) => {}
        }
        // Pairs with the fence of an ending engine: either it still sees what was pushed here, or
        // its end is seen here, and the line is cleared by whoever came too late.
        fence(Ordering::SeqCst);
        if !self.health().has_ended() {
            return Entry::InLine;
        }
        let mut left = Vec::new();
        self.drain_into(&mut left);
        Entry::Ended(left)
    }

    /// Takes everybody in line, the first to enter first, and appends them to `taken`. Whoever
    /// ends the line does so once more after saying so.
    pub(crate) fn drain_into(&self, taken: &mut Vec<T>) {
        self.inbox.drain_into(taken);
    }

    /// Wakes who drains the line, or keeps them from their next sleep, although nobody entered.
    pub(crate) fn wake(&self) {
        self.bell.ring();
    }

    /// How many were in line at that moment.
    pub(crate) fn len(&self) -> usize {
        self.inbox.len()
    }

    /// Whether nobody was in line at that moment.
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Looks for a while whether somebody enters: for the one who drains, before [`Line::wait`].
    pub(crate) fn look_out(&self) {
        self.lookout.wait().look(|| !self.inbox.is_empty());
    }

    /// Sleeps until somebody enters the line, `at_most` or [`LINE_SLEEP_MS_MAX`] has passed, or for
    /// no reason.
    pub(crate) fn wait(&self, at_most: Option<Duration>) {
        // Looking once more makes it harmless that something else on this thread has parked since
        // the line was drained, and has used up the ring of somebody who entered.
        if self.inbox.is_empty() {
            // Who rings may stall before the ring is heard, and those behind, who did not find the
            // line empty, do not ring. The bound is what such a thread can cost them.
            let longest = Duration::from_millis(LINE_SLEEP_MS_MAX);
            self.bell
                .wait(at_most.map_or(longest, |at_most| at_most.min(longest)));
        }
    }

    pub(crate) fn health(&self) -> Health {
        Health::of(self.health.load(Ordering::Acquire))
    }

    /// Says how the engine is. What was in line before is found by a drain after this; what enters
    /// later finds the end.
    ///
    /// An end is for good: whoever is still writing when the line ends may find that the disk is
    /// full, and a line that nobody drains any more must not take anybody in because of it.
    pub(crate) fn set_health(&self, health: Health) {
        let mut before = self.health.load(Ordering::Relaxed);
        while health.has_ended() || !Health::of(before).has_ended() {
            let swapped = self.health.compare_exchange_weak(
                before,
                health as u8,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => break,
                Err(current) => before = current,
            }
        }
        fence(Ordering::SeqCst);
    }
}

impl Health {
    fn of(number: u8) -> Health {
        match number {
            0 => Health::Running,
            1 => Health::ReadOnly,
            2 => Health::Failed,
            _ => Health::Closed,
        }
    }

    /// Whether nobody is taken in any more.
    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Health::Failed | Health::Closed)
    }
}

/// Lines with one mistake each, for the models to find.
#[cfg(all(test, any(loom, shuttle)))]
mod planted {
    use super::*;

    impl<T> Line<T> {
        /// Lets the drainer sleep although the line was empty before.
        pub(in crate::race) fn enter_without_ringing(&self, value: T) -> Entry<T> {
            match self.inbox.push(value) {
                Err(value) => Entry::Full(value),
                Ok(_) => Entry::InLine,
            }
        }

        /// Rings for those who did not find the line empty, and not for the one who did.
        pub(in crate::race) fn enter_and_ring_the_wrong_way_round(&self, value: T) -> Entry<T> {
            match self.inbox.push(value) {
                Err(value) => return Entry::Full(value),
                Ok(true) => {}
                Ok(false) => self.bell.ring(),
            }
            Entry::InLine
        }

        /// Does not look for the end.
        pub(in crate::race) fn enter_and_trust(&self, value: T) -> Entry<T> {
            match self.inbox.push(value) {
                Err(value) => return Entry::Full(value),
                Ok(true) => self.bell.ring(),
                Ok(false) => {}
            }
            Entry::InLine
        }

        /// Looks for the end before entering, and not afterwards.
        pub(in crate::race) fn enter_if_not_ended(&self, value: T) -> Entry<T> {
            if self.health().has_ended() {
                return Entry::Ended(vec![value]);
            }
            self.enter_and_trust(value)
        }

        /// Looks for the end without the fence.
        #[cfg(loom)]
        pub(in crate::race) fn enter_without_fence(&self, value: T) -> Entry<T> {
            let entry = self.enter_and_trust(value);
            if matches!(entry, Entry::Full(_)) || !self.health().has_ended() {
                return entry;
            }
            let mut left = Vec::new();
            self.drain_into(&mut left);
            Entry::Ended(left)
        }

        /// Ends the line without the fence.
        #[cfg(loom)]
        pub(in crate::race) fn set_health_without_fence(&self, health: Health) {
            self.health.store(health as u8, Ordering::Release);
        }

        /// Says how the engine is, whether or not it has ended.
        pub(in crate::race) fn set_health_over_an_end(&self, health: Health) {
            self.health.store(health as u8, Ordering::Release);
            fence(Ordering::SeqCst);
        }

        /// Sleeps without looking once more.
        #[cfg(shuttle)]
        pub(in crate::race) fn wait_blindly(&self) {
            self.bell.wait(Duration::MAX);
        }

        /// Parks and goes on, as a channel does that the drainer waits for.
        #[cfg(shuttle)]
        pub(in crate::race) fn lose_a_ring(&self) {
            self.bell.lose();
        }
    }
}
