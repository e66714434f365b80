//! `pacts.csv`.

use protocol::RosterChange;

use super::dates::{from_us, ordered, until_us};
use super::rows::{Read, Row};

pub(super) const COLUMNS: &[&str] = &["lead", "backup", "tier", "from", "until", "cover"];

pub(super) const EXAMPLE: &str = "\
# Directed: the backup stands by the lead. Tier 1 is asked before tier 2.
# Dates are whole days in UTC, the last one included. An empty cover means that the back-up's own
# agreement covers its officers or, where it has none, the lead's.
lead,backup,tier,from,until,cover
tucson,pima-so,1,,,
chandler,maricopa,2,2026-07-01,2027-06-30,chandler-msa
";

/// The highest tier a pact can name.
const TIER_MAX: u8 = 9;

pub(super) fn read_row(row: &mut Row<'_>) -> Option<Read> {
    let lead = row.code("lead");
    let backup = row.code("backup");
    let tier = row.count("tier", 1, TIER_MAX, "a tier");
    let from = row.parsed("from", from_us);
    let until = row.parsed("until", until_us);
    let cover = row.optional_code("cover");
    let (lead, backup, from_us, until_us) = (lead?, backup?, from?, until?);
    if lead == backup {
        row.note(
            "backup",
            format!("`{backup}`, expected another agency than the lead"),
        );
        return None;
    }
    if let Err(expected) = ordered(from_us, until_us) {
        row.note(
            "until",
            format!("`{}`, expected {expected}", row.field("until")),
        );
        return None;
    }
    let identity = format!("{lead} backed up by {backup}");
    let pact = RosterChange::Pact {
        lead,
        backup,
        tier: tier?,
        from_us,
        until_us,
        cover: cover?,
    };
    Some((identity, pact))
}

#[cfg(test)]
mod tests {
    use super::super::{ImportError, Table, read};

    fn said(row: &str) -> String {
        let text = format!("lead,backup,tier,from,until,cover\n{row}\n");
        let error = read(Table::Pacts, "p.csv", text.as_bytes()).unwrap_err();
        let ImportError::Problems { problems, .. } = error else {
            panic!("{error:?}")
        };
        problems[0].to_string()
    }

    #[test]
    fn a_pact_needs_two_agencies_a_tier_and_time() {
        assert_eq!(
            said("mesa,mesa,1,,,"),
            "row 2, column `backup`: `mesa`, expected another agency than the lead"
        );
        assert_eq!(
            said("a,b,0,,,"),
            "row 2, column `tier`: `0`, expected a tier from 1 to 9"
        );
        assert_eq!(
            said("a,b,1,2027-01-02,2027-01-01,"),
            "row 2, column `until`: `2027-01-01`, expected a last day that is not before the first"
        );
    }
}
