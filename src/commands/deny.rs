//! `muster deny`: who may not come in, whatever their token says.

use std::io::Write;

use protocol::{Ask, Bearer, Denial, DenialAsk, DenialReason, Outcome};
use serde::Serialize;

use super::print_json;
use crate::cli::{ChangeArgs, DenyWhat};
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::show;
use crate::stop::Stop;

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    said: &'static str,
    who: Bearer,
    /// The log record that holds it.
    sequence: u64,
}

/// Denies somebody, lets somebody come in again, or lists who is denied.
pub(super) fn run(what: &DenyWhat, out: &mut dyn Write) -> Result<(), Stop> {
    match what {
        DenyWhat::Add(args) => {
            let who = args.who.bearer();
            let add = DenialAsk::Add {
                who: who.clone(),
                reason: args.reason.into(),
                until_us: args.until.map(|until| until.as_microsecond()),
            };
            change("denied", who, add, &args.change, out)
        }
        DenyWhat::Remove(args) => {
            let who = args.who.bearer();
            let remove = DenialAsk::Remove { who: who.clone() };
            change("admitted", who, remove, &args.change, out)
        }
        DenyWhat::List(args) => list(args, out),
    }
}

fn change(
    said: &'static str,
    who: Bearer,
    asked: DenialAsk,
    args: &ChangeArgs,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let Outcome::Done { sequence } = ask(&reach, &Ask::Denial(Box::new(asked)))? else {
        return Err(SessionError::Unexpected.into());
    };
    let done = Done {
        said,
        who,
        sequence,
    };
    match args.json {
        true => print_json(out, &done),
        false => Ok(writeln!(out, "{said} {}", named(&done.who))?),
    }
}

fn list(args: &ChangeArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    let mut all: Vec<Denial> = Vec::new();
    loop {
        let from = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let asked = DenialAsk::List { from };
        let Outcome::Denials { denials } = ask(&reach, &Ask::Denial(Box::new(asked)))? else {
            return Err(SessionError::Unexpected.into());
        };
        if denials.is_empty() {
            break;
        }
        all.extend(denials);
    }
    if args.json {
        return print_json(out, &all);
    }
    for denial in &all {
        let until = denial
            .until_us
            .map(|us| format!(" until {}", show::instant(us)));
        writeln!(
            out,
            "{} since {}{}: {}",
            named(&denial.who),
            show::instant(denial.since_us),
            until.unwrap_or_default(),
            why(denial.reason)
        )?;
    }
    Ok(writeln!(out, "denied: {}", all.len())?)
}

/// As it is written on the command line.
fn named(who: &Bearer) -> String {
    match who {
        Bearer::Officer { badge } => format!("officer {badge}"),
        Bearer::Subject { agency, name } => {
            let of = agency.as_ref().map(|code| format!(" --of {code}"));
            format!("subject {name}{}", of.unwrap_or_default())
        }
        Bearer::SigningKey { id } => format!("key {id}"),
        Bearer::Device { key } => format!("device {key}"),
    }
}

fn why(reason: DenialReason) -> &'static str {
    match reason {
        DenialReason::DeviceLost => "device-lost",
        DenialReason::Exposed => "exposed",
        DenialReason::Left => "left",
        DenialReason::Misuse => "misuse",
        DenialReason::Other => "other",
    }
}
