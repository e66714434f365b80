//! What may be asked of the engine.
//!
//! What is asked often names its objects by number; what is asked rarely (publishing, changing
//! the roster) names them by code and is resolved when it is decided.

use super::afterwards::Afterwards;
use super::denials::{NewBearer, NewDenial};
use super::jobs::{JobAct, NewJobRule};
use crate::model::{
    AgencyId, Author, Class, Date, Direction, Interval, Ladder, Lift, Limit, OfficerId, Position,
    Preferences, Rank, RequestId, Seed, SiteKind, Term, Timestamp, VacancyId, VacancyKey, Window,
};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// Chosen by whoever asks; a retry repeats it and hears the same answer.
    pub request: RequestId,
    /// Who asks, as authenticated.
    pub by: Actor,
    /// What is asked.
    pub body: Body,
}

/// Who asks: established by authentication, never by the message itself.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// An officer.
    Officer(OfficerId),
    /// A coordinator of an agency.
    Coordinator(AgencyId),
    /// Whoever runs the installation.
    Operator,
    /// The engine's own clock.
    Clock,
}

impl From<Actor> for Author {
    /// The clock writes nothing; what it does counts as the operator's.
    fn from(by: Actor) -> Author {
        match by {
            Actor::Officer(officer) => Author::Officer(officer),
            Actor::Coordinator(agency) => Author::Coordinator(agency),
            Actor::Operator | Actor::Clock => Author::Operator,
        }
    }
}

