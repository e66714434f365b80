//! What is going on right now: counters that everybody adds to and a view reads.
//!
//! Nothing here is audited or reported; the ledger is the record. These numbers may run a moment
//! behind, and no session ever waits for a view.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::watch;

/// Counters of a run in progress. All of them are updated without locks.
#[derive(Debug)]
pub struct Live {
    /// Officers of the plan.
    pub officers: AtomicU64,
    /// Vacancies of the plan.
    pub vacancies: AtomicU64,
    /// Officers' sessions that stand now.
    pub sessions_up: AtomicI64,
    /// Sessions that came back after a break.
    pub reconnects: AtomicU64,
    /// Connections that officers cut on purpose.
    pub connections_cut: AtomicU64,
    /// Vacancies published, durable.
    pub published: AtomicU64,
    /// Vacancies with open slots.
    pub open: AtomicI64,
    /// Vacancies whose every slot has its officer.
    pub filled: AtomicI64,
    /// Vacancies cancelled.
    pub cancelled: AtomicU64,
    /// Back-up tiers opened.
    pub escalations: AtomicU64,
    /// Offers heard.
    pub offers: AtomicU64,
    /// Pushes heard, offers included.
    pub pushes: AtomicU64,
    /// Accepts sent.
    pub accepts: AtomicU64,
    /// Slots won.
    pub won: AtomicU64,
    /// Accepts lost.
    pub lost: AtomicU64,
    /// Slots given back.
    pub released: AtomicU64,
    /// Requests refused.
    pub refused: AtomicU64,
    /// Requests told to come back later.
    pub busy: AtomicU64,
    /// Requests without a final answer.
    pub outstanding: AtomicI64,
    /// Accepts: microseconds from the intended instant to the answer.
    pub settle_us: LiveHistogram,
    /// When publications are meant to happen, ascending; known once the schedule begins.
    schedule: OnceLock<Vec<Instant>>,
    phase: AtomicU8,
    last_heard_us: AtomicU64,
    stop: watch::Sender<Stop>,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Sending the roster.
    Importing,
    /// Bringing the sessions up.
    Connecting,
    /// Publishing on schedule.
    Publishing,
    /// Waiting until everything is answered and quiet.
    Settling,
    /// Binding the ledgers and judging them.
    Auditing,
    /// Over.
    Over,
}

impl Phase {
    const ALL: [Phase; 6] = [
        Phase::Importing,
        Phase::Connecting,
        Phase::Publishing,
        Phase::Settling,
        Phase::Auditing,
        Phase::Over,
    ];

    /// One word for a person.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Importing => "importing",
            Phase::Connecting => "connecting",
            Phase::Publishing => "publishing",
            Phase::Settling => "settling",
            Phase::Auditing => "auditing",
            Phase::Over => "over",
        }
    }
}

/// How soon somebody wants the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not before its plan does.
    Never,
    /// Publish nothing more; settle and audit what was begun.
    Soon,
    /// Do not even wait for what is outstanding; audit what is there.
    Now,
}

impl Default for Live {
    fn default() -> Live {
        Live::new()
    }
}

impl Live {
    /// Counters of a run that has not begun.
    pub fn new() -> Live {
        Live {
            officers: AtomicU64::new(0),
            vacancies: AtomicU64::new(0),
            sessions_up: AtomicI64::new(0),
            reconnects: AtomicU64::new(0),
            connections_cut: AtomicU64::new(0),
            published: AtomicU64::new(0),
            open: AtomicI64::new(0),
            filled: AtomicI64::new(0),
            cancelled: AtomicU64::new(0),
            escalations: AtomicU64::new(0),
            offers: AtomicU64::new(0),
            pushes: AtomicU64::new(0),
            accepts: AtomicU64::new(0),
            won: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            released: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            outstanding: AtomicI64::new(0),
            settle_us: LiveHistogram::new(),
            schedule: OnceLock::new(),
            phase: AtomicU8::new(0),
            last_heard_us: AtomicU64::new(0),
            stop: watch::Sender::new(Stop::Never),
        }
    }

