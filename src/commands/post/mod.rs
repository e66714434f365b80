//! `muster post`: publish a vacancy, or many.

mod many;

use std::io::Write;

use engine::limits::SLOTS_MAX;
use jiff::tz::TimeZone;
use protocol::{
    Ask, AwardRule, Collect, NewSegment, NewVacancy, Outcome, Publication, Rank, Term, VacancyKey,
};
use serde::Serialize;

use super::print_json;
use crate::cli::{AskedArgs, AwardArgs, Moment, PlaceArgs, PostArgs, PostMany, TierWindow};
use crate::reach::Reach;
use crate::session::{SessionError, ask, new_vacancy};
use crate::stop::Stop;

/// What was published.
#[derive(Debug, Serialize)]
struct Posted {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
}

/// Publishes what the flags, a file or a pattern describe.
pub(super) fn run(args: &PostArgs, out: &mut dyn Write) -> Result<(), Stop> {
    match (&args.many, &args.place) {
        (Some(PostMany::File(args)), _) => many::file(args, out),
        (Some(PostMany::Repeat(args)), _) => many::repeat(args, out),
        (None, Some(place)) => one(args, place, out),
        (None, None) => Err(Stop::usage("say what to publish: see `muster post --help`")),
    }
}

/// Publishes a vacancy and prints its key.
fn one(args: &PostArgs, place: &PlaceArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let publication = publication(place, &args.asked, new_vacancy()).map_err(Stop::usage)?;
    let vacancy = publication.vacancy.key;
    let reach = Reach::find(&args.reach)?;
    let asked = match publication.terms.is_empty() {
        true => Ask::Publish(publication.vacancy),
        false => Ask::PublishAll {
            vacancies: vec![publication],
        },
    };
    let Outcome::Done { sequence } = ask(&reach, &asked)? else {
        return Err(SessionError::Unexpected.into());
    };
    match args.json {
        true => print_json(out, &Posted { vacancy, sequence }),
        false => Ok(writeln!(out, "{vacancy}")?),
    }
}

/// What the flags describe; an error is a sentence that says what to write instead.
pub(super) fn publication(
    place: &PlaceArgs,
    asked: &AskedArgs,
    key: VacancyKey,
) -> Result<Publication, String> {
    let vacancy = NewVacancy {
        key,
        lead: place.lead.clone(),
        programme: asked.programme.clone(),
        segments: segments(&place.site, (&place.start, &place.end), &place.zone)?,
        slots: ranks(asked)?,
        windows_ms: windows_ms(&asked.window)?,
        post_orders: asked.orders.clone(),
    };
    let terms = terms(asked, &place.zone)?;
    Ok(Publication { vacancy, terms })
}

fn windows_ms(windows: &[TierWindow]) -> Result<Vec<u64>, String> {
    let windows = match windows {
        [TierWindow::Never] => &[],
        windows => windows,
    };
    let of = |window: &TierWindow| match window {
        TierWindow::Milliseconds(milliseconds) => Ok(*milliseconds),
        TierWindow::Never => Err("--window never: not together with other windows".to_owned()),
    };
    windows.iter().map(of).collect()
}

fn terms(asked: &AskedArgs, zone: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    if !asked.opens_before.is_empty() {
        let before_ms = asked.opens_before.clone();
        terms.push(Term::OpensBefore { before_ms });
    }
    if let Some(reason) = asked.beyond_grant.clone() {
        terms.push(Term::BeyondGrant { reason });
    }
    if asked.before.or(asked.after).is_some() {
        terms.push(Term::Buffer {
            before_ms: asked.before.unwrap_or(0),
            after_ms: asked.after.unwrap_or(0),
        });
    }
    if let Some(clothing) = asked.clothing {
        terms.push(Term::Clothing { clothing });
    }
    if asked.marked_car {
        terms.push(Term::MarkedCar);
    }
    terms.extend(awarding(&asked.award, zone)?);
    terms.extend(asked.slots.map(|slots| Term::ByLadder { slots }));
    terms.extend(asked.higher_fills.map(|fill| Term::HigherRanks { fill }));
    terms.extend(asked.job.clone().map(|job| Term::Job { job }));
    Ok(terms)
}

/// Who is given a slot; an error is a sentence that says what to write.
fn awarding(args: &AwardArgs, zone: &str) -> Result<impl Iterator<Item = Term>, String> {
    let collect = match (args.bids_until, args.fairness) {
        (Some(until), _) => {
            let at = until
                .resolve(&self::zone(zone)?, None)
                .map_err(|why| format!("--bids-until: {why}"))?;
            let at_us = at.as_microsecond();
            Some(Collect::Until { at_us })
        }
        (None, Some(window_ms)) => Some(Collect::Fairness { window_ms }),
        (None, None) if args.rank_by.is_empty() => None,
        (None, None) => return Err("--rank-by: say --bids-until or --fairness as well".to_owned()),
    };
    let ranked_by = args.rank_by.iter().map(|rule| rule.0).collect();
    let rule = collect.map(|collect| AwardRule { collect, ranked_by });
    let undo = args.undo.map(|within_ms| Term::Undo { within_ms });
    let standby = args.standby;
    let standby = standby.map(|confirm_within_ms| Term::Standby { confirm_within_ms });
    let award = rule.map(|rule| Term::Award(Box::new(rule)));
    Ok(award.into_iter().chain(undo).chain(standby))
}

