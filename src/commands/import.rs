//! `muster import`: a CSV file as one request.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use protocol::{Ask, Outcome, RefusalCode};
use serde::Serialize;

use super::print_json;
use crate::cli::{ImportArgs, ImportTable};
use crate::import::{FILE_LEN_MAX, Table, read};
use crate::programmes;
use crate::reach::Reach;
use crate::session::{SessionError, ask};
use crate::stop::Stop;

/// What came of it.
#[derive(Debug, Serialize)]
struct Imported {
    table: &'static str,
    rows: usize,
    imported: bool,
    /// The log record that holds it.
    sequence: Option<u64>,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cannot read {}: {cause}", path.display())]
#[diagnostic(help("give the path of a CSV file, or - for standard input"))]
struct Unreadable {
    path: PathBuf,
    cause: io::Error,
}

/// Reads a file and, unless it is a dry run, sends it.
pub(super) fn run(table: &ImportTable, out: &mut dyn Write) -> Result<(), Stop> {
    let (table, args) = match table {
        ImportTable::Agencies(args) => (Table::Agencies, args),
        ImportTable::Officers(args) => (Table::Officers, args),
        ImportTable::Sites(args) => (Table::Sites, args),
        ImportTable::Pacts(args) => (Table::Pacts, args),
        ImportTable::Seniority(args) => (Table::Seniority, args),
    };
    let Some(path) = args.file.as_deref().filter(|_| !args.example) else {
        return Ok(write!(out, "{}", table.example())?);
    };
    let bytes = bytes(path).map_err(|cause| {
        Stop::failed(Unreadable {
            path: path.to_owned(),
            cause,
        })
    })?;
    let changes = read(table, &path.display().to_string(), &bytes)?;
    let rows = changes.len();
    let sequence = if args.dry_run {
        None
    } else {
        Some(send(args, table, &Ask::Roster { changes })?)
    };
    let imported = Imported {
        table: table.word(),
        rows,
        imported: !args.dry_run,
        sequence,
    };
    if args.json {
        return print_json(out, &imported);
    }
    match sequence {
        Some(sequence) => writeln!(out, "imported {rows} {} (record {sequence})", table.word())?,
        None => writeln!(
            out,
            "{rows} {} in {}: the file is valid; nothing was sent, so whether what it names is \
             known was not checked",
            table.word(),
            path.display()
        )?,
    }
    Ok(())
}

fn send(args: &ImportArgs, table: Table, roster: &Ask) -> Result<u64, Stop> {
    let reach = Reach::find(&args.reach)?;
    // Every roster begins with its agencies, so that is when a new installation learns the
    // programmes that officers and vacancies are going to name.
    if table == Table::Agencies {
        make_programmes_known(&reach)?;
    }
    match ask(&reach, roster)? {
        Outcome::Done { sequence } => Ok(sequence),
        _ => Err(SessionError::Unexpected.into()),
    }
}

fn make_programmes_known(reach: &Reach) -> Result<(), Stop> {
    let changes = programmes::standard();
    match ask(reach, &Ask::Roster { changes }) {
        Ok(Outcome::Done { .. }) => Ok(()),
        Ok(_) => Err(SessionError::Unexpected.into()),
        Err(SessionError::Refused(refused)) if refused.code == RefusalCode::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads one byte more than is allowed at most, so that a file that is too long is noticed.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let most = FILE_LEN_MAX as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?
            .take(most)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;
    use crate::scratch::Scratch;

    fn import(words: &[&str]) -> Result<String, Stop> {
        let words = ["muster", "import"].iter().chain(words);
        let mut out = Vec::new();
        super::super::run(Cli::try_parse_from(words).unwrap(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_example_passes_a_dry_run() {
        let scratch = Scratch::new();
        let tables = [("agencies", 5), ("officers", 2), ("sites", 2), ("pacts", 2)];
        for (table, rows) in tables {
            let file = scratch.path().join(table);
            std::fs::write(&file, import(&[table, "--example"]).unwrap()).unwrap();
            let file = file.to_str().unwrap();
            let printed = import(&[table, file, "--dry-run", "--json"]).unwrap();
            let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(json["table"], table);
            assert_eq!(
                (&json["rows"], &json["imported"]),
                (&rows.into(), &false.into())
            );
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_not_sent() {
        let scratch = Scratch::new();
        let file = scratch.path().join("a.csv");
        std::fs::write(&file, "code,name,agreement\nX,,\n").unwrap();
        let stop = import(&["agencies", file.to_str().unwrap()]).unwrap_err();
        let said = stop.report().unwrap().to_string();
        assert_eq!(stop.code(), 1);
        assert!(said.contains("row 2, column `code`"), "{said}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let stop = import(&["agencies", "no-such.csv", "--dry-run"]).unwrap_err();
        assert!(
            stop.report()
                .unwrap()
                .to_string()
                .starts_with("cannot read no-such.csv")
        );
    }
}
