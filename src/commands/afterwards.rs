//! What follows an award: `muster reduce`, `attendance`, `notes`, `messages`, `orders`, `shifts`.

use std::io::Write;

use jiff::tz::TimeZone;
use protocol::{Afterwards, Again, Ask, Attachment, Mended, Outcome, Read, Reading, VacancyKey};
use serde::Serialize;

use super::print_json;
use crate::cli::{
    AttendanceWhat, CorrectArgs, MessagesWhat, Moment, NoShowArgs, NotesWhat, OrdersWhat,
    ReachArgs, ReduceArgs, ShiftsArgs, VacancyArgs, Way, WriteArgs,
};
use crate::reach::Reach;
use crate::session::{SessionError, ask, new_vacancy};
use crate::show;
use crate::stop::Stop;

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    vacancy: VacancyKey,
    /// The log record that holds it.
    sequence: u64,
    /// The vacancy published for the rest of the work.
    again: Option<VacancyKey>,
}

/// Takes slots away.
pub(super) fn reduce(args: &ReduceArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let asked = Afterwards::Reduce {
        vacancy: args.vacancy,
        fewer: args.fewer,
        slots: args.slot.clone(),
        reason: args.reason.clone(),
    };
    carry_out(asked, "reduced", (&args.reach, args.json), out)
}

/// Shows, records and corrects attendance.
pub(super) fn attendance(what: &AttendanceWhat, out: &mut dyn Write) -> Result<(), Stop> {
    match what {
        AttendanceWhat::Show(args) => show_attendance(args, out),
        AttendanceWhat::NoShow(args) => {
            let asked = no_show(args, new_vacancy()).map_err(Stop::usage)?;
            carry_out(asked, "no-show recorded for", (&args.reach, args.json), out)
        }
        AttendanceWhat::Correct(args) => {
            let asked = correct(args).map_err(Stop::usage)?;
            carry_out(asked, "corrected", (&args.reach, args.json), out)
        }
    }
}

/// Prints and writes field notes.
pub(super) fn notes(what: &NotesWhat, out: &mut dyn Write) -> Result<(), Stop> {
    let args = match what {
        NotesWhat::List(args) => args,
        NotesWhat::Add(args) => {
            let asked = Afterwards::Note {
                vacancy: args.vacancy,
                badge: args.badge.clone(),
                text: args.text.clone(),
                attachments: attachments(args).map_err(Stop::usage)?,
            };
            return carry_out(asked, "noted", (&args.reach, args.json), out);
        }
    };
    let vacancy = args.vacancy;
    let page = |from| Read::Notes { vacancy, from };
    let all = pages(&args.reach, page, |reading| match reading {
        Reading::Notes { notes, next } => Some((notes, next)),
        _ => None,
    })?;
    print_rows(&all, show::note, args.json, out)
}

/// Prints and writes messages.
pub(super) fn messages(what: &MessagesWhat, out: &mut dyn Write) -> Result<(), Stop> {
    let args = match what {
        MessagesWhat::List(args) => args,
        MessagesWhat::Send(args) if !args.attach.is_empty() => {
            return Err(Stop::usage(
                "--attach: files belong to notes; see `muster notes add`".to_owned(),
            ));
        }
        MessagesWhat::Send(args) => {
            let asked = Afterwards::Say {
                vacancy: args.vacancy,
                badge: args.badge.clone(),
                text: args.text.clone(),
            };
            return carry_out(asked, "said about", (&args.reach, args.json), out);
        }
    };
    let vacancy = args.vacancy;
    let page = |from| Read::Messages { vacancy, from };
    let all = pages(&args.reach, page, |reading| match reading {
        Reading::Messages { messages, next } => Some((messages, next)),
        _ => None,
    })?;
    print_rows(&all, show::message, args.json, out)
}

/// Prints, acknowledges and reminds of post orders.
pub(super) fn orders(what: &OrdersWhat, out: &mut dyn Write) -> Result<(), Stop> {
    match what {
        OrdersWhat::Show(args) => {
            let vacancy = args.vacancy;
            let Reading::Orders(orders) = read(&args.reach, Read::Orders { vacancy })? else {
                return Err(SessionError::Unexpected.into());
            };
            match args.json {
                true => print_json(out, &orders),
                false => Ok(writeln!(out, "{}", show::orders(&orders))?),
            }
        }
        OrdersWhat::Ack {
            vacancy: args,
            version,
        } => {
            let (vacancy, version) = (args.vacancy, *version);
            let asked = Afterwards::Acknowledge { vacancy, version };
            carry_out(asked, "acknowledged", (&args.reach, args.json), out)
        }
        OrdersWhat::Remind(args) => {
            let vacancy = args.vacancy;
            let asked = Afterwards::Remind { vacancy };
            carry_out(asked, "reminded", (&args.reach, args.json), out)
        }
    }
}

