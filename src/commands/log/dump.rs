//! `muster log dump`: what happened, an event a line.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use engine::core::State;
use engine::model::Sequence;
use engine::replay::{Replay, ReplayError};

use super::lines::{Lines, Only};
use super::verify::{examine, refuse_damage};
use super::{LogError, not_replayed};
use crate::cli::LogDumpArgs;
use crate::stop::Stop;

/// Prints the records that are asked for; fails at damage, once what comes before it is printed.
pub(in crate::commands) fn dump(args: &LogDumpArgs, out: &mut dyn Write) -> Result<(), Stop> {
    // A line at a time would cost a call of the system for each of what may be millions.
    let mut out = BufWriter::new(out);
    let result = dump_into(args, &mut out);
    out.flush()?;
    result
}

fn dump_into(args: &LogDumpArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (storage, summary) = examine(&args.folder)?;
    let failed = |error: ReplayError| not_replayed(&args.folder, error);
    let from = Sequence(args.from.unwrap_or(1).max(1));
    let to = Sequence(args.to.unwrap_or(u64::MAX));
    let lines = Lines {
        json: args.json,
        durable: Sequence(summary.durable),
        only: Only {
            vacancy: args.vacancy,
            officer: args.officer.clone(),
        },
    };
    let mut replay = Replay::from(Arc::clone(&storage), from).map_err(failed)?;
    let mut is_any = false;
    while let Some(entry) = replay.peek().map_err(failed)? {
        if entry.record.sequence > to {
            break;
        }
        let Some(entry) = replay.advance().map_err(failed)? else {
            break;
        };
        lines.print(replay.state(), &entry, out)?;
        is_any = true;
    }
    // Reading stops at damage as it does at the end, and the records behind it are missing.
    refuse_damage(&args.folder, &summary)?;
    let last = replay.state().sequence();
    if !is_any && args.from.is_some() && from > last {
        let folder = args.folder.clone();
        return Err(LogError::Ahead { folder, from, last }.into());
    }
    refuse_unknown(&lines.only, replay.state())
}

/// A name that nothing was ever called is a slip of the pen, and no answer at all would hide it.
fn refuse_unknown(only: &Only, state: &State) -> Result<(), Stop> {
    let last = state.sequence();
    let unknown = |kind, name: String| LogError::Unknown { kind, name, last };
    if let Some(key) = only.vacancy
        && state.vacancy_id(engine::model::VacancyKey(key.0)).is_none()
    {
        return Err(unknown("vacancy", key.to_string()).into());
    }
    match &only.officer {
        Some(badge) if state.roster().officer(badge).is_none() => {
            Err(unknown("officer", badge.clone()).into())
        }
        _ => Ok(()),
    }
}
