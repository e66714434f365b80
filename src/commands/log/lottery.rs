//! `muster log lottery`: whether the draws of a vacancy's lottery were honest, from the log alone.

use std::io::Write;
use std::sync::Arc;

use engine::core::{Event, Ranking, State, ranked};
use engine::model::{Promise, Seed, VacancyId};
use engine::replay::{Replay, ReplayError};
use engine::rules::award::{lot, promise};
use serde::Serialize;

use super::names::Names;
use super::verify::examine;
use super::{LogError, not_replayed};
use crate::cli::LogLotteryArgs;
use crate::commands::print_json;
use crate::show;
use crate::stop::Stop;

/// A draw, and what became of it when it was made again.
#[derive(Debug, Serialize)]
struct Draw {
    /// The record of the ranking.
    sequence: u64,
    at: String,
    /// What was said of the seed before the bids, in hexadecimal.
    promise: String,
    /// None: nobody revealed it in time, and no lots were drawn.
    seed: Option<String>,
    /// Whether the promise is the SHA-256 of the seed.
    keeps_promise: Option<bool>,
    /// Whether ranking the bids again gives the order on record.
    agrees: bool,
    /// In the order on record.
    lots: Vec<Lot>,
}

#[derive(Debug, Serialize)]
struct Lot {
    place: usize,
    badge: String,
    /// The first 16 bytes of the SHA-256 of seed, key and badge, in hexadecimal.
    lot: Option<String>,
}

/// Draws again, and prints whether the log agrees; fails where it does not.
pub(in crate::commands) fn lottery(args: &LogLotteryArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let (storage, _) = examine(&args.folder)?;
    let failed = |error: ReplayError| not_replayed(&args.folder, error);
    let mut replay =
        Replay::from(Arc::clone(&storage), engine::model::Sequence(1)).map_err(failed)?;
    let key = engine::model::VacancyKey(args.vacancy.0);
    let mut draws = Vec::new();
    while let Some(entry) = replay.peek().map_err(failed)? {
        let ranking = entry.record.events.iter().find_map(|event| match event {
            Event::Ranked(ranking) => Some(Ranking::clone(ranking)),
            _ => None,
        });
        let (sequence, at) = (entry.record.sequence.0, entry.record.at);
        let state = replay.state();
        if let Some(ranking) = ranking
            && state.vacancy_id(key) == Some(ranking.vacancy)
        {
            let at = show::instant_us(at.as_micros());
            draws.extend(draw(state, &ranking).map(|draw| Draw {
                sequence,
                at,
                ..draw
            }));
        }
        if replay.advance().map_err(failed)?.is_none() {
            break;
        }
    }
    let state = replay.state();
    if state.vacancy_id(key).is_none() {
        let (last, name) = (state.sequence(), args.vacancy.to_string());
        let kind = "vacancy";
        return Err(LogError::Unknown { kind, name, last }.into());
    }
    let is_honest = |draw: &Draw| draw.agrees && draw.keeps_promise != Some(false);
    let wrong = draws.iter().find(|draw| !is_honest(draw));
    let wrong = wrong.map(|draw| draw.sequence);
    match args.json {
        true => print_json(out, &draws)?,
        false => print(out, &draws)?,
    }
    match wrong {
        Some(sequence) => Err(LogError::Drawn { sequence }.into()),
        None => Ok(()),
    }
}

/// Makes a draw again on the state before it; none if the vacancy has no lottery.
fn draw(state: &State, ranking: &Ranking) -> Option<Draw> {
    let id: VacancyId = ranking.vacancy;
    let row = state.vacancy(id)?;
    let (first, _) = row.terms.award()?.lottery()?;
    let revealed = row.awarding.as_ref().and_then(|awarding| awarding.revealed);
    let promised = revealed.map_or(first, |Seed(seed)| Promise(seed));
    let lots = ranking.order.iter().zip(1..).map(|(officer, place)| {
        let badge = Names(state).officer(*officer);
        let drawn = ranking.seed.map(|seed| lot(seed, row.posting.key, &badge));
        let lot = drawn.map(|lot| format!("{lot:032x}"));
        Lot { place, badge, lot }
    });
    Some(Draw {
        sequence: 0,
        at: String::new(),
        promise: promised.to_string(),
        seed: ranking.seed.as_ref().map(Seed::to_string),
        keeps_promise: ranking.seed.map(|seed| promise(seed) == promised),
        agrees: ranked(state, row, ranking.seed) == ranking.order,
        lots: lots.collect(),
    })
}

fn print(out: &mut dyn Write, draws: &[Draw]) -> Result<(), Stop> {
    if draws.is_empty() {
        return Ok(writeln!(out, "no lots were drawn for it")?);
    }
    for draw in draws {
        writeln!(out, "record {} at {}", draw.sequence, draw.at)?;
        writeln!(out, "  promise {}", draw.promise)?;
        match (&draw.seed, draw.keeps_promise) {
            (Some(seed), Some(true)) => writeln!(out, "  seed    {seed}, as it was promised")?,
            (Some(seed), _) => writeln!(out, "  seed    {seed}, NOT what was promised")?,
            (None, _) => writeln!(out, "  seed    not revealed in time: no lots were drawn")?,
        }
        for Lot { place, badge, lot } in &draw.lots {
            let lot = lot.as_deref().unwrap_or("no lot");
            writeln!(out, "  {place:>5}  {lot}  {badge}")?;
        }
        match draw.agrees {
            true => writeln!(out, "  the order on record is what the rule gives")?,
            false => writeln!(out, "  the order on record is NOT what the rule gives")?,
        }
    }
    Ok(())
}
