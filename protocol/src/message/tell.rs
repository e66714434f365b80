//! What the server says.

mod refusal;

use rkyv::{Archive, Deserialize, Serialize};

use crate::{
    Attendance, Attributes, BoardRow, Cursor, Denial, Funnel, GrantStanding, Happening,
    JobStanding, Message, Missed, Note, Orders, Rank, Reading, RequestId, Role, VacancyKey,
    WaitEnd, Waited,
};

pub use refusal::{Clause, RefusalCode, Refused};

/// A message from the server to a client.
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
pub enum ServerMessage {
    /// Answers `Hello`: the session stands, and what follows is a state sync or a resumption.
    Welcome(Welcome),
    /// Something durable that concerns this session, in order of its cursor.
    Push(Push),
    /// Ends the state sync or the missed pushes: from here on pushes are news.
    Synced {
        /// The position that has been reached.
        cursor: Cursor,
    },
    /// The answer to a request.
    Answer {
        /// The request.
        id: RequestId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The server ends the conversation.
    GoAway {
        /// Why.
        because: GoAway,
        /// When to come back, in milliseconds; clients add their own jitter.
        reconnect_after_ms: u32,
    },
}

/// The session's opening.
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
pub struct Welcome {
    /// Opaque number of the session, for logs on both sides; below 2⁵³, which browsers read
    /// exactly.
    pub session: u64,
    /// Who the token says this is: a badge, or a coordinator's name.
    pub subject: String,
    /// The agency the token says.
    pub agency: Option<String>,
    /// The role the token says.
    pub role: Role,
    /// True: only pushes after the client's cursor follow. False: a whole state sync follows,
    /// and what it does not mention no longer stands.
    pub resumed: bool,
    /// The server's clock, microseconds since the epoch.
    pub server_time_us: i64,
    /// When the token expires and the session with it, unless renewed.
    pub token_expires_us: i64,
}

/// Something durable that concerns this session.
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
pub struct Push {
    /// Where it stands in the history.
    pub cursor: Cursor,
    /// What it is.
    pub news: News,
}

/// What a push says.
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
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum News {
    /// A vacancy is open to this officer; a later round replaces an earlier one.
    Offered(Offer),
    /// An offer no longer stands.
    Withdrawn {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Why.
        because: Withdrawal,
    },
    /// This officer holds a slot.
    Assigned(Assignment),
    /// This officer no longer holds the slot.
    Unassigned {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Why.
        because: Unassignment,
    },
    /// A held assignment needs the coordinator's eye: something it rests on ends too early.
    Flagged {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The officer.
        badge: String,
        /// The clause that no longer holds, such as `certified:ade-sso`.
        clause: String,
    },
    /// What happened on the board, for coordinators and operators.
    Happened(Happening),
    /// A vacancy that this officer holds or was offered has changed, and must be read again.
    Amended(Amended),
    /// This officer holds a slot, and has to read the post orders and acknowledge them.
    ReadOrders(Orders),
    /// This officer's attendance is recorded otherwise than by a punch of theirs.
    Attendance(Box<Attendance>),
    /// A field note was written.
    Noted {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The note.
        note: Box<Note>,
    },
    /// A message was written.
    Said {
        /// The vacancy.
        vacancy: VacancyKey,
        /// The message.
        message: Box<Message>,
    },
    /// What clothes and car the vacancy asks for that is offered next.
    Attributes(Attributes),
    /// Slots were given to others: this officer's bid got none.
    Missed(Missed),
    /// A slot is kept for this officer, who is on the standby list and must accept it.
    Kept {
        /// The vacancy.
        vacancy: VacancyKey,
        /// Said back when answering.
        round: u32,
        /// Until when it is kept, microseconds since the epoch.
        until_us: i64,
    },
    /// This officer said no, or nothing in time, and is no longer on the standby list.
    Passed {
        /// The vacancy.
        vacancy: VacancyKey,
    },
    /// Offers no longer stand for this officer, who holds work at the same time. They are offered
    /// again if that time is free again.
    Overlapped {
        /// What the officer holds.
        with: VacancyKey,
        /// What was offered.
        vacancies: Vec<VacancyKey>,
    },
    /// This officer waits for the vacancy no longer, because of what happened to it.
    WaitEnded {
        /// The vacancy.
        vacancy: VacancyKey,
        /// For what the officer waited.
        waited: Waited,
        /// Why that is over.
        because: WaitEnd,
    },
}

/// A vacancy as an officer sees it.
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
pub struct Offer {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// Counts re-offers; said back when answering.
    pub round: u32,
    /// The tier through which this officer sees it.
    pub tier: u8,
    /// The responsible agency.
    pub lead: String,
    /// The programme.
    pub programme: String,
    /// Where and when; accepted as a whole.
    pub segments: Vec<Segment>,
    /// Required rank of each slot.
    pub slots: Vec<Rank>,
    /// Slots open when this was said.
    pub slots_open: u16,
    /// When it was published or re-offered, as the log has it, microseconds since the epoch.
    pub offered_at_us: i64,
}

/// One place and time.
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
pub struct Segment {
    /// Code of the site.
    pub site: String,
    /// Name of the site.
    pub name: String,
    /// IANA time zone of the site.
    pub zone: String,
    /// When it starts.
    pub start_us: i64,
    /// When it ends (the first instant after).
    pub end_us: i64,
}

/// A vacancy as it is after an amendment.
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
pub struct Amended {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// Said back when answering.
    pub round: u32,
    /// Where and when.
    pub segments: Vec<Segment>,
    /// Required rank of each slot.
    pub slots: Vec<Rank>,
    /// Instructions.
    pub post_orders: String,
    /// The officer holds a slot, and loses it unless this round is accepted before then,
    /// microseconds since the epoch; none if nothing has to be answered.
    pub confirm_by_us: Option<i64>,
}

/// Why an offer no longer stands.
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
pub enum Withdrawal {
    /// Every slot has its officer.
    Filled,
    /// The customer no longer needs it.
    Cancelled,
    /// Its start has passed.
    Expired,
    /// It was changed, and is no longer for this officer.
    Amended,
}

/// Why an officer no longer holds a slot.
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
pub enum Unassignment {
    /// The officer gave it back.
    Released,
    /// The agency took the officer back.
    Recalled,
    /// The customer no longer needs it.
    Cancelled,
    /// It has another time or place, at which the officer cannot come.
    Amended,
    /// It has another time or place, which the officer did not accept in time.
    Unconfirmed,
    /// The customer needs fewer officers.
    Reduced,
    /// The officer took the accept back as an accident.
    Undone,
}

/// An officer's slot.
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
pub struct Assignment {
    /// The receipt given when it was won.
    pub receipt: Receipt,
    /// Where and when.
    pub segments: Vec<Segment>,
    /// Instructions.
    pub post_orders: String,
}

/// Proof of an award: it is in the log under this sequence.
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
pub struct Receipt {
    /// The vacancy.
    pub vacancy: VacancyKey,
    /// The slot won, from 0.
    pub slot: u16,
    /// Place in the line of accepts, from 1.
    pub place: u32,
    /// The log record that holds the award.
    pub sequence: u64,
    /// The agreement that protects the officer on this assignment.
    pub cover: String,
    /// When it was awarded, microseconds since the epoch.
    pub awarded_at_us: i64,
}

/// What became of a request.
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
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The slot is yours, and no crash can take it back.
    Won(Receipt),
    /// Somebody else has it, or it may not be yours: nothing was given.
    Lost(Refused),
    /// Done and durable.
    Done {
        /// The log record that holds it.
        sequence: u64,
    },
    /// Not done, for a reason that asking again will not change.
    Refused(Refused),
    /// Not begun now: more is asked than is kept up with. What was asked under this id before, on
    /// another connection, may have been done. Ask again with the same id.
    Busy {
        /// When to ask again, in milliseconds.
        retry_after_ms: u32,
    },
    /// Nobody can say whether it was done. Ask again with the same id.
    Unavailable,
    /// The clauses of eligibility.
    Explained {
        /// Whether all of them hold.
        eligible: bool,
        /// Each clause with its answer.
        clauses: Vec<Clause>,
    },
    /// The board.
    Board {
        /// Vacancies, the soonest start first.
        rows: Vec<BoardRow>,
    },
    /// What publishing would find.
    Preview {
        /// Every tier that has an agency, from tier 0.
        tiers: Vec<Funnel>,
    },
    /// How a district's grant stands.
    Grant(Box<GrantStanding>),
    /// What was asked to be read.
    Reading(Box<Reading>),
    /// The accept is in, and is ranked with the others.
    Bid {
        /// Place in the order of arrival, from 1.
        place: u32,
        /// When slots are given, microseconds since the epoch.
        closes_at_us: i64,
    },
    /// The officer is on the standby list.
    Standby {
        /// Place on the list, from 1.
        place: u32,
    },
    /// How jobs stand.
    Jobs {
        /// The jobs, in the order of their codes.
        jobs: Vec<JobStanding>,
    },
    /// What publishing would find where a job, a ladder or higher ranks are named.
    Staffed {
        /// Every tier that has an agency, from tier 0.
        tiers: Vec<Funnel>,
        /// What each slot would ask for.
        slots: Vec<Rank>,
        /// Whether a higher rank would fill a lower slot.
        higher_fills: bool,
    },
    /// Who may not come in.
    Denials {
        /// Those that were asked for.
        denials: Vec<Denial>,
    },
}

/// Why the server ends a conversation.
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
pub enum GoAway {
    /// The server is stopping.
    Stopping,
    /// The token is not valid, or names nobody known.
    Unauthenticated,
    /// The token has expired.
    TokenExpired,
    /// The client speaks another version.
    VersionNotSpoken,
    /// The client broke the rules of the conversation.
    ProtocolError,
    /// The client reads too slowly: reconnect and sync.
    TooSlow,
    /// The server has as many sessions as it will hold.
    TooManySessions,
    /// This bearer may not come in.
    Denied,
}
