//! Events become state. Nothing here refuses: what is in the log has happened.

mod afterwards;
mod amend;
mod award;
mod jobs;
mod later;
mod provisions;

use super::event::{Event, Record, Vacated, WaitEnd};
use super::grants;
use super::state::{Deadline, State};
use crate::limits::DENIALS_MAX;
use crate::model::{
    AgreementId, Availability, Holder, Officer, OfficerId, OfficerSet, Posting, Programme, Site,
    Standing, Terms, Timestamp, Vacancy, VacancyId,
};

const PUBLISHED_BEFORE: &str = "the log publishes a vacancy before it names it";

/// Writes `record` into `state`.
///
/// # Panics
///
/// If the record does not follow the state: it names what no record before it created. That is a
/// bug in the engine or a log put together by hand, and no answer may be built on it.
pub fn apply(state: &mut State, record: &Record) {
    assert_eq!(
        record.sequence,
        state.durable.sequence.next(),
        "records follow without gaps"
    );
    assert!(
        record.at >= state.durable.at,
        "time never runs backwards in a log"
    );
    state.durable.turn_to(record.at);
    for event in &record.events {
        apply_event(state, record, event);
        let may_keep = matches!(event, Event::SlotKept { .. }) || !state.keeping.is_empty();
        if let (true, Some(id)) = (may_keep, event.vacancy()) {
            let row = state.durable.vacancies.find(id).expect(PUBLISHED_BEFORE);
            state.keeping.note(id, row);
        }
    }
    state.durable.answers.remember(record);
    state.durable.sequence = record.sequence;
    state.durable.at = record.at;
}

