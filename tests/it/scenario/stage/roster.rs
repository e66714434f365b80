//! Lines that change the roster.

use engine::core::RosterChange;
use engine::core::command::{NewOfficer, NewSite};
use engine::model::{Position, SiteKind};

use super::super::words::{Words, availability, class, date, dated, rank, site_kind, validity};
use super::provisions::provision;
use super::{Stage, jobs};

pub(super) fn roster_change(stage: &Stage, words: &Words<'_>) -> RosterChange {
    let text = |place| words.word(place).to_owned();
    match words.word(0) {
        "agency" => RosterChange::Agency {
            code: text(1),
            name: text(1),
            agreement: words.named("agreement").map(str::to_owned),
        },
        "certification" => RosterChange::Certification {
            code: text(1),
            name: text(1),
        },
        "programme" => RosterChange::Programme {
            code: text(1),
            name: text(1),
            certifications: words.list("needs").into_iter().map(str::to_owned).collect(),
            classes: words.list("classes").into_iter().map(class).collect(),
            approval: words.named("approval") == Some("yes"),
        },
        "site" => RosterChange::Site(NewSite {
            code: text(1),
            name: text(1),
            lead: words.need("lead").to_owned(),
            zone: words.named("zone").unwrap_or("America/Phoenix").to_owned(),
            position: words
                .named("at")
                .map_or_else(|| position("33.30616,-111.84125"), position),
            geofence_m: 150,
            district: words.named("district").unwrap_or("demo").to_owned(),
            kind: words.named("kind").map_or(SiteKind::Public, site_kind),
            ade_funded: words.named("ade-funded") == Some("yes"),
        }),
        "officer" => RosterChange::Officer(NewOfficer {
            badge: text(1),
            home: words.need("home").to_owned(),
            class: class(words.named("class").unwrap_or("peace-officer")),
            rank: rank(words.named("rank").unwrap_or("officer")),
            certifications: match words.named("certs") {
                Some("none") => Vec::new(),
                Some(list) => list.split(',').map(dated).collect(),
                None => vec![dated("azpost"), dated("ade-sso")],
            },
            approvals: match words.named("approvals") {
                Some("none") => Vec::new(),
                Some(list) => list.split(',').map(dated).collect(),
                None => vec![dated("sso")],
            },
            availability: availability(words.named("available")),
        }),
        "pact" => {
            assert_eq!(words.word(2), "backs-up", "a pact reads: pact A backs-up B");
            RosterChange::Pact {
                lead: text(3),
                backup: text(1),
                tier: words
                    .named("tier")
                    .map_or(1, |tier| tier.parse().expect("a number")),
                valid: validity(words.named("valid")),
                cover: words.named("cover").map(str::to_owned),
            }
        }
        "end-pact" => {
            assert_eq!(words.word(2), "backs-up", "it reads: end-pact A backs-up B");
            RosterChange::PactEnded {
                lead: text(3),
                backup: text(1),
            }
        }
        "grant" => {
            let (certification, valid) = dated(words.word(2));
            RosterChange::CertificationGranted {
                badge: text(1),
                certification,
                valid,
            }
        }
        "revoke" => RosterChange::CertificationRevoked {
            badge: text(1),
            certification: text(2),
        },
        "approve" => {
            let (programme, valid) = dated(words.word(2));
            RosterChange::ApprovalGranted {
                badge: text(1),
                programme,
                valid,
            }
        }
        "withdraw-approval" => RosterChange::ApprovalWithdrawn {
            badge: text(1),
            programme: text(2),
        },
        "suspend" => RosterChange::Suspended { badge: text(1) },
        "reinstate" => RosterChange::Reinstated { badge: text(1) },
        "declare" => RosterChange::AvailabilityDeclared {
            badge: text(1),
            availability: availability(Some(words.word(2))),
        },
        "senior" => RosterChange::SenioritySet {
            badge: text(1),
            since: date(words.need("since")),
        },
        "exclude" => RosterChange::Excluded {
            site: text(1),
            badge: text(2),
        },
        "readmit" => RosterChange::Readmitted {
            site: text(1),
            badge: text(2),
        },
        _ => {
            let of_jobs = jobs::provision(words);
            RosterChange::Provided(of_jobs.unwrap_or_else(|| provision(stage, words)))
        }
    }
}

/// `33.30616,-111.84125`.
pub(super) fn position(text: &str) -> Position {
    let (north, east) = text.split_once(',').expect("`latitude,longitude`");
    let udeg = |text: &str| (text.parse::<f64>().expect("degrees") * 1e6).round() as i32;
    Position {
        latitude_udeg: udeg(north),
        longitude_udeg: udeg(east),
    }
}
