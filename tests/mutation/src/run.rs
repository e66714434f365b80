//! The tests, on one mutant after the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::tree::{Built, Tree};

/// Added to the time limit of every run, for a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many times longer than without a mutant a run may take.
const PATIENCE_TIMES: u32 = 10;
/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes of address space a run may have, in units of 1,024: a mutant may collect without end.
const SPACE_KIB: &str = "6291456";

/// Tests that are run together, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Scenarios,
    Unit,
    Bounds,
    Later,
    IndexTwin,
    Model,
    Rest,
}

pub(crate) const STAGES: [Stage; 7] = [
    Stage::Scenarios,
    Stage::Unit,
    Stage::Bounds,
    Stage::Later,
    Stage::IndexTwin,
    Stage::Model,
    Stage::Rest,
];

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Scenarios => "scenarios",
            Stage::Unit => "unit tests",
            Stage::Bounds => "bounds",
            Stage::Later => "later offers",
            Stage::IndexTwin => "index twin",
            Stage::Model => "model",
            Stage::Rest => "rest",
        }
    }

    /// What libtest is told to run.
    fn filters(self) -> &'static [&'static str] {
        match self {
            Stage::Scenarios => &["every_scenario_happens_as_written"],
            Stage::Unit => &["model::", "rules::", "index::", "core::"],
            Stage::Bounds | Stage::Later => &[],
            Stage::IndexTwin => &["index_twin::"],
            Stage::Model => &["the_engine_does_what_the_flat_model_does"],
            Stage::Rest => &["afterwards::", "amend::", "replay::", "walk::"],
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// With the scenario or test that failed.
    Failed(String),
    /// It took longer than it may.
    Endless,
}

/// Runs stages on a woven tree.
pub(crate) struct Runner<'a> {
    tree: &'a Tree,
    built: &'a Built,
    /// How long each stage may take.
    limits: Vec<Duration>,
    /// The functions that each scenario enters, by the number of their first mutant.
    entered: Vec<(String, Vec<usize>)>,
    /// How many of the stages are run.
    stages: usize,
}

