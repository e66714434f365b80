//! What the measured process does: `muster bench push-server`.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::driver::Driver;
use crate::access::Access;
use crate::clock::now_us;
use crate::config::{Config, Limits};
use crate::identity::Identity;
use crate::server::Server;
use crate::stop::Stop;

/// Sessions that it takes: more than any bench makes.
const SESSIONS_MAX: u32 = 1 << 20;
/// Lines that may wait.
const LINES_MAX: usize = 64;
/// Any free port of this machine, for this machine only.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Runs the real server on the log in `folder` until standard input ends.
pub(super) fn dispatcher(folder: &Path, out: &mut dyn Write) -> Result<(), Stop> {
    let config = config(folder);
    let runtime = crate::commands::runtime()?;
    runtime.block_on(async {
        let server = Server::start(&config)?;
        say(&config, server.address(), &server.certificate_pem(), out)?;
        let mut lines = lines();
        while lines.recv().await.is_some() {}
        // Sessions are not sent away one by one: whoever measured is gone.
        Ok(())
    })
}

/// Runs the floor of pushing until standard input ends: each line is a push to every session.
pub(super) fn driver(folder: &Path, out: &mut dyn Write) -> Result<(), Stop> {
    let config = config(folder);
    let now = Timestamp::from_microsecond(now_us()).unwrap_or_default();
    let identity = Identity::load_or_make(&config, now).map_err(Stop::failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let pem = identity.certificate_pem.clone();
        let driver = Driver::bind(ANYWHERE, identity)?;
        say(&config, driver.address()?, &pem, out)?;
        Ok(driver.run(lines()).await?)
    })
}

/// The lines of standard input, until it ends.
fn lines() -> mpsc::Receiver<()> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    // It ends with standard input, or with the process.
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || sender.blocking_send(()).is_err() {
                return;
            }
        }
    });
    lines
}

fn config(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        listen: ANYWHERE,
        limits: Limits {
            sessions_max: SESSIONS_MAX,
            ..Config::default().limits
        },
        ..Config::default()
    }
}

/// Tells whoever started this process how to connect, in one line.
fn say(
    config: &Config,
    address: SocketAddr,
    certificate_pem: &str,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let access = Access {
        address,
        certificate_pem: certificate_pem.to_owned(),
        token_key: config.token_key_path(),
        pid: std::process::id(),
        http: None,
    };
    let line = serde_json::to_string(&access)?;
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