fn apply_event(state: &mut State, record: &Record, event: &Event) {
    match event {
        Event::Published { id, posting } => {
            state.durable.keys.insert(posting.key, *id);
            let start = posting.span().start;
            let row = Vacancy::new(Posting::clone(posting));
            state.ahead.put(*id, &row, record.at);
            state.durable.vacancies.put(*id, row);
            state
                .durable
                .deadlines
                .insert((start, Deadline::Start(*id)));
        }
        Event::TierOpened {
            vacancy,
            tier,
            recipients,
            closes_at,
            ..
        } => {
            let row = vacancy_mut(state, *vacancy);
            row.tier = *tier;
            row.offered.0 |= &recipients.0;
            row.offered_at = record.at;
            set_tier_deadline(state, *vacancy, *closes_at);
        }
        Event::WindowClosed { vacancy } => set_tier_deadline(state, *vacancy, None),
        Event::Awarded {
            vacancy,
            slot,
            officer,
            cover,
            place,
        } => {
            award(state, record, (*vacancy, *slot), *officer, *cover, *place);
        }
        Event::Declined { vacancy, officer } => {
            vacancy_mut(state, *vacancy).declined.insert(*officer);
            award::withdraw(state, *vacancy, *officer);
        }
        Event::Vacated {
            vacancy,
            slot,
            officer,
            because,
            round,
            recipients,
            closes_at,
        } => {
            vacate(state, *vacancy, *slot, *officer, *round, recipients);
            match because {
                Vacated::Released | Vacated::Recalled => {
                    vacancy_mut(state, *vacancy).returned.insert(*officer);
                }
                Vacated::Undone => award::undo(state, *vacancy, *officer),
            }
            vacancy_mut(state, *vacancy).offered_at = record.at;
            set_tier_deadline(state, *vacancy, *closes_at);
        }
        Event::Cancelled {
            vacancy, holders, ..
        } => {
            let row = vacancy_mut(state, *vacancy);
            row.standing = Standing::Cancelled;
            for slot in &mut row.slots {
                slot.holder = None;
            }
            for officer in holders {
                free(state, *vacancy, *officer);
            }
            clear_deadlines(state, *vacancy);
            amend::end_reservations(state, *vacancy);
            award::end(state, *vacancy);
        }
        Event::Expired { vacancy } => {
            vacancy_mut(state, *vacancy).standing = Standing::Expired;
            clear_deadlines(state, *vacancy);
            amend::end_reservations(state, *vacancy);
            award::end(state, *vacancy);
        }
        Event::Amended(amendment) => amend::amend(state, record, amendment),
        Event::Reconfirmed { officer, receipt } => {
            amend::settle(state, receipt.vacancy, *officer);
        }
        Event::Lapsed(lapse) => amend::lapse(state, record, lapse),
        Event::Punched { vacancy, punch } => {
            state
                .durable
                .punches
                .entry(*vacancy)
                .or_default()
                .push(punch.clone());
        }
        Event::Termed { vacancy, terms } => {
            let row = vacancy_mut(state, *vacancy);
            row.terms = Terms::clone(terms);
            look_ahead(state, *vacancy, record.at);
        }
        Event::GrantMade { district, grant } => grants::put(&mut state.durable, district, **grant),
        Event::Reduced(_)
        | Event::NoShow { .. }
        | Event::Corrected { .. }
        | Event::Noted { .. }
        | Event::Acknowledged { .. }
        | Event::Reminded { .. }
        | Event::Said { .. }
        | Event::Shelved { .. } => afterwards::apply(state, record, event),
        Event::LastTierApproved(approved) => provisions::approve_last_tier(state, record, approved),
        Event::PushDeferred(deferred) => provisions::defer(state, deferred),
        Event::Pushed { vacancy, .. } => provisions::pushed(state, *vacancy, record.at),
        Event::Widened(widened) => later::widen(state, widened),
        Event::Offered {
            vacancy,
            recipients,
            closes_at,
        } => later::offer(state, *vacancy, (recipients, *closes_at)),
        Event::Considered(considered) => later::considered(state, record, considered),
        Event::Job(step) => jobs::apply(state, step),
        Event::Denied(denied) => {
            let denials = &mut state.durable.denials;
            // Those whose time is over are looked for when their room is needed.
            if denials.len() >= DENIALS_MAX {
                denials.retain(|_, denial| denial.holds(record.at));
            }
            denials.insert(denied.bearer.clone(), denied.denial);
        }
        Event::Admitted(bearer) => {
            state.durable.denials.remove(&**bearer);
        }
        Event::LimitsLifted(lifted) => provisions::lift(state, lifted, record.at),
        Event::Bid { .. }
        | Event::BidsClosed { .. }
        | Event::Ranked(_)
        | Event::StandbyJoined { .. }
        | Event::StandbyLeft { .. }
        | Event::SlotKept { .. }
        | Event::StandbyPassed { .. }
        | Event::Reoffered { .. } => award::apply(state, record, event),
        Event::SenioritySet { officer, since } => state.durable.seniority.put(*officer, *since),
        // Everything else that ends a wait is an event of its own.
        Event::WaitEnded(ended) if ended.because == WaitEnd::Expired => {
            award::end(state, ended.vacancy);
        }
        // A flag asks people to look, and an answer is remembered with its record.
        Event::Flagged { .. } | Event::Confirmed(_) | Event::Refused(_) | Event::WaitEnded(_) => {}
        roster => apply_roster(state, roster, record.at),
    }
    // An award changes nothing of what a slot takes of a grant, and is what there is most of.
    if !matches!(event, Event::Awarded { .. })
        && let Some(vacancy) = event.vacancy()
    {
        grants::settle(state, vacancy);
        award::settle_waits(state, vacancy);
    }
}

fn award(
    state: &mut State,
    record: &Record,
    (id, slot): (VacancyId, u16),
    officer: OfficerId,
    cover: AgreementId,
    place: u32,
) {
    let vacancies = &mut state.durable.vacancies;
    let row = vacancies.find_mut(id).expect(PUBLISHED_BEFORE);
    let seat = &mut row.slots[usize::from(slot)];
    assert!(seat.holder.is_none(), "a slot has one holder");
    let (sequence, awarded_at) = (record.sequence, record.at);
    let closed_before = row.closed_round;
    seat.holder = Some(Holder {
        officer,
        cover,
        place,
        sequence,
        awarded_at,
        closed_before,
    });
    let is_filled = row.slots_open() == 0;
    let is_on_terms = row.awarding.is_some();
    if is_filled {
        row.standing = Standing::Filled;
        row.closed_round = row.round;
        row.filled_at = Some(record.at);
    }
    let calendar = state.durable.calendars.find_or_put(officer);
    for span in row.busy() {
        assert!(
            calendar.overlapping(span).is_none(),
            "an officer is in one place at a time"
        );
        calendar.book(span, id);
        state.index.book(officer, &state.durable.roster, span);
    }
    if is_filled {
        clear_deadlines(state, id);
    }
    if is_on_terms {
        award::awarded(state, id, slot, officer);
    }
}

