//! A server inside this process, for programs that put load on it: `muster demo` and
//! `loadgen storm --embedded`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use client::Trust;
use loadgen::storm::Target;
use loadgen::view::{Probe, Vitals};
use protocol::token::SigningKey;

use crate::config::Config;
use crate::identity::{self, IdentityError};
use crate::server::Server;

/// The commit this program was built from.
pub const COMMIT: &str = env!("MUSTER_COMMIT");

/// A data folder: one that is kept, or one that goes away with this value.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    is_temporary: bool,
}

impl DataFolder {
    /// The folder that was named, or a new temporary one.
    ///
    /// # Errors
    /// The temporary folder cannot be made.
    pub fn open(named: Option<&Path>) -> io::Result<DataFolder> {
        if let Some(path) = named {
            return Ok(DataFolder {
                path: path.to_owned(),
                is_temporary: false,
            });
        }
        let name = format!("muster-{}", uuid::Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        crate::private_file::make_folder(&path).map_err(io::Error::other)?;
        Ok(DataFolder {
            path,
            is_temporary: true,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes away.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// The configuration of a server that keeps everything here.
    pub fn config(&self, listen: std::net::SocketAddr) -> Config {
        Config {
            data_dir: self.path.clone(),
            listen,
            ..Config::default()
        }
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if self.is_temporary {
            // What cannot be removed is in the system's folder for such things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The server as load is put on it.
///
/// # Errors
/// The signing key cannot be read.
pub fn target(server: &Server, config: &Config) -> Result<Target, IdentityError> {
    let signing = identity::load_signing_key(&config.token_key_path())?;
    Ok(target_at(
        server.address(),
        &server.certificate_pem(),
        signing,
    ))
}

/// A server at `address` that proves itself with this certificate.
pub fn target_at(
    address: std::net::SocketAddr,
    certificate_pem: &str,
    signing: SigningKey,
) -> Target {
    Target {
        address,
        server_name: "localhost".to_owned(),
        trust: Trust::Certificate(certificate_pem.as_bytes().to_vec()),
        signing: Arc::new(signing),
        import_roster: true,
    }
}

/// The server's vital signs, for a view.
pub fn probe(server: &Server) -> Probe {
    let stats = server.stats();
    Arc::new(move || Vitals {
        log_sync_p50_us: stats.syncs().quantile_us(0.5),
        log_sync_p99_us: stats.syncs().quantile_us(0.99),
    })
}
