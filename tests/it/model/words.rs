//! The model's asks and tables in the words of the engine.

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Afterwards, Again, Body, NewSegment, NewVacancy, Publication, Reduce, RosterChange,
};
use engine::model::{
    Date, Direction, Interval, OfficerId, Position, SiteKind, Term, Timestamp, VacancyId,
    VacancyKey, Window,
};

use super::cast::{
    AGENCIES, Ask, Availability, CERTIFICATIONS, Change, HalfHour, Notice, OFFICERS, PROGRAMMES,
    SITES, Span,
};

use super::denials;
use super::provisions::provision;
use super::staffing;

/// Sunday 22 November 2026, midnight UTC, in microseconds.
const MIDNIGHT_US: i64 = 1_795_305_600_000_000;
/// Half an hour, in milliseconds.
pub(crate) const HALF_HOUR_MS: u64 = 1_800_000;

/// Everything that exists before the first step.
pub(crate) fn cast() -> Vec<RosterChange> {
    let mut changes = Vec::new();
    for (number, agreement) in AGENCIES.iter().enumerate() {
        changes.push(RosterChange::Agency {
            code: agency(number),
            name: "Agency".into(),
            agreement: agreement.map(|number| format!("msa-{number}")),
        });
    }
    for number in 0..CERTIFICATIONS {
        let (code, name) = (certification(number), "Certification".into());
        changes.push(RosterChange::Certification { code, name });
    }
    for (number, row) in PROGRAMMES.iter().enumerate() {
        changes.push(RosterChange::Programme {
            code: programme(number),
            name: "Programme".into(),
            certifications: row
                .certifications
                .iter()
                .copied()
                .map(certification)
                .collect(),
            classes: row.classes.to_vec(),
            approval: row.approval,
        });
    }
    for (number, row) in SITES.iter().enumerate() {
        changes.push(RosterChange::Site(NewSite {
            code: site(number),
            name: "Site".into(),
            lead: agency(row.lead),
            zone: row.zone.into(),
            position: Position {
                latitude_udeg: 0,
                longitude_udeg: 0,
            },
            geofence_m: 100,
            district: district(number),
            kind: SiteKind::Public,
            ade_funded: false,
        }));
    }
    for (number, row) in OFFICERS.iter().enumerate() {
        let kinds = (0..CERTIFICATIONS).map(certification);
        let programmes = (0..PROGRAMMES.len()).map(programme);
        changes.push(RosterChange::Officer(NewOfficer {
            badge: badge(number),
            home: agency(row.home),
            class: row.class,
            rank: row.rank,
            certifications: kinds.map(|kind| (kind, Interval::ALWAYS)).collect(),
            approvals: programmes.map(|kind| (kind, Interval::ALWAYS)).collect(),
            availability: NewAvailability::Always,
        }));
    }
    changes
}

/// `ask` as the engine takes it; `ids` are the numbers it gave the officers.
pub(crate) fn body(ask: &Ask, ids: &[OfficerId]) -> Body {
    let id = |number: &usize| VacancyId::from(*number);
    match ask {
        Ask::Publish(notice) => {
            let one = on_terms(notice);
            match one.terms.is_empty() {
                true => Body::Publish(Box::new(one.vacancy)),
                false => Body::PublishAll(vec![one]),
            }
        }
        Ask::PublishAll(notices) => Body::PublishAll(notices.iter().map(on_terms).collect()),
        Ask::Accept { vacancy, round } => Body::Accept {
            vacancy: id(vacancy),
            round: *round,
        },
        Ask::Decline { vacancy, round } => Body::Decline {
            vacancy: id(vacancy),
            round: *round,
        },
        Ask::Release { vacancy } => Body::Release {
            vacancy: id(vacancy),
        },
        Ask::Punch {
            vacancy,
            off_the_map,
        } => Body::Punch {
            vacancy: id(vacancy),
            direction: Direction::In,
            position: off_the_map.then_some(Position {
                latitude_udeg: 0,
                longitude_udeg: i32::MAX,
            }),
        },
        Ask::Recall { vacancy, officer } => Body::Recall {
            vacancy: id(vacancy),
            officer: ids[*officer],
        },
        Ask::Cancel { vacancy } => Body::Cancel {
            vacancy: id(vacancy),
            reason: String::new(),
        },
        Ask::NextTier { vacancy } => Body::OpenNextTier {
            vacancy: id(vacancy),
        },
        Ask::Reduce {
            vacancy,
            fewer,
            named,
        } => afterwards(Afterwards::Reduce(Reduce {
            vacancy: id(vacancy),
            fewer: *fewer as u16,
            slots: named.iter().map(|slot| *slot as u16).collect(),
            reason: "fewer".into(),
        })),
        Ask::NoShow {
            vacancy,
            officer,
            again,
        } => afterwards(Afterwards::NoShow {
            vacancy: id(vacancy),
            officer: ids[*officer],
            again: again.map(|(key, from)| Again {
                key: VacancyKey(key),
                from: instant(from),
            }),
        }),
        Ask::Roster(changes) => Body::Roster(changes.iter().map(roster_change).collect()),
        Ask::Deny { officer, until } => denials::deny(*officer, *until),
        Ask::Admit { officer } => denials::admit(*officer),
    }
}

fn afterwards(asked: Afterwards) -> Body {
    Body::Afterwards(Box::new(asked))
}