/// The ranks that are named: none where a number is, whose ranks the ladder of the lead agency says.
pub(super) fn ranks(asked: &AskedArgs) -> Result<Vec<Rank>, String> {
    match asked.slots {
        Some(count) => slots(count, &[]).map(|_| Vec::new()),
        None => slots(1, &asked.rank),
    }
}

/// The slots of `ranks`, or else `count` officers'.
pub(super) fn slots(count: u16, ranks: &[Rank]) -> Result<Vec<Rank>, String> {
    match ranks {
        [] if (1..=SLOTS_MAX).contains(&count.into()) => Ok(vec![Rank::Officer; count.into()]),
        [] => Err(format!("--slots: expected 1 to {SLOTS_MAX}")),
        ranks => Ok(ranks.to_vec()),
    }
}

/// The time zone of that name.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("--zone: `{name}` is no IANA time zone such as America/Phoenix"))
}

/// Where and when; local times are those of `zone`.
pub(super) fn segments(
    sites: &[String],
    (starts, ends): (&[Moment], &[Moment]),
    zone: &str,
) -> Result<Vec<NewSegment>, String> {
    let counts = [sites.len(), starts.len(), ends.len()];
    if counts != [sites.len(); 3] {
        return Err(format!(
            "every --site needs its --start and --end: there are {} sites, {} starts and {} ends",
            counts[0], counts[1], counts[2]
        ));
    }
    let zone = self::zone(zone)?;
    let times = starts.iter().zip(ends);
    sites
        .iter()
        .zip(times)
        .map(|(site, (start, end))| {
            let start = start
                .resolve(&zone, None)
                .map_err(|why| format!("--start: {why}"))?;
            let end = end
                .resolve(&zone, Some(start))
                .map_err(|why| format!("--end: {why}"))?;
            if end <= start {
                return Err("--end: expected a time after --start".to_owned());
            }
            let (start_us, end_us) = (start.as_microsecond(), end.as_microsecond());
            Ok(NewSegment {
                site: site.clone(),
                start_us,
                end_us,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn described(words: &str) -> Result<NewVacancy, String> {
        let words = format!("muster post --lead tucson {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::Post(args) = cli.command else {
            panic!("not a post")
        };
        let described = publication(&args.place.unwrap(), &args.asked, VacancyKey(1))?;
        Ok(described.vacancy)
    }

    fn on_terms(words: &str) -> Result<Vec<Term>, String> {
        let words = format!("muster post --lead tucson {SHIFT} {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).map_err(|why| why.to_string())?;
        let Command::Post(args) = cli.command else {
            panic!("not a post")
        };
        awarding(&args.asked.award, &args.place.unwrap().zone).map(Iterator::collect)
    }

    #[test]
    fn flags_become_terms() {
        assert_eq!(on_terms(""), Ok(Vec::new()));
        let bids = on_terms("--bids-until 2026-11-22T18:00 --rank-by seniority,rotation").unwrap();
        let rule = AwardRule {
            collect: Collect::Until {
                at_us: 1_795_395_600_000_000,
            },
            ranked_by: vec![
                protocol::Criterion::Seniority,
                protocol::Criterion::Rotation,
            ],
        };
        assert_eq!(bids, [Term::Award(Box::new(rule))]);
        let all = on_terms("--fairness 500ms --rank-by lottery --undo 30s --standby 15m").unwrap();
        assert_eq!(all.len(), 3);
        for bad in [
            "--rank-by seniority",
            "--fairness 1s --bids-until 2026-11-22T18:00",
        ] {
            assert!(on_terms(bad).is_err(), "{bad}");
        }
    }

    const SHIFT: &str = "--site a --start 2026-11-23T07:00 --end 15:00";

    #[test]
    fn flags_become_a_vacancy() {
        let vacancy = described(&format!("{SHIFT} --slots 2 --orders gate --window 5m")).unwrap();
        let start_us = 1_795_442_400_000_000;
        let end_us = start_us + 8 * 3_600_000_000;
        let segment = NewSegment {
            site: "a".to_owned(),
            start_us,
            end_us,
        };
        let expected = NewVacancy {
            key: VacancyKey(1),
            lead: "tucson".to_owned(),
            programme: "sso".to_owned(),
            segments: vec![segment],
            slots: Vec::new(),
            windows_ms: vec![300_000],
            post_orders: "gate".to_owned(),
        };
        assert_eq!(vacancy, expected);
    }

    #[test]
    fn ranks_and_windows_repeat() {
        let words = "--rank officer --rank sergeant --window 10m --window 0s";
        let vacancy = described(&format!("{SHIFT} {words}")).unwrap();
        assert_eq!(vacancy.slots, [Rank::Officer, Rank::Sergeant]);
        assert_eq!(vacancy.windows_ms, [600_000, 0]);
        let patient = described(&format!("{SHIFT} --window never")).unwrap();
        assert_eq!(patient.windows_ms, [0; 0]);
        assert!(described(&format!("{SHIFT} --window never --window 5m")).is_err());
    }

    #[test]
    fn several_segments_are_read_in_turn() {
        let second = "--site b --start 2026-11-24T07:00 --end 2026-11-24T09:00";
        let vacancy = described(&format!("{SHIFT} {second}")).unwrap();
        let sites: Vec<&str> = vacancy.segments.iter().map(|s| s.site.as_str()).collect();
        assert_eq!(sites, ["a", "b"]);
        let error = described(&format!("{SHIFT} --site b")).unwrap_err();
        assert!(error.contains("2 sites, 1 starts and 1 ends"), "{error}");
    }

    #[test]
    fn times_and_zones_that_make_no_sense_are_usage_errors() {
        for words in [
            "--site a --start 2026-11-23T07:00 --end 2026-11-23T06:00",
            "--site a --start 07:00 --end 15:00",
            "--site a --start 2026-11-23T07:00 --end 15:00 --zone Arizona",
            "--site a --start 2026-11-23T07:00 --end 15:00 --slots 0",
        ] {
            assert!(described(words).is_err(), "{words}");
        }
    }

    #[test]
    fn terms_are_said_by_flags() {
        let terms = |words: &str| {
            let words = format!("muster preview --lead tucson {SHIFT} {words}");
            let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
            let Command::Preview(args) = cli.command else {
                panic!("not a preview")
            };
            publication(&args.place, &args.asked, VacancyKey(1))
                .unwrap()
                .terms
        };
        assert_eq!(terms(""), []);
        let before_ms = vec![172_800_000, 86_400_000];
        let near = Term::OpensBefore { before_ms };
        assert_eq!(terms("--opens-before 48h --opens-before 24h"), [near]);
        let reason = "board".to_owned();
        assert_eq!(
            terms("--beyond-grant board"),
            [Term::BeyondGrant { reason }]
        );
        let buffer = |before_ms, after_ms| Term::Buffer {
            before_ms,
            after_ms,
        };
        let number = [Term::ByLadder { slots: 2 }];
        assert_eq!(terms("--slots 2"), number, "whose ranks the ladder says");
        let job = Term::Job {
            job: "J-12".to_owned(),
        };
        let fill = Term::HigherRanks { fill: true };
        assert_eq!(terms("--job J-12 --higher-fills yes"), [fill, job]);
        assert_eq!(terms("--before 30m"), [buffer(1_800_000, 0)]);
        assert_eq!(
            terms("--after 1h --before 30m"),
            [buffer(1_800_000, 3_600_000)]
        );
    }

    fn post(words: &str) -> Result<String, Stop> {
        let words = format!("muster post {words}");
        let mut out = Vec::new();
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        super::super::run(cli, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    const WEEK: &str = "repeat --on mon,thu --from 2026-11-16 --until 2026-11-29 --lead tucson \
                        --site tucson-001 --start 07:00 --end 15:00 --dry-run";

    #[test]
    fn a_pattern_is_shown_before_it_is_published() {
        let scratch = crate::scratch::Scratch::new();
        let file = scratch.path().join("holidays.csv");
        std::fs::write(&file, include_str!("../../../data/holidays.csv")).unwrap();
        let shown = post(&format!("{WEEK} --holidays {}", file.display())).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 5, "{shown}");
        assert!(lines[0].ends_with("2026-11-16T14:00:00Z–2026-11-16T22:00:00Z tucson-001"));
        assert_eq!(lines[3], "2026-11-26 is left out: Thanksgiving Day");
        assert_eq!(lines[4], "3 vacancies in 1 command; nothing was published");
        assert_eq!(
            post(WEEK).unwrap(),
            post(WEEK).unwrap(),
            "keys are the same"
        );
    }

    #[test]
    fn a_file_is_shown_before_it_is_published() {
        let scratch = crate::scratch::Scratch::new();
        let file = scratch.path().join("vacancies.csv");
        std::fs::write(&file, post("file --example").unwrap()).unwrap();
        let shown = post(&format!("file {} --dry-run", file.display())).unwrap();
        assert!(
            shown.ends_with("3 vacancies in 1 command; nothing was published\n"),
            "{shown}"
        );
        let stop = post("file no-such.csv --dry-run").unwrap_err();
        assert!(stop.report().unwrap().to_string().contains("no-such.csv"));
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_a_usage_error() {
        for wrong in [
            "--site b",
            "--zone Arizona",
            "--zone UTC --zone UTC --site b",
        ] {
            let stop = post(&format!("{WEEK} {wrong}")).unwrap_err();
            assert_eq!(stop.code(), crate::stop::USAGE, "{wrong}");
        }
        let never = WEEK
            .replace("mon,thu", "sun")
            .replace("2026-11-29", "2026-11-18");
        let stop = post(&never).unwrap_err();
        assert!(stop.report().unwrap().to_string().contains("no day"));
    }
}
