//! Which tier an agency's officers belong to, and what covers them there.

use std::collections::BTreeMap;

use crate::model::{AgencyId, AgreementId, Interval, Pact, Roster, Timestamp};

/// What an agency has agreed with others as the lead: found once, where many agencies are asked.
///
/// Pacts are directed and not passed on: only an edge from the lead to the home agency counts.
#[derive(Debug, Clone, Copy)]
pub struct Edges<'a> {
    roster: &'a Roster,
    lead: AgencyId,
    pacts: Option<&'a BTreeMap<AgencyId, Pact>>,
}

impl<'a> Edges<'a> {
    /// What `lead` has agreed.
    pub fn of(roster: &'a Roster, lead: AgencyId) -> Edges<'a> {
        let pacts = roster.pacts.get(&lead);
        Edges {
            roster,
            lead,
            pacts,
        }
    }

    /// The tier in which officers of `home` are asked: 0 for the lead agency itself, otherwise that
    /// of a pact that holds from `at` through the end of `span`.
    pub fn tier_of(self, home: AgencyId, at: Timestamp, span: Interval) -> Option<u8> {
        if home == self.lead {
            return Some(0);
        }
        let pact = self.pacts?.get(&home)?;
        held_through(pact.valid, at, span).then_some(pact.tier)
    }

    /// The agreement that protects an officer of `home`: a contracted agency's own, otherwise the
    /// one the pact names, otherwise the lead's. Nothing means no cover.
    pub fn cover_of(self, home: AgencyId) -> Option<AgreementId> {
        let own = |agency: AgencyId| self.roster.agencies.find(agency)?.agreement;
        let pact = || self.pacts?.get(&home)?.cover;
        own(home).or_else(pact).or_else(|| own(self.lead))
    }
}

/// The tier in which officers of `home` are asked when `lead` is responsible.
pub fn tier_of(
    roster: &Roster,
    lead: AgencyId,
    home: AgencyId,
    at: Timestamp,
    span: Interval,
) -> Option<u8> {
    Edges::of(roster, lead).tier_of(home, at, span)
}

/// The agreement that protects an officer of `home` on work of `lead`.
pub fn cover_of(roster: &Roster, lead: AgencyId, home: AgencyId) -> Option<AgreementId> {
    Edges::of(roster, lead).cover_of(home)
}

/// The agencies asked in `tier`, in order of their numbers.
pub fn agencies_of_tier(
    roster: &Roster,
    lead: AgencyId,
    tier: u8,
    at: Timestamp,
    span: Interval,
) -> Vec<AgencyId> {
    if tier == 0 {
        return vec![lead];
    }
    let asked = |home: &AgencyId| tier_of(roster, lead, *home, at, span) == Some(tier);
    roster
        .pacts_of(lead)
        .map(|pact| pact.backup)
        .filter(asked)
        .collect()
}

/// The next tier after `tier` that has an agency, if there is one.
pub fn next_tier(
    roster: &Roster,
    lead: AgencyId,
    tier: u8,
    at: Timestamp,
    span: Interval,
) -> Option<u8> {
    let later = |tier_there: &u8| *tier_there > tier;
    let tiers = roster
        .pacts_of(lead)
        .filter_map(|p| tier_of(roster, lead, p.backup, at, span));
    tiers.filter(later).min()
}

/// Whether something valid in `valid` is held from `at` through the end of `span` (rule 2).
pub fn held_through(valid: Interval, at: Timestamp, span: Interval) -> bool {
    valid.contains(at) && span.end <= valid.end
}
