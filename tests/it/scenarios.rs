//! Runs every file in `tests/scenarios` and compares it with itself: a scenario is its own
//! expectation. `UPDATE_SCENARIOS=1` rewrites the files; commit only what you understand.

use std::path::PathBuf;

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
    let update = std::env::var_os("UPDATE_SCENARIOS").is_some();
    let mut wrong = Vec::new();
    for file in files {
        let written = std::fs::read_to_string(&file).expect("a readable scenario");
        let happened = scenario::run(&written);
        if update {
            std::fs::write(&file, &happened).expect("a writable scenario");
        } else if written != happened {
            let name = file
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            wrong.push(format!("{name}: it happened otherwise:\n{happened}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