fn vacate(
    state: &mut State,
    id: VacancyId,
    slot: u16,
    officer: OfficerId,
    round: u32,
    recipients: &OfficerSet,
) {
    let row = vacancy_mut(state, id);
    row.slots[usize::from(slot)].holder = None;
    // A filled vacancy was withdrawn from everybody; an open one still stands.
    let was_filled = row.standing == Standing::Filled;
    if was_filled {
        row.offered = OfficerSet::new();
    }
    row.standing = Standing::Open;
    row.round = round;
    row.offered.remove(officer);
    row.offered.0 |= &recipients.0;
    // Who said no before is asked again with everybody, and not where a slot is kept for somebody.
    if was_filled || !recipients.is_empty() {
        row.declined = OfficerSet::new();
    }
    let start = row.posting.span().start;
    state.durable.deadlines.insert((start, Deadline::Start(id)));
    free(state, id, officer);
    amend::settle(state, id, officer);
}

/// Frees what `officer` had booked for `vacancy`.
fn free(state: &mut State, vacancy: VacancyId, officer: OfficerId) {
    let Some(calendar) = state.durable.calendars.find_mut(officer) else {
        return;
    };
    let of_vacancy = |booking: &&crate::model::Booking| booking.vacancy == vacancy;
    let spans: Vec<_> = calendar
        .bookings()
        .iter()
        .filter(of_vacancy)
        .map(|booking| booking.span)
        .collect();
    calendar.free(vacancy);
    let roster = &state.durable.roster;
    state
        .index
        .rebook(officer, roster, calendar, spans.into_iter());
}

fn set_tier_deadline(state: &mut State, id: VacancyId, closes_at: Option<Timestamp>) {
    let before = std::mem::replace(&mut vacancy_mut(state, id).tier_closes_at, closes_at);
    if let Some(at) = before {
        state.durable.deadlines.remove(&(at, Deadline::Tier(id)));
    }
    if let Some(at) = closes_at {
        state.durable.deadlines.insert((at, Deadline::Tier(id)));
    }
}

fn clear_deadlines(state: &mut State, id: VacancyId) {
    set_tier_deadline(state, id, None);
    let start = vacancy_mut(state, id).posting.span().start;
    let deadlines = &mut state.durable.deadlines;
    deadlines.remove(&(start, Deadline::Start(id)));
    deadlines.remove(&(start, Deadline::Waits(id)));
}

/// Notes where a vacancy is among those ahead, now that its time or its terms are others.
fn look_ahead(state: &mut State, id: VacancyId, at: Timestamp) {
    let row = state.durable.vacancies.find(id).expect(PUBLISHED_BEFORE);
    state.ahead.put(id, row, at);
}

fn vacancy_mut(state: &mut State, id: VacancyId) -> &mut Vacancy {
    state
        .durable
        .vacancies
        .find_mut(id)
        .expect(PUBLISHED_BEFORE)
}

