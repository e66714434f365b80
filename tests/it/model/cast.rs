//! The people and places that every sequence begins with, as plain tables, and what may be asked
//! of them. Names are places in these tables; times are whole half hours.

use engine::model::{Class, Rank};

use super::provisions::Provide;
use super::staffing::Staffed;

/// Half hours after midnight UTC of Sunday 22 November 2026. No zone of the cast changes its
/// clocks for a hundred days from there.
pub(crate) type HalfHour = i64;

/// Half hours of a day.
pub(crate) const DAY: HalfHour = 48;
/// Monday being 0, what day of the week half hour 0 falls on.
pub(crate) const FIRST_WEEKDAY: i64 = 6;
/// A span of half hours, half-open.
pub(crate) type Span = (HalfHour, HalfHour);
/// Valid without dates.
pub(crate) const ALWAYS: Span = (HalfHour::MIN, HalfHour::MAX);

/// Agencies: the number of their own agreement, if they have one.
pub(crate) const AGENCIES: [Option<usize>; 4] = [Some(0), Some(1), None, None];
/// Who signed each agreement.
pub(crate) const AGREEMENT_HOLDERS: [usize; 2] = [0, 1];
/// How many kinds of certification there are.
pub(crate) const CERTIFICATIONS: usize = 2;

pub(crate) struct Programme {
    pub(crate) certifications: &'static [usize],
    pub(crate) classes: &'static [Class],
    pub(crate) approval: bool,
}

pub(crate) const PROGRAMMES: [Programme; 2] = [
    Programme {
        certifications: &[0, 1],
        classes: &[Class::PeaceOfficer, Class::FullAuthorityReserve],
        approval: true,
    },
    Programme {
        certifications: &[0],
        classes: &[
            Class::PeaceOfficer,
            Class::FullAuthorityReserve,
            Class::CommunityServiceOfficer,
        ],
        approval: false,
    },
];

pub(crate) struct Site {
    pub(crate) lead: usize,
    pub(crate) zone: &'static str,
    /// How far local time is behind UTC.
    pub(crate) behind: HalfHour,
}

pub(crate) const SITES: [Site; 2] = [
    Site {
        lead: 0,
        zone: "America/Phoenix",
        behind: 14,
    },
    Site {
        lead: 2,
        zone: "America/New_York",
        behind: 10,
    },
];

pub(crate) struct Member {
    pub(crate) home: usize,
    pub(crate) class: Class,
    pub(crate) rank: Rank,
}

const fn member(home: usize, class: Class, rank: Rank) -> Member {
    Member { home, class, rank }
}

pub(crate) const OFFICERS: [Member; 10] = [
    member(0, Class::PeaceOfficer, Rank::Officer),
    member(0, Class::PeaceOfficer, Rank::Officer),
    member(0, Class::FullAuthorityReserve, Rank::Sergeant),
    member(1, Class::PeaceOfficer, Rank::Officer),
    member(1, Class::PeaceOfficer, Rank::Sergeant),
    member(1, Class::CommunityServiceOfficer, Rank::Officer),
    member(2, Class::PeaceOfficer, Rank::Officer),
    member(2, Class::PeaceOfficer, Rank::Officer),
    member(3, Class::PeaceOfficer, Rank::Officer),
    member(3, Class::PeaceOfficer, Rank::Sergeant),
];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Operator,
    Agency(usize),
    Officer(usize),
}

/// What is asked. A vacancy's number is the count of those published before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Publish(Notice),
    PublishAll(Vec<Notice>),
    Accept {
        vacancy: usize,
        round: u32,
    },
    Decline {
        vacancy: usize,
        round: u32,
    },
    Release {
        vacancy: usize,
    },
    Punch {
        vacancy: usize,
        off_the_map: bool,
    },
    Recall {
        vacancy: usize,
        officer: usize,
    },
    Cancel {
        vacancy: usize,
    },
    NextTier {
        vacancy: usize,
    },
    Reduce {
        vacancy: usize,
        fewer: usize,
        named: Vec<usize>,
    },
    NoShow {
        vacancy: usize,
        officer: usize,
        again: Option<(u128, HalfHour)>,
    },
    Roster(Vec<Change>),
    Deny {
        officer: usize,
        until: Option<HalfHour>,
    },
    Admit {
        officer: usize,
    },
}

/// A vacancy as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) key: u128,
    pub(crate) lead: usize,
    pub(crate) programme: usize,
    /// Site and time of each segment.
    pub(crate) segments: Vec<(usize, Span)>,
    pub(crate) slots: Vec<Rank>,
    /// Windows of the tiers.
    pub(crate) windows: Vec<HalfHour>,
    /// Time before and after the work that belongs to it.
    pub(crate) around: Span,
    /// What is said about its slots beside their ranks.
    pub(crate) staffed: Staffed,
}

impl Notice {
    pub(crate) fn start(&self) -> HalfHour {
        self.segments[0].1.0
    }

    pub(crate) fn end(&self) -> HalfHour {
        self.segments[self.segments.len() - 1].1.1
    }
}

/// One change to the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Grant {
        officer: usize,
        certification: usize,
        valid: Span,
    },
    Revoke {
        officer: usize,
        certification: usize,
    },
    Approve {
        officer: usize,
        programme: usize,
        valid: Span,
    },
    Withdraw {
        officer: usize,
        programme: usize,
    },
    Suspend {
        officer: usize,
    },
    Reinstate {
        officer: usize,
    },
    Declare {
        officer: usize,
        availability: Option<Availability>,
    },
    Pact(Pact),
    EndPact {
        lead: usize,
        backup: usize,
    },
    Exclude {
        site: usize,
        officer: usize,
    },
    Readmit {
        site: usize,
        officer: usize,
    },
    /// Suspends a badge that nobody has.
    Nobody,
    Provide(Provide),
}

/// Declared windows, in half hours of a local day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Availability {
    /// Day of the week, Monday being 0, and a window.
    pub(crate) weekly: Vec<(i64, Span)>,
    /// Days, counted from the first, on which these windows hold instead.
    pub(crate) exceptions: Vec<(i64, Vec<Span>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pact {
    pub(crate) lead: usize,
    pub(crate) backup: usize,
    pub(crate) tier: u8,
    pub(crate) valid: Span,
    pub(crate) cover: Option<usize>,
}