/// What is asked.
///
/// What is large is boxed: a command is moved from whoever submits it into the line and out of it,
/// and nearly all of them are short.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body {
    /// Change agencies, officers, sites, pacts: all of these, or none.
    Roster(Vec<RosterChange>),
    /// Publish a vacancy.
    Publish(Box<NewVacancy>),
    /// Withdraw a vacancy on the customer's behalf.
    Cancel {
        /// The vacancy.
        vacancy: VacancyId,
        /// Said to everyone it was offered to.
        reason: String,
    },
    /// Open the next tier by hand.
    OpenNextTier {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// The asking officer takes a slot.
    Accept {
        /// The vacancy.
        vacancy: VacancyId,
        /// The round of the offer that is answered.
        round: u32,
    },
    /// The asking officer turns an offer down.
    Decline {
        /// The vacancy.
        vacancy: VacancyId,
        /// The round of the offer that is answered.
        round: u32,
    },
    /// The asking officer gives a slot back.
    Release {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// The agency takes an officer back from an assignment.
    Recall {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// The asking officer clocks in or out.
    Punch {
        /// The vacancy.
        vacancy: VacancyId,
        /// In or out.
        direction: Direction,
        /// Where the officer says to be.
        position: Option<Position>,
    },
    /// Handle the deadlines that have passed: tier windows, starts, expiries.
    Tick,
    /// Change time, place, slots or post orders of a vacancy that was published.
    Amend(Box<Amend>),
    /// Publish these vacancies: all of them, or none.
    PublishAll(Vec<Publication>),
    /// Put a district's grant in force, in place of the one it has.
    Grant(NewGrant),
    /// What follows an award: fewer slots, attendance, post orders read, notes and messages.
    Afterwards(Box<Afterwards>),
    /// Ask the last tier of a vacancy's programme as well, because somebody approved it.
    ApproveLastTier {
        /// The vacancy.
        vacancy: VacancyId,
        /// Who: the chief or the designee, for the record.
        approved_by: String,
    },
    /// Reveal the seed of a lottery whose bids are closed.
    Reveal {
        /// The vacancy.
        vacancy: VacancyId,
        /// The seed that was promised.
        seed: Seed,
    },
    /// The asking officer takes an accept back that was an accident.
    Undo {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// The asking officer waits for a slot of a vacancy that is filled.
    JoinStandby {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// The asking officer no longer waits.
    LeaveStandby {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// Say something about a job.
    Job(Box<JobAct>),
    /// Give a vacancy so many slots, of the ranks that the ladder of its lead agency says.
    Restaff {
        /// The vacancy.
        vacancy: VacancyId,
        /// How many.
        slots: u16,
    },
    /// Somebody may not come in any more, or for other reasons than before.
    Deny(Box<NewDenial>),
    /// Somebody who was denied may come in again.
    Admit(Box<NewBearer>),
}

/// What pays for school safety work in a district.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewGrant {
    /// The school district, as sites name it.
    pub district: String,
    /// Code of the programme it pays for.
    pub programme: String,
    /// The first day of its window, in the sites' local time.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// Paid time of all officers together, in minutes.
    pub budget_min: u64,
}

/// A vacancy with what it asks beyond time, place and rank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publication {
    /// The vacancy.
    pub vacancy: NewVacancy,
    /// Its terms, each kind at most once.
    pub terms: Vec<Term>,
}

/// What is to hold of a vacancy from now on; none means that it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amend {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Where and when, in order of time, not overlapping.
    pub segments: Option<Vec<NewSegment>>,
    /// Required rank of each slot. Slots keep their numbers: they are added and taken away at
    /// the end, and one that is held stays as it is.
    pub slots: Option<Vec<Rank>>,
    /// Instructions for whoever comes.
    pub post_orders: Option<String>,
    /// How long holders have to say yes to another time or place, in milliseconds; never longer
    /// than until it starts.
    pub confirm_within_ms: u64,
}

/// A vacancy as its coordinator publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewVacancy {
    /// Its name outside, chosen by the publisher.
    pub key: VacancyKey,
    /// Code of the agency responsible.
    pub lead: String,
    /// Code of the programme.
    pub programme: String,
    /// Where and when, in order of time, not overlapping.
    pub segments: Vec<NewSegment>,
    /// Required rank of each slot.
    pub slots: Vec<Rank>,
    /// Windows of the tiers in milliseconds; see [`Posting`](crate::model::Posting).
    pub windows_ms: Vec<u64>,
    /// Instructions for whoever comes.
    pub post_orders: String,
}

/// One place and time of a new vacancy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewSegment {
    /// Code of the site.
    pub site: String,
    /// When it starts.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// One change to the roster. Codes may name what an earlier change of the same command adds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RosterChange {
    /// A new agency, with the code of its agreement if it is contracted.
    Agency {
        /// Short code.
        code: String,
        /// Full name.
        name: String,
        /// Code of its Master Service Agreement.
        agreement: Option<String>,
    },
    /// A new kind of certification.
    Certification {
        /// Short code.
        code: String,
        /// Full name.
        name: String,
    },
    /// A new programme of work.
    Programme {
        /// Short code.
        code: String,
        /// Full name.
        name: String,
        /// Codes of the certifications it requires.
        certifications: Vec<String>,
        /// Classes it admits.
        classes: Vec<Class>,
        /// Whether the home agency must approve the officer for it.
        approval: bool,
    },
    /// A new site.
    Site(NewSite),
    /// A new officer.
    Officer(NewOfficer),
    /// An officer has a certification for this time, replacing what was known of it.
    CertificationGranted {
        /// The officer.
        badge: String,
        /// Code of the certification.
        certification: String,
        /// When it is valid.
        valid: Interval,
    },
    /// A certification was taken away.
    CertificationRevoked {
        /// The officer.
        badge: String,
        /// Code of the certification.
        certification: String,
    },
    /// The home agency approves an officer for a programme for this time.
    ApprovalGranted {
        /// The officer.
        badge: String,
        /// Code of the programme.
        programme: String,
        /// When the approval is valid.
        valid: Interval,
    },
    /// The home agency withdraws its approval.
    ApprovalWithdrawn {
        /// The officer.
        badge: String,
        /// Code of the programme.
        programme: String,
    },
    /// The officer may not work until reinstated.
    Suspended {
        /// The officer.
        badge: String,
    },
    /// The officer may work again.
    Reinstated {
        /// The officer.
        badge: String,
    },
    /// The officer says when they are willing to work, replacing what was declared before.
    AvailabilityDeclared {
        /// The officer.
        badge: String,
        /// The declaration.
        availability: NewAvailability,
    },
    /// Since when an officer has been in service, for rankings by seniority.
    SenioritySet {
        /// The officer.
        badge: String,
        /// The first day of service that counts.
        since: Date,
    },
    /// A back-up agency stands by a lead agency; replaces a pact between the two.
    Pact {
        /// Code of the agency that is backed up.
        lead: String,
        /// Code of the agency that backs it up.
        backup: String,
        /// When its officers are asked, from 1.
        tier: u8,
        /// When the pact holds.
        valid: Interval,
        /// Code of the agreement that covers an uncontracted back-up.
        cover: Option<String>,
    },
    /// A pact ends.
    PactEnded {
        /// Code of the agency that was backed up.
        lead: String,
        /// Code of the agency that backed it up.
        backup: String,
    },
    /// A site does not want an officer.
    Excluded {
        /// Code of the site.
        site: String,
        /// The officer.
        badge: String,
    },
    /// A site no longer objects to an officer.
    Readmitted {
        /// Code of the site.
        site: String,
        /// The officer.
        badge: String,
    },
    /// Limits, preferences, districts that do not want an officer, last tiers.
    Provided(NewProvision),
}

