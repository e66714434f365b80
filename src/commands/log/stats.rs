//! `muster log stats`: counts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use engine::core::{Event, Record};
use engine::io::Storage;
use engine::log::{ReadError, read_folder};
use engine::model::{Sequence, Timestamp};
use serde::Serialize;

use super::unreadable;
use super::verify::{Summary, examine, refuse_damage};
use crate::cli::LogArgs;
use crate::commands::print_json;
use crate::show;
use crate::stop::Stop;

const SECOND_US: i64 = 1_000_000;

/// What `stats --json` prints.
#[derive(Debug, Serialize)]
struct Stats {
    #[serde(flatten)]
    summary: Summary,
    /// Headers and padding, as a share of what batches occupy (0 to 1).
    padding_share: f64,
    batch_records: Sizes,
    /// How many events of each kind.
    events: BTreeMap<&'static str, u64>,
    /// When the first record was decided, UTC.
    began: Option<String>,
    /// When the last one was.
    ended: Option<String>,
    seconds: f64,
    records_per_second: Option<f64>,
    /// Records in the second with the most.
    busiest_second: u64,
}

/// How many records a batch has.
#[derive(Debug, Default, Serialize)]
struct Sizes {
    p50: u64,
    p99: u64,
    max: u64,
}

/// Counts while reading.
#[derive(Debug, Default)]
struct Counts {
    events: BTreeMap<&'static str, u64>,
    /// Batches by the number of their records.
    batches: BTreeMap<u64, u64>,
    first_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    second: i64,
    in_second: u64,
    busiest_second: u64,
}

/// Prints counts; fails at damage, once what comes before it is counted.
pub(in crate::commands) fn stats(args: &LogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (storage, summary) = examine(&args.folder)?;
    let counts = count(&args.folder, &storage, &summary)?;
    let stats = Stats::of(summary, counts);
    match args.json {
        true => print_json(out, &stats)?,
        false => stats.print(out)?,
    }
    refuse_damage(&args.folder, &stats.summary)
}

/// Reads the records that `summary` counted; a live log has more by now.
fn count(folder: &Path, storage: &Arc<dyn Storage>, summary: &Summary) -> Result<Counts, Stop> {
    let mut counts = Counts::default();
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        return Ok(counts);
    };
    let failed = |error: ReadError| unreadable(folder, &error);
    let mut reader = read_folder(Arc::clone(storage), Sequence(first));
    while let Some(batch) = reader.next_batch().map_err(failed)? {
        if batch.info.first > Sequence(last) {
            break;
        }
        let records = batch.info.last.0 - batch.info.first.0 + 1;
        *counts.batches.entry(records).or_default() += 1;
        for (sequence, payload) in batch.records() {
            let record = Record::decode(payload).map_err(|cause| {
                let (folder, what) = (folder.to_owned(), format!("record {sequence}"));
                let cause = format!("{what} cannot be understood ({cause})");
                Stop::from(super::LogError::Unreadable { folder, cause })
            })?;
            counts.add(&record);
        }
        if batch.info.last >= Sequence(last) {
            break;
        }
    }
    Ok(counts)
}

impl Counts {
    fn add(&mut self, record: &Record) {
        self.first_at.get_or_insert(record.at);
        self.last_at = Some(record.at);
        for event in &record.events {
            *self.events.entry(kind(event)).or_default() += 1;
        }
        // Time never runs backwards in a log, so one second is counted at a time.
        let second = record.at.as_micros().div_euclid(SECOND_US);
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += 1;
        self.busiest_second = self.busiest_second.max(self.in_second);
    }

    /// The number of records that this share of all batches does not exceed.
    fn batch_records(&self, percent: u64) -> u64 {
        let all: u64 = self.batches.values().sum();
        let wanted = (all * percent).div_ceil(100);
        let mut seen = 0;
        for (records, batches) in &self.batches {
            seen += batches;
            if seen >= wanted {
                return *records;
            }
        }
        0
    }
}

