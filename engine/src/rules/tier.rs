//! Which tier an agency's officers belong to, and what covers them there.

use crate::model::{AgencyId, AgreementId, Interval, Roster, Timestamp};

/// The tier in which officers of `home` are asked when `lead` is responsible: 0 for the lead
/// agency itself, otherwise that of a pact that holds from `at` through the end of `span`.
///
/// Pacts are directed and not passed on: only an edge from `lead` to `home` counts.
pub fn tier_of(
    roster: &Roster,
    lead: AgencyId,
    home: AgencyId,
    at: Timestamp,
    span: Interval,
) -> Option<u8> {
    if home == lead {
        return Some(0);
    }
    let pact = roster.pact(lead, home)?;
    held_through(pact.valid, at, span).then_some(pact.tier)
}

/// The agreement that protects an officer of `home` on work of `lead`: a contracted agency's
/// own, otherwise the one the pact names, otherwise the lead's. Nothing means no cover.
pub fn cover_of(roster: &Roster, lead: AgencyId, home: AgencyId) -> Option<AgreementId> {
    let own = |agency: AgencyId| roster.agencies.find(agency)?.agreement;
    let pact = || roster.pact(lead, home)?.cover;
    own(home).or_else(pact).or_else(|| own(lead))
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
