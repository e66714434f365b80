//! Reads `muster.toml`.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::suggestion;
use super::keys::find;
use super::{Config, ConfigError, FileProblems, KEYS, Key, Located};

/// Puts the values of a file into `config`; says which key stands on which line.
///
/// The tables are walked by hand so that all problems of a file are reported together, each with
/// its place; serde would stop at the first.
pub(super) fn read(
    file: &str,
    text: &str,
    folder: &Path,
    config: &mut Config,
) -> Result<Vec<(&'static Key, usize)>, ConfigError> {
    let mut reading = Reading {
        text,
        folder,
        config,
        lines: Vec::new(),
        problems: Vec::new(),
    };
    match DeTable::parse(text) {
        Ok(root) => reading.table(None, root.get_ref()),
        Err(error) => {
            let span = error.span().unwrap_or(0..text.len());
            reading.problem(span, error.message().to_owned(), None);
        }
    }
    let Reading {
        lines,
        mut problems,
        ..
    } = reading;
    if problems.is_empty() {
        return Ok(lines);
    }
    problems.sort_by_key(|problem| problem.span.start);
    Err(ConfigError::File(Box::new(FileProblems::new(
        file, text, problems,
    ))))
}

struct Reading<'a> {
    text: &'a str,
    folder: &'a Path,
    config: &'a mut Config,
    lines: Vec<(&'static Key, usize)>,
    problems: Vec<Located>,
}

impl Reading<'_> {
    fn table(&mut self, within: Option<&str>, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = match within {
                Some(within) => format!("{within}.{}", name.get_ref()),
                None => name.get_ref().to_string(),
            };
            if let Some(key) = find(&path) {
                self.value(key, name.span(), value);
                continue;
            }
            let is_table = KEYS
                .iter()
                .any(|key| key.table_and_name().0 == Some(path.as_str()));
            match value.get_ref() {
                DeValue::Table(inner) if is_table => self.table(Some(&path), inner),
                _ if is_table => {
                    let said = format!("`{path}` is a table, expected `[{path}]`");
                    self.problem(name.span(), said, None);
                }
                // The keys of a table that does not exist are not worth a line each.
                DeValue::Table(_) => {
                    let said = format!("unknown table `[{path}]`");
                    self.problem(name.span(), said, Some(table_suggestion(&path)));
                }
                _ => {
                    let said = format!("unknown key `{path}`");
                    self.problem(name.span(), said, Some(suggestion(&path)));
                }
            }
        }
    }

    fn value(&mut self, key: &'static Key, name: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let written = match (key.number, value.get_ref()) {
            (false, DeValue::String(text)) => Ok(text.to_string()),
            (true, DeValue::Integer(integer)) => {
                // A number that is too long for 128 bits is outside of every range as well.
                let number = i128::from_str_radix(integer.as_str(), integer.radix());
                Ok(number.unwrap_or(i128::MAX).to_string())
            }
            (false, other) => Err(format!("{} where text in quotes belongs", other.type_str())),
            (true, other) => Err(format!("{} where a whole number belongs", other.type_str())),
        };
        let set = written.and_then(|written| {
            let expected = (key.set)(self.config, &written, self.folder);
            expected.map_err(|expected| format!("expected {expected}"))
        });
        match set {
            Ok(()) => self.lines.push((key, self.line(&name))),
            Err(said) => self.problem(value.span(), said, None),
        }
    }

    fn problem(&mut self, span: Range<usize>, said: String, help: Option<String>) {
        let line = self.line(&span);
        self.problems.push(Located {
            span,
            line,
            said,
            help,
        });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

fn table_suggestion(path: &str) -> String {
    let mut tables: Vec<&str> = KEYS
        .iter()
        .filter_map(|key| key.table_and_name().0)
        .collect();
    tables.dedup();
    match crate::suggest::nearest(path, tables.iter().copied()) {
        Some(near) => format!("did you mean `[{near}]`?"),
        None => format!("the tables are [{}]", tables.join("], [")),
    }
}
