//! Answers that say no.
//!
//! A refusal is an answer: it was decided, it is typed, and it has the sentence a person sees.
//! Outages are errors and live with the engine; broken invariants panic.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

mod grant;
mod job;

pub use grant::{BeyondGrant, OutsideGrant};
pub use job::JobRefusal;

use rkyv::{Archive, Deserialize, Serialize};

use super::command::Body;
use crate::limits::{
    ATTACHMENTS_MAX, CODE_LEN_MAX, DISTRICTS_MAX, GRANT_BUDGET_MIN_MAX, JOB_ATTRIBUTES_MAX,
    JOB_RULES_MAX, LADDER_STEPS_MAX, LADDERS_MAX, LIMITS_MAX, MESSAGE_LEN_MAX, NAME_LEN_MAX,
    NOTE_LEN_MAX, PERIOD_DAYS_MAX, POST_ORDERS_LEN_MAX, PUBLICATIONS_MAX, QUIET_WINDOWS_MAX,
    REASON_LEN_MAX, SEGMENTS_MAX, SLOTS_MAX, WINDOWS_MAX,
};
use crate::model::{Rank, Timestamp, VacancyId};
use crate::rules::Clause;

/// Why a command was refused, in order of precedence: the first that holds is the answer. What is
/// added later stands at the end, because refusals are on record, and says where it is judged.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
pub enum Refusal {
    /// The command makes no sense as written.
    #[error("{0}")]
    Invalid(Invalid),
    /// The request id was used before for something else.
    #[error("this request id was used before with other content: choose a new id")]
    RequestReused,
    /// Who asks may not do this.
    #[error("your role or agency does not allow this")]
    NotAllowed,
    /// Something named is not known.
    #[error("there is no {kind} `{code}`")]
    Unknown {
        /// What kind of thing.
        kind: Kind,
        /// The name that was given.
        code: Box<str>,
    },
    /// Something with this name exists already.
    #[error("{kind} `{code}` exists already")]
    AlreadyExists {
        /// What kind of thing.
        kind: Kind,
        /// The name that was given.
        code: Box<str>,
    },
    /// The installation holds as many as it will.
    #[error("this installation holds no more than {limit} {kind} records")]
    LimitReached {
        /// Of what.
        kind: Kind,
        /// How many.
        limit: u64,
    },
    /// Every slot of the round that was answered was taken. It comes before the vacancy's end, so
    /// that who lost hears the same for ever.
    #[error("this shift is filled")]
    Filled,
    /// The customer no longer needs it.
    #[error("this shift was cancelled")]
    Cancelled,
    /// Its start has passed.
    #[error("this shift has started; it can no longer be taken or changed")]
    Expired,
    /// The officer is not asked: the agency is not yet, the officer gave the slot back or was taken
    /// back, or the round has not begun.
    #[error("this shift is not offered to you")]
    NotOffered,
    /// A clause of eligibility does not hold; this is the first that does not.
    #[error("you are not eligible for this shift")]
    NotEligible {
        /// The clause.
        clause: Clause,
    },
    /// The officer is assigned elsewhere at that time.
    #[error("you are assigned elsewhere at that time")]
    Overlaps {
        /// The assignment in the way.
        with: VacancyId,
    },
    /// Every slot of the officer's rank is taken, while another rank's is open.
    #[error("every slot of your rank is taken")]
    RankFilled,
    /// The officer holds no slot of this vacancy.
    #[error("no slot of this shift is held by this officer")]
    NotHolder,
    /// There is no further tier to open.
    #[error("no further back-up agency can be asked")]
    NoFurtherTier,
    /// The line is full.
    #[error("too many requests at once: ask again with the same id in {retry_after_ms} ms")]
    Busy {
        /// When to ask again, in milliseconds.
        retry_after_ms: u32,
    },
    /// The answer is to a round before the vacancy's time or place was amended. Judged after
    /// [`Refusal::Expired`] and before [`Refusal::NotOffered`].
    #[error("this shift was changed: read it again and answer the new offer")]
    Amended,
    /// An amendment would take away or change a slot that somebody holds.
    #[error("slot {slot} is held: recall its officer first, or leave that slot as it is")]
    SlotHeld {
        /// The slot, from 0.
        slot: u16,
    },
    /// An amendment changes nothing.
    #[error("this shift is just that already: nothing was changed")]
    Unchanged,
    /// A district's grant does not pay for work on these days.
    #[error("{0}")]
    OutsideGrant(Box<OutsideGrant>),
    /// A district's grant has less left than the work takes.
    #[error("{0}")]
    BeyondGrant(Box<BeyondGrant>),
    /// A reduction would take away more ordinary slots than there are, or every slot.
    #[error(
        "ordinary slots that can go: {ordinary}; one slot must stay: name supervisors' slots, or cancel"
    )]
    TooFewSlots {
        /// How many ordinary slots there are besides the named ones.
        ordinary: u16,
    },
    /// The work has not started, so nobody can have stayed away.
    #[error("this shift has not started: whoever holds it may still come")]
    NotStarted,
    /// Somebody recorded as absent has clocked in.
    #[error("this officer has clocked in: correct the punch first, if it is wrong")]
    ClockedIn,
    /// The post orders have another version than the one that was acknowledged.
    #[error("the post orders have version {version}: read them again and acknowledge that")]
    OtherOrders {
        /// Their version, from 1.
        version: u32,
    },
    /// A vacancy keeps no more of what was to be added.
    #[error("no more than {limit} of these are kept for one shift")]
    Full {
        /// How many.
        limit: u32,
    },
    /// Notes and messages of the vacancy are in the log only.
    #[error("this shift was over so long ago that its notes and messages are in the log only")]
    Shelved,
    /// The vacancy's programme has no last tier, or it is open already.
    #[error("nobody else may come to work of this programme: it has no further last tier")]
    NoLastTier,
    /// A last tier comes after all others.
    #[error("ask the remaining back-up agencies first: open the next tier")]
    TiersLeft,
    /// Bids were collected until now, and are being ranked.
    #[error("bids for this shift are closed: ask again when its slots have been given")]
    BidsClosed,
    /// The open slots are kept for officers on the standby list.
    #[error("the open slot of this shift is kept for the standby list: wait for the offer")]
    KeptForStandby,
    /// The accept cannot be taken back as an accident, or no longer.
    #[error("this accept can no longer be undone: release the shift instead")]
    NotUndoable,
    /// The vacancy keeps no standby list.
    #[error("this shift keeps no standby list")]
    NoStandby,
    /// A slot can still be had without waiting.
    #[error("you hold a slot of this shift, or can take one: there is nothing to wait for")]
    StillOpen,
    /// The officer is not on the standby list.
    #[error("this officer is not on the standby list of this shift")]
    NotWaiting,
    /// No draw waits for a seed, or for another one.
    #[error("no draw of this shift waits for this seed")]
    Seed,
    /// A job does not allow it.
    #[error("{0}")]
    Job(Box<JobRefusal>),
    /// The staffing ladder of the lead agency asks for more supervisors.
    #[error("{0}")]
    BelowLadder(Box<BelowLadder>),
    /// The officer may not come in any more. Judged before [`Refusal::NotAllowed`].
    #[error("you are denied: ask whoever runs this installation")]
    Denied,
    /// What follows from the command is longer than a record may be: it reaches too many officers, or
    /// says too much, at once. Judged last.
    #[error(
        "what follows from this is a record of {bytes} bytes, longer than any may be: ask for less at a \
         time"
    )]
    TooLong {
        /// How long the record would be.
        bytes: u64,
    },
}

