//! How long to wait before connecting again: doubling, spread by a seeded generator, so that a
//! thousand sessions of one lost server do not come back in the same instant, and the same seed
//! waits the same.

use std::time::Duration;

use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX};

#[derive(Debug)]
pub(crate) struct Backoff {
    random: u64,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Backoff {
        Backoff {
            random: seed,
            next: BACKOFF_FIRST,
        }
    }

    /// The next wait: what the server wished for and up to half of it more, and our own on top.
    pub(crate) fn wait(&mut self, wished: Duration) -> Duration {
        let own = self.next;
        self.next = (own * 2).min(BACKOFF_MAX);
        wished + self.share(wished / 2) + own / 2 + self.share(own / 2)
    }

    /// All is well again: the next wait is a short one.
    pub(crate) fn reset(&mut self) {
        self.next = BACKOFF_FIRST;
    }

    /// Between none and all of `whole`.
    fn share(&mut self, whole: Duration) -> Duration {
        // splitmix64: its whole state is one word, and its upper bits make an even fraction.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        whole.mul_f64((mixed >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seed: u64, wished: Duration) -> Vec<Duration> {
        let mut backoff = Backoff::new(seed);
        (0..12).map(|_| backoff.wait(wished)).collect()
    }

    #[test]
    fn waits_grow_to_the_limit_and_differ_by_seed_only() {
        let first = waits(1, Duration::ZERO);
        assert_eq!(first, waits(1, Duration::ZERO));
        assert_ne!(first, waits(2, Duration::ZERO));
        let mut bound = BACKOFF_FIRST;
        for wait in first {
            assert!(wait >= bound / 2 && wait <= bound, "{wait:?} of {bound:?}");
            bound = (bound * 2).min(BACKOFF_MAX);
        }
    }

    #[test]
    fn the_servers_wish_is_respected() {
        let wished = Duration::from_secs(30);
        for seed in 0..100 {
            let wait = waits(seed, wished)[0];
            assert!(
                wait >= wished && wait <= wished * 3 / 2 + BACKOFF_FIRST,
                "{wait:?}"
            );
        }
    }

    #[test]
    fn success_makes_the_next_wait_short() {
        let mut backoff = Backoff::new(7);
        for _ in 0..10 {
            backoff.wait(Duration::ZERO);
        }
        backoff.reset();
        assert!(backoff.wait(Duration::ZERO) <= BACKOFF_FIRST);
    }
}
