//! What officers and coordinators wrote about a vacancy: notes and messages. Both are only ever
//! added to.

use rkyv::{Archive, Deserialize, Serialize};

use super::{Author, OfficerId, Timestamp, Vacancy};
use crate::limits::JOURNAL_RETENTION_MS;

/// Everything written about one vacancy, until it is shelved: from then on only the log has it.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Journal {
    /// Field notes, in the order of the log.
    pub notes: Vec<Note>,
    /// Messages, in the order of the log.
    pub messages: Vec<Message>,
    /// When it is shelved.
    pub shelved_at: Timestamp,
}

impl Journal {
    /// Until when what is written about `row` is at hand.
    pub fn kept_until(row: &Vacancy) -> Timestamp {
        row.posting.span().end.plus_ms(JOURNAL_RETENTION_MS)
    }
}

/// A field note about one officer's assignment.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Note {
    /// Whose assignment it is about.
    pub officer: OfficerId,
    /// Who wrote it.
    pub by: Author,
    /// When, as the log has it.
    pub at: Timestamp,
    /// What it says; empty only if something is attached.
    pub text: Box<str>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// A file that is kept elsewhere: what is here says which bytes it must have.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attachment {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// How many bytes it has.
    pub size: u64,
    /// Its media type, such as `image/jpeg` (RFC 6838).
    pub media_type: Box<str>,
    /// What it is called.
    pub name: Box<str>,
}

/// A message between an officer and the coordinators of a vacancy.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// The officer who wrote it, or whom a coordinator wrote to.
    pub officer: OfficerId,
    /// Who wrote it.
    pub by: Author,
    /// When, as the log has it.
    pub at: Timestamp,
    /// What it says.
    pub text: Box<str>,
}
