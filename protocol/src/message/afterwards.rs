//! What is said about a vacancy once slots of it were awarded: fewer slots, who came, what was read
//! and what was written.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Direction, VacancyKey};

/// Something that is asked about a vacancy afterwards.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Afterwards {
    /// A coordinator takes slots away, because the customer needs fewer.
    Reduce {
        /// The vacancy.
        vacancy: VacancyKey,
        /// How many ordinary slots go: open ones first, then the newest.
        fewer: u16,
        /// Slots that go by name, from 0; the only way for a supervisor's to go.
        slots: Vec<u16>,
        /// Why; 1 to 200 bytes.
        reason: String,
    },
    /// A coordinator records that a holder did not come to work that has started.
    NoShow {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The holder.
        badge: String,
        /// What is published for the rest of the work; none leaves it.
        again: Option<Again>,
    },
    /// A coordinator corrects the attendance of a holder.
    Correct {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The holder.
        badge: String,
        /// What holds instead.
        mended: Mended,
        /// Why; 1 to 200 bytes.
        reason: String,
    },
    /// An officer or a coordinator writes a field note about an assignment.
    Note {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Whose assignment it is about; an officer writes about their own.
        badge: String,
        /// What it says, at most 2,000 bytes; empty only if something is attached.
        text: String,
        /// What is attached, at most 8 files.
        attachments: Vec<Attachment>,
    },
    /// An officer has read the post orders.
    Acknowledge {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The version that was read.
        version: u32,
    },
    /// A coordinator reminds the holders who have not acknowledged the post orders.
    Remind {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// An officer writes to the coordinators of a vacancy, or one of them to the officer.
    Say {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The officer, who writes or is written to.
        badge: String,
        /// What is said, 1 to 1,000 bytes.
        text: String,
    },
}

/// The rest of work that somebody did not come to, as a vacancy of its own.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(rename_all = "kebab-case")]
pub struct Again {
    /// Its key, chosen by the publisher.
    pub key: VacancyKey,
    /// When it starts: later than now, and before the work ends.
    pub from_us: i64,
}

/// What a correction puts right. Punches and corrections of a vacancy are each counted from 0.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(tag = "mended", rename_all = "kebab-case")]
pub enum Mended {
    /// A punch was made at another time.
    Moved {
        /// The punch.
        punch: u32,
        /// When it was made.
        to_us: i64,
    },
    /// A punch does not count.
    Struck {
        /// The punch.
        punch: u32,
    },
    /// A punch is missing.
    Missed {
        /// In or out.
        direction: Direction,
        /// When it should have been made.
        to_us: i64,
    },
    /// An earlier correction does not count.
    Withdrawn {
        /// The correction.
        correction: u32,
    },
    /// Who was recorded as a no-show came after all.
    Came,
}

/// A file that is kept elsewhere.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Attachment {
    /// SHA-256 of its bytes, as 64 hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
    /// What it is called.
    pub name: String,
}

/// Who wrote something down.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
#[serde(tag = "role", rename_all = "kebab-case")]
pub enum Author {
    /// An officer.
    Officer {
        /// The officer.
        badge: String,
    },
    /// A coordinator.
    Coordinator {
        /// The agency.
        agency: String,
    },
    /// Whoever runs the installation.
    Operator,
}

/// A field note.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Note {
    /// Counts the notes of a vacancy from 0.
    pub number: u32,
    /// Whose assignment it is about.
    pub badge: String,
    /// Who wrote it.
    pub by: Author,
    /// When, as the log has it.
    pub at_us: i64,
    /// What it says.
    pub text: String,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// A message between an officer and the coordinators of a vacancy.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Message {
    /// Counts the messages of a vacancy from 0.
    pub number: u32,
    /// The officer who wrote it, or whom a coordinator wrote to.
    pub badge: String,
    /// Who wrote it.
    pub by: Author,
    /// When, as the log has it.
    pub at_us: i64,
    /// What it says.
    pub text: String,
}

/// The post orders of a vacancy.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Orders {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// Counts amendments, from 1; said back when acknowledging.
    pub version: u32,
    /// What they say.
    pub text: String,
}

/// What clothes and car a job asks for.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(rename_all = "kebab-case")]
pub struct Attributes {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// What is worn, if it matters.
    pub clothing: Option<Clothing>,
    /// Whether the officer comes in a marked patrol car.
    pub marked_car: bool,
}

/// What an officer wears at work.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
)]
#[serde(rename_all = "kebab-case")]
pub enum Clothing {
    /// The uniform of the home agency.
    Uniform,
    /// Civilian clothes.
    Civilian,
}

impl Afterwards {
    /// The vacancy that this is about.
    pub fn vacancy(&self) -> VacancyKey {
        match self {
            Afterwards::Reduce { vacancy, .. }
            | Afterwards::NoShow { vacancy, .. }
            | Afterwards::Correct { vacancy, .. }
            | Afterwards::Note { vacancy, .. }
            | Afterwards::Acknowledge { vacancy, .. }
            | Afterwards::Remind { vacancy }
            | Afterwards::Say { vacancy, .. } => *vacancy,
        }
    }

    /// The officer that this names, if it names one.
    pub fn badge(&self) -> Option<&str> {
        match self {
            Afterwards::NoShow { badge, .. }
            | Afterwards::Correct { badge, .. }
            | Afterwards::Note { badge, .. }
            | Afterwards::Say { badge, .. } => Some(badge),
            Afterwards::Reduce { .. }
            | Afterwards::Acknowledge { .. }
            | Afterwards::Remind { .. } => None,
        }
    }
}
