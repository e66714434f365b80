//! How QUIC is set up: every window and stream limit on purpose.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    EndpointConfig, IdleTimeout, NoneTokenLog, TransportConfig, ValidationTokenConfig, VarInt,
};
use quinn_proto::{ConnectionId, ConnectionIdGenerator};
use ring::rand::SecureRandom;
use rustls::CipherSuite;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use socket2::{Domain, Protocol, Socket, Type};

use crate::chance::Chance;
use crate::limits::SOCKET_BUFFER_BYTES;
use crate::{StartError, certified, web};

/// Streams a client may open both ways: one carries the conversation, browsers need a few more.
const BIDI_STREAMS: u32 = 8;
/// Streams a client may open one way: browsers abort the handshake below 3.
const UNI_STREAMS: u32 = 3;
/// Unread bytes of one stream: the longest frame of an officer. Half of that would do for officers
/// but would make a coordinator's import take twice as many round trips.
const STREAM_WINDOW: u32 = 16 << 10;
/// Unread bytes of one connection. Only one stream is ever read, so more would be a present to
/// whoever fills the others.
const CONNECTION_WINDOW: u32 = 16 << 10;
/// Unacknowledged bytes to one client.
const SEND_WINDOW: u64 = 64 << 10;
/// Handshake bytes buffered.
const CRYPTO_BUFFER: usize = 8 << 10;
/// A session that is silent for this long is gone; clients keep theirs alive.
const IDLE: Duration = Duration::from_secs(60);
/// Round trip assumed before one is measured.
const INITIAL_RTT: Duration = Duration::from_millis(100);
/// Time between two stateless resets: 5,000 a second bring a full house back within seconds, and
/// are no weapon.
const RESET_INTERVAL_MIN: Duration = Duration::from_micros(200);
/// Bytes of a connection id: random, but for the one that may name a shard, because a shorter one
/// collides when Retry is used.
const CONNECTION_ID_LEN: usize = 8;

/// The cryptography of every handshake. AES-256 is left out: its suite hashes with SHA-384, for
/// which most processors have no instructions, and that is a fifth of what TLS takes. Every peer
/// speaks AES-128 as well (RFC 8446, section 9.1).
pub fn crypto_provider() -> CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    let left_out = CipherSuite::TLS13_AES_256_GCM_SHA384;
    provider
        .cipher_suites
        .retain(|suite| suite.suite() != left_out);
    provider
}

/// The server's side of TLS and QUIC.
pub(crate) fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_authorities: Vec<CertificateDer<'static>>,
) -> Result<quinn::ServerConfig, StartError> {
    let provider = Arc::new(crypto_provider());
    let clients = certified::verifier(client_authorities, &provider)?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|source| StartError::Tls {
            what: source.to_string(),
        })?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .map_err(|source| StartError::Tls {
            what: source.to_string(),
        })?;
    tls.alpn_protocols = vec![protocol::ALPN.to_vec(), web::ALPN.to_vec()];
    // Early data can be replayed, and an accept must not be.
    tls.max_early_data_size = 0;
    // A session that is resumed would bring back a client certificate that may have ended since.
    tls.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    let crypto = QuicServerConfig::try_from(tls).map_err(|source| StartError::Tls {
        what: source.to_string(),
    })?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(transport_config()));
    config.migration(true);
    // No address is remembered from one connection to the next: each proves itself when that is
    // asked of it, and nothing is kept for those that do not come back.
    let mut tokens = ValidationTokenConfig::default();
    tokens.sent(0).log(Arc::new(NoneTokenLog));
    config.validation_token_config(tokens);
    Ok(config)
}

fn transport_config() -> TransportConfig {
    let mut transport = TransportConfig::default();
    let idle = IdleTimeout::try_from(IDLE).expect("a minute is a valid idle time");
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDI_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .crypto_buffer_size(CRYPTO_BUFFER)
        .max_idle_timeout(Some(idle))
        .initial_rtt(INITIAL_RTT)
        .mtu_discovery_config(None)
        .send_fairness(false)
        .datagram_receive_buffer_size(None)
        .allow_spin(false);
    transport
}

/// Ids of connections: random, of a length that does not collide. And the key of stateless resets,
/// derived from the certificate's key: a server that was killed and started again tells the
/// sessions of its former life at once that they are gone, instead of leaving each of them to
/// find out by silence.
pub(crate) fn endpoint_config(
    key: &PrivateKeyDer<'_>,
    shard: Option<u8>,
    seed: Option<u64>,
) -> EndpointConfig {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    digest.update(b"muster stateless reset");
    digest.update(key.secret_der());
    let reset_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, digest.finish().as_ref());
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    config.min_reset_interval(RESET_INTERVAL_MIN);
    config.cid_generator(move || {
        Box::new(Ids {
            shard,
            chance: seed.map(Chance::new),
        })
    });
    config.rng_seed(seed.map(|seed| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes
    }));
    config
}

/// Draws the ids of connections.
struct Ids {
    /// The first byte, where several shards share a port.
    shard: Option<u8>,
    /// What they follow from, where they follow from a seed.
    chance: Option<Chance>,
}

impl Ids {
    fn draw(&mut self) -> [u8; CONNECTION_ID_LEN] {
        let mut id = [0; CONNECTION_ID_LEN];
        match &mut self.chance {
            Some(chance) => id = chance.draw().to_le_bytes(),
            None => {
                let drawn = ring::rand::SystemRandom::new().fill(&mut id);
                drawn.expect("the system has random numbers, or TLS would not have started");
            }
        }
        id
    }
}

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = self.draw();
        if let Some(shard) = self.shard {
            id[0] = shard;
        }
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID_LEN
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Whose port it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// One socket's.
    Own,
    /// Shared between the sockets of several shards.
    Shared,
}

/// A UDP socket at `listen` with buffers as large as the system allows.
pub(crate) fn bind(listen: SocketAddr, port: Port) -> std::io::Result<UdpSocket> {
    let domain = Domain::for_address(listen);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    // The system may grant less; that costs packets in a herd, never correctness.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_reuse_port(port == Port::Shared)?;
    socket.bind(&listen.into())?;
    Ok(socket.into())
}
