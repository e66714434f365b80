//! `muster doctor`: is this machine, as it is configured, fit for a server?

mod machine;
mod place;

use std::fmt;
use std::io::Write;

use serde::Serialize;

use super::print_json;
use crate::cli::DoctorArgs;
use crate::stop::{FAILED, Stop};

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// As it should be.
    Ok,
    /// A server runs, but not as well as it could.
    Warn,
    /// A server does not start, or does not keep its promises.
    Fail,
    /// It could not be looked at.
    Skipped,
}

/// What was found of one thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    what: &'static str,
    verdict: Verdict,
    /// What was found.
    says: String,
    /// What to do, where something should be done.
    advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, says: impl Into<String>) -> Finding {
        Finding::new(what, Verdict::Ok, says, None)
    }

    fn warn(what: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::new(what, Verdict::Warn, says, Some(advice.into()))
    }

    fn fail(what: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::new(what, Verdict::Fail, says, Some(advice.into()))
    }

    fn skipped(what: &'static str, because: impl Into<String>) -> Finding {
        Finding::new(what, Verdict::Skipped, because, None)
    }

    fn new(
        what: &'static str,
        verdict: Verdict,
        says: impl Into<String>,
        advice: Option<String>,
    ) -> Finding {
        Finding {
            what,
            verdict,
            says: says.into(),
            advice,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
            Verdict::Skipped => "SKIPPED",
        })
    }
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Found {
    /// Whether a server would start and keep its promises.
    ok: bool,
    findings: Vec<Finding>,
}

/// Looks at everything and says a line for each; ends with 1 if anything fails.
pub(super) fn run(args: &DoctorArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let settings = super::config::resolve(&args.config)?;
    let mut findings = machine::look(&settings.config);
    findings.extend(place::look(&settings.config));
    let ok = findings.iter().all(|one| one.verdict != Verdict::Fail);
    let found = Found { ok, findings };
    match args.json {
        true => print_json(out, &found)?,
        false => say(&found.findings, out)?,
    }
    if ok { Ok(()) } else { Err(Stop::Said(FAILED)) }
}

fn say(findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
    for Finding {
        what,
        verdict,
        says,
        advice,
    } in findings
    {
        writeln!(out, "{verdict:<8}{what:<13}{says}")?;
        if let Some(advice) = advice {
            writeln!(out, "{:21}→ {advice}", "")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;
    use crate::scratch::Scratch;

    fn doctor(words: &str) -> (u8, String) {
        let cli = Cli::try_parse_from(format!("muster doctor {words}").split_whitespace());
        let mut out = Vec::new();
        let ended = super::super::run(cli.unwrap(), &mut out);
        let code = ended.map_or_else(|stop| stop.code(), |()| 0);
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_thing_has_a_line_and_a_failure_an_exit_code() {
        let scratch = Scratch::new();
        let data = scratch.path().join("data");
        crate::private_file::make_folder(&data).unwrap();
        let free = "--listen 127.0.0.1:0 --set http.listen=127.0.0.1:0";
        let words = format!("{free} --data-dir {}", data.display());
        let (code, said) = doctor(&words);
        assert_eq!(code, 0, "{said}");
        for what in [
            "udp-buffers",
            "descriptors",
            "listen",
            "http",
            "clock",
            "realtime",
            "certificate",
            "keys",
            "data",
            "space",
            "disk-sync",
        ] {
            assert!(said.contains(&format!(" {what} ")), "{what}:\n{said}");
        }
        assert_eq!(
            std::fs::read_dir(&data).unwrap().count(),
            0,
            "it leaves nothing"
        );

        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&data, open).unwrap();
        let (code, said) = doctor(&format!("{words} --json"));
        let found: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, &found["ok"]), (FAILED, &false.into()), "{said}");
        let mut findings = found["findings"].as_array().unwrap().iter();
        let of_data = findings.find(|one| one["what"] == "data").unwrap();
        assert_eq!(of_data["verdict"], "fail");
        assert!(of_data["advice"].as_str().unwrap().contains("chmod 700"));
    }
}
