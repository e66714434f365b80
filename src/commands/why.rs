//! `muster why`: every clause of eligibility with its answer.

use std::io::Write;

use protocol::{Ask, Clause, Outcome, VacancyKey};
use serde::Serialize;

use super::print_json;
use crate::cli::WhyArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::show;
use crate::stop::Stop;

/// The answer.
#[derive(Debug, Serialize)]
struct Explained {
    badge: String,
    vacancy: VacancyKey,
    eligible: bool,
    clauses: Vec<Clause>,
}

/// Asks and prints; an officer who is not eligible is an answer, not a failure.
pub(super) fn run(args: &WhyArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let (badge, vacancy) = (args.badge.clone(), args.vacancy);
    let asked = Ask::Why {
        badge: badge.clone(),
        vacancy,
    };
    let Outcome::Explained { eligible, clauses } = ask(&reach, &asked)? else {
        return Err(SessionError::Unexpected.into());
    };
    if args.json {
        return print_json(
            out,
            &Explained {
                badge,
                vacancy,
                eligible,
                clauses,
            },
        );
    }
    for clause in &clauses {
        writeln!(out, "{}", show::clause(clause))?;
    }
    Ok(writeln!(out, "{}", show::verdict(eligible, &clauses))?)
}
