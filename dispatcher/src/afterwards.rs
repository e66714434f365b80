//! What follows an award, between the wire's words and the engine's, and who may read it.

use engine::core::{Actor, Afterwards, Again, Event, Invalid, NewNote, Reduce, Refusal, State};
use engine::model::{
    Attachment, Author, Clothing, Mended, OfficerId, Term, Timestamp, Vacancy, VacancyId,
    VacancyKey,
};
use engine::rules::attendance::{self, Progress, Status};
use protocol::{News, Outcome, Read, Reading, What};

use crate::limits::PAGE_ROWS_MAX;
use crate::members::Who;
use crate::{hear, names, speak};

/// What is asked, with every name resolved, or the answer that says which one is not known.
pub(crate) fn hear(
    state: &State,
    who: Who,
    asked: protocol::Afterwards,
) -> Result<Afterwards, Outcome> {
    use protocol::Afterwards as Wire;
    let vacancy = names::vacancy(state, who, asked.vacancy())?;
    let officer = |badge: &str| names::officer(state, who, badge, vacancy);
    Ok(match asked {
        Wire::Reduce {
            fewer,
            slots,
            reason,
            ..
        } => Afterwards::Reduce(Reduce {
            vacancy,
            fewer,
            slots,
            reason,
        }),
        Wire::NoShow { badge, again, .. } => Afterwards::NoShow {
            vacancy,
            officer: officer(&badge)?,
            again: again.map(|again| Again {
                key: VacancyKey(again.key.0),
                from: Timestamp(again.from_us),
            }),
        },
        Wire::Correct {
            badge,
            mended,
            reason,
            ..
        } => Afterwards::Correct {
            vacancy,
            officer: officer(&badge)?,
            mended: hear_mended(mended),
            reason,
        },
        Wire::Note {
            badge,
            text,
            attachments,
            ..
        } => {
            let attachments: Option<Vec<_>> =
                attachments.into_iter().map(hear_attachment).collect();
            let senseless = Refusal::Invalid(Invalid::Attachments);
            Afterwards::Note(NewNote {
                vacancy,
                officer: officer(&badge)?,
                text,
                attachments: attachments
                    .ok_or_else(|| Outcome::Refused(speak::refused(&senseless.into(), 0)))?,
            })
        }
        Wire::Acknowledge { version, .. } => Afterwards::Acknowledge { vacancy, version },
        Wire::Remind { .. } => Afterwards::Remind { vacancy },
        Wire::Say { badge, text, .. } => Afterwards::Say {
            vacancy,
            officer: officer(&badge)?,
            text,
        },
    })
}

/// What `who` may read of what is asked, as of `at`.
pub(crate) fn read(state: &State, who: Who, asked: Read, at: Timestamp) -> Outcome {
    let Some(by) = who.actor() else {
        return speak::not_allowed();
    };
    let key = match asked {
        Read::Shifts { badge, past, from } => return shifts(state, by, &badge, (past, from), at),
        Read::Attendance { vacancy }
        | Read::Orders { vacancy }
        | Read::Notes { vacancy, .. }
        | Read::Messages { vacancy, .. } => vacancy,
    };
    // Whoever may read nothing of it does not learn whether there is such a vacancy.
    let id = state.vacancy_id(VacancyKey(key.0));
    let found = id.and_then(|id| Some((id, state.vacancy(id)?, state.read(by, id)?)));
    let Some((id, row, readable)) = found else {
        return match by {
            Actor::Operator => unknown("vacancy", &key.to_string()),
            _ => speak::not_allowed(),
        };
    };
    let reading = match asked {
        Read::Attendance { .. } => {
            let may_read = |officer| state.may_read(by, row, officer);
            Reading::Attendance(attendance_of(state, (id, row), may_read, at))
        }
        Read::Notes { from, .. } => {
            let said = |number, row: &_| note(state, number, row);
            let (notes, next) = page(&readable.notes, from, said);
            Reading::Notes { notes, next }
        }
        Read::Messages { from, .. } => {
            let said = |number, row: &_| message(state, number, row);
            let (messages, next) = page(&readable.messages, from, said);
            Reading::Messages { messages, next }
        }
        Read::Orders { .. } | Read::Shifts { .. } => Reading::Orders(orders(state, (id, row))),
    };
    Outcome::Reading(Box::new(reading))
}

