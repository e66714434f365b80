//! `lead-or-pact ∧ cover ∧ class ∧ certified ∧ approved ∧ rank ∧ available ∧ not excluded ∧ free`,
//! and what the home agency adds: preferences that bind, hours, rest (rules 1 to 4).
//!
//! One list of clauses serves everybody: [`check`] stops at the first that fails, [`explain`]
//! answers all of them, so what decides and what is explained cannot drift apart.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use super::availability::is_available;
use super::conflict::conflict;
use super::hours;
use super::preference;
use super::tier::{cover_of, held_through, tier_of};
use crate::model::{
    AgreementId, Beyond, Calendar, CertificationId, Interval, LastTier, Officer, OfficerId, Period,
    Posting, Programme, Rank, Roster, Table, Terms, Timestamp, Vacancy, VacancyId,
};

/// One condition of eligibility, in the order in which they are judged.
#[derive(
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
pub enum Clause {
    /// The officer's agency is the lead, or backs it up under a pact that holds.
    LeadOrPact,
    /// An agreement protects the officer.
    Cover,
    /// The officer is not suspended.
    NotSuspended,
    /// The programme admits the officer's class.
    Class,
    /// The officer holds this certification through the end.
    Certified(CertificationId),
    /// The home agency approves the officer for the programme through the end.
    Approved,
    /// A slot asks for the officer's rank.
    Rank,
    /// The officer's declared windows contain the whole vacancy.
    Available,
    /// No site of the vacancy, and no district of one, excludes the officer.
    NotExcluded,
    /// The officer holds no overlapping assignment.
    Free,
    /// The officer's preferences are for such work; asked only where the home agency says so.
    Preferred,
    /// With this work, the officer's hours in the fullest of such periods stay within a limit of
    /// the home agency.
    Hours {
        /// The period.
        period: Period,
        /// Held already, in minutes.
        held_minutes: u16,
        /// With this work, in minutes.
        would_be_minutes: u16,
        /// The most, in minutes.
        most_minutes: u16,
    },
    /// The officer rests long enough before and after this work.
    Rest {
        /// The shorter of the two, in minutes; 65,535 stands for more as well.
        between_minutes: u16,
        /// The least, in minutes.
        least_minutes: u16,
    },
    /// The job that the vacancy was published under is approved. Asked when it is published; a
    /// holder is flagged with it when the approval is withdrawn later.
    JobApproved,
}

impl Clause {
    /// The same of anybody: without the figures of the one who was examined.
    pub fn without_figures(self) -> Clause {
        match self {
            Clause::Hours { period, .. } => Clause::Hours {
                period,
                held_minutes: 0,
                would_be_minutes: 0,
                most_minutes: 0,
            },
            Clause::Rest { .. } => Clause::Rest {
                between_minutes: 0,
                least_minutes: 0,
            },
            other => other,
        }
    }
}

/// An officer under examination, with everything the clauses look at.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The officer's number.
    pub id: OfficerId,
    /// The officer.
    pub officer: &'a Officer,
    /// What the officer is already assigned to; none means nothing.
    pub calendar: Option<&'a Calendar>,
}

/// What an officer is examined for.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Agencies, pacts, programmes, exclusions.
    pub roster: &'a Roster,
    /// The vacancy.
    pub posting: &'a Posting,
    /// The programme the vacancy names.
    pub programme: &'a Programme,
    /// The moment of the examination: validity counts from here through the end.
    pub at: Timestamp,
    /// From the first start to the last end.
    pub span: Interval,
    /// What the vacancy asks beyond its posting.
    pub terms: &'a Terms,
    /// Who may come beside the programme's own classes, if that was approved.
    pub last_tier: Option<&'a LastTier>,
    /// Every vacancy, for the hours of what an officer holds.
    pub vacancies: &'a Table<VacancyId, Vacancy>,
}

/// Where an eligible officer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// The tier in which the officer is asked.
    pub tier: u8,
    /// What protects the officer.
    pub cover: AgreementId,
}

