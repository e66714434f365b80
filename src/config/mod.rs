//! Configuration: what holds, and where it came from.
//!
//! Every setting is one [`Key`] of the table [`KEYS`]; the file, the environment, the flags, the
//! file that `muster init` writes and `muster config print` all go through that table. A flag
//! wins over an environment variable, that over the file, that over the default.

mod error;
mod file;
mod keys;
mod template;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use dispatcher::{Bound, Origins};

use crate::priority::Priority;

pub use error::{ConfigError, FileProblems, Located};
pub use keys::{KEYS, Key};
pub use template::template;

/// The file that is read when none is named, if it exists.
pub const FILE_NAME: &str = "muster.toml";

/// The TCP port at which metrics are read unless the configuration says otherwise.
pub const HTTP_PORT: u16 = 9464;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Folder of the log, snapshots and keys.
    pub data_dir: PathBuf,
    /// Where sessions connect (UDP).
    pub listen: SocketAddr,
    /// How the program's own log lines look.
    pub log_format: LogFormat,
    /// The port for whoever looks after the server.
    pub http: Http,
    /// The server's certificate.
    pub tls: Tls,
    /// Browsers.
    pub web: Web,
    /// Session tokens.
    pub tokens: Tokens,
    /// The write-ahead log.
    pub log: Log,
    /// Bounds.
    pub limits: Limits,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

/// The port for whoever looks after the server: `/metrics`, `/healthz`, `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    /// Where it listens (TCP); none: nowhere.
    pub listen: Option<SocketAddr>,
    /// Whether it may be reached from other machines.
    pub exposed: bool,
}

/// The server's certificate. Where a path is not set, the file stands in the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the certificate chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
    /// PEM file with the authorities whose client certificates are taken.
    pub client_ca: Option<PathBuf>,
}

/// Browsers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Web {
    /// The pages that may open sessions.
    pub origins: Origins,
}

/// Session tokens. Where the path is not set, the file stands in the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The key that signs session tokens.
    pub key: Option<PathBuf>,
    /// A key whose tokens are still good, during a rotation.
    pub previous: Option<PathBuf>,
    /// Which tokens must be bound to a device.
    pub bound: Bound,
}

/// The write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// Size at which a new segment begins, in MiB.
    pub segment_mib: u32,
    /// Records between two snapshots.
    pub snapshot_every_records: u64,
    /// How the thread that settles and writes is scheduled.
    pub priority: Priority,
}

/// Bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions held at once; the next one is sent away.
    pub sessions_max: u32,
    /// Connections that one address may begin a minute, and at once.
    pub connections_per_minute: u32,
    /// Threads that write to sessions, each with a socket of its own on the one port.
    pub shards: NonZeroU8,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data_dir: PathBuf::from("muster-data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, protocol::PORT)),
            log_format: LogFormat::Text,
            http: Http {
                listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, HTTP_PORT))),
                exposed: false,
            },
            tls: Tls {
                certificate: None,
                key: None,
                client_ca: None,
            },
            tokens: Tokens {
                key: None,
                previous: None,
                bound: Bound::Optional,
            },
            web: Web::default(),
            log: Log {
                segment_mib: 64,
                snapshot_every_records: 100_000,
                priority: Priority::Normal,
            },
            limits: Limits {
                sessions_max: 65_536,
                connections_per_minute: dispatcher::limits::CONNECTIONS_PER_MINUTE,
                shards: NonZeroU8::MIN,
            },
        }
    }
}

impl Config {
    /// PEM file with the server's certificate chain.
    pub fn certificate_path(&self) -> PathBuf {
        self.tls
            .certificate
            .clone()
            .unwrap_or_else(|| self.data_dir.join("certificate.pem"))
    }

    /// PEM file with the private key of the certificate.
    pub fn certificate_key_path(&self) -> PathBuf {
        self.tls
            .key
            .clone()
            .unwrap_or_else(|| self.data_dir.join("certificate.key"))
    }

    /// The key that signs session tokens.
    pub fn token_key_path(&self) -> PathBuf {
        self.tokens
            .key
            .clone()
            .unwrap_or_else(|| self.data_dir.join("token.key"))
    }
}

/// Where settings come from.
pub struct Sources<'a> {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Looks up an environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Flags of the command line: how the flag was written, the key's path, the value.
    pub flags: Vec<(String, String, String)>,
}

/// What holds, with the origin of every key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What holds.
    pub config: Config,
    origins: BTreeMap<&'static str, Origin>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said otherwise.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable of this name.
    Environment(String),
    /// A flag, as it was written.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => f.write_str(name),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

impl Settings {
    /// Brings the sources together, the weakest first.
    ///
    /// # Errors
    /// The file cannot be read or holds something unknown or malformed; an environment variable
    /// or a flag is malformed or names no key.
    pub fn resolve(sources: &Sources<'_>) -> Result<Settings, ConfigError> {
        let mut settings = Settings {
            config: Config::default(),
            origins: KEYS.iter().map(|key| (key.path, Origin::Default)).collect(),
        };
        if let Some(path) = &sources.file {
            settings.take_file(path)?;
        }
        for key in KEYS {
            let name = key.environment();
            let Some(value) = (sources.environment)(&name) else {
                continue;
            };
            settings.take(key, &value, &name, Origin::Environment(name.clone()))?;
        }
        for (flag, path, value) in &sources.flags {
            let key = keys::find(path).ok_or_else(|| ConfigError::unknown(flag, path))?;
            settings.take(key, value, flag, Origin::Flag(flag.clone()))?;
        }
        Ok(settings)
    }

    /// Whether nobody set the key of this path.
    pub fn is_default(&self, path: &str) -> bool {
        self.origins
            .get(path)
            .is_none_or(|origin| *origin == Origin::Default)
    }

    /// Where the value of a key came from.
    pub fn origin(&self, key: &Key) -> &Origin {
        self.origins.get(key.path).unwrap_or(&Origin::Default)
    }

    fn take_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        // The data folder stands beside the file, wherever the command runs.
        self.config.data_dir = folder.join(&self.config.data_dir);
        let lines = file::read(&path.display().to_string(), &text, folder, &mut self.config)?;
        for (key, line) in lines {
            self.origins.insert(
                key.path,
                Origin::File {
                    path: path.to_owned(),
                    line,
                },
            );
        }
        Ok(())
    }

    fn take(
        &mut self,
        key: &Key,
        value: &str,
        by: &str,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        // Outside of a file, relative paths begin where the command runs.
        (key.set)(&mut self.config, value, Path::new("")).map_err(|expected| {
            ConfigError::Value {
                by: by.to_owned(),
                value: value.to_owned(),
                expected,
            }
        })?;
        self.origins.insert(key.path, origin);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
