//! Rows of a file, with the problems found on the way.

use std::collections::BTreeMap;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use engine::limits::{CODE_LEN_MAX, NAME_LEN_MAX};
use protocol::RosterChange;

use super::{ImportError, PROBLEMS_MAX, Problem, ROWS_MAX};
use crate::suggest;

/// What a row means: its identity within the file, and the change.
pub(super) type Read = (String, RosterChange);

/// What a file holds.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// The word for what a row holds, in the plural.
    pub(super) word: &'static str,
    /// The columns, every one of which stands in the header.
    pub(super) columns: &'static [&'static str],
}

/// Reads every row with `read_row`, which says `None` where it noted a problem.
pub(super) fn read<T>(
    shape: Shape,
    file: &str,
    text: &str,
    read_row: impl Fn(&mut Row<'_>) -> Option<(String, T)>,
) -> Result<Vec<T>, ImportError> {
    let mut problems = Problems::default();
    let mut reader = ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(Trim::All)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(Ok(header)) = records.next() else {
        return Err(ImportError::Empty {
            file: file.to_owned(),
        });
    };
    let Some(order) = columns(shape, text, &header, &mut problems) else {
        return Err(problems.into_error(file));
    };

    let mut rows = Vec::new();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let row = line(text, error.position());
                problems.note(row, None, format!("cannot be read: {error}"));
                continue;
            }
        };
        let number = line(text, record.position());
        if record.len() != order.len() {
            let said = format!("{} fields, expected {}", record.len(), order.len());
            problems.note(number, None, said);
            continue;
        }
        let mut row = Row {
            number,
            fields: &record,
            order: &order,
            problems: &mut problems,
        };
        let Some((identity, what)) = read_row(&mut row) else {
            continue;
        };
        if let Some(earlier) = seen.get(&identity) {
            let said = format!("`{identity}` stands in row {earlier} already");
            problems.note(number, None, said);
            continue;
        }
        seen.insert(identity, number);
        rows.push(what);
    }
    if problems.found > 0 {
        return Err(problems.into_error(file));
    }
    if rows.is_empty() {
        return Err(ImportError::Empty {
            file: file.to_owned(),
        });
    }
    if rows.len() > ROWS_MAX {
        return Err(ImportError::TooManyRows {
            file: file.to_owned(),
            rows: rows.len(),
        });
    }
    Ok(rows)
}

/// Where each column stands, by name.
type Order = BTreeMap<&'static str, usize>;

fn columns(
    shape: Shape,
    text: &str,
    header: &StringRecord,
    problems: &mut Problems,
) -> Option<Order> {
    let number = line(text, header.position());
    let mut order = Order::new();
    for (place, written) in header.iter().enumerate() {
        match shape.columns.iter().find(|known| **known == written) {
            Some(known) if order.contains_key(known) => {
                problems.note(number, Some(known), "stands in the header twice".to_owned());
            }
            Some(known) => {
                order.insert(known, place);
            }
            None => {
                let said = match suggest::nearest(written, shape.columns.iter().copied()) {
                    Some(near) => {
                        format!("not a column of {}; did you mean `{near}`?", shape.word)
                    }
                    None => format!("not a column of {}", shape.word),
                };
                problems.note(number, Some(written), said);
            }
        }
    }
    for missing in shape
        .columns
        .iter()
        .filter(|known| !order.contains_key(*known))
    {
        let said = format!("missing; the columns are {}", shape.columns.join(","));
        problems.note(number, Some(missing), said);
    }
    (problems.found == 0).then_some(order)
}

/// The line on which a record stands. The reader's own position is where it began to look for the
/// record: before the comments and empty lines above it.
fn line(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(start..).unwrap_or("");
    let passed_over = |line: &&str| line.is_empty() || line.starts_with('#');
    position.line() + rest.lines().take_while(passed_over).count() as u64
}

/// One row, and the place where its problems are noted.
pub(super) struct Row<'a> {
    number: u64,
    fields: &'a StringRecord,
    order: &'a Order,
    problems: &'a mut Problems,
}

impl<'a> Row<'a> {
    /// The text of a column; empty if nothing stands there.
    pub(super) fn field(&self, column: &str) -> &'a str {
        self.order
            .get(column)
            .and_then(|place| self.fields.get(*place))
            .unwrap_or("")
    }

    /// Reads a column with `parse`, which says what it expected instead.
    pub(super) fn parsed<T>(
        &mut self,
        column: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let written = self.field(column);
        match parse(written) {
            Ok(value) => Some(value),
            Err(expected) if written.is_empty() => {
                self.note(column, format!("empty, expected {expected}"));
                None
            }
            Err(expected) => {
                self.note(column, format!("`{written}`, expected {expected}"));
                None
            }
        }
    }

    /// A code: lower-case letters, digits and `-`.
    pub(super) fn code(&mut self, column: &str) -> Option<String> {
        self.parsed(column, code)
    }

    /// A code, or nothing.
    pub(super) fn optional_code(&mut self, column: &str) -> Option<Option<String>> {
        if self.field(column).is_empty() {
            return Some(None);
        }
        self.code(column).map(Some)
    }

    /// A name that people read.
    pub(super) fn name(&mut self, column: &str) -> Option<String> {
        self.parsed(column, |written| {
            let fits = !written.is_empty() && written.len() <= NAME_LEN_MAX;
            let printable = !written.chars().any(char::is_control);
            if fits && printable {
                return Ok(written.to_owned());
            }
            Err(format!("a name of 1 to {NAME_LEN_MAX} bytes on one line"))
        })
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, column: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(column, |written| {
            words
                .iter()
                .find(|(word, _)| *word == written)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    format!("one of {}", known.join(", "))
                })
        })
    }

    /// A number within limits, both included.
    pub(super) fn count<T: FromStr + PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        column: &str,
        least: T,
        most: T,
        unit: &str,
    ) -> Option<T> {
        self.parsed(column, |written| {
            let number: Option<T> = written.parse().ok();
            number
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| format!("{unit} from {least} to {most}"))
        })
    }

    /// The line of the file on which the row stands, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Notes a problem of a column.
    pub(super) fn note(&mut self, column: &str, said: String) {
        self.problems.note(self.number, Some(column), said);
    }
}

