//! The rows of `muster bench log`.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use engine::core::{Actor, Event, Record};
use engine::io::Disk;
use engine::log::{Log, LogOptions, Recovery};
use engine::model::{AgreementId, OfficerId, RequestId, Sequence, Timestamp, VacancyId};
use engine::{Engine, Stepper};

use super::drive::{self, Run};
use super::floor::{Floor, Looks, median, note};
use super::report::{Beside, Report, Timed};
use super::world::{self, Size, World};
use super::{BenchError, Pace, folder_error};
use crate::cli::BenchLogArgs;

/// Length of a record where its contents do not matter, in bytes.
const RECORD_BYTES: usize = 64;
/// Records of a batch that are measured, one row each.
const BATCHES: [usize; 4] = [1, 64, 1_024, 16_384];
/// Records of a batch where bytes matter more than batches, and of those that recovery reads.
const LONG_BATCH: usize = 16_384;
const RECOVERED_BATCH: usize = 1_024;
/// Commits of one round at most, and at least.
const COMMITS_MAX: u64 = 2_000;
const COMMITS_MIN: u64 = 3;
/// Bytes of one round of a sequential write.
const SEQUENTIAL_BYTES: usize = 64 << 20;
/// Bytes of one write or read where a file is written or read in a row.
const PIECE_BYTES: usize = 1 << 20;
/// Calls under one reading of the clock where one call is nanoseconds.
const CALLS: u64 = 20_000;
/// Awards in flight while the log that recovery reads is made.
const IN_FLIGHT: usize = 4_096;
/// Length of a sector, over which checksums are measured, in bytes.
const SECTOR: usize = engine::log::SECTOR_BYTES as usize;

/// A row, as it can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogRow {
    /// Adding a record to the batch in memory
    Append,
    /// Making a batch durable
    Commit,
    /// Bytes a second
    Write,
    /// Encoding, decoding and checksums
    Codec,
    /// Reading a log back
    Recovery,
}

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPlan {
    /// How long and how often.
    pub pace: Pace,
    /// Which rows; none named means all.
    pub only: Vec<LogRow>,
    /// Records of 64 bytes that recovery reads.
    pub records: u64,
    /// Awards that recovery reads, decodes and applies.
    pub awards: u64,
    /// Agencies whose officers hold them.
    pub agencies: usize,
}

impl LogPlan {
    /// What the command line asks for.
    pub fn new(args: &BenchLogArgs) -> LogPlan {
        let is_quick = args.bench.quick;
        let (records, awards) = match is_quick {
            true => (200_000, 50_000),
            false => (5_000_000, 1_000_000),
        };
        LogPlan {
            pace: Pace::new(is_quick),
            only: args.only.clone(),
            records,
            awards,
            agencies: if is_quick { 64 } else { 256 },
        }
    }

    fn has(&self, row: LogRow) -> bool {
        self.only.is_empty() || self.only.contains(&row)
    }
}

/// Measures the rows of `plan` in `folder`; `progress` hears what is being measured.
pub(super) fn measure(
    plan: &LogPlan,
    folder: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Report, BenchError> {
    progress("the floor");
    let mut bench = Bench {
        plan,
        folder,
        floor: Floor::open(folder, plan.pace.floor_syncs)?,
        report: Report::new("log", folder),
    };
    if plan.has(LogRow::Append) || plan.has(LogRow::Commit) || plan.has(LogRow::Write) {
        let mut log = open_log(&folder.join("writing"))?;
        if plan.has(LogRow::Append) {
            progress("appending");
            bench.append(&mut log)?;
        }
        if plan.has(LogRow::Commit) {
            for records in BATCHES {
                progress(&format!("batches of {records}"));
                bench.commit(&mut log, records)?;
            }
        }
        if plan.has(LogRow::Write) {
            progress("bytes a second");
            bench.write(&mut log)?;
        }
    }
    if plan.has(LogRow::Codec) {
        progress("encoding, decoding, checksums");
        bench.codec();
    }
    if plan.has(LogRow::Recovery) {
        progress("recovery of records of 64 bytes");
        bench.replay()?;
        progress("recovery of awards");
        bench.recovery()?;
    }
    // A look at the end, and the only one where no row waits for the disk.
    bench.floor.look(&mut Looks::default())?;
    let Bench {
        mut floor,
        mut report,
        ..
    } = bench;
    report.floor = floor.report()?;
    Ok(report)
}

struct Bench<'a> {
    plan: &'a LogPlan,
    folder: &'a Path,
    floor: Floor,
    report: Report,
}

