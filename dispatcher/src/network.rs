//! What a dispatcher runs on.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU8;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use quinn::{AsyncUdpSocket, Runtime};

use crate::{StartError, transport};

/// Where a dispatcher listens, and on whose threads and time it runs.
#[derive(Debug)]
pub struct Network(pub(crate) Kind);

#[derive(Debug)]
pub(crate) enum Kind {
    /// A thread for each of these sockets, which share one port.
    System(Vec<UdpSocket>, Option<Claim>),
    /// The caller's.
    Given {
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
        seed: u64,
    },
}

/// A port that is shared between sockets of this process is claimed for it: to the system, a
/// second server of the same user would be one more socket to share with, and would take half of
/// the sessions' packets without a word.
#[derive(Debug)]
pub(crate) struct Claim(
    #[expect(
        dead_code,
        reason = "the system keeps the name taken until this is closed"
    )]
    UnixDatagram,
);

impl Network {
    /// Sockets of the system at `listen` (port 0: any), with a thread for each of as many shards.
    ///
    /// # Errors
    /// If the address is taken or not this machine's.
    pub fn bind(listen: SocketAddr, shards: NonZeroU8) -> Result<Network, StartError> {
        let failed = |source| StartError::Bind { listen, source };
        let alone = transport::bind(listen, transport::Port::Own).map_err(failed)?;
        if shards.get() == 1 {
            return Ok(Network(Kind::System(vec![alone], None)));
        }
        let address = alone.local_addr().map_err(failed)?;
        let claim = Claim::of(address).map_err(failed)?;
        drop(alone);
        let bind = |_| transport::bind(address, transport::Port::Shared).map_err(failed);
        let sockets = (0..shards.get()).map(bind).collect::<Result<_, _>>()?;
        Ok(Network(Kind::System(sockets, Some(claim))))
    }

    /// A socket and a runtime of the caller's. Everything the dispatcher does then happens in the
    /// tokio runtime that it is started in, on tokio's time, and what it draws by lot (connection
    /// ids, the order of a broadcast) follows from `seed`: the same seed draws the same again,
    /// which is for simulations and for nothing else.
    pub fn given(socket: Arc<dyn AsyncUdpSocket>, runtime: Arc<dyn Runtime>, seed: u64) -> Network {
        Network(Kind::Given {
            socket,
            runtime,
            seed,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system no longer knows the socket.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Kind::System(sockets, _) => sockets[0].local_addr(),
            Kind::Given { socket, .. } => socket.local_addr(),
        }
    }
}

impl Claim {
    /// Takes a name that only one process can have in a network namespace, which is as far as the
    /// port reaches; it is free again when the process ends, however that comes about.
    fn of(address: SocketAddr) -> io::Result<Claim> {
        let name = format!("muster udp {address}");
        let name = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        UnixDatagram::bind_addr(&name).map(Claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: NonZeroU8 = NonZeroU8::new(2).unwrap();

    #[test]
    fn nobody_joins_a_shared_port_silently() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let network = Network::bind(any, TWO).expect("a port is free");
        let taken = network.local_address().expect("it is bound");
        for shards in [NonZeroU8::MIN, TWO] {
            let second = Network::bind(taken, shards);
            assert!(matches!(second, Err(StartError::Bind { .. })), "{second:?}");
        }
        let claimed = Claim::of(taken);
        assert!(
            claimed.is_err(),
            "between looking and taking, the name is what keeps others out"
        );
        let joined = transport::bind(taken, transport::Port::Shared);
        assert!(joined.is_ok(), "to the system, it would be one more socket");
        drop((network, joined));
        assert!(Network::bind(taken, TWO).is_ok(), "nothing is left behind");
    }
}
