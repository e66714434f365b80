//! `muster log timeline`: the race for one vacancy, in the order in which it was settled.
//!
//! From the log alone. An accept that is refused because the shift is filled changes nothing that
//! its retry must hear again, so it is not recorded; its place in line shows as a gap where a later
//! place is on record.

use std::io::{BufWriter, Write};

use engine::core::digest::fingerprint;
use engine::core::{Actor, Body, Effect, Event, Record, State, react};
use engine::model::{Sequence, Standing, Timestamp, VacancyId, VacancyKey};
use engine::replay::{Replay, ReplayError};
use serde::Serialize;

use super::names::Names;
use super::tell::{concerns_vacancy, tell};
use super::told::Told;
use super::verify::{examine, refuse_damage};
use super::{LogError, not_replayed};
use crate::cli::LogTimelineArgs;
use crate::commands::print_json;
use crate::show;
use crate::stop::Stop;

/// What the log of every race leaves out.
const NOT_RECORDED: &str = "accepts that were refused because the shift was filled are not \
    recorded: who they were, and how many came after the last place on record, nobody can say";
const BEGINNING_GONE: &str = "the log no longer reaches back to the publication";

/// What `--json` prints. The names of the fields are for scripts to rely on.
#[derive(Debug, Serialize)]
struct Timeline {
    vacancy: String,
    moments: Vec<Moment>,
    lines: Vec<Line>,
    /// What the log does not say, in sentences.
    missing: Vec<&'static str>,
}

/// Something that happened, or was asked and refused.
#[derive(Debug, Serialize)]
struct Moment {
    /// The log record.
    sequence: u64,
    /// When it was settled, UTC. All that was settled together has one time, and its order.
    at: String,
    /// The same since the first moment of the timeline, in microseconds.
    since_us: i64,
    /// Who asked.
    by: String,
    /// What was asked, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    #[serde(flatten)]
    told: Told,
    /// How long after the first award of its line an accept was settled, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_us: Option<i64>,
    /// How many officers were told that the offer no longer stands; 0 is left out.
    #[serde(skip_serializing_if = "is_zero")]
    withdrawn_from: u64,
}

/// What somebody asked who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    AcceptOfRound(u32),
    DeclineOfRound(u32),
    Release,
}

/// A line of accepts: places count from 1 when the vacancy is published, when it is offered anew
/// after it was filled, and when the server was started again.
#[derive(Debug, Default, Serialize)]
struct Line {
    /// The round in which it began.
    from_round: u32,
    /// Accepts that won a slot.
    awarded: u32,
    /// Accepts that the log has, those included.
    recorded: u32,
    /// The last place that the log has.
    last_place: u32,
    #[serde(skip)]
    first_award_at: Option<Timestamp>,
}

/// Prints what became of one vacancy; a log that is damaged tells no story.
pub(in crate::commands) fn timeline(
    args: &LogTimelineArgs,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let (storage, summary) = examine(&args.folder)?;
    refuse_damage(&args.folder, &summary)?;
    let failed = |error: ReplayError| not_replayed(&args.folder, error);
    let mut replay = Replay::from(storage, Sequence(1)).map_err(failed)?;
    let mut telling = Telling::new(args.vacancy);
    while let Some(entry) = replay.advance().map_err(failed)? {
        telling.hear(replay.state(), &entry.record);
    }
    if telling.moments.is_empty() {
        let (kind, name) = ("vacancy", args.vacancy.to_string());
        let last = replay.state().sequence();
        return Err(LogError::Unknown { kind, name, last }.into());
    }
    let mut out = BufWriter::new(out);
    match args.json {
        true => print_json(&mut out, &telling.end())?,
        false => telling.end().print(&mut out)?,
    }
    Ok(out.flush()?)
}

/// A timeline in the making.
struct Telling {
    key: protocol::VacancyKey,
    began: Option<Timestamp>,
    is_whole: bool,
    /// Whether the next accept on record begins a line.
    is_new_line: bool,
    was_filled: bool,
    moments: Vec<Moment>,
    lines: Vec<Line>,
}