/// A page of what has numbers, and the number from which to go on.
fn page<T, S>(all: &[(u32, &T)], from: u32, say: impl Fn(u32, &T) -> S) -> (Vec<S>, Option<u32>) {
    let rest = &all[all.partition_point(|(number, _)| *number < from)..];
    let next = rest.get(PAGE_ROWS_MAX).map(|(number, _)| *number);
    let rows = rest.iter().take(PAGE_ROWS_MAX);
    (rows.map(|(number, row)| say(*number, row)).collect(), next)
}

fn shifts(
    state: &State,
    by: Actor,
    badge: &str,
    (past, from): (bool, u32),
    at: Timestamp,
) -> Outcome {
    let officer = state.roster().officer(badge);
    let may_see = |officer: OfficerId, row: &Vacancy| match by {
        Actor::Officer(own) => own == officer,
        Actor::Coordinator(agency) => row.posting.lead == agency || state.is_home(officer, agency),
        Actor::Operator => true,
        Actor::Clock => false,
    };
    let officer = match (officer, by) {
        (Some(officer), _) => officer,
        (None, Actor::Operator) => return unknown("officer", badge),
        // Nobody else learns whether there is such an officer.
        (None, _) => {
            return reading(Reading::Shifts {
                shifts: Vec::new(),
                next: None,
            });
        }
    };
    let all = state.shifts(officer, at).into_iter();
    let rows = all.filter_map(|(id, status)| Some((state.vacancy(id)?, status)));
    let is_asked = |(row, _): &(&Vacancy, Status)| {
        (row.posting.span().end <= at) == past && may_see(officer, row)
    };
    let mut rows: Vec<_> = rows.filter(is_asked).collect();
    rows.sort_by_key(|(row, _)| row.posting.span().start);
    if past {
        rows.reverse();
    }
    let from = from as usize;
    let until = from.saturating_add(PAGE_ROWS_MAX);
    let shifts = rows.iter().skip(from).take(PAGE_ROWS_MAX);
    let shifts = shifts.map(|(row, status)| protocol::Shift {
        vacancy: speak::key(row),
        lead: speak::agency(state, row.posting.lead),
        programme: speak::programme(state, row),
        segments: speak::segments(state, &row.posting.segments),
        status: shift_status(*status),
    });
    let shifts = shifts.collect();
    let next = (until < rows.len()).then(|| u32::try_from(until).unwrap_or(u32::MAX));
    reading(Reading::Shifts { shifts, next })
}

fn reading(reading: Reading) -> Outcome {
    Outcome::Reading(Box::new(reading))
}

/// What somebody wrote, as the news of it.
pub(crate) fn written(state: &State, event: &Event) -> Option<News> {
    let last = |id, count: fn(&engine::model::Journal) -> usize| {
        let count = state.journal(id).map_or(0, count);
        u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1)
    };
    match event {
        Event::Noted { vacancy, note: row } => {
            let number = last(*vacancy, |journal| journal.notes.len());
            Some(News::Noted {
                vacancy: speak::key(state.vacancy(*vacancy)?),
                note: Box::new(note(state, number, row)),
            })
        }
        Event::Said {
            vacancy,
            message: row,
        } => {
            let number = last(*vacancy, |journal| journal.messages.len());
            Some(News::Said {
                vacancy: speak::key(state.vacancy(*vacancy)?),
                message: Box::new(message(state, number, row)),
            })
        }
        _ => None,
    }
}

/// What clothes and car a vacancy asks for, if it does.
pub(crate) fn attributes(row: &Vacancy) -> Option<News> {
    let clothing = row.terms.iter().find_map(|term| match term {
        Term::Clothing(Clothing::Uniform) => Some(protocol::Clothing::Uniform),
        Term::Clothing(Clothing::Civilian) => Some(protocol::Clothing::Civilian),
        _ => None,
    });
    let marked_car = row.terms.iter().any(|term| *term == Term::MarkedCar);
    let asks = clothing.is_some() || marked_car;
    asks.then(|| {
        News::Attributes(protocol::Attributes {
            vacancy: speak::key(row),
            clothing,
            marked_car,
        })
    })
}

