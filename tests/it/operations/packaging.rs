//! What is in `packaging/` names binaries, flags and settings that exist.
//!
//! The image is not built here: that takes a container engine and a registry.

use std::collections::BTreeMap;
use std::process::Command;

use clap::Parser;
use muster::cli::Cli;
use muster::config::KEYS;

const UNIT: &str = include_str!("../../../packaging/muster.service");
const DOCKERFILE: &str = include_str!("../../../packaging/Dockerfile");

#[test]
fn the_unit_starts_what_there_is_with_settings_there_are() {
    let unit = keys(UNIT);
    let one = |key: &str| match unit[key].as_slice() {
        [value] => *value,
        values => panic!("{key}: {values:?}"),
    };
    let start = one("ExecStart");
    let start = start.strip_prefix("/usr/bin/").expect("an absolute path");
    assert_eq!(runs(start.split(' ')), Ok(()));
    let variables = unit["Environment"].iter().copied();
    assert_eq!(unknown(variables), Vec::<&str>::new());
    assert_eq!((one("Type"), one("StateDirectoryMode")), ("notify", "0700"));
    assert_eq!(one("ProtectSystem"), "strict");
    // The folder that may be written is the one that is written.
    let data = format!("MUSTER_DATA_DIR=/var/lib/{}", one("StateDirectory"));
    assert!(unit["Environment"].contains(&&*data), "{data}");
}

#[test]
fn the_service_manager_understands_the_unit() {
    let folder = crate::house::scratch();
    // It looks whether the program is there.
    let unit = UNIT.replace("/usr/bin/muster", env!("CARGO_BIN_EXE_muster"));
    let verified = |name: &str, unit: &str| {
        let path = folder.join(name);
        std::fs::write(&path, unit).expect("a new file");
        let verify = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&path)
            .output();
        verify.map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    match verified("muster.service", &unit) {
        Err(error) => println!("SKIPPED: the unit was not verified: systemd-analyze: {error}"),
        Ok(said) => {
            let ours: Vec<_> = said
                .lines()
                .filter(|line| line.contains("muster.service"))
                .collect();
            assert_eq!(ours, Vec::<&str>::new(), "{said}");
            let broken = unit.replace("ProtectSystem=strict", "ProtectSystem=a-little");
            let said = verified("muster-broken.service", &broken).expect("it has just run");
            assert!(said.contains("muster-broken.service:"), "unnoticed: {said}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn the_image_runs_what_there_is_with_settings_there_are() {
    let joined = DOCKERFILE.replace("\\\n", " ");
    let lines: Vec<&str> = joined
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let of = |word: &str| {
        let found = lines.iter().filter_map(|line| line.strip_prefix(word));
        found.map(str::trim).collect::<Vec<_>>()
    };
    let list = |text: &str| -> Vec<String> { serde_json::from_str(text).expect("a list") };
    let mut serve = list(of("ENTRYPOINT")[0]);
    let health = of("HEALTHCHECK")[0].split_once("CMD").expect("a command").1;
    // CMD stands alone on its line, unlike that of the health check.
    serve.extend(list(of("CMD")[0]));
    assert_eq!(runs(serve.iter().map(String::as_str)), Ok(()));
    assert_eq!(runs(list(health).iter().map(String::as_str)), Ok(()));
    assert_eq!(unknown(of("ENV")[0].split_whitespace()), Vec::<&str>::new());
    assert_eq!(of("USER"), ["muster"]);
    let release = env!("CARGO_PKG_RUST_VERSION");
    assert!(
        of("FROM")[0].starts_with(&format!("rust:{release}-")),
        "{release}"
    );
    let copied = of("COPY --from=build")[0];
    assert!(
        copied.starts_with("/src/target/release/muster "),
        "{copied}"
    );
}

#[test]
fn a_flag_or_a_setting_that_does_not_exist_is_noticed() {
    assert!(runs("muster serve --colour blue".split(' ')).is_err());
    assert!(runs("mustard serve".split(' ')).is_err());
    let variables = ["MUSTER_LISTEN=1", "MUSTER_LISTENS=1", "HOME=/"];
    assert_eq!(unknown(variables.into_iter()), ["MUSTER_LISTENS=1"]);
}

/// Whether the command line is one of `muster`'s.
fn runs<'a>(words: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let words: Vec<&str> = words.collect();
    if words.first() != Some(&"muster") {
        return Err(format!("not muster: {words:?}"));
    }
    Cli::try_parse_from(words)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Variables that look like settings and are none.
fn unknown<'a>(variables: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let is_unknown = |variable: &&str| {
        let name = variable.split('=').next().unwrap_or_default();
        name.starts_with("MUSTER_") && !KEYS.iter().any(|key| key.environment() == name)
    };
    variables.filter(is_unknown).collect()
}

/// The values of each key, in order.
fn keys(unit: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in unit.lines().filter(|line| !line.starts_with(['#', '['])) {
        if let Some((key, value)) = line.split_once('=') {
            keys.entry(key).or_default().push(value);
        }
    }
    keys
}