impl<'a> Ground<'a> {
    /// The ground on which officers are examined for `row` at `at`, while they hold slots of
    /// `vacancies`.
    pub fn new(
        roster: &'a Roster,
        vacancies: &'a Table<VacancyId, Vacancy>,
        row: &'a Vacancy,
        at: Timestamp,
    ) -> Option<Ground<'a>> {
        let posting = &row.posting;
        let programme = roster.programmes.find(posting.programme)?;
        let last_tier = || roster.provisions.last_tiers.get(&posting.programme);
        Some(Ground {
            roster,
            posting,
            programme,
            at,
            span: posting.span(),
            terms: &row.terms,
            last_tier: row.last_tier.then(last_tier).flatten(),
            vacancies,
        })
    }

    fn holds(&self, clause: Clause, who: Candidate<'_>) -> bool {
        let Officer {
            home,
            class,
            rank,
            certifications,
            approvals,
            suspended,
            availability,
            ..
        } = who.officer;
        let through = |valid| held_through(valid, self.at, self.span);
        let posting = self.posting;
        match clause {
            Clause::LeadOrPact => self.tier_of(who).is_some(),
            Clause::Cover => cover_of(self.roster, posting.lead, *home).is_some(),
            Clause::NotSuspended => !suspended,
            Clause::Class => {
                self.programme.classes.contains(class) || self.last_tier_of(who).is_some()
            }
            Clause::Certified(kind) => {
                let waived = |last: &LastTier| last.waived.contains(&kind);
                certifications.get(&kind).is_some_and(through)
                    || self.last_tier_of(who).is_some_and(waived)
            }
            Clause::Approved => {
                !self.programme.approval || approvals.get(&posting.programme).is_some_and(through)
            }
            Clause::Rank => self.terms.fits_any(&posting.slots, *rank),
            Clause::Available => is_available(availability, &posting.segments),
            Clause::NotExcluded => {
                let exclusions = &self.roster.exclusions;
                let wanted = posting
                    .segments
                    .iter()
                    .all(|s| !exclusions.contains(&(s.site, who.id)));
                wanted && !self.is_unwanted(who.id)
            }
            Clause::Free => who
                .calendar
                .is_none_or(|calendar| conflict(&posting.segments, self.terms, calendar).is_none()),
            Clause::Preferred => !preference::is_narrowed(*self, who.id),
            Clause::Hours {
                would_be_minutes,
                most_minutes,
                ..
            } => would_be_minutes <= most_minutes,
            Clause::Rest {
                between_minutes,
                least_minutes,
            } => between_minutes >= least_minutes,
            // Nothing that is held changes when an approval is withdrawn.
            Clause::JobApproved => true,
        }
    }

    /// The ranks of those whom a slot is for.
    pub fn ranks(&self) -> impl Iterator<Item = Rank> {
        let (terms, slots) = (self.terms, &self.posting.slots);
        let ranks = Rank::ALL.into_iter();
        ranks.filter(|rank| terms.fits_any(slots, *rank))
    }

    /// Whether a district of the work does not want `officer`.
    fn is_unwanted(&self, officer: OfficerId) -> bool {
        let unwanted = &self.roster.provisions.unwanted;
        let mut segments = self.posting.segments.iter();
        !unwanted.is_empty()
            && segments.any(|segment| {
                let site = self.roster.sites.find(segment.site);
                site.is_some_and(|site| {
                    unwanted.contains(&(site.lead, site.district.clone(), officer))
                })
            })
    }

    /// The last tier through which the officer may come, if it is open to them: it is for officers
    /// of the lead agency, whose chief approves it.
    fn last_tier_of(&self, who: Candidate<'_>) -> Option<&'a LastTier> {
        let is_own = who.officer.home == self.posting.lead;
        let last = self.last_tier.filter(|_| is_own);
        last.filter(|last| last.classes.contains(&who.officer.class))
    }

    fn tier_of(&self, who: Candidate<'_>) -> Option<u8> {
        tier_of(
            self.roster,
            self.posting.lead,
            who.officer.home,
            self.at,
            self.span,
        )
    }
}

