//! The house rules that a machine can check. Each message says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file, from which on it is a room that wants a door.
const FILE_LINES_MAX: usize = 600;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 120;

struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let crates = [
        "engine",
        "protocol",
        "client",
        "dispatcher",
        "loadgen",
        "src",
        "tests",
        "fuzz/src",
        "fuzz/targets",
        "examples",
        "benches",
    ];
    for folder in crates {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 100, "only {} sources were found", found.len());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a readable source");
            let path = path
                .strip_prefix(root)
                .expect("inside the root")
                .display()
                .to_string();
            found.push(Source { path, text });
        }
    }
}

/// The lines that are no comment, with their numbers.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let lines = source
        .text
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn report(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

/// Sharing what never changes takes no lock and leaves nothing to chance.
const SHARING: &str = "use std::sync::Arc;";

/// Words that must not stand in the code of files below `folders`.
fn ban(folders: &[&str], words: &[&str], rule: &str) {
    let mut breaches = Vec::new();
    for source in sources() {
        if !folders.iter().any(|folder| source.path.starts_with(folder)) {
            continue;
        }
        for (number, line) in code(&source).filter(|(_, line)| *line != SHARING) {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                breaches.push(format!("{}:{number}: `{word}`", source.path));
            }
        }
    }
    report(rule, &breaches);
}

const CORE: [&str; 4] = [
    "engine/src/model/",
    "engine/src/rules/",
    "engine/src/index/",
    "engine/src/core/",
];

#[test]
fn the_core_knows_no_clock_disk_thread_or_chance() {
    let words = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::time",
        "std::sync",
        "SystemTime",
        "Instant",
        "HashMap",
        "HashSet",
        "f32",
        "f64",
        "rand::",
        "println!",
        "tracing",
        "jiff::Zoned::now",
        "Timestamp::now",
    ];
    ban(
        &CORE,
        &words,
        "the core is deterministic: pass it in as an argument, or use BTreeMap",
    );
}

#[test]
fn the_engine_knows_no_network_and_no_runtime() {
    let words = [
        "tokio",
        "quinn",
        "serde_json",
        "std::net",
        "rustls",
        "HashMap",
    ];
    ban(
        &["engine/src/"],
        &words,
        "the engine is embedded without a network: move it outward",
    );
}

#[test]
fn the_protocol_knows_no_socket_and_no_clock() {
    let words = [
        "tokio",
        "quinn",
        "std::net",
        "std::time",
        "SystemTime",
        "Instant::now",
        "engine::",
    ];
    ban(
        &["protocol/src/"],
        &words,
        "the protocol is sans-IO: time and bytes are arguments",
    );
}

#[test]
fn clients_and_load_never_know_the_engine() {
    let words = ["engine::", "muster_engine", "dispatcher::"];
    let rule = "an audit that shares code with what it audits proves nothing";
    ban(&["client/src/", "loadgen/src/"], &words, rule);
}

#[test]
fn inside_the_engine_arrows_go_one_way() {
    let order = ["model", "rules", "index", "core"];
    let mut breaches = Vec::new();
    for source in sources() {
        let rank = |room: &&str| source.path.starts_with(&format!("engine/src/{room}/"));
        let Some(rank) = order.iter().position(rank) else {
            continue;
        };
        let outward = order[rank + 1..]
            .iter()
            .chain(&["log", "race", "engine", "io"]);
        for (number, line) in code(&source) {
            for room in outward.clone() {
                if line.contains(&format!("crate::{room}::")) {
                    breaches.push(format!("{}:{number}: knows `{room}`", source.path));
                }
            }
        }
    }
    report(
        "model ← rules ← index ← core ← log ← race ← engine",
        &breaches,
    );
}

#[test]
fn unsafe_code_has_one_room() {
    let mut breaches = Vec::new();
    for source in sources() {
        if source.path == "engine/src/race/inbox.rs" || source.path.ends_with("tests/it/tidy.rs") {
            continue;
        }
        for (number, line) in code(&source) {
            if line.contains("unsafe ") {
                breaches.push(format!("{}:{number}", source.path));
            }
        }
    }
    report(
        "unsafe code stands in engine/src/race/inbox.rs alone",
        &breaches,
    );
}

