//! A copy of the tree with the mutants woven into it, and what cargo makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::list::Mutant;
use crate::report::NOT_WOVEN;
use crate::weave::{self, Arm, Numbered};

/// How often what does not compile is taken out: syntax, names, types and borrows are found one
/// after the other, and each hides what comes later.
const ROUNDS_MAX: usize = 24;
/// The crate whose root chooses.
const ROOT: &str = "engine/src/lib.rs";

/// The tests that are run on each mutant.
pub(crate) struct Built {
    /// The integration tests: scenarios, index twin, model and the rest.
    pub(crate) it: PathBuf,
    /// The engine's unit tests.
    pub(crate) unit: PathBuf,
    /// What lies on a bound of the engine, and beyond it.
    pub(crate) bounds: PathBuf,
    /// Whole imports and publications of the engine, with more officers than a scenario names.
    pub(crate) later: PathBuf,
}

/// The copy.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// The texts of the files that are woven, as they were.
    pub(crate) sources: BTreeMap<String, String>,
}

impl Tree {
    /// Copies every file that git knows or would add, but for those that `mutants` change, and
    /// removes what is no longer there. What is the same is left alone, so that cargo need not
    /// build it anew.
    pub(crate) fn copy(from: &Path, root: PathBuf, mutants: &[Mutant]) -> Result<Tree, String> {
        let changed = mutants.iter().map(|mutant| &*mutant.file);
        let mut sources = BTreeMap::new();
        for file in changed.chain([ROOT]) {
            if !sources.contains_key(file) {
                let text = fs::read_to_string(from.join(file));
                let text = text.map_err(|error| format!("{file} cannot be read: {error}"))?;
                sources.insert(file.to_owned(), text);
            }
        }
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(from)
            .output();
        let listed = listed.map_err(|error| format!("git cannot be started: {error}"))?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let paths: BTreeSet<&str> = listed.split_terminator('\0').collect();
        for path in paths.iter().filter(|path| !sources.contains_key(**path)) {
            // What was deleted and not yet committed is still listed.
            if let Ok(bytes) = fs::read(from.join(path)) {
                write(&root.join(path), &bytes)?;
            }
        }
        prune(&root, &root, &paths, from)?;
        Ok(Tree { root, sources })
    }

    /// Weaves all of `mutants` that can be woven and compile. Adds to `left_out` who cannot or does
    /// not, and why; who is there already is not tried.
    pub(crate) fn weave(
        &self,
        mutants: &[Mutant],
        left_out: &mut BTreeMap<usize, String>,
    ) -> Result<(), String> {
        // A mutant may be nonsense that is plain to see; it still has to run.
        let choice = format!(
            "#![allow(warnings, arithmetic_overflow, unconditional_panic)]\n{}{}",
            self.sources[ROOT],
            weave::CHOICE
        );
        write(&self.root.join(ROOT), choice.as_bytes())?;
        for round in 1..=ROUNDS_MAX {
            let mut arms: BTreeMap<String, Vec<Arm>> = BTreeMap::new();
            let mut by_file: BTreeMap<&str, Vec<Numbered<'_>>> = BTreeMap::new();
            for (number, mutant) in mutants.iter().enumerate() {
                let of_file = by_file.entry(&mutant.file).or_default();
                if !left_out.contains_key(&number) {
                    of_file.push((number, mutant));
                }
            }
            for (file, of_file) in by_file {
                let woven = weave::weave(&self.sources[file], &of_file);
                write(&self.root.join(file), woven.text.as_bytes())?;
                let why = woven.left_out.into_iter();
                left_out.extend(why.map(|(number, why)| (number, format!("{NOT_WOVEN}: {why}"))));
                arms.insert(file.to_owned(), woven.arms);
            }
            let errors = self.errors()?;
            eprintln!("round {round}: {} errors", errors.len());
            if errors.is_empty() {
                return Ok(());
            }
            let before = left_out.len();
            for Error { places, rendered } in &errors {
                let blamed = places.iter().find_map(|place| blame(&arms, place));
                let (numbers, why) = blamed.ok_or_else(|| format!("no mutant did:\n{rendered}"))?;
                left_out.extend(numbers.into_iter().map(|number| (number, why.clone())));
            }
            if left_out.len() == before {
                return Err(format!("no mutant can be blamed:\n{}", errors[0].rendered));
            }
        }
        Err(format!("it does not compile after {ROUNDS_MAX} rounds"))
    }

