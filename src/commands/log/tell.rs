//! From the log's numbers to names, and which events concern whom.
//!
//! Every event has its arm: one that is new does not compile before it has words.

use engine::core::{Actor, Amendment, Event, Receipt, Record, Refusal, Refused, State};
use engine::model::{
    Interval, Officer, OfficerId, Pact, Position, Posting, Programme, Punch, Site, VacancyId,
};
use engine::rules::Clause;

use super::names::{
    Names, availability, class, direction, rank, site_kind, tier_cause, time, vacated, validity,
};
use super::told::{Dated, Told};
use super::{afterwards, award, provided};

mod publication;

/// Tells an event of `record` with the names that `state` has.
pub(super) fn tell(state: &State, record: &Record, event: &Event) -> Told {
    let names = Names(state);
    match event {
        Event::Published { .. }
        | Event::TierOpened { .. }
        | Event::WindowClosed { .. }
        | Event::Awarded { .. }
        | Event::Declined { .. }
        | Event::Vacated { .. } => tell_race(state, event),
        Event::Cancelled {
            vacancy,
            reason,
            holders,
        } => Told::Cancelled {
            vacancy: names.vacancy(*vacancy),
            reason: reason.to_string(),
            holders: holders.iter().map(|id| names.officer(*id)).collect(),
        },
        Event::Expired { vacancy } => Told::Expired {
            vacancy: names.vacancy(*vacancy),
        },
        Event::Termed { vacancy, terms } => Told::Termed {
            vacancy: names.vacancy(*vacancy),
            terms: terms.iter().map(publication::term).collect(),
        },
        Event::GrantMade { district, grant } => publication::grant_made(names, district, grant),
        Event::Punched { vacancy, punch } => punched(names, *vacancy, punch),
        Event::Flagged {
            vacancy,
            officer,
            clause,
        } => Told::Flagged {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
            clause: dispatcher::flagged_clause(state, *clause),
            exceeded: matches!(clause, Clause::Hours { .. } | Clause::Rest { .. }),
        },
        Event::Confirmed(receipt) => confirmed(names, receipt),
        Event::Refused(no) => refused(state, record, no),
        Event::Amended(_) | Event::Reconfirmed { .. } | Event::Lapsed(_) => {
            tell_amendment(state, event)
        }
        Event::Reduced(_)
        | Event::NoShow { .. }
        | Event::Corrected { .. }
        | Event::Noted { .. }
        | Event::Acknowledged { .. }
        | Event::Reminded { .. }
        | Event::Said { .. }
        | Event::Shelved { .. } => Told::Afterwards(afterwards::tell(state, event)),
        Event::AgencyAdded { .. }
        | Event::AgreementSigned { .. }
        | Event::CertificationNamed { .. }
        | Event::ProgrammeDefined { .. }
        | Event::SiteAdded { .. }
        | Event::PactMade { .. }
        | Event::PactEnded { .. }
        | Event::Excluded { .. }
        | Event::Readmitted { .. } => tell_roster(names, event),
        Event::LimitsSet { .. }
        | Event::LimitsLifted(_)
        | Event::PreferencesDeclared { .. }
        | Event::PreferencesBound { .. }
        | Event::District { .. }
        | Event::LastTierSet { .. }
        | Event::LastTierApproved(_)
        | Event::PushDeferred(_)
        | Event::Pushed { .. }
        | Event::Widened(_)
        | Event::Offered { .. }
        | Event::Considered(_)
        | Event::JobRulesSet { .. }
        | Event::LaddersSet { .. }
        | Event::Denied(_)
        | Event::Admitted(_)
        | Event::Job(_) => Told::Provided(provided::tell(state, event)),
        Event::OfficerAdded { .. }
        | Event::CertificationGranted { .. }
        | Event::CertificationRevoked { .. }
        | Event::CertificationExpired { .. }
        | Event::ApprovalGranted { .. }
        | Event::ApprovalWithdrawn { .. }
        | Event::Suspended { .. }
        | Event::Reinstated { .. }
        | Event::AvailabilityDeclared { .. } => tell_officer(names, event),
        Event::Bid { .. }
        | Event::BidsClosed { .. }
        | Event::Ranked(_)
        | Event::StandbyJoined { .. }
        | Event::StandbyLeft { .. }
        | Event::SlotKept { .. }
        | Event::StandbyPassed { .. }
        | Event::Reoffered { .. }
        | Event::SenioritySet { .. }
        | Event::WaitEnded(_) => Told::Award(award::tell(names, event)),
    }
}

