//! What officers would rather be asked for: who is pushed, and when (rule 4).

use super::eligibility::Ground;
use crate::model::{OfficerId, OfficerSet, Preferences, Quiet, Timestamp, Window};

/// Minutes of a day.
const DAY_MINUTES: u16 = 1_440;

/// Whether the work is one that `preferences` ask for: its districts, its distance, its notice.
pub fn suits(preferences: &Preferences, ground: Ground<'_>) -> bool {
    let Preferences {
        districts,
        reach,
        notice_ms,
        quiet: _,
    } = preferences;
    let segments = &ground.posting.segments;
    let mut sites = segments
        .iter()
        .filter_map(|segment| ground.roster.sites.find(segment.site));
    ground.at.plus_ms(*notice_ms) <= ground.span.start
        && sites.all(|site| {
            (districts.is_empty() || districts.contains(&site.district))
                && reach.is_none_or(|reach| reach.from.is_within(site.position, reach.metres))
        })
}

/// Whether `officer` has preferences for which the work is not. Such an officer is eligible, sees
/// the vacancy and may accept it, but is not pushed and not waited for: they said no beforehand.
pub fn is_narrowed(ground: Ground<'_>, officer: OfficerId) -> bool {
    let preferences = ground.roster.provisions.preferences.get(&officer);
    preferences.is_some_and(|preferences| !suits(preferences, ground))
}

/// Those of `officers` who are pushed, and waited for.
pub fn pushed(ground: Ground<'_>, officers: &OfficerSet) -> OfficerSet {
    if ground.roster.provisions.preferences.is_empty() {
        return officers.clone();
    }
    let pushed = officers.iter();
    pushed
        .filter(|officer| !is_narrowed(ground, *officer))
        .collect()
}

/// When the quiet in which `at` lies is over; nothing if it is not quiet.
pub fn quiet_until(quiet: &Quiet, at: Timestamp) -> Option<Timestamp> {
    let zone = jiff::tz::TimeZoneDatabase::bundled()
        .get(&quiet.zone)
        .ok()?;
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    let local = zone.to_datetime(instant);
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    let until_minute = window_at(&quiet.windows, minute)?.until_minute;
    let (date, until_minute) = match until_minute {
        // The night goes on with the quiet that the next day begins with.
        DAY_MINUTES => {
            let early = window_at(&quiet.windows, 0).map_or(0, |window| window.until_minute);
            (local.date().tomorrow().ok()?, early)
        }
        until_minute => (local.date(), until_minute),
    };
    let end = date.at((until_minute / 60) as i8, (until_minute % 60) as i8, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(end);
    // In the hour that passes twice the first end may be over already.
    let ends = [ambiguous.earlier(), ambiguous.later()];
    let mut ends = ends.into_iter().flatten();
    ends.find(|end| *end > instant)
        .map(|end| Timestamp(end.as_microsecond()))
}

fn window_at(windows: &[Window], minute: u16) -> Option<&Window> {
    let holds = |window: &&Window| (window.from_minute..window.until_minute).contains(&minute);
    windows.iter().find(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(at.as_microsecond())
    }

    fn quiet(zone: &str, windows: &[(u16, u16)]) -> Quiet {
        let window = |&(from_minute, until_minute): &(u16, u16)| Window {
            from_minute,
            until_minute,
        };
        Quiet {
            zone: zone.into(),
            windows: windows.iter().map(window).collect(),
        }
    }

    #[test]
    fn a_night_of_quiet_ends_in_the_morning_from_either_side_of_midnight() {
        let night = quiet("America/Phoenix", &[(0, 360), (1_320, 1_440)]);
        let morning = Some(at("2026-11-24T13:00:00Z"));
        assert_eq!(quiet_until(&night, at("2026-11-24T05:00:00Z")), morning);
        assert_eq!(quiet_until(&night, at("2026-11-24T12:59:59Z")), morning);
        assert_eq!(quiet_until(&night, at("2026-11-24T13:00:00Z")), None);
        assert_eq!(quiet_until(&night, at("2026-11-24T04:59:59Z")), None);
    }

    #[test]
    fn quiet_begins_and_ends_to_the_minute() {
        let short = quiet("America/Phoenix", &[(370, 390)]);
        let end = Some(at("2026-11-24T13:30:00Z"));
        assert_eq!(quiet_until(&short, at("2026-11-24T13:09:59Z")), None);
        assert_eq!(quiet_until(&short, at("2026-11-24T13:10:00Z")), end);
        assert_eq!(quiet_until(&short, at("2026-11-24T13:29:59Z")), end);
        assert_eq!(quiet_until(&short, at("2026-11-24T13:30:00Z")), None);
    }

    #[test]
    fn quiet_that_ends_at_midnight_ends_there() {
        let evening = quiet("America/Phoenix", &[(1_200, 1_440)]);
        let midnight = Some(at("2026-11-24T07:00:00Z"));
        assert_eq!(quiet_until(&evening, at("2026-11-24T06:00:00Z")), midnight);
    }

    #[test]
    fn quiet_ends_once_where_clocks_change() {
        // Denver, 1 November 2026: from 01:00 to 02:00 passes twice. Quiet until 01:30.
        let short = quiet("America/Denver", &[(0, 90)]);
        let first = Some(at("2026-11-01T07:30:00Z"));
        assert_eq!(quiet_until(&short, at("2026-11-01T07:10:00Z")), first);
        let second = Some(at("2026-11-01T08:30:00Z"));
        assert_eq!(quiet_until(&short, at("2026-11-01T08:10:00Z")), second);
        // 14 March 2027: 02:30 does not exist, and the quiet is over when the clock is past it.
        let gap = quiet("America/Denver", &[(0, 150)]);
        let end = quiet_until(&gap, at("2027-03-14T08:00:00Z")).expect("quiet");
        assert!(
            end > at("2027-03-14T08:00:00Z") && end <= at("2027-03-14T10:00:00Z"),
            "{end:?}"
        );
    }
}
