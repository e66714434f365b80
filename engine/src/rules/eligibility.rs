//! `lead-or-pact ∧ cover ∧ class ∧ certified ∧ approved ∧ rank ∧ available ∧ not excluded ∧ free`
//! (rules 1 to 4).
//!
//! One list of clauses serves everybody: [`check`] stops at the first that fails, [`explain`]
//! answers all of them, so what decides and what is explained cannot drift apart.

use super::availability::is_available;
use super::conflict::conflict;
use super::tier::{cover_of, held_through, tier_of};
use crate::model::{
    AgreementId, Calendar, CertificationId, Interval, Officer, OfficerId, Posting, Programme,
    Roster, Timestamp,
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
    /// No site of the vacancy excludes the officer.
    NotExcluded,
    /// The officer holds no overlapping assignment.
    Free,
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
    /// The ground on which officers are examined for `posting` at `at`.
    pub fn new(roster: &'a Roster, posting: &'a Posting, at: Timestamp) -> Option<Ground<'a>> {
        let programme = roster.programmes.find(posting.programme)?;
        Some(Ground {
            roster,
            posting,
            programme,
            at,
            span: posting.span(),
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
        let through = |valid: &Interval| held_through(*valid, self.at, self.span);
        let posting = self.posting;
        match clause {
            Clause::LeadOrPact => self.tier_of(who).is_some(),
            Clause::Cover => cover_of(self.roster, posting.lead, *home).is_some(),
            Clause::NotSuspended => !suspended,
            Clause::Class => self.programme.classes.contains(class),
            Clause::Certified(kind) => certifications.get(&kind).is_some_and(through),
            Clause::Approved => {
                !self.programme.approval || approvals.get(&posting.programme).is_some_and(through)
            }
            Clause::Rank => posting.slots.contains(rank),
            Clause::Available => is_available(availability, &posting.segments),
            Clause::NotExcluded => {
                let exclusions = &self.roster.exclusions;
                posting
                    .segments
                    .iter()
                    .all(|s| !exclusions.contains(&(s.site, who.id)))
            }
            Clause::Free => who
                .calendar
                .is_none_or(|calendar| conflict(posting, calendar).is_none()),
        }
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

/// Every clause that applies on this ground, in order.
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

/// Where the officer stands, or the first clause that does not hold.
pub fn check(ground: Ground<'_>, who: Candidate<'_>) -> Result<Stand, Clause> {
    match clauses(ground).find(|&clause| !ground.holds(clause, who)) {
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
        .collect()
}

/// The first clause under which an officer could not keep an assignment already held: all but
/// those about the moment of acceptance (availability, rank, and being free).
pub fn held_breach(ground: Ground<'_>, who: Candidate<'_>) -> Option<Clause> {
    let kept = |clause: &Clause| !matches!(clause, Clause::Available | Clause::Rank | Clause::Free);
    clauses(ground)
        .filter(kept)
        .find(|&clause| !ground.holds(clause, who))
}