impl Refusal {
    /// Whether a retry could be answered otherwise later, so that this answer is recorded.
    ///
    /// Everything else is as true later as now: a cancelled vacancy stays cancelled, an accept
    /// of a closed round stays too late, and nothing that changes was looked at before the command
    /// was found to be senseless, forbidden or busy.
    pub fn is_remembered(&self, body: &Body) -> bool {
        match self {
            Refusal::NotOffered
            | Refusal::NotEligible { .. }
            | Refusal::Overlaps { .. }
            | Refusal::RankFilled
            | Refusal::NotHolder
            | Refusal::NoFurtherTier
            | Refusal::Unknown { .. }
            | Refusal::AlreadyExists { .. }
            // What has started can still be cancelled, and would say that instead.
            | Refusal::Expired
            | Refusal::Amended
            | Refusal::SlotHeld { .. }
            | Refusal::Unchanged
            | Refusal::BidsClosed
            | Refusal::KeptForStandby
            | Refusal::NotUndoable
            | Refusal::StillOpen
            | Refusal::NotWaiting
            | Refusal::Seed
            | Refusal::OutsideGrant(_)
            | Refusal::BeyondGrant(_)
            | Refusal::TooFewSlots { .. }
            | Refusal::NotStarted
            | Refusal::ClockedIn
            | Refusal::OtherOrders { .. }
            | Refusal::Full { .. }
            | Refusal::Shelved
            | Refusal::NoLastTier
            | Refusal::TiersLeft
            | Refusal::Job(_)
            | Refusal::BelowLadder(_)
            | Refusal::TooLong { .. }
            // Bids, places on a standby list, lifts and denials come to an end.
            | Refusal::LimitReached { .. }
            // A moment that is still to come comes, and the work that it is held against is moved.
            | Refusal::Invalid(Invalid::Correction | Invalid::Rest) => true,
            // An accept names its round; who opens a tier by hand does not.
            Refusal::Filled => body.accepted().is_none(),
            Refusal::Invalid(_)
            | Refusal::RequestReused
            | Refusal::NotAllowed
            // Whoever is denied writes nothing into the log, however often they ask.
            | Refusal::Denied
            // Terms stay as they were published.
            | Refusal::NoStandby
            | Refusal::Cancelled
            | Refusal::Busy { .. } => false,
        }
    }
}

