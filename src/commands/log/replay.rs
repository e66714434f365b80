//! `muster log replay`: the state of a past moment, and what it answers.

use std::io::Write;

use engine::core::{State, digest};
use engine::model::{Sequence, Standing, Timestamp, Vacancy};
use engine::replay::{Moment, Past, ReplayError, state_at};
use protocol::{BoardRow, Clause, KeyError, VacancyKey};
use serde::Serialize;

use super::names::{Names, rank};
use super::{LogError, durable, not_replayed, open};
use crate::cli::{LogReplayArgs, ReplayQuestion, Until};
use crate::commands::print_json;
use crate::show;
use crate::stop::Stop;

/// Which moment the answer is of.
#[derive(Debug, Serialize)]
struct AsOf {
    /// The last record before or at that moment.
    sequence: u64,
    /// The moment, UTC.
    at: String,
    /// When that record was decided.
    decided_at: String,
    /// Whether it is known that no crash can undo it.
    durable: bool,
    /// The record of the snapshot that the state was rebuilt from; 0: from the first record.
    snapshot: u64,
    /// Records applied after that.
    records: u64,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Told {
    as_of: AsOf,
    #[serde(flatten)]
    answer: Answer,
    /// The fingerprint of the whole state, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", untagged)]
enum Answer {
    Summary(Summary),
    Holders {
        holders: Vec<Held>,
    },
    Why {
        badge: String,
        vacancy: VacancyKey,
        eligible: bool,
        clauses: Vec<Clause>,
    },
    Board {
        board: Vec<BoardRow>,
    },
}

/// How much there was.
#[derive(Debug, Serialize)]
struct Summary {
    agencies: usize,
    sites: usize,
    officers: usize,
    vacancies: usize,
    open: usize,
    filled: usize,
    cancelled: usize,
    expired: usize,
    /// Slots that had a holder.
    held: usize,
}

/// A vacancy and who held its slots.
#[derive(Debug, Serialize)]
struct Held {
    vacancy: String,
    standing: protocol::Standing,
    round: u32,
    segments: Vec<protocol::Segment>,
    slots: Vec<Seat>,
}

#[derive(Debug, Serialize)]
struct Seat {
    slot: usize,
    rank: &'static str,
    badge: Option<String>,
    place: Option<u32>,
    cover: Option<String>,
    /// The record of the award.
    award: Option<u64>,
    awarded_at: Option<String>,
}

/// Rebuilds and answers.
pub(in crate::commands) fn replay(args: &LogReplayArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let Some(until) = args.until else {
        return Err(Stop::usage(
            "say which moment: --until with the number of a record, a time such as \
             2026-11-23T14:00:00Z, or end",
        ));
    };
    let storage = open(&args.folder)?;
    let asked = moment(until);
    let past = state_at(&storage, asked);
    let past = past.map_err(|error: ReplayError| not_replayed(&args.folder, error))?;
    // Looked up only now: what was read before may have become durable since.
    let durable = durable(&args.folder, &*storage)?;
    // A state at a time answers as of that time, when certificates may have run out since the
    // record before.
    let at = match asked {
        Moment::At(time) => time,
        Moment::After(_) | Moment::End => past.state.at(),
    };
    let answer = answer(&past.state, at, args.question.as_ref())?;
    let told = Told {
        as_of: AsOf::new(&past, at, durable),
        answer,
        digest: args.digest.then(|| format!("{:016x}", digest(&past.state))),
    };
    match args.json {
        true => print_json(out, &told),
        false => told.print(out),
    }
}

fn moment(until: Until) -> Moment {
    match until {
        Until::Record(sequence) => Moment::After(Sequence(sequence)),
        Until::Time(time) => Moment::At(Timestamp(time.as_microsecond())),
        Until::End => Moment::End,
    }
}

fn answer(state: &State, at: Timestamp, asked: Option<&ReplayQuestion>) -> Result<Answer, Stop> {
    match asked {
        None => Ok(Answer::Summary(Summary::of(state))),
        Some(ReplayQuestion::Board) => Ok(Answer::Board {
            board: board(state, at),
        }),
        Some(ReplayQuestion::Holders { vacancy: None }) => {
            let rows = state.vacancies().iter().map(|(_, row)| row);
            let held = rows.filter(|row| row.holders().next().is_some());
            Ok(Answer::Holders {
                holders: held.map(|row| Held::of(state, row)).collect(),
            })
        }
        Some(ReplayQuestion::Holders { vacancy: Some(key) }) => {
            let held = Held::of(state, find(state, *key)?);
            let holders = vec![held];
            Ok(Answer::Holders { holders })
        }
        Some(ReplayQuestion::Why { vacancy, badge }) => {
            // A key is never a badge, so nobody has to remember which comes first.
            let (key, badge) = match (vacancy.parse(), badge.parse()) {
                (Err(_), Ok(key)) => (Ok(key), vacancy),
                (key, _) => (key, badge),
            };
            let key = key.map_err(|error: KeyError| Stop::usage(error.to_string()))?;
            why(state, at, key, badge)
        }
    }
}

fn why(state: &State, at: Timestamp, key: VacancyKey, badge: &str) -> Result<Answer, Stop> {
    let row = find(state, key)?;
    let officer = state.roster().officer(badge);
    let clauses = officer.and_then(|officer| state.why(row, officer, at));
    let Some(clauses) = clauses else {
        return Err(unknown(state, "officer", badge.to_owned()));
    };
    let say = |(clause, holds)| dispatcher::clause(state, clause, holds);
    let clauses: Vec<Clause> = clauses.into_iter().map(say).collect();
    Ok(Answer::Why {
        badge: badge.to_owned(),
        vacancy: key,
        eligible: clauses.iter().all(|clause| clause.holds),
        clauses,
    })
}

/// What an operator saw with `muster board`: work that was not over, the soonest start first.
fn board(state: &State, at: Timestamp) -> Vec<BoardRow> {
    let rows = state.vacancies().iter().map(|(_, row)| row);
    let mut rows: Vec<&Vacancy> = rows.filter(|row| row.posting.span().end > at).collect();
    rows.sort_by_key(|row| row.posting.span().start);
    rows.into_iter()
        .map(|row| dispatcher::board_row(state, row))
        .collect()
}

fn find(state: &State, key: VacancyKey) -> Result<&Vacancy, Stop> {
    let id = state.vacancy_id(engine::model::VacancyKey(key.0));
    let row = id.and_then(|id| state.vacancy(id));
    row.ok_or_else(|| unknown(state, "vacancy", key.to_string()))
}

fn unknown(state: &State, kind: &'static str, name: String) -> Stop {
    let last = state.sequence();
    LogError::Unknown { kind, name, last }.into()
}

impl AsOf {
    fn new(past: &Past, at: Timestamp, durable: Sequence) -> AsOf {
        let sequence = past.state.sequence();
        AsOf {
            sequence: sequence.0,
            at: show::instant_us(at.as_micros()),
            decided_at: show::instant_us(past.state.at().as_micros()),
            durable: sequence <= durable,
            snapshot: past.snapshot.0,
            records: past.records,
        }
    }
}

impl Summary {
    fn of(state: &State) -> Summary {
        let roster = state.roster();
        let rows = || state.vacancies().iter().map(|(_, row)| row);
        let standing = |standing| rows().filter(|row| row.standing == standing).count();
        Summary {
            agencies: roster.agencies.len(),
            sites: roster.sites.len(),
            officers: roster.officers.len(),
            vacancies: state.vacancies().len(),
            open: standing(Standing::Open),
            filled: standing(Standing::Filled),
            cancelled: standing(Standing::Cancelled),
            expired: standing(Standing::Expired),
            held: rows().map(|row| row.holders().count()).sum(),
        }
    }
}

impl Held {
    fn of(state: &State, row: &Vacancy) -> Held {
        let names = Names(state);
        let BoardRow {
            vacancy,
            standing,
            round,
            segments,
            ..
        } = dispatcher::board_row(state, row);
        let seat = |(number, slot): (usize, &engine::model::Slot)| {
            let holder = slot.holder.as_ref();
            Seat {
                slot: number,
                rank: rank(slot.rank),
                badge: holder.map(|holder| names.officer(holder.officer)),
                place: holder.map(|holder| holder.place),
                cover: holder.map(|holder| names.agreement(holder.cover)),
                award: holder.map(|holder| holder.sequence.0),
                awarded_at: holder.map(|holder| show::instant_us(holder.awarded_at.as_micros())),
            }
        };
        Held {
            vacancy: vacancy.to_string(),
            standing,
            round,
            segments,
            slots: row.slots.iter().enumerate().map(seat).collect(),
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let Held {
            vacancy,
            standing,
            round,
            segments,
            slots,
        } = self;
        let spans: Vec<String> = segments.iter().map(show::segment).collect();
        let (standing, spans) = (show::standing(*standing), spans.join(" and "));
        writeln!(out, "{vacancy}  {standing:<9}  round {round}  {spans}")?;
        for seat in slots {
            write!(out, "    slot {} {:<9} ", seat.slot, seat.rank)?;
            match seat {
                Seat {
                    badge: Some(badge),
                    place: Some(place),
                    cover: Some(cover),
                    award: Some(award),
                    awarded_at: Some(at),
                    ..
                } => writeln!(
                    out,
                    "{badge} (place {place}, cover {cover}, record {award}, {at})"
                )?,
                _ => writeln!(out, "nobody")?,
            }
        }
        Ok(())
    }
}

impl Told {
    fn print(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let AsOf {
            sequence,
            at,
            decided_at,
            snapshot,
            records,
            ..
        } = &self.as_of;
        let doubt = match self.as_of.durable {
            true => "",
            false => ", not known to be durable yet",
        };
        let from = match snapshot {
            0 => "the first record".to_owned(),
            snapshot => format!("the snapshot at record {snapshot}"),
        };
        writeln!(
            out,
            "as of {at}: record {sequence}, decided {decided_at}{doubt}"
        )?;
        writeln!(out, "rebuilt from {from} and {records} records")?;
        match &self.answer {
            Answer::Summary(summary) => summary.print(out)?,
            Answer::Holders { holders } if holders.is_empty() => {
                writeln!(out, "nobody held anything")?;
            }
            Answer::Holders { holders } => {
                holders.iter().try_for_each(|held| held.print(out))?;
            }
            Answer::Why {
                eligible, clauses, ..
            } => {
                for clause in clauses {
                    writeln!(out, "{}", show::clause(clause))?;
                }
                writeln!(out, "{}", show::verdict(*eligible, clauses))?;
            }
            Answer::Board { board } => {
                if board.is_empty() {
                    writeln!(out, "no vacancies")?;
                }
                for line in board.iter().flat_map(show::board_row) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        if let Some(digest) = &self.digest {
            writeln!(out, "digest {digest}")?;
        }
        Ok(())
    }
}

impl Summary {
    fn print(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let Summary {
            agencies,
            sites,
            officers,
            vacancies,
            open,
            filled,
            cancelled,
            expired,
            held,
        } = self;
        writeln!(out, "agencies   {agencies}")?;
        writeln!(out, "sites      {sites}")?;
        writeln!(out, "officers   {officers}")?;
        writeln!(
            out,
            "vacancies  {vacancies} ({open} open, {filled} filled, {cancelled} cancelled, \
             {expired} expired)"
        )?;
        Ok(writeln!(out, "slots held {held}")?)
    }
}
