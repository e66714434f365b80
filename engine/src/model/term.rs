//! What a vacancy asks beyond time, place and rank.

use std::cmp::Reverse;

use rkyv::{Archive, Deserialize, Serialize};

use super::{AwardRule, Interval, Rank, Segment};

/// The terms of a vacancy: each kind at most once. Most vacancies have none.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Terms(Vec<Term>);

/// One term. Variants are only ever added at the end: they are in the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
    /// Time that belongs to the work though nobody is paid for it: the way there, a vehicle to be
    /// fetched (rule 11). The officer is busy from so long before the first start until so long
    /// after the last end.
    Buffer {
        /// Before the first start, in milliseconds.
        before_ms: u64,
        /// After the last end, in milliseconds.
        after_ms: u64,
    },
    /// The next tier opens so long before the first start at the latest, if a slot is open: the
    /// entry of each tier, from tier 0, in milliseconds, each smaller than the one before. A tier
    /// without an entry waits for its window.
    OpensBefore {
        /// By tier.
        before_ms: Vec<u64>,
    },
    /// A coordinator publishes it though the grant of its district does not pay for it (rule 19).
    BeyondGrant {
        /// Why.
        reason: Box<str>,
    },
    /// What is worn (rule 16).
    Clothing(Clothing),
    /// The officer comes in a marked patrol car (rule 16).
    MarkedCar,
    /// Who is given a slot; without it, whoever accepts first.
    Award(Box<AwardRule>),
    /// An accept can be taken back as an accident, without being a release.
    Undo {
        /// How long after the award, in milliseconds.
        within_ms: u64,
    },
    /// Who found it filled may wait, and is asked first when a slot is given back.
    Standby {
        /// How long whoever is asked has to say yes before the next is, in milliseconds.
        confirm_within_ms: u64,
    },
    /// What it is published under (rule 14).
    Job {
        /// Code of the job.
        job: Box<str>,
        /// Its version then, from 1; whoever publishes says 0, and means the one that stands.
        version: u32,
    },
    /// Whether a higher rank fills a lower slot (rule 10); the lead agency's ladder says so where
    /// whoever publishes does not.
    HigherRanks {
        /// Whether it does.
        fill: bool,
    },
    /// So many slots, of the ranks that the ladder of the lead agency says. It is answered when the
    /// vacancy is published, which then has those ranks and not this term.
    ByLadder {
        /// How many.
        slots: u16,
    },
}

/// What an officer wears at work.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Clothing {
    /// The uniform of the home agency.
    Uniform,
    /// Civilian clothes.
    Civilian,
}

