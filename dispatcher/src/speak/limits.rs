//! Limits of a home agency, with their figures.

use engine::model::Period;
use engine::rules::Clause;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const HOUR_MINUTES: u16 = 60;

/// `day`, `week-from-mon`, `14-days`.
pub fn period(period: Period) -> String {
    match period {
        Period::Day => "day".to_owned(),
        Period::Week { starts_on } => {
            let day = DAYS.get(usize::from(starts_on)).unwrap_or(&"?");
            format!("week-from-{day}")
        }
        Period::Days(days) => format!("{days}-days"),
    }
}

/// The figures of a clause that has some, such as `44 h of 40 h, 38 h of it held before`.
pub(super) fn figures(clause: Clause) -> Option<String> {
    match clause {
        Clause::Hours {
            held_minutes,
            would_be_minutes,
            most_minutes,
            ..
        } => Some(format!(
            "{} of {}, {} of it held before",
            hours(would_be_minutes),
            hours(most_minutes),
            hours(held_minutes)
        )),
        Clause::Rest {
            between_minutes,
            least_minutes,
        } => Some(format!(
            "{} of {}",
            hours(between_minutes),
            hours(least_minutes)
        )),
        _ => None,
    }
}

pub(super) fn detail(clause: Clause, holds: bool) -> String {
    match clause {
        Clause::Hours {
            period: of,
            held_minutes,
            would_be_minutes,
            most_minutes,
        } => {
            let (held, most) = (hours(held_minutes), hours(most_minutes));
            let (would_be, of) = (hours(would_be_minutes), words(of));
            let but = allowed(holds, would_be_minutes > most_minutes);
            format!("{held} held of {most} in {of}, {would_be} with this work{but}")
        }
        Clause::Rest {
            between_minutes: u16::MAX,
            ..
        } => "nothing else is booked near this work".to_owned(),
        Clause::Rest {
            between_minutes,
            least_minutes,
        } => {
            let (between, least) = (hours(between_minutes), hours(least_minutes));
            let but = allowed(holds, between_minutes < least_minutes);
            format!("{between} of rest beside this work, of at least {least}{but}")
        }
        _ => String::new(),
    }
}

/// A limit that is exceeded and stands in nobody's way warns, or was lifted.
fn allowed(holds: bool, is_exceeded: bool) -> &'static str {
    match holds && is_exceeded {
        true => "; allowed, and flagged",
        false => "",
    }
}

fn words(period: Period) -> String {
    match period {
        Period::Day => "a day".to_owned(),
        Period::Week { starts_on } => {
            let day = DAYS.get(usize::from(starts_on)).unwrap_or(&"?");
            format!("the week from {day}")
        }
        Period::Days(days) => format!("{days} days"),
    }
}

/// `40 h`, `7 h 30 min`.
fn hours(minutes: u16) -> String {
    let (hours, rest) = (minutes / HOUR_MINUTES, minutes % HOUR_MINUTES);
    match rest {
        0 => format!("{hours} h"),
        rest => format!("{hours} h {rest} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(held_minutes: u16, would_be_minutes: u16) -> Clause {
        Clause::Hours {
            period: Period::Week { starts_on: 0 },
            held_minutes,
            would_be_minutes,
            most_minutes: 2_400,
        }
    }

    #[test]
    fn a_limit_says_what_is_held_and_what_it_would_be() {
        assert_eq!(
            detail(week(2_280, 2_430), false),
            "38 h held of 40 h in the week from mon, 40 h 30 min with this work"
        );
        assert!(detail(week(2_280, 2_430), true).ends_with("; allowed, and flagged"));
        assert!(!detail(week(0, 2_400), true).contains("flagged"));
    }
}
