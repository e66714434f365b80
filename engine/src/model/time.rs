//! Points and spans of time: UTC microseconds inside, half-open everywhere.

use rkyv::{Archive, Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Earlier than anything that happens.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// Later than anything that happens.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// Microseconds since the epoch.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// This point moved later by `ms` milliseconds, stopping at [`Timestamp::MAX`].
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Timestamp {
        let us = i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(us))
    }

    /// This point moved earlier by `ms` milliseconds, stopping at [`Timestamp::MIN`].
    #[must_use]
    pub fn minus_ms(self, ms: u64) -> Timestamp {
        let us = i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(us))
    }

    /// The `ms` milliseconds before this point, starting at [`Timestamp::MIN`] at the earliest.
    pub fn period_before(self, ms: u64) -> Interval {
        let us = i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Interval {
            start: Timestamp(self.0.saturating_sub(us)),
            end: self,
        }
    }
}

/// A half-open span `[start, end)`: back-to-back spans do not overlap.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Interval {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl Interval {
    /// Everything that ever happens: the validity of what has no dates.
    pub const ALWAYS: Interval = Interval {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// The span `[start, end)`, or nothing if it would be empty or reversed.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Interval> {
        (start < end).then_some(Interval { start, end })
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the whole of `other` lies inside.
    pub fn covers(self, other: Interval) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two spans share an instant.
    pub fn overlaps(self, other: Interval) -> bool {
        self.start < other.end && other.start < self.end
    }
}
