//! How what follows an award looks on the terminal.

use protocol::{
    Attachment, Attended, Author, Direction, Mended, Message, Note, Orders, Progress, Punched,
    Shift, ShiftStatus, Spell, What,
};

use super::{badges, instant, rank, segment};

/// A field note on one line; an attachment is named by its hash.
pub fn note(note: &Note) -> String {
    let Note {
        number,
        badge,
        by,
        at_us,
        text,
        attachments,
    } = note;
    let attached: Vec<String> = attachments.iter().map(attachment).collect();
    let (at, by) = (instant(*at_us), author(by));
    format!(
        "{number:>3}  {at}  {badge} by {by}: {text:?}{}",
        attached.concat()
    )
}

/// A message on one line.
pub fn message(message: &Message) -> String {
    let Message {
        number,
        badge,
        by,
        at_us,
        text,
    } = message;
    let (at, by) = (instant(*at_us), author(by));
    format!("{number:>3}  {at}  {badge} by {by}: {text:?}")
}

/// The post orders with their version.
pub fn orders(orders: &Orders) -> String {
    format!(
        "version {} of {}:\n{}",
        orders.version, orders.vacancy, orders.text
    )
}

/// Who wrote something.
pub fn author(by: &Author) -> String {
    match by {
        Author::Officer { badge } => format!("officer {badge}"),
        Author::Coordinator { agency } => format!("coordinator {agency}"),
        Author::Operator => "operator".to_owned(),
    }
}

/// What a correction puts right.
pub fn mended(mended: &Mended) -> String {
    match mended {
        Mended::Moved { punch, to_us } => format!("punch {punch} at {}", instant(*to_us)),
        Mended::Struck { punch } => format!("punch {punch} does not count"),
        Mended::Missed { direction, to_us } => {
            format!("clocked {} at {}", way(*direction), instant(*to_us))
        }
        Mended::Withdrawn { correction } => format!("correction {correction} does not count"),
        Mended::Came => "came after all".to_owned(),
    }
}

/// A holder's attendance: a line, and one below for each spell, punch and correction. What asks for
/// a coordinator's eye stands in capitals.
pub fn attended(attended: &Attended, orders_version: u32) -> Vec<String> {
    let minutes = attended.worked_us / 60_000_000;
    let read = match attended.acknowledged {
        Some(version) if version == orders_version => format!("orders read (version {version})"),
        Some(version) => format!("orders of version {version} read, NOT {orders_version}"),
        None => "orders NOT read".to_owned(),
    };
    let mut lines = vec![format!(
        "slot {} {:<9} {:<12} {:<10} {}:{:02} h, {read}",
        attended.slot,
        rank(attended.rank),
        attended.badge,
        shift_status(attended.status),
        minutes / 60,
        minutes % 60,
    )];
    lines.extend(attended.spells.iter().map(spell));
    lines.extend(attended.punches.iter().map(punched));
    lines.extend(attended.corrections.iter().map(|one| {
        let (by, at) = (author(&one.by), instant(one.at_us));
        let mended = mended(&one.mended);
        format!(
            "    correction {}: {mended}, {:?}, by {by} {at}",
            one.number, one.reason
        )
    }));
    lines
}

/// A shift on one line.
pub fn shift(shift: &Shift) -> String {
    let first = shift.segments.first().map(segment).unwrap_or_default();
    let more = match shift.segments.len() {
        0 | 1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let status = shift_status(shift.status);
    format!(
        "{}  {status:<10} {:<16} {first}{more}",
        shift.vacancy, shift.lead
    )
}

/// How a job stands.
pub fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Open => "open",
        Progress::Filled => "filled",
        Progress::UnderWay => "under way",
        Progress::Over => "over",
        Progress::Cancelled => "cancelled",
        Progress::Expired => "expired",
    }
}

/// Something of what follows an award that happened on the board.
pub(super) fn what(what: &What) -> String {
    match what {
        What::Reduced {
            slots,
            lost,
            reason,
            slots_open,
        } => {
            let slots: Vec<String> = slots.iter().map(u16::to_string).collect();
            let (slots, lost) = (slots.join(","), badges(lost));
            format!("reduced slots={slots} lost={lost} open={slots_open} {reason:?}")
        }
        What::NoShow { slot, badge, again } => match again {
            Some(again) => format!("no-show slot={slot} {badge} again={again}"),
            None => format!("no-show slot={slot} {badge}"),
        },
        What::Corrected { badge } => format!("corrected {badge}"),
        What::Acknowledged { badge, version } => format!("acknowledged {badge} version={version}"),
        other => unreachable!("only what follows an award is said here: {other:?}"),
    }
}

fn shift_status(status: ShiftStatus) -> &'static str {
    match status {
        ShiftStatus::Scheduled => "scheduled",
        ShiftStatus::NotSeen => "NOT-SEEN",
        ShiftStatus::OnDuty => "on-duty",
        ShiftStatus::Done => "done",
        ShiftStatus::NoShow => "NO-SHOW",
        ShiftStatus::Released => "released",
        ShiftStatus::Lost => "lost",
    }
}

fn spell(spell: &Spell) -> String {
    let end = |at: Option<i64>| at.map_or_else(|| "MISSING".to_owned(), instant);
    format!("    {} – {}", end(spell.from_us), end(spell.until_us))
}

fn punched(punch: &Punched) -> String {
    let place = match punch.on_site {
        Some(true) => "on site",
        Some(false) => "OFF SITE",
        None => "no position",
    };
    let (way, at) = (way(punch.direction), instant(punch.at_us));
    format!("    punch {}: {way} {at}, {place}", punch.number)
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

fn attachment(attachment: &Attachment) -> String {
    let Attachment {
        sha256,
        size,
        media_type,
        name,
    } = attachment;
    format!(" + {name:?} ({media_type}, {size} bytes, sha256 {sha256})")
}
