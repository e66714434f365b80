//! The bench of sessions and pushes, as a program: a server in a process of its own and everybody
//! connected to it. How fast it is, no test asks.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster::embedded::DataFolder;

/// How long a process may take to end after its standard input.
const END: Duration = Duration::from_secs(20);
/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

#[test]
fn every_row_of_the_push_is_measured_and_means_what_it_says() {
    let scratch = DataFolder::open(None).unwrap();
    let json = scratch.path().join("push.json");
    let output = muster(scratch.path())
        .args(["bench", "push", "--quick", "--sessions", "40", "--dir"])
        .arg(scratch.path())
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["bench"], "push");
    let rows = report["beside"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["row"].as_str().unwrap())
        .collect();
    let expected = [
        "handshake",
        "token",
        "push",
        "push-driver",
        "broadcast",
        "broadcast-driver",
        "memory",
        "memory-pushed",
        "accept",
        "accept-p99",
        "herd",
        "slow-memory",
        "slow-others",
    ];
    assert_eq!(names, expected);
    for row in rows {
        // Of memory so few sessions may weigh nothing: it is taken from the system by the page.
        let unit = row["unit"].as_str().unwrap();
        assert!(unit == "KiB" || row["ours"].as_f64() > Some(0.0), "{row}");
        assert!(unit == "KiB" || row["floor"].as_f64() > Some(0.0), "{row}");
    }
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("one won each time"), "{table}");
    assert!(table.contains("20 who read none of them"), "{table}");
    assert!(!table.contains("sessions ended in the course"), "{table}");
    let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "the file alone is left: {left:?}");
}

#[test]
fn a_measured_server_ends_with_whoever_started_it() {
    for kind in [&[][..], &["--driver"]] {
        let scratch = DataFolder::open(None).unwrap();
        let mut child = muster(scratch.path())
            .args(["bench", "push-server"])
            .args(kind)
            .arg(scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut announced = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut announced).unwrap();
        assert!(
            announced.contains("\"address\":\"127.0.0.1:"),
            "{announced}"
        );
        assert!(child.try_wait().unwrap().is_none(), "{kind:?} ended early");
        drop(child.stdin.take());
        assert!(ends(&mut child), "{kind:?} outlived its parent");
    }
}

/// The program, with a folder of its own for what servers announce.
fn muster(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.env("XDG_RUNTIME_DIR", folder).current_dir(folder);
    command
}

fn ends(child: &mut Child) -> bool {
    let until = Instant::now() + END;
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(LOOK);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}
