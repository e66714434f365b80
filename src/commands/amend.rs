//! `muster amend`: change time, place, slots or post orders of a vacancy.

use std::io::Write;

use engine::limits::{CONFIRM_WITHIN_MS_MAX, CONFIRM_WITHIN_MS_MIN};
use protocol::{Amend, Ask, Outcome, VacancyKey};
use serde::Serialize;

use super::post::{segments, slots};
use super::print_json;
use crate::cli::AmendArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What was changed.
#[derive(Debug, Serialize)]
struct Amended {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
}

/// Changes a vacancy; everyone who holds it or was offered it is told.
pub(super) fn run(args: &AmendArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let amend = Ask::Amend(amendment(args).map_err(Stop::usage)?);
    let reach = Reach::find(&args.reach)?;
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

/// What the flags describe; an error is a sentence that says what to write instead.
fn amendment(args: &AmendArgs) -> Result<Amend, String> {
    let work = match args.site.is_empty() && args.start.is_empty() && args.end.is_empty() {
        true => None,
        false => Some(segments(&args.site, (&args.start, &args.end), &args.zone)?),
    };
    let slots = match (args.slots, args.rank.as_slice()) {
        (None, []) => None,
        (count, ranks) => Some(slots(count.unwrap_or_default(), ranks)?),
    };
    if work.is_none() && slots.is_none() && args.post_orders.is_none() {
        return Err(
            "nothing to change: say --site, --start and --end, --slots or --rank, or --post-orders"
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

    fn described(words: &str) -> Result<Amend, String> {
        let key = VacancyKey(1);
        let words = format!("muster amend {key} {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).map_err(|why| why.to_string())?;
        let Command::Amend(args) = cli.command else {
            panic!("not an amendment")
        };
        amendment(&args)
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
    fn what_changes_nothing_or_makes_no_sense_is_a_usage_error() {
        for words in [
            "",
            "--start 2026-11-23T07:00 --end 15:00",
            "--site a --end 15:00",
            "--slots 0",
            "--slots 2 --rank officer",
            "--post-orders x --confirm-within 59s",
            "--post-orders x --confirm-within never",
        ] {
            assert!(described(words).is_err(), "{words}");
        }
    }
}
