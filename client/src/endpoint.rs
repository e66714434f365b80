//! One UDP socket for any number of sessions.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::udp::UdpSocketState;
use quinn::{AsyncUdpSocket, EndpointConfig, Runtime};
use tokio::sync::Semaphore;

use crate::limits::{HANDSHAKES_MAX, SOCKET_BUFFER_BYTES};
use crate::transport::transport_config;
use crate::wire::Target;
use crate::{BindError, Client, Driver, Event, Options, Shown, Trust};

/// One UDP socket for any number of sessions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endpoint {
    inner: quinn::Endpoint,
    config: quinn::ClientConfig,
    turns: Arc<Semaphore>,
}

impl Endpoint {
    /// Binds to a local address (port 0: any), inside a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(local: SocketAddr, trust: &Trust) -> Result<Endpoint, BindError> {
        Endpoint::bind_shown(local, trust, None)
    }

    /// As [`bind`](Self::bind), for whoever shows a certificate of their own. Where it names them,
    /// sessions may have an empty token.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind_certified(
        local: SocketAddr,
        trust: &Trust,
        shown: &Shown,
    ) -> Result<Endpoint, BindError> {
        Endpoint::bind_shown(local, trust, Some(shown))
    }

    fn bind_shown(
        local: SocketAddr,
        trust: &Trust,
        shown: Option<&Shown>,
    ) -> Result<Endpoint, BindError> {
        let runtime = quinn::default_runtime().ok_or(BindError::NoRuntime)?;
        let refused = |cause| BindError::Address { local, cause };
        let socket = UdpSocket::bind(local).map_err(refused)?;
        enlarge_buffers(&socket).map_err(refused)?;
        let socket = runtime.wrap_udp_socket(socket).map_err(refused)?;
        let config = trust.client_config(shown)?;
        Endpoint::new(EndpointConfig::default(), (local, socket), runtime, config)
    }

    /// On a socket and a runtime of the caller's. What QUIC draws by lot, but for its keys, follows
    /// from `seed`: the same seed draws the same again, which is for simulations and for nothing
    /// else.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn given(
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
        seed: [u8; 32],
        trust: &Trust,
    ) -> Result<Endpoint, BindError> {
        let mut config = EndpointConfig::default();
        config.rng_seed(Some(seed));
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let local = socket.local_addr().unwrap_or(unknown);
        Endpoint::new(config, (local, socket), runtime, trust.client_config(None)?)
    }

    fn new(
        endpoint_config: EndpointConfig,
        (local, socket): (SocketAddr, Arc<dyn AsyncUdpSocket>),
        runtime: Arc<dyn Runtime>,
        tls: rustls::ClientConfig,
    ) -> Result<Endpoint, BindError> {
        let tls = QuicClientConfig::try_from(tls).map_err(|cause| BindError::Trust {
            detail: cause.to_string(),
        })?;
        let mut config = quinn::ClientConfig::new(Arc::new(tls));
        config.transport_config(Arc::new(transport_config()));
        let inner =
            quinn::Endpoint::new_with_abstract_socket(endpoint_config, None, socket, runtime)
                .map_err(|cause| BindError::Address { local, cause })?;
        Ok(Endpoint {
            inner,
            config,
            turns: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
        })
    }

    /// A session with the server at `address`, whose certificate is for `server_name`.
    ///
    /// Nothing happens until the driver runs. Everything it learns goes to `sink`, called in the
    /// driver itself: it must be quick. [`crate::events`] makes one that feeds a channel.
    pub fn connect<S>(
        &self,
        address: SocketAddr,
        server_name: &str,
        options: Options,
        sink: S,
    ) -> (Client, Driver<S>)
    where
        S: FnMut(Event) + Send + 'static,
    {
        let target = Target {
            endpoint: self.inner.clone(),
            config: self.config.clone(),
            address,
            server_name: server_name.into(),
            turns: Arc::clone(&self.turns),
        };
        let (client, line) = Client::new();
        (client, Driver::new(target, options, line, sink))
    }

    /// The local address.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Waits until every connection has ended, so that the server has heard the last farewell
    /// before the program exits. Close the sessions first.
    pub async fn wait_idle(&self) {
        self.inner.wait_idle().await;
    }
}

/// Asks for buffers that hold a broadcast to every session; the system may grant less, which is
/// no error.
fn enlarge_buffers(socket: &UdpSocket) -> std::io::Result<()> {
    let state = UdpSocketState::new(socket.into())?;
    for granted in [
        state.set_recv_buffer_size(socket.into(), SOCKET_BUFFER_BYTES),
        state.set_send_buffer_size(socket.into(), SOCKET_BUFFER_BYTES),
    ] {
        if let Err(cause) = granted {
            let wished_bytes = SOCKET_BUFFER_BYTES;
            tracing::debug!(%cause, wished_bytes, "socket buffer not granted");
        }
    }
    Ok(())
}
