//! Writes roster changes as the CSV files that the importers read.

use jiff::Timestamp;
use protocol::{Availability, Class, Dated, Rank, RosterChange, SiteKind};

use crate::import::Table;

/// The file that holds the changes of one table.
pub(super) fn csv(table: Table, changes: &[RosterChange]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns()).unwrap();
    for fields in changes.iter().filter_map(|change| fields(table, change)) {
        writer.write_record(fields).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn fields(table: Table, change: &RosterChange) -> Option<Vec<String>> {
    match (table, change.clone()) {
        (
            Table::Agencies,
            RosterChange::Agency {
                code,
                name,
                agreement,
            },
        ) => Some(vec![code, name, agreement.unwrap_or_default()]),
        (
            Table::Officers,
            RosterChange::Officer {
                badge,
                agency,
                class,
                rank,
                certifications,
                approvals,
                availability,
            },
        ) => Some(vec![
            badge,
            agency,
            self::class(class).to_owned(),
            self::rank(rank).to_owned(),
            dated_list(&certifications),
            dated_list(&approvals),
            self::availability(&availability),
        ]),
        (
            Table::Sites,
            RosterChange::Site {
                code,
                name,
                lead,
                zone,
                position,
                geofence_m,
                district,
                kind,
                ade_funded,
            },
        ) => Some(vec![
            code,
            name,
            lead,
            zone,
            degrees(position.latitude_udeg),
            degrees(position.longitude_udeg),
            geofence_m.to_string(),
            district,
            self::kind(kind).to_owned(),
            if ade_funded { "yes" } else { "no" }.to_owned(),
        ]),
        (
            Table::Pacts,
            RosterChange::Pact {
                lead,
                backup,
                tier,
                from_us,
                until_us,
                cover,
            },
        ) => {
            let (from, until) = (from_us.map(day), until_us.map(last_day));
            Some(vec![
                lead,
                backup,
                tier.to_string(),
                from.unwrap_or_default(),
                until.unwrap_or_default(),
                cover.unwrap_or_default(),
            ])
        }
        _ => None,
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::PeaceOfficer => "peace-officer",
        Class::FullAuthorityReserve => "full-authority-reserve",
        Class::CommunityServiceOfficer => "community-service-officer",
    }
}

fn rank(rank: Rank) -> &'static str {
    match rank {
        Rank::Officer => "officer",
        Rank::Sergeant => "sergeant",
        Rank::Commander => "commander",
    }
}

fn kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Public => "public",
        SiteKind::Charter => "charter",
        SiteKind::Private => "private",
        SiteKind::Venue => "venue",
    }
}

fn degrees(udeg: i32) -> String {
    let sign = if udeg < 0 { "-" } else { "" };
    let udeg = udeg.unsigned_abs();
    format!("{sign}{}.{:06}", udeg / 1_000_000, udeg % 1_000_000)
}

fn dated_list(list: &[Dated]) -> String {
    let parts = list
        .iter()
        .map(|dated| match (dated.from_us, dated.until_us) {
            (None, None) => dated.code.clone(),
            (from, until) => {
                let from = from.map(day).unwrap_or_default();
                let until = until.map(last_day).unwrap_or_default();
                format!("{}:{from}..{until}", dated.code)
            }
        });
    parts.collect::<Vec<_>>().join(";")
}

fn availability(availability: &Availability) -> String {
    let Availability::Declared { weekly, exceptions } = availability else {
        return "always".to_owned();
    };
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut parts: Vec<String> = weekly
        .iter()
        .map(|window| {
            let day = days[usize::from(window.weekday - 1)];
            format!(
                "{day} {}-{}",
                time(window.from_minute),
                time(window.until_minute)
            )
        })
        .collect();
    parts.extend(exceptions.iter().map(|dated| {
        let windows: Vec<String> = dated
            .windows
            .iter()
            .map(|(from, until)| format!("{}-{}", time(*from), time(*until)))
            .collect();
        format!(
            "!{:04}-{:02}-{:02} {}",
            dated.year,
            dated.month,
            dated.day,
            windows.join(",")
        )
    }));
    parts.join(";")
}

fn day(us: i64) -> String {
    Timestamp::from_microsecond(us)
        .unwrap()
        .strftime("%Y-%m-%d")
        .to_string()
}

/// The last day of a span, which files include and `until_us` does not.
fn last_day(until_us: i64) -> String {
    day(until_us - 1)
}
