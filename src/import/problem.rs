//! What is wrong with a file, said so that it can be put right.

use std::fmt;

/// Problems reported of one file; those beyond are counted only.
pub const PROBLEMS_MAX: usize = 20;

/// Why a file was not imported. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ImportError {
    /// Rows or columns are not as expected.
    #[error("{file} was not imported: {}{}", Count(*.found), Listing(.problems, *.found))]
    #[diagnostic(help(
        "put these right and run it again: nothing was imported; `--dry-run` only checks, \
         `--example` prints a valid file"
    ))]
    Problems {
        /// The file.
        file: String,
        /// The first [`PROBLEMS_MAX`].
        problems: Vec<Problem>,
        /// How many there are in all.
        found: usize,
    },
    /// The file is larger than a request can be.
    #[error("{file} is {len} bytes long; at most {} are read", super::FILE_LEN_MAX)]
    #[diagnostic(help("split it and import the parts one after another"))]
    TooLong {
        /// The file.
        file: String,
        /// Its length in bytes.
        len: usize,
    },
    /// The file has more rows than one request may change.
    #[error(
        "{file} has {rows} rows; at most {} are imported at once",
        super::ROWS_MAX
    )]
    #[diagnostic(help("split it and import the parts one after another"))]
    TooManyRows {
        /// The file.
        file: String,
        /// How many rows it has.
        rows: usize,
    },
    /// The file is not text as expected.
    #[error("{file} is not UTF-8: row {row} holds bytes that are not text")]
    #[diagnostic(help("save it again as `CSV UTF-8`"))]
    NotUtf8 {
        /// The file.
        file: String,
        /// The line on which the first such byte stands.
        row: usize,
    },
    /// There is a header at most.
    #[error("{file} holds no rows")]
    #[diagnostic(help(
        "one line for the header, one for each row; `--example` prints a valid file"
    ))]
    Empty {
        /// The file.
        file: String,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, from 1, as an editor or spreadsheet counts.
    pub row: u64,
    /// The column by its name; none if the row as a whole is wrong.
    pub column: Option<String>,
    /// What is there, and what is expected instead.
    pub said: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.said)
    }
}

struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} problem{}",
            self.0,
            if self.0 == 1 { "" } else { "s" }
        )
    }
}

struct Listing<'a>(&'a [Problem], usize);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.0 {
            write!(f, "\n{problem}")?;
        }
        match self.1 - self.0.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}
