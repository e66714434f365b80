//! How often is often enough.

/// So many at once, and after that so many a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once, after a long rest.
    pub burst: u32,
    /// A minute, for as long as it goes on.
    pub per_minute: u32,
}

/// What one asker has used of a [`Rate`]: eight bytes, and no timer (the generic cell rate
/// algorithm of ATM, ITU-T I.371).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// When everything will be free again, in microseconds since the epoch.
    free_us: i64,
}

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MICROS_PER_MILLI: i64 = 1_000;

impl Rate {
    /// Microseconds until one more is free.
    fn step_us(self) -> i64 {
        MICROS_PER_MINUTE / i64::from(self.per_minute.max(1))
    }

    /// Microseconds until all of the burst is free.
    fn whole_us(self) -> i64 {
        self.step_us() * i64::from(self.burst.max(1))
    }
}

impl Used {
    /// Takes one at `now_us`.
    ///
    /// # Errors
    /// The milliseconds until one is free, at least 1, when none is; nothing is taken then.
    pub fn take(&mut self, rate: Rate, now_us: i64) -> Result<(), u32> {
        // A clock that was set back leaves at most an empty burst behind, not a long silence.
        self.free_us = self.free_us.clamp(now_us, now_us + rate.whole_us());
        let wanted_us = self.free_us + rate.step_us();
        let wait_us = wanted_us - (now_us + rate.whole_us());
        if wait_us > 0 {
            let wait_ms = (wait_us + MICROS_PER_MILLI - 1) / MICROS_PER_MILLI;
            return Err(u32::try_from(wait_ms).unwrap_or(u32::MAX));
        }
        self.free_us = wanted_us;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        per_minute: 60,
    };
    const SECOND: i64 = 1_000_000;
    const NOW: i64 = 1_700_000_000 * SECOND;

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let mut used = Used::default();
        let taken = |used: &mut Used, at| used.take(RATE, NOW + at);
        for _ in 0..3 {
            assert_eq!(taken(&mut used, 0), Ok(()));
        }
        assert_eq!(taken(&mut used, 0), Err(1_000));
        assert_eq!(taken(&mut used, 999_999), Err(1), "a wait is never zero");
        assert_eq!(taken(&mut used, SECOND), Ok(()), "as it was said");
        assert_eq!(
            taken(&mut used, SECOND),
            Err(1_000),
            "a refusal costs nothing"
        );
    }

    #[test]
    fn rest_gives_back_the_burst_and_no_more() {
        let mut used = Used::default();
        for at in [0, 3_600] {
            let now_us = NOW + at * SECOND;
            let passed = (0..10).filter(|_| used.take(RATE, now_us).is_ok());
            assert_eq!(passed.count(), 3);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody() {
        let mut used = Used::default();
        assert_eq!(used.take(RATE, NOW + 3_600 * SECOND), Ok(()));
        assert_eq!(used.take(RATE, NOW), Err(1_000));
        assert_eq!(used.take(RATE, NOW + SECOND), Ok(()), "as it was said");
    }

    #[test]
    fn the_long_run_has_the_rate() {
        let (mut used, mut passed) = (Used::default(), 0);
        for step in 0..600_000 {
            passed += u32::from(used.take(RATE, NOW + step * 1_000).is_ok());
        }
        assert_eq!(
            passed,
            3 + 599,
            "ten minutes at one a second, and the burst"
        );
    }
}
