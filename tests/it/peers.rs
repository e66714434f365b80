//! The scripts that measure PostgreSQL, Redis, NATS and mosquitto: their tables, and what they say
//! of what is missing. What they and we measure, no test asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SKIPPED: i32 = 4;

/// What a bench of ours writes, as short as the table needs it.
const OURS: &str = r#"{
  "commit": "abc", "cores": 2, "floor": {"t_sync": {"p50_us": 100.0}},
  "timed": [
    {"row": "in-flight", "in_flight": 1024, "per_s": 2000000.0},
    {"row": "in-flight", "in_flight": 4096, "per_s": 3000000.0},
    {"row": "callers", "in_flight": 64, "per_s": 100000.0}
  ],
  "beside": [{"row": "gate", "ours": 10.0}]
}"#;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(name)
}

fn scratch() -> PathBuf {
    let name = format!("muster-peers-test-{}", uuid::Uuid::now_v7().simple());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).expect("a new folder");
    folder
}

/// Runs `command`, or says loudly that there is no `program` for it.
fn run(program: &str, command: &mut Command) -> Option<Output> {
    let there = Command::new(program).arg("--version").output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(command.output().expect("it starts"));
    }
    eprintln!("SKIPPED: there is no {program} on this machine");
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_table_divides_medians_and_shows_what_was_skipped() {
    let folder = scratch();
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).expect("a new file");
    };
    let figures = "postgres-calendar\t10000\npostgres-calendar\t30000\npostgres-calendar\t20000\n\
                   postgres-update\t50000\n";
    write("figures.tsv", figures);
    write("ours-1.json", OURS);
    write(
        "versions.tsv",
        "version\tpostgres\tpostgres 15\nversion\tredis\t\n",
    );
    write("skipped.txt", "Redis: it is not here\n");
    let mut table = Command::new("python3");
    table.arg(script("table.py")).arg(&folder).arg("0");
    if let Some(output) = run("python3", &mut table) {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        for expected in ["150.0", "≥ 150", "20,000 (10,000–30,000)", "SKIPPED: Redis"] {
            assert!(
                said.contains(expected),
                "`{expected}` is missing in:\n{said}"
            );
        }
        let json = fs::read(folder.join("table.json")).expect("the figures");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let ratios: Vec<f64> = json["table"]
            .as_array()
            .expect("rows")
            .iter()
            .filter_map(|row| row["ratio"].as_f64())
            .collect();
        assert_eq!(
            ratios,
            [150.0, 2.0, 5.0],
            "of the rows that have both sides"
        );
    }
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn who_is_left_out_is_called_skipped_and_the_exit_code_says_so() {
    let folder = scratch();
    let stand_in = folder.join("muster");
    let program = format!(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --json ] && out=$2; shift; done\n\
         cat >\"$out\" <<'END'\n{OURS}\nEND\n"
    );
    fs::write(&stand_in, program).expect("a new file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&stand_in, executable).expect("the file is ours");
    let mut command = Command::new("bash");
    command
        .arg(script("run"))
        .args([
            "--without",
            "postgres",
            "--without",
            "redis",
            "--rounds",
            "1",
            "--dir",
        ])
        .arg(&folder)
        .arg("--muster")
        .arg(&stand_in);
    if let Some(output) = run("bash", &mut command) {
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(SKIPPED), "{said}\n{complained}");
        assert!(complained.contains("SKIPPED: "), "{complained}");
        let left = fs::read_dir(&folder).expect("the folder is ours").count();
        assert_eq!(left, 1, "only the stand-in is left");
    }
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// What a match of ours writes, as short as the table needs it.
const OURS_OF_A_MATCH: &str = r#"{
  "commit": "abc", "cores": 2, "priority": "normal", "notes": ["1,000 officers"],
  "beside": [
    {"row": "plane", "ours": 500.0}, {"row": "plane-ids", "ours": 1000.0},
    {"row": "plane-offer", "ours": 4000.0}
  ]
}"#;

