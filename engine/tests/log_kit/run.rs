//! One run of a log on a [`FaultyDisk`]: several lives of the process, and a ledger of what was
//! acknowledged or shown, which every start is held against.

use std::sync::Arc;

use engine::io::Storage;
use engine::log::{
    Background, CommitError, Log, LogOptions, OpenError, Recovered, SnapshotError, durable_mark,
};
use engine::model::Sequence;

use super::{Bug, Fault, FaultyDisk, Fired, Rng};

pub(crate) const SEGMENT_BYTES: u64 = 6 * 4096;
const LIVES: usize = 3;
const STEPS: usize = 9;
/// How many seeds make sure that every fault has had its turn.
pub(crate) const FAULTS: u64 = 9;

/// What was seen in many runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub runs: u64,
    pub starts: u64,
    pub records_checked: u64,
    pub torn_tails: u64,
    pub unacknowledged_kept: u64,
    pub snapshots: u64,
    pub poisoned: u64,
    pub full: u64,
    pub resumed: u64,
    pub starts_refused_by_disk: u64,
    /// Starts that found more than the mark covered.
    pub marks_behind: u64,
    pub fired: Fired,
    pub breaches: u64,
    pub first_breach: Option<String>,
}

/// A promise that was not kept.
pub(crate) type Breach = String;

enum Stopped {
    /// The power went.
    Crash,
    /// The log refused to go on.
    Restart,
    Breach(Breach),
}

struct World<'t> {
    disk: FaultyDisk,
    bug: Bug,
    /// Whether marks and spares never get their turn.
    is_slow: bool,
    /// Whether what ends the run at its crash point is the end of the process, not of the power.
    is_kill: bool,
    rng: Rng,
    /// Acknowledged, or shown by a start: all of it must be there from now on.
    shown: Vec<u64>,
    /// The batch whose fate is open: all of it may be there, or nothing.
    in_flight: Vec<u64>,
    written: u64,
    tally: &'t mut Tally,
}

/// A fault that goes with the seed, so that all kinds come up.
pub(crate) fn fault_of(seed: u64) -> Fault {
    let mut rng = Rng(seed ^ 0xFA);
    let n = 1 + rng.below(50) as u64;
    match seed % FAULTS {
        0 | 1 => Fault::Nothing,
        2 => Fault::FailWrite(n),
        3 => Fault::ShortWrite(n),
        4 => Fault::FailSync(n),
        5 => Fault::FailFolderSync(1 + n % 12),
        6 => Fault::FullWrite(n),
        7 => Fault::Slow,
        _ => Fault::Space(80_000 + 1_000 * n as usize),
    }
}

pub(crate) fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        identity: 0x1D,
        background: Background::OnDemand,
        keep_archived: true,
    }
}

/// Runs a seed with the power cut, or the process killed, in operation `crash_at` (0: never); how
/// many operations it took.
pub(crate) fn run(seed: u64, fault: Fault, crash_at: u64, bug: Bug, tally: &mut Tally) -> u64 {
    let disk = FaultyDisk::new(seed ^ crash_at << 32, fault, bug, crash_at);
    tally.runs += 1;
    let mut world = World {
        disk,
        bug,
        is_slow: fault == Fault::Slow,
        is_kill: (seed ^ crash_at) % 4 == 3,
        rng: Rng(seed),
        shown: Vec::new(),
        in_flight: Vec::new(),
        written: 0,
        tally,
    };
    let outcome = world.play();
    let World { disk, tally, .. } = world;
    if let Err(breach) = outcome {
        tally.breaches += 1;
        let place = || format!("seed {seed} {fault:?} crash at {crash_at}: {breach}");
        tally.first_breach.get_or_insert_with(place);
    }
    tally.fired.add(&disk.fired());
    disk.operations()
}