impl Telling {
    fn new(key: protocol::VacancyKey) -> Telling {
        Telling {
            key,
            began: None,
            is_whole: false,
            is_new_line: true,
            was_filled: false,
            moments: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Hears the record that led to `state`.
    fn hear(&mut self, state: &State, record: &Record) {
        let id = state.vacancy_id(VacancyKey(self.key.0));
        let Some((id, row)) = id.and_then(|id| Some((id, state.vacancy(id)?))) else {
            return;
        };
        let before = self.moments.len();
        for event in &record.events {
            let asked = asked(row.round, record, event, id);
            let concerned = match event {
                Event::Refused(_) => asked.is_some(),
                other => concerns_vacancy(other, id),
            };
            if concerned {
                self.tell(state, record, event, (row.round, asked));
            }
        }
        if let Some(last) = self.moments[before..].last_mut() {
            let effects = react(state, record);
            last.withdrawn_from = effects.iter().map(|effect| withdrawn(effect, id)).sum();
        }
        let is_filled = row.standing == Standing::Filled;
        self.is_new_line |= self.was_filled && !is_filled;
        self.was_filled = is_filled;
    }

    fn tell(
        &mut self,
        state: &State,
        record: &Record,
        event: &Event,
        (round, asked): (u32, Option<Asked>),
    ) {
        let began = *self.began.get_or_insert(record.at);
        self.is_whole |= matches!(event, Event::Published { .. });
        let since = |before: Timestamp| record.at.as_micros() - before.as_micros();
        let place = match event {
            Event::Awarded { place, .. } => Some(*place),
            Event::Refused(refused) => refused.place,
            _ => None,
        };
        let is_award = matches!(event, Event::Awarded { .. });
        let behind_us = place.and_then(|place| {
            let line = self.line(round, place);
            line.recorded += 1;
            line.last_place = place;
            if is_award {
                line.awarded += 1;
                line.first_award_at.get_or_insert(record.at);
            }
            line.first_award_at.map(since)
        });
        self.moments.push(Moment {
            sequence: record.sequence.0,
            at: show::instant_us(record.at.as_micros()),
            since_us: since(began),
            by: Names(state).actor(record.by),
            asked,
            told: tell(state, record, event),
            behind_us,
            withdrawn_from: 0,
        });
    }

    /// The line in which an accept has `place`.
    fn line(&mut self, round: u32, place: u32) -> &mut Line {
        let begins = self
            .lines
            .last()
            .is_none_or(|line| place <= line.last_place);
        if begins || self.is_new_line {
            self.is_new_line = false;
            self.lines.push(Line {
                from_round: round,
                ..Line::default()
            });
        }
        self.lines
            .last_mut()
            .expect("one was begun if there was none")
    }

    fn end(self) -> Timeline {
        let mut missing = vec![NOT_RECORDED];
        if !self.is_whole {
            missing.push(BEGINNING_GONE);
        }
        Timeline {
            vacancy: self.key.to_string(),
            moments: self.moments,
            lines: self.lines,
            missing,
        }
    }
}

/// What an officer asked of `vacancy` and was refused. The record has a fingerprint of the request
/// and not the request, so it is compared with everything that it may have been.
fn asked(round: u32, record: &Record, event: &Event, vacancy: VacancyId) -> Option<Asked> {
    let (Event::Refused(_), Actor::Officer(_)) = (event, record.by) else {
        return None;
    };
    let is = |body: Body| fingerprint(&body) == record.fingerprint;
    if is(Body::Release { vacancy }) {
        return Some(Asked::Release);
    }
    // A round that has not begun is answered only by who makes numbers up.
    (0..=round).rev().find_map(|round| {
        if is(Body::Accept { vacancy, round }) {
            return Some(Asked::AcceptOfRound(round));
        }
        is(Body::Decline { vacancy, round }).then_some(Asked::DeclineOfRound(round))
    })
}

fn withdrawn(effect: &Effect, id: VacancyId) -> u64 {
    match effect {
        Effect::Withdraw { vacancy, from, .. } if *vacancy == id => from.0.len(),
        _ => 0,
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Timeline {
    fn print(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let Timeline {
            vacancy,
            moments,
            lines,
            missing,
        } = self;
        if let Some(first) = moments.first() {
            writeln!(out, "{vacancy} since {}, in microseconds", first.at)?;
        }
        for moment in moments {
            moment.print(vacancy, out)?;
        }
        for line in lines {
            let Line {
                from_round,
                awarded,
                recorded,
                last_place,
                ..
            } = line;
            let unknown = last_place.saturating_sub(*recorded);
            writeln!(
                out,
                "line from round {from_round}: {awarded} won; places 1–{last_place}: \
                 {recorded} on record, {unknown} not"
            )?;
        }
        for what in missing {
            writeln!(out, "missing: {what}")?;
        }
        Ok(())
    }
}

impl Moment {
    fn print(&self, vacancy: &str, out: &mut dyn Write) -> Result<(), Stop> {
        let Moment {
            sequence,
            since_us,
            by,
            told,
            ..
        } = self;
        // The vacancy is always the one that the first line names.
        let told = told.to_string().replace(&format!(" {vacancy}"), "");
        write!(out, "{since_us:>15}  {sequence:>8}  {by:<24}  {told}")?;
        match self.asked {
            Some(Asked::AcceptOfRound(round)) => write!(out, " (accept of round {round})")?,
            Some(Asked::DeclineOfRound(round)) => write!(out, " (decline of round {round})")?,
            Some(Asked::Release) => write!(out, " (release)")?,
            None => {}
        }
        if let Some(behind_us) = self.behind_us.filter(|us| *us > 0) {
            write!(out, ", {behind_us} µs behind the first")?;
        }
        if self.withdrawn_from > 0 {
            write!(out, "; withdrawn from {}", self.withdrawn_from)?;
        }
        Ok(writeln!(out)?)
    }
}
