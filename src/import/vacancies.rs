//! `vacancies.csv`, which is published, and calendars of holidays.

use engine::limits::{POST_ORDERS_LEN_MAX, SEGMENTS_MAX, SLOTS_MAX};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::{NewSegment, NewVacancy, Publication, Rank, Term};

use super::rows::{self, Row, Shape};
use super::{ImportError, dates, text_of};
use crate::cli::{Moment, TierWindow, tier_window, when};
use crate::publication::{Planned, key};

const VACANCIES: Shape = Shape {
    word: "vacancies",
    columns: &[
        "lead",
        "programme",
        "site",
        "start",
        "end",
        "zone",
        "slots",
        "window",
        "opens_before",
        "orders",
    ],
};

/// A small valid file of vacancies to start from.
pub const VACANCIES_EXAMPLE: &str = "\
# Times are those of the zone. The second one is shared by two schools and accepted as a whole.
lead,programme,site,start,end,zone,slots,window,opens_before,orders
tucson,sso,tucson-001,2027-04-12T07:00,15:00,America/Phoenix,2,10m,,main gate
tucson,sso,tucson-001;tucson-002,2027-04-13T07:00;2027-04-13T12:00,11:00;15:30,America/Phoenix,1,10m;30m,48h;24h,
apache-so,sso,kayenta-001,2027-04-12T07:00,15:00,America/Denver,officer;sergeant,never,,
";

const HOLIDAYS: Shape = Shape {
    word: "holidays",
    columns: &["date", "name"],
};

/// Reads a file of vacancies; `file` is its name, for problems.
///
/// # Errors
/// Every problem found, with its row and column; nothing is half read.
pub fn vacancies(file: &str, bytes: &[u8]) -> Result<Vec<Planned>, ImportError> {
    rows::read(VACANCIES, file, text_of(file, bytes)?, vacancy)
}

/// Reads a calendar: the days on which nobody is needed, each with its name.
///
/// # Errors
/// Every problem found, with its row and column.
pub fn rows_of_days(file: &str, bytes: &[u8]) -> Result<Vec<(Date, String)>, ImportError> {
    rows::read(HOLIDAYS, file, text_of(file, bytes)?, |row| {
        let day = row.parsed("date", dates::day);
        let name = row.name("name");
        let day = day?;
        Some((day.to_string(), (day, name?)))
    })
}

fn vacancy(row: &mut Row<'_>) -> Option<(String, Planned)> {
    let lead = row.code("lead");
    let programme = row.code("programme");
    let zone = row.parsed("zone", zone);
    let sites = row.parsed("site", |written| list(written, rows::code));
    let starts = row.parsed("start", |written| list(written, when));
    let ends = row.parsed("end", |written| list(written, when));
    let slots = row.parsed("slots", slots);
    let windows_ms = row.parsed("window", windows);
    let opens_before = row.parsed("opens_before", distances);
    let post_orders = row.parsed("orders", |written| {
        let fits = written.len() <= POST_ORDERS_LEN_MAX;
        let expected = || format!("at most {POST_ORDERS_LEN_MAX} bytes");
        fits.then(|| written.to_owned()).ok_or_else(expected)
    });
    let segments = segments(row, (sites?, starts?, ends?), &zone?)?;
    let (lead, programme) = (lead?, programme?);
    let key = key(&lead, &programme, &segments);
    let (slots, by_ladder) = match slots? {
        Slots::Number(slots) => (Vec::new(), Some(Term::ByLadder { slots })),
        Slots::Ranks(ranks) => (ranks, None),
    };
    let vacancy = NewVacancy {
        key,
        lead,
        programme,
        segments,
        slots,
        windows_ms: windows_ms?,
        post_orders: post_orders?,
    };
    let before_ms = opens_before?;
    let near = (!before_ms.is_empty()).then_some(Term::OpensBefore { before_ms });
    let terms = near.into_iter().chain(by_ladder).collect();
    let publication = Publication { vacancy, terms };
    let row = Some(row.number());
    Some((key.to_string(), Planned { publication, row }))
}

/// Sites with their times: as many of each.
fn segments(
    row: &mut Row<'_>,
    (sites, starts, ends): (Vec<String>, Vec<Moment>, Vec<Moment>),
    zone: &TimeZone,
) -> Option<Vec<NewSegment>> {
    if sites.len() > SEGMENTS_MAX {
        row.note("site", format!("expected at most {SEGMENTS_MAX} sites"));
        return None;
    }
    for (column, count) in [("start", starts.len()), ("end", ends.len())] {
        if count != sites.len() {
            let sites = sites.len();
            row.note(column, format!("{count} times for {sites} sites"));
            return None;
        }
    }
    let mut segments = Vec::new();
    for ((site, start), end) in sites.into_iter().zip(starts).zip(ends) {
        let start = match start.resolve(zone, None) {
            Ok(start) => start,
            Err(why) => {
                row.note("start", why);
                return None;
            }
        };
        let end = match end.resolve(zone, Some(start)) {
            Ok(end) if start < end => end,
            Ok(_) => {
                row.note("end", "expected a time after the start".to_owned());
                return None;
            }
            Err(why) => {
                row.note("end", why);
                return None;
            }
        };
        segments.push(NewSegment {
            site,
            start_us: start.as_microsecond(),
            end_us: end.as_microsecond(),
        });
    }
    Some(segments)
}

