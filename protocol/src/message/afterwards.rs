//! What is said about a vacancy once slots of it were awarded: fewer slots, who came, what was read
//! and what was written.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Direction, Rank, Segment, VacancyKey};

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

/// Something to be read about a vacancy or an officer.
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
pub enum Read {
    /// Who came to a vacancy, and when; an officer sees their own row.
    Attendance {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// The post orders with their version.
    Orders {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// Field notes, a page at a time.
    Notes {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The number of the first; 0 begins.
        from: u32,
    },
    /// Messages, a page at a time.
    Messages {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The number of the first; 0 begins.
        from: u32,
    },
    /// The shifts of an officer, a page at a time.
    Shifts {
        /// The officer.
        badge: String,
        /// Those that are over, the latest first; otherwise those ahead and under way, the soonest
        /// first.
        past: bool,
        /// How many to pass over; 0 begins.
        from: u32,
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

/// Who came to a vacancy, and when.
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
pub struct Attendance {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// How the job stands.
    pub progress: Progress,
    /// The version of the post orders.
    pub orders_version: u32,
    /// Each holder that the asker may see, in order of the slots.
    pub holders: Vec<Attended>,
}

/// One holder's attendance.
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
pub struct Attended {
    /// The officer.
    pub badge: String,
    /// The slot, from 0.
    pub slot: u16,
    /// The rank that the slot asks for.
    pub rank: Rank,
    /// How the officer stands to the job.
    pub status: ShiftStatus,
    /// What the officer and the corrections say together.
    pub spells: Vec<Spell>,
    /// Whole spells together, in microseconds.
    pub worked_us: i64,
    /// Every punch as it was made.
    pub punches: Vec<Punched>,
    /// Every correction.
    pub corrections: Vec<Corrected>,
    /// The last version of the post orders that was acknowledged.
    pub acknowledged: Option<u32>,
}

/// A time of presence; one end without the other waits for a correction.
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
pub struct Spell {
    /// The clock-in.
    pub from_us: Option<i64>,
    /// The clock-out.
    pub until_us: Option<i64>,
}

/// A punch as it was made.
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
pub struct Punched {
    /// Counts the punches of the vacancy from 0; a correction names it.
    pub number: u32,
    /// In or out.
    pub direction: Direction,
    /// When, as the log has it.
    pub at_us: i64,
    /// Whether it was made inside the geofence; none if no position came with it.
    pub on_site: Option<bool>,
}

/// A correction.
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
pub struct Corrected {
    /// Counts the corrections of the vacancy from 0.
    pub number: u32,
    /// What holds instead.
    pub mended: Mended,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: Author,
    /// When, as the log has it.
    pub at_us: i64,
}

/// How a job stands.
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
pub enum Progress {
    /// Slots are open.
    Open,
    /// Every slot has its officer.
    Filled,
    /// It has started.
    UnderWay,
    /// It has ended.
    Over,
    /// It was cancelled.
    Cancelled,
    /// It started with every slot open.
    Expired,
}

/// How an officer stands to a vacancy that they hold or held.
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
pub enum ShiftStatus {
    /// It is ahead, or has a segment that is.
    Scheduled,
    /// It has started, and no clock-in says that the officer came.
    NotSeen,
    /// The officer is clocked in.
    OnDuty,
    /// The officer came and clocked out.
    Done,
    /// A coordinator recorded that the officer did not come.
    NoShow,
    /// The officer gave the slot back or was taken back.
    Released,
    /// The slot was taken away by a reduction or an amendment.
    Lost,
}

/// A shift of an officer.
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
pub struct Shift {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// The responsible agency.
    pub lead: String,
    /// The programme.
    pub programme: String,
    /// Where and when.
    pub segments: Vec<Segment>,
    /// How the officer stands to it.
    pub status: ShiftStatus,
}

/// What was asked to be read.
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
pub enum Reading {
    /// Who came.
    Attendance(Attendance),
    /// The post orders.
    Orders(Orders),
    /// Field notes.
    Notes {
        /// A page of them.
        notes: Vec<Note>,
        /// The number from which to go on; none at the end.
        next: Option<u32>,
    },
    /// Messages.
    Messages {
        /// A page of them.
        messages: Vec<Message>,
        /// The number from which to go on; none at the end.
        next: Option<u32>,
    },
    /// Shifts.
    Shifts {
        /// A page of them.
        shifts: Vec<Shift>,
        /// How many to pass over to go on; none at the end.
        next: Option<u32>,
    },
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
