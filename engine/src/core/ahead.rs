//! Vacancies whose work is ahead, by the agency responsible and by their start: who is asked for
//! what else is open then, without looking through everything that was ever published.
//!
//! Derived from vacancies and pacts. A vacancy is here from its publication until it starts, however
//! it stands: so an award changes nothing here, and whoever looks asks how it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Bound;

use super::state::Durable;
use crate::model::{AgencyId, Interval, Place, Timestamp, Vacancy, VacancyId};

/// Past entries that are dropped with each that is added: more than one, so none pile up.
const DROPPED_AT_A_TIME: usize = 2;

/// The vacancies ahead.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    places: BTreeSet<Place>,
    /// The farthest that busy time reaches from the start of the work, either way, in microseconds.
    reach_us: i64,
    /// The agencies that each agency backs up, whatever the dates of the pacts.
    leads: BTreeMap<AgencyId, BTreeSet<AgencyId>>,
}

impl Ahead {
    pub(super) fn build(durable: &Durable) -> Ahead {
        let mut ahead = Ahead::default();
        for (lead, pacts) in &durable.roster.pacts {
            for backup in pacts.keys() {
                ahead.back(*lead, *backup);
            }
        }
        for (id, row) in durable.vacancies.iter() {
            if durable.at < row.posting.span().start {
                ahead.put(id, row, durable.at);
            }
        }
        ahead
    }

    /// Adds a vacancy, and drops some whose start has passed at `at`.
    pub(super) fn put(&mut self, id: VacancyId, row: &Vacancy, at: Timestamp) {
        let place = Place::of(id, row);
        let us = |at: Timestamp| at.as_micros().saturating_sub(place.start.as_micros());
        for busy in row.busy() {
            self.reach_us = self.reach_us.max(us(busy.end)).max(-us(busy.start));
        }
        self.places.insert(place);
        let lead = place.lead;
        for _ in 0..DROPPED_AT_A_TIME {
            let first = self.places.range(first_of(lead, Timestamp::MIN)..).next();
            match first.copied() {
                Some(first) if first.lead == lead && first.start <= at => {
                    self.places.remove(&first);
                }
                _ => break,
            }
        }
    }

    /// Takes a vacancy out, which is about to move.
    pub(super) fn remove(&mut self, id: VacancyId, row: &Vacancy) {
        self.places.remove(&Place::of(id, row));
    }

    /// `backup` backs `lead` up.
    pub(super) fn back(&mut self, lead: AgencyId, backup: AgencyId) {
        self.leads.entry(backup).or_default().insert(lead);
    }

    /// `backup` no longer backs `lead` up.
    pub(super) fn part(&mut self, lead: AgencyId, backup: AgencyId) {
        if let Some(leads) = self.leads.get_mut(&backup) {
            leads.remove(&lead);
        }
    }

    /// The agencies whose vacancies officers of `homes` may be asked for: their own, and those
    /// that they back up.
    pub fn leads_of(&self, homes: &BTreeSet<AgencyId>) -> BTreeSet<AgencyId> {
        let backed = homes.iter().filter_map(|home| self.leads.get(home));
        homes.iter().chain(backed.flatten()).copied().collect()
    }

    /// The vacancies of `lead` that start after `at`, and behind `after` if it is given.
    pub fn of(
        &self,
        lead: AgencyId,
        at: Timestamp,
        after: Option<Place>,
    ) -> impl Iterator<Item = Place> + '_ {
        let last = Place {
            vacancy: VacancyId(u32::MAX),
            ..first_of(lead, at)
        };
        let behind = Bound::Excluded(after.map_or(last, |after| after.max(last)));
        let places = self.places.range((behind, Bound::Unbounded)).copied();
        places.take_while(move |place| place.lead == lead)
    }

    /// The vacancies of the agencies for which `counts` that may ask officers of `home` and keep
    /// them busy in `span`: all that do, and others.
    pub fn around<'a>(
        &'a self,
        home: AgencyId,
        span: Interval,
        counts: impl Fn(AgencyId) -> bool + 'a,
    ) -> impl Iterator<Item = Place> + 'a {
        // Asked with every award, so without a set of its own.
        let backed = self.leads.get(&home).into_iter().flatten().copied();
        let leads = iter::once(home).chain(backed);
        let leads = leads.filter(move |lead| counts(*lead));
        leads.flat_map(move |lead| self.led_around(lead, span))
    }

    fn led_around(&self, lead: AgencyId, span: Interval) -> impl Iterator<Item = Place> + '_ {
        let from = span.start.as_micros().saturating_sub(self.reach_us);
        let until = span.end.as_micros().saturating_add(self.reach_us);
        let places = self
            .places
            .range(first_of(lead, Timestamp(from))..)
            .copied();
        places.take_while(move |place| place.lead == lead && place.start.as_micros() < until)
    }
}

