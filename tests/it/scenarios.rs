//! Runs every file in `tests/scenarios` and compares it with itself: a scenario is its own
//! expectation. `UPDATE_SCENARIOS=1` rewrites the files; commit only what you understand.
//! `MUSTER_SCENARIOS=race,punch` plays these alone, in this order, and says which it has begun.

use std::path::{Path, PathBuf};

use crate::scenario;

#[test]
fn every_scenario_happens_as_written() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the scenarios are there")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    assert!(
        files.len() >= 20,
        "only {} scenarios were found",
        files.len()
    );
    if let Ok(names) = std::env::var("MUSTER_SCENARIOS") {
        for name in names.split(',') {
            println!("scenario {name}");
            assert_eq!(wrong(&folder.join(name).with_extension("txt")), None);
        }
        return;
    }
    let wrong: Vec<String> = files.iter().filter_map(|file| wrong(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What happened, if it is not what the file says; under `UPDATE_SCENARIOS` the file says it then.
fn wrong(file: &Path) -> Option<String> {
    let written = std::fs::read_to_string(file).expect("a readable scenario");
    let happened = scenario::run(&written);
    if std::env::var_os("UPDATE_SCENARIOS").is_some() {
        std::fs::write(file, &happened).expect("a writable scenario");
        return None;
    }
    let name = file.file_name().expect("a file has a name");
    let name = name.to_string_lossy();
    (written != happened).then(|| format!("{name}: it happened otherwise:\n{happened}"))
}
