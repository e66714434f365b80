//! What is told of the roster: agencies, sites, pacts, and officers' own records.

use std::fmt;

use serde::Serialize;

use super::Told;

/// A code with its validity; no date means without limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::commands::log) struct Dated {
    pub(in crate::commands::log) code: String,
    pub(in crate::commands::log) from: Option<String>,
    pub(in crate::commands::log) until: Option<String>,
}

impl Told {
    pub(super) fn say_roster(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::AgencyAdded {
                agency,
                name,
                agreement,
            } => {
                let agreement = agreement.as_deref().unwrap_or("none");
                write!(f, "agency-added {agency} {name:?}, agreement {agreement}")
            }
            Told::AgreementSigned { agreement, agency } => {
                write!(f, "agreement-signed {agreement} by {agency}")
            }
            Told::CertificationNamed {
                certification,
                name,
            } => write!(f, "certification-named {certification} {name:?}"),
            Told::ProgrammeDefined {
                programme,
                name,
                certifications,
                classes,
                approval,
            } => {
                let (needs, classes) = (certifications.join(", "), classes.join(", "));
                let approval = if *approval { "; approval" } else { "" };
                write!(
                    f,
                    "programme-defined {programme} {name:?}: {needs}; {classes}{approval}"
                )
            }
            Told::SiteAdded {
                site,
                name,
                lead,
                zone,
                kind,
                ..
            } => write!(f, "site-added {site} {name:?} of {lead}: {kind}, {zone}"),
            Told::PactMade {
                lead,
                backup,
                tier,
                from,
                until,
                cover,
            } => {
                let dates = dates(from.as_deref(), until.as_deref());
                let cover = cover.as_deref().unwrap_or("the lead's");
                write!(
                    f,
                    "pact-made {backup} backs {lead} up in tier {tier}{dates}, "
                )?;
                write!(f, "cover {cover}")
            }
            Told::PactEnded { lead, backup } => {
                write!(f, "pact-ended {backup} no longer backs {lead} up")
            }
            Told::Excluded { site, badge } => write!(f, "excluded {badge} from {site}"),
            Told::Readmitted { site, badge } => write!(f, "readmitted {badge} to {site}"),
            officer => officer.say_officer(f),
        }
    }

    fn say_officer(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::OfficerAdded {
                badge,
                agency,
                class,
                rank,
                certifications,
                approvals,
                suspended,
                availability,
            } => {
                let list = |list: &[Dated]| {
                    let list: Vec<String> = list.iter().map(Dated::to_string).collect();
                    list.join(", ")
                };
                let (held, approved) = (list(certifications), list(approvals));
                let suspended = if *suspended { ", suspended" } else { "" };
                write!(
                    f,
                    "officer-added {badge} of {agency}: {rank}, {class}{suspended}; "
                )?;
                write!(
                    f,
                    "holds {held}; approved for {approved}; available {availability}"
                )
            }
            Told::CertificationGranted {
                badge,
                certification,
                from,
                until,
            } => {
                let dates = dates(from.as_deref(), until.as_deref());
                write!(f, "certification-granted {badge} {certification}{dates}")
            }
            Told::CertificationRevoked {
                badge,
                certification,
            } => write!(f, "certification-revoked {badge} {certification}"),
            Told::CertificationExpired {
                badge,
                certification,
            } => write!(f, "certification-expired {badge} {certification}"),
            Told::ApprovalGranted {
                badge,
                programme,
                from,
                until,
            } => {
                let dates = dates(from.as_deref(), until.as_deref());
                write!(f, "approval-granted {badge} {programme}{dates}")
            }
            Told::ApprovalWithdrawn { badge, programme } => {
                write!(f, "approval-withdrawn {badge} {programme}")
            }
            Told::Suspended { badge } => write!(f, "suspended {badge}"),
            Told::Reinstated { badge } => write!(f, "reinstated {badge}"),
            Told::AvailabilityDeclared {
                badge,
                availability,
            } => write!(f, "availability-declared {badge} {availability}"),
            other => unreachable!("every other event has its words above: {other:?}"),
        }
    }
}

impl fmt::Display for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dates = dates(self.from.as_deref(), self.until.as_deref());
        write!(f, "{}{dates}", self.code)
    }
}

fn dates(from: Option<&str>, until: Option<&str>) -> String {
    match (from, until) {
        (None, None) => String::new(),
        (from, until) => format!(
            " ({}..{})",
            from.unwrap_or_default(),
            until.unwrap_or_default()
        ),
    }
}
