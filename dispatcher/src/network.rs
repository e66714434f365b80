//! What a dispatcher runs on.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::{AsyncUdpSocket, Runtime};

use crate::{StartError, transport};

/// A socket, and whose clock and tasks go with it.
#[derive(Debug)]
pub struct Network {
    pub(crate) socket: Arc<dyn AsyncUdpSocket>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) seed: Option<u64>,
}

impl Network {
    /// A UDP socket of the system at `listen` (port 0: any), and tokio. Must be called inside a
    /// tokio runtime.
    ///
    /// # Errors
    /// If the address is taken or not this machine's.
    pub fn bind(listen: SocketAddr) -> Result<Network, StartError> {
        let runtime: Arc<dyn Runtime> = Arc::new(quinn::TokioRuntime);
        let socket = transport::bind(listen)?;
        let socket = runtime.wrap_udp_socket(socket);
        let socket = socket.map_err(|source| StartError::Bind { listen, source })?;
        let seed = None;
        Ok(Network {
            socket,
            runtime,
            seed,
        })
    }

    /// A socket and a runtime of the caller's. Everything the dispatcher does then happens in the
    /// tokio runtime that it is started in, on tokio's time, and what it draws by lot (connection
    /// ids, the order of a broadcast) follows from `seed`: the same seed draws the same again,
    /// which is for simulations and for nothing else.
    pub fn given(socket: Arc<dyn AsyncUdpSocket>, runtime: Arc<dyn Runtime>, seed: u64) -> Network {
        let seed = Some(seed);
        Network {
            socket,
            runtime,
            seed,
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system no longer knows the socket.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}
