//! What happened: the contents of the log, and a frozen surface.
//!
//! Events are outcomes, never requests: numbers given, officers offered, cover stamped. A rule
//! that changes tomorrow cannot rewrite what was decided today.
//!
//! Variants and fields are only ever added at the end, under a new log format version; the
//! golden bytes in `engine/tests/golden` hold every released version.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

mod about;
mod amendment;
mod later;
mod provided;
mod ranking;
mod reduction;

use rkyv::{Archive, Deserialize, Serialize, rancor};

pub use amendment::{Amendment, Lapse, Relocation};
pub use later::{Considered, Widened};
pub use provided::{LastTierApproved, LimitsLifted, PushDeferred};
pub use ranking::{Missed, Ranking, WaitEnd, WaitEnded};
pub use reduction::{Reduction, Removed};

use super::command::Actor;
use super::events::Events;
use super::refusal::Refused;
use super::state::Receipt;
use crate::model::{
    Agency, AgencyId, Agreement, AgreementId, Availability, Bearer, Certification, CertificationId,
    Correction, Date, Denied, Grant, Interval, JobRules, JobStep, Kept, Ladder, LastTier, Limit,
    Message, Note, Officer, OfficerId, OfficerSet, Pact, Posting, Preferences, Programme,
    ProgrammeId, Punch, RequestId, Sequence, Site, SiteId, Terms, Timestamp, VacancyId,
};
use crate::rules::Clause;

/// One command's outcome: one record of the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// Place in the log.
    pub sequence: Sequence,
    /// When it was decided; never earlier than the record before.
    pub at: Timestamp,
    /// The request that caused it.
    pub request: RequestId,
    /// Who asked.
    pub by: Actor,
    /// Fingerprint of what was asked, to tell a retry from a reused id.
    pub fingerprint: u64,
    /// What happened, in order.
    pub events: Events,
}

