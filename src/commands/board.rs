//! `muster board`: every vacancy and who holds it.

use std::io::Write;

use protocol::{Ask, Outcome};

use super::print_json;
use crate::cli::BoardArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::show;
use crate::stop::Stop;

/// Prints the board, the soonest start first.
pub(super) fn run(args: &BoardArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let Outcome::Board { rows } = ask(&reach, &Ask::Board)? else {
        return Err(SessionError::Unexpected.into());
    };
    if args.json {
        return print_json(out, &rows);
    }
    if rows.is_empty() {
        writeln!(out, "no vacancies; publish one with `muster post`")?;
    }
    for line in rows.iter().flat_map(show::board_row) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
