//! Officers' answers: accept, decline, release, recall, punch.

use super::{
    Outcome, Stamp, amend, award, known, not_over, offer_again, open_next, push, stalled, standby,
};
use crate::core::event::{Event, TierCause, Vacated};
use crate::core::refusal::{Invalid, Refusal, Refused};
use crate::core::state::State;
use crate::limits::PUNCHES_OF_OFFICER_MAX;
use crate::model::{
    Direction, OfficerId, OfficerSet, Position, Punch, Standing, Timestamp, Vacancy, VacancyId,
};
use crate::rules::{Candidate, Clause, Stand, conflict, eligibility, tier};

/// An officer takes a slot: the race is settled here, in the order of the line.
///
/// Everything is examined anew, because a certificate may have lapsed since the offer, and a
/// winner who asks again hears that the slot is theirs.
pub(super) fn accept(
    state: &State,
    id: VacancyId,
    round: u32,
    officer: OfficerId,
    stamp: Stamp,
) -> Result<Outcome, Refused> {
    if round == 0 {
        return Err(Refusal::Invalid(Invalid::Round).into());
    }
    let row = known(state, id)?;
    let refused = |refusal| Refused {
        refusal,
        place: (stamp.place > 0).then_some(stamp.place),
        filled_at: row.filled_at,
    };
    if let Some((_, holder)) = row.slot_of(officer)
        && let Some(receipt) = state.receipt(id, officer)
    {
        // Who holds it now may have lost a round before, and have been told so.
        if round <= holder.closed_before {
            return Err(refused(Refusal::Filled));
        }
        if !row.is_unconfirmed(officer) {
            return Ok(Outcome::New(Event::Confirmed(receipt).into()));
        }
        let who = (officer, receipt);
        let confirmed = amend::confirm(state, (id, row), who, round, stamp.at);
        let confirmed = confirmed.map(|events| Outcome::New(events.into()));
        return confirmed.map_err(refused);
    }
    let settle = || -> Result<(Event, Vec<Clause>), Refusal> {
        let was_theirs = row.was_lost_in(round, officer);
        if round <= row.closed_round && !was_theirs {
            return Err(Refusal::Filled);
        }
        not_over(row, stamp.at)?;
        if round < row.moved_round() || was_theirs {
            return Err(Refusal::Amended);
        }
        if round > row.round {
            return Err(Refusal::NotOffered);
        }
        let (stand, exceeded) = examine(state, row, officer, stamp.at)?;
        let rank = state
            .roster()
            .officers
            .find(officer)
            .map(|officer| officer.rank);
        let (rank, place) = (rank.ok_or(Refusal::RankFilled)?, stamp.place);
        if !row.terms.is_empty() {
            let event = award::accept((id, row), (officer, rank), (stand, place), stamp.at)?;
            return Ok((event, exceeded));
        }
        let slot = row.open_slot(rank).ok_or(Refusal::RankFilled)?;
        let cover = stand.cover;
        let awarded = Event::Awarded {
            vacancy: id,
            slot,
            officer,
            cover,
            place,
        };
        Ok((awarded, exceeded))
    };
    let (event, exceeded) = settle().map_err(refused)?;
    // Whoever bids exceeds nothing and takes nothing before a slot is theirs.
    let Event::Awarded { slot, .. } = event else {
        return Ok(Outcome::New(event.into()));
    };
    let opened = stalled::by_award(state, (id, row), (officer, slot), stamp.at);
    if exceeded.is_empty() && opened.is_empty() {
        return Ok(Outcome::New(event.into()));
    }
    let mut events = vec![event];
    events.extend(flags((id, officer), exceeded));
    events.extend(opened);
    push::defer(state, &mut events, stamp.at);
    Ok(Outcome::New(events.into()))
}

/// The limits of their agency that `officer` exceeds with an award of the vacancy.
pub(super) fn flags(
    (vacancy, officer): (VacancyId, OfficerId),
    exceeded: Vec<Clause>,
) -> impl Iterator<Item = Event> {
    exceeded.into_iter().map(move |clause| Event::Flagged {
        vacancy,
        officer,
        clause,
    })
}

/// Whether `officer` may take the vacancy now, where they stand, and the limits of their agency
/// that they exceed with it.
pub(super) fn examine(
    state: &State,
    row: &Vacancy,
    officer: OfficerId,
    at: Timestamp,
) -> Result<(Stand, Vec<Clause>), Refusal> {
    let not_a_candidate = Refusal::NotEligible {
        clause: Clause::LeadOrPact,
    };
    let who = state.candidate(officer).ok_or(not_a_candidate)?;
    judge(state, row, who, at)
}

