//! Who is responsible where.

use protocol::{Position, RosterChange};

use super::embedded;
use super::places::{Place, distance2_m2};
use crate::import::Table;

const AGENCIES_CSV: &str = include_str!("../../data/agencies.csv");

/// An agency as the sample state has it.
///
/// Seats are county seats and cities; the numbers of officers and the reach are invented.
#[derive(Debug)]
pub(super) struct Agency {
    /// Code, as in `data/agencies.csv`.
    pub(super) code: &'static str,
    /// What its badge codes begin with.
    pub(super) prefix: &'static str,
    /// Officers in the sample.
    pub(super) officers: u32,
    lead: Lead,
}

#[derive(Debug)]
enum Lead {
    /// Responsible for places whose centre lies within so many metres of this one's.
    City { seat: &'static str, reach_m: i64 },
    /// Responsible for places outside of cities to which this seat is the nearest.
    County { seat: &'static str },
    /// A back-up only: it holds no agreement, so officers could serve at its own sites without
    /// cover only.
    Nowhere,
}

pub(super) const ROSTER: [Agency; 15] = [
    city("tucson", "TUC", 110, "Tucson", 12_000),
    city("mesa", "MES", 80, "Mesa", 9_000),
    city("chandler", "CHA", 55, "Chandler", 8_000),
    city("surprise", "SUR", 35, "Surprise", 8_000),
    city("casa-grande", "CGR", 25, "Casa Grande", 10_000),
    Agency {
        code: "maricopa",
        prefix: "MAR",
        officers: 20,
        lead: Lead::Nowhere,
    },
    city("apache-junction", "AJN", 20, "Apache Junction", 8_000),
    city("phoenix", "PHX", 130, "Phoenix", 12_000),
    Agency {
        code: "azdps",
        prefix: "DPS",
        officers: 60,
        lead: Lead::Nowhere,
    },
    county("apache-so", "APA", 17, "Saint Johns"),
    county("cochise-so", "COC", 24, "Bisbee"),
    county("maricopa-so", "MSO", 60, "Phoenix"),
    county("pima-so", "PIM", 38, "Tucson"),
    county("pinal-so", "PIN", 24, "Florence"),
    county("yavapai-so", "YAV", 16, "Prescott"),
];

/// The agencies as roster changes.
pub(super) fn changes() -> Vec<RosterChange> {
    embedded(Table::Agencies, "data/agencies.csv", AGENCIES_CSV)
}

/// Finds the agency responsible for a place.
pub(super) struct Responsibility {
    cities: Vec<(&'static str, Position, i64)>,
    counties: Vec<(&'static str, Position)>,
}

impl Responsibility {
    pub(super) fn new(places: &[Place]) -> Responsibility {
        let position = |seat: &str| {
            let place = places.iter().find(|place| place.name == seat);
            place
                .expect("every seat of the table above is a place of the map")
                .position
        };
        let mut cities = Vec::new();
        let mut counties = Vec::new();
        for agency in &ROSTER {
            match agency.lead {
                Lead::City { seat, reach_m } => cities.push((agency.code, position(seat), reach_m)),
                Lead::County { seat } => counties.push((agency.code, position(seat))),
                Lead::Nowhere => {}
            }
        }
        Responsibility { cities, counties }
    }

    /// The code of the lead agency: the nearest city within reach, else the nearest county seat.
    pub(super) fn lead(&self, place: &Place) -> &'static str {
        let city = self
            .cities
            .iter()
            .map(|(code, seat, reach_m)| (distance2_m2(place.position, *seat), code, reach_m))
            .filter(|(distance2_m2, _, reach_m)| *distance2_m2 <= **reach_m * **reach_m)
            .min();
        if let Some((_, code, _)) = city {
            return code;
        }
        let county = self
            .counties
            .iter()
            .min_by_key(|(_, seat)| distance2_m2(place.position, *seat));
        county.expect("the table above holds counties").0
    }
}

const fn city(
    code: &'static str,
    prefix: &'static str,
    officers: u32,
    seat: &'static str,
    reach_m: i64,
) -> Agency {
    Agency {
        code,
        prefix,
        officers,
        lead: Lead::City { seat, reach_m },
    }
}

const fn county(
    code: &'static str,
    prefix: &'static str,
    officers: u32,
    seat: &'static str,
) -> Agency {
    Agency {
        code,
        prefix,
        officers,
        lead: Lead::County { seat },
    }
}
