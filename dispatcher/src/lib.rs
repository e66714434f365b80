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
mod arrivals;
mod ask;
mod certificates;
mod certified;
mod chance;
mod denials;
mod door;
mod endpoint;
mod frame;
mod hear;
mod hub;
mod jobs;
mod line;
mod load;
mod lots;
mod members;
mod names;
mod network;
mod opaque;
mod recent;
mod session;
mod shard;
mod speak;
mod station;
mod stats;
mod steer;
mod transport;
mod web;

pub mod limits;

use std::net::SocketAddr;
use std::sync::Arc;

use engine::Engine;
use engine::io::Clock;
use protocol::session::Rate;
use protocol::token::VerifyingKeys;
use ring::rand::SecureRandom;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use crate::afterwards::{mended, message, note};
pub use crate::certificates::Certificates;
pub use crate::lots::Lots;
pub use crate::network::Network;
pub use crate::speak::{board_row, clause, clause_name, flagged_clause, period, refused, segments};
pub use crate::stats::{Answered, Handshake, Spread, Stats};
pub use crate::transport::crypto_provider;
pub use crate::web::{OriginError, Origins};

use crate::ask::Desk;
use crate::door::Door;
use crate::hub::{Hub, Said, ToHub};
use crate::load::Load;
use crate::network::{Claim, Kind};
use crate::opaque::Opaque;
use crate::session::Shell;
use crate::shard::Shard;
use crate::station::{Open, Station};
use crate::steer::Bag;

/// What a dispatcher is started with.
pub struct Options {
    /// The certificate and those that vouch for it, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate's private key.
    pub key: PrivateKeyDer<'static>,
    /// Whose client certificates are taken; without any, none is asked for.
    pub client_authorities: Vec<CertificateDer<'static>>,
    /// The keys that tokens may be signed with.
    pub tokens: VerifyingKeys,
    /// Which of them must be bound to a device.
    pub bound: Bound,
    /// The seeds of lotteries.
    pub lots: Lots,
    /// Tells the time to sessions: token expiry, deadlines.
    pub clock: Arc<dyn Clock>,
    /// Sessions held at most.
    pub sessions_max: usize,
    /// Connections that one address may begin a minute, and at once.
    pub connections_per_minute: u32,
    /// The web pages that may open sessions.
    pub origins: Origins,
}

/// Which tokens must be bound to a device. What is bound is examined in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bound {
    /// None must be.
    #[default]
    Optional,
    /// Those of native clients; a browser cannot prove that a device is at its end of a connection.
    Native,
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
    stations: Vec<Open>,
    client_authorities: Vec<CertificateDer<'static>>,
    claim: Option<Claim>,
    stats: Arc<Stats>,
    desk: Arc<Desk>,
    hub: mpsc::Sender<Said>,
    hub_task: JoinHandle<()>,
}

