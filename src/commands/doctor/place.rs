//! What a server would live on: its certificate and keys, its folder, the disk below.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::super::check::{self, Problem};
use super::Finding;
use crate::bench;
use crate::config::Config;
use crate::identity::certificates;
use crate::private_file;
use crate::validity::validity;

/// A certificate that ends sooner is worth a warning, in hours.
const CERTIFICATE_ENDS_HOURS: i64 = 72;

/// Free space below which the log will soon stand still, in bytes.
const SPACE_WISH_BYTES: u64 = 2 << 30;

/// Syncs of which the median is taken.
const SYNCS: u32 = 64;

/// A median above which every answer is felt, in microseconds. The machine of benches/RESULTS.md
/// takes 94 to 160.
const SYNC_US_MAX: f64 = 2_000.0;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![certificate(config)];
    findings.push(keys(config));
    findings.push(folder(&config.data_dir));
    findings.push(space(&config.data_dir));
    findings.push(sync(&config.data_dir));
    findings
}

fn of_problems(what: &'static str, problems: Vec<Problem>) -> Finding {
    let (said, advice): (Vec<String>, Vec<Option<String>>) = problems
        .into_iter()
        .map(|problem| (problem.message, problem.help))
        .unzip();
    let advice: Vec<String> = advice.into_iter().flatten().collect();
    Finding::fail(what, said.join("; "), advice.join("; "))
}

fn certificate(config: &Config) -> Finding {
    const WHAT: &str = "certificate";
    match check::certificate(config) {
        Err(problems) => return of_problems(WHAT, problems),
        Ok(false) => return Finding::ok(WHAT, "made when the server starts, for this machine"),
        Ok(true) => {}
    }
    // What was there a moment ago may have gone, and is then no certificate either.
    let pem = private_file::read_public(&config.certificate_path()).unwrap_or_default();
    let chain = certificates(&pem).unwrap_or_default();
    let key = private_file::read(&config.certificate_key_path()).unwrap_or_default();
    let Ok(key) = PrivateKeyDer::from_pem_slice(key.as_bytes()) else {
        let path = config.certificate_key_path();
        let says = format!("{} holds no private key in PEM form", path.display());
        return Finding::fail(WHAT, says, "`tls.key` is the private key (PKCS #8, SEC1)");
    };
    let dates = chain.first().and_then(|first| validity(first));
    if let Err(error) = dispatcher::examine(chain, key) {
        let advice = "`tls.key` must be the key of the first certificate in `tls.certificate`";
        return Finding::fail(WHAT, error.to_string(), advice);
    }
    match dates {
        Some((begins, ends)) => dated(begins, ends, Timestamp::now()),
        None => Finding::fail(
            WHAT,
            "its dates cannot be read",
            "name another `tls.certificate`",
        ),
    }
}

fn dated(begins: Timestamp, ends: Timestamp, now: Timestamp) -> Finding {
    const WHAT: &str = "certificate";
    let renew = "replace the files; one made by `muster init` is renewed at the next start";
    if now < begins {
        let advice = "see that the clock is right: clients refuse it until then";
        return Finding::fail(WHAT, format!("good from {begins} only"), advice);
    }
    if now >= ends {
        return Finding::fail(WHAT, format!("ended {ends}"), renew);
    }
    let says = format!("good until {ends}, and the key is its own");
    if now + SignedDuration::from_hours(CERTIFICATE_ENDS_HOURS) >= ends {
        return Finding::warn(WHAT, says, renew);
    }
    Finding::ok(WHAT, says)
}

fn keys(config: &Config) -> Finding {
    match check::token_key(config) {
        Err(problem) => of_problems("keys", vec![problem]),
        Ok(true) => Finding::ok("keys", "the token key is good, and its owner's alone"),
        Ok(false) => Finding::ok("keys", "the token key is made when the server starts"),
    }
}

fn folder(data: &Path) -> Finding {
    const WHAT: &str = "data";
    let path = data.display();
    let Ok(metadata) = data.metadata() else {
        return Finding::ok(WHAT, format!("{path} is made when the server starts"));
    };
    let mode = metadata.permissions().mode() & 0o777;
    if !metadata.is_dir() {
        let advice = "name a folder with `data_dir`";
        return Finding::fail(WHAT, format!("{path} is no folder"), advice);
    }
    if mode & 0o077 != 0 {
        let says = format!("{path} is open to others (mode {mode:04o})");
        return Finding::fail(WHAT, says, format!("chmod 700 {path}"));
    }
    Finding::ok(WHAT, format!("{path} is its owner's alone"))
}

