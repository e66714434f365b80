//! The model's eligibility: who may come, tested one officer at a time.

use engine::core::Refusal;
use engine::model::{CertificationId, Standing, VacancyId};
use engine::rules::Clause;

use super::cast::{
    AGENCIES, DAY, FIRST_WEEKDAY, HalfHour, Member, OFFICERS, PROGRAMMES, SITES, Span,
};
use super::flat::{Flat, Flaw};

/// What an officer is examined for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Examined {
    ToTake,
    ToKeep,
}

impl Flat {
    /// What covers `officer`, if they may take the vacancy now.
    pub(super) fn examine(
        &self,
        number: usize,
        officer: usize,
        at: HalfHour,
    ) -> Result<usize, Refusal> {
        let row = &self.vacancies[number];
        let clause = Clause::LeadOrPact;
        let tier = self.tier_of(number, officer, at);
        let tier = tier.ok_or(Refusal::NotEligible { clause })?;
        let returned = row.returned.contains(&officer) && self.flaw != Flaw::ForgetsReturned;
        if tier > row.tier || returned {
            return Err(Refusal::NotOffered);
        }
        let breach = self.breach(number, officer, at);
        let forgiven = self.flaw == Flaw::ApprovalNotCheckedAgain;
        if let Some(clause) = breach.filter(|clause| !(forgiven && *clause == Clause::Approved)) {
            return Err(Refusal::NotEligible { clause });
        }
        if let Some(with) = self.busy(number, officer) {
            let with = VacancyId(u32::try_from(with).expect("a handful of vacancies"));
            return Err(Refusal::Overlaps { with });
        }
        if let Some(clause) = self.home_breach(number, officer, at) {
            return Err(Refusal::NotEligible { clause });
        }
        Ok(self
            .cover_of(row.notice.lead, OFFICERS[officer].home)
            .expect("cover is a clause"))
    }

    /// Whether a slot for the officer's rank is open, or is the one that is about to be.
    pub(super) fn is_rank_open(&self, number: usize, who: usize, leaving: Option<usize>) -> bool {
        let mut slots = self.vacancies[number].slots.iter().enumerate();
        slots.any(|(place, slot)| {
            let is_open = slot.holder.is_none() || leaving == Some(place);
            is_open
                && self.fits(
                    &self.vacancies[number].notice,
                    slot.rank,
                    OFFICERS[who].rank,
                )
        })
    }

    /// Everybody of `tier` who may take an open slot of the vacancy and has not given it back.
    pub(super) fn eligible(
        &self,
        number: usize,
        tier: u8,
        leaving: Option<usize>,
        at: HalfHour,
    ) -> Vec<usize> {
        let row = &self.vacancies[number];
        (0..OFFICERS.len())
            .filter(|&who| self.tier_of(number, who, at) == Some(tier))
            .filter(|&who| self.breach(number, who, at).is_none())
            .filter(|&who| self.is_rank_open(number, who, leaving))
            .filter(|&who| self.busy(number, who).is_none() && !row.returned.contains(&who))
            .filter(|&who| self.home_breach(number, who, at).is_none())
            .collect()
    }

    /// Whether the offer stands for `officer`.
    pub(crate) fn stands_for(&self, number: usize, officer: usize, at: HalfHour) -> bool {
        let row = &self.vacancies[number];
        let asked = row.offered.contains(&officer) && !row.declined.contains(&officer);
        row.standing == Standing::Open
            && asked
            && self.breach(number, officer, at).is_none()
            && self.busy(number, officer).is_none()
            && self.home_breach(number, officer, at).is_none()
    }

    /// The next tier after `tier` in which there is an agency to ask.
    pub(super) fn next_tier(&self, number: usize, tier: u8, at: HalfHour) -> Option<u8> {
        let lead = self.vacancies[number].notice.lead;
        let tiers = (0..AGENCIES.len()).filter(|home| *home != lead);
        let tiers = tiers.filter_map(|home| self.tier_of_agency(number, home, at));
        tiers.filter(|later| *later > tier).min()
    }

    fn tier_of(&self, number: usize, officer: usize, at: HalfHour) -> Option<u8> {
        self.tier_of_agency(number, OFFICERS[officer].home, at)
    }

    /// Tier 0 is the lead's own; a back-up's is that of its pact, if that holds from now through
    /// the end. Pacts are directed and not passed on.
    fn tier_of_agency(&self, number: usize, home: usize, at: HalfHour) -> Option<u8> {
        let notice = &self.vacancies[number].notice;
        if home == notice.lead {
            return Some(0);
        }
        let backwards = || match self.flaw {
            Flaw::PactsBothWays => self.pact(home, notice.lead),
            _ => None,
        };
        let pact = self.pact(notice.lead, home).or_else(backwards)?;
        holds(pact.valid, at, notice.end()).then_some(pact.tier)
    }

