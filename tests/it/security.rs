//! What the documents about security say, held against the tree: what they name is there, and the
//! numbers are those of the code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use engine::io::Disk;

use crate::house::scratch;

const SECURITY: &str = "docs/SECURITY.md";
const TRANSPORT: &str = "docs/transport.md";

/// Where the table stands whose every line has a test or a reason.
const LIST: &str = "## The list, line by line";

/// How a line of that table says that nothing shows it, or that nothing can.
const REASONS: [&str; 2] = ["no test", "does not apply"];

/// Constants that convert units and bound nothing.
const CONVERSION: &str = "MICROS_PER_";

fn read(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).ok()
}

fn document(path: &str) -> String {
    read(path).unwrap_or_else(|| panic!("{path} is there"))
}

#[test]
fn what_the_security_document_names_is_there() {
    let text = document(SECURITY);
    assert_eq!(absent(&text), Vec::<String>::new());
    let tests = quoted(&text).filter(|word| word.contains("::")).count();
    assert!(tests > 50, "only {tests} tests were found in it");
    let planted = "`src/nowhere.rs` `tests/it/security.rs::nobody_wrote_this` \
                   `tests/it/security.rs::absent` `tests/it/nowhere.rs::at_all` `dispatcher/src/`";
    let expected = [
        "src/nowhere.rs",
        "tests/it/security.rs::nobody_wrote_this",
        "tests/it/security.rs::absent",
        "tests/it/nowhere.rs::at_all",
    ];
    assert_eq!(absent(planted), expected, "a wrong name is found");
}

#[test]
fn every_line_of_the_security_list_has_a_test_or_a_reason() {
    let text = document(SECURITY);
    let (rows, bare) = bare_rows(&text);
    assert!(rows > 20, "only {rows} lines were found");
    assert_eq!(bare, Vec::<&str>::new());
    let planted =
        format!("{LIST}\n| must | holds | shown by |\n|---|---|---|\n| x | y | surely |\n");
    assert_eq!(bare_rows(&planted), (1, vec!["| x | y | surely |"]));
}

#[test]
fn the_transport_document_has_the_numbers_of_the_code() {
    let text = document(TRANSPORT);
    let (compared, wrong) = differences(&text);
    assert_eq!(wrong, Vec::<String>::new());
    assert!(compared > 80, "only {compared} numbers were found in it");

    // The reader of sources is held against what the compiler makes of them.
    let of = |path, name| {
        let source = document(path);
        let found = constants(&source).into_iter().find(|one| one.0 == name);
        found.unwrap_or_else(|| panic!("{name} is there")).1
    };
    let limits = "dispatcher/src/limits.rs";
    let rest = dispatcher::limits::REST_BYTES_MAX as u64;
    assert_eq!(of(limits, "REST_BYTES_MAX"), [rest]);
    let refused = dispatcher::limits::REFUSED_DEADLINE.as_micros() as u64;
    assert_eq!(of(limits, "REFUSED_DEADLINE"), [refused]);
    let rate = protocol::session::OFFICER_REQUESTS;
    let expected = [u64::from(rate.burst), u64::from(rate.per_minute)];
    let session = "protocol/src/session/mod.rs";
    assert_eq!(of(session, "OFFICER_REQUESTS"), expected);
    let hello = u64::from(protocol::session::HELLO_DEADLINE_MS) * 1_000;
    assert_eq!(of(session, "HELLO_DEADLINE_MS"), [hello]);

    let one_wrong = text.replace(
        "| `HANDSHAKE_DEADLINE` | 10 s",
        "| `HANDSHAKE_DEADLINE` | 10 ms",
    );
    let one_less = text.replace("| `DEVICES_MAX` ", "| devices ");
    let one_else = text.replace("`.send_fairness(false)`", "`.send_fairness(true)`");
    for planted in [one_wrong, one_less, one_else] {
        assert_eq!(differences(&planted).1.len(), 1, "a wrong row is found");
    }
}

#[test]
fn the_folder_of_a_log_is_its_owners_alone() {
    let folder = scratch();
    let log = folder.join("data/log");
    Disk::open(&log).expect("it is made");
    let made = [folder.join("data"), log].map(|folder| {
        let metadata = fs::metadata(folder).expect("it is there");
        metadata.permissions().mode() & 0o777
    });
    assert_eq!(made, [0o700; 2]);
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The paths, and tests as `path::name`, that `text` names and the tree does not have.
fn absent(text: &str) -> Vec<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let is_path = |word: &&str| word.contains('/') && !word.contains([' ', ':', '\n']);
    let is_there = |word: &str| match word.split_once("::") {
        Some((path, name)) => read(path).is_some_and(|source| is_test(&source, name)),
        None => root.join(word).exists(),
    };
    let named = quoted(text).filter(|word| word.contains("::") || is_path(word));
    named
        .filter(|word| !is_there(word))
        .map(str::to_owned)
        .collect()
}

