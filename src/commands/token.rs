//! `muster token`.

use std::io::Write;

use protocol::Role;
use protocol::token::{DeviceKey, LIFETIME_MAX_S};
use serde::Serialize;

use super::print_json;
use crate::cli::{TokenDeviceKeyArgs, TokenIssueArgs};
use crate::clock;
use crate::identity::{IdentityError, load_signing_key};
use crate::private_file;
use crate::reach::{ReachError, token_key};
use crate::show;
use crate::stop::Stop;

/// A token and what it says.
#[derive(Debug, Serialize)]
struct Issued {
    token: String,
    role: Role,
    subject: String,
    agency: Option<String>,
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_to: Option<String>,
    expires: String,
}

/// Prints a token for the bearer that the flags describe.
pub(super) fn issue(args: &TokenIssueArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let lifetime_s = u64::try_from(args.lifetime.as_secs())
        .ok()
        .filter(|seconds| (1..=LIFETIME_MAX_S).contains(seconds))
        .ok_or_else(|| Stop::usage(format!("--lifetime: expected 1s to {LIFETIME_MAX_S}s")))?;
    let path = match &args.token_key {
        Some(path) => path.clone(),
        None => token_key(args.config.as_deref())?,
    };
    let key = load_signing_key(&path)?;
    let now_us = clock::now_us();
    let token = key
        .issue_bound(
            args.role,
            &args.subject,
            args.agency.as_deref(),
            now_us,
            lifetime_s,
            args.bind,
        )
        .map_err(ReachError::from)?;
    if !args.json {
        return Ok(writeln!(out, "{token}")?);
    }
    let lifetime_us = i64::try_from(lifetime_s * 1_000_000).unwrap_or(0);
    print_json(
        out,
        &Issued {
            token,
            role: args.role,
            subject: args.subject.clone(),
            agency: args.agency.clone(),
            key_id: key.key_id().as_str().to_owned(),
            bound_to: args.bind.map(|device| device.to_string()),
            expires: show::instant(now_us + lifetime_us),
        },
    )
}

/// The public half of a device's key.
#[derive(Debug, Serialize)]
struct Device {
    device_key: String,
}

/// Makes the key of a device and prints its public half.
pub(super) fn device_key(args: &TokenDeviceKeyArgs, out: &mut dyn Write) -> Result<(), Stop> {
    if args.file.symlink_metadata().is_ok() {
        let file = args.file.display();
        return Err(Stop::usage(format!(
            "{file} is there already: name another file, tokens may be bound to that key"
        )));
    }
    let key = DeviceKey::generate();
    private_file::write(&args.file, &key.to_text()).map_err(IdentityError::from)?;
    let device_key = key.public().to_string();
    match args.json {
        true => print_json(out, &Device { device_key }),
        false => Ok(writeln!(out, "{device_key}")?),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use protocol::token::{SigningKey, VerifyingKeys};

    use super::*;
    use crate::cli::Cli;
    use crate::scratch::Scratch;

    fn issue_with(scratch: &Scratch, words: &str) -> Result<String, Stop> {
        let key = scratch.path().join("token.key");
        let mut all = vec![
            "muster",
            "token",
            "issue",
            "--token-key",
            key.to_str().unwrap(),
        ];
        all.extend(words.split_whitespace());
        let mut out = Vec::new();
        super::super::run(Cli::try_parse_from(all).unwrap(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_token_says_what_was_asked_for() {
        let scratch = Scratch::new();
        let key = SigningKey::generate();
        private_file::write(&scratch.path().join("token.key"), &key.to_text()).unwrap();
        let words = "--role officer --subject TUC-0412 --agency tucson --lifetime 5m";
        let token = issue_with(&scratch, words).unwrap();
        let keys = VerifyingKeys::new([key.verifying_key()]);
        let claims = keys.verify(token.trim(), clock::now_us()).unwrap();
        assert_eq!(
            (claims.role, claims.subject.as_str()),
            (Role::Officer, "TUC-0412")
        );
        assert_eq!(claims.expires_us - claims.issued_us, 300_000_000);
        let json = issue_with(&scratch, &format!("{words} --json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["role"], &json["agency"]),
            (&"officer".into(), &"tucson".into())
        );
        assert_eq!(json["key_id"], key.key_id().as_str());
    }

    #[test]
    fn a_token_is_bound_to_the_key_that_was_made_for_it() {
        let scratch = Scratch::new();
        let key = SigningKey::generate();
        private_file::write(&scratch.path().join("token.key"), &key.to_text()).unwrap();
        let file = scratch.path().join("phone.key");
        let make = || {
            let words = ["muster", "token", "device-key", file.to_str().unwrap()];
            let mut out = Vec::new();
            super::super::run(Cli::try_parse_from(words).unwrap(), &mut out)?;
            Ok::<_, Stop>(String::from_utf8(out).unwrap())
        };
        let public = make().unwrap();
        assert_eq!(make().unwrap_err().code(), 2, "a key is not written over");
        let words = "--role officer --subject TUC-0412 --agency tucson --bind";
        let token = issue_with(&scratch, &format!("{words} {}", public.trim())).unwrap();
        let keys = VerifyingKeys::new([key.verifying_key()]);
        let claims = keys.verify(token.trim(), clock::now_us()).unwrap();
        let device = DeviceKey::from_text(&private_file::read(&file).unwrap()).unwrap();
        assert_eq!(claims.device, Some(device.public()));
    }

    #[test]
    fn a_lifetime_beyond_the_limit_is_a_usage_error() {
        let scratch = Scratch::new();
        for lifetime in ["16m", "0s"] {
            let words = format!("--role operator --subject x --lifetime {lifetime}");
            assert_eq!(
                issue_with(&scratch, &words).unwrap_err().code(),
                2,
                "{lifetime}"
            );
        }
    }
}