    /// A contracted agency's own agreement; for an uncontracted one the pact's, or the lead's.
    fn cover_of(&self, lead: usize, home: usize) -> Option<usize> {
        let own = AGENCIES[home].filter(|_| self.flaw != Flaw::CoverOfTheLead);
        let pact = self.pact(lead, home).and_then(|pact| pact.cover);
        own.or(pact).or(AGENCIES[lead])
    }

    /// The first clause without which an officer cannot take the vacancy, but for being free.
    fn breach(&self, number: usize, officer: usize, at: HalfHour) -> Option<Clause> {
        self.first_breach(number, officer, at, Examined::ToTake)
    }

    /// The first clause without which an officer cannot keep what is held: all but those about the
    /// moment of taking it.
    pub(super) fn held_breach(
        &self,
        number: usize,
        officer: usize,
        at: HalfHour,
    ) -> Option<Clause> {
        self.first_breach(number, officer, at, Examined::ToKeep)
    }

    fn first_breach(
        &self,
        number: usize,
        officer: usize,
        at: HalfHour,
        examined: Examined,
    ) -> Option<Clause> {
        let notice = &self.vacancies[number].notice;
        let (who, Member { home, class, rank }) = (&self.officers[officer], &OFFICERS[officer]);
        let programme = &PROGRAMMES[notice.programme];
        let end = notice.end();
        if self.tier_of(number, officer, at).is_none() {
            return Some(Clause::LeadOrPact);
        }
        if self.cover_of(notice.lead, *home).is_none() {
            return Some(Clause::Cover);
        }
        if who.suspended {
            return Some(Clause::NotSuspended);
        }
        if !programme.classes.contains(class) {
            return Some(Clause::Class);
        }
        for &kind in programme.certifications {
            let through = match self.flaw {
                Flaw::CertifiedAtAcceptOnly => at + 1,
                _ => end,
            };
            let mut held = who.certifications.iter();
            if !held.any(|held| held.kind == kind && holds(held.valid, at, through)) {
                let kind = u32::try_from(kind).expect("two kinds");
                return Some(Clause::Certified(CertificationId(kind)));
            }
        }
        let mut approvals = who.approvals.iter();
        let approved =
            approvals.any(|(kind, valid)| *kind == notice.programme && holds(*valid, at, end));
        if programme.approval && !approved {
            return Some(Clause::Approved);
        }
        if examined == Examined::ToTake {
            let mut slots = notice.slots.iter();
            if !slots.any(|asked| self.fits(notice, *asked, *rank)) {
                return Some(Clause::Rank);
            }
            let mut segments = notice.segments.iter();
            if !segments.all(|(site, span)| self.is_available(officer, *site, *span)) {
                return Some(Clause::Available);
            }
        }
        let excluded = |(site, _): &(usize, Span)| self.exclusions.contains(&(*site, officer));
        if notice.segments.iter().any(excluded) || self.is_unwanted(number, officer) {
            return Some(Clause::NotExcluded);
        }
        None
    }

    /// Whether every half hour of the work lies in a declared window, by the clocks of the site.
    fn is_available(&self, officer: usize, site: usize, work: Span) -> bool {
        let Some(declared) = &self.officers[officer].availability else {
            return true;
        };
        let behind = match self.flaw {
            Flaw::AvailabilityInUtc => 0,
            _ => SITES[site].behind,
        };
        (work.0..work.1).all(|moment| {
            let local = moment - behind;
            let (day, inside) = (local.div_euclid(DAY), local.rem_euclid(DAY));
            let within = |window: &Span| window.0 <= inside && inside < window.1;
            let mut dated = declared.exceptions.iter().filter(|(date, _)| *date == day);
            let ignored = self.flaw == Flaw::ExceptionsIgnored;
            if dated.clone().next().is_some() && !ignored {
                return dated.any(|(_, windows)| windows.iter().any(within));
            }
            let weekday = (day + FIRST_WEEKDAY).rem_euclid(7);
            let mut weekly = declared.weekly.iter();
            weekly.any(|(there, window)| *there == weekday && within(window))
        })
    }

    /// The earliest assignment in the way of the first segment that has one in its way.
    fn busy(&self, number: usize, officer: usize) -> Option<usize> {
        let wanted = self.vacancies[number].notice.busy(self.flaw);
        let touching = i64::from(self.flaw == Flaw::ClosedIntervals);
        wanted.iter().find_map(|span| {
            let held = (0..self.vacancies.len())
                .filter(|other| self.held(*other, officer).is_some())
                .flat_map(|other| {
                    let busy = self.vacancies[other].notice.busy(self.flaw);
                    busy.into_iter().map(move |booked| (booked, other))
                });
            held.filter(|(booked, _)| booked.0 < span.1 + touching && span.0 < booked.1 + touching)
                .min()
                .map(|(_, other)| other)
        })
    }
}

/// Whether something valid in `valid` holds from now through the end of the work.
fn holds(valid: Span, at: HalfHour, end: HalfHour) -> bool {
    valid.0 <= at && at < valid.1 && end <= valid.1
}
