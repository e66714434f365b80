//! Who hears of work later: whoever becomes eligible for it after it was published.
//!
//! A command notes whom it makes eligible for more, and from when on; ticks then look through the
//! vacancies that could ask them, a bounded number at a time, so that no change of a roster holds
//! anything else up. What a vacancy asks is asked of the state as it stands then, so it does not
//! matter what the change was.

use std::collections::{BTreeMap, BTreeSet};

use super::{closes_at, open_next, push};
use crate::core::event::{Considered, Event, TierCause, Widened};
use crate::core::overlap::overlapping;
use crate::core::state::State;
use crate::limits::{CONSIDERED_AT_A_TIME, EXAMINED_ALONE_MAX, RECORD_SETS_BYTES_MAX};
use crate::model::{
    AgencyId, OfficerId, OfficerSet, ProgrammeId, Standing, Timestamp, Vacancy, VacancyId,
    Widening, Withdrawn,
};
use crate::rules::{eligibility, tier};

/// Notes behind `events` who may come to more because of them.
pub(super) fn note(state: &State, events: &mut Vec<Event>, at: Timestamp) {
    let mut notes = Notes {
        state,
        at,
        due: BTreeMap::new(),
        homes: BTreeSet::new(),
        leads: BTreeSet::new(),
    };
    for event in events.iter() {
        notes.note(event);
    }
    // Whatever is published from now on asks everybody by itself.
    if !notes.is_anything_open() {
        notes.due.remove(&at);
    }
    let widened = |(from, who)| Event::Widened(Box::new(Widened { from, who }));
    events.extend(notes.due.into_iter().map(widened));
}

struct Notes<'a> {
    state: &'a State,
    at: Timestamp,
    due: BTreeMap<Timestamp, Widening>,
    /// Where those who are due at once are employed.
    homes: BTreeSet<AgencyId>,
    /// Agencies that they are about to back up.
    leads: BTreeSet<AgencyId>,
}

