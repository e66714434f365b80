//! The demo on a terminal: the live view runs, ends, and leaves the closing table behind.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_demo_ends_with_its_table_on_a_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        println!("SKIPPED: there is no `script` here to make a terminal with");
        return;
    }
    let folder = std::env::temp_dir().join(format!("muster-tty-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a new folder");
    let typescript: PathBuf = folder.join("typescript");
    let demo = format!(
        "stty rows 40 cols 110; {} demo --once --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_muster")
    );
    let status = Command::new("timeout")
        .args(["--kill-after=5", "120", "script", "-qec", &demo])
        .arg(&typescript)
        .env("TERM", "xterm-256color")
        .env("XDG_RUNTIME_DIR", &folder)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .status()
        .expect("timeout runs");
    let seen = std::fs::read(&typescript).expect("a typescript");
    let seen = String::from_utf8_lossy(&seen);
    let (live, after) = seen
        .split_once("\u{1b}[?1049l")
        .expect("the screen was left again");
    assert!(live.contains("\u{1b}[?1049h"), "the live view was shown");
    assert!(status.success(), "{after}");
    for line in [
        "double fills: 0",
        "overlapping assignments: 0",
        "lost answers: 0",
    ] {
        assert!(after.contains(line), "`{line}` is missing in:\n{after}");
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
