//! `muster grant`: what pays for school safety work in a district, and what is left of it.

use std::io::Write;

use jiff::civil::Date;
use protocol::{Ask, Day, Grant, GrantStanding, Outcome};

use super::print_json;
use crate::cli::GrantArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

const HOUR_MIN: u64 = 60;

/// Puts a grant in force, if one is described, and prints how it stands.
pub(super) fn run(args: &GrantArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    if let (Some(hours), Some(from), Some(until)) = (args.hours, args.from, args.until) {
        let grant = Grant {
            district: args.district.clone(),
            programme: args.programme.clone(),
            first: day(from),
            last: day(until),
            budget_min: hours.saturating_mul(HOUR_MIN),
        };
        let Outcome::Done { .. } = ask(&reach, &Ask::PutGrant(grant))? else {
            return Err(SessionError::Unexpected.into());
        };
    }
    let district = args.district.clone();
    let Outcome::Grant(standing) = ask(&reach, &Ask::Grant { district })? else {
        return Err(SessionError::Unexpected.into());
    };
    match args.json {
        true => print_json(out, &standing),
        false => show(&standing, out),
    }
}

fn show(standing: &GrantStanding, out: &mut dyn Write) -> Result<(), Stop> {
    let GrantStanding {
        grant,
        committed_min,
        drawn_min,
    } = standing;
    let taken_min = committed_min.saturating_add(*drawn_min);
    let date = |day: Day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    writeln!(
        out,
        "{} for {}, {} to {}",
        grant.district,
        grant.programme,
        date(grant.first),
        date(grant.last)
    )?;
    for (what, minutes) in [
        ("budget", grant.budget_min),
        ("committed", *committed_min),
        ("drawn", *drawn_min),
    ] {
        writeln!(out, "  {what:<9} {}", hours(minutes))?;
    }
    match grant.budget_min.checked_sub(taken_min) {
        Some(left) => Ok(writeln!(out, "  {:<9} {}", "left", hours(left))?),
        None => {
            let over = taken_min - grant.budget_min;
            Ok(writeln!(out, "  {:<9} {}", "over", hours(over))?)
        }
    }
}

fn hours(minutes: u64) -> String {
    format!("{} h {:02} min", minutes / HOUR_MIN, minutes % HOUR_MIN)
}

fn day(date: Date) -> Day {
    Day {
        year: date.year(),
        month: date.month().unsigned_abs(),
        day: date.day().unsigned_abs(),
    }
}
