//! Days on which a school is closed, as a file says.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::import::{ImportError, rows_of_days};

/// Days that are left out, each with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holidays(BTreeMap<Date, String>);

impl Holidays {
    /// Reads a file with the columns `date` and `name`; `file` is its name, for problems.
    ///
    /// # Errors
    /// Every problem found, with its row and column.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Holidays, ImportError> {
        rows_of_days(file, bytes).map(|days| Holidays(days.into_iter().collect()))
    }

    /// Why `date` is left out, if it is.
    pub fn reason(&self, date: Date) -> Option<&str> {
        self.0.get(&date).map(String::as_str)
    }
}

impl FromIterator<(Date, String)> for Holidays {
    fn from_iter<I: IntoIterator<Item = (Date, String)>>(days: I) -> Holidays {
        Holidays(days.into_iter().collect())
    }
}