/// Fewer supervisors than the staffing ladder asks for.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
#[error(
    "of {slots} slots the lead agency's ladder asks {asked} for at least the rank of {}, and {named} \
     do: name more, or say only how many slots", rank_name(*rank)
)]
pub struct BelowLadder {
    /// The rank, or a higher one.
    pub rank: Rank,
    /// How many slots there are.
    pub slots: u16,
    /// How many of them the ladder asks for.
    pub asked: u16,
    /// How many of them were named.
    pub named: u16,
}

fn rank_name(rank: Rank) -> &'static str {
    match rank {
        Rank::Officer => "officer",
        Rank::Sergeant => "sergeant",
        Rank::Commander => "commander",
    }
}

/// A refusal with what is known about the race it was decided in.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// Place in the line of accepts of this round, from 1.
    pub place: Option<u32>,
    /// When the last slot was taken.
    pub filled_at: Option<Timestamp>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        Refused {
            refusal,
            place: None,
            filled_at: None,
        }
    }
}

/// What makes a command senseless.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    thiserror::Error,
)]
pub enum Invalid {
    /// A code is empty, too long or has other characters.
    #[error("`{0}` is not a code: use 1 to {CODE_LEN_MAX} letters, digits, `-`, `_`, `.` or `/`")]
    Code(Box<str>),
    /// A name is empty or too long.
    #[error("a name has 1 to {NAME_LEN_MAX} bytes")]
    Name,
    /// Post orders are too long.
    #[error("post orders have at most {POST_ORDERS_LEN_MAX} bytes")]
    PostOrders,
    /// A reason is too long.
    #[error("a reason has at most {REASON_LEN_MAX} bytes")]
    Reason,
    /// A vacancy has no segment, or too many.
    #[error("a vacancy has 1 to {SEGMENTS_MAX} segments")]
    Segments,
    /// Segments are empty, out of order, overlap, or span too long a time.
    #[error("segments end after they start, follow each other in time and span at most 31 days")]
    SegmentOrder,
    /// A vacancy has no slot, or too many.
    #[error("a vacancy has 1 to {SLOTS_MAX} slots")]
    Slots,
    /// A tier window is too long, or there are too many.
    #[error("tier windows are at most 16, each at most 366 days")]
    Windows,
    /// The work starts in the past.
    #[error("the first segment starts in the past")]
    InThePast,
    /// The time zone is not known.
    #[error("`{0}` is not an IANA time zone")]
    Zone(Box<str>),
    /// A position lies outside the map.
    #[error("a position has a latitude of ±90° and a longitude of ±180° at most")]
    Position,
    /// A validity ends before it starts.
    #[error("a validity ends after it starts")]
    Validity,
    /// Availability windows make no sense.
    #[error(
        "availability windows lie inside a day of 1,440 minutes, weekdays are 1 to 7, dates exist"
    )]
    Availability,
    /// A pact of an agency with itself, or of tier 0.
    #[error("a pact joins two agencies, and its tier is 1 or more")]
    Pact,
    /// An agreement covers nobody here: its holder is neither lead nor back-up.
    #[error("the covering agreement `{0}` belongs to neither agency of the pact")]
    Cover(Box<str>),
    /// Too many changes at once, or none.
    #[error("a roster command has 1 to 100,000 changes")]
    Changes,
    /// Holders would have too little or too much time to say yes to an amendment.
    #[error("holders have 1 minute to 366 days to confirm another time or place")]
    ConfirmWithin,
    /// Too many vacancies published at once, or none.
    #[error("a command publishes 1 to {PUBLICATIONS_MAX} vacancies")]
    Publications,
    /// Two terms of one kind, or one out of its bounds.
    #[error("a vacancy has each kind of term at most once; time before and after is a day at most")]
    Terms,
    /// An accept of round 0.
    #[error("rounds count from 1: answer the round that the offer names")]
    Round,
    /// Distances to the start that are none, too many, too long, or not each smaller.
    #[error(
        "a vacancy opens further tiers at 1 to {WINDOWS_MAX} distances to its start, each smaller \
         than the one before and at most 366 days"
    )]
    OpensBefore,
    /// A grant whose dates or budget make no sense.
    #[error(
        "a grant names its district, ends no earlier than it begins, and pays for at most \
         {GRANT_BUDGET_MIN_MAX} minutes"
    )]
    Grant,
    /// A reduction takes nothing away.
    #[error("a reduction says how many ordinary slots go, or which slots go by name")]
    Reduction,
    /// What remains of the work is to be offered from a moment that is not within it.
    #[error("what remains of the work starts later than now and before its end")]
    Rest,
    /// A corrected punch lies in the future or far from the work.
    #[error("a corrected punch lies in the past, at most a day before or after the work")]
    Correction,
    /// A text is empty, too long or has control characters.
    #[error(
        "a note has 1 to {NOTE_LEN_MAX} bytes, a message 1 to {MESSAGE_LEN_MAX}, a reason 1 to \
         {REASON_LEN_MAX}, and none has control characters but line ends"
    )]
    Text,
    /// There are too many attachments, or one of them is described in a way that makes no sense.
    #[error(
        "a note has at most {ATTACHMENTS_MAX} attachments, each with a media type such as \
         image/jpeg, 1 byte to 16 GiB, and a name without `/` of 1 to {NAME_LEN_MAX} bytes"
    )]
    Attachments,
    /// Too many limits, or one of a period that is none.
    #[error(
        "an agency has at most {LIMITS_MAX} limits; weeks start on day 1 to 7, periods have 1 to \
         {PERIOD_DAYS_MAX} days"
    )]
    Limits,
    /// A lift without a reason.
    #[error("say why the limits are lifted, in 1 to {REASON_LEN_MAX} bytes")]
    Lift,
    /// Preferences that make no sense.
    #[error(
        "preferences name at most {DISTRICTS_MAX} districts, at most 2,000 km and 366 days, a known \
         zone, and at most {QUIET_WINDOWS_MAX} windows of quiet that leave some of the day"
    )]
    Preferences,
    /// A last tier waives what is not asked.
    #[error("a last tier waives only certifications that its programme asks for")]
    LastTier,
    /// Nobody approved a last tier.
    #[error("say who approved the last tier, in 1 to {NAME_LEN_MAX} bytes")]
    ApprovedBy,
    /// An award rule, an undo window or a standby list out of its bounds.
    #[error(
        "bids close after now and before the first start; each criterion is named once; a fairness \
         window is an hour at most, undoing and revealing a day, hours are counted over two years, \
         and whoever is on standby has a second to a year to confirm"
    )]
    Award,
    /// A day that does not exist.
    #[error("a date has a month of 1 to 12 and a day that this month has")]
    Date,
    /// A job that says too little, or too much.
    #[error(
        "a job names its customer in 1 to {NAME_LEN_MAX} bytes and the work in 1 to {NOTE_LEN_MAX}, \
         has at most {JOB_ATTRIBUTES_MAX} attributes and 1 to {SLOTS_MAX} officers"
    )]
    Job,
    /// Nobody says it about a job, or without a reason.
    #[error(
        "say who, in 1 to {NAME_LEN_MAX} bytes, and why, in 1 to {REASON_LEN_MAX}, without control \
         characters"
    )]
    JobBy,
    /// Rules about jobs that make no sense.
    #[error("an agency has at most {JOB_RULES_MAX} rules about jobs, and names officers from 1 on")]
    JobRules,
    /// Ladders that make no sense.
    #[error(
        "an agency has at most {LADDERS_MAX} ladders of at most {LADDER_STEPS_MAX} steps; a step is \
         at a slot from 1 to {SLOTS_MAX}, and comes again after 1 slot or more"
    )]
    Ladders,
}

