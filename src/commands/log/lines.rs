//! Records as `dump` and `tail` print them.

use std::io::Write;

use engine::core::{Event, Record, State};
use engine::model::{OfficerId, Sequence, VacancyId};
use engine::replay::Entry;
use protocol::VacancyKey;
use serde::Serialize;

use super::names::Names;
use super::tell::{concerns_officer, concerns_vacancy, tell};
use super::told::Told;
use crate::commands::print_json_line;
use crate::show;
use crate::stop::Stop;

/// A record, and where it stands. The names of the fields are for scripts to rely on.
#[derive(Debug, Serialize)]
struct Line {
    sequence: u64,
    /// When it was decided, UTC.
    at: String,
    /// Who asked: `officer BADGE`, `coordinator AGENCY`, `operator` or `clock`.
    by: String,
    /// The request that caused it.
    request: String,
    /// Whether it is known that no crash can undo it.
    durable: bool,
    /// The first record of the file that it stands in.
    segment: u64,
    /// Where its batch begins in that file, in bytes.
    offset: u64,
    /// Its length in bytes.
    bytes: usize,
    /// What happened, in order.
    events: Vec<Told>,
}

/// Prints records.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    pub(super) json: bool,
    /// The last record that is known to be durable.
    pub(super) durable: Sequence,
    pub(super) only: Only,
}

/// Which events are printed: those that concern all of these.
#[derive(Debug, Clone, Default)]
pub(super) struct Only {
    pub(super) vacancy: Option<VacancyKey>,
    pub(super) officer: Option<String>,
}

/// The same, in numbers.
struct Chosen {
    vacancy: Option<VacancyId>,
    officer: Option<OfficerId>,
}

impl Lines {
    /// Prints a record with the names of `state`, the one that the record led to.
    pub(super) fn print(
        &self,
        state: &State,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> Result<(), Stop> {
        // Who is not known yet cannot be concerned.
        let Some(chosen) = self.only.find(state) else {
            return Ok(());
        };
        let record = &entry.record;
        let is_chosen = |event: &&Event| chosen.includes(record, event);
        let events = record.events.iter().filter(is_chosen);
        let events: Vec<Told> = events.map(|event| tell(state, record, event)).collect();
        if events.is_empty() && !self.only.is_everything() {
            return Ok(());
        }
        let line = Line {
            sequence: record.sequence.0,
            at: show::instant_us(record.at.as_micros()),
            by: Names(state).actor(record.by),
            request: protocol::RequestId(record.request.0).to_string(),
            durable: record.sequence <= self.durable,
            segment: entry.batch.segment.0,
            offset: entry.batch.offset,
            bytes: entry.bytes,
            events,
        };
        match self.json {
            true => print_json_line(out, &line),
            false => print_words(&line, out),
        }
    }
}

impl Only {
    fn is_everything(&self) -> bool {
        self.vacancy.is_none() && self.officer.is_none()
    }

    fn find(&self, state: &State) -> Option<Chosen> {
        let key = |key: VacancyKey| state.vacancy_id(engine::model::VacancyKey(key.0));
        let badge = |badge: &String| state.roster().officer(badge);
        Some(Chosen {
            vacancy: match self.vacancy.map(key) {
                Some(found) => Some(found?),
                None => None,
            },
            officer: match self.officer.as_ref().map(badge) {
                Some(found) => Some(found?),
                None => None,
            },
        })
    }
}

impl Chosen {
    fn includes(&self, record: &Record, event: &Event) -> bool {
        self.vacancy.is_none_or(|id| concerns_vacancy(event, id))
            && self
                .officer
                .is_none_or(|id| concerns_officer(record, event, id))
    }
}

fn print_words(line: &Line, out: &mut dyn Write) -> Result<(), Stop> {
    let Line {
        sequence, at, by, ..
    } = line;
    let doubt = match line.durable {
        true => "",
        false => "  (not known to be durable yet)",
    };
    for event in &line.events {
        writeln!(out, "{sequence:>8}  {at}  {by:<24}  {event}{doubt}")?;
    }
    if line.events.is_empty() {
        writeln!(out, "{sequence:>8}  {at}  {by:<24}  nothing changed{doubt}")?;
    }
    Ok(())
}
