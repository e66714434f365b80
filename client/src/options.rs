//! How a session is to behave.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use protocol::token::DeviceKey;

use crate::limits::CONNECT_TIMEOUT;

/// Gives a token that is good now; asked at every connection and before a token expires.
pub type TokenSource = Arc<dyn Fn() -> String + Send + Sync>;

/// How a session is to behave.
#[derive(Clone)]
pub struct Options {
    /// Where tokens come from. It is called in the driver and must not block.
    pub token: TokenSource,
    /// The key of this device, to which its tokens are bound; none if they are bound to none.
    pub device: Option<Arc<DeviceKey>>,
    /// Name and version of the program, for the server's logs.
    pub software: Arc<str>,
    /// Spreads reconnections in time: give every session its own, from the run's root seed.
    pub seed: u64,
    /// Whether to connect again when a connection cannot be made or is lost. Without it the
    /// driver stops the first time.
    pub reconnect: bool,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
}

impl Options {
    /// A session that reconnects for as long as it can.
    pub fn new(token: impl Fn() -> String + Send + Sync + 'static) -> Options {
        Options {
            token: Arc::new(token),
            device: None,
            software: concat!("muster-client ", env!("CARGO_PKG_VERSION")).into(),
            seed: 0,
            reconnect: true,
            connect_timeout: CONNECT_TIMEOUT,
        }
    }

    /// A session for one errand: it stops when there is no connection.
    pub fn once(token: impl Fn() -> String + Send + Sync + 'static) -> Options {
        Options {
            reconnect: false,
            ..Options::new(token)
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("software", &self.software)
            .field("seed", &self.seed)
            .field("reconnect", &self.reconnect)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
