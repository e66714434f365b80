//! The dispatcher: QUIC sessions around an engine.
//!
//! ```text
//! endpoint ─▶ session (one task each: reads, asks, writes)
//!                │  accept, decline, release, punch: straight to the engine's gate and line
//!                │  everything else: to the hub
//!                ▼
//! engine ─▶ hub (a follower: applies, reacts, fans out, answers) ─▶ outgoing queue of each session
//! ```
//!
//! Reading order: [`limits`], `transport` for how QUIC is set up, `endpoint` for who gets in,
//! `session` for one conversation, `hub` for everything that is told, `hear` and `speak` for the
//! translation between the wire's words and the engine's.

mod afterwards;
mod ask;
mod endpoint;
mod frame;
mod hear;
mod hub;
mod jobs;
mod lots;
mod members;
mod network;
mod outgoing;
mod recent;
mod session;
mod speak;
mod stats;
mod transport;

pub mod limits;

use std::net::SocketAddr;
use std::sync::Arc;

use engine::Engine;
use engine::io::Clock;
use protocol::token::VerifyingKeys;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use crate::afterwards::{mended, message, note};
pub use crate::lots::Lots;
pub use crate::network::Network;
pub use crate::speak::{board_row, clause, clause_name, flagged_clause, period, refused, segments};
pub use crate::stats::{Answered, Handshake, Spread, Stats};

use crate::ask::Desk;
use crate::hub::{Hub, ToHub};

/// What a dispatcher is started with.
pub struct Options {
    /// The certificate and those that vouch for it, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate's private key.
    pub key: PrivateKeyDer<'static>,
    /// The keys that tokens may be signed with.
    pub tokens: VerifyingKeys,
    /// The seeds of lotteries.
    pub lots: Lots,
    /// Tells the time to sessions: token expiry, deadlines.
    pub clock: Arc<dyn Clock>,
    /// Sessions held at most.
    pub sessions_max: usize,
}

/// Why a dispatcher could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on udp {listen}: {source}")]
    Bind {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket is of no use.
    #[error("the socket that was given cannot be listened on: {source}")]
    Socket {
        /// What it said.
        source: std::io::Error,
    },
    /// The certificate or its key is not usable.
    #[error("the certificate or its key cannot be used: {what}")]
    Tls {
        /// What is wrong.
        what: String,
    },
    /// The engine has ended.
    #[error("the engine has ended and cannot be followed")]
    EngineEnded,
}

/// A running dispatcher.
pub struct Dispatcher {
    endpoint: quinn::Endpoint,
    stats: Arc<Stats>,
    desk: Arc<Desk>,
    hub: mpsc::Sender<ToHub>,
    hub_task: JoinHandle<()>,
    accept_task: JoinHandle<()>,
}

/// Whether a certificate and its key can be used, and belong to each other.
///
/// # Errors
/// [`StartError::Tls`] says what is wrong.
pub fn examine(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(), StartError> {
    transport::server_config(chain, key).map(drop)
}

impl Dispatcher {
    /// Starts listening on `network`. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// If the certificate, the socket or the engine cannot be used.
    pub fn start(
        engine: Engine,
        options: Options,
        network: Network,
    ) -> Result<Dispatcher, StartError> {
        let config = transport::endpoint_config(&options.key, network.seed);
        let server = transport::server_config(options.chain, options.key)?;
        let Network {
            socket, runtime, ..
        } = network;
        let endpoint =
            quinn::Endpoint::new_with_abstract_socket(config, Some(server), socket, runtime)
                .map_err(|source| StartError::Socket { source })?;
        let follower = engine.follow().ok_or(StartError::EngineEnded)?;
        let stats = Arc::new(Stats::default());
        let (hub, heard) = mpsc::channel(limits::HUB_QUEUE_MAX);
        let desk = Arc::new(Desk::new(
            engine,
            follower.outbox(),
            options.clock,
            options.lots,
            Arc::clone(&stats),
        ));
        let hub_task = Hub::new(follower, Arc::clone(&desk)).run(heard);
        let shell = session::Shell {
            desk: Arc::clone(&desk),
            hub: hub.clone(),
            tokens: Arc::new(options.tokens),
            sessions_max: options.sessions_max,
        };
        let accept_task = endpoint::accept(endpoint.clone(), shell);
        let (hub_task, accept_task) = (tokio::spawn(hub_task), tokio::spawn(accept_task));
        Ok(Dispatcher {
            endpoint,
            stats,
            desk,
            hub,
            hub_task,
            accept_task,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If the system no longer knows the socket.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Running counts.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// Waits until nobody can be told anything any more, because the engine has ended or could
    /// not be followed. A server that outlived this would take requests and answer none.
    pub async fn ended(&mut self) {
        // A hub that panicked has ended as well.
        let _ = (&mut self.hub_task).await;
    }

    /// Takes nobody new in, answers who is in line, tells every session to come back later, waits
    /// for them to hear it, and ends: within [`limits::STOP_DEADLINE`] and
    /// [`limits::CLOSE_DEADLINE`].
    pub async fn stop(self) {
        self.endpoint.set_server_config(None);
        // Sessions that do not take leave in time are cut off; they resume elsewhere or later.
        let _ = tokio::time::timeout(limits::STOP_DEADLINE, self.take_leave()).await;
        self.endpoint.close(quinn::VarInt::from_u32(0), b"stopping");
        let _ = tokio::time::timeout(limits::CLOSE_DEADLINE, self.endpoint.wait_idle()).await;
        self.hub_task.abort();
        self.accept_task.abort();
    }

    async fn take_leave(&self) {
        self.desk.drain();
        let answered = until(|| self.desk.is_quiet());
        // An engine that does not answer is no reason to keep sessions waiting for a goodbye.
        let _ = tokio::time::timeout(limits::ANSWERS_DEADLINE, answered).await;
        // A hub that has ended with its engine has told everybody already.
        let _ = self.hub.send(ToHub::Stop).await;
        until(|| self.stats.sessions() == 0).await;
    }
}

/// Waits until it is so.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(limits::LOOK_AGAIN).await;
    }
}
