//! Who gets in.

use std::ops::RangeInclusive;
use std::sync::Arc;

use protocol::frame::Codec;
use quinn::crypto::rustls::HandshakeData;
use quinn::{Connection, ConnectionError, Endpoint, Incoming, RecvStream, SendStream, VarInt};
use web_transport_quinn::Session;

use crate::Handshake;
use crate::arrivals::Admission;
use crate::door::Place;
use crate::limits::HANDSHAKE_DEADLINE;
use crate::opaque;
use crate::session::{self, Peer, Shell};
use crate::web::{self, Origins};

type Streams = (SendStream, RecvStream);

/// The alerts of TLS about certificates, 42 to 49 (RFC 8446, section 6), as QUIC numbers them (RFC
/// 9001, section 4.8).
const CERTIFICATE_ERRORS: RangeInclusive<u64> = 0x12a..=0x131;

/// Takes connections until the endpoint is closed.
pub(crate) async fn accept(endpoint: Endpoint, shell: Shell) {
    let shell = Arc::new(shell);
    let stats = Arc::clone(&shell.desk.stats);
    while let Some(incoming) = endpoint.accept().await {
        let is_proven = incoming.remote_address_validated();
        let from = incoming.remote_address().ip();
        let admission = shell.door.admit(from, is_proven, shell.desk.now_us());
        if admission == Admission::Prove && incoming.may_retry() {
            stats.shook_hands(Handshake::Retried);
            // An address that cannot receive never comes back, and nothing is held for it.
            if incoming.retry().is_err() {
                tracing::debug!("an address could not be asked to prove itself");
            }
            continue;
        }
        let place = match admission {
            Admission::Refused => None,
            Admission::Welcome | Admission::Prove => shell.door.enter(),
        };
        let Some(place) = place else {
            stats.shook_hands(Handshake::Refused);
            incoming.refuse();
            continue;
        };
        tokio::spawn(enter(incoming, place, Arc::clone(&shell)));
    }
}

/// Waits for the handshake and for the client's stream. The conversation on it is a task of its
/// own: what getting in needs is not kept while that lasts.
async fn enter(incoming: Incoming, place: Place, shell: Arc<Shell>) {
    let connection = handshake(incoming, &place).await;
    let how = connection
        .as_ref()
        .map_or(Handshake::Failed, |_| Handshake::Done);
    shell.desk.stats.shook_hands(how);
    let Some(connection) = connection else {
        return;
    };
    let opened = async {
        tokio::select! {
            biased;
            () = place.lost() => None,
            opened = open(&connection, &shell.origins) => opened,
        }
    };
    let opened = tokio::time::timeout(HANDSHAKE_DEADLINE, opened).await;
    let Ok(Some((streams, browser))) = opened else {
        // A client that opens none, or is gone by now, has nothing to be told. Said outright, since
        // a session of WebTransport holds its connection until the client ends it.
        return connection.close(VarInt::from_u32(0), b"");
    };
    let codec = match browser {
        Some(_) => Codec::Json,
        None => Codec::Native,
    };
    let peer = Peer {
        connection,
        browser: browser.map(Box::new),
        codec,
        streams,
        place,
    };
    tokio::spawn(session::run(peer, shell));
}

/// The stream of the conversation, and the session that a browser has around it.
async fn open(connection: &Connection, origins: &Origins) -> Option<(Streams, Option<Session>)> {
    if !is_browser(connection) {
        return Some((connection.accept_bi().await.ok()?, None));
    }
    // In a box: it is large, and most peers are no browsers.
    match Box::pin(web::open(connection, origins)).await {
        Ok((session, streams)) => Some((streams, Some(session))),
        Err(refused) => {
            tracing::info!(%refused, "a browser gets no session");
            None
        }
    }
}

/// Whether the peer asked for HTTP/3 in its handshake: native peers and browsers are told apart by
/// nothing else.
fn is_browser(connection: &Connection) -> bool {
    let shaken = connection.handshake_data();
    let shaken = shaken.and_then(|any| any.downcast::<HandshakeData>().ok());
    shaken.is_some_and(|shaken| shaken.protocol.as_deref() == Some(web::ALPN))
}

async fn handshake(incoming: Incoming, place: &Place) -> Option<Connection> {
    let shaken = tokio::select! {
        biased;
        () = place.lost() => None,
        shaken = tokio::time::timeout(HANDSHAKE_DEADLINE, incoming) => shaken.ok(),
    };
    match shaken {
        Some(Ok(connection)) => Some(connection),
        Some(Err(error)) => {
            if is_about_certificate(&error) {
                opaque::certificate_refused();
            }
            tracing::debug!(%error, "a handshake failed");
            None
        }
        None => {
            tracing::debug!("a handshake took too long");
            None
        }
    }
}

/// Whether we ended the handshake because of the client's certificate.
fn is_about_certificate(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::TransportError(error) => CERTIFICATE_ERRORS.contains(&error.code.into()),
        _ => false,
    }
}
