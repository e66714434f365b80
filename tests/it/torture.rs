//! `loadgen torture` on the real binaries: what it finds, what it must find, what it skips, and
//! what it leaves behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loadgen::cli::SKIPPED;
use loadgen::torture::Report;
use loadgen::torture::power::may_unshare;

#[test]
fn a_server_that_is_killed_keeps_its_promises() {
    let run = Run::of(&["--kills", "3"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let report = run.report();
    assert_eq!((report.kills, report.cuts, report.breaches), (3, 0, 0));
    assert_eq!(report.recover.count, 3);
    for (what, count) in [
        ("acknowledgements", report.acks_checked),
        ("wins", report.wins_checked),
        ("refusals", report.refusals_checked),
        ("pushes", report.pushes_checked),
        ("whole states", report.syncs_checked),
        ("boards", report.boards_checked),
        ("records", report.records_checked),
        ("retries", report.retries_resolved),
        ("repeats", report.repeats_checked),
    ] {
        assert!(count > 0, "no {what} were checked: {report:?}");
    }
}

#[test]
fn a_log_that_goes_back_in_time_is_found() {
    let run = Run::of(&["--kills", "2", "--plant", "older-log"]);
    assert_eq!(run.code, 1, "{}", run.said);
    let report = run.report();
    // The second crash may come before anybody has won anything, but never before an answer.
    assert!(lost_an_answer(&report), "{}", run.said);
    let is_exact = |history: &String| {
        ["heard", "req_", "vac_", "the log ends with record"]
            .iter()
            .all(|words| history.contains(words))
    };
    assert!(report.histories.iter().any(is_exact), "{}", run.said);
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let run = Run::of(&["--kills", "1", "--cuts", "2"]);
    let report = run.report();
    assert_eq!(report.breaches, 0, "{}", run.said);
    if report.cuts_skipped > 0 {
        assert_eq!(
            (run.code, report.cuts),
            (i32::from(SKIPPED), 0),
            "{}",
            run.said
        );
        assert!(run.said.contains("SKIPPED: 2 power cuts: "), "{}", run.said);
        return skipped(&run.said);
    }
    assert_eq!(
        (run.code, report.kills, report.cuts),
        (0, 1, 2),
        "{}",
        run.said
    );
    assert!(report.wins_checked > 0, "{report:?}");
}

/// The control: without it a cut that never loses anything would pass for a proof.
#[test]
fn a_power_cut_finds_a_server_that_does_not_sync() {
    if !has_strace() {
        return skipped("there is no strace, or it may not trace");
    }
    let run = Run::of(&["--kills", "0", "--cuts", "2", "--plant", "no-sync"]);
    let report = run.report();
    if report.cuts_skipped > 0 {
        return skipped(&run.said);
    }
    assert_eq!(run.code, 1, "{}", run.said);
    assert!(lost_an_answer(&report), "{}", run.said);
}

#[test]
fn a_torture_that_is_interrupted_leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        interrupted_by(signal);
    }
}

fn interrupted_by(signal: &str) {
    let folder = scratch();
    let mut words = vec!["--kills", "100000"];
    if may_unshare().is_ok() {
        words.extend(["--cuts", "100000"]);
    }
    let mut child = start(&folder, &words);
    let within = Instant::now() + Duration::from_secs(60);
    let progress = || fs::read_to_string(folder.join("said")).unwrap_or_default();
    while !progress().contains("breaches 0") && Instant::now() < within {
        std::thread::sleep(Duration::from_millis(20));
    }
    let work = folder.join(format!("muster-torture-{}", child.id()));
    assert!(work.exists(), "it works there: {}", progress());
    // What Ctrl-C says, and what `timeout` says.
    let interrupt = format!("kill -s {signal} {}", child.id());
    let status = Command::new("sh").args(["-c", &interrupt]).status();
    assert!(status.expect("a shell").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "{}", progress());
    assert!(progress().contains("interrupted"), "{}", progress());
    assert!(!work.exists(), "{} is left behind", work.display());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    assert!(!mounts.contains("muster-torture-"), "{mounts}");
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is_done() {
    let run = Run::of(&["--kills", "1", "--muster", "/nonexistent/muster"]);
    assert_eq!(run.code, 1);
    assert!(run.said.contains("/nonexistent/muster"), "{}", run.said);
    assert!(run.said.contains("--muster"), "{}", run.said);
}

/// A torture that has ended.
struct Run {
    code: i32,
    said: String,
    json: Option<String>,
}

impl Run {
    fn of(words: &[&str]) -> Run {
        let folder = scratch();
        let status = start(&folder, words).wait().expect("it ends");
        let read = |name: &str| fs::read_to_string(folder.join(name));
        let run = Run {
            code: status.code().unwrap_or(-1),
            said: read("said").expect("what it said"),
            json: read("report.json").ok(),
        };
        fs::remove_dir_all(&folder).expect("the folder is ours, and nothing is mounted in it");
        run
    }

    fn report(&self) -> Report {
        let json = self.json.as_ref();
        let json = json.unwrap_or_else(|| panic!("no report was written: {}", self.said));
        serde_json::from_str(json).expect("the report is JSON of the documented form")
    }
}

/// Whether something that was acknowledged is found to be lost.
fn lost_an_answer(report: &Report) -> bool {
    let kinds = ["lost win", "lost acknowledgement"];
    kinds
        .iter()
        .any(|kind| report.breaches_by_kind.contains_key(*kind))
}

/// Files, not pipes: a server left behind by a failed run would hold a pipe open for ever.
fn start(folder: &Path, words: &[&str]) -> Child {
    let said = fs::File::create(folder.join("said")).expect("a new file");
    let too = said.try_clone().expect("the same file");
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(["torture", "--officers", "30"])
        .arg("--folder")
        .arg(folder)
        .arg("--json")
        .arg(folder.join("report.json"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(said)
        .stderr(too)
        .spawn()
        .expect("the binary starts")
}

fn has_strace() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o", "/dev/null", "true"]);
    let quiet = strace.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn skipped(because: &str) {
    let last = because.lines().last().unwrap_or_default();
    eprintln!("SKIPPED: {last}");
}

fn scratch() -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("muster-tortured-{}", uuid::Uuid::now_v7().simple());
    let folder = std::env::temp_dir().join(name);
    let made = fs::DirBuilder::new().mode(0o700).create(&folder);
    made.expect("a new folder");
    folder
}