#[test]
fn the_table_of_a_match_divides_what_they_take_by_what_we_take() {
    let folder = scratch();
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).expect("a new file");
    };
    fs::create_dir(folder.join("ours")).expect("a new folder");
    write("ours/match.json", OURS_OF_A_MATCH);
    write(
        "figures.tsv",
        "postgres\t900000\npostgres\t2000000\npostgres\t1500000\n",
    );
    write(
        "versions.tsv",
        "version\tpostgres\tpostgres 15\nversion\tredis\t\n",
    );
    write("skipped.txt", "Redis: it is not here\n");
    let mut table = Command::new("python3");
    table.arg(script("match.py")).arg("table").arg(&folder);
    if let Some(output) = run("python3", &mut table) {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        for expected in [
            "1,500",
            "≥ 1,000",
            "1,500,000 (900,000–2,000,000)",
            "SKIPPED: Redis",
        ] {
            assert!(
                said.contains(expected),
                "`{expected}` is missing in:\n{said}"
            );
        }
        assert!(
            !said.contains("≥ 200"),
            "what was not measured has no row:\n{said}"
        );
    }
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn officers_and_vacancies_become_commands() {
    let folder = scratch();
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).expect("a new file");
    };
    // The second officer has work on the third day; the third is of another agency.
    write(
        "officers.csv",
        "id,agency,kinds,approved,busy,ready\n8,0,3,1,0,1\n9,0,2,1,4,1\n1024,1,1,2,0,0\n",
    );
    write(
        "vacancies.csv",
        "id,agencies,kinds,programme,day,eligible\n0,0 1,3,0,2,1\n",
    );
    let mut bitmaps = Command::new("python3");
    bitmaps.arg(script("match.py")).arg("bitmaps").arg(&folder);
    if let Some(output) = run("python3", &mut bitmaps) {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let says = |what: &[u8]| output.stdout.windows(what.len()).any(|part| part == what);
        assert!(says(b"agency:0:kind:1\r\n$1\r\n\xc0\r\n"), "both hold it");
        assert!(says(b"agency:0:free:2\r\n$1\r\n\x80\r\n"), "one is free");
        assert!(says(b"vacancy:0\r\n$8\r\nagencies\r\n$3\r\n0 1\r\n"));
        assert!(!says(b"agency:1:free"), "who is not ready is never free");
    }
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// A report of broadcasts to 100 officers, as short as the table needs it.
const OURS_OF_A_BROADCAST: &str = r#"{
  "commit": "abc", "machine": {"processors": 2}, "counts": {"officers": 100},
  "broadcasts": [
    {"last_us": 2000, "recipients": 100}, {"last_us": 9000, "recipients": 100},
    {"last_us": 4000, "recipients": 100}
  ],
  "usage": {"memory_per_session_bytes": 20480, "samples": [
    {"at_us": 0, "cpu_us": 1000, "sessions": 0}, {"at_us": 1, "cpu_us": 5000, "sessions": 0},
    {"at_us": 2, "cpu_us": 35000, "sessions": 100}, {"at_us": 3, "cpu_us": 38000, "sessions": 100},
    {"at_us": 4, "cpu_us": 90000, "sessions": 0}
  ]}
}"#;

#[test]
fn the_table_of_the_wire_holds_theirs_against_ours() {
    let folder = scratch();
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).expect("a new file");
    };
    let fan_out = |peer: &str, connections: u64| {
        format!(
            "fan-out\t{peer}\t{{\"connections\":{connections},\"last_us\":{{\"p50\":8000,\
             \"least\":7000,\"most\":9000}},\"cpu_us\":25.0,\"kib\":10.0,\
             \"connect_cpu_us\":300}}\n"
        )
    };
    write(
        "figures.tsv",
        &[fan_out("nats", 100), fan_out("postgres", 10)].concat(),
    );
    write("ours-fan-out.json", OURS_OF_A_BROADCAST);
    write("versions.tsv", "nats\tv2\n");
    write("skipped.txt", "Redis: it is not here\n");
    let mut table = Command::new("python3");
    table.arg(script("wire.py")).arg(&folder).arg("0");
    if let Some(output) = run("python3", &mut table) {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let row = |of: &str| {
            let found = said.lines().find(|line| line.starts_with(of));
            let words = found.expect("a row").split_whitespace();
            words.collect::<Vec<_>>().join(" ")
        };
        let ours = "muster 100 4.0 (2.0–9.0) ×1.00 10.0 ×1.00 20.0 ×1.00 300 receipt (QUIC)";
        assert_eq!(row("muster"), ours);
        let theirs = "nats 100 8.0 (7.0–9.0) ×2.00 25.0 ×2.50 10.0 ×0.50 300 none";
        assert_eq!(row("nats"), theirs);
        let few = "postgres 10 8.0 (7.0–9.0) 25.0 ×2.50 10.0 ×0.50 300 none";
        assert_eq!(
            row("postgres"),
            few,
            "so few are told sooner for that alone"
        );
        assert!(said.contains("SKIPPED: Redis"), "{said}");
    }
    fs::remove_dir_all(&folder).expect("the folder is ours");
}
