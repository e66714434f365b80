//! `officers.csv`.

use protocol::{Class, Rank, RosterChange};

use super::availability::availability;
use super::dates::dated_list;
use super::rows::{Read, Row, badge};

pub(super) const COLUMNS: &[&str] = &[
    "badge",
    "agency",
    "class",
    "rank",
    "certifications",
    "approvals",
    "availability",
];

pub(super) const EXAMPLE: &str = "\
# Dates are whole days in UTC, the last one included. Times of day are the site's local time.
badge,agency,class,rank,certifications,approvals,availability
TUC-0412,tucson,peace-officer,officer,azpost:2024-01-01..2027-06-30;ade-sso,sso,always
TUC-0413,tucson,full-authority-reserve,sergeant,azpost;ade-sso,sso,mon-fri 06:00-18:00;sat 08:00-12:00;!2026-11-26
";

const CLASSES: &[(&str, Class)] = &[
    ("peace-officer", Class::PeaceOfficer),
    ("full-authority-reserve", Class::FullAuthorityReserve),
    ("community-service-officer", Class::CommunityServiceOfficer),
];

const RANKS: &[(&str, Rank)] = &[
    ("officer", Rank::Officer),
    ("sergeant", Rank::Sergeant),
    ("commander", Rank::Commander),
];

pub(super) fn read_row(row: &mut Row<'_>) -> Option<Read> {
    let badge = row.parsed("badge", badge);
    let agency = row.code("agency");
    let class = row.word("class", CLASSES);
    let rank = row.word("rank", RANKS);
    let certifications = row.parsed("certifications", dated_list);
    let approvals = row.parsed("approvals", dated_list);
    let availability = row.parsed("availability", availability);
    let badge = badge?;
    let officer = RosterChange::Officer {
        badge: badge.clone(),
        agency: agency?,
        class: class?,
        rank: rank?,
        certifications: certifications?,
        approvals: approvals?,
        availability: availability?,
    };
    Some((badge, officer))
}

#[cfg(test)]
mod tests {
    use super::super::{ImportError, Table, read};
    use super::*;

    #[test]
    fn all_problems_of_a_row_are_found_at_once() {
        let text = "badge,agency,class,rank,certifications,approvals,availability\n\
                    tuc 1,Tucson,police,captain,azpost:soon,SSO,sometimes\n";
        let error = read(Table::Officers, "o.csv", text.as_bytes()).unwrap_err();
        let ImportError::Problems { problems, .. } = error else {
            panic!("{error:?}")
        };
        let columns: Vec<_> = problems
            .iter()
            .filter_map(|p| p.column.as_deref())
            .collect();
        assert_eq!(columns, COLUMNS);
        assert_eq!(
            problems[3].said,
            "`captain`, expected one of officer, sergeant, commander"
        );
    }
}
