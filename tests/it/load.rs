//! `loadgen` on the real binary and a real server: what is written, what is expected, how it
//! ends.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use loadgen::cli::NOT_AS_EXPECTED;
use loadgen::report::Report;

use crate::house::{Server, free_port, scratch};

/// Exit code of a command line that makes no sense.
const USAGE: i32 = 2;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("muster-load-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // A server announces itself in a folder that is its user's alone.
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn loadgen(args: &[&str], folder: &Folder) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(args)
        .args(["--no-tui", "--json"])
        .arg(folder.path("report.json"))
        .env("XDG_RUNTIME_DIR", &folder.0)
        .output()
        .unwrap()
}

fn report(path: &Path) -> Report {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SMALL: [&str; 8] = [
    "storm",
    "--embedded",
    "--officers",
    "60",
    "--vacancies",
    "12",
    "--over",
    "500ms",
];

#[test]
fn what_was_expected_and_is_not_so_is_exit_code_3_and_a_line() {
    let folder = Folder::new("assert");
    let page = folder.path("report.html");
    let plots = folder.path("plots");
    let mut args = SMALL.to_vec();
    args.extend(["--assert", "double_fills==0", "--assert", "vacancies>=13"]);
    args.extend(["--report", page.to_str().unwrap()]);
    args.extend(["--hgrm", plots.to_str().unwrap()]);
    let output = loadgen(&args, &folder);
    assert_eq!(
        output.status.code(),
        Some(i32::from(NOT_AS_EXPECTED)),
        "{output:?}"
    );
    let told = said(&output);
    let lines: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("NOT AS"))
        .collect();
    assert_eq!(lines, ["NOT AS EXPECTED: vacancies>=13: it is 12"]);

    let written = report(&folder.path("report.json"));
    assert_eq!(written.counts.vacancies, 12);
    for (name, percentiles) in written.latency_us.named() {
        let all = written.distributions.iter().find(|one| one.name == name);
        assert_eq!(
            all.map(|one| one.percentiles()).unwrap_or_default(),
            percentiles
        );
    }
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains(&written.schedule));
    let plot = fs::read_to_string(plots.join("accept_to_answer.hgrm")).unwrap();
    assert!(plot.contains("1.000000000000"), "{plot}");
}

#[test]
fn a_figure_that_does_not_exist_is_refused_before_the_run() {
    let folder = Folder::new("unknown");
    let mut args = SMALL.to_vec();
    args.extend(["--assert", "double_fill==0"]);
    let output = loadgen(&args, &folder);
    assert_eq!(output.status.code(), Some(USAGE));
    assert!(said(&output).contains("double_fills"), "{output:?}");
    assert!(!folder.path("report.json").exists());
}

#[test]
fn a_baseline_of_another_workload_is_refused_and_its_own_is_compared() {
    let folder = Folder::new("baseline");
    let first = loadgen(&SMALL, &folder);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let old = folder.path("old.json");
    let mut before = report(&folder.path("report.json"));
    // A server that answered within a microsecond: no other is as fast.
    let accept = &mut before.latency_us.accept_to_answer;
    (accept.p50, accept.p90, accept.p99, accept.p999) = (1, 1, 1, 1);
    fs::write(&old, serde_json::to_string(&before).unwrap()).unwrap();

    let mut args = SMALL.to_vec();
    args.extend(["--baseline", old.to_str().unwrap()]);
    let again = loadgen(&args, &folder);
    assert_eq!(
        again.status.code(),
        Some(i32::from(NOT_AS_EXPECTED)),
        "{again:?}"
    );
    assert!(
        said(&again).contains("accept_to_answer.p99 is"),
        "{again:?}"
    );
    // One seed, one schedule, whenever it runs.
    assert_eq!(
        report(&folder.path("report.json")).schedule,
        before.schedule
    );

    args.extend(["--seed", "8"]);
    let other = loadgen(&args, &folder);
    assert_eq!(other.status.code(), Some(1));
    assert!(
        said(&other).contains("compare the same workload"),
        "{other:?}"
    );
}

#[test]
fn a_real_server_keeps_its_promises_under_every_short_workload() {
    let folder = Folder::new("workloads");
    let few = ["--embedded", "--officers", "40"];
    for (name, more) in [
        ("race", &["--rounds", "8", "--every", "60ms"][..]),
        (
            "reconnect",
            &["--rate", "10/s", "--for", "2s", "--no-jitter"],
        ),
        ("slow-readers", &["--vacancies", "10", "--over", "500ms"]),
        ("idle", &["--for", "1s"]),
        ("soak", &["--rate", "10/s", "--for", "1s"]),
        (
            "storm",
            &["--schedule", "poisson:20/s", "--vacancies", "10"],
        ),
    ] {
        let args: Vec<&str> = [name].iter().chain(&few).chain(more).copied().collect();
        let output = loadgen(&args, &folder);
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        let written = report(&folder.path("report.json"));
        assert!(written.audit.is_clean() && written.workload.starts_with(name));
        assert_eq!(written.counts.sessions, 40, "{name}");
        assert!(!written.usage.samples.is_empty(), "{name}");
    }
}

#[test]
fn two_processes_play_one_run_and_its_log_is_offered_again() {
    /// Until then forty sessions are up, on a machine with other work, too.
    const READY_S: u64 = 10;
    let folder = Folder::new("parts");
    let (data, port) = (scratch(), free_port());
    let server = Server::start(&data, port);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = (now.as_secs() + READY_S).to_string();
    let address = format!("127.0.0.1:{port}");
    let program = || Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let parts = ["1/2", "2/2"].map(|shard| {
        let file = |end: &str| folder.path(&format!("{}{end}", &shard[..1]));
        let mut part = program();
        part.args(["storm", "--officers", "40", "--vacancies", "12", "--over"])
            .args(["500ms", "--no-tui", "--target", &address])
            .args(["--shard", shard, "--at", &at, "--ledger"])
            .arg(file(".ledger"))
            .arg("--certificate")
            .arg(data.join("certificate.pem"))
            .arg("--token-key")
            .arg(data.join("token.key"))
            .arg("--json")
            .arg(file(".json"));
        (part.spawn().unwrap(), file(".ledger"), file(".json"))
    });
    let mut merge = program();
    merge
        .arg("merge")
        .arg("--json")
        .arg(folder.path("whole.json"));
    let mut of_parts = Vec::new();
    for (mut part, ledger, json) in parts {
        assert_eq!(part.wait().unwrap().code(), Some(0), "{}", json.display());
        of_parts.push(report(&json));
        merge.arg(ledger);
    }
    server.stop();
    let merged = merge.output().unwrap();
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    let whole = report(&folder.path("whole.json"));
    assert_eq!((whole.counts.officers, whole.counts.vacancies), (40, 12));
    assert!(whole.audit.is_clean());
    for part in &of_parts {
        assert_eq!((part.counts.officers, part.counts.vacancies), (20, 6));
        assert_eq!(part.schedule, whole.schedule);
    }
    let offers: u64 = of_parts.iter().map(|part| part.counts.offers_pushed).sum();
    assert_eq!(offers, whole.counts.offers_pushed);

    let log = data.join("log");
    let args = [
        "replay",
        log.to_str().unwrap(),
        "--embedded",
        "--speed",
        "2x",
    ];
    let output = loadgen(&[&args[..], &["--officers", "40"]].concat(), &folder);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let replayed = report(&folder.path("report.json"));
    assert_eq!(
        (replayed.counts.vacancies, replayed.counts.dropped),
        (12, 0)
    );
    assert!(replayed.audit.is_clean());
    fs::remove_dir_all(&data).unwrap();
}
