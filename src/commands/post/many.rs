//! `muster post file` and `muster post repeat`: many vacancies in as few commands as they fit in.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use engine::limits::PUBLICATIONS_MAX;
use jiff::Timestamp;
use miette::Diagnostic;
use protocol::{Ask, NewVacancy, Outcome, Publication, RefusalCode, Refused, Term, VacancyKey};
use serde::Serialize;

use super::super::{import, print_json};
use super::{ranks, terms, windows_ms};
use crate::cli::{ManyArgs, PostFileArgs, PostRepeatArgs};
use crate::import::{VACANCIES_EXAMPLE, vacancies};
use crate::publication::{self, Holidays, Hours, Pattern, Planned};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What came of it.
#[derive(Debug, Serialize)]
struct Posted {
    published: usize,
    /// Those that were on the board already.
    left_out: usize,
    /// The log records that hold them, one for each command.
    sequences: Vec<u64>,
}

/// A day that the holidays leave out.
#[derive(Debug, Serialize)]
struct LeftOut {
    date: String,
    name: String,
}

/// Everything that would be published.
#[derive(Debug, Serialize)]
struct Table<'a> {
    vacancies: Vec<&'a Publication>,
    left_out: Vec<LeftOut>,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cannot read {}: {cause}", path.display())]
#[diagnostic(help("give the path of a CSV file, or - for standard input"))]
struct Unreadable {
    path: PathBuf,
    cause: io::Error,
}

/// Some were published, and then a command was refused.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{published} of {planned} vacancies were published, then: {because}{}", Place(.row))]
#[diagnostic(help("put it right and run it again with --resume: what is published is left out"))]
struct Interrupted {
    published: usize,
    planned: usize,
    because: String,
    row: Option<u64>,
}

struct Place<'a>(&'a Option<u64>);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(row) => write!(f, " (row {row})"),
            None => Ok(()),
        }
    }
}

pub(super) fn file(args: &PostFileArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let Some(path) = args.file.as_deref().filter(|_| !args.example) else {
        return Ok(write!(out, "{VACANCIES_EXAMPLE}")?);
    };
    let planned = vacancies(&path.display().to_string(), &bytes(path)?)?;
    publish(&args.many, &planned, Vec::new(), out)
}

pub(super) fn repeat(args: &PostRepeatArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let holidays = match &args.holidays {
        Some(path) => Holidays::read(&path.display().to_string(), &bytes(path)?)?,
        None => Holidays::default(),
    };
    let pattern = Pattern {
        weekdays: args.on.clone(),
        from: args.from,
        until: args.until,
        hours: hours(args).map_err(Stop::usage)?,
    };
    let plan = pattern.plan(&holidays);
    let plan = plan.map_err(|why| Stop::usage(why.to_string()))?;
    let asked = &args.asked;
    let windows_ms = windows_ms(&asked.window).map_err(Stop::usage)?;
    let ranks = ranks(asked).map_err(Stop::usage)?;
    let zone = args.zone.first().map_or("", String::as_str);
    let terms = terms(asked, zone).map_err(Stop::usage)?;
    let planned = plan.days.into_iter().map(|(_, segments)| Planned {
        publication: Publication {
            vacancy: NewVacancy {
                key: publication::key(&args.lead, &asked.programme, &segments),
                lead: args.lead.clone(),
                programme: asked.programme.clone(),
                segments,
                slots: ranks.clone(),
                windows_ms: windows_ms.clone(),
                post_orders: asked.orders.clone(),
            },
            terms: terms.clone(),
        },
        row: None,
    });
    let left_out = plan.left_out.into_iter().map(|(date, name)| {
        let date = date.to_string();
        LeftOut { date, name }
    });
    let planned: Vec<Planned> = planned.collect();
    publish(&args.many, &planned, left_out.collect(), out)
}

/// Where and when on each day.
fn hours(args: &PostRepeatArgs) -> Result<Vec<Hours>, String> {
    let (sites, starts, ends) = (&args.site, &args.start, &args.end);
    if starts.len() != sites.len() || ends.len() != sites.len() {
        return Err(format!(
            "every --site needs its --start and --end: there are {} sites, {} starts and {} ends",
            sites.len(),
            starts.len(),
            ends.len()
        ));
    }
    let zone_of = |place: usize| match args.zone.as_slice() {
        [one] => Ok(one),
        zones if zones.len() == sites.len() => Ok(&zones[place]),
        zones => Err(format!(
            "--zone: one for all sites or one for each: there are {} sites and {} zones",
            sites.len(),
            zones.len()
        )),
    };
    let times = starts.iter().zip(ends).enumerate();
    let hours = sites
        .iter()
        .zip(times)
        .map(|(site, (place, (start, end)))| {
            Ok(Hours {
                site: site.clone(),
                zone: super::zone(zone_of(place)?)?,
                start: *start,
                end: *end,
            })
        });
    hours.collect()
}

