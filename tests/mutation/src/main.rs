//! Which mutants of the engine do the tests find? All of them are woven into one program, each
//! chosen by an environment variable, so that a mutant costs a run of the tests and no build.
//! `docs/mutation.md` says how it is used and what it found.

mod list;
mod report;
mod run;
mod tree;
mod weave;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use list::Mutant;
use report::{Results, Verdict};
use run::{Runner, STAGES};
use tree::Tree;

const USAGE: &str = "\
Finds out which mutants of the engine the tests find.

    cargo run --manifest-path tests/mutation/Cargo.toml -- [OPTIONS] GLOB...

GLOB names files as cargo-mutants' `--file` does: 'engine/src/rules/**'.

    --only TEXT      only mutants whose name has TEXT, of those that are woven; may be repeated
    --shard I/N      only every Nth mutant, from the Ith on; I counts from 0
    --jobs N         so many at a time; 1 if it is not said
    --stages N       only the first N of scenarios, unit tests, bounds, later offers, index twin,
                     model, rest
    --again          also those that survived the last time, because there are new tests
    --report         runs nothing, and prints what is known
    --work FOLDER    where the woven tree and the results are; target/mutation if it is not said

What was found is kept in results.jsonl and not asked again while the function is the same.
";

/// The function in which the tool proves itself, and the text there that is changed.
const PROOF_FILE: &str = "engine/src/rules/tier.rs";
const PROOF_FUNCTION: &str = "Edges<'a>::tier_of";
const PROOF_TEXT: &str = "home == self.lead";
const PROOF_PLANTED: &str = "home != self.lead";

/// What is asked of the tool.
struct Asked {
    globs: Vec<String>,
    only: Vec<String>,
    shard: (usize, usize),
    jobs: usize,
    stages: usize,
    again: bool,
    report: bool,
    work: PathBuf,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let asked = match asked(&root) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match mutation(&root, &asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mutation: {why}");
            ExitCode::FAILURE
        }
    }
}

fn asked(root: &Path) -> Result<Asked, String> {
    let mut asked = Asked {
        globs: Vec::new(),
        only: Vec::new(),
        shard: (0, 1),
        jobs: 1,
        stages: STAGES.len(),
        again: false,
        report: false,
        work: root.join("target/mutation"),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match &*argument {
            "--only" => asked.only.push(value()?),
            "--shard" => asked.shard = shard(&value()?)?,
            "--jobs" => asked.jobs = number(&value()?)?,
            "--stages" => asked.stages = number(&value()?)?.min(STAGES.len()),
            "--again" => asked.again = true,
            "--report" => asked.report = true,
            "--work" => asked.work = value()?.into(),
            option if option.starts_with('-') => return Err(format!("{option} is not known")),
            _ => asked.globs.push(argument),
        }
    }
    match asked.globs.is_empty() {
        true => Err("name the files whose mutants are wanted".into()),
        false => Ok(asked),
    }
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse();
    number.map_err(|_| format!("`{text}` is not a number"))
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let is_one = |(i, n): &(usize, usize)| i < n;
    parts
        .filter(is_one)
        .ok_or_else(|| "--shard needs I/N with I less than N".into())
}

fn mutation(root: &Path, asked: &Asked) -> Result<(), String> {
    let globs = [&asked.globs[..], &[PROOF_FILE.to_owned()]].concat();
    let mut mutants = list::mutants(root, &globs)?;
    let listed = mutants.len();
    let (null, planted) = plant(root, &mut mutants)?;
    let tree = Tree::copy(root, asked.work.join("tree"), &mutants)?;
    let keys: Vec<String> = mutants
        .iter()
        .map(|of| of.key(&tree.sources[&of.file]))
        .collect();
    let mut results = Results::read(&asked.work.join("results.jsonl"))?;
    if asked.report {
        print!("{}", report::table(&mutants[..listed], &keys, &results));
        return Ok(());
    }

    let mut left_out = results.do_not_compile(&keys);
    tree.weave(&mutants, &mut left_out)?;
    for (number, why) in &left_out {
        let verdict = Verdict::LeftOut(why.clone());
        results.add(&keys[*number], &mutants[*number].name, verdict)?;
    }
    let built = tree.build()?;
    let runner = Runner::new(&tree, &built, asked.stages)?;
    let firsts = firsts(&mutants, &left_out);
    prove(&runner, &firsts, null, planted)?;

    let (index, of) = asked.shard;
    let is_asked = |number: &usize| {
        let name = &mutants[*number].name;
        let is_wanted = asked.only.is_empty() || asked.only.iter().any(|text| name.contains(text));
        let is_open = match results.verdict(&keys[*number]) {
            None => true,
            Some(Verdict::Survived { stages, .. }) => asked.again || *stages < asked.stages,
            Some(Verdict::Found { .. } | Verdict::LeftOut(_)) => false,
        };
        number % of == index && is_wanted && is_open
    };
    let todo: Vec<usize> = (0..listed).filter(is_asked).collect();
    eprintln!("{listed} mutants listed, {} to be run", todo.len());
    let commit = commit(root);
    let results = std::sync::Mutex::new(results);
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), String> {
        while let Some(&number) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (passed, found) = {
                let results = results.lock().map_err(|_| "another thread has failed")?;
                let passed = match results.verdict(&keys[number]) {
                    Some(Verdict::Survived { stages, .. }) if !asked.again => *stages,
                    _ => 0,
                };
                (passed, results.found_in(&mutants[number].file))
            };
            let which = (number, firsts[&number]);
            let verdict = match runner.find(which, passed, &found)? {
                Some((stage, test)) => {
                    let stage = stage.name().to_owned();
                    Verdict::Found {
                        stage,
                        test,
                        commit: commit.clone(),
                    }
                }
                None => Verdict::Survived {
                    stages: asked.stages,
                    commit: commit.clone(),
                },
            };
            eprintln!("{} {verdict:?}", mutants[number].name);
            let mut results = results.lock().map_err(|_| "another thread has failed")?;
            results.add(&keys[number], &mutants[number].name, verdict)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..asked.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        let ends = ends.map(|end| end.unwrap_or_else(|_| Err("a thread has failed".into())));
        ends.collect::<Result<(), String>>()
    })?;
    let results = results.into_inner().map_err(|_| "a thread has failed")?;
    print!("{}", report::table(&mutants[..listed], &keys, &results));
    Ok(())
}

/// Adds a mutant that changes nothing, and one that makes every officer one of the lead agency's.
fn plant(root: &Path, mutants: &mut Vec<Mutant>) -> Result<(usize, usize), String> {
    let text = std::fs::read_to_string(root.join(PROOF_FILE)).unwrap_or_default();
    let place = text.lines().zip(1..).find_map(|(line, number)| {
        let column = line.find(PROOF_TEXT)? + 1;
        Some((number, column))
    });
    let is_there = |of: &&Mutant| {
        let function = of.function.as_ref();
        of.file == PROOF_FILE && function.is_some_and(|of| of.name == PROOF_FUNCTION)
    };
    let (Some((line, column)), Some(there)) = (place, mutants.iter().find(is_there)) else {
        return Err(format!(
            "{PROOF_FUNCTION} of {PROOF_FILE} no longer has `{PROOF_TEXT}`: choose another proof"
        ));
    };
    let end = column + PROOF_TEXT.len();
    let mut null = there.clone();
    null.span.start = list::Place { line, column };
    null.span.end = list::Place { line, column: end };
    null.replacement = PROOF_TEXT.into();
    null.name = format!("{PROOF_FILE}:{line}:{column}: no change");
    let mut planted = null.clone();
    planted.replacement = PROOF_PLANTED.into();
    planted.name = format!("{PROOF_FILE}:{line}:{column}: planted");
    mutants.extend([null, planted]);
    Ok((mutants.len() - 2, mutants.len() - 1))
}

/// The mutant that changes nothing survives all stages, and the planted one is found.
fn prove(
    runner: &Runner<'_>,
    firsts: &BTreeMap<usize, usize>,
    null: usize,
    planted: usize,
) -> Result<(), String> {
    if let Some((stage, test)) = runner.find((null, firsts[&null]), 0, &BTreeMap::new())? {
        let stage = stage.name();
        return Err(format!(
            "a mutant that changes nothing is found by {stage}: {test}"
        ));
    }
    let Some((stage, test)) = runner.find((planted, firsts[&planted]), 0, &BTreeMap::new())? else {
        return Err("the planted mutant is not found".into());
    };
    eprintln!(
        "no change survives, the planted mutant is found by {}: {test}",
        stage.name()
    );
    Ok(())
}

/// By the number of each mutant that is woven, that of the first of its function.
fn firsts(mutants: &[Mutant], left_out: &BTreeMap<usize, String>) -> BTreeMap<usize, usize> {
    let (mut firsts, mut seen) = (BTreeMap::new(), BTreeMap::new());
    for (number, mutant) in mutants.iter().enumerate() {
        if let Some(function) = &mutant.function
            && !left_out.contains_key(&number)
        {
            let place = (&mutant.file, function.span.start);
            firsts.insert(number, *seen.entry(place).or_insert(number));
        }
    }
    firsts
}

fn commit(root: &Path) -> String {
    let mut said = Command::new("git");
    let said = said
        .args(["describe", "--always", "--dirty"])
        .current_dir(root)
        .output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    said.unwrap_or_default()
}