impl<'a> Runner<'a> {
    /// Runs so many stages without a mutant, which have to pass, and each scenario alone, to see
    /// which functions it enters.
    pub(crate) fn new(
        tree: &'a Tree,
        built: &'a Built,
        stages: usize,
    ) -> Result<Runner<'a>, String> {
        let mut runner = Runner {
            tree,
            built,
            limits: vec![PATIENCE * PATIENCE_TIMES; STAGES.len()],
            entered: Vec::new(),
            stages,
        };
        for (place, stage) in STAGES.into_iter().enumerate().take(stages) {
            let begun = Instant::now();
            let outcome = runner.run(stage, &[])?;
            if outcome != Outcome::Passed {
                let name = stage.name();
                return Err(format!("without a mutant, {name} do not pass: {outcome:?}"));
            }
            eprintln!(
                "no mutant: {} pass in {:.1?}",
                stage.name(),
                begun.elapsed()
            );
            runner.limits[place] = PATIENCE + begun.elapsed() * PATIENCE_TIMES;
        }
        let trace = tree.root.join("trace");
        for name in runner.scenarios()? {
            // The last one's is no longer of interest, and may not be there.
            let _ = fs::remove_file(&trace);
            let path = trace.to_string_lossy().into_owned();
            let set = [("MUTANT_TRACE", path), ("MUSTER_SCENARIOS", name.clone())];
            runner.run(Stage::Scenarios, &set)?;
            let text = fs::read_to_string(&trace).unwrap_or_default();
            let entered = text.lines().filter_map(|line| line.parse().ok()).collect();
            runner.entered.push((name, entered));
        }
        // Who enters little is quick, and about little else.
        runner.entered.sort_by_key(|(_, entered)| entered.len());
        Ok(runner)
    }

    /// The stage and the test that first finds the mutant, whose function's first mutant is
    /// `first`; nothing if it survives. It has passed the first stages, as many as `passed`, before.
    /// The scenarios that `found` the most of the same file are asked first.
    pub(crate) fn find(
        &self,
        (number, first): (usize, usize),
        passed: usize,
        found: &BTreeMap<String, usize>,
    ) -> Result<Option<(Stage, String)>, String> {
        let enters =
            |(name, entered): &(String, Vec<usize>)| entered.contains(&first).then(|| name.clone());
        let mut scenarios: Vec<String> = self.entered.iter().filter_map(enters).collect();
        scenarios.sort_by_key(|name| Reverse(found.get(name)));
        for stage in STAGES.into_iter().take(self.stages).skip(passed) {
            let mut set = vec![("MUTANT", number.to_string())];
            if stage == Stage::Scenarios {
                if scenarios.is_empty() {
                    continue;
                }
                set.push(("MUSTER_SCENARIOS", scenarios.join(",")));
            }
            match self.run(stage, &set)? {
                Outcome::Passed => {}
                Outcome::Failed(test) => return Ok(Some((stage, test))),
                Outcome::Endless => return Ok(Some((stage, "the time limit".into()))),
            }
        }
        Ok(None)
    }

    fn scenarios(&self) -> Result<Vec<String>, String> {
        let folder = self.tree.root.join("tests/scenarios");
        let failed = |error| format!("{} cannot be read: {error}", folder.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == "txt") {
                names.extend(
                    path.file_stem()
                        .map(|name| name.to_string_lossy().into_owned()),
                );
            }
        }
        names.sort();
        Ok(names)
    }

    fn run(&self, stage: Stage, set: &[(&str, String)]) -> Result<Outcome, String> {
        let (program, folder) = match stage {
            Stage::Unit => (&self.built.unit, self.tree.root.join("engine")),
            Stage::Bounds => (&self.built.bounds, self.tree.root.join("engine")),
            Stage::Later => (&self.built.later, self.tree.root.join("engine")),
            Stage::Scenarios | Stage::IndexTwin | Stage::Model | Stage::Rest => {
                (&self.built.it, self.tree.root.clone())
            }
        };
        let said = said_to(&self.tree.root);
        let file = |error| format!("{} cannot be written: {error}", said.display());
        let output = fs::File::create(&said).map_err(file)?;
        let errors = output.try_clone().map_err(file)?;
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v \"$0\"; exec \"$@\"", SPACE_KIB])
            .arg(program)
            .args(stage.filters())
            .arg("--nocapture")
            .env("RUST_BACKTRACE", "0")
            .envs(set.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let child = command.spawn();
        let child =
            child.map_err(|error| format!("{} does not start: {error}", program.display()))?;
        let passed = wait(child, self.limits[stage as usize])?;
        let text = fs::read(&said).map_err(file)?;
        let text = String::from_utf8_lossy(&text);
        let _ = fs::remove_file(&said);
        Ok(match passed {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed(culprit(stage, &text)),
            None => Outcome::Endless,
        })
    }
}

/// Where the run of this thread writes.
fn said_to(root: &Path) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    root.join(format!("said-{thread}"))
}

/// Whether it passed; nothing if it had to be ended.
fn wait(mut child: Child, limit: Duration) -> Result<Option<bool>, String> {
    let failed = |error| format!("a run cannot be waited for: {error}");
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Some(status.success()));
        }
        if begun.elapsed() > limit {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// The scenario or test that failed, by what was said.
fn culprit(stage: Stage, said: &str) -> String {
    if stage == Stage::Scenarios {
        let mut played = said
            .lines()
            .filter_map(|line| line.strip_prefix("scenario "));
        return played.next_back().unwrap_or("before any").to_owned();
    }
    let mut failed = said.lines().filter_map(|line| {
        let line = line.trim();
        let name = line.strip_prefix("test ")?.strip_suffix("... FAILED")?;
        Some(name.trim().to_owned())
    });
    let mut listed = said.lines().skip_while(|line| *line != "failures:").skip(1);
    let listed = listed.find(|line| line.starts_with("    "));
    let listed = listed.map(|name| name.trim().to_owned());
    failed
        .next()
        .or(listed)
        .unwrap_or_else(|| "a test that ended the run".into())
}