#[test]
fn what_is_archived_shares_nothing_and_hashes_nothing() {
    let (mut archived, mut breaches) = (0, Vec::new());
    for source in sources() {
        let is_read = ["engine/src/", "protocol/src/"]
            .iter()
            .any(|folder| source.path.starts_with(folder));
        if is_read && source.text.contains("Archive") {
            archived += 1;
            breaches.extend(shared(&source));
        }
    }
    assert!(archived > 40, "only {archived} files with archived types");
    report(
        "bytes are checked before they are read: no shared pointers or hash tables in them",
        &breaches,
    );
    let planted = Source {
        path: "protocol/src/planted.rs".to_owned(),
        text: "#[derive(Archive)]\n// Arc<Vec<u8>>\nstruct Planted(Arc<str>);".to_owned(),
    };
    assert_eq!(shared(&planted), ["protocol/src/planted.rs:3"]);
}

/// Where a file of archived types names what its bytes must not hold.
fn shared(source: &Source) -> Vec<String> {
    // A week is shared in memory, and says itself that it is an array in the log.
    if source.path == "engine/src/model/weekly.rs" {
        return Vec::new();
    }
    let words = ["Rc<", "Arc<", "HashMap", "HashSet"];
    let lines = code(source).filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    lines
        .map(|(number, _)| format!("{}:{number}", source.path))
        .collect()
}

#[test]
fn nothing_is_left_unfinished() {
    let words = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("db", "g!("),
        concat!("#[ig", "nore"),
    ];
    ban(&[""], &words, "finish it, or leave it out");
    let mut breaches = Vec::new();
    for source in sources() {
        for (line, number) in source.text.lines().zip(1..) {
            if [
                concat!("FIX", "ME"),
                concat!("XX", "X"),
                concat!("HA", "CK"),
            ]
            .iter()
            .any(|word| line.contains(word))
            {
                breaches.push(format!("{}:{number}", source.path));
            }
        }
    }
    report("say what is so, not what should be done", &breaches);
}

#[test]
fn names_say_what_a_thing_is() {
    let words = ["Manager", "Handler", "Service", "Helper", "Util"];
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in code(&source) {
            let line = line
                .trim_start()
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ");
            let Some(rest) = ["struct ", "enum ", "trait "]
                .iter()
                .find_map(|k| line.strip_prefix(k))
            else {
                continue;
            };
            let name = rest
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default();
            if words.iter().any(|word| name.ends_with(word)) {
                breaches.push(format!("{}:{number}: `{name}`", source.path));
            }
        }
    }
    report("a name from the trade says more", &breaches);
}

#[test]
fn rooms_have_doors() {
    let mut breaches = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX && !source.path.contains("tests/") {
            breaches.push(format!("{}: {lines} lines", source.path));
        }
        for (line, number) in source.text.lines().zip(1..) {
            let chars = line.chars().count();
            // Tables and texts cannot be broken.
            let is_text = line.contains('"') || line.trim_start().starts_with("//! |");
            if chars > LINE_CHARS_MAX && !is_text {
                breaches.push(format!("{}:{number}: {chars} characters", source.path));
            }
        }
    }
    report(
        "a file past 600 lines wants a door, a line past the edge a break",
        &breaches,
    );
}

#[test]
fn documents_keep_their_size_and_the_front_page_its_commands() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| {
        fs::read_to_string(root.join(name)).unwrap_or_else(|_| panic!("{name} is there"))
    };
    assert!(
        read("ARCHITECTURE.md").lines().count() <= 300,
        "a map of one page and a bit"
    );
    assert!(
        read("STYLE.md").lines().count() <= 200,
        "rules that are read"
    );
    let front = read("README.md");
    let demo = front
        .find("cargo run --release -- demo")
        .expect("the front page shows the demo");
    let test = front
        .find("cargo test --workspace")
        .expect("the front page shows the tests");
    assert!(demo < 2_000 && test < 2_000, "both stand at the top");
}
