//! `loadgen storm`, against a server of this machine or of this process.

use std::io::Write;
use std::net::SocketAddr;

use loadgen::cli::{StormArgs, conclude, exit_code};
use loadgen::preflight::SystemLimits;
use loadgen::storm::{self, Plan, Target};
use miette::{IntoDiagnostic, Result};
use muster::access::Access;
use muster::clock::now_us;
use muster::embedded::{COMMIT, DataFolder, probe, target, target_at};
use muster::identity::load_signing_key;
use muster::server::Server;

/// Puts the load on; says the exit code.
pub(crate) fn run(args: &StormArgs) -> Result<u8> {
    for line in SystemLimits::read().advice(args.officers) {
        eprintln!("{line}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.into_diagnostic()?.block_on(async {
        match args.embedded {
            true => storm_embedded(args).await,
            false => storm_at(args, running(args)?, None).await,
        }
    })
}

async fn storm_embedded(args: &StormArgs) -> Result<u8> {
    let data = DataFolder::open(None).into_diagnostic()?;
    let config = data.config(SocketAddr::from(([127, 0, 0, 1], 0)));
    let server = Server::start(&config)?;
    let target = target(&server, &config)?;
    let code = storm_at(args, target, Some(probe(&server))).await;
    server.stop().await;
    code
}

async fn storm_at(
    args: &StormArgs,
    target: Target,
    probe: Option<loadgen::view::Probe>,
) -> Result<u8> {
    let options = args.options(now_us()).into_diagnostic()?;
    let plan = Plan {
        commit: COMMIT.to_owned(),
        ..Plan::storm(&options)
    };
    let view = args.view(probe).into_diagnostic()?;
    let outcome = storm::run(plan, target, view.as_ref())
        .await
        .into_diagnostic()?;
    let mut out = std::io::stdout().lock();
    let is_clean = conclude(&outcome, args.json.as_ref(), &mut out).into_diagnostic()?;
    out.flush().into_diagnostic()?;
    Ok(exit_code(is_clean))
}

/// The server that the flags name, or the one that runs on this machine.
fn running(args: &StormArgs) -> Result<Target> {
    match (&args.certificate, &args.token_key) {
        (Some(certificate), Some(key)) => {
            let pem = muster::private_file::read_public(certificate)?;
            Ok(target_at(args.target, &pem, load_signing_key(key)?))
        }
        _ => {
            let access = Access::find(args.target.port()).into_diagnostic()?;
            let key = load_signing_key(&access.token_key)?;
            Ok(target_at(access.address, &access.certificate_pem, key))
        }
    }
}