/// Lists an officer's shifts.
pub(super) fn shifts(args: &ShiftsArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let page = |from| Read::Shifts {
        badge: args.badge.clone(),
        past: args.past,
        from,
    };
    let all = pages(&args.reach, page, |reading| match reading {
        Reading::Shifts { shifts, next } => Some((shifts, next)),
        _ => None,
    })?;
    print_rows(&all, show::shift, args.json, out)
}

fn show_attendance(args: &VacancyArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let vacancy = args.vacancy;
    let Reading::Attendance(sheet) = read(&args.reach, Read::Attendance { vacancy })? else {
        return Err(SessionError::Unexpected.into());
    };
    if args.json {
        return print_json(out, &sheet);
    }
    writeln!(out, "{vacancy}  {}", show::progress(sheet.progress))?;
    for holder in &sheet.holders {
        for line in show::attended(holder, sheet.orders_version) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn no_show(args: &NoShowArgs, key: VacancyKey) -> Result<Afterwards, String> {
    let from_us = match &args.again_from {
        Some(from) => Some(moment(*from, &args.zone, "--again-from")?),
        None => None,
    };
    Ok(Afterwards::NoShow {
        vacancy: args.vacancy,
        badge: args.badge.clone(),
        again: from_us.map(|from_us| Again { key, from_us }),
    })
}

fn correct(args: &CorrectArgs) -> Result<Afterwards, String> {
    let to_us = match &args.to {
        Some(to) => Some(moment(*to, &args.zone, "--to")?),
        None => None,
    };
    let direction = args.missed.map(Way::direction);
    let mended = match (args.punch, direction, to_us, args.strike, args.withdraw) {
        (Some(punch), _, Some(to_us), _, _) => Mended::Moved { punch, to_us },
        (_, Some(direction), Some(to_us), _, _) => Mended::Missed { direction, to_us },
        (.., Some(_), Some(_)) | (_, _, Some(_), _, _) => {
            return Err("--to: belongs to --punch or --missed".to_owned());
        }
        (.., Some(punch), None) => Mended::Struck { punch },
        (.., None, Some(correction)) => Mended::Withdrawn { correction },
        _ if args.came => Mended::Came,
        _ => {
            return Err(
                "nothing to correct: say --punch, --strike, --missed, --withdraw or --came"
                    .to_owned(),
            );
        }
    };
    Ok(Afterwards::Correct {
        vacancy: args.vacancy,
        badge: args.badge.clone(),
        mended,
        reason: args.reason.clone(),
    })
}

/// Microseconds since the epoch of what a flag says.
fn moment(said: Moment, zone: &str, flag: &str) -> Result<i64, String> {
    let zone = TimeZone::get(zone)
        .map_err(|_| format!("--zone: `{zone}` is no IANA time zone such as America/Phoenix"))?;
    let at = said.resolve(&zone, None);
    at.map(|at| at.as_microsecond())
        .map_err(|why| format!("{flag}: {why}"))
}

fn attachments(args: &WriteArgs) -> Result<Vec<Attachment>, String> {
    let read = |said: &String| {
        let mut parts = said.splitn(4, ':');
        let mut part = || parts.next().map(str::to_owned);
        let (sha256, size, media_type, name) = (part()?, part()?, part()?, part()?);
        Some(Attachment {
            sha256,
            size: size.parse().ok()?,
            media_type,
            name,
        })
    };
    let read = |said| {
        let expected = "--attach: expected SHA256:BYTES:TYPE/SUBTYPE:NAME";
        read(said).ok_or_else(|| expected.to_owned())
    };
    args.attach.iter().map(read).collect()
}

/// Asks for something to be done, and says that it was.
fn carry_out(
    asked: Afterwards,
    done: &str,
    (reach, json): (&ReachArgs, bool),
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let vacancy = asked.vacancy();
    let again = match &asked {
        Afterwards::NoShow { again, .. } => again.map(|again| again.key),
        _ => None,
    };
    let reach = Reach::find(reach)?;
    let Outcome::Done { sequence } = ask(&reach, &Ask::Afterwards(Box::new(asked)))? else {
        return Err(SessionError::Unexpected.into());
    };
    if json {
        let done = Done {
            vacancy,
            sequence,
            again,
        };
        return print_json(out, &done);
    }
    writeln!(out, "{done} {vacancy} (record {sequence})")?;
    match again {
        Some(again) => Ok(writeln!(out, "{again}")?),
        None => Ok(()),
    }
}

fn read(reach: &ReachArgs, asked: Read) -> Result<Reading, Stop> {
    let reach = Reach::find(reach)?;
    match ask(&reach, &Ask::Read(asked))? {
        Outcome::Reading(reading) => Ok(*reading),
        _ => Err(SessionError::Unexpected.into()),
    }
}

/// Every row of what is read a page at a time.
fn pages<T>(
    reach: &ReachArgs,
    page: impl Fn(u32) -> Read,
    rows: impl Fn(Reading) -> Option<(Vec<T>, Option<u32>)>,
) -> Result<Vec<T>, Stop> {
    let (mut all, mut from) = (Vec::new(), 0);
    loop {
        let (some, next) = rows(read(reach, page(from))?).ok_or(SessionError::Unexpected)?;
        all.extend(some);
        match next {
            // A server that stays where it is would be asked for ever.
            Some(next) if next > from => from = next,
            _ => return Ok(all),
        }
    }
}

fn print_rows<T: Serialize>(
    rows: &[T],
    say: impl Fn(&T) -> String,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    if json {
        return print_json(out, &rows);
    }
    for row in rows {
        writeln!(out, "{}", say(row))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use protocol::Direction;

    use super::*;
    use crate::cli::{Cli, Command};

    const KEY: VacancyKey = VacancyKey(1);

    fn corrected(words: &str) -> Result<Mended, String> {
        let line = format!("muster attendance correct {KEY} TUC-0412 --reason x {words}");
        let cli = Cli::try_parse_from(line.split_whitespace()).map_err(|why| why.to_string())?;
        let Command::Attendance(command) = cli.command else {
            panic!("not about attendance")
        };
        let AttendanceWhat::Correct(args) = command.what else {
            panic!("not a correction")
        };
        match correct(&args)? {
            Afterwards::Correct { mended, .. } => Ok(mended),
            other => panic!("not a correction: {other:?}"),
        }
    }

    #[test]
    fn flags_become_a_correction() {
        let to_us = 1_795_442_400_000_000;
        let seven = "--to 2026-11-23T07:00";
        let table = [
            (
                format!("--punch 3 {seven}"),
                Mended::Moved { punch: 3, to_us },
            ),
            (
                format!("--missed out {seven}"),
                Mended::Missed {
                    direction: Direction::Out,
                    to_us,
                },
            ),
            ("--strike 0".to_owned(), Mended::Struck { punch: 0 }),
            (
                "--withdraw 2".to_owned(),
                Mended::Withdrawn { correction: 2 },
            ),
            ("--came".to_owned(), Mended::Came),
        ];
        for (words, expected) in table {
            assert_eq!(corrected(&words), Ok(expected), "{words}");
        }
    }

    #[test]
    fn a_correction_that_says_nothing_or_two_things_is_a_usage_error() {
        for words in [
            "",
            "--to 2026-11-23T07:00",
            "--punch 3",
            "--missed out",
            "--came --strike 0",
            "--came --to 2026-11-23T07:00",
            "--strike 0 --to 2026-11-23T07:00",
        ] {
            assert!(corrected(words).is_err(), "{words}");
        }
    }

    #[test]
    fn a_file_is_named_by_hash_size_type_and_name() {
        let line = |file: &str| format!("muster notes add {KEY} TUC-0412 --attach {file}");
        let read = |file: &str| {
            let cli = Cli::try_parse_from(line(file).split_whitespace()).expect("a command");
            let Command::Notes(command) = cli.command else {
                panic!("not about notes")
            };
            let NotesWhat::Add(args) = command.what else {
                panic!("not a new note")
            };
            attachments(&args)
        };
        let expected = Attachment {
            sha256: "ab".to_owned(),
            size: 12,
            media_type: "image/jpeg".to_owned(),
            name: "a:b.jpg".to_owned(),
        };
        assert_eq!(read("ab:12:image/jpeg:a:b.jpg"), Ok(vec![expected]));
        assert!(read("ab:many:image/jpeg:a.jpg").is_err());
        assert!(read("ab:12:image/jpeg").is_err());
    }
}
