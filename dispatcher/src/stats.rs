//! Running counts, for boards and metrics. Whoever counts takes no lock and waits for nobody.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use protocol::frame::Codec;
use protocol::{GoAway, Outcome, RefusalCode, Role};

/// Running counts of a dispatcher.
#[derive(Debug, Default)]
pub struct Stats {
    /// Connections that are sessions or about to be; the bound on sessions is held against it.
    pub(crate) sessions: AtomicUsize,
    pub(crate) pushes: AtomicU64,
    sequence: AtomicU64,
    vacancies_open: AtomicU64,
    hub_queue: AtomicUsize,
    lagging: AtomicU64,
    present: Kinds<(Role, Codec)>,
    handshakes: Kinds<Handshake>,
    answers: Kinds<Answered>,
    refusals: Kinds<RefusalCode>,
    sent_away: Kinds<GoAway>,
    settles: Spread,
    fanouts: Spread,
    syncs: Spread,
}

/// What became of somebody who wanted to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// The connection stands.
    Done,
    /// It broke off, or took too long.
    Failed,
    /// The address was asked to prove itself first.
    Retried,
    /// Too many were under way.
    Refused,
}

/// What kind of answer a request was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The slot is theirs.
    Won,
    /// It is somebody else's, or may not be theirs.
    Lost,
    /// Done and durable.
    Done,
    /// A bid that waits to be ranked.
    Bid,
    /// A place on a standby list.
    Standby,
    /// Something that was asked to be read.
    Told,
    /// Not done, for a reason.
    Refused,
    /// Not begun: more was asked than is kept up with.
    Busy,
    /// Nobody can say.
    Unavailable,
}

impl Stats {
    /// Connections that are sessions or about to be.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Sessions that have been welcomed and are open, by role and by how messages are written.
    pub fn present(&self) -> impl Iterator<Item = ((Role, Codec), u64)> {
        self.present.iter()
    }

    /// What became of those who wanted to connect.
    pub fn handshakes(&self) -> impl Iterator<Item = (Handshake, u64)> {
        self.handshakes.iter()
    }

    /// Pushes written to sessions so far.
    pub fn pushes(&self) -> u64 {
        self.pushes.load(Ordering::Relaxed)
    }

    /// Answers given so far, by kind.
    pub fn answers(&self) -> impl Iterator<Item = (Answered, u64)> {
        self.answers.iter()
    }

    /// Requests refused or lost so far, by reason.
    pub fn refusals(&self) -> impl Iterator<Item = (RefusalCode, u64)> {
        self.refusals.iter()
    }

    /// Sessions that the server ended so far, by reason.
    pub fn sent_away(&self) -> impl Iterator<Item = (GoAway, u64)> {
        self.sent_away.iter()
    }

    /// The last durable record.
    pub fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    /// Vacancies with open slots.
    pub fn vacancies_open(&self) -> u64 {
        self.vacancies_open.load(Ordering::Relaxed)
    }

    /// Messages of sessions that wait for the hub.
    pub fn hub_queue(&self) -> usize {
        self.hub_queue.load(Ordering::Relaxed)
    }

    /// Sessions that are behind with reading.
    pub fn lagging(&self) -> u64 {
        self.lagging.load(Ordering::Relaxed)
    }

    /// From a request's arrival to its answer, in microseconds.
    pub fn settles(&self) -> &Spread {
        &self.settles
    }

    /// From the hub's taking a durable batch to a push of it being written to its last session of a
    /// shard, in microseconds.
    pub fn fanouts(&self) -> &Spread {
        &self.fanouts
    }

    /// How long the log's write and sync take, in microseconds.
    pub fn syncs(&self) -> &Spread {
        &self.syncs
    }

    /// Counts an answer that was given `after_us` microseconds after its request came.
    pub(crate) fn answered(&self, outcome: &Outcome, after_us: i64) {
        let kind = self.counts(outcome);
        // Nothing was settled where the server was busy, and its times would look the better the
        // busier it is.
        if kind != Answered::Busy {
            self.settles.record(u64::try_from(after_us).unwrap_or(0));
        }
    }

    /// Counts an answer that a session gives by itself. Nothing was settled, so it has no time.
    pub(crate) fn answered_at_once(&self, outcome: &Outcome) {
        self.counts(outcome);
    }

    fn counts(&self, outcome: &Outcome) -> Answered {
        let kind = Answered::of(outcome);
        self.answers.count(kind as usize, kind);
        if let Outcome::Lost(refused) | Outcome::Refused(refused) = outcome {
            self.refusals.count(refused.code as usize, refused.code);
        }
        kind
    }

