//! The floor of a handshake: rustls talking to itself in memory, and a signature checked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatcher::crypto_provider;
use protocol::Role;
use protocol::token::{SigningKey, VerifyingKeys};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls::client::Resumption;
use rustls::quic::{ClientConnection, KeyChange, ServerConnection, Version};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::super::BenchError;
use super::super::floor::median;
use crate::clock::now_us;
use crate::identity::Identity;

/// Flights in which a handshake is over on both sides.
const FLIGHTS_MAX: usize = 4;
/// Transport parameters as long as a server's, in bytes; nobody reads them here.
const PARAMETERS_BYTES: usize = 80;
/// How long a token is good, in seconds.
const TOKEN_S: u64 = 600;

/// What handshake and token take with nothing around them, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bare {
    /// The server's side of a full handshake.
    pub(super) handshake_us: f64,
    /// A token, looked at as the dispatcher does.
    pub(super) token_us: f64,
    /// One Ed25519 signature.
    pub(super) signature_us: f64,
}

/// Measures each `turns` times; medians.
pub(super) fn measure(turns: usize, identity: Identity) -> Result<Bare, BenchError> {
    let failed = |what: String| BenchError::Floor { what };
    let certificate = identity.chain[0].clone();
    let server = Arc::new(server_tls(identity.chain, identity.key).map_err(failed)?);
    let client = Arc::new(client_tls(&certificate).map_err(|error| failed(error.to_string()))?);
    let mut handshakes = Vec::with_capacity(turns);
    for _ in 0..turns {
        let took = handshake(&server, &client).map_err(|error| failed(error.to_string()))?;
        handshakes.push(us(took));
    }
    let token = token(turns, &identity.signing_key).map_err(failed)?;
    Ok(Bare {
        handshake_us: median(handshakes.into_iter()),
        token_us: token,
        signature_us: signature(turns).map_err(failed)?,
    })
}

/// TLS as the dispatcher has it.
pub(super) fn server_tls(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, String> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(crypto_provider()))
        .with_protocol_versions(&[&TLS13])
        .map(|builder| builder.with_no_client_auth())
        .and_then(|builder| builder.with_single_cert(chain, key))
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![protocol::ALPN.to_vec()];
    Ok(config)
}

fn client_tls(certificate: &CertificateDer<'static>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(crypto_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol::ALPN.to_vec()];
    // A resumed handshake signs nothing.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// One handshake; how long the server's side of it took.
fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<Duration, rustls::Error> {
    let name = ServerName::try_from("localhost")
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let parameters = vec![0; PARAMETERS_BYTES];
    let mut client =
        ClientConnection::new(Arc::clone(client), Version::V1, name, parameters.clone())?;
    let began = Instant::now();
    let mut server = ServerConnection::new(Arc::clone(server), Version::V1, parameters)?;
    let mut took = began.elapsed();
    for _ in 0..FLIGHTS_MAX {
        let said = flight(|part| client.write_hs(part));
        let began = Instant::now();
        for part in &said {
            server.read_hs(part)?;
        }
        let answer = flight(|part| server.write_hs(part));
        took += began.elapsed();
        for part in &answer {
            client.read_hs(part)?;
        }
    }
    if client.is_handshaking() || server.is_handshaking() {
        let unfinished = "a handshake in memory did not end".to_owned();
        return Err(rustls::Error::General(unfinished));
    }
    Ok(took)
}

/// What one side has to say, cut where its keys change: QUIC carries each part in packets of its
/// own kind.
fn flight(mut write: impl FnMut(&mut Vec<u8>) -> Option<KeyChange>) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    loop {
        let mut part = Vec::new();
        let change = write(&mut part);
        if change.is_none() && part.is_empty() {
            return parts;
        }
        parts.push(part);
    }
}

fn token(turns: usize, key: &SigningKey) -> Result<f64, String> {
    let keys = VerifyingKeys::new([key.verifying_key()]);
    let (now_us, role) = (now_us(), Role::Officer);
    let token = key.issue(role, "agency-00001", Some("agency"), now_us, TOKEN_S);
    let token = token.map_err(|error| error.to_string())?;
    median_us(turns, || keys.verify(&token, now_us).is_ok())
}

fn signature(turns: usize) -> Result<f64, String> {
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|error| error.to_string())
        .and_then(|pair| {
            Ed25519KeyPair::from_pkcs8(pair.as_ref()).map_err(|error| error.to_string())
        })?;
    let said = [7; 256];
    let signature = pair.sign(&said);
    let key = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
    median_us(turns, || key.verify(&said, signature.as_ref()).is_ok())
}

fn median_us(turns: usize, mut turn: impl FnMut() -> bool) -> Result<f64, String> {
    let mut taken = Vec::with_capacity(turns);
    for _ in 0..turns {
        let began = Instant::now();
        let is_good = turn();
        taken.push(us(began.elapsed()));
        if !is_good {
            return Err("a signature that was just made is not good".to_owned());
        }
    }
    Ok(median(taken.into_iter()))
}

fn us(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::config::Config;
    use crate::scratch::Scratch;

    #[test]
    fn handshake_and_token_take_some_time() {
        let scratch = Scratch::new();
        let config = Config {
            data_dir: scratch.path().to_owned(),
            ..Config::default()
        };
        let now = Timestamp::from_microsecond(now_us()).unwrap();
        let bare = measure(3, Identity::load_or_make(&config, now).unwrap()).unwrap();
        assert!(bare.handshake_us > 0.0 && bare.token_us > 0.0, "{bare:?}");
        assert!(bare.signature_us > 0.0, "{bare:?}");
    }
}
