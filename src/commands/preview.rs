//! `muster preview`: who could come, before anything is published.

use std::io::Write;

use protocol::{Ask, Funnel, Outcome};

use super::{post, print_json};
use crate::cli::PreviewArgs;
use crate::reach::Reach;
use crate::session::{SessionError, ask, new_vacancy};
use crate::show::rank;
use crate::stop::Stop;

/// Asks and prints; that nobody is eligible is an answer, not a failure.
pub(super) fn run(args: &PreviewArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let publication =
        post::publication(&args.place, &args.asked, new_vacancy()).map_err(Stop::usage)?;
    let reach = Reach::find(&args.reach)?;
    let tiers = match ask(&reach, &Ask::Preview(Box::new(publication)))? {
        Outcome::Preview { tiers } if args.json => return print_json(out, &tiers),
        staffed @ Outcome::Staffed { .. } if args.json => return print_json(out, &staffed),
        Outcome::Preview { tiers } => tiers,
        Outcome::Staffed {
            tiers,
            slots,
            higher_fills,
        } => {
            let slots: Vec<&str> = slots.iter().map(|asked| rank(*asked)).collect();
            let fills = ["", ", and a higher rank fills a lower slot"][usize::from(higher_fills)];
            writeln!(out, "slots: {}{fills}", slots.join(", "))?;
            tiers
        }
        _ => return Err(SessionError::Unexpected.into()),
    };
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