    /// What the run is doing.
    pub fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    /// Asks the run to end: the first time soon, the second time at once.
    pub fn ask_stop(&self) {
        self.stop.send_modify(|stop| {
            *stop = match stop {
                Stop::Never => Stop::Soon,
                Stop::Soon | Stop::Now => Stop::Now,
            };
        });
    }

    /// How soon somebody wants the run to end.
    pub fn stop(&self) -> Stop {
        *self.stop.borrow()
    }

    /// Waits until somebody wants the run to end at least this soon.
    pub(crate) async fn stopped(&self, at_least: Stop) {
        let mut stop = self.stop.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _stopped = stop.wait_for(|stop| *stop >= at_least).await;
    }

    /// How many publications are meant to have happened by now, whether or not they have.
    pub fn meant(&self, now: Instant) -> u64 {
        let schedule = self.schedule.get().map_or(&[][..], Vec::as_slice);
        schedule.partition_point(|at| *at <= now) as u64
    }

    /// Says when publications are meant to happen, in ascending order.
    pub(crate) fn begin(&self, schedule: Vec<Instant>) {
        // A run begins once.
        let _first = self.schedule.set(schedule);
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Notes that something was heard or done, for the search for quiet.
    pub(crate) fn stir(&self, at_us: u64) {
        self.last_heard_us.fetch_max(at_us, Ordering::Relaxed);
    }

    pub(crate) fn last_stir_us(&self) -> u64 {
        self.last_heard_us.load(Ordering::Relaxed)
    }
}

/// A histogram that anybody may add to at any time: sixteen steps per power of two, so a
/// percentile is off by at most one sixteenth.
#[derive(Debug)]
pub struct LiveHistogram {
    buckets: Box<[AtomicU64]>,
}

const STEP_BITS: u32 = 4;
const STEPS: u64 = 1 << STEP_BITS;
/// Values up to 2^40 µs (12 days); larger ones count in the last bucket.
const BUCKETS: usize = (40 - STEP_BITS as usize + 1) * STEPS as usize;

impl Default for LiveHistogram {
    fn default() -> LiveHistogram {
        LiveHistogram::new()
    }
}

impl LiveHistogram {
    /// An empty histogram.
    pub fn new() -> LiveHistogram {
        LiveHistogram {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Adds one value.
    pub fn record(&self, value: u64) {
        self.buckets[bucket(value)].fetch_add(1, Ordering::Relaxed);
    }

    /// How many values there are, in each bucket.
    pub fn counts(&self) -> Counts {
        let buckets = self.buckets.iter();
        Counts(
            buckets
                .map(|bucket| bucket.load(Ordering::Relaxed))
                .collect(),
        )
    }

    /// The smallest value that is not exceeded in `permille` of 1,000 cases, rounded down to its
    /// bucket; nothing if there is no value yet.
    pub fn permille(&self, permille: u64) -> Option<u64> {
        self.counts().permille(permille)
    }
}

/// What a [`LiveHistogram`] held at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

impl Counts {
    /// What came after an earlier moment.
    pub fn since(&self, earlier: &Counts) -> Counts {
        let pairs = self.0.iter().zip(&earlier.0);
        Counts(pairs.map(|(now, then)| now.saturating_sub(*then)).collect())
    }

    /// As [`LiveHistogram::permille`].
    pub fn permille(&self, permille: u64) -> Option<u64> {
        let all: u64 = self.0.iter().sum();
        let wanted = (all * permille).div_ceil(1_000).max(1);
        let mut passed = 0;
        let place = self.0.iter().position(|&count| {
            passed += count;
            passed >= wanted
        })?;
        Some(lowest(place))
    }

    /// How many values lie between one power of two and the next, from the first power that holds
    /// any to the last: the smallest value of each, and the count.
    pub fn by_power(&self) -> Vec<(u64, u64)> {
        let mut powers: Vec<(u64, u64)> = Vec::new();
        for (place, count) in self.0.iter().enumerate() {
            let low = lowest(place);
            let power = low.checked_ilog2().map_or(0, |bits| 1 << bits);
            match powers.last_mut() {
                Some((last, sum)) if *last == power => *sum += count,
                _ => powers.push((power, *count)),
            }
        }
        let first = powers.iter().position(|(_, count)| *count > 0);
        let last = powers.iter().rposition(|(_, count)| *count > 0);
        match (first, last) {
            (Some(first), Some(last)) => powers[first..=last].to_vec(),
            _ => Vec::new(),
        }
    }
}

fn bucket(value: u64) -> usize {
    let magnitude = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let place = u64::from(magnitude) * STEPS + (value >> magnitude);
    usize::try_from(place).map_or(BUCKETS - 1, |place| place.min(BUCKETS - 1))
}

fn lowest(place: usize) -> u64 {
    let place = place as u64;
    if place < 2 * STEPS {
        return place;
    }
    let magnitude = place / STEPS - 1;
    (place - magnitude * STEPS) << magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_close() {
        let mut last = 0;
        for value in 0..100_000 {
            let place = bucket(value);
            assert!(place == last || place == last + 1, "gap before {value}");
            last = place;
        }
        for value in (0..100_000).chain((0..40).map(|bit| (1u64 << bit) + 1)) {
            let low = lowest(bucket(value));
            assert!(
                low <= value && value - low <= value / 16,
                "{value} from {low}"
            );
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_follow_the_values() {
        let histogram = LiveHistogram::new();
        assert_eq!(histogram.permille(500), None);
        (1..=1_000).for_each(|value| histogram.record(value));
        let near = |permille, expected: u64| {
            let found = histogram.permille(permille).unwrap();
            assert!(
                found <= expected && expected - found <= expected / 16 + 1,
                "{found}"
            );
        };
        near(500, 500);
        near(990, 990);
        near(1_000, 1_000);
    }

    #[test]
    fn what_came_later_is_told_apart() {
        let histogram = LiveHistogram::new();
        (0..100).for_each(|_| histogram.record(1_000));
        let then = histogram.counts();
        assert_eq!(then.by_power(), [(512, 100)]);
        histogram.record(4_096);
        histogram.record(5_000);
        let later = histogram.counts().since(&then);
        assert_eq!(later.by_power(), [(4_096, 2)]);
        assert_eq!(later.permille(500), Some(4_096));
        let all = [(512, 100), (1_024, 0), (2_048, 0), (4_096, 2)];
        assert_eq!(histogram.counts().by_power(), all);
        assert_eq!(then.since(&then).by_power(), []);
        assert_eq!(then.since(&then).permille(500), None);
    }

    #[test]
    fn what_is_meant_does_not_wait_for_what_is_done() {
        let (live, now) = (Live::new(), Instant::now());
        assert_eq!(live.meant(now), 0);
        let later = |ms| now + std::time::Duration::from_millis(ms);
        live.begin(vec![now, later(5), later(5), later(90)]);
        assert_eq!(live.meant(now), 1);
        assert_eq!(live.meant(later(50)), 3);
    }

    #[test]
    fn asking_twice_is_more_urgent() {
        let live = Live::new();
        assert_eq!(live.stop(), Stop::Never);
        live.ask_stop();
        assert_eq!(live.stop(), Stop::Soon);
        live.ask_stop();
        live.ask_stop();
        assert_eq!(live.stop(), Stop::Now);
    }

    #[test]
    fn phases_are_read_back() {
        let live = Live::new();
        for phase in Phase::ALL {
            live.enter(phase);
            assert_eq!(live.phase(), phase);
        }
    }
}
