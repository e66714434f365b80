//! The sample state: Arizona as it is on the map, with invented schools, pacts and officers.
//!
//! Real are the places (GeoNames, see `data/NOTICE`) and the names of the agencies. **Invented**
//! are agreements, pacts, sites, districts, badge codes, certifications, approvals and
//! availability, and whatever shows them says so ([`INVENTED`]). No officer has a name.
//!
//! Reading order: [`places`] for the map, [`agencies`] for who is responsible where, [`sites`]
//! and [`officers`] for what is made up on top.

mod agencies;
mod officers;
mod places;
mod sites;

use jiff::civil::Date;
use protocol::{Rank, RosterChange};

use crate::import::{self, Table};
use crate::programmes;

/// What is said wherever the sample state is shown.
pub const INVENTED: &str = "invented officers, schools and pacts on real Arizona places";

/// The outlines of the 15 counties, as SVG.
pub const COUNTIES_SVG: &str = include_str!("../../data/az_counties.svg");

const PACTS_CSV: &str = include_str!("../../data/pacts.csv");

/// Everything the demo begins with.
///
/// The same seed and Monday give the same state on every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleState {
    /// Certifications, programmes, agencies, sites, pacts and officers, in an order in which
    /// everything is known before it is named.
    pub changes: Vec<RosterChange>,
    places: usize,
    agencies: Vec<String>,
    sites: Vec<SampleSite>,
    officers: Vec<SampleOfficer>,
}

/// A school or venue of the sample state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSite {
    /// Code, such as `maricopa-003`.
    pub code: String,
    /// The agency responsible for it.
    pub lead: String,
    /// IANA time zone.
    pub zone: String,
}

/// An officer of the sample state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleOfficer {
    /// Badge code, such as `TUC-0412`.
    pub badge: String,
    /// Home agency.
    pub agency: String,
    /// Rank.
    pub rank: Rank,
}

impl SampleState {
    /// Makes the state for the week that begins on `monday`; some certificates end in it.
    pub fn new(seed: u64, monday: Date) -> SampleState {
        let places = places::all();
        let site_changes = sites::all(&places);
        let officer_changes = officers::all(seed, monday);
        let mut changes = programmes::standard();
        changes.extend(agencies::changes());
        changes.extend(site_changes.iter().cloned());
        changes.extend(embedded(Table::Pacts, "data/pacts.csv", PACTS_CSV));
        changes.extend(officer_changes.iter().cloned());
        SampleState {
            changes,
            places: places.len(),
            agencies: agencies::ROSTER
                .iter()
                .map(|agency| agency.code.to_owned())
                .collect(),
            sites: site_changes
                .into_iter()
                .filter_map(SampleSite::of)
                .collect(),
            officers: officer_changes
                .into_iter()
                .filter_map(SampleOfficer::of)
                .collect(),
        }
    }

    /// How many places of the map have a site.
    pub fn places(&self) -> usize {
        self.places
    }

    /// The codes of the agencies.
    pub fn agencies(&self) -> &[String] {
        &self.agencies
    }

    /// The sites, by place.
    pub fn sites(&self) -> &[SampleSite] {
        &self.sites
    }

    /// The sites for which one agency is responsible.
    pub fn sites_of<'a>(&'a self, lead: &'a str) -> impl Iterator<Item = &'a SampleSite> {
        self.sites.iter().filter(move |site| site.lead == lead)
    }

    /// The officers, by agency.
    pub fn officers(&self) -> &[SampleOfficer] {
        &self.officers
    }
}

impl SampleSite {
    fn of(change: RosterChange) -> Option<SampleSite> {
        let RosterChange::Site {
            code, lead, zone, ..
        } = change
        else {
            return None;
        };
        Some(SampleSite { code, lead, zone })
    }
}

impl SampleOfficer {
    fn of(change: RosterChange) -> Option<SampleOfficer> {
        let RosterChange::Officer {
            badge,
            agency,
            rank,
            ..
        } = change
        else {
            return None;
        };
        Some(SampleOfficer {
            badge,
            agency,
            rank,
        })
    }
}

/// Reads a file that is part of the program.
fn embedded(table: Table, file: &str, text: &str) -> Vec<RosterChange> {
    // The file cannot change after the build, and the tests below read every one of them.
    match import::read(table, file, text.as_bytes()) {
        Ok(changes) => changes,
        Err(error) => panic!("an embedded file is broken: {error}"),
    }
}

#[cfg(test)]
mod export;
#[cfg(test)]
mod tests;
