//! `loadgen torture`: finds the server's program and keys, and moves into a mount namespace of its
//! own where power is to be cut.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::sync::Arc;

use loadgen::cli::{TortureArgs, conclude_torture};
use loadgen::storm::Target;
use loadgen::torture::power::{may_unshare, unshared};
use loadgen::torture::{self, Cuts};
use miette::{IntoDiagnostic, Result};
use muster::clock::now_us;
use muster::embedded::{COMMIT, target_at};
use muster::identity::load_signing_key;

/// Set for the program that runs in the namespace.
const UNSHARED: &str = "MUSTER_TORTURE_UNSHARED";

/// Carries the torture through; says the exit code.
pub(crate) fn run(args: &TortureArgs) -> Result<u8> {
    let cuts = cuts(args.cuts);
    let options = args.options((COMMIT, now_us()), cuts, Arc::new(reach));
    let options = options.into_diagnostic()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .into_diagnostic()?;
    let mut say = |line: &str| eprintln!("{line}");
    let outcome = runtime.block_on(torture::run(&options, &mut say));
    let outcome = outcome.into_diagnostic()?;
    let mut out = std::io::stdout().lock();
    let code = conclude_torture(&outcome, args.json.as_ref(), &mut out).into_diagnostic()?;
    out.flush().into_diagnostic()?;
    Ok(code)
}

/// Whether power can be cut. If a namespace is needed and may be had, this program begins anew
/// in there.
fn cuts(asked: u64) -> Cuts {
    if asked == 0 || std::env::var_os(UNSHARED).is_some() {
        return Cuts::Possibly(asked);
    }
    let refused = |because: String| Cuts::Refused { asked, because };
    if let Err(error) = may_unshare() {
        return refused(error.to_string());
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return refused(format!("this program cannot be found ({error})")),
    };
    let again = unshared()
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(UNSHARED, "1")
        .exec();
    refused(format!("this program cannot be run anew ({again})"))
}

/// The way to a server, from the files in its data folder.
fn reach(data: &Path, address: SocketAddr) -> Result<Target, String> {
    let pem = muster::private_file::read_public(&data.join("certificate.pem"));
    let pem = pem.map_err(|error| error.to_string())?;
    let key = load_signing_key(&data.join("token.key")).map_err(|error| error.to_string())?;
    Ok(target_at(address, &pem, key))
}
