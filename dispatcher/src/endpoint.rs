//! Who gets in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::frame::Codec;
use quinn::{Connection, Endpoint, Incoming};

use crate::Handshake;
use crate::limits::{HANDSHAKE_DEADLINE, HANDSHAKES_MAX, HANDSHAKES_UNPROVEN_MAX};
use crate::session::{self, Peer, Seat, Shell};

/// Takes connections until the endpoint is closed.
pub(crate) async fn accept(endpoint: Endpoint, shell: Shell) {
    let under_way = Arc::new(AtomicUsize::new(0));
    while let Some(incoming) = endpoint.accept().await {
        let handshakes = under_way.load(Ordering::Relaxed);
        if handshakes >= HANDSHAKES_MAX {
            shell.desk.stats.shook_hands(Handshake::Refused);
            incoming.refuse();
            continue;
        }
        if handshakes >= HANDSHAKES_UNPROVEN_MAX && incoming.may_retry() {
            // An address that cannot receive never comes back, and nothing is held for it.
            shell.desk.stats.shook_hands(Handshake::Retried);
            if incoming.retry().is_err() {
                tracing::debug!("an address could not be asked to prove itself");
            }
            continue;
        }
        let (shell, under_way) = (shell.clone(), Arc::clone(&under_way));
        under_way.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let connection = handshake(incoming).await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            let how = match connection {
                Some(_) => Handshake::Done,
                None => Handshake::Failed,
            };
            shell.desk.stats.shook_hands(how);
            if let Some(connection) = connection {
                converse(connection, shell).await;
            }
        });
    }
}

/// Waits for the client's stream, and holds the conversation on it.
async fn converse(connection: Connection, shell: Shell) {
    let seat = Seat::take(&shell);
    let opened = tokio::time::timeout(HANDSHAKE_DEADLINE, connection.accept_bi()).await;
    // A client that opens none, or is gone by now, has nothing to be told.
    let Ok(Ok(streams)) = opened else { return };
    let peer = Peer {
        connection,
        codec: Codec::Native,
        streams,
        seat,
    };
    session::run(peer, shell).await;
}

async fn handshake(incoming: Incoming) -> Option<Connection> {
    match tokio::time::timeout(HANDSHAKE_DEADLINE, incoming).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a handshake took too long");
            None
        }
    }
}
