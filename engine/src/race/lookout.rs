//! Looking for a while before sleeping.
//!
//! Waking a thread costs tens of microseconds where its core has gone idle, a good part of a sync.
//! One who waits alone may save that by looking instead. Looking takes a core, so it is done by
//! one, for a bounded time, only while it pays, and whoever else wants the core gets it in between.
//! It is a hint: who has looked in vain goes to sleep as if it had not looked.

#[cfg(all(test, any(loom, shuttle)))]
pub(super) use explored::*;
#[cfg(not(all(test, any(loom, shuttle))))]
pub(super) use machine::*;

#[cfg(not(all(test, any(loom, shuttle))))]
mod machine {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    /// Looks in vain, one after the other, after which no more are left out.
    const MISSES_MAX: u32 = 7;

    /// Where one may look before sleeping.
    #[derive(Debug)]
    pub(in crate::race) struct Lookout {
        longest: Duration,
        waiting: AtomicU32,
        /// Looks in vain, one after the other.
        misses: AtomicU32,
        /// So many will not look at all.
        left_out: AtomicU32,
    }

    /// One who waits, looking or asleep.
    #[must_use = "who is not counted is not seen to wait"]
    pub(in crate::race) struct Waiting<'a>(&'a Lookout);

    impl Lookout {
        /// A look takes `longest_us` microseconds at most.
        pub(in crate::race) const fn new(longest_us: u64) -> Lookout {
            Lookout {
                longest: Duration::from_micros(longest_us),
                waiting: AtomicU32::new(0),
                misses: AtomicU32::new(0),
                left_out: AtomicU32::new(0),
            }
        }

        /// Counts the caller among those who wait, until what is returned is dropped.
        pub(in crate::race) fn wait(&self) -> Waiting<'_> {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            Waiting(self)
        }
    }

    impl Waiting<'_> {
        /// Looks until `is_there`, until somebody else waits as well, or until it takes too long.
        pub(in crate::race) fn look(&self, is_there: impl Fn() -> bool) {
            let Waiting(lookout) = self;
            let left_out = lookout.left_out.load(Ordering::Relaxed);
            if left_out > 0 {
                lookout.left_out.store(left_out - 1, Ordering::Relaxed);
                return;
            }
            let began = Instant::now();
            let mut is_in_time = true;
            while is_in_time && !is_there() && lookout.waiting.load(Ordering::Relaxed) == 1 {
                thread::yield_now();
                is_in_time = began.elapsed() < lookout.longest;
            }
            // Late is in vain, also if it is there by now: whoever got the core in between kept it
            // for longer than a sleeper would have waited for it.
            let misses = match is_in_time {
                true => 0,
                false => MISSES_MAX.min(lookout.misses.load(Ordering::Relaxed) + 1),
            };
            lookout.misses.store(misses, Ordering::Relaxed);
            lookout.left_out.store((1 << misses) - 1, Ordering::Relaxed);
        }
    }

    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, any(loom, shuttle)))]
mod explored {
    /// As the machine's, but that a look is one glance: no time passes in a model, and what was
    /// learnt in one run must not steer the next.
    #[derive(Debug)]
    pub(in crate::race) struct Lookout;

    pub(in crate::race) struct Waiting;

    impl Lookout {
        pub(in crate::race) const fn new(_: u64) -> Lookout {
            Lookout
        }

        pub(in crate::race) fn wait(&self) -> Waiting {
            Waiting
        }
    }

    impl Waiting {
        pub(in crate::race) fn look(&self, is_there: impl Fn() -> bool) {
            is_there();
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Far longer than a look that finds something at once.
    const LONG_US: u64 = 60_000_000;

    fn looks(lookout: &Lookout, there_at: u32) -> u32 {
        let looks = Cell::new(0);
        lookout.wait().look(|| {
            looks.set(looks.get() + 1);
            looks.get() >= there_at
        });
        looks.get()
    }

    #[test]
    fn one_alone_looks_until_it_is_there() {
        let lookout = Lookout::new(LONG_US);
        assert_eq!(looks(&lookout, 3), 3);
        assert_eq!(looks(&lookout, 5), 5, "it has paid");
    }

    #[test]
    fn of_several_who_wait_nobody_looks_on() {
        let lookout = Lookout::new(LONG_US);
        let other = lookout.wait();
        assert_eq!(looks(&lookout, u32::MAX), 1);
        drop(other);
        assert_eq!(looks(&lookout, 3), 3, "alone again");
    }

    #[test]
    fn who_looks_in_vain_looks_less_and_less() {
        let lookout = Lookout::new(0);
        let tries = 1_000;
        let looked = (0..tries).filter(|_| looks(&lookout, u32::MAX) > 0).count();
        // After 1, 2, 4, … 128 tries, and from there on after each 128.
        assert_eq!(looked, 13);
        let paid = (0..128).map(|_| looks(&lookout, 1)).sum::<u32>();
        assert!(paid > 1, "one look that pays ends the abstinence: {paid}");
    }
}
