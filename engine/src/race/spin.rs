//! Looking again for a while before sleeping.

use std::hint;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Whether looking again has paid of late.
#[derive(Debug)]
pub(crate) struct Spin {
    longest: Duration,
    /// Turns to be left out before the next attempt.
    rest: AtomicU8,
    misses: AtomicU8,
}

impl Spin {
    pub(crate) fn env(name: &str) -> Spin {
        let us = std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(0);
        Spin {
            longest: Duration::from_micros(us),
            rest: AtomicU8::new(0),
            misses: AtomicU8::new(0),
        }
    }

    pub(crate) fn until(&self, is_there: impl Fn() -> bool) -> bool {
        if is_there() {
            return true;
        }
        if self.longest.is_zero() {
            return false;
        }
        let rest = self.rest.load(Ordering::Relaxed);
        if rest > 0 {
            self.rest.store(rest - 1, Ordering::Relaxed);
            return false;
        }
        let began = Instant::now();
        let mut now;
        let found = loop {
            for _ in 0..16 {
                if is_there() {
                    break;
                }
                hint::spin_loop();
            }
            if is_there() {
                break true;
            }
            thread::yield_now();
            now = Instant::now();
            if now - began > self.longest {
                break false;
            }
        };
        let misses = match found {
            true => 0,
            false => (self.misses.load(Ordering::Relaxed) + 1).min(5),
        };
        self.misses.store(misses, Ordering::Relaxed);
        if misses > 0 {
            self.rest.store((1 << misses) - 2, Ordering::Relaxed);
        }
        found
    }
}
