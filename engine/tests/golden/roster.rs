//! Samples of what is known of agencies, officers, sites and pacts.

use std::collections::BTreeMap;

use engine::core::Event;
use engine::model::{
    Agency, AgencyId, Agreement, AgreementId, Availability, Certification, CertificationId, Class,
    Date, Held, Interval, Officer, Pact, Programme, ProgrammeId, Rank, Site, SiteId, SiteKind,
    Window,
};

use crate::samples::{O, code, tucson, year};

pub(crate) fn entities() -> Vec<(&'static str, Event)> {
    let agency = |agreement| Event::AgencyAdded {
        id: AgencyId(2),
        agency: Agency {
            code: code("saguaro"),
            name: "Saguaro Police Department".into(),
            agreement,
        },
    };
    let site = |kind, ade_funded| Event::SiteAdded {
        id: SiteId(5),
        site: Box::new(Site {
            code: code("saguaro-001"),
            name: "Invented Elementary".into(),
            lead: AgencyId(2),
            zone: "America/Phoenix".into(),
            position: tucson(),
            geofence_m: 150,
            district: "Invented District".into(),
            kind,
            ade_funded,
        }),
    };
    vec![
        ("agency-added", agency(Some(AgreementId(4)))),
        ("agency-added-uncontracted", agency(None)),
        (
            "agreement-signed",
            Event::AgreementSigned {
                id: AgreementId(4),
                agreement: Agreement {
                    code: code("saguaro-msa"),
                    holder: AgencyId(2),
                },
            },
        ),
        (
            "certification-named",
            Event::CertificationNamed {
                id: CertificationId(1),
                certification: Certification {
                    code: code("ade-sso"),
                    name: "School safety curriculum".into(),
                },
            },
        ),
        (
            "programme-defined",
            Event::ProgrammeDefined {
                id: ProgrammeId(1),
                programme: Box::new(Programme {
                    code: code("sso"),
                    name: "School safety officer".into(),
                    certifications: vec![CertificationId(0), CertificationId(1)],
                    classes: vec![
                        Class::PeaceOfficer,
                        Class::FullAuthorityReserve,
                        Class::CommunityServiceOfficer,
                    ],
                    approval: true,
                }),
            },
        ),
        ("site-added-public", site(SiteKind::Public, false)),
        ("site-added-charter", site(SiteKind::Charter, false)),
        ("site-added-private", site(SiteKind::Private, true)),
        ("site-added-venue", site(SiteKind::Venue, false)),
    ]
}

pub(crate) fn officers() -> Vec<(&'static str, Event)> {
    let (officer, certification, programme) = (O, CertificationId(1), ProgrammeId(1));
    let availability = Box::new(declared());
    vec![
        ("officer-added", officer_added()),
        (
            "certification-granted",
            Event::CertificationGranted {
                officer,
                certification,
                valid: year(),
            },
        ),
        (
            "certification-revoked",
            Event::CertificationRevoked {
                officer,
                certification,
            },
        ),
        (
            "certification-expired",
            Event::CertificationExpired {
                officer,
                certification,
            },
        ),
        (
            "approval-granted",
            Event::ApprovalGranted {
                officer,
                programme,
                valid: Interval::ALWAYS,
            },
        ),
        (
            "approval-withdrawn",
            Event::ApprovalWithdrawn { officer, programme },
        ),
        ("suspended", Event::Suspended { officer }),
        ("reinstated", Event::Reinstated { officer }),
        (
            "availability-declared",
            Event::AvailabilityDeclared {
                officer,
                availability,
            },
        ),
        (
            "availability-declared-always",
            Event::AvailabilityDeclared {
                officer,
                availability: Box::new(Availability::Always),
            },
        ),
    ]
}

fn officer_added() -> Event {
    Event::OfficerAdded {
        id: O,
        officer: Box::new(Officer {
            badge: code("SAG-0412"),
            home: AgencyId(2),
            class: Class::PeaceOfficer,
            rank: Rank::Sergeant,
            certifications: Held::from_iter([
                (CertificationId(0), Interval::ALWAYS),
                (CertificationId(1), year()),
            ]),
            approvals: Held::from_iter([(ProgrammeId(1), year())]),
            suspended: false,
            availability: declared(),
        }),
    }
}

pub(crate) fn relations() -> Vec<(&'static str, Event)> {
    let (lead, backup, site, officer) = (AgencyId(2), AgencyId(3), SiteId(5), O);
    let pact = |cover, valid| Event::PactMade {
        pact: Pact {
            lead,
            backup,
            tier: 1,
            valid,
            cover,
        },
    };
    vec![
        ("pact-made", pact(Some(AgreementId(4)), year())),
        (
            "pact-made-covered-by-the-lead",
            pact(None, Interval::ALWAYS),
        ),
        ("pact-ended", Event::PactEnded { lead, backup }),
        ("excluded", Event::Excluded { site, officer }),
        ("readmitted", Event::Readmitted { site, officer }),
    ]
}

fn declared() -> Availability {
    let window = |from_minute, until_minute| Window {
        from_minute,
        until_minute,
    };
    let mut weekly: [Vec<Window>; 7] = Default::default();
    weekly[0] = vec![window(360, 720), window(780, 1_080)];
    weekly[6] = vec![window(0, 1_440)];
    let date = |day| Date {
        year: 2026,
        month: 11,
        day,
    };
    let exceptions =
        BTreeMap::from([(date(26), vec![]), (date(27), vec![window(480, 720)])]).into();
    let weekly = weekly.into();
    Availability::Declared { weekly, exceptions }
}