impl Stats {
    fn of(summary: Summary, counts: Counts) -> Stats {
        let occupied = summary.record_bytes + summary.padding_bytes;
        let padding_share = summary.padding_bytes as f64 / occupied.max(1) as f64;
        let time = |at: Option<Timestamp>| at.map(|at| show::instant_us(at.as_micros()));
        let span = counts.first_at.zip(counts.last_at);
        let us = span.map_or(0, |(first, last)| last.as_micros() - first.as_micros());
        let seconds = us as f64 / SECOND_US as f64;
        Stats {
            padding_share,
            batch_records: Sizes {
                p50: counts.batch_records(50),
                p99: counts.batch_records(99),
                max: counts.batch_records(100),
            },
            began: time(counts.first_at),
            ended: time(counts.last_at),
            seconds,
            records_per_second: (us > 0).then(|| summary.records as f64 / seconds),
            busiest_second: counts.busiest_second,
            events: counts.events,
            summary,
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let Summary {
            segments,
            archived,
            snapshots,
            batches,
            records,
            durable,
            bytes,
            record_bytes,
            padding_bytes,
            ..
        } = &self.summary;
        let or_none = |sequence: Option<u64>| sequence.map_or("-".to_owned(), |s| s.to_string());
        let (first, last) = (or_none(self.summary.first), or_none(self.summary.last));
        let padding = self.padding_share * 100.0;
        let Sizes { p50, p99, max } = self.batch_records;
        let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "-".to_owned());
        let (began, ended) = (time(&self.began), time(&self.ended));
        let rate = self
            .records_per_second
            .map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"));
        writeln!(out, "files           {segments} ({archived} archived)")?;
        writeln!(out, "snapshots       {snapshots}")?;
        writeln!(out, "records         {records} ({first} to {last})")?;
        writeln!(out, "durable up to   {durable}")?;
        writeln!(out, "batches         {batches}")?;
        writeln!(out, "  of records    p50 {p50}, p99 {p99}, max {max}")?;
        writeln!(out, "bytes of files  {bytes}")?;
        writeln!(out, "  of records    {record_bytes}")?;
        writeln!(
            out,
            "  of padding    {padding_bytes} ({padding:.1} % of the batches)"
        )?;
        writeln!(out, "began           {began}")?;
        writeln!(out, "ended           {ended} ({:.3} s later)", self.seconds)?;
        writeln!(
            out,
            "a second        {rate} records, {} in the busiest",
            self.busiest_second
        )?;
        writeln!(out, "events")?;
        for (kind, count) in &self.events {
            writeln!(out, "  {kind:<22} {count:>10}")?;
        }
        Ok(())
    }
}

/// What an event is called; the same as in `dump --json`.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::Published { .. } => "published",
        Event::TierOpened { .. } => "tier-opened",
        Event::WindowClosed { .. } => "window-closed",
        Event::Awarded { .. } => "awarded",
        Event::Declined { .. } => "declined",
        Event::Vacated { .. } => "vacated",
        Event::Cancelled { .. } => "cancelled",
        Event::Expired { .. } => "expired",
        Event::Punched { .. } => "punched",
        Event::Flagged { .. } => "flagged",
        Event::Confirmed(_) => "confirmed",
        Event::Refused(_) => "refused",
        Event::AgencyAdded { .. } => "agency-added",
        Event::AgreementSigned { .. } => "agreement-signed",
        Event::CertificationNamed { .. } => "certification-named",
        Event::ProgrammeDefined { .. } => "programme-defined",
        Event::SiteAdded { .. } => "site-added",
        Event::OfficerAdded { .. } => "officer-added",
        Event::CertificationGranted { .. } => "certification-granted",
        Event::CertificationRevoked { .. } => "certification-revoked",
        Event::CertificationExpired { .. } => "certification-expired",
        Event::ApprovalGranted { .. } => "approval-granted",
        Event::ApprovalWithdrawn { .. } => "approval-withdrawn",
        Event::Suspended { .. } => "suspended",
        Event::Reinstated { .. } => "reinstated",
        Event::AvailabilityDeclared { .. } => "availability-declared",
        Event::PactMade { .. } => "pact-made",
        Event::PactEnded { .. } => "pact-ended",
        Event::Excluded { .. } => "excluded",
        Event::Readmitted { .. } => "readmitted",
        Event::Amended(_) => "amended",
        Event::Reconfirmed { .. } => "reconfirmed",
        Event::Lapsed(_) => "lapsed",
        Event::Termed { .. } => "termed",
        Event::GrantMade { .. } => "grant-made",
        Event::Reduced(_) => "reduced",
        Event::NoShow { .. } => "no-show",
        Event::Corrected { .. } => "corrected",
        Event::Noted { .. } => "noted",
        Event::Acknowledged { .. } => "acknowledged",
        Event::Reminded { .. } => "reminded",
        Event::Said { .. } => "said",
        Event::Shelved { .. } => "shelved",
        Event::LimitsSet { .. } => "limits-set",
        Event::LimitsLifted(_) => "limits-lifted",
        Event::PreferencesDeclared { .. } => "preferences-declared",
        Event::PreferencesBound { .. } => "preferences-bound",
        Event::District { .. } => "district",
        Event::LastTierSet { .. } => "last-tier-set",
        Event::LastTierApproved(_) => "last-tier-approved",
        Event::PushDeferred(_) => "push-deferred",
        Event::Pushed { .. } => "pushed",
        Event::Bid { .. } => "bid",
        Event::BidsClosed { .. } => "bids-closed",
        Event::Ranked(_) => "ranked",
        Event::StandbyJoined { .. } => "standby-joined",
        Event::StandbyLeft { .. } => "standby-left",
        Event::SlotKept { .. } => "slot-kept",
        Event::StandbyPassed { .. } => "standby-passed",
        Event::Reoffered { .. } => "reoffered",
        Event::SenioritySet { .. } => "seniority-set",
        Event::Widened(_) => "widened",
        Event::Offered { .. } => "offered-later",
        Event::Considered(_) => "considered",
        Event::JobRulesSet { .. } => "job-rules-set",
        Event::Job(_) => "job",
        Event::LaddersSet { .. } => "ladders-set",
        Event::WaitEnded(_) => "wait-ended",
        Event::Denied(_) => "denied",
        Event::Admitted(_) => "admitted",
    }
}