impl Notes<'_> {
    fn note(&mut self, event: &Event) {
        match event {
            Event::OfficerAdded { id, officer } => {
                self.homes.insert(officer.home);
                self.officer(*id, self.at);
                let certified = officer.certifications.iter().map(|(_, valid)| valid);
                let approved = officer.approvals.iter().map(|(_, valid)| valid);
                for valid in certified.chain(approved) {
                    if valid.start > self.at {
                        self.officer(*id, valid.start);
                    }
                }
            }
            Event::CertificationGranted { officer, valid, .. }
            | Event::ApprovalGranted { officer, valid, .. } => self.officer(*officer, valid.start),
            Event::AvailabilityDeclared { officer, .. }
            | Event::Readmitted { officer, .. }
            | Event::District {
                officer,
                wants: true,
                ..
            } => self.officer(*officer, self.at),
            Event::LimitsLifted(lifted) => self.officer(lifted.officer, self.at),
            Event::PreferencesDeclared { officer, .. } => {
                let binding = &self.state.roster().provisions.binding;
                if self
                    .home(*officer)
                    .is_some_and(|home| binding.contains(&home))
                {
                    self.officer(*officer, self.at);
                }
            }
            Event::Reinstated { officer } if self.is_suspended(*officer) => {
                self.homes.extend(self.home(*officer));
                let due = self.due.entry(self.at).or_default();
                due.reinstated.insert(*officer, self.at);
            }
            Event::LimitsSet { agency, .. }
            | Event::PreferencesBound {
                agency,
                bind: false,
            } => self.agency(*agency, self.at),
            Event::PactMade { pact } => {
                self.leads.insert(pact.lead);
                self.agency(pact.backup, pact.valid.start.max(self.at));
            }
            Event::LastTierSet { programme, .. } => {
                for lead in self.asking_last_tier(*programme) {
                    self.agency(lead, self.at);
                }
            }
            other => self.freed(other),
        }
    }

    /// Notes whose time `event` frees.
    fn freed(&mut self, event: &Event) {
        match event {
            Event::Vacated {
                vacancy, officer, ..
            } => self.free(*vacancy, [*officer].into_iter()),
            Event::Cancelled {
                vacancy, holders, ..
            } => self.free(*vacancy, holders.iter().copied()),
            Event::Lapsed(lapse) => self.free(lapse.vacancy, lapse.officers.iter()),
            Event::Reduced(reduction) => {
                let removed = reduction.removed.iter();
                self.free(reduction.vacancy, removed.filter_map(|slot| slot.holder));
            }
            Event::Amended(amendment) => {
                if let Some(moved) = &amendment.moved {
                    let holders = moved.lost.iter().chain(moved.unconfirmed.iter());
                    self.free(amendment.vacancy, holders);
                }
            }
            _ => {}
        }
    }

    fn free(&mut self, vacancy: VacancyId, officers: impl Iterator<Item = OfficerId>) {
        let Some(row) = self.state.vacancy(vacancy) else {
            return;
        };
        for officer in officers {
            self.homes.extend(self.home(officer));
            let withdrawn = overlapping(self.state, (vacancy, row), officer);
            let withdrawn = withdrawn.map(|(vacancy, row)| {
                let round = row.round;
                Withdrawn { vacancy, round }
            });
            let due = self.due.entry(self.at).or_default();
            due.freed.entry(officer).or_default().extend(withdrawn);
        }
    }

    fn officer(&mut self, officer: OfficerId, from: Timestamp) {
        self.homes.extend(self.home(officer));
        let due = self.due.entry(from.max(self.at)).or_default();
        due.officers.insert(officer);
    }

    fn agency(&mut self, agency: AgencyId, from: Timestamp) {
        self.homes.insert(agency);
        self.due.entry(from).or_default().agencies.insert(agency);
    }

    fn home(&self, officer: OfficerId) -> Option<AgencyId> {
        let row = self.state.roster().officers.find(officer)?;
        Some(row.home)
    }

    fn is_suspended(&self, officer: OfficerId) -> bool {
        let row = self.state.roster().officers.find(officer);
        row.is_some_and(|row| row.suspended)
    }

    /// The agencies that lead work of `programme` for which the last tier was approved.
    fn asking_last_tier(&self, programme: ProgrammeId) -> BTreeSet<AgencyId> {
        let rows = self.state.vacancies().iter().map(|(_, row)| row);
        let asking = rows.filter(|row| row.last_tier && row.posting.programme == programme);
        asking.map(|row| row.posting.lead).collect()
    }

    /// Whether there is an open vacancy that could ask anybody of whom is noted.
    fn is_anything_open(&self) -> bool {
        if self.homes.is_empty() {
            return false;
        }
        let ahead = &self.state.ahead;
        let mut leads = ahead.leads_of(&self.homes);
        leads.extend(&self.leads);
        let mut places = leads
            .into_iter()
            .flat_map(|lead| ahead.of(lead, self.at, None));
        places.any(|place| {
            let row = self.state.vacancy(place.vacancy);
            row.is_some_and(|row| row.standing == Standing::Open)
        })
    }
}

/// Offers some open vacancies to those who may have become eligible: to whoever is due by `at`, or
/// to those for whom the last tick did not get to the end.
pub(super) fn consider(state: &State, at: Timestamp) -> Vec<Event> {
    let mut who = Widening::default();
    let mut after = None;
    match &state.durable.offering {
        Some(offering) => {
            who.merge(&offering.who);
            after = Some(offering.after);
        }
        None => {
            let due = state.durable.widened.range(..=at);
            due.for_each(|(_, widening)| who.merge(widening));
        }
    }
    let agencies: Vec<AgencyId> = who.agencies.iter().copied().collect();
    let mut officers = state.index().sets().of_agencies(&agencies);
    officers.0 |= who.named().0;
    let leads = state.ahead.leads_of(&homes(state, &officers));
    let first = after.map_or(AgencyId(0), |place| place.lead);
    let places = leads.range(first..);
    let mut places = places.flat_map(|lead| state.ahead.of(*lead, at, after));
    let (mut events, mut last, mut bytes) = (Vec::new(), None, 0);
    for place in places.by_ref().take(CONSIDERED_AT_A_TIME) {
        let offered = offer(state, place.vacancy, (&officers, &who), at);
        bytes += offered.iter().map(Event::sets_bytes).sum::<usize>();
        events.extend(offered);
        last = Some(place);
        if bytes >= RECORD_SETS_BYTES_MAX {
            break;
        }
    }
    let after = places.next().and(last);
    let considered = Considered { until: at, after };
    events.push(Event::Considered(Box::new(considered)));
    events
}

