//! Grants, and what the vacancies they pay for take of them (rule 19).
//!
//! What is taken is derived from vacancies and punches: it is kept up to date event by event, and
//! computed anew when a grant is made and when a snapshot is read.

use std::collections::BTreeMap;

use super::state::{Durable, State};
use crate::model::{Attendance, Grant, Posting, Punch, Roster, Vacancy, VacancyId};
use crate::rules::funding::{self, Charge};

/// Every district that has a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Grants(BTreeMap<Box<str>, Fund>);

/// A grant and what is taken of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fund {
    /// The grant.
    pub grant: Grant,
    /// What all vacancies together take.
    pub taken: Charge,
    /// What each of them takes; those that take nothing are not here.
    charges: BTreeMap<VacancyId, Charge>,
}

impl Grants {
    /// The grant of `district`, with what is taken of it.
    pub fn find(&self, district: &str) -> Option<&Fund> {
        self.0.get(district)
    }

    /// Every district with its grant.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fund)> {
        self.0.iter().map(|(district, fund)| (&**district, fund))
    }

    /// How many districts have one.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no district has one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The grants that may pay for some of `posting`.
    pub(super) fn paying<'a>(
        &'a self,
        roster: &'a Roster,
        posting: &Posting,
    ) -> Vec<(&'a str, &'a Fund)> {
        if self.is_empty() {
            return Vec::new();
        }
        let districts = funding::districts(roster, posting).into_iter();
        districts
            .filter_map(|district| Some((district, self.find(district)?)))
            .collect()
    }

    /// A grant of which nothing is taken yet: [`charge_all`] says what is.
    pub(super) fn restore(&mut self, district: Box<str>, grant: Grant) {
        self.0.insert(district, Fund::new(grant));
    }
}

impl Fund {
    fn new(grant: Grant) -> Fund {
        Fund {
            grant,
            taken: Charge::default(),
            charges: BTreeMap::new(),
        }
    }

    /// What one vacancy takes.
    pub fn charge_of(&self, id: VacancyId) -> Charge {
        self.charges.get(&id).copied().unwrap_or_default()
    }

    fn put(&mut self, id: VacancyId, charge: Charge) {
        let before = match charge == Charge::default() {
            true => self.charges.remove(&id),
            false => self.charges.insert(id, charge),
        };
        let before = before.unwrap_or_default();
        self.taken.committed_us =
            self.taken.committed_us - before.committed_us + charge.committed_us;
        self.taken.drawn_us = self.taken.drawn_us - before.drawn_us + charge.drawn_us;
    }
}

/// What `row` takes of `fund`, the grant of `district`.
pub(super) fn charge(
    roster: &Roster,
    (district, fund): (&str, &Fund),
    row: &Vacancy,
    known: (&[Punch], Option<&Attendance>),
) -> Charge {
    let funded = funding::funded(roster, (district, &fund.grant), &row.posting);
    funding::charge(row, known, funded)
}

/// Brings what vacancy `id` takes of every grant in line with how it stands.
pub(super) fn settle(state: &mut State, id: VacancyId) {
    let durable = &mut state.durable;
    if durable.grants.is_empty() {
        return;
    }
    let mut grants = std::mem::take(&mut durable.grants);
    let row = durable.vacancies.find(id);
    let row = row.expect("the log publishes a vacancy before it names it");
    let known = durable.presence(id);
    let districts = funding::districts(&durable.roster, &row.posting);
    for (district, fund) in &mut grants.0 {
        // It may have been moved out of a district that it was charged to.
        if districts.contains(&**district) || fund.charges.contains_key(&id) {
            let charge = charge(&durable.roster, (district, fund), row, known);
            fund.put(id, charge);
        }
    }
    durable.grants = grants;
}

/// Puts a grant in force, and charges to it what was published before.
pub(super) fn put(durable: &mut Durable, district: &str, grant: Grant) {
    let mut fund = Fund::new(grant);
    charge_to(durable, (district, &mut fund));
    durable.grants.0.insert(district.into(), fund);
}

/// Charges to every grant what the vacancies take of it.
pub(super) fn charge_all(durable: &mut Durable) {
    let mut grants = std::mem::take(&mut durable.grants);
    for (district, fund) in &mut grants.0 {
        charge_to(durable, (district, fund));
    }
    durable.grants = grants;
}

fn charge_to(durable: &Durable, (district, fund): (&str, &mut Fund)) {
    for (id, row) in durable.vacancies.iter() {
        let known = durable.presence(id);
        let charge = charge(&durable.roster, (district, fund), row, known);
        fund.put(id, charge);
    }
}
