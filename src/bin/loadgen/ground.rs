//! The server that is loaded: one of this machine, or one of this process.

use std::net::SocketAddr;
use std::path::PathBuf;

use loadgen::cli::LoadArgs;
use loadgen::storm::Target;
use loadgen::view::Probe;
use miette::{IntoDiagnostic, Result};
use muster::access::Access;
use muster::embedded::{DataFolder, probe, target, target_at};
use muster::identity::load_signing_key;
use muster::server::Server;

/// A server, and the way to it.
pub(crate) struct Ground {
    pub(crate) target: Target,
    /// The vital signs of a server of this process.
    pub(crate) probe: Option<Probe>,
    /// Its log.
    pub(crate) log: Option<PathBuf>,
    /// It and its folder, which goes away with it.
    embedded: Option<(Server, DataFolder)>,
}

impl Ground {
    /// Starts the server if it is to be one of this process, else finds it.
    pub(crate) fn prepare(load: &LoadArgs) -> Result<Ground> {
        if !load.embedded {
            return Ok(Ground {
                target: running(load)?,
                probe: None,
                log: None,
                embedded: None,
            });
        }
        let data = DataFolder::open(None).into_diagnostic()?;
        let config = data.config(SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = Server::start(&config)?;
        Ok(Ground {
            target: target(&server, &config)?,
            probe: Some(probe(&server)),
            log: Some(data.path().join("log")),
            embedded: Some((server, data)),
        })
    }

    /// Stops the server if it is one of this process.
    pub(crate) async fn leave(self) {
        if let Some((server, data)) = self.embedded {
            server.stop().await;
            drop(data);
        }
    }
}

/// The server that the flags name, or the one that runs on this machine.
fn running(load: &LoadArgs) -> Result<Target> {
    match (&load.certificate, &load.token_key) {
        (Some(certificate), Some(key)) => {
            let pem = muster::private_file::read_public(certificate)?;
            Ok(target_at(load.target, &pem, load_signing_key(key)?))
        }
        _ => {
            let access = Access::find(load.target.port()).into_diagnostic()?;
            let key = load_signing_key(&access.token_key)?;
            Ok(target_at(access.address, &access.certificate_pem, key))
        }
    }
}