fn apply_roster(state: &mut State, event: &Event, at: Timestamp) {
    let roster = &mut state.durable.roster;
    match event {
        Event::AgencyAdded { id, agency } => roster.put_agency(*id, agency.clone()),
        Event::AgreementSigned { id, agreement } => roster.put_agreement(*id, agreement.clone()),
        Event::CertificationNamed { id, certification } => {
            roster.put_certification(*id, certification.clone());
        }
        Event::ProgrammeDefined { id, programme } => {
            roster.put_programme(*id, Programme::clone(programme));
            state.index.define(*id, roster, at);
        }
        Event::SiteAdded { id, site } => roster.put_site(*id, Site::clone(site)),
        Event::OfficerAdded { id, officer } => {
            roster.put_officer(*id, Officer::clone(officer));
            state.index.put(*id, roster, at);
            if let Some(officer) = roster.officers.find_mut(*id) {
                state.index.share(officer);
            }
            for (kind, valid) in officer.certifications.iter() {
                state.durable.expect_expiry(*id, kind, valid.end, at);
            }
        }
        Event::PactMade { pact } => {
            roster
                .pacts
                .entry(pact.lead)
                .or_default()
                .insert(pact.backup, pact.clone());
            state.ahead.back(pact.lead, pact.backup);
            state.index.widen();
        }
        Event::PactEnded { lead, backup } => {
            if let Some(pacts) = roster.pacts.get_mut(lead) {
                pacts.remove(backup);
            }
            state.ahead.part(*lead, *backup);
            state.index.widen();
        }
        Event::Excluded { site, officer } => {
            roster.exclusions.insert((*site, *officer));
            state.index.widen();
        }
        Event::Readmitted { site, officer } => {
            roster.exclusions.remove(&(*site, *officer));
            state.index.widen();
        }
        Event::LimitsSet { .. }
        | Event::PreferencesDeclared { .. }
        | Event::PreferencesBound { .. }
        | Event::District { .. }
        | Event::LastTierSet { .. }
        | Event::JobRulesSet { .. }
        | Event::LaddersSet { .. } => provisions::provide(state, event),
        officer => apply_officer(state, officer, at),
    }
}

/// Changes to one officer's own record.
fn apply_officer(state: &mut State, event: &Event, at: Timestamp) {
    let (Event::CertificationGranted { officer: id, .. }
    | Event::CertificationRevoked { officer: id, .. }
    | Event::CertificationExpired { officer: id, .. }
    | Event::ApprovalGranted { officer: id, .. }
    | Event::ApprovalWithdrawn { officer: id, .. }
    | Event::Suspended { officer: id }
    | Event::Reinstated { officer: id }
    | Event::AvailabilityDeclared { officer: id, .. }) = event
    else {
        unreachable!("every other event was applied before: {event:?}");
    };
    if let Event::CertificationExpired {
        officer,
        certification,
    } = event
    {
        // The officer's record keeps the dates: they explain why the officer is not eligible.
        state.index.expire(*officer, *certification);
        let row = state.durable.roster.officers.find(*officer);
        if let Some(valid) = row.and_then(|row| row.certifications.get(certification)) {
            let durable = &mut state.durable;
            durable.forget_expiry(*officer, *certification, valid.end, at);
        }
        return;
    }
    let row = state.durable.roster.officers.find_mut(*id);
    let row = row.expect("the log adds an officer before it names one");
    let index = &mut state.index;
    match event {
        Event::CertificationGranted {
            certification,
            valid,
            ..
        } => {
            let before = row.certifications.insert(*certification, *valid);
            let durable = &mut state.durable;
            if let Some(before) = before {
                durable.forget_expiry(*id, *certification, before.end, at);
            }
            durable.expect_expiry(*id, *certification, valid.end, at);
            index.certify(*id, *certification, &state.durable.roster, at);
        }
        Event::CertificationRevoked { certification, .. } => {
            if let Some(before) = row.certifications.remove(certification) {
                let durable = &mut state.durable;
                durable.forget_expiry(*id, *certification, before.end, at);
            }
            index.certify(*id, *certification, &state.durable.roster, at);
        }
        Event::ApprovalGranted {
            programme, valid, ..
        } => {
            row.approvals.insert(*programme, *valid);
            index.approve(*id, *programme, &state.durable.roster, at);
        }
        Event::ApprovalWithdrawn { programme, .. } => {
            row.approvals.remove(programme);
            index.approve(*id, *programme, &state.durable.roster, at);
        }
        Event::Suspended { .. } | Event::Reinstated { .. } => {
            row.suspended = matches!(event, Event::Suspended { .. });
            index.requalify(*id, &state.durable.roster, at);
        }
        Event::AvailabilityDeclared { availability, .. } => {
            let now = Availability::clone(availability);
            let before = std::mem::replace(&mut row.availability, now);
            index.declare(*id, &before, row);
            index.share(row);
        }
        _ => {}
    }
}