/// The agencies that employ `officers`. Numbers are given by blocks of one agency, so the first of
/// a block speaks for it.
fn homes(state: &State, officers: &OfficerSet) -> BTreeSet<AgencyId> {
    let block = crate::limits::OFFICER_BLOCK as u32;
    let mut homes = BTreeSet::new();
    let mut rest = officers.0.iter();
    while let Some(first) = rest.next() {
        let officer = state.roster().officers.find(OfficerId(first));
        homes.extend(officer.map(|officer| officer.home));
        rest.advance_to((first / block + 1) * block);
    }
    homes
}

/// What considering one vacancy for `officers` brings about.
fn offer(
    state: &State,
    id: VacancyId,
    (officers, who): (&OfficerSet, &Widening),
    at: Timestamp,
) -> Vec<Event> {
    let row = state.vacancy(id).expect("what is ahead was published");
    // What is kept for the standby list is offered to everybody when nobody is left on it.
    if row.standing != Standing::Open || row.free_slots().next().is_none() {
        return Vec::new();
    }
    let mut candidates = OfficerSet(&officers.0 - &row.offered.0);
    candidates.0 |= again(id, row, who).0;
    candidates.0 -= &row.returned.0;
    // What they lost of this round they are not asked for again.
    let lost = candidates
        .iter()
        .filter(|one| row.was_lost_in(row.round, *one));
    candidates.0 -= &lost.collect::<OfficerSet>().0;
    let recipients = eligible_of(state, row, &candidates, at);
    let recipients = state.with_free_rank(row, &recipients);
    let mut closes = row.tier_closes_at;
    let mut opened = Vec::new();
    let posting = &row.posting;
    // A pact that was made since may have added a tier behind the last.
    if closes.is_none()
        && tier::next_tier(state.roster(), posting.lead, row.tier, at, posting.span()).is_some()
    {
        let asked = OfficerSet(&row.undecided().0 | &recipients.0);
        let asked = state.with_free_rank(row, &asked);
        let is_waiting = push::is_anybody_asked(state, row, &asked, at);
        let open = |because| open_next(state, (id, row), because, at, is_waiting);
        match closes_at(row, row.tier, row.offered_at) {
            _ if !is_waiting && row.offered.is_empty() && recipients.is_empty() => {
                opened.extend(open(TierCause::NoEligibleOfficer).into_iter().flatten());
            }
            _ if !is_waiting => {
                opened.extend(open(TierCause::AllDeclined).into_iter().flatten());
            }
            Some((due_at, because)) if due_at <= at => {
                opened.extend(open(because).into_iter().flatten());
            }
            due => closes = due.map(|(due_at, _)| due_at),
        }
    }
    let mut events = Vec::new();
    if !recipients.is_empty() || closes != row.tier_closes_at {
        events.push(Event::Offered {
            vacancy: id,
            recipients,
            closes_at: closes,
        });
    }
    events.extend(opened);
    events
}

/// Those whom `row` was offered to before, and for whom it stands anew.
fn again(id: VacancyId, row: &Vacancy, who: &Widening) -> OfficerSet {
    let again = who.reinstated.keys().chain(who.freed.keys());
    let again = again.filter(|officer| who.renews((id, row), **officer));
    let asked = &row.offered.0 - &row.declined.0;
    again
        .filter(|officer| asked.contains(officer.0))
        .copied()
        .collect()
}

/// Those of `candidates` who may take `row` in the tiers that are open.
fn eligible_of(state: &State, row: &Vacancy, candidates: &OfficerSet, at: Timestamp) -> OfficerSet {
    if candidates.is_empty() {
        return OfficerSet::new();
    }
    // Few are examined one by one; many are asked of the index, all at once.
    if candidates.len() > EXAMINED_ALONE_MAX {
        let tiers = 0..=row.tier;
        let mut eligible = OfficerSet::new();
        tiers.for_each(|tier| eligible.0 |= state.eligible(row, tier, at).0);
        eligible.0 &= &candidates.0;
        return eligible;
    }
    let Some(ground) = state.ground(row, at) else {
        return OfficerSet::new();
    };
    let is_eligible = |officer: &OfficerId| {
        let who = state.candidate(*officer);
        let stand = who.and_then(|who| eligibility::check(ground, who).ok());
        stand.is_some_and(|stand| stand.tier <= row.tier)
    };
    candidates.iter().filter(is_eligible).collect()
}
