//! The model's later offers: whoever may have become eligible is looked at for every open vacancy.

use engine::model::Standing;

use super::cast::{AGENCIES, Change, HalfHour, OFFICERS};
use super::flat::{Flat, Flaw};
use super::provisions::Provide;

/// Officers who may come to more from some moment on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Widening {
    pub(crate) from: HalfHour,
    officers: Vec<usize>,
    /// Those who could come to nothing before, and since when they can.
    reinstated: Vec<(usize, HalfHour)>,
    /// Agencies all of whose officers are meant.
    agencies: Vec<usize>,
    /// Those who no longer hold some work.
    freed: Vec<usize>,
    /// Officer, vacancy and round of each offer that this work was in the way of.
    withdrawn: Vec<(usize, usize, u32)>,
}

impl Flat {
    /// Notes that `officers` no longer hold a vacancy, which they do until this is done.
    pub(super) fn note_freed(&mut self, number: usize, officers: &[usize], at: HalfHour) {
        if officers.is_empty() {
            return;
        }
        let mut noted = Widening {
            from: at,
            freed: officers.to_vec(),
            ..Widening::default()
        };
        let busy = self.vacancies[number].notice.busy(self.flaw);
        for &officer in officers {
            for (other, row) in self.vacancies.iter().enumerate() {
                let theirs = row.notice.busy(self.flaw);
                let overlaps = theirs
                    .iter()
                    .any(|one| busy.iter().any(|span| span.0 < one.1 && one.0 < span.1));
                let asked = row.offered.contains(&officer) && !row.declined.contains(&officer);
                let (lead, home) = (row.notice.lead, OFFICERS[officer].home);
                let of_theirs = lead == home || self.pact(lead, home).is_some();
                let stands = other != number && row.standing == Standing::Open && asked;
                if stands && overlaps && of_theirs {
                    noted.withdrawn.push((officer, other, row.round));
                }
            }
        }
        let homes: Vec<usize> = officers.iter().map(|who| OFFICERS[*who].home).collect();
        if self.is_anything_open(&homes, &[], at) {
            self.widened.push(noted);
        }
    }

