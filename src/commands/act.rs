//! One act about one vacancy: `muster cancel`, `recall`, `next-tier`, `punch`.

use std::io::Write;

use protocol::{Ask, Outcome, VacancyKey};
use serde::Serialize;

use super::print_json;
use crate::cli::{CancelArgs, PunchArgs, ReachArgs, RecallArgs, VacancyArgs};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
}

/// Withdraws a vacancy; everyone who was offered it is told.
pub(super) fn cancel(args: &CancelArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let vacancy = args.vacancy;
    let reason = args.reason.clone();
    let asked = Ask::Cancel { vacancy, reason };
    carry_out(
        "cancelled",
        (vacancy, &asked),
        (&args.reach, args.json),
        out,
    )
}

/// Takes an officer back; the slot is offered anew.
pub(super) fn recall(args: &RecallArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let vacancy = args.vacancy;
    let badge = args.badge.clone();
    let asked = Ask::Recall { vacancy, badge };
    carry_out(
        "recalled from",
        (vacancy, &asked),
        (&args.reach, args.json),
        out,
    )
}

/// Asks the next tier without waiting for its time.
pub(super) fn next_tier(args: &VacancyArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let vacancy = args.vacancy;
    let asked = Ask::OpenNextTier { vacancy };
    carry_out(
        "opened the next tier of",
        (vacancy, &asked),
        (&args.reach, args.json),
        out,
    )
}

/// Clocks an officer in or out.
pub(super) fn punch(args: &PunchArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let vacancy = args.vacancy;
    let asked = Ask::Punch {
        vacancy,
        direction: args.way.direction(),
        position: args.at,
    };
    carry_out(
        "punched for",
        (vacancy, &asked),
        (&args.reach, args.json),
        out,
    )
}

fn carry_out(
    done: &str,
    (vacancy, asked): (VacancyKey, &Ask),
    (reach, json): (&ReachArgs, bool),
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let reach = Reach::find(reach)?;
    let Outcome::Done { sequence } = ask(&reach, asked)? else {
        return Err(SessionError::Unexpected.into());
    };
    match json {
        true => print_json(out, &Done { vacancy, sequence }),
        false => Ok(writeln!(out, "{done} {vacancy} (record {sequence})")?),
    }
}
