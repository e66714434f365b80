//! `sites.csv`.

use jiff::tz::TimeZone;
use protocol::{Position, RosterChange, SiteKind};

use super::rows::{Read, Row};

pub(super) const COLUMNS: &[&str] = &[
    "code",
    "name",
    "lead",
    "zone",
    "latitude",
    "longitude",
    "geofence_m",
    "district",
    "kind",
    "ade_funded",
];

pub(super) const EXAMPLE: &str = "\
# The zone is the site's own: the Navajo Nation keeps daylight saving time, Phoenix does not.
code,name,lead,zone,latitude,longitude,geofence_m,district,kind,ade_funded
tucson-001,Demo Elementary 001 (Tucson),tucson,America/Phoenix,32.221740,-110.926480,150,Demo Unified,public,yes
kayenta-001,Demo Elementary 001 (Kayenta),apache-so,America/Denver,36.727780,-110.254580,200,Demo Unified,public,yes
";

/// Metres of the widest geofence: beyond this a punch says nothing about a site.
const GEOFENCE_M_MAX: u32 = 5_000;

/// Decimals of a degree that are kept: a tenth of a metre.
const DECIMALS_MAX: usize = 6;

const KINDS: &[(&str, SiteKind)] = &[
    ("public", SiteKind::Public),
    ("charter", SiteKind::Charter),
    ("private", SiteKind::Private),
    ("venue", SiteKind::Venue),
];

const ANSWERS: &[(&str, bool)] = &[("yes", true), ("no", false)];

pub(super) fn read_row(row: &mut Row<'_>) -> Option<Read> {
    let code = row.code("code");
    let name = row.name("name");
    let lead = row.code("lead");
    let zone = row.parsed("zone", zone);
    let latitude = row.parsed("latitude", |written| micro_degrees(written, 90));
    let longitude = row.parsed("longitude", |written| micro_degrees(written, 180));
    let geofence_m = row.count("geofence_m", 1, GEOFENCE_M_MAX, "whole metres");
    let district = row.name("district");
    let kind = row.word("kind", KINDS);
    let ade_funded = row.word("ade_funded", ANSWERS);
    let code = code?;
    let site = RosterChange::Site {
        code: code.clone(),
        name: name?,
        lead: lead?,
        zone: zone?,
        position: Position {
            latitude_udeg: latitude?,
            longitude_udeg: longitude?,
        },
        geofence_m: geofence_m?,
        district: district?,
        kind: kind?,
        ade_funded: ade_funded?,
    };
    Some((code, site))
}

fn zone(written: &str) -> Result<String, String> {
    let expected = || "an IANA time zone such as America/Phoenix".to_owned();
    let zone = TimeZone::get(written).map_err(|_| expected())?;
    // The database also answers to `america/phoenix`; what is stored is the name as it is listed.
    zone.iana_name()
        .filter(|name| *name == written)
        .map(str::to_owned)
        .ok_or_else(expected)
}

/// Reads decimal degrees into millionths without a detour over floating point.
fn micro_degrees(written: &str, most: i32) -> Result<i32, String> {
    let expected =
        || format!("decimal degrees from -{most} to {most} with at most {DECIMALS_MAX} decimals");
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, written),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = !whole.is_empty()
        && whole.len() <= 3
        && decimals.len() <= DECIMALS_MAX
        && numeric(whole)
        && numeric(decimals);
    if !shaped {
        return Err(expected());
    }
    let millionths: i32 = format!("{whole}{decimals:0<DECIMALS_MAX$}")
        .parse()
        .map_err(|_| expected())?;
    if millionths > most * 1_000_000 {
        return Err(expected());
    }
    Ok(sign * millionths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_exactly() {
        assert_eq!(micro_degrees("32.22174", 90), Ok(32_221_740));
        assert_eq!(micro_degrees("-110.926481", 180), Ok(-110_926_481));
        assert_eq!(micro_degrees("-0.000001", 90), Ok(-1));
        assert_eq!(micro_degrees("90", 90), Ok(90_000_000));
        for bad in [
            "",
            "90.000001",
            "91",
            "1e2",
            "32,2",
            "32.2217400",
            "+1",
            "--1",
            ".5",
            "NaN",
        ] {
            assert!(micro_degrees(bad, 90).is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_are_named_as_the_database_lists_them() {
        assert_eq!(zone("America/Denver"), Ok("America/Denver".to_owned()));
        for bad in ["", "america/phoenix", "MST7", "America/Tucson"] {
            assert!(zone(bad).is_err(), "{bad}");
        }
    }
}
