//! A whole server in one value: the engine on its log, and the dispatcher around it.
//!
//! `muster serve`, `muster demo` and `loadgen --embedded` all start this one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use dispatcher::{Dispatcher, Lots, Network, StartError, Stats};
use engine::io::{Disk, IoError, SystemClock};
use engine::log::LogOptions;
use engine::{Engine, OpenError, Recovered};
use jiff::Timestamp;
use protocol::token::{SigningKey, VerifyingKeys};
use tokio::sync::watch;

use crate::access::{Access, AccessError};
use crate::certificate::{Files, Shown, Watch};
use crate::clock::now_us;
use crate::config::Config;
use crate::http::Serving;
use crate::identity::{self, Identity, IdentityError};
use crate::priority;
use crate::stop::PortInUse;

/// The folder of the log inside the data folder.
const LOG_FOLDER: &str = "log";
/// The secret behind the seeds of lotteries, inside the data folder.
const LOTTERY_SECRET: &str = "lottery.secret";

/// How long a stop waits for a last snapshot, which makes the next start a quick one.
const LAST_SNAPSHOT_MAX: Duration = Duration::from_secs(1);

/// A running server.
pub struct Server {
    engine: Engine,
    dispatcher: Dispatcher,
    certificate: watch::Receiver<Shown>,
    look: mpsc::Sender<()>,
    watching: thread::JoinHandle<()>,
    address: SocketAddr,
    log: PathBuf,
    recovered: Recovered,
    recovery: Duration,
    takes_pages: bool,
    signing_key: SigningKey,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ServerError {
    /// The certificate, its key or the signing key cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Identity(#[from] IdentityError),
    /// The folder of the log cannot be used.
    #[error(transparent)]
    #[diagnostic(help("name another folder with `--data-dir`, or stop the server that uses it"))]
    Folder(#[from] IoError),
    /// The log cannot be opened.
    #[error(transparent)]
    #[diagnostic(help("`muster log verify DIR` examines a log without changing it"))]
    Log(#[from] OpenError),
    /// Another program listens there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    PortInUse(#[from] PortInUse),
    /// The dispatcher cannot start.
    #[error(transparent)]
    #[diagnostic(help("see `listen`, `tls.certificate` and `tls.key` in the configuration"))]
    Dispatcher(StartError),
    /// The system starts no thread.
    #[error("cannot start a thread: {0}; let this user have more of them")]
    Thread(#[from] std::io::Error),
    /// The server cannot be announced to this user's other commands.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl Server {
    /// Opens the log in the data folder and listens. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// A file, the log or the address cannot be used; nothing is left running.
    pub fn start(config: &Config) -> Result<Server, ServerError> {
        Server::start_beside(config, None)
    }

    /// As [`Server::start`], and announces the HTTP port that is open beside it.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub fn start_beside(config: &Config, http: Option<SocketAddr>) -> Result<Server, ServerError> {
        let now = Timestamp::from_microsecond(now_us()).unwrap_or_default();
        let identity = Identity::load_or_make(config, now)?;
        let lottery_secret = identity::lottery_secret(&config.data_dir.join(LOTTERY_SECRET))?;
        let log = config.data_dir.join(LOG_FOLDER);
        let storage = Disk::open(&log)?;
        let options = engine::Options {
            storage: Arc::new(storage),
            clock: Arc::new(SystemClock),
            log: LogOptions {
                segment_bytes: u64::from(config.log.segment_mib) << 20,
                // The lower half of a version 7 UUID is random.
                identity: uuid::Uuid::now_v7().as_u128() as u64,
                ..LogOptions::default()
            },
            snapshot_every_records: config.log.snapshot_every_records,
        };
        let priority = config.log.priority;
        let begun = Instant::now();
        let (engine, recovered) = Engine::open_on(options, move || {
            priority::apply(priority);
        })?;
        let recovery = begun.elapsed();
        let files = Files::new(config, &identity);
        let Identity {
            certificate_pem,
            chain,
            key,
            client_authorities,
            signing_key,
            previous_key,
            certificate_ends,
        } = identity;
        let shown = Shown::new(certificate_pem, &chain, certificate_ends);
        let options = dispatcher::Options {
            chain,
            key,
            tokens: VerifyingKeys::new(
                [signing_key.verifying_key()]
                    .into_iter()
                    .chain(previous_key),
            ),
            bound: config.tokens.bound,
            client_authorities,
            lots: Lots::new(&lottery_secret),
            clock: Arc::new(SystemClock),
            sessions_max: config.limits.sessions_max as usize,
            connections_per_minute: config.limits.connections_per_minute,
            origins: config.web.origins.clone(),
        };
        let started = Network::bind(config.listen, config.limits.shards).and_then(|network| {
            let address = network.local_address();
            let address = address.map_err(|source| StartError::Socket { source })?;
            let dispatcher = Dispatcher::start(engine.clone(), options, network)?;
            Ok((dispatcher, address))
        });
        let (dispatcher, address) = started.map_err(|error| {
            engine.close();
            refused(error)
        })?;
        let access = Access {
            address,
            certificate_pem: shown.pem.clone(),
            token_key: config.token_key_path(),
            pid: std::process::id(),
            http,
        };
        let (shown, certificate) = watch::channel(shown);
        let (look, asked) = mpsc::channel();
        let watch_over = || -> Result<_, ServerError> {
            let watch = Watch {
                files,
                certificates: dispatcher.certificates(),
                shown,
                announced: access.announce()?,
                access,
            };
            // It ends with the server, which holds the other end of the channel.
            let watching = thread::Builder::new().name("muster-cert".to_owned());
            Ok(watching.spawn(move || watch.run(&asked))?)
        };
        // The hub ends with its engine, and sends away whoever has come.
        let watching = watch_over().inspect_err(|_| engine.close())?;
        Ok(Server {
            engine,
            dispatcher,
            certificate,
            look,
            watching,
            address,
            log,
            recovered,
            recovery,
            takes_pages: !config.web.origins.is_empty(),
            signing_key,
        })
    }

    /// Where it listens (UDP).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was found in the log.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Running counts.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(self.dispatcher.stats())
    }

    /// What there is to see, for whoever looks after the server.
    pub fn serving(&self) -> Serving {
        Serving {
            engine: self.engine.clone(),
            stats: self.stats(),
            log: self.log.clone(),
            recovered: self.recovered.clone(),
            recovery: self.recovery,
            certificate: self.certificates(),
            web: self.takes_pages.then_some(self.address),
        }
    }

    /// The engine, for reading beside the sessions.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The certificate that it shows now.
    pub fn certificate(&self) -> Shown {
        self.certificate.borrow().clone()
    }

    /// Follows the certificate that it shows.
    pub fn certificates(&self) -> watch::Receiver<Shown> {
        self.certificate.clone()
    }

    /// Its certificate now, to be pinned.
    pub fn certificate_pem(&self) -> String {
        self.certificate().pem
    }

    /// Looks at once whether the files of the certificate have changed.
    pub fn look_at_certificate(&self) {
        // Whoever looks is gone only when the server is.
        let _ = self.look.send(());
    }

    /// Signs tokens for its sessions.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing_key
    }

    /// Waits until the server can no longer serve: the engine has stopped, and has said why in
    /// [`engine::Engine::health`].
    pub async fn ended(&mut self) {
        self.dispatcher.ended().await;
    }

    /// Sends every session away, settles what is in line, and closes the log.
    pub async fn stop(self) {
        self.dispatcher.stop().await;
        let engine = self.engine;
        // Closing waits for the engine thread's last sync.
        let close = move || engine.close_saved(LAST_SNAPSHOT_MAX);
        match tokio::task::spawn_blocking(close).await {
            Ok(true) => {}
            Ok(false) => tracing::info!("no last snapshot: the next start reads the log instead"),
            Err(error) => tracing::error!(%error, "the engine did not close"),
        }
        drop(self.look);
        // A watch that panicked has said so, and its announcement is gone with it.
        let _ = tokio::task::spawn_blocking(move || self.watching.join()).await;
    }
}

/// A taken address is by far the most frequent reason, and has its own way out.
fn refused(error: StartError) -> ServerError {
    match error {
        StartError::Bind { listen, source } if source.kind() == std::io::ErrorKind::AddrInUse => {
            PortInUse { address: listen }.into()
        }
        error => ServerError::Dispatcher(error),
    }
}