/// The post orders as they are.
pub(crate) fn orders(state: &State, (id, row): (VacancyId, &Vacancy)) -> protocol::Orders {
    protocol::Orders {
        vacancy: speak::key(row),
        version: state.orders_version(id),
        text: row.posting.post_orders.to_string(),
    }
}

/// The post orders, if they were amended and `officer`, who holds a slot, has not read that.
pub(crate) fn unread_orders(state: &State, id: VacancyId, officer: OfficerId) -> Option<News> {
    let row = state.vacancy(id)?;
    let attendance = state.attendance(id)?;
    let version = attendance.orders_version();
    let read = attendance.acknowledged.get(&officer);
    let is_unread = version > 1 && read.is_none_or(|read| read.version < version);
    is_unread.then(|| News::ReadOrders(orders(state, (id, row))))
}

/// Who came to a vacancy, as far as `may_read` allows.
pub(crate) fn attendance_of(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    may_read: impl Fn(OfficerId) -> bool,
    at: Timestamp,
) -> protocol::Attendance {
    let holders = (0..).zip(&row.slots).filter_map(|(number, slot)| {
        let officer = slot.holder.as_ref()?.officer;
        may_read(officer).then(|| attended(state, (id, row), (number, slot.rank), officer, at))
    });
    protocol::Attendance {
        vacancy: speak::key(row),
        progress: progress(attendance::progress(row, at)),
        orders_version: state.orders_version(id),
        holders: holders.collect(),
    }
}

fn attended(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (slot, rank): (u16, engine::model::Rank),
    officer: OfficerId,
    at: Timestamp,
) -> protocol::Attended {
    let (punches, known) = (state.punches(id), state.attendance(id));
    let corrections = known.map_or(&[][..], |known| &known.corrections);
    let spells = attendance::spells(punches, corrections, officer);
    let status = attendance::status(row, (punches, known), officer, at);
    let own = (0..)
        .zip(punches)
        .filter(|(_, punch)| punch.officer == officer);
    let punches = own.map(|(number, punch)| protocol::Punched {
        number,
        direction: speak::direction(punch.direction),
        at_us: punch.at.as_micros(),
        on_site: punch.on_site,
    });
    let own = (0..)
        .zip(corrections)
        .filter(|(_, one)| one.officer == officer);
    let corrections = own.map(|(number, one)| protocol::Corrected {
        number,
        mended: mended(one.mended),
        reason: one.reason.to_string(),
        by: author(state, one.by),
        at_us: one.at.as_micros(),
    });
    let acknowledged = known.and_then(|known| known.acknowledged.get(&officer));
    protocol::Attended {
        badge: speak::badge(state, officer),
        slot,
        rank: speak::rank(rank),
        status: shift_status(status.expect("who is in a slot holds it")),
        worked_us: attendance::worked_us(&spells),
        spells: spells.iter().map(spell).collect(),
        punches: punches.collect(),
        corrections: corrections.collect(),
        acknowledged: acknowledged.map(|acknowledged| acknowledged.version),
    }
}

/// What happened on the board.
pub(crate) fn happening(state: &State, row: &Vacancy, event: &Event) -> Option<What> {
    Some(match event {
        Event::Reduced(reduction) => {
            let removed = &reduction.removed;
            let lost = removed.iter().filter_map(|slot| slot.holder);
            What::Reduced {
                slots: removed.iter().map(|slot| slot.slot).collect(),
                lost: lost.map(|officer| speak::badge(state, officer)).collect(),
                reason: reduction.reason.to_string(),
                slots_open: speak::slots_open(row),
            }
        }
        Event::NoShow {
            slot,
            officer,
            again,
            ..
        } => What::NoShow {
            slot: *slot,
            badge: speak::badge(state, *officer),
            again: again.and_then(|id| state.vacancy(id)).map(speak::key),
        },
        Event::Corrected { correction, .. } => What::Corrected {
            badge: speak::badge(state, correction.officer),
        },
        Event::Acknowledged {
            officer, version, ..
        } => What::Acknowledged {
            badge: speak::badge(state, *officer),
            version: *version,
        },
        _ => return None,
    })
}