    /// Counts what became of somebody who wanted to connect.
    pub(crate) fn shook_hands(&self, how: Handshake) {
        self.handshakes.count(how as usize, how);
    }

    /// Counts a session that the server ended.
    pub(crate) fn sends_away(&self, because: GoAway) {
        self.sent_away.count(because as usize, because);
    }

    /// Counts a session as present for as long as the returned value lives.
    pub(crate) fn enters(&self, role: Role, codec: Codec) -> Present<'_> {
        let row = role as usize * 2 + usize::from(codec != Codec::Native);
        Present(self.present.row(row, (role, codec)))
    }

    /// Counts a session as behind for as long as the returned value lives.
    pub(crate) fn lags(&self) -> Present<'_> {
        self.lagging.fetch_add(1, Ordering::Relaxed);
        Present(&self.lagging)
    }

    /// Notes a durable batch.
    pub(crate) fn synced(&self, sequence: u64, sync_us: u64) {
        self.sequence.store(sequence, Ordering::Relaxed);
        self.syncs.record(sync_us);
    }

    /// Notes how long a push took from the hub's taking its batch to its last session.
    pub(crate) fn fanned_out(&self, took: Duration) {
        self.fanouts
            .record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Notes how things stand.
    pub(crate) fn stands(&self, vacancies_open: usize, hub_queue: usize) {
        let vacancies_open = vacancies_open as u64;
        self.vacancies_open.store(vacancies_open, Ordering::Relaxed);
        self.hub_queue.store(hub_queue, Ordering::Relaxed);
    }
}

impl Answered {
    fn of(outcome: &Outcome) -> Answered {
        match outcome {
            Outcome::Won(_) => Answered::Won,
            Outcome::Lost(_) => Answered::Lost,
            Outcome::Done { .. } => Answered::Done,
            Outcome::Bid { .. } => Answered::Bid,
            Outcome::Standby { .. } => Answered::Standby,
            Outcome::Refused(_) => Answered::Refused,
            Outcome::Busy { .. } => Answered::Busy,
            Outcome::Unavailable => Answered::Unavailable,
            // Everything else is an answer to a question.
            _ => Answered::Told,
        }
    }
}

/// A session that is counted: as present, or as behind.
pub(crate) struct Present<'a>(&'a AtomicU64);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Kinds that are told apart; those beyond share the last row.
const KINDS_MAX: usize = 64;

/// Counts by kind. A kind has the row of its number; what it is called is noted when it is first
/// seen, so that no list of all kinds has to be kept beside their type.
#[derive(Debug)]
struct Kinds<T>([(OnceLock<T>, AtomicU64); KINDS_MAX]);

impl<T: Copy> Kinds<T> {
    fn count(&self, row: usize, kind: T) {
        self.row(row, kind);
    }

    /// Counts one more, and gives the count for who will take it back.
    fn row(&self, row: usize, kind: T) -> &AtomicU64 {
        let (known, count) = &self.0[row.min(KINDS_MAX - 1)];
        known.get_or_init(|| kind);
        count.fetch_add(1, Ordering::Relaxed);
        count
    }

    fn iter(&self) -> impl Iterator<Item = (T, u64)> {
        let known = |(kind, count): &(OnceLock<T>, AtomicU64)| {
            Some((*kind.get()?, count.load(Ordering::Relaxed)))
        };
        self.0.iter().filter_map(known)
    }
}

impl<T> Default for Kinds<T> {
    fn default() -> Kinds<T> {
        Kinds(std::array::from_fn(|_| Default::default()))
    }
}

/// Rows to each doubling: a row is at most an eighth wide.
const ROWS_PER_DOUBLING: usize = 1 << ROW_BITS;
const ROW_BITS: u32 = 3;
/// Doublings that are told apart: up to 2³² µs, 71 minutes.
const DOUBLINGS: u32 = 32;
const ROWS: usize = (DOUBLINGS - ROW_BITS + 1) as usize * ROWS_PER_DOUBLING;

/// How microseconds are spread: a histogram that any number of threads fill at once.
///
/// Exact below 8 µs, within an eighth above.
#[derive(Debug)]
pub struct Spread {
    rows: [AtomicU64; ROWS],
    sum_us: AtomicU64,
}

impl Spread {
    /// Counts one time.
    pub fn record(&self, us: u64) {
        self.rows[row_of(us)].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// The sum of all times, in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.below(DOUBLINGS)
    }

