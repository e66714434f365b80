//! Invented schools and venues around real places.

use std::collections::BTreeMap;

use protocol::{Position, RosterChange, SiteKind};

use super::agencies::Responsibility;
use super::places::Place;
use loadgen::seed::SplitMix64;

/// Inhabitants for each site beyond the first of a place.
const INHABITANTS_PER_SITE: u32 = 10_000;

/// Sites of the largest place.
const SITES_PER_PLACE_MAX: u32 = 60;

/// Two kilometres, north and east, in millionths of a degree: a corner of that square is 2.9 km
/// from its centre. A degree of longitude is longest at the southern border, which the second
/// figure allows for.
const NORTH_UDEG_MAX: i32 = 17_960;
const EAST_UDEG_MAX: i32 = 20_900;

/// Metres of every geofence.
const GEOFENCE_M: u32 = 150;

/// The seed of the offsets: sites are the same whatever the seed of a run.
const SEED: u64 = 0x5349_5445;

/// What a site is, in turn.
const KINDS: [(&str, SiteKind, bool); 8] = [
    ("Elementary", SiteKind::Public, true),
    ("Middle", SiteKind::Public, true),
    ("Elementary", SiteKind::Public, true),
    ("High", SiteKind::Public, true),
    ("Charter", SiteKind::Charter, true),
    ("Elementary", SiteKind::Public, true),
    ("Academy", SiteKind::Private, true),
    ("Arena", SiteKind::Venue, false),
];

/// Every site, by place.
pub(super) fn all(places: &[Place]) -> Vec<RosterChange> {
    let responsibility = Responsibility::new(places);
    let mut random = SplitMix64::new(SEED);
    // Two places share a name, so numbers run on from one to the other.
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut sites = Vec::new();
    for place in places {
        let lead = responsibility.lead(place);
        let slug = slug(&place.name);
        for turn in 0..count(place) {
            let number = numbers.entry(slug.clone()).or_default();
            *number += 1;
            let (word, kind, ade_funded) = KINDS[turn as usize % KINDS.len()];
            sites.push(RosterChange::Site {
                code: format!("{slug}-{number:03}"),
                name: format!("Demo {word} {number:03} ({})", place.name),
                lead: lead.to_owned(),
                zone: place.zone.clone(),
                position: nearby(place.position, &mut random),
                geofence_m: GEOFENCE_M,
                district: format!("Demo Unified ({})", place.name),
                kind,
                ade_funded,
            });
        }
    }
    sites
}

fn count(place: &Place) -> u32 {
    (1 + place.population / INHABITANTS_PER_SITE).min(SITES_PER_PLACE_MAX)
}

fn nearby(centre: Position, random: &mut SplitMix64) -> Position {
    let mut offset = |most: i32| {
        let width = 2 * u64::from(most.unsigned_abs()) + 1;
        i32::try_from(random.below(width)).expect("a width of a few thousand") - most
    };
    Position {
        latitude_udeg: centre.latitude_udeg + offset(NORTH_UDEG_MAX),
        longitude_udeg: centre.longitude_udeg + offset(EAST_UDEG_MAX),
    }
}

/// A code from a name: `Lake Havasu City` becomes `lake-havasu-city`.
fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}
