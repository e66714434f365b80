//! `muster cancel`: withdraw a vacancy.

use std::io::Write;

use protocol::{Ask, Outcome, VacancyKey};
use serde::Serialize;

use super::print_json;
use crate::cli::CancelArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What was withdrawn.
#[derive(Debug, Serialize)]
struct Cancelled {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
}

/// Withdraws a vacancy; everyone who was offered it is told.
pub(super) fn run(args: &CancelArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let cancel = Ask::Cancel {
        vacancy: args.vacancy,
        reason: args.reason.clone(),
    };
    let Outcome::Done { sequence } = ask(&reach, &cancel)? else {
        return Err(SessionError::Unexpected.into());
    };
    match args.json {
        true => print_json(
            out,
            &Cancelled {
                vacancy: args.vacancy,
                sequence,
            },
        ),
        false => Ok(writeln!(
            out,
            "cancelled {} (record {sequence})",
            args.vacancy
        )?),
    }
}