fn on_terms(notice: &Notice) -> Publication {
    let ms = |half_hours: HalfHour| half_hours.unsigned_abs() * HALF_HOUR_MS;
    let mut terms = staffing::terms(&notice.staffed);
    terms.extend((notice.around != (0, 0)).then(|| Term::Buffer {
        before_ms: ms(notice.around.0),
        after_ms: ms(notice.around.1),
    }));
    Publication {
        vacancy: publication(notice),
        terms,
    }
}

fn publication(notice: &Notice) -> NewVacancy {
    let segment = |(number, span): &(usize, Span)| NewSegment {
        site: site(*number),
        start: instant(span.0),
        end: instant(span.1),
    };
    let window_ms = |window: &HalfHour| window.unsigned_abs() * HALF_HOUR_MS;
    NewVacancy {
        key: VacancyKey(notice.key),
        lead: agency(notice.lead),
        programme: programme(notice.programme),
        segments: notice.segments.iter().map(segment).collect(),
        slots: notice.slots.clone(),
        windows_ms: notice.windows.iter().map(window_ms).collect(),
        post_orders: String::new(),
    }
}

fn roster_change(change: &Change) -> RosterChange {
    match change {
        Change::Pact(pact) => RosterChange::Pact {
            lead: agency(pact.lead),
            backup: agency(pact.backup),
            tier: pact.tier,
            valid: interval(pact.valid),
            cover: pact.cover.map(|number| format!("msa-{number}")),
        },
        Change::EndPact { lead, backup } => RosterChange::PactEnded {
            lead: agency(*lead),
            backup: agency(*backup),
        },
        Change::Exclude {
            site: number,
            officer,
        } => RosterChange::Excluded {
            site: site(*number),
            badge: badge(*officer),
        },
        Change::Readmit {
            site: number,
            officer,
        } => RosterChange::Readmitted {
            site: site(*number),
            badge: badge(*officer),
        },
        Change::Provide(provide) => RosterChange::Provided(provision(provide)),
        Change::Nobody => RosterChange::Suspended {
            badge: "nobody".into(),
        },
        change => officer_change(change),
    }
}

/// A change to one officer's own record.
fn officer_change(change: &Change) -> RosterChange {
    match change {
        Change::Grant {
            officer,
            certification: kind,
            valid,
        } => RosterChange::CertificationGranted {
            badge: badge(*officer),
            certification: certification(*kind),
            valid: interval(*valid),
        },
        Change::Revoke {
            officer,
            certification: kind,
        } => RosterChange::CertificationRevoked {
            badge: badge(*officer),
            certification: certification(*kind),
        },
        Change::Approve {
            officer,
            programme: kind,
            valid,
        } => RosterChange::ApprovalGranted {
            badge: badge(*officer),
            programme: programme(*kind),
            valid: interval(*valid),
        },
        Change::Withdraw {
            officer,
            programme: kind,
        } => RosterChange::ApprovalWithdrawn {
            badge: badge(*officer),
            programme: programme(*kind),
        },
        Change::Suspend { officer } => RosterChange::Suspended {
            badge: badge(*officer),
        },
        Change::Reinstate { officer } => RosterChange::Reinstated {
            badge: badge(*officer),
        },
        Change::Declare {
            officer,
            availability,
        } => RosterChange::AvailabilityDeclared {
            badge: badge(*officer),
            availability: declaration(availability.as_ref()),
        },
        other => unreachable!("every other change was put into words before: {other:?}"),
    }
}

fn declaration(availability: Option<&Availability>) -> NewAvailability {
    let Some(declared) = availability else {
        return NewAvailability::Always;
    };
    let weekly = declared.weekly.iter();
    let weekly = weekly.map(|(day, span)| (*day as u8, window(*span)));
    let dated = declared.exceptions.iter();
    let dated = dated.map(|(day, spans)| (date(*day), spans.iter().copied().map(window).collect()));
    NewAvailability::Declared {
        weekly: weekly.collect(),
        exceptions: dated.collect(),
    }
}

pub(crate) fn agency(number: usize) -> String {
    format!("agency-{number}")
}

fn certification(number: usize) -> String {
    format!("certification-{number}")
}

fn programme(number: usize) -> String {
    format!("programme-{number}")
}

pub(crate) fn district(number: usize) -> String {
    format!("district-{number}")
}

fn site(number: usize) -> String {
    format!("site-{number}")
}

pub(crate) fn badge(number: usize) -> String {
    format!("BADGE-{number:04}")
}

pub(crate) fn instant(at: HalfHour) -> Timestamp {
    match at {
        HalfHour::MIN => Timestamp::MIN,
        HalfHour::MAX => Timestamp::MAX,
        at => Timestamp(MIDNIGHT_US + at * HALF_HOUR_MS as i64 * 1_000),
    }
}

fn interval(span: Span) -> Interval {
    Interval {
        start: instant(span.0),
        end: instant(span.1),
    }
}

fn window(span: Span) -> Window {
    Window {
        from_minute: span.0 as u16 * 30,
        until_minute: span.1 as u16 * 30,
    }
}

/// Days of November 2026 from the 22nd; exceptions are at most a few days ahead.
fn date(day: i64) -> Date {
    Date {
        year: 2026,
        month: 11,
        day: 22 + day as u8,
    }
}
