//! Which server a command talks to, and as whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::Role;
use protocol::token::{DeviceKey, DevicePublicKey, LIFETIME_MAX_S, SigningKey, TokenError};

use crate::access::{Access, AccessError};
use crate::cli::{HttpArgs, ReachArgs};
use crate::clock;
use crate::config::{ConfigError, Settings, Sources};
use crate::identity::{self, IdentityError};
use crate::private_file::{self, PrivateFileError};

/// The subject of tokens that commands issue for themselves.
const SUBJECT: &str = "command-line";

/// A server, and the right to speak with it.
#[derive(Clone)]
pub struct Reach {
    /// Where it listens.
    pub address: SocketAddr,
    /// The name it is addressed by.
    pub server_name: String,
    /// The certificate it must show, PEM.
    pub certificate_pem: String,
    /// Gives a token that is good now.
    pub token: Arc<dyn Fn() -> String + Send + Sync>,
    /// The device that the tokens are bound to, if they are bound to one.
    pub device: Option<Arc<DeviceKey>>,
}

/// Why a server cannot be reached.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReachError {
    /// No server of this user runs here, or its announcement is of no use.
    #[error(transparent)]
    NoServer(#[from] AccessError),
    /// The configuration is not right.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] PrivateFileError),
    /// The signing key cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Identity(#[from] IdentityError),
    /// The server has no port to look at it.
    #[error("the server has no HTTP port")]
    #[diagnostic(help("set `http.listen` in its configuration, such as 127.0.0.1:9464"))]
    NoHttp,
    /// The address makes no sense.
    #[error("`{written}` is not an address")]
    #[diagnostic(help("write it with its port, such as 127.0.0.1:7710"))]
    Address {
        /// What was written.
        written: String,
    },
    /// No token can be issued.
    #[error("no token can be issued: {0}")]
    #[diagnostic(help("see that the agency is a code such as tucson"))]
    Token(#[from] TokenError),
}

impl Reach {
    /// Finds the server: what a flag or variable names, else what the configuration file says,
    /// else the server that this user runs on this machine.
    ///
    /// # Errors
    /// There is none, or a file that is needed cannot be read.
    pub fn find(args: &ReachArgs) -> Result<Reach, ReachError> {
        let found = Found::of(args.config.as_deref(), args.server.as_deref(), || {
            let named_certificate = args.certificate.is_some();
            let named_key = args.token_key.is_some() || args.token.is_some();
            args.server.is_some() && named_certificate && named_key
        })?;
        let address = match &args.server {
            Some(written) => resolve(written)?,
            None => reachable(found.address()?),
        };
        let certificate_pem = match &args.certificate {
            Some(path) => private_file::read_public(path)?,
            None => found.certificate_pem()?,
        };
        let (token, device) = match &args.token {
            Some(token) => (said(token.clone()), own_device(args)?),
            None => {
                let path = match &args.token_key {
                    Some(path) => path.clone(),
                    None => found.token_key()?,
                };
                // A key of its own, used once: the token is worth nothing outside this command.
                let device = Arc::new(DeviceKey::generate());
                let key = identity::load_signing_key(&path)?;
                let token = issued(key, args.agency.clone(), device.public())?;
                (token, Some(device))
            }
        };
        let server_name = args.server.as_deref().map_or("localhost", host).to_owned();
        Ok(Reach {
            address,
            server_name,
            certificate_pem,
            token,
            device,
        })
    }
}

/// The file of the signing key of the server that these flags name.
///
/// # Errors
/// No server runs here, or the configuration is not right.
pub fn token_key(config: Option<&Path>) -> Result<PathBuf, ReachError> {
    Found::of(config, None, || false)?.token_key()
}

/// The HTTP port of the server that these flags name.
///
/// # Errors
/// No server runs here, it has no such port, or the configuration is not right.
pub fn http(args: &HttpArgs) -> Result<SocketAddr, ReachError> {
    if let Some(address) = args.http {
        return Ok(address);
    }
    let listens = match Found::of(args.config.as_deref(), None, || false)? {
        Found::Config(settings) => settings.config.http.listen,
        Found::Running(access) => access.http,
        Found::Nothing => None,
    };
    listens.map(reachable).ok_or(ReachError::NoHttp)
}

/// What holds for a command that was given this configuration file.
///
/// # Errors
/// The file or a variable is not right.
pub fn settings(file: Option<&Path>) -> Result<Settings, ConfigError> {
    Settings::resolve(&Sources {
        file: file.map(Path::to_owned),
        environment: &|name| std::env::var(name).ok(),
        flags: Vec::new(),
    })
}

/// Where the answers come from that no flag gives.
enum Found {
    Config(Box<Settings>),
    Running(Box<Access>),
    Nothing,
}

impl Found {
    fn of(
        config: Option<&Path>,
        server: Option<&str>,
        complete: impl Fn() -> bool,
    ) -> Result<Found, ReachError> {
        if config.is_some() {
            return Ok(Found::Config(Box::new(settings(config)?)));
        }
        if complete() {
            return Ok(Found::Nothing);
        }
        let port = match server {
            Some(written) => resolve(written)?.port(),
            None => settings(None)?.config.listen.port(),
        };
        Ok(Found::Running(Box::new(Access::find(port)?)))
    }

    fn address(&self) -> Result<SocketAddr, ReachError> {
        match self {
            Found::Config(settings) => Ok(settings.config.listen),
            Found::Running(access) => Ok(access.address),
            Found::Nothing => Err(AccessError::NotFound {
                port: protocol::PORT,
            }
            .into()),
        }
    }

    fn certificate_pem(&self) -> Result<String, ReachError> {
        match self {
            Found::Config(settings) => Ok(private_file::read_public(
                &settings.config.certificate_path(),
            )?),
            Found::Running(access) => Ok(access.certificate_pem.clone()),
            Found::Nothing => Err(AccessError::NotFound {
                port: protocol::PORT,
            }
            .into()),
        }
    }

    fn token_key(&self) -> Result<PathBuf, ReachError> {
        match self {
            Found::Config(settings) => Ok(settings.config.token_key_path()),
            Found::Running(access) => Ok(access.token_key.clone()),
            Found::Nothing => Err(AccessError::NotFound {
                port: protocol::PORT,
            }
            .into()),
        }
    }
}

/// A server that listens everywhere is reached through the loopback address.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn resolve(written: &str) -> Result<SocketAddr, ReachError> {
    let resolved = written
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| ReachError::Address {
        written: written.to_owned(),
    })
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host(written: &str) -> &str {
    let host = written.rsplit_once(':').map_or(written, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The device that a token is bound to that was given, if it is bound to one.
fn own_device(args: &ReachArgs) -> Result<Option<Arc<DeviceKey>>, ReachError> {
    let load = |path: &PathBuf| identity::load_device_key(path).map(Arc::new);
    Ok(args.device_key.as_ref().map(load).transpose()?)
}

fn said(token: String) -> Arc<dyn Fn() -> String + Send + Sync> {
    Arc::new(move || token.clone())
}

/// Issues a token whenever one is needed: an operator's or, for one agency, a coordinator's.
fn issued(
    key: SigningKey,
    agency: Option<String>,
    device: DevicePublicKey,
) -> Result<Arc<dyn Fn() -> String + Send + Sync>, TokenError> {
    let role = if agency.is_some() {
        Role::Coordinator
    } else {
        Role::Operator
    };
    let issue = move || {
        key.issue_bound(
            role,
            SUBJECT,
            agency.as_deref(),
            clock::now_us(),
            LIFETIME_MAX_S,
            Some(device),
        )
    };
    // Whether a token can be issued depends on the agency's name only, so it is tried once here.
    issue()?;
    // An empty token is refused by the server with a sentence that says so.
    Ok(Arc::new(move || issue().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::identity::Identity;
    use crate::scratch::Scratch;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_here() {
        let reached = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:7710"), "127.0.0.1:7710");
        assert_eq!(reached("[::]:1"), "[::1]:1");
        assert_eq!(reached("10.0.0.1:1"), "10.0.0.1:1");
    }

    #[test]
    fn the_host_is_told_from_the_port() {
        assert_eq!(host("example.org:7710"), "example.org");
        assert_eq!(host("[::1]:7710"), "::1");
    }

    #[test]
    fn explicit_flags_need_no_running_server() {
        let scratch = Scratch::new();
        let config = Config {
            data_dir: scratch.path().to_owned(),
            ..Config::default()
        };
        let now = jiff::Timestamp::constant(1_795_000_000, 0);
        let identity = Identity::load_or_make(&config, now).unwrap();
        let args = ReachArgs {
            server: Some("127.0.0.1:9".to_owned()),
            certificate: Some(config.certificate_path()),
            token_key: Some(config.token_key_path()),
            agency: Some("mesa".to_owned()),
            ..ReachArgs::default()
        };
        let reach = Reach::find(&args).unwrap();
        assert_eq!(reach.address.to_string(), "127.0.0.1:9");
        assert_eq!(reach.certificate_pem, identity.certificate_pem);
        let keys = protocol::token::VerifyingKeys::new([identity.signing_key.verifying_key()]);
        let claims = keys.verify(&(reach.token)(), clock::now_us()).unwrap();
        assert_eq!(
            (claims.role, claims.agency.as_deref()),
            (Role::Coordinator, Some("mesa"))
        );
    }

    #[test]
    fn a_configuration_file_says_everything() {
        let scratch = Scratch::new();
        let file = scratch.path().join("muster.toml");
        std::fs::write(&file, "listen = \"0.0.0.0:4433\"\ndata_dir = \"state\"\n").unwrap();
        let settings = settings(Some(&file)).unwrap();
        let now = jiff::Timestamp::constant(1_795_000_000, 0);
        let identity = Identity::load_or_make(&settings.config, now).unwrap();
        let args = ReachArgs {
            config: Some(file),
            ..ReachArgs::default()
        };
        let reach = Reach::find(&args).unwrap();
        assert_eq!(reach.address.to_string(), "127.0.0.1:4433");
        assert_eq!(reach.server_name, "localhost");
        assert_eq!(reach.certificate_pem, identity.certificate_pem);
    }
}