    /// How many were shorter than 2 to the power of `doubling` microseconds.
    pub fn below(&self, doubling: u32) -> u64 {
        let rows = self.rows[..row_of(1 << doubling)].iter();
        let last = if doubling >= DOUBLINGS { 1 } else { 0 };
        let rest = self.rows[ROWS - last..].iter();
        rows.chain(rest)
            .map(|row| row.load(Ordering::Relaxed))
            .sum()
    }

    /// The time that this share (0 to 1) of all did not exceed, in microseconds; zero of none.
    pub fn quantile_us(&self, share: f64) -> u64 {
        let wanted = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (row, count) in self.rows.iter().enumerate() {
            seen += count.load(Ordering::Relaxed);
            if seen >= wanted {
                return longest_of(row);
            }
        }
        0
    }
}

impl Default for Spread {
    fn default() -> Spread {
        Spread {
            rows: std::array::from_fn(|_| AtomicU64::default()),
            sum_us: AtomicU64::default(),
        }
    }
}

fn row_of(us: u64) -> usize {
    if us < ROWS_PER_DOUBLING as u64 {
        return us as usize;
    }
    let doubling = us.ilog2();
    if doubling >= DOUBLINGS {
        return ROWS - 1;
    }
    let within = (us >> (doubling - ROW_BITS)) as usize - ROWS_PER_DOUBLING;
    (doubling - ROW_BITS + 1) as usize * ROWS_PER_DOUBLING + within
}

/// The longest time that a row holds.
fn longest_of(row: usize) -> u64 {
    let (doubling, within) = (row / ROWS_PER_DOUBLING, (row % ROWS_PER_DOUBLING) as u64);
    match doubling {
        0 => within,
        _ => ((ROWS_PER_DOUBLING as u64 + within + 1) << (doubling - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_one_row_and_rows_are_an_eighth_wide() {
        let mut before = None;
        for us in (0..100_000).chain([1 << 31, (1 << 32) - 1, 1 << 32, u64::MAX]) {
            let row = row_of(us);
            if us < 100_000 {
                assert!(row < ROWS && longest_of(row) >= us, "{us}");
                assert!(longest_of(row) - us <= us / 8, "{us}: {}", longest_of(row));
                let is_next = before.is_none_or(|before| row == before || row == before + 1);
                assert!(is_next, "{us}");
                before = Some(row);
            }
        }
        assert_eq!((row_of(1 << 32), row_of(u64::MAX)), (ROWS - 1, ROWS - 1));
        assert_eq!(longest_of(ROWS - 1), (1 << 32) - 1);
    }

    #[test]
    fn a_spread_tells_counts_sums_and_quantiles() {
        let spread = Spread::default();
        assert_eq!((spread.count(), spread.quantile_us(0.5)), (0, 0));
        for us in 1..=1_000 {
            spread.record(us);
        }
        assert_eq!((spread.count(), spread.sum_us()), (1_000, 500_500));
        assert_eq!((spread.below(3), spread.below(9)), (7, 511));
        let near = |share, us: u64| {
            let found = spread.quantile_us(share);
            assert!(found >= us && found <= us + us / 8, "{share}: {found}");
        };
        near(0.5, 500);
        near(0.99, 990);
        near(1.0, 1_000);
        spread.record(u64::MAX / 2);
        assert_eq!(spread.count(), 1_001);
    }

    #[test]
    fn kinds_are_counted_apart_and_those_present_leave_again() {
        let stats = Stats::default();
        stats.answered(&Outcome::Unavailable, 5);
        stats.answered(&Outcome::Busy { retry_after_ms: 1 }, -5);
        stats.answered(&Outcome::Unavailable, 5);
        stats.answered_at_once(&Outcome::Busy { retry_after_ms: 1 });
        let answers: Vec<_> = stats.answers().collect();
        assert_eq!(answers, [(Answered::Busy, 2), (Answered::Unavailable, 2)]);
        assert_eq!((stats.settles().count(), stats.settles().sum_us()), (2, 10));
        let officer = (Role::Officer, Codec::Native);
        let first = stats.enters(Role::Officer, Codec::Native);
        let second = stats.enters(Role::Officer, Codec::Json);
        drop(second);
        let present: Vec<_> = stats.present().collect();
        assert_eq!(present, [(officer, 1), ((Role::Officer, Codec::Json), 0)]);
        drop(first);
        assert_eq!(stats.present().next(), Some((officer, 0)));
    }
}