/// Kinds of things with names.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Kind {
    /// An agency.
    Agency,
    /// An agreement.
    Agreement,
    /// A kind of certification.
    Certification,
    /// A programme.
    Programme,
    /// A site.
    Site,
    /// An officer.
    Officer,
    /// A pact.
    Pact,
    /// A vacancy.
    Vacancy,
    /// A district's grant.
    Grant,
    /// A slot of a vacancy.
    Slot,
    /// A punch of a vacancy.
    Punch,
    /// A correction of the attendance at a vacancy.
    Correction,
    /// A district.
    District,
    /// A lift of limits.
    Lift,
    /// A bid.
    Bid,
    /// A place on a standby list.
    Standby,
    /// A job.
    Job,
    /// A denial.
    Denial,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Agency => "agency",
            Kind::Agreement => "agreement",
            Kind::Certification => "certification",
            Kind::Programme => "programme",
            Kind::Site => "site",
            Kind::Officer => "officer",
            Kind::Pact => "pact",
            Kind::Vacancy => "vacancy",
            Kind::Grant => "grant",
            Kind::Slot => "slot",
            Kind::Punch => "punch",
            Kind::Correction => "correction",
            Kind::District => "district",
            Kind::Lift => "lift",
            Kind::Bid => "bid",
            Kind::Standby => "standby",
            Kind::Job => "job",
            Kind::Denial => "denial",
        })
    }
}