    /// Notes who may come to more because of `changes`; `before` is what stood before them.
    pub(super) fn note_changes(&mut self, before: &Flat, changes: &[Change], at: HalfHour) {
        let (mut noted, mut homes, mut leads) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            let mut one = Widening {
                from: at,
                ..Widening::default()
            };
            match change {
                Change::Grant { officer, valid, .. } | Change::Approve { officer, valid, .. } => {
                    one.from = valid.0.max(at);
                    one.officers.push(*officer);
                }
                Change::Declare { officer, .. }
                | Change::Readmit { officer, .. }
                | Change::Provide(Provide::Lift { officer, .. })
                | Change::Provide(Provide::Unwanted {
                    officer,
                    wants: true,
                    ..
                }) => one.officers.push(*officer),
                Change::Provide(Provide::Prefer { officer, .. })
                    if before.binds(OFFICERS[*officer].home) =>
                {
                    one.officers.push(*officer);
                }
                Change::Reinstate { officer } if before.officers[*officer].suspended => {
                    one.reinstated.push((*officer, at));
                }
                Change::Provide(Provide::Limits { home, .. })
                | Change::Provide(Provide::Bind { home, bind: false }) => one.agencies.push(*home),
                Change::Pact(pact) => {
                    one.from = pact.valid.0.max(at);
                    one.agencies.push(pact.backup);
                    leads.push(pact.lead);
                }
                _ => continue,
            }
            let reinstated = one.reinstated.iter().map(|(officer, _)| officer);
            let named = one.officers.iter().chain(reinstated);
            homes.extend(named.map(|officer| OFFICERS[*officer].home));
            homes.extend(&one.agencies);
            noted.push(one);
        }
        let is_of_use_now = before.is_anything_open(&homes, &leads, at);
        noted.retain(|one| one.from > at || is_of_use_now);
        self.widened.extend(noted);
    }

    /// Whether an open vacancy is ahead for which officers of `homes` could be asked, by their own
    /// agency, by one that theirs backs up, or by one of `leads`.
    fn is_anything_open(&self, homes: &[usize], leads: &[usize], at: HalfHour) -> bool {
        let mut rows = self.vacancies.iter();
        !homes.is_empty()
            && rows.any(|row| {
                let lead = row.notice.lead;
                let is_asked = homes.contains(&lead)
                    || leads.contains(&lead)
                    || homes.iter().any(|home| self.pact(lead, *home).is_some());
                row.standing == Standing::Open && row.notice.start() > at && is_asked
            })
    }

    /// Offers every open vacancy to those who are due.
    pub(super) fn consider(&mut self, at: HalfHour) {
        let due = self.widened.extract_if(.., |one| one.from <= at);
        let mut who = Widening::default();
        for one in due {
            who.officers.extend(one.officers);
            who.reinstated.extend(one.reinstated);
            who.agencies.extend(one.agencies);
            who.freed.extend(one.freed);
            who.withdrawn.extend(one.withdrawn);
        }
        let mut named = [who.officers.clone(), who.freed.clone()].concat();
        named.extend(who.reinstated.iter().map(|(officer, _)| *officer));
        let is_meant = |officer: &usize| {
            named.contains(officer) || who.agencies.contains(&OFFICERS[*officer].home)
        };
        let officers: Vec<usize> = (0..OFFICERS.len()).filter(is_meant).collect();
        // Everything is looked at as it stood before anybody was asked.
        let before = self.clone();
        for number in 0..before.vacancies.len() {
            let row = &before.vacancies[number];
            let homes = 0..AGENCIES.len();
            let mut homes = homes.filter(|home| {
                let backs_up = before.pact(row.notice.lead, *home).is_some();
                *home == row.notice.lead || backs_up
            });
            let could_ask =
                homes.any(|home| officers.iter().any(|who| OFFICERS[*who].home == home));
            let is_open = row.standing == Standing::Open && row.notice.start() > at;
            if is_open && could_ask {
                self.offer_later(number, &officers, &who, at);
            }
        }
    }

    fn offer_later(&mut self, number: usize, officers: &[usize], who: &Widening, at: HalfHour) {
        let row = &self.vacancies[number];
        let tiers = 0..=row.tier;
        let eligible: Vec<usize> = tiers
            .flat_map(|tier| self.eligible(number, tier, None, at))
            .collect();
        let is_asked_again = |officer: &usize| {
            let mut reinstated = who.reinstated.iter();
            let is_back =
                reinstated.any(|(back, since)| back == officer && row.offered_at < *since);
            let mut withdrawn = who.withdrawn.iter();
            let is_withdrawn = withdrawn.any(|(from, what, round)| {
                (from, *what) == (officer, number) && *round <= row.round
            });
            !row.declined.contains(officer) && (is_back || is_withdrawn)
        };
        let is_new = |officer: &usize| {
            let lost = row.lost.iter().filter(|lost| lost.officer == *officer);
            let mut of_this_round = lost.filter(|lost| lost.last_round >= row.round);
            !row.offered.contains(officer) && of_this_round.next().is_none()
        };
        let is_offered = |officer: &&usize| {
            eligible.contains(officer) && (is_new(officer) || is_asked_again(officer))
        };
        let mut recipients: Vec<usize> = officers.iter().filter(is_offered).copied().collect();
        if self.flaw == Flaw::NobodyHearsLater {
            recipients.clear();
        }
        let mut opens = None;
        let mut closes = row.tier_closes_at;
        if closes.is_none() && self.next_tier(number, row.tier, at).is_some() {
            let asked = row.offered.iter().chain(&recipients).copied();
            let mut asked: Vec<usize> = asked.collect();
            asked.retain(|who| !row.declined.contains(who) || recipients.contains(who));
            asked.retain(|who| self.held(number, *who).is_none());
            asked.retain(|who| self.is_rank_open(number, *who, None));
            let is_waiting = self.is_anybody_asked(number, &asked, at);
            let due = row.window(row.tier).map(|window| row.offered_at + window);
            match due {
                _ if !is_waiting => opens = Some(false),
                Some(due) if due <= at => opens = Some(true),
                due => closes = due,
            }
        }
        // A tier that opens now is found before anybody else is asked.
        let next = self.next_tier(number, row.tier, at);
        let opened = opens
            .zip(next)
            .map(|(is_waiting, next)| self.opening(number, next, at, (is_waiting, None)));
        let row = &mut self.vacancies[number];
        self.offers_later += recipients.len() as u64;
        row.offered.extend(recipients);
        row.offered.sort_unstable();
        row.offered.dedup();
        row.tier_closes_at = closes;
        self.apply_opening(number, opened.unwrap_or_default(), at);
    }

    /// Whether the officer holds other work at the time of this one.
    pub(super) fn is_busy_elsewhere(&self, number: usize, officer: usize) -> bool {
        let wanted = self.vacancies[number].notice.busy(self.flaw);
        let others = (0..self.vacancies.len()).filter(|other| *other != number);
        let held = others.filter(|other| self.held(*other, officer).is_some());
        let mut booked = held.flat_map(|other| self.vacancies[other].notice.busy(self.flaw));
        booked.any(|booked| wanted.iter().any(|w| booked.0 < w.1 && w.0 < booked.1))
    }
}