/// The nearest folder above that exists: the volume that a new folder would be on.
fn there(data: &Path) -> &Path {
    let there = data.ancestors().find(|folder| folder.is_dir());
    there.unwrap_or(Path::new("."))
}

fn space(data: &Path) -> Finding {
    const WHAT: &str = "space";
    // POSIX says what it prints, and asking the system directly takes code that is not safe.
    let df = Command::new("df").arg("-Pk").arg(there(data)).output();
    let said = df.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match said.ok().as_deref().and_then(free_bytes) {
        None => Finding::skipped(WHAT, "`df -Pk` does not say how much is free"),
        Some(bytes) if bytes < SPACE_WISH_BYTES => Finding::warn(
            WHAT,
            format!("{} MiB are free", bytes >> 20),
            "make room, or name another volume with `data_dir`: a full disk stops new work",
        ),
        Some(bytes) => Finding::ok(WHAT, format!("{} MiB are free", bytes >> 20)),
    }
}

/// The fourth column of the second line, in KiB.
fn free_bytes(df: &str) -> Option<u64> {
    let column = df.lines().nth(1)?.split_whitespace().nth(3)?;
    column.parse::<u64>().ok()?.checked_mul(1 << 10)
}

fn sync(data: &Path) -> Finding {
    const WHAT: &str = "disk-sync";
    if !data.is_dir() {
        return Finding::skipped(
            WHAT,
            "measured where the data folder is, and there is none yet",
        );
    }
    let scratch = data.join(format!("doctor-{}", std::process::id()));
    let measured = private_file::make_folder(&scratch)
        .map_err(|error| error.to_string())
        .and_then(|()| bench::sync_us(&scratch, SYNCS).map_err(|error| error.to_string()));
    // What cannot be removed is named by the next look into the folder.
    let _ = std::fs::remove_dir_all(&scratch);
    match measured {
        Err(error) => Finding::fail(WHAT, error, "see that this user may write the data folder"),
        Ok(us) if us > SYNC_US_MAX => Finding::warn(
            WHAT,
            format!("{us:.0} µs, the median of {SYNCS}: every answer waits for one"),
            "put the data folder on a faster disk; one with power-loss protection takes 20 to 200 µs",
        ),
        Ok(us) => Finding::ok(WHAT, format!("{us:.0} µs, the median of {SYNCS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::identity::{Identity, make_certificate};
    use crate::scratch::Scratch;

    #[test]
    fn a_certificate_is_judged_by_its_dates() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let hours = 3_600;
        let (begins, ends) = (at(1_000), at(1_000 + 1_000 * hours));
        let verdict = |now| dated(begins, ends, now).verdict;
        assert_eq!(verdict(at(999)), Verdict::Fail);
        assert_eq!(verdict(at(1_000)), Verdict::Ok);
        let soon = 1_000 + (1_000 - CERTIFICATE_ENDS_HOURS) * hours;
        assert_eq!(
            (verdict(at(soon - 1)), verdict(at(soon))),
            (Verdict::Ok, Verdict::Warn)
        );
        assert_eq!(verdict(ends), Verdict::Fail);
    }

    #[test]
    fn a_key_of_another_certificate_and_an_open_key_are_found() {
        let scratch = Scratch::new();
        let config = Config {
            data_dir: scratch.path().join("data"),
            ..Config::default()
        };
        assert_eq!(certificate(&config).verdict, Verdict::Ok);
        assert_eq!(keys(&config).verdict, Verdict::Ok);
        let now = Timestamp::now();
        Identity::load_or_make(&config, now).unwrap();
        assert_eq!(certificate(&config).verdict, Verdict::Ok);
        assert_eq!(keys(&config).verdict, Verdict::Ok);
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(config.token_key_path(), open).unwrap();
        assert_eq!(keys(&config).verdict, Verdict::Fail);
        let beside = scratch.path().join("other.pem");
        let another = make_certificate(now).unwrap();
        another
            .write(&beside, &config.certificate_key_path())
            .unwrap();
        let found = certificate(&config);
        assert_eq!(found.verdict, Verdict::Fail, "{found:?}");
    }

    #[test]
    fn free_space_is_read_from_the_fourth_column() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                  /dev/vda 263174212 53000000 41943040 56% /\n";
        assert_eq!(free_bytes(df), Some(40 << 30));
        assert_eq!(free_bytes("Filesystem\n"), None);
    }
}
