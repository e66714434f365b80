//! `muster preview`: who could come, before anything is published.

use std::io::Write;

use protocol::{Ask, Funnel, Outcome};

use super::{post, print_json};
use crate::cli::PreviewArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask, new_vacancy};
use crate::stop::Stop;

/// Asks and prints; that nobody is eligible is an answer, not a failure.
pub(super) fn run(args: &PreviewArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let publication =
        post::publication(&args.place, &args.asked, new_vacancy()).map_err(Stop::usage)?;
    let reach = Reach::find(&args.reach)?;
    let Outcome::Preview { tiers } = ask(&reach, &Ask::Preview(Box::new(publication)))? else {
        return Err(SessionError::Unexpected.into());
    };
    if args.json {
        return print_json(out, &tiers);
    }
    for funnel in &tiers {
        show(funnel, out)?;
    }
    Ok(())
}

/// A line for the tier, and one below for each clause that excludes somebody.
fn show(funnel: &Funnel, out: &mut dyn Write) -> Result<(), Stop> {
    let Funnel {
        tier,
        agencies,
        officers,
        left,
    } = funnel;
    let eligible = left.last().map_or(*officers, |(_, left)| *left);
    let agencies = agencies.join(", ");
    writeln!(
        out,
        "tier {tier} ({agencies}): {eligible} of {officers} officers are eligible"
    )?;
    let mut before = *officers;
    for (clause, left) in left {
        if *left < before {
            writeln!(out, "  {:>8} not {clause}, {left} left", before - left)?;
        }
        before = *left;
    }
    Ok(())
}
