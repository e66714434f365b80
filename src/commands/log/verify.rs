//! `muster log verify`: every byte is read and judged as a starting server would.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use engine::io::Storage;
use engine::log::{OpenError, Report, durable_mark};
use serde::Serialize;

use super::{LogError, open, unreadable};
use crate::cli::LogArgs;
use crate::commands::print_json;
use crate::stop::{FAILED, Stop};

/// What `verify` and `stats` say; every size in bytes.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) ok: bool,
    pub(super) segments: u64,
    pub(super) archived: u64,
    pub(super) snapshots: u64,
    pub(super) batches: u64,
    pub(super) records: u64,
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
    pub(super) durable: u64,
    pub(super) bytes: u64,
    pub(super) record_bytes: u64,
    pub(super) padding_bytes: u64,
    /// Half-written ends, which a server would keep aside and cut off when it starts.
    pub(super) torn: Vec<TornEnd>,
    pub(super) damage: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct TornEnd {
    file: String,
    offset: u64,
    bytes: u64,
}

/// Reads everything; fails at damage.
pub(in crate::commands) fn verify(args: &LogArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (_, summary) = examine(&args.folder)?;
    if args.json {
        print_json(out, &summary)?;
        return if summary.ok {
            Ok(())
        } else {
            Err(Stop::Said(FAILED))
        };
    }
    for torn in &summary.torn {
        let TornEnd {
            file,
            offset,
            bytes,
        } = torn;
        writeln!(
            out,
            "note: {file} ends half-written at {offset} ({bytes} bytes): not durable"
        )?;
    }
    refuse_damage(&args.folder, &summary)?;
    let Summary {
        records,
        last,
        durable,
        ..
    } = summary;
    let last = last.unwrap_or_default();
    Ok(writeln!(
        out,
        "ok: {records} records, the last one {last}, durable up to {durable}"
    )?)
}

/// Opens a log and judges all of it.
pub(super) fn examine(folder: &Path) -> Result<(Arc<dyn Storage>, Summary), Stop> {
    let storage = open(folder)?;
    let report =
        engine::log::verify(&storage).map_err(|error: OpenError| unreadable(folder, &error))?;
    // A log has a mark before it has its first record.
    let is_begun = || durable_mark(&*storage).is_ok_and(|mark| mark.is_some());
    if report.segments == 0 && report.damage.is_none() && !is_begun() {
        return Err(LogError::Empty {
            folder: folder.to_owned(),
        }
        .into());
    }
    Ok((storage, Summary::of(report)))
}

/// Fails if there is damage, and says where.
pub(super) fn refuse_damage(folder: &Path, summary: &Summary) -> Result<(), Stop> {
    if summary.ok {
        return Ok(());
    }
    Err(LogError::Damaged {
        folder: folder.to_owned(),
        what: summary.damage.join("; "),
    }
    .into())
}

impl Summary {
    fn of(report: Report) -> Summary {
        let snapshots = report.damaged_snapshots.iter();
        let mut damage: Vec<String> = snapshots
            .map(|name| format!("the snapshot {name} cannot be read"))
            .collect();
        damage.extend(report.damage.map(|damage| damage.to_string()));
        let torn = report.torn.into_iter();
        Summary {
            ok: damage.is_empty(),
            segments: report.segments,
            archived: report.archived,
            snapshots: report.snapshots,
            batches: report.batches,
            records: report.records,
            first: report.first.map(|sequence| sequence.0),
            last: report.last.map(|sequence| sequence.0),
            durable: report.durable_mark.0,
            bytes: report.bytes,
            record_bytes: report.record_bytes,
            padding_bytes: report.padding_bytes,
            torn: torn
                .map(|torn| TornEnd {
                    file: torn.file,
                    offset: torn.offset,
                    bytes: torn.bytes,
                })
                .collect(),
            damage,
        }
    }
}