fn publish(
    args: &ManyArgs,
    planned: &[Planned],
    left_out: Vec<LeftOut>,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    if args.dry_run {
        return show(args, planned, left_out, out);
    }
    let reach = Reach::find(&args.reach)?;
    let known = match args.resume {
        true => on_the_board(&reach)?,
        false => BTreeSet::new(),
    };
    let is_new = |one: &&Planned| !known.contains(&one.publication.vacancy.key);
    let new: Vec<Planned> = planned.iter().filter(is_new).cloned().collect();
    let mut posted = Posted {
        published: 0,
        left_out: planned.len() - new.len(),
        sequences: Vec::new(),
    };
    for command in publication::commands(&new) {
        let vacancies = command.iter().map(|one| one.publication.clone()).collect();
        match ask(&reach, &Ask::PublishAll { vacancies }) {
            Ok(Outcome::Done { sequence }) => posted.sequences.push(sequence),
            Ok(_) => return Err(SessionError::Unexpected.into()),
            Err(SessionError::Refused(refused)) => {
                return Err(Stop::failed(Interrupted {
                    published: posted.published,
                    planned: planned.len(),
                    row: row_of(command, &refused),
                    because: refused.sentence,
                }));
            }
            Err(error) => return Err(error.into()),
        }
        posted.published += command.len();
    }
    if args.json {
        return print_json(out, &posted);
    }
    let (published, records) = (posted.published, posted.sequences);
    let records: Vec<String> = records.iter().map(u64::to_string).collect();
    match posted.left_out {
        0 => {}
        left_out => writeln!(out, "{left_out} were on the board already")?,
    }
    match published {
        0 => Ok(writeln!(out, "nothing was left to publish")?),
        _ => Ok(writeln!(
            out,
            "published {published} vacancies (record {})",
            records.join(", ")
        )?),
    }
}

/// The row whose vacancy a refusal is about, as far as it names something that stands there.
fn row_of(command: &[Planned], refused: &Refused) -> Option<u64> {
    let named = refused.sentence.split('`').nth(1)?;
    let names = |one: &&Planned| {
        let vacancy = &one.publication.vacancy;
        let of_segment = |segment: &protocol::NewSegment| segment.site == named;
        match refused.code {
            RefusalCode::AlreadyExists => format!("{:032x}", vacancy.key.0) == named,
            _ => {
                let places = vacancy.segments.iter().any(of_segment);
                places || vacancy.lead == named || vacancy.programme == named
            }
        }
    };
    command.iter().find(names)?.row
}

fn on_the_board(reach: &Reach) -> Result<BTreeSet<VacancyKey>, Stop> {
    match ask(reach, &Ask::Board)? {
        Outcome::Board { rows } => Ok(rows.iter().map(|row| row.vacancy).collect()),
        _ => Err(SessionError::Unexpected.into()),
    }
}

/// Prints what would be published.
fn show(
    args: &ManyArgs,
    planned: &[Planned],
    left_out: Vec<LeftOut>,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    if args.json {
        let vacancies = planned.iter().map(|one| &one.publication).collect();
        let table = Table {
            vacancies,
            left_out,
        };
        return print_json(out, &table);
    }
    for one in planned {
        let vacancy = &one.publication.vacancy;
        let spans = vacancy.segments.iter().map(|segment| {
            let at = |us| Timestamp::from_microsecond(us).unwrap_or_default();
            let (start, end) = (at(segment.start_us), at(segment.end_us));
            format!("{start}–{end} {}", segment.site)
        });
        let spans: Vec<String> = spans.collect();
        let by_ladder = one.publication.terms.iter().find_map(|term| match term {
            Term::ByLadder { slots } => Some(usize::from(*slots)),
            _ => None,
        });
        let slots = by_ladder.unwrap_or(vacancy.slots.len());
        let noun = if slots == 1 { "slot" } else { "slots" };
        writeln!(
            out,
            "{}  {slots} {noun}  {}",
            vacancy.key,
            spans.join(" and ")
        )?;
    }
    for LeftOut { date, name } in &left_out {
        writeln!(out, "{date} is left out: {name}")?;
    }
    let commands = planned.len().div_ceil(PUBLICATIONS_MAX);
    Ok(writeln!(
        out,
        "{} vacancies in {commands} command{}; nothing was published",
        planned.len(),
        if commands == 1 { "" } else { "s" }
    )?)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Stop> {
    import::bytes(path).map_err(|cause| {
        let path = path.to_owned();
        Stop::failed(Unreadable { path, cause })
    })
}