/// The same of `who`.
pub(super) fn judge(
    state: &State,
    row: &Vacancy,
    who: Candidate<'_>,
    at: Timestamp,
) -> Result<(Stand, Vec<Clause>), Refusal> {
    let not_a_candidate = Refusal::NotEligible {
        clause: Clause::LeadOrPact,
    };
    let ground = state.ground(row, at).ok_or(not_a_candidate.clone())?;
    let (lead, home) = (row.posting.lead, who.officer.home);
    let tier = tier::tier_of(state.roster(), lead, home, at, ground.span).ok_or(not_a_candidate)?;
    // Who was asked may answer, though a pact has moved to a later tier since.
    let is_open = tier <= row.tier || row.offered.contains(who.id);
    if !is_open || row.returned.contains(who.id) {
        return Err(Refusal::NotOffered);
    }
    let stand = eligibility::check(ground, who).map_err(|clause| match clause {
        Clause::Free => overlap(row, who.calendar).unwrap_or(Refusal::NotEligible { clause }),
        clause => Refusal::NotEligible { clause },
    })?;
    Ok((stand, eligibility::exceeded(ground, who)))
}

fn overlap(row: &Vacancy, calendar: Option<&crate::model::Calendar>) -> Option<Refusal> {
    let booking = conflict::conflict(&row.posting.segments, &row.terms, calendar?)?;
    Some(Refusal::Overlaps {
        with: booking.vacancy,
    })
}

/// An officer turns an offer down; when everybody has, the next tier opens.
pub(super) fn decline(
    state: &State,
    id: VacancyId,
    round: u32,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    not_over(row, at)?;
    // As for an accept, what says no to a round that ended without being filled says no to the one
    // that followed.
    let still_stands = row.closed_round < round && row.moved_round() <= round && round < row.round;
    let is_of_round = round == row.round || still_stands;
    if row.slot_of(officer).is_some() || !row.offered.contains(officer) || !is_of_round {
        return Err(Refusal::NotOffered);
    }
    let awarding = row.awarding.as_deref();
    if awarding.is_some_and(|awarding| awarding.kept_for(officer).is_some()) {
        return Ok(standby::decline(state, (id, row), officer, at));
    }
    let mut events = vec![Event::Declined {
        vacancy: id,
        officer,
    }];
    let is_gone = |one| one == officer;
    // What is kept for the standby list is offered to everybody when nobody is left on it.
    let is_free = row.standing == Standing::Open && row.free_slots().next().is_some();
    if is_free && !push::is_anybody_left(state, row, (is_gone, &[]), at) {
        events.extend(
            open_next(state, (id, row), TierCause::AllDeclined, at, false)
                .into_iter()
                .flatten(),
        );
    }
    Ok(events)
}

/// An officer gives a slot back before the work starts.
pub(super) fn release(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    vacate(state, id, officer, Vacated::Released, at)
}

/// The home agency takes an officer back before the work starts.
pub(super) fn recall(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    vacate(state, id, officer, Vacated::Recalled, at)
}

/// Frees a slot and offers it again: to the standby list first, otherwise to everybody eligible now
/// in the tiers that are open. The round goes up, so a late answer to the round before cannot take
/// the slot by surprise.
pub(super) fn vacate(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    because: Vacated,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    not_over(row, at)?;
    let (slot, _) = row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    let mut next = row.clone();
    next.unseat(&[officer].into_iter().collect());
    let mut also = OfficerSet::new();
    match because {
        // The one who gave it back is not asked again.
        Vacated::Released | Vacated::Recalled => {
            next.returned.insert(officer);
        }
        // It is as if the accept had not been: the one who undid it is asked like everybody else,
        // though their calendar still has the booking when this is decided.
        Vacated::Undone => {
            let stood = amend::can_come(state, (id, row), officer, at).is_ok();
            if stood {
                also.insert(officer);
            }
        }
    }
    let vacated = |recipients, closes_at| Event::Vacated {
        vacancy: id,
        slot,
        officer,
        because,
        round: row.round + 1,
        recipients,
        closes_at,
    };
    if let Some(kept) = standby::keep(state, &next, slot, at) {
        let vacated = vacated(OfficerSet::new(), row.tier_closes_at);
        return Ok(vec![vacated, Event::kept(id, kept)]);
    }
    let offer = offer_again(state, (id, &next), also, at);
    let mut events = vec![vacated(offer.recipients, offer.closes_at)];
    events.extend(offer.opened);
    Ok(events)
}

/// An officer clocks in or out. A punch away from the site is recorded and flagged by
/// `on_site`, never blocked.
pub(super) fn punch(
    state: &State,
    id: VacancyId,
    officer: OfficerId,
    (direction, position): (Direction, Option<Position>),
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if position.is_some_and(|position| !position.is_on_the_map()) {
        return Err(Refusal::Invalid(Invalid::Position));
    }
    let row = known(state, id)?;
    row.slot_of(officer).ok_or(Refusal::NotHolder)?;
    let punches = state.punches(id).iter();
    if punches.filter(|punch| punch.officer == officer).count() >= PUNCHES_OF_OFFICER_MAX {
        let limit = PUNCHES_OF_OFFICER_MAX as u32;
        return Err(Refusal::Full { limit });
    }
    let sites = row.posting.segments.iter().map(|segment| segment.site);
    let on_site = position.map(|position| {
        sites
            .filter_map(|site| state.roster().sites.find(site))
            .any(|site| site.position.is_within(position, site.geofence_m))
    });
    let punch = Punch {
        officer,
        direction,
        at,
        position,
        on_site,
    };
    Ok(vec![Event::Punched { vacancy: id, punch }])
}
