//! What a client says.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{
    Afterwards, Cursor, DenialAsk, Grant, JobSay, JobsAsked, Position, Publication, Rank, Read,
    RequestId, RosterChange, VacancyKey,
};

/// A message from a client to the server.
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
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// Opens the conversation; the first message, and said once.
    Hello(Hello),
    /// Replaces the token before it expires.
    Renew {
        /// A fresh token for the same subject and role.
        token: String,
    },
    /// A request that is answered exactly once under its id.
    Request {
        /// Chosen by the client before sending; a retry repeats it.
        id: RequestId,
        /// What is asked.
        ask: Ask,
    },
    /// Closes the conversation on purpose.
    Goodbye,
    /// Opens the conversation, instead of `Hello`, with a token that is bound to a device.
    HelloBound {
        /// What `Hello` says.
        hello: Hello,
        /// The device's signature over what the connection exports; see
        /// [`DeviceKey::prove`](crate::token::DeviceKey::prove).
        proof: Vec<u8>,
    },
}

/// The opening of a conversation.
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
pub struct Hello {
    /// The protocol version spoken, [`crate::VERSION`].
    pub version: u16,
    /// A PASETO v4.public token; agency and role come from it.
    pub token: String,
    /// The last position this client saw, if it was connected before.
    pub resume: Option<Cursor>,
    /// Name and version of the client's software, for the server's logs.
    pub software: String,
}

/// What a request asks.
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
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// An officer takes a vacancy, as offered in `round`.
    Accept {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The round of the offer that is answered.
        round: u32,
    },
    /// An officer turns a vacancy down.
    Decline {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The round of the offer that is answered.
        round: u32,
    },
    /// An officer gives a slot back.
    Release {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// An officer clocks in or out.
    Punch {
        /// The vacancy.
        vacancy: VacancyKey,
        /// In or out.
        direction: Direction,
        /// Where the officer is; captured at the punch, never tracked.
        position: Option<Position>,
    },
    /// A coordinator publishes a vacancy.
    Publish(NewVacancy),
    /// A coordinator withdraws a vacancy on the customer's behalf.
    Cancel {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Said to everyone who was offered it; at most 200 bytes.
        reason: String,
    },
    /// A coordinator opens the next tier by hand.
    OpenNextTier {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// A coordinator takes an officer back from an assignment.
    Recall {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The officer.
        badge: String,
    },
    /// Changes agencies, officers, sites, pacts: all of them, or none.
    Roster {
        /// The changes, in order.
        changes: Vec<RosterChange>,
    },
    /// Asks for every clause of eligibility and its answer.
    Why {
        /// The officer.
        badge: String,
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// Asks for the board: every vacancy this role may see.
    Board,
    /// A coordinator changes time, place, slots or post orders of a vacancy.
    Amend(Amend),
    /// A coordinator publishes vacancies: all of them, or none.
    PublishAll {
        /// The vacancies, 1 to 4,096.
        vacancies: Vec<Publication>,
    },
    /// Asks what publishing a vacancy would find, without publishing it.
    Preview(Box<Publication>),
    /// The operator puts a district's grant in force, in place of the one it has.
    PutGrant(Grant),
    /// Asks how a district's grant stands.
    Grant {
        /// The district.
        district: String,
    },
    /// What follows an award: fewer slots, attendance, post orders read, notes and messages.
    Afterwards(Box<Afterwards>),
    /// Something to be read about a vacancy or an officer.
    Read(Read),
    /// A coordinator records that the last tier of a vacancy's programme may be asked as well.
    ApproveLastTier {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Who approved it: the chief or the designee; 1 to 200 bytes.
        approved_by: String,
    },
    /// An officer takes back an accept that was an accident.
    Undo {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// An officer waits for a slot of a vacancy that is filled.
    JoinStandby {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// An officer no longer waits.
    LeaveStandby {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// Something is said about a job, before anything is published under it.
    Job {
        /// Code of the job.
        job: String,
        /// What is said.
        say: Box<JobSay>,
    },
    /// Asks how jobs stand.
    Jobs(JobsAsked),
    /// A coordinator gives a vacancy so many slots, of the ranks that the ladder of its lead agency
    /// says.
    Restaff {
        /// The vacancy.
        vacancy: VacancyKey,
        /// How many.
        slots: u16,
    },
    /// The operator says or asks who may not come in.
    Denial(Box<DenialAsk>),
}

/// In or out.
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
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Clock-in.
    In,
    /// Clock-out.
    Out,
}

/// A vacancy as its coordinator publishes it.
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
pub struct NewVacancy {
    /// Chosen by the publisher; publishing the same key twice is refused.
    pub key: VacancyKey,
    /// The agency responsible; an operator may name any, a coordinator only its own.
    pub lead: String,
    /// The programme, which says what certifications and approval are needed.
    pub programme: String,
    /// Where and when, in order of time, not overlapping; accepted as a whole.
    pub segments: Vec<NewSegment>,
    /// The required rank of each slot.
    pub slots: Vec<Rank>,
    /// How long tier k is offered before tier k + 1 opens, in milliseconds; the last entry
    /// repeats. Zero opens the next tier at once; empty means never by time.
    pub windows_ms: Vec<u64>,
    /// Instructions for whoever comes; at most 2,000 bytes.
    pub post_orders: String,
}

/// One place and time of a vacancy.
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
pub struct NewSegment {
    /// Code of the site.
    pub site: String,
    /// When it starts.
    pub start_us: i64,
    /// When it ends (the first instant after).
    pub end_us: i64,
}

/// What is to hold of a vacancy from now on; none means that it stays as it is.
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
pub struct Amend {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// Where and when, in order of time, not overlapping. Holders keep their slots under
    /// reservation until they accept the round that begins.
    pub segments: Option<Vec<NewSegment>>,
    /// The required rank of each slot. Slots are added and taken away at the end, and one that is
    /// held stays as it is.
    pub slots: Option<Vec<Rank>>,
    /// Instructions for whoever comes; at most 2,000 bytes.
    pub post_orders: Option<String>,
    /// How long holders have to say yes to another time or place, in milliseconds: one minute or
    /// more, and never longer than until it starts.
    pub confirm_within_ms: u64,
}
