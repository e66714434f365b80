//! The places of the map.

use protocol::Position;

const PLACES_CSV: &str = include_str!("../../data/az_places.csv");

/// A populated place of Arizona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Name; two places share the name San Carlos.
    pub(super) name: String,
    /// Its centre.
    pub(super) position: Position,
    /// Inhabitants.
    pub(super) population: u32,
    /// IANA time zone.
    pub(super) zone: String,
}

/// Every place, the most populous first.
pub(super) fn all() -> Vec<Place> {
    let mut reader = csv::Reader::from_reader(PLACES_CSV.as_bytes());
    let places = reader.records().map(|record| {
        // The file cannot change after the build, and a test reads every row of it.
        record
            .ok()
            .as_ref()
            .and_then(place)
            .expect("data/az_places.csv holds six columns")
    });
    places.collect()
}

fn place(record: &csv::StringRecord) -> Option<Place> {
    let udeg = |column: usize| {
        let degrees: f64 = record.get(column)?.parse().ok()?;
        // A degree has six decimals here, so the rounded product is the decimal number itself.
        Some((degrees * 1e6).round() as i32)
    };
    Some(Place {
        name: record.get(1)?.to_owned(),
        position: Position {
            latitude_udeg: udeg(2)?,
            longitude_udeg: udeg(3)?,
        },
        population: record.get(4)?.parse().ok()?,
        zone: record.get(5)?.to_owned(),
    })
}

/// The square of the distance between two positions in Arizona, in square metres.
///
/// Whole numbers on purpose: whoever is nearest is the same on every machine. A degree of
/// longitude is taken as 0.83 of one of latitude, as at 34° north, which is off by at most 4 %
/// anywhere in the state.
pub(super) fn distance2_m2(one: Position, two: Position) -> i64 {
    let north_udeg = i64::from(one.latitude_udeg) - i64::from(two.latitude_udeg);
    let east_udeg = i64::from(one.longitude_udeg) - i64::from(two.longitude_udeg);
    // One millionth of a degree of latitude is 0.1113 m.
    let north_m = north_udeg * 1_113 / 10_000;
    let east_m = east_udeg * 1_113 * 83 / 1_000_000;
    north_m * north_m + east_m * east_m
}