impl World<'_> {
    fn play(&mut self) -> Result<(), Breach> {
        for _ in 0..LIVES {
            match self.life(STEPS) {
                Ok(()) | Err(Stopped::Restart) => {}
                Err(Stopped::Crash) if self.is_kill => {
                    self.disk.kill_midway();
                    continue;
                }
                Err(Stopped::Crash) => break,
                Err(Stopped::Breach(breach)) => return Err(breach),
            }
            // A stopped process leaves the page cache as it was; a power cut does not.
            if self.rng.chance(50) {
                self.disk.power_cut();
            } else {
                self.disk.count_kill();
            }
        }
        // Whatever has happened: two undisturbed lives, with a power cut before each.
        self.disk.calm();
        for _ in 0..2 {
            self.disk.power_cut();
            match self.life(2) {
                Ok(()) => {}
                Err(Stopped::Breach(breach)) => return Err(breach),
                Err(Stopped::Crash | Stopped::Restart) => {
                    return Err("stopped although nothing was wrong".to_owned());
                }
            }
        }
        Ok(())
    }

    fn life(&mut self, steps: usize) -> Result<(), Stopped> {
        let mut log = self.open()?;
        for _ in 0..steps {
            self.step(&mut log)?;
            if self.rng.chance(50) && !self.is_slow {
                log.work();
            }
            if self.rng.chance(15) {
                self.snapshot(&log)?;
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<Log, Stopped> {
        for _ in 0..4 {
            let marked = durable_mark(&self.disk).ok().flatten();
            match Log::open(Arc::new(self.disk.clone()) as Arc<dyn Storage>, options()) {
                Ok((log, recovered)) => {
                    self.tally.starts += 1;
                    let found = self.judge(&log, &recovered, marked);
                    found.map_err(Stopped::Breach)?;
                    return Ok(log);
                }
                Err(_) if self.disk.crashed() => return Err(Stopped::Crash),
                Err(OpenError::Io(e)) => {
                    self.tally.starts_refused_by_disk += 1;
                    if e.is_full() && self.disk.space_is_short() {
                        self.disk.free_space();
                    }
                }
                Err(e) => return Err(Stopped::Breach(format!("refused after a mere crash: {e}"))),
            }
        }
        Err(Stopped::Breach("no start in four tries".to_owned()))
    }

    fn judge(
        &mut self,
        log: &Log,
        recovered: &Recovered,
        marked: Option<Sequence>,
    ) -> Result<(), Breach> {
        let mut found = Vec::new();
        let mut next = Sequence(1);
        if let Some((sequence, payload)) = &recovered.snapshot {
            let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
            found.extend(payload.chunks(8).map(number));
            next = sequence.next();
            if found.len() as u64 != sequence.0 {
                return Err("a snapshot of another record".to_owned());
            }
        }
        for (sequence, payload) in recovered.records.iter() {
            if sequence != next {
                return Err(format!("record {sequence} came where {next} was due"));
            }
            next = next.next();
            found.push(content_of(payload));
        }
        if log.durable().next() != next {
            return Err(format!(
                "durable up to {}, but {next} is next",
                log.durable()
            ));
        }
        if !recovered.damaged_snapshots.is_empty() {
            return Err("a crash damaged a snapshot".to_owned());
        }
        if let Some(Sequence(marked)) = marked {
            self.tally.marks_behind += u64::from((marked as usize) < found.len());
            if self.bug == Bug::TrustMark {
                found.truncate(marked as usize);
            }
        }
        let shown = self.shown.len();
        let whole = [&self.shown[..], &self.in_flight].concat();
        if found == whole && !self.in_flight.is_empty() {
            self.tally.unacknowledged_kept += 1;
        } else if found != self.shown {
            let same = found.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            let (all, open) = (found.len(), self.in_flight.len());
            return Err(format!(
                "{shown} acknowledged, {open} open, {all} found, the first {same} as written"
            ));
        }
        self.tally.records_checked += shown as u64;
        self.tally.torn_tails += recovered.torn.len() as u64;
        self.shown = found;
        self.in_flight.clear();
        Ok(())
    }

    fn step(&mut self, log: &mut Log) -> Result<(), Stopped> {
        for _ in 0..=self.rng.below(3) {
            let record = self.record();
            let sequence = log.append(&record);
            self.in_flight.push(content_of(&record));
            if sequence.0 as usize != self.shown.len() + self.in_flight.len() {
                return Err(Stopped::Breach(format!("record {sequence} is out of turn")));
            }
        }
        if self.bug == Bug::AckFirst {
            self.shown.append(&mut self.in_flight);
        }
        match log.commit() {
            Ok(committed) => {
                self.shown.append(&mut self.in_flight);
                if committed.last.0 as usize != self.shown.len() {
                    return Err(Stopped::Breach(format!("committed {}", committed.last)));
                }
                Ok(())
            }
            Err(_) if self.disk.crashed() => Err(Stopped::Crash),
            Err(CommitError::Full { .. }) => {
                self.tally.full += 1;
                self.resume(log)
            }
            Err(CommitError::Poisoned { .. }) => {
                self.tally.poisoned += 1;
                self.stays_poisoned(log)
            }
        }
    }

    /// Read-only until space returns; then on as if nothing had happened.
    fn resume(&mut self, log: &mut Log) -> Result<(), Stopped> {
        if log.is_poisoned() || !log.is_full() {
            return Err(Stopped::Breach("full, but not so".to_owned()));
        }
        log.append(b"refused");
        if !matches!(log.commit(), Err(CommitError::Full { .. })) {
            return Err(Stopped::Breach("a full log took a batch".to_owned()));
        }
        if self.rng.chance(25) {
            // Stopped while full: the dropped batch may be found or not.
            return Err(Stopped::Restart);
        }
        for _ in 0..3 {
            match log.try_resume() {
                Ok(()) => {
                    self.tally.resumed += 1;
                    self.in_flight.clear();
                    return Ok(());
                }
                Err(_) if self.disk.crashed() => return Err(Stopped::Crash),
                Err(CommitError::Full { .. }) => self.disk.free_space(),
                Err(CommitError::Poisoned { .. }) => return self.stays_poisoned(log),
            }
        }
        Err(Stopped::Breach(
            "did not resume although there was space".to_owned(),
        ))
    }

    fn stays_poisoned(&mut self, log: &mut Log) -> Result<(), Stopped> {
        log.append(b"too late");
        let again = log.commit();
        let resumed = log.try_resume();
        let stays = matches!(again, Err(CommitError::Poisoned { .. }))
            && matches!(resumed, Err(CommitError::Poisoned { .. }))
            && log.is_poisoned();
        let breach = || Stopped::Breach("a poisoned log went on".to_owned());
        Err(if stays { Stopped::Restart } else { breach() })
    }

    fn snapshot(&mut self, log: &Log) -> Result<(), Stopped> {
        let back = self.rng.below(3).min(self.shown.len());
        let state = &self.shown[..self.shown.len() - back];
        let payload: Vec<u8> = state
            .iter()
            .flat_map(|content| content.to_le_bytes())
            .collect();
        match log.snapshots().save(Sequence(state.len() as u64), &payload) {
            Ok(()) => self.tally.snapshots += 1,
            Err(_) if self.disk.crashed() => return Err(Stopped::Crash),
            Err(SnapshotError::NotDurable { .. }) => {
                return Err(Stopped::Breach("what is durable is not".to_owned()));
            }
            // The log goes on without it.
            Err(_) => {}
        }
        Ok(())
    }

    /// A record unlike any other, mostly short, sometimes longer than a segment.
    fn record(&mut self) -> Vec<u8> {
        let length = match self.rng.below(20) {
            0 => SEGMENT_BYTES as usize + self.rng.below(9_000),
            1..=4 => 3_000 + self.rng.below(6_000),
            _ => 16 + self.rng.below(200),
        };
        self.written += 1;
        let mut record = vec![0xA5; length];
        record[..8].copy_from_slice(&self.written.to_le_bytes());
        record[length - 8..].copy_from_slice(&self.written.to_le_bytes());
        record
    }
}

/// A number that stands for the whole of a record.
fn content_of(record: &[u8]) -> u64 {
    let number = record
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes));
    number << 32 | u64::from(crc32c::crc32c(record))
}