fn tell_race(state: &State, event: &Event) -> Told {
    let names = Names(state);
    match event {
        Event::Published { posting, .. } => published(state, posting),
        Event::TierOpened {
            vacancy,
            tier,
            because,
            recipients,
            closes_at,
        } => Told::TierOpened {
            vacancy: names.vacancy(*vacancy),
            tier: *tier,
            because: tier_cause(*because),
            to: names.officers(recipients),
            closes_at: closes_at.and_then(time),
        },
        Event::WindowClosed { vacancy } => Told::WindowClosed {
            vacancy: names.vacancy(*vacancy),
        },
        Event::Awarded {
            vacancy,
            slot,
            officer,
            cover,
            place,
        } => Told::Awarded {
            vacancy: names.vacancy(*vacancy),
            slot: *slot,
            badge: names.officer(*officer),
            place: *place,
            cover: names.agreement(*cover),
        },
        Event::Declined { vacancy, officer } => Told::Declined {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
        },
        Event::Vacated {
            vacancy,
            slot,
            officer,
            because,
            round,
            recipients,
            closes_at,
        } => Told::Vacated {
            vacancy: names.vacancy(*vacancy),
            slot: *slot,
            badge: names.officer(*officer),
            because: vacated(*because),
            round: *round,
            to: names.officers(recipients),
            closes_at: closes_at.and_then(time),
        },
        other => unreachable!("`tell` sends only events of the race here: {other:?}"),
    }
}

fn tell_amendment(state: &State, event: &Event) -> Told {
    let names = Names(state);
    match event {
        Event::Amended(amendment) => amended(state, amendment),
        Event::Reconfirmed { officer, receipt } => Told::Reconfirmed {
            vacancy: names.vacancy(receipt.vacancy),
            slot: receipt.slot,
            badge: names.officer(*officer),
            award: receipt.sequence.0,
        },
        Event::Lapsed(lapse) => Told::Lapsed {
            vacancy: names.vacancy(lapse.vacancy),
            badges: names.officers(&lapse.officers),
            round: lapse.round,
            to: names.officers(&lapse.recipients),
            closes_at: lapse.closes_at.and_then(time),
        },
        other => unreachable!("`tell` sends only amendments here: {other:?}"),
    }
}

/// Whether an event is about a vacancy.
pub(super) fn concerns_vacancy(event: &Event, id: VacancyId) -> bool {
    match event {
        Event::WindowClosed { vacancy }
        | Event::Flagged { vacancy, .. }
        | Event::Pushed { vacancy, .. } => *vacancy == id,
        Event::PushDeferred(deferred) => deferred.vacancy == id,
        Event::Confirmed(receipt) => receipt.vacancy == id,
        Event::Refused(Refused {
            refusal: Refusal::Overlaps { with },
            ..
        }) => *with == id,
        other => other.vacancy() == Some(id),
    }
}

/// Whether an event of `record` is about an officer: what the officer did, was given, was offered
/// or was told.
pub(super) fn concerns_officer(record: &Record, event: &Event, id: OfficerId) -> bool {
    match event {
        Event::Awarded { officer, .. }
        | Event::Declined { officer, .. }
        | Event::Flagged { officer, .. }
        | Event::OfficerAdded { id: officer, .. }
        | Event::CertificationGranted { officer, .. }
        | Event::CertificationRevoked { officer, .. }
        | Event::CertificationExpired { officer, .. }
        | Event::ApprovalGranted { officer, .. }
        | Event::ApprovalWithdrawn { officer, .. }
        | Event::Suspended { officer }
        | Event::Reinstated { officer }
        | Event::AvailabilityDeclared { officer, .. }
        | Event::Excluded { officer, .. }
        | Event::Readmitted { officer, .. }
        | Event::PreferencesDeclared { officer, .. }
        | Event::District { officer, .. } => *officer == id,
        Event::LimitsLifted(lifted) => lifted.officer == id,
        Event::LastTierApproved(approved) => approved.recipients.contains(id),
        Event::PushDeferred(deferred) => deferred.officers.contains(id),
        Event::Pushed { officers, .. } => officers.contains(id),
        Event::Bid { officer, .. }
        | Event::StandbyJoined { officer, .. }
        | Event::StandbyLeft { officer, .. }
        | Event::SlotKept { officer, .. }
        | Event::StandbyPassed { officer, .. }
        | Event::SenioritySet { officer, .. } => *officer == id,
        Event::Reoffered { recipients, .. } => recipients.contains(id),
        Event::Ranked(ranking) => ranking.order.contains(&id),
        Event::Widened(widened) => widened.who.named().contains(id),
        Event::Offered { recipients, .. } => recipients.contains(id),
        Event::WaitEnded(ended) => {
            let mut told = [&ended.kept, &ended.bids, &ended.standby].into_iter();
            told.any(|officers| officers.contains(id))
        }
        Event::TierOpened { recipients, .. } => recipients.contains(id),
        Event::Vacated {
            officer,
            recipients,
            ..
        } => *officer == id || recipients.contains(id),
        Event::Cancelled { holders, .. } => holders.contains(&id),
        Event::Punched { punch, .. } => punch.officer == id,
        Event::NoShow { officer, .. } | Event::Acknowledged { officer, .. } => *officer == id,
        Event::Corrected { correction, .. } => correction.officer == id,
        Event::Noted { note, .. } => note.officer == id,
        Event::Said { message, .. } => message.officer == id,
        Event::Reminded { officers, .. } => officers.contains(id),
        Event::Reduced(reduction) => {
            let mut removed = reduction.removed.iter();
            let held = removed.any(|slot| slot.holder == Some(id));
            held || reduction.withdrawn.contains(id)
        }
        Event::Reconfirmed { officer, .. } => *officer == id,
        Event::Lapsed(lapse) => lapse.officers.contains(id) || lapse.recipients.contains(id),
        Event::Amended(amendment) => {
            let moved = amendment.moved.as_ref();
            let holders = moved.map(|moved| [&moved.unconfirmed, &moved.lost]);
            let asked = [&amendment.recipients, &amendment.withdrawn];
            let mut concerned = holders.into_iter().flatten().chain(asked);
            concerned.any(|officers| officers.contains(id))
        }
        Event::Confirmed(_) | Event::Refused(_) => record.by == Actor::Officer(id),
        _ => false,
    }
}