/// The first place there could be of `lead` from `start` on.
fn first_of(lead: AgencyId, start: Timestamp) -> Place {
    let vacancy = VacancyId(0);
    Place {
        lead,
        start,
        vacancy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Posting, ProgrammeId, Rank, Segment, SiteId, Term, VacancyKey};

    fn vacancy(lead: u32, start: i64, end: i64) -> Vacancy {
        let span = Interval {
            start: Timestamp(start),
            end: Timestamp(end),
        };
        let site = SiteId(0);
        let local = Vec::new();
        Vacancy::new(Posting {
            key: VacancyKey(1),
            lead: AgencyId(lead),
            programme: ProgrammeId(0),
            segments: vec![Segment { site, span, local }],
            slots: vec![Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: "".into(),
        })
    }

    fn numbers(places: impl Iterator<Item = Place>) -> Vec<u32> {
        places.map(|place| place.vacancy.0).collect()
    }

    #[test]
    fn what_has_started_is_ahead_of_nobody_and_is_dropped_when_more_is_published() {
        let mut ahead = Ahead::default();
        for (number, start) in [(1, 10), (2, 20), (3, 30)] {
            let row = vacancy(1, start, start + 5);
            ahead.put(VacancyId(number), &row, Timestamp(0));
        }
        let lead = AgencyId(1);
        assert_eq!(numbers(ahead.of(lead, Timestamp(9), None)), [1, 2, 3]);
        assert_eq!(numbers(ahead.of(lead, Timestamp(10), None)), [2, 3]);
        ahead.put(VacancyId(4), &vacancy(1, 40, 41), Timestamp(25));
        assert_eq!(numbers(ahead.of(lead, Timestamp::MIN, None)), [3, 4]);
        let first = ahead.of(lead, Timestamp::MIN, None).next();
        assert_eq!(numbers(ahead.of(lead, Timestamp::MIN, first)), [4]);
    }

    #[test]
    fn around_a_span_is_everything_that_reaches_into_it() {
        let mut ahead = Ahead::default();
        for (number, start, end) in [(0, 10, 50), (1, 45, 46), (2, 200, 201)] {
            ahead.put(VacancyId(number), &vacancy(1, start, end), Timestamp(0));
        }
        ahead.put(VacancyId(9), &vacancy(2, 45, 46), Timestamp(0));
        let span = Interval {
            start: Timestamp(49),
            end: Timestamp(60),
        };
        assert_eq!(numbers(ahead.around(AgencyId(1), span, |_| true)), [0, 1]);
    }

    #[test]
    fn a_buffer_before_the_work_reaches_back() {
        let mut ahead = Ahead::default();
        let mut row = vacancy(1, 10_000, 11_000);
        row.terms.put(Term::Buffer {
            before_ms: 5,
            after_ms: 0,
        });
        ahead.put(VacancyId(0), &row, Timestamp(0));
        let span = Interval {
            start: Timestamp(5_000),
            end: Timestamp(5_001),
        };
        assert_eq!(numbers(ahead.around(AgencyId(1), span, |_| true)), [0]);
    }

    #[test]
    fn officers_are_asked_by_their_own_agency_and_by_those_it_backs_up() {
        let mut ahead = Ahead::default();
        let (lead, backup) = (AgencyId(1), AgencyId(2));
        ahead.back(lead, backup);
        let leads = |ahead: &Ahead, home| ahead.leads_of(&BTreeSet::from([home]));
        assert_eq!(leads(&ahead, backup), BTreeSet::from([lead, backup]));
        assert_eq!(leads(&ahead, lead), BTreeSet::from([lead]));
        ahead.part(lead, backup);
        assert_eq!(leads(&ahead, backup), BTreeSet::from([backup]));
    }
}