/// What an agency, a customer or an officer provides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NewProvision {
    /// The limits of an agency to its officers' work, replacing all that it had; none ends them.
    Limits {
        /// Code of the home agency.
        agency: String,
        /// The limits, in the order in which they are judged.
        limits: Vec<Limit>,
    },
    /// For some work the limits of an officer warn and do not block.
    Lifted {
        /// The officer.
        badge: String,
        /// For what.
        lift: Lift,
        /// Why, for the record.
        reason: String,
    },
    /// What an officer would rather be asked for, replacing what was declared before; the default
    /// ends it.
    Preferences {
        /// The officer.
        badge: String,
        /// The declaration; windows of quiet need not be sorted.
        preferences: Preferences,
    },
    /// Whether an agency's officers may accept only what they prefer.
    PreferencesBind {
        /// Code of the home agency.
        agency: String,
        /// Whether they may.
        bind: bool,
    },
    /// A district does not want an officer at any of its sites.
    Unwanted {
        /// Code of the lead agency of its sites.
        lead: String,
        /// The district.
        district: String,
        /// The officer.
        badge: String,
    },
    /// A district no longer objects to an officer.
    WantedAgain {
        /// Code of the lead agency of its sites.
        lead: String,
        /// The district.
        district: String,
        /// The officer.
        badge: String,
    },
    /// Who may come to work of a programme when nobody else is available, replacing what was
    /// said before.
    LastTier {
        /// Code of the programme.
        programme: String,
        /// Classes admitted beside its own; none means that there is no last tier.
        classes: Vec<Class>,
        /// Codes of those of its certifications that are not asked of them.
        waived: Vec<String>,
    },
    /// What an agency says about jobs, replacing what it said before; the default ends it.
    JobRules {
        /// Code of the lead agency.
        agency: String,
        /// What is published under an approved job only: nothing, or everything.
        required: bool,
        /// Codes of programmes of which nothing is published without a job.
        programmes: Vec<String>,
        /// Whether department and operator both verify a job.
        verified: bool,
        /// What it says about attributes.
        rules: Vec<NewJobRule>,
    },
    /// The staffing ladders of an agency, replacing all that it had; none ends them.
    Ladders {
        /// Code of the lead agency.
        agency: String,
        /// The ladders; of those that hold when some work starts, the first counts.
        ladders: Vec<Ladder>,
    },
}

/// A new site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewSite {
    /// Short code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// Code of the agency responsible.
    pub lead: String,
    /// IANA time zone.
    pub zone: String,
    /// Where it is.
    pub position: Position,
    /// Radius of the geofence in metres.
    pub geofence_m: u32,
    /// School district.
    pub district: String,
    /// Kind of site.
    pub kind: SiteKind,
    /// Whether the state department of education funds its officer.
    pub ade_funded: bool,
}

/// A new officer with everything known of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewOfficer {
    /// Badge code.
    pub badge: String,
    /// Code of the home agency.
    pub home: String,
    /// Class.
    pub class: Class,
    /// Rank.
    pub rank: Rank,
    /// Certifications held, by code.
    pub certifications: Vec<(String, Interval)>,
    /// Approvals, by programme.
    pub approvals: Vec<(String, Interval)>,
    /// When the officer is willing to work.
    pub availability: NewAvailability,
}

/// Declared availability; windows need not be sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NewAvailability {
    /// At any time.
    Always,
    /// In declared windows only.
    Declared {
        /// Windows of an ordinary week, by day: Monday = 0.
        weekly: Vec<(u8, Window)>,
        /// Dates on which other windows hold instead; none means not at all.
        exceptions: Vec<(Date, Vec<Window>)>,
    },
}

impl Body {
    /// The vacancy and round of an accept, for the gate.
    pub fn accepted(&self) -> Option<(VacancyId, u32)> {
        match self {
            Body::Accept { vacancy, round } => Some((*vacancy, *round)),
            _ => None,
        }
    }
}
