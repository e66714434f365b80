//! Which changes to the roster a coordinator may make: those to the own agency, its officers and
//! its sites.

use std::collections::BTreeSet;

use crate::core::command::{NewProvision, RosterChange};
use crate::core::refusal::{Kind, Refusal};
use crate::model::{AgencyId, Roster};

/// Refuses changes that coordinators of `agency` may not make. An officer or a site that an earlier
/// change of the same command adds is theirs, because they add no others.
///
/// Whose an officer or a site is that nobody knows yet is not known either: that is answered, and
/// remembered, because a retry could find them added in between. An agency that is not known is not
/// the one that asks, and never will be.
pub(super) fn may_change(
    roster: &Roster,
    changes: &[RosterChange],
    agency: AgencyId,
) -> Result<(), Refusal> {
    let (mut badges, mut sites) = (BTreeSet::new(), BTreeSet::new());
    let mut unknown = Ok(());
    for change in changes {
        match change {
            RosterChange::Officer(new) => {
                badges.insert(new.badge.as_str());
            }
            RosterChange::Site(new) => {
                sites.insert(new.code.as_str());
            }
            _ => {}
        }
        let (kind, code, owner) = match subject(change) {
            Subject::Agency(code) if roster.agency(code) == Some(agency) => continue,
            Subject::Agency(_) | Subject::Installation => return Err(Refusal::NotAllowed),
            Subject::Officer(badge) => {
                let row = roster
                    .officer(badge)
                    .and_then(|id| roster.officers.find(id));
                let added = badges.contains(badge).then_some(agency);
                (Kind::Officer, badge, row.map(|row| row.home).or(added))
            }
            Subject::Site(code) => {
                let row = roster.site(code).and_then(|id| roster.sites.find(id));
                let added = sites.contains(code).then_some(agency);
                (Kind::Site, code, row.map(|row| row.lead).or(added))
            }
        };
        match owner {
            Some(owner) if owner == agency => {}
            Some(_) => return Err(Refusal::NotAllowed),
            None => {
                let code = code.into();
                unknown = unknown.and(Err(Refusal::Unknown { kind, code }));
            }
        }
    }
    unknown
}

/// What a roster change is about, as far as permission goes.
enum Subject<'a> {
    Agency(&'a str),
    Officer(&'a str),
    Site(&'a str),
    Installation,
}

fn subject(change: &RosterChange) -> Subject<'_> {
    match change {
        RosterChange::Agency { .. }
        | RosterChange::Certification { .. }
        | RosterChange::Programme { .. }
        | RosterChange::Pact { .. }
        | RosterChange::PactEnded { .. } => Subject::Installation,
        RosterChange::Site(site) => Subject::Agency(&site.lead),
        RosterChange::Officer(officer) => Subject::Agency(&officer.home),
        RosterChange::CertificationGranted { badge, .. }
        | RosterChange::CertificationRevoked { badge, .. }
        | RosterChange::ApprovalGranted { badge, .. }
        | RosterChange::ApprovalWithdrawn { badge, .. }
        | RosterChange::Suspended { badge }
        | RosterChange::Reinstated { badge }
        | RosterChange::AvailabilityDeclared { badge, .. }
        | RosterChange::SenioritySet { badge, .. } => Subject::Officer(badge),
        RosterChange::Excluded { site, .. } | RosterChange::Readmitted { site, .. } => {
            Subject::Site(site)
        }
        RosterChange::Provided(provided) => match provided {
            NewProvision::Limits { agency, .. } | NewProvision::PreferencesBind { agency, .. } => {
                Subject::Agency(agency)
            }
            NewProvision::Lifted { badge, .. } | NewProvision::Preferences { badge, .. } => {
                Subject::Officer(badge)
            }
            NewProvision::Unwanted { lead, .. } | NewProvision::WantedAgain { lead, .. } => {
                Subject::Agency(lead)
            }
            NewProvision::JobRules { agency, .. } | NewProvision::Ladders { agency, .. } => {
                Subject::Agency(agency)
            }
            NewProvision::LastTier { .. } => Subject::Installation,
        },
    }
}