/// Whether a certificate and its key can be used, and belong to each other.
///
/// # Errors
/// [`StartError::Tls`] says what is wrong.
pub fn examine(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(), StartError> {
    transport::server_config(chain, key, Vec::new()).map(drop)
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
        let stats = Arc::new(Stats::default());
        let follower = engine.follow().ok_or(StartError::EngineEnded)?;
        let (hub, heard) = mpsc::channel(limits::HUB_QUEUE_MAX);
        let (count, given_seed) = match &network.0 {
            Kind::System(sockets, _) => (sockets.len(), None),
            Kind::Given { seed, .. } => (1, Some(*seed)),
        };
        let seed = given_seed.unwrap_or_else(drawn_seed);
        let shards =
            (0..count).map(|index| Shard::new(Arc::clone(&stats), seed.wrapping_add(index as u64)));
        let shards: Vec<Shard> = shards.collect();
        let ways: Vec<_> = shards.iter().map(Shard::way).collect();
        let desk = Arc::new(Desk::new(
            engine,
            follower.outbox(),
            options.clock,
            options.lots,
            Arc::clone(&stats),
            Load::new(ways.clone()),
        ));
        let (tokens, opaque) = (Arc::new(options.tokens), Arc::new(Opaque::new()));
        let server = transport::server_config(
            options.chain,
            options.key.clone_key(),
            options.client_authorities.clone(),
        )?;
        let origins = Arc::new(options.origins);
        let connections = Rate {
            burst: options.connections_per_minute,
            per_minute: options.connections_per_minute,
        };
        let door = Arc::new(Door::new(connections, limits::NEWCOMERS_MAX));
        let stations = (0_u8..).zip(shards).map(|(index, shard)| {
            let named = (count > 1).then_some(index);
            Station {
                config: transport::endpoint_config(&options.key, named, given_seed),
                server: server.clone(),
                shell: Shell {
                    desk: Arc::clone(&desk),
                    hub: hub.clone(),
                    tokens: Arc::clone(&tokens),
                    bound: options.bound,
                    opaque: Arc::clone(&opaque),
                    sessions_max: options.sessions_max,
                    door: Arc::clone(&door),
                    origins: Arc::clone(&origins),
                    shard: shard.way(),
                },
                shard,
            }
        });
        let failed = |source| StartError::Socket { source };
        let (stations, claim) = open(stations, network).map_err(failed)?;
        let hub_task = tokio::spawn(Hub::new(follower, Arc::clone(&desk), ways).run(heard));
        Ok(Dispatcher {
            stations,
            client_authorities: options.client_authorities,
            claim,
            stats,
            desk,
            hub,
            hub_task,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If the system no longer knows the socket.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.stations[0].endpoint.local_addr()
    }

    /// Where another certificate can be put in place.
    pub fn certificates(&self) -> Certificates {
        let endpoints = self.stations.iter().map(|station| &station.endpoint);
        Certificates {
            endpoints: endpoints.cloned().collect(),
            client_authorities: self.client_authorities.clone(),
        }
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
        for station in &self.stations {
            station.endpoint.set_server_config(None);
        }
        // Sessions that do not take leave in time are cut off; they resume elsewhere or later.
        let _ = tokio::time::timeout(limits::STOP_DEADLINE, self.take_leave()).await;
        for station in &self.stations {
            let endpoint = &station.endpoint;
            endpoint.close(quinn::VarInt::from_u32(0), b"stopping");
        }
        let closed = async {
            for station in &self.stations {
                station.endpoint.wait_idle().await;
            }
        };
        let _ = tokio::time::timeout(limits::CLOSE_DEADLINE, closed).await;
        self.hub_task.abort();
        for station in self.stations {
            station.close().await;
        }
        drop(self.claim);
    }

    async fn take_leave(&self) {
        self.desk.drain();
        let answered = until(|| self.desk.is_quiet());
        // An engine that does not answer is no reason to keep sessions waiting for a goodbye.
        let _ = tokio::time::timeout(limits::ANSWERS_DEADLINE, answered).await;
        // A hub that has ended with its engine has told everybody already.
        let at_us = self.desk.now_us();
        let what = ToHub::Stop;
        let _ = self.hub.send(Said { at_us, what }).await;
        until(|| self.stats.sessions() == 0).await;
    }
}

/// Waits until it is so.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(limits::LOOK_AGAIN).await;
    }
}

fn open(
    mut stations: impl Iterator<Item = Station>,
    network: Network,
) -> std::io::Result<(Vec<Open>, Option<Claim>)> {
    match network.0 {
        Kind::System(sockets, claim) => {
            let bags: Arc<[Bag]> = sockets.iter().map(|_| Bag::default()).collect();
            let pairs = stations.zip(sockets).enumerate();
            let opened = pairs.map(|(index, (station, socket))| {
                station.open_on_thread(index, socket, Arc::clone(&bags))
            });
            Ok((opened.collect::<Result<_, _>>()?, claim))
        }
        Kind::Given {
            socket, runtime, ..
        } => {
            let station = stations.next().into_iter();
            let opened =
                station.map(|station| station.open_here(Arc::clone(&socket), Arc::clone(&runtime)));
            Ok((opened.collect::<Result<_, _>>()?, None))
        }
    }
}

/// Nobody outside can know it, and so nobody can know who is written to first.
fn drawn_seed() -> u64 {
    let mut seed = [0; 8];
    let drawn = ring::rand::SystemRandom::new().fill(&mut seed);
    drawn.expect("the system has random numbers, or TLS could not be spoken");
    u64::from_le_bytes(seed)
}
