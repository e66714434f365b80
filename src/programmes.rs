//! The certifications and programmes every installation begins with.
//!
//! `muster import agencies` makes them known to a new server, and the sample state holds them:
//! officers and vacancies name them.

use protocol::{Class, RosterChange};

/// School safety: needs the curriculum of the state department of education as well.
pub const SSO: &str = "sso";

/// Directing traffic at road works and events.
pub const TRAFFIC_CONTROL: &str = "traffic-control";

/// Certification as a peace officer or full-authority reserve.
pub const AZPOST: &str = "azpost";

/// The curriculum for school safety officers completed.
pub const ADE_SSO: &str = "ade-sso";

/// The changes that make them known: certifications first, then the programmes that require them.
pub fn standard() -> Vec<RosterChange> {
    vec![
        certification(AZPOST, "Arizona peace officer certification"),
        certification(
            ADE_SSO,
            "School safety curriculum, Arizona Department of Education",
        ),
        programme(SSO, "School safety officer", &[AZPOST, ADE_SSO]),
        programme(TRAFFIC_CONTROL, "Traffic control", &[AZPOST]),
        programme("security", "Security", &[AZPOST]),
        programme("special-event", "Special event", &[AZPOST]),
        // A community service officer may direct traffic when nobody else is available and a chief
        // allows it, vacancy by vacancy; never anything else, and never school safety.
        RosterChange::LastTierSet {
            programme: TRAFFIC_CONTROL.to_owned(),
            classes: vec![Class::CommunityServiceOfficer],
            waived: vec![AZPOST.to_owned()],
        },
    ]
}

fn certification(code: &str, name: &str) -> RosterChange {
    RosterChange::Certification {
        code: code.to_owned(),
        name: name.to_owned(),
    }
}

fn programme(code: &str, name: &str, certifications: &[&str]) -> RosterChange {
    RosterChange::Programme {
        code: code.to_owned(),
        name: name.to_owned(),
        certifications: certifications
            .iter()
            .map(|code| (*code).to_owned())
            .collect(),
        // No programme admits community service officers as such: see its last tier.
        classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
        approval: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certification_a_programme_requires_comes_before_it() {
        let mut known = Vec::new();
        for change in standard() {
            match change {
                RosterChange::Certification { code, .. } => known.push(code),
                RosterChange::Programme { certifications, .. } => {
                    assert!(certifications.iter().all(|code| known.contains(code)));
                }
                RosterChange::LastTierSet { programme, .. } => {
                    assert_eq!(programme, TRAFFIC_CONTROL, "never school safety");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(known, [AZPOST, ADE_SSO]);
    }
}