/// Reads a code: lower-case letters, digits and `-`, beginning with a letter.
pub(super) fn code(written: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = written.len() <= CODE_LEN_MAX && written.chars().all(letters);
    if fits && written.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(written.to_owned());
    }
    Err(format!(
        "a code such as `casa-grande`: lower-case letters, digits and `-`, at most {CODE_LEN_MAX}"
    ))
}

/// Reads a badge code: capital letters, digits and `-`, such as `TUC-0412`.
pub(super) fn badge(written: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    let fits = !written.is_empty() && written.len() <= CODE_LEN_MAX;
    if fits && written.chars().all(letters) {
        return Ok(written.to_owned());
    }
    Err(format!(
        "a badge code such as `TUC-0412`: capital letters, digits and `-`, at most {CODE_LEN_MAX}"
    ))
}

#[derive(Default)]
struct Problems {
    listed: Vec<Problem>,
    found: usize,
}

impl Problems {
    fn note(&mut self, row: u64, column: Option<&str>, said: String) {
        self.found += 1;
        if self.listed.len() < PROBLEMS_MAX {
            self.listed.push(Problem {
                row,
                column: column.map(str::to_owned),
                said,
            });
        }
    }

    fn into_error(self, file: &str) -> ImportError {
        ImportError::Problems {
            file: file.to_owned(),
            problems: self.listed,
            found: self.found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, read};
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match read(Table::Agencies, "a.csv", text.as_bytes()).unwrap_err() {
            ImportError::Problems { problems, .. } => {
                problems.iter().map(Problem::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_may_stand_in_any_order_and_comments_do_not_count() {
        let text = "# a comment\nname,agreement,code\n# another\nTucson PD,,tucson\n";
        let agency = RosterChange::Agency {
            code: "tucson".to_owned(),
            name: "Tucson PD".to_owned(),
            agreement: None,
        };
        assert_eq!(
            read(Table::Agencies, "a.csv", text.as_bytes()),
            Ok(vec![agency])
        );
    }

    #[test]
    fn an_unknown_column_suggests_the_right_one() {
        let found = problems("code,nmae,agreement\nx,X,\n");
        assert_eq!(
            found[0],
            "row 1, column `nmae`: not a column of agencies; did you mean `name`?"
        );
        assert!(
            found[1].starts_with("row 1, column `name`: missing"),
            "{found:?}"
        );
    }

    #[test]
    fn every_problem_names_its_row_and_column() {
        let found = problems("code,name,agreement\nTucson,Tucson PD,\nmesa,,\nmesa\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("row 2, column `code`: `Tucson`, expected a code"));
        assert!(found[1].starts_with("row 3, column `name`: empty, expected a name"));
        assert_eq!(found[2], "row 4: 1 fields, expected 3");
    }

    #[test]
    fn comments_and_empty_lines_count_as_lines() {
        for end in ["\n", "\r\n"] {
            let lines = [
                "# one",
                "",
                "code,name,agreement",
                "mesa,,",
                "# five",
                "",
                "X,Name,",
            ];
            let found = problems(&lines.join(end));
            assert!(found[0].starts_with("row 4, column `name`"), "{found:?}");
            assert!(found[1].starts_with("row 7, column `code`"), "{found:?}");
            let found = problems(&["# one", "cod,name,agreement"].join(end));
            assert!(found[0].starts_with("row 2, column `cod`"), "{found:?}");
        }
    }

    #[test]
    fn a_repeated_row_names_the_earlier_one() {
        let found = problems("code,name,agreement\nmesa,Mesa PD,\nmesa,Mesa,\n");
        assert_eq!(found, ["row 3: `mesa` stands in row 2 already"]);
    }

    #[test]
    fn problems_beyond_the_limit_are_counted() {
        let rows = "BAD,Name,\n".repeat(25);
        let text = format!("code,name,agreement\n{rows}");
        let error = read(Table::Agencies, "a.csv", text.as_bytes()).unwrap_err();
        let ImportError::Problems {
            problems, found, ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((problems.len(), *found), (PROBLEMS_MAX, 25));
        assert!(error.to_string().ends_with("and 5 more"), "{error}");
    }

    #[test]
    fn more_rows_than_a_request_holds_are_refused() {
        let row = |number: usize| format!("agency-{number},Agency,\n");
        let rows: String = (0..=ROWS_MAX).map(row).collect();
        let text = format!("code,name,agreement\n{rows}");
        let error = read(Table::Agencies, "a.csv", text.as_bytes()).unwrap_err();
        let expected = ImportError::TooManyRows {
            file: "a.csv".to_owned(),
            rows: ROWS_MAX + 1,
        };
        assert_eq!(error, expected);
    }

    #[test]
    fn a_header_alone_is_not_a_file() {
        for text in ["", "code,name,agreement\n"] {
            let error = read(Table::Agencies, "a.csv", text.as_bytes()).unwrap_err();
            assert_eq!(
                error,
                ImportError::Empty {
                    file: "a.csv".to_owned()
                }
            );
        }
    }
}
