//! Changes to what is known of agencies, officers, sites and pacts.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Class, Day, JobRule, Ladder, Lift, Limit, Position, Preferences, Rank, SiteKind};

/// One change to the roster.
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
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum RosterChange {
    /// A new agency.
    Agency {
        /// Short code, such as `tucson`.
        code: String,
        /// Full name.
        name: String,
        /// The code of its Master Service Agreement, if it is contracted.
        agreement: Option<String>,
    },
    /// A new kind of certification.
    Certification {
        /// Short code, such as `azpost`.
        code: String,
        /// Full name.
        name: String,
    },
    /// A new programme of work.
    Programme {
        /// Short code, such as `sso`.
        code: String,
        /// Full name.
        name: String,
        /// Codes of the certifications it requires.
        certifications: Vec<String>,
        /// The classes of officer it admits.
        classes: Vec<Class>,
        /// Whether the home agency must have approved the officer for it.
        approval: bool,
    },
    /// A new school or venue.
    Site {
        /// Short code.
        code: String,
        /// Full name.
        name: String,
        /// The agency responsible for it.
        lead: String,
        /// IANA time zone.
        zone: String,
        /// Where it is.
        position: Position,
        /// Radius in metres inside which a punch counts as on site.
        geofence_m: u32,
        /// School district.
        district: String,
        /// Kind of site.
        kind: SiteKind,
        /// Whether the state department of education funds its officer.
        ade_funded: bool,
    },
    /// A new officer, with everything known of them.
    Officer {
        /// Badge code, such as `TUC-0412`.
        badge: String,
        /// Code of the home agency.
        agency: String,
        /// Class.
        class: Class,
        /// Rank.
        rank: Rank,
        /// Certifications held, by code.
        certifications: Vec<Dated>,
        /// Approvals by the home agency, by programme.
        approvals: Vec<Dated>,
        /// When the officer is willing to work.
        availability: Availability,
    },
    /// An officer has (or renewed) a certification.
    CertificationGranted {
        /// The officer.
        badge: String,
        /// Which, and for how long.
        certification: Dated,
    },
    /// A certification was taken away.
    CertificationRevoked {
        /// The officer.
        badge: String,
        /// Code of the certification.
        certification: String,
    },
    /// The home agency approves an officer for a programme.
    ApprovalGranted {
        /// The officer.
        badge: String,
        /// Which programme, and for how long.
        programme: Dated,
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
    /// The officer says when they are willing to work.
    AvailabilityDeclared {
        /// The officer.
        badge: String,
        /// Replaces what was declared before.
        availability: Availability,
    },
    /// A back-up agency stands by a lead agency: one direction, not passed on.
    Pact {
        /// The agency that is backed up.
        lead: String,
        /// The agency that backs it up.
        backup: String,
        /// When its officers are asked: 1 before 2.
        tier: u8,
        /// First instant of validity; none means always was.
        from_us: Option<i64>,
        /// First instant after validity; none means until ended.
        until_us: Option<i64>,
        /// The agreement that covers officers of an uncontracted back-up, if it is not the
        /// lead's own.
        cover: Option<String>,
    },
    /// A pact ends now.
    PactEnded {
        /// The agency that was backed up.
        lead: String,
        /// The agency that backed it up.
        backup: String,
    },
    /// A site does not want an officer.
    Excluded {
        /// The site.
        site: String,
        /// The officer.
        badge: String,
    },
    /// A site no longer objects to an officer.
    Readmitted {
        /// The site.
        site: String,
        /// The officer.
        badge: String,
    },
    /// The limits of an agency to its officers' work, replacing all that it had; none ends them.
    LimitsSet {
        /// The home agency.
        agency: String,
        /// The limits, in the order in which they are judged.
        limits: Vec<Limit>,
    },
    /// For some work the limits of an officer warn and do not block.
    LimitsLifted {
        /// The officer.
        badge: String,
        /// For what.
        lift: Lift,
        /// Why, for the record; 1 to 200 bytes.
        reason: String,
    },
    /// The officer says what they would rather be asked for.
    PreferencesDeclared {
        /// The officer.
        badge: String,
        /// Replaces what was declared before.
        preferences: Preferences,
    },
    /// Whether an agency's officers may accept only what they prefer.
    PreferencesBind {
        /// The home agency.
        agency: String,
        /// Whether they may.
        bind: bool,
    },
    /// A district does not want an officer at any of its sites.
    DistrictExcluded {
        /// The lead agency of its sites.
        lead: String,
        /// The district.
        district: String,
        /// The officer.
        badge: String,
    },
    /// A district no longer objects to an officer.
    DistrictReadmitted {
        /// The lead agency of its sites.
        lead: String,
        /// The district.
        district: String,
        /// The officer.
        badge: String,
    },
    /// Who may come to work of a programme when nobody else is available, replacing what was said
    /// before.
    LastTierSet {
        /// Code of the programme.
        programme: String,
        /// Classes admitted beside its own; none means that there is no last tier.
        classes: Vec<Class>,
        /// Codes of those of its certifications that are not asked of them.
        waived: Vec<String>,
    },
    /// Since when an officer has been in service, for rankings by seniority.
    SenioritySet {
        /// The officer.
        badge: String,
        /// The first day of service that counts.
        since: Day,
    },
    /// What an agency says about jobs, replacing all that it said before.
    JobRulesSet {
        /// Code of the lead agency.
        agency: String,
        /// Whether everything is published under an approved job only.
        required: bool,
        /// Codes of programmes of which nothing is published without one.
        programmes: Vec<String>,
        /// Whether department and operator both verify a job first.
        verified: bool,
        /// What it says about attributes; at most 256.
        rules: Vec<JobRule>,
    },
    /// The staffing ladders of an agency, replacing all that it had; none ends them.
    LaddersSet {
        /// Code of the lead agency.
        agency: String,
        /// The ladders, at most 32; of those that hold when work starts, the first counts.
        ladders: Vec<Ladder>,
    },
}

impl RosterChange {
    /// The badge of the officer who declares this about themselves, if it is such a change.
    pub fn declared_by(&self) -> Option<&str> {
        match self {
            RosterChange::AvailabilityDeclared { badge, .. }
            | RosterChange::PreferencesDeclared { badge, .. } => Some(badge),
            _ => None,
        }
    }
}

/// Something held for a span of time.
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
pub struct Dated {
    /// Code of what is held.
    pub code: String,
    /// First instant of validity; none means always was.
    pub from_us: Option<i64>,
    /// First instant after validity; none means no end.
    pub until_us: Option<i64>,
}

/// When an officer is willing to work, in the local time of the site.
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
    Hash,
)]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// At any time.
    Always,
    /// In declared windows only.
    Declared {
        /// Windows of an ordinary week.
        weekly: Vec<WeeklyWindow>,
        /// Dates on which other windows hold instead; no windows means not at all.
        exceptions: Vec<DatedWindows>,
    },
}

/// A window of every week.
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
pub struct WeeklyWindow {
    /// Day of the week, Monday = 1 to Sunday = 7.
    pub weekday: u8,
    /// Minutes after local midnight.
    pub from_minute: u16,
    /// Minutes after local midnight, up to 1,440; a window past midnight is written as two.
    pub until_minute: u16,
}

/// The windows of one date.
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
    Hash,
)]
pub struct DatedWindows {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Pairs of minutes after local midnight: from, until.
    pub windows: Vec<(u16, u16)>,
}
