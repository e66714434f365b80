//! Field notes and messages.

use super::super::known;
use super::check_text;
use crate::core::afterwards::NewNote;
use crate::core::event::Event;
use crate::core::refusal::{Invalid, Refusal};
use crate::core::state::State;
use crate::limits::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, MEDIA_TYPE_LEN_MAX, MESSAGE_LEN_MAX, MESSAGES_MAX,
    MESSAGES_OF_OFFICER_MAX, NAME_LEN_MAX, NOTE_LEN_MAX, NOTES_OF_OFFICER_MAX,
};
use crate::model::{
    Attachment, Author, Journal, Message, Note, OfficerId, Timestamp, Vacancy, VacancyId,
};

/// Somebody writes a field note about a held assignment.
pub(super) fn note(
    state: &State,
    asked: &NewNote,
    by: Author,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !asked.text.is_empty() || asked.attachments.is_empty() {
        check_text(&asked.text, NOTE_LEN_MAX)?;
    }
    check_attachments(&asked.attachments)?;
    let (id, officer) = (asked.vacancy, asked.officer);
    let row = known(state, id)?;
    row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    not_shelved(row, at)?;
    let notes = state.journal(id).map_or(&[][..], |journal| &journal.notes);
    let of_officer = notes.iter().filter(|note| note.officer == officer);
    below(of_officer.count(), NOTES_OF_OFFICER_MAX)?;
    let note = Box::new(Note {
        officer,
        by,
        at,
        text: asked.text.as_str().into(),
        attachments: asked.attachments.clone(),
    });
    Ok(vec![Event::Noted { vacancy: id, note }])
}

/// An officer who holds the vacancy or was offered it writes to its coordinators, or is written to.
pub(super) fn say(
    state: &State,
    (id, officer): (VacancyId, OfficerId),
    text: &str,
    by: Author,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_text(text, MESSAGE_LEN_MAX)?;
    let row = known(state, id)?;
    if !row.concerns(officer) {
        return Err(Refusal::NotOffered);
    }
    not_shelved(row, at)?;
    let said = state
        .journal(id)
        .map_or(&[][..], |journal| &journal.messages);
    let is_officers = |by: Author| matches!(by, Author::Officer(_));
    let side = said
        .iter()
        .filter(|message| message.officer == officer && is_officers(message.by) == is_officers(by));
    below(side.count(), MESSAGES_OF_OFFICER_MAX / 2)?;
    if row.slot_of(officer).is_none() {
        below(said.len(), MESSAGES_MAX)?;
    }
    let message = Box::new(Message {
        officer,
        by,
        at,
        text: text.into(),
    });
    Ok(vec![Event::Said {
        vacancy: id,
        message,
    }])
}

fn not_shelved(row: &Vacancy, at: Timestamp) -> Result<(), Refusal> {
    let until = Journal::kept_until(row);
    (at < until).then_some(()).ok_or(Refusal::Shelved)
}

fn below(count: usize, max: usize) -> Result<(), Refusal> {
    let limit = max as u32;
    (count < max).then_some(()).ok_or(Refusal::Full { limit })
}

fn check_attachments(attachments: &[Attachment]) -> Result<(), Refusal> {
    let is_sound = |attachment: &Attachment| {
        let Attachment {
            size,
            media_type,
            name,
            ..
        } = attachment;
        let sized = (1..=ATTACHMENT_BYTES_MAX).contains(size);
        let named = (1..=NAME_LEN_MAX).contains(&name.len())
            && !name.contains(|c: char| c.is_control() || c == '/' || c == '\\');
        sized && named && is_media_type(media_type)
    };
    let sound = attachments.len() <= ATTACHMENTS_MAX && attachments.iter().all(is_sound);
    sound
        .then_some(())
        .ok_or(Refusal::Invalid(Invalid::Attachments))
}

/// `type/subtype` (RFC 6838, section 4.2), without parameters.
fn is_media_type(text: &str) -> bool {
    let word = |word: &str| {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !word.is_empty() && word.bytes().all(letter)
    };
    let halves = text.split_once('/');
    text.len() <= MEDIA_TYPE_LEN_MAX && halves.is_some_and(|(kind, sub)| word(kind) && word(sub))
}
