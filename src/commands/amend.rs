//! `muster amend`: change time, place, slots or post orders of a vacancy.

use std::io::Write;

use engine::limits::{CONFIRM_WITHIN_MS_MAX, CONFIRM_WITHIN_MS_MIN};
use protocol::{Amend, Ask, NewSegment, Outcome, Segment, VacancyKey};
use serde::Serialize;

use super::post::{segments, slots, zone};
use super::print_json;
use crate::cli::AmendArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// The zone of times where nothing says another.
const ZONE: &str = "America/Phoenix";

/// What was changed.
#[derive(Debug, Serialize)]
struct Amended {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
}

/// Changes a vacancy; everyone who holds it or was offered it is told.
pub(super) fn run(args: &AmendArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let mut amend = amendment(args).map_err(Stop::usage)?;
    let reach = Reach::find(&args.reach)?;
    if amend.segments.is_none() && !is_same_work(args) {
        let posted = posted(&reach, args.vacancy)?;
        amend.segments = Some(changed(args, &posted).map_err(Stop::usage)?);
    }
    let amend = match only_slots(args) {
        Some(slots) => Ask::Restaff {
            vacancy: args.vacancy,
            slots,
        },
        None => Ask::Amend(amend),
    };
    let Outcome::Done { sequence } = ask(&reach, &amend)? else {
        return Err(SessionError::Unexpected.into());
    };
    match args.json {
        true => print_json(
            out,
            &Amended {
                vacancy: args.vacancy,
                sequence,
            },
        ),
        false => Ok(writeln!(
            out,
            "amended {} (record {sequence})",
            args.vacancy
        )?),
    }
}

/// The number of slots, if the flags say nothing else: then the ladder of the lead agency says what
/// they ask for.
fn only_slots(args: &AmendArgs) -> Option<u16> {
    let is_alone = is_same_work(args) && args.post_orders.is_none();
    args.slots.filter(|_| is_alone)
}

/// Whether no flag says anything about time or place.
fn is_same_work(args: &AmendArgs) -> bool {
    args.site.is_empty() && args.start.is_empty() && args.end.is_empty()
}

/// Where and when a vacancy is, as it stands on the board.
fn posted(reach: &Reach, vacancy: VacancyKey) -> Result<Vec<Segment>, Stop> {
    let Outcome::Board { rows } = ask(reach, &Ask::Board)? else {
        return Err(SessionError::Unexpected.into());
    };
    let row = rows.into_iter().find(|row| row.vacancy == vacancy);
    let row = row.ok_or_else(|| {
        Stop::usage(format!(
            "{vacancy} is not on the board: `muster board` lists what is"
        ))
    })?;
    Ok(row.segments)
}

/// The work of `posted` with what the flags change about it; the rest stays.
fn changed(args: &AmendArgs, posted: &[Segment]) -> Result<Vec<NewSegment>, String> {
    let counts = [args.site.len(), args.start.len(), args.end.len()];
    if counts.iter().any(|&said| said != 0 && said != posted.len()) {
        return Err(format!(
            "the vacancy has {} segments: say --site, --start or --end once for each of them, or \
             say all three to give it others",
            posted.len()
        ));
    }
    let segment = |(place, segment): (usize, &Segment)| {
        let zone = zone(args.zone.as_deref().unwrap_or(&segment.zone))?;
        let at = |us| jiff::Timestamp::from_microsecond(us).map_err(|why| why.to_string());
        let start = match args.start.get(place) {
            Some(start) => start.resolve(&zone, None),
            None => at(segment.start_us),
        };
        let start = start.map_err(|why| format!("--start: {why}"))?;
        let end = match args.end.get(place) {
            Some(end) => end.resolve(&zone, Some(start)),
            None => at(segment.end_us),
        };
        let end = end.map_err(|why| format!("--end: {why}"))?;
        if end <= start {
            return Err("--end: expected a time after --start".to_owned());
        }
        Ok(NewSegment {
            site: args.site.get(place).unwrap_or(&segment.site).clone(),
            start_us: start.as_microsecond(),
            end_us: end.as_microsecond(),
        })
    };
    posted.iter().enumerate().map(segment).collect()
}

