//! Invented officers.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use protocol::{Availability, Class, Dated, DatedWindows, Rank, RosterChange, WeeklyWindow};

use super::agencies::{Agency, ROSTER};
use crate::programmes::{ADE_SSO, AZPOST, SSO, TRAFFIC_CONTROL};
use loadgen::seed::SplitMix64;

/// Keeps the officers' draws apart from those of anything else that is made from the same seed.
const STREAM: u64 = 0x4f46_4649_4345_5253;

/// The lowest number of a badge, and the widest gap between two: `TUC-0101`, `TUC-0104`, …
const BADGE_FIRST: u64 = 101;
const BADGE_GAP_MAX: u64 = 5;

/// Every officer, by agency.
pub(super) fn all(seed: u64, monday: Date) -> Vec<RosterChange> {
    let mut random = SplitMix64::new(seed ^ STREAM);
    let mut officers = Vec::new();
    for agency in &ROSTER {
        let mut number = BADGE_FIRST;
        for _ in 0..agency.officers {
            number += 1 + random.below(BADGE_GAP_MAX);
            officers.push(officer(agency, number, monday, &mut random));
        }
    }
    officers
}

fn officer(agency: &Agency, number: u64, monday: Date, random: &mut SplitMix64) -> RosterChange {
    let class = match random.below(100) {
        0..90 => Class::PeaceOfficer,
        90..98 => Class::FullAuthorityReserve,
        _ => Class::CommunityServiceOfficer,
    };
    let rank = match (class, random.below(100)) {
        (Class::CommunityServiceOfficer, _) | (_, 0..84) => Rank::Officer,
        (_, 84..96) => Rank::Sergeant,
        _ => Rank::Commander,
    };
    RosterChange::Officer {
        badge: format!("{}-{number:04}", agency.prefix),
        agency: agency.code.to_owned(),
        class,
        rank,
        certifications: certifications(class, monday, random),
        approvals: approvals(random),
        availability: availability(monday, random),
    }
}

/// Most hold both; a few lack one, hold it no longer, or lose it in the middle of the week.
fn certifications(class: Class, monday: Date, random: &mut SplitMix64) -> Vec<Dated> {
    let mut held = Vec::new();
    let azpost = random.below(100);
    if class != Class::CommunityServiceOfficer {
        match azpost {
            0..97 => held.push(dated(AZPOST, None)),
            97..99 => held.push(dated(AZPOST, Some(after(monday, 2.days())))),
            _ => {}
        }
    }
    match random.below(100) {
        0..88 => held.push(dated(ADE_SSO, None)),
        88..92 => held.push(dated(ADE_SSO, Some(after(monday, 2.days())))),
        92..96 => held.push(dated(ADE_SSO, Some(after(monday, -30.days())))),
        _ => {}
    }
    held
}

fn approvals(random: &mut SplitMix64) -> Vec<Dated> {
    let mut given = Vec::new();
    if random.below(100) < 93 {
        given.push(dated(SSO, None));
    }
    if random.below(100) < 60 {
        given.push(dated(TRAFFIC_CONTROL, None));
    }
    given
}

fn availability(monday: Date, random: &mut SplitMix64) -> Availability {
    let daytime = || weekly(1..=5, 6 * 60, 18 * 60);
    match random.below(100) {
        0..45 => Availability::Always,
        45..85 => Availability::Declared {
            weekly: daytime(),
            exceptions: Vec::new(),
        },
        // Mornings only, and evenings and weekends only: neither holds a whole school day.
        85..90 => Availability::Declared {
            weekly: weekly(1..=5, 6 * 60, 12 * 60),
            exceptions: vec![],
        },
        90..95 => {
            let mut windows = weekly(1..=5, 17 * 60, 24 * 60);
            windows.extend(weekly(6..=7, 0, 24 * 60));
            Availability::Declared {
                weekly: windows,
                exceptions: Vec::new(),
            }
        }
        _ => Availability::Declared {
            weekly: daytime(),
            exceptions: vec![away(monday)],
        },
    }
}

fn weekly(days: std::ops::RangeInclusive<u8>, from: u16, until: u16) -> Vec<WeeklyWindow> {
    days.map(|weekday| WeeklyWindow {
        weekday,
        from_minute: from,
        until_minute: until,
    })
    .collect()
}

fn away(date: Date) -> DatedWindows {
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    DatedWindows {
        year: date.year(),
        month,
        day,
        windows: Vec::new(),
    }
}

fn dated(code: &str, until_us: Option<i64>) -> Dated {
    Dated {
        code: code.to_owned(),
        from_us: None,
        until_us,
    }
}

/// Midnight UTC so long after a Monday.
fn after(monday: Date, span: Span) -> i64 {
    let midnight = monday.saturating_add(span).to_zoned(TimeZone::UTC);
    midnight.map_or(i64::MAX, |midnight| midnight.timestamp().as_microsecond())
}
