//! What is linked, held against `deny.toml` without the network: nothing that is banned, nothing
//! below a version with a known advisory, nothing from elsewhere, permissive licences only. `cargo
//! deny` knows more, above all the advisories of today.

use std::collections::BTreeSet;
use std::process::Command;

const DENY: &str = include_str!("../../deny.toml");
const LOCK: &str = include_str!("../../Cargo.lock");

/// The targets of `deny.toml`; what is needed elsewhere only is not linked.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What `deny.toml` says of a crate.
#[derive(Debug)]
struct Ban {
    name: String,
    /// The first version that may be used; none if none may.
    floor: Option<String>,
}

#[test]
fn nothing_is_locked_that_is_denied() {
    let lock: toml::Table = LOCK.parse().expect("cargo writes it");
    assert_eq!(breaches(&bans(), &lock), Vec::<String>::new());
    let planted = r#"
        [[package]]
        name = "openssl"
        version = "0.10.1"
        source = "registry+https://github.com/rust-lang/crates.io-index"
        [[package]]
        name = "tokio"
        version = "1.5.99"
        source = "registry+https://github.com/rust-lang/crates.io-index"
        [[package]]
        name = "bytes"
        version = "1.11.1"
        source = "git+https://example.invalid/bytes"
    "#;
    let planted = breaches(&bans(), &planted.parse().expect("a table"));
    assert_eq!(
        planted.len(),
        3,
        "each planted breach is found: {planted:?}"
    );
}

#[test]
fn every_licence_is_permissive() {
    let deny: toml::Table = DENY.parse().expect("a table");
    let allowed = deny["licenses"]["allow"].as_array().expect("a list");
    let allowed: BTreeSet<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--offline"])
        .args([
            "--target",
            TARGET,
            "--prefix",
            "none",
            "--format",
            "\t{l}\t{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, for it runs this");
    assert!(tree.status.success(), "{tree:?}");
    let tree = String::from_utf8(tree.stdout).expect("it is text");
    let lines = tree
        .lines()
        .filter_map(|line| line.split_once('\t')?.1.split_once('\t'));
    let packages: BTreeSet<(&str, &str)> = lines.collect();
    assert!(packages.len() > 100, "only {packages:?}");
    for (licence, package) in packages {
        assert!(permits(licence, &allowed), "{package} is under {licence:?}");
    }
    for (licence, is_fine) in [
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only OR MIT", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("GPL-3.0-only", false),
        ("MIT AND GPL-3.0-only", false),
        ("Apache-2.0 AND (GPL-3.0-only OR MPL-2.0)", false),
        ("", false),
    ] {
        assert_eq!(permits(licence, &allowed), is_fine, "{licence}");
    }
}

/// The crates of `[bans]`.
fn bans() -> Vec<Ban> {
    let deny: toml::Table = DENY.parse().expect("a table");
    let rows = deny["bans"]["deny"].as_array().expect("a list");
    let bans = rows.iter().map(|row| {
        let said = row["crate"].as_str().expect("a name");
        match said.split_once(":<") {
            Some((name, floor)) => Ban {
                name: name.to_owned(),
                floor: Some(floor.to_owned()),
            },
            None => Ban {
                name: said.to_owned(),
                floor: None,
            },
        }
    });
    let bans: Vec<Ban> = bans.collect();
    assert!(bans.len() > 10, "only {bans:?}");
    bans
}

fn breaches(bans: &[Ban], lock: &toml::Table) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in lock["package"].as_array().expect("packages") {
        let of = |key: &str| package.get(key).and_then(toml::Value::as_str);
        let (name, version) = (of("name").expect("a name"), of("version").expect("one"));
        if of("source").is_some_and(|source| !source.starts_with("registry+")) {
            breaches.push(format!("{name} {version} is not of a registry"));
        }
        for ban in bans.iter().filter(|ban| ban.name == name) {
            match &ban.floor {
                None => breaches.push(format!("{name} is denied")),
                Some(floor) if parts(version) < parts(floor) => {
                    breaches.push(format!("{name} {version} is older than {floor}"));
                }
                Some(_) => {}
            }
        }
    }
    breaches
}

/// The numbers of a version, without what is said of its build.
fn parts(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| part.parse().expect("versions are numbers");
    release.split('.').map(number).collect()
}

/// Whether an SPDX expression can be kept with these licences alone: of alternatives one is enough,
/// and of what is joined each is needed. What stands in parentheses is joined with the rest.
fn permits(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ");
    if let Some((before, rest)) = expression.split_once('(') {
        let (inside, after) = rest.split_once(')').expect("it is closed");
        let outside = format!("{before}{after}");
        let outside = outside
            .trim()
            .trim_start_matches("AND")
            .trim_end_matches("AND");
        assert!(!outside.contains(" OR "), "not understood: {expression}");
        return permits(inside, allowed) && (outside.is_empty() || permits(outside, allowed));
    }
    let mut alternatives = expression.split(" OR ");
    alternatives.any(|one| {
        one.split(" AND ")
            .all(|licence| allowed.contains(licence.trim()))
    })
}
