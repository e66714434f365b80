//! Rosters from CSV files.
//!
//! A file becomes a list of [`RosterChange`]s that is sent as one request, so that it is imported
//! as a whole or not at all. Reading is strict: an unknown column, an empty required field or a
//! word that is not one of those expected is a [`Problem`] with its row and column, and all
//! problems of a file (the first [`PROBLEMS_MAX`]) are reported together.
//!
//! Common to all tables: UTF-8, comma-separated, one header row, columns in any order, lines that
//! begin with `#` are comments, spaces around a field do not count. Codes are lower-case letters,
//! digits and `-`.
//!
//! | file | columns |
//! |---|---|
//! | agencies | `code`, `name`, `agreement` (empty: not contracted) |
//! | officers | `badge`, `agency`, `class`, `rank`, `certifications`, `approvals`, `availability` |
//! | sites | `code`, `name`, `lead`, `zone`, `latitude`, `longitude`, `geofence_m`, `district`, `kind`, `ade_funded` |
//! | pacts | `lead`, `backup`, `tier`, `from`, `until`, `cover` |
//! | seniority | `badge`, `since` |
//!
//! Dates are whole days in UTC: `2024-01-01..2027-06-30` holds from midnight UTC at the start of
//! the first day until midnight UTC at the end of the last, which is included. In Arizona both
//! ends therefore lie at 17:00 of the evening before: a certificate never lasts longer here than
//! it does on paper.

mod agencies;
mod availability;
mod dates;
mod officers;
mod pacts;
mod problem;
mod rows;
mod seniority;
mod sites;
mod vacancies;

use protocol::RosterChange;
use rows::Shape;

pub(crate) use availability::availability;
pub use problem::{ImportError, PROBLEMS_MAX, Problem};
pub use vacancies::{VACANCIES_EXAMPLE, rows_of_days, vacancies};

/// Bytes of the longest file that is read: about what one request on the wire can hold.
pub const FILE_LEN_MAX: usize = 16 * 1024 * 1024;

/// Rows of the longest file: what one request may change.
pub const ROWS_MAX: usize = engine::limits::ROSTER_CHANGES_MAX;

/// A kind of CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Agencies and the agreements they hold.
    Agencies,
    /// Officers with everything known of them.
    Officers,
    /// Schools and venues.
    Sites,
    /// Who stands by whom.
    Pacts,
    /// Since when officers have been in service.
    Seniority,
}

impl Table {
    /// The word for what a row holds, in the plural.
    pub fn word(self) -> &'static str {
        match self {
            Table::Agencies => "agencies",
            Table::Officers => "officers",
            Table::Sites => "sites",
            Table::Pacts => "pacts",
            Table::Seniority => "seniority",
        }
    }

    /// The columns, in the order in which examples write them.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Table::Agencies => agencies::COLUMNS,
            Table::Officers => officers::COLUMNS,
            Table::Sites => sites::COLUMNS,
            Table::Pacts => pacts::COLUMNS,
            Table::Seniority => seniority::COLUMNS,
        }
    }

    /// A small valid file to start from.
    pub fn example(self) -> &'static str {
        match self {
            Table::Agencies => agencies::EXAMPLE,
            Table::Officers => officers::EXAMPLE,
            Table::Sites => sites::EXAMPLE,
            Table::Pacts => pacts::EXAMPLE,
            Table::Seniority => seniority::EXAMPLE,
        }
    }
}

/// Reads the bytes of a file; `file` is its name, for problems.
///
/// # Errors
/// Every problem found, or that the file is too long or not UTF-8.
pub fn read(table: Table, file: &str, bytes: &[u8]) -> Result<Vec<RosterChange>, ImportError> {
    let text = text_of(file, bytes)?;
    let read_row = match table {
        Table::Agencies => agencies::read_row,
        Table::Officers => officers::read_row,
        Table::Sites => sites::read_row,
        Table::Pacts => pacts::read_row,
        Table::Seniority => seniority::read_row,
    };
    let shape = Shape {
        word: table.word(),
        columns: table.columns(),
    };
    rows::read(shape, file, text, read_row)
}

/// The text of a file.
fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, ImportError> {
    if bytes.len() > FILE_LEN_MAX {
        return Err(ImportError::TooLong {
            file: file.to_owned(),
            len: bytes.len(),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let row = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        ImportError::NotUtf8 {
            file: file.to_owned(),
            row,
        }
    })?;
    // Spreadsheets mark UTF-8 files so; left in place it would become part of the first column.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_accepted() {
        use Table::{Agencies, Officers, Pacts, Seniority, Sites};
        for table in [Agencies, Officers, Sites, Pacts, Seniority] {
            let changes = read(table, "example.csv", table.example().as_bytes());
            assert!(
                changes.as_ref().is_ok_and(|changes| changes.len() >= 2),
                "{changes:?}"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_fine() {
        let text = "\u{feff}code,name,agreement\r\ntucson,Tucson PD,tucson-msa\r\n";
        assert_eq!(
            read(Table::Agencies, "a.csv", text.as_bytes())
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn bytes_that_are_not_text_name_their_row() {
        let error = read(Table::Agencies, "a.csv", b"code,name,agreement\nx,\xff,\n").unwrap_err();
        assert_eq!(
            error,
            ImportError::NotUtf8 {
                file: "a.csv".to_owned(),
                row: 2
            }
        );
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_unread() {
        let error = read(Table::Sites, "s.csv", &vec![b'#'; FILE_LEN_MAX + 1]).unwrap_err();
        assert!(matches!(error, ImportError::TooLong { .. }), "{error:?}");
    }
}
