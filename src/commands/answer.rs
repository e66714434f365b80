//! `muster answer`: what an officer says to a vacancy.

use std::io::Write;

use protocol::{Ask, Outcome};

use super::print_json;
use crate::cli::{AnswerArgs, OfficerAnswer};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::show;
use crate::stop::Stop;

/// Says it, and prints what became of it.
pub(super) fn run(args: &AnswerArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let (vacancy, round) = (args.vacancy, args.round);
    let answer = match args.answer {
        OfficerAnswer::Accept => Ask::Accept { vacancy, round },
        OfficerAnswer::Decline => Ask::Decline { vacancy, round },
        OfficerAnswer::Release => Ask::Release { vacancy },
        OfficerAnswer::Undo => Ask::Undo { vacancy },
        OfficerAnswer::Standby => Ask::JoinStandby { vacancy },
        OfficerAnswer::LeaveStandby => Ask::LeaveStandby { vacancy },
    };
    let outcome = ask(&reach, &answer)?;
    let said = match &outcome {
        Outcome::Won(receipt) => format!(
            "won slot {} of {vacancy} (record {}, cover {})",
            receipt.slot, receipt.sequence, receipt.cover
        ),
        Outcome::Bid {
            place,
            closes_at_us,
        } => {
            let closes = show::instant(*closes_at_us);
            format!("the bid for {vacancy} is in: number {place}, slots are given at {closes}")
        }
        Outcome::Standby { place } => format!("on the standby list of {vacancy}: place {place}"),
        Outcome::Done { sequence } => format!("done for {vacancy} (record {sequence})"),
        _ => return Err(SessionError::Unexpected.into()),
    };
    match args.json {
        true => print_json(out, &outcome),
        false => Ok(writeln!(out, "{said}")?),
    }
}
