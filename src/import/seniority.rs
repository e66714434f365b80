//! `seniority.csv`.

use protocol::{Day, RosterChange};

use super::dates::day;
use super::rows::{Read, Row, badge};

pub(super) const COLUMNS: &[&str] = &["badge", "since"];

pub(super) const EXAMPLE: &str = "\
# The first day of service that counts, for rankings by seniority. Officers must be known.
badge,since
TUC-0412,2009-06-15
TUC-0413,2021-01-04
";

pub(super) fn read_row(row: &mut Row<'_>) -> Option<Read> {
    let badge = row.parsed("badge", badge);
    let since = row.parsed("since", day);
    let (badge, since) = (badge?, since?);
    let since = Day {
        year: since.year(),
        month: since.month().unsigned_abs(),
        day: since.day().unsigned_abs(),
    };
    let identity = badge.clone();
    Some((identity, RosterChange::SenioritySet { badge, since }))
}
