//! `agencies.csv`.

use protocol::RosterChange;

use super::rows::{Read, Row};

pub(super) const COLUMNS: &[&str] = &["code", "name", "agreement"];

pub(super) const EXAMPLE: &str = "\
# An agency without an agreement serves under the cover of the agency it backs up.
code,name,agreement
tucson,Tucson Police Department,tucson-msa
chandler,Chandler Police Department,chandler-msa
pima-so,Pima County Sheriff's Department,pima-so-msa
apache-so,Apache County Sheriff's Office,apache-so-msa
maricopa,Maricopa Police Department,
";

pub(super) fn read_row(row: &mut Row<'_>) -> Option<Read> {
    let code = row.code("code");
    let name = row.name("name");
    let agreement = row.optional_code("agreement");
    let code = code?;
    Some((
        code.clone(),
        RosterChange::Agency {
            code,
            name: name?,
            agreement: agreement?,
        },
    ))
}