/// Whether `source` has a test of that name, not only a function.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| {
        let is_marked = pair[0] == "#[test]" || pair[0].starts_with("#[tokio::test");
        let called = pair[1].trim_start_matches("async ").strip_prefix("fn ");
        let called = called.and_then(|rest| rest.split_once('('));
        is_marked && called.is_some_and(|(called, _)| called == name)
    })
}

/// How many lines the list has, and those whose last cell neither names a test nor gives a reason.
fn bare_rows(text: &str) -> (usize, Vec<&str>) {
    let (_, list) = text.split_once(LIST).expect("the list is there");
    let list = list.split("\n## ").next().unwrap_or_default();
    let rows = list.lines().filter(|line| line.starts_with('|')).skip(2);
    let is_bare = |row: &&str| {
        let shown = cells(row).pop().unwrap_or_default();
        let is_shown = quoted(shown).any(|word| word.contains("::"));
        !is_shown && !REASONS.iter().any(|reason| shown.contains(reason))
    };
    let bare = rows.clone().filter(is_bare).collect();
    (rows.count(), bare)
}

fn cells(row: &str) -> Vec<&str> {
    let inside = row.trim_start_matches('|').trim_end().trim_end_matches('|');
    inside.split('|').map(str::trim).collect()
}

/// How many rows of the document were compared, and what is wrong with it. Each section names the
/// file whose constants it lists, all of them; a first cell that is no name is code of that file.
fn differences(text: &str) -> (usize, Vec<String>) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for section in text.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap_or_default();
        let Some(path) = quoted(heading).next() else {
            continue;
        };
        let source = read(path).unwrap_or_default();
        let mut left = constants(&source);
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells = cells(row);
            let code = cells[0].trim_matches('`');
            compared += 1;
            match left.iter().position(|(name, _)| name == code) {
                Some(at) if left[at].1 == said(cells[1]) => drop(left.remove(at)),
                Some(at) => wrong.push(format!("{code}: {:?}", left.remove(at).1)),
                None if !is_name(code) && source.contains(code) => {}
                None => wrong.push(format!("{path} has no `{code}`")),
            }
        }
        wrong.extend(left.iter().map(|(name, _)| format!("{name} is missing")));
    }
    (compared, wrong)
}

fn is_name(code: &str) -> bool {
    code.chars()
        .all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
}

/// The numbers that a file's constants are, times in microseconds.
fn constants(source: &str) -> Vec<(String, Vec<u64>)> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("const ") {
        let begins = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let is_item = matches!(
            &source[begins..at],
            "" | "pub " | "pub(crate) " | "pub(super) "
        );
        let item = source[at + "const ".len()..].split(';').next();
        let parts = item.and_then(|item| item.split_once(": "));
        let Some((name, rest)) = parts.filter(|(name, _)| is_item && is_name(name)) else {
            continue;
        };
        let Some((_, value)) = rest.split_once(" = ") else {
            continue;
        };
        let numbers = values(name, value);
        if !numbers.is_empty() && !name.starts_with(CONVERSION) {
            found.push((name.to_owned(), numbers));
        }
    }
    found
}

/// The numbers of a constant's expression; none if it is no number.
fn values(name: &str, value: &str) -> Vec<u64> {
    if value.contains(['"', '[']) {
        return Vec::new();
    }
    if let Some((_, fields)) = value.split_once('{') {
        let fields = fields.split(',').filter_map(|field| field.split_once(": "));
        return fields.map(|(_, number)| product(number)).collect();
    }
    let units = [
        ("Duration::from_secs(", 1_000_000),
        ("Duration::from_millis(", 1_000),
        ("Duration::from_micros(", 1),
    ];
    for (unit, micros) in units {
        if let Some(number) = value.strip_prefix(unit) {
            return vec![product(number.trim_end_matches(')')) * micros];
        }
    }
    let micros = match name.rsplit('_').next() {
        Some("MS") => 1_000,
        Some("S") => 1_000_000,
        _ => 1,
    };
    vec![product(value) * micros]
}

fn product(value: &str) -> u64 {
    let number = |text: &str| {
        let digits = text.trim().replace('_', "");
        digits
            .parse::<u64>()
            .unwrap_or_else(|_| panic!("`{text}` is no number"))
    };
    let factor = |text: &str| match text.split_once(" << ") {
        Some((left, right)) => number(left) << number(right),
        None => number(text),
    };
    value.split(" * ").map(factor).product()
}

/// The numbers of a cell with their units, times in microseconds.
fn said(cell: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut words = cell.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let digits: String = word.chars().filter(|one| *one != ',').collect();
        let Ok(number) = digits.parse::<u64>() else {
            continue;
        };
        let unit = match words.peek().map(|next| next.trim_end_matches(',')) {
            Some("KiB") => 1 << 10,
            Some("MiB") => 1 << 20,
            Some("ms") => 1_000,
            Some("s") => 1_000_000,
            _ => 1,
        };
        numbers.push(number * unit);
    }
    numbers
}
