//! `muster config print`: what holds, and who set it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::print_json;
use crate::cli::{ConfigArgs, ConfigPrintArgs};
use crate::config::{ConfigError, FILE_NAME, KEYS, Key, Settings, Sources};
use crate::stop::Stop;

/// A key's value and where it came from.
#[derive(Debug, Serialize)]
struct Printed {
    value: toml::Value,
    origin: String,
}

/// Brings together what flags, variables and the file say, for a command with these flags.
///
/// # Errors
/// The file, a variable or a flag is not right.
pub(crate) fn resolve(args: &ConfigArgs) -> Result<Settings, ConfigError> {
    let by_default = || Some(PathBuf::from(FILE_NAME)).filter(|file| file.exists());
    let flags = [
        ("--data-dir", "data_dir", &args.data_dir),
        ("--listen", "listen", &args.listen),
        ("--log-format", "log_format", &args.log_format),
    ];
    // A flag of its own wins over the same key in `--set`.
    let set = args
        .set
        .iter()
        .map(|set| ("--set".to_owned(), set.key.clone(), set.value.clone()));
    let own = flags
        .into_iter()
        .filter_map(|(flag, key, value)| Some((flag.to_owned(), key.to_owned(), value.clone()?)));
    Settings::resolve(&Sources {
        file: args.file.clone().or_else(by_default),
        environment: &|name| std::env::var(name).ok(),
        flags: set.chain(own).collect(),
    })
}

/// Prints every key with the value that holds.
pub(super) fn print(args: &ConfigPrintArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let settings = resolve(&args.config)?;
    if args.json {
        let printed: BTreeMap<&str, Printed> = KEYS
            .iter()
            .map(|key| {
                let (value, origin) = (value(key, &settings), settings.origin(key).to_string());
                (key.path, Printed { value, origin })
            })
            .collect();
        return print_json(out, &printed);
    }
    let lines = KEYS.iter().map(|key| {
        let (_, name) = key.table_and_name();
        format!("{name} = {}", (key.show)(&settings.config))
    });
    let lines: Vec<String> = lines.collect();
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let mut within = None;
    for (key, line) in KEYS.iter().zip(&lines) {
        let (table, _) = key.table_and_name();
        if table != within {
            within = table;
            writeln!(out, "\n[{}]", table.unwrap_or_default())?;
        }
        match args.origin {
            true => writeln!(out, "{line:<width$}  # {}", settings.origin(key))?,
            false => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn value(key: &Key, settings: &Settings) -> toml::Value {
    let shown = (key.show)(&settings.config);
    shown.parse().unwrap_or(toml::Value::String(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn print_with(words: &str) -> Result<String, Stop> {
        let words = format!("muster config print {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let mut out = Vec::new();
        super::super::run(cli, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_printed_is_a_configuration_file() {
        let printed = print_with("--set log.segment_mib=8 --origin").unwrap();
        let table: toml::Table = printed.parse().unwrap();
        assert_eq!(table["log"]["segment_mib"].as_integer(), Some(8));
        assert_eq!(table["limits"]["sessions_max"].as_integer(), Some(65_536));
        let line = printed
            .lines()
            .find(|line| line.starts_with("segment_mib"))
            .unwrap();
        assert!(line.ends_with("# --set"), "{line}");
        assert!(
            printed.lines().any(|line| line.ends_with("# default")),
            "{printed}"
        );
    }

    #[test]
    fn json_has_values_and_origins() {
        let printed = print_with("--listen 127.0.0.1:1 --set listen=127.0.0.1:2 --json").unwrap();
        let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(json["listen"]["value"], "127.0.0.1:1");
        assert_eq!(json["listen"]["origin"], "--listen");
        assert_eq!(json["log.segment_mib"]["value"], 64);
        assert_eq!(json["log.segment_mib"]["origin"], "default");
        assert_eq!(json.as_object().unwrap().len(), KEYS.len());
    }

    #[test]
    fn a_flag_that_names_no_key_is_refused() {
        let stop = print_with("--set lisen=127.0.0.1:2").unwrap_err();
        assert_eq!(
            stop.report().unwrap().to_string(),
            "--set: there is no key `lisen`"
        );
    }
}