impl Terms {
    /// The terms, unless two of them are of one kind.
    pub fn new(terms: Vec<Term>) -> Option<Terms> {
        let kind = std::mem::discriminant::<Term>;
        let is_repeated =
            |(place, term)| terms[..place].iter().any(|other| kind(other) == kind(term));
        let is_any_repeated = terms.iter().enumerate().any(is_repeated);
        (!is_any_repeated).then_some(Terms(terms))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Time before the first start and after the last end that belongs to the work, in
    /// milliseconds.
    pub fn buffer_ms(&self) -> (u64, u64) {
        let buffer = self.iter().find_map(|term| match term {
            Term::Buffer {
                before_ms,
                after_ms,
            } => Some((*before_ms, *after_ms)),
            _ => None,
        });
        buffer.unwrap_or_default()
    }

    /// When whoever works `segments` on these terms is busy: one span a segment, the first and the
    /// last of them widened by the buffer. They stay disjoint, because only the ends move.
    pub fn busy(&self, segments: &[Segment]) -> impl Iterator<Item = Interval> {
        let (before_ms, after_ms) = self.buffer_ms();
        let last = segments.len().saturating_sub(1);
        segments.iter().enumerate().map(move |(place, segment)| {
            let mut busy = segment.span;
            if place == 0 {
                busy.start = busy.start.minus_ms(before_ms);
            }
            if place == last {
                busy.end = busy.end.plus_ms(after_ms);
            }
            busy
        })
    }

    /// How long before the start the tier after `tier` opens, in milliseconds, if ever by that.
    pub fn opens_before_ms(&self, tier: u8) -> Option<u64> {
        self.iter().find_map(|term| match term {
            Term::OpensBefore { before_ms } => before_ms.get(usize::from(tier)).copied(),
            _ => None,
        })
    }

    /// Why it may be published beyond what grants pay for, if it may.
    pub fn beyond_grant(&self) -> Option<&str> {
        self.iter().find_map(|term| match term {
            Term::BeyondGrant { reason } => Some(&**reason),
            _ => None,
        })
    }

    /// The job that it is published under, and the version of it.
    pub fn job(&self) -> Option<(&str, u32)> {
        self.iter().find_map(|term| match term {
            Term::Job { job, version } => Some((&**job, *version)),
            _ => None,
        })
    }

    /// Whether an officer of `rank` fits a slot that asks for `asked`: everything that asks about
    /// ranks asks here.
    pub fn fits(&self, asked: Rank, rank: Rank) -> bool {
        asked == rank || (rank > asked && self.higher_ranks() == Some(true))
    }

    /// Which of `slots`, given by number and rank in the order of their numbers, an officer of `rank`
    /// takes: the first of that rank; where a higher rank fills a lower slot, else the first of the
    /// rank that is nearest below.
    pub fn slot_for(
        &self,
        mut slots: impl Iterator<Item = (u16, Rank)>,
        rank: Rank,
    ) -> Option<u16> {
        let found = match self.higher_ranks() {
            Some(true) => slots
                .filter(|(_, asked)| self.fits(*asked, rank))
                .max_by_key(|(number, asked)| (*asked, Reverse(*number))),
            Some(false) | None => slots.find(|(_, asked)| *asked == rank),
        };
        found.map(|(number, _)| number)
    }

    /// Whether an officer of `rank` fits any of `slots`.
    pub fn fits_any(&self, slots: &[Rank], rank: Rank) -> bool {
        slots.iter().any(|asked| self.fits(*asked, rank))
    }

    /// Whether a higher rank fills a lower slot, if that is said.
    pub fn higher_ranks(&self) -> Option<bool> {
        self.iter().find_map(|term| match term {
            Term::HigherRanks { fill } => Some(*fill),
            _ => None,
        })
    }

    /// Forgets that only a number of slots was said, once they have ranks.
    pub fn forget_number(&mut self) {
        let is_kept = |term: &Term| !matches!(term, Term::ByLadder { .. });
        self.0.retain(is_kept);
    }

    /// Says `term`, in place of what was said of its kind.
    pub fn put(&mut self, term: Term) {
        let kind = std::mem::discriminant(&term);
        match self
            .0
            .iter_mut()
            .find(|other| std::mem::discriminant(*other) == kind)
        {
            Some(other) => *other = term,
            None => self.0.push(term),
        }
    }

    /// The terms, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Term> {
        self.0.iter()
    }

    /// Who is given a slot, if it is not whoever accepts first.
    pub fn award(&self) -> Option<&AwardRule> {
        self.iter().find_map(|term| match term {
            Term::Award(rule) => Some(&**rule),
            _ => None,
        })
    }

    /// How long after the award an accept can be taken back, in milliseconds; 0 is not at all.
    pub fn undo_within_ms(&self) -> u64 {
        let within = self.iter().find_map(|term| match term {
            Term::Undo { within_ms } => Some(*within_ms),
            _ => None,
        });
        within.unwrap_or(0)
    }

    /// How long somebody on the standby list has to say yes, in milliseconds; none if there is no
    /// such list.
    pub fn confirm_within_ms(&self) -> Option<u64> {
        self.iter().find_map(|term| match term {
            Term::Standby { confirm_within_ms } => Some(*confirm_within_ms),
            _ => None,
        })
    }
}
