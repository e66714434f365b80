//! The line: a list that anybody pushes onto with one compare-and-swap and that the engine thread
//! takes as a whole with one swap.
//!
//! This is where a race is settled: the order of successful pushes is the order in which the
//! engine decides. It is lock-free in the strict sense, because a thread that stalls anywhere in
//! [`Inbox::push`] has either entered already or holds nothing that another needs. A ring whose
//! slots are claimed first and filled second would not be: its reader waits for the slowest
//! writer.
//!
//! All unsafe code of the engine is in this file; `docs/decisions/0003-inbox.md` argues for it.
#![expect(
    unsafe_code,
    reason = "a lock-free list passes ownership through raw pointers"
)]

use std::ptr;

use super::sync::{AtomicPtr, AtomicUsize, Ordering};

/// A bounded line of `T`s.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    /// The last to enter, or null. Whatever is reachable from here is owned by the list.
    head: AtomicPtr<Node<T>>,
    len: AtomicUsize,
    len_max: usize,
}

#[derive(Debug)]
struct Node<T> {
    value: T,
    /// The one who entered before.
    before: *mut Node<T>,
}

// SAFETY: a `T` enters on one thread and leaves on another, which is what `Send` allows; no
// reference to a `T` is ever shared.
unsafe impl<T: Send> Send for Inbox<T> {}
// SAFETY: as above; all shared access goes through the atomics.
unsafe impl<T: Send> Sync for Inbox<T> {}

impl<T> Inbox<T> {
    pub(crate) fn new(len_max: usize) -> Inbox<T> {
        Inbox {
            head: AtomicPtr::new(ptr::null_mut()),
            len: AtomicUsize::new(0),
            len_max,
        }
    }

    /// Enters the line; gives `value` back if the line is full. Says whether the line was empty,
    /// in which case whoever drains it may be asleep.
    pub(crate) fn push(&self, value: T) -> Result<bool, T> {
        if self.len.fetch_add(1, Ordering::Relaxed) >= self.len_max {
            self.len.fetch_sub(1, Ordering::Relaxed);
            return Err(value);
        }
        Ok(self.link(value))
    }

    /// Makes `value` the last in line; says whether it is the only one.
    fn link(&self, value: T) -> bool {
        let node = Box::into_raw(Box::new(Node {
            value,
            before: ptr::null_mut(),
        }));
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: `node` came from `Box::into_raw` above and is not in the list yet, so this
            // thread is its only owner.
            unsafe { (*node).before = head };
            // Release: whoever takes the node sees its contents.
            match self
                .head
                .compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return head.is_null(),
                Err(current) => head = current,
            }
        }
    }

    /// Takes everybody in line, the first to enter first, and appends them to `taken`.
    pub(crate) fn drain_into(&self, taken: &mut Vec<T>) {
        let from = taken.len();
        // Acquire: pairs with the pushes, of which each later one carries on the release of those
        // before it.
        let mut node = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        while !node.is_null() {
            // SAFETY: the swap took the whole list, so nobody else can reach its nodes any more,
            // and each was made by `Box::into_raw` in `push` and is visited once.
            let Node { value, before } = *unsafe { Box::from_raw(node) };
            taken.push(value);
            node = before;
        }
        taken[from..].reverse();
        self.len.fetch_sub(taken.len() - from, Ordering::Relaxed);
    }

    /// How many were in line at that moment, those who are about to find it full included.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether nobody was in line at that moment.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed).is_null()
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        self.drain_into(&mut Vec::new());
    }
}

/// Inboxes with one mistake each, for the models to find.
#[cfg(all(test, any(loom, shuttle)))]
mod planted {
    use super::*;

    impl<T> Inbox<T> {
        /// Reads the head and writes it in two steps.
        pub(in crate::race) fn push_in_two_steps(&self, value: T) -> Result<bool, T> {
            if self.len.fetch_add(1, Ordering::Relaxed) >= self.len_max {
                self.len.fetch_sub(1, Ordering::Relaxed);
                return Err(value);
            }
            let before = self.head.load(Ordering::Acquire);
            let node = Box::into_raw(Box::new(Node { value, before }));
            self.head.store(node, Ordering::Release);
            Ok(before.is_null())
        }

        /// Looks whether there is room before it counts itself.
        pub(in crate::race) fn push_where_room_was_seen(&self, value: T) -> Result<bool, T> {
            if self.len.load(Ordering::Relaxed) >= self.len_max {
                return Err(value);
            }
            self.len.fetch_add(1, Ordering::Relaxed);
            Ok(self.link(value))
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_first_to_enter_is_the_first_to_leave() {
        let inbox = Inbox::new(3);
        assert_eq!(inbox.push(1), Ok(true));
        assert_eq!(inbox.push(2), Ok(false));
        assert_eq!(inbox.push(3), Ok(false));
        assert_eq!(inbox.push(4), Err(4), "the line is full");
        let mut taken = vec![0];
        inbox.drain_into(&mut taken);
        assert_eq!(taken, [0, 1, 2, 3]);
        assert_eq!(inbox.push(5), Ok(true));
    }

    #[test]
    fn nobody_is_lost_and_everybody_keeps_their_own_order() {
        const EACH: u64 = 20_000;
        let inbox = Arc::new(Inbox::new(usize::MAX));
        let writers: Vec<_> = (0..4u64)
            .map(|writer| {
                let inbox = Arc::clone(&inbox);
                std::thread::spawn(move || {
                    for turn in 0..EACH {
                        inbox.push((writer, turn)).expect("this line has no bound");
                    }
                })
            })
            .collect();
        let mut taken = Vec::new();
        while taken.len() < 4 * EACH as usize {
            inbox.drain_into(&mut taken);
        }
        writers
            .into_iter()
            .for_each(|writer| writer.join().expect("writers do not panic"));
        for writer in 0..4 {
            let turns = taken
                .iter()
                .filter(|(by, _)| *by == writer)
                .map(|(_, turn)| *turn);
            assert!(turns.eq(0..EACH), "writer {writer} kept its order");
        }
    }
}