fn zone(written: &str) -> Result<TimeZone, String> {
    TimeZone::get(written).map_err(|_| "an IANA time zone such as America/Phoenix".to_owned())
}

fn list<T>(written: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    written.split(';').map(|one| read(one.trim())).collect()
}

/// What is said of slots.
enum Slots {
    /// How many; the ladder of the lead agency says their ranks.
    Number(u16),
    /// The rank of each.
    Ranks(Vec<Rank>),
}

/// A number of slots, or the rank of each slot.
fn slots(written: &str) -> Result<Slots, String> {
    let count = written.parse::<u16>().ok();
    if let Some(count) = count.filter(|count| (1..=SLOTS_MAX).contains(&usize::from(*count))) {
        return Ok(Slots::Number(count));
    }
    let rank = |word: &str| match word {
        "officer" => Ok(Rank::Officer),
        "sergeant" => Ok(Rank::Sergeant),
        "commander" => Ok(Rank::Commander),
        _ => Err(format!(
            "1 to {SLOTS_MAX}, or the rank of each slot such as officer;sergeant"
        )),
    };
    list(written, rank).map(Slots::Ranks)
}

fn windows(written: &str) -> Result<Vec<u64>, String> {
    if written == "never" {
        return Ok(Vec::new());
    }
    list(written, milliseconds)
}

fn distances(written: &str) -> Result<Vec<u64>, String> {
    if written.is_empty() {
        return Ok(Vec::new());
    }
    list(written, milliseconds)
}

fn milliseconds(written: &str) -> Result<u64, String> {
    match tier_window(written) {
        Ok(TierWindow::Milliseconds(ms)) => Ok(ms),
        Ok(TierWindow::Never) | Err(_) => Err("times such as 10m or 48h;24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "lead,programme,site,start,end,zone,slots,window,opens_before,orders\n";

    fn problems(rows: &str) -> String {
        let text = format!("{HEADER}{rows}");
        let error = vacancies("v.csv", text.as_bytes()).unwrap_err();
        error.to_string()
    }

    #[test]
    fn the_example_is_three_vacancies() {
        let planned = vacancies("v.csv", VACANCIES_EXAMPLE.as_bytes()).unwrap();
        let rows: Vec<_> = planned.iter().map(|one| one.row).collect();
        assert_eq!(rows, [Some(3), Some(4), Some(5)]);
        let [two, shared, ranked] = planned.as_slice() else {
            panic!("{planned:?}")
        };
        assert_eq!(two.publication.vacancy.slots, []);
        assert_eq!(two.publication.terms, [Term::ByLadder { slots: 2 }]);
        let before_ms = vec![172_800_000, 86_400_000];
        let (near, one) = (Term::OpensBefore { before_ms }, Term::ByLadder { slots: 1 });
        assert_eq!(shared.publication.terms, [near, one]);
        assert_eq!(shared.publication.vacancy.segments.len(), 2);
        let ranks = [Rank::Officer, Rank::Sergeant];
        assert_eq!(ranked.publication.vacancy.slots, ranks);
        assert_eq!(ranked.publication.vacancy.windows_ms, [0; 0]);
        // Kayenta keeps Denver's time, so it begins an hour earlier there.
        let start_us = |one: &Planned| one.publication.vacancy.segments[0].start_us;
        assert_eq!(start_us(two) - start_us(ranked), 3_600_000_000);
    }

    #[test]
    fn every_problem_names_its_row_and_column() {
        let good = "tucson,sso,a,2027-04-12T07:00,15:00,America/Phoenix,1,10m,,\n";
        for (row, said) in [
            (
                "tucson,sso,a,2027-04-12T07:00,15:00,Arizona,1,10m,,",
                "column `zone`",
            ),
            (
                "tucson,sso,a;b,2027-04-12T07:00,15:00,America/Phoenix,1,10m,,",
                "column `start`: 1 times for 2 sites",
            ),
            (
                "tucson,sso,a,2027-04-12T07:00,2027-04-12T06:00,America/Phoenix,1,10m,,",
                "column `end`: expected a time after the start",
            ),
            (
                "tucson,sso,a,2027-03-14T02:30,15:00,America/Denver,1,10m,,",
                "column `start`",
            ),
            (
                "tucson,sso,a,2027-04-12T07:00,15:00,America/Phoenix,0,10m,,",
                "column `slots`",
            ),
            (
                "tucson,sso,a,2027-04-12T07:00,15:00,America/Phoenix,1,soon,,",
                "column `window`",
            ),
            (
                "tucson,sso,a,2027-04-12T07:00,15:00,America/Phoenix,1,10m,2,",
                "column `opens_before`",
            ),
        ] {
            let found = problems(&format!("{good}{row}\n"));
            assert!(found.contains("row 3"), "{found}");
            assert!(found.contains(said), "{found}");
        }
        let twice = problems(&format!("{good}{good}"));
        assert!(twice.contains("stands in row 2 already"), "{twice}");
    }

    #[test]
    fn a_calendar_says_each_day_once() {
        let days = rows_of_days("h.csv", b"date,name\n2026-11-26,Thanksgiving Day\n").unwrap();
        assert_eq!(days[0].1, "Thanksgiving Day");
        let text = b"date,name\n2026-11-26,A\n2026-11-26,B\n26.11.2026,C\n";
        let found = rows_of_days("h.csv", text).unwrap_err().to_string();
        assert!(
            found.contains("row 3") && found.contains("row 4, column `date`"),
            "{found}"
        );
    }
}
