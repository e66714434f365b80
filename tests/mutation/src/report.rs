//! What is known of each mutant, kept in a file of one line each, and the table of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::list::Mutant;
use crate::run::STAGES;

/// How the reason begins if another way of weaving might take a mutant in.
pub(crate) const NOT_WOVEN: &str = "not woven";

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// A test failed, or did not end.
    Found {
        stage: String,
        test: String,
        commit: String,
    },
    /// It has passed so many of the stages, all that were run.
    Survived { stages: usize, commit: String },
    /// It was not run, and why.
    LeftOut(String),
}

/// The last verdict on each mutant.
pub(crate) struct Results {
    path: PathBuf,
    known: BTreeMap<String, Verdict>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    /// Where it was when it was run.
    name: String,
    verdict: Verdict,
}

impl Results {
    pub(crate) fn read(path: &Path) -> Result<Results, String> {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut known = BTreeMap::new();
        for (line, number) in text.lines().zip(1..) {
            let parsed = serde_json::from_str(line);
            let Line { key, verdict, .. } =
                parsed.map_err(|error| format!("{} line {number}: {error}", path.display()))?;
            known.insert(key, verdict);
        }
        let path = path.to_owned();
        Ok(Results { path, known })
    }

    pub(crate) fn verdict(&self, key: &str) -> Option<&Verdict> {
        self.known.get(key)
    }

    /// Who is known not to compile, by number.
    pub(crate) fn do_not_compile(&self, keys: &[String]) -> BTreeMap<usize, String> {
        let known = keys.iter().map(|key| self.verdict(key)).enumerate();
        let left_out = known.filter_map(|(number, verdict)| match verdict {
            Some(Verdict::LeftOut(why)) if !why.starts_with(NOT_WOVEN) => {
                Some((number, why.clone()))
            }
            _ => None,
        });
        left_out.collect()
    }

    /// How many mutants of the file each scenario has found.
    pub(crate) fn found_in(&self, file: &str) -> BTreeMap<String, usize> {
        let of_file = self.known.iter().filter(|(key, _)| key.starts_with(file));
        let mut found = BTreeMap::new();
        for (_, verdict) in of_file {
            if let Verdict::Found { test, .. } = verdict {
                *found.entry(test.clone()).or_default() += 1;
            }
        }
        found
    }

    pub(crate) fn add(&mut self, key: &str, name: &str, verdict: Verdict) -> Result<(), String> {
        if self.verdict(key) == Some(&verdict) {
            return Ok(());
        }
        let (key, name) = (key.to_owned(), name.to_owned());
        let line = Line { key, name, verdict };
        let failed = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let mut file = fs::OpenOptions::new();
        let mut file = file
            .append(true)
            .create(true)
            .open(&self.path)
            .map_err(failed)?;
        let text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        writeln!(file, "{text}").map_err(failed)?;
        self.known.insert(line.key, line.verdict);
        Ok(())
    }
}

/// A row for each file, then who survived, who was not run, and who was found by time alone.
pub(crate) fn table(mutants: &[Mutant], keys: &[String], results: &Results) -> String {
    let mut columns: Vec<&str> = vec!["mutants"];
    columns.extend(STAGES.map(|stage| stage.name()));
    columns.extend(["survived", "does not compile", "not woven", "open"]);
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (mutant, key) in mutants.iter().zip(keys) {
        let (column, why) = match results.verdict(key) {
            Some(Verdict::Found { stage, test, .. }) => (&**stage, test.clone()),
            Some(Verdict::Survived { stages, .. }) if *stages == STAGES.len() => {
                ("survived", String::new())
            }
            Some(Verdict::Survived { stages, .. }) => ("open", format!("passes {stages} stages")),
            Some(Verdict::LeftOut(why)) if why.starts_with(NOT_WOVEN) => ("not woven", why.clone()),
            Some(Verdict::LeftOut(_)) => ("does not compile", String::new()),
            None => ("open", String::new()),
        };
        if matches!(column, "survived" | "not woven") || !why.is_empty() && column == "open" {
            let line = format!("{} {why}", mutant.name);
            lists
                .entry(column)
                .or_default()
                .push(line.trim_end().to_owned());
        }
        for row in [&*mutant.file, "all"] {
            let row = rows.entry(row).or_insert_with(|| vec![0; columns.len()]);
            row[0] += 1;
            let place = columns.iter().position(|name| *name == column);
            row[place.unwrap_or(columns.len() - 1)] += 1;
        }
    }
    let mut text = format!("| file | {} |\n|---|", columns.join(" | "));
    text.push_str(&"---|".repeat(columns.len()));
    text.push('\n');
    for (file, counts) in rows {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        writeln!(text, "| {file} | {} |", counts.join(" | ")).expect("a string grows");
    }
    for (what, list) in lists {
        writeln!(text, "\n{what}:\n  {}", list.join("\n  ")).expect("a string grows");
    }
    text
}