/// Every clause that applies on this ground to everybody, in order.
pub fn clauses(ground: Ground<'_>) -> impl Iterator<Item = Clause> {
    let before = [
        Clause::LeadOrPact,
        Clause::Cover,
        Clause::NotSuspended,
        Clause::Class,
    ];
    let certified = ground
        .programme
        .certifications
        .iter()
        .map(|&kind| Clause::Certified(kind));
    let after = [
        Clause::Approved,
        Clause::Rank,
        Clause::Available,
        Clause::NotExcluded,
        Clause::Free,
    ];
    before.into_iter().chain(certified).chain(after)
}

/// The clauses that the officer's home agency adds, each with its answer: preferences where they
/// bind, and its limits. One that is exceeded and does not stand in the way holds; its figures say
/// that it is exceeded.
fn of_the_home(ground: Ground<'_>, who: Candidate<'_>) -> Vec<(Clause, bool)> {
    let provisions = &ground.roster.provisions;
    if provisions.bind_nobody() {
        return Vec::new();
    }
    let binds = provisions.binding.contains(&who.officer.home);
    let preferred = binds.then_some(Clause::Preferred);
    let preferred = preferred.map(|clause| (clause, ground.holds(clause, who)));
    let limits = hours::judge(ground, who).into_iter();
    let limits = limits.map(|judged| (judged.clause, judged.beyond != Some(Beyond::Block)));
    preferred.into_iter().chain(limits).collect()
}

/// Where the officer stands, or the first clause that does not hold.
pub fn check(ground: Ground<'_>, who: Candidate<'_>) -> Result<Stand, Clause> {
    let failing = clauses(ground).find(|&clause| !ground.holds(clause, who));
    let at_home = || {
        let mut clauses = of_the_home(ground, who).into_iter();
        clauses.find_map(|(clause, holds)| (!holds).then_some(clause))
    };
    match failing.or_else(at_home) {
        Some(failing) => Err(failing),
        None => {
            let tier = ground.tier_of(who).ok_or(Clause::LeadOrPact)?;
            let lead = ground.posting.lead;
            let cover = cover_of(ground.roster, lead, who.officer.home).ok_or(Clause::Cover)?;
            Ok(Stand { tier, cover })
        }
    }
}

/// Whether one clause holds.
pub fn holds(ground: Ground<'_>, clause: Clause, who: Candidate<'_>) -> bool {
    ground.holds(clause, who)
}

/// Every clause with its answer: why an officer is eligible, or is not (rule 6).
pub fn explain(ground: Ground<'_>, who: Candidate<'_>) -> Vec<(Clause, bool)> {
    clauses(ground)
        .map(|clause| (clause, ground.holds(clause, who)))
        .chain(of_the_home(ground, who))
        .collect()
}

/// The limits that an officer who is eligible exceeds with this work, because they warn or were
/// lifted: the award is flagged with them (rule 3).
pub fn exceeded(ground: Ground<'_>, who: Candidate<'_>) -> Vec<Clause> {
    if ground.roster.provisions.limits.is_empty() {
        return Vec::new();
    }
    let judged = hours::judge(ground, who).into_iter();
    judged
        .filter(|judged| judged.beyond.is_some())
        .map(|judged| judged.clause)
        .collect()
}

/// The first clause under which an officer could not keep an assignment already held: all but
/// those about the moment of acceptance (availability, rank, being free, and what the home agency
/// adds).
pub fn held_breach(ground: Ground<'_>, who: Candidate<'_>) -> Option<Clause> {
    let kept = |clause: &Clause| !matches!(clause, Clause::Available | Clause::Rank | Clause::Free);
    clauses(ground)
        .filter(kept)
        .find(|&clause| !ground.holds(clause, who))
}
