//! Why something was refused.

use rkyv::{Archive, Deserialize, Serialize};

/// A refusal: an answer, not an error.
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
pub struct Refused {
    /// Stable code.
    pub code: RefusalCode,
    /// The sentence a person sees.
    pub sentence: String,
    /// Place in the line of accepts, from 1, where there was a line.
    pub place: Option<u32>,
    /// How long after the last slot was filled this request arrived, in microseconds.
    pub behind_us: Option<u64>,
    /// The clauses that do not hold, where the officer is not eligible.
    pub clauses: Vec<Clause>,
}

/// Why something was refused, in order of precedence: the first that holds is said. What is added
/// later stands at the end and says where it is judged.
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
pub enum RefusalCode {
    /// The request makes no sense as written.
    Invalid,
    /// The request id was used before with other content.
    RequestReused,
    /// The role or agency in the token does not allow it.
    NotAllowed,
    /// Something named is not known.
    Unknown,
    /// Something with this name exists already.
    AlreadyExists,
    /// A limit of the installation is reached.
    LimitReached,
    /// Every slot of the round that was answered was taken.
    Filled,
    /// The vacancy was cancelled.
    Cancelled,
    /// The vacancy's start has passed.
    Expired,
    /// The vacancy is not offered to the officer: not yet, or not any more.
    NotOffered,
    /// A clause of eligibility does not hold.
    NotEligible,
    /// The officer is assigned elsewhere at that time.
    Overlaps,
    /// The officer does not hold a slot of this vacancy.
    NotHolder,
    /// There is no further tier to open.
    NoFurtherTier,
    /// The answer is to a round before time or place were changed; judged after `Expired`.
    Amended,
    /// The amendment would take away or change a slot that is held.
    SlotHeld,
    /// The amendment changes nothing.
    Unchanged,
    /// A district's grant does not pay for work on these days.
    OutsideGrant,
    /// A district's grant has less left than the work takes.
    BeyondGrant,
    /// There are not as many ordinary slots as a reduction would take away.
    TooFewSlots,
    /// The work has not started, so nobody can have stayed away.
    NotStarted,
    /// The officer has clocked in, and cannot be absent.
    ClockedIn,
    /// The post orders have another version than the one that was acknowledged.
    OtherOrders,
    /// Notes and messages of the vacancy are in the log only.
    Shelved,
    /// Bids were collected until now, and are being ranked; judged after eligibility.
    BidsClosed,
    /// The open slot is kept for the standby list; judged after eligibility.
    KeptForStandby,
    /// The accept can no longer be taken back as an accident.
    NotUndoable,
    /// The vacancy keeps no standby list.
    NoStandby,
    /// There is nothing to wait for: the officer holds a slot, or can take one.
    StillOpen,
    /// The officer is not on the standby list.
    NotWaiting,
    /// No draw waits for this seed.
    Seed,
    /// A job does not allow it, or is missing; judged when something is published.
    Job,
    /// The staffing ladder of the lead agency asks for more supervisors.
    BelowLadder,
    /// The officer may not come in any more; judged before `NotAllowed`.
    Denied,
}

/// One clause of eligibility with its answer.
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
pub struct Clause {
    /// Stable name, such as `lead-or-pact` or `certified:ade-sso`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// The facts behind the answer, as a sentence.
    pub detail: String,
}