fn published(state: &State, posting: &Posting) -> Told {
    let names = Names(state);
    Told::Published {
        vacancy: protocol::VacancyKey(posting.key.0).to_string(),
        lead: names.agency(posting.lead),
        programme: names.programme(posting.programme),
        segments: dispatcher::segments(state, &posting.segments),
        slots: posting.slots.iter().copied().map(rank).collect(),
        windows_ms: posting.windows_ms.clone(),
        post_orders: posting.post_orders.to_string(),
    }
}

fn amended(state: &State, amendment: &Amendment) -> Told {
    let names = Names(state);
    let moved = amendment.moved.as_ref();
    let slots = amendment.slots.as_ref();
    let orders = amendment.post_orders.as_ref();
    Told::Amended {
        vacancy: names.vacancy(amendment.vacancy),
        segments: moved.map(|moved| dispatcher::segments(state, &moved.segments)),
        slots: slots.map(|slots| slots.iter().copied().map(rank).collect()),
        post_orders: orders.map(|orders| orders.to_string()),
        round: amendment.round,
        to: names.officers(&amendment.recipients),
        withdrawn: names.officers(&amendment.withdrawn),
        unconfirmed: moved.map_or_else(Vec::new, |moved| names.officers(&moved.unconfirmed)),
        confirm_by: moved.and_then(|moved| time(moved.confirm_by)),
        lost: moved.map_or_else(Vec::new, |moved| names.officers(&moved.lost)),
        closes_at: amendment.closes_at.and_then(time),
    }
}

fn punched(names: Names<'_>, vacancy: VacancyId, punch: &Punch) -> Told {
    Told::Punched {
        vacancy: names.vacancy(vacancy),
        badge: names.officer(punch.officer),
        direction: direction(punch.direction),
        punched_at: time(punch.at),
        position: punch.position.map(position),
        on_site: punch.on_site,
    }
}

fn confirmed(names: Names<'_>, receipt: &Receipt) -> Told {
    Told::Confirmed {
        vacancy: names.vacancy(receipt.vacancy),
        slot: receipt.slot,
        place: receipt.place,
        cover: names.agreement(receipt.cover),
        award: receipt.sequence.0,
        awarded_at: time(receipt.awarded_at),
    }
}

fn refused(state: &State, record: &Record, no: &Refused) -> Told {
    let said = dispatcher::refused(no, record.at.as_micros());
    let clause = match no.refusal {
        Refusal::NotEligible { clause } => Some(dispatcher::clause_name(state, clause)),
        _ => None,
    };
    let overlaps = match no.refusal {
        Refusal::Overlaps { with } => Some(Names(state).vacancy(with)),
        _ => None,
    };
    Told::Refused {
        code: said.code,
        sentence: said.sentence,
        place: no.place,
        filled_at: no.filled_at.and_then(time),
        clause,
        overlaps,
    }
}

