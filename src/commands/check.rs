//! `muster check`: is a configuration right?

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use miette::Diagnostic;
use serde::Serialize;

use super::print_json;
use crate::cli::CheckArgs;
use crate::config::{Config, ConfigError, Located};
use crate::http::refuse_exposed;
use crate::identity::{certificate_ends, certificates, load_signing_key};
use crate::private_file;
use crate::reach::settings;
use crate::stop::{FAILED, Stop};

/// What was found.
#[derive(Debug, Serialize)]
struct Checked {
    /// The file.
    file: PathBuf,
    /// Whether a server would start with it.
    ok: bool,
    /// Why not.
    problems: Vec<Problem>,
    /// What is worth knowing.
    notes: Vec<String>,
}

/// Something that is not right.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// The line of the file, from 1, where one is to blame.
    line: Option<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{} is not right: {}", file.display(), messages.join("; "))]
#[diagnostic(help("{}", helps.join("\n")))]
struct NotRight {
    file: PathBuf,
    messages: Vec<String>,
    helps: Vec<String>,
}

/// Reads the file as `serve` would and looks at the files it names.
pub(super) fn run(args: &CheckArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let resolved = settings(Some(&args.file));
    let checked = match &resolved {
        Ok(settings) => files(&args.file, &settings.config),
        Err(error) => Checked {
            file: args.file.clone(),
            ok: false,
            problems: of_config(error),
            notes: Vec::new(),
        },
    };
    if args.json {
        print_json(out, &checked)?;
        return if checked.ok {
            Ok(())
        } else {
            Err(Stop::Said(FAILED))
        };
    }
    // The diagnostic of a malformed file points at its lines.
    resolved?;
    for note in &checked.notes {
        writeln!(out, "note: {note}")?;
    }
    if checked.ok {
        return Ok(writeln!(out, "ok: {}", args.file.display())?);
    }
    Err(Stop::failed(NotRight {
        file: checked.file,
        helps: checked
            .problems
            .iter()
            .filter_map(|problem| problem.help.clone())
            .collect(),
        messages: checked
            .problems
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
    }))
}

fn of_config(error: &ConfigError) -> Vec<Problem> {
    match error {
        ConfigError::File(problems) => {
            let of = |located: &Located| Problem {
                line: Some(located.line),
                message: located.said.clone(),
                help: located.help.clone(),
            };
            problems.problems.iter().map(of).collect()
        }
        other => vec![problem(other)],
    }
}

fn problem(error: &(impl Diagnostic + ?Sized)) -> Problem {
    Problem {
        line: None,
        message: error.to_string(),
        help: error.help().map(|help| help.to_string()),
    }
}

fn files(file: &Path, config: &Config) -> Checked {
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let made = "will be made when the server starts";
    let path = config.certificate_path();
    match certificate(config) {
        Ok(false) => notes.push(format!("{} {made}", path.display())),
        Ok(true) => {
            let pem = private_file::read_public(&path).unwrap_or_default();
            if let Some(ends) = certificate_ends(&pem).filter(|ends| *ends < Timestamp::now()) {
                let path = path.display();
                notes.push(format!(
                    "{path} ended {ends}; the server replaces it at start"
                ));
            }
        }
        Err(found) => problems.extend(found),
    }
    match token_key(config) {
        Ok(true) => {}
        Ok(false) => notes.push(format!("{} {made}", config.token_key_path().display())),
        Err(found) => problems.push(found),
    }
    if let Err(error) = refuse_exposed(config.http) {
        problems.push(problem(&error));
    }
    if !config.listen.ip().is_loopback() {
        notes.push(format!(
            "{} is reachable from other machines",
            config.listen
        ));
    }
    Checked {
        file: file.to_owned(),
        ok: problems.is_empty(),
        problems,
        notes,
    }
}

/// Whether the certificate and its key are there and can be read; if they are not, the server
/// makes them.
///
/// # Errors
/// What is wrong with them; never empty.
pub(super) fn certificate(config: &Config) -> Result<bool, Vec<Problem>> {
    let (certificate, key) = (config.certificate_path(), config.certificate_key_path());
    let named = config.tls.certificate.is_some() || config.tls.key.is_some();
    if !named && !exists(&certificate) && !exists(&key) {
        return Ok(false);
    }
    let mut problems = Vec::new();
    match private_file::read_public(&certificate) {
        Ok(pem) if certificates(&pem).is_none() => problems.push(Problem {
            line: None,
            message: format!("{} holds no certificate in PEM form", certificate.display()),
            help: Some("`tls.certificate` is the certificate chain".to_owned()),
        }),
        Ok(_) => {}
        Err(error) => problems.push(problem(&error)),
    }
    if let Err(error) = private_file::read(&key) {
        problems.push(problem(&error));
    }
    if problems.is_empty() {
        Ok(true)
    } else {
        Err(problems)
    }
}

/// Whether the key that signs tokens is there and can be read; if it is not, the server makes it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn token_key(config: &Config) -> Result<bool, Problem> {
    let path = config.token_key_path();
    if config.tokens.key.is_none() && !exists(&path) {
        return Ok(false);
    }
    load_signing_key(&path)
        .map(|_| true)
        .map_err(|error| problem(&error))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::scratch::Scratch;

    fn check(scratch: &Scratch, text: &str, json: bool) -> (String, Result<(), Stop>) {
        let file = scratch.path().join("muster.toml");
        fs::write(&file, text).unwrap();
        let mut out = Vec::new();
        let result = run(&CheckArgs { file, json }, &mut out);
        (String::from_utf8(out).unwrap(), result)
    }

    #[test]
    fn a_file_with_nothing_else_is_right_and_says_what_will_be_made() {
        let scratch = Scratch::new();
        let (printed, result) = check(&scratch, "listen = \"0.0.0.0:7710\"\n", false);
        assert!(result.is_ok(), "{result:?}");
        assert!(
            printed.contains("certificate.pem will be made"),
            "{printed}"
        );
        assert!(printed.contains("token.key will be made"), "{printed}");
        assert!(
            printed.contains("reachable from other machines"),
            "{printed}"
        );
        assert!(
            printed.lines().last().unwrap().starts_with("ok: "),
            "{printed}"
        );
    }

    #[test]
    fn problems_are_json_with_lines_and_exit_code_one() {
        let scratch = Scratch::new();
        let (printed, result) = check(&scratch, "\nlistn = \"x\"\n", true);
        assert_eq!(result.unwrap_err().code(), 1);
        let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["problems"][0]["line"], 2);
        assert_eq!(json["problems"][0]["help"], "did you mean `listen`?");
    }

    #[test]
    fn keys_that_others_may_read_and_files_that_are_missing_are_problems() {
        let scratch = Scratch::new();
        let key = scratch.path().join("open.key");
        fs::write(&key, "x").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let text = "[tls]\ncertificate = \"none.pem\"\nkey = \"none.key\"\n\
                    [tokens]\nkey = \"open.key\"\n";
        let (_, result) = check(&scratch, text, false);
        let stop = result.unwrap_err();
        let said = stop.report().unwrap().to_string();
        assert_eq!(stop.code(), 1);
        for part in ["none.pem", "none.key", "can be read by others (mode 0644)"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