impl Bench<'_> {
    fn beside(
        &mut self,
        row: &str,
        what: &str,
        unit: &'static str,
        ours: f64,
        floor: (&'static str, f64),
    ) {
        let beside = Beside::new(row, what, unit, ours, floor);
        self.report.beside.push(beside);
    }

    fn append(&mut self, log: &mut Log) -> Result<(), BenchError> {
        let payload = [0x5a; RECORD_BYTES];
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        let mut copy = Vec::with_capacity(LONG_BATCH * RECORD_BYTES);
        for _ in 0..=self.plan.pace.rounds {
            copy.clear();
            floor.push(ns_each(LONG_BATCH as u64, || {
                copy.extend_from_slice(black_box(&payload));
            }));
            ours.push(ns_each(LONG_BATCH as u64, || {
                log.append(black_box(&payload));
            }));
            commit(log)?;
        }
        let what = "append a record of 64 bytes";
        let floor = ("copying it", warm_median(&floor));
        self.beside("append", what, "ns", warm_median(&ours), floor);
        Ok(())
    }

    fn commit(&mut self, log: &mut Log, records: usize) -> Result<(), BenchError> {
        let Pace { rounds, round, .. } = self.plan.pace;
        let mut commits = COMMITS_MIN;
        let mut looks = Looks::default();
        let mut runs: Vec<Run> = Vec::new();
        // Two rounds find how many commits make one.
        for number in 0..rounds + 2 {
            let mut run = Run::new();
            let began = Instant::now();
            for _ in 0..commits {
                append_batch(log, records);
                let before = Instant::now();
                commit(log)?;
                note(&mut run.latency, before.elapsed().as_nanos() as u64, 1);
            }
            run.took = began.elapsed();
            run.won = commits * records as u64;
            if number < 2 {
                let each = run.took.as_secs_f64() / commits as f64;
                let wanted = (round.as_secs_f64() / each.max(1e-9)) as u64;
                commits = wanted.clamp(COMMITS_MIN, COMMITS_MAX);
            } else {
                runs.push(run);
            }
            self.floor.look(&mut looks)?;
        }
        let what = format!("records in batches of {records}");
        let mut row = Timed::of("commit", what, &runs, &looks);
        row.in_flight = Some(records as u64);
        self.report.timed.push(row);
        Ok(())
    }

    /// Megabytes of payload a second, in long batches, beside writing as much with nothing above.
    fn write(&mut self, log: &mut Log) -> Result<(), BenchError> {
        let path = self.folder.join("sequential");
        let file = zeroed(&path)?;
        let (mut ours, mut synced, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        let batches = SEQUENTIAL_BYTES / (LONG_BATCH * RECORD_BYTES);
        let mb_per_s = |bytes: usize, took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
        for _ in 0..=self.plan.pace.rounds {
            let began = Instant::now();
            for _ in 0..batches {
                append_batch(log, LONG_BATCH);
                commit(log)?;
            }
            let bytes = batches * LONG_BATCH * RECORD_BYTES;
            ours.push(mb_per_s(bytes, began.elapsed()));
            let took = write_in_a_row(&file, &path, true)?;
            synced.push(mb_per_s(SEQUENTIAL_BYTES, took));
            let took = write_in_a_row(&file, &path, false)?;
            plain.push(mb_per_s(SEQUENTIAL_BYTES, took));
        }
        let ours = warm_median(&ours);
        let rows = [
            (
                "write",
                "each 1 MiB synced, pre-zeroed",
                warm_median(&synced),
            ),
            (
                "write-plain",
                "64 MiB in a row, synced once",
                warm_median(&plain),
            ),
        ];
        for (row, floor_is, floor) in rows {
            let what = "log, batches of 16,384 records of 64 bytes";
            self.beside(row, what, "MB/s", ours, (floor_is, floor));
        }
        drop(file);
        fs::remove_file(&path).map_err(|cause| folder_error("remove", &path, cause))
    }

    fn codec(&mut self) {
        let record = award();
        let mut bytes = Vec::new();
        record.encode_into(&mut bytes);
        let sector = [0x5a; SECTOR];
        let (mut buffer, mut target) = (Vec::with_capacity(SECTOR), [0; SECTOR]);
        let mut taken: [Vec<f64>; 5] = Default::default();
        for _ in 0..=self.plan.pace.rounds {
            taken[0].push(ns_each(CALLS, || {
                buffer.clear();
                black_box(&record).encode_into(&mut buffer);
            }));
            taken[1].push(ns_each(CALLS, || {
                black_box(Record::decode(black_box(&bytes)).is_ok());
            }));
            taken[2].push(ns_each(CALLS, || {
                buffer.clear();
                buffer.extend_from_slice(black_box(&bytes));
            }));
            taken[3].push(ns_each(CALLS, || {
                black_box(crc32c::crc32c(black_box(&sector)));
            }));
            taken[4].push(ns_each(CALLS, || {
                black_box(&mut target).copy_from_slice(black_box(&sector));
            }));
        }
        let [encode, decode, copy, crc, sector] = taken.map(|taken| warm_median(&taken));
        let what = |verb: &str| format!("{verb} an award record of {} bytes", bytes.len());
        let copying = ("copying it", copy);
        self.beside("codec-encode", &what("encode"), "ns", encode, copying);
        self.beside("codec-decode", &what("decode"), "ns", decode, copying);
        let what = "checksum of 4 KiB";
        self.beside("codec-crc", what, "ns", crc, ("copying it", sector));
    }

    /// Reads records of 64 bytes back: every checksum, nothing else.
    fn replay(&mut self) -> Result<(), BenchError> {
        let folder = self.folder.join("replayed");
        let mut log = open_log(&folder)?;
        let batches = self.plan.records.div_ceil(RECOVERED_BATCH as u64);
        for _ in 0..batches {
            append_batch(&mut log, RECOVERED_BATCH);
            commit(&mut log)?;
        }
        drop(log);
        let (mut ours, mut read, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..=self.plan.pace.rounds {
            read.push(read_in_a_row(&folder)?.as_secs_f64());
            let began = Instant::now();
            let mut recovery = Recovery::begin(disk(&folder)?, LogOptions::default())
                .map_err(|cause| BenchError::Log(cause.to_string()))?;
            let mut records = 0u64;
            while let Some(batch) = recovery
                .next_batch()
                .map_err(|cause| BenchError::Log(cause.to_string()))?
            {
                records += batch
                    .records()
                    .map(|(_, bytes)| bytes.len() as u64)
                    .sum::<u64>()
                    / RECORD_BYTES as u64;
            }
            ours.push(records as f64 / began.elapsed().as_secs_f64());
            all_are_there(records, batches * RECOVERED_BATCH as u64)?;
            let began = Instant::now();
            recovery
                .finish()
                .map_err(|cause| BenchError::Log(cause.to_string()))?;
            ends.push(began.elapsed().as_secs_f64());
        }
        let records = (batches * RECOVERED_BATCH as u64) as f64;
        let floor = ("reading the files", records / warm_median(&read));
        let what = "recovery of records of 64 bytes";
        self.beside("recovery-64", what, "/s", warm_median(&ours), floor);
        let ms = warm_median(&ends) * 1e3;
        self.report.notes.push(format!(
            "a recovery ends with writing the last segment afresh: {ms:.0} ms, counted in the \
             recovery of awards only"
        ));
        fs::remove_dir_all(&folder).map_err(|cause| folder_error("remove", &folder, cause))
    }

    /// Opens an engine on a log of awards: checksums, decoding, applying, the index.
    fn recovery(&mut self) -> Result<(), BenchError> {
        let size = Size {
            agencies: self.plan.agencies,
            crowd: 1,
        };
        let mut world = World::open(self.folder, size)?;
        let (mut live, mut left) = (Vec::new(), self.plan.awards);
        let slice = self.plan.awards.div_ceil(u64::from(self.plan.pace.rounds));
        while left > 0 {
            let count = left.min(slice.max(1));
            let accepts = world.accepts(count)?;
            let run = drive::in_flight(&world.engine, 2, IN_FLIGHT, &accepts)?;
            run.expect("recovery of awards", run.answered() - run.won)?;
            live.push(run.won_per_s());
            left -= count;
        }
        let follower = world.engine.follow().ok_or(engine::Ended::Closed)?;
        let written = follower.into_state().sequence().0;
        let folder = world.close();
        let (mut ours, mut read, mut records) = (Vec::new(), Vec::new(), 0);
        for _ in 0..=self.plan.pace.rounds {
            read.push(read_in_a_row(&folder)?.as_secs_f64());
            let began = Instant::now();
            let opened: (Engine, Stepper, _) = Engine::open_stepped(world::options(&folder)?)?;
            records = opened.2.records;
            ours.push(records as f64 / began.elapsed().as_secs_f64());
            all_are_there(records, written)?;
        }
        let ours = warm_median(&ours);
        let floor = ("reading the files", records as f64 / warm_median(&read));
        self.beside("recovery-awards", "recovery of awards", "/s", ours, floor);
        let live = ("durable accepts, 4,096 in flight", warm_median(&live));
        self.beside("recovery-live", "recovery of awards", "/s", ours, live);
        Ok(())
    }
}

/// The median without the first, which finds caches cold and buffers short.
fn warm_median(taken: &[f64]) -> f64 {
    let warm = if taken.len() > 1 { &taken[1..] } else { taken };
    median(warm.iter().copied())
}

/// Fails if a recovery read other than what was written.
pub(super) fn all_are_there(read: u64, written: u64) -> Result<(), BenchError> {
    if read == written {
        return Ok(());
    }
    let said = format!("{read} of {written} records were read back");
    Err(BenchError::Log(said))
}

fn disk(folder: &Path) -> Result<Arc<Disk>, BenchError> {
    Ok(Arc::new(Disk::open(folder)?))
}

fn open_log(folder: &Path) -> Result<Log, BenchError> {
    let opened = Log::open(disk(folder)?, LogOptions::default());
    let (log, _) = opened.map_err(|cause| BenchError::Log(cause.to_string()))?;
    Ok(log)
}

fn append_batch(log: &mut Log, records: usize) {
    let payload = [0x5a; RECORD_BYTES];
    for _ in 0..records {
        log.append(black_box(&payload));
    }
}

fn commit(log: &mut Log) -> Result<(), BenchError> {
    let committed = log.commit();
    committed.map_err(|cause| BenchError::Log(cause.to_string()))?;
    Ok(())
}

fn ns_each(calls: u64, mut call: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..calls {
        call();
    }
    began.elapsed().as_nanos() as f64 / calls as f64
}

fn zeroed(path: &Path) -> Result<File, BenchError> {
    let failed = |cause| folder_error("write", path, cause);
    let file = File::create_new(path).map_err(failed)?;
    write_in_a_row(&file, path, false)?;
    file.sync_all().map_err(failed)?;
    Ok(file)
}

/// Writes the whole file over, with a sync after each piece or one at the end.
fn write_in_a_row(file: &File, path: &Path, is_synced: bool) -> Result<Duration, BenchError> {
    use std::os::unix::fs::FileExt;

    let failed = |cause| folder_error("write", path, cause);
    let piece = vec![0x5a; PIECE_BYTES];
    let began = Instant::now();
    for offset in (0..SEQUENTIAL_BYTES).step_by(PIECE_BYTES) {
        file.write_all_at(&piece, offset as u64).map_err(failed)?;
        if is_synced {
            file.sync_data().map_err(failed)?;
        }
    }
    file.sync_data().map_err(failed)?;
    Ok(began.elapsed())
}

/// Reads every segment of a log's folder, and does nothing with it.
fn read_in_a_row(folder: &Path) -> Result<Duration, BenchError> {
    let failed = |cause| folder_error("read", folder, cause);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // The spare segment, the mark and the lock are not read back.
        if entry.file_name().as_encoded_bytes().starts_with(b"log-") {
            files.push(entry.path());
        }
    }
    let mut piece = vec![0; PIECE_BYTES];
    let began = Instant::now();
    for path in files {
        let mut file = File::open(&path).map_err(failed)?;
        while black_box(file.read(&mut piece).map_err(failed)?) > 0 {}
    }
    Ok(began.elapsed())
}

/// A record of one award, as the log holds it.
fn award() -> Record {
    Record {
        sequence: Sequence(1),
        at: Timestamp(1_795_374_000_000_000),
        request: RequestId(7),
        by: Actor::Officer(OfficerId(3)),
        fingerprint: 9,
        events: Event::Awarded {
            vacancy: VacancyId(1),
            slot: 0,
            officer: OfficerId(3),
            cover: AgreementId(0),
            place: 1,
        }
        .into(),
    }
}