fn tell_roster(names: Names<'_>, event: &Event) -> Told {
    match event {
        Event::AgencyAdded { agency, .. } => Told::AgencyAdded {
            agency: agency.code.to_string(),
            name: agency.name.to_string(),
            agreement: agency.agreement.map(|id| names.agreement(id)),
        },
        Event::AgreementSigned { agreement, .. } => Told::AgreementSigned {
            agreement: agreement.code.to_string(),
            agency: names.agency(agreement.holder),
        },
        Event::CertificationNamed { certification, .. } => Told::CertificationNamed {
            certification: certification.code.to_string(),
            name: certification.name.to_string(),
        },
        Event::ProgrammeDefined { programme, .. } => defined(names, programme),
        Event::SiteAdded { site, .. } => site_added(names, site),
        Event::PactMade { pact } => pact_made(names, pact),
        Event::PactEnded { lead, backup } => Told::PactEnded {
            lead: names.agency(*lead),
            backup: names.agency(*backup),
        },
        Event::Excluded { site, officer } => Told::Excluded {
            site: names.site(*site),
            badge: names.officer(*officer),
        },
        Event::Readmitted { site, officer } => Told::Readmitted {
            site: names.site(*site),
            badge: names.officer(*officer),
        },
        other => unreachable!("`tell` sends only events of the roster here: {other:?}"),
    }
}

fn defined(names: Names<'_>, programme: &Programme) -> Told {
    let certifications = programme.certifications.iter();
    Told::ProgrammeDefined {
        programme: programme.code.to_string(),
        name: programme.name.to_string(),
        certifications: certifications.map(|id| names.certification(*id)).collect(),
        classes: programme.classes.iter().copied().map(class).collect(),
        approval: programme.approval,
    }
}

fn site_added(names: Names<'_>, site: &Site) -> Told {
    Told::SiteAdded {
        site: site.code.to_string(),
        name: site.name.to_string(),
        lead: names.agency(site.lead),
        zone: site.zone.to_string(),
        position: position(site.position),
        geofence_m: site.geofence_m,
        district: site.district.to_string(),
        kind: site_kind(site.kind),
        ade_funded: site.ade_funded,
    }
}

fn pact_made(names: Names<'_>, pact: &Pact) -> Told {
    let (from, until) = validity(pact.valid);
    Told::PactMade {
        lead: names.agency(pact.lead),
        backup: names.agency(pact.backup),
        tier: pact.tier,
        from,
        until,
        cover: pact.cover.map(|id| names.agreement(id)),
    }
}

fn tell_officer(names: Names<'_>, event: &Event) -> Told {
    match event {
        Event::OfficerAdded { officer, .. } => officer_added(names, officer),
        Event::CertificationGranted {
            officer,
            certification,
            valid,
        } => {
            let (from, until) = validity(*valid);
            Told::CertificationGranted {
                badge: names.officer(*officer),
                certification: names.certification(*certification),
                from,
                until,
            }
        }
        Event::CertificationRevoked {
            officer,
            certification,
        } => Told::CertificationRevoked {
            badge: names.officer(*officer),
            certification: names.certification(*certification),
        },
        Event::CertificationExpired {
            officer,
            certification,
        } => Told::CertificationExpired {
            badge: names.officer(*officer),
            certification: names.certification(*certification),
        },
        Event::ApprovalGranted {
            officer,
            programme,
            valid,
        } => {
            let (from, until) = validity(*valid);
            Told::ApprovalGranted {
                badge: names.officer(*officer),
                programme: names.programme(*programme),
                from,
                until,
            }
        }
        Event::ApprovalWithdrawn { officer, programme } => Told::ApprovalWithdrawn {
            badge: names.officer(*officer),
            programme: names.programme(*programme),
        },
        Event::Suspended { officer } => Told::Suspended {
            badge: names.officer(*officer),
        },
        Event::Reinstated { officer } => Told::Reinstated {
            badge: names.officer(*officer),
        },
        Event::AvailabilityDeclared {
            officer,
            availability: declared,
        } => Told::AvailabilityDeclared {
            badge: names.officer(*officer),
            availability: availability(declared),
        },
        other => unreachable!("`tell` sends only events of one officer here: {other:?}"),
    }
}

fn officer_added(names: Names<'_>, officer: &Officer) -> Told {
    let certifications = officer.certifications.iter();
    let approvals = officer.approvals.iter();
    Told::OfficerAdded {
        badge: officer.badge.to_string(),
        agency: names.agency(officer.home),
        class: class(officer.class),
        rank: rank(officer.rank),
        certifications: certifications
            .map(|(id, valid)| dated(names.certification(id), valid))
            .collect(),
        approvals: approvals
            .map(|(id, valid)| dated(names.programme(id), valid))
            .collect(),
        suspended: officer.suspended,
        availability: availability(&officer.availability),
    }
}

fn dated(code: String, valid: Interval) -> Dated {
    let (from, until) = validity(valid);
    Dated { code, from, until }
}

fn position(position: Position) -> protocol::Position {
    protocol::Position {
        latitude_udeg: position.latitude_udeg,
        longitude_udeg: position.longitude_udeg,
    }
}