/// What the flags describe without looking at what was posted; an error is a sentence that says what to write instead.
fn amendment(args: &AmendArgs) -> Result<Amend, String> {
    let is_whole = !(args.site.is_empty() || args.start.is_empty() || args.end.is_empty());
    let work = match is_whole {
        true => {
            let zone = args.zone.as_deref().unwrap_or(ZONE);
            Some(segments(&args.site, (&args.start, &args.end), zone)?)
        }
        false => None,
    };
    let slots = match (args.slots, args.rank.as_slice()) {
        (None, []) => None,
        (count, ranks) => Some(slots(count.unwrap_or_default(), ranks)?),
    };
    if is_same_work(args) && slots.is_none() && args.post_orders.is_none() {
        return Err(
            "nothing to change: say --site, --start or --end, --slots or --rank, or --post-orders"
                .to_owned(),
        );
    }
    let within = CONFIRM_WITHIN_MS_MIN..=CONFIRM_WITHIN_MS_MAX;
    if !within.contains(&args.confirm_within) {
        return Err("--confirm-within: expected 1m to 366 days, such as 30m".to_owned());
    }
    Ok(Amend {
        vacancy: args.vacancy,
        segments: work,
        slots,
        post_orders: args.post_orders.clone(),
        confirm_within_ms: args.confirm_within,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use protocol::{NewSegment, Rank};

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(words: &str) -> Result<AmendArgs, String> {
        let key = VacancyKey(1);
        let words = format!("muster amend {key} {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).map_err(|why| why.to_string())?;
        let Command::Amend(args) = cli.command else {
            panic!("not an amendment")
        };
        Ok(args)
    }

    fn described(words: &str) -> Result<Amend, String> {
        amendment(&parsed(words)?)
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        let expected = Amend {
            vacancy: VacancyKey(1),
            segments: None,
            slots: None,
            post_orders: Some("gate".to_owned()),
            confirm_within_ms: 1_800_000,
        };
        assert_eq!(described("--post-orders gate").unwrap(), expected);
    }

    #[test]
    fn flags_become_an_amendment() {
        let work = "--site a --start 2026-11-23T07:00 --end 15:00";
        let said = described(&format!("{work} --slots 2 --confirm-within 1h30m")).unwrap();
        let start_us = 1_795_442_400_000_000;
        let segment = NewSegment {
            site: "a".to_owned(),
            start_us,
            end_us: start_us + 8 * 3_600_000_000,
        };
        assert_eq!(said.segments, Some(vec![segment]));
        assert_eq!(said.slots, Some(vec![Rank::Officer; 2]));
        assert_eq!(said.post_orders, None);
        assert_eq!(said.confirm_within_ms, 5_400_000);
        let ranks = described("--rank officer --rank sergeant").unwrap();
        assert_eq!(ranks.slots, Some(vec![Rank::Officer, Rank::Sergeant]));
    }

    #[test]
    fn what_is_not_said_of_the_work_is_as_it_was_posted() {
        let start_us = 1_783_346_400_000_000;
        let hour_us = 3_600_000_000;
        let posted = Segment {
            site: "kayenta-001".to_owned(),
            name: "Invented".to_owned(),
            zone: "America/Denver".to_owned(),
            start_us,
            end_us: start_us + 8 * hour_us,
        };
        let said = |words: &str| {
            let segments = changed(&parsed(words)?, std::slice::from_ref(&posted))?;
            let [
                NewSegment {
                    site,
                    start_us: from,
                    end_us: until,
                },
            ] = segments.as_slice()
            else {
                panic!("one segment")
            };
            let hours = |us: i64| (us - start_us) / hour_us;
            Ok::<_, String>((site.clone(), hours(*from), hours(*until)))
        };
        let there = "kayenta-001".to_owned();
        assert_eq!(said("--site b"), Ok(("b".to_owned(), 0, 8)));
        // It is 08:00 to 16:00 in Denver, an hour earlier on the clocks of Phoenix.
        assert_eq!(said("--end 17:00"), Ok((there.clone(), 0, 9)));
        assert_eq!(
            said("--end 17:00 --zone America/Phoenix"),
            Ok((there.clone(), 0, 10))
        );
        assert_eq!(said("--start 2026-07-06T07:00"), Ok((there, -1, 8)));
        for words in [
            "--site a --site b",
            "--end 2026-07-06T06:00",
            "--start 2026-07-07T07:00",
        ] {
            assert!(said(words).is_err(), "{words}");
        }
    }

    #[test]
    fn what_changes_nothing_or_makes_no_sense_is_a_usage_error() {
        for words in [
            "",
            "--site a --start 2026-11-23T07:00 --end 06:00 --zone Arizona",
            "--site a --site b --start 2026-11-23T07:00 --end 15:00",
            "--slots 0",
            "--slots 2 --rank officer",
            "--post-orders x --confirm-within 59s",
            "--post-orders x --confirm-within never",
        ] {
            assert!(described(words).is_err(), "{words}");
        }
    }
}