    /// Builds the tests. What both packages test with is built once, so they are named together.
    pub(crate) fn build(&self) -> Result<Built, String> {
        let both = ["-p", "muster", "-p", "muster-engine"];
        let tests = ["--test", "it", "--test", "bounds", "--test", "later"];
        let made = self.executables(&[&both[..], &tests].concat())?;
        let unit = self.executables(&["-p", "muster-engine", "--lib"])?;
        let find = |made: &BTreeMap<String, PathBuf>, name: &str| {
            let found = made.get(name).cloned();
            found.ok_or_else(|| format!("cargo has built no test `{name}`"))
        };
        Ok(Built {
            it: find(&made, "it")?,
            unit: find(&unit, "engine")?,
            bounds: find(&made, "bounds")?,
            later: find(&made, "later")?,
        })
    }

    fn errors(&self) -> Result<Vec<Error>, String> {
        let messages = self.cargo(&["check", "-p", "muster-engine", "--lib"])?;
        let messages = messages.iter().filter(|message| {
            message["reason"] == "compiler-message" && message["message"]["level"] == "error"
        });
        let error = |message: &Value| {
            let message = &message["message"];
            Error {
                places: places(&message["spans"]),
                rendered: message["rendered"].as_str().unwrap_or_default().to_owned(),
            }
        };
        // `aborting due to 3 previous errors` is of no place.
        let all = messages.map(error);
        let errors: Vec<Error> = all.filter(|error| !error.places.is_empty()).collect();
        Ok(errors)
    }

    fn executables(&self, of: &[&str]) -> Result<BTreeMap<String, PathBuf>, String> {
        let messages = self.cargo(&[&["test", "--no-run"], of].concat())?;
        let failed = messages
            .iter()
            .any(|message| message["reason"] == "build-finished" && message["success"] != true);
        if failed {
            let rendered = messages
                .iter()
                .filter_map(|m| m["message"]["rendered"].as_str());
            return Err(format!(
                "the tests do not build:\n{}",
                rendered.collect::<String>()
            ));
        }
        let made = messages.iter().filter_map(|message| {
            let path = message["executable"].as_str()?;
            Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
        });
        Ok(made.collect())
    }

    fn cargo(&self, arguments: &[&str]) -> Result<Vec<Value>, String> {
        let made = Command::new("cargo")
            .args(arguments)
            .args(["--locked", "--message-format=json"])
            .current_dir(&self.root)
            // Cargo takes two trees of the same names for one, and would mix up what it made.
            .env("CARGO_TARGET_DIR", self.root.with_file_name("target"))
            .stderr(Stdio::inherit())
            .output();
        let made = made.map_err(|error| format!("cargo cannot be started: {error}"))?;
        let lines = String::from_utf8_lossy(&made.stdout).into_owned();
        let messages: Result<Vec<Value>, _> = lines.lines().map(serde_json::from_str).collect();
        let messages = messages.map_err(|error| format!("cargo says no JSON: {error}"))?;
        let finished = messages
            .iter()
            .any(|message| message["reason"] == "build-finished");
        match finished {
            true => Ok(messages),
            false => Err(format!("`cargo {}` gives up", arguments.join(" "))),
        }
    }
}

struct Error {
    /// Where it points to first, then where that was expanded.
    places: Vec<(String, usize)>,
    rendered: String,
}

/// The files and lines of an error's main spans, and of the macros they stand in.
fn places(spans: &Value) -> Vec<(String, usize)> {
    let mut places = Vec::new();
    let spans = spans.as_array().into_iter().flatten();
    for mut span in spans.filter(|span| span["is_primary"] == true) {
        while let (Some(file), Some(line)) =
            (span["file_name"].as_str(), span["line_start"].as_u64())
        {
            places.push((file.to_owned(), line as usize));
            span = &span["expansion"]["span"];
        }
    }
    places
}

/// The mutant whose body has the line, or all those of the function that has it.
fn blame(
    arms: &BTreeMap<String, Vec<Arm>>,
    (file, line): &(String, usize),
) -> Option<(Vec<usize>, String)> {
    let arm = arms
        .get(file)?
        .iter()
        .find(|arm| arm.lines.contains(line))?;
    let one = arm.each.iter().find(|(_, lines)| lines.contains(line));
    Some(match one {
        Some((number, _)) => (vec![*number], "does not compile".into()),
        None => {
            let all = arm.each.iter().map(|(number, _)| *number);
            let why = "the function's bodies have different types";
            (all.collect(), format!("{NOT_WOVEN}: {why}"))
        }
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Removes the files below `folder` that are not among `paths` or not in `from`.
fn prune(root: &Path, folder: &Path, paths: &BTreeSet<&str>, from: &Path) -> Result<(), String> {
    let failed = |error| format!("{} cannot be cleared: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.strip_prefix(root).unwrap_or(&path);
        if path.is_dir() {
            if name != Path::new("target") {
                prune(root, &path, paths, from)?;
            }
        } else if !paths.contains(&*name.to_string_lossy()) || !from.join(name).exists() {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}