/// Something that happened.
///
/// What is large is boxed: awards are what a busy morning writes, and an event is as long as its
/// longest variant, in memory and in the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// A vacancy was published, open to nobody yet.
    Published {
        /// Its number.
        id: VacancyId,
        /// What was published.
        posting: Box<Posting>,
    },
    /// A tier was opened.
    TierOpened {
        /// The vacancy.
        vacancy: VacancyId,
        /// The tier.
        tier: u8,
        /// Why.
        because: TierCause,
        /// Whom it was offered to.
        recipients: OfficerSet,
        /// When the next tier opens by time.
        closes_at: Option<Timestamp>,
    },
    /// The window of the last tier elapsed, and no further tier is left to open.
    WindowClosed {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// A slot was awarded.
    Awarded {
        /// The vacancy.
        vacancy: VacancyId,
        /// The slot, from 0.
        slot: u16,
        /// The officer.
        officer: OfficerId,
        /// What protects the officer; stamped here, never looked up later.
        cover: AgreementId,
        /// Place in the line of accepts, from 1.
        place: u32,
    },
    /// An offer was turned down.
    Declined {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// A slot lost its holder and is offered again.
    Vacated {
        /// The vacancy.
        vacancy: VacancyId,
        /// The slot.
        slot: u16,
        /// Who held it.
        officer: OfficerId,
        /// Why.
        because: Vacated,
        /// The round that begins.
        round: u32,
        /// Whom it is offered to in that round.
        recipients: OfficerSet,
        /// When the next tier opens by time.
        closes_at: Option<Timestamp>,
    },
    /// The customer no longer needs it.
    Cancelled {
        /// The vacancy.
        vacancy: VacancyId,
        /// Why.
        reason: Box<str>,
        /// Who held its slots, and no longer does.
        holders: Vec<OfficerId>,
    },
    /// Its start passed with slots open.
    Expired {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// An officer clocked in or out.
    Punched {
        /// The vacancy.
        vacancy: VacancyId,
        /// The punch.
        punch: Punch,
    },
    /// A held assignment rests on something that no longer holds; the coordinator decides.
    Flagged {
        /// The vacancy.
        vacancy: VacancyId,
        /// The holder.
        officer: OfficerId,
        /// What no longer holds.
        clause: Clause,
    },
    /// A holder asked for the slot again, under another request, and heard that it is theirs.
    Confirmed(Receipt),
    /// A command was refused in a way that its retry must hear again.
    Refused(Refused),
    /// An agency was added.
    AgencyAdded {
        /// Its number.
        id: AgencyId,
        /// The agency.
        agency: Agency,
    },
    /// An agreement was added.
    AgreementSigned {
        /// Its number.
        id: AgreementId,
        /// The agreement.
        agreement: Agreement,
    },
    /// A kind of certification was added.
    CertificationNamed {
        /// Its number.
        id: CertificationId,
        /// The certification.
        certification: Certification,
    },
    /// A programme was added.
    ProgrammeDefined {
        /// Its number.
        id: ProgrammeId,
        /// The programme.
        programme: Box<Programme>,
    },
    /// A site was added.
    SiteAdded {
        /// Its number.
        id: SiteId,
        /// The site.
        site: Box<Site>,
    },
    /// An officer was added.
    OfficerAdded {
        /// The officer's number.
        id: OfficerId,
        /// The officer.
        officer: Box<Officer>,
    },
    /// An officer has a certification.
    CertificationGranted {
        /// The officer.
        officer: OfficerId,
        /// Which.
        certification: CertificationId,
        /// When it is valid.
        valid: Interval,
    },
    /// A certification was taken away.
    CertificationRevoked {
        /// The officer.
        officer: OfficerId,
        /// Which.
        certification: CertificationId,
    },
    /// A certification ran out.
    CertificationExpired {
        /// The officer.
        officer: OfficerId,
        /// Which.
        certification: CertificationId,
    },
    /// The home agency approves an officer.
    ApprovalGranted {
        /// The officer.
        officer: OfficerId,
        /// For which programme.
        programme: ProgrammeId,
        /// When it is valid.
        valid: Interval,
    },
    /// The home agency withdrew its approval.
    ApprovalWithdrawn {
        /// The officer.
        officer: OfficerId,
        /// For which programme.
        programme: ProgrammeId,
    },
    /// The officer may not work.
    Suspended {
        /// The officer.
        officer: OfficerId,
    },
    /// The officer may work again.
    Reinstated {
        /// The officer.
        officer: OfficerId,
    },
    /// The officer said when they are willing to work.
    AvailabilityDeclared {
        /// The officer.
        officer: OfficerId,
        /// The declaration.
        availability: Box<Availability>,
    },
    /// A pact was made, or replaced.
    PactMade {
        /// The pact.
        pact: Pact,
    },
    /// A pact ended.
    PactEnded {
        /// The agency that was backed up.
        lead: AgencyId,
        /// The agency that backed it up.
        backup: AgencyId,
    },
    /// A site does not want an officer.
    Excluded {
        /// The site.
        site: SiteId,
        /// The officer.
        officer: OfficerId,
    },
    /// A site no longer objects to an officer.
    Readmitted {
        /// The site.
        site: SiteId,
        /// The officer.
        officer: OfficerId,
    },
    /// Time, place, slots or post orders of a vacancy were changed.
    Amended(Box<Amendment>),
    /// A holder said yes to another time or place: the slot is no longer only reserved.
    Reconfirmed {
        /// The officer.
        officer: OfficerId,
        /// The award, which stays what it was.
        receipt: Box<Receipt>,
    },
    /// Holders did not say yes to another time or place in time; their slots are offered again.
    Lapsed(Box<Lapse>),
    /// A vacancy that was just published asks more than its posting says.
    Termed {
        /// The vacancy.
        vacancy: VacancyId,
        /// What it asks.
        terms: Box<Terms>,
    },
    /// A district's grant is in force, in place of the one it had.
    GrantMade {
        /// The district.
        district: Box<str>,
        /// The grant.
        grant: Box<Grant>,
    },
    /// The customer needs fewer slots.
    Reduced(Box<Reduction>),
    /// A holder did not come.
    NoShow {
        /// The vacancy.
        vacancy: VacancyId,
        /// The slot.
        slot: u16,
        /// Who holds it.
        officer: OfficerId,
        /// What was published for the rest of the work.
        again: Option<VacancyId>,
    },
    /// The attendance of a holder was corrected.
    Corrected {
        /// The vacancy.
        vacancy: VacancyId,
        /// The correction.
        correction: Box<Correction>,
    },
    /// Somebody wrote a field note.
    Noted {
        /// The vacancy.
        vacancy: VacancyId,
        /// The note.
        note: Box<Note>,
    },
    /// A holder has read the post orders.
    Acknowledged {
        /// The vacancy.
        vacancy: VacancyId,
        /// The holder.
        officer: OfficerId,
        /// The version, from 1.
        version: u32,
    },
    /// Holders who have not acknowledged the post orders were asked to.
    Reminded {
        /// The vacancy.
        vacancy: VacancyId,
        /// The version, from 1.
        version: u32,
        /// The holders.
        officers: OfficerSet,
    },
    /// An officer wrote to the coordinators of a vacancy, or one of them to the officer.
    Said {
        /// The vacancy.
        vacancy: VacancyId,
        /// The message.
        message: Box<Message>,
    },
    /// Notes and messages about a vacancy are from now on in the log only.
    Shelved {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// An agency set limits to its officers' work, in place of all that it had.
    LimitsSet {
        /// The home agency.
        agency: AgencyId,
        /// The limits.
        limits: Vec<Limit>,
    },
    /// A coordinator lifted an officer's limits for some work.
    LimitsLifted(Box<LimitsLifted>),
    /// An officer said what they would rather be asked for.
    PreferencesDeclared {
        /// The officer.
        officer: OfficerId,
        /// The declaration.
        preferences: Box<Preferences>,
    },
    /// An agency said whether its officers may accept only what they prefer.
    PreferencesBound {
        /// The home agency.
        agency: AgencyId,
        /// Whether they may.
        bind: bool,
    },
    /// A district does not want an officer, or no longer objects.
    District {
        /// The lead agency of its sites.
        lead: AgencyId,
        /// The district.
        district: Box<str>,
        /// The officer.
        officer: OfficerId,
        /// Whether it wants the officer.
        wants: bool,
    },
    /// It was said who may come to work of a programme when nobody else is available.
    LastTierSet {
        /// The programme.
        programme: ProgrammeId,
        /// Who; none means nobody.
        last_tier: Option<Box<LastTier>>,
    },
    /// Somebody approved that the last tier of a vacancy's programme is asked as well.
    LastTierApproved(Box<LastTierApproved>),
    /// Some of those who were just offered a vacancy are not to be disturbed now: they are pushed
    /// later, if it is still open then.
    PushDeferred(Box<PushDeferred>),
    /// The quiet of some officers is over; they are told of a vacancy that was offered before.
    Pushed {
        /// The vacancy.
        vacancy: VacancyId,
        /// Those for whom the offer still stands.
        officers: OfficerSet,
    },
    /// An accept is collected; slots are given when bids are ranked.
    Bid {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
        /// Place in the order of arrival, from 1.
        place: u32,
        /// When slots are given.
        closes_at: Timestamp,
    },
    /// Bids are closed, and the seed of the lottery is waited for.
    BidsClosed {
        /// The vacancy.
        vacancy: VacancyId,
        /// When slots are given without lots, if nobody reveals the seed.
        reveal_by: Timestamp,
    },
    /// Bids were ranked. The awards follow in the same record.
    Ranked(Box<Ranking>),
    /// An officer waits for a slot of a vacancy that is filled.
    StandbyJoined {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
        /// Place on the standby list, from 1.
        place: u32,
    },
    /// An officer no longer waits for a slot.
    StandbyLeft {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// An open slot is kept for the one whose turn it is on the standby list.
    SlotKept {
        /// The vacancy.
        vacancy: VacancyId,
        /// The slot, from 0.
        slot: u16,
        /// For whom.
        officer: OfficerId,
        /// Until when.
        until: Timestamp,
    },
    /// Who was asked from the standby list said no, or nothing in time, and is no longer on it.
    StandbyPassed {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// Nobody is left on the standby list who can come: open slots are offered to everybody.
    Reoffered {
        /// The vacancy.
        vacancy: VacancyId,
        /// Whom it is offered to.
        recipients: OfficerSet,
        /// When the next tier opens by time.
        closes_at: Option<Timestamp>,
    },
    /// Since when an officer has been in service.
    SenioritySet {
        /// The officer.
        officer: OfficerId,
        /// The first day of service that counts.
        since: Date,
    },
    /// Officers may come to more than before: they are offered what is open to them.
    Widened(Box<Widened>),
    /// A vacancy that was offered before is offered to more officers, in the round that stands.
    Offered {
        /// The vacancy.
        vacancy: VacancyId,
        /// To whom; nobody if only the end of the tier's window is new.
        recipients: OfficerSet,
        /// When the next tier opens by time.
        closes_at: Option<Timestamp>,
    },
    /// Some vacancies, or the last of them, were considered for those who may come to more.
    Considered(Box<Considered>),
    /// An agency said something about jobs, in place of all that it said before.
    JobRulesSet {
        /// The lead agency.
        agency: AgencyId,
        /// What it says.
        rules: Box<JobRules>,
    },
    /// Something was said about a job.
    Job(Box<JobStep>),
    /// The staffing ladders of an agency, in place of all that it had.
    LaddersSet {
        /// The lead agency.
        agency: AgencyId,
        /// The ladders.
        ladders: Vec<Ladder>,
    },
    /// Officers wait for a vacancy no longer, because of what happened to it in this record.
    WaitEnded(Box<WaitEnded>),
    /// Somebody may not come in any more, or for other reasons than before.
    Denied(Box<Denied>),
    /// Somebody who was denied may come in again.
    Admitted(Box<Bearer>),
}

impl Record {
    /// Reads a record from the bytes of the log, checking them first.
    pub fn decode(payload: &[u8]) -> Result<Record, rancor::Error> {
        rkyv::from_bytes(payload)
    }

    /// Appends the record's bytes to `bytes`.
    pub fn encode_into(&self, bytes: &mut Vec<u8>) {
        let writer = std::mem::take(bytes);
        let encoded = rkyv::api::high::to_bytes_in::<_, rancor::Error>(self, writer);
        *bytes = encoded.expect("a record in memory can be written to memory");
    }
}

impl Event {
    /// A slot of `vacancy` is kept for somebody on the standby list.
    pub(super) fn kept(vacancy: VacancyId, kept: Kept) -> Event {
        let Kept {
            slot,
            officer,
            until,
        } = kept;
        Event::SlotKept {
            vacancy,
            slot,
            officer,
            until,
        }
    }
}

/// Why a tier was opened.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum TierCause {
    /// It was published: tier 0.
    Published,
    /// Nobody in the tiers before was eligible.
    NoEligibleOfficer,
    /// Everybody in the tiers before declined.
    AllDeclined,
    /// The window of the tier before elapsed.
    WindowElapsed,
    /// A coordinator opened it.
    Coordinator,
    /// The start is as near as the terms of the vacancy say.
    StartNear,
}

/// Why a slot lost its holder.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Vacated {
    /// The officer gave it back.
    Released,
    /// The agency took the officer back.
    Recalled,
    /// The officer took the accept back as an accident.
    Undone,
}
