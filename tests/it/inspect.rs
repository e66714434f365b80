//! `muster log` beside the real server while it writes: nothing waits, nothing is changed, and
//! what the log says is what the server says.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked for what is waited for.
const LOOK: Duration = Duration::from_millis(20);
const BADGE: &str = "TUC-0412";

#[test]
fn the_log_of_a_running_server_is_read_followed_and_asked_about_its_past() {
    let house = House::open();
    let mut follower = house.follow();
    for table in ["agencies", "sites", "officers"] {
        let example = house.folder.join(format!("{table}.csv"));
        let rows = house.says(&["import", table, "--example"]);
        std::fs::write(&example, rows).expect("the folder is ours");
        house.says(&["import", table, example.to_str().expect("a path in text")]);
        house.log(&["verify"]);
    }
    let start = jiff::Zoned::now().date() + jiff::Span::new().days(3);
    let start = format!("{start}T07:00");
    let post = [
        "post",
        "--lead",
        "tucson",
        "--site",
        "tucson-001",
        "--end",
        "15:00",
        "--start",
    ];
    let key = house
        .says(&[&post[..], &[&start]].concat())
        .trim()
        .to_owned();
    let published = follower.wait_for("published");
    let before = house.board();
    house.says(&["cancel", &key, "--reason", "no school"]);
    let cancelled = follower.wait_for("cancelled");
    assert!(published < cancelled);
    house.log(&["verify"]);

    // The past is asked while the server runs, and says what the server said then and says now.
    let board = |until: &str| house.json(&["replay", "--until", until, "board"])["board"].clone();
    assert_eq!(
        board(&published.to_string()),
        before,
        "as of record {published}"
    );
    assert_eq!(before[0]["standing"], "open", "{before}");
    assert_eq!(board("end"), house.board());
    assert_eq!(board("end")[0]["standing"], "cancelled");
    let live: Value =
        serde_json::from_str(&house.says(&["why", BADGE, &key, "--json"])).expect("JSON");
    let then = house.json(&["replay", "--until", "end", "why", BADGE, &key]);
    assert_eq!(
        (&then["clauses"], &then["eligible"]),
        (&live["clauses"], &live["eligible"])
    );
    assert!(
        live["clauses"]
            .as_array()
            .is_some_and(|clauses| clauses.len() > 5)
    );

    let followed = follower.stop();
    let dumped = sequences(&house.log(&["dump", "--json"]));
    assert_eq!(dumped, (1..=cancelled).collect::<Vec<u64>>());
    assert!(followed.iter().all(|sequence| dumped.contains(sequence)));
    assert_eq!(followed.last(), dumped.last(), "{followed:?}");
    let gaps = followed.windows(2).filter(|pair| pair[1] != pair[0] + 1);
    assert_eq!(gaps.count(), 0, "{followed:?}");
    assert_eq!(house.json(&["stats"])["events"]["cancelled"], 1);
    house.close();
}

/// A server of its own in a folder of its own.
struct House {
    folder: PathBuf,
    address: String,
    server: Child,
}

impl House {
    fn open() -> House {
        let name = format!("muster-inspect-{}", uuid::Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a new folder");
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("a bound socket").to_string();
        drop(socket);
        let server = muster(&folder)
            .args(["serve", "--listen", &address, "--data-dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let house = House {
            folder,
            address,
            server,
        };
        let started = Instant::now();
        while !house
            .command(&["board"])
            .output()
            .expect("it runs")
            .status
            .success()
        {
            assert!(started.elapsed() < PATIENCE, "no server answers");
            std::thread::sleep(LOOK);
        }
        house
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = muster(&self.folder);
        command
            .args(words)
            .env("MUSTER_SERVER", &self.address)
            .env(
                "MUSTER_TLS_CERTIFICATE",
                self.folder.join("certificate.pem"),
            )
            .env("MUSTER_TOKENS_KEY", self.folder.join("token.key"));
        command
    }

    /// What a command prints; it must succeed.
    fn says(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {complaint}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn log(&self, words: &[&str]) -> String {
        let folder = self.folder.join("log");
        let (what, rest) = words.split_first().expect("a word");
        let folder = folder.to_str().expect("a path in text");
        self.says(&[&["log", what, folder], rest].concat())
    }

    fn json(&self, words: &[&str]) -> Value {
        let printed = self.log(&[words, &["--json"]].concat());
        serde_json::from_str(&printed).expect("JSON")
    }

    fn board(&self) -> Value {
        serde_json::from_str(&self.says(&["board", "--json"])).expect("JSON")
    }

    fn follow(&self) -> Follower {
        let mut child = muster(&self.folder)
            .args(["log", "tail", "--follow", "--json"])
            .arg(self.folder.join("log"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                // The test may have heard enough.
                let _ = sender.send(line);
            }
        });
        let seen = Vec::new();
        Follower { child, heard, seen }
    }

    fn close(mut self) {
        end(&mut self.server, "-TERM");
        self.log(&["verify"]);
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Already ended, unless the test failed.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `muster log tail --follow` in a process of its own.
struct Follower {
    child: Child,
    heard: std::sync::mpsc::Receiver<String>,
    seen: Vec<u64>,
}

impl Follower {
    /// Reads on until a record with this event, and says which one it is.
    fn wait_for(&mut self, event: &str) -> u64 {
        loop {
            let line = self.heard.recv_timeout(PATIENCE).expect("it goes on");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(line["durable"], true, "{line}");
            let sequence = line["sequence"].as_u64().expect("a number");
            self.seen.push(sequence);
            let events = line["events"].as_array().expect("a list");
            if events.iter().any(|one| one["event"] == event) {
                return sequence;
            }
        }
    }

    /// Ctrl-C is how it is meant to end.
    fn stop(mut self) -> Vec<u64> {
        assert!(end(&mut self.child, "-INT"), "Ctrl-C is no failure");
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Already ended, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn muster(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(folder).env("XDG_RUNTIME_DIR", folder);
    command
}

/// Sends a signal and waits; says whether it ended well.
fn end(child: &mut Child, signal: &str) -> bool {
    let process = child.id().to_string();
    let sent = Command::new("kill").args([signal, &process]).status();
    assert!(sent.expect("there is `kill`").success());
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status.success();
        }
        std::thread::sleep(LOOK);
    }
    false
}

fn sequences(printed: &str) -> Vec<u64> {
    let lines = printed.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for key in ["sequence", "at", "by", "request", "events"] {
            assert!(!line[key].is_null(), "{key} is missing in {line}");
        }
        line["sequence"].as_u64().expect("a number")
    });
    lines.collect()
}
