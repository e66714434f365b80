//! What may be read about a vacancy or an officer once slots were awarded: attendance, post orders,
//! notes, messages, shifts.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Author, Direction, Mended, Message, Note, Orders, Rank, Segment, VacancyKey};

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