/// A field note.
pub fn note(state: &State, number: u32, note: &engine::model::Note) -> protocol::Note {
    protocol::Note {
        number,
        badge: speak::badge(state, note.officer),
        by: author(state, note.by),
        at_us: note.at.as_micros(),
        text: note.text.to_string(),
        attachments: note.attachments.iter().map(attachment).collect(),
    }
}

/// A message.
pub fn message(state: &State, number: u32, message: &engine::model::Message) -> protocol::Message {
    protocol::Message {
        number,
        badge: speak::badge(state, message.officer),
        by: author(state, message.by),
        at_us: message.at.as_micros(),
        text: message.text.to_string(),
    }
}

/// What a correction puts right.
pub fn mended(mended: Mended) -> protocol::Mended {
    match mended {
        Mended::Moved { punch, to } => protocol::Mended::Moved {
            punch,
            to_us: to.as_micros(),
        },
        Mended::Struck { punch } => protocol::Mended::Struck { punch },
        Mended::Missed { direction, to } => protocol::Mended::Missed {
            direction: speak::direction(direction),
            to_us: to.as_micros(),
        },
        Mended::Withdrawn { correction } => protocol::Mended::Withdrawn { correction },
        Mended::Came => protocol::Mended::Came,
    }
}

fn hear_mended(mended: protocol::Mended) -> Mended {
    match mended {
        protocol::Mended::Moved { punch, to_us } => Mended::Moved {
            punch,
            to: Timestamp(to_us),
        },
        protocol::Mended::Struck { punch } => Mended::Struck { punch },
        protocol::Mended::Missed { direction, to_us } => Mended::Missed {
            direction: hear::direction(direction),
            to: Timestamp(to_us),
        },
        protocol::Mended::Withdrawn { correction } => Mended::Withdrawn { correction },
        protocol::Mended::Came => Mended::Came,
    }
}

fn author(state: &State, by: Author) -> protocol::Author {
    match by {
        Author::Officer(officer) => protocol::Author::Officer {
            badge: speak::badge(state, officer),
        },
        Author::Coordinator(agency) => protocol::Author::Coordinator {
            agency: speak::agency(state, agency),
        },
        Author::Operator => protocol::Author::Operator,
    }
}

fn attachment(attachment: &Attachment) -> protocol::Attachment {
    let digits = attachment.sha256.iter().map(|byte| format!("{byte:02x}"));
    protocol::Attachment {
        sha256: digits.collect(),
        size: attachment.size,
        media_type: attachment.media_type.to_string(),
        name: attachment.name.to_string(),
    }
}

fn hear_attachment(attachment: protocol::Attachment) -> Option<Attachment> {
    let digits = attachment.sha256.as_bytes();
    let mut sha256 = [0; 32];
    if digits.len() != 2 * sha256.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in sha256.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(Attachment {
        sha256,
        size: attachment.size,
        media_type: attachment.media_type.into(),
        name: attachment.name.into(),
    })
}

fn spell(spell: &attendance::Spell) -> protocol::Spell {
    protocol::Spell {
        from_us: spell.from.map(Timestamp::as_micros),
        until_us: spell.until.map(Timestamp::as_micros),
    }
}

fn shift_status(status: Status) -> protocol::ShiftStatus {
    match status {
        Status::Scheduled => protocol::ShiftStatus::Scheduled,
        Status::NotSeen => protocol::ShiftStatus::NotSeen,
        Status::OnDuty => protocol::ShiftStatus::OnDuty,
        Status::Done => protocol::ShiftStatus::Done,
        Status::NoShow => protocol::ShiftStatus::NoShow,
        Status::Released => protocol::ShiftStatus::Released,
        Status::Lost => protocol::ShiftStatus::Lost,
    }
}

fn progress(progress: Progress) -> protocol::Progress {
    match progress {
        Progress::Open => protocol::Progress::Open,
        Progress::Filled => protocol::Progress::Filled,
        Progress::UnderWay => protocol::Progress::UnderWay,
        Progress::Over => protocol::Progress::Over,
        Progress::Cancelled => protocol::Progress::Cancelled,
        Progress::Expired => protocol::Progress::Expired,
    }
}

fn unknown(what: &str, name: &str) -> Outcome {
    Outcome::Refused(names::unknown(what, name))
}
